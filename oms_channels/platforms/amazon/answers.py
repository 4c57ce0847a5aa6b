"""Amazon's answers to what it was told, and what it offers → our results and listings. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from ...domain.outgoing import Listing, ListingRef, Result, Shop
from ...domain.reader import Reader
from . import const

MESSAGE_MAX = 300
#: Severities and result codes that mean "not done".
ERROR = "ERROR"


def shop(payload: Any, account: str, wanted: tuple[str, ...]) -> Shop:
    """Whose keys these are, and which of the marketplaces wanted they do not open."""
    rows = list(_reader(payload).rows("payload", "Marketplace"))
    by_id = {row.nested("marketplace").text("id"): row for row in rows}
    closed = tuple(
        marketplace_id
        for marketplace_id in wanted
        if marketplace_id not in by_id
        or by_id[marketplace_id].nested("participation").fields.get("isParticipating") is False
    )
    first = by_id.get(wanted[0] if wanted else "") or _reader({})
    suspended = [
        row.nested("marketplace").text("name", "id")
        for marketplace_id, row in by_id.items()
        if marketplace_id in wanted and row.nested("participation").fields.get("hasSuspendedListings") is True
    ]
    names = ", ".join(suspended)
    return Shop(
        name=first.text("storeName") or account,
        currency=first.nested("marketplace").text("defaultCurrencyCode"),
        country=first.nested("marketplace").text("countryCode"),
        missing=tuple(f"marketplace {marketplace_id}" for marketplace_id in closed),
        api_version="2026-01-01",
        warning=f"Amazon has suspended listings in {names}. Look at them in Seller Central." if names else "",
    )


# ---- Listings ----


def listing(row: Reader, marketplace_id: str, location_ref: str) -> Listing | None:
    """Something that is offered; ``None`` for what has no SKU."""
    sku = row.text("sku")
    if not sku:
        return None
    summary = _of_marketplace(row, "summaries", marketplace_id)
    offer = _of_marketplace(row, "offers", marketplace_id, offerType="B2C")
    stock = {item.text("fulfillmentChannelCode"): item for item in row.rows("fulfillmentAvailability", "Stock")}
    own = stock.get(const.OWN_STOCK)
    statuses = summary.fields.get("status")
    return Listing(
        ref=ListingRef(
            external_id=sku,
            sku=sku,
            parent_id=summary.text("asin"),
            inventory_ref=const.OWN_STOCK if own else next(iter(stock), ""),
            location_ref=location_ref,
            kind=summary.text("productType"),
        ),
        title=summary.text("itemName") or sku,
        price=offer.nested("price").number_or_none("amount"),
        currency=offer.nested("price").text("currencyCode"),
        quantity=_quantity(own),
        active="BUYABLE" in statuses if isinstance(statuses, list) else False,
    )


def quantities(rows: list[Reader]) -> dict[str, int | None]:
    """SKU → how many Amazon thinks the merchant has; ``None`` for what lies at Amazon."""
    found = {}
    for row in rows:
        stock = {item.text("fulfillmentChannelCode"): item for item in row.rows("fulfillmentAvailability", "Stock")}
        found[row.text("sku")] = _quantity(stock.get(const.OWN_STOCK))
    return found


def _quantity(stock: Reader | None) -> int | None:
    # What was never given a quantity has none to sell.
    return None if stock is None else int(stock.number_or_none("quantity") or 0)


def _of_marketplace(row: Reader, key: str, marketplace_id: str, **wanted: str) -> Reader:
    for found in row.rows(key, key):
        if found.text("marketplaceId") == marketplace_id and all(found.text(k) == v for k, v in wanted.items()):
            return found
    return _reader({})


# ---- Results ----


def patched(payload: Any) -> Result:
    """How a change of one offer was taken. ``ACCEPTED`` is not yet applied; the nightly comparison finds what got lost."""
    answer = _reader(payload)
    status = answer.text("status").upper()
    issues = [row for row in answer.rows("issues", "Issue") if row.text("severity").upper() == ERROR]
    reference = answer.text("submissionId")
    if status in ("ACCEPTED", "VALID") and not issues:
        return Result("ok", reference=reference)
    return Result("refused", _refusal(issues, f"the answer was “{status or 'nothing'}”"), reference)


def listings_report(raw: bytes) -> dict[int, Result] | None:
    """Number of a message → why it was refused. What is not there was accepted. ``None`` if this is no report."""
    try:
        payload = json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    if not isinstance(payload, Mapping) or "summary" not in payload:
        return None
    issues: dict[int, list[Reader]] = {}
    for row in _reader(payload).rows("issues", "Issue"):
        number = row.number_or_none("messageId")
        if number is not None and row.text("severity").upper() == ERROR:
            issues.setdefault(int(number), []).append(row)
    return {
        number: Result("refused", _refusal(rows, ""), gone=any(row.text("code") == const.NO_SUCH_SKU for row in rows))
        for number, rows in issues.items()
    }


def order_report(raw: bytes) -> dict[int, Result] | None:
    """The same of a feed about orders, which is answered in XML (ProcessingReport.xsd)."""
    # A report has no document type; one that has could unfold without end.
    if b"<!" in raw:
        return None
    try:
        root = ElementTree.fromstring(raw)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    report = root.find("./Message/ProcessingReport")
    if report is None:
        return None
    found = {}
    for row in report.iterfind("Result"):
        if (row.findtext("ResultCode") or "").upper() != ERROR:
            continue
        number, code = row.findtext("MessageID") or "", row.findtext("ResultMessageCode") or ""
        said = _short(row.findtext("ResultDescription") or "")
        sentence = f"Amazon refuses: {said or 'without a reason'}{f' (code {code})' if code else ''}."
        # Number 0 is about the whole feed.
        found[int(number) if number.isdecimal() and len(number) < 10 else 0] = Result("refused", sentence)
    errors = report.findtext("ProcessingSummary/MessagesWithError") or "0"
    if not found and errors.strip() != "0":
        found[0] = Result("refused", "Amazon refuses without a reason. Look at the order in Seller Central.")
    return found


def _refusal(issues: list[Reader], otherwise: str) -> str:
    said = "; ".join(dict.fromkeys(filter(None, (_short(row.text("message", "code")) for row in issues))))
    return f"Amazon refuses: {said[:MESSAGE_MAX] or otherwise}. Correct the listing in Seller Central, then send again."


def _short(text: str) -> str:
    return " ".join(text.split())[:MESSAGE_MAX].rstrip(".")


def _reader(payload: Any) -> Reader:
    return Reader(payload if isinstance(payload, Mapping) else {}, "Answer", [])
