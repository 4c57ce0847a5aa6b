from odoo.http import request

from ..domain.feedback import REMARK_MAX, STARS, WORDS_MAX, Unclear, read
from .portal import OmsPortal, customer_page


class OmsFeedbackPage(OmsPortal):
    """Customers say how it was, by the signed link of a mail and without logging in."""

    @customer_page("/oms/feedback/<int:order_id>/<string:token>")
    def oms_feedback(self, order_id, token, **form):
        """Looking writes nothing. Who sends wrong links waits; of a right one, the order counts how often it is used."""
        order_sudo, refusal = self._oms_open_link("feedback", order_id, token, "_oms_is_feedback_token")
        if refusal:
            return refusal
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
        return self._oms_render_private(
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
