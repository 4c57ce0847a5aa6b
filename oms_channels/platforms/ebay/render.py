"""What we want from eBay → requests to it. Pure; nothing here is sent.

Quantities and prices are absolute and can be told again. Parcels, refunds and cancellations have nothing by which eBay would
know them again: before one is repeated, look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO

from ...domain.adapter import Request
from ...domain.outgoing import Cancellation, Content, Item, Parcel, Price, Refund, ReturnStep, StockLevel
from . import const

TRACKING_UNFIT = re.compile(r"[^0-9A-Za-z]")
CARRIER_UNFIT = re.compile(r"[^0-9A-Za-z ._-]")
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
REPLACE_ITEMS = "bulk_create_or_replace_inventory_item"
#: Ours → eBay's, of those that a seller may give.
CANCEL_REASONS = {
    "customer": "BUYER_ASKED_CANCEL",
    "address": "ADDRESS_ISSUES",
    "payment": "ORDER_UNPAID",
}
CANCEL_REASON_DEFAULT = "OUT_OF_STOCK_OR_CANNOT_FULFILL"


def moment(value: datetime) -> str:
    """UTC with milliseconds, as eBay wants it."""
    return value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def _part(text: str) -> str:
    """One part of a path, whatever is in it."""
    return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))


# ---- Reading ----


def orders_page(start: datetime, end: datetime, offset: int) -> Request:
    """Orders that changed from ``start`` to ``end``, both included. ``TAX_BREAKDOWN`` tells the taxes by kind."""
    return Request(
        "GET",
        f"{const.FULFILMENT}/order",
        {
            "filter": f"lastmodifieddate:[{moment(start)}..{moment(end)}]",
            "limit": str(const.ORDERS_PER_PAGE),
            "offset": str(offset),
            "fieldGroups": "TAX_BREAKDOWN",
        },
    )


def payouts_page(start: datetime, end: datetime, offset: int) -> Request:
    """Payouts from ``start`` to ``end``, the oldest first, so that new ones come behind what has been read."""
    return Request(
        "GET",
        f"{const.FINANCES}/payout",
        {
            "filter": f"payoutDate:[{moment(start)}..{moment(end)}]",
            "sort": "payoutDate",
            "limit": str(const.PAYOUTS_PER_PAGE),
            "offset": str(offset),
        },
    )


def transactions_page(payout_id: str, offset: int) -> Request:
    return Request(
        "GET",
        f"{const.FINANCES}/transaction",
        {
            "filter": f"payoutId:{{{payout_id}}}",
            "sort": "transactionDate",
            "limit": str(const.TRANSACTIONS_PER_PAGE),
            "offset": str(offset),
        },
    )


def probe_orders() -> Request:
    return Request("GET", f"{const.FULFILMENT}/order", {"limit": "1"})


def order(order_id: str) -> Request:
    return Request("GET", f"{const.FULFILMENT}/order/{_part(order_id)}", {"fieldGroups": "TAX_BREAKDOWN"})


def shipments(order_id: str) -> Request:
    return Request("GET", f"{const.FULFILMENT}/order/{_part(order_id)}/shipping_fulfillment")


def items_page(offset: str, limit: int = const.LISTINGS_PER_PAGE) -> Request:
    return Request("GET", f"{const.INVENTORY}/inventory_item", {"limit": str(limit), "offset": offset or "0"})


def items(skus: Sequence[str]) -> Request:
    return Request(
        "POST", f"{const.INVENTORY}/bulk_get_inventory_item", body={"requests": [{"sku": sku} for sku in skus]}
    )


def offers(sku: str, marketplace_id: str) -> Request:
    return Request(
        "GET", f"{const.INVENTORY}/offer", {"sku": sku, "marketplace_id": marketplace_id, "format": "FIXED_PRICE"}
    )


def public_key(name: str) -> Request:
    return Request("GET", f"{const.NOTIFICATION}/public_key/{_part(name)}")


# ---- Stock and prices ----


def stock(groups: Mapping[str, Sequence[StockLevel]]) -> Request:
    """Set quantities, by SKU. The offers are told as well: one that has a quantity of its own offers no more than that.

    :param groups: {SKU: the levels of its offers}; of several, the inventory holds the most.
    """
    return _bulk(
        [
            {
                "sku": sku,
                "shipToLocationAvailability": {"quantity": max(_whole(level) for level in levels)},
                "offers": [
                    {"offerId": level.ref.inventory_ref, "availableQuantity": _whole(level)}
                    for level in levels
                    if level.ref.inventory_ref
                ],
            }
            for sku, levels in groups.items()
        ]
    )


def prices(wanted: Sequence[tuple[str, Price]]) -> Request:
    """Set prices, each of an offer."""
    return _bulk(
        [
            {"offers": [{"offerId": offer_id, "price": {"value": _text(price.amount), "currency": price.currency}}]}
            for offer_id, price in wanted
        ]
    )


def item(content: Content, there: Mapping[str, Any]) -> dict[str, Any]:
    """An item as it is, with other texts and pictures: eBay replaces all of an item or nothing.

    :param there: as eBay has it; its quantity goes back as it came a moment ago.
    """
    kept = {name: there[name] for name in const.ITEM_FIELDS if name in there}
    product = dict(kept.get("product") or {})
    if content.title is not None:
        product["title"] = content.title
    if content.description is not None:
        product["description"] = content.description
    if content.pictures is not None:
        product["imageUrls"] = [picture.address for picture in content.pictures]
    # eBay takes nothing for a text that is too short.
    product = {name: value for name, value in product.items() if value not in ("", [])}
    availability = kept.get("availability")
    if isinstance(availability, Mapping) and isinstance(
        shown := availability.get("shipToLocationAvailability"), Mapping
    ):
        shown = {name: value for name, value in shown.items() if name != const.ALLOCATED}
        kept["availability"] = {**availability, "shipToLocationAvailability": shown}
    return {**kept, "sku": content.ref.sku, "locale": content.language, "product": product}


def replace_items(rows: Sequence[Mapping[str, Any]]) -> Request:
    if len(rows) > const.BATCH_MAX:
        raise ValueError(f"{len(rows)} are more than {const.BATCH_MAX}")
    return Request("POST", f"{const.INVENTORY}/{REPLACE_ITEMS}", body={"requests": list(rows)})


def _bulk(requests: list[dict[str, Any]]) -> Request:
    if len(requests) > const.BATCH_MAX:
        raise ValueError(f"{len(requests)} are more than {const.BATCH_MAX}")
    for request in requests:
        if not request.get("offers", True):
            del request["offers"]
    return Request("POST", f"{const.INVENTORY}/bulk_update_price_quantity", body={"requests": requests})


def _whole(level: StockLevel) -> int:
    return max(0, level.quantity)


def _text(value: Decimal) -> str:
    return format(value, "f")


# ---- Orders ----


def shipment(parcel: Parcel) -> Request:
    """A parcel that has left. A number goes with a carrier, and a carrier with a number, or both are left out.

    :raise ValueError: for parts of a piece.
    """
    body: dict[str, Any] = {"lineItems": line_items(parcel.items), "shippedDate": moment(parcel.shipped_at)}
    number = tracking_number(parcel)
    if number:
        body |= {"shippingCarrierCode": carrier(parcel), "trackingNumber": number}
    return Request("POST", f"{const.FULFILMENT}/order/{_part(parcel.order_ref)}/shipping_fulfillment", body=body)


def tracking_number(parcel: Parcel) -> str:
    """Letters and digits only: eBay refuses blanks and hyphens."""
    return TRACKING_UNFIT.sub("", parcel.tracking_number)


def carrier(parcel: Parcel) -> str:
    return parcel.carrier or CARRIER_UNFIT.sub("", parcel.carrier_name).strip() or const.CARRIER_OTHER


def line_items(items: Sequence[Item]) -> list[dict[str, Any]]:
    if any(item.quantity != item.quantity.to_integral_value() for item in items):
        raise ValueError("parts of a piece")
    return [{"lineItemId": item.line_ref, "quantity": int(item.quantity)} for item in items]


def refund(refund: Refund) -> Request:
    """Money back to the buyer. Tax that eBay paid to the state is paid back by eBay itself and is left out here.

    :raise ValueError: if nothing is left.
    """
    named = [(item.line_ref, item.total - _remitted(item.taxes)) for item in refund.items]
    amount = refund.amount - sum((_remitted(item.taxes) for item in refund.items), ZERO)
    if amount <= 0:
        raise ValueError("nothing is left to pay back")
    reason = "BUYER_RETURN" if refund.items else "OTHER_ADJUSTMENT"
    if not refund.items and refund.shipping == refund.amount:
        reason = "SHIPPING_DISCOUNT"
    body: dict[str, Any] = {"reasonForRefund": reason}
    if refund.reason:
        body["comment"] = refund.reason[: const.COMMENT_MAX]
    if named and all(value > 0 for _line, value in named) and sum((value for _line, value in named), ZERO) == amount:
        body["refundItems"] = [
            {"lineItemId": line, "refundAmount": {"value": _text(value), "currency": refund.currency}}
            for line, value in named
        ]
    else:
        # With shipping or goodwill it is an amount for the whole order: eBay knows refunds of lines or of orders.
        body["orderLevelRefundAmount"] = {"value": _text(amount), "currency": refund.currency}
    return Request("POST", f"{const.FULFILMENT}/order/{_part(refund.order_ref)}/issue_refund", body=body)


def _remitted(taxes: Sequence[tuple[str, Decimal]]) -> Decimal:
    return sum((value for code, value in taxes if code.startswith(const.REMITTED_PREFIX)), ZERO)


def cancellation(cancellation: Cancellation, legacy_order_id: str, paid_at: datetime | None) -> Request:
    body: dict[str, Any] = {
        "legacyOrderId": legacy_order_id,
        "cancelReason": CANCEL_REASONS.get(cancellation.reason, CANCEL_REASON_DEFAULT),
        "buyerPaid": paid_at is not None,
    }
    if paid_at is not None:
        body["buyerPaidDate"] = {"value": moment(paid_at)}
    return Request("POST", const.CANCELLATION, body=body)


def approve_cancellation(cancel_id: str) -> Request:
    return Request("POST", f"{const.CANCELLATION}/{_part(cancel_id)}/approve")


# ---- Returns ----
# https://developer.ebay.com/devzone/post-order/index.html, Return


def returns_page(start: datetime, end: datetime, skipped: int) -> Request:
    """Summaries of the returns that were begun from ``start`` to ``end``, both included."""
    return Request(
        "GET",
        f"{const.RETURNS}/search",
        {
            "creation_date_range_from": moment(start),
            "creation_date_range_to": moment(end),
            "role": "SELLER",
            "limit": str(const.RETURNS_PER_PAGE),
            "offset": str(skipped),
        },
    )


def returns_of(order_id: str) -> Request:
    return Request("GET", f"{const.RETURNS}/search", {"order_id": order_id, "role": "SELLER", "limit": "200"})


def one_return(return_id: str) -> Request:
    return Request("GET", f"{const.RETURNS}/{_part(return_id)}", {"fieldgroups": "SUMMARY"})


def return_step(step: ReturnStep) -> Request:
    """Agree to a return, decline it, or say that its goods have come."""
    path = f"{const.RETURNS}/{_part(step.return_ref)}"
    if step.step == "received":
        return Request("POST", f"{path}/mark_as_received", body={})
    body: dict[str, Any] = {"decision": {"approved": "APPROVE", "refused": "DECLINE"}[step.step]}
    if step.note:
        body["comments"] = {"content": step.note[: const.COMMENT_MAX]}
    return Request("POST", f"{path}/decide", body=body)


def refund_return(refund: Refund) -> Request:
    """The money of a return: for the goods, and for the shipping that was charged with the order. Amounts are numbers here, and
    not text as in the other APIs; of a few digits they are exact."""
    shipping = min(refund.shipping, refund.amount)
    parts = [("PURCHASE_PRICE", refund.amount - shipping), ("ORIGINAL_SHIPPING", shipping)]
    body: dict[str, Any] = {
        "refundDetail": {
            "itemizedRefundDetail": [
                {"refundFeeType": kind, "refundAmount": {"value": float(value), "currency": refund.currency}}
                for kind, value in parts
                if value
            ],
            "totalAmount": {"value": float(refund.amount), "currency": refund.currency},
        }
    }
    if refund.reason:
        body["comments"] = {"content": refund.reason[: const.COMMENT_MAX]}
    return Request("POST", f"{const.RETURNS}/{_part(refund.return_ref)}/issue_refund", body=body)


# ---- Notifications ----


def subscriptions(cursor: str = "", limit: int = 10) -> Request:
    """What is sent to whom."""
    return _notifications("subscription", cursor, limit)


def destinations(cursor: str = "") -> Request:
    """The addresses that eBay knows of the application."""
    return _notifications("destination", cursor, const.NOTIFICATIONS_PER_PAGE)


def _notifications(what: str, cursor: str, limit: int) -> Request:
    params = {"limit": str(limit)} | ({"continuation_token": cursor} if cursor else {})
    return Request("GET", f"{const.NOTIFICATION}/{what}", params)


def alerts() -> Request:
    return Request("GET", f"{const.NOTIFICATION}/config")


def destination(address: str, token: str, destination_id: str = "") -> Request:
    """An address for notifications; eBay asks it whether it is ours before it answers. With an id, one that is there."""
    body = {
        "name": const.DESTINATION_NAME,
        "status": "ENABLED",
        "deliveryConfig": {"endpoint": address, "verificationToken": token},
    }
    path = f"{const.NOTIFICATION}/destination"
    return (
        Request("PUT", f"{path}/{_part(destination_id)}", body=body)
        if destination_id
        else Request("POST", path, body=body)
    )


def topic(name: str) -> Request:
    return Request("GET", f"{const.NOTIFICATION}/topic/{_part(name)}")


def subscription(topic_id: str, version: str, destination_id: str, subscription_id: str = "") -> Request:
    """That a topic is sent to an address; with an id, one that is there."""
    body = {
        "status": "ENABLED",
        "destinationId": destination_id,
        "payload": {"format": "JSON", "schemaVersion": version, "deliveryProtocol": "HTTPS"},
    }
    path = f"{const.NOTIFICATION}/subscription"
    if subscription_id:
        return Request("PUT", f"{path}/{_part(subscription_id)}", body=body)
    return Request("POST", path, body={"topicId": topic_id, **body})
