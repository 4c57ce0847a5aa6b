"""What was paid back. Pure.

eBay tells a refund twice and in two amounts: with the order as what it takes from the seller (net of fees, and with a
status), and with a line as what the buyer gets (without a status, often without an id). The two are brought together by id,
else by date, else because only one of each is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO, OrderLineDoc, RefundDoc, RefundLineDoc
from odoo.addons.oms_core.domain.money import round_to

from ...domain.reader import Reader
from . import money
from .returns import refunded_pieces

#: Dates of the same refund on order and line may differ by so much.
SAME_S = 120


@dataclass(slots=True)
class _Part:
    """What the lines say about one refund."""

    refund_id: str
    moment: datetime | None
    rows: list[tuple[str, Decimal]] = field(default_factory=list)

    @property
    def amount(self) -> Decimal:
        return sum((amount for _line, amount in self.rows), ZERO)


def refunds(
    order: Reader, order_id: str, currency: str, total: Decimal, lines: Sequence[OrderLineDoc], step: Decimal
) -> tuple[RefundDoc, ...]:
    """The refunds of an order; those that failed are left out."""
    parts = _line_parts(order, currency)
    rows = list(order.nested("paymentSummary").rows("refunds", "Refund"))
    if not parts and not rows:
        return ()
    pairs = _pair(rows, parts)
    by_id, pieces = {line.external_id: line for line in lines}, refunded_pieces(order)
    found: list[RefundDoc] = []
    alone = order.text("orderPaymentStatus").upper() == "FULLY_REFUNDED" and len(rows) == 1 and not parts
    for row, part in pairs:
        refund = _refund(row, part, order_id, currency, by_id, pieces, step, total if alone else None)
        if refund is not None:
            found.append(refund)
    return tuple(_distinct(found))


def _line_parts(order: Reader, currency: str) -> list[_Part]:
    parts: dict[str, _Part] = {}
    for line in order.rows("lineItems", "Line"):
        if not line.fields.get("refunds"):
            continue
        line_id = line.identifier("lineItemId")
        for row in line.rows("refunds", "Refund"):
            value = abs(money.amount(row, "amount", currency))
            if not value:
                continue
            refund_id, moment = row.text("refundId"), row.moment("refundDate")
            key = refund_id or (moment.isoformat(timespec="minutes") if moment else "?")
            part = parts.setdefault(key, _Part(refund_id, moment))
            part.rows.append((line_id, value))
    return list(parts.values())


def _pair(rows: Sequence[Reader], parts: Sequence[_Part]) -> list[tuple[Reader | None, _Part | None]]:
    left, pairs = list(parts), []
    unmatched: list[Reader] = []
    for row in rows:
        ids = {row.text("refundId"), row.text("refundReferenceId")} - {""}
        part = next((part for part in left if part.refund_id and part.refund_id in ids), None)
        if part is None:
            unmatched.append(row)
        else:
            left.remove(part)
            pairs.append((row, part))
    still: list[Reader] = []
    for row in unmatched:
        moment = row.moment("refundDate")
        part = next((part for part in left if _same(moment, part.moment)), None)
        if part is None:
            still.append(row)
        else:
            left.remove(part)
            pairs.append((row, part))
    if len(still) == len(left) == 1:
        return [*pairs, (still[0], left[0])]
    return [*pairs, *((row, None) for row in still), *((None, part) for part in left)]


def _same(one: datetime | None, other: datetime | None) -> bool:
    return bool(one and other) and abs((one - other).total_seconds()) <= SAME_S


def _refund(
    row: Reader | None,
    part: _Part | None,
    order_id: str,
    currency: str,
    lines: dict[str, OrderLineDoc],
    pieces: dict[str, list[tuple[Decimal, Decimal]]],
    step: Decimal,
    whole: Decimal | None,
) -> RefundDoc | None:
    status = row.text("refundStatus").upper() if row else ""
    if status == "FAILED":
        return None
    moment = (row.moment("refundDate") if row else None) or (part.moment if part else None)
    refund_id = (part.refund_id if part else "") or (row.text("refundId", "refundReferenceId") if row else "")
    if part is not None:
        value, told, shipping = part.amount, [], ZERO
        for line_id, refunded in part.rows:
            line = lines.get(line_id)
            if line is None:
                continue
            doc, rest = _line(line, refunded, pieces.get(line_id, []), step)
            told.append(doc)
            shipping += rest
    else:
        value, told, shipping = abs(money.amount(row, "amount", currency)) if row else ZERO, [], ZERO
        # The buyer got everything back; what eBay says here is what that cost the seller.
        value = whole if whole is not None else value
    if not value:
        return None
    return RefundDoc(
        external_id=refund_id or f"{order_id}-refund-{moment.isoformat(timespec='minutes') if moment else 'pending'}",
        amount=value,
        lines=tuple(told),
        shipping=shipping,
        refunded_at=moment,
        pending=status == "PENDING" or (not status and moment is None),
    )


def _line(
    line: OrderLineDoc, refunded: Decimal, returned: list[tuple[Decimal, Decimal]], step: Decimal
) -> tuple[RefundLineDoc, Decimal]:
    """(what of a refund is for the goods of a line, what is more than they cost: their shipping).

    :param returned: (money, pieces) of returns of the line; the one that it pays for is taken off.
    """
    gross = line.total + line.tax_total
    goods = min(refunded, gross) if gross > 0 else refunded
    tax = round_to(line.tax_total * goods / gross, step) if gross > 0 else ZERO
    # eBay does not say how many pieces; only of a return, and of a whole line, is that certain.
    paid = next((row for row in returned if row[0] == refunded), None)
    if paid:
        returned.remove(paid)
    quantity = paid[1] if paid else line.quantity if gross > 0 and refunded >= gross else ZERO
    return RefundLineDoc(line.external_id, quantity, goods - tax, tax, goods="back" if paid else ""), refunded - goods


def _distinct(found: Sequence[RefundDoc]) -> list[RefundDoc]:
    """Refunds without an id of the same minute would be one; they are counted."""
    seen: dict[str, int] = {}
    result = []
    for refund in found:
        seen[refund.external_id] = number = seen.get(refund.external_id, 0) + 1
        result.append(refund if number == 1 else replace(refund, external_id=f"{refund.external_id}-{number}"))
    return result
