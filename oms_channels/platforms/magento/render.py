"""What we want from a shop → requests to it. Pure; nothing here is sent.

Magento has no idempotency keys. A parcel, an invoice and a refund carry our key in a comment that customers do not see, so that a
look at the order tells whether one has arrived.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from ...domain.adapter import Request
from ...domain.outgoing import Capture, Content, Parcel, Picture, Price, Refund, StockLevel
from . import const

#: (field, value, condition). Conditions are joined by "and".
Filter = tuple[str, str, str]
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def part(text: str) -> str:
    """As one part of a path (RFC 3986, 2.1): a SKU may hold anything, a slash too."""
    return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in text.encode())


def search(filters: Sequence[Filter], sort: Sequence[str] = (), page: int = 1, size: int = 0) -> dict[str, str]:
    """Magento's search criteria as parameters. Each filter is a group of its own: groups are "and", their members "or".

    :param size: of a page; 0 for the usual one.
    """
    params = {}
    for index, (field, value, condition) in enumerate(filters):
        start = f"searchCriteria[filter_groups][{index}][filters][0]"
        params |= {f"{start}[field]": field, f"{start}[value]": value, f"{start}[condition_type]": condition}
    for index, field in enumerate(sort):
        start = f"searchCriteria[sortOrders][{index}]"
        params |= {f"{start}[field]": field, f"{start}[direction]": "ASC"}
    return params | {"searchCriteria[pageSize]": str(size or const.PER_PAGE), "searchCriteria[currentPage]": str(page)}


def _get(path: str, *filters: Filter, sort: Sequence[str] = (), page: int = 1, size: int = 0) -> Request:
    return Request("GET", path, search(filters, sort, page, size))


# ---- What is there ----


def stores() -> Request:
    return Request("GET", "store/storeConfigs")


def probe(path: str) -> Request:
    """As little as can be asked for, to see whether we are let in."""
    return _get(path, size=1)


def sources(page: int = 1) -> Request:
    return _get("inventory/sources", page=page)


def orders_page(since: datetime, page: int, store_id: str) -> Request:
    """Orders changed at ``since`` or later, oldest change first."""
    moment = since.astimezone(timezone.utc).strftime(const.MOMENT)
    filters = [("updated_at", moment, "gteq")] + ([("store_id", store_id, "eq")] if store_id else [])
    return _get("orders", *filters, sort=("updated_at", "entity_id"), page=page)


def order(order_ref: str) -> Request:
    return Request("GET", f"orders/{part(order_ref)}")


def of_orders(path: str, order_refs: Sequence[str], page: int = 1) -> Request:
    """Invoices, credit memos or shipments of orders."""
    return _get(path, ("order_id", ",".join(order_refs), "in"), sort=("entity_id",), page=page)


def credit_memo(memo_id: str) -> Request:
    return Request("GET", f"creditmemo/{part(memo_id)}")


def products_after(product_id: str) -> Request:
    """Products in the order in which they were made: by their ids, so that none is missed while others come and go."""
    return _get("products", ("entity_id", product_id or "0", "gt"), sort=("entity_id",), size=const.BATCH_MAX)


def products(skus: Sequence[str]) -> Request:
    request = _get("products", _in("sku", skus))
    return Request("GET", "products", {**request.params, "fields": "items[id,sku,type_id],total_count"})


def source_items(skus: Sequence[str], page: int = 1) -> Request:
    return _get("inventory/source-items", _in("sku", skus), page=page)


def _in(field: str, values: Sequence[str]) -> Filter:
    # A list is cut at its commas, so one that has a comma is asked for by itself.
    return (field, values[0], "eq") if len(values) == 1 else (field, ",".join(values), "in")


def batches(skus: Iterable[str]) -> list[list[str]]:
    """SKUs as they can be asked for together."""
    distinct = list(dict.fromkeys(skus))
    plain = [sku for sku in distinct if "," not in sku]
    found = [plain[start : start + const.BATCH_MAX] for start in range(0, len(plain), const.BATCH_MAX)]
    return found + [[sku] for sku in distinct if "," in sku]


# ---- Stock and prices ----


def stock(levels: Sequence[StockLevel]) -> Request:
    """Quantities in sources. Always "in stock": at none Magento sells nothing anyway, unless it takes back orders."""
    rows = [
        {
            "sku": level.ref.sku,
            "source_code": level.ref.location_ref or const.DEFAULT_SOURCE,
            "quantity": max(0, level.quantity),
            "status": 1,
        }
        for level in levels
    ]
    return Request("POST", "inventory/source-items", body={"sourceItems": rows})


def stock_item(sku: str) -> Request:
    return Request("GET", f"stockItems/{part(sku)}")


def stock_classic(level: StockLevel) -> Request:
    """The same for a shop without stock sources; the id of the stock item is asked for and not used."""
    body = {"stockItem": {"qty": max(0, level.quantity), "is_in_stock": level.quantity > 0}}
    return Request("PUT", f"products/{part(level.ref.sku)}/stockItems/1", body=body)


def base_prices(prices: Sequence[Price], store_id: int) -> Request:
    """What a thing costs; the price before, where that is shown: then the real one is a special price."""
    rows = [
        {
            "price": _number(price.amount if price.compare_at is None else price.compare_at),
            "store_id": store_id,
            "sku": price.ref.sku,
        }
        for price in prices
    ]
    return Request("POST", "products/base-prices", body={"prices": rows})


def special_prices(prices: Sequence[Price], store_id: int) -> Request:
    rows = [{"price": _number(price.amount), "store_id": store_id, "sku": price.ref.sku} for price in prices]
    return Request("POST", "products/special-price", body={"prices": rows})


def special_prices_of(skus: Sequence[str]) -> Request:
    return Request("POST", "products/special-price-information", body={"skus": list(skus)})


def end_special_prices(rows: Sequence[Mapping[str, Any]]) -> Request:
    """:param rows: as :func:`special_prices_of` answers: all of a row has to fit."""
    return Request("POST", "products/special-price-delete", body={"prices": [dict(row) for row in rows]})


# ---- Texts and pictures ----


def media(sku: str) -> Request:
    """The pictures and videos of a product."""
    return Request("GET", f"products/{part(sku)}/media")


def add_picture(sku: str, picture: Picture, position: int) -> Request:
    """A new picture, by itself: several at once can be more than a shop takes in one call."""
    contents = base64.b64encode(picture.load()).decode()
    entry = {
        **_entry(picture, position),
        "content": {"base64_encoded_data": contents, "type": picture.kind, "name": picture.name},
    }
    return Request("POST", f"products/{part(sku)}/media", body={"entry": entry})


def _entry(picture: Picture, position: int) -> dict[str, Any]:
    uses = list(const.PICTURE_USES) if position == 1 else []
    return {
        "media_type": "image",
        "label": picture.alt,
        "position": position,
        "disabled": False,
        "types": uses,
    }


def content(content: Content, ids: Mapping[str, int], others: Sequence[Mapping[str, Any]]) -> Request:
    """Texts of a product, and which pictures it has: what is there and not named goes.

    :param ids: {key of a picture: the shop's id of it}.
    :param others: entries that are no pictures (videos), which stay.
    """
    product: dict[str, Any] = {"sku": content.ref.sku}
    if content.title is not None:
        product["name"] = content.title
    if content.description is not None:
        product["custom_attributes"] = [{"attribute_code": "description", "value": content.description}]
    if content.pictures is not None:
        product["media_gallery_entries"] = [
            {"id": ids[picture.key], **_entry(picture, position)}
            for position, picture in enumerate(content.pictures, 1)
        ] + [dict(entry) for entry in others]
    return Request("PUT", f"products/{part(content.ref.sku)}", body={"product": product})


# ---- Orders ----


def marker(key: str) -> str:
    """By which we know our own parcels and refunds again."""
    return f"[OMS {key}]"


def ship(parcel: Parcel, items: Mapping[str, Decimal]) -> Request:
    """:param items: id of the row → pieces."""
    body: dict[str, Any] = {
        "items": _rows(items),
        "notify": parcel.notify,
        "appendComment": False,
        "comment": {"comment": marker(parcel.key), "is_visible_on_front": 0},
    }
    if parcel.tracking_number:
        name = parcel.carrier_name or parcel.carrier or "Tracking"
        track = {"track_number": parcel.tracking_number, "title": name, "carrier_code": parcel.carrier or "custom"}
        body["tracks"] = [track]
    if parcel.location_ref:
        body["arguments"] = {"extension_attributes": {"source_code": parcel.location_ref}}
    return Request("POST", f"order/{part(parcel.order_ref)}/ship", body=body)


def invoice(capture: Capture, items: Mapping[str, Decimal]) -> Request:
    """An invoice over so many pieces, for which the gateway takes what was authorised.

    :param items: id of the row → pieces; without any Magento would invoice all that is left.
    """
    body = {
        "capture": True,
        "items": _rows(items),
        "notify": False,
        "appendComment": False,
        "comment": {"comment": marker(capture.key), "is_visible_on_front": 0},
    }
    return Request("POST", f"order/{part(capture.order_ref)}/invoice", body=body)


def cancel(order_ref: str) -> Request:
    return Request("POST", f"orders/{part(order_ref)}/cancel", body={})


def refund(
    refund_: Refund,
    items: Mapping[str, Decimal],
    shipping: Decimal,
    adjustment: Decimal,
    restock: Sequence[str],
    invoice: str,
) -> Request:
    """A credit memo.

    :param shipping: and ``adjustment``: in the currency of the shop's books. An adjustment is what is paid back beside
        goods and shipping, or less if it is negative.
    :param invoice: whose payment is sent back by the shop; empty if the money went another way.
    """
    arguments: dict[str, Any] = {
        "shipping_amount": _number(shipping),
        "adjustment_positive": _number(max(adjustment, Decimal(0))),
        "adjustment_negative": _number(max(-adjustment, Decimal(0))),
    }
    if restock:
        arguments["extension_attributes"] = {"return_to_stock_items": [int(row_id) for row_id in restock]}
    comment = f"{refund_.reason} {marker(refund_.key)}".strip()
    body: dict[str, Any] = {
        "items": _rows(items),
        "notify": refund_.notify,
        "appendComment": False,
        "comment": {"comment": comment, "is_visible_on_front": 0},
        "arguments": arguments,
    }
    if invoice:
        return Request("POST", f"invoice/{part(invoice)}/refund", body={**body, "isOnline": True})
    return Request("POST", f"order/{part(refund_.order_ref)}/refund", body=body)


def _rows(items: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    return [{"order_item_id": int(row_id), "qty": _number(quantity)} for row_id, quantity in items.items()]


def _number(amount: Decimal) -> int | float:
    """As JSON has it. A float is what Magento makes of it anyway; 15 digits of it are right."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)
