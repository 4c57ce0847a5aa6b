"""What a linear program overlooks at one node, as rows of their own.

A node has one mug, one pot and one lamp left, three orders want two of the three each. As a linear program each of them gets
half; in truth one order gets its two, and nobody else. The row "of mug, pot and lamp, half of what an order takes, rounded
down: together at most half of three, rounded down" says so (a Chvátal-Gomory cut). A parcel's share in such a row depends on the
parcel alone, so that it has its price like stock and capacity have, and the pricing of orders stays exact.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import NamedTuple

from .batch_arrays import EPSILON, Arrays, Column

#: A row is looked for only where the linear program breaks it by more than this; at most so many are added at once.
BROKEN, MOST_AT_ONCE = 0.02, 300


class Cut(NamedTuple):
    """``things``: positions of products at the node, and, as -1 - position, orders, each of which sends one parcel."""

    node: int
    things: frozenset[int]


class Cuts:
    """Finds rows that a linear program breaks, and adds them to what is shared."""

    def __init__(self, arrays: Arrays):
        self.arrays = arrays
        self._known: set[Cut] = set()
        self._taken: dict[tuple[int, int], dict[int, float]] = {}
        self._orders_of: dict[int, list[int]] = defaultdict(list)
        for order, (group, row) in enumerate(arrays.place):
            for item in group.products[row]:
                self._orders_of[int(item)].append(order)

    def add(self, chosen: list[tuple[Column, float]]) -> bool:
        """Add the rows that these shares of columns break; whether there are any."""
        taken: dict[int, dict[tuple[int, int], float]] = defaultdict(lambda: defaultdict(float))
        for column, share in chosen:
            for node, state in column.parcels:
                taken[node][column.order, state] += share
        broken = [found for node, parcels in taken.items() for found in self._broken(node, parcels)]
        broken.sort(key=lambda one: (-one[0], one[1].node, sorted(one[1].things)))
        for _by, cut in broken[:MOST_AT_ONCE]:
            self._known.add(cut)
            self.arrays.add_row(cut.node, self._room(cut), self._entries(cut))
        return bool(broken)

    def _broken(self, node, parcels):
        """[(by how much, cut)] of one node."""
        takes = {parcel: self._takes(*parcel) for parcel in parcels}
        slack = {thing: self._there(node, thing) for thing in set().union(*takes.values())}
        for parcel, share in parcels.items():
            for thing, amount in takes[parcel].items():
                slack[thing] -= share * amount
        beside = defaultdict(set)
        for parcel, share in parcels.items():
            if share < 1 - BROKEN:
                # The half of what is unused of all three is missing in the row that they make.
                tight = [thing for thing in takes[parcel] if slack[thing] < 1 - BROKEN]
                for one in tight:
                    beside[one].update(tight)
        triples = {
            frozenset((one, *pair))
            for one, others in beside.items()
            for pair in combinations(others - {one}, 2)
            if slack[one] + slack[pair[0]] + slack[pair[1]] < 1 - BROKEN
        }
        for cut in (Cut(node, some) for some in triples | {frozenset((one,)) for one in beside}):
            there = sum(self._there(node, thing) for thing in cut.things)
            room = int(there / 2 + EPSILON)
            if there - 2 * room < BROKEN or cut in self._known:
                continue
            used = 0.0
            for parcel, share in parcels.items():
                of_parcel = takes[parcel]
                used += share * int(sum([of_parcel[thing] for thing in cut.things if thing in of_parcel]) / 2 + EPSILON)
            if used > room + BROKEN:
                yield used - room, cut

    def _there(self, node, thing):
        return 1.0 if thing < 0 else float(self.arrays.room[self.arrays.stock_row(node, thing)])

    def _takes(self, order, state):
        """{thing: how much of it a parcel takes}"""
        if known := self._taken.get((order, state)):
            return known
        group, row = self.arrays.place[order]
        takes = {-1 - order: 1.0}
        for item, quantity in zip(group.products[row], group.shape.states[state] @ group.quantities[row], strict=True):
            if quantity:
                takes[int(item)] = takes.get(int(item), 0.0) + float(quantity)
        self._taken[order, state] = takes
        return takes

    def _room(self, cut):
        return float(int(sum(self._there(cut.node, thing) for thing in cut.things) / 2 + EPSILON))

    def _entries(self, cut):
        """[(order, state, amount)] of all parcels that have a part in the row."""
        np, arrays = self.arrays.np, self.arrays
        orders = {order for thing in cut.things for order in ([-1 - thing] if thing < 0 else self._orders_of[thing])}
        entries = []
        for order in sorted(orders):
            slot = arrays.slot[order].get(cut.node)
            if slot is None:
                continue
            group, row = arrays.place[order]
            inside = np.isin(group.products[row], list(cut.things))
            taken = group.shape.states @ group.quantities[row][:, inside].sum(axis=1)
            if -1 - order in cut.things:
                taken[1:] += 1
            amount = np.floor(taken / 2 + EPSILON)
            for state in np.flatnonzero((amount > 0) & np.isfinite(group.cost[slot, row])):
                entries.append((order, int(state), float(amount[state])))
        return entries
