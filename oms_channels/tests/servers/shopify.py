"""A Shopify shop on this machine: enough of the Admin GraphQL API and its webhooks to test and to demonstrate with.

It keeps the contract where clients go wrong: what is nested comes in pages; a query that costs too much is refused, and one
for which the points are not there is throttled with a 200; ``errors`` is a sentence for a wrong token and a list elsewhere;
quantities are taken all or none, and only if what is there is as expected; keys are recognised; fulfilments are not; a token
lives for a day; an expired version answers as the oldest one; a cancellation is a job.
Source: the Admin GraphQL schema and https://shopify.dev/docs/api/usage.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import requests

from .base import Asked, PlatformServer, Reply
from .gql import Fault, Query, connection, page
from .shopify_contents import ProductContents
from .shopify_mutations import Mutations
from .shopify_returns import Returns

DELIVERY_TIMEOUT_S = 5
COST_MAX = 1000
TOKEN_LIFE_S = 86_399
VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")
WRONG_TOKEN = {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
PATH = re.compile(r"/admin/api/([0-9]{4}-[0-9]{2}|unstable)/graphql\.json")
ISSUED = re.compile(r"issued_at:>='?([0-9T:.+Z-]+)'?")
SINCE = re.compile(r"updated_at:>='?([0-9T:.+Z-]+)'?")
ALL_SCOPES = (
    "read_shopify_payments_payouts read_all_orders write_orders write_products write_inventory read_locations write_returns "
    "write_merchant_managed_fulfillment_orders"
).split()
#: Root field → what one has to be permitted for it.
NEEDED = {
    "orders": "read_orders",
    "order": "read_orders",
    "productVariants": "read_products",
    "locations": "read_locations",
    "shopifyPaymentsAccount": "read_shopify_payments_payouts",
    "inventorySetQuantities": "write_inventory",
    "productSet": "write_products",
    "stagedUploadsCreate": "write_products",
    "fulfillmentCreate": "write_merchant_managed_fulfillment_orders",
    "refundCreate": "write_orders",
    "orderCapture": "write_orders",
    "transactionVoid": "write_orders",
    "returnCreate": "write_returns",
    "returnApproveRequest": "write_returns",
    "returnDeclineRequest": "write_returns",
    "returnCancel": "write_returns",
    "returnClose": "write_returns",
    "reverseFulfillmentOrderDispose": "write_returns",
}


class ShopifyServer(ProductContents, Returns, Mutations, PlatformServer):
    """The shop.

    :ivar orders: id → order as the API shows it; tests change it as they like.
    :ivar stock: (inventory item, location) → what is available; where there is nothing, it is not kept there.
    :ivar variants: as the API shows them.
    :ivar webhooks: subscriptions.
    :param client: id and secret that a token can be had for; without it there is only the permanent token.
    :param limit: points that the bucket holds, of which ``per_s`` come back each second.
    :param presentment: (currency, rate) of customers who pay in another currency.
    """

    def __init__(
        self,
        orders: Iterable[dict[str, Any]] = (),
        token: str = "shpat_test",
        client: tuple[str, str] = ("", ""),
        scopes: Iterable[str] = ALL_SCOPES,
        limit: float = 2000,
        per_s: float = 100,
        presentment: tuple[str, str] = ("", "1"),
        **options: Any,
    ):
        super().__init__(**options)
        self.token, self.client, self.scopes = token, client, list(scopes)
        self.limit, self.per_s = limit, per_s
        self.presentment = presentment
        self.available, self._filled_at = limit, self.now()
        self._issued: dict[str, datetime] = {}
        self.orders: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, list[dict[str, Any]]] = {}
        self.shipments: dict[str, list[dict[str, Any]]] = {}
        self.stock: dict[tuple[str, str], int] = {}
        self.variants: list[dict[str, Any]] = []
        self.locations = [_location(1, "Main warehouse"), _location(2, "South Congress")]
        self.payouts: list[tuple[dict[str, Any], list[dict[str, Any]]]] | None = []  # None: without Shopify Payments
        self.moving: list[Callable[[], None]] = []  # what happens between two pages of transactions
        self.webhooks: list[dict[str, Any]] = []
        self.jobs: dict[str, tuple[str, int]] = {}
        self.job_polls = 1
        self.refund_status = "SUCCESS"
        self.currency = "USD"
        #: What was asked, as (operation, variables).
        self.operations: list[tuple[str, dict[str, Any]]] = []
        self._keys: dict[str, tuple[str, Any]] = {}
        self._ids = iter(range(900_000_001, 10**12))
        self._open_contents()
        for order in orders:
            self.add(order)

    # ---- What is there ----

    def add(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """An order in the shape of a golden payload; what it does not hold of an order is made up."""
        made = deepcopy(dict(order))
        for row in made["lineItems"]["nodes"]:
            row.setdefault("refundableQuantity", row["currentQuantity"])
            row.setdefault("unfulfilledQuantity", row["currentQuantity"])
        of_refunds = [row for refund in made["refunds"] for row in refund["transactions"]["nodes"]]
        for row in [*made["transactions"], *of_refunds]:
            row.setdefault("authorizationExpiresAt", None)
            row.setdefault("multiCapturable", False)
        self.orders[made["id"]] = made
        self.shipments.setdefault(made["id"], [])
        shown = made["fulfillmentOrders"]["nodes"]
        self.groups[made["id"]] = [self._group(row, made if not index else None) for index, row in enumerate(shown)]
        return made

    def _group(self, row: Mapping[str, Any], order: Mapping[str, Any] | None) -> dict[str, Any]:
        lines = order["lineItems"]["nodes"] if order else []
        return {
            "fulfillmentHolds": [],
            "supportedActions": [{"action": "CREATE_FULFILLMENT"}],
            "orderId": order["id"] if order else "",
            **row,
            "assignedLocation": {"name": "Main warehouse", **row["assignedLocation"]},
            "lineItems": {
                "nodes": [
                    {
                        "id": f"gid://shopify/FulfillmentOrderLineItem/{next(self._ids)}",
                        "remainingQuantity": line["currentQuantity"],
                        "lineItem": {"id": line["id"], "name": line["name"]},
                    }
                    for line in lines
                    if line["requiresShipping"] and line["currentQuantity"]
                ]
            },
        }

    def change(self, order_id: str, **values: Any) -> dict[str, Any]:
        """Change an order as the shop would, with a new date of change."""
        self.orders[order_id] |= {"updatedAt": _moment(self.now()), **values}
        return self.orders[order_id]

    def add_variant(self, number: int, sku: str = "", quantity: int | None = 0, **values: Any) -> dict[str, Any]:
        """A variant of a product of its own; kept at the first place, unless ``quantity`` is ``None``."""
        variant = {
            "__typename": "ProductVariant",
            "id": f"gid://shopify/ProductVariant/{number}",
            "sku": sku or f"BW-{number}",
            "barcode": None,
            "displayName": f"Thing {number}",
            "price": "10.00",
            "compareAtPrice": None,
            "inventoryQuantity": quantity or 0,
            "product": {"id": f"gid://shopify/Product/{number}", "status": "ACTIVE"},
            "inventoryItem": {
                "__typename": "InventoryItem",
                "id": f"gid://shopify/InventoryItem/{number}",
                "tracked": True,
            },
            **values,
        }
        self.variants.append(variant)
        if quantity is not None:
            self.stock[variant["inventoryItem"]["id"], self.locations[0]["id"]] = quantity
        return variant

    # ---- HTTP ----

    def handle(self, asked: Asked) -> Reply:
        if (asked.method, asked.path) == ("POST", "/admin/oauth/access_token"):
            return self._give_token(asked)
        if (asked.method, asked.path) == ("POST", "/staged"):
            return self._take_file(asked)
        found = PATH.fullmatch(asked.path)
        if asked.method != "POST" or not found:
            return Reply(404, {"errors": "Not Found"})
        if not self._knows(asked.headers.get("x-shopify-access-token", "")):
            return Reply(401, WRONG_TOKEN)
        # An expired version answers as the oldest that is served.
        version = max(found[1], VERSIONS[0])
        headers = {"X-Shopify-API-Version": version}
        if version not in (*VERSIONS, "unstable"):
            return Reply(404, {"errors": "Not Found"})
        body = asked.json
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return Reply(400, {"errors": {"query": "Required parameter missing or invalid"}}, headers)
        return Reply(200, self._query(body["query"], body.get("variables") or {}, version), headers)

    def kind(self, asked: Asked) -> Any:
        """A query's name: all of them go to one address."""
        body = asked.json
        found = re.match(r"\s*query (\w+)", str(body.get("query"))) if isinstance(body, dict) else None
        return found[1] if found else None

    def busy(self, **options: Any) -> Reply:
        """Throttled: a 200, as GraphQL is."""
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": "https://shopify.dev"}}
        self.available = 0.0
        return Reply(200, {"errors": [error], "extensions": {"cost": self._cost(100, None)}})

    def _give_token(self, asked: Asked) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.raw.decode()).items()}
        if form.get("grant_type") != "client_credentials":
            return Reply(
                400, {"error": "unsupported_grant_type", "error_description": "The grant type is not supported"}
            )
        if not all(self.client) or (form.get("client_id"), form.get("client_secret")) != self.client:
            return Reply(400, {"error": "invalid_client", "error_description": "The client is unknown"})
        token = f"shpat_{uuid.uuid4().hex}"
        self._issued[token] = self.now() + timedelta(seconds=TOKEN_LIFE_S)
        return Reply(200, {"access_token": token, "scope": ",".join(self.scopes), "expires_in": TOKEN_LIFE_S})

    def revoke(self) -> None:
        """All tokens that were given out are void."""
        self._issued.clear()

    def _knows(self, token: str) -> bool:
        until = self._issued.get(token)
        return bool(token) and (token == self.token or (until is not None and until > self.now()))

    # ---- Queries ----

    def _query(self, text: str, variables: dict[str, Any], version: str) -> dict[str, Any]:
        try:
            query = Query(text, variables)
            requested = query.cost()
            if requested > COST_MAX:
                message = f"Query cost is {requested}, which exceeds the single query max cost limit ({COST_MAX})."
                raise Fault(message, "MAX_COST_EXCEEDED")
            self._refill()
            if requested > self.available:
                error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
                return {"errors": [error], "extensions": {"cost": self._cost(requested, None)}}
            self.operations.append((query.operation.name.value, variables))
            self._check_scopes(query)
            self.version = version
            data = query.answer(self._mutation_root() if query.kind == "mutation" else self._root())
        except Fault as fault:
            error = (
                {"message": str(fault), "extensions": {"code": fault.code}} if fault.code else {"message": str(fault)}
            )
            return {"errors": [error]}
        # What was asked for in vain is given back.
        actual = min(query.objects + (10 if query.kind == "mutation" else 0), requested)
        self.available -= actual
        return {"data": data, "extensions": {"cost": self._cost(requested, actual)}}

    def _refill(self) -> None:
        now = self.now()
        self.available = min(self.limit, self.available + (now - self._filled_at).total_seconds() * self.per_s)
        self._filled_at = now

    def _cost(self, requested: float, actual: float | None) -> dict[str, Any]:
        status = {"maximumAvailable": self.limit, "currentlyAvailable": int(self.available), "restoreRate": self.per_s}
        return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}

    def _check_scopes(self, query: Query) -> None:
        have = set(self.scopes) | {scope.replace("write_", "read_") for scope in self.scopes}
        for field in query.fields(query.operation.selection_set):
            needed = NEEDED.get(field.name.value)
            if needed and needed not in have:
                message = f"Access denied for {field.name.value} field. Required access: `{needed}` access scope."
                raise Fault(message, "ACCESS_DENIED")

    def _root(self) -> dict[str, Any]:
        return {
            "shop": {
                "name": "Brightwater Supply",
                "currencyCode": self.currency,
                "ianaTimezone": "America/Chicago",
                "myshopifyDomain": "brightwater.myshopify.example",
                "shopAddress": {"countryCodeV2": "US"},
            },
            "locations": {"nodes": self.locations},
            "currentAppInstallation": {"accessScopes": [{"handle": scope} for scope in self.scopes]},
            "orders": self._list_orders,
            "shopifyPaymentsAccount": self._payments_account(),
            "order": lambda id: self._order(id),
            "refund": lambda id: self._refund(id),
            "return": lambda id: self._known_return(id),
            "returnableFulfillments": lambda orderId, first, after=None: self._returnable(orderId),
            "fulfillmentOrder": lambda id: next(
                (row for rows in self.groups.values() for row in rows if row["id"] == id), None
            ),
            "fulfillment": lambda id: next(
                (row for rows in self.shipments.values() for row in rows if row["id"] == id), None
            ),
            "productVariants": {"nodes": self.variants},
            "product": lambda id: self._product(id),
            "nodes": lambda ids: [self._item(one) for one in ids],
            "job": lambda id: self._job(id),
            "webhookSubscriptions": {"nodes": self.webhooks},
        }

    def send_payout(self, payout: Mapping[str, Any], transactions: Iterable[Mapping[str, Any]]) -> None:
        """Send a payout to the bank."""
        self.payouts.append((dict(payout), [dict(row) for row in transactions]))

    def _payments_account(self) -> dict[str, Any] | None:
        if self.payouts is None:
            return None

        def payouts(first: int, query: str, sortKey: str, after: str | None = None) -> dict[str, Any]:
            found = ISSUED.fullmatch(query)
            if sortKey != "ISSUED_AT" or not found:
                raise Fault("This shop only lists payouts by their date.", "BAD_REQUEST")
            rows = [payout for payout, _rows in self.payouts if _read(payout["issuedAt"]) >= _read(found[1])]
            return page(sorted(rows, key=lambda payout: payout["issuedAt"]), first, after)

        def transactions(
            first: int, query: str, sortKey: str, hideTransfers: bool, after: str | None = None
        ) -> dict[str, Any]:
            number = query.removeprefix("payments_transfer_id:")
            if self.moving and after:
                self.moving.pop(0)()
            rows = next((rows for payout, rows in self.payouts if payout["legacyResourceId"] == number), [])
            return page([row for row in rows if not (hideTransfers and row["type"] == "TRANSFER")], first, after)

        return {"payouts": payouts, "balanceTransactions": transactions}

    def _list_orders(self, first: int, query: str, sortKey: str, after: str | None = None) -> dict[str, Any]:
        found = SINCE.search(query)
        if sortKey != "UPDATED_AT" or not found:
            raise Fault("This shop only lists orders by their date of change.", "BAD_REQUEST")
        since = datetime.fromisoformat(found[1].replace("Z", "+00:00"))
        rows = sorted((order for order in self.orders.values() if _read(order["updatedAt"]) >= since), key=_sort_key)
        if after:
            place = tuple(json.loads(base64.b64decode(after)))
            rows = [order for order in rows if _sort_key(order) > place]
        shown = rows[:first]
        cursor = base64.b64encode(json.dumps(_sort_key(shown[-1])).encode()).decode() if shown else ""
        return connection([self._order(order["id"]) for order in shown], cursor, len(rows) > first)

    def _order(self, order_id: str) -> dict[str, Any] | None:
        order = self.orders.get(order_id)
        if order is None:
            return None
        return self._both_sides(
            {**order, "fulfillmentOrders": {"nodes": self.groups[order_id]}, "fulfillments": self.shipments[order_id]}
        )

    def _refund(self, refund_id: str) -> dict[str, Any] | None:
        rows = (row for order in self.orders.values() for row in order["refunds"] if row["id"] == refund_id)
        return self._both_sides(next(rows, None))

    def _both_sides(self, value: Any) -> Any:
        """The data with both sides of every amount, as the shop has them."""
        if isinstance(value, list):
            return [self._both_sides(row) for row in value]
        if not isinstance(value, Mapping):
            return value
        shop, shown = value.get("shopMoney"), value.get("presentmentMoney")
        if shop is None and shown is None:
            found = {key: self._both_sides(row) for key, row in value.items()}
            if self.presentment[0] and "presentmentCurrencyCode" in found:
                found["presentmentCurrencyCode"] = self.presentment[0]
            return found
        return {"shopMoney": shop or shown, "presentmentMoney": shown or self.shown(shop)}

    def shown(self, money: Mapping[str, Any]) -> dict[str, Any]:
        """An amount of the shop's in the customer's currency."""
        currency, rate = self.presentment
        if not currency:
            return dict(money)
        return {
            "amount": str((Decimal(money["amount"]) * Decimal(rate)).quantize(Decimal("0.01"))),
            "currencyCode": currency,
        }

    def _item(self, item_id: str) -> dict[str, Any] | None:
        item = next((row["inventoryItem"] for row in self.variants if row["inventoryItem"]["id"] == item_id), None)

        def level(locationId: str) -> dict[str, Any] | None:
            quantity = self.stock.get((item_id, locationId))
            if quantity is None:
                return None
            return {"quantities": lambda names: [{"name": name, "quantity": quantity} for name in names]}

        return {**item, "inventoryLevel": level} if item else None

    def _job(self, job_id: str) -> dict[str, Any] | None:
        if job_id not in self.jobs:
            return None
        order_id, polls = self.jobs[job_id]
        self.jobs[job_id] = (order_id, polls - 1)
        if polls <= 1:
            self.change(order_id, cancelledAt=_moment(self.now()))
        return {"id": job_id, "done": polls <= 1}


