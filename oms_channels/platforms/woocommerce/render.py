"""What we want from a shop → requests to it. Pure; nothing here is sent.

WooCommerce has no idempotency keys: before a refund, a note or a fulfilment is sent a second time, look whether the
first one arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from ...domain.adapter import Request
from ...domain.outgoing import Content, Parcel
from . import const

#: Metadata by which we know our own refunds and parcels again.
REFERENCE_KEY = const.REFERENCE_KEY


def orders_page(modified_after: datetime, page: int) -> Request:
    """Orders changed after ``modified_after`` (exclusive, to the second), oldest change first.

    ``status=any`` leaves out the bin and abandoned checkouts: an order that was binned is told by webhook only.
    """
    params = {
        "per_page": str(const.PER_PAGE),
        "page": str(page),
        "orderby": "modified",
        "order": "asc",
        "modified_after": modified_after.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"),
        "dates_are_gmt": "true",
        "status": "any",
    }
    return Request("GET", "orders", params)


def order(order_id: str) -> Request:
    return Request("GET", f"orders/{order_id}")


def refunds(order_id: str, page: int = 1) -> Request:
    """The refunds of an order with their lines, of which the order itself has only the totals."""
    return Request("GET", f"orders/{order_id}/refunds", {"per_page": str(const.PER_PAGE), "page": str(page)})


# ---- The shop ----


def currency() -> Request:
    return Request("GET", "data/currencies/current")


def country() -> Request:
    """The shop's country and state, as ``DE:DE-BY`` or ``FR``."""
    return Request("GET", "settings/general/woocommerce_default_country")


def system() -> Request:
    return Request("GET", "system_status", {"_fields": "environment"})


def write_probe(path: str) -> Request:
    """A batch of nothing: changes nothing, and is refused to a key that may only read."""
    return Request("POST", f"{path}/batch", body={"update": []})


# ---- Products ----


def products(page: int) -> Request:
    """Products of all statuses, in the order of their ids, so that a new one does not move the others."""
    params = {"per_page": str(const.PER_PAGE), "page": str(page), "orderby": "id", "order": "asc", "status": "any"}
    return Request("GET", "products", params)


def variations(parent_id: str, page: int) -> Request:
    params = {"per_page": str(const.PER_PAGE), "page": str(page), "orderby": "id", "order": "asc", "status": "any"}
    return Request("GET", f"products/{parent_id}/variations", params)


def named_products(ids: Sequence[str], parent_id: str = "") -> Request:
    """Products, or variations of ``parent_id``, by their ids; those that do not exist are left out of the answer."""
    params = {"include": ",".join(ids), "per_page": str(const.PER_PAGE), "status": "any"}
    return Request("GET", f"products/{parent_id}/variations" if parent_id else "products", params)


def stock(quantities: Sequence[tuple[str, Decimal]], parent_id: str = "") -> Request:
    """Set the quantities on hand of products, or of variations of ``parent_id``. Absolute; the last writer wins.

    The answer is 200 whatever happened to each: see :func:`~.answers.batch_results`.

    :param quantities: ``(product or variation id, quantity)``. Parts of a piece are not offered, nor less than nothing.
    :raises ValueError: for more than the shop takes at once.
    """
    items = [
        {
            "id": int(product_id),
            "manage_stock": True,
            "stock_quantity": max(0, int(quantity.to_integral_value(ROUND_FLOOR))),
        }
        for product_id, quantity in quantities
    ]
    return _batch(items, parent_id)


def prices(rows: Sequence[tuple[str, Decimal, Decimal | None]], parent_id: str = "") -> Request:
    """Set prices, as the shop enters them (with or without tax).

    :param rows: ``(product or variation id, price, price before)``; without a higher price before there is no sale.
    """
    items = []
    for product_id, amount, before in rows:
        on_sale = before is not None and before > amount
        items.append(
            {
                "id": int(product_id),
                "regular_price": format(before if on_sale else amount, "f"),
                "sale_price": format(amount, "f") if on_sale else "",
            }
        )
    return _batch(items, parent_id)


def page_id(content: Content) -> str:
    """The product whose page a content is about: of a variation the one above it."""
    return content.ref.parent_id or content.ref.external_id


def pictures(ids: Sequence[str]) -> Request:
    """Which pictures products have."""
    params = {"include": ",".join(ids), "per_page": str(const.PER_PAGE), "status": "any", "_fields": "id,images"}
    return Request("GET", "products", params)


def contents(rows: Sequence[tuple[Content, Mapping[str, str]]]) -> Request:
    """Texts and pictures of products. A picture that the shop has is named by its id, or it would be fetched again.

    :param rows: (content, {key of a picture: the shop's id of it}).
    """
    items = []
    for content, known in rows:
        item: dict[str, Any] = {"id": int(page_id(content))}
        if content.title is not None:
            item["name"] = content.title
        if content.description is not None:
            item["description"] = content.description
        if content.pictures is not None:
            item["images"] = [
                {"id": int(known[picture.key]), "alt": picture.alt}
                if picture.key in known
                else {"src": picture.address, "name": picture.alt or picture.name, "alt": picture.alt}
                for picture in content.pictures
            ]
        items.append(item)
    return _batch(items, "")


