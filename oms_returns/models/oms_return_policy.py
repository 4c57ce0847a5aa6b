from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_list, ormcache

from odoo.addons.oms_core.models.oms_customer_score import SEGMENTS

from ..domain.policy import Holiday, Limits, Policy, Scope

#: Outcome that a policy offers → its columns: offered or not, days. Zero days: without limit.
WINDOWS = {
    "refund": ("offers_refund", "days_refund"),
    "credit": ("offers_credit", "days_credit"),
    "exchange": ("offers_exchange", "days_exchange"),
    "replacement": ("offers_replacement", "days_replacement"),
    "repair": ("offers_repair", "days_repair"),
}

#: Columns that say for what a policy is, and those that say what holds then.
SCOPE = (
    "company_id",
    "kind",
    "channel_ids",
    "country_ids",
    "country_group_ids",
    "product_ids",
    "category_ids",
    "partner_tag_ids",
    "segment",
    "reason_ids",
)
TERMS = (
    *(column for columns in WINDOWS.values() for column in columns),
    "is_final_sale",
    "window_start",
    "holiday_from",
    "holiday_to",
    "holiday_until",
    "ends_on_working_day",
    "approval",
    "label_paid_by",
    "fee_kind",
    "fee_value",
    "our_reason_ids",
    "needs_inspection",
    "returnless",
    "returnless_value",
    "refund_shipping",
    "limit_days",
    "limit_returns",
    "limit_amount",
    "limit_share",
    "limit_returnless",
    "limit_effect",
)


