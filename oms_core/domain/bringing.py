"""From where goods are brought to the store at which a customer will pick them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

ZERO = Decimal(0)
PLACES_MAX = 3  #: transfers for one order; a store does not put together an order from ten parcels


@dataclass(frozen=True, slots=True)
class Missing:
    """So much of a product that one move of the store lacks, in the product's unit."""

    move: int
    product: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """What one place brings for one move."""

    place: int
    move: int
    product: int
    quantity: Decimal


def bring(
    missing: Sequence[Missing],
    places: Sequence[int],
    free: Mapping[tuple[int, int], Decimal],
    *,
    places_max: int = PLACES_MAX,
) -> tuple[Part, ...]:
    """Which place brings what: the first that has all of it; else, one after the other, the one that has most of the rest.

    :param places: in the order of preference.
    :param free: {(place, product): what it can give away}

    Place 1 has two of the three chairs, place 2 has all three:

    >>> bring([Missing(5, 7, Decimal(3))], [1, 2], {(1, 7): Decimal(2), (2, 7): Decimal(3)})
    (Part(place=2, move=5, product=7, quantity=Decimal('3')),)
    >>> bring([Missing(5, 7, Decimal(3))], [1], {(1, 7): Decimal(2)})
    (Part(place=1, move=5, product=7, quantity=Decimal('2')),)
    """
    left = [want for want in missing if want.quantity > 0]
    parts: list[Part] = []
    asked: list[int] = []
    while left and len(asked) < places_max:
        offers = {place: _offer(place, left, free) for place in places if place not in asked}
        amounts = {place: sum((part.quantity for part in offer), ZERO) for place, offer in offers.items()}
        best = max(amounts, key=amounts.get, default=None)  # the first of equals
        if best is None or not amounts[best]:
            break
        asked.append(best)
        parts += offers[best]
        brought = {part.move: part.quantity for part in offers[best]}
        rest = (Missing(want.move, want.product, want.quantity - brought.get(want.move, ZERO)) for want in left)
        left = [want for want in rest if want.quantity > 0]
    return tuple(parts)


def _offer(place: int, missing: Sequence[Missing], free: Mapping[tuple[int, int], Decimal]) -> list[Part]:
    taken: dict[int, Decimal] = {}
    offer = []
    for want in missing:
        there = free.get((place, want.product), ZERO) - taken.get(want.product, ZERO)
        quantity = min(want.quantity, there)
        if quantity > 0:
            taken[want.product] = taken.get(want.product, ZERO) + quantity
            offer.append(Part(place, want.move, want.product, quantity))
    return offer
