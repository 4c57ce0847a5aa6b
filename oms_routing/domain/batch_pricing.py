"""The best way to serve orders at prices of what they share: exact, so that it proves a lower bound."""

from __future__ import annotations

from .batch_arrays import EPSILON, Arrays, Column


class Pricing:
    """Some orders of a batch, with the room that is left for them."""

    def __init__(self, arrays: Arrays, orders, room):
        """:param room: by row, what is left for these orders, all others served."""
        np = self.np = arrays.np
        self.arrays = arrays
        self.room = room
        rows_of: dict[int, list[int]] = {}
        of_group = {}
        for order in orders:
            group, row = arrays.place[order]
            rows_of.setdefault(id(group), []).append(row)
            of_group[id(group)] = group
        self._parts = []
        for key, group in of_group.items():
            rows = np.array(rows_of[key])
            cost = group.cost[:, rows].copy()
            self._forbid(group, rows, cost)
            # States first: what the tables are joined by.
            cost = np.concatenate([cost, group.waiting[rows][None]]).transpose(2, 0, 1)
            self._parts.append((group, rows, np.ascontiguousarray(cost)))
        self.see_added(room)

    def see_added(self, room):
        """Rows were added to what is shared.

        :param room: with them, what is left for these orders.
        """
        np, arrays = self.np, self.arrays
        self.room = room
        entries = np.array(arrays.entries).reshape(-1, 5)
        row, order, slot, state = entries[:, :4].astype(int).T
        self._added = []
        for group, rows, cost in self._parts:
            place = np.full(len(arrays.place), -1)
            place[group.orders[rows]] = np.arange(len(rows))
            here = place[order] >= 0
            where = np.ravel_multi_index((state[here], slot[here], place[order[here]]), cost.shape)
            self._added.append((where, row[here], entries[here, 4]))

    def _forbid(self, group, rows, cost):
        """Nothing leaves a node that has no capacity, and no state that its stock does not cover."""
        np, arrays = self.np, self.arrays
        nodes = group.nodes[:, rows]
        cost[self.room[nodes] < 1 - EPSILON, 1:] = np.inf
        needs = group.needs(rows)
        for content, item in enumerate(group.products[rows].T):
            there = self.room[arrays.stock_row(nodes, item)] + EPSILON  # slots x orders
            cost[there[:, :, None] < needs[None, :, content]] = np.inf
        cost[:, :, 0] = 0.0

    def best(self, prices, limits=None):
        """The best way of each order at these prices.

        :param prices: by row of what is shared; none below zero.
        :param limits: by order, only ways that cost less than this are told; None for all.
        :return: (sum of the least costs, less the price of all the room: no plan for these orders costs less; columns)
        """
        np, arrays = self.np, self.arrays
        bound, columns = -float((prices * self.room).sum()), []
        for (group, rows, cost), (where, added, amounts) in zip(self._parts, self._added, strict=True):
            priced = cost.copy()
            nodes = group.nodes[:, rows]
            of_content = np.stack([prices[arrays.stock_row(nodes, item)] for item in group.products[rows].T])
            of_want = np.einsum("owc,cno->wno", group.quantities[rows], of_content)
            states = group.shape.states
            priced[:, :-1] += (states @ of_want.reshape(len(of_want), nodes.size)).reshape(len(states), *nodes.shape)
            priced[1:, :-1] += prices[nodes]
            np.add.at(priced.reshape(-1), where, prices[added] * amounts)
            levels = group.shape.join(priced)
            least = levels[-1][-1, 0]
            bound += float(least.sum())
            for position, row in enumerate(rows):
                order = int(group.orders[row])
                if limits is None or least[position] < limits[order]:
                    found = group.shape.trace(levels, position)
                    sent = ((int(nodes[slot, position]), s) for slot, s in found if slot < len(nodes))
                    columns.append(Column(order, tuple(sent)))
        return bound, columns
