"""What is taken of money that a customer has authorised, what is given free, and what nothing covers.

All amounts of one order are in its currency. Nothing is ever taken beyond what was authorised, nor beyond what is ordered: what
lacks is said with both numbers, and a person asks the customer for it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from .money import ZERO, round_to

#: When the money of an authorised payment is taken: with the order, with each parcel its worth, with the last parcel, or when
#: a person does it.
POLICIES = ("order", "shipment", "last", "hand")
#: What a provider lets us do with one authorisation: take parts of it as often as we like, one part of it, all or nothing.
TIMES = ("many", "once", "full")


@dataclass(frozen=True, slots=True)
class Goods:
    """A line of goods: what it comes to in all, how many are ordered and how many have left."""

    total: Decimal
    ordered: Decimal
    shipped: Decimal


def worth(goods: Iterable[Goods], total: Decimal, step: Decimal, first: Decimal = ZERO) -> Decimal:
    """What has left is worth, of an order that comes to ``total`` with its shipping, fees and discounts: those are spread over
    the goods by what they come to, and the last parcel has the rest.

    >>> lines = [Goods(Decimal(30), Decimal(3), Decimal(1)), Goods(Decimal(10), Decimal(1), Decimal(0))]
    >>> worth(lines, Decimal("44.99"), Decimal("0.01"))  # 4.99 of it for shipping
    Decimal('11.25')
    >>> worth(lines, Decimal("44.99"), Decimal("0.01"), first=Decimal("4.99"))
    Decimal('14.99')

    :param step: the smallest unit of the currency.
    :param first: so much of the total is due with the first parcel and is not spread.
    """
    lines = [line for line in goods if line.ordered > 0]
    whole = sum((max(line.total, ZERO) for line in lines), ZERO)
    if whole:
        weights = [(max(line.total, ZERO), line) for line in lines]
    else:  # nothing has a price: by pieces
        weights = [(line.ordered, line) for line in lines]
        whole = sum((line.ordered for line in lines), ZERO)
    if all(line.shipped >= line.ordered for line in lines):
        return total
    left = sum((weight * min(line.shipped, line.ordered) / line.ordered for weight, line in weights), ZERO)
    if not left:
        return ZERO
    first = min(max(first, ZERO), total)
    return min(first + round_to((total - first) * left / whole, step), total)


@dataclass(frozen=True, slots=True)
class Authorization:
    """What a customer let us take.

    :param captured: of it, taken or asked for; ``voided`` given free.
    :param times: one of :data:`TIMES`.
    :param expires_at: after it nothing can be taken any more; ``None`` where nobody knows.
    """

    id: Hashable
    amount: Decimal
    captured: Decimal = ZERO
    voided: Decimal = ZERO
    times: str = "many"
    expires_at: datetime | None = None

    @property
    def left(self) -> Decimal:
        return max(self.amount - self.captured - self.voided, ZERO)

    def is_over(self, now: datetime) -> bool:
        return bool(self.expires_at) and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Situation:
    """The money of one order.

    :param ordered: what the order comes to; of a cancelled one, what has left of it.
    :param shipped: what has left is worth (:func:`worth`).
    :param is_complete: nothing more will leave.
    :param taken: in all ways, captures that are asked for included, and before anything went back.
    """

    ordered: Decimal
    shipped: Decimal
    taken: Decimal
    authorizations: tuple[Authorization, ...]
    is_complete: bool = False
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done now.

    :param captures: (authorisation, amount) to take; ``voids`` to give free.
    :param due: what should have been taken by now; ``uncovered`` of it, what no authorisation covers.
    :param short: of all that is ordered, what is neither taken nor authorised.
    :param at_once: authorisations of which more is taken than has left, as they can be used once only.
    :param too_much: (authorisation, what is left of it, what may be taken) that can be taken in whole only, which is too much.
    """

    captures: tuple[tuple[Hashable, Decimal], ...] = ()
    voids: tuple[tuple[Hashable, Decimal], ...] = ()
    due: Decimal = ZERO
    uncovered: Decimal = ZERO
    short: Decimal = ZERO
    at_once: tuple[Hashable, ...] = ()
    too_much: tuple[tuple[Hashable, Decimal, Decimal], ...] = ()


def plan(case: Situation, policy: str, now: datetime) -> Plan:
    """What to take and what to give free.

    >>> card = Authorization("card", Decimal(60))
    >>> half_gone = Situation(Decimal(60), Decimal(20), ZERO, (card,))
    >>> plan(half_gone, "shipment", now=datetime(2026, 3, 2)).captures
    (('card', Decimal('20')),)
    >>> edited = Situation(Decimal(70), Decimal(70), ZERO, (card,), is_complete=True)
    >>> plan(edited, "shipment", now=datetime(2026, 3, 2)).uncovered
    Decimal('10')

    :param policy: one of :data:`POLICIES`.
    """
    due = max(min(_target(case, policy), case.ordered) - case.taken, ZERO)
    usable = sorted(
        (one for one in case.authorizations if one.left and not one.is_over(now)),
        key=lambda one: (one.expires_at is None, one.expires_at or now),
    )
    outstanding = max(case.ordered - case.taken, ZERO)
    short = max(outstanding - sum((one.left for one in usable), ZERO), ZERO)
    captures, at_once, too_much, rest = [], [], [], due
    for one in usable:
        if not rest:
            break
        may = min(one.left, outstanding)
        amount = min(rest, one.left) if one.times == "many" else may
        if one.times == "full" and may < one.left:
            too_much.append((one.id, one.left, may))
            continue
        if amount > rest:
            at_once.append(one.id)
        captures.append((one.id, amount))
        rest, outstanding = max(rest - amount, ZERO), outstanding - amount
    return Plan(
        captures=tuple(captures),
        voids=_voids(case, policy, dict(captures), waits=bool(rest)),
        due=due,
        uncovered=rest,
        short=short,
        at_once=tuple(at_once),
        too_much=tuple(too_much),
    )


def _target(case: Situation, policy: str) -> Decimal:
    """What should have been taken by now."""
    match policy:
        case "order":
            return case.ordered
        case "shipment":
            return case.shipped
        case "last":
            return case.shipped if case.is_complete else ZERO
    return ZERO


def _voids(case, policy, captured, waits):
    """The rest is given free when nothing more will leave, unless a person takes the money, or some of it waits for one."""
    if not case.is_cancelled and (not case.is_complete or policy == "hand" or waits):
        return ()
    left = ((one.id, one.left - captured.get(one.id, ZERO)) for one in case.authorizations)
    return tuple((name, amount) for name, amount in left if amount > 0)


def next_look(authorizations: Sequence[Authorization], now: datetime, warn: timedelta) -> datetime | None:
    """When to look again although nothing happens: to warn before an authorisation ends, and when it has ended."""
    moments = (
        moment
        for one in authorizations
        if one.left and one.expires_at
        for moment in (one.expires_at - warn, one.expires_at)
        if moment > now
    )
    return min(moments, default=None)


def after(case: Situation, done: Plan) -> Situation:
    """The situation when a plan was carried out; for simulations and tests."""
    captured, voided = dict(done.captures), dict(done.voids)
    return replace(
        case,
        taken=case.taken + sum(captured.values(), ZERO),
        authorizations=tuple(
            replace(
                one,
                captured=one.captured + captured.get(one.id, ZERO),
                voided=one.voided + voided.get(one.id, ZERO),
            )
            for one in case.authorizations
        ),
    )
