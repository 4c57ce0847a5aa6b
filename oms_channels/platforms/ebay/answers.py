"""eBay's answers about single things → results. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ...domain.outgoing import Listing, ListingRef, Price, Result, StockLevel
from ...domain.reader import Reader
from . import const

UNSAID = "eBay did not say what became of this. It is told again."
#: Why an order cannot be cancelled (EligibilityFailureReasonEnum), in words.
INELIGIBLE = {
    "CANCEL_WINDOW_ELAPSED": "it is too late for that",
    "CANCELLATION_EXIST": "a cancellation is under way already",
    "CASE_EXIST": "a case is open about it",
    "CROSS_SITE_ORDER": "it was bought on another site of eBay",
    "ITEM_SHIPPED": "it has been shipped",
    "ORDER_SHIPPED": "it has been shipped",
    "REFUNDED": "it has been refunded",
    "RETURN_EXIST": "a return is open about it",
}


def errors(payload: Any) -> tuple[str, str]:
    """(code, message) of the first error, as the REST APIs or the Post-Order API write it."""
    if not isinstance(payload, Mapping):
        return "", ""
    wrapped = payload.get("errorMessage")
    for rows in (
        payload.get("errors"),
        payload.get("error"),
        wrapped.get("error") if isinstance(wrapped, Mapping) else None,
    ):
        first = rows[0] if isinstance(rows, list) and rows else rows
        if isinstance(first, Mapping):
            return _error(first)
    return "", ""


def _error(row: Mapping[str, Any]) -> tuple[str, str]:
    reader = Reader(row, "", [])
    named = ", ".join(parameter.text("value") for parameter in reader.rows("parameters", "") if parameter.text("value"))
    message = reader.text("longMessage", "message")
    return reader.text("errorId"), f"{message} ({named[:80]})" if named else message


def pushed(payload: Any, items: Sequence[StockLevel | Price]) -> list[Result]:
    """What became of each of the items, of the answer to ``bulk_update_price_quantity``.

    An offer and its SKU are answered apart: the worse of the two counts.
    """
    by_offer: dict[str, Result] = {}
    by_sku: dict[str, Result] = {}
    for row in Reader(payload if isinstance(payload, Mapping) else {}, "Answer", []).rows("responses", "Item"):
        result, offer = _item(row), row.text("offerId")
        if offer:
            by_offer[offer] = result
        else:
            sku = row.text("sku")
            by_sku[sku] = _worse(by_sku.get(sku), result)
    results = []
    for item in items:
        ref = item.ref
        found = [by_offer.get(ref.inventory_ref) if ref.inventory_ref else None, by_sku.get(ref.sku)]
        told = [result for result in found if result is not None]
        results.append(_worse(*told) if told else Result("retry", UNSAID))
    return results


def _worse(one: Result | None, other: Result | None = None) -> Result:
    order = ("ok", "retry", "refused")
    told = [result for result in (one, other) if result is not None]
    return max(told, key=lambda result: order.index(result.code))


def _item(row: Reader) -> Result:
    status = row.number_or_none("statusCode") or Decimal(0)
    if 200 <= status < 300:
        return Result("ok")
    code, message = errors(row.fields)
    if status == 404 or code in const.NOT_FOUND_ERRORS:
        return Result("refused", const.MIGRATE)
    if status >= 500 or status == 429 or code in const.SYSTEM_ERRORS or not status:
        return Result("retry", f"eBay is busy: {message or int(status)}"[:300])
    return Result("refused", f"eBay refuses: {message or int(status)}"[:300])


def items(payload: Any) -> dict[str, Mapping[str, Any]]:
    """{SKU: item} of the answer to ``bulk_get_inventory_item``."""
    return {
        row.text("sku"): row.nested("inventoryItem").fields
        for row in Reader(payload if isinstance(payload, Mapping) else {}, "Answer", []).rows("responses", "Item")
        if row.number_or_none("statusCode") == 200
    }


def replaced(payload: Any, skus: Sequence[str]) -> list[Result]:
    """What became of each SKU, of the answer to ``bulk_create_or_replace_inventory_item``."""
    found = {
        row.text("sku"): _item(row)
        for row in Reader(payload if isinstance(payload, Mapping) else {}, "Answer", []).rows("responses", "Item")
    }
    return [found.get(sku, Result("retry", UNSAID)) for sku in skus]


def quantities(payload: Any) -> dict[str, int | None]:
    """{SKU: how many are on offer} of the answer to ``bulk_get_inventory_item``."""
    found: dict[str, int | None] = {}
    for row in Reader(payload if isinstance(payload, Mapping) else {}, "Answer", []).rows("responses", "Item"):
        if row.number_or_none("statusCode") == 200:
            found[row.text("sku")] = quantity(row.nested("inventoryItem"))
    return found


def quantity(item: Reader) -> int | None:
    told = item.nested("availability").nested("shipToLocationAvailability").number_or_none("quantity")
    return None if told is None else max(0, int(told))


def listings(item: Reader, offers: Sequence[Reader]) -> Iterator[Listing]:
    """What is offered of an item: one listing an offer; without any, the item itself, which nobody can buy."""
    sku = item.text("sku")
    product = item.nested("product")
    title = product.text("title") or sku
    barcode = next((code for key in ("ean", "upc", "isbn") for code in _texts(product, key)), "")
    count = quantity(item)
    for offer in offers:
        price = offer.nested("pricingSummary").nested("price")
        own = offer.number_or_none("availableQuantity")
        known = [number for number in (count, None if own is None else max(0, int(own))) if number is not None]
        yield Listing(
            ref=ListingRef(
                external_id=sku,
                sku=sku,
                parent_id=offer.nested("listing").text("listingId"),
                inventory_ref=offer.text("offerId"),
            ),
            title=title,
            barcode=barcode,
            price=price.number_or_none("value"),
            currency=price.text("currency"),
            quantity=min(known, default=None),
            active=offer.text("status").upper() == "PUBLISHED",
        )
    if not offers and sku:
        yield Listing(ListingRef(sku, sku), title, barcode, quantity=count, active=False)


def _texts(row: Reader, key: str) -> list[str]:
    value = row.fields.get(key)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def cancelled(payload: Any) -> Result:
    """What came of a cancellation."""
    answer = Reader(payload if isinstance(payload, Mapping) else {}, "Answer", [])
    cancel_id = answer.text("cancelId")
    verdict = answer.nested("orderEligibilityResult")
    if cancel_id:
        return Result("ok", reference=cancel_id)
    if verdict.fields.get("eligible") is False:
        reasons = _texts(verdict, "failureReason")
        if "CANCELLATION_EXIST" in reasons:
            return Result("ok")
        words = ", ".join(INELIGIBLE.get(reason, reason.replace("_", " ").lower()) for reason in reasons[:5])
        return Result("refused", f"eBay does not let the order be cancelled: {words or 'without a reason'}. Refund it.")
    return Result("retry", UNSAID)
