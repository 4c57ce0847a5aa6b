"""Money that a customer authorised: what an order says of it, and how it is taken or given free. Pure.

An authorisation is taken in parts only where Shopify says so (``multiCapturable``); elsewhere one capture ends it, and what is
left goes back to the customer. Amounts are asked for in the customer's currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import AuthorizationDoc, PaymentDoc
from odoo.addons.oms_core.domain.money import round_to

from ...domain import currencies
from ...domain.outgoing import Capture
from ...domain.reader import Reader
from . import answers, const
from .lines import Money
from .paying import amount_of

ZERO = Decimal(0)


def authorizations(order: Reader, money: Money, ordered_at: datetime) -> tuple[AuthorizationDoc, ...]:
    """What the customer authorised, whether or not something was taken of it."""
    rows = [row for row in order.rows("transactions", "Payment") if row.text("status") == const.SUCCESS]
    ended = {row.nested("parentTransaction").text("id") for row in rows if row.text("kind") == const.VOID_KIND}
    used = {row.nested("parentTransaction").text("id") for row in rows if row.text("kind") == const.CAPTURE_KIND}
    all_over = order.text("displayFinancialStatus") in const.OVER_STATUSES
    found = []
    for row in rows:
        if row.text("kind") != const.AUTHORIZATION_KIND:
            continue
        name, often = row.text("id"), row.fields.get("multiCapturable") is True
        found.append(
            AuthorizationDoc(
                external_id=name,
                amount=money.of(row, "amountSet"),
                method=row.text("gateway"),
                authorized_at=row.moment("processedAt", "createdAt") or ordered_at,
                reference=row.text("paymentId"),
                expires_at=row.moment("authorizationExpiresAt"),
                times="many" if often else "once",
                is_over=all_over or name in ended or (not often and name in used),
            )
        )
    return tuple(found)


def covers(authorized: Sequence[AuthorizationDoc], payments: Sequence[PaymentDoc], total: Decimal) -> bool:
    """Whether what is still authorised makes good what was not taken yet of the order."""
    left = ZERO
    for one in authorized:
        if not one.is_over:
            taken = sum((pay.amount for pay in payments if pay.authorization == one.external_id), ZERO)
            left += max(one.amount - taken, ZERO)
    return left > 0 and left + sum((payment.amount for payment in payments), ZERO) >= total


@dataclass(frozen=True, slots=True)
class Authorized:
    """One authorisation as it stands in the shop, in the customer's currency.

    :param rate: the customer's money for one of the shop's.
    """

    currency: str
    shop_currency: str
    amount: Decimal
    shop_amount: Decimal
    captures: tuple[tuple[str, Decimal], ...]
    is_void: bool

    @classmethod
    def made_of(cls, order: Mapping[str, Any], name: str) -> Authorized | None:
        """``None`` where the order has no such authorisation."""
        rows = answers.rows(order, "transactions")
        own = next((row for row in rows if row.get("id") == name), None)
        if own is None:
            return None
        children = [
            row
            for row in rows
            if answers.mapping(row, "parentTransaction").get("id") == name
            and row.get("status") in (const.SUCCESS, *const.PENDING_STATUSES)
        ]
        bag = answers.mapping(own, "amountSet")
        return cls(
            currency=str(order.get("presentmentCurrencyCode") or ""),
            shop_currency=str(order.get("currencyCode") or ""),
            amount=amount_of(bag, "presentmentMoney"),
            shop_amount=amount_of(bag, "shopMoney"),
            captures=tuple(
                (str(row.get("id", "")), amount_of(answers.mapping(row, "amountSet"), "presentmentMoney"))
                for row in children
                if row.get("kind") == const.CAPTURE_KIND
            ),
            is_void=any(row.get("kind") == const.VOID_KIND for row in children),
        )

    @property
    def taken(self) -> Decimal:
        return sum((amount for _id, amount in self.captures), ZERO)

    def converted(self, amount: Decimal, currency: str) -> Decimal:
        """An amount in the customer's currency; the whole of it stays the whole."""
        if currency == self.currency or not self.shop_amount:
            return amount
        if amount == self.shop_amount:
            return self.amount
        return round_to(amount * self.amount / self.shop_amount, currencies.step(self.currency))

    def refusal(self, capture: Capture) -> str:
        """Why it cannot be taken, as a sentence; empty if it can."""
        if capture.currency not in (self.currency, self.shop_currency):
            return f"The order is paid in {self.currency}, not in {capture.currency}. Take it in Shopify by hand."
        if self.is_void:
            return "The authorisation was given free in Shopify. Ask the customer to pay anew."
        amount, left = self.converted(capture.amount, capture.currency), self.amount - self.taken
        if amount > left:
            return (
                f"{amount} {self.currency} are to be taken, and {left} {self.currency} of what was authorised are left. Ask "
                "the customer for the rest."
            )
        return ""

    def done_before(self, capture: Capture) -> str:
        """The capture that a repetition asks for, where the first try reached Shopify after all; empty where it did not."""
        amount = self.converted(capture.amount, capture.currency)
        if self.taken < self.converted(capture.earlier, capture.currency) + amount:
            return ""
        return next((name for name, taken in reversed(self.captures) if taken == amount), "")
