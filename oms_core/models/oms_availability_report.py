"""What a clerk can question: the same numbers as a snapshot has, as tables of the database."""

from odoo import api, fields, models
from odoo.tools import SQL

from ..const import COVER_OVER_DAYS, FED_NODE_TYPES
from ..domain.cover import COVER_MAX_DAYS
from .oms_availability import WANTING_STATES


def _today_sql(env):
    """SQL: what day it is for the company of a row of ``base``."""
    # sudo: what day it is depends on nobody's rights
    days = {company.id: company._oms_get_today() for company in env["res.company"].sudo().search([])}
    cases = [SQL("WHEN %s THEN %s::date", company_id, day) for company_id, day in days.items()]
    return SQL("CASE base.company_id %s END", SQL(" ").join(cases))


def _kept(today, kind, place, where, amount):
    """SQL: what the most specific rule keeps back of an amount; all of it, and a bit, where nothing is to be offered.

    The order of the rules is that of :class:`..domain.rulebook.Rulebook`.
    """
    return SQL(
        """
        (SELECT CASE WHEN rule.exclude THEN GREATEST(%(amount)s, 0) + 1
                     ELSE GREATEST(rule.quantity,
                          CASE WHEN %(amount)s <= 0 OR rule.percent = 0 THEN 0
                               WHEN %(amount)s = FLOOR(%(amount)s) THEN CEIL(%(amount)s * rule.percent / 100)
                               ELSE %(amount)s * rule.percent / 100 END) END
           FROM oms_stock_buffer rule
           LEFT JOIN product_category category ON category.id = rule.categ_id
          WHERE rule.kind = %(kind)s AND rule.active AND rule.company_id = base.company_id
            AND (rule.date_from IS NULL OR rule.date_from <= %(today)s)
            AND (rule.date_to IS NULL OR rule.date_to >= %(today)s)
            AND (rule.product_id IS NULL OR rule.product_id = base.product_id)
            AND (rule.categ_id IS NULL OR base.category_path LIKE category.parent_path || '%%')
            AND (%(place)s IS NULL OR %(place)s = %(where)s)
          ORDER BY rule.product_id IS NULL, LENGTH(category.parent_path) DESC NULLS LAST, %(place)s IS NULL, rule.id DESC
          LIMIT 1)
        """,
        today=today,
        kind=kind,
        place=place,
        where=where,
        amount=amount,
    )


