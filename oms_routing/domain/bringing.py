"""Which places bring to a store what it lacks for a customer: all that can be brought, at the least cost."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

from odoo.addons.oms_core.domain.bringing import PLACES_MAX, Missing, Part
from odoo.addons.oms_core.domain.quantities import ZERO

#: Of more places than this, those that have most of it are compared, the cheapest first: 298 groups of up to three.
PLACES_COMPARED = 12

Recipes = Mapping[Hashable, Sequence[tuple[Hashable, Decimal]]]


def bring_cheapest(
    missing: Sequence[Missing],
    costs: Mapping[int, Decimal],
    free: Mapping[tuple[int, int], Decimal],
    *,
    places_max: int = PLACES_MAX,
    per_unit: Mapping[int, Decimal] | None = None,
    recipes: Recipes | None = None,
    shelves: Mapping[tuple[int, int], Decimal] | None = None,
) -> tuple[tuple[Part, ...], Decimal]:
    """What each place brings, and what the transfers cost. Equal costs: fewer places, then those named first.

    Far away is all of it, near are the two halves of it; two transfers over a short way cost less than one over a long way:

    >>> missing = [Missing(5, 7, Decimal(2)), Missing(6, 8, Decimal(1))]
    >>> costs = {1: Decimal(30), 2: Decimal(8), 3: Decimal(9)}
    >>> free = {(1, 7): Decimal(2), (1, 8): Decimal(1), (2, 7): Decimal(2), (3, 8): Decimal(1)}
    >>> parts, cost = bring_cheapest(missing, costs, free)
    >>> [(part.place, part.move) for part in parts], str(cost)
    ([(2, 5), (3, 6)], '17')

    :param costs: what one transfer from each place costs; the preferred place first.
    :param free: {(place, product): what it can give of that}
    :param per_unit: what each unit in it costs on top; nothing where it is not told.
    :param recipes: {kit: ((part, how much of it one kit takes), …)}; a kit comes whole from one place.
    :param shelves: {(place, product): what lies there}, parts of kits included: what goes into a kit is there for nobody else.
        By default what is ``free``.
    """
    rank = {place: number for number, place in enumerate(costs)}
    recipes, shelves = recipes or {}, free if shelves is None else shelves
    have = {place: _sum(_share((place,), missing, free, recipes, shelves)) for place in costs}
    best: tuple = ()
    compared = sorted((place for place in costs if have[place]), key=lambda p: (-have[p], costs[p], rank[p]))
    compared = sorted(compared[:PLACES_COMPARED], key=lambda place: (costs[place], rank[place]))
    for size in range(1, min(places_max, len(compared)) + 1):
        for group in combinations(compared, size):
            parts = _share(group, missing, free, recipes, shelves)
            used = {part.place for part in parts}
            cost = sum((costs[place] for place in used), ZERO)
            if per_unit:
                cost += sum((per_unit[part.place] * part.quantity for part in parts), ZERO)
            key = (-_sum(parts), cost, len(used), sorted(rank[place] for place in used))
            if not best or key < best[0]:
                best = (key, parts, cost)
    return (best[1], best[2]) if best else ((), ZERO)


def _share(
    group: Sequence[int],
    missing: Sequence[Missing],
    free: Mapping[tuple[int, int], Decimal],
    recipes: Recipes,
    shelves: Mapping[tuple[int, int], Decimal],
) -> tuple[Part, ...]:
    """A move stays whole where a place has all of it; else each gives what it has, the first of the group first."""
    taken: dict[tuple[int, Hashable], Decimal] = {}  # of products, and of kits as such

    def most(place: int, want: Missing) -> Decimal:
        key = (place, want.product)
        units = free.get(key, ZERO) - taken.get(key, ZERO)
        for part, needed in recipes.get(want.product, ()):
            units = min(units, (shelves.get((place, part), ZERO) - taken.get((place, part), ZERO)) // needed)
        return units

    parts = []
    for want in missing:
        whole = [place for place in group if most(place, want) >= want.quantity]
        wanted = want.quantity
        for place in whole[:1] or group:
            part = min(wanted, most(place, want))
            if part > 0:
                parts.append(Part(place, want.move, want.product, part))
                for product, needed in ((want.product, 1), *recipes.get(want.product, ())):
                    taken[place, product] = taken.get((place, product), ZERO) + part * needed
                wanted -= part
    return tuple(parts)


def _sum(parts: Sequence[Part]) -> Decimal:
    return sum((part.quantity for part in parts), ZERO)
