"""A seller's account at eBay on this machine: enough of the Fulfillment, Inventory, Notification and Post-Order APIs to test and
to demonstrate with.

It keeps the contract where clients go wrong: access tokens end after two hours and a call without a valid one is a 401; windows
of time include both ends, and an order that changes leaves its window; lists of orders never tell who wants a cancellation; a
batch of quantities is a 207 whose items fail one by one; a parcel told twice is two parcels; refunds are worked off later and,
as cancellations, have to be signed by sellers in Europe; notifications are signed with a key that only its name is told of.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import datetime, timezone
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from .base import Asked, PlatformServer, Reply
from .ebay_notifying import ROOT, Notifications
from .ebay_returning import Returns

TOKEN_LIFETIME_S = 7200
CREATED_SKEW_S = 300
DELIVERY_TIMEOUT_S = 60
WINDOW = re.compile(r"lastmodifieddate:\[(\S+?)\.\.(\S*?)\]")
#: What a seller agrees to, by the second part of an address.
OF_APPLICATION = tuple(f"{ROOT}/{what}" for what in ("public_key", "config", "destination", "topic"))
AREAS = frozenset({"fulfillment", "inventory", "notification"})
KEY_ID = "3f2f9e3c-0000-4000-8000-5b6c7d8e9f00"


PAYOUT_WINDOW = re.compile(r"payoutDate:\[([^.]+\.\d+Z)\.\.([^.]+\.\d+Z)\]")
OF_PAYOUT = re.compile(r"payoutId:\{([^}]+)\}")


def error(error_id: int, message: str, domain: str = "API_FULFILLMENT", category: str = "REQUEST") -> dict[str, Any]:
    row = {"errorId": error_id, "domain": domain, "category": category, "message": message, "longMessage": message}
    return {"errors": [row]}


class EbayServer(Returns, PlatformServer):
    """The account.

    :ivar orders: id → order as ``getOrder`` shows it.
    :ivar items: SKU → what was told of an item beside its quantity.
    :ivar stock: SKU → quantity; :ivar offers: offer id → offer.
    :ivar shipments: order id → parcels; :ivar refunds: all requests to refund, with their ids.
    :param signed: the seller has to sign what moves money.
    :param scopes: what the seller has agreed to.
    """

    def __init__(
        self,
        orders: Iterable[dict[str, Any]] = (),
        client_id: str = "Shop-oms-PRD-1",
        client_secret: str = "PRD-secret/+&=ü",
        refresh_token: str = "v^1.1#i^1#refresh",
        marketplace_id: str = "EBAY_DE",
        signed: bool = False,
        scopes: Iterable[str] = ("fulfillment", "inventory", "notification"),
        clock: Callable[[], float] = time.monotonic,
        **options: Any,
    ):
        super().__init__(**options)
        self.orders = {order["orderId"]: deepcopy(order) for order in orders}
        self.client_id, self.client_secret, self.refresh_token = client_id, client_secret, refresh_token
        self.marketplace_id, self.signed, self.scopes, self.clock = marketplace_id, signed, set(scopes), clock
        self.stock: dict[str, int] = {}
        self.titles: dict[str, str] = {}
        self.items: dict[str, dict[str, Any]] = {}
        self.offers: dict[str, dict[str, Any]] = {}
        self.revised_out: set[str] = set()
        self.notifications = Notifications(error)
        self.shipments: dict[str, list[dict[str, Any]]] = {}
        self.refunds: list[dict[str, Any]] = []
        self.payouts: list[dict[str, Any]] = []
        self.transactions: list[dict[str, Any]] = []
        self.cancellations: list[dict[str, Any]] = []
        self.ineligible: list[str] = []
        self.returns: dict[str, dict[str, Any]] = {}
        self.return_steps: list[tuple[str, str, dict[str, Any]]] = []
        self.moving: list[Callable[[], None]] = []
        self.signing_key = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"signing").digest())
        self.jwe = "eyJ0ZXN0IjoiandlIn0.a.b.c.d"
        self._tokens: dict[str, tuple[str, float]] = {}
        self._ids = iter(range(5_000_001, 10**9))

    @property
    def credentials(self) -> tuple[str, str, str, str]:
        """Client ID, secret, refresh token, marketplace."""
        return self.client_id, self.client_secret, self.refresh_token, self.marketplace_id

    @property
    def token_with_key(self) -> str:
        """The refresh token together with the key to sign with, as it is entered in the channel."""
        der = self.signing_key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        key = base64.b64encode(der).decode()
        return json.dumps({"refresh_token": self.refresh_token, "jwe": self.jwe, "private_key": key})

    def expire_tokens(self) -> None:
        self._tokens.clear()

    def change(self, order_id: str, **values: Any) -> None:
        """Change an order as eBay would, with a new date of change."""
        self.orders[order_id] |= {**values, "lastModifiedDate": stamp(self.now())}

    def busy(self, **options: Any) -> Reply:
        retry_after = options.get("retry_after", "")
        payload = error(2001, "Too many requests. The request limit has been reached.", "ACCESS")
        return Reply(429, payload, {"Retry-After": retry_after} if retry_after else {})

    # ---- Answering ----

    def handle(self, asked: Asked) -> Reply:
        if asked.path == "/identity/v1/oauth2/token":
            return self._grant(asked)
        refusal = self._refuse(asked)
        if refusal:
            return refusal
        parts = [unquote(part) for part in asked.path.strip("/").split("/")]
        match asked.method, *parts:
            case "GET", "sell", "fulfillment", "v1", "order":
                return self._list(asked.params)
            case _, "sell", "fulfillment", "v1", "order", order_id, *rest:
                order = self.orders.get(order_id)
                if order is None:
                    return Reply(404, error(32100, f"Invalid order ID: {order_id}"))
                return self._one(asked, order, rest)
            case _, "sell", "inventory", "v1", *rest:
                return self._inventory(asked, rest)
            case "GET", "commerce", "notification", "v1", "public_key", name:
                if name != KEY_ID:
                    return Reply(404, error(195003, "The specified key id is invalid.", "API_NOTIFICATION"))
                key = "".join(line for line in public_pem().splitlines())
                return Reply(200, {"key": key, "algorithm": "ECDSA", "digest": "SHA1"})
            case "GET", "sell", "finances", "v1", "payout":
                return self._finances(asked.params, "payouts", PAYOUT_WINDOW)
            case "GET", "sell", "finances", "v1", "transaction":
                return self._finances(asked.params, "transactions", OF_PAYOUT)
            case _, "commerce", "notification", "v1", *rest:
                found = self.notifications.handle(asked, rest)
                if found:
                    return found
            case _, "post-order", "v2", "return", *rest:
                return self._return(asked, rest)
            case "POST", "post-order", "v2", "cancellation", *rest:
                return self._cancel(asked, rest)
        return Reply(404, error(2002, "Resource not found", "ACCESS"))

    def _grant(self, asked: Asked) -> Reply:
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {basic}":
            return Reply(401, {"error": "invalid_client", "error_description": "client authentication failed"})
        form = dict(parse_qsl(asked.raw.decode(), keep_blank_values=True))
        match form.get("grant_type"):
            case "refresh_token" if form.get("refresh_token") == self.refresh_token:
                who = "seller"
            case "refresh_token":
                return Reply(400, {"error": "invalid_grant", "error_description": "the provided token is invalid"})
            case "client_credentials" if form.get("scope") == "https://api.ebay.com/oauth/api_scope":
                who = "application"
            case _:
                return Reply(400, {"error": "unsupported_grant_type"})
        token = f"v^1.1#{who}#{uuid.uuid4()}"
        self._tokens[token] = (who, self.clock() + TOKEN_LIFETIME_S)
        return Reply(200, {"access_token": token, "expires_in": TOKEN_LIFETIME_S, "token_type": "User Access Token"})

    def _refuse(self, asked: Asked) -> Reply | None:
        scheme, _blank, token = asked.headers.get("authorization", "").partition(" ")
        who, until = self._tokens.get(token, ("", 0.0))
        wanted = "IAF" if asked.path.startswith("/post-order/") else "Bearer"
        if scheme != wanted or not who or until <= self.clock():
            return Reply(
                401, error(1001, "Invalid access token. Check the value of the Authorization header.", "OAuth")
            )
        area = asked.path.split("/")[2]
        is_key = asked.path.startswith(OF_APPLICATION)
        if is_key != (who == "application") or (area in AREAS - self.scopes and not is_key):
            return Reply(403, error(1100, "Insufficient permissions to fulfill the request.", "ACCESS"))
        if asked.headers.get("x-ebay-c-marketplace-id") != self.marketplace_id and area != "notification":
            return Reply(400, error(25709, "Invalid value for header X-EBAY-C-MARKETPLACE-ID."))
        # Sources: developer.ebay.com/develop/guides/digital-signatures-for-apis, and the pages of the calls.
        signs = ("/post-order/v2/cancellation", "/sell/finances/")
        has_to = asked.path.endswith(("/issue_refund", "/decide")) or asked.path.startswith(signs)
        if self.signed and has_to and not self._is_signed(asked):
            return Reply(400, error(215000, "Missing x-ebay-signature-key header", "ACCESS"))
        return None

    def _is_signed(self, asked: Asked) -> bool:
        """RFC 9421, read anew: nothing of it is shared with the client."""
        given = re.fullmatch(r"sig1=(\(([^)]*)\);created=(\d+))", asked.headers.get("signature-input", ""))
        signature = re.fullmatch(r"sig1=:([^:]*):", asked.headers.get("signature", ""))
        if not given or not signature or asked.headers.get("x-ebay-signature-key") != self.jwe:
            return False
        if abs(self.now().timestamp() - int(given[3])) > CREATED_SKEW_S:
            return False
        digest = "sha-256=:" + base64.b64encode(hashlib.sha256(asked.raw).digest()).decode() + ":"
        if asked.raw and asked.headers.get("content-digest") != digest:
            return False
        named = {"@method": asked.method, "@path": asked.path, "@authority": asked.headers["host"].lower()}
        covered = [name.strip('"') for name in given[2].split()]
        needed = {"x-ebay-signature-key", "@method", "@path", "@authority"} | (
            {"content-digest"} if asked.raw else set()
        )
        if set(covered) != needed:
            return False
        lines = [f'"{name}": {named.get(name, asked.headers.get(name, ""))}' for name in covered]
        message = "\n".join([*lines, f'"@signature-params": {given[1]}'])
        try:
            self.signing_key.public_key().verify(base64.b64decode(signature[1]), message.encode())
        except (InvalidSignature, ValueError):
            return False
        return True

    # ---- Payouts ----

    def send_payout(self, payout: Mapping[str, Any], transactions: Iterable[Mapping[str, Any]]) -> None:
        """Send a payout to the bank."""
        self.payouts.append(deepcopy(dict(payout)))
        self.transactions += [{**deepcopy(dict(row)), "payoutId": payout["payoutId"]} for row in transactions]

    def _finances(self, params: Mapping[str, str], name: str, pattern: re.Pattern) -> Reply:
        limit, offset = params.get("limit", "20"), params.get("offset", "0")
        told = pattern.fullmatch(params.get("filter", ""))
        most = 200 if name == "payouts" else 1000
        if not (told and limit.isdecimal() and offset.isdecimal() and 1 <= int(limit) <= most):
            return Reply(400, error(135002, "The filter, limit or offset is invalid.", "API_FINANCES"))
        if name == "payouts":
            start, end = datetime.fromisoformat(told[1]), datetime.fromisoformat(told[2])
            found = [row for row in self.payouts if start <= datetime.fromisoformat(row["payoutDate"]) <= end]
            found.sort(key=lambda row: row["payoutDate"], reverse=params.get("sort") != "payoutDate")
        else:
            found = [row for row in self.transactions if row["payoutId"] == told[1]]
        page = found[int(offset) : int(offset) + int(limit)]
        if self.moving:
            self.moving.pop(0)()
        if not page:
            return Reply(204)
        return Reply(200, {"total": len(found), "limit": int(limit), "offset": int(offset), name: page})

    # ---- Orders ----

    def _list(self, params: Mapping[str, str]) -> Reply:
        limit, offset = params.get("limit", "50"), params.get("offset", "0")
        if not (limit.isdecimal() and offset.isdecimal() and 1 <= int(limit) <= 200):
            return Reply(400, error(30830, "The 'limit' value should be between 1 and 200."))
        window = WINDOW.fullmatch(params["filter"]) if "filter" in params else None
        if "filter" in params and not window:
            return Reply(400, error(30700, "Invalid filter"))
        found = list(self.orders.values())
        if window:
            start, end = datetime.fromisoformat(window[1]), datetime.fromisoformat(window[2])
            if start > end:
                return Reply(400, error(30810, "The date range is invalid."))
            found = [order for order in found if start <= datetime.fromisoformat(order["lastModifiedDate"]) <= end]
        # Not sorted by the change, and unpaid orders never come this way.
        found = [order for order in found if order["orderPaymentStatus"] != "PENDING"]
        found.sort(key=lambda order: (order["creationDate"], order["orderId"]), reverse=True)
        page = [_listed(order) for order in found[int(offset) : int(offset) + int(limit)]]
        if self.moving:
            self.moving.pop(0)()
        answer = {"total": len(found), "limit": int(limit), "offset": int(offset), "orders": page}
        return Reply(200, answer)

    def _one(self, asked: Asked, order: dict[str, Any], rest: list[str]) -> Reply:
        order_id = order["orderId"]
        match asked.method, *rest:
            case ("GET",):
                return Reply(200, order)
            case "GET", "shipping_fulfillment":
                rows = self.shipments.get(order_id, [])
                return Reply(200, {"fulfillments": rows, "total": len(rows)})
            case "POST", "shipping_fulfillment":
                return self._ship(order, asked.json or {})
            case "POST", "issue_refund":
                return self._refund(order, asked.json or {})
        return Reply(404, error(2002, "Resource not found", "ACCESS"))

    def _ship(self, order: dict[str, Any], body: dict[str, Any]) -> Reply:
        number, carrier = body.get("trackingNumber", ""), body.get("shippingCarrierCode", "")
        if bool(number) != bool(carrier):
            return Reply(400, error(32140, "Carrier and tracking number are both needed, or neither."))
        if number and not (number.isascii() and number.isalnum()):
            return Reply(400, error(32130, "Invalid tracking number"))
        known = {row["lineItemId"]: row["quantity"] for row in order["lineItems"]}
        for row in body.get("lineItems", []):
            if row["lineItemId"] not in known or not 0 < row["quantity"] <= known[row["lineItemId"]]:
                return Reply(400, error(32110, "Invalid line item"))
        shipment = {
            "fulfillmentId": number or "999",
            "shipmentTrackingNumber": number,
            "shippingCarrierCode": carrier,
            "shippedDate": body.get("shippedDate", stamp(self.now())),
            "lineItems": body.get("lineItems") or [{"lineItemId": line} for line in known],
        }
        self.shipments.setdefault(order["orderId"], []).append({k: v for k, v in shipment.items() if v})
        self.change(order["orderId"], orderFulfillmentStatus="IN_PROGRESS")
        where = f"{self.url}/sell/fulfillment/v1/order/{order['orderId']}/shipping_fulfillment/{number or '999'}"
        return Reply(201, b"", {"Location": where})

    def _refund(self, order: dict[str, Any], body: dict[str, Any]) -> Reply:
        if bool(body.get("refundItems")) == bool(body.get("orderLevelRefundAmount")):
            return Reply(400, error(34910, "Either refund items or an amount for the order."))
        if len(body.get("comment", "")) > 100 or "reasonForRefund" not in body:
            return Reply(400, error(34905, "Invalid request"))
        known = {row["lineItemId"] for row in order["lineItems"]}
        amounts = [row["refundAmount"] for row in body.get("refundItems", [])] or [body["orderLevelRefundAmount"]]
        if any(row["lineItemId"] not in known for row in body.get("refundItems", [])):
            return Reply(400, error(34909, "Invalid line item"))
        total = Decimal(order["pricingSummary"]["total"]["value"])
        value = sum(Decimal(amount["value"]) for amount in amounts)
        given = sum(Decimal(refund["value"]) for refund in self.refunds if refund["order"] == order["orderId"])
        if not 0 < value <= total - given:
            return Reply(409, error(34920, "Refund amount exceeds what is left of the order."))
        refund_id = str(next(self._ids))
        self.refunds.append({"order": order["orderId"], "id": refund_id, "value": str(value), "body": body})
        summary = deepcopy(order["paymentSummary"])
        summary["refunds"] = [
            *summary.get("refunds", []),
            {"refundId": refund_id, "refundStatus": "PENDING", "amount": {**amounts[0], "value": str(value)}},
        ]
        self.change(order["orderId"], paymentSummary=summary)
        return Reply(200, {"refundId": refund_id, "refundStatus": "PENDING"})

    def pay_out(self, refund_id: str, status: str = "REFUNDED") -> None:
        """Work off a refund."""
        for order_id, order in self.orders.items():
            summary = deepcopy(order["paymentSummary"])
            for row in summary.get("refunds", []):
                if row.get("refundId") == refund_id:
                    row |= {"refundStatus": status, "refundDate": stamp(self.now())}
                    self.change(order_id, paymentSummary=summary)

    def _cancel(self, asked: Asked, rest: list[str]) -> Reply:
        body = asked.json or {}
        if rest and rest[-1] == "approve":
            for order_id, order in self.orders.items():
                for request in order["cancelStatus"]["cancelRequests"]:
                    if request.get("cancelRequestId") == rest[0]:
                        self.change(order_id, cancelStatus={"cancelState": "CANCELED", "cancelRequests": []})
                        self.cancellations.append({"approved": rest[0]})
                        return Reply(200, {})
            return Reply(404, {"errorMessage": {"error": [{"errorId": 1306, "message": "No such cancellation."}]}})
        order = next((row for row in self.orders.values() if row["legacyOrderId"] == body.get("legacyOrderId")), None)
        if order is None:
            return Reply(400, {"errorMessage": {"error": [{"errorId": 1622, "message": "Invalid order."}]}})
        if self.ineligible:
            verdict = {"eligible": False, "failureReason": self.ineligible, "legacyOrderId": order["legacyOrderId"]}
            return Reply(200, {"orderEligibilityResult": verdict})
        cancel_id = str(next(self._ids))
        self.cancellations.append({"id": cancel_id, **body})
        request = {"cancelRequestId": cancel_id, "cancelInitiator": "SELLER", "cancelRequestState": "REQUESTED"}
        self.change(order["orderId"], cancelStatus={"cancelState": "IN_PROGRESS", "cancelRequests": [request]})
        return Reply(201, {"cancelId": cancel_id})

    # ---- Inventory ----

    def _inventory(self, asked: Asked, rest: list[str]) -> Reply:
        params, body = asked.params, asked.json or {}
        match asked.method, *rest:
            case "GET", "inventory_item":
                return self._items(int(params.get("limit", "25")), int(params.get("offset", "0")))
            case "GET", "offer":
                rows = [offer for offer in self.offers.values() if offer["sku"] == params.get("sku")]
                rows = [offer for offer in rows if offer["marketplaceId"] == params.get("marketplace_id")]
                if not rows:
                    return Reply(404, error(25713, "This Offer is not available.", "API_INVENTORY"))
                return Reply(200, {"total": len(rows), "offers": rows})
            case "POST", "bulk_get_inventory_item":
                return self._batch(body, self._get_item)
            case "POST", "bulk_create_or_replace_inventory_item":
                language = asked.headers.get("content-language", "")
                if not re.fullmatch(r"[a-z]{2}-[A-Z]{2}", language):
                    text = "Invalid value for header Content-Language."
                    return Reply(400, error(25709, text, "API_INVENTORY"))
                return self._batch(body, self._replace_item)
            case "POST", "bulk_update_price_quantity":
                return self._batch(body, self._revise)
        return Reply(404, error(2002, "Resource not found", "ACCESS"))

    def _items(self, limit: int, offset: int) -> Reply:
        skus = sorted(self.stock)
        rows = [self._item(sku) for sku in skus[offset : offset + limit]]
        answer: dict[str, Any] = {"total": len(skus), "size": len(rows), "limit": limit, "inventoryItems": rows}
        if offset + limit < len(skus):
            answer["next"] = f"/sell/inventory/v1/inventory_item?limit={limit}&offset={offset + limit}"
        return Reply(200, answer)

    def _item(self, sku: str) -> dict[str, Any]:
        shown = {"quantity": self.stock[sku], "allocationByFormat": {"auction": 0, "fixedPrice": self.stock[sku]}}
        made = {
            "product": {
                "title": self.titles.get(sku, f"Item {sku}"),
                "ean": ["4006381333931"],
                "aspects": {"Brand": ["K"]},
            },
            "condition": "NEW",
            "packageWeightAndSize": {"weight": {"value": 1.0, "unit": "KILOGRAM"}},
        }
        known = self.items.get(sku, {})
        return {
            "sku": sku,
            "locale": "en_US",
            **(known or made),
            "availability": {"shipToLocationAvailability": shown},
            "groupIds": [],
        }

    def _replace_item(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """All of an item is what is told now: what is left out is gone."""
        sku, product = row.get("sku", ""), row.get("product") or {}
        fault = ""
        if set(row) - {"sku", "locale", "product", "condition", "availability", "packageWeightAndSize"}:
            fault = "Unknown field."
        elif len(product.get("title", "")) > 80:
            fault = "Invalid value for title. The length should be between 1 and 80 characters."
        elif len(product.get("description", "")) > 4000:
            fault = "Invalid value for description. The length should be between 1 and 4000 characters."
        elif any(not url.startswith("https://") for url in product.get("imageUrls", [])):
            fault = "Invalid image URL. Use HTTPS."
        elif len(product.get("imageUrls", [])) > 24:
            fault = "Too many images."
        if fault:
            return [{"sku": sku, "statusCode": 400, **error(25718, fault, "API_INVENTORY")}]
        self.stock[sku] = row["availability"]["shipToLocationAvailability"]["quantity"]
        self.items[sku] = {name: deepcopy(value) for name, value in row.items() if name not in ("availability", "sku")}
        return [{"sku": sku, "locale": row.get("locale"), "statusCode": 200, "errors": [], "warnings": []}]

    def _batch(self, body: dict[str, Any], each: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> Reply:
        rows = body.get("requests", [])
        if not 1 <= len(rows) <= 25:
            return Reply(400, error(25759, "Between 1 and 25 items may be told at once.", "API_INVENTORY"))
        skus = [row["sku"] for row in rows if "sku" in row]
        if len(set(skus)) < len(skus):
            return Reply(400, error(25733, "The same SKU is told twice.", "API_INVENTORY"))
        answers = [answer for row in rows for answer in each(row)]
        status = 200 if all(answer["statusCode"] == 200 for answer in answers) else 207
        return Reply(status, {"responses": answers})

    def _get_item(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        sku = row.get("sku", "")
        if sku not in self.stock:
            return [{"sku": sku, "statusCode": 404, **error(25710, "SKU could not be found.", "API_INVENTORY")}]
        return [{"sku": sku, "statusCode": 200, "inventoryItem": self._item(sku)}]

    def _revise(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        answers = []
        sku = row.get("sku")
        if sku is not None:
            if sku not in self.stock:
                return [{"sku": sku, "statusCode": 404, **error(25702, f"{sku} could not be found.", "API_INVENTORY")}]
            self.stock[sku] = row["shipToLocationAvailability"]["quantity"]
            answers.append({"sku": sku, "statusCode": 200})
        for wanted in row.get("offers", []):
            offer = self.offers.get(wanted["offerId"])
            base = {"offerId": wanted["offerId"], "sku": sku or (offer or {}).get("sku", "")}
            if offer is None or (sku is not None and offer["sku"] != sku):
                fault = error(25713, "This Offer is not available.", "API_INVENTORY")
                answers.append({**base, "statusCode": 404, **fault})
            elif wanted["offerId"] in self.revised_out:
                fault = error(25019, "The listing cannot be revised more than 250 times a day.", "API_INVENTORY")
                answers.append({**base, "statusCode": 400, **fault})
            else:
                if "availableQuantity" in wanted:
                    offer["availableQuantity"] = wanted["availableQuantity"]
                if "price" in wanted:
                    offer["pricingSummary"] = {"price": wanted["price"]}
                answers.append({**base, "statusCode": 200})
        return answers

    def put_on_offer(self, sku: str, quantity: int, offer_id: str = "", price: str = "19.90") -> None:
        self.stock[sku] = quantity
        if offer_id:
            self.offers[offer_id] = {
                "offerId": offer_id,
                "sku": sku,
                "marketplaceId": self.marketplace_id,
                "format": "FIXED_PRICE",
                "availableQuantity": quantity,
                "pricingSummary": {"price": {"value": price, "currency": "EUR"}},
                "status": "PUBLISHED",
                "listing": {"listingId": f"11{offer_id}", "listingStatus": "ACTIVE"},
            }


def _listed(order: dict[str, Any]) -> dict[str, Any]:
    """An order as a list shows it: nothing about who wants it cancelled."""
    return {**order, "cancelStatus": {**order["cancelStatus"], "cancelRequests": []}}


def stamp(moment: datetime) -> str:
    moment = moment.astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


# ---- Notifications ----


@cache
def notification_key(seed: str = "eBay") -> ec.EllipticCurvePrivateKey:
    """A key as eBay would sign with; the same for the same seed."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()) >> 8
    return ec.derive_private_key(number, ec.SECP256R1())


