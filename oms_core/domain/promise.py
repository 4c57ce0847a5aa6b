"""From when on there is how much: stock and receipts in the order of time, given to whoever ordered first."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Goods that are expected at a node."""

    at: datetime
    quantity: Decimal
    name: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A part of an order that wants goods that are not reserved for it."""

    key: Hashable
    quantity: Decimal
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class Promise:
    """When a claim has all its goods: from the shelf now, with a receipt, or nobody knows."""

    at: datetime | None = None
    from_shelf: bool = False
    by: str = ""


def is_overdue(receipt: Receipt, now: datetime) -> bool:
    """Whether it should have come before today: it has not arrived, and nobody knows when it will.

    What is due today may still come today.

    >>> is_overdue(Receipt(datetime(2026, 3, 2, 8), ZERO), datetime(2026, 3, 2, 17))
    False
    >>> is_overdue(Receipt(datetime(2026, 3, 1, 23), ZERO), datetime(2026, 3, 2, 1))
    True
    """
    return receipt.at.date() < now.date()


def expected(receipts: Iterable[Receipt], now: datetime) -> list[Receipt]:
    """The receipts that may be counted on, the earliest first."""
    return sorted(
        (receipt for receipt in receipts if not is_overdue(receipt, now)),
        key=lambda receipt: (receipt.at, receipt.name),
    )


def projection(start: Decimal, receipts: Iterable[Receipt], now: datetime) -> list[tuple[datetime, Decimal]]:
    """What can be promised from when on, cumulated: [(moment, available from then on)], never below zero.

    :param start: on hand less all that others have a right to; below zero when more is owed than there is. Whoever ordered
        before is served first, so what is owed is taken from the receipts before anything is free.

    >>> soon = Receipt(datetime(2026, 3, 5), Decimal(10))
    >>> [str(free) for _at, free in projection(Decimal(-4), [soon], datetime(2026, 3, 2))]
    ['0', '6']
    """
    steps = [(now, max(ZERO, start))]
    total = start
    for receipt in expected(receipts, now):
        total += receipt.quantity
        at = max(receipt.at, now)
        if steps[-1][0] == at:
            steps.pop()
        steps.append((at, max(ZERO, total)))
    return steps


def summed(projections: Iterable[Sequence[tuple[datetime, Decimal]]]) -> list[tuple[datetime, Decimal]]:
    """The projections of several nodes as one.

    >>> one, two = [(datetime(2026, 3, 2), Decimal(1)), (datetime(2026, 3, 5), Decimal(4))], [(datetime(2026, 3, 2), Decimal(2))]
    >>> [str(free) for _at, free in summed([one, two])]
    ['3', '6']
    """
    projections = list(projections)
    moments = sorted({at for steps in projections for at, _free in steps})
    return [(at, sum((free_at(steps, at) for steps in projections), ZERO)) for at in moments]


def kits(
    of_parts: Mapping[int, Sequence[tuple[datetime, Decimal]]], needed: Mapping[int, Decimal], safety: Decimal = ZERO
) -> list[tuple[datetime, Decimal]]:
    """The projection of a kit at one node: at every moment its scarcest component decides.

    >>> one, two = datetime(2026, 3, 2), datetime(2026, 3, 5)
    >>> steps = {7: [(one, Decimal(5))], 8: [(one, Decimal(1)), (two, Decimal(9))]}
    >>> [str(free) for _at, free in kits(steps, {7: Decimal(2), 8: Decimal(1)})]
    ['1', '2']
    """
    moments = sorted({at for steps in of_parts.values() for at, _free in steps})
    return [
        (at, max(ZERO, min(free_at(steps, at) // needed[part] for part, steps in of_parts.items()) - safety))
        for at in moments
    ]


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which what can be promised changes. ``receipts`` names what comes."""

    day: date
    expected: Decimal
    promised: Decimal
    available: Decimal
    receipts: tuple[str, ...] = ()


