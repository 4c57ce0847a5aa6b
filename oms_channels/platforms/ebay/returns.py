"""Returns that buyers begin on eBay (Post-Order API v2) → canonical documents. Pure.

Source: https://developer.ebay.com/devzone/post-order/post-order_v2_return_search__get.html and the types ReturnSummaryType,
ReturnStateEnum, ReturnStatusEnum and ReturnReasonEnum beside it. One return is about one line of an order; of a line there may
be several. A summary says all that is needed here, so details are not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem, ReturnDoc, ReturnLineDoc

from ...domain import told as telling
from ...domain.adapter import Reject
from ...domain.reader import Reader
from . import const


def told(raw: bytes) -> telling.ToldReturn:
    """The document in a message about a return.

    :raise Reject: if there is no return in it.
    """
    envelope = telling.unpack(raw)
    if envelope["payload"] is None:
        return telling.gone(envelope)
    summary = envelope["payload"]
    if not isinstance(summary, Mapping) or not summary.get("returnId"):
        raise Reject("eBay told of a return without saying which. Look at the returns in Seller Hub, and dismiss this.")
    problems: list[Problem] = []
    reader = Reader(summary, f"Return {summary['returnId']}", problems)
    creation = reader.nested("creationInfo")
    item = creation.nested("item")
    quantity = item.number_or_none("returnQuantity")
    line = ReturnLineDoc(
        line_id=item.identifier("transactionId"),
        quantity=quantity if quantity and quantity > 0 else Decimal(1),
        reason=creation.text("reason"),
        note=creation.nested("comments").text("content"),
        refs=tuple(filter(None, (item.identifier("itemId"),))),
    )
    document = ReturnDoc(
        external_id=envelope["id"],
        status=status(reader),
        lines=(line,),
        number=envelope["id"],
        requested_at=creation.nested("creationDate").moment("value"),
        told_at=telling.read_at(envelope),
    )
    return telling.ToldReturn(envelope["order"], document, tuple(problems))


def status(summary: Reader) -> str:
    """How a return stands. What nobody knows yet waits for a person, as what was only asked for."""
    state = summary.text("state", "status").upper()
    if state in const.RETURN_OVER:
        # Without money it was called off: the buyer keeps the goods, or let the time pass.
        return "closed" if paid_back(summary) or summary.text("status").upper() in const.RETURN_ARRIVED else "cancelled"
    return const.RETURN_STATES.get(state, "requested")


def paid_back(summary: Reader) -> Decimal:
    """What the buyer got for it; zero while nothing has gone."""
    for side in ("buyerTotalRefund", "sellerTotalRefund"):
        amount = summary.nested(side).nested("actualRefundAmount").number_or_none("value")
        if amount:
            return abs(amount)
    return ZERO


def is_over(summary: Reader) -> bool:
    return summary.text("state", "status").upper() in const.RETURN_OVER


def refunded_pieces(order: Reader) -> dict[str, list[tuple[Decimal, Decimal]]]:
    """{id of a line: [(what the buyer got back for a return of it, how many pieces)]} of an order read with its returns."""
    found: dict[str, list[tuple[Decimal, Decimal]]] = {}
    if not order.fields.get(const.RETURNS_KEY):
        return found
    for row in order.rows(const.RETURNS_KEY, "Return"):
        item = row.nested("creationInfo").nested("item")
        quantity, amount = item.number_or_none("returnQuantity"), paid_back(row)
        if quantity and amount:
            found.setdefault(item.identifier("transactionId"), []).append((amount, quantity))
    return found


def error_of(payload: Any) -> str:
    rows = payload.get("members") if isinstance(payload, Mapping) else None
    return "" if isinstance(rows, list) else "eBay answered with something else than a list of returns."
