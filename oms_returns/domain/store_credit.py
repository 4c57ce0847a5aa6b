"""Store credit: lots that run out one by one. What is owed is the sum of what is left of them, never below zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from odoo.addons.oms_core.domain.money import ZERO, round_to


@dataclass(frozen=True, slots=True)
class Lot:
    """Credit that was given at once, and what is left of it.

    :param key: tells lots apart; of two that expire on one day the smaller key was there first.
    :param left: zero or more, a multiple of the currency's smallest unit.
    :param expires_on: the last day on which it can be spent; ``None``: it never expires.
    """

    key: int
    left: Decimal
    expires_on: date | None = None

    def is_good(self, today: date) -> bool:
        return self.left > 0 and (self.expires_on is None or self.expires_on >= today)


@dataclass(frozen=True, slots=True)
class Part:
    """So much of a lot. ``key`` is the lot's; ``expires_on`` is until when it was, or is now, good."""

    key: int
    amount: Decimal
    expires_on: date | None = None


class NotEnough(Exception):
    """More was asked for than there is. ``there_is``: what could be spent."""

    def __init__(self, there_is: Decimal):
        super().__init__(f"only {there_is} can be spent")
        self.there_is = there_is


def _first_to_go(lot) -> tuple:
    return (lot.expires_on is None, lot.expires_on or date.max, lot.key)


def spendable(lots: Sequence[Lot], today: date) -> Decimal:
    """What can be spent today. What has expired is still owed until it is booked out, and cannot be spent."""
    return sum((lot.left for lot in lots if lot.is_good(today)), ZERO)


def spend(lots: Sequence[Lot], amount: Decimal, today: date) -> list[Part]:
    """Take an amount from the lots, what expires first from the first one.

    >>> [part.key for part in spend([Lot(1, Decimal(5)), Lot(2, Decimal(5), date(2026, 5, 1))], Decimal(7), date(2026, 3, 1))]
    [2, 1]

    :return: the parts; they sum to ``amount``.
    :raises ValueError: when the amount is not above zero.
    :raises NotEnough: when there is less.
    """
    if amount <= 0:
        raise ValueError(f"only more than nothing can be spent, not {amount}")
    there_is = spendable(lots, today)
    if there_is < amount:
        raise NotEnough(there_is)
    parts, rest = [], amount
    for lot in sorted((lot for lot in lots if lot.is_good(today)), key=_first_to_go):
        taken = min(lot.left, rest)
        parts.append(Part(lot.key, taken, lot.expires_on))
        rest -= taken
        if not rest:
            break
    return parts


def expired(lots: Sequence[Lot], today: date) -> list[Part]:
    """What is left of lots whose last day is over, what expired first first."""
    over = [lot for lot in lots if lot.left > 0 and not lot.is_good(today)]
    return [Part(lot.key, lot.left, lot.expires_on) for lot in sorted(over, key=_first_to_go)]


def give_back(spent: Sequence[Part], amount: Decimal, today: date, days_at_least: int) -> list[Part]:
    """Turn a purchase that was paid with credit back: the parts come back that would have been good for longest.

    What was good until a day is good until that day again, and for some days at least, so that nobody gets back what is
    over tomorrow.

    :param spent: what of each lot was spent and has not come back yet.
    :param days_at_least: for how many days what comes back can be spent whatever it was before.
    :return: what is given anew, with its last day; the parts sum to ``amount``.
    :raises ValueError: when the amount is not above zero.
    :raises NotEnough: when less was spent.
    """
    if amount <= 0:
        raise ValueError(f"only more than nothing can be given back, not {amount}")
    there_is = sum((part.amount for part in spent), ZERO)
    if there_is < amount:
        raise NotEnough(there_is)
    parts, rest = [], amount
    for part in sorted((part for part in spent if part.amount > 0), key=_first_to_go, reverse=True):
        taken = min(part.amount, rest)
        until = part.expires_on and max(part.expires_on, today + timedelta(days=days_at_least))
        parts.append(Part(part.key, taken, until))
        rest -= taken
        if not rest:
            break
    return parts


def bonus(amount: Decimal, percent: Decimal, step: Decimal) -> Decimal:
    """What is given on top for taking credit instead of money.

    :param percent: from 0 to 100.
    :param step: the smallest unit of the currency.
    """
    return round_to(amount * percent / 100, step)
