from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request

from odoo.addons.oms_core.controllers.portal import IDS
from odoo.addons.oms_core.controllers.portal_change import typed_line, typed_quantity
from odoo.addons.purchase.controllers.portal import CustomerPortal

STEPS = ("accept", "sent", "reject")
WORDS = ("expected_on", "tracking", "reason")
TEXT_MAX_CHARS = 200


class OmsVendorPortal(CustomerPortal):
    """A vendor answers on the page of its order what it sends to our customer: by login, or by the link of our mail."""

    @http.route(
        "/my/purchase/<int:order_id>/vendor", type="http", auth="public", website=True, sitemap=False, methods=["POST"]
    )
    def oms_vendor_answer(self, order_id, access_token=None, step="", basis="", **form):
        purchase = self._oms_get_own_purchase(order_id, access_token)
        if not purchase or step not in STEPS:
            return request.redirect("/my")
        quantities, error = self._oms_read_sent(purchase, form)
        words = {name: typed_line(form.get(name), TEXT_MAX_CHARS) for name in WORDS}
        if not error:
            done, error = self._oms_do_answer(purchase, step, basis, quantities, words)
        told = ["warning", error] if error else ["success", done]
        request.session["oms_vendor_told"] = [purchase.id, *told]
        return request.redirect(purchase.get_portal_url())

    def _oms_do_answer(self, purchase, step, basis, quantities, words):
        """(what was done, why not). What the vendor cannot put right by itself, the buyer hears too."""
        try:
            purchase._oms_check_vendor_answer(step, basis, quantities, words)
        except UserError as refused:
            return "", str(refused)
        try:
            with request.env.cr.savepoint():
                return purchase._oms_vendor_answer(step, quantities, words), ""
        except UserError as refused:
            purchase._oms_tell_answer_refused(step, quantities, words, refused)
            return "", str(refused)

    def _oms_get_own_purchase(self, order_id, access_token):
        """The purchase order, as superuser in the name of who asks, when it is theirs to answer; else nothing.

        Theirs: a portal user of the vendor, or who has the token of our mail. Who works here needs the right to write
        purchase orders, token or not.
        """
        token = access_token if isinstance(access_token, str) and access_token.isascii() else None
        if order_id not in IDS:
            return None
        user = request.env.user
        try:
            order_sudo = self._document_check_access("purchase.order", order_id, access_token=token)
            if user._is_internal():
                order_sudo.with_user(user).check_access("write")
        except (AccessError, MissingError):
            return None
        # sudo: vendors have no rights to what follows from their answer; what they may answer is decided by the order
        return order_sudo.with_user(user).sudo().with_company(order_sudo.company_id)

    def _oms_read_sent(self, purchase, form):
        """({line of the purchase: how much of it is meant, in its unit}, why not)."""
        lines = {f"qty_{line.id}": line for line in purchase.order_line}
        entered = {lines[name]: typed_quantity(text) for name, text in form.items() if name in lines}
        if None in entered.values():
            return {}, request.env._("Enter for each product how much of it you mean, as a number.")
        return {line: float(quantity) for line, quantity in entered.items() if quantity}, ""

    def _purchase_order_get_page_view_values(self, order, access_token, **kwargs):
        """Override of ``purchase`` to show what came of the vendor's answer, once."""
        values = super()._purchase_order_get_page_view_values(order, access_token, **kwargs)
        order_id, color, sentence = request.session.pop("oms_vendor_told", None) or (None, "", "")
        if order_id == order.id:
            values.update(oms_told=sentence, oms_told_color=color)
        return values
