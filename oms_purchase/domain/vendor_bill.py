"""A vendor's bill for what it has sent to our customer, beside what was ordered and what was sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

CAUSES = {
    "currency": "Currency",
    "price": "Price",
    "rounding": "Rounding",
    "tax": "Tax",
    "twice": "Billed again",
    "not_sent": "Not sent",
}


@dataclass(frozen=True, slots=True)
class BilledLine:
    """One line of a bill. Prices are for one, without tax and after discounts; quantities in the unit of the order.

    :param billed: by this line; ``billed_in_all`` with all other bills of the line of the order.
    """

    name: str
    ordered: Decimal
    sent: Decimal
    billed: Decimal
    billed_in_all: Decimal
    ordered_price: Decimal
    billed_price: Decimal
    ordered_currency: str
    billed_currency: str
    ordered_taxes: frozenset[str] = frozenset()
    billed_taxes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """Why a line differs.

    :param amount: that is billed more than is owed for this cause, in the currency of the bill.
    """

    cause: str
    amount: Decimal
    sentence: str


def differences(line: BilledLine, unit: Decimal) -> Iterator[Difference]:
    """Every difference of a line, each with its cause and both numbers.

    :param unit: the smallest of the currency; a line that is off by less than one for each piece is rounded otherwise.
    """
    if line.billed_currency != line.ordered_currency:
        yield Difference(
            "currency",
            Decimal(0),
            f"{line.name}: ordered in {line.ordered_currency} and billed in {line.billed_currency}. Compare the prices by hand.",
        )
    elif off := line.billed_price - line.ordered_price:
        cause = "rounding" if abs(off) < unit else "price"
        yield Difference(
            cause,
            off * line.billed,
            f"{line.name}: billed at {line.billed_price}, ordered at {line.ordered_price}, "
            f"{abs(off * line.billed)} {'more' if off > 0 else 'less'} for {line.billed}. "
            "Ask the vendor, or change the order if the price was agreed.",
        )
    if line.billed_taxes != line.ordered_taxes:
        yield Difference(
            "tax",
            Decimal(0),
            f"{line.name}: billed with {_named(line.billed_taxes)}, ordered with {_named(line.ordered_taxes)}.",
        )
    if line.billed_in_all > line.ordered:
        over = min(line.billed_in_all - line.ordered, line.billed)
        yield Difference(
            "twice",
            over * line.billed_price,
            f"{line.name}: {line.billed_in_all} are billed in all and {line.ordered} were ordered. Is it the same bill again?",
        )
    missing = min(line.billed_in_all, line.ordered) - line.sent
    if missing > 0:
        owed = min(missing, line.billed)
        yield Difference(
            "not_sent",
            owed * line.billed_price,
            f"{line.name}: {line.billed_in_all} are billed and {line.sent} were sent. Pay the rest when it has left.",
        )


def _named(taxes: frozenset[str]) -> str:
    return ", ".join(sorted(taxes)) or "no tax"
