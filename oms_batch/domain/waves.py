"""Which deliveries are picked together before the carrier comes: waves, and why something is in none.

Deterministic: the same deliveries and waves give the same plan, in whatever order they are handed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

#: Why a delivery is in no wave.
NO_WAVE, TOO_LARGE, FULL = "no_wave", "too_large", "full"

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that is ready to be picked.

    :param kind: what is picked alike, such as ``single`` for one line of one piece: of one kind the earlier goes first.
    :param ship_by: until when it has to leave; ``None``: after all that have a time.
    :param minutes: that picking takes.
    """

    id: int
    kind: str
    ship_by: datetime | None
    lines: int
    minutes: Decimal
    carrier_id: int | None = None
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Wave:
    """Room for deliveries until a cut-off. ``None`` is no limit, and an empty set is whatever there is."""

    id: int
    kinds: frozenset[str] = frozenset()
    carrier_ids: frozenset[int] = frozenset()
    orders_max: int | None = None
    lines_max: int | None = None
    minutes_max: Decimal | None = None

    def takes(self, delivery: Delivery) -> bool:
        return (not self.kinds or delivery.kind in self.kinds) and (
            not self.carrier_ids or delivery.carrier_id in self.carrier_ids
        )

    def has_room(self, deliveries: Iterable[Delivery]) -> bool:
        found = list(deliveries)
        sums = (
            (self.orders_max, len(found)),
            (self.lines_max, sum(one.lines for one in found)),
            (self.minutes_max, sum((one.minutes for one in found), ZERO)),
        )
        return all(limit is None or amount <= limit for limit, amount in sums)


@dataclass(frozen=True, slots=True)
class Plan:
    """:param waves: {id of a wave: ids of its deliveries, in the order of picking}
    :param left: {id of a delivery: why it is in none}"""

    waves: dict[int, tuple[int, ...]]
    left: dict[int, str]


def plan(deliveries: Iterable[Delivery], waves: Iterable[Wave]) -> Plan:
    """Put each delivery into the first wave that takes it and has room, urgent ones first, then by when they have to leave.

    Of one kind and carrier no later delivery is taken once an earlier one was left for want of room. One that is larger than
    any wave stops nobody: it would never be taken.
    """
    waves = tuple(waves)
    taken: dict[int, list[Delivery]] = {wave.id: [] for wave in waves}
    left: dict[int, str] = {}
    closed = set()
    for delivery in sorted(deliveries, key=_turn):
        fitting = [wave for wave in waves if wave.takes(delivery)]
        queue = delivery.kind, delivery.carrier_id
        if not fitting:
            left[delivery.id] = NO_WAVE
        elif not any(wave.has_room([delivery]) for wave in fitting):
            left[delivery.id] = TOO_LARGE
        elif queue in closed or not (wave := _first_with_room(fitting, taken, delivery)):
            left[delivery.id] = FULL
            closed.add(queue)
        else:
            taken[wave.id].append(delivery)
    return Plan({wave_id: tuple(one.id for one in found) for wave_id, found in taken.items()}, left)


def _turn(delivery: Delivery):
    return not delivery.is_urgent, delivery.ship_by is None, delivery.ship_by or datetime.min, delivery.id


def _first_with_room(waves, taken, delivery):
    return next((wave for wave in waves if wave.has_room([*taken[wave.id], delivery])), None)
