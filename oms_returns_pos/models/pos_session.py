from odoo import models


class PosSession(models.Model):
    _inherit = "pos.session"

    def _reconcile_account_move_lines(self, data):
        """Override of ``point_of_sale``: what the closing charges to customers is set off against the store credit that they
        spent, payment by payment."""
        data = super()._reconcile_account_move_lines(data)
        lines_sudo = (
            data.get("pay_later_move_lines") or self.env["account.move.line"]
        ).sudo()  # sudo: the closing's own
        payments = self._get_closed_orders().payment_ids.filtered(
            lambda payment: payment.payment_method_id.oms_is_store_credit and not payment.pos_order_id.account_move
        )
        for payment in payments:
            customer = self.env["res.partner"]._find_accounting_partner(payment.partner_id)
            name = f"{self.name} - {payment.payment_method_id.name}"
            charged_sudo = lines_sudo.filtered(
                lambda line, customer=customer, name=name: (
                    line.partner_id == customer and line.name == name and not line.reconciled
                )
            )
            payment._oms_set_off(charged_sudo, payment._oms_get_credit_entries_sudo())
        return data
