from urllib.parse import urlencode

from odoo import http
from odoo.http import request

from odoo.addons.oms_core.const import BODY_MAX_BYTES

from ..const import HEADER_MAX_CHARS, HEADERS_KEPT


class OmsWebhook(http.Controller):
    """Verify, store, answer. What a message means is found out later, by a worker."""

    # save_session=False: platforms keep no cookies, and a session per delivery would fill the disk
    @http.route(
        "/oms/hook/<string:token>", type="http", auth="public", methods=["POST"], csrf=False, save_session=False
    )
    def receive(self, token, **_form):
        """Take a delivery of a channel.

        :return: 200 when it is stored (or was before, or needs no storing), 401 when the signature is wrong (the first
            some hundred of those are put aside for a person), 404 for an unknown address, 413 for a body that is too large.
        """
        length = request.httprequest.content_length
        if length is not None and length > BODY_MAX_BYTES:
            return self._answer(
                413, f"The body is larger than {BODY_MAX_BYTES} bytes; no order is. Nothing was stored."
            )
        # sudo: the platform is no user; until its signature is verified, it can only have a delivery put aside
        channel_sudo = request.env["oms.channel"].sudo()._find_by_token(token)
        if not channel_sudo:
            return self._answer(404, "No channel has this address. Copy the address from the channel's form again.")
        body = self._get_body()
        if len(body) > BODY_MAX_BYTES:
            return self._answer(
                413, f"The body is larger than {BODY_MAX_BYTES} bytes; no order is. Nothing was stored."
            )
        kept = {
            name: value[:HEADER_MAX_CHARS]
            for name in HEADERS_KEPT
            if (value := request.httprequest.headers.get(name)) is not None
        }
        channel_sudo.fetch(["platform", "company_id", "webhook_secret", "code"])  # and not the hundred other columns
        return self._answer(*channel_sudo._receive_delivery(kept, body))

    @http.route("/oms/hook/<string:token>", type="http", auth="public", methods=["GET"], csrf=False, save_session=False)
    def challenge(self, token, **query):
        """Tell a platform that asks whether this address is ours; 404 to everybody else."""
        # sudo: the platform is no user; it learns nothing but that we know what was agreed upon
        channel_sudo = request.env["oms.channel"].sudo()._find_by_token(token)
        answer = channel_sudo._answer_challenge(query) if channel_sudo else None
        if answer is None:
            return self._answer(404, "There is nothing to read at this address. Messages are sent to it with POST.")
        return request.make_json_response(dict(answer))

    @staticmethod
    def _get_body():
        """The bytes that were sent. Odoo has read a form before a route is called, so that one is put together again: the
        one form that shops send is a ping without a signature."""
        if request.httprequest.form:
            return urlencode(list(request.httprequest.form.items(multi=True))).encode()
        return request.httprequest.get_data(cache=True, parse_form_data=False)

    @staticmethod
    def _answer(status, text):
        return request.make_json_response(
            {"status": "ok" if status == 200 else "error", "message": text}, status=status
        )
