"""How money goes back: in which currency, by which payments, for which pieces. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from odoo.addons.oms_core.domain.money import round_to

from ...domain import currencies
from ...domain.outgoing import Refund, RefundItem
from . import answers, const

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment, and what of it can still be paid back, in the customer's currency."""

    id: str
    gateway: str
    left: Decimal


@dataclass(frozen=True, slots=True)
class Payback:
    """What an order lets us pay back.

    :param currency: the customer's: Shopify takes amounts in no other.
    :param rate: the customer's money for one of the shop's.
    :param units: line → (pieces that can be refunded, pieces that have not left).
    :param cut: there are more payments than were read.
    """

    currency: str
    shop_currency: str
    rate: Decimal
    shop_total: Decimal
    total: Decimal
    payments: tuple[Paid, ...]
    units: Mapping[str, tuple[int, int]]
    cut: bool = False

    @classmethod
    def made_of(cls, order: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Payback:
        rows = answers.rows(order, "transactions")
        bag = answers.mapping(order, "totalPriceSet")
        shop, shown = amount_of(bag, "shopMoney"), amount_of(bag, "presentmentMoney")
        return cls(
            currency=str(order.get("presentmentCurrencyCode") or ""),
            shop_currency=str(order.get("currencyCode") or ""),
            rate=shown / shop if shop else Decimal(1),
            shop_total=shop,
            total=shown,
            payments=_payments(rows),
            units={
                str(line.get("id", "")): (_int(line.get("refundableQuantity")), _int(line.get("unfulfilledQuantity")))
                for line in lines
            },
            cut=len(rows) >= const.REFUNDABLE_TRANSACTIONS,
        )

    @property
    def step(self) -> Decimal:
        return currencies.step(self.currency)

    def converted(self, amount: Decimal, currency: str) -> Decimal:
        """An amount in the customer's currency; the whole of the order stays the whole."""
        if currency == self.currency or not amount:
            return amount
        return self.total if amount == self.shop_total else round_to(amount * self.rate, self.step)

    def refusal(self, refund: Refund) -> str:
        """Why it cannot be paid, as a sentence; empty if it can."""
        if refund.currency not in (self.currency, self.shop_currency):
            return f"The order was paid in {self.currency}, not in {refund.currency}. Correct the refund."
        if self.cut:
            return "The order has more payments than can be read. Pay back in Shopify by hand."
        if any(item.quantity != int(item.quantity) for item in refund.items):
            return "Shopify counts whole pieces. Pay back in Shopify by hand."
        amount, left = self.converted(refund.amount, refund.currency), sum((paid.left for paid in self.payments), ZERO)
        if refund.pay and amount > left:
            return (
                f"{amount} {self.currency} are to be paid back, but only {left} {self.currency} of what was paid are left. "
                "Correct the refund, or pay the rest another way."
            )
        return ""

    def transactions(self, refund: Refund) -> list[dict[str, Any]]:
        """By which payments: cards before gift cards, so that nobody who paid money gets a voucher first."""
        amount = self.converted(refund.amount, refund.currency)
        if not refund.pay:
            return [{"gateway": const.OUTSIDE_GATEWAY, "amount": format(amount, "f")}] if amount else []
        found = []
        for paid in sorted(self.payments, key=lambda paid: paid.gateway in const.TENDERS and paid.gateway != "cash"):
            part = min(paid.left, amount)
            if part > 0:
                found.append({"parentId": paid.id, "gateway": paid.gateway, "amount": format(part, "f")})
                amount -= part
        return found

    def items(self, refund: Refund) -> list[dict[str, Any]]:
        """For which pieces. Those that Shopify counts as gone already (cancelled, edited away) are paid as an amount."""
        found = []
        for item in refund.items:
            refundable, unshipped = self.units.get(item.line_ref, (0, 0))
            quantity = min(int(item.quantity), refundable)
            if quantity > 0:
                found.append(self._item(item, quantity, unshipped))
        return found

    @staticmethod
    def _item(item: RefundItem, quantity: int, unshipped: int) -> dict[str, Any]:
        row: dict[str, Any] = {"lineItemId": item.line_ref, "quantity": quantity, "restockType": "NO_RESTOCK"}
        # Without a place nothing can be put back on a shelf; our own count is told to Shopify anyhow.
        if item.restock and item.location_ref:
            row |= {"restockType": "CANCEL" if quantity <= unshipped else "RETURN", "locationId": item.location_ref}
        return row


def _payments(rows: Sequence[Mapping[str, Any]]) -> tuple[Paid, ...]:
    back: dict[str, Decimal] = {}
    for row in rows:
        if row.get("kind") == const.REFUND_KIND and row.get("status") in (const.SUCCESS, *const.PENDING_STATUSES):
            parent = str(answers.mapping(row, "parentTransaction").get("id") or "")
            back[parent] = back.get(parent, ZERO) + amount_of(answers.mapping(row, "amountSet"), "presentmentMoney")
    return tuple(
        Paid(
            str(row.get("id", "")),
            str(row.get("gateway") or ""),
            amount_of(answers.mapping(row, "amountSet"), "presentmentMoney") - back.get(str(row.get("id", "")), ZERO),
        )
        for row in rows
        if row.get("kind") in const.PAYMENT_KINDS and row.get("status") == const.SUCCESS
    )


def amount_of(bag: Mapping[str, Any], side: str) -> Decimal:
    try:
        amount = Decimal(str(answers.mapping(bag, side).get("amount")))
    except InvalidOperation:
        return ZERO
    return amount if amount.is_finite() else ZERO


def _int(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
