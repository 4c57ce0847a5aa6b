"""Refunds: which are money, which only took something off the order, and which wait. Pure.

Amounts come from the transactions: while one is pending, Shopify balances the refund with a ``refund_discrepancy`` as large
as itself, and for goodwill with one below zero; the sum of lines and adjustments says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO, RefundDoc, RefundLineDoc

from ...domain.reader import Reader
from . import const
from .lines import Money, nodes

#: An order adjustment's reason, in words.
REASONS = {
    "CUSTOMER": "Customer",
    "DAMAGE": "Damage",
    "RESTOCK": "Restocking",
}

#: What a line says about its goods; what was restocked by an old version of Shopify may have left or not.
GOODS = {"RETURN": "back", "CANCEL": "unsent", "NO_RESTOCK": "kept"}
OUR_MARK = re.compile(rf"\s*\[{re.escape(const.MARK)} ([^\]]+)\]$")


def _transactions(refund: Reader) -> list[Reader]:
    return [row for row in nodes(refund, "transactions", "Payment") if row.text("kind") in ("", const.REFUND_KIND)]


def is_removal(refund: Reader, money: Money) -> bool:
    """Whether it is none: an edit, or the cancellation of something unpaid, leaves a refund without any money.

    Where goods came back for others (``return``), no money moves either; but those were delivered.
    """
    return not (
        refund.nested("return").fields or _transactions(refund) or money.maybe(refund, "totalRefundedSet")
    ) and bool(refund.nested("refundLineItems").fields)


def refunded_units(refund: Reader, money: Money) -> list[RefundLineDoc]:
    """What of the order's lines the refund is for."""
    found = []
    for row in nodes(refund, "refundLineItems", "Refunded line"):
        tax = money.maybe(row, "totalTaxSet")
        found.append(
            RefundLineDoc(
                line_id=row.nested("lineItem").text("id"),
                quantity=row.number("quantity"),
                amount=money.net(money.of(row, "subtotalSet"), tax),
                tax=tax,
                restock=row.text("restockType") in ("RETURN", "CANCEL", "LEGACY_RESTOCK"),
                goods=_goods(row, refund),
                location=row.nested("location").text("id"),
            )
        )
    return found


def _goods(row: Reader, refund: Reader) -> str:
    goods = GOODS.get(row.text("restockType"), "")
    # Of a return it is decided later what happens to the goods; until then they are not restocked.
    return "back" if goods == "kept" and refund.nested("return").fields else goods


def _duties(refund: Reader, money: Money) -> Iterator[RefundLineDoc]:
    for row in refund.rows("duties", "Refunded duty"):
        if amount := money.maybe(row, "amountSet"):
            yield RefundLineDoc(row.nested("originalDuty").text("id"), ZERO, amount)


def refund_doc(refund: Reader, money: Money) -> RefundDoc:
    """Money that went back, or is on its way. An exchange moves none: its amount is zero, and its lines say what came back."""
    rows = _transactions(refund)
    done = [row for row in rows if row.text("status") == const.SUCCESS]
    waiting = [row for row in rows if row.text("status") in const.PENDING_STATUSES]
    # All failed: the money has not gone, and it may still be owed.
    counted = done + waiting or rows
    amount = sum((_amount(row, money) for row in counted), ZERO) if rows else money.maybe(refund, "totalRefundedSet")
    tenders: dict[str, Decimal] = {}
    for row in counted:
        tender = const.TENDERS.get(row.text("gateway"), "")
        tenders[tender] = tenders.get(tender, ZERO) + _amount(row, money)
    note, our_key = _note(refund)
    adjustments = [row.text("reason") for row in nodes(refund, "orderAdjustments", "Adjustment")]
    return RefundDoc(
        external_id=_refund_id(refund),
        amount=amount,
        reason=note or next((REASONS[reason] for reason in adjustments if reason in REASONS), ""),
        lines=(*refunded_units(refund, money), *_duties(refund, money)),
        shipping=sum((_shipping(row, money) for row in nodes(refund, "refundShippingLines", "Shipping")), ZERO),
        refunded_at=max(filter(None, (row.moment("processedAt", "createdAt") for row in done)), default=None)
        or refund.moment("processedAt", "createdAt"),
        pending=bool(waiting or (rows and not done)),
        tenders=tuple((tender, total) for tender, total in tenders.items() if total),
        our_key=our_key,
    )


def _note(refund: Reader) -> tuple[str, str]:
    """What somebody wrote, and the key that we put behind it."""
    note = refund.text("note")
    found = OUR_MARK.search(note)
    return (note[: found.start()].strip(), found[1]) if found else (note, "")


def _amount(row: Reader, money: Money) -> Decimal:
    return abs(money.of(row, "amountSet")) + money.maybe(row, "amountRoundingSet")


def _shipping(row: Reader, money: Money) -> Decimal:
    amount, tax = money.of(row, "subtotalAmountSet"), money.maybe(row, "taxAmountSet")
    return amount if money.included else amount + tax


def _refund_id(refund: Reader) -> str:
    refund_id = refund.text("id")
    if not refund_id:
        refund.complain("bad_line", "it has no id")
    return refund_id
