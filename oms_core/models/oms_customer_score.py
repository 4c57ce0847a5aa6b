from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

from ..const import SCORE_BATCH_MAX
from ..domain.segments import Buyer, scores

SEGMENTS = [
    ("champion", "Champion"),
    ("loyal", "Loyal"),
    ("new", "New"),
    ("regular", "Regular"),
    ("at_risk", "At risk"),
    ("costly", "Costs more than it brings"),
    ("lost", "Lost"),
]


class OmsCustomerScore(models.Model):
    """What a customer brings to a company: how lately, how often, for how much, and what the books say is left of it."""

    _name = "oms.customer.score"
    _description = "Customer Score"
    _order = "margin desc, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    first_order_at = fields.Datetime(string="First Order", readonly=True)
    last_order_at = fields.Datetime(string="Last Order", readonly=True)
    order_count = fields.Integer(string="Orders", readonly=True)
    revenue = fields.Monetary(readonly=True, help="Posted invoices less credit notes, without tax.")
    refunded = fields.Monetary(readonly=True, help="Posted credit notes, without tax.")
    cost = fields.Monetary(string="Cost of Goods", readonly=True, help="As posted with the invoices.")
    shipping_cost = fields.Monetary(readonly=True, help="What carriers charged for the parcels, where it is known.")
    fees = fields.Monetary(
        string="Channel Fees", readonly=True, help="What channels kept or billed for the orders, as it is booked."
    )
    margin = fields.Monetary(readonly=True, help="Revenue less cost of goods, shipping and channel fees.")
    margin_rate = fields.Float(readonly=True, aggregator="avg")
    return_rate = fields.Float(string="Paid Back", readonly=True, aggregator="avg", help="Share of what was invoiced.")
    rfm = fields.Char(string="RFM Score", readonly=True, help="Recency, frequency and money, each from 1 to 5.")
    segment = fields.Selection(SEGMENTS, readonly=True, index=True)
    explanation = fields.Char(compute="_compute_explanation", string="Why")

    _partner_uniq = models.Constraint("UNIQUE(company_id, partner_id)", "A customer has one score in a company.")

    @api.depends("order_count", "last_order_at", "revenue", "margin")
    def _compute_explanation(self):
        for score in self:
            score.explanation = self.env._(
                "%(orders)s orders, the last on %(last)s; %(revenue)s of revenue, of which %(margin)s are left.",
                orders=score.order_count,
                last=fields.Date.to_string(score.last_order_at),
                revenue=score.currency_id.format(score.revenue),
                margin=score.currency_id.format(score.margin),
            )

    def action_open_partner(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "view_mode": "form",
        }

    # ----------------------------------------------------------------------------------------------------------- JOB

    @api.model
    def _cron_score(self):
        """Score the customers of each company anew, a company and a commit at a time."""
        companies = self.env["res.company"].search([("active", "=", True)])
        cron = self.env["ir.cron"]
        for index, company in enumerate(companies, 1):
            rest = len(companies) - index
            # What is written already is not written again, so a run that is cut off goes on where it was.
            done = self._score_company(company, lambda rest=rest: cron._commit_progress(remaining=rest + 1))
            if not done or not cron._commit_progress(1, remaining=rest):
                break

    @api.model
    def _score_company(self, company, commit=lambda: True):
        """Write what the books of a company say about its customers, some hundred at a time.

        :param commit: called after each of them; says whether there is time for more.
        :return: whether all was written.
        """
        known = {score.partner_id.id: score for score in self.search([("company_id", "=", company.id)])}
        values = self._get_values(company)
        now = fields.Datetime.now()
        ranks = {
            score.id: score
            for score in scores(
                Buyer(
                    id=partner_id,
                    recency=(now - row["last_order_at"]).days,
                    frequency=row["order_count"],
                    monetary=Decimal(str(row["revenue"])),
                    margin=Decimal(str(row["margin"])),
                    since=(now - row["first_order_at"]).days,
                )
                for partner_id, row in values.items()
            )
        }
        for partner_id, row in values.items():
            row.update(rfm=ranks[partner_id].rfm, segment=ranks[partner_id].segment)
        gone = [score.id for partner_id, score in known.items() if partner_id not in values]
        for ids in split_every(SCORE_BATCH_MAX, gone):
            self.browse(ids).unlink()
            if not commit():
                return False
        ids_of = {partner_id: score.id for partner_id, score in known.items()}
        for partner_ids in split_every(SCORE_BATCH_MAX, sorted(values)):
            self._write_batch(company, {id_: values[id_] for id_ in partner_ids}, ids_of)
            if not commit():
                return False
        return True

    @api.model
    def _write_batch(self, company, rows, ids_of):
        """Make or change the scores of these customers; what is the same already is left alone."""
        standing = self.browse([ids_of[partner_id] for partner_id in rows if partner_id in ids_of])
        scores_of = {score.partner_id.id: score for score in standing}
        self.create(
            [
                {**row, "partner_id": partner_id, "company_id": company.id}
                for partner_id, row in rows.items()
                if partner_id not in scores_of
            ]
        )
        for partner_id, score in scores_of.items():
            changed = {name: value for name, value in rows[partner_id].items() if score[name] != value}
            if changed:
                score.write(rows[partner_id])
        self.flush_model()  # one statement for all that changed, and not one at the end for all customers

    @api.model
    def _get_values(self, company):
        """{customer id: what the orders and the books say of it}, for customers with a confirmed order."""
        round_ = company.currency_id.round
        orders = self.env["sale.order"]._read_group(
            [("state", "=", "sale"), ("company_id", "=", company.id)],
            ["partner_id"],
            ["__count", "date_order:min", "date_order:max"],
        )
        result = {}
        for partner, count, first, last in orders:
            row = result.setdefault(
                partner.commercial_partner_id.id, {"order_count": 0, "first_order_at": first, "last_order_at": last}
            )
            row["order_count"] += count
            row["first_order_at"] = min(row["first_order_at"], first)
            row["last_order_at"] = max(row["last_order_at"], last)
        posted = [
            ("company_id", "=", company.id),
            ("parent_state", "=", "posted"),
            ("partner_id", "in", list(result)),
        ]
        lines = self.env["account.move.line"]
        sold = lines._read_group(
            [*posted, ("move_type", "in", ("out_invoice", "out_refund")), ("display_type", "=", "product")],
            ["partner_id", "move_type"],
            ["balance:sum"],
        )
        revenue, refunded = defaultdict(float), defaultdict(float)
        for partner, kind, balance in sold:
            revenue[partner.id] -= balance
            if kind == "out_refund":
                refunded[partner.id] += balance
        goods = Domain("display_type", "=", "cogs") | Domain("oms_corrected_line_id", "!=", False)
        cost = {
            partner.id: balance
            for partner, balance in lines._read_group(
                Domain(posted) & goods & Domain("account_id.internal_group", "=", "expense"),
                ["partner_id"],
                ["balance:sum"],
            )
        }
        shipping, fees = self._get_shipping_costs(company), self._get_fees(company)
        for partner_id, row in result.items():
            invoiced = revenue[partner_id] + refunded[partner_id]
            spent = [what.get(partner_id, 0.0) for what in (cost, shipping, fees)]
            margin = revenue[partner_id] - sum(spent)
            row.update(
                revenue=round_(revenue[partner_id]),
                refunded=round_(refunded[partner_id]),
                cost=round_(spent[0]),
                shipping_cost=round_(spent[1]),
                fees=round_(spent[2]),
                margin=round_(margin),
                margin_rate=round(margin / revenue[partner_id], 4) if revenue[partner_id] > 0 else 0.0,
                return_rate=round(refunded[partner_id] / invoiced, 4) if invoiced > 0 else 0.0,
            )
        return result

    @api.model
    def _get_fees(self, company):
        """{customer id: what channels took for the orders}, as far as it is in the books and shared out over orders."""
        return {
            customer.id: -amount
            for customer, amount in self.env["account.analytic.line"]._read_group(
                [
                    ("company_id", "=", company.id),
                    ("oms_cost_kind", "=", "fee"),
                    ("oms_standing", "=", "booked"),
                    ("oms_customer_id", "!=", False),
                ],
                ["oms_customer_id"],
                ["amount:sum"],
            )
        }

    @api.model
    def _get_shipping_costs(self, company):
        """{customer id: what carriers charged for the parcels}, where an add-on keeps that on the delivery."""
        pickings = self.env["stock.picking"]
        field = pickings._fields.get("oms_shipping_cost")
        if not field or not field.store:
            return {}
        costs = defaultdict(float)
        for order, cost in pickings._read_group(
            [
                ("company_id", "=", company.id),
                ("state", "=", "done"),
                ("sale_id", "!=", False),
                ("oms_shipping_cost", "!=", 0),
            ],
            ["sale_id"],
            ["oms_shipping_cost:sum"],
        ):
            costs[order.partner_id.commercial_partner_id.id] += cost
        return costs
