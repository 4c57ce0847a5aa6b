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
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

from .base import Asked, PlatformServer, Reply

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
)
SEARCH_PARAMETERS = {
    "createdAfter", "createdBefore", "lastUpdatedAfter", "lastUpdatedBefore", "fulfillmentStatuses", "marketplaceIds",
    "fulfilledBy", "maxResultsPerPage", "paginationToken", "includedData",
}  # fmt: skip
INCLUDED_DATA = {
    "BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX", "PAYMENT",
    "FULFILLMENT_ORDERS",
}  # fmt: skip
FEED_TYPES = {"JSON_LISTINGS_FEED", "POST_ORDER_ACKNOWLEDGEMENT_DATA", "POST_PAYMENT_ADJUSTMENT_DATA"}
ADDRESS_LIFETIME_S = 300


class AmazonServer(PlatformServer):
    """The seller.

    :ivar orders: id → order as the API shows it; tests change it as they like.
    :ivar offers: SKU → listing as the API shows it.
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
        self.refunds: list[tuple[str, str, str, str, str]] = []
        self.feeds: dict[str, dict[str, Any]] = {}
        self.token_lifetime_s, self.authorised = 3600, True
        self.result_lag, self.sparse, self.packed = 1, False, True
        self.upload_url = ""
        self.clock = clock
        self._plans = {**USAGE_PLANS, **(plans or {})}
        self._left = {name: (float(burst), clock()) for name, (_rate, burst) in self._plans.items()}
        self._tokens: dict[str, float] = {}
        self._pages: dict[str, tuple[dict[str, str], list[str], float]] = {}
        self._documents: dict[str, dict[str, Any]] = {}
        self._ids = iter(range(50_001, 10**9))
        self._signing = secrets.token_bytes(16)

    @property
    def credentials(self) -> tuple[str, str, str, str, str]:
        """Key, secret, refresh token, seller, marketplaces."""
        marketplaces = ",".join(self.marketplaces)
        return self.client_id, self.client_secret, self.refresh_token, self.seller_id, marketplaces

    @property
    def operations(self) -> list[str]:
        """What was asked for, in order; tokens and storage left out."""
        return [name for asked in self.asked if (name := _route(asked)[0])]

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
            return _error(403, "Unauthorized", "Access to requested resource is denied.", details)
        if not operation:
            return _error(404, "NotFound", "The specified resource does not exist.")
        rate, burst = self._plans[operation]
        left, at = self._left[operation]
        left = min(burst, left + (self.clock() - at) * rate)
        if left < 1:
            self._left[operation] = left, self.clock()
            return _error(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
        self._left[operation] = left - 1, self.clock()
        reply = getattr(self, f"_{operation}")(asked, *parts)
        return Reply(reply.status, reply.payload, {"x-amzn-RateLimit-Limit": str(rate), **reply.headers})

    def busy(self, **options: Any) -> Reply:
        return _error(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")

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

    # ---- Orders ----

    def change(self, order_id: str, **values: Any) -> dict[str, Any]:
        """Change an order as Amazon would, with a new time of change; the order."""
        moment = self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.orders[order_id] |= {**values, "lastUpdatedTime": moment}
        return self.orders[order_id]

    def _searchOrders(self, asked: Asked) -> Reply:
        query = asked.params
        unknown = set(query) - SEARCH_PARAMETERS or set(query.get("includedData", "BUYER").split(",")) - INCLUDED_DATA
        after, before = _moment(query.get("lastUpdatedAfter")), _moment(query.get("lastUpdatedBefore"))
        size = query.get("maxResultsPerPage", "100")
        if unknown or not after or not size.isdecimal() or not 1 <= int(size) <= 100 or "createdAfter" in query:
            return _error(400, "InvalidInput", "Invalid Input")
        latest = self.now() - timedelta(minutes=2)
        if before and (before > latest or before < after):
            return _error(400, "InvalidInput", "lastUpdatedBefore must be at least two minutes in the past.")
        wanted = {key: value for key, value in query.items() if key not in ("paginationToken", "includedData")}
        if token := query.get("paginationToken"):
            made_for, ids, until = self._pages.get(token, ({}, [], 0.0))
            if made_for != wanted or until < self.clock():
                return _error(400, "InvalidInput", "Invalid pagination token.")
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
        changed = _moment(order["lastUpdatedTime"])
        places, keepers = query.get("marketplaceIds", ""), query.get("fulfilledBy", "")
        return (
            after <= changed <= before
            and (not places or order["salesChannel"]["marketplaceId"] in places.split(","))
            and (not keepers or order["fulfillment"].get("fulfilledBy", "MERCHANT") in keepers.split(","))
        )

    def _getOrder(self, asked: Asked, order_id: str) -> Reply:
        if order_id not in self.orders:
            return _error(404, "NotFound", "The order was not found.")
        return Reply(200, {"order": self.orders[order_id]})

    def _confirmShipment(self, asked: Asked, order_id: str) -> Reply:
        order, body = self.orders.get(order_id), asked.json or {}
        detail = body.get("packageDetail") or {}
        number = detail.get("packageReferenceId")
        required = {"packageReferenceId", "carrierCode", "trackingNumber", "shipDate", "orderItems"}
        if order is None:
            return _error(404, "NotFound", "The order was not found.")
        if not required <= set(detail) or not isinstance(number, str) or not number.isdecimal() or int(number) < 1:
            return _error(400, "InvalidInput", "PackageReferenceId: is invalid, must be a positive numeric value.")
        if body.get("marketplaceId") != order["salesChannel"]["marketplaceId"]:
            return _error(400, "InvalidInput", "MarketplaceId is invalid.")
        if detail["carrierCode"] == "Other" and not detail.get("carrierName"):
            return _error(400, "InvalidInput", "CarrierName is required when CarrierCode is Other.")
        packages = order.setdefault("packages", [])
        items = {item["orderItemId"]: item for item in order["orderItems"]}
        open_pieces = {
            item_id: item["quantityOrdered"] - _packed(packages, item_id, number) for item_id, item in items.items()
        }
        for row in detail["orderItems"]:
            if not isinstance(row.get("quantity"), int) or row.get("orderItemId") not in items:
                return _error(400, "InvalidInput", "OrderItemId is invalid.")
            if row["quantity"] > open_pieces[row["orderItemId"]]:
                message = "Failed to create package due to not finding a matching package or order already fulfilled."
                return _error(400, "InvalidInput", message)
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

    # ---- Listings ----

    def _searchListingsItems(self, asked: Asked, seller_id: str) -> Reply:
        query = asked.params
        marketplaces = query.get("marketplaceIds", "").split(",")
        size = query.get("pageSize", "10")
        if seller_id != self.seller_id or len(marketplaces) != 1 or not size.isdecimal() or not 1 <= int(size) <= 20:
            return _error(400, "InvalidInput", "Request has missing or invalid parameters.")
        found = [offer for offer in self.offers.values() if offer["summaries"][0]["marketplaceId"] == marketplaces[0]]
        if "identifiers" in query:
            wanted = query["identifiers"].split(",")
            if query.get("identifiersType") != "SKU" or len(wanted) > 20:
                return _error(400, "InvalidInput", "At most 20 identifiers of one type.")
            found = [offer for offer in found if offer["sku"] in wanted]
        if after := _moment(query.get("createdAfter")):
            found = [offer for offer in found if _moment(offer["summaries"][0]["createdDate"]) >= after]
        if query.get("sortBy") == "createdDate":
            found.sort(key=lambda offer: offer["summaries"][0]["createdDate"], reverse=query.get("sortOrder") != "ASC")
        start, stop = int(query.get("pageToken", "0")), int(query.get("pageToken", "0")) + int(size)
        answer: dict[str, Any] = {"numberOfResults": len(found), "items": found[start : min(stop, 1000)]}
        if stop < min(len(found), 1000):
            answer["pagination"] = {"nextToken": str(stop)}
        return Reply(200, answer)

    def _getListingsItem(self, asked: Asked, seller_id: str, sku: str) -> Reply:
        if unquote(sku) not in self.offers:
            return _error(404, "NotFound", f"SKU '{sku}' not found in marketplace.")
        return Reply(200, self.offers[unquote(sku)])

    def _patchListingsItem(self, asked: Asked, seller_id: str, sku: str) -> Reply:
        body = asked.json or {}
        if seller_id != self.seller_id or "," in asked.params.get("marketplaceIds", ",") or not body.get("productType"):
            return _error(400, "InvalidInput", "Request has missing or invalid parameters.")
        if unquote(sku) not in self.offers:
            return _error(404, "NotFound", f"SKU '{sku}' not found in marketplace.")
        issues = self._patch(unquote(sku), body.get("patches", []))
        status = "INVALID" if issues else "ACCEPTED"
        return Reply(
            200, {"sku": unquote(sku), "status": status, "submissionId": secrets.token_hex(8), "issues": issues}
        )

    def _patch(self, sku: str, patches: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Apply patches to an offer; what is wrong with them, and then nothing is applied."""
        offer, change = self.offers.get(sku), None
        if offer is None:
            return [_issue("13013", "This SKU does not exist in your inventory.")]
        for patch in patches:
            value = (patch.get("value") or [{}])[0]
            if patch.get("op") not in ("add", "replace", "merge"):
                return [_issue("4000004", "The operation is not supported.")]
            if patch.get("path") == "/attributes/fulfillment_availability":
                quantity, code = value.get("quantity"), value.get("fulfillment_channel_code")
                if code != "DEFAULT" or not isinstance(quantity, int) or not 0 <= quantity < 10**8:
                    return [
                        _issue("90244", "The value specified is invalid for “quantity”.", "fulfillment_availability")
                    ]
                change = ("fulfillmentAvailability", [{"fulfillmentChannelCode": code, "quantity": quantity}])
            elif patch.get("path") == "/attributes/purchasable_offer":
                amount = value["our_price"][0]["schedule"][0]["value_with_tax"]
                if not isinstance(amount, int | float) or amount <= 0:
                    return [_issue("90225", "The price must be more than zero.", "purchasable_offer")]
                money = {"currencyCode": value["currency"], "amount": f"{amount:.2f}"}
                place = {"marketplaceId": value["marketplace_id"], "offerType": "B2C", "price": money}
                change = ("offers", [place])
            else:
                return [_issue("4000003", "Only top-level attributes can be patched.")]
        if change:
            offer[change[0]] = change[1]
        return []

    # ---- Feeds ----

    def _createFeedDocument(self, asked: Asked) -> Reply:
        content_type = (asked.json or {}).get("contentType")
        if not content_type:
            return _error(400, "InvalidInput", "contentType is missing.")
        document_id = f"amzn1.tortuga.4.eu.{secrets.token_hex(8)}"
        self._documents[document_id] = {"content_type": content_type, "body": None}
        address = self.upload_url or self._address(document_id)
        return Reply(201, {"feedDocumentId": document_id, "url": address})

    def _address(self, document_id: str) -> str:
        until = int(self.clock() + ADDRESS_LIFETIME_S)
        return (
            f"{self.url}/storage/{document_id}?X-Amz-Expires={until}&X-Amz-Signature={self._sign(document_id, until)}"
        )

    def _sign(self, document_id: str, until: int) -> str:
        return hmac.new(self._signing, f"{document_id}{until}".encode(), hashlib.sha256).hexdigest()

    def _store(self, asked: Asked) -> Reply:
        document_id, until = asked.path.removeprefix("/storage/"), asked.params.get("X-Amz-Expires", "0")
        refusal = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        signature = self._sign(document_id, int(until)) if until.isdecimal() else ""
        document = self._documents.get(document_id)
        if not document or asked.params.get("X-Amz-Signature") != signature or int(until) < self.clock():
            return Reply(403, refusal, {"Content-Type": "application/xml"})
        if asked.method == "GET":
            return Reply(200, document["body"], {"Content-Type": "binary/octet-stream"})
        if asked.headers.get("content-type") != document["content_type"]:
            return Reply(
                403, refusal.replace(b"AccessDenied", b"SignatureDoesNotMatch"), {"Content-Type": "application/xml"}
            )
        document["body"] = asked.raw
        return Reply(200)

    def _createFeed(self, asked: Asked) -> Reply:
        body = asked.json or {}
        document = self._documents.get(body.get("inputFeedDocumentId", ""))
        if body.get("feedType") not in FEED_TYPES or not body.get("marketplaceIds") or not document:
            return _error(400, "InvalidInput", "Invalid request parameters")
        if document["body"] is None:
            return _error(400, "InvalidInput", "The feed document has no contents.")
        feed_id = str(next(self._ids))
        self.feeds[feed_id] = {
            "feedId": feed_id,
            "feedType": body["feedType"],
            "marketplaceIds": body["marketplaceIds"],
            "createdTime": self.now().strftime("%Y-%m-%dT%H:%M:%S+00:00"),
            "processingStatus": "IN_QUEUE",
            "document": document["body"],
            "lag": self.result_lag,
        }
        return Reply(202, {"feedId": feed_id})

    def _getFeeds(self, asked: Asked) -> Reply:
        kinds, since = asked.params.get("feedTypes", "").split(","), _moment(asked.params.get("createdSince"))
        found = [
            _shown(feed)
            for feed in self.feeds.values()
            if feed["feedType"] in kinds and (since is None or _moment(feed["createdTime"]) >= since)
        ]
        return Reply(200, {"feeds": found[: int(asked.params.get("pageSize", "10"))]})

    def _getFeed(self, asked: Asked, feed_id: str) -> Reply:
        feed = self.feeds.get(feed_id)
        if feed is None:
            return _error(404, "NotFound", "The feed was not found.")
        if feed["lag"] > 0:
            feed["lag"] -= 1
            feed["processingStatus"] = "IN_PROGRESS"
        elif feed["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"):
            self._work(feed)
        return Reply(200, _shown(feed))

    def _getFeedDocument(self, asked: Asked, document_id: str) -> Reply:
        if document_id not in self._documents:
            return _error(404, "NotFound", "The document was not found.")
        answer = {"feedDocumentId": document_id, "url": self._address(document_id)}
        return Reply(200, {**answer, "compressionAlgorithm": "GZIP"} if self.packed else answer)

    def _work(self, feed: dict[str, Any]) -> None:
        """Do what a feed says, and write down what came of it."""
        if feed["feedType"] == "JSON_LISTINGS_FEED":
            report = self._work_listings(feed)
        else:
            report = self._work_orders(feed)
        document_id = f"amzn1.tortuga.4.eu.{secrets.token_hex(8)}"
        body = gzip.compress(report) if self.packed else report
        self._documents[document_id] = {"content_type": "", "body": body}
        feed |= {"processingStatus": "DONE", "resultFeedDocumentId": document_id}

    def _work_listings(self, feed: Mapping[str, Any]) -> bytes:
        payload = json.loads(feed["document"])
        header, messages = payload["header"], payload["messages"]
        assert header["version"] == "2.0" and header["sellerId"] == self.seller_id
        issues = []
        for message in messages:
            assert message["operationType"] == "PATCH" and message["productType"]
            for issue in self._patch(message["sku"], message["patches"]):
                issues.append({"messageId": message["messageId"], **issue})
        refused = len({issue["messageId"] for issue in issues})
        summary = {
            "errors": len(issues),
            "warnings": 0,
            "messagesProcessed": len(messages),
            "messagesAccepted": len(messages) - refused,
            "messagesInvalid": refused,
        }
        head = {"sellerId": self.seller_id, "version": "2.0", "feedId": feed["feedId"]}
        return json.dumps({"header": head, "issues": issues, "summary": summary}).encode()

    def _work_orders(self, feed: Mapping[str, Any]) -> bytes:
        root = ElementTree.fromstring(feed["document"])
        assert root.tag == "AmazonEnvelope" and root.findtext("Header/MerchantIdentifier") == self.seller_id
        errors = []
        for message in root.iterfind("Message"):
            content = message[1]
            order = self.orders.get(content.findtext("AmazonOrderID") or "")
            if order is None:
                errors.append(("18028", "The order does not exist."))
            elif content.tag == "OrderAcknowledgement":
                if order["fulfillment"]["fulfillmentStatus"] not in ("UNSHIPPED", "PENDING"):
                    errors.append(("18027", "The order is already shipped or cancelled."))
                else:
                    items = [{**item, "quantityOrdered": 0} for item in order["orderItems"]]
                    status = {**order["fulfillment"], "fulfillmentStatus": "CANCELLED"}
                    self.change(order["orderId"], orderItems=items, fulfillment=status)
            else:
                errors += self._pay_back(order, content)
        results = "".join(
            f"<Result><MessageID>1</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>{code}</ResultMessageCode>"
            f"<ResultDescription>{text}</ResultDescription></Result>"
            for code, text in errors
        )
        done, failed = (0, 1) if errors else (1, 0)
        return (
            '<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope><Header><DocumentVersion>1.02</DocumentVersion>'
            f"<MerchantIdentifier>{self.seller_id}</MerchantIdentifier></Header><MessageType>ProcessingReport</MessageType>"
            "<Message><MessageID>1</MessageID><ProcessingReport><DocumentTransactionID>1</DocumentTransactionID>"
            "<StatusCode>Complete</StatusCode><ProcessingSummary><MessagesProcessed>1</MessagesProcessed>"
            f"<MessagesSuccessful>{done}</MessagesSuccessful><MessagesWithError>{failed}</MessagesWithError>"
            f"<MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary>{results}"
            "</ProcessingReport></Message></AmazonEnvelope>"
        ).encode()

    def _pay_back(self, order: Mapping[str, Any], content: ElementTree.Element) -> list[tuple[str, str]]:
        known = {item["orderItemId"] for item in order["orderItems"]}
        rows = []
        for item in content.iterfind("AdjustedItem"):
            item_id = item.findtext("AmazonOrderItemCode") or ""
            if item_id not in known or not item.findtext("AdjustmentReason"):
                return [("18030", "The item is not part of the order.")]
            for component in item.iterfind("ItemPriceAdjustments/Component"):
                amount = component.find("Amount")
                rows.append(
                    (order["orderId"], item_id, component.findtext("Type"), amount.text, amount.get("currency"))
                )
        if sum(float(row[3]) for row in rows) > float(order["proceeds"]["grandTotal"]["amount"]):
            return [("18032", "The refund is more than the buyer has paid.")]
        self.refunds += rows
        return []

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


def _error(status: int, code: str, message: str, details: str = "") -> Reply:
    return Reply(status, {"errors": [{"code": code, "message": message, "details": details}]})


def _issue(code: str, message: str, *attributes: str) -> dict[str, Any]:
    names = list(attributes)
    return {
        "code": code,
        "message": message,
        "severity": "ERROR",
        "categories": ["INVALID_ATTRIBUTE"],
        "attributeNames": names,
    }


def _shown(feed: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in feed.items() if key not in ("document", "lag")}


def _packed(packages: Iterable[Mapping[str, Any]], item_id: str, but: str = "") -> int:
    return sum(
        row["quantity"]
        for package in packages
        if package["packageReferenceId"] != but
        for row in package["packageItems"]
        if row["orderItemId"] == item_id
    )


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
    except ValueError:
        return None
