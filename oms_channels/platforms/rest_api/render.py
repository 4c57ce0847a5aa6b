"""What we tell the app → requests to it. Pure; nothing here is sent.

Everything told is one JSON object ``{"id", "type", "created_at", "data"}`` posted to the app's address for events. The id is
always the same for the same thing, however often it has to be told.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from ...domain.adapter import Request
from ...domain.outgoing import (
    Cancellation,
    Content,
    Item,
    ListingRef,
    Parcel,
    Picture,
    Price,
    Refund,
    ReturnStep,
    Standing,
    StockLevel,
)
from . import const

#: What is told → what ``data`` is, for the documentation.
EVENTS = {
    "ping": "Whether you are there. The answer may tell name, currency, country, time_zone and locations of the shop.",
    "order.status": "How an order stands now: order_id, status, sentence, number, at.",
    "shipment.created": "A parcel has left: order_id, shipment_id, number, lines, shipped_at, carrier, carrier_name, "
    "tracking_number, tracking_url, location, last, notify. Sent again when its number comes later, with another id and the "
    "same shipment_id.",
    "return.changed": "What happened here to a return: order_id, return_id (none where you do not know it; answer with your "
    "id as reference), status (begun, approved, received, disposed, refused, cancelled, closed), lines, note, goods (of what is "
    "disposed: restocked, not_restocked, apart), notify.",
    "order.cancelled": "What is not going to be delivered: order_id, reason, note, notify, and lines unless it is all.",
    "refund.created": "Money goes back: order_id, refund_id, amount, currency, shipping, lines, reason, pay (you are to pay "
    "it), notify.",
    "stock.changed": "levels: how many of each may be sold, absolute: id, sku, location, quantity.",
    "price.changed": "prices: id, sku, amount, currency, compare_at.",
    "content.changed": "contents: what listings say and show: id, sku, language, and of title, description (HTML, cleaned) and "
    "pictures (url, alt, type; all that there are to be, in their order) those that changed.",
}


def event(kind: str, key: str, moment: datetime, data: dict[str, Any]) -> bytes:
    """The body of an event."""
    told = {"id": key, "type": kind, "created_at": stamp(moment), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def parcel(parcel: Parcel) -> dict[str, Any]:
    return _full(
        order_id=parcel.order_ref,
        shipment_id=parcel.key,
        number=parcel.number,
        lines=_items(parcel.items),
        shipped_at=stamp(parcel.shipped_at),
        carrier=parcel.carrier,
        carrier_name=parcel.carrier_name,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.tracking_url,
        location=parcel.location_ref,
        last=parcel.last,
        notify=parcel.notify,
    )


def cancellation(cancellation: Cancellation) -> dict[str, Any]:
    return _full(
        order_id=cancellation.order_ref,
        reason=cancellation.reason,
        note=cancellation.note,
        lines=_items(cancellation.items),
        notify=cancellation.notify,
    )


def refund(refund: Refund) -> dict[str, Any]:
    return _full(
        order_id=refund.order_ref,
        refund_id=refund.key,
        amount=number(refund.amount),
        currency=refund.currency,
        shipping=number(refund.shipping),
        lines=[
            _full(
                line_id=item.line_ref,
                quantity=number(item.quantity),
                amount=number(item.amount),
                tax=number(item.total - item.amount),
                restock=item.restock,
            )
            for item in refund.items
        ],
        reason=refund.reason,
        pay=refund.pay,
        notify=refund.notify,
    )


def return_step(step: ReturnStep) -> dict[str, Any]:
    return _full(
        order_id=step.order_ref,
        return_id=step.return_ref,
        status=step.step,
        lines=[_full(line_id=item.line_ref, quantity=number(item.quantity), reason=item.reason) for item in step.items],
        note=step.note,
        goods=step.goods,
        notify=step.notify,
    )


def standing(standing: Standing) -> dict[str, Any]:
    return _full(
        order_id=standing.order_ref,
        status=standing.status,
        sentence=standing.sentence,
        number=standing.number,
        at=stamp(standing.at),
    )


def stock(levels: Sequence[StockLevel]) -> dict[str, Any]:
    return {"levels": [{**_listing(level.ref), "quantity": level.quantity} for level in levels]}


def prices(prices: Sequence[Price]) -> dict[str, Any]:
    rows = []
    for price in prices:
        compare_at = {} if price.compare_at is None else {"compare_at": number(price.compare_at)}
        rows.append({**_listing(price.ref), "amount": number(price.amount), "currency": price.currency, **compare_at})
    return {"prices": rows}


def contents(contents: Sequence[Content]) -> dict[str, Any]:
    rows = []
    for content in contents:
        row = {**_listing(content.ref), "language": content.language}
        if content.title is not None:
            row["title"] = content.title
        if content.description is not None:
            row["description"] = content.description
        if content.pictures is not None:
            row["pictures"] = [picture_row(picture) for picture in content.pictures]
        rows.append(row)
    return {"contents": rows}


def picture_row(picture: Picture) -> dict[str, Any]:
    return _full(url=picture.address, alt=picture.alt, type=picture.kind)


# ---- What the app can be asked for, if it likes ----


def orders_page(moment: datetime, cursor: str) -> Request:
    params = {"changed_since": stamp(moment), "limit": str(const.ORDERS_PER_PAGE)}
    return Request("GET", "orders", params | ({"cursor": cursor} if cursor else {}))


def order(order_ref: str) -> Request:
    return Request("GET", f"orders/{part(order_ref)}")


def listings(cursor: str) -> Request:
    return Request("GET", "listings", {"cursor": cursor} if cursor else {})


def stock_levels(refs: Sequence[ListingRef]) -> Request:
    return Request("POST", "stock", body={"ids": [ref.external_id for ref in refs]})


def part(text: str) -> str:
    """A text as one part of a path."""
    return "".join(
        char
        if char.isascii() and (char.isalnum() or char in "-._~")
        else "".join(f"%{byte:02X}" for byte in char.encode())
        for char in text
    )


def number(value: Decimal) -> str:
    """An amount as text, so that no float gets at it."""
    return format(value, "f")


def stamp(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _items(items: Sequence[Item]) -> list[dict[str, Any]]:
    return [{"line_id": item.line_ref, "quantity": number(item.quantity)} for item in items]


def _listing(ref: ListingRef) -> dict[str, Any]:
    return _full(id=ref.external_id, sku=ref.sku, location=ref.location_ref)


def _full(**values: Any) -> dict[str, Any]:
    """Without what is empty."""
    return {name: value for name, value in values.items() if value is not None and value != "" and value != []}
