from odoo import models

from odoo.addons.oms_core.domain.timeline import Event, cut


class SaleOrder(models.Model):
    """Where the goods come from, and why, is part of the story of an order."""

    _inherit = "sale.order"

    def _oms_timeline_events(self):
        """Override of ``oms_core`` to add the decisions."""
        yield from super()._oms_timeline_events()
        decisions = self.env["oms.sourcing.decision"].search_fetch(
            [("order_id", "in", self.ids)], ["order_id", "sentence", "create_date", "create_uid", "trigger"]
        )
        for decision in decisions:
            who = self._oms_who(decision.create_uid) if decision.trigger == "manual" else ""
            yield decision.order_id.id, Event(decision.create_date, "decision", cut(decision.sentence), who)

    def action_oms_source_again(self):
        """Override: to look for another place by hand is work on the order."""
        self._oms_touch(self.env._("sourced it again"))
        return super().action_oms_source_again()
