from decimal import Decimal, InvalidOperation

from odoo.exceptions import AccessError, MissingError
from odoo.http import request
from odoo.tools import consteq

from ..const import CUSTOMER_ADDRESS_MAX_CHARS, CUSTOMER_NOTE_MAX_CHARS
from .portal import OmsPortal, customer_page

KINDS = ("address", "method", "pickup")
ID_MAX_DIGITS = 9


class OmsPortalChange(OmsPortal):
    """Customers cancel and change their own orders: they look at what comes of it first, and then do it."""

    @customer_page("/my/orders/<int:order_id>/change/<string:kind>")
    def oms_order_change(self, order_id, kind, access_token=None, step="", basis="", **form):
        order = self._oms_get_own_order(order_id, access_token)
        if not order or kind not in KINDS:
            return request.redirect("/my")
        if request.httprequest.method != "POST":
            return self._oms_render_change(order, kind, access_token, self._oms_get_current(order))
        values = self._oms_read_address(form) if kind == "address" else self._oms_read_method(form)
        if step == "apply":
            error = order._oms_apply_customer_change(kind, values, basis)
            if not error:
                return self._oms_back(order, request.env._("Done. Your order is changed."))
        else:
            error = order._oms_check_customer_change(kind, values)
        sentences = [] if error else order._oms_preview_customer_change(kind)
        return self._oms_render_change(order, kind, access_token, values, error, sentences)

    @customer_page("/my/orders/<int:order_id>/cancel")
    def oms_order_cancel(self, order_id, access_token=None, step="", basis="", late="", note="", **form):
        order = self._oms_get_own_order(order_id, access_token)
        if not order:
            return request.redirect("/my")
        if request.httprequest.method != "POST":
            return self._oms_render_cancel(order, access_token)
        note = typed_line(note, CUSTOMER_NOTE_MAX_CHARS)
        quantities, error = self._oms_read_quantities(order, form)
        if error:
            return self._oms_render_cancel(order, access_token, note=note, error=error)
        if step == "apply":
            done, sentence = order._oms_cancel_for_customer(quantities, note, basis, knows_late=late == "1")
            if done:
                return self._oms_back(order, sentence)
            return self._oms_render_cancel(order, access_token, quantities, note, sentence)
        sentences = order._oms_preview_cancellation(quantities)[0]
        return self._oms_render_cancel(order, access_token, quantities, note, sentences=sentences)

    # -------------------------------------------------------------------------------------------------------- WHOSE

    def _oms_get_own_order(self, order_id, access_token):
        """The order, as superuser in the name of who asks, when it is theirs to change; else nothing.

        Theirs: a portal user of the same customer, or who has the token of the order's page. Who works here needs the right
        to write orders, token or not, for tokens can be read by all who may read orders.
        """
        token = access_token if access_token and access_token.isascii() else None
        try:
            order_sudo = self._document_check_access("sale.order", order_id, access_token=token)
            user = request.env.user
            if user._is_internal():
                order_sudo.with_user(user).check_access("write")
            elif not (token and order_sudo.access_token and consteq(order_sudo.access_token, token)):
                owner = order_sudo.partner_id.commercial_partner_id
                if user._is_public() or user.partner_id.commercial_partner_id != owner:
                    return None
        except (AccessError, MissingError):
            return None
        # sudo: customers have no rights to the documents of their order; what they may do is decided by the order
        return order_sudo.with_user(user).sudo().with_company(order_sudo.company_id)

    # ------------------------------------------------------------------------------------------------------- READING

    def _oms_get_current(self, order):
        address = order.partner_shipping_id
        return {
            **{name: address[name] or "" for name in CUSTOMER_ADDRESS_MAX_CHARS},
            "state_id": address.state_id.id,
            "delivery_method": order.oms_delivery_method,
            "pickup_warehouse_id": order.oms_pickup_warehouse_id.id,
        }

    def _oms_read_address(self, form):
        """What was entered, of bearable length; the order decides whether it is an address."""
        texts = {name: typed_line(form.get(name), size) for name, size in CUSTOMER_ADDRESS_MAX_CHARS.items()}
        return {**texts, "country_id": _read_id(form.get("country_id")), "state_id": _read_id(form.get("state_id"))}

    def _oms_read_method(self, form):
        return {
            "delivery_method": typed_line(form.get("delivery_method"), 40) or False,
            "pickup_warehouse_id": _read_id(form.get("pickup_warehouse_id")),
        }

    def _oms_read_quantities(self, order, form):
        """({order line: how much of it is not wanted}, why not); ``None`` for all of everything."""
        lines = {str(line.line_id): line for line in order._oms_get_standing()}
        records = {str(line.id): line for line in order.order_line}
        entered = {name.removeprefix("qty_"): text for name, text in form.items() if name.startswith("qty_")}
        if not entered.keys() <= lines.keys():
            return None, request.env._("This is not part of your order. Please look again.")
        quantities = {}
        for name, text in entered.items():
            quantity = typed_quantity(text)
            if quantity is None or quantity > lines[name].ordered:
                return None, request.env._(
                    "Enter for each product how much of it you do not want, up to what you ordered."
                )
            step = Decimal(str(records[name].product_uom_id.rounding or 0.01))
            if quantity % step:
                return None, request.env._("“%s” cannot be divided like that.", records[name].product_id.name)
            if quantity:
                quantities[records[name]] = quantity
        if not quantities:
            return None, request.env._("Choose what you do not want.")
        whole = len(quantities) == len(lines) and all(
            quantity == lines[str(line.id)].ordered for line, quantity in quantities.items()
        )
        return None if whole else quantities, ""

    # ------------------------------------------------------------------------------------------------------- SHOWING

    def _oms_render_change(self, order, kind, access_token, values, error="", sentences=()):
        choice = order._oms_get_customer_choices().get(kind)
        if not choice:
            return self._oms_back(order, "")
        return self._oms_render_page(
            order,
            "oms_core.portal_change",
            {
                "kind": kind,
                "choice": choice,
                "values": values,
                "error": error,
                "sentences": sentences,
                "country": order._oms_get_delivery_country(),
                "methods": order._oms_get_customer_methods(),
                "places": order._oms_get_pickup_places(),
                "sizes": CUSTOMER_ADDRESS_MAX_CHARS,
                "access_token": access_token,
            },
        )

    def _oms_render_cancel(self, order, access_token, quantities=None, note="", error="", sentences=()):
        choice = order._oms_get_customer_choices().get("cancel")
        if not choice:
            return self._oms_back(order, error)
        wanted = {line.id: quantity for line, quantity in (quantities or {}).items()}
        rows = [
            {
                "line": order.order_line.browse(line.line_id),
                "ordered": _plain(line.ordered),
                "wanted": _plain(line.ordered if quantities is None else wanted.get(line.line_id, Decimal(0))),
            }
            for line in order._oms_get_standing()
        ]
        return self._oms_render_page(
            order,
            "oms_core.portal_cancel",
            {
                "choice": choice,
                "rows": rows,
                "note": note,
                "error": error,
                "sentences": sentences,
                "note_max": CUSTOMER_NOTE_MAX_CHARS,
                "access_token": access_token,
            },
        )

    def _oms_render_page(self, order, template, values):
        return self._oms_render_private(
            template,
            {
                **values,
                "order": order,
                "basis": order._oms_get_basis(),
                "order_url": order.get_portal_url(),
                "res_company": order.company_id,
                "page_name": "order",
            },
            referrer="same-origin",
        )

    def _oms_back(self, order, sentence):
        """To the page of the order, which then says what was done."""
        request.session["oms_done"] = [order.id, sentence] if sentence else None
        return request.redirect(order.get_portal_url())


def typed_quantity(text):
    """What somebody typed as a quantity; nothing is zero, and ``None`` is no quantity.

    >>> typed_quantity(" 1,5 "), typed_quantity(""), typed_quantity("-1"), typed_quantity("many")
    (Decimal('1.5'), Decimal('0'), None, None)
    """
    try:
        quantity = Decimal(str(text).strip()[:20].replace(",", ".") or "0")
    except InvalidOperation:
        return None
    return quantity if quantity.is_finite() and quantity >= 0 else None


def typed_line(text, size):
    """What somebody typed, on one line and not longer than that. A file in the place of a word is nothing."""
    text = text[: size * 4] if isinstance(text, str) else ""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:size]


def _plain(quantity):
    return f"{quantity.normalize():f}"


def _read_id(text):
    text = str(text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= ID_MAX_DIGITS else False
