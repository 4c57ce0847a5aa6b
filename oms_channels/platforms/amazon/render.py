"""What we want from Amazon → requests to it. Pure; nothing here is sent.

Quantities and prices are absolute and can be told again. A parcel is known by its number within the order. Refunds have
nothing by which Amazon would know one again: see :meth:`~.client.Client.refund`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from odoo.addons.oms_core.domain.documents import ZERO, OrderDoc, OrderLineDoc
from odoo.addons.oms_core.domain.money import allocate, round_to

from ...domain.adapter import Request
from ...domain.outgoing import Cancellation, Content, ListingRef, Parcel, Price, Refund, StockLevel
from . import const

ORDERS = "orders/2026-01-01/orders"
LISTINGS = "listings/2021-08-01/items"
FEEDS = "feeds/2021-06-30"
REPORTS = "reports/2021-06-30"
XML_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
#: What XML 1.0 cannot hold, however it is escaped.
UNFIT_FOR_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def moment(value: datetime) -> str:
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _escape(text: str) -> str:
    """One part of a path; an SKU may hold slashes, blanks and anything else."""
    return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))


# ---- Reading ----


def marketplaces() -> Request:
    return Request("GET", "sellers/v1/marketplaceParticipations")


def orders_page(after: datetime, before: datetime, marketplace_ids: Sequence[str], token: str = "") -> Request:
    """Orders that the merchant ships and that changed from ``after`` to ``before``, both included.

    :param before: two minutes ago at the latest.
    :param token: of the page before; all else has to be as it was then.
    """
    params = {
        "lastUpdatedAfter": moment(after),
        "lastUpdatedBefore": moment(before),
        "marketplaceIds": ",".join(marketplace_ids),
        "fulfilledBy": "MERCHANT",
        "maxResultsPerPage": str(const.PER_PAGE),
        "includedData": const.ORDER_DATA,
    }
    return Request("GET", ORDERS, {**params, "paginationToken": token} if token else params)


def order(order_id: str, data: str = const.ORDER_DATA) -> Request:
    return Request("GET", f"{ORDERS}/{_escape(order_id)}", {"includedData": data})


def listings_page(seller_id: str, marketplace_id: str, created_after: str = "", token: str = "") -> Request:
    """What is offered in a marketplace, oldest first. A search gives out a thousand; the next begins after the last one.

    :param created_after: as Amazon spelt it in the last listing.
    """
    params = {
        "marketplaceIds": marketplace_id,
        "includedData": "summaries,offers,fulfillmentAvailability",
        "sortBy": "createdDate",
        "sortOrder": "ASC",
        "pageSize": str(const.LISTINGS_PER_PAGE),
    }
    if created_after:
        params["createdAfter"] = created_after
    if token:
        params["pageToken"] = token
    return Request("GET", f"{LISTINGS}/{_escape(seller_id)}", params)


def listings_by_sku(seller_id: str, marketplace_id: str, skus: Sequence[str]) -> Request:
    """How many there are of some offers; no more than a page of them at a time."""
    params = {
        "marketplaceIds": marketplace_id,
        "includedData": "fulfillmentAvailability",
        "identifiersType": "SKU",
        "identifiers": ",".join(skus),
        "pageSize": str(const.LISTINGS_PER_PAGE),
    }
    return Request("GET", f"{LISTINGS}/{_escape(seller_id)}", params)


def listing(seller_id: str, marketplace_id: str, sku: str) -> Request:
    params = {"marketplaceIds": marketplace_id, "includedData": "fulfillmentAvailability"}
    return Request("GET", f"{LISTINGS}/{_escape(seller_id)}/{_escape(sku)}", params)


# ---- Quantities and prices ----


def stock_patch(level: StockLevel) -> dict[str, Any]:
    """Quantity of an offer, and nothing else of it: ``merge`` leaves the time to ship as it is."""
    value = {"fulfillment_channel_code": const.OWN_STOCK, "quantity": max(level.quantity, 0)}
    return {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [value]}


def price_patch(price: Price, marketplace_id: str) -> dict[str, Any]:
    """Price of an offer, tax included where the marketplace shows it so.

    What it cost before is not told: Amazon takes a lowered price only with the days on which it begins and ends.
    """
    value = {
        "marketplace_id": marketplace_id,
        "currency": price.currency,
        "our_price": [{"schedule": [{"value_with_tax": _number(price.amount)}]}],
    }
    return {"op": "merge", "path": "/attributes/purchasable_offer", "value": [value]}


def content_patches(content: Content, marketplace_id: str) -> list[dict[str, Any]]:
    """Texts and pictures of an offer. Each picture has a place of its own, so places that are empty now are emptied."""
    place = {"marketplace_id": marketplace_id}
    patches = []
    for name, text in (("item_name", content.title), ("product_description", content.description)):
        if text:
            patches.append(_attribute("replace", name, {"value": text, "language_tag": content.language, **place}))
        elif text is not None:
            patches.append(_attribute("delete", name, {"language_tag": content.language, **place}))
    if content.pictures is not None:
        for number, picture in enumerate(content.pictures):
            patches.append(_attribute("replace", _picture_name(number), {"media_location": picture.address, **place}))
        for number in range(len(content.pictures), min(content.pictures_before, const.PICTURES_MAX)):
            patches.append(_attribute("delete", _picture_name(number), place))
    return patches


def _picture_name(number: int) -> str:
    return const.PICTURE_OTHER.format(number) if number else const.PICTURE_MAIN


def _attribute(operation: str, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"op": operation, "path": f"/attributes/{name}", "value": [dict(value)]}


def patch(seller_id: str, marketplace_id: str, ref: ListingRef, changes: Sequence[Mapping[str, Any]]) -> Request:
    """Change one offer. The answer says whether it was accepted, which is not yet done."""
    return Request(
        "PATCH",
        f"{LISTINGS}/{_escape(seller_id)}/{_escape(_sku(ref))}",
        {"marketplaceIds": marketplace_id, "includedData": "issues"},
        {"productType": ref.kind or const.PRODUCT_TYPE, "patches": [dict(change) for change in changes]},
    )


def listings_feed(seller_id: str, offers: Iterable[tuple[ListingRef, Sequence[Mapping[str, Any]]]]) -> bytes:
    """The same for many; messages are numbered from 1."""
    messages = [
        {
            "messageId": number,
            "sku": _sku(ref),
            "operationType": "PATCH",
            "productType": ref.kind or const.PRODUCT_TYPE,
            "patches": [dict(change) for change in changes],
        }
        for number, (ref, changes) in enumerate(offers, 1)
    ]
    header = {"sellerId": seller_id, "version": "2.0", "issueLocale": "en_US"}
    return json.dumps({"header": header, "messages": messages}, separators=(",", ":"), ensure_ascii=False).encode()


def _sku(ref: ListingRef) -> str:
    return ref.sku or ref.external_id


def _number(amount: Decimal) -> int | float:
    # JSON has numbers only; a float is spelt as the shortest text that means it, which is the amount up to 15 digits.
    return int(amount) if amount == amount.to_integral_value() else float(amount)


# ---- Feeds ----


def feed_document(content_type: str) -> Request:
    return Request("POST", f"{FEEDS}/documents", body={"contentType": content_type})


def create_feed(feed_type: str, marketplace_id: str, document_id: str) -> Request:
    body = {"feedType": feed_type, "marketplaceIds": [marketplace_id], "inputFeedDocumentId": document_id}
    return Request("POST", f"{FEEDS}/feeds", body=body)


def feed(feed_id: str) -> Request:
    return Request("GET", f"{FEEDS}/feeds/{_escape(feed_id)}")


def feeds_since(feed_type: str, since: datetime) -> Request:
    return Request("GET", f"{FEEDS}/feeds", {"feedTypes": feed_type, "createdSince": moment(since), "pageSize": "100"})


def result_document(document_id: str) -> Request:
    return Request("GET", f"{FEEDS}/documents/{_escape(document_id)}")


# ---- Reports ----


def settlements(since: datetime, token: str) -> Request:
    """Settlements that Amazon has written since; they cannot be asked for. A token stands for everything else."""
    if token:
        return Request("GET", f"{REPORTS}/reports", {"nextToken": token})
    return Request(
        "GET",
        f"{REPORTS}/reports",
        {
            "reportTypes": const.REPORT_SETTLEMENT,
            "processingStatuses": "DONE",
            "createdSince": moment(since),
            "pageSize": "100",
        },
    )


def report_document(document_id: str) -> Request:
    return Request("GET", f"{REPORTS}/documents/{_escape(document_id)}")


# ---- Orders ----


def shipment(parcel: Parcel, marketplace_id: str) -> Request:
    """A parcel has left. Amazon knows it by its number, written as text, within the order.

    :raises ValueError: for parts of a piece.
    """
    detail = {
        "packageReferenceId": str(parcel.number),
        "carrierCode": parcel.carrier or "Other",
        "trackingNumber": parcel.tracking_number,
        "shipDate": moment(parcel.shipped_at),
        "orderItems": [
            {"orderItemId": item.line_ref, "quantity": _whole(item.quantity)} for item in parcel.items if item.quantity
        ],
    }
    if not parcel.carrier:
        detail["carrierName"] = parcel.carrier_name or "Other"
    body = {"marketplaceId": marketplace_id, "packageDetail": detail}
    return Request("POST", f"orders/v0/orders/{_escape(parcel.order_ref)}/shipmentConfirmation", body=body)


def _whole(quantity: Decimal) -> int:
    if quantity != quantity.to_integral_value():
        raise ValueError(f"{quantity} is no number of pieces")
    return int(quantity)


def cancellation_feed(seller_id: str, cancellation: Cancellation, item_ids: Iterable[str]) -> bytes:
    """A whole order is not going to be delivered (OrderAcknowledgement.xsd)."""
    message = ElementTree.Element("OrderAcknowledgement")
    _add(message, "AmazonOrderID", cancellation.order_ref)
    _add(message, "StatusCode", "Failure")
    for item_id in item_ids:
        item = ElementTree.SubElement(message, "Item")
        _add(item, "AmazonOrderItemCode", item_id)
        _add(item, "CancelReason", const.CANCEL_REASONS.get(cancellation.reason, const.CANCEL_REASON_OTHER))
    return _envelope(seller_id, "OrderAcknowledgement", message)


#: End of a line's id (see ``const.AMOUNT_TYPES``) → how the amount and its tax are called in an adjustment.
COMPONENTS = {
    "": ("Principal", "Tax"),
    "-shipping": ("Shipping", "ShippingTax"),
    "-gift_wrap": ("GiftWrap", "GiftWrapTax"),
    "-cod_fee": ("COD", "CODTax"),
    "-other": ("Other", "Tax"),
}


def adjustments(refund: Refund, order: OrderDoc, tax_included: bool, step: Decimal) -> dict[str, dict[str, Decimal]]:
    """What goes back for each item of an order: item → type of amount → how much.

    Where Amazon pays the tax, it gives it back by itself, in proportion; then only what is without tax is told.

    :param tax_included: the marketplace tells amounts with their tax.
    :raises ValueError: with a sentence, for what Amazon cannot be told.
    """
    by_id = {line.external_id: line for line in order.lines}
    made: dict[str, dict[str, Decimal]] = {}
    for item in refund.items:
        if item.line_ref not in by_id:
            raise ValueError(
                "The refund names a line that the order on Amazon does not have. Refund it in Seller Central."
            )
        tax = sum((amount for _code, amount in item.taxes), ZERO)
        _give_back(made, by_id[item.line_ref], item.amount, tax, tax_included)
    if refund.shipping:
        lines = [line for line in order.lines if line.kind == "shipping"] or [
            replace(line, external_id=f"{line.external_id}-shipping", total=ZERO, taxes=())
            for line in order.lines
            if line.kind == "product"
        ][:1]
        weights = [max(line.total + line.tax_total, ZERO) for line in lines]
        for line, amount in zip(lines, allocate(refund.shipping, weights, step), strict=True):
            gross = line.total + line.tax_total
            tax = round_to(amount * line.tax_total / gross, step) if gross else ZERO
            _give_back(made, line, amount - tax, tax, tax_included)
    goodwill = refund.amount - sum((item.total for item in refund.items), ZERO) - refund.shipping
    if goodwill < 0:
        raise ValueError("The parts of the refund are more than the whole. Correct the refund, then send it again.")
    if goodwill:
        item_id = next(iter((*made, *(line.external_id for line in order.lines if line.kind == "product"))), "")
        made.setdefault(item_id, {})["Goodwill"] = goodwill
    return {item_id: amounts for item_id, amounts in made.items() if amounts}


def _give_back(
    made: dict[str, dict[str, Decimal]], line: OrderLineDoc, net: Decimal, tax: Decimal, tax_included: bool
) -> None:
    item_id, dash, end = line.external_id.partition("-")
    if dash + end not in COMPONENTS:
        raise ValueError(f"Amazon gives nothing back for “{line.name}” by itself. Refund it in Seller Central.")
    kind, tax_kind = COMPONENTS[dash + end]
    if tax_included:
        net, tax = net + tax, ZERO
    elif any(one.remitted for one in line.taxes):
        tax = ZERO
    amounts = made.setdefault(item_id, {})
    for name, amount in ((kind, net), (tax_kind, tax)):
        if amount:
            amounts[name] = amounts.get(name, ZERO) + amount


def refund_feed(
    seller_id: str,
    order_id: str,
    currency: str,
    adjustments: Mapping[str, Mapping[str, Decimal]],
    returned: bool,
) -> bytes:
    """Money goes back (OrderAdjustment.xsd).

    :param adjustments: order item → type of amount (``Principal``, ``Tax``, ``Shipping`` …) → how much, positive.
    :param returned: goods came back.
    """
    message = ElementTree.Element("OrderAdjustment")
    _add(message, "AmazonOrderID", order_id)
    for item_id, amounts in adjustments.items():
        item = ElementTree.SubElement(message, "AdjustedItem")
        _add(item, "AmazonOrderItemCode", item_id)
        _add(item, "AdjustmentReason", const.REFUND_RETURN if returned else const.REFUND_OTHER)
        group = ElementTree.SubElement(item, "ItemPriceAdjustments")
        for kind, amount in amounts.items():
            component = ElementTree.SubElement(group, "Component")
            _add(component, "Type", kind)
            _add(component, "Amount", format(amount, "f")).set("currency", currency)
    return _envelope(seller_id, "OrderAdjustment", message)


def _envelope(seller_id: str, message_type: str, content: ElementTree.Element) -> bytes:
    root = ElementTree.Element(
        "AmazonEnvelope",
        {"xmlns:xsi": XML_SCHEMA, "xsi:noNamespaceSchemaLocation": "amzn-envelope.xsd"},
    )
    header = ElementTree.SubElement(root, "Header")
    _add(header, "DocumentVersion", "1.01")
    _add(header, "MerchantIdentifier", seller_id)
    _add(root, "MessageType", message_type)
    message = ElementTree.SubElement(root, "Message")
    _add(message, "MessageID", "1")
    message.append(content)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _add(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, name)
    child.text = UNFIT_FOR_XML.sub("", text)
    return child
