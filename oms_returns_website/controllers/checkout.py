"""Store credit in the checkout: chosen on the payment page, taken when “Pay now” is pressed."""

from decimal import Decimal, InvalidOperation

from odoo.exceptions import AccessError, MissingError, UserError, ValidationError
from odoo.http import request, route

from odoo.addons.website_sale.controllers.delivery import Delivery
from odoo.addons.website_sale.controllers.main import WebsiteSale
from odoo.addons.website_sale.controllers.payment import PaymentPortal


def _is_owner(order):
    """Whether who looks is the customer of this cart: nobody else uses, or sees, the credit."""
    user = request.env.user
    return not user._is_public() and user.partner_id.commercial_partner_id == order.partner_id.commercial_partner_id


class StoreCreditCheckout(WebsiteSale):
    def _get_shop_payment_values(self, order, **kwargs):
        """Override of ``website_sale``: what is paid natively is the rest."""
        values = super()._get_shop_payment_values(order, **kwargs)
        if order and order._oms_is_cart() and _is_owner(order):
            credit = order._oms_get_checkout_credit()
            values["oms_credit"] = {name: float(amount) for name, amount in credit.items()}
            values["oms_credit_message"] = request.session.pop("oms_credit_message", "")
            values["amount"] = float(credit["rest"])
        return values

    @route("/shop/store_credit", type="http", auth="user", methods=["POST"], website=True, sitemap=False)
    def shop_store_credit(self, amount="0", **_post):
        """Use so much store credit for this cart; nothing of it is taken yet."""
        order_sudo = request.cart
        if not order_sudo or not _is_owner(order_sudo):
            return request.redirect(self._get_shop_path())
        try:
            wanted = Decimal(amount.strip().replace(",", "."))
            if not wanted.is_finite():
                raise InvalidOperation
            order_sudo._oms_want_credit(wanted)
        except InvalidOperation:
            self._tell(request.env._("“%s” is no amount.", amount[:20]))
        except UserError as refusal:
            self._tell(str(refusal))
        return request.redirect("/shop/payment")

    @route("/shop/store_credit/pay", type="http", auth="user", methods=["POST"], website=True, sitemap=False)
    def shop_store_credit_pay(self, **_post):
        """Place an order that store credit pays in whole."""
        order_sudo = request.cart
        if not order_sudo or not _is_owner(order_sudo):
            return request.redirect(self._get_shop_path())
        if self._check_cart_and_addresses(order_sudo) or self._get_shop_payment_errors(order_sudo):
            return request.redirect("/shop/payment")
        try:
            with request.env.cr.savepoint():
                if order_sudo._oms_is_being_paid() or order_sudo._oms_get_checkout_credit()["rest"]:
                    raise UserError(request.env._("The cart has been updated. Choose again how to pay."))
                order_sudo._check_cart_is_ready_to_be_paid()
                order_sudo._oms_take_cart_credit()
                order_sudo._validate_order()
        except UserError as refusal:
            self._tell(str(refusal))
            return request.redirect("/shop/payment")
        request.session["sale_last_order_id"] = order_sudo.id
        request.website.sale_reset()
        return request.redirect("/shop/confirmation")

    def _tell(self, message):
        request.session["oms_credit_message"] = message


class StoreCreditPayment(PaymentPortal):
    @route()
    def shop_payment_transaction(self, order_id, access_token, **kwargs):
        """Override of ``website_sale``: takes the store credit, and begins the payment of the rest.

        What pays the whole amount (a button of a wallet on the cart's page) uses no credit.
        """
        try:
            order_sudo = self._document_check_access("sale.order", order_id, access_token)
        except (AccessError, MissingError):
            return super().shop_payment_transaction(order_id, access_token, **kwargs)  # which says so
        if not (order_sudo._oms_is_cart() and order_sudo.oms_credit_wanted > 0):
            return super().shop_payment_transaction(order_id, access_token, **kwargs)
        order_sudo.lock_for_update()
        compare, total = order_sudo.currency_id.compare_amounts, order_sudo.amount_total
        told = float(kwargs.get("amount") or 0.0)
        rest = float(order_sudo._oms_get_checkout_credit()["rest"])
        if not _is_owner(order_sudo) or (told and compare(told, total) == 0 and compare(rest, total)):
            order_sudo._oms_want_credit(Decimal(0))
        elif (told and compare(told, rest)) or compare(rest, 0) <= 0:
            raise ValidationError(request.env._("The cart has been updated. Please refresh the page."))
        else:
            order_sudo._oms_take_cart_credit()
        return super().shop_payment_transaction(order_id, access_token, **{**kwargs, "amount": total})

    def _create_transaction(self, *args, amount=None, custom_create_values=None, **kwargs):
        """Override of ``payment``: of a cart for which credit was taken, the rest is paid.

        Other pages (that of the quotation) ask for the rest, or for a part, by themselves.
        """
        orders = [
            record_id
            for _command, _id, ids in (custom_create_values or {}).get("sale_order_ids", ())
            for record_id in ids
        ]
        cart_sudo = request.env["sale.order"].sudo().browse(orders)  # sudo: as the caller, which has checked who pays
        if len(cart_sudo) == 1 and cart_sudo._oms_is_cart() and cart_sudo.oms_credit_until:
            compare, total = cart_sudo.currency_id.compare_amounts, cart_sudo.amount_total
            if compare(float(amount or 0.0), total) == 0:
                amount = cart_sudo.currency_id.round(total - cart_sudo.oms_credit_spent)
        return super()._create_transaction(*args, amount=amount, custom_create_values=custom_create_values, **kwargs)


class StoreCreditDelivery(Delivery):
    @route()
    def shop_set_delivery_method(self, dm_id=None, **kwargs):
        """Override of ``website_sale``: another way of delivery is a change of the cart, which gives its credit back."""
        order_sudo = request.cart
        changes = order_sudo and dm_id and int(dm_id) != order_sudo.carrier_id.id
        if changes and order_sudo.oms_credit_until and not order_sudo._oms_is_being_paid():
            order_sudo._oms_release_cart_credit()
        return super().shop_set_delivery_method(dm_id=dm_id, **kwargs)
