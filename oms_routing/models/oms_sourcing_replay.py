"""Planning again what was planned, from the inputs that were kept: it must come to the same, bit for bit."""

from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.oms_core.notice import notice

from ..const import INPUTS_BATCH, INPUTS_KEPT_DAYS
from ..domain.planner import fingerprint, plan
from ..domain.recording import digest, restore

#: What a replay comes to.
SAME, PLANNER_CHANGED, INPUTS_CHANGED, NO_INPUTS = "same", "planner", "inputs", "gone"


class OmsSourcingDecision(models.Model):
    _inherit = "oms.sourcing.decision"

    def _restore(self):
        """(``Demand``, ``Snapshot``, ``Policy``) of this decision; ``None`` if they were removed or cannot be read."""
        self.ensure_one()
        inputs = self.sudo().inputs  # sudo: whoever may read a decision may have it planned again
        try:
            return restore(inputs) if inputs else None
        except (ValueError, TypeError, KeyError):
            return None

    def _replay(self):
        """Plan these decisions again.

        :return: {decision: ``same`` (bit for bit), ``planner`` (equal inputs, but the planner has changed since),
            ``inputs`` (what was kept is not what was decided on) or ``gone`` (no longer kept)}
        """
        result = {}
        for decision in self:
            inputs = decision._restore()
            if inputs is None:
                result[decision] = NO_INPUTS
            elif digest(plan(*inputs)) == decision.result_hash:
                result[decision] = SAME
            elif fingerprint(*inputs) == decision.snapshot_hash:
                result[decision] = PLANNER_CHANGED
            else:
                result[decision] = INPUTS_CHANGED
        return result

    def action_replay(self):
        """Plan these decisions again from what was kept, and say what came of it. Nothing is changed."""
        self.check_access("read")
        found = list(self._replay().values())
        words = {
            SAME: self.env._("the same, bit for bit"),
            PLANNER_CHANGED: self.env._("another one: the inputs are the same, the planner has changed since"),
            INPUTS_CHANGED: self.env._("another one: what was kept is not what was decided on"),
            NO_INPUTS: self.env._("none: the inputs are no longer kept"),
        }
        if len(found) == 1:
            message = self.env._("Planned again, the decision is %s.", words[found[0]])
        else:
            message = "; ".join(f"{found.count(code)} × {text}" for code, text in words.items() if found.count(code))
        is_same = set(found) == {SAME}
        return notice(message, "success" if is_same else "warning", sticky=not is_same)

    @api.autovacuum
    def _gc_inputs(self):
        """Remove inputs that are so old that nobody plans them again; the decisions stay as they are.

        :return: (how many were removed, whether there are more)
        """
        old = fields.Datetime.now() - timedelta(days=INPUTS_KEPT_DAYS)
        decisions = self.search([("create_date", "<", old), ("inputs", "!=", False)], limit=INPUTS_BATCH)
        decisions.inputs = False
        return len(decisions), len(decisions) == INPUTS_BATCH