def public_pem(seed: str = "eBay") -> str:
    public = notification_key(seed).public_key()
    encoded = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded.decode().strip()


def webhook_secret(token: str = "a-token-of-at-least-thirty-two-letters", seed: str = "eBay") -> str:
    """What the channel keeps once it has seen eBay's key, which eBay writes on one line."""
    return json.dumps({"token": token, "keys": {KEY_ID: "".join(public_pem(seed).splitlines())}})


def webhook_headers(body: bytes, seed: str = "eBay", kid: str = KEY_ID) -> dict[str, str]:
    """The headers of a delivery: ECDSA over the body, with the digest that eBay uses."""
    signature = notification_key(seed).sign(body, ec.ECDSA(hashes.SHA1()))
    told = {"alg": "ecdsa", "kid": kid, "signature": base64.b64encode(signature).decode(), "digest": "SHA1"}
    packed = json.dumps(told, separators=(",", ":")).encode()
    return {"Content-Type": "application/json", "X-EBAY-SIGNATURE": base64.b64encode(packed).decode()}


def notification(topic: str, data: Mapping[str, Any], number: str = "49feeaeb_33f7e043", attempt: int = 1) -> bytes:
    """The body of a delivery."""
    body = {
        "metadata": {"topic": topic, "schemaVersion": "1.0", "deprecated": False},
        "notification": {
            "notificationId": number,
            "eventDate": "2026-11-03T09:00:00.000Z",
            "publishDate": "2026-11-03T09:00:01.000Z",
            "publishAttemptCount": attempt,
            "data": data,
        },
    }
    return json.dumps(body, separators=(",", ":")).encode()


def deliver(url: str, body: bytes, seed: str = "eBay") -> requests.Response:
    """Send a signed notification. eBay takes 200, 201, 202 and 204 for an acknowledgement, and tries again otherwise."""
    headers = webhook_headers(body, seed)
    return requests.post(url, data=body, headers=headers, timeout=DELIVERY_TIMEOUT_S, allow_redirects=False)


def challenge(url: str, token: str, code: str = "a8628072-3d33-45ee-9004-bee86830a22d") -> bool:
    """Ask an address whether it is ours, as eBay does before it sends anything there."""
    answer = requests.get(url, params={"challenge_code": code}, timeout=DELIVERY_TIMEOUT_S, allow_redirects=False)
    wanted = hashlib.sha256((code + token + url).encode()).hexdigest()
    return answer.status_code == 200 and answer.json().get("challengeResponse") == wanted
