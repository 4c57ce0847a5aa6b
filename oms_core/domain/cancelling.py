"""What a cancellation can still stop: what has not left. The rest is too late and has to come back as a return.

>>> lines = [Standing("mug", Decimal(5), Decimal(2))]
>>> stop(lines, None)
Outcome(state='partly', stopped={'mug': Decimal('3')}, late={'mug': Decimal('2')})
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """A line of goods: how much of it is ordered, and how much has left, in the unit of the line."""

    line_id: Hashable
    ordered: Decimal
    left: Decimal

    @property
    def open(self) -> Decimal:
        return max(self.ordered - self.left, ZERO)


@dataclass(frozen=True, slots=True)
class Outcome:
    """:param state: ``stopped`` (all that was asked for), ``partly``, or ``too_late`` (nothing of it)."""

    state: str
    stopped: Mapping[Hashable, Decimal]
    late: Mapping[Hashable, Decimal]


def stop(lines: Iterable[Standing], asked: Mapping[Hashable, Decimal] | None) -> Outcome:
    """Divide what is asked for into what can be stopped and what is too late.

    What is open is stopped first: a customer who wants one of three less gets two, while one of them is on its way.

    :param asked: quantity to cancel by line; ``None`` for the whole order. More than was ordered counts as all of it.
    """
    stopped, late = {}, {}
    for line in lines:
        wanted = line.ordered if asked is None else min(asked.get(line.line_id, ZERO), line.ordered)
        if wanted <= ZERO:
            continue
        can = min(wanted, line.open)
        if can > ZERO:
            stopped[line.line_id] = can
        if wanted > can:
            late[line.line_id] = wanted - can
    if late:
        return Outcome("partly" if stopped else "too_late", stopped, late)
    return Outcome("stopped", stopped, late)