class OmsReturnPolicy(models.Model):
    """For which goods and customers which terms hold when goods come back. The first policy that fits a line decides it."""

    _name = "oms.return.policy"
    _inherit = ["oms.cache.source"]
    _description = "Return Policy"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", index=True, help="Empty: all companies.")
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id", help="Of its amounts.")

    kind = fields.Selection(
        [("return", "Goods that come back"), ("claim", "Claims")],
        string="About",
        help="Claims are about goods that were lost, damaged, wrong or incomplete; nothing is expected back. Empty: both.",
    )
    channel_ids = fields.Many2many("oms.channel", string="Channels", check_company=True, help="Empty: all channels.")
    country_ids = fields.Many2many("res.country", string="Shipped to", help="Empty: all countries.")
    country_group_ids = fields.Many2many("res.country.group", string="Shipped to Groups")
    product_ids = fields.Many2many(
        "product.template", string="Products", check_company=True, help="Empty: all products."
    )
    category_ids = fields.Many2many(
        "product.category", string="Categories", help="With all below them. Empty: all products."
    )
    partner_tag_ids = fields.Many2many(
        "res.partner.category", string="Customer Tags", help="Customers with one of these. Empty: all customers."
    )
    segment = fields.Selection(SEGMENTS, string="Customer Segment", help="Empty: all customers.")
    reason_ids = fields.Many2many("oms.return.reason", string="Reasons", help="Empty: whatever the reason is.")

    is_final_sale = fields.Boolean(string="Final Sale", help="Nothing comes back.")
    offers_refund = fields.Boolean(string="Money Back", default=True)
    days_refund = fields.Integer(string="Days for Money Back")
    offers_credit = fields.Boolean(string="Store Credit", default=True)
    days_credit = fields.Integer(string="Days for Store Credit")
    offers_exchange = fields.Boolean(string="Exchange", default=True)
    days_exchange = fields.Integer(string="Days for an Exchange")
    offers_replacement = fields.Boolean(string="Replacement", default=True)
    days_replacement = fields.Integer(string="Days for a Replacement")
    offers_repair = fields.Boolean(string="Repair", default=True)
    days_repair = fields.Integer(string="Days for a Repair")
    window_start = fields.Selection(
        [("line", "the delivery of the goods"), ("order", "the last delivery of the order")],
        string="Counted from",
        required=True,
        default="line",
        help="Where nobody tells when a parcel arrived: from when it should have.",
    )
    holiday_from = fields.Date(string="Delivered from")
    holiday_to = fields.Date(string="Delivered to")
    holiday_until = fields.Date(string="May Come Back until")
    ends_on_working_day = fields.Boolean(
        string="Ends on a Working Day",
        help="A last day that is a weekend or a holiday, by the working hours of the company, becomes the next working day. The "
        "law of the European Union counts periods so (Regulation 1182/71).",
    )
    approval = fields.Selection(
        [("automatic", "By itself"), ("by_hand", "By a person")],
        string="Authorized",
        required=True,
        default="by_hand",
        help="By itself: what customers ask for and the policy allows is authorized at once.",
    )
    label_paid_by = fields.Selection(
        [("merchant", "Us"), ("customer", "The customer")], string="Label Paid by", required=True, default="merchant"
    )
    fee_kind = fields.Selection(
        [("none", "No fee"), ("fixed", "An amount for each unit"), ("percent", "Percent of what is paid back")],
        string="Fee",
        required=True,
        default="none",
        help="Kept when money goes back or store credit is given.",
    )
    fee_value = fields.Float(string="Height of the Fee", digits=(16, 2))
    our_reason_ids = fields.Many2many(
        "oms.return.reason",
        "oms_return_policy_our_reason_rel",
        string="Our Fault",
        help="For these reasons there is no fee, and we pay the label.",
    )
    needs_inspection = fields.Boolean(
        string="Inspect First", help="What comes back is inspected before anything is settled."
    )
    returnless = fields.Selection(
        [
            ("never", "Never"),
            ("cheaper", "When it would cost more than it brings"),
            ("below", "When it is worth less than"),
        ],
        string="Customer Keeps the Goods",
        required=True,
        default="never",
        help="It costs the label and the work (Inventory ▸ Settings ▸ What a return costs); it brings what the dispositions "
        "recover on average (Configuration ▸ Dispositions).",
    )
    returnless_value = fields.Monetary(string="Worth Less than", help="What the line was sold for, with taxes.")
    refund_shipping = fields.Selection(
        [
            ("none", "None"),
            ("proportional", "Its share"),
            ("full_if_all", "All, when all comes back"),
            ("statutory", "As the law asks for a withdrawal"),
            ("always", "All"),
        ],
        string="Shipping Paid Back",
        required=True,
        default="none",
    )
    limit_days = fields.Integer(string="Within Days", default=365)
    limit_returns = fields.Integer(string="Returns at Most", help="Of one customer. Zero: any number.")
    limit_amount = fields.Monetary(
        string="Value at Most", help="Of what one customer sends back, with taxes. Zero: any."
    )
    limit_share = fields.Float(
        string="Share at Most (%)",
        digits=(16, 1),
        help="Of what one customer bought, by value, from the third order on. Zero: any.",
    )
    limit_returnless = fields.Integer(
        string="Kept Goods at Most",
        help="Returns of one customer whose goods stay. Above it, goods come back. Zero: any.",
    )
    limit_effect = fields.Selection(
        [("ask", "A person decides"), ("refuse", "It is refused")], string="Above That", required=True, default="ask"
    )
    filter_summary = fields.Text(string="For", compute="_compute_sentences")
    terms_summary = fields.Text(string="Says", compute="_compute_sentences")

    _numbers_check = models.Constraint(
        "CHECK(fee_value >= 0 AND returnless_value >= 0 AND limit_days > 0 AND limit_returns >= 0 AND limit_amount >= 0"
        " AND limit_share >= 0 AND limit_returnless >= 0 AND days_refund >= 0 AND days_credit >= 0 AND days_exchange >= 0"
        " AND days_replacement >= 0 AND days_repair >= 0)",
        "The numbers of a return policy cannot be negative, and limits are for one day at least.",
    )
    _fee_check = models.Constraint(
        "CHECK(fee_kind != 'percent' OR fee_value <= 100)", "A fee takes no more than all that is paid back: 100 %."
    )

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        """What holds for all companies holds for each in its own currency."""
        for policy in self:
            policy.currency_id = (policy.company_id or self.env.company).currency_id

    @api.constrains("holiday_from", "holiday_to", "holiday_until")
    def _check_holiday(self):
        for policy in self:
            days = [policy.holiday_from, policy.holiday_to, policy.holiday_until]
            if any(days) and not (all(days) and days == sorted(days)):
                raise ValidationError(
                    self.env._(
                        "Say of the holiday of “%s” the first and the last day of delivery, and until when goods may come "
                        "back, in this sequence.",
                        policy.name,
                    )
                )

    @api.constrains("active", "is_final_sale", "product_ids", "category_ids", "reason_ids", "kind")
    def _check_final_sale(self):
        for policy in self.filtered(lambda policy: policy.active and policy.is_final_sale):
            if not (policy.product_ids or policy.category_ids or policy.reason_ids):
                raise ValidationError(
                    self.env._("“%s” would refuse everything. Say for which products or categories it is.", policy.name)
                )

    # ------------------------------------------------------------------------------------------------------ MATCHING

    @api.model
    @ormcache("company_id")
    def _get_policies(self, company_id):
        """The policies that hold in a company as they are judged by, in their sequence."""
        # sudo: policies are the managers' to change; they hold for whoever asks
        policies_sudo = self.sudo().with_context(active_test=True).search([("company_id", "in", (False, company_id))])
        return tuple(policy._to_domain() for policy in policies_sudo)

    def _to_domain(self):
        self.ensure_one()
        return Policy(
            id=self._origin.id or None,
            name=self.name or "",
            scope=self._get_scope(),
            windows={outcome: self[days] or None for outcome, (offers, days) in WINDOWS.items() if self[offers]},
            starts=self.window_start,
            holiday=self.holiday_until and Holiday(self.holiday_from, self.holiday_to, self.holiday_until) or None,
            ends_on_working_day=self.ends_on_working_day,
            is_final_sale=self.is_final_sale,
            is_automatic=self.approval == "automatic",
            label_paid_by=self.label_paid_by,
            fee_kind=self.fee_kind,
            fee_value=Decimal(repr(self.fee_value)),
            our_reasons=frozenset(self.our_reason_ids._origin.ids),
            needs_inspection=self.needs_inspection,
            returnless=self.returnless,
            returnless_value=Decimal(repr(self.returnless_value)),
            refund_shipping=self.refund_shipping,
            limits=Limits(
                days=self.limit_days,
                returns=self.limit_returns or None,
                amount=Decimal(repr(self.limit_amount)) if self.limit_amount else None,
                share=Decimal(repr(self.limit_share)) if self.limit_share else None,
                returnless=self.limit_returnless or None,
                refuses=self.limit_effect == "refuse",
            ),
        )

    def _get_scope(self):
        self.ensure_one()
        return Scope(
            company_id=self.company_id._origin.id or None,
            kinds=frozenset(filter(None, [self.kind])),
            channels=frozenset(self.channel_ids._origin.ids),
            countries=frozenset((self.country_ids | self.country_group_ids.country_ids)._origin.ids),
            products=frozenset(self.product_ids._origin.ids),
            categories=frozenset(self.category_ids._origin.ids),
            tags=frozenset(self.partner_tag_ids._origin.ids),
            segments=frozenset(filter(None, [self.segment])),
            reasons=frozenset(self.reason_ids._origin.ids),
        )

    # --------------------------------------------------------------------------------------------------------- WORDS

    @api.depends(*SCOPE, *TERMS)
    def _compute_sentences(self):
        for policy in self:
            filters = "; ".join(policy._say_filters()) or self.env._("Everything")
            policy.filter_summary = filters[:1].upper() + filters[1:]
            policy.terms_summary = " ".join(policy._say_terms())

    def _label(self, name):
        return dict(self._fields[name]._description_selection(self.env))[self[name]]

    def _say_filters(self):
        """For what it is, a few words for each question that is asked."""
        self.ensure_one()
        if self.kind:
            yield self._label("kind")
        if self.product_ids or self.category_ids:
            goods = [*self.category_ids.mapped("name"), *self.product_ids.mapped("display_name")]
            yield self.env._("of %s", format_list(self.env, goods, "or"))
        if self.channel_ids:
            yield self.env._("sold by %s", format_list(self.env, self.channel_ids.mapped("name"), "or"))
        if self.country_ids or self.country_group_ids:
            places = [*self.country_ids.mapped("name"), *self.country_group_ids.mapped("name")]
            yield self.env._("shipped to %s", format_list(self.env, places, "or"))
        if self.partner_tag_ids:
            yield self.env._("customers tagged %s", format_list(self.env, self.partner_tag_ids.mapped("name"), "or"))
        if self.segment:
            yield self.env._("customers: %s", self._label("segment"))
        if self.reason_ids:
            yield self.env._("because: %s", format_list(self.env, self.reason_ids.mapped("name"), "or"))

    def _say_terms(self):
        """What it says, as somebody would tell it to a customer: a sentence for each term that is set."""
        self.ensure_one()
        if self.is_final_sale:
            yield self.env._("Final sale: nothing comes back.")
            return
        yield self._say_windows()
        if self.holiday_until:
            yield self.env._(
                "What is delivered from %(first)s to %(last)s may come back until %(until)s.",
                first=fields.Date.to_string(self.holiday_from),
                last=fields.Date.to_string(self.holiday_to),
                until=fields.Date.to_string(self.holiday_until),
            )
        if self.ends_on_working_day:
            yield self.env._("A last day on a weekend or a holiday becomes the next working day.")
        yield from self._say_costs()
        if self.needs_inspection:
            yield self.env._("Goods are inspected before anything is settled.")
        if self.returnless == "cheaper":
            yield self.env._("Goods stay with the customer when to have them back would cost more than they bring.")
        elif self.returnless == "below":
            yield self.env._("Goods worth less than %s stay with the customer.", self._format(self.returnless_value))
        yield from self._say_limits()
        if self.approval == "automatic":
            yield self.env._("What customers ask for is authorized by itself.")
        else:
            yield self.env._("A person authorizes.")

    def _say_windows(self):
        offered = [
            (self._fields[offers].string.lower(), self[days]) for offers, days in WINDOWS.values() if self[offers]
        ]
        if not offered:
            return self.env._("Nothing is offered.")
        said = [
            self.env._("%(outcome)s within %(days)s days", outcome=outcome, days=days)
            if days
            else self.env._("%(outcome)s at any time", outcome=outcome)
            for outcome, days in offered
        ]
        words = format_list(self.env, said, "or")
        if any(days for _outcome, days in offered):
            words = self.env._("%(words)s, counted from %(start)s", words=words, start=self._label("window_start"))
        return words[:1].upper() + words[1:] + "."

    def _say_costs(self):
        if self.kind == "claim":
            pass  # nothing is sent, and no fee is kept
        elif self.label_paid_by == "customer":
            yield self.env._("The customer pays the label.")
        else:
            yield self.env._("We pay the label.")
        if self.fee_kind == "fixed" and self.fee_value:
            yield self.env._("A fee of %s for each unit is kept.", self._format(self.fee_value))
        elif self.fee_kind == "percent" and self.fee_value:
            yield self.env._("A fee of %s %% is kept.", f"{self.fee_value:g}")
        if self.our_reason_ids and (self.label_paid_by == "customer" or self.fee_value):
            yield self.env._(
                "It costs the customer nothing because of: %s.",
                format_list(self.env, self.our_reason_ids.mapped("name"), "or"),
            )
        if self.refund_shipping != "none":
            yield self.env._("Shipping is paid back: %s.", self._label("refund_shipping").lower())

    def _say_limits(self):
        limits = []
        if self.limit_returns:
            limits.append(self.env._("%s returns", self.limit_returns))
        if self.limit_amount:
            limits.append(self.env._("goods for %s", self._format(self.limit_amount)))
        if self.limit_share:
            limits.append(self.env._("%s %% of what was bought", f"{self.limit_share:g}"))
        if limits:
            yield self.env._(
                "Above %(limits)s in %(days)s days: %(effect)s.",
                limits=format_list(self.env, limits, "or"),
                days=self.limit_days,
                effect=self._label("limit_effect").lower(),
            )
        if self.limit_returnless:
            yield self.env._(
                "Goods stay with the same customer %(times)s times in %(days)s days at most.",
                times=self.limit_returnless,
                days=self.limit_days,
            )

    def _format(self, amount):
        return self.currency_id.format(amount)
