from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _post_process(self):
        """Override of ``sale``: an order whose customer has promised to pay (by bank transfer) is placed, and waits for the
        money with its goods set aside; when the money comes, it goes on by itself."""
        result = super()._post_process()
        for transaction in self.filtered(lambda tx: tx.state == "pending" and tx.operation != "validation"):
            orders = transaction.sale_order_ids.filtered(
                lambda order: order.website_id and order.state in ("draft", "sent")
            )
            if orders:
                orders._oms_place_carts(
                    waits_for=self.env._(
                        "The customer has still to pay (%s). It goes on by itself when the provider confirms the payment; "
                        "release it when the money has come to the bank.",
                        transaction.provider_id.name,
                    )
                )
        return result

    def _check_amount_and_confirm_order(self):
        """Override of ``sale``: of an order that is paid and held, its customer is told that the payment has come."""
        return super()._check_amount_and_confirm_order().filtered(lambda order: order.state == "sale")
