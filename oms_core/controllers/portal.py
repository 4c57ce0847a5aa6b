from datetime import timedelta

from odoo import http
from odoo.http import request

from odoo.addons.sale.controllers.portal import CustomerPortal

from ..const import LOOKUP_LINK_HOURS, LOOKUP_TEXT_MAX_CHARS


class OmsPortal(CustomerPortal):
    """Where an order is, for its customer: in the portal, by the link of a mail, or by its number and a proof."""

    @http.route("/oms/track/<int:order_id>/<string:token>", type="http", auth="public", website=True, sitemap=False)
    def oms_track(self, order_id, token, **_kwargs):
        """The page behind the link of a mail. It shows where the goods are, and neither prices nor addresses."""
        # sudo: the token proves that the link was made for this order
        order_sudo = request.env["sale.order"].sudo().browse(order_id)
        if not order_sudo._oms_is_tracking_token(token) or not order_sudo.exists():
            return self._oms_render_lookup(
                error=request.env._("This link has expired or is incomplete. Look your order up here."), status=403
            )
        order_sudo = order_sudo.with_company(order_sudo.company_id)
        values = {
            "order": order_sudo,
            "life": order_sudo._oms_get_customer_view(),
            "res_company": order_sudo.company_id,
        }
        response = request.render("oms_core.portal_track", values)
        response.headers["Referrer-Policy"] = "no-referrer"  # or a click on the carrier's link would tell it the token
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Cache-Control"] = "no-store"
        return response

    @http.route("/oms/track", type="http", auth="public", website=True, sitemap=False, methods=["GET", "POST"])
    def oms_look_up(self, number="", proof="", **_kwargs):
        """Look an order up. Whatever is wrong, the answer is the same; who is wrong too often waits."""
        if request.httprequest.method != "POST":
            return self._oms_render_lookup()
        number, proof = number.strip()[:LOOKUP_TEXT_MAX_CHARS], proof.strip()[:LOOKUP_TEXT_MAX_CHARS]
        attempts = request.env["oms.lookup.attempt"]
        subjects = (f"from {request.httprequest.remote_addr}", f"for {number.casefold()}")
        if attempts._is_blocked(*subjects):
            return self._oms_render_lookup(
                number, error=request.env._("Too many tries. Please wait an hour, or write to us."), status=429
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
