"""How a batch is taken apart: prices of what is scarce, a first plan from them, and parts that are solved again.

One program over all orders, lines, nodes and services is too large. Here a linear program chooses among the ways that are
known for each order; its prices of scarce stock and capacity lead to better ways, order by order and exactly, until there
are none (column generation). At every price the sum of all orders' best ways, less the price of the room, is a lower bound.
Rows that the linear program overlooks at a node are added on the way (``batch_cuts.py``): they raise the bound, and with them
the solver closes a choice among the few best ways of all orders at once. The first plan fixes what the linear program is
sure of and asks again about the rest; then comes that choice; then some orders that stand in each other's way are freed at a
time, and the solver closes that part over more ways.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .batch_arrays import EPSILON, Column
from .batch_cuts import Cuts
from .batch_model import PROVEN, PROVEN_GAP, TIME, WORK, Instance, Limits, Plan
from .batch_pool import Pool, Program
from .batch_pricing import Pricing
from .batch_solver import Solver

#: Prices move this much from the best known to those of the last linear program: without, they swing.
STEP = 0.4
#: What programs use may be above the room by so much: less than the rounding of any unit of measure.
TOLERANCE = 1e-7
#: New ways count if they are cheaper by more than this; less is rounding of the linear program.
CHEAPER = 1e-6
#: The prices are good enough where the linear program is so near to the bound.
PRICES_GAP = 5e-4
#: The same for a part, and at most so many rounds.
PART_GAP, PART_ROUNDS = 3e-3, 4
#: Of the first plan: what the linear program is so sure of is fixed, and in each round at least this share of the rest.
SURE, FIXED_SHARE = 0.8, 0.15
#: Orders of the first parts, ways of one that are looked at for what stands in their way, and orders freed for one such
#: thing.
PART_ORDERS, WISHES, HOLDERS = 70, 3, 6
#: A part that gains less than this share of the cost is too small: the next ones have so many times its orders, up to these.
LITTLE, GROWTH, PART_MOST = 2e-4, 1.4, 210
#: Batches with no more orders, and so many ways for all together, are solved as one integer program over every way.
EXACT_ORDERS, EXACT_COLUMNS, EXACT_NODES = 12, 20_000, 20_000
#: An integer program may look at so many nodes of its tree, over so many columns.
TREE_NODES, PART_COLUMNS = 200, 1500
#: Rows are looked for a first time where the linear program is so near to the bound.
CUTS_GAP = 3e-3
#: A batch with no more orders is first solved as a whole, over so many ways of an order and then over more, up to this share
#: of the cost.
WHOLE_ORDERS, WHOLE_COLUMNS, WHOLE_GAP = 600, (3, 4), 1e-3
#: Of the time, prices may take this share, the first plan is there after this one, and what is solved as a whole after this.
PRICES_SHARE, START_SHARE, WHOLE_SHARE = 0.55, 0.75, 0.95


@dataclass
class Prices:
    """What a linear program said of some orders.

    :ivar bound: no plan for these orders in this room costs less. :ivar cost: of the linear program.
    :ivar of_order: by order, its share. :ivar of_row: by row of what is shared. :ivar chosen: [(column number, share)]
    """

    bound: float
    best: object
    cost: float
    of_order: object
    of_row: object
    chosen: list


class Search:
    """One batch being solved."""

    def __init__(
        self,
        solver: Solver,
        arrays,
        instance: Instance,
        limits: Limits,
        seed: int,
        clock: Callable[[], float],
        started: float,
    ):
        self.np, self.highspy = solver
        self.arrays = arrays
        self.orders = list(range(len(instance.orders)))
        self.limits = limits
        self.clock = clock
        self.started = started
        self.random = self.np.random.default_rng(seed)
        self.seed = seed
        self.pool = Pool(arrays)
        self.waiting = self.pool.add(Column(order, ()) for order in self.orders)
        self.out_of_time = False

    # --- the clock ---------------------------------------------------------------------------------------------------

    def left(self, share: float = 1.0) -> float:
        """Seconds until this share of the time is used up."""
        if self.limits.seconds is None:
            return self.highspy.kHighsInf
        return self.limits.seconds * share - (self.clock() - self.started)

    def is_late(self, share: float = 1.0) -> bool:
        late = self.left(share) <= 0
        self.out_of_time |= late
        return late

    # --- one order after the other -----------------------------------------------------------------------------------

    def in_turn(self, orders, room, prices=None) -> dict[int, int]:
        """Serve these orders one after the other, each at its best in the room that is left. {order: column number}"""
        room = room.copy()
        prices = self.np.zeros(len(room)) if prices is None else prices
        chosen = {}
        for order in orders:
            _bound, columns = Pricing(self.arrays, [order], room).best(prices)
            self.pool.add(columns)
            chosen[order] = self.pool.number[columns[0]]
            rows, amounts = self.arrays.uses(columns[0])
            room[rows] -= amounts
        return chosen

    def cost(self, chosen) -> float:
        return float(self.pool.entries(list(chosen.values()))[0].sum())

    # --- prices ------------------------------------------------------------------------------------------------------

    def find_prices(self, orders, room, gap, rounds, share=1.0, start=None, cuts: Cuts | None = None) -> Prices | None:
        """Column generation. None if there was no time for even one linear program.

        :param gap: prices are good enough where the linear program is so near to its bound, as a share of the cost.
        :param start: prices to begin with. :param cuts: adds rows that are overlooked; only for all orders together.
        """
        np, pool = self.np, self.pool
        pricing = Pricing(self.arrays, orders, room)
        program = Program(self.highspy, pool, orders, room)
        program.add(pool.fitting(orders, room))
        bound, best, found = -self.highspy.kHighsInf, start, None
        near = max(gap, CUTS_GAP) if cuts else gap  # the first rows are looked for sooner
        for _round in range(rounds):
            solved = program.solve(self.left(share))
            if solved is None:
                self.out_of_time = True
                break
            cost, of_order, of_row, values = solved
            chosen = [(number, value) for number, value in zip(program.numbers, values, strict=True) if value > CHEAPER]
            found = Prices(bound, best, cost, of_order, of_row, chosen)
            if self.is_late(share):
                break
            between = of_row if best is None else best + STEP * (of_row - best)
            lower, columns = pricing.best(between, of_order)
            new = pool.add(columns)
            if lower > bound:
                bound, best = lower, between
            is_optimal = False
            if not (len(new) and (pool.reduced_costs(new, of_order, of_row) < -CHEAPER).any()):
                lower, columns = pricing.best(of_row, of_order - CHEAPER)
                more = pool.add(columns)
                new += more
                if lower > bound:
                    bound, best = lower, of_row
                is_optimal = not more
            program.add(new)
            if is_optimal or cost - bound <= near * abs(cost):
                is_added = cuts is not None and cuts.add([(pool.columns[number], value) for number, value in chosen])
                if not is_added and (is_optimal or near == gap):
                    break
                near, room = gap, self.arrays.room
                if is_added:
                    for one in (pool, pricing, program):
                        one.see_added(room)
                    best = np.append(best, np.zeros(len(room) - len(best)))
        if found is not None:
            found.bound, found.best = bound, best
            found.of_row = np.append(found.of_row, np.zeros(len(room) - len(found.of_row)))
        return found

    # --- the first plan ----------------------------------------------------------------------------------------------

    def dive(self, prices: Prices) -> dict[int, int]:
        """Fix what the linear program is sure of, ask again about the rest in the room that is left, and so on."""
        chosen: dict[int, int] = {}
        room, free = self.arrays.room.copy(), self.orders
        while free:
            fixed = self._fix(prices.chosen, room, len(free))
            chosen |= fixed
            free = [order for order in free if order not in chosen]
            if not free:
                break
            room = self.np.maximum(0.0, self.arrays.room - self.pool.used(list(chosen.values())))
            found = None
            if fixed and not self.is_late(START_SHARE):
                found = self.find_prices(free, room, PART_GAP, PART_ROUNDS, START_SHARE)
            if found is None:
                return chosen | self.in_turn(free, room, prices.of_row)
            prices = found
        return chosen

    def _fix(self, wished, room, free_count):
        fixed: dict[int, int] = {}
        room = room.copy()
        for number, value in sorted(wished, key=lambda wish: (-wish[1], wish[0])):
            order = self.pool.columns[number].order
            if order in fixed:
                continue
            if value < SURE and len(fixed) >= max(3, FIXED_SHARE * free_count):
                break
            rows, amounts = self.arrays.uses(self.pool.columns[number])
            amounts = self.np.array(amounts)
            if (amounts <= room[rows] + EPSILON).all():
                room[rows] -= amounts
                fixed[order] = number
        return fixed

    # --- parts -------------------------------------------------------------------------------------------------------

    def improve(self, chosen, bound, prices: Prices) -> tuple[dict[int, int], str]:
        """Free some orders at a time and solve them again; never worse."""
        size = float(PART_ORDERS)
        for _round in range(self.limits.search_rounds):
            before = self.cost(chosen)
            if self.cost(chosen) - bound <= PROVEN_GAP * self.cost(chosen):
                return chosen, PROVEN
            if self.is_late():
                return chosen, TIME
            part = self._part(chosen, prices, int(size))
            room = self.arrays.room - self.pool.used([n for order, n in chosen.items() if order not in part])
            again = self._solve_part(part, {order: chosen[order] for order in part}, self.np.maximum(0.0, room), prices)
            if again:
                chosen = chosen | again
            if before - self.cost(chosen) < LITTLE * before:
                size = min(PART_MOST, size * GROWTH)
            if len(part) == len(self.orders) and not again:
                return chosen, TIME if self.is_late() else WORK
        return chosen, WORK

    def _part(self, chosen, prices: Prices, size: int):
        """Orders that pay most above their share, and those who hold what they would rather have."""
        np, pool = self.np, self.pool
        if len(self.orders) <= size:
            return set(self.orders)
        numbers = np.array([chosen[order] for order in self.orders])
        regret = pool.reduced_costs(numbers, prices.of_order, prices.of_row)
        weight = np.maximum(regret, 0.0) + 0.01
        seeds = self.random.choice(len(self.orders), size=size // 6, replace=False, p=weight / weight.sum())
        slack = self.arrays.room - pool.used(numbers)
        _cost, _owner, rows, _amounts, begins = pool.entries(numbers)
        holder = np.repeat(np.arange(len(numbers)), np.diff(begins))
        part: set[int] = set()
        for seed in seeds:
            part.add(int(seed))
            wishes = pool.of_order(int(seed))
            wishes = wishes[
                np.argsort(pool.reduced_costs(wishes, prices.of_order, prices.of_row), kind="stable")[:WISHES]
            ]
            _cost, _owner, wanted, amounts, _begins = pool.entries(wishes)
            for row in np.unique(wanted[amounts > slack[wanted] + EPSILON]):
                part.update(int(order) for order in self.random.permutation(holder[rows == row])[:HOLDERS])
            if len(part) >= size:
                break
        return part

    def _solve_part(self, part, chosen, room, prices: Prices):
        """A cheaper choice for these orders, or nothing."""
        orders, cost = sorted(part), self.cost(chosen)
        found = self.find_prices(orders, room, PART_GAP, PART_ROUNDS, start=prices.best)
        if found is None or cost - found.bound <= PROVEN_GAP * cost:
            return {}
        return self._choose(orders, chosen, room, found, PART_COLUMNS)

    def _choose(self, orders, chosen, room, prices: Prices, most: int, share: float = 1.0, gap: float = 0.0):
        """A cheaper choice for these orders among the ways that cost least at these prices, or nothing.

        :param most: of how many ways. :param gap: near enough, as a share of the cost.
        """
        np, pool = self.np, self.pool
        numbers = pool.fitting(orders, room)
        above = pool.reduced_costs(numbers, prices.of_order, prices.of_row)
        # A column that costs more than what there is to gain is in no better choice.
        worth = np.minimum(self.cost(chosen) - prices.cost, np.sort(above)[min(most, len(above)) - 1])
        numbers = numbers[(above <= worth + CHEAPER) | np.isin(numbers, list(chosen.values()))]
        program = Program(self.highspy, pool, orders, room)
        program.add(numbers)
        found = program.choose(list(chosen.values()), self.left(share), TREE_NODES, self.seed, gap)
        return self._better(found[0], chosen, room) if found else {}

    def _better(self, numbers, chosen, room):
        """The new choice if it is cheaper and fits, else nothing: a solver computes with tolerances."""
        better = {self.pool.columns[number].order: number for number in numbers}
        is_whole = better.keys() == chosen.keys() and len(numbers) == len(better)
        fits = is_whole and bool((self.pool.used(numbers) <= room + TOLERANCE).all())
        return better if fits and self.cost(better) < self.cost(chosen) - CHEAPER else {}

    def _exactly(self, chosen):
        """A small batch over every way there is: (choice, bound), or None if it is not small."""
        if len(self.orders) > EXACT_ORDERS:
            return None
        numbers = []
        for order in self.orders:
            columns = self.arrays.all_columns(order, EXACT_COLUMNS - len(numbers))
            if columns is None:
                return None
            self.pool.add(columns)
            numbers += [self.pool.number[column] for column in columns]
        program = Program(self.highspy, self.pool, self.orders, self.arrays.room)
        program.add(numbers)
        found = program.choose(list(chosen.values()), self.left(), EXACT_NODES, self.seed, 0.0)
        if found is None:
            return None
        return chosen | self._better(found[0], chosen, self.arrays.room), found[1]

    # --- all of it ---------------------------------------------------------------------------------------------------

    def run(self) -> Plan:
        room = self.arrays.room
        start = chosen = self.in_turn(self.orders, room)
        bound, stopped = Pricing(self.arrays, self.orders, room).best(self.np.zeros(len(room)))[0], TIME
        if exact := self._exactly(start):
            chosen, bound = exact[0], max(bound, exact[1])
            stopped = TIME if self.is_late() else WORK
        elif prices := self.find_prices(
            self.orders, room, PRICES_GAP, self.limits.price_rounds, PRICES_SHARE, cuts=Cuts(self.arrays)
        ):
            bound = max(bound, prices.bound)
            chosen = min(start, self.dive(prices), key=self.cost)
            if self.limits.search_rounds and PART_ORDERS < len(self.orders) <= WHOLE_ORDERS:
                for columns in WHOLE_COLUMNS:
                    most = columns * len(self.orders)
                    chosen |= self._choose(self.orders, chosen, self.arrays.room, prices, most, WHOLE_SHARE, WHOLE_GAP)
            chosen, stopped = self.improve(chosen, bound, prices)
        cost = self.cost(chosen)
        is_proven = cost - bound <= PROVEN_GAP * max(1.0, cost)
        return Plan(
            parcels=tuple(self.arrays.parcels(self.pool.columns[chosen[order]]) for order in self.orders),
            cost=cost,
            bound=cost if is_proven else bound,
            start_cost=self.cost(start),
            stopped=PROVEN if is_proven else TIME if self.out_of_time else stopped,
        )
