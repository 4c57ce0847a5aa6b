"""What a shop answers → results, listings, and what we know our own things by. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ...domain.outgoing import Listing, ListingRef, Result
from ...domain.reader import Reader
from . import const, render

OK = Result("ok")
UNKNOWN_PRODUCT = Result(
    "refused",
    "The shop has no such product any more. Fetch its listings again, or take this one out of the channel.",
    gone=True,
)


def rows(payload: Any) -> list[dict[str, Any]]:
    """The objects in a list; PHP makes an object of a list with a gap."""
    payload = list(payload.values()) if isinstance(payload, Mapping) else payload
    return [row for row in payload if isinstance(row, dict)] if isinstance(payload, list) else []


def text(row: Mapping[str, Any], *keys: str) -> str:
    return Reader(row, "", []).text(*keys)


def mapping(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = row.get(key)
    return found if isinstance(found, Mapping) else {}


def meta(row: Mapping[str, Any], key: str) -> Any:
    """The value of one of a thing's metadata; ``None`` if it has none."""
    return next((entry.get("value") for entry in rows(row.get("meta_data")) if entry.get("key") == key), None)


# ---- Batches ----


def batch_results(payload: Any, ids: Sequence[str]) -> list[Result]:
    """How each of ``ids`` fared in a batch update, which is answered with 200 even if all of its items failed."""
    found: dict[str, Result] = {}
    for item in rows(payload.get("update") if isinstance(payload, Mapping) else None):
        error = item.get("error")
        found[text(item, "id")] = _refusal(error) if isinstance(error, Mapping) and error else OK
    missing = Result("retry", "The shop has not said whether it took this.")
    return [found.get(product_id, missing) for product_id in ids]


def _refusal(error: Mapping[str, Any]) -> Result:
    if text(error, "code") in const.PRODUCT_GONE_CODES:
        return UNKNOWN_PRODUCT
    said = text(error, "message", "code") or "it does not say why"
    return Result(
        "refused", f"The shop refuses this product: {said} Correct the product in the shop, then send it again."
    )


# ---- Pictures ----


def pictures(found: Any, wanted: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """{product id: {key: the shop's id}} of those wanted pictures that the shop has. It keeps the name of the file.

    :param wanted: {product id: keys}
    """
    known: dict[str, dict[str, str]] = {}
    for row in rows(found):
        product_id = text(row, "id")
        for image in rows(row.get("images")):
            for key in wanted.get(product_id, ()):
                if key in text(image, "src").rpartition("/")[2] and text(image, "id"):
                    known.setdefault(product_id, {}).setdefault(key, text(image, "id"))
    return known


# ---- Listings ----


def listing(row: Mapping[str, Any], currency: str, parent: Mapping[str, Any] | None = None) -> Listing:
    """A product, or a variation of ``parent``."""
    reader = Reader(row, "", [])
    title = reader.text("name")
    if parent is not None:
        options = [text(attribute, "option") for attribute in rows(row.get("attributes"))]
        title = " – ".join(filter(None, (text(parent, "name"), ", ".join(filter(None, options)) or title)))
    return Listing(
        ref=ListingRef(
            external_id=reader.identifier("id"),
            sku=reader.text("sku"),
            parent_id=text(parent, "id") if parent is not None else "",
        ),
        title=html.unescape(title),
        barcode=reader.text("global_unique_id"),
        price=reader.number_or_none("price"),
        currency=currency,
        quantity=quantity(row),
        active=reader.text("status") in ("", const.STATUS_PUBLISHED)
        and (parent is None or text(parent, "status") in ("", const.STATUS_PUBLISHED)),
    )


def quantity(row: Mapping[str, Any]) -> int | None:
    """The pieces that the shop counts; ``None`` where it does not, or only counts for all variations together."""
    count = Reader(row, "", []).number_or_none("stock_quantity") if row.get("manage_stock") is True else None
    return None if count is None else int(count.to_integral_value(rounding="ROUND_FLOOR"))


# ---- What is ours ----


def ours(found: Any, key: str) -> dict[str, Any] | None:
    """The refund or the parcel that carries our key."""
    return next((row for row in rows(found) if meta(row, render.REFERENCE_KEY) == key), None)


def last_note(found: Any, start: str) -> str:
    """The latest note that begins with ``start``, as it was written: WordPress escapes what it keeps."""
    said = [(int(Reader(row, "", []).number("id")), plain(text(row, "note"))) for row in rows(found)]
    return max((note for note in said if begins(note[1], start)), default=(0, ""))[1]


def begins(note: str, start: str) -> bool:
    return note.startswith(start) and not note[len(start) : len(start) + 1].isalnum()


def plain(note: str) -> str:
    return " ".join(html.unescape(note).split())


def webhooks_at(found: Sequence[Mapping[str, Any]], topic: str, path: str) -> Iterator[Mapping[str, Any]]:
    """Those of ``topic`` that lead to the same channel, whatever the host: its path holds a token that no other has."""
    for row in found:
        url = text(row, "delivery_url")
        if row.get("topic") == topic and "/" + url.partition("://")[2].partition("/")[2] == path:
            yield row


def taxes_of(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """Code of the rate → tax of an order line; rates that the line is not subject to are left out."""
    found: dict[str, Decimal] = {}
    for tax in Reader(row, "", []).rows("taxes", "Tax"):
        amount = tax.number_or_none("total")
        if amount is not None:
            found[tax.text("id")] = found.get(tax.text("id"), Decimal(0)) + amount
    return found
