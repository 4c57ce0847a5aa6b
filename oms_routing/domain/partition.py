"""The cheapest plan of an order whose lots all stay whole: which lots go together, and from where.

Every way to part a few lots (five have 52) is bounded from below by what each bundle costs at least: the cheapest tariff, the
least lateness and the cheapest handling that any node has. The way with the lowest bound is priced, its bounds become
what its bundles really cost, and so on until the way with the lowest bound is one whose price is known: nothing is cheaper.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from heapq import heapify, heappop
from itertools import accumulate, chain, islice
from typing import NamedTuple

from .cost import milligrams
from .keys import Gives, Load
from .policy import LEAST_COST
from .problem import Problem
from .tariff import Offer

#: Lots that are parted in every way; above, the general search does it.
LOTS_MAX = 8


#: What a bundle costs that no node has: above all prices, those of :data:`~.problem.PRICELESS` shipments, too.
NOWHERE = 1 << 100


@cache
def parts_of(mask: int) -> int:
    """As bits, all bundles that are contained in this one, but the empty one."""
    part, found = mask, 0
    while part:
        found |= 1 << part
        part = (part - 1) & mask
    return found


class Sizes(NamedTuple):
    """What each bundle is for who packs it and for a carrier, by bundle; the empty one first.

    :param units: millionths; ``lines``: items.
    :param steps: for each scale its places in the prices.
    """

    units: list[int]
    lines: list[int]
    steps: list[list[int]]


#: A node's place, as bits the lots that it has, and its :meth:`~.cost.Coster.rates`.
Row = tuple[int, int, tuple[int, int, int]]


class Zone:
    """Nodes with the same tariffs, of which the same are late: at the same distance, mostly.

    :ivar has: as bits, the bundles that any of them has.
    :ivar carriers: by bundle, the least that any carrier asks; of what none takes, what a shipment without a price counts.
    :ivar bounds: by bundle, none of them ships it for less; :data:`NOWHERE` for what none has.
    """

    __slots__ = ("_tables", "bounds", "carriers", "has", "rows")

    def __init__(self, tables: dict[int, list[int]]):
        """:param tables: for each scale, the least price at each of its steps; the last is of what is too heavy."""
        self._tables = tables
        self.rows: list[Row] = []
        self.has = 0
        self.carriers: list[int] = []
        self.bounds: list[int] = []

    def close(self, sizes: Sizes, priceless: int) -> None:
        """All nodes are known; bundles have these sizes."""
        held = {mask for _place, mask, _rates in self.rows}
        everything = len(sizes.units) - 1
        for mask in [everything] if everything in held else held:
            self.has |= parts_of(mask)
        asked = [[prices[step] for step in sizes.steps[scale]] for scale, prices in self._tables.items()]
        self.carriers = (
            list(map(min, *asked)) if len(asked) > 1 else asked[0] if asked else [priceless] * len(sizes.units)
        )
        fixed, per_line, per_unit = map(min, zip(*[rates for _place, _mask, rates in self.rows], strict=True))
        self.bounds = [
            carrier + fixed + per_unit * units + per_line * lines
            for carrier, units, lines in zip(self.carriers, sizes.units, sizes.lines, strict=True)
        ]
        if everything not in held:
            for mask in range(len(self.bounds)):
                if not self.has >> mask & 1:
                    self.bounds[mask] = NOWHERE


class Priced(NamedTuple):
    """A node that could ship a bundle; sorts by the key."""

    key: int
    place: int


def cheapest_partition(problem: Problem) -> tuple[int, dict[int, Gives]] | None:
    """The lowest key and its plan; None if the order is not of that sort, or not everything there is can be shipped so."""
    if problem.policy.strategy != LEAST_COST or not problem.is_separable:
        return None
    if problem.masks is not None:
        held = list(range(len(problem.lots)))
    else:
        held = [lot for lot, rows in enumerate(zip(*problem.rows, strict=True)) if any(rows)]
    if not 0 < len(held) <= LOTS_MAX or any(problem.lots[lot].divisible for lot in held):
        return None
    return _Partition(problem, held).run()


class _Partition:
    """Bundles are told by the bits of their lots.

    :ivar floors: of each bundle, no key of a shipment of it is lower; of one that is priced, the best key.
    :ivar rest: of each bundle, no sum of keys of its parts is lower; ``first`` is the part with its lowest lot in that sum.
    """

    def __init__(self, problem: Problem, held: list[int]):
        self.problem, self.held = problem, held
        self.everything = (1 << len(held)) - 1
        self.shift = problem.cost_shift
        #: The key of what no node ships: above all others, as if more were missing than anybody wants.
        self.nowhere = NOWHERE << problem.missing_shift
        self.scales: dict[tuple[tuple[int, ...], int], int] = {}
        self.zones = self._zones()
        self.sizes = self._sizes()
        for zone in self.zones:
            zone.close(self.sizes, problem.priceless)
        least = map(min, zip(*[zone.bounds for zone in self.zones], strict=True))
        self.floors = [self.nowhere if bound == NOWHERE else bound << self.shift for bound in least]
        self.floors[0] = 0
        self.rest = [0] * len(self.floors)
        self.first = [0] * len(self.floors)
        self.ranked: dict[int, tuple[int, list[Priced]]] = {}
        missing = sum(q for lot, q in enumerate(problem.quantities) if lot not in held)
        self.missing_key = missing << problem.missing_shift
        self.best: int | None = None
        self.plan: dict[int, int] = {}

    def run(self) -> tuple[int, dict[int, Gives]] | None:
        for mask in range(1, self.everything + 1):
            self._bound(mask)
        parts = self._lowest_parts()
        while unknown := [part for part in parts if part not in self.ranked]:
            for part in unknown:
                ranked = self._rank(part, 1)
                self.floors[part] = ranked[0].key if ranked else self.nowhere
            self._bound_again(unknown)
            parts = self._lowest_parts()
        limit = self.problem.nodes_max or len(self.held)
        if self.rest[-1] >= self.nowhere:
            return None
        if len(parts) <= limit:
            self._place(parts)
        if self.best != self.rest[-1]:  # two parts would come from one node, or there are too many of them
            self._part(self.everything, 0, [], limit)
        if self.best is None:
            return None
        plan = {place: self._gives(mask) for place, mask in self.plan.items()}
        return self.best + self.missing_key, plan

    # --- zones ----------------------------------------------------------------------------------------------------------

    def _masks(self) -> list[int]:
        """By node, the lots that it has."""
        if self.problem.masks is not None:
            return self.problem.masks
        return [sum([1 << bit for bit, lot in enumerate(self.held) if row[lot]]) for row in self.problem.rows]

    def _zones(self) -> list[Zone]:
        problem, look, coster = self.problem, self.problem.look, self.problem.coster
        promised = look.demand.deliver_by if coster.late_day else None
        offers_of = look.demand.offers.get if look.takes_all else look.offers
        offers = [offers_of(node.id) or () for node in problem.nodes]
        flat = chain.from_iterable(offers)
        if promised is None:
            tariffs = iter([id(one.tariff) for one in flat])
        else:  # the negative is late
            tariffs = iter(
                [id(one.tariff) if (one.deliver_by or promised) <= promised else -id(one.tariff) for one in flat]
            )
        zones: dict[tuple[int, ...], Zone] = {}
        counts = set(map(len, offers))
        if len(counts) == 1 and all(counts):  # as almost always
            names = zip(*[tariffs] * counts.pop(), strict=True)
        else:
            names = [tuple(islice(tariffs, len(of_node))) for of_node in offers]
        rows = zip(range(len(offers)), self._masks(), coster.rates(problem.nodes), strict=True)
        for of_node, name, row in zip(offers, names, rows, strict=True):
            zone = zones.get(name)
            if zone is None:
                zone = zones[name] = Zone(self._tables(of_node, name))
            zone.rows.append(row)
        return list(zones.values())

    def _tables(self, offers: Sequence[Offer], name: tuple[int, ...]) -> dict[int, list[int]]:
        """For each scale the least price at each of its steps, with what a day late costs, and that of what is too heavy."""
        tables: dict[int, list[int]] = {}
        for offer, tariff_or_late in zip(offers, name, strict=True):
            tariff = offer.tariff
            scale = self.scales.setdefault((tariff.weights, tariff.volume_divisor), len(self.scales))
            late = self.problem.coster.late_day if tariff_or_late < 0 else 0
            prices = [price + late for price in tariff.trillionths] if late else tariff.trillionths
            tables[scale] = list(map(min, tables[scale], prices)) if scale in tables else prices
        return {scale: [*prices, self.problem.priceless] for scale, prices in tables.items()}

    # --- bundles --------------------------------------------------------------------------------------------------------

    def _gives(self, mask: int) -> Gives:
        quantities = self.problem.quantities
        return {lot: quantities[lot] for bit, lot in enumerate(self.held) if mask >> bit & 1}

    def _sizes(self) -> Sizes:
        weights, volumes, units, lines = [0], [0], [0], [0]
        for lot in [self.problem.lots[number] for number in self.held]:
            for sums, more in (
                (weights, lot.weight),
                (volumes, lot.volume),
                (units, lot.quantity),
                (lines, len(lot.items)),
            ):
                sums += [before + more for before in sums]
        grams = list(map(milligrams, weights))
        steps = []
        for scale, divisor in self.scales:
            counted = map(max, grams, [-(-volume // divisor) for volume in volumes]) if divisor else grams
            steps.append([bisect_left(scale, heavy) for heavy in counted])
        return Sizes(units, lines, steps)

    def _bound(self, mask: int) -> None:
        """Which part is best taken from these lots, by the floors and what is known of the rest."""
        floors, rest = self.floors, self.rest
        lowest = mask & -mask
        part = others = mask ^ lowest
        first, least = mask, floors[mask]
        while part:
            part = (part - 1) & others
            bound = floors[part | lowest] + rest[others ^ part]
            if bound < least:
                first, least = part | lowest, bound
        self.first[mask], rest[mask] = first, least

    def _bound_again(self, risen: Iterable[int]) -> None:
        """After the floors of some bundles have risen."""
        parts, risen = set(risen), set()
        for mask in range(1, self.everything + 1):
            first = self.first[mask]
            if first in parts or mask ^ first in risen:
                before = self.rest[mask]
                self._bound(mask)
                if self.rest[mask] > before:
                    risen.add(mask)

    def _lowest_parts(self) -> list[int]:
        """The way to part everything with the lowest bound."""
        parts, left = [], self.everything
        while left:
            parts.append(self.first[left])
            left ^= parts[-1]
        return parts

    # --- nodes ----------------------------------------------------------------------------------------------------------

    def _rank(self, mask: int, count: int) -> list[Priced]:
        """The best nodes for a bundle, the best first: as many as are asked for, if there are."""
        asked, found = self.ranked.get(mask, (0, []))
        if asked < count:
            found = self._price(mask, count)
            self.ranked[mask] = (count, found)
        return found

    def _price(self, mask: int, count: int) -> list[Priced]:
        problem = self.problem
        load = problem.load(self._gives(mask))
        best: list[Priced] = []
        limit = None  # what costs so much is no better than the best
        zones = [(zone.bounds[mask], number) for number, zone in enumerate(self.zones) if zone.has >> mask & 1]
        for bound, number in sorted(zones):
            if limit is not None and bound >= limit:
                break
            order = self._cheapest_first(self.zones[number], mask, load)
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

    def _cheapest_first(self, zone: Zone, mask: int, load: Load) -> list[tuple[int, int]]:
        """(what it costs there at least, node) of each node that has the bundle, as a heap."""
        problem, carrier = self.problem, zone.carriers[mask]
        if problem.coster.varies_by_product:
            places = [place for place, there, _rates in zone.rows if there & mask == mask]
            order = [(carrier + problem.handled(place, load), place) for place in places]
        else:
            lines, units = self.sizes.lines[mask], self.sizes.units[mask]
            order = [
                (carrier + fixed + per_line * lines + per_unit * units, place)
                for place, there, (fixed, per_line, per_unit) in zone.rows
                if there & mask == mask
            ]
        heapify(order)
        return order

    # --- parting --------------------------------------------------------------------------------------------------------

    def _part(self, mask: int, key: int, parts: list[int], limit: int) -> None:
        """Every way to part what is left, as far as it can be better than the best."""
        if not mask:
            self._place(parts)
            return
        if len(parts) >= limit:
            return
        bounds = [(self.floors[part] + self.rest[mask ^ part], -part) for part in _with(mask & -mask, mask)]
        bounds.sort()
        for bound, negative in bounds:
            if key + bound >= self.nowhere or self._is_worse(key + bound):
                break
            part = -negative
            ranked = self._rank(part, 1)
            if ranked and not self._is_worse(key + ranked[0].key + self.rest[mask ^ part]):
                self._part(mask ^ part, key + ranked[0].key, [*parts, part], limit)

    def _is_worse(self, key: int) -> bool:
        return self.best is not None and key >= self.best

    def _place(self, parts: list[int]) -> None:
        """The best nodes for these parts, no node twice."""
        ranked = [self._rank(part, 1) for part in parts]
        places = {of_part[0].place for of_part in ranked}
        if len(places) < len(parts):
            ranked = [self._rank(part, len(parts)) for part in parts]
        least = list(accumulate((of_part[0].key for of_part in reversed(ranked)), initial=0))
        self._choose(parts, ranked, least[::-1], 0, [])

    def _choose(
        self, parts: list[int], ranked: list[list[Priced]], least: list[int], key: int, chosen: list[int]
    ) -> None:
        """:param least: what all parts from each on cost at least; ``key`` is of those that have their node."""
        depth = len(chosen)
        if depth == len(parts):
            self.best, self.plan = key, dict(zip(chosen, parts, strict=True))
            return
        for one in ranked[depth]:
            if self._is_worse(key + one.key + least[depth + 1]):
                break
            if one.place not in chosen:
                self._choose(parts, ranked, least, key + one.key, [*chosen, one.place])


def _with(lowest: int, mask: int) -> Iterator[int]:
    """Every part of the lots that has the lowest one."""
    others = mask ^ lowest
    part = others
    while True:
        yield part | lowest
        if not part:
            return
        part = (part - 1) & others
