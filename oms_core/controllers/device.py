import json
from datetime import timezone

from odoo import fields, http
from odoo.http import request

from ..const import DEVICE_BODY_MAX_BYTES, DEVICE_EVENTS_MAX
from ..domain.devices import Unreadable, read


class OmsDeviceController(http.Controller):
    """Devices tell what they see. Each event is kept once, and answered with what became of it."""

    # save_session=False: devices keep no cookies, and a session per event would fill the disk
    @http.route(
        "/oms/device/<string:token>", type="http", auth="public", methods=["POST"], csrf=False, save_session=False
    )
    def receive(self, token, **_form):
        """Take one event ``{"id", "kind", "quantity", "product", "at"}``, or ``{"events": [...]}``.

        :return: 200 with a result for each event; 400 for what is no JSON or too many events, 401 without the secret, 404
            for an unknown address, 413 for a body that is too large, 429 for a device that talks without end.
        """
        length = request.httprequest.content_length
        if length is not None and length > DEVICE_BODY_MAX_BYTES:
            return self._answer(413, "The body is too large. Nothing was stored.")
        # sudo: a device is no user; until it shows its secret, nothing happens
        device_sudo = request.env["oms.device"].sudo()
        if "\0" not in token:
            device_sudo = device_sudo.search([("token", "=", token)])
        if not device_sudo:
            return self._answer(404, "No device has this address. Copy it from the device's form again.")
        body = request.httprequest.get_data(cache=True, parse_form_data=False)
        if len(body) > DEVICE_BODY_MAX_BYTES:
            return self._answer(413, "The body is too large. Nothing was stored.")
        if not device_sudo._is_from_device(request.httprequest.headers, body):
            return self._answer(401, "The signature or the secret is wrong, or the time of the request is.")
        device_sudo = device_sudo.with_company(device_sudo.company_id).with_context(
            allowed_company_ids=device_sudo.company_id.ids, tracking_disable=True
        )
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            return self._answer(400, "The body is no JSON.")
        entries = told["events"] if isinstance(told, dict) and isinstance(told.get("events"), list) else [told]
        if not 0 < len(entries) <= DEVICE_EVENTS_MAX:
            return self._answer(400, f"Send between 1 and {DEVICE_EVENTS_MAX} events at a time.")
        if device_sudo._is_too_fast():
            return self._answer(429, "Too many events in the last minute. Try again later.", {"Retry-After": "60"})
        results = [self._take(device_sudo, entry) for entry in entries]
        return request.make_json_response({"status": "ok", "results": results})

    @staticmethod
    def _take(device_sudo, entry):
        try:
            reading = read(entry, fields.Datetime.now().replace(tzinfo=timezone.utc))
        except Unreadable as error:
            return {"result": "unreadable", "message": str(error)}
        event, known = device_sudo._receive(reading)
        answer = {"id": reading.key, "result": event.state or "received", "again": known}
        if event.reason:
            answer["message"] = event.reason
        return answer

    @staticmethod
    def _answer(status, text, headers=None):
        return request.make_json_response({"status": "error", "message": text}, status=status, headers=headers or {})
