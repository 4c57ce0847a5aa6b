from odoo import http
from odoo.http import request

from ..domain.feedback import REMARK_MAX, STARS, WORDS_MAX, Unclear, read
from .portal import IDS, OmsPortal


class OmsFeedbackPage(OmsPortal):
    """Customers say how it was, by the signed link of a mail and without logging in."""

    @http.route(
        "/oms/feedback/<int:order_id>/<string:token>",
        type="http",
        auth="public",
        website=True,
        sitemap=False,
        methods=["GET", "POST"],
    )
    def oms_feedback(self, order_id, token, **form):
        """Looking writes nothing. Who sends wrong links waits; of a right one, the order counts how often it is used."""
        attempts = request.env["oms.lookup.attempt"]
        visitor = f"feedback {attempts._get_source(request.httprequest.remote_addr)}"
        if attempts._is_blocked(visitor):
            return self._oms_render_lookup(error=request.env._("Too many tries. Please wait an hour."), status=429)
        order_sudo = self._oms_get_feedback_order_sudo(order_id, token)
        if not order_sudo:
            attempts._note(visitor)
            return self._oms_render_expired()
        if request.httprequest.method != "POST":
            return self._oms_render_feedback(order_sudo, token)
        try:
            said = read(form, [line.id for line in order_sudo._oms_get_arrived_lines()])
        except Unclear as unclear:
            return self._oms_render_feedback(order_sudo, token, form, self._oms_get_unclear(str(unclear)))
        error = order_sudo.env["oms.feedback"]._receive(order_sudo, said)
        if error:
            return self._oms_render_feedback(order_sudo, token, error=error)
        return request.redirect(f"/oms/feedback/{order_id}/{token}")

    def _oms_get_feedback_order_sudo(self, order_id, token):
        if order_id not in IDS:
            return None
        # sudo: the token proves that the link was made for this order
        order_sudo = request.env["sale.order"].sudo().browse(order_id)
        if not order_sudo._oms_is_feedback_token(token) or not order_sudo.exists():
            return None
        return order_sudo.with_company(order_sudo.company_id)

    def _oms_get_unclear(self, code):
        return {
            "stars": request.env._("Choose one to five stars first."),
            "line": request.env._("One of these products is not part of your order. Please look again."),
        }[code]

    def _oms_render_feedback(self, order_sudo, token, form=None, error=""):
        feedback_sudo = order_sudo.oms_feedback_ids
        remarks = {line.sale_line_id.id: line.remark or "" for line in feedback_sudo.line_ids}
        lines_sudo = order_sudo._oms_get_arrived_lines()
        if form is None:
            form = {"stars": str(int(feedback_sudo.stars) or ""), "words": feedback_sudo.words or ""}
            form.update((f"remark_{line.id}", remarks.get(line.id, "")) for line in lines_sudo)
        response = request.render(
            "oms_core.portal_feedback",
            {
                "order": order_sudo,
                "feedback": feedback_sudo,
                "closed": order_sudo._oms_get_feedback_closed(),
                "lines": [(line.id, line.product_id.name) for line in lines_sudo],
                "typed": {name: value for name, value in form.items() if isinstance(value, str)},
                "stars": STARS,
                "words_max": WORDS_MAX,
                "remark_max": REMARK_MAX,
                "error": error,
                "action": f"/oms/feedback/{order_sudo.id}/{token}",
                "res_company": order_sudo.company_id,
            },
        )
        response.headers["Referrer-Policy"] = "no-referrer"  # or a click elsewhere would tell the token
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Cache-Control"] = "no-store"
        return response
