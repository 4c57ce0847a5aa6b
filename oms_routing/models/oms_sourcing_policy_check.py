import sys
from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.oms_core.models.delivery_carrier import TABLE
from odoo.addons.oms_core.notice import notice

from ..const import CHECK_DAYS, CHECK_ORDERS_MAX, EDIT_CASES_MAX
from ..domain.backtest import is_rerouted
from ..domain.checker import check, check_policy, check_scopes
from ..domain.findings import ERROR, Entry, Finding, Network, PastOrder
from ..domain.policy import DEFAULT_POLICY, NEXT
from ..domain.scope import fitting
from ..domain.words import listed

#: Columns that say what is decided: when one is edited, the rules are looked at again.
SAID = (
    "name",
    "active",
    "sequence",
    "company_id",
    "channel_ids",
    "delivery_method",
    "country_ids",
    "country_group_ids",
    "tag_ids",
    "segment",
    "amount_min",
    "amount_max",
    "excluded_product_ids",
    "strategy",
    "nodes_max",
    "leftover",
    "cost_parcel",
    "cost_per_km",
    "constraint_ids.sentence",
    "objective_ids.sentence",
)

#: Limit of a site → the kind of rule that looks at it.
LIMITS = {
    "oms_orders_max": "capacity_orders",
    "oms_open_orders_max": "capacity_open",
    "oms_minutes_max": "capacity_minutes",
}


