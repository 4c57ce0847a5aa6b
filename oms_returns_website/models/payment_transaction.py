from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _set_canceled(self, **kwargs):
        """Override of ``payment``: who does not pay the rest has the store credit again."""
        result = super()._set_canceled(**kwargs)
        self._oms_release_carts()
        return result

    def _set_error(self, state_message, **kwargs):
        """Override of ``payment``: as above."""
        result = super()._set_error(state_message, **kwargs)
        self._oms_release_carts()
        return result

    def _oms_release_carts(self):
        failed = self.filtered(lambda transaction: transaction.state in ("cancel", "error"))
        # sudo: what follows from a payment is done by the system
        carts_sudo = failed.sudo().sale_order_ids.filtered(
            lambda order: order.oms_credit_until and not order._oms_is_being_paid()
        )
        carts_sudo._oms_release_cart_credit()

    def _post_process(self):
        """Override of ``oms_website``: a promise to pay the rest places the cart, with its credit or with a word about it."""
        promised = self.filtered(lambda transaction: transaction.state == "pending")
        for cart in promised._oms_get_short_carts():
            cart._oms_take_late_credit()
        return super()._post_process()

    def _oms_get_short_carts(self):
        """Carts of these payments whose credit was given back meanwhile."""
        return self.sale_order_ids.filtered(
            lambda order: order._oms_is_cart() and order.oms_credit_wanted > order.oms_credit_spent
        )

    def _check_amount_and_confirm_order(self):
        """Override of ``sale``: credit that was given back before the rest was paid is taken again, or the order waits."""
        waiting = self.browse()
        for transaction in self:
            if not all(cart._oms_take_late_credit() for cart in transaction._oms_get_short_carts()):
                waiting |= transaction
        return super(PaymentTransaction, self - waiting)._check_amount_and_confirm_order()
