from datetime import timedelta

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Domain
from odoo.http import request

from odoo.addons.sale.controllers.portal import CustomerPortal

from ..const import LOOKUP_LINK_HOURS, LOOKUP_TEXT_MAX_CHARS

#: Other numbers in an address name no record, and larger ones are none for the database.
IDS = range(1, 2**31)


def _typed(value, limit=LOOKUP_TEXT_MAX_CHARS):
    """What somebody typed into a form. A file in the place of a word is nothing, and no database stores null bytes."""
    return value.replace("\0", "").strip()[:limit] if isinstance(value, str) else ""


def customer_page(*paths, **options):
    """The route of a page that customers look at and send forms to, with a login or without. Its method checks who may."""
    methods = ["GET", "POST"]
    return http.route(list(paths), type="http", auth="public", website=True, sitemap=False, methods=methods, **options)


class OmsPortal(CustomerPortal):
    """Where an order is, for its customer: in the portal, by the link of a mail, or by its number and a proof."""

    # --------------------------------------------------------------------------------------------- BY THE SIGNED LINK

    @http.route("/oms/track/<int:order_id>/<string:token>", type="http", auth="public", website=True, sitemap=False)
    def oms_track(self, order_id, token, **_kwargs):
        """The page behind the link of a mail. It shows where the goods are, and neither prices nor addresses."""
        order_sudo = self._oms_get_tracked_order_sudo(order_id, token)
        return self._oms_render_track(order_sudo, token) if order_sudo else self._oms_render_expired()

    @http.route(
        "/oms/track/<int:order_id>/<string:token>/come",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["POST"],
    )
    def oms_track_come(self, order_id, token, picking_id=0, step="", bay="", vehicle="", **_kwargs):
        """The customer is on the way, or here. Who has the link of a mail may say so; the goods need the code besides."""
        order_sudo = self._oms_get_tracked_order_sudo(order_id, token)
        if not order_sudo:
            return self._oms_render_expired()
        if error := self._oms_come(order_sudo, picking_id, step, bay, vehicle):
            return self._oms_render_track(order_sudo, token, error)
        return request.redirect(f"/oms/track/{order_id}/{token}")

    def _oms_open_link(self, purpose, order_id, token, is_token="_oms_is_tracking_token"):
        """``(order, None)`` for who has a signed link of this order, else ``(None, answer)``; who sends wrong ones waits.

        :param purpose: what the page is for; wrong links are counted for each page on its own.
        """
        attempts = request.env["oms.lookup.attempt"]
        visitor = f"{purpose} {attempts._get_source(request.httprequest.remote_addr)}"
        if attempts._is_blocked(visitor):
            sentence = request.env._("Too many tries. Please wait an hour.")
            return None, self._oms_render_lookup(error=sentence, status=429)
        order_sudo = self._oms_get_tracked_order_sudo(order_id, token, is_token)
        if not order_sudo:
            attempts._note(visitor)
            return None, self._oms_render_expired()
        return order_sudo, None

    def _oms_get_tracked_order_sudo(self, order_id, token, is_token="_oms_is_tracking_token"):
        """
        :param is_token: the method of orders that says whether the token was made for one, and for this kind of page.
        """
        if order_id not in IDS:
            return None
        # sudo: the token proves that the link was made for this order
        order_sudo = request.env["sale.order"].sudo().browse(order_id)
        if not getattr(order_sudo, is_token)(token) or not order_sudo.exists():
            return None
        return order_sudo.with_company(order_sudo.company_id)

    def _oms_render_track(self, order_sudo, token, error=""):
        values = {
            "order": order_sudo,
            "life": order_sudo._oms_get_customer_view(),
            "story": order_sudo._oms_get_customer_story(by_link=True),
            "by_link": True,
            "come_url": f"/oms/track/{order_sudo.id}/{token}/come",
            "door_url": f"/oms/track/{order_sudo.id}/{token}",
            "res_company": order_sudo.company_id,
            "error": error,
        }
        return self._oms_render_private("oms_core.portal_track", values)

    def _oms_render_private(self, template, values, referrer="no-referrer"):
        """A page of one customer, kept by nobody.

        :param referrer: by default nothing, or a click on the carrier's link would tell it the token of the address.
        """
        response = request.render(template, values)
        response.headers["Referrer-Policy"] = referrer
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Cache-Control"] = "no-store"
        return response

    def _oms_render_expired(self):
        return self._oms_render_lookup(
            error=request.env._("This link has expired or is incomplete. Look your order up here."), status=403
        )

    def _oms_come(self, order_sudo, picking_id, step, bay, vehicle):
        """Note that the customer comes for a delivery of this order.

        :return: why not, in a sentence; empty when it is noted
        """
        picking_sudo = order_sudo.picking_ids.filtered(lambda picking: str(picking.id) == str(picking_id))
        if not picking_sudo:
            return request.env._("Nothing waits for you here.")
        try:
            with request.env.cr.savepoint():
                if step == "arrived":
                    picking_sudo._oms_check_in(_typed(bay), _typed(vehicle))
                else:
                    picking_sudo._oms_on_the_way()
        except UserError as error:
            return str(error)
        return ""

    # -------------------------------------------------------------------------------------------------- IN THE ACCOUNT

    @http.route("/my/orders/<int:order_id>/come", type="http", auth="public", website=True, methods=["POST"])
    def oms_order_come(self, order_id, access_token=None, picking_id=0, step="", bay="", vehicle="", **_kwargs):
        if order_id not in IDS:
            return request.redirect("/my")
        try:
            order_sudo = self._document_check_access("sale.order", order_id, access_token=_typed(access_token))
        except (AccessError, MissingError):
            return request.redirect("/my")
        self._oms_keep_error(order_sudo, self._oms_come(order_sudo, picking_id, step, bay, vehicle))
        return request.redirect(order_sudo.get_portal_url())

    def _oms_keep_error(self, order_sudo, error):
        """Show why something was refused on the page that comes next."""
        request.session["oms_error"] = [order_sudo.id, error] if error else None

    def _get_page_view_values(self, document, access_token, values, session_history, no_breadcrumbs, **kwargs):
        """Override of ``portal`` to show what was done, or why it was refused."""
        values = super()._get_page_view_values(
            document, access_token, values, session_history, no_breadcrumbs, **kwargs
        )
        if document._name == "sale.order":
            for kind in ("oms_error", "oms_done"):
                order_id, sentence = request.session.pop(kind, None) or (None, "")
                values[kind] = sentence if order_id == document.id else ""
        return values

    def _prepare_orders_domain(self, partner):
        """Override of ``sale``: what was bought in a shop is in the list of orders also while it waits or is cancelled."""
        domain = super()._prepare_orders_domain(partner)
        bought = [("partner_id", "child_of", partner.commercial_partner_id.ids), ("oms_external_id", "!=", False)]
        return list(Domain.OR([domain, bought]))

    def _prepare_quotations_domain(self, partner):
        """Override of ``sale``: who bought in a shop has no quotation to review."""
        return [*super()._prepare_quotations_domain(partner), ("oms_external_id", "=", False)]

    # --------------------------------------------------------------------------------------------------- SUBSCRIPTIONS

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "subscription_count" in counters:
            values["subscription_count"] = len(request.env["oms.subscription"]._oms_portal_find())
        return values

    @http.route("/my/subscriptions", type="http", auth="user", website=True)
    def oms_subscriptions(self, **_kwargs):
        values = self._prepare_portal_layout_values()
        error = request.session.pop("oms_subscription_error", "")
        subscriptions = request.env["oms.subscription"]._oms_portal_find()
        return request.render(
            "oms_core.portal_subscriptions",
            {**values, "subscriptions": subscriptions, "error": error, "page_name": "oms_subscriptions"},
        )

    @http.route("/my/subscriptions/<int:subscription_id>", type="http", auth="user", website=True, methods=["POST"])
    def oms_subscription_step(self, subscription_id, step="", **_kwargs):
        if subscription_id not in IDS:
            return request.redirect("/my/subscriptions")
        subscription = request.env["oms.subscription"].browse(subscription_id)
        steps = {
            "pause": subscription._oms_portal_pause,
            "resume": subscription._oms_portal_resume,
            "skip": subscription._oms_portal_skip,
            "cancel": subscription._oms_portal_cancel,
        }
        try:
            with request.env.cr.savepoint():
                if step in steps:
                    steps[step]()
        except (UserError, MissingError) as error:
            request.session["oms_subscription_error"] = str(error)
        return request.redirect("/my/subscriptions")

    # --------------------------------------------------------------------------------------------------------- LOOK-UP

    @customer_page("/oms/track")
    def oms_look_up(self, number="", proof="", **_kwargs):
        """Look an order up. Whatever is wrong, the answer is the same; who is wrong too often waits."""
        if request.httprequest.method != "POST":
            return self._oms_render_lookup()
        number, proof = _typed(number), _typed(proof)
        attempts = request.env["oms.lookup.attempt"]
        visitor = attempts._get_source(request.httprequest.remote_addr)
        # Postal codes can be guessed from many addresses at once, so they are counted for the order too. E-mail addresses
        # cannot: whoever knows theirs is not locked out by somebody who tries this number on purpose.
        subjects = (visitor,) if "@" in proof else (visitor, f"for {number.casefold()}")
        if attempts._is_blocked(*subjects):
            return self._oms_render_lookup(
                number,
                error=request.env._("Too many tries. Please wait an hour, or write to us.")
                if attempts._is_blocked(visitor)
                else request.env._("Too many tries for this order. Please use your e-mail address, or wait an hour."),
                status=429,
            )
        order_sudo = request.env["sale.order"]._oms_look_up(number, proof)
        if not order_sudo:
            attempts._note(*subjects)
            return self._oms_render_lookup(
                number,
                error=request.env._(
                    "We find no order with this number and this e-mail address or postal code. Both stand in your confirmation."
                ),
            )
        token = order_sudo._oms_get_tracking_token(timedelta(hours=LOOKUP_LINK_HOURS))
        return request.redirect(f"/oms/track/{order_sudo.id}/{token}")

    def _oms_render_lookup(self, number="", error="", status=200):
        response = request.render("oms_core.portal_look_up", {"number": number, "error": error})
        response.status_code = status
        return response
