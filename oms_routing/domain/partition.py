"""The cheapest plan of an order whose lots all stay whole: which lots go together, and from where.

Every way to part a few lots is looked at (five lots have 52), the promising ones first; for each group of lots only the nodes
that can still be the cheapest are priced. Bounds come from the cheapest tariff and the cheapest handling that any node
has, and from what the remaining lots cost at least.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import NamedTuple

from .cost import UNIT, milligrams
from .model import Tariff
from .policy import LEAST_COST
from .problem import Gives, Problem

#: Lots that are parted in every way; above, the general search does it.
LOTS_MAX = 8


class Bundle(NamedTuple):
    """Lots that would be shipped together, as bits, and what is known of them."""

    gives: Gives
    grams: int
    volume: int
    units: int
    lines: int


class Priced(NamedTuple):
    """A node that could ship a bundle; sorts by the key."""

    key: int
    place: int


def cheapest_partition(problem: Problem) -> tuple[int, dict[int, Gives]] | None:
    """The lowest key and its plan; None if the order is not of that sort, or not everything there is can be shipped so."""
    if problem.policy.strategy != LEAST_COST or not problem.is_separable:
        return None
    held = [lot for lot in range(len(problem.lots)) if any(row[lot] for row in problem.rows)]
    if not 0 < len(held) <= LOTS_MAX or any(problem.lots[lot].divisible for lot in held):
        return None
    return _Partition(problem, held).run()


class _Partition:
    def __init__(self, problem: Problem, held: list[int]):
        self.problem, self.held = problem, held
        self.everything = (1 << len(held)) - 1
        self.shift = problem.cost_shift
        self.masks = [0] * len(problem.rows)
        for bit, lot in enumerate(held):
            flag = 1 << bit
            for place, row in enumerate(problem.rows):
                if row[lot]:
                    self.masks[place] |= flag
        self.places: dict[int, list[int]] = {0: list(range(len(self.masks)))}
        self.bundles: dict[int, Bundle] = {}
        self.ranked: dict[int, list[Priced]] = {}
        missing = sum(q for lot, q in enumerate(problem.quantities) if lot not in held)
        self.missing_key = missing << problem.missing_shift
        self.sets: dict[tuple[int, ...], list[Tariff]] = {}  # nodes at the same distance have the same tariffs
        self.set_of: list[tuple[int, ...]] = []
        for node in problem.nodes:
            tariffs = [offer.tariff for offer in problem.look.offers(node.id)]
            name = tuple(map(id, tariffs))
            if name not in self.sets:
                self.sets[name] = _not_dominated(tariffs)
            self.set_of.append(name)
        self.lowest = _not_dominated({id(one): one for tariffs in self.sets.values() for one in tariffs}.values())
        self.has_bare = () in self.sets and not problem.priceless
        self.rates = [problem.coster.rates(node) for node in problem.nodes]
        self.fixed, self.per_line, self.per_unit = map(min, zip(*self.rates, strict=True))
        self.floors: dict[int, int] = {}
        self.rest: dict[int, int] = {0: 0}
        self.best: int | None = None
        self.plan: dict[int, int] = {}

    def run(self) -> tuple[int, dict[int, Gives]] | None:
        if self.everything in self.masks:
            first = self._rank(self.everything, 1)
            if first:
                self.best, self.plan = first[0].key, {first[0].place: self.everything}
        limit = self.problem.nodes_max or len(self.held)
        self._part(self.everything, 0, [], limit)
        if self.best is None:
            return None
        plan = {place: self._bundle(mask).gives for place, mask in self.plan.items()}
        return self.best + self.missing_key, plan

    # --- bundles --------------------------------------------------------------------------------------------------------

    def _bundle(self, mask: int) -> Bundle:
        found = self.bundles.get(mask)
        if found is None:
            problem = self.problem
            gives = {lot: problem.quantities[lot] for bit, lot in enumerate(self.held) if mask >> bit & 1}
            weight, volume, _value, units = problem.coster.contents(gives)
            grams = milligrams(weight)
            lines = sum(len(problem.lots[lot].items) for lot in gives)
            found = self.bundles[mask] = Bundle(gives, grams, volume, units, lines)
        return found

    def _floor(self, mask: int) -> int:
        """No node ships this bundle for less money."""
        found = self.floors.get(mask)
        if found is None:
            bundle = self._bundle(mask)
            carrier = 0 if self.has_bare else self._carrier(bundle, self.lowest)
            found = self.fixed + carrier + self.per_unit * bundle.units + self.per_line * bundle.lines
            self.floors[mask] = found
        return found

    def _carrier(self, bundle: Bundle, tariffs: Iterable[Tariff]) -> int:
        """The least that any of them asks; without one that takes it, what a shipment without a price counts."""
        prices = [tariff.price(bundle.grams, bundle.volume) for tariff in tariffs]
        return min([price * UNIT for price in prices if price is not None], default=self.problem.priceless)

    def _rest(self, mask: int) -> int:
        """No parting of these lots costs less money."""
        found = self.rest.get(mask)
        if found is None:
            lowest = mask & -mask
            found = min(self._floor(part) + self._rest(mask ^ part) for part in _with(lowest, mask))
            self.rest[mask] = found
        return found

    # --- nodes ----------------------------------------------------------------------------------------------------------

    def _rank(self, mask: int, count: int) -> list[Priced]:
        """The best nodes for a bundle, the best first: as many as are asked for, if there are."""
        found = self.ranked.get(mask)
        if found is not None and (len(found) >= count or self._is_all(mask, found)):
            return found
        found = self.ranked[mask] = self._price(mask, count)
        return found

    def _is_all(self, mask: int, found: list[Priced]) -> bool:
        return len(found) >= len(self._places(mask))

    def _places(self, mask: int) -> list[int]:
        """The nodes that have all of a bundle."""
        found = self.places.get(mask)
        if found is None:
            lowest = mask & -mask
            found = self.places[mask] = [place for place in self._places(mask ^ lowest) if self.masks[place] & lowest]
        return found

    def _price(self, mask: int, count: int) -> list[Priced]:
        problem, bundle = self.problem, self._bundle(mask)
        carriers = {name: self._carrier(bundle, tariffs) for name, tariffs in self.sets.items()}
        set_of, lines, units, rates = self.set_of, bundle.lines, bundle.units, self.rates
        order = []
        if problem.coster.varies_by_product:
            order = [(carriers[set_of[place]] + self._handling(place, bundle), place) for place in self._places(mask)]
        else:
            for place in self._places(mask):
                fixed, per_line, per_unit = rates[place]
                order.append((carriers[set_of[place]] + fixed + per_line * lines + per_unit * units, place))
        order.sort()
        best: list[Priced] = []
        for money, place in order:
            if len(best) >= count and money << self.shift >= best[count - 1].key:
                break
            shipment = problem.shipment(place, bundle.gives)
            if shipment is not None:
                best.append(Priced(problem.base(place) + shipment[0], place))
                best.sort()
        return best[:count]

    def _handling(self, place: int, bundle: Bundle) -> int:
        fixed, per_lot, per_unit = self.problem.handling(place)
        return fixed + sum(per_lot[lot] + per_unit[lot] * quantity for lot, quantity in bundle.gives.items())

    # --- parting --------------------------------------------------------------------------------------------------------

    def _part(self, mask: int, key: int, parts: list[int], limit: int) -> None:
        """Every way to part what is left, as far as it can be better than the best."""
        if not mask:
            self._place(parts, key)
            return
        if len(parts) >= limit:
            return
        for part in sorted(_with(mask & -mask, mask), key=lambda one: self._floor(one) + self._rest(mask ^ one)):
            rest = self._rest(mask ^ part)
            if self._is_worse(key + (self._floor(part) + rest << self.shift)):
                break
            ranked = self._rank(part, 1)
            if ranked and not self._is_worse(key + ranked[0].key + (rest << self.shift)):
                self._part(mask ^ part, key + ranked[0].key, [*parts, part], limit)

    def _is_worse(self, key: int) -> bool:
        return self.best is not None and key >= self.best

    def _place(self, parts: list[int], key: int) -> None:
        """One node for each part, no node twice. ``key`` is what the best of each would have together."""
        ranked = [self._rank(part, 1) for part in parts]
        places = [of_part[0].place for of_part in ranked]
        if len(set(places)) == len(places):
            if not self._is_worse(key):
                self.best, self.plan = key, dict(zip(places, parts, strict=True))
            return
        for choice in product(*(self._rank(part, len(parts))[: len(parts)] for part in parts)):
            places = [one.place for one in choice]
            together = sum(one.key for one in choice)
            if len(set(places)) == len(places) and not self._is_worse(together):
                self.best, self.plan = together, dict(zip(places, parts, strict=True))


def _not_dominated(tariffs: Iterable[Tariff]) -> list[Tariff]:
    """Without those that another undercuts at every weight."""
    kept: list[Tariff] = []
    for tariff in sorted(tariffs, key=lambda one: one.prices):
        if not any(
            one.weights == tariff.weights
            and one.divisor == tariff.divisor
            and all(price <= other for price, other in zip(one.prices, tariff.prices, strict=True))
            for one in kept
        ):
            kept.append(tariff)
    return kept


def _with(lowest: int, mask: int) -> Iterator[int]:
    """Every part of the lots that has the lowest one."""
    others = mask ^ lowest
    part = others
    while True:
        yield part | lowest
        if not part:
            return
        part = (part - 1) & others
