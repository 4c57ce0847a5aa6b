from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..const import FED_NODE_TYPES, FEED_ROWS_MAX
from ..domain.feeds import age_hours, counted, reason, weight
from .oms_stock_rule import _decimal


class OmsStockFeed(models.Model):
    """What a third party or a vendor told to have free of a product: one row each, replaced by the next message.

    Where there is a row, it stands in the place of what Odoo has on its own shelves for that warehouse. What is told is
    taken as free at that moment, so only deliveries that were asked for since then are taken off; the older the message,
    the less of it counts (:mod:`..domain.feeds`).
    """

    _name = "oms.stock.feed"
    _description = "Reported Stock"
    _order = "warehouse_id, product_id"
    _rec_name = "product_id"

    warehouse_id = fields.Many2one("stock.warehouse", string="Place", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="warehouse_id.company_id", store=True, index=True)
    product_id = fields.Many2one("product.product", required=True, index=True, ondelete="cascade")
    quantity = fields.Float(string="Reported", digits="Product Unit", required=True, readonly=True)
    told_at = fields.Datetime(string="Reported At", required=True, readonly=True)
    source = fields.Char(readonly=True, help="Who told it, and how.")
    age_hours = fields.Float(string="Age (hours)", compute="_compute_counted", digits=(10, 1))
    counted = fields.Float(
        string="Usable", compute="_compute_counted", digits="Product Unit", help="What still counts of it at its age."
    )
    freshness = fields.Selection(
        [("fresh", "Fresh"), ("stale", "Stale"), ("worthless", "Too old")], compute="_compute_counted"
    )

    _pair_uniq = models.Constraint("UNIQUE(warehouse_id, product_id)", "A place has told of this product already.")

    @api.depends("quantity", "told_at", "warehouse_id.oms_stale_hours", "warehouse_id.oms_worthless_hours")
    def _compute_counted(self):
        now = fields.Datetime.now()
        for feed in self:
            share = feed._get_weight(now)
            feed.age_hours = float(age_hours(feed.told_at or now, now))
            feed.counted = float(counted(_decimal(feed.quantity), share))
            feed.freshness = reason(share)

    def _get_weight(self, now):
        place = self.warehouse_id
        return weight(self.told_at or now, now, _decimal(place.oms_stale_hours), _decimal(place.oms_worthless_hours))


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_stale_hours = fields.Float(
        string="Reported Stock Is Stale After",
        default=24.0,
        required=True,
        help="Hours. Until then all that this place told counts; after that less each hour.",
    )
    oms_worthless_hours = fields.Float(
        string="Reported Stock Is Worthless After",
        default=72.0,
        required=True,
        help="Hours. Older messages count nothing.",
    )

    _oms_stale_check = models.Constraint(
        "CHECK(oms_stale_hours >= 0 AND oms_worthless_hours >= oms_stale_hours)",
        "Reported stock is stale before it is worthless, and not before it is reported.",
    )

    def _oms_tell_stock(self, quantities, told_at, source=""):
        """A third party or vendor says what it has. A message older than the one that is stored changes nothing.

        :param dict quantities: {``product.product``: what is free of it, in the product's own unit}; less than nothing is
            nothing.
        :param told_at: when it was so, in UTC without zone; a moment in the future counts as now.
        :param source: who says so.
        :return: how many rows have changed.
        """
        self.ensure_one()
        if self.oms_node_type not in FED_NODE_TYPES:
            raise UserError(
                self.env._(
                    "The stock of %s is kept in Odoo. Only third parties and vendors tell theirs: change the kind of the "
                    "place first.",
                    self.name,
                )
            )
        if len(quantities) > FEED_ROWS_MAX:
            raise UserError(
                self.env._(
                    "At most %(limit)s products can be told at once, not %(count)s.",
                    limit=FEED_ROWS_MAX,
                    count=len(quantities),
                )
            )
        if not quantities:
            return 0
        self.env["oms.stock.feed"].flush_model()
        now = fields.Datetime.now()
        rows = SQL(", ").join(
            SQL("(%s, %s)", product.id, max(_decimal(quantity), _decimal(0)))
            for product, quantity in quantities.items()
        )
        # One statement, so that two messages that come at once cannot both be the first of their product.
        changed = self.env.execute_query(
            SQL(
                """
                INSERT INTO oms_stock_feed AS feed (warehouse_id, company_id, product_id, quantity, told_at, source,
                                                    create_uid, create_date, write_uid, write_date)
                SELECT %(warehouse)s, %(company)s, told.product_id, told.quantity::numeric, %(told_at)s, %(source)s,
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM (VALUES %(rows)s) AS told (product_id, quantity)
                ON CONFLICT (warehouse_id, product_id) DO UPDATE
                   SET quantity = excluded.quantity, told_at = excluded.told_at, source = excluded.source,
                       write_uid = excluded.write_uid, write_date = excluded.write_date
                 WHERE feed.told_at < excluded.told_at
                RETURNING id
                """,
                warehouse=self.id,
                company=self.company_id.id,
                told_at=min(told_at, now),
                source=source or None,
                uid=self.env.uid,
                now=now,
                rows=rows,
            )
        )
        self.env["oms.stock.feed"].invalidate_model()
        return len(changed)
