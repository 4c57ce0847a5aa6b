"""What carriers offer for a shipment, and for how much. Units are those of ``model.py``."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from odoo.addons.oms_core.domain.quantities import ZERO

from .millionths import to_millionths
from .words import canonical


@dataclass(frozen=True)
class Tariff:
    """Prices by weight: ``((up to kg, price), …)`` in any order; heavier than the last one is not carried.

    Offers of the same zone share one object, so that it is converted once.

    :param divisor: cubic centimetres that count as a kilogram; zero when only the scales count.
    :raises ValueError: without steps, with two prices for one weight, or a price or weight below zero.
    """

    steps: tuple[tuple[Decimal, Decimal], ...]
    divisor: Decimal = ZERO

    def __post_init__(self):
        steps = tuple(sorted(self.steps))
        weights = [up_to for up_to, _price in steps]
        if not steps or len(set(weights)) < len(weights) or weights[0] <= 0 or min(price for _kg, price in steps) < 0:
            raise ValueError(f"a tariff needs one price, not below zero, for each weight above zero: {self.steps}")
        object.__setattr__(self, "steps", steps)

    @cached_property
    def weights(self) -> tuple[int, ...]:
        """The weights as whole milligrams, ascending."""
        return tuple(to_millionths(up_to) for up_to, _price in self.steps)

    @cached_property
    def prices(self) -> tuple[int, ...]:
        """The prices as millionths, in the same order."""
        return tuple(to_millionths(price) for _kg, price in self.steps)

    @cached_property
    def trillionths(self) -> list[int]:
        """The same as trillionths."""
        return [price * 1_000_000 for price in self.prices]

    @cached_property
    def facts(self) -> str:
        """All of it in a line, the same for equal tariffs."""
        return json.dumps(canonical((self.steps, self.divisor)))

    @cached_property
    def volume_divisor(self) -> int:
        """The divisor as millionths."""
        return to_millionths(self.divisor)

    def takes(self, weight: int, volume: int) -> bool:
        """Whether so much fits, in trillionths."""
        return self.price(-(-weight // 1_000_000), volume) is not None

    def price(self, grams: int, volume: int) -> int | None:
        """Millionths of money for so much; None if it is too heavy.

        :param grams: milligrams; ``volume`` in trillionths of cubic centimetres, which may count for more than the scales.
        """
        if self.volume_divisor:
            grams = max(grams, -(-volume // self.volume_divisor))
        step = bisect_left(self.weights, grams)
        return self.prices[step] if step < len(self.prices) else None


#: What most services refuse: one object for all of them, so that looking through many offers finds it at hand.
NO_REFUSALS: Mapping[Hashable, str] = {}


@dataclass(frozen=True, slots=True)
class Offer:
    """A carrier service that would take a shipment of this order from a node, and for how much.

    :param tariff: the price by weight, all parcels of the shipment together.
    :param ship_by: the latest moment at which the node must hand it over.
    :param deliver_by: when it is expected there; ``deliver_late`` is a high quantile of the same. None: nobody knows.
    :param carbon: grams CO2e of the shipment itself; ``carbon_per_kg`` on top for each kilogram.
    :param customs: money for each shipment that has to be cleared; ``duty`` is the share of the value on top (0.05).
    :param refusal: a sentence why it does not take anything of this order; empty if it does.
    :param refusals: products that it does not take → a sentence why.
    """

    service_id: Hashable
    name: str
    tariff: Tariff
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    deliver_late: datetime | None = None
    carbon: Decimal = ZERO
    carbon_per_kg: Decimal = ZERO
    customs: Decimal = ZERO
    duty: Decimal = ZERO
    refusal: str = ""
    refusals: Mapping[Hashable, str] = field(default_factory=lambda: NO_REFUSALS)
