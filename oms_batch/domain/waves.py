"""Which deliveries are picked together before the carrier comes, and why one is in no wave.

Deterministic: the same deliveries and limits give the same plan, in whatever order they are handed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

#: Why a delivery is in no wave, as far as that is decided here; the rest comes with ``Delivery.stopped_by``.
AFTER_CUT_OFF, TOO_LARGE, FULL = "after_cut_off", "too_large", "full"

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that is to be picked.

    :param lines: products to take from the shelf.
    :param weight: in kilograms.
    :param ship_by: until when it has to leave; ``None``: nobody said, it goes after all that have a time.
    :param stopped_by: the code of a reason why it cannot be picked at all now.
    """

    id: int
    lines: int
    weight: Decimal = ZERO
    ship_by: datetime | None = None
    carrier_id: int | None = None
    is_urgent: bool = False
    stopped_by: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one wave holds (``orders``, ``lines``, ``weight``), and how many there may be. ``None`` is no limit.

    :param may_wait_until: when the carrier comes the time after next: what has to leave only then, or later, can wait.
    :param singles_apart: deliveries of one line have waves of their own: nobody has to sort what was picked for them.
    """

    orders: int | None = None
    lines: int | None = None
    weight: Decimal | None = None
    waves: int | None = None
    may_wait_until: datetime | None = None
    singles_apart: bool = True

    def has_room(self, deliveries: Iterable[Delivery]) -> bool:
        found = list(deliveries)
        sums = (
            (self.orders, len(found)),
            (self.lines, sum(one.lines for one in found)),
            (self.weight, sum((one.weight for one in found), ZERO)),
        )
        return all(limit is None or amount <= limit for limit, amount in sums)

    def queue(self, delivery: Delivery):
        """Deliveries of one queue may be picked together: they go with one carrier, and are alike."""
        return delivery.carrier_id, self.singles_apart and delivery.lines == 1


@dataclass(frozen=True, slots=True)
class Plan:
    """:param waves: the deliveries' ids of each, in the order of picking; the most pressing wave first
    :param left: {id of a delivery: why it is in none}"""

    waves: tuple[tuple[int, ...], ...]
    left: dict[int, str]


def turn(delivery: Delivery):
    """Urgent ones first, then by when they have to leave."""
    return not delivery.is_urgent, delivery.ship_by is None, delivery.ship_by or datetime.min, delivery.id


def plan(deliveries: Iterable[Delivery], limits: Limits) -> Plan:
    """Fill wave after wave of each queue in the order of turns, as many waves as there may be.

    Of one queue no later delivery overtakes an earlier one: not into an earlier wave, and not into a wave at all when an
    earlier one was left for want of room. One that is larger than any wave stops nobody: it would never be taken.

    >>> first, second, third = (Delivery(number, lines=1) for number in (1, 2, 3))
    >>> plan([third, first, second], Limits(orders=2, waves=1))
    Plan(waves=((1, 2),), left={3: 'full'})
    """
    waves: list[list[Delivery]] = []
    last_of: dict[object, list[Delivery]] = {}
    left: dict[int, str] = {}
    closed = set()
    for delivery in sorted(deliveries, key=turn):
        queue = limits.queue(delivery)
        if reason := _why_not(delivery, limits):
            left[delivery.id] = reason
        elif queue in closed:
            left[delivery.id] = FULL
        elif queue in last_of and limits.has_room([*last_of[queue], delivery]):
            last_of[queue].append(delivery)
        elif limits.waves is None or len(waves) < limits.waves:
            last_of[queue] = [delivery]
            waves.append(last_of[queue])
        else:
            left[delivery.id] = FULL
            closed.add(queue)
    return Plan(tuple(tuple(one.id for one in wave) for wave in waves), left)


def _why_not(delivery: Delivery, limits: Limits) -> str:
    if delivery.stopped_by:
        return delivery.stopped_by
    if not limits.has_room([delivery]):
        return TOO_LARGE
    can_wait = limits.may_wait_until and delivery.ship_by and delivery.ship_by >= limits.may_wait_until
    return AFTER_CUT_OFF if can_wait and not delivery.is_urgent else ""
