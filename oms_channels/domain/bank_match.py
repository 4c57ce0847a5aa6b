"""Which bank statement line brought the money of which payout."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

#: A reference that is shorter could stand in a text by chance.
REFERENCE_MIN = 5


@dataclass(frozen=True, slots=True)
class Expected:
    """A payout whose money is not in the bank yet.

    :param references: what the bank's text may say: the platform's reference for the bank, the id of the payout.
    """

    key: Hashable
    amount: Decimal
    currency: str
    date: date
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BankLine:
    """A line of a bank statement that is not matched yet; ``text`` is everything that the bank says about it."""

    key: Hashable
    amount: Decimal
    currency: str
    date: date
    text: str


def _plain(text: str) -> str:
    """Banks drop and add spaces and signs, and write in capitals."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def pairs(
    payouts: Iterable[Expected], lines: Iterable[BankLine], days: int, by_amount: bool = False
) -> list[tuple[Hashable, Hashable]]:
    """(payout, bank line) of those that belong together beyond doubt: neither could belong to another one.

    The amounts are the same, the dates no further apart than ``days``, and the bank's text names the payout. With
    ``by_amount`` the amount is enough, for whoever looks at the result.

    >>> when = date(2026, 3, 2)
    >>> payout = Expected("p", Decimal("85.72"), "EUR", when, ("PO-2026-7",))
    >>> pairs([payout], [BankLine("b", Decimal("85.72"), "EUR", when, "CREDIT po 2026 7 SHOP")], 14)
    [('p', 'b')]
    """
    by_sum = defaultdict(list)
    for line in lines:
        by_sum[line.currency, line.amount].append(line)
    wanted: dict[Hashable, list[Hashable]] = {}
    for payout in payouts:
        close = [line for line in by_sum[payout.currency, payout.amount] if abs((line.date - payout.date).days) <= days]
        names = [name for name in map(_plain, payout.references) if len(name) >= REFERENCE_MIN]
        named = [line for line in close if any(name in _plain(line.text) for name in names)]
        wanted[payout.key] = [line.key for line in named or (close if by_amount else [])]
    asked: dict[Hashable, int] = defaultdict(int)
    for keys in wanted.values():
        for key in keys:
            asked[key] += 1
    return [(payout, keys[0]) for payout, keys in wanted.items() if len(keys) == 1 and asked[keys[0]] == 1]
