"""What there was at a moment, and why: sums over events, and the event that made the difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one product at one place.

    :param on_hand: how much more lies on the shelf.
    :param promised: how much more of it others have a right to.
    :param order: for whom, or nothing.
    """

    id: int
    at: datetime
    on_hand: Decimal = ZERO
    promised: Decimal = ZERO
    order: int | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """What lies there and what of it is promised."""

    on_hand: Decimal = ZERO
    promised: Decimal = ZERO

    @property
    def available(self) -> Decimal:
        """
        >>> Balance(Decimal(2), Decimal(5)).available
        Decimal('0')
        """
        return max(ZERO, self.on_hand - self.promised)

    def after(self, event: Event) -> Balance:
        return Balance(self.on_hand + event.on_hand, self.promised + event.promised)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to “how much was there, and why”.

    :param cause: the last event of the step with which the available quantity became what it is; nothing where it has been
        so since before the first event that is known.
    :param change: how much that step added; what it took is below zero.
    """

    balance: Balance
    cause: Event | None = None
    change: Decimal = ZERO


def replay(events: Iterable[Event], until: datetime | None = None, opening: Balance = Balance()) -> Balance:
    """The balance after all events up to and including a moment, in whatever order they come.

    >>> noon = datetime(2026, 3, 2, 12)
    >>> replay([Event(1, noon, on_hand=Decimal(5)), Event(2, noon, promised=Decimal(3))], noon).available
    Decimal('2')
    """
    on_hand, promised = opening.on_hand, opening.promised
    for event in events:
        if until is None or event.at <= until:
            on_hand += event.on_hand
            promised += event.promised
    return Balance(on_hand, promised)


def steps(events: Sequence[Event]) -> list[list[Event]]:
    """Events that belong together: of one order in one second. What was set aside for an order and is taken over by its
    delivery is no news about what is available."""
    grouped: list[list[Event]] = []
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        last = grouped[-1][-1] if grouped else None
        if last and event.order is not None and (last.at, last.order) == (event.at, event.order):
            grouped[-1].append(event)
        else:
            grouped.append([event])
    return grouped


def explain(events: Sequence[Event], until: datetime | None = None, opening: Balance = Balance()) -> Explanation:
    """What was available at a moment, and which step made it so: the last one that changed it.

    Of nothing it is the step that took the last of it: those that promise still more change nothing.

    >>> at = [datetime(2026, 3, 2, hour) for hour in (8, 13, 14)]
    >>> events = [Event(1, at[0], on_hand=Decimal(2)), Event(2, at[1], promised=Decimal(2), order=31),
    ...           Event(3, at[2], promised=Decimal(1), order=32)]
    >>> answer = explain(events, at[2])
    >>> answer.balance.available, answer.cause.order, answer.change
    (Decimal('0'), 31, Decimal('-2'))
    """
    balance, cause, change = opening, None, ZERO
    for step in steps([event for event in events if until is None or event.at <= until]):
        before = balance.available
        for event in step:
            balance = balance.after(event)
        if balance.available != before:
            cause, change = step[-1], balance.available - before
    return Explanation(balance, cause, change)
