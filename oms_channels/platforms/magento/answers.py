"""What a shop answers → listings, results, shops. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from ...domain.outgoing import Listing, ListingRef, Location, Price, Result, Shop
from ...domain.reader import Reader
from . import const

#: Attributes that shops keep barcodes in; Magento has none of its own.
BARCODES = ("gtin", "ean", "ean13", "barcode", "upc")
PLACE = re.compile(r"%(\w+)")
ACTIVE = "1"


def sentence(payload: Any) -> str:
    """The message of an error with its parameters put in: ``%fieldName`` by name, ``%1`` by place.

    Several errors in one are told one after the other.
    """
    if not isinstance(payload, Mapping):
        return ""
    errors = payload.get("errors")
    said = [sentence(error) for error in errors] if isinstance(errors, list) else []
    parameters = payload.get("parameters")
    if isinstance(parameters, list):
        parameters = {str(number): value for number, value in enumerate(parameters, 1)}
    values = parameters if isinstance(parameters, Mapping) else {}
    message = payload.get("message")
    text = PLACE.sub(lambda place: str(values.get(place[1], place[0])), message) if isinstance(message, str) else ""
    return " ".join(filter(None, (text, *said)))


def limit(payload: Any) -> int:
    """How many rows the shop takes at once, if that is what an error is about; else 0. Whatever language it is in."""
    parameters = payload.get("parameters") if isinstance(payload, Mapping) else None
    most = parameters.get("max") if isinstance(parameters, Mapping) else None
    return most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else 0


def configs(payload: Any) -> dict[str, Reader]:
    """Code of a store view → its settings."""
    found = Reader({"rows": payload}, "Answer", []).rows("rows", "Store view")
    return {row.text("code"): row for row in found if row.text("code")}


def shop(
    views: Mapping[str, Reader], site: str, locations: Sequence[Location], missing: Sequence[str], root: str
) -> Shop:
    view = views.get(site) or views.get("default") or next(iter(views.values()), Reader({}, "", []))
    currencies = {row.text("base_currency_code") for row in views.values()}
    warning = ""
    if len(currencies) > 1 and not site:
        warning = "The shop's websites keep their prices in different currencies. Make a channel for each store view."
    return Shop(
        name=view.text("base_url") or root,
        currency=view.text("base_currency_code"),
        time_zone=view.text("timezone"),
        locations=tuple(locations),
        missing=tuple(missing),
        warning=warning,
    )


def locations(rows: Iterable[Reader]) -> list[Location]:
    return [
        Location(row.text("source_code"), row.text("name") or row.text("source_code"), _is_on(row, "enabled"))
        for row in rows
        if row.text("source_code")
    ]


def _is_on(row: Reader, key: str) -> bool:
    return row.fields.get(key) in (True, 1, "1", None)


def quantities(rows: Iterable[Reader]) -> dict[tuple[str, str], int]:
    """(SKU in small letters, source) → whole pieces; Magento does not tell SKUs apart by their case."""
    found = {}
    for row in rows:
        quantity = row.number_or_none("quantity")
        if quantity is not None:
            found[row.text("sku").lower(), row.text("source_code")] = _whole(quantity)
    return found


def _whole(quantity: Decimal) -> int:
    return int(quantity.to_integral_value(ROUND_FLOOR))


def listings(
    rows: Sequence[Reader], stock: Mapping[tuple[str, str], int] | None, currency: str, website: str
) -> list[Listing]:
    """What has a SKU and is sold by itself. A variant is a product of its own; its parent is only a page.

    :param stock: ``None`` where quantities are not known.
    """
    parents = {
        str(child): row.identifier("id")
        for row in rows
        for child in _list(row.nested("extension_attributes").fields.get("configurable_product_links"))
    }
    sums: dict[str, int] = {}
    for (sku, _source), quantity in (stock or {}).items():
        sums[sku] = sums.get(sku, 0) + quantity
    return [
        _listing(row, parents, sums, currency, website)
        for row in rows
        if row.text("type_id") not in const.COMPOSITES and row.identifier("id")
    ]


def _listing(row: Reader, parents: Mapping[str, str], sums: Mapping[str, int], currency: str, website: str) -> Listing:
    product_id, sku = row.identifier("id"), row.text("sku")
    attributes = {one.text("attribute_code"): one for one in row.rows("custom_attributes", "Attribute")}
    found = [attributes[code].text("value") for code in BARCODES if code in attributes]
    websites = [str(one) for one in _list(row.nested("extension_attributes").fields.get("website_ids"))]
    return Listing(
        ref=ListingRef(product_id, sku, parents.get(product_id, ""), kind=row.text("type_id")),
        title=row.text("name") or sku,
        barcode=next(filter(None, found), ""),
        price=row.number_or_none("price"),
        currency=currency,
        quantity=sums.get(sku.lower()),
        active=row.text("status") == ACTIVE and (not website or not websites or website in websites),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def pictures(entries: Any, keys: Sequence[str]) -> tuple[dict[str, int], list[Mapping[str, Any]]]:
    """({key: the shop's id} of those pictures that a product has, by the names of their files; its videos)"""
    known: dict[str, int] = {}
    others: list[Mapping[str, Any]] = []
    for row in Reader({"rows": entries}, "Answer", []).rows("rows", "Picture"):
        if row.text("media_type") not in ("", "image"):
            others.append(dict(row.fields))
        elif row.text("id").isdecimal():
            for key in keys:
                if key in row.text("file").rpartition("/")[2]:
                    known.setdefault(key, int(row.text("id")))
    return known, others


def price_results(prices: Sequence[Price], errors: Any) -> dict[int, Result]:
    """Index → why a price was not taken. Errors name the SKU, not the row."""
    found: dict[int, Result] = {}
    for error in _list(errors):
        parameters = error.get("parameters") if isinstance(error, Mapping) else None
        named = {str(value).lower() for value in parameters.values()} if isinstance(parameters, Mapping) else set()
        if isinstance(parameters, list):
            # Parameters may come as a list of values, or of pairs.
            named = {str(value.get("value") if isinstance(value, Mapping) else value).lower() for value in parameters}
        hit = [index for index, price in enumerate(prices) if price.ref.sku.lower() in named]
        text = sentence(error)
        for index in hit or range(len(prices)):
            found[index] = Result("refused", f"The shop does not take this price: {text}"[:300])
    return found
