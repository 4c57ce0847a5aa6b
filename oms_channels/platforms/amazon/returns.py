"""Amazon's report of returns of what the seller ships → canonical documents. Pure.

``GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE``, https://developer-docs.amazon.com/sp-api/docs/returns-reports-attributes. A line of
the report is an item of a return; lines with one RMA id are one return. It names the SKU and not the line of the order.

Returns of what Amazon ships itself (``GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA``) are not read: their orders are none of ours,
and the goods go to Amazon.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import Problem, ReturnDoc, ReturnLineDoc

from ...domain import told as telling
from ...domain.adapter import Reject
from ...domain.reader import Reader

REPORT = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
NEEDED = ("order id", "return quantity", "return request status")
#: ``Return request status`` → ours. Amazon publishes no list; others wait for a person, as what was only asked for.
STATES = {
    "pending": "requested",
    "pendingapproval": "requested",
    "requested": "requested",
    "approved": "open",
    "authorized": "open",
    "intransit": "open",
    "received": "open",
    "completed": "closed",
    "closed": "closed",
    "refunded": "closed",
    "denied": "refused",
    "rejected": "refused",
    "declined": "refused",
    "canceled": "cancelled",
    "cancelled": "cancelled",
}
DATES = ("%Y-%m-%d", "%d-%b-%Y", "%d-%b-%y", "%m/%d/%Y", "%d/%m/%Y")


def rows(document: bytes) -> list[dict[str, str]]:
    """The lines of a report by the names of its columns, in small letters.

    :raise Reject: for what is no such report.
    """
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = document.decode("cp1252", "replace")
    # A quotation mark in a title is a quotation mark: the report is tab-delimited and quotes nothing.
    lines = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    head = [name.strip().lower() for name in lines[0]] if lines else []
    if document.strip() and not set(NEEDED) <= set(head):
        raise Reject(
            "Amazon's report of returns has other columns than it had. Enter the returns by hand until this is read."
        )
    return [dict(zip(head, map(str.strip, line), strict=False)) for line in lines[1:] if any(map(str.strip, line))]


def returns(found: Sequence[Mapping[str, str]]) -> Iterator[tuple[str, str, list[dict[str, str]]]]:
    """(id, order, lines) of each return."""
    by_id: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in found:
        order = row.get("order id", "")
        name = row.get("amazon rma id") or row.get("merchant rma id") or f"{order}:{row.get('return request date', '')}"
        if order:
            by_id.setdefault((name, order), []).append(dict(row))
    for (name, order), lines in by_id.items():
        yield name, order, lines


def told(raw: bytes) -> telling.ToldReturn:
    """The document in a message about a return.

    :raise Reject: if there is no return in it.
    """
    envelope = telling.unpack(raw)
    lines = envelope["payload"]
    if not isinstance(lines, list) or not lines or not all(isinstance(row, Mapping) for row in lines):
        raise Reject("Amazon told of a return without saying of what. Look at the returns in Seller Central.")
    problems: list[Problem] = []
    readers = [Reader(row, f"Return {envelope['id']}", problems) for row in lines]
    states = {STATES.get(_plain(row.text("return request status")), "requested") for row in readers}
    document = ReturnDoc(
        external_id=envelope["id"],
        # Items of one return are decided one by one: it is as far as the first of them.
        status=next(state for state in ("requested", "open", "closed", "refused", "cancelled") if state in states),
        lines=tuple(_line(row) for row in readers),
        number=envelope["id"],
        tracking=next(filter(None, (row.text("tracking id") for row in readers)), ""),
        requested_at=next(filter(None, (_date(row.text("return request date")) for row in readers)), None),
        told_at=telling.read_at(envelope),
    )
    return telling.ToldReturn(envelope["order"], document, tuple(problems))


def _line(row: Reader) -> ReturnLineDoc:
    quantity = row.number_or_none("return quantity")
    return ReturnLineDoc(
        line_id="",
        quantity=quantity if quantity and quantity > 0 else Decimal(1),
        reason=row.text("return reason"),
        refs=tuple(filter(None, (row.text("merchant sku"), row.text("asin")))),
    )


def _date(text: str) -> datetime | None:
    for form in DATES:
        try:
            return datetime.strptime(text[:11].strip() if "T" not in text else text[:10], form).replace(
                tzinfo=timezone.utc
            )
        except ValueError:
            continue
    return None


def _plain(text: Any) -> str:
    return "".join(letter for letter in str(text).lower() if letter.isalpha())
