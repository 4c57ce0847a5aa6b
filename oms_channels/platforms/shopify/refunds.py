"""Refunds: which are money, which only took something off the order, and which wait. Pure.

Amounts come from the transactions: while one is pending, Shopify balances the refund with a ``refund_discrepancy`` as large
as itself, and for goodwill with one below zero; the sum of lines and adjustments says nothing.
"""

from __future__ import annotations

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
            )
        )
    return found


def refund_doc(refund: Reader, money: Money) -> RefundDoc:
    """Money that went back, or is on its way. An exchange moves none: its amount is zero, and its lines say what came back."""
    rows = _transactions(refund)
    done = [row for row in rows if row.text("status") == const.SUCCESS]
    waiting = [row for row in rows if row.text("status") in const.PENDING_STATUSES]
    # All failed: the money has not gone, and it may still be owed.
    counted = done + waiting or rows
    amount = sum((_amount(row, money) for row in counted), ZERO) if rows else money.maybe(refund, "totalRefundedSet")
    adjustments = [row.text("reason") for row in nodes(refund, "orderAdjustments", "Adjustment")]
    return RefundDoc(
        external_id=_refund_id(refund),
        amount=amount,
        reason=refund.text("note") or next((REASONS[reason] for reason in adjustments if reason in REASONS), ""),
        lines=tuple(refunded_units(refund, money)),
        shipping=sum((_shipping(row, money) for row in nodes(refund, "refundShippingLines", "Shipping")), ZERO),
        refunded_at=max(filter(None, (row.moment("processedAt", "createdAt") for row in done)), default=None)
        or refund.moment("processedAt", "createdAt"),
        pending=bool(waiting or (rows and not done)),
    )


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