def by_day(
    steps: Sequence[tuple[datetime, Decimal]], receipts: Iterable[Receipt], promised: Decimal, now: datetime
) -> list[Day]:
    """The projection of a node for people: today, with what is promised of it, then each day on which something comes.

    >>> now, receipts = datetime(2026, 3, 2, 9), [Receipt(datetime(2026, 3, 5), Decimal(10), "IN/1")]
    >>> [(day.day.day, str(day.expected), str(day.promised), str(day.available))
    ...  for day in by_day(projection(Decimal(-4), receipts, now), receipts, Decimal(6), now)]
    [(2, '0', '6', '0'), (5, '10', '0', '6')]
    """
    coming: dict[date, list[Receipt]] = {}
    for receipt in expected(receipts, now):
        coming.setdefault(max(receipt.at, now).date(), []).append(receipt)
    last = {at.date(): free for at, free in steps}  # of several steps of a day the last one stands
    return [
        Day(
            day,
            sum((receipt.quantity for receipt in coming.get(day, ())), ZERO),
            promised if day == now.date() else ZERO,
            free,
            tuple(dict.fromkeys(receipt.name for receipt in coming.get(day, ()) if receipt.name)),
        )
        for day, free in last.items()
    ]


def free_at(steps: Sequence[tuple[datetime, Decimal]], moment: datetime) -> Decimal:
    """What a projection says for a moment: the last step that is not after it."""
    return next((free for at, free in reversed(steps) if at <= moment), ZERO)


def available_on(steps: Sequence[tuple[datetime, Decimal]], quantity: Decimal) -> datetime | None:
    """The first moment from which on so much is free; ``None``: not as far as anybody knows.

    >>> steps = [(datetime(2026, 3, 2), Decimal(1)), (datetime(2026, 3, 5), Decimal(4))]
    >>> [available_on(steps, Decimal(wanted)) for wanted in (1, 3, 9)]
    [datetime.datetime(2026, 3, 2, 0, 0), datetime.datetime(2026, 3, 5, 0, 0), None]
    """
    return next((at for at, free in steps if free >= quantity), None)


def promises(
    claims: Iterable[Claim], free: Decimal, receipts: Iterable[Receipt], now: datetime
) -> dict[Hashable, Promise]:
    """Give what is free and what comes to whoever ordered first; nobody overtakes, not even with a smaller order.

    >>> day = lambda number: datetime(2026, 3, number)
    >>> claims = [Claim("B", Decimal(3), day(2)), Claim("A", Decimal(2), day(1)), Claim("C", Decimal(9), day(3))]
    >>> given = promises(claims, Decimal(2), [Receipt(day(9), Decimal(3), "WH/IN/1")], day(4))
    >>> given["A"].from_shelf, given["B"].at.day, given["B"].by, given["C"].at
    (True, 9, 'WH/IN/1', None)
    """
    supplies = expected(receipts, now)
    left, current, reached = max(ZERO, free), Promise(from_shelf=True), 0
    result = {}
    for claim in sorted(claims, key=lambda claim: (claim.ordered_at, str(claim.key))):
        while left < claim.quantity and reached < len(supplies):
            receipt = supplies[reached]
            reached += 1
            left += receipt.quantity
            current = Promise(at=max(receipt.at, now), by=receipt.name)
        if left >= claim.quantity:
            left -= claim.quantity
            result[claim.key] = current
        else:
            left = ZERO  # whoever comes later does not get what this one waits for
            result[claim.key] = Promise()
    return result


def backorder_room(policy: str, limit: Decimal, owed: Decimal) -> Decimal | None:
    """How much more may be promised than there is.

    :param limit: of all that is promised and not covered; zero: none.
    :return: ``None`` without limit.

    >>> rules = [("deny", 9), ("backorder", 9), ("backorder", 0)]
    >>> [backorder_room(policy, Decimal(limit), Decimal(3)) for policy, limit in rules]
    [Decimal('0'), Decimal('6'), None]
    """
    if policy == "deny":
        return ZERO
    return max(ZERO, limit - owed) if limit else None
