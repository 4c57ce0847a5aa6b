from dataclasses import replace
from decimal import Decimal

from odoo import api, models

from odoo.addons.oms_core.const import FED_NODE_TYPES

from ..domain.backtest import Case
from ..domain.decision import UNSOURCED, Allocation

#: Triggers after which nothing is held yet but what was set aside.
FIRST_TRIGGERS = ("confirm",)
#: Triggers of decisions that many orders share.
JOINT_TRIGGERS = ("run",)


class OmsSourcingDecision(models.Model):
    """Decisions of the past as cases on which policies are tried."""

    _inherit = "oms.sourcing.decision"

    @api.model
    def _find_cases(self, company, since, until=None, limit=None):
        """The latest first decisions about the orders of a company whose inputs are kept, in the sequence of deciding."""
        # sudo: what was decided is tried for whoever may try policies, whichever of the orders he sees
        found_sudo = self.sudo().search(self._get_cases_domain(company, since, until), order="id desc", limit=limit)
        return found_sudo.sorted(lambda one: (one.journal_position, one.id))

    @api.model
    def _get_cases_domain(self, company, since, until=None):
        domain = [
            ("company_id", "=", company.id),
            ("trigger", "in", FIRST_TRIGGERS),
            ("inputs", "!=", False),
            ("create_date", ">=", since),
        ]
        if until:
            domain.append(("create_date", "<", until))
        return domain

    def _get_cases(self):
        """{decision: ``Case``} of those whose inputs are kept and can be read, in the sequence of deciding."""
        decisions_sudo = self.sudo().sorted(lambda one: (one.journal_position, one.id))  # sudo: as for _find_cases
        decisions_sudo.fetch(["inputs", "told"])  # one by one it would be a query each
        joint_sudo = decisions_sudo.filtered("told")
        by_run = joint_sudo._get_decided_by_run()
        fed = self.env["stock.warehouse"].sudo().search([("oms_node_type", "in", FED_NODE_TYPES)])  # sudo: as above
        counted = decisions_sudo.line_ids.product_id.browse()
        for company, of_company in decisions_sudo.grouped("company_id").items():
            products = of_company.line_ids.product_id
            counted |= self.env["oms.availability"].with_company(company)._get_counted(products)[0]
        cases = {}
        for decision in decisions_sudo:
            inputs = decision._restore()
            if inputs is None:
                continue
            demand, snapshot, policy = inputs
            cases[decision] = Case(
                demand,
                snapshot,
                decision.journal_position,
                by_run.get(decision, decision)._to_allocations(),
                policy,
                is_first=decision.trigger in FIRST_TRIGGERS,
                batch=(decision.create_date, decision.journal_position),
                is_joint=decision in joint_sudo,
                told=frozenset(fed.ids),
                uncounted=frozenset(demand.wanted()) - frozenset(counted.ids),
            )
        decisions_sudo.invalidate_recordset(["inputs"])  # some kilobytes each
        return cases

    def _get_decided_by_run(self):
        """{decision that an order waits for a run: what the run decided then}, for those that a run has decided. As superuser."""
        if not self:
            return {}
        later = self.search([("order_id", "in", self.order_id.ids), ("trigger", "in", JOINT_TRIGGERS)], order="id desc")
        of_order = {one.order_id: one for one in later}  # the first of each: what is later moves what that one gave
        return {one: of_order[one.order_id] for one in self if one.order_id in of_order}

    def _to_allocations(self):
        self.ensure_one()
        # Of an order that no site may ship the planner allocates nothing.
        return tuple(line._to_allocation() for line in self.line_ids if self.outcome != UNSOURCED)

    @api.model
    def _with_places_of_now(self, cases):
        """The same cases with the groups that places are in, and the countries that they ship to, as they are now.

        What a rule of today names was recorded with no order of the past, unless a rule of then asked for it.
        """
        nodes = {node.id for case in cases.values() for node in case.snapshot.nodes}
        places_sudo = self.env["stock.warehouse"].sudo().browse(nodes).exists()  # sudo: as for _find_cases
        facts = {
            place.id: {
                "groups": frozenset(place.oms_node_group_ids.ids),
                "ships_to": frozenset(place.oms_ships_to_country_ids.mapped("code")) or None,
            }
            for place in places_sudo
        }
        return {decision: _seen_now(case, facts) for decision, case in cases.items()}

    def _get_case_timeline(self, company, position):
        """The stock of everything that these decisions are about, to be walked from a position of the journal on."""
        warehouses = (
            self.env["stock.warehouse"].sudo().with_context(active_test=False).search([("company_id", "!=", False)])
        )  # sudo: as above
        own = warehouses.filtered(lambda warehouse: warehouse.company_id == company)
        products = self.sudo().line_ids.product_id  # sudo: as above
        return self.env["oms.stock.event"].sudo()._get_timeline(products, own | warehouses, position)


def _seen_now(case, facts):
    nodes = tuple(
        node
        if node.id not in facts or all(getattr(node, name) == value for name, value in facts[node.id].items())
        else replace(node, **facts[node.id])
        for node in case.snapshot.nodes
    )
    return replace(case, snapshot=replace(case.snapshot, nodes=nodes))


class OmsSourcingDecisionLine(models.Model):
    _inherit = "oms.sourcing.decision.line"

    def _to_allocation(self):
        self.ensure_one()
        return Allocation(
            self.sale_line_id.id,
            self.product_id.id,
            self.warehouse_id.id or None,
            Decimal(repr(self.quantity)),
            self.mode,
            self.service or None,
            via_node_id=self.via_warehouse_id.id or None,
        )
