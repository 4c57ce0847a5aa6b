from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        """Override of ``account``: the invoice of an exchange is paid with what came back for it, whoever posts it."""
        posted = super()._post(soft)
        invoices = posted.filtered(lambda move: move.move_type == "out_invoice")
        for order in invoices.line_ids.sale_line_ids.order_id.filtered("oms_exchange_return_id"):
            order._oms_reconcile()
        return posted

    def _compute_payment_state(self):
        """Override of ``account``: an invoice that is paid with what came back is paid; nobody reversed it."""
        result = super()._compute_payment_state()
        for move in self:
            if (
                move.payment_state == "reversed"
                and move.move_type == "out_invoice"
                and not move.reversal_move_ids
                and move.line_ids.sale_line_ids.order_id.oms_exchange_return_id
            ):
                move.payment_state = "paid"
        return result
