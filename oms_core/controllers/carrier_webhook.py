import logging

from odoo import http
from odoo.http import request

from ..carriers import CARRIERS
from ..const import WEBHOOK_BODY_MAX_BYTES

_logger = logging.getLogger(__name__)


class OmsCarrierWebhook(http.Controller):
    """Carriers that tell us that something happened. Many sign nothing, so a delivery is only a hint to look ourselves."""

    @http.route(
        "/oms/carrier/<string:token>", type="http", auth="public", methods=["POST"], csrf=False, save_session=False
    )
    def receive(self, token, **_form):
        """Have the parcels that a delivery mentions asked for soon.

        :return: 200, whatever it is about; 404 for an unknown address, 413 for a body that is too large.
        """
        length = request.httprequest.content_length
        if length is not None and length > WEBHOOK_BODY_MAX_BYTES:
            return request.make_json_response({"status": "error"}, status=413)
        carrier = request.env["delivery.carrier"]
        if 16 <= len(token) <= 128 and "\0" not in token:
            # sudo: a carrier is no user; all it can do is to make us ask the carrier ourselves
            carrier = carrier.sudo().search([("oms_webhook_token", "=", token)], limit=1)
        known = CARRIERS.get(carrier.delivery_type) if carrier else None
        if known is None:
            return request.make_json_response({"status": "error"}, status=404)
        body = request.httprequest.get_data(cache=True, parse_form_data=False)
        if len(body) > WEBHOOK_BODY_MAX_BYTES:
            return request.make_json_response({"status": "error"}, status=413)
        # sudo: see above
        request.env["oms.shipment.label"].sudo()._refetch(carrier, known.read_webhook(body))
        return request.make_json_response({"status": "ok"})
