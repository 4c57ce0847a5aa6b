"""Amazon's Selling Partner API on this machine: one seller, enough of it to test and to demonstrate with.

It keeps the contract where clients go wrong: access tokens end; ``lastUpdatedBefore`` has to be two minutes old; a page token
goes with the parameters that it was made for, and lists are in no order; each operation has a bucket of its own, and 429 does
not say when to come back; a feed is brought to another address than the API's, which is signed and wants no token, and what
came of it is told minutes later; parcels are numbered by text. And it misbehaves on demand, as every server here::

    with AmazonServer(orders=[order]) as amazon:
        amazon.token_lifetime_s = 0
        Client(amazon.url, *amazon.credentials).orders_since(moment)
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from .amazon_money import AmazonMoney
from .amazon_offers import AmazonOffers, as_moment, error
from .base import Asked, Reply

#: Operation → (calls a second, burst), from the published models.
USAGE_PLANS = {
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "confirmShipment": (2, 10),
    "searchListingsItems": (5, 5),
    "getListingsItem": (5, 10),
    "patchListingsItem": (5, 5),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "getFeed": (2, 15),
    "getFeeds": (0.0222, 10),
    "getFeedDocument": (0.0222, 10),
    "getMarketplaceParticipations": (0.016, 15),
    "listTransactions": (0.5, 10),
    "getReports": (0.0222, 10),
    "createReport": (0.0167, 15),
    "getReportDocument": (0.0167, 15),
}
ROUTES = (
    ("GET", r"/orders/2026-01-01/orders", "searchOrders"),
    ("GET", r"/orders/2026-01-01/orders/([^/]+)", "getOrder"),
    ("POST", r"/orders/v0/orders/([^/]+)/shipmentConfirmation", "confirmShipment"),
    ("GET", r"/listings/2021-08-01/items/([^/]+)", "searchListingsItems"),
    ("GET", r"/listings/2021-08-01/items/([^/]+)/([^/]+)", "getListingsItem"),
    ("PATCH", r"/listings/2021-08-01/items/([^/]+)/([^/]+)", "patchListingsItem"),
    ("POST", r"/feeds/2021-06-30/documents", "createFeedDocument"),
    ("GET", r"/feeds/2021-06-30/documents/([^/]+)", "getFeedDocument"),
    ("POST", r"/feeds/2021-06-30/feeds", "createFeed"),
    ("GET", r"/feeds/2021-06-30/feeds", "getFeeds"),
    ("GET", r"/feeds/2021-06-30/feeds/([^/]+)", "getFeed"),
    ("GET", r"/sellers/v1/marketplaceParticipations", "getMarketplaceParticipations"),
    ("GET", r"/finances/2024-06-19/transactions", "listTransactions"),
    ("GET", r"/reports/2021-06-30/reports", "getReports"),
    ("POST", r"/reports/2021-06-30/reports", "createReport"),
    ("GET", r"/reports/2021-06-30/documents/([^/]+)", "getReportDocument"),
)
SEARCH_PARAMETERS = {
    "createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore", "fulfillmentStatuses", "marketplaceIds",
    "fulfilledBy", "maxResultsPerPage", "paginationToken", "includedData",
}  # fmt: skip
INCLUDED_DATA = {
    "BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX", "PAYMENT",
    "FULFILLMENT_ORDERS",
}  # fmt: skip


class AmazonServer(AmazonMoney, AmazonOffers):
    """The seller.

    :ivar orders: id → order as the API shows it; tests change it as they like.
    :ivar offers: SKU → listing as the API shows it; ``contents``: SKU → attribute → what was told of it.
    :ivar refunds: ``(order, item, type, amount, currency)`` of all that was paid back.
    :ivar feeds: id → feed.
    :ivar token_lifetime_s: of access tokens that are given out from now on.
    :ivar authorised: whether the seller still lets the application in.
    :ivar result_lag: how often a feed is asked for before it is done.
    :ivar sparse: every other page of orders is empty and still has a successor.
    :param plans: operation → (calls a second, burst), instead of the published ones.
    """

    def __init__(
        self,
        orders: Iterable[Mapping[str, Any]] = (),
        plans: Mapping[str, tuple[float, int]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        **options: Any,
    ):
        super().__init__(**options)
        self.client_id, self.client_secret, self.refresh_token = (
            f"{prefix}{secrets.token_hex(8)}" for prefix in ("amzn1.client.", "amzn1.secret.", "Atzr|")
        )
        self.seller_id, self.marketplaces = "A3KESTREL0FINCH", ["A1PA6795UKMFR9"]
        self.orders = {order["orderId"]: deepcopy(dict(order)) for order in orders}
        self.offers: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, dict[str, Any]] = {}
        self.refunds: list[tuple[str, str, str, str, str]] = []
        self.feeds: dict[str, dict[str, Any]] = {}
        self.reports: list[dict[str, Any]] = []
        self.token_lifetime_s, self.authorised = 3600, True
        self.result_lag, self.sparse, self.packed = 1, False, True
        self.upload_url = ""
        self.reports_per_page = 100
        self.clock = clock
        self._plans = {**USAGE_PLANS, **(plans or {})}
        self._left = {name: (float(burst), clock()) for name, (_rate, burst) in self._plans.items()}
        self._tokens: dict[str, float] = {}
        self._pages: dict[str, tuple[dict[str, str], list[str], float]] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self._ids = iter(range(50_001, 10**9))
        self._signing = secrets.token_bytes(16)
        self.transactions: list[dict[str, Any]] = []
        self.returns: list[dict[str, str]] = []

    @property
    def credentials(self) -> tuple[str, str, str, str, str]:
        """Key, secret, refresh token, seller, marketplaces."""
        marketplaces = ",".join(self.marketplaces)
        return self.client_id, self.client_secret, self.refresh_token, self.seller_id, marketplaces

    @property
    def operations(self) -> list[str]:
        """What was asked for, in order; tokens and storage left out."""
        return [name for asked in self.asked if (name := _route(asked)[0])]

    def use_up(self, operation: str, rate: float = 0.01) -> None:
        """Somebody else has asked this so often that nothing is left, and little comes back."""
        self._plans[operation] = (rate, self._plans[operation][1])
        self._left[operation] = (0.0, self.clock())

    def withdraw_tokens(self) -> None:
        """No access token is good any more."""
        self._tokens.clear()

    def offer(self, sku: str, quantity: int | None = 0, price: str = "10.00", **changes: Any) -> dict[str, Any]:
        """Something to sell; without a quantity it lies in Amazon's own warehouse."""
        stock = {"fulfillmentChannelCode": "AMAZON_EU"} if quantity is None else {"fulfillmentChannelCode": "DEFAULT"}
        summary = {
            "marketplaceId": self.marketplaces[0],
            "asin": f"B0{hashlib.sha256(sku.encode()).hexdigest()[:8].upper()}",
            "productType": "HOME_BED_AND_BATH",
            "status": ["BUYABLE", "DISCOVERABLE"],
            "itemName": f"Thing {sku}",
            "createdDate": "2026-01-01T00:00:00Z",
            "lastUpdatedDate": "2026-01-01T00:00:00Z",
        }
        money = {"currencyCode": "EUR", "amount": price}
        self.offers[sku] = {
            "sku": sku,
            "summaries": [{**summary, **changes}],
            "offers": [{"marketplaceId": self.marketplaces[0], "offerType": "B2C", "price": money}],
            "fulfillmentAvailability": [stock if quantity is None else {**stock, "quantity": quantity}],
        }
        return self.offers[sku]

    def quantity(self, sku: str) -> int | None:
        return self.offers[sku]["fulfillmentAvailability"][0].get("quantity")

    # ---- Who may ask, and how often ----

    def handle(self, asked: Asked) -> Reply:
        if (asked.method, asked.path) == ("POST", "/auth/o2/token"):
            return self._grant(asked)
        if asked.path.startswith("/storage/"):
            return self._store(asked)
        operation, parts = _route(asked)
        token = asked.headers.get("x-amz-access-token", "")
        if self._tokens.get(token, 0) <= self.clock():
            details = "The access token you provided has expired." if token else "Access token is missing."
            return error(403, "Unauthorized", "Access to requested resource is denied.", details)
        if not operation:
            return error(404, "NotFound", "The specified resource does not exist.")
        rate, burst = self._plans[operation]
        left, at = self._left[operation]
        left = min(burst, left + (self.clock() - at) * rate)
        if left < 1:
            self._left[operation] = left, self.clock()
            return error(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
        self._left[operation] = left - 1, self.clock()
        reply = getattr(self, f"_{operation}")(asked, *parts)
        return Reply(reply.status, reply.payload, {"x-amzn-RateLimit-Limit": str(rate), **reply.headers})

    def busy(self, **options: Any) -> Reply:
        return error(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")

    def _grant(self, asked: Asked) -> Reply:
        form = dict(parse_qsl(asked.raw.decode()))
        if form.get("grant_type") != "refresh_token":
            return Reply(400, {"error": "unsupported_grant_type", "error_description": "Grant type is not supported"})
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return Reply(401, {"error": "invalid_client", "error_description": "Client authentication failed"})
        if form.get("refresh_token") != self.refresh_token or not self.authorised:
            description = "The request has an invalid grant parameter : refresh_token. User may have revoked access."
            return Reply(400, {"error": "invalid_grant", "error_description": description})
        token = f"Atza|{secrets.token_hex(12)}"
        self._tokens[token] = self.clock() + self.token_lifetime_s
        answer = {"access_token": token, "token_type": "bearer", "expires_in": self.token_lifetime_s or 3600}
        return Reply(200, {**answer, "refresh_token": self.refresh_token})

    # ---- Settlements ----

    def write_settlement(self, content: bytes, created: datetime) -> str:
        """A settlement has closed, and Amazon has written its report; the id of the document."""
        document_id = f"amzn1.spdoc.1.4.eu.{secrets.token_hex(8)}"
        body = gzip.compress(content) if self.packed else content
        self._documents[document_id] = {"content_type": "", "body": body}
        report = {
            "reportId": str(next(self._ids)),
            "reportType": "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
            "processingStatus": "DONE",
            "createdTime": created.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
            "reportDocumentId": document_id,
        }
        self.reports.append(report)
        return document_id

    def _getReports(self, asked: Asked) -> Reply:
        query = asked.params
        if token := query.get("nextToken"):
            if len(query) > 1 or token not in self._pages:
                return error(400, "InvalidInput", "Invalid nextToken.")
            _wanted, ids, _until = self._pages[token]
        else:
            since = as_moment(query.get("createdSince"))
            if not since or since < self.now() - timedelta(days=90) or "reportTypes" not in query:
                return error(400, "InvalidInput", "createdSince has to be within 90 days.")
            ids = [
                row["reportId"]
                for row in reversed(self.reports)
                if row["reportType"] in query["reportTypes"].split(",") and as_moment(row["createdTime"]) >= since
            ]
        size = min(int(query.get("pageSize", "10")), self.reports_per_page)
        shown, rest = ids[:size], ids[size:]
        answer: dict[str, Any] = {"reports": [dict(row) for row in self.reports if row["reportId"] in shown]}
        self._make_reports(shown)
        if rest:
            answer["nextToken"] = secrets.token_urlsafe(24)
            self._pages[answer["nextToken"]] = ({}, rest, 0.0)
        return Reply(200, answer)

    def _getReportDocument(self, asked: Asked, document_id: str) -> Reply:
        if document_id not in self._documents:
            return error(404, "NotFound", "The document was not found.")
        answer = {"reportDocumentId": document_id, "url": self._address(document_id)}
        return Reply(200, {**answer, "compressionAlgorithm": "GZIP"} if self.packed else answer)

    # ---- Orders ----

    def change(self, order_id: str, **values: Any) -> dict[str, Any]:
        """Change an order as Amazon would, with a new time of change; the order."""
        moment = self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.orders[order_id] |= {**values, "lastUpdatedTime": moment}
        return self.orders[order_id]

    def _searchOrders(self, asked: Asked) -> Reply:
        query = asked.params
        unknown = set(query) - SEARCH_PARAMETERS or set(query.get("includedData", "BUYER").split(",")) - INCLUDED_DATA
        after, before = as_moment(query.get("lastUpdatedAfter")), as_moment(query.get("lastUpdatedBefore"))
        size = query.get("maxResultsPerPage", "100")
        if unknown or not after or not size.isdecimal() or not 1 <= int(size) <= 100 or "createdAfter" in query:
            return error(400, "InvalidInput", "Invalid Input")
        latest = self.now() - timedelta(minutes=2)
        if before and (before > latest or before < after):
            return error(400, "InvalidInput", "lastUpdatedBefore must be at least two minutes in the past.")
        wanted = {key: value for key, value in query.items() if key not in ("paginationToken", "includedData")}
        if token := query.get("paginationToken"):
            made_for, ids, until = self._pages.get(token, ({}, [], 0.0))
            if made_for != wanted or until < self.clock():
                return error(400, "InvalidInput", "Invalid pagination token.")
        else:
            ids = [
                order_id
                for order_id, order in self.orders.items()
                if self._matches(order, query, after, before or latest)
            ]
            # In no order that anybody promises.
            ids.sort(key=lambda order_id: hashlib.sha256(order_id.encode()).digest())
            if self.sparse:
                ids = [name for order_id in ids for name in ("", order_id)]
        page, rest = ids[: int(size)], ids[int(size) :]
        answer: dict[str, Any] = {
            "orders": [self.orders[order_id] for order_id in page if order_id],
            "lastUpdatedBefore": (before or latest).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if rest:
            token = secrets.token_urlsafe(24)
            self._pages[token] = (wanted, rest, self.clock() + 24 * 3600)
            answer["pagination"] = {"nextToken": token}
        return Reply(200, answer)

    @staticmethod
    def _matches(order: Mapping[str, Any], query: Mapping[str, str], after: datetime, before: datetime) -> bool:
        changed = as_moment(order["lastUpdatedTime"])
        places, keepers = query.get("marketplaceIds", ""), query.get("fulfilledBy", "")
        return (
            after <= changed <= before
            and (not places or order["salesChannel"]["marketplaceId"] in places.split(","))
            and (not keepers or order["fulfillment"].get("fulfilledBy", "MERCHANT") in keepers.split(","))
        )

    def _getOrder(self, asked: Asked, order_id: str) -> Reply:
        if order_id not in self.orders:
            return error(404, "NotFound", "The order was not found.")
        return Reply(200, {"order": self.orders[order_id]})

    def _confirmShipment(self, asked: Asked, order_id: str) -> Reply:
        order, body = self.orders.get(order_id), asked.json or {}
        detail = body.get("packageDetail") or {}
        number = detail.get("packageReferenceId")
        required = {"packageReferenceId", "carrierCode", "trackingNumber", "shipDate", "orderItems"}
        if order is None:
            return error(404, "NotFound", "The order was not found.")
        if not required <= set(detail) or not isinstance(number, str) or not number.isdecimal() or int(number) < 1:
            return error(400, "InvalidInput", "PackageReferenceId: is invalid, must be a positive numeric value.")
        if body.get("marketplaceId") != order["salesChannel"]["marketplaceId"]:
            return error(400, "InvalidInput", "MarketplaceId is invalid.")
        if detail["carrierCode"] == "Other" and not detail.get("carrierName"):
            return error(400, "InvalidInput", "CarrierName is required when CarrierCode is Other.")
        packages = order.setdefault("packages", [])
        items = {item["orderItemId"]: item for item in order["orderItems"]}
        open_pieces = {
            item_id: item["quantityOrdered"] - _packed(packages, item_id, number) for item_id, item in items.items()
        }
        for row in detail["orderItems"]:
            if not isinstance(row.get("quantity"), int) or row.get("orderItemId") not in items:
                return error(400, "InvalidInput", "OrderItemId is invalid.")
            if row["quantity"] > open_pieces[row["orderItemId"]]:
                message = "Failed to create package due to not finding a matching package or order already fulfilled."
                return error(400, "InvalidInput", message)
        package = {
            "packageReferenceId": number,
            "carrier": detail.get("carrierName") or detail["carrierCode"],
            "trackingNumber": detail["trackingNumber"],
            "shipTime": detail["shipDate"],
            "packageItems": deepcopy(detail["orderItems"]),
        }
        # The same number again corrects the parcel.
        packages[:] = [*(one for one in packages if one["packageReferenceId"] != number), package]
        done = all(_packed(packages, item_id) >= item["quantityOrdered"] for item_id, item in items.items())
        status = "SHIPPED" if done else "PARTIALLY_SHIPPED"
        self.change(order_id, fulfillment={**order["fulfillment"], "fulfillmentStatus": status})
        return Reply(204)

    # ---- The account ----

    def _getMarketplaceParticipations(self, asked: Asked) -> Reply:
        rows = [
            {
                "marketplace": {
                    "id": marketplace_id,
                    "name": "Amazon",
                    "countryCode": "DE",
                    "defaultCurrencyCode": "EUR",
                    "defaultLanguageCode": "de_DE",
                    "domainName": "www.amazon.de",
                },
                "participation": {"isParticipating": True, "hasSuspendedListings": False},
                "storeName": "Kestrel & Finch",
            }
            for marketplace_id in self.marketplaces
        ]
        return Reply(200, {"payload": rows})


# ---- Notifications ----


def order_change(order: Mapping[str, Any], seller_id: str = "A3KESTREL0FINCH") -> bytes:
    """The message that a queue gets when an order changes."""
    return json.dumps(
        {
            "NotificationVersion": "1.0",
            "NotificationType": "ORDER_CHANGE",
            "PayloadVersion": "1.0",
            "EventTime": "2026-11-03T09:43:11.109Z",
            "Payload": {
                "OrderChangeNotification": {
                    "NotificationLevel": "OrderLevel",
                    "SellerId": seller_id,
                    "AmazonOrderId": order["orderId"],
                    "OrderChangeType": "OrderStatusChange",
                    "OrderChangeTrigger": {"TimeOfOrderChange": order["lastUpdatedTime"], "ChangeReason": ""},
                    "Summary": {"MarketplaceId": order["salesChannel"]["marketplaceId"], "OrderStatus": "Unshipped"},
                }
            },
            "NotificationMetadata": {
                "NotificationId": f"d0e9e693-{order['orderId']}",
                "PublishTime": "2026-11-03T09:43:12Z",
            },
        }
    ).encode()


def forwarded_headers(body: bytes, secret: str) -> dict[str, str]:
    """How whoever reads the queue signs what it passes on."""
    return {"X-Oms-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def _route(asked: Asked) -> tuple[str, tuple[str, ...]]:
    for method, pattern, operation in ROUTES:
        if method == asked.method and (found := re.fullmatch(pattern, asked.path)):
            return operation, found.groups()
    return "", ()


def _packed(packages: Iterable[Mapping[str, Any]], item_id: str, but: str = "") -> int:
    return sum(
        row["quantity"]
        for package in packages
        if package["packageReferenceId"] != but
        for row in package["packageItems"]
        if row["orderItemId"] == item_id
    )
