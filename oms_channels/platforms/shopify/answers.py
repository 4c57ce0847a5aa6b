"""What Shopify answers → results, and errors as what they mean. Pure; an answer may hold any nonsense."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ...domain.adapter import Auth, ChannelError, Reject, Retry
from ...domain.outgoing import Listing, ListingRef, Result
from . import const

THROTTLED = "THROTTLED"
DENIED_CODES = ("ACCESS_DENIED", "UNAUTHORIZED", "FORBIDDEN")
LATER_CODES = ("INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE")
MESSAGE_MAX = 300


# ---- Reading ----


def mapping(value: Any, key: str) -> dict[str, Any]:
    """The object at ``key``; an empty one if there is none."""
    found = value.get(key) if isinstance(value, Mapping) else None
    return found if isinstance(found, dict) else {}


def listed(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; nothing if it is none. What cannot be seen is null, and left out."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def rows(value: Any, *way: str) -> list[dict[str, Any]]:
    """The objects in the list at the end of a way."""
    for key in way[:-1]:
        value = mapping(value, key)
    return listed(value.get(way[-1]) if isinstance(value, Mapping) else None)


def nodes(connection: Any) -> list[dict[str, Any]]:
    return rows(connection, "nodes")


def next_cursor(connection: Any) -> str:
    """Where the next page begins; empty after the last."""
    page = mapping(connection, "pageInfo")
    return str(page.get("endCursor") or "") if page.get("hasNextPage") is True else ""


# ---- Errors ----


@dataclass(frozen=True, slots=True)
class Cost:
    requested: float
    available: float
    limit: float
    per_s: float


def cost_of(payload: Any) -> Cost | None:
    """What a query cost and what is left, where the answer says so."""
    cost = mapping(mapping(payload, "extensions"), "cost")
    status = mapping(cost, "throttleStatus")
    values = [
        _float(cost.get("requestedQueryCost")),
        _float(status.get("currentlyAvailable")),
        _float(status.get("maximumAvailable")),
        _float(status.get("restoreRate")),
    ]
    if None in values[1:] or not values[3] or values[3] < 0:
        return None
    return Cost(values[0] or 0.0, *values[1:])


def _float(value: Any) -> float | None:
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12 else None
    )


def error_text(payload: Mapping[str, Any]) -> str:
    """An error in Shopify's words: ``errors`` is a sentence, a list, or an object of lists."""
    errors = payload.get("errors") or payload.get("error_description") or payload.get("error")
    if isinstance(errors, str):
        return errors[:MESSAGE_MAX]
    if isinstance(errors, Mapping):
        errors = [
            f"{key}: {text}"
            for key, texts in errors.items()
            for text in (texts if isinstance(texts, list) else [texts])
        ]
    if isinstance(errors, list):
        texts = [str(row.get("message", "")) if isinstance(row, Mapping) else str(row) for row in errors]
        return " ".join(filter(None, texts))[:MESSAGE_MAX]
    return ""


def raise_errors(payload: Mapping[str, Any]) -> None:
    """Raise the error of an answer with 200. Half an answer is none: what is null may be what we may not see."""
    errors = payload.get("errors")
    codes = [str(mapping(row, "extensions").get("code", "")) for row in errors] if isinstance(errors, list) else []
    message = error_text(payload) or "it does not say why"
    raise _error(codes, message, payload)


def _error(codes: Sequence[str], message: str, payload: Mapping[str, Any]) -> ChannelError:
    code = next(filter(None, codes), "")
    if THROTTLED in codes:
        cost = cost_of(payload)
        lacking = cost.requested - cost.available if cost else 0.0
        delay_s = max(lacking, 1.0) / cost.per_s if cost else None
        return Retry("Shopify lets us ask again in a moment.", delay_s, THROTTLED)
    if any(one in DENIED_CODES for one in codes) or message.startswith("[API] Invalid API key"):
        return Auth(f"Shopify does not permit this to our keys: {message} Grant the app what is missing.", code)
    if any(one in LATER_CODES for one in codes):
        return Retry(f"Shopify could not answer: {message}", None, code)
    return Reject(f"Shopify refuses: {message}", code)


# ---- The shop and what it offers ----