def _batch(items: list[dict[str, Any]], parent_id: str) -> Request:
    if len(items) > const.BATCH_MAX:
        raise ValueError(f"{len(items)} items are more than {const.BATCH_MAX}")
    path = f"products/{parent_id}/variations/batch" if parent_id else "products/batch"
    return Request("POST", path, body={"update": items})


# ---- What happens to an order ----


def refund(
    order_id: str,
    amount: Decimal,
    reason: str,
    reference: str,
    lines: Iterable[Mapping[str, Any]] = (),
    pay: bool = False,
    restock: bool = False,
) -> Request:
    """A refund.

    :param amount: positive, tax included.
    :param reference: ours, kept with the refund.
    :param lines: ``{id, quantity, refund_total, refund_tax: [{id, refund_total}]}``, amounts as text; none for an
        amount without goods.
    :param pay: the shop's gateway pays it; else it was paid elsewhere and is only recorded.
    :param restock: the shop adds the pieces to its own stock, which it does unless it is told not to.
    """
    return Request(
        "POST",
        f"orders/{order_id}/refunds",
        body={
            "amount": format(amount, "f"),
            "reason": reason,
            "api_refund": pay,
            "api_restock": restock,
            "line_items": list(lines),
            "meta_data": [{"key": REFERENCE_KEY, "value": reference}],
        },
    )


def cancel(order_id: str) -> Request:
    """Cancel an order. Nothing is refunded by this."""
    return Request("PUT", f"orders/{order_id}", body={"status": "cancelled"})


def complete(order_id: str) -> Request:
    return Request("PUT", f"orders/{order_id}", body={"status": const.STATUS_COMPLETED})


def fulfilments(order_id: str) -> Request:
    """The parcels of an order, in shops with the fulfilment feature; others answer 404 with code ``rest_no_route``."""
    return Request("GET", f"orders/{order_id}/fulfillments")


def fulfilment(parcel: Parcel, fulfilment_id: str = "") -> Request:
    """A parcel on its way; with an id, a correction of what was told about it."""
    contents = [{"item_id": int(item.line_ref), "qty": _count(item.quantity)} for item in parcel.items]
    meta = {
        "_items": contents,
        "_tracking_number": parcel.tracking_number,
        "_shipment_provider": parcel.carrier or parcel.carrier_name,
        "_tracking_url": parcel.tracking_url,
        REFERENCE_KEY: parcel.key,
    }
    path = f"orders/{parcel.order_ref}/fulfillments"
    return Request(
        "PUT" if fulfilment_id else "POST",
        f"{path}/{fulfilment_id}" if fulfilment_id else path,
        {"notify_customer": "true" if parcel.notify else "false"},
        {
            "status": "fulfilled",
            "is_fulfilled": True,
            "meta_data": [{"key": key, "value": value} for key, value in meta.items()],
        },
    )


def notes(order_id: str) -> Request:
    return Request("GET", f"orders/{order_id}/notes", {"type": "any"})


def note_start(parcel: Parcel) -> str:
    """How every note about a parcel begins, and no note about another."""
    return f"Parcel {parcel.number} is on its way"


def note_text(parcel: Parcel) -> str:
    """What a shop without the fulfilment feature tells the customer. The same parcel always gives the same text."""
    text = note_start(parcel)
    carrier = parcel.carrier_name or parcel.carrier
    text += f" with {carrier}" if carrier else ""
    text += f", tracking number {parcel.tracking_number}" if parcel.tracking_number else ""
    return f"{text}: {parcel.tracking_url}" if parcel.tracking_url else f"{text}."


def note(order_id: str, text: str, to_customer: bool) -> Request:
    """:param to_customer: the shop mails it to the customer."""
    return Request("POST", f"orders/{order_id}/notes", body={"note": text, "customer_note": to_customer})


# ---- Webhooks ----


def webhooks(page: int) -> Request:
    return Request(
        "GET", "webhooks", {"per_page": str(const.PER_PAGE), "page": str(page), "orderby": "id", "order": "asc"}
    )


def webhook(topic: str, address: str, secret: str, webhook_id: str = "") -> Request:
    """A webhook that is active; with an id, one that is there already. An empty secret leaves the one that it has."""
    body = {"name": f"Orders: {topic}", "topic": topic, "delivery_url": address, "status": "active"}
    body |= {"secret": secret} if secret else {}
    return Request("PUT", f"webhooks/{webhook_id}", body=body) if webhook_id else Request("POST", "webhooks", body=body)


def webhook_deletion(webhook_id: str) -> Request:
    return Request("DELETE", f"webhooks/{webhook_id}", {"force": "true"})


def _count(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)
