"""A batch as arrays, and the best way to serve each order at given prices of scarce stock and capacity.

An order's *states* are all the counts of its wants, from nothing to everything: three chairs and a table have 4 x 2. What
a node sends of an order is a state, and so is what waits; the best way to serve the order is the cheapest choice of one
state for each node whose sum is everything. Two nodes together do every state at the cheapest way to share it out, four
are two times two, and so on (:meth:`Shape.join`): exact, and for all orders with the same counts at once.
"""

from __future__ import annotations

from itertools import product, zip_longest
from typing import Any, NamedTuple

from .batch_model import Instance, Order, Parcel

#: Quantities are compared as floats.
EPSILON = 1e-9


class Column(NamedTuple):
    """A way to serve one order: (node position, state) of each parcel, by node. What is in none waits."""

    order: int
    parcels: tuple[tuple[int, int], ...]


class Shape:
    """What orders with the same counts of wants have in common.

    :ivar states: states x wants, the counts; the first state is nothing, the last everything.
    """

    def __init__(self, np, times: tuple[int, ...]):
        self.np = np
        self.states = np.array(list(product(*(range(count + 1) for count in times))), dtype=float)
        # What can be taken of each state, in the sequence of states: what is left stands as far behind as what is taken.
        whole, self._taken = np.nonzero((self.states[:, None] >= self.states).all(axis=2))
        self._left = whole - self._taken
        self._starts = np.searchsorted(whole, np.arange(len(self.states) + 1))

    def join(self, costs) -> list:
        """The tables of least cost, from one node each to all nodes together.

        :param costs: states x nodes x orders; waiting is a node as well.
        """
        np = self.np
        levels = [costs]
        while levels[-1].shape[1] > 1:
            table = levels[-1]
            pairs = table.shape[1] // 2 * 2
            shared = table[:, 0:pairs:2].take(self._taken, axis=0)
            shared += table[:, 1:pairs:2].take(self._left, axis=0)
            joined = np.minimum.reduceat(shared, self._starts[:-1], axis=0)
            levels.append(np.concatenate([joined, table[:, pairs:]], axis=1))
        return levels

    def trace(self, levels, row: int) -> list[tuple[int, int]]:
        """(node, state) of the best way to serve one order, as :meth:`join` found it."""
        found, todo = [], [(len(levels) - 1, 0, len(self.states) - 1)]
        while todo:
            level, node, state = todo.pop()
            if not state:
                continue
            if not level:
                found.append((node, state))
                continue
            table = levels[level - 1]
            if 2 * node + 1 >= table.shape[1]:
                todo.append((level - 1, 2 * node, state))
                continue
            parts = slice(self._starts[state], self._starts[state + 1])
            taken, left = self._taken[parts], self._left[parts]
            best = int((table[taken, 2 * node, row] + table[left, 2 * node + 1, row]).argmin())
            todo += [(level - 1, 2 * node, int(taken[best])), (level - 1, 2 * node + 1, int(left[best]))]
        return sorted(found)


class Group:
    """Orders of one shape, as arrays. Each order has its own slots: the nodes that have any of its goods.

    :ivar orders: their positions. :ivar nodes: slots x orders: the node's position; the slots that are too many are -1.
    :ivar cost: slots x orders x states: the cheapest parcel, infinite where there is none; ``way`` is what makes it.
    :ivar waiting: orders x states: what it costs if the state waits.
    :ivar products: orders x contents: positions of the products. :ivar quantities: orders x wants x contents: how much of
        each product a want takes once.
    """

    def __init__(self, shape: Shape):
        self.shape = shape
        self.orders: Any = []
        self.nodes: Any = []
        self.cost: Any = []
        self.way: Any = []
        self.waiting: Any = []
        self.products: Any = []
        self.quantities: Any = []

    def needs(self, rows):
        """orders x contents x states: how much of each product a state takes."""
        return self.quantities[rows].transpose(0, 2, 1) @ self.shape.states.T


