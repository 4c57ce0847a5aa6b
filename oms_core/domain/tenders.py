"""The ways in which a customer paid, and what may go back in each."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .money import ZERO


@dataclass(frozen=True, slots=True)
class Tender:
    """What a customer paid with in one way, and got back in it."""

    key: Hashable
    captured: Decimal
    refunded: Decimal = ZERO

    @property
    def room(self) -> Decimal:
        return max(self.captured - self.refunded, ZERO)


def fill(amount: Decimal, tenders: Sequence[Tender]) -> dict[Hashable, Decimal]:
    """``amount`` over these ways, the first as far as it has room, then the next. What there is no room for is left out.

    >>> fill(Decimal(24), [Tender("card", Decimal(4)), Tender("gift card", Decimal(30))])
    {'card': Decimal('4'), 'gift card': Decimal('20')}
    """
    parts = {}
    for tender in tenders:
        if part := min(amount, tender.room):
            parts[tender.key] = part
            amount -= part
    return parts
