"""What apps ask of us over the documented API, apart from HTTP: what changes something is stored, the rest is read."""

import json
from base64 import b64encode
from decimal import Decimal

import psycopg2.errors

from odoo import api, fields, models

from odoo.addons.oms_core.domain.documents import FATAL_PROBLEMS
from odoo.addons.oms_core.quiet import quiet_sql

from ..const import API_BATCH_MAX, API_KEY_MAX_CHARS, API_PLACES_MAX
from ..domain.adapter import Reject
from ..domain.problem import ApiProblem
from ..platforms.rest_api import const as rest
from ..platforms.rest_api import parse, verify
from ..platforms.rest_api.reading import unknown

#: State of a message → what its receipt says.
RECEIPTS = {
    "quarantine": "waiting",
    "pending": "waiting",
    "retry": "waiting",
    "done": "accepted",
    "ignored": "ignored",
    "dead": "failed",
    "dismissed": "ignored",
}


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    allow_bearer = fields.Boolean(
        string="Accept the Secret Itself",
        help="For services that cannot sign, such as gateways for text messages: they send the secret as a Bearer token. "
        "Whoever sees one of their requests can make others; leave it off where the app can sign.",
        groups="oms_core.group_oms_channel",
    )

    @api.depends("token", "platform")
    def _compute_webhook_url(self):
        """Override: an app has several addresses below one, and its key in a header."""
        apps = self.filtered(lambda channel: channel.platform == rest.CODE)
        for channel in apps:
            channel.webhook_url = f"{channel.get_base_url()}{rest.ROOT}"
        return super(OmsChannel, self - apps)._compute_webhook_url()

    # ------------------------------------------------------------------------------------------------------- ORDERS

    def _api_take_orders(self, body, headers):
        """Store one order, or several; each is answered on its own.

        :return: (HTTP status, answer)
        """
        self.ensure_one()
        payload = self._api_load(body)
        rows = payload.get("orders") if "id" not in payload and isinstance(payload.get("orders"), list) else None
        if rows is None:
            [taken] = self._api_store([(payload, body)], headers)
            if isinstance(taken, ApiProblem):
                raise taken
            return 202, taken
        if not 0 < len(rows) <= API_BATCH_MAX:
            raise ApiProblem(422, "bad_batch", f"“orders” holds {len(rows)} orders; send 1 to {API_BATCH_MAX} at once.")
        results = self._api_store([(row, _dump(row)) for row in rows], headers)
        return 202, {
            "results": [
                {"index": index, **(taken.document() if isinstance(taken, ApiProblem) else taken)}
                for index, taken in enumerate(results)
            ]
        }

    def _api_store(self, rows, headers):
        """Store those of these orders that are ones.

        :param rows: (payload, bytes) of each.
        :return: for each its receipt, or the ``ApiProblem`` that keeps it out.
        """
        results, readable = [], []
        for index, (payload, raw) in enumerate(rows):
            try:
                readable.append((index, self._api_read_order(payload), payload, verify.read_event({}, raw).key, raw))
                results.append(None)
            except ApiProblem as problem:
                results.append(problem)
        stored = self.env["oms.message"]._receive_many(
            self, "order", {key: raw for _index, _doc, _payload, key, raw in readable}, headers
        )
        for index, doc, payload, key, _raw in readable:
            results[index] = stored[key]._api_receipt(doc.external_id)
            if problems := doc.problems():
                results[index]["problems"] = _places(problems)
            if ignored := unknown("Order", payload):
                results[index]["ignored_fields"] = ignored
        return results

    def _api_read_order(self, payload):
        """The document of an order.

        :raise ApiProblem: where no order can be made of it.
        """
        if not isinstance(payload, dict):
            raise ApiProblem(422, "bad_order", "An order is a JSON object.")
        doc = parse.order(payload)
        problems = doc.problems()
        if len(doc.external_id) > API_KEY_MAX_CHARS:
            raise ApiProblem(422, "bad_order", f"The id of an order has at most {API_KEY_MAX_CHARS} characters.")
        if any(problem.code in FATAL_PROBLEMS for problem in problems):
            raise ApiProblem(
                422,
                "bad_order",
                "No order can be made of this. Correct what “errors” names, and send it again. Nothing was stored.",
                _places(problems),
            )
        return doc

    # ------------------------------------------------------------------------------------ CANCELLATIONS AND REFUNDS

    def _api_take_request(self, kind, order_ref, body, headers):
        """Store what an app wants or says about an order: ``cancel_request`` or ``refund_told``.

        :return: (HTTP status, answer)
        """
        self.ensure_one()
        self._api_find_order(order_ref, or_waiting=True)
        payload = self._api_load(body or b"{}")
        raw = _dump({**payload, "order_id": order_ref})
        problems = parse.body(kind, raw).problems()
        if problems:
            raise ApiProblem(
                422,
                "bad_request",
                "Correct what “errors” names, and send it again. Nothing was stored.",
                _places(problems),
            )
        shape = "Cancellation" if kind == "cancel_request" else "Refund"
        # A cancellation is one by its id; a refund can come again with the money on its way.
        told = (
            payload.get("id") if kind == "cancel_request" and payload.get("id") else verify.digest_of(json.loads(raw))
        )
        key = f"{kind}:{verify.order_key(order_ref)}{str(told)[:API_KEY_MAX_CHARS]}"
        stored = self.env["oms.message"]._receive_many(self, kind, {key: raw}, headers)
        receipt = stored[key]._api_receipt(order_ref)
        if ignored := unknown(shape, payload):
            receipt["ignored_fields"] = ignored
        return 202, receipt

    def _api_find_order(self, order_ref, or_waiting=False):
        """The order of this channel with that id; empty only where one that waits to be worked off will do.

        :raise ApiProblem: 404.
        """
        # sudo: who has the channel's secret may ask about the channel's own orders
        order_sudo = self.env["sale.order"].sudo()
        if order_ref and len(order_ref) <= API_KEY_MAX_CHARS and "\0" not in order_ref:
            order_sudo = order_sudo.search(
                [("oms_channel_id", "=", self.id), ("oms_external_id", "=", order_ref)], limit=1
            )
            if order_sudo:
                return order_sudo
            begins = verify.order_key(order_ref).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            waiting = self.env["oms.message"].search_count(
                [
                    ("channel_id", "=", self.id),
                    ("direction", "=", "in"),
                    ("event_key", "=like", f"{begins}%"),
                    ("state", "in", ("pending", "retry")),
                ],
                limit=1,
            )
            if waiting and or_waiting:
                return order_sudo
            if waiting:
                raise ApiProblem(
                    404,
                    "not_yet",
                    "The order has come and waits to be worked off. Ask again in some seconds.",
                    retry_after=5,
                )
        raise ApiProblem(404, "no_order", "There is no order with this id. Send it first.")

    # -------------------------------------------------------------------------------------------------------- READING

    def _api_receipt_of(self, number):
        """What became of what was sent."""
        message = self.env["oms.message"].search(
            [("id", "=", number), ("channel_id", "=", self.id), ("direction", "=", "in")]
        )
        if not message:
            raise ApiProblem(404, "no_receipt", "There is no receipt with this number.")
        return 200, message._api_receipt()

    @staticmethod
    def _api_load(body):
        try:
            payload = parse.loads(body)
        except Reject as error:
            raise ApiProblem(400, "not_json", str(error)) from None
        if not isinstance(payload, dict):
            raise ApiProblem(400, "not_an_object", "The content is JSON, but no object. Send an object, in braces.")
        return payload


