from odoo import models

from odoo.addons.oms_core.const import COLLECTED_METHODS, INSIDE


class SaleOrder(models.Model):
    """A cart becomes an order when its customer places it: pays, promises to pay, or has nothing to pay.

    From then on it carries its website's channel and goes the way of every order: rules, holds, the customer's time for
    changes, goods set aside, confirmation, sourcing. Payments are Odoo's own transactions, and stay that.
    """

    _inherit = "sale.order"

    def action_confirm(self):
        """Override of ``sale``: carts are placed, and confirmed if nothing speaks against it.

        What holds an order is no error of its customer, whose payment is being worked on: it waits, and nothing is raised.
        """
        carts = self.filtered(lambda order: order.website_id and order.state in ("draft", "sent"))
        if not carts or self._oms_is_by_person() or self.env.context.get("oms_placed") is INSIDE:
            return super().action_confirm()
        if self.env.context.get("oms_by_job") is INSIDE:
            # A hold was released, the time for changes is over, the till was paid.
            carts._oms_take_channel()
            return super().action_confirm()
        carts.check_access("write")  # else whoever may see a cart would have it sent without paying it
        carts._oms_place_carts()
        others = self - carts
        return super(SaleOrder, others).action_confirm() if others else True

    def _oms_to_place(self):
        """Override of ``oms_core``: a cart that a clerk confirms becomes an order of its website, too."""
        carts = self.filtered(lambda order: order.website_id and order.state in ("draft", "sent"))
        carts._oms_take_channel()
        return super()._oms_to_place() | carts

    def _oms_take_channel(self):
        """Give these carts the channel of their website."""
        for order in self.filtered(lambda order: not order.oms_channel_id):
            # sudo: who buys or sells on a website may have the order taken for its channel
            order_sudo = order.sudo()
            order_sudo.write(
                {
                    "oms_channel_id": order_sudo.website_id._oms_get_channel().id,
                    "oms_number": order_sudo.name,
                    "validity_date": False,  # what was bought does not expire like an offer
                    **order_sudo._oms_prepare_delivery_method(),
                }
            )

    def _oms_prepare_delivery_method(self):
        """How the customer wants the goods, from the delivery method chosen at the checkout."""
        if self.carrier_id.delivery_type == "in_store":  # of website_sale_collect, where that is installed
            return {"oms_delivery_method": "pickup", "oms_pickup_warehouse_id": self.warehouse_id.id}
        return {} if self.oms_delivery_method in COLLECTED_METHODS else {"oms_delivery_method": "ship"}

    def _oms_place_carts(self, waits_for=None):
        """Take these carts for orders, and let those go on that nothing speaks against.

        :param waits_for: a sentence, when the money is still to come.
        """
        # sudo: what follows from a customer's order is done by the system
        carts = self.sudo().with_context(oms_placed=INSIDE, oms_by_job=INSIDE)
        carts._oms_take_channel()
        carts._oms_place()
        for cart in carts:
            standing = cart.oms_hold_ids.filtered(lambda hold: hold.is_open and hold.kind == "payment")
            if waits_for and not standing:
                cart._oms_hold("payment", waits_for)
            elif not waits_for and standing:
                standing._release()
        carts._oms_release_clean()
        waiting = carts.filtered(lambda order: order.state in ("draft", "sent"))
        if waiting:
            # A cart that somebody has ordered is no cart any more: it is not offered to its customer again, nor reminded of.
            waiting.filtered(lambda order: order.state == "draft").with_context(
                tracking_disable=True
            ).action_quotation_sent()
            waiting._oms_pending()._transition("voided")  # set aside for a checkout; from now on for an order
            waiting._oms_promise()
