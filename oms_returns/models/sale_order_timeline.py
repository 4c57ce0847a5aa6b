from odoo import models

from odoo.addons.oms_core.domain.timeline import Event


class SaleOrder(models.Model):
    """What comes back is part of the story of an order."""

    _inherit = "sale.order"

    def _oms_timeline_events(self):
        """Override of ``oms_core`` to add when something was asked back. What arrived and what was credited is told there."""
        yield from super()._oms_timeline_events()
        returns = self.env["oms.return"].search_fetch(
            [("order_ids", "in", self.ids), ("state", "!=", "cancelled")],
            ["order_ids", "kind", "name", "create_date", "create_uid"],
        )
        sentences = {"return": self.env._("A return was asked for."), "claim": self.env._("A claim was made.")}
        for record in returns:
            event = Event(
                *(record.create_date, "return", sentences[record.kind]),
                *(self._oms_who(record.create_uid), record.name, True),
            )
            for order in record.order_ids & self:
                yield (order.id, event)
