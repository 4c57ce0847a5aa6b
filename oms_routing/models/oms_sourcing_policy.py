from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from odoo.addons.oms_core.const import DELIVERY_METHODS, INSIDE
from odoo.addons.oms_core.models.oms_customer_score import SEGMENTS

from ..domain.policy import BACKORDER, DEFAULT_POLICY, NEXT, Policy, Prices
from ..domain.scope import OrderFacts, Scope, fitting

LEFTOVERS = [
    ("backorder", "Wait at a site for the goods"),
    ("wait", "Try again each hour, then hold the order"),
    ("next", "Ask the next policy that fits the order"),
    ("hold", "Hold the order"),
    ("cancel", "Try again each hour, then cancel what is missing"),
]

ORDERS_FIRST = [
    ("promise", "Promised first"),
    ("priority", "Most urgent first"),
    ("value", "Highest value first"),
    ("date", "Ordered first"),
]

#: Where a rule stands that has not been saved, among those of the same sequence.
NEW_LAST = 2**31

#: Columns whose change is no other way to decide.
NOT_SAID = {
    "name",
    "active",
    "sequence",
    "version",
    "rule_ids",
    "constraint_ids",
    "objective_ids",
    "ask_effect",
    "brought_from",
}


class Chosen(NamedTuple):
    """The policy of one order.

    :param policy: as the planner takes it, with those that are asked after it.
    :param policy_id: of the record; ``None`` where no policy fits and the built-in one decides.
    """

    policy: Policy
    policy_id: int | None
    name: str
    version: int