class OmsAvailabilityPlace(models.Model):
    """What there is of a product at a place, who has a right to it, and what is left.

    A table of the database, so that it can be filtered, grouped and summed; it agrees with a snapshot to the last unit,
    which a test checks. Kits have no stock of their own and are not in it.
    """

    _name = "oms.availability.place"
    _description = "Availability by Place"
    _auto = False
    _order = "product_id, warehouse_id"
    _rec_name = "product_id"

    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one("product.category", string="Category", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="Place", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    on_hand = fields.Float(digits="Product Unit", readonly=True)
    reserved = fields.Float(digits="Product Unit", readonly=True, help="Set aside on shelves for deliveries.")
    promised = fields.Float(digits="Product Unit", readonly=True, help="Wanted by deliveries, and not reserved yet.")
    soft = fields.Float(
        string="Set Aside", digits="Product Unit", readonly=True, help="For orders that are not confirmed yet."
    )
    owed = fields.Float(digits="Product Unit", readonly=True, help="What is promised and not covered by what is there.")
    incoming = fields.Float(digits="Product Unit", readonly=True, help="Expected, without what is overdue.")
    incoming_date = fields.Datetime(string="Next Receipt", readonly=True, aggregator="min")
    shipped = fields.Float(
        digits="Product Unit", readonly=True, help=f"Left for customers in the last {COVER_OVER_DAYS} days."
    )
    safety = fields.Float(string="Safety Stock", digits="Product Unit", readonly=True)
    available = fields.Float(digits="Product Unit", readonly=True, help="What may be offered from here.")
    cover_days = fields.Float(
        string="Days of Cover",
        digits=(10, 0),
        readonly=True,
        aggregator="max",
        help=f"How long what is free lasts when it goes on leaving as in the last {COVER_OVER_DAYS} days.",
    )
    explanation = fields.Text(compute="_compute_explanation", compute_sudo=False)

    def _compute_explanation(self):
        availability = self.env["oms.availability"]
        places = {channel: channel._get_warehouses() for channel in self.env["oms.channel"].search([])}
        for row in self:
            row.explanation = "\n\n".join(
                "\n".join(availability._explain(row.product_id, row.warehouse_id, channel))
                for channel, warehouses in places.items()
                if row.warehouse_id in warehouses
            )

    @property
    def _table_query(self):
        free = SQL("(base.on_hand - base.reserved - base.promised - base.soft)")
        safety = _kept(
            _today_sql(self.env), "safety", SQL("rule.warehouse_id"), SQL("base.warehouse_id"), SQL("base.on_hand")
        )
        return SQL(
            """
            SELECT base.*, GREATEST(-%(free)s, 0) AS owed,
                   COALESCE(LEAST(%(safety)s, GREATEST(base.on_hand, 0)), 0) AS safety,
                   GREATEST(%(free)s - COALESCE(%(safety)s, 0), 0) AS available,
                   CASE WHEN %(free)s <= 0 THEN 0 WHEN base.shipped <= 0 THEN %(cover_max)s
                        ELSE LEAST(%(cover_max)s, %(free)s * %(over_days)s / base.shipped) END AS cover_days
              FROM (%(base)s) AS base
            """,
            free=free,
            safety=safety,
            base=self._base_query(),
            cover_max=int(COVER_MAX_DAYS),
            over_days=COVER_OVER_DAYS,
        )

    @api.model
    def _base_query(self):
        for model, names in (
            ("stock.quant", ("product_id", "location_id", "quantity", "reserved_quantity")),
            (
                "stock.move",
                ("product_id", "location_id", "location_dest_id", "location_final_id", "product_qty", "state", "date"),
            ),
            ("stock.move.line", ("move_id", "product_id", "location_id", "quantity_product_uom")),
            ("oms.reservation", ("product_id", "warehouse_id", "quantity", "state")),
            ("oms.stock.feed", None),
            ("oms.stock.buffer", None),
        ):
            self.env[model].flush_model(names)
        moves = self.env["stock.move"]
        arrives = SQL("move.date")
        if "purchase_line_id" in moves._fields:
            moves.flush_model(["purchase_line_id", "date_deadline"])
            arrives = SQL(
                "CASE WHEN move.purchase_line_id IS NULL THEN move.date ELSE COALESCE(move.date_deadline, move.date) END"
            )
        return SQL(
            """
            WITH place AS (
                SELECT location.id, warehouse.id AS node
                  FROM stock_warehouse warehouse
                  JOIN stock_location root ON root.id = warehouse.lot_stock_id
                  JOIN stock_location location ON location.parent_path LIKE root.parent_path || '%%'
                 WHERE warehouse.active
            ), waiting AS (
                SELECT move.id, move.product_id, place.node, move.product_qty
                  FROM stock_move move JOIN place ON place.id = move.location_id
                 WHERE move.state = ANY(%(waiting)s)
            ), fact (product_id, node, on_hand, reserved, promised, soft, incoming, incoming_date, shipped) AS (
                SELECT quant.product_id, place.node, quant.quantity, quant.reserved_quantity, 0, 0, 0, NULL::timestamp, 0
                  FROM stock_quant quant JOIN place ON place.id = quant.location_id
                 UNION ALL
                SELECT product_id, node, 0, 0, product_qty, 0, 0, NULL, 0 FROM waiting
                 UNION ALL
                SELECT line.product_id, place.node, 0, 0, -line.quantity_product_uom, 0, 0, NULL, 0
                  FROM waiting JOIN stock_move_line line ON line.move_id = waiting.id
                  JOIN place ON place.id = line.location_id
                 UNION ALL
                SELECT product_id, warehouse_id, 0, 0, 0, quantity, 0, NULL, 0 FROM oms_reservation WHERE state = 'pending'
                 UNION ALL
                SELECT product_id, warehouse_id, 0, 0, 0, 0, 0, NULL, 0 FROM oms_stock_feed
                 UNION ALL
                SELECT move.product_id, place.node, 0, 0, 0, 0, move.product_qty, %(arrives)s, 0
                  FROM stock_move move JOIN place ON place.id = COALESCE(move.location_final_id, move.location_dest_id)
                 WHERE move.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
                   AND %(arrives)s >= (NOW() AT TIME ZONE 'UTC')::date
                   AND NOT EXISTS (
                       SELECT 1 FROM place inside WHERE inside.id = move.location_id AND inside.node = place.node)
                   AND NOT EXISTS (
                       SELECT 1 FROM stock_move_move_rel link JOIN stock_move before ON before.id = link.move_orig_id
                        WHERE link.move_dest_id = move.id AND before.state NOT IN ('done', 'cancel'))
                   AND NOT EXISTS (
                       SELECT 1 FROM stock_move_move_rel link JOIN stock_move after ON after.id = link.move_dest_id
                        WHERE link.move_orig_id = move.id AND after.state = 'waiting')
                 UNION ALL
                SELECT move.product_id, place.node, 0, 0, 0, 0, 0, NULL, move.product_qty
                  FROM stock_move move JOIN place ON place.id = move.location_id
                  JOIN stock_location goal ON goal.id = COALESCE(move.location_final_id, move.location_dest_id)
                 WHERE move.state = 'done' AND goal.usage = 'customer'
                   AND move.date >= NOW() AT TIME ZONE 'UTC' - %(over_days)s * INTERVAL '1 day'
            ), summed AS (
                SELECT product_id, node, COALESCE(SUM(on_hand), 0) AS on_hand, COALESCE(SUM(reserved), 0) AS reserved,
                       COALESCE(SUM(promised), 0) AS promised,
                       COALESCE(SUM(soft), 0) AS soft,
                       COALESCE(SUM(incoming), 0) AS incoming, MIN(incoming_date) AS incoming_date,
                       COALESCE(SUM(shipped), 0) AS shipped
                  FROM fact GROUP BY product_id, node
            ), told AS (
                SELECT feed.product_id, feed.warehouse_id, feed.quantity, warehouse.oms_stale_hours AS stale,
                       warehouse.oms_worthless_hours AS worthless, feed.told_at,
                       GREATEST(TRUNC(EXTRACT(EPOCH FROM NOW() AT TIME ZONE 'UTC' - feed.told_at)), 0) / 3600 AS age
                  FROM oms_stock_feed feed JOIN stock_warehouse warehouse ON warehouse.id = feed.warehouse_id
                 WHERE warehouse.oms_node_type = ANY(%(fed)s)
            ), weighed AS (
                SELECT *, CASE WHEN age <= stale THEN quantity WHEN age >= worthless THEN 0
                               ELSE quantity * (worthless - age)::numeric / (worthless - stale)::numeric END AS part
                  FROM told
            )
            SELECT (summed.product_id::bigint << 20) + summed.node AS id, summed.product_id, summed.node AS warehouse_id,
                   template.categ_id, category.parent_path AS category_path, warehouse.company_id,
                   CASE WHEN weighed.product_id IS NULL THEN summed.on_hand
                        WHEN weighed.quantity = FLOOR(weighed.quantity) THEN FLOOR(weighed.part)
                        ELSE weighed.part END AS on_hand,
                   CASE WHEN weighed.product_id IS NULL THEN summed.reserved ELSE 0 END AS reserved,
                   CASE WHEN weighed.product_id IS NULL THEN summed.promised ELSE (
                       SELECT COALESCE(SUM(move.product_qty), 0)
                         FROM stock_move move JOIN place ON place.id = move.location_id
                        WHERE move.product_id = weighed.product_id AND place.node = weighed.warehouse_id
                          AND move.create_date > weighed.told_at AND move.state NOT IN ('draft', 'cancel')
                          AND NOT EXISTS (SELECT 1 FROM place inside
                                           WHERE inside.id = move.location_dest_id AND inside.node = place.node)
                   ) END AS promised,
                   summed.soft, summed.incoming, summed.incoming_date, summed.shipped
              FROM summed
              JOIN stock_warehouse warehouse ON warehouse.id = summed.node
              JOIN product_product product ON product.id = summed.product_id
              JOIN product_template template ON template.id = product.product_tmpl_id AND template.is_storable
              LEFT JOIN product_category category ON category.id = template.categ_id
              LEFT JOIN weighed ON weighed.product_id = summed.product_id AND weighed.warehouse_id = summed.node
            """,
            waiting=list(WANTING_STATES),
            fed=list(FED_NODE_TYPES),
            arrives=arrives,
            over_days=COVER_OVER_DAYS,
        )


class OmsAvailabilityChannel(models.Model):
    """What a channel may sell of a product: the sum over its places, less its threshold."""

    _name = "oms.availability.channel"
    _description = "Availability by Channel"
    _auto = False
    _order = "product_id, channel_id"
    _rec_name = "product_id"

    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one("product.category", string="Category", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    places = fields.Float(string="At Its Places", digits="Product Unit", readonly=True)
    incoming = fields.Float(digits="Product Unit", readonly=True)
    incoming_date = fields.Datetime(string="Next Receipt", readonly=True, aggregator="min")
    threshold = fields.Float(digits="Product Unit", readonly=True)
    available = fields.Float(string="May Sell", digits="Product Unit", readonly=True)

    @property
    def _table_query(self):
        self.env["oms.channel"].flush_model()
        kept = _kept(
            _today_sql(self.env), "threshold", SQL("rule.channel_id"), SQL("base.channel_id"), SQL("base.places")
        )
        return SQL(
            """
            SELECT base.*, LEAST(COALESCE(%(kept)s, 0), base.places) AS threshold,
                   GREATEST(base.places - COALESCE(%(kept)s, 0), 0) AS available
              FROM (
                SELECT (place.product_id::bigint << 20) + channel.id AS id, place.product_id, place.categ_id,
                       place.category_path, channel.id AS channel_id, channel.company_id, SUM(place.available) AS places,
                       SUM(place.incoming) AS incoming, MIN(place.incoming_date) AS incoming_date
                  FROM oms_channel channel
                  JOIN (%(places)s) AS place ON place.company_id = channel.company_id AND (
                       NOT EXISTS (SELECT 1 FROM oms_channel_stock_warehouse_rel link
                                     JOIN stock_warehouse warehouse ON warehouse.id = link.stock_warehouse_id
                                    WHERE link.oms_channel_id = channel.id AND warehouse.active)
                       OR EXISTS (SELECT 1 FROM oms_channel_stock_warehouse_rel link
                                   WHERE link.oms_channel_id = channel.id AND link.stock_warehouse_id = place.warehouse_id))
                 WHERE channel.active
                 GROUP BY channel.id, place.product_id, place.categ_id, place.category_path
              ) AS base
            """,
            kept=kept,
            places=self.env["oms.availability.place"]._table_query,
        )


class ProductProduct(models.Model):
    _inherit = "product.product"

    def action_oms_view_availability(self):
        """What there is of these products at each place."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_availability_place_action")
        return {**action, "domain": [("product_id", "in", self.ids)], "context": {}}


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def action_oms_view_availability(self):
        """What there is of the variants of these products at each place."""
        return self.product_variant_ids.action_oms_view_availability()
