"""A WooCommerce shop on this machine: enough of REST v3 and its webhooks to test and to demonstrate with.

It keeps the contract where clients go wrong: basic auth is refused over plain HTTP and OAuth signatures are really
checked; ``modified_after`` excludes its own second; binned orders vanish from lists; batches fail item by item within
a 200; too large a refund is a 500. And it misbehaves on demand::

    with WooCommerceServer(orders=[order]) as shop:
        shop.fail_next("busy", retry_after="7")
        Client(shop.url, shop.key, shop.secret).orders_since(moment)  # raises Retry, delay_s=7
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

import requests

from .base import Asked, PlatformServer, Reply
from .woocommerce_catalog import NO_ROUTE, PARSE_ERROR, Answer, Catalog, paged

API_ROOT = "/wp-json/wc/v3/"
#: Statuses that ``status=any`` leaves out.
HIDDEN_STATUSES = {"trash", "checkout-draft", "auto-draft"}
CLOCK_SKEW_MAX_S = 15 * 60
DELIVERY_TIMEOUT_S = 60
USER_AGENT = "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)"
GONE = (404, {"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}})
READ_ONLY = "The API key provided does not have write permissions."
FULFILMENT_GONE = (
    404,
    {"code": "woocommerce_rest_fulfillment_invalid_id", "message": "Invalid fulfillment.", "data": {"status": 404}},
)


class WooCommerceServer(Catalog, PlatformServer):
    """The shop.

    :ivar orders: id → order as the API shows it; tests change it as they like.
    :ivar requests: ``(method, path, query, body)`` of all that was asked, in order, without what signs it.
    :param fulfilments: whether the fulfilment feature is switched on.
    :param writes: whether the key may write.
    :ivar gateway: why the payment gateway cannot pay back; empty if it can.
    """

    def __init__(
        self,
        orders: Iterable[dict[str, Any]] = (),
        key: str = "ck_test",
        secret: str = "cs_test",
        fulfilments: bool = False,
        writes: bool = True,
        **options: Any,
    ):
        super().__init__(**options)
        self.orders = {int(order["id"]): deepcopy(order) for order in orders}
        self.key, self.secret = key, secret
        self.fulfilments = fulfilments
        self.writes, self.gateway = writes, ""
        self.refunds: dict[int, list[dict[str, Any]]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.shipments: dict[int, list[dict[str, Any]]] = {}
        self._nonces: set[str | None] = set()
        self._ids = iter(range(900_001, 10**9))
        self._open_catalog()

    @property
    def requests(self) -> list[tuple[str, str, dict[str, str], Any]]:
        return [(asked.method, asked.path.removeprefix(API_ROOT), _unsigned(asked), asked.json) for asked in self.asked]

    def handle(self, asked: Asked) -> Reply:
        if (asked.method, asked.path) == ("GET", "/wp-json/"):
            return Reply(200, {"name": "Maison Verte", "timezone_string": "Europe/Paris"})  # to everybody
        refusal = self.refuse(asked.method, asked.path, asked.query)
        if refusal:
            message = "Sorry, you cannot list resources."
            return Reply(401, {"code": refusal, "message": message, "data": {"status": 401}})
        if not asked.path.startswith(API_ROOT):
            return Reply(*NO_ROUTE)
        if asked.method != "GET" and not self.writes:
            code = "woocommerce_rest_authentication_error"
            return Reply(401, {"code": code, "message": READ_ONLY, "data": {"status": 401}})
        path = asked.path.removeprefix(API_ROOT)
        if (asked.method, path) == ("GET", "orders"):
            return Reply(*self._list_orders(_unsigned(asked)))
        return Reply(*self._answer_one(asked.method, path.split("/"), _unsigned(asked), asked.json or {}))

    def dump(self, payload: Any) -> bytes:
        return _php_json(payload)

    # ---- What the API does ----

    def _answer_one(self, method: str, path: list[str], query: dict[str, str], body: Any) -> Answer:
        match path:
            case "orders", order_id, *rest if order_id != "batch":
                order = self.orders.get(int(order_id)) if order_id.isdecimal() else None
                return self._answer_order(method, order, rest, query, body) if order else GONE
        return self._answer_catalog(method, path, query, body)

    def _answer_order(self, method: str, order: dict[str, Any], rest: list[str], query: Any, body: Any) -> Answer:
        order_id = order["id"]
        match method, *rest:
            case ("GET",):
                return 200, order
            case ("PUT",):
                return 200, self.change(order_id, **body)
            case "GET", "refunds":
                return paged(self.refunds.get(order_id, [])[::-1], query)
            case "POST", "refunds":
                return self._refund(order, body)
            case "GET", "notes":
                return 200, self.notes.get(order_id, [])[::-1]
            case "POST", "notes":
                # WordPress keeps comments escaped.
                note = body["note"].replace("&", "&amp;")
                return 201, self._keep(self.notes, order_id, {"author": "REST API", **body, "note": note})
            case "GET", "fulfillments" if self.fulfilments:
                return 200, self.shipments.get(order_id, [])
            case "POST", "fulfillments" if self.fulfilments:
                return 200, self._keep(self.shipments, order_id, self._fulfilment(order, body))
            case "PUT", "fulfillments", row_id if self.fulfilments:
                row = next((row for row in self.shipments.get(order_id, []) if str(row["id"]) == row_id), None)
                if row is None:
                    return FULFILMENT_GONE
                row |= self._fulfilment(order, body)
                return 200, row
        return NO_ROUTE

    def change(self, order_id: int, **values: Any) -> dict[str, Any]:
        """Change an order as the shop would, with a new date of change; the order."""
        moment = self.now().strftime("%Y-%m-%dT%H:%M:%S")
        self.orders[order_id] |= {**values, "date_modified": moment, "date_modified_gmt": moment}
        return self.orders[order_id]

    def _list_orders(self, query: dict[str, str]) -> Answer:
        try:
            after = datetime.fromisoformat(query["modified_after"]) if "modified_after" in query else datetime.min
        except ValueError:
            return PARSE_ERROR
        found = [
            order
            for order in self.orders.values()
            if order["status"] not in HIDDEN_STATUSES
            and datetime.fromisoformat(order["date_modified_gmt"]) > after.replace(microsecond=0)
        ]
        found.sort(key=lambda order: (order["date_modified_gmt"], order["id"]), reverse=query.get("order") != "asc")
        return paged(found, query)

    def _fulfilment(self, order: dict[str, Any], body: Any) -> dict[str, Any]:
        kept = [{"id": next(self._ids), **entry} for entry in body["meta_data"]]
        moment = self.now().strftime("%Y-%m-%dT%H:%M:%S")
        return {
            "entity_type": "WC_Order",
            "entity_id": str(order["id"]),
            **body,
            "date_updated": moment,
            "meta_data": kept,
        }

    def _refund(self, order: dict[str, Any], body: Any) -> Answer:
        try:
            amount = Decimal(body["amount"])
        except (InvalidOperation, KeyError, TypeError):
            return PARSE_ERROR
        given = sum(Decimal(refund["amount"]) for refund in self.refunds.get(order["id"], []))
        problem = "" if 0 < amount <= Decimal(order["total"]) - given else "Invalid refund amount."
        problem = problem or (self.gateway if body.get("api_refund", True) else "")
        if problem:
            # Not an HTTP status inside "data", as elsewhere: WooCommerce forgot, and so it is a 500.
            return 500, {"code": "woocommerce_rest_cannot_create_order_refund", "message": problem, "data": 500}
        refund = self._keep(self.refunds, order["id"], self._refund_row(order, body))
        brief = {"id": refund["id"], "reason": body.get("reason", ""), "total": f"-{amount}"}
        left = Decimal(order["total"]) - given - amount
        status = {} if left else {"status": "refunded"}
        self.change(order["id"], refunds=[*order.get("refunds", []), brief], **status)
        return 201, refund

    def _refund_row(self, order: dict[str, Any], body: Any) -> dict[str, Any]:
        """The refund as it is shown: what was sent as positive lines comes back as negative ones, each in its list."""
        told = {row["id"]: row for row in body.get("line_items", [])}
        shown: dict[str, Any] = {}
        for key in ("line_items", "shipping_lines", "fee_lines"):
            shown[key] = [
                {
                    "id": next(self._ids),
                    "name": line.get("name", line.get("method_title", "")),
                    "quantity": -told[line["id"]].get("quantity", 0),
                    "total": _minus(told[line["id"]]["refund_total"]),
                    "total_tax": _minus(*(tax["refund_total"] for tax in told[line["id"]].get("refund_tax", []))),
                    "taxes": [
                        {"id": tax["id"], "total": _minus(tax["refund_total"])}
                        for tax in told[line["id"]].get("refund_tax", [])
                    ],
                    "meta_data": [{"id": next(self._ids), "key": "_refunded_item_id", "value": str(line["id"])}],
                }
                for line in order.get(key, [])
                if line["id"] in told
            ]
        moment = self.now().strftime("%Y-%m-%dT%H:%M:%S")
        return {
            "date_created": moment,
            "date_created_gmt": moment,
            "amount": body["amount"],
            "reason": body.get("reason", ""),
            "refunded_by": 1,
            "refunded_payment": bool(body.get("api_refund", True)),
            "meta_data": [{"id": next(self._ids), **entry} for entry in body.get("meta_data", [])],
            **shown,
            "tax_lines": [],
            "_links": {"self": [{"href": f"{self.url}{API_ROOT}orders/{order['id']}/refunds"}]},
        }

    def _keep(self, table: dict[int, list[dict[str, Any]]], order_id: int, body: dict[str, Any]) -> dict[str, Any]:
        row = {"id": next(self._ids), **body}
        table.setdefault(order_id, []).append(row)
        return row

    # ---- Who may ask ----

    def refuse(self, method: str, path: str, query: Sequence[tuple[str, str]]) -> str:
        """Why a request may not pass; empty if it may. OAuth 1.0a, one-legged, in the query string."""
        given = dict(query)
        signature = given.get("oauth_signature", "")
        if given.get("oauth_consumer_key") != self.key or not signature:
            return "woocommerce_rest_cannot_view"
        signed = sorted((_escape(key), _escape(value)) for key, value in query if key != "oauth_signature")
        pairs = "&".join(f"{key}={value}" for key, value in signed)
        text = "&".join((method, _escape(self.url + path), _escape(pairs)))
        expected = base64.b64encode(_hmac(f"{_escape(self.secret)}&", text.encode())).decode()
        fresh = abs(time.time() - int(given.get("oauth_timestamp", "0"))) < CLOCK_SKEW_MAX_S
        unused = given.get("oauth_nonce") not in self._nonces
        self._nonces.add(given.get("oauth_nonce"))
        valid = hmac.compare_digest(expected, signature)
        return "" if valid and fresh and unused else "woocommerce_rest_authentication_error"


# ---- Webhooks ----


def deliver(url: str, order: dict[str, Any] | bytes, topic: str, secret: str, webhook_id: int = 1) -> requests.Response:
    """Send ``order`` (or raw bytes) to ``url`` as a signed webhook. ``order.deleted`` carries the id alone."""
    body = order
    if not isinstance(order, bytes):
        body = _php_json({"id": order["id"]} if topic == "order.deleted" else order)
    headers = webhook_headers(body, topic, secret, webhook_id)
    return requests.post(url, data=body, headers=headers, timeout=DELIVERY_TIMEOUT_S, allow_redirects=False)


def webhook_headers(body: bytes, topic: str, secret: str, webhook_id: int = 1) -> dict[str, str]:
    """The headers of a delivery.

    Its id is made of the webhook and the second, as the real one is: several orders share it. The secret is escaped
    in WordPress' database and unescaped for signing, so plain is what it is here.
    """
    resource, _dot, event = topic.partition(".")
    delivery = hashlib.md5(f"{webhook_id}{int(time.time())}".encode(), usedforsecurity=False).hexdigest()
    return {
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": "https://maison-verte.example/",
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": base64.b64encode(_hmac(secret, body)).decode(),
        "X-WC-Webhook-ID": str(webhook_id),
        "X-WC-Webhook-Delivery-ID": delivery,
    }


def ping(url: str, webhook_id: int = 1) -> requests.Response:
    """What saving a webhook sends: a form without a signature. The webhook becomes active if the answer is a 2xx."""
    form = {"webhook_id": webhook_id}
    headers = {"User-Agent": USER_AGENT}
    return requests.post(url, data=form, headers=headers, timeout=DELIVERY_TIMEOUT_S, allow_redirects=False)


def _unsigned(asked: Asked) -> dict[str, str]:
    return {key: value for key, value in asked.query if not key.startswith("oauth_")}


def _minus(*amounts: str) -> str:
    return format(-sum(map(Decimal, amounts), Decimal("0.00")), "f")


def _hmac(secret: str, message: bytes) -> bytes:
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


def _php_json(payload: Any) -> bytes:
    # As PHP spells it: nothing but ASCII, slashes escaped.
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def _escape(text: str) -> str:
    return quote(text, safe="-._~")
