"""The best plan of one order: branch and bound over groups of nodes, and within a group over who ships what.

Groups grow by whoever has some of the scarcest lot that is not covered yet; a branch ends where even its least possible key
is no better than the best plan known. The work is limited by a count, not by a clock, so that equal inputs give equal
decisions; a search that ends for that reason says so, and how far from the optimum it can be at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

from .cost import UNIT
from .keys import Gives
from .partition import cheapest_partition
from .problem import Problem, needs_of

#: Groups and assignments that are looked at for one order: a tenth of a second at most.
WORK_MAX = 20_000
#: An order of more lots is not searched through; a good plan is taken.
LOTS_MAX = 200
#: A lot is divided over so many nodes in every sequence; over more, the better ones first.
DIVIDE_MAX = 4
#: So many units of a lot are divided in every way.
SMALL = 8 * UNIT


@dataclass(frozen=True, slots=True)
class Plan:
    """:param gives: node → lot → millionths of units; only what is shipped.
    :param missing: millionths of units that are not.
    :param bound: no key of a plan is lower; equals ``key`` if that is proven.
    :param group: the nodes that the search chose.
    """

    key: int
    gives: dict[int, Gives]
    missing: int
    bound: int
    group: tuple[int, ...]

    @property
    def is_exact(self) -> bool:
        return self.bound == self.key


def best_plan(problem: Problem, work_max: int = WORK_MAX) -> Plan | None:
    """The plan with the lowest key; None if the nodes that have all of some lot are not enough for it."""
    if found := cheapest_partition(problem):
        key, gives = found
        missing = sum(problem.quantities) - sum(sum(given.values()) for given in gives.values())
        if not (missing and "whole_order" in problem.by_kind):
            return Plan(key, gives, missing, key, tuple(gives))
    if problem.masks is not None:
        return None
    return _Search(problem, work_max).run()


class _Search:
    def __init__(self, problem: Problem, work_max: int):
        self.problem = problem
        self.work_left = work_max
        self.rows = problem.rows
        self.count = len(problem.lots)
        everything = sum(problem.quantities)
        self.key = everything << problem.missing_shift
        self.gives: dict[int, Gives] = {}
        self.missing = everything
        self.group: tuple[int, ...] = ()
        self.cut = False  # whether something was not looked at
        #: Whether more units than are divided in every way want the same goods as another lot.
        self.has_contested = problem.is_shared and any(
            lot.divisible and (lot.quantity > SMALL or lot.quantity % UNIT) for lot in problem.contested
        )
        #: Plain plans are told by their group; others may get better by one more node, or worse by one less.
        self.is_by_group = problem.is_plain and not problem.of_shipment
        places = self._not_dominated() if self.is_by_group else range(len(self.rows))
        #: No key of a shipment of the node is lower.
        self.least = {place: problem.base(place) for place in places} if self.is_by_group else problem.least
        order = sorted(places, key=self.least.__getitem__)
        self.order = order
        self.holders: list[list[int]] = [[] for _lot in problem.lots]
        totals = [0] * self.count
        for place in order:
            for lot, units in enumerate(self.rows[place]):
                if units:
                    self.holders[lot].append(place)
                    totals[lot] += units
        self.inside = [
            problem.least_inside(lot, min(quantity, totals[lot])) for lot, quantity in enumerate(problem.quantities)
        ]
        self.widest: dict[int, int] = {}
        short = sum(max(0, quantity - total) for quantity, total in zip(problem.quantities, totals, strict=True))
        self.root = (short << problem.missing_shift) + sum(self.inside)

    @cached_property
    def _masks(self) -> set[int]:
        """Which lots a node has any of, as bits; of all nodes."""
        return {sum([1 << lot for lot, units in enumerate(self.rows[place]) if units]) for place in self.order}

    def run(self) -> Plan:
        root = self.root
        if self.order:
            root += self.least[self.order[0]]
            self._start()
            if self.count <= LOTS_MAX:
                self._grow((), 0, list(self.problem.quantities), 0, sum(self.inside), 0)
            else:
                self.cut = True
        if "whole_order" in self.problem.by_kind and self.missing:
            self._ship_nothing()
        bound = min(root, self.key) if self.cut else self.key
        return Plan(self.key, self.gives, self.missing, bound, self.group)

    def _ship_nothing(self) -> None:
        self.missing = sum(self.problem.quantities)
        self.key, self.gives, self.group = self.missing << self.problem.missing_shift, {}, ()

    def _not_dominated(self) -> list[int]:
        """Of nodes with the same shelf, as many of the best as can be of use together."""
        if self.problem.is_fewest_first:
            quantities = self.problem.quantities
            whole = [place for place, row in enumerate(self.rows) if row == quantities]
            if whole:  # one parcel is the fewest, so that nobody else needs to be ranked
                return [min(whole, key=self.problem.base)]
        alike: dict[tuple[int, ...], list[int]] = {}
        for place, row in enumerate(self.rows):
            alike.setdefault(tuple(row), []).append(place)
        kept = []
        for row, places in alike.items():
            of_use = max(-(-q // units) for q, units in zip(self.problem.quantities, row, strict=True) if units)
            if len(places) > of_use:
                places = sorted(places, key=self.problem.base)[:of_use]
            kept += places
        return kept

    # --- groups -------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """A good plan to begin with: whoever has most of what is missing, the better one of equals."""
        left, group = list(self.problem.quantities), []
        limit = self.problem.nodes_max or len(self.order)
        rows = self.rows
        sums = {place: sum(rows[place]) for place in self.order}
        while len(group) < limit:
            best, most, missing = None, 0, sum(left)
            for place, units in sums.items():
                if units > most and place not in group:
                    units = sum([has if has < lacks else lacks for has, lacks in zip(rows[place], left, strict=True)])
                    if units > most:
                        best, most = place, units
                        if units == missing:
                            break
            if best is None:
                break
            group.append(best)
            left = [max(0, lacks - has) for has, lacks in zip(rows[best], left, strict=True)]
        for place in list(group):
            rest = [other for other in group if other != place]
            if rest and all(self._left(lot, rest) <= left[lot] for lot in range(self.count)):
                group = rest
        self._leaf(tuple(group), sum(left), sum(self.least[place] for place in group))

    def _left(self, lot: int, group: Sequence[int]) -> int:
        return max(0, self.problem.quantities[lot] - sum(self.rows[place][lot] for place in group))

    def _grow(self, group: tuple[int, ...], key: int, left: list[int], missing: int, inside: int, tried: int) -> None:
        """Every group that contains this one and none of those tried, as far as it can be better than the best.

        :param key: the least of the group; ``inside`` a bound for the contents of what is not given up.
        :param left: what the group lacks of each lot; given up is -1.
        """
        self.work_left -= 1
        if self.work_left < 0:
            self.cut = True
            return
        open_lots = [lot for lot, units in enumerate(left) if units > 0]
        is_full = self.problem.nodes_max is not None and len(group) >= self.problem.nodes_max
        if not open_lots or is_full:
            lacking = missing + sum(left[lot] for lot in open_lots)
            self._leaf(group, lacking, key)
            if not is_full and not self.is_by_group:
                self._extend(group, key, left, missing, inside, tried)
            return
        if self._bound(open_lots, key, missing, inside, tried) >= self.key:
            return
        lot = min(open_lots, key=lambda one: self._free_holders(one, tried))
        for place in self.holders[lot]:
            if tried >> place & 1:
                continue
            lowest = key + self.least[place] + inside + (missing << self.problem.missing_shift)
            if lowest >= self.key:
                break  # the others of this lot are no better
            row = self.rows[place]
            new = [units if units <= 0 else max(0, units - has) for units, has in zip(left, row, strict=True)]
            tried |= 1 << place
            self._grow((*group, place), key + self.least[place], new, missing, inside, tried)
        for place in self.holders[lot]:
            tried |= 1 << place
        missing += left[lot]
        new = [-1 if other == lot else units for other, units in enumerate(left)]
        inside -= self.inside[lot]
        if (missing << self.problem.missing_shift) + key + inside < self.key:
            self._grow(group, key, new, missing, inside, tried)

    def _free_holders(self, lot: int, tried: int) -> int:
        return sum(1 for place in self.holders[lot] if not tried >> place & 1)

    def _bound(self, open_lots: list[int], key: int, missing: int, inside: int, tried: int) -> int:
        """The least key of a plan that ships these lots as well, or gives up the cheapest of them to give up."""
        first = 0
        for lot in open_lots:
            for place in self.holders[lot]:
                if not tried >> place & 1:
                    first = max(first, self.least[place])
                    break
            else:
                return 0  # it has to be given up; the caller does that
        ships_all = key + first + inside + (missing << self.problem.missing_shift)
        if ships_all >= self.key:
            return ships_all
        want = sum([1 << lot for lot in open_lots])
        widest = self.widest.get(want)
        if widest is None:
            widest = self.widest[want] = max([(mask & want).bit_count() for mask in self._masks])
        more = -(-len(open_lots) // max(1, widest)) - 1
        return ships_all + more * self.least[self.order[0]]

    def _extend(self, group, key, left, missing, inside, tried) -> None:
        """One more node can still be better: two light parcels for a heavy one, or what the group could not ship."""
        floor = inside + (missing << self.problem.missing_shift)
        for place in self.order:
            if key + self.least[place] + floor >= self.key:
                break
            if not tried >> place & 1:
                tried |= 1 << place
                self._grow((*group, place), key + self.least[place], left, missing, inside, tried)

    # --- within a group -----------------------------------------------------------------------------------------------

    def _leaf(self, group: tuple[int, ...], lacking: int, key: int) -> None:
        """The best plan of exactly these nodes."""
        if self.is_by_group:
            key += lacking << self.problem.missing_shift
            if key < self.key:
                self.key, self.missing, self.group = key, lacking, group
            return
        nearest_first = sorted(group, key=self._nearness)
        lots = sorted(range(self.count), key=lambda lot: sum(1 for place in group if self.rows[place][lot]))
        if self.has_contested:
            self.cut = True
        # Of few units every way is tried; of more, whoever comes first takes what several want.
        for turn in (lots, lots[::-1]) if self.has_contested else (lots,):
            used: dict[int, dict[int, int]] = {place: {} for place in group}
            self._share(turn, 0, nearest_first, {place: {} for place in group}, used, 0, 0)

    def _nearness(self, place: int) -> tuple:
        distance = self.problem.look.distance(self.problem.nodes[place])
        return (distance is None, distance, place)

    def _share(self, lots, depth, group, gives, used, missing, divided) -> None:
        """Every way to place the lots from ``depth`` on."""
        self.work_left -= 1
        if missing << self.problem.missing_shift >= self.key:
            return
        if self.work_left < (0 if self.gives else -WORK_MAX):
            self.cut = True
            return
        if depth == len(lots):
            self._weigh(gives, missing, divided)
            return
        lot = lots[depth]
        quantity = self.problem.quantities[lot]
        for parts in self._ways(lot, quantity, group, used):
            for place, units in parts:
                gives[place][lot] = units
            if self.problem.is_shared:
                self._use(used, lot, parts, 1)
            shipped = sum(units for _place, units in parts)
            more = divided + max(0, len(parts) - 1)
            self._share(lots, depth + 1, group, gives, used, missing + quantity - shipped, more)
            for place, _units in parts:
                del gives[place][lot]
            if self.problem.is_shared:
                self._use(used, lot, parts, -1)

    def _use(self, used, lot: int, parts, sign: int) -> None:
        for place, units in parts:
            for product, need in needs_of(self.problem.lots, {lot: units}).items():
                used[place][product] = used[place].get(product, 0) + sign * need

    def _ways(self, lot: int, quantity: int, group, used) -> Iterator[tuple[tuple[int, int], ...]]:
        """Whole from one node if one has it, else divided; where a plan can turn out to be impossible, also other ways."""
        shelves = [(place, self._has(place, lot, used)) for place in group]
        shelves = [(place, units) for place, units in shelves if units]
        whole = [place for place, units in shelves if units >= quantity]
        divisible, may_fail = self.problem.lots[lot].divisible, self.problem.may_fail
        for place in whole:
            yield ((place, quantity),)
        if shelves and divisible and (may_fail or not whole):
            yield from self._divisions(shelves, quantity)
        if may_fail and shelves and divisible and quantity <= SMALL and quantity % UNIT == 0:
            for less in range(quantity - UNIT, 0, -UNIT):
                yield from _compositions(shelves, less)
        if may_fail or not shelves:
            yield ()

    def _divisions(self, shelves, quantity: int) -> Iterator[tuple[tuple[int, int], ...]]:
        """All of it, or all there is: every way for a few units; else each node gives all that it has, but the last one."""
        there = sum(units for _place, units in shelves)
        if there <= quantity:
            yield tuple(shelves)
        elif quantity <= SMALL and len(shelves) <= DIVIDE_MAX and all(units % UNIT == 0 for _place, units in shelves):
            yield from _compositions(shelves, quantity)
        else:
            self.cut = self.cut or len(shelves) > DIVIDE_MAX
            ways = permutations(shelves) if len(shelves) <= DIVIDE_MAX else (shelves, shelves[::-1])
            yield from dict.fromkeys(tuple(sorted(self._fill(way, quantity))) for way in ways)

    @staticmethod
    def _fill(shelves, quantity: int) -> Iterator[tuple[int, int]]:
        for place, units in shelves:
            part = min(units, quantity)
            if part:
                yield place, part
                quantity -= part

    def _has(self, place: int, lot: int, used) -> int:
        units = self.rows[place][lot]
        if not units or not self.problem.is_shared:
            return units
        stock, taken = self.problem.stock[place], used[place]
        return min(units, self.problem.lots[lot].most(lambda product: stock[product] - taken.get(product, 0)))

    def _weigh(self, gives: dict[int, Gives], missing: int, divided: int) -> None:
        """Take this plan if it is possible, and better than the best."""
        problem = self.problem
        key = missing << problem.missing_shift
        if problem.cost_shift is not None and divided:
            key += problem.coster.line_split * divided << problem.cost_shift
        shipped = {place: given for place, given in gives.items() if given}
        if problem.least_value and not self._is_worth_it(shipped, missing):
            return
        for place, given in shipped.items():
            found = problem.shipment(place, given)
            if found is None:
                return
            key += problem.base(place) + found[0]
            if key >= self.key:
                return
        if key < self.key:
            self.key, self.missing = key, missing
            self.gives = {place: dict(given) for place, given in shipped.items()}
            self.group = tuple(shipped)

    def _is_worth_it(self, shipped: dict[int, Gives], missing: int) -> bool:
        """Whether every shipment, and what is left over, has the least value; all from one node always has."""
        if not missing and len(shipped) == 1:
            return True
        values = [self.problem.coster.contents(given)[2] for given in shipped.values()]
        everything = sum(lot.value for lot in self.problem.lots)
        if missing:
            values.append(everything - sum(values))
        return all(value >= self.problem.least_value for value in values)


def _compositions(shelves: Sequence[tuple[int, int]], quantity: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Every way to take so many whole units from the shelves."""
    if not quantity:
        yield ()
    elif shelves:
        (place, units), others = shelves[0], shelves[1:]
        for part in range(min(units, quantity) // UNIT * UNIT, -1, -UNIT):
            for rest in _compositions(others, quantity - part):
                yield ((place, part), *rest) if part else rest
