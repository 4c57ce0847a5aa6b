from odoo import models


class SaleOrder(models.Model):
    """What a till has taken for an order is on none of its payment transactions, and seldom on an invoice of it."""

    _inherit = "sale.order"

    def _oms_get_paid(self):
        """Override of ``oms_returns``: with what tills took."""
        return super()._oms_get_paid() + sum(self._oms_get_till_lines_sudo().mapped("price_subtotal_incl"))

    def _oms_get_charged_total(self):
        """Override of ``oms_returns``: with what tills charged on no invoice of this order."""
        lines_sudo = self._oms_get_till_lines_sudo()
        others_sudo = lines_sudo.filtered(
            lambda line: not line.order_id.account_move & self.sudo().invoice_ids  # sudo: as for the lines
        )
        return super()._oms_get_charged_total() + sum(others_sudo.mapped("price_subtotal_incl"))

    def _oms_get_till_lines_sudo(self):
        # sudo: sales of tills are closed to clerks; what was paid must not depend on who looks
        return self.sudo().order_line.pos_order_line_ids._oms_is_paid()