def missing_scopes(scopes: Iterable[Any]) -> tuple[str, ...]:
    """What our keys lack. Who may write may read."""
    have = {scope for scope in scopes if isinstance(scope, str)}
    have |= {f"read_{scope.removeprefix('write_')}" for scope in have if scope.startswith("write_")}
    return tuple(scope for scope in const.SCOPES if scope not in have)


def shop_warning(asked: str, answered: str, scopes: Iterable[Any]) -> str:
    warnings = []
    if answered and answered != asked:
        warnings.append(
            f"Shopify no longer serves version {asked} and answers in {answered}. Enter {const.API_VERSION} in the channel."
        )
    if const.SCOPE_ALL_ORDERS not in scopes:
        warnings.append("Orders older than 60 days cannot be read: the app lacks read_all_orders.")
    return " ".join(warnings)


def listing(row: Mapping[str, Any], currency: str) -> Listing:
    product, item = mapping(row, "product"), mapping(row, "inventoryItem")
    quantity = row.get("inventoryQuantity")
    counted = item.get("tracked") is True and isinstance(quantity, int)
    return Listing(
        ref=ListingRef(
            external_id=str(row.get("id", "")),
            sku=str(row.get("sku") or "").strip(),
            parent_id=str(product.get("id", "")),
            inventory_ref=str(item.get("id", "")),
        ),
        title=str(row.get("displayName", "")),
        barcode=str(row.get("barcode") or "").strip(),
        price=_decimal(row.get("price")),
        currency=currency,
        quantity=quantity if counted else None,
        active=product.get("status") == "ACTIVE",
    )


def pictures(product: Mapping[str, Any], keys: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """({key: Shopify's id} of those pictures that a product has, by the names of their files; ids of what is no picture)"""
    known: dict[str, str] = {}
    others: list[str] = []
    for row in nodes(mapping(product, "media")):
        media_id = str(row.get("id") or "")
        if row.get("mediaContentType") != "IMAGE":
            others.append(media_id)
            continue
        name = str(mapping(row, "image").get("url") or "").partition("?")[0].rpartition("/")[2]
        for key in keys:
            if key in name:
                known.setdefault(key, media_id)
    return known, others


def available(item: Mapping[str, Any]) -> int | None:
    """What may be sold of an item; ``None`` where it is not counted, or not kept at the place."""
    if item.get("tracked") is False:
        return None
    for row in rows(item, "inventoryLevel", "quantities"):
        if row.get("name") == "available" and isinstance(row.get("quantity"), int):
            return row["quantity"]
    return None


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None


# ---- What became of what we told ----


@dataclass(frozen=True, slots=True)
class UserError:
    """:param index: of which row of the input; ``None`` for all of it."""

    code: str
    message: str
    index: int | None


def user_errors(payload: Any, name: str, key: str = "userErrors") -> list[UserError]:
    """What was refused of a mutation, which is answered with 200 and without ``errors``."""
    found = []
    for row in rows(payload, name, key):
        way = row.get("field") if isinstance(row.get("field"), list) else []
        index = next((int(part) for part in way if str(part).isdecimal()), None)
        found.append(UserError(str(row.get("code") or ""), str(row.get("message") or "")[:MESSAGE_MAX], index))
    return found


#: What a clerk can do about a quantity that was refused.
STOCK_SENTENCES = {
    "INVALID_INVENTORY_ITEM": "Shopify has no such item any more. Fetch the listings again and match the product anew.",
    "INVALID_LOCATION": "Shopify has no such location any more. Map the warehouse to another one.",
    "NON_MUTABLE_INVENTORY_ITEM": "Shopify counts this item by its parts. Tell the stock of the parts instead.",
    "INVALID_QUANTITY_TOO_HIGH": "Shopify takes at most 1,000,000,000 pieces.",
}


def stock_result(error: UserError) -> Result:
    if error.code in const.AGAIN_CODES + const.NEW_KEY_CODES:
        return Result("retry", "Shopify is still working on the same quantities. They are told again.")
    message = STOCK_SENTENCES.get(error.code) or f"Shopify refuses the quantity: {error.message}"
    return Result("refused", message, gone=error.code == "INVALID_INVENTORY_ITEM")