class Arrays:
    """The instance by positions instead of ids. A row of what is shared is a node's capacity, or its stock of a product.

    :ivar room: by row, what there is: first the capacity of each node, then the stock, node by node.
    """

    def __init__(self, np, instance: Instance):
        self.np = np
        self.instance = instance
        self.nodes = list(dict.fromkeys(way.node for order in instance.orders for way in order.ways))
        wants = [want for order in instance.orders for want in order.wants]
        self.products = list(dict.fromkeys(item for want in wants for item, _quantity in want.contents))
        self._node_at = {node: position for position, node in enumerate(self.nodes)}
        self._product_at = {item: position for position, item in enumerate(self.products)}
        self.room = self._room()
        self.groups: list[Group] = []
        #: By order: its group and its row there, and {node position: its slot}.
        self.place: list[tuple[Group, int]] = []
        self.slot: list[dict[int, int]] = []
        #: By order: the positions of its wants in the sequence that states count them.
        self.sorted: list[list[int]] = []
        self._lay_out()
        #: Rows that were added: of each parcel, (order, node, state), what it takes of which; and the same as a list of
        #: (row, order, slot, state, amount).
        self.added: dict[tuple[int, int, int], list[tuple[int, float]]] = {}
        self.entries: list[tuple[int, int, int, int, float]] = []

    def stock_row(self, nodes, products):
        return len(self.nodes) + nodes * len(self.products) + products

    def add_row(self, node, room, parcels):
        """One more row that parcels of a node share.

        :param parcels: [(order, state, how much of it the parcel takes)]
        """
        row = len(self.room)
        self.room = self.np.append(self.room, room)
        for order, state, amount in parcels:
            self.added.setdefault((order, node, state), []).append((row, amount))
            self.entries.append((row, order, self.slot[order][node], state, amount))

    def _room(self):
        np, instance = self.np, self.instance
        stock = np.zeros((len(self.nodes), len(self.products)))
        for (node, item), quantity in instance.stock.items():
            if node in self._node_at and item in self._product_at:
                stock[self._node_at[node], self._product_at[item]] = max(0.0, float(quantity))
        # No more parcels than orders can leave a node, and a number is easier to compute with than infinity.
        most = len(instance.orders)
        capacity = [float(min(most, max(0, instance.capacity.get(node, most)))) for node in self.nodes]
        return np.concatenate([capacity, stock.ravel()])

    def _lay_out(self):
        np = self.np
        groups: dict[tuple, Group] = {}
        shapes: dict[tuple, Shape] = {}
        for position, order in enumerate(self.instance.orders):
            # Sorted by their times, so that more orders are of one shape.
            self.sorted.append(sorted(range(len(order.wants)), key=lambda want: (-order.wants[want].times, want)))
            wants = [order.wants[want] for want in self.sorted[-1]]
            times = tuple(want.times for want in wants)
            products, quantities = self._contents(wants)
            penalties = np.array([want.penalty for want in wants])
            shape = shapes.get(times) or shapes.setdefault(times, Shape(np, times))
            kind = (times, len(products))
            group = groups.get(kind) or groups.setdefault(kind, Group(shape))
            self.place.append((group, len(group.orders)))
            group.orders.append(position)
            group.waiting.append(shape.states @ penalties)
            group.products.append(products)
            group.quantities.append(quantities)
            cost, way = self._parcels(order, self.sorted[-1], shape)
            self._forbid_unstocked(group, cost)
            useful = np.flatnonzero(np.isfinite(cost[:, 1:]).any(axis=1))
            self.slot.append({int(node): slot for slot, node in enumerate(useful)})
            group.nodes.append(useful)
            group.cost.append(cost[useful])
            group.way.append(way[useful])
        self.groups = list(groups.values())
        for group in self.groups:
            self._pack(group)

    def _contents(self, wants):
        """(products that are in the wants, wants x products: how much each takes once)"""
        products = list(dict.fromkeys(self._product_at[item] for want in wants for item, _quantity in want.contents))
        quantities = self.np.zeros((len(wants), len(products)))
        for position, want in enumerate(wants):
            for item, quantity in want.contents:
                quantities[position, products.index(self._product_at[item])] += float(quantity)
        return products, quantities

    def _forbid_unstocked(self, group, cost):
        """No state of the group's last order at a node that has not all of it, or that takes no parcel."""
        np = self.np
        node_count = len(self.nodes)
        stock = self.room[node_count:].reshape(node_count, len(self.products))
        needs = group.shape.states @ group.quantities[-1]
        short = (stock[:, group.products[-1]][:, None] + EPSILON < needs[None]).any(axis=2)
        cost[short] = np.inf
        cost[self.room[:node_count] < 1 - EPSILON, 1:] = np.inf

    def _pack(self, group):
        np = self.np
        slots, size = max(map(len, group.nodes)), len(group.orders)
        nodes, cost = np.full((slots, size), -1), np.full((slots, size, len(group.shape.states)), np.inf)
        cost[:, :, 0] = 0.0
        way = np.zeros(cost.shape, dtype=int)
        for row, useful in enumerate(group.nodes):
            nodes[: len(useful), row] = useful
            cost[: len(useful), row] = group.cost[row]
            way[: len(useful), row] = group.way[row]
        group.nodes, group.cost, group.way = nodes, cost, way
        for name in ("orders", "waiting", "products", "quantities"):
            setattr(group, name, np.array(getattr(group, name)))

    def _parcels(self, order: Order, positions, shape: Shape):
        """nodes x states: what the cheapest parcel costs, and the position of the way that makes it."""
        np = self.np
        cost = np.full((len(self.nodes), len(shape.states)), np.inf)
        cost[:, 0] = 0.0
        chosen = np.zeros(cost.shape, dtype=int)
        if not order.ways:
            return cost, chosen
        weight = shape.states @ np.array([order.wants[want].weight for want in positions])
        volume = shape.states @ np.array([order.wants[want].volume for want in positions])
        kinds = {(way.steps, way.per_kg, way.divisor) for way in order.ways}
        tables = {kind: self._by_weight(kind, weight, volume) for kind in kinds}
        price = np.array([tables[way.steps, way.per_kg, way.divisor] for way in order.ways])
        price += np.array([way.fixed for way in order.ways])[:, None]
        nothing = (0.0,) * len(order.wants)
        added = np.array([way.per_want or nothing for way in order.ways], dtype=float)[:, positions]  # None becomes nan
        once = np.array([way.per_line or nothing for way in order.ways], dtype=float)[:, positions]
        refused = np.isnan(added) @ shape.states.T > 0
        price += np.nan_to_num(added) @ shape.states.T + once @ (shape.states > 0).T
        price[refused] = np.inf
        of_node: dict[int, list[int]] = {}
        for position, way in enumerate(order.ways):
            of_node.setdefault(self._node_at[way.node], []).append(position)
        for alike in zip_longest(*of_node.values()):  # the first way of every node, the second …
            ways = np.array([way for way in alike if way is not None])
            nodes = np.array([node for node, way in zip(of_node, alike, strict=True) if way is not None])
            cheaper = price[ways, 1:] < cost[nodes, 1:]
            cost[nodes, 1:] = np.where(cheaper, price[ways, 1:], cost[nodes, 1:])
            chosen[nodes, 1:] = np.where(cheaper, ways[:, None], chosen[nodes, 1:])
        return cost, chosen

    def _by_weight(self, key, weight, volume):
        np = self.np
        steps, per_kg, divisor = key
        if not steps:
            return per_kg * weight
        limits, prices = zip(*steps, strict=True)
        counted = np.maximum(weight, volume / divisor) if divisor else weight
        return per_kg * weight + np.array([*prices, np.inf])[np.searchsorted(np.array(limits), counted - EPSILON)]

    def cost(self, column: Column) -> float:
        """Of its parcels, and of what waits."""
        (group, row), slot = self.place[column.order], self.slot[column.order]
        states, wants = group.shape.states, self.instance.orders[column.order].wants
        left = states[-1] - sum(states[state] for _node, state in column.parcels)
        waits = sum(
            float(times) * wants[want].penalty for want, times in zip(self.sorted[column.order], left, strict=True)
        )
        return waits + sum(float(group.cost[slot[node], row, state]) for node, state in column.parcels)

    def all_columns(self, order: int, most: int) -> list[Column] | None:
        """Every way to serve an order, or None if there are more than ``most``."""
        (group, row), states = self.place[order], self.place[order][0].shape.states
        found = [((), states[-1])]
        for node, slot in self.slot[order].items():
            costs = group.cost[slot, row]
            for parcels, left in list(found):
                fitting = self.np.flatnonzero((states <= left).all(axis=1) & self.np.isfinite(costs))
                found += [((*parcels, (node, int(state))), left - states[state]) for state in fitting if state]
                if len(found) > most:
                    return None
        return [Column(order, parcels) for parcels, _left in found]

    def uses(self, column: Column):
        """(rows, how much of each) that the column takes of what is shared."""
        group, row = self.place[column.order]
        rows, amounts = [], []
        for node, state in column.parcels:
            rows.append(node)
            amounts.append(1.0)
            taken = group.shape.states[state] @ group.quantities[row]
            for item, amount in zip(group.products[row], taken, strict=True):
                if amount:
                    rows.append(int(self.stock_row(node, item)))
                    amounts.append(float(amount))
            for added, amount in self.added.get((column.order, node, state), ()):
                rows.append(added)
                amounts.append(amount)
        return rows, amounts

    def parcels(self, column: Column) -> tuple[Parcel, ...]:
        """The column as the caller understands it."""
        (group, row), slot = self.place[column.order], self.slot[column.order]
        order = self.instance.orders[column.order]
        parcels = []
        for node, state in column.parcels:
            counts = dict(zip(self.sorted[column.order], map(int, group.shape.states[state]), strict=True))
            parcels.append(
                Parcel(
                    node=self.nodes[node],
                    service=order.ways[group.way[slot[node], row, state]].service,
                    counts=tuple(counts[want] for want in range(len(counts))),
                    cost=float(group.cost[slot[node], row, state]),
                )
            )
        return tuple(parcels)