def _location(number: int, name: str) -> dict[str, Any]:
    return {"id": f"gid://shopify/Location/{70_000_000 + number}", "name": name, "isActive": True}


def _moment(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _sort_key(order: Mapping[str, Any]) -> tuple[str, int]:
    return (order["updatedAt"], int(order["id"].rpartition("/")[2]))


# ---- Webhooks ----


def deliver(
    url: str, order: Mapping[str, Any] | bytes, topic: str, secret: str, event_id: str = ""
) -> requests.Response:
    """Send a webhook about an order (or raw bytes) to ``url``. It speaks REST, not GraphQL."""
    body = order if isinstance(order, bytes) else rest_body(order)
    headers = webhook_headers(body, topic, secret, event_id)
    return requests.post(url, data=body, headers=headers, timeout=DELIVERY_TIMEOUT_S, allow_redirects=False)


def rest_body(order: Mapping[str, Any]) -> bytes:
    """What a webhook of the topics ``orders/…`` says of an order, with the fields that we ask for."""
    number = str(order["id"]).rpartition("/")[2]
    rest = {
        "id": int(number) if number.isdecimal() else number,
        "admin_graphql_api_id": order["id"],
        "updated_at": order["updatedAt"],
    }
    return json.dumps(rest, separators=(",", ":")).encode()


def webhook_headers(body: bytes, topic: str, secret: str, event_id: str = "") -> dict[str, str]:
    """The headers of a delivery. The event's id stays the same for repetitions, that of the delivery does not."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": "brightwater.myshopify.example",
        "X-Shopify-API-Version": "2026-07",
        "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        "X-Shopify-Event-Id": event_id or str(uuid.uuid5(uuid.NAMESPACE_URL, body.decode("latin-1"))),
        "X-Shopify-Triggered-At": "2026-11-05T09:00:12.000000000Z",
    }