class OmsSourcingPolicy(models.Model):
    """Rules are looked at while they are edited: what cannot work is said, and what an edit would change is told before it is
    saved."""

    _inherit = "oms.sourcing.policy"

    check_errors = fields.Text(string="Cannot Work", compute="_compute_checks")
    check_warnings = fields.Text(string="To Look At", compute="_compute_checks")
    ask_effect = fields.Boolean(string="What would this change?", store=False)
    effect = fields.Text(compute="_compute_effect")

    @api.depends(*SAID)
    def _compute_checks(self):
        """Of a form that is being edited only what its own rules and the other policies say; of what is saved all."""
        for policy in self:
            findings = policy._find_problems()
            for column, wanted in (("check_errors", True), ("check_warnings", False)):
                said = [finding.sentence for finding in findings if (finding.severity == ERROR) == wanted]
                policy[column] = "\n".join(said) or False

    @api.depends("ask_effect", *SAID)
    def _compute_effect(self):
        for policy in self:
            policy.effect = policy._say_effect() if policy.ask_effect else False

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_try(self):
        """Open a trial of this policy on the orders of the last days."""
        self.ensure_one()
        self.check_access("write")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_routing.oms_sourcing_backtest_action")
        return action | {
            "views": [(False, "form")],
            "context": {"default_policy_id": self.id, "default_company_id": self.company_id.id},
        }

    def action_check_all(self):
        """Look at all policies of the company against its orders, and show what was found. (A button of a list gives the rows
        that are ticked: none, or any.)"""
        self.check_access("write")
        policies = self.search([("company_id", "=", self.env.company.id)])
        found = policies._check_together(self.env.company)
        told = "\n".join(finding.sentence for finding in found) or self.env._("Nothing speaks against these policies.")
        title = self.env._("Sourcing policies")
        return notice(told, "warning" if found else "success", title=title, sticky=bool(found))

    # ------------------------------------------------------------------------------------------------------ CHECKING

    def _find_problems(self):
        """What the checker says about this policy, in its place among the others."""
        self.ensure_one()
        if unfinished := self._find_unfinished():
            return [Finding("unfinished", ERROR, None, unfinished)]
        company = self.company_id or self.env.company
        mine = self._origin.id or 0
        if self.id:  # saved, and looked at as it is
            together = self._others(company) | self
            found = together._check_together(company)
            return [finding for finding in found if finding.policy_id in (mine, None)]
        entries = [policy._to_entry() for policy in self._in_turn(self._others(company))]
        network = self._get_network(company)
        own = [entry for entry in entries if entry.id == mine]
        found = [finding for entry in own for finding in check_policy(entry, network)]
        return found + [finding for finding in check_scopes(entries) if finding.policy_id == mine]

    def _find_unfinished(self):
        """A sentence about a rule that is being filled in and does not say enough yet; else nothing."""
        for rule in self.constraint_ids | self.objective_ids:
            if not rule._is_complete():
                return self.env._(
                    "“%s” does not say enough yet: fill in what it is to compare with.", rule.sentence or "?"
                )
        return None

    def _others(self, company):
        """The policies in force beside this one."""
        return self.search([("company_id", "=", company.id), ("id", "!=", self._origin.id)])

    def _in_turn(self, others):
        """This policy, maybe not saved yet, in its place among the others."""
        return (others + self).sorted(lambda policy: (policy.sequence, policy._origin.id or sys.maxsize))

    def _check_together(self, company):
        entries = [policy._to_entry() for policy in self.sorted(lambda policy: (policy.sequence, policy.id))]
        asked = frozenset().union(*(entry.scope.asks() for entry in entries))
        return check(entries, self._get_network(company), self._get_past_orders(company, asked))

    def _to_entry(self):
        self.ensure_one()
        rules = self.constraint_ids | self.objective_ids
        return Entry(
            self._origin.id or 0,
            self.name or self.env._("This policy"),
            self._get_scope(),
            self._in_place(),
            {rule._to_domain(): rule.sentence for rule in rules},
        )

    def _in_place(self):
        """As the planner takes it; what it passes on goes to somebody, whoever that is."""
        policy = self._to_domain()
        return replace(policy, leftover=NEXT, next=DEFAULT_POLICY) if self.leftover == NEXT else policy

    @api.model
    def _get_network(self, company):
        """The sites of a company's channels, and what is known of them."""
        channels = self.env["oms.channel"].sudo().search([("company_id", "=", company.id)])  # sudo: whoever edits rules
        warehouses = channels.warehouse_ids or self.env["stock.warehouse"].sudo().search(
            [("company_id", "=", company.id)]
        )
        limits = {name: kind for name, kind in LIMITS.items() if name in warehouses._fields}
        return Network(
            warehouses._to_domain(),
            {site.id: site.oms_orders_max for site in warehouses if "oms_orders_max" in limits and site.oms_orders_max},
            frozenset(kind for name, kind in limits.items() if any(warehouses.mapped(name))),
            has_offers=self._has_offers(company),
        )

    @api.model
    def _has_offers(self, company):
        """Whether a delivery method has a price list, or is asked for its prices; what Odoo's own cost nobody knows."""
        carriers = self.env["delivery.carrier"]
        services = carriers._oms_get_services(company, company._oms_get_today())
        without = [service.carrier_id for service in services if not service.cards]
        asked_sudo = carriers.sudo().browse(without)  # sudo: as above
        return len(without) < len(services) or any(carrier.delivery_type != TABLE for carrier in asked_sudo)

    @api.model
    def _get_past_orders(self, company, asked):
        """The orders of the last weeks that were sourced, as far as sites and those facts matter that some scope asks for. What
        was sold before, or over a counter, no rule has to ship."""
        since = fields.Datetime.now() - timedelta(days=CHECK_DAYS)
        orders_sudo = (
            self.env["sale.order"]
            .sudo()  # sudo: rules are checked against all orders, whichever of them their author sees
            .search(
                [
                    ("company_id", "=", company.id),
                    ("oms_channel_id", "!=", False),
                    ("state", "=", "sale"),
                    ("oms_decision_ids", "!=", False),
                    ("date_order", ">=", since),
                ],
                order="date_order desc, id desc",
                limit=CHECK_ORDERS_MAX,
            )
        )
        facts = orders_sudo._oms_get_facts(asked)
        return [
            PastOrder(facts[order], order.partner_shipping_id._oms_place(), company._oms_get_today(order.date_order))
            for order in orders_sudo
        ]

    # ------------------------------------------------------------------------------------------------ EFFECT OF AN EDIT

    def _say_effect(self):
        """What the policy, as it stands in the form and switched on, would change for the latest orders."""
        self.ensure_one()
        if unfinished := self._find_unfinished():
            return unfinished
        company = self.company_id or self.env.company
        since = fields.Datetime.now() - timedelta(days=CHECK_DAYS)
        decisions = self.env["oms.sourcing.decision"]._find_cases(company, since, limit=EDIT_CASES_MAX)
        cases = decisions._with_places_of_now(decisions._get_cases())
        if not cases:
            return self.env._("No order of the last %s days to try it on.", CHECK_DAYS)
        others = self._others(company)
        orders = decisions.order_id
        in_force = others | self._origin if self._origin.active else others
        before = self._choose(in_force.sorted(lambda policy: (policy.sequence, policy.id)), orders)
        after = self._choose(self._in_turn(others), orders)
        moved = [
            decision.order_id.name
            for decision, case in cases.items()
            if is_rerouted(case, before[decision.order_id], after[decision.order_id])
        ]
        if not moved:
            return self.env._("None of the last %s orders would leave from elsewhere.", len(cases))
        return self.env._(
            "%(moved)s of the last %(count)s orders (%(share)s %%) would leave from elsewhere or with another service: "
            "%(orders)s.",
            moved=len(moved),
            count=len(cases),
            share=f"{100 * len(moved) / len(cases):.1f}",
            orders=listed(moved),
        )

    @api.model
    def _choose(self, policies, orders):
        """{order: domain ``Policy``}, if these were the policies in force.

        :param policies: in their sequence; records that are not saved may be among them.
        """
        scopes = [(policy, policy._get_scope()) for policy in policies]
        facts = orders._oms_get_facts(frozenset().union(*(scope.asks() for _policy, scope in scopes)))
        chains, result = {}, {}
        for order in orders:
            fits = tuple(fitting(scopes, facts[order]))
            if fits not in chains:
                chains[fits] = self.browse().concat(*fits)._get_chain()
            result[order] = chains[fits]
        return result


class OmsSourcingRule(models.Model):
    _inherit = "oms.sourcing.rule"

    def _is_complete(self):
        """Whether it says enough to be looked at: in a form that is being filled in, it may not yet."""
        try:
            return bool(self.kind and self._to_domain())
        except ValueError:
            return False
