"""Decisions that were made together with those about other orders, and orders that wait for that."""

from dataclasses import replace
from decimal import Decimal

from odoo import api, fields, models

from ..domain.model import WAIT
from ..domain.planner import decide
from ..domain.recording import digest
from .oms_sourcing_replay import PLANNER_CHANGED, SAME
from .sale_order_sourcing import Planned

RUN = "run"


class OmsSourcingDecision(models.Model):
    _inherit = "oms.sourcing.decision"

    trigger = fields.Selection(selection_add=[(RUN, "Sourcing run")], ondelete={RUN: "cascade"})
    told = fields.Json(
        readonly=True,
        prefetch=False,
        groups="oms_core.group_oms_manager",
        help="What was decided together with other orders, and is only told here: line, site, service, quantity.",
    )

    @api.model
    def _record_of_run(self, planned, seen):
        """Store a decision of a run, with what it means for the other orders."""
        sentence = f"{planned.decision.sentence} {seen.note}".strip()
        told = False
        if seen.ships is not None:
            told = {"ships": [[item, node, service, str(quantity)] for item, node, service, quantity in seen.ships]}
        return self._record([planned], RUN, sentence=sentence, told=told)

    def _replay(self):
        """Override: what was decided for many orders together is told again, not planned again."""
        result = super()._replay()
        for decision in self.sudo().filtered("told"):  # sudo: as for the inputs
            inputs = decision._restore()
            if inputs and result[self.browse(decision.id)] == PLANNER_CHANGED:
                ships = [(item, node, service, Decimal(units)) for item, node, service, units in decision.told["ships"]]
                if digest(decide(*inputs, ships)) == decision.result_hash:
                    result[self.browse(decision.id)] = SAME
        return result


class SaleOrder(models.Model):
    _inherit = "sale.order"

    @api.model
    def _oms_decide(self, wanted, trigger, excluded=None):
        """Override: confirmed orders of a policy that decides in runs wait for the next one."""
        later = {}
        if trigger == "confirm":
            wanted = {order: lines for order, lines in wanted.items() if lines}
            later = self._oms_get_decided_in_runs(wanted)
        if not later:
            return super()._oms_decide(wanted, trigger, excluded)
        now = {order: lines for order, lines in wanted.items() if order not in later}
        records = super()._oms_decide(now, trigger, excluded) if now else {}
        for loaded in self._oms_load_by_company({order: wanted[order] for order in later}, trigger, excluded):
            for order, demand in loaded.demands.items():
                chosen = loaded.chosen[order]
                # The policy as it is, but for what becomes of what is not shipped, which is all.
                waiting = replace(chosen.policy, leftover=WAIT, next=None, cancel_after_days=None)
                snapshot = loaded.snapshot_of(order)
                decision = decide(demand, snapshot, waiting, ())
                records[order] = self.env["oms.sourcing.decision"]._record(
                    [Planned(demand, snapshot, waiting, decision, chosen)],
                    trigger,
                    told={"ships": []},
                    sentence=self.env._("Waits for the next sourcing run, as the policy %s says.", later[order].name),
                )
        return {order: records[order] for order in wanted}

    @api.model
    def _oms_get_decided_in_runs(self, wanted):
        """{order: its policy} of those that wait for a run."""
        # sudo: policies work for whoever confirms
        policies_sudo = self.env["oms.sourcing.policy"].sudo()
        ids = policies_sudo._get_ids_in_runs()
        if not ids or not wanted:
            return {}
        chosen = policies_sudo._get_for(self.browse().union(*wanted))
        return {order: policies_sudo.browse(one.policy_id) for order, one in chosen.items() if one.policy_id in ids}

    def _oms_looked_at_by_run(self):
        """Those of these orders that a run has looked at."""
        # sudo: what the job did depends on nobody's rights
        lines_sudo = self.env["oms.sourcing.run.line"].sudo()
        groups = lines_sudo._read_group([("order_id", "in", self.ids), ("state", "!=", "proposed")], ["order_id"])
        return self.browse(order.id for (order,) in groups)

    def _oms_try_again(self):
        """Override: what waits for its first run is left to it; what waits for nothing any more is not."""
        is_for_run = self._oms_get_decided_in_runs({self: True}) and not self._oms_looked_at_by_run()
        if is_for_run and self.state == "sale" and self._oms_missing():
            return
        super()._oms_try_again()
