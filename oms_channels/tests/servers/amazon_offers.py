"""The part of Amazon's local account that is about offers and feeds; see :mod:`.amazon`."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

from .base import Asked, PlatformServer, Reply

FEED_TYPES = {"JSON_LISTINGS_FEED", "POST_ORDER_ACKNOWLEDGEMENT_DATA", "POST_PAYMENT_ADJUSTMENT_DATA"}
ADDRESS_LIFETIME_S = 300
CONTENT = re.compile(
    r"/attributes/(item_name|product_description|main_product_image_locator|other_product_image_locator_[1-8])"
)
#: Characters; some kinds of products allow fewer.
LENGTHS = {"item_name": 200, "product_description": 2000}


class AmazonOffers(PlatformServer):
    """Offers of a seller, and feeds that change them and orders."""

    # ---- Listings ----

    def _searchListingsItems(self, asked: Asked, seller_id: str) -> Reply:
        query = asked.params
        marketplaces = query.get("marketplaceIds", "").split(",")
        size = query.get("pageSize", "10")
        if seller_id != self.seller_id or len(marketplaces) != 1 or not size.isdecimal() or not 1 <= int(size) <= 20:
            return error(400, "InvalidInput", "Request has missing or invalid parameters.")
        found = [offer for offer in self.offers.values() if offer["summaries"][0]["marketplaceId"] == marketplaces[0]]
        if "identifiers" in query:
            wanted = query["identifiers"].split(",")
            if query.get("identifiersType") != "SKU" or len(wanted) > 20:
                return error(400, "InvalidInput", "At most 20 identifiers of one type.")
            found = [offer for offer in found if offer["sku"] in wanted]
        if after := as_moment(query.get("createdAfter")):
            found = [offer for offer in found if as_moment(offer["summaries"][0]["createdDate"]) >= after]
        if query.get("sortBy") == "createdDate":
            found.sort(key=lambda offer: offer["summaries"][0]["createdDate"], reverse=query.get("sortOrder") != "ASC")
        start, stop = int(query.get("pageToken", "0")), int(query.get("pageToken", "0")) + int(size)
        answer: dict[str, Any] = {"numberOfResults": len(found), "items": found[start : min(stop, 1000)]}
        if stop < min(len(found), 1000):
            answer["pagination"] = {"nextToken": str(stop)}
        return Reply(200, answer)

    def _getListingsItem(self, asked: Asked, seller_id: str, sku: str) -> Reply:
        if unquote(sku) not in self.offers:
            return error(404, "NotFound", f"SKU '{sku}' not found in marketplace.")
        return Reply(200, self.offers[unquote(sku)])

    def _patchListingsItem(self, asked: Asked, seller_id: str, sku: str) -> Reply:
        body = asked.json or {}
        if seller_id != self.seller_id or "," in asked.params.get("marketplaceIds", ",") or not body.get("productType"):
            return error(400, "InvalidInput", "Request has missing or invalid parameters.")
        if unquote(sku) not in self.offers:
            return error(404, "NotFound", f"SKU '{sku}' not found in marketplace.")
        issues = self._patch(unquote(sku), body.get("patches", []))
        status = "INVALID" if issues else "ACCEPTED"
        return Reply(
            200, {"sku": unquote(sku), "status": status, "submissionId": secrets.token_hex(8), "issues": issues}
        )

    def _patch(self, sku: str, patches: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Apply patches to an offer; what is wrong with them, and then nothing is applied."""
        offer, change, contents = self.offers.get(sku), None, {}
        if offer is None:
            return [_issue("13013", "This SKU does not exist in your inventory.")]
        for patch in patches:
            value = (patch.get("value") or [{}])[0]
            if patch.get("op") not in ("add", "replace", "merge", "delete"):
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
            elif found := CONTENT.fullmatch(patch.get("path", "")):
                if issue := _content_issue(found[1], value, patch["op"]):
                    return [issue]
                contents = {**contents, found[1]: None if patch["op"] == "delete" else value}
            else:
                return [_issue("4000003", "Only top-level attributes can be patched.")]
        if change:
            offer[change[0]] = change[1]
        told = {**self.contents.get(sku, {}), **contents}
        self.contents[sku] = {name: value for name, value in told.items() if value is not None}
        return []

    # ---- Feeds ----

    def _createFeedDocument(self, asked: Asked) -> Reply:
        content_type = (asked.json or {}).get("contentType")
        if not content_type:
            return error(400, "InvalidInput", "contentType is missing.")
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
            return error(400, "InvalidInput", "Invalid request parameters")
        if document["body"] is None:
            return error(400, "InvalidInput", "The feed document has no contents.")
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
        kinds, since = asked.params.get("feedTypes", "").split(","), as_moment(asked.params.get("createdSince"))
        found = [
            _shown(feed)
            for feed in self.feeds.values()
            if feed["feedType"] in kinds and (since is None or as_moment(feed["createdTime"]) >= since)
        ]
        return Reply(200, {"feeds": found[: int(asked.params.get("pageSize", "10"))]})

    def _getFeed(self, asked: Asked, feed_id: str) -> Reply:
        feed = self.feeds.get(feed_id)
        if feed is None:
            return error(404, "NotFound", "The feed was not found.")
        if feed["lag"] > 0:
            feed["lag"] -= 1
            feed["processingStatus"] = "IN_PROGRESS"
        elif feed["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS"):
            self._work(feed)
        return Reply(200, _shown(feed))

    def _getFeedDocument(self, asked: Asked, document_id: str) -> Reply:
        if document_id not in self._documents:
            return error(404, "NotFound", "The document was not found.")
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


def error(status: int, code: str, message: str, details: str = "") -> Reply:
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


def _content_issue(name: str, value: Mapping[str, Any], operation: str) -> dict[str, Any] | None:
    """What is wrong with a text or a picture."""
    if not value.get("marketplace_id"):
        return _issue("90220", f"“{name}” is required but not supplied.", name)
    if operation == "delete":
        return None
    if name in LENGTHS:
        text = value.get("value", "")
        if not value.get("language_tag") or not text or len(text) > LENGTHS[name]:
            return _issue("99022", f"The length of “{name}” has to be between 1 and {LENGTHS[name]}.", name)
        return _issue("100474", f"“{name}” may hold no markup.", name) if "<" in text else None
    if not str(value.get("media_location", "")).startswith("https://"):
        return _issue("300401", "The address of a picture has to begin with https://.", name)
    return None


def _shown(feed: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in feed.items() if key not in ("document", "lag")}


def as_moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
    except ValueError:
        return None
