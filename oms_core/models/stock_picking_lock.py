from odoo import models
from odoo.exceptions import LockError, UserError


class StockPicking(models.Model):
    """Shipping and cancelling exclude each other; see ``sale.order._oms_lock_deliveries``."""

    _inherit = "stock.picking"

    def button_validate(self):
        """Override of ``stock``: what somebody is cancelling at this moment, or has cancelled, does not leave."""
        self._oms_lock()
        return super().button_validate()

    def _oms_validate(self):
        """Validate these transfers where nobody can answer: Odoo may ask back (an expired lot, a missing number) and then
        returns a dialog and has done nothing.

        :raise UserError: when one of them is not done.
        """
        answer = self.button_validate()
        waiting = self.filtered(lambda picking: picking.state != "done")
        if waiting:
            asked = answer.get("name") if isinstance(answer, dict) else ""
            raise UserError(
                self.env._(
                    "%(pickings)s is not done, nothing was moved. Odoo asks about it first (%(question)s): look at the "
                    "lots and quantities on the transfer.",
                    pickings=", ".join(waiting.mapped("name")),
                    question=asked or self.env._("something is missing"),
                )
            )

    def _action_done(self):
        self._oms_lock()
        return super()._action_done()

    def _oms_lock(self):
        """:raise LockError: when somebody else has one of them."""
        of_orders = self.filtered(
            lambda picking: (picking.sale_id.oms_channel_id or picking.oms_for_order_id) and picking.state != "done"
        )
        for picking in of_orders.filtered(lambda picking: picking.state == "cancel"):
            raise UserError(
                self.env._(
                    "%(picking)s was cancelled, its goods stay here. Order: %(order)s.",
                    picking=picking.name,
                    order=(picking.sale_id or picking.oms_for_order_id).name,
                )
            )
        of_orders.flush_recordset()
        try:
            of_orders.lock_for_update(allow_referencing=True)
        except LockError as error:
            # Still a LockError: a job repeats later what a person is told to.
            raise LockError(
                self.env._(
                    "Somebody is changing %s at this moment; the order may be being cancelled. Look at it again in a "
                    "moment.",
                    ", ".join(of_orders.mapped("name")),
                )
            ) from error