class OmsSourcingPolicy(models.Model):
    """For which orders which rules decide where the goods come from. The first policy that fits an order decides it.

    What a policy says is counted: each change is a new version, and a decision tells by which one it was made.
    """

    _name = "oms.sourcing.policy"
    _inherit = ["oms.cache.source"]
    _description = "Sourcing Policy"
    _order = "sequence, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    version = fields.Integer(default=1, readonly=True, copy=False, help="Counts the changes of what the policy says.")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")

    channel_ids = fields.Many2many(
        "oms.channel", string="Channels", domain="[('company_id', '=', company_id)]", help="Empty: all channels."
    )
    delivery_method = fields.Selection(DELIVERY_METHODS, help="Empty: however the customer wants the goods.")
    country_ids = fields.Many2many("res.country", string="Ships to", help="Empty: all countries.")
    country_group_ids = fields.Many2many("res.country.group", string="Ships to Groups")
    tag_ids = fields.Many2many("crm.tag", string="Order Tags", help="Orders with one of these. Empty: all orders.")
    segment = fields.Selection(SEGMENTS, string="Customer Segment", help="Empty: all customers.")
    amount_min = fields.Monetary(string="Value from", help="Total of the order with taxes. Zero: from nothing.")
    amount_max = fields.Monetary(string="Value up to", help="Total of the order with taxes. Zero: without limit.")
    excluded_product_ids = fields.Many2many(
        "product.product", string="Not With", help="Orders with one of these products go to the next policy."
    )

    strategy = fields.Selection(
        [
            ("lexicographic", "Goals in sequence: the first that is no tie decides"),
            ("least_cost", "Least cost of all"),
        ],
        required=True,
        default="lexicographic",
    )
    nodes_max = fields.Integer(string="Sites per Order", help="At most so many for one order. Zero: any number.")
    order_by = fields.Selection(
        ORDERS_FIRST,
        string="Who Comes First",
        required=True,
        default="promise",
        help="Which of the orders that are decided together gets scarce goods.",
    )
    leftover = fields.Selection(LEFTOVERS, string="When Nothing Fits", required=True, default="backorder")
    leftover_days = fields.Integer(
        string="Try For", default=3, help="Days until an order that waits is held, or called off."
    )
    cost_split = fields.Monetary(
        string="Each Further Parcel", help="What a second parcel of an order costs on top of its postage."
    )
    cost_line_split = fields.Monetary(string="Each Divided Line")
    cost_parcel = fields.Monetary(string="A Parcel Without Offer", help="Where no delivery method tells its price.")
    cost_per_km = fields.Monetary(string="And per Kilometre", help="Where no delivery method tells its price.")
    cost_late_day = fields.Monetary(string="Each Day Late")
    cost_carbon_tonne = fields.Monetary(string="A Tonne of CO2e")
    cost_reject = fields.Monetary(string="A Rejection", help="Weighed with how often a place rejects.")
    constraint_ids = fields.One2many(
        "oms.sourcing.rule", "policy_id", string="Constraints", domain=[("is_objective", "=", False)]
    )
    objective_ids = fields.One2many(
        "oms.sourcing.rule", "policy_id", string="Goals", domain=[("is_objective", "=", True)]
    )
    rule_ids = fields.One2many("oms.sourcing.rule", "policy_id", string="Rules", copy=True)
    decision_count = fields.Integer(compute="_compute_decision_count")
    filter_summary = fields.Char(string="For", compute="_compute_filter_summary")

    _limits_positive = models.Constraint(
        "CHECK(nodes_max >= 0 AND leftover_days >= 0 AND amount_min >= 0 AND amount_max >= 0)",
        "Limits of a policy cannot be negative.",
    )

    @api.constrains("amount_min", "amount_max")
    def _check_amounts(self):
        for policy in self:
            if policy.amount_max and policy.amount_max < policy.amount_min:
                raise ValidationError(self.env._("No order is worth more than it is worth: swap the two values."))

    def _compute_decision_count(self):
        counts = dict(
            self.env["oms.sourcing.decision"]._read_group([("policy_id", "in", self.ids)], ["policy_id"], ["__count"])
        )
        for policy in self:
            policy.decision_count = counts.get(policy, 0)

    @api.depends(
        "channel_ids",
        "delivery_method",
        "country_ids",
        "country_group_ids",
        "tag_ids",
        "segment",
        "amount_min",
        "amount_max",
        "excluded_product_ids",
    )
    def _compute_filter_summary(self):
        for policy in self:
            policy.filter_summary = "; ".join(policy._get_filters()) or self.env._("All orders")

    def _get_filters(self):
        """What an order must be like, a few words for each filter that is set."""
        self.ensure_one()
        if self.channel_ids:
            yield self.env._("from %s", ", ".join(self.channel_ids.mapped("name")))
        if self.delivery_method:
            yield dict(self._fields["delivery_method"]._description_selection(self.env))[self.delivery_method]
        if places := self.country_ids.mapped("name") + self.country_group_ids.mapped("name"):
            yield self.env._("to %s", ", ".join(places))
        if self.tag_ids:
            yield self.env._("tagged %s", ", ".join(self.tag_ids.mapped("name")))
        if self.segment:
            yield dict(self._fields["segment"]._description_selection(self.env))[self.segment]
        if self.amount_min:
            yield self.env._("from %s", self.currency_id.format(self.amount_min))
        if self.amount_max:
            yield self.env._("up to %s", self.currency_id.format(self.amount_max))
        if self.excluded_product_ids:
            yield self.env._("without %s", ", ".join(self.excluded_product_ids.mapped("display_name")))

    # -------------------------------------------------------------------------------------------------------- VERSIONS

    @api.model_create_multi
    def create(self, vals_list):
        policies = super(OmsSourcingPolicy, self.with_context(oms_policy_write=INSIDE)).create(vals_list)
        return policies.with_env(self.env)

    def write(self, vals):
        """Override: whatever changes what is decided is a new version."""
        said = vals.keys() - NOT_SAID or not {"rule_ids", "constraint_ids", "objective_ids"}.isdisjoint(vals)
        result = super(OmsSourcingPolicy, self.with_context(oms_policy_write=INSIDE)).write(vals)
        if said:
            self._bump()
        return result

    def unlink(self):
        return super(OmsSourcingPolicy, self.with_context(oms_policy_write=INSIDE)).unlink()

    def _bump(self):
        """One more version, and nobody goes on with the one before."""
        for policy in self:
            policy.write({"version": policy.version + 1})

    # ----------------------------------------------------------------------------------------------------- MATCHING

    @api.model
    def _get_for(self, orders, policies=None):
        """{order: ``Chosen``}: the first policy that fits, and after it those that its leftovers go to.

        No query but for the facts that some policy asks for: policies are kept in memory until one changes.

        :param policies: choose among these instead, as they stand: archived ones, or ones that are being edited.
        """
        result = {}
        for company, of_company in orders.grouped("company_id").items():
            if policies is None:
                scopes = self._get_scopes(company.id)
            else:
                scopes = tuple((policy, policy._get_scope()) for policy in policies)
            asked = frozenset().union(*(scope.asks() for _policy, scope in scopes))
            facts = of_company._oms_get_facts(asked)
            for order in of_company:
                fit = fitting(scopes, facts[order])
                if policies is None:
                    result[order] = self._get_chosen(company.id, tuple(fit))
                else:
                    result[order] = self.browse().concat(*fit)._as_chosen()
        return result

    @api.model
    @ormcache("company_id")
    def _get_scopes(self, company_id):
        """((id, ``Scope``), …) of a company's policies, in their sequence."""
        # sudo: policies are the managers' to change; they work for whoever confirms
        policies_sudo = self.sudo().with_context(active_test=True).search([("company_id", "=", company_id)])
        return tuple((policy.id, policy._get_scope()) for policy in policies_sudo)

    @api.model
    @ormcache("company_id", "policy_ids")
    def _get_chosen(self, company_id, policy_ids):
        """The first of these policies, see :meth:`_as_chosen`."""
        return self.sudo().browse(policy_ids)._as_chosen()  # sudo: as for _get_scopes

    def _as_chosen(self):
        """The first of these policies, with those that come after it; the built-in one where there is none."""
        first = self[:1]
        return Chosen(self._get_chain(), first._origin.id or None, first.name or "", first.version)

    def _get_chain(self):
        """These policies as the planner takes them: leftovers go to the next one as long as there is one."""
        chain = None
        for policy in reversed(self):
            values = policy._to_domain()
            if policy.leftover == NEXT and chain is not None:
                values = replace(values, leftover=NEXT, next=chain)
            chain = values
        return chain or DEFAULT_POLICY

    def _get_scope(self):
        self.ensure_one()
        return Scope(
            company_id=self.company_id._origin.id,
            channel_ids=frozenset(self.channel_ids._origin.ids),
            delivery_method=self.delivery_method or "",
            country_ids=frozenset((self.country_ids | self.country_group_ids.country_ids)._origin.ids),
            tag_ids=frozenset(self.tag_ids._origin.ids),
            segment=self.segment or "",
            value_min=Decimal(repr(self.amount_min)) if self.amount_min else None,
            value_max=Decimal(repr(self.amount_max)) if self.amount_max else None,
            excluded_product_ids=frozenset(self.excluded_product_ids._origin.ids),
        )

    def _to_domain(self):
        """This policy as the planner takes it, alone: what it would pass on waits for goods."""
        self.ensure_one()
        prices = {
            name: Decimal(repr(self[f"cost_{name}"]))
            for name in ("split", "line_split", "parcel", "per_km", "late_day", "carbon_tonne", "reject")
        }
        rules = self._get_rules()
        return Policy(
            constraints=tuple(rule._to_domain() for rule in rules if not rule.is_objective),
            objectives=tuple(rule._to_domain() for rule in rules if rule.is_objective),
            nodes_max=self.nodes_max or None,
            strategy=self.strategy,
            prices=Prices(**prices),
            leftover=BACKORDER if self.leftover == NEXT else self.leftover,
            cancel_after_days=self.leftover_days if self.leftover == "cancel" else None,
            id=self._origin.id or None,
            name=self.name or "",
            consolidate=self.consolidate,
        )

    def _get_rules(self):
        """The rules in their sequence; in a form that is being edited, as they stand there."""
        rules = (self.constraint_ids | self.objective_ids) if not self.id else self.rule_ids
        return rules.sorted(lambda rule: (rule.sequence, rule._origin.id or NEW_LAST))

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_view_decisions(self):
        """What was decided by this policy."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_routing.oms_sourcing_decision_action")
        action["domain"] = [("policy_id", "=", self.id)]
        return action


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_policy(self):
        """The policy that would decide about this order now; empty where none fits and the built-in one decides."""
        self.ensure_one()
        policies = self.env["oms.sourcing.policy"]
        return policies.browse(policies._get_for(self)[self].policy_id or ())

    def _oms_get_facts(self, asked):
        """{order: ``OrderFacts``}; those of its fields that cost a query only where they are ``asked``."""
        facts = {}
        for order_sudo in self.sudo():  # sudo: which policy an order has depends on nobody's rights
            company = order_sudo.company_id
            value = Decimal(0)
            if "value" in asked:
                amount = order_sudo.currency_id._convert(
                    order_sudo.amount_total, company.currency_id, company, order_sudo.date_order
                )
                value = Decimal(repr(company.currency_id.round(amount)))
            segment = ""
            if "segment" in asked:
                segment = order_sudo.partner_id.commercial_partner_id.with_company(company).oms_segment or ""
            facts[self.browse(order_sudo.id)] = OrderFacts(
                company_id=company.id,
                channel_id=order_sudo.oms_channel_id.id,
                delivery_method=order_sudo.oms_delivery_method or "",
                country_id=order_sudo.partner_shipping_id.country_id.id if "country_id" in asked else None,
                tag_ids=frozenset(order_sudo.tag_ids.ids) if "tag_ids" in asked else frozenset(),
                segment=segment,
                value=value,
                product_ids=frozenset(order_sudo.order_line.product_id.ids) if "product_ids" in asked else frozenset(),
            )
        return facts
