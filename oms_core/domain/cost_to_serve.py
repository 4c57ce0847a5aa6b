"""What it cost to serve an order, down to its lines: every fact is shared out once, and the parts always sum to the whole.

A fact is an item of the ledger (fees of a payout, a carrier's bill), a label that is bought and not billed yet, or an estimate
by the tariff of a place. Costs are positive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .money import ZERO, allocate, fit

#: What a cost is for → what that is called.
KINDS = {
    "pick": "Picking",
    "pack": "Packing",
    "split": "Split deliveries",
    "label": "Carriage",
    "fee": "Fees",
    "return": "Returns",
    "carbon": "Carbon price",
    "other": "Storage and other",
}
#: How certain a cost is → what that is called.
STANDINGS = {"booked": "In the ledger", "accrued": "Bought, not billed", "estimate": "Estimate"}


@dataclass(frozen=True, slots=True)
class Share:
    """An order line that a cost is for, with what it is shared by.

    :param weight_kg: of the goods; ``value`` of them; both not negative.
    """

    line: Hashable
    weight_kg: Decimal = ZERO
    value: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Part:
    """So much of a fact is about these order lines; about none, where nobody knows which.

    :param amount: as far as it is told, in whatever currency: what all parts have is the fact's.
    """

    amount: Decimal
    shares: tuple[Share, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One cost.

    :param key: names it, once and for all (``label:12``).
    :param item: the item of the ledger that it is, where it is one.
    :param amount: in the company's currency, a multiple of its smallest unit.
    """

    key: str
    kind: str
    amount: Decimal
    parts: tuple[Part, ...]
    text: str = ""
    item: Hashable | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What one order line (``None``: no order at all) has of a fact."""

    line: Hashable | None
    amount: Decimal
    text: str


def weights(shares: Sequence[Share]) -> list[Decimal]:
    """By what a parcel is shared: weight where each line has one, else value, else alike.

    >>> weights([Share(1, Decimal(2), Decimal(9)), Share(2, Decimal(0), Decimal(1))])
    [Decimal('9'), Decimal('1')]
    """
    if shares and all(share.weight_kg > 0 for share in shares):
        return [share.weight_kg for share in shares]
    return [max(share.value, ZERO) for share in shares]


def spread(fact: Fact, step: Decimal) -> list[Cost]:
    """The costs of a fact: one for each order line, and together exactly the fact.

    >>> fact = Fact("label:1", "label", Decimal("1.00"), (Part(Decimal(1), (Share(7), Share(8), Share(9))),))
    >>> [(cost.line, cost.amount) for cost in spread(fact, Decimal("0.01"))]
    [(7, Decimal('0.34')), (8, Decimal('0.33')), (9, Decimal('0.33'))]

    :param step: the smallest unit of the currency.
    """
    parts = fact.parts or (Part(fact.amount),)
    told = sum((part.amount for part in parts), ZERO)
    # Told in another currency, or not at all: in proportion, as long as there is one.
    scale = fact.amount / told if told and told != fact.amount else Decimal(1)
    found: dict[Hashable | None, Decimal] = defaultdict(lambda: ZERO)
    texts: dict[Hashable | None, str] = {}
    for part, amount in zip(parts, fit([part.amount * scale for part in parts], fact.amount, step), strict=True):
        lines = [share.line for share in part.shares] or [None]
        each = allocate(amount, weights(part.shares), step) if part.shares else [amount]
        for line, one in zip(lines, each, strict=True):
            found[line] += one
            texts.setdefault(line, part.text or fact.text)
    return [Cost(line, amount, texts[line]) for line, amount in found.items() if amount]
