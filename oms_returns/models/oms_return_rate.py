"""How much comes back of what each product, supplier, person, channel, place and carrier sold: learned each night."""

import json
from collections import defaultdict
from datetime import date, datetime, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..domain.return_rates import HISTORY_WEEKS, HORIZON_WEEKS, Cell, points

#: What is looked at.
WATCHES = [
    ("product", "Product"),
    ("product_content", "Product: not as shown or described"),
    ("product_quality", "Product: quality"),
    ("supplier", "Supplier: quality"),
    ("salesperson", "Salesperson"),
    ("channel", "Channel"),
    ("site", "Place: wrong, damaged or late"),
    ("carrier", "Carrier: damaged or late"),
]

#: {watch: (field of the group, who gets the task, which returns count)}. Reasons of warehouse and purchasing are no fault of
#: who sold it; what comes back without a reason counts for all that does not ask for one.
WATCHED = {
    "product": ("product_tmpl_id", "content", SQL("TRUE")),
    "product_content": ("product_tmpl_id", "content", SQL("team = 'content'")),
    "product_quality": ("product_tmpl_id", "purchase", SQL("team = 'purchase'")),
    "supplier": ("supplier_id", "purchase", SQL("team = 'purchase'")),
    "salesperson": ("user_id", "sales", SQL("COALESCE(team, '') NOT IN ('warehouse', 'purchase')")),
    "channel": ("channel_id", "sales", SQL("COALESCE(team, '') NOT IN ('warehouse', 'purchase')")),
    "site": ("warehouse_id", "warehouse", SQL("kind IN ('wrong_item', 'transport', 'late')")),
    "carrier": ("carrier_id", "warehouse", SQL("kind IN ('transport', 'late')")),
}

#: Weeks are counted from this Monday.
FIRST_MONDAY = date(1970, 1, 5)


def week_of(day):
    """The number of the week of a day or a time (UTC)."""
    if isinstance(day, datetime):
        day = day.date()
    return (day - FIRST_MONDAY).days // 7


def monday_of(week):
    return FIRST_MONDAY + timedelta(weeks=week)


