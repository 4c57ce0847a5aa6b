"""What we want from a shop → requests to it. Pure; nothing here is sent.

WooCommerce has no idempotency keys: before a refund, a note or a fulfilment is sent a second time, look whether the
first one arrived.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from ...domain.adapter import Request
from . import const

#: Metadata by which we know our own refunds again.
REFERENCE_KEY = "_oms_reference"


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


def refunds(order_id: str) -> Request:
    """The refunds of an order with their lines, of which the order itself has only the totals."""
    return Request("GET", f"orders/{order_id}/refunds", {"per_page": str(const.PER_PAGE)})


def stock(quantities: Sequence[tuple[str, Decimal]], parent_id: str = "") -> Request:
    """Set the quantities on hand of products, or of variations of ``parent_id``. Absolute; the last writer wins.

    The answer is 200 whatever happened to each: see :func:`~.parse.batch_problems`.

    :param quantities: ``(product or variation id, quantity)``. Parts of a piece are not offered, nor less than nothing.
    :raises ValueError: for more than the shop takes at once.
    """
    if len(quantities) > const.BATCH_MAX:
        raise ValueError(f"{len(quantities)} items are more than {const.BATCH_MAX}")
    items = [
        {
            "id": int(product_id),
            "manage_stock": True,
            "stock_quantity": max(0, int(quantity.to_integral_value(ROUND_FLOOR))),
        }
        for product_id, quantity in quantities
    ]
    path = f"products/{parent_id}/variations/batch" if parent_id else "products/batch"
    return Request("POST", path, body={"update": items})


def refund(
    order_id: str, amount: Decimal, reason: str, reference: str, lines: Iterable[dict[str, Any]] = ()
) -> Request:
    """Record a refund that was paid elsewhere (``api_refund`` false: the shop's gateway is left alone).

    :param amount: positive, tax included.
    :param reference: ours, kept with the refund.
    :param lines: ``{id, quantity, refund_total, refund_tax: [{id, refund_total}]}``, amounts as text; none for an
        amount without goods.
    """
    return Request(
        "POST",
        f"orders/{order_id}/refunds",
        body={
            "amount": format(amount, "f"),
            "reason": reason,
            "api_refund": False,
            "line_items": list(lines),
            "meta_data": [{"key": REFERENCE_KEY, "value": reference}],
        },
    )


def cancel(order_id: str) -> Request:
    """Cancel an order. Nothing is refunded by this."""
    return Request("PUT", f"orders/{order_id}", body={"status": "cancelled"})


def fulfilment(
    order_id: str, items: Iterable[tuple[str, Decimal]], tracking_number: str, provider: str, tracking_url: str
) -> Request:
    """A parcel on its way, in shops with the fulfilment feature; others answer 404 with code ``rest_no_route``.

    :param items: ``(line id, quantity)`` in the parcel.
    """
    contents = [{"item_id": int(line_id), "qty": _count(quantity)} for line_id, quantity in items]
    meta = {
        "_items": contents,
        "_tracking_number": tracking_number,
        "_shipment_provider": provider,
        "_tracking_url": tracking_url,
    }
    return Request(
        "POST",
        f"orders/{order_id}/fulfillments",
        body={
            "status": "fulfilled",
            "is_fulfilled": True,
            "meta_data": [{"key": key, "value": value} for key, value in meta.items()],
        },
    )


def fulfilment_classic(order_id: str, note: str, complete: bool) -> list[Request]:
    """The same for shops without the feature: a note that the customer gets by mail and, with the last parcel,
    ``completed``."""
    requests = [Request("POST", f"orders/{order_id}/notes", body={"note": note, "customer_note": True})]
    if complete:
        requests.append(Request("PUT", f"orders/{order_id}", body={"status": "completed"}))
    return requests


def _count(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)
