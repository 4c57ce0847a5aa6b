from odoo import http
from odoo.http import request

from ..const import BODY_MAX_BYTES
from ..domain.third_party import SIGNATURE_HEADER


class OmsThirdParty(http.Controller):
    """Verify, store, answer: what a third-party warehouse tells is worked off by the inbox."""

    @http.route("/oms/3pl/<string:token>", type="http", auth="public", methods=["POST"], csrf=False, save_session=False)
    def receive(self, token, **_form):
        """:return: 200 stored (now or before), 401 wrong signature, 404 unknown address, 413 too large, 422 unreadable."""
        length = request.httprequest.content_length
        if length is not None and length > BODY_MAX_BYTES:
            return self._answer(413, "The body is too large. Split the message.")
        # sudo: the sender is no user; without a right signature nothing is stored
        warehouse_sudo = request.env["stock.warehouse"].sudo()
        if token and "\0" not in token:
            warehouse_sudo = warehouse_sudo.search(
                [("oms_3pl_token", "=", token), ("oms_node_type", "=", "3pl")], limit=1
            )
        if not warehouse_sudo:
            return self._answer(404, "No place has this address.")
        body = request.httprequest.get_data(cache=True, parse_form_data=False)
        if len(body) > BODY_MAX_BYTES:
            return self._answer(413, "The body is too large. Split the message.")
        signature = request.httprequest.headers.get(SIGNATURE_HEADER, "")
        return self._answer(*request.env["oms.message"]._oms_receive_third_party(warehouse_sudo, body, signature))

    @staticmethod
    def _answer(status, text):
        return request.make_json_response(
            {"status": "ok" if status == 200 else "error", "message": text}, status=status
        )
