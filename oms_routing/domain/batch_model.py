"""Many orders that are sourced together, as numbers: what is wanted, how it can be sent, what there is of it.

Nothing here knows policies or rules: they have decided already which ways an order has (:class:`Way`) and what must stay
together (:class:`Want`). Costs are floats in one currency, as the solver computes in them; quantities are ``Decimal``.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import prod
from typing import NamedTuple

#: Why the solver stopped.
PROVEN = "proven"  #: nothing better exists, up to :data:`PROVEN_GAP`
WORK = "work"  #: the rounds it was allowed are used up; equal inputs give equal plans
TIME = "time"  #: the clock ran out: on a faster machine the plan may be better

#: An order with more combinations of its wants than this is too large: see :meth:`Order.combinations`.
STATES_MAX = 512

#: A plan this close to the lower bound counts as the best one: less than the rounding of its prices.
PROVEN_GAP = 1e-6


@dataclass(frozen=True, slots=True)
class Want:
    """Goods of an order that leave as a whole, and how many times: three chairs are three times one chair.

    :param contents: (product, quantity) of one time; several products where they must stay together.
    :param penalty: what it costs if one time has to wait; above what any way of sending it costs, or it rather waits.
    :param weight: kilograms of one time; ``volume`` in whatever a way's ``divisor`` divides.
    """

    contents: tuple[tuple[Hashable, Decimal], ...]
    times: int
    penalty: float
    weight: float = 0.0
    volume: float = 0.0

    def __post_init__(self):
        if self.times < 1 or not self.contents or any(not quantity > 0 for _product, quantity in self.contents):
            raise ValueError(f"nothing is wanted of {self.contents}")
        if not (self.penalty >= 0 and self.weight >= 0):
            raise ValueError(f"penalty {self.penalty} and weight {self.weight} must not be below zero")


class Way(NamedTuple):
    """One service from one node for one order: the price of a parcel by its weight.

    :param fixed: for the parcel, whatever is in it.
    :param steps: (weight up to in kg, price), ascending; a parcel heavier than the last cannot be sent. Empty: no price
        by weight.
    :param divisor: volume that counts as a kilogram where that is more than the weight; zero where only the scales count.
    :param per_kg: added for each kilogram on the scales.
    :param per_want: added for each time of each want, by their position in the order; None where the service does not
        take it. Empty: nothing added. ``per_line`` is added once for each want that is in the parcel at all.
    """

    node: Hashable
    service: Hashable
    fixed: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()
    per_kg: float = 0.0
    per_want: tuple[float | None, ...] = ()
    per_line: tuple[float, ...] = ()
    divisor: float = 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """What one order wants and how it can be sent: at most one parcel from each node. What is in none waits.

    :raises ValueError: without wants, or with more combinations of them than :data:`STATES_MAX`.
    """

    id: Hashable
    wants: tuple[Want, ...]
    ways: tuple[Way, ...]

    def __post_init__(self):
        if not self.wants:
            raise ValueError(f"order {self.id} wants nothing")
        if self.combinations() > STATES_MAX:
            raise ValueError(
                f"order {self.id} has {self.combinations()} combinations; at most {STATES_MAX} can be planned"
            )

    def combinations(self) -> int:
        """In how many ways a parcel can be filled, the empty one included."""
        return prod(want.times + 1 for want in self.wants)


@dataclass(frozen=True, slots=True)
class Instance:
    """A batch: the orders in the merchant's order, and what they share.

    :param stock: (node, product) → what is there; missing is none.
    :param capacity: node → parcels that it can still take; missing is any number.
    """

    orders: tuple[Order, ...]
    stock: Mapping[tuple[Hashable, Hashable], Decimal]
    capacity: Mapping[Hashable, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work the solver may do. Without ``seconds`` it is bound by the rounds alone, and deterministic.

    :param price_rounds: rounds that look for the prices of scarce stock and capacity; they give the lower bound.
    :param search_rounds: parts of the plan that are solved again.
    """

    seconds: float | None = None
    price_rounds: int = 100
    search_rounds: int = 200


@dataclass(frozen=True, slots=True)
class Parcel:
    """What of an order leaves together; ``counts`` are the times of each want, by position."""

    node: Hashable
    service: Hashable
    counts: tuple[int, ...]
    cost: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How every order is served: what is in no parcel waits.

    :param parcels: by position of the order.
    :param cost: of all parcels, and the penalties of what waits.
    :param bound: no plan costs less.
    :param start_cost: of the same orders served one after the other, each at its best; ``cost`` is never above.
    :param stopped: :data:`PROVEN`, :data:`WORK` or :data:`TIME`.
    """

    parcels: tuple[tuple[Parcel, ...], ...]
    cost: float
    bound: float
    start_cost: float
    stopped: str

    @property
    def gap(self) -> float:
        """How far the cost may be above the least possible, as a share of the cost."""
        return max(0.0, self.cost - self.bound) / self.cost if self.cost > 0 else 0.0
