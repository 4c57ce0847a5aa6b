"""Returns of Adobe Commerce (RMA) → canonical documents, and what we tell of them. Pure.

Source: https://developer.adobe.com/commerce/webapi/rest/ (returns, returnsAttributeMetadata), the published reference of 2.4.6
(``rma-data-rma-interface``). Magento Open Source has no returns and answers 404. A return has no date of change; reasons are ids
of options, of which the client writes the labels beside (``_reasons``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem, ReturnDoc, ReturnLineDoc

from ...domain import told as telling
from ...domain.adapter import Reject, Request
from ...domain.outgoing import ReturnStep
from ...domain.reader import Reader
from . import const, render

#: Step → status of the return after it, and of its items.
STEPS = {
    "approved": ("authorized", "authorized"),
    "refused": ("denied", "denied"),
    "received": ("received", "received"),
    "cancelled": ("closed", ""),
    "closed": ("closed", ""),
}


# ---- In ----


def told(raw: bytes) -> telling.ToldReturn:
    """The document in a message about a return.

    :raise Reject: if there is no return in it.
    """
    envelope = telling.unpack(raw)
    if envelope["payload"] is None:
        return telling.gone(envelope)
    rma = envelope["payload"]
    if not isinstance(rma, Mapping) or not rma.get("entity_id"):
        raise Reject(
            "The shop told of a return without saying which. Look at the returns in the shop, and dismiss this."
        )
    problems: list[Problem] = []
    number = Reader(rma, "", []).text("increment_id", "entity_id")
    reader = Reader(rma, f"Return {number}", problems)
    reasons = reader.nested("_reasons").fields
    document = ReturnDoc(
        external_id=envelope["id"],
        status=status(reader),
        lines=tuple(_line(row, reasons) for row in _expected(reader)),
        number=number,
        note=_note(reader),
        tracking=next((row.text("track_number") for row in reader.rows("tracks", "Parcel")), ""),
        requested_at=reader.moment("date_requested"),
        told_at=telling.read_at(envelope),
    )
    return telling.ToldReturn(envelope["order"], document, tuple(problems))


def status(rma: Reader) -> str:
    """How a return stands. What nobody knows yet waits for a person, as what was only asked for."""
    said = rma.text("status")
    if said == const.RMA_CLOSED:
        rows = list(rma.rows("items", "Returned item"))
        if any((row.number_or_none("qty_returned") or ZERO) > 0 for row in rows):
            return "closed"
        # Where each item is denied, the shop itself calls the return closed. Else somebody closed it by hand.
        return "refused" if rows and not any(map(_is_wanted, rows)) else "cancelled"
    return const.RMA_STATES.get(said, "requested")


def _is_wanted(row: Reader) -> bool:
    return row.text("status") != const.RMA_ITEM_DENIED


def _expected(rma: Reader) -> list[Reader]:
    """The items without those that the shop denied; all of a return that was denied as a whole."""
    rows = list(rma.rows("items", "Returned item"))
    return [row for row in rows if _is_wanted(row)] or rows


def _line(row: Reader, reasons: Mapping[str, Any]) -> ReturnLineDoc:
    requested = row.number_or_none("qty_requested")
    authorized = row.number_or_none("qty_authorized")
    reason = row.text("reason")
    return ReturnLineDoc(
        line_id=row.identifier("order_item_id"),
        quantity=authorized or requested or Decimal(1),
        reason=str(reasons.get(reason) or reason),
    )


def _note(rma: Reader) -> str:
    """What was said by the shop to the customer, if it was declined."""
    said = [row.text("comment") for row in rma.rows("comments", "Comment") if row.fields.get("admin")]
    return said[-1] if said and rma.text("status") in ("denied", "rejected") else ""


# ---- Asked ----


def page(since: datetime, number: int, store_id: str) -> Request:
    """Returns that were asked for at ``since`` or later."""
    moment = since.astimezone(timezone.utc).strftime(const.MOMENT)
    filters = [("date_requested", moment, "gteq")] + ([("store_id", store_id, "eq")] if store_id else [])
    return Request("GET", "returns", render.search(filters, ("entity_id",), number))


def one(return_ref: str) -> Request:
    return Request("GET", f"returns/{render.part(return_ref)}")


def reasons() -> Request:
    return Request("GET", "returnsAttributeMetadata/reason")


# ---- Out ----


def is_told(rma: Mapping[str, Any], step: ReturnStep) -> bool:
    """Whether the shop's return stands as this step leaves it, or beyond it."""
    reader = Reader(rma, "Return", [])
    said, now = reader.text("status"), status(reader)
    match step.step:
        case "approved":
            return now in ("open", "closed")
        case "refused":
            return now in ("refused", "cancelled")
        case "received":
            rows = list(reader.rows("items", "Returned item"))
            return said == const.RMA_DONE or all(
                (row.number_or_none("qty_returned") or ZERO) >= wanted for row, wanted in _spread(rows, step)
            )
    return said in (const.RMA_CLOSED, const.RMA_DONE) or now == "refused"


def changed(rma: Mapping[str, Any], step: ReturnStep) -> Request:
    """The shop's return, as it is after a step: it is saved as a whole."""
    state, item_state = STEPS[step.step]
    rows = list(Reader(rma, "Return", []).rows("items", "Returned item"))
    wanted = {id(row): quantity for row, quantity in _spread(rows, step)}
    items = []
    for row in rows:
        item = dict(row.fields)
        if row.text("status") in const.RMA_ITEM_FINAL:
            items.append(item)
            continue
        if step.step == "approved":
            item["qty_authorized"] = item.get("qty_requested")
        if step.step == "received":
            if not wanted.get(id(row)):
                items.append(item)
                continue
            item["qty_returned"] = int(wanted[id(row)])
        items.append(item | ({"status": item_state} if item_state else {}))
    partly = step.step == "received" and any(not wanted.get(id(row)) for row in rows)
    body = {key: value for key, value in rma.items() if key not in ("_reasons", "comments", "tracks")}
    body |= {"status": f"{state}_on_item" if partly else state, "items": items}
    return Request("PUT", f"returns/{rma['entity_id']}", body={"rmaDataObject": body})


def comment(rma: Mapping[str, Any], step: ReturnStep) -> Request | None:
    """What the customer reads of it; nothing where it is there already."""
    known = [row.text("comment") for row in Reader(rma, "Return", []).rows("comments", "Comment")]
    if not step.note or step.note in known:
        return None
    data = {
        "rma_entity_id": rma["entity_id"],
        "comment": step.note,
        "customer_notified": step.notify,
        "visible_on_front": True,
        "admin": True,
        "status": STEPS[step.step][0],
    }
    return Request("POST", f"returns/{rma['entity_id']}/comments", body={"data": data})


def _spread(rows: list[Reader], step: ReturnStep) -> Iterator[tuple[Reader, Decimal]]:
    """(row, how many of it have come) of a step, which counts by lines of the order; the first rows take it."""
    left = {item.line_ref: item.quantity for item in step.items}
    for row in filter(_is_wanted, rows):
        line = row.identifier("order_item_id")
        most = row.number_or_none("qty_authorized") or row.number_or_none("qty_requested") or ZERO
        taken = min(left.get(line, ZERO), most)
        if taken > 0:
            left[line] -= taken
            yield row, taken