class OmsMessage(models.Model):
    _inherit = "oms.message"

    @api.model
    def _receive_many(self, channel, kind, bodies, headers):
        """As :meth:`_receive`, of several at once.

        :param bodies: {event key: bytes}
        :return: {event key: message, the new one or the one that was there before}
        """
        if not bodies:
            return {}
        domain = [("channel_id", "=", channel.id), ("direction", "=", "in"), ("event_key", "in", list(bodies))]
        found = {message.event_key: message for message in self.search(domain)}
        values = [
            {
                "channel_id": channel.id,
                "kind": kind,
                "event_key": key,
                "body": b64encode(body),
                "headers": headers,
            }
            for key, body in bodies.items()
            if key not in found
        ]
        try:
            with quiet_sql(), self.env.cr.savepoint():
                made = self.create(values)
        except psycopg2.errors.UniqueViolation:
            # The same came at this moment on another connection, whose work this transaction cannot see.
            raise ApiProblem(
                409, "in_progress", "The same is being stored by another request. Ask again in a second.", retry_after=1
            ) from None
        if made:
            self._wake_workers()
        return {**found, **{message.event_key: message for message in made}}

    def _api_receipt(self, order_ref=""):
        """What an app is told about something that it sent."""
        self.ensure_one()
        status = RECEIPTS[self.state]
        order_sudo = self.env["sale.order"]
        if self.res_model == "sale.order" and self.res_id:
            order_sudo = self.env["sale.order"].sudo().browse(self.res_id).exists()  # sudo: the app's own order
            if status == "accepted" and self.kind == "order" and order_sudo.oms_on_hold:
                status = "held"
        receipt = {"receipt": self.id, "status": status, "url": f"{rest.ROOT}/receipts/{self.id}"}
        order_ref = order_ref or order_sudo.oms_external_id
        if order_ref:
            receipt["order_id"] = order_ref
        if status == "held":
            receipt["detail"] = " ".join(hold["reason"] for hold in order_sudo._api_holds())
        elif self.error and (status in ("failed", "ignored") or self.kind != "order"):
            # Of an order that was taken it says why it was held then, which may be only our business.
            receipt["detail"] = self.error
        return receipt


def _places(problems):
    """Problems as an app is told them: the path stands before the first colon."""
    places = []
    for problem in problems[:API_PLACES_MAX]:
        path, colon, _rest = problem.message.partition(": ")
        is_path = bool(colon) and " " not in path and path.islower()
        places.append({**({"path": path} if is_path else {}), "code": problem.code, "detail": problem.message})
    return places


def _dump(payload):
    """JSON again, amounts exactly as they were."""
    return json.dumps(
        payload, default=lambda value: format(value, "f") if isinstance(value, Decimal) else str(value)
    ).encode()
