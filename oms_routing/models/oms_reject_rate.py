from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.oms_core.alone import on_its_own

from ..const import LEARN_OVER_DAYS
from ..domain.learned import Tally, learn


class OmsRejectRate(models.Model):
    """How likely a place gives back what it is asked for, learned each night from what it has done so far.

    A row without a category is about whole orders, one with a category about lines of such products.
    """

    _name = "oms.reject.rate"
    _description = "Rejection Rate"
    _order = "warehouse_id, categ_id"
    _log_access = False
    _rec_name = "warehouse_id"

    warehouse_id = fields.Many2one(
        "stock.warehouse", string="Place", required=True, readonly=True, index=True, ondelete="cascade"
    )
    categ_id = fields.Many2one(
        "product.category", string="Category", readonly=True, ondelete="cascade", help="Empty: whole orders."
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    probability = fields.Float(
        string="Will Be Rejected",
        digits=(16, 4),
        readonly=True,
        aggregator="avg",
        help="Few cases are drawn towards what all places do, and old ones count less.",
    )
    not_there = fields.Float(
        string="Is Not There",
        digits=(16, 4),
        readonly=True,
        aggregator="avg",
        help="The probability that it is rejected for a reason which says that the stock was not right.",
    )
    asked = fields.Integer(readonly=True, help="Orders, or lines of a category, that this was learned from.")
    rejected = fields.Integer(readonly=True)
    learned_at = fields.Datetime(required=True, readonly=True)

    _place_uniq = models.UniqueIndex(
        "(warehouse_id, COALESCE(categ_id, 0))", "What this place does with such goods is known already."
    )

    @api.model
    def _cron_learn(self):
        """Learn anew what the places of each company do."""
        cron = self.env["ir.cron"]
        companies = self.env["stock.warehouse"].search([("active", "=", True)]).company_id
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            with on_its_own(company, lambda _error: None):  # what was learned before stays, and the log says why
                self._learn(company)
            if not cron._commit_progress(1):
                break

    @api.model
    def _learn(self, company):
        """Replace what is known of the places of a company."""
        of_orders = learn(self._get_tallies(company, by_order=True))
        of_lines = learn(self._get_tallies(company))
        missing = learn(self._get_tallies(company, effects=("variance", "zero")))
        rates = {(node, None): rate for (node, category), rate in of_orders.items() if category is None}
        rates |= {key: rate for key, rate in of_lines.items() if key[1]}  # a product may have none
        self.search([("company_id", "=", company.id)]).unlink()
        self.create(
            [
                {
                    "warehouse_id": node,
                    "categ_id": category,
                    "company_id": company.id,
                    "probability": rate.probability,
                    "not_there": missing[node, category].probability,
                    "asked": rate.asked,
                    "rejected": rate.rejected,
                    "learned_at": fields.Datetime.now(),
                }
                for (node, category), rate in rates.items()
            ]
        )

    @api.model
    def _get_tallies(self, company, by_order=False, effects=("none", "variance", "zero")):
        """What places were asked for and rejected, by day: lines by category, or whole orders.

        A line that a place brought was asked for, and so was one that it rejected; it is rejected if any part of it was.

        :param effects: of the reasons for rejections that count; others are taken for brought.
        """
        for model in ("stock.move", "oms.rejection", "sale.order.line"):
            self.env[model].flush_model()
        what = SQL("line.order_id") if by_order else SQL("line.id")
        category = SQL("0") if by_order else SQL("COALESCE(template.categ_id, 0)")
        rows = self.env.execute_query(
            SQL(
                """
                WITH answer AS (
                    SELECT type.warehouse_id AS node, move.sale_line_id AS line_id, move.date AS at, FALSE AS is_rejected
                      FROM stock_move move
                      JOIN stock_picking_type type ON type.id = move.picking_type_id AND type.warehouse_id IS NOT NULL
                      JOIN stock_location goal ON goal.id = COALESCE(move.location_final_id, move.location_dest_id)
                                              AND goal.usage = 'customer'
                     WHERE move.state = 'done' AND move.company_id = %(company)s AND move.date >= %(since)s
                       AND move.sale_line_id IS NOT NULL
                     UNION ALL
                    SELECT rejection.warehouse_id, rejection.line_id, rejection.create_date, reason.effect = ANY(%(effects)s)
                      FROM oms_rejection rejection JOIN oms_reject_reason reason ON reason.id = rejection.reason_id
                     WHERE rejection.company_id = %(company)s AND rejection.create_date >= %(since)s
                       AND rejection.line_id IS NOT NULL
                ), thing AS (
                    SELECT answer.node, %(what)s AS what, %(category)s AS category, MIN(answer.at)::date AS day,
                           BOOL_OR(answer.is_rejected) AS is_rejected
                      FROM answer
                      JOIN sale_order_line line ON line.id = answer.line_id
                      JOIN product_product product ON product.id = line.product_id
                      JOIN product_template template ON template.id = product.product_tmpl_id
                     GROUP BY 1, 2, 3
                )
                SELECT node, category, day, COUNT(*), COUNT(*) FILTER (WHERE is_rejected)
                  FROM thing GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
                """,
                company=company.id,
                since=fields.Datetime.subtract(fields.Datetime.now(), days=LEARN_OVER_DAYS),
                effects=list(effects),
                what=what,
                category=category,
            )
        )
        today = fields.Date.today()
        return [
            Tally(node, category, float((today - day).days), asked, rejected)
            for node, category, day, asked, rejected in rows
        ]
