"""The cheapest plan of an order whose lots all stay whole: which lots go together, and from where.

Every way to part a few lots is looked at (five lots have 52), the promising ones first; for each group of lots only the nodes
that can still be the cheapest are priced. Bounds come from the cheapest tariff and the cheapest handling that any node
has, and from what the remaining lots cost at least.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop
from itertools import product
from typing import NamedTuple

from .cost import UNIT, milligrams
from .model import Tariff
from .policy import LEAST_COST
from .problem import Gives, Problem

#: Lots that are parted in every way; above, the general search does it.
LOTS_MAX = 8


class Size(NamedTuple):
    """What a bundle is for a carrier and for who packs it; ``weight`` and ``volume`` in trillionths."""

    weight: int
    volume: int
    units: int
    lines: int
    grams: int


#: What a bundle costs that no node has: above all prices, those of :data:`~.problem.PRICELESS` shipments, too.
NOWHERE = 1 << 100


class Zone:
    """Nodes with the same tariffs: at the same distance, mostly.

    :ivar rates: of each node (trillionths for a shipment, for a line, millionths for a unit, node, which lots it has).
    :ivar fixed: the least of any of them; ``per_line`` and ``per_unit`` the same.
    """

    def __init__(self, tariffs: Iterable[Tariff], priceless: int):
        lowest = _not_dominated(tariffs)
        self._tables = [(one.weights, [price * UNIT for price in one.prices], one.volume_divisor) for one in lowest]
        self._priceless = priceless
        self.rates: list[tuple[int, int, int, int, int]] = []
        self._masks: set[int] = set()
        self.fixed = self.per_line = self.per_unit = 0

    def close(self) -> None:
        """All nodes are known."""
        self.fixed, self.per_line, self.per_unit, _place, _mask = map(min, zip(*self.rates, strict=True))
        self._masks = {rate[-1] for rate in self.rates}

    def has(self, mask: int) -> bool:
        """Whether any of the nodes has all of these lots."""
        return mask in self._masks or any([there & mask == mask for there in self._masks])

    def carrier(self, size: Size) -> int:
        """The least that any carrier asks; without one that takes it, what a shipment without a price counts."""
        least = None
        for weights, prices, divisor in self._tables:
            step = bisect_left(weights, max(size.grams, -(-size.volume // divisor)) if divisor else size.grams)
            if step < len(prices) and (least is None or prices[step] < least):
                least = prices[step]
        return self._priceless if least is None else least

    def bound(self, size: Size) -> int:
        """None of the nodes ships so much for less."""
        return self.carrier(size) + self.fixed + self.per_unit * size.units + self.per_line * size.lines


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
        masks: dict[tuple[int, ...], int] = {}
        rows = list(map(tuple, problem.rows))
        for row in set(rows):
            masks[row] = sum([1 << bit for bit, lot in enumerate(held) if row[lot]])
        self.masks = [masks[row] for row in rows]
        self.sizes: dict[int, Size] = {0: Size(0, 0, 0, 0, 0)}
        self.floors: dict[int, int] = {}
        self.ranked: dict[int, tuple[int, list[Priced]]] = {}
        missing = sum(q for lot, q in enumerate(problem.quantities) if lot not in held)
        self.missing_key = missing << problem.missing_shift
        self.zones = self._zones()
        self.rest: dict[int, int] = {0: 0}
        self.best: int | None = None
        self.plan: dict[int, int] = {}

    def _zones(self) -> list[Zone]:
        zones: dict[tuple[int, ...], Zone] = {}
        masks = self.masks
        look, rates = self.problem.look, self.problem.coster.rates
        names = look.tariffs if look.takes_all else {}
        for place, node in enumerate(self.problem.nodes):
            name = names.get(node.id)
            if name is None:
                name = tuple([id(offer.tariff) for offer in look.offers(node.id)])
            zone = zones.get(name)
            if zone is None:
                zone = zones[name] = Zone([offer.tariff for offer in look.offers(node.id)], self.problem.priceless)
            zone.rates.append((*rates(node), place, masks[place]))
        for zone in zones.values():
            zone.close()
        return list(zones.values())

    def run(self) -> tuple[int, dict[int, Gives]] | None:
        if first := self._rank(self.everything, 1):
            self.best, self.plan = first[0].key, {first[0].place: self.everything}
        limit = self.problem.nodes_max or len(self.held)
        self._part(self.everything, 0, [], limit)
        if self.best is None:
            return None
        plan = {place: self._gives(mask) for place, mask in self.plan.items()}
        return self.best + self.missing_key, plan

    # --- bundles --------------------------------------------------------------------------------------------------------

    def _gives(self, mask: int) -> Gives:
        quantities = self.problem.quantities
        return {lot: quantities[lot] for bit, lot in enumerate(self.held) if mask >> bit & 1}

    def _size(self, mask: int) -> Size:
        found = self.sizes.get(mask)
        if found is None:
            lowest = mask & -mask
            weight, volume, units, lines, _grams = self._size(mask ^ lowest)
            lot = self.problem.lots[self.held[lowest.bit_length() - 1]]
            weight += lot.weight
            found = Size(weight, volume + lot.volume, units + lot.quantity, lines + len(lot.items), milligrams(weight))
            self.sizes[mask] = found
        return found

    def _floor(self, mask: int) -> int:
        """No node ships this bundle for less money."""
        found = self.floors.get(mask)
        if found is None:
            size = self._size(mask)
            found = min([zone.bound(size) for zone in self.zones if zone.has(mask)], default=NOWHERE)
            self.floors[mask] = found
        return found

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
        asked, found = self.ranked.get(mask, (0, []))
        if asked < count:
            found = self._price(mask, count)
            self.ranked[mask] = (count, found)
        return found

    def _price(self, mask: int, count: int) -> list[Priced]:
        problem, size = self.problem, self._size(mask)
        load = problem.load(self._gives(mask))
        lines, units = size.lines, size.units
        best: list[Priced] = []
        limit = None  # what costs so much is no better than the best
        zones = [(zone.bound(size), number) for number, zone in enumerate(self.zones) if zone.has(mask)]
        for bound, number in sorted(zones):
            if limit is not None and bound >= limit:
                break
            zone = self.zones[number]
            carrier = zone.carrier(size)
            if problem.coster.varies_by_product:
                places = [place for *_rates, place, there in zone.rates if there & mask == mask]
                order = [(carrier + problem.handled(place, load), place) for place in places]
            else:
                order = [
                    (carrier + fixed + per_line * lines + per_unit * units, place)
                    for fixed, per_line, per_unit, place, there in zone.rates
                    if there & mask == mask
                ]
            heapify(order)
            while order:
                money, place = heappop(order)
                if limit is not None and money >= limit:
                    break
                shipment = problem.shipment(place, load)
                if shipment is not None:
                    insort(best, Priced(problem.base(place) + shipment[0], place))
                    if len(best) >= count:
                        limit = (best[count - 1].key >> self.shift) + 1
        return best[:count]

    # --- parting --------------------------------------------------------------------------------------------------------

    def _part(self, mask: int, key: int, parts: list[int], limit: int) -> None:
        """Every way to part what is left, as far as it can be better than the best."""
        if not mask:
            self._place(parts, key)
            return
        if len(parts) >= limit:
            return
        bounds = [(self._floor(part) + self._rest(mask ^ part), -part) for part in _with(mask & -mask, mask)]
        bounds.sort()
        for bound, negative in bounds:
            if self._is_worse(key + (bound << self.shift)):
                break
            part = -negative
            rest = self._rest(mask ^ part)
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