class OmsReturnRate(models.Model):
    """What came back of what was shipped in the last weeks, and whether that is usual for such goods."""

    _name = "oms.return.rate"
    _description = "Return Rate"
    _order = "is_high desc, back desc, id"
    _rec_name = "subject"

    key = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    watch = fields.Selection(WATCHES, string="What", required=True, readonly=True, index=True)
    product_tmpl_id = fields.Many2one(
        "product.template", string="Product", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    supplier_id = fields.Many2one("res.partner", readonly=True, index="btree_not_null", ondelete="cascade")
    user_id = fields.Many2one(
        "res.users", string="Salesperson", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    channel_id = fields.Many2one("oms.channel", readonly=True, ondelete="cascade")
    warehouse_id = fields.Many2one("stock.warehouse", string="Place", readonly=True, ondelete="cascade")
    carrier_id = fields.Many2one("delivery.carrier", readonly=True, ondelete="cascade")
    subject = fields.Char(string="Of", compute="_compute_subject", compute_sudo=True)
    sold = fields.Integer(string="Lines Shipped", readonly=True, help="Order lines of the last 13 weeks.")
    back = fields.Integer(string="Came Back", readonly=True, help="Order lines of which something came back by now.")
    rate = fields.Float(string="Return Rate (%)", readonly=True, aggregator=None)
    usual = fields.Float(
        string="Usual (%)",
        readonly=True,
        aggregator=None,
        help="So much of such goods comes back by now when nothing is out of order, sold by anybody else.",
    )
    limit = fields.Float(
        string="Limit (%)",
        readonly=True,
        aggregator=None,
        help="More than this is chance once in some seven hundred times.",
    )
    is_high = fields.Boolean(string="Above the Limit", readonly=True)
    counts = fields.Json(readonly=True)
    usual_share = fields.Float(readonly=True, digits=0, help="What usually comes back in the end, as a share.")
    spread = fields.Float(readonly=True, digits=0)
    learned_on = fields.Date(readonly=True)
    chart = fields.Text(compute="_compute_chart")

    _key_uniq = models.Constraint("UNIQUE(company_id, key)", "There is one return rate of each.")

    @api.depends(*[name for name, _team, _returns in WATCHED.values()])
    def _compute_subject(self):
        for record in self:
            record.subject = record[WATCHED[record.watch][0]].display_name

    @api.depends("counts", "usual_share", "spread")
    def _compute_chart(self):
        """The points of the control chart, for the widget ``oms_control_chart``."""
        for record in self:
            drawn = points(record.counts or [], record.usual_share, record.spread)
            record.chart = json.dumps(
                {
                    "labels": [fields.Date.to_string(monday_of(point.week)) for point in drawn],
                    "rate": [round(100 * point.back / point.sold, 1) if point.sold else None for point in drawn],
                    "usual": [round(100 * point.usual, 1) for point in drawn],
                    "limit": [round(100 * point.limit, 1) for point in drawn],
                    "said": [f"{point.back} / {point.sold}" for point in drawn],
                }
            )

    # ------------------------------------------------------------------------------------------------------- READING

    @api.model
    def _get_cells(self, company, now):
        """What was shipped and came back of each group in each week: ``{watch: [Cell]}``, from one query."""
        self.env.flush_all()
        parts = SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT %(watch)s, l.%(group)s, COALESCE(l.categ_id, 0), l.week,
                       CASE WHEN b.week <= %(now)s THEN GREATEST(b.week - l.week, 0) END, COUNT(*)
                  FROM lines l
                  LEFT JOIN (SELECT line_id, MIN(week) AS week FROM back WHERE %(returns)s GROUP BY line_id) b
                         ON b.line_id = l.id
                 WHERE l.%(group)s IS NOT NULL
                 GROUP BY 1, 2, 3, 4, 5
                """,
                watch=watch,
                group=SQL.identifier(name),
                returns=returns,
                now=now,
            )
            for watch, (name, _team, returns) in WATCHED.items()
        )
        first = monday_of(now - HISTORY_WEEKS)
        rows = self.env.execute_query(
            SQL(
                """
                WITH lines AS MATERIALIZED (%(lines)s), back AS MATERIALIZED (%(back)s)
                %(parts)s
                """,
                lines=self._query_lines(company, first, monday_of(now)),
                back=self._query_back(),
                parts=parts,
            )
        )
        grouped = defaultdict(lambda: [0, {}])
        for watch, group, stratum, week, lag, count in rows:
            cell = grouped[watch, group, stratum, week]
            cell[0] += count
            if lag is not None and lag <= HORIZON_WEEKS:
                cell[1][lag] = count
        cells = {watch: [] for watch in WATCHED}
        for (watch, group, stratum, week), (sold, back) in sorted(grouped.items()):
            cells[watch].append(Cell(group, stratum, week, sold, back))
        return cells

    def _week_sql(self, moment):
        return SQL("FLOOR(EXTRACT(EPOCH FROM %s - %s) / 604800)::int", moment, FIRST_MONDAY)

    def _query_lines(self, company, first, until):
        """The order lines that were shipped, with what they are counted by. Who shipped first, shipped it."""
        return SQL(
            """
            SELECT l.id, %(week)s AS week, p.product_tmpl_id, t.categ_id, s.user_id, s.oms_channel_id AS channel_id,
                   out.warehouse_id, out.carrier_id, seller.partner_id AS supplier_id
              FROM (SELECT m.sale_line_id AS line_id,
                           MIN(m.date) AS shipped_at,
                           (ARRAY_AGG(pt.warehouse_id ORDER BY m.date, m.id))[1] AS warehouse_id,
                           (ARRAY_AGG(pick.carrier_id ORDER BY m.date, m.id))[1] AS carrier_id
                      FROM stock_move m
                      JOIN stock_location src ON src.id = m.location_id
                      JOIN stock_location dest ON dest.id = m.location_dest_id
                      LEFT JOIN stock_picking pick ON pick.id = m.picking_id
                      LEFT JOIN stock_picking_type pt ON pt.id = m.picking_type_id
                     WHERE m.state = 'done' AND m.company_id = %(company)s AND m.date >= %(first)s AND m.date < %(until)s
                       AND dest.usage = 'customer' AND src.usage != 'customer' AND m.sale_line_id IS NOT NULL
                     GROUP BY m.sale_line_id) out
              JOIN sale_order_line l ON l.id = out.line_id
              JOIN sale_order s ON s.id = l.order_id
              JOIN product_product p ON p.id = l.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
              LEFT JOIN LATERAL (SELECT info.partner_id
                                   FROM product_supplierinfo info
                                  WHERE info.product_tmpl_id = t.id
                                    AND (info.company_id IS NULL OR info.company_id = %(company)s)
                                  ORDER BY info.sequence, info.min_qty DESC, info.price, info.id
                                  LIMIT 1) seller ON TRUE
            """,
            week=self._week_sql(SQL("out.shipped_at")),
            company=company.id,
            first=first,
            until=until,
        )

    def _query_back(self):
        """When something of these lines was asked back, and why; goods that came back without a return have no reason."""
        return SQL(
            """
            SELECT rl.sale_line_id AS line_id, %(asked)s AS week, reason.kind, reason.team
              FROM oms_return_line rl
              JOIN lines ON lines.id = rl.sale_line_id
              JOIN oms_return r ON r.id = rl.return_id
              LEFT JOIN oms_return_reason reason ON reason.id = rl.reason_id
             WHERE r.state IN ('open', 'closed') AND rl.quantity > 0
            UNION ALL
            SELECT m.sale_line_id, %(came)s, NULL, NULL
              FROM stock_move m
              JOIN lines ON lines.id = m.sale_line_id
              JOIN stock_location src ON src.id = m.location_id
              JOIN stock_location dest ON dest.id = m.location_dest_id
             WHERE m.state = 'done' AND m.oms_return_line_id IS NULL AND src.usage = 'customer' AND dest.usage != 'customer'
            """,
            asked=self._week_sql(SQL("r.requested_at")),
            came=self._week_sql(SQL("m.date")),
        )

    # ------------------------------------------------------------------------------------------------------- WRITING

    @api.model
    def _learn(self, company, looks, found):
        """Keep what was found of each group: what is new is added, what has changed is changed, what sold nothing goes.

        :param looks: ``{watch: Look}``
        :param found: all findings; a group without any sold nothing in the last weeks.
        """
        known = {record.key: record for record in self.search([("company_id", "=", company.id)])}
        new = []
        for one in found:
            if one.kind != "level":
                continue
            key = f"{one.watch}/{one.group}"
            values = self._prepare_rate(looks[one.watch], one)
            record = known.pop(key, None)
            if record is None:
                new.append({"key": key, "company_id": company.id, "watch": one.watch, **values})
            elif changed := {name: value for name, value in values.items() if record._is_other(name, value)}:
                record.write(changed)
        self.browse([record.id for record in known.values()]).unlink()
        self.create(new)

    def _is_other(self, name, value):
        field = self._fields[name]
        mine = self[name].id if field.type == "many2one" else self[name]
        if field.type == "date":
            return False  # the day alone is no news
        return [list(row) for row in mine or []] != value if name == "counts" else mine != value

    def _prepare_rate(self, look, one):
        share = look.usual.share(one.group)
        (point,) = points([(look.now, one.sold, one.back, one.exposure)], share, one.spread)
        return {
            WATCHED[one.watch][0]: one.group,
            "sold": one.sold,
            "back": one.back,
            "rate": round(100 * one.back / one.sold, 2),
            "usual": round(100 * point.usual, 2),
            "limit": round(100 * point.limit, 2),
            "is_high": one.back > point.limit * one.sold + 0.5,
            "counts": [list(row) for row in look.counts(one.group)],
            "usual_share": round(share, 6),
            "spread": round(one.spread, 6),
            "learned_on": fields.Date.today(),
        }
