"""The ways to serve orders that were found so far, and linear and integer programs over some of them."""

from __future__ import annotations

from .batch_arrays import EPSILON, Arrays, Column


class Pool:
    """Columns with their costs and what they use, as arrays; a column's number is its position."""

    def __init__(self, arrays: Arrays):
        self.arrays = arrays
        self.np = arrays.np
        self.columns: list[Column] = []
        self.number: dict[Column, int] = {}
        self._cost: list[float] = []
        self._owner: list[int] = []
        self._uses: list[tuple[list[int], list[float]]] = []
        self._row_count = len(arrays.room)
        self._frozen = None

    def add(self, columns) -> list[int]:
        """Their numbers; of those only that were not there."""
        new = []
        for column in columns:
            if column in self.number:
                continue
            self.number[column] = len(self.columns)
            new.append(len(self.columns))
            self.columns.append(column)
            self._cost.append(self.arrays.cost(column))
            self._owner.append(column.order)
            self._uses.append(self.arrays.uses(column))
        if new:
            self._frozen = None
        return new

    def see_added(self, room):
        """Rows were added to what is shared: what do the columns take of them?

        :param room: with them.
        """
        added, first, self._row_count = self.arrays.added, self._row_count, len(room)
        for column, (rows, amounts) in zip(self.columns, self._uses, strict=True):
            for parcel in column.parcels:
                for row, amount in added.get((column.order, *parcel), ()):
                    if row >= first:
                        rows.append(row)
                        amounts.append(amount)
        self._frozen = None

    def _arrays(self):
        """(cost, owner, rows, amounts, starts) of all columns."""
        if self._frozen is None:
            np = self.np
            lengths = [len(rows) for rows, _amounts in self._uses]
            self._frozen = (
                np.array(self._cost),
                np.array(self._owner),
                np.array([row for rows, _amounts in self._uses for row in rows], dtype=int),
                np.array([amount for _rows, amounts in self._uses for amount in amounts], dtype=float),
                np.concatenate([[0], np.cumsum(lengths, dtype=int)]),
            )
        return self._frozen

    def entries(self, numbers):
        """(cost, owner, rows, amounts, starts) of these columns."""
        np = self.np
        cost, owner, rows, amounts, starts = self._arrays()
        numbers = np.asarray(numbers, dtype=int)
        lengths = starts[numbers + 1] - starts[numbers]
        begins = np.concatenate([[0], np.cumsum(lengths)])
        flat = np.arange(begins[-1]) - np.repeat(begins[:-1] - starts[numbers], lengths)
        return cost[numbers], owner[numbers], rows[flat], amounts[flat], begins

    def used(self, numbers):
        """By row, what these columns take together."""
        np = self.np
        _cost, _owner, rows, amounts, _begins = self.entries(numbers)
        return np.bincount(rows, weights=amounts, minlength=len(self.arrays.room))

    def fitting(self, orders, room):
        """The columns of these orders, each of which would fit if it were alone."""
        np = self.np
        _cost, owner, _rows, _amounts, _starts = self._arrays()
        wanted = np.zeros(len(self.arrays.place), dtype=bool)
        wanted[list(orders)] = True
        numbers = np.flatnonzero(wanted[owner])
        _cost, _owner, rows, amounts, begins = self.entries(numbers)
        too_much = np.concatenate([[0], np.cumsum(amounts > room[rows] + EPSILON)])
        return numbers[too_much[begins[1:]] == too_much[begins[:-1]]]

    def of_order(self, order):
        return self.np.flatnonzero(self._arrays()[1] == order)

    def reduced_costs(self, numbers, of_order, prices):
        """What each column costs more than its order's share in the linear optimum."""
        np = self.np
        cost, owner, rows, amounts, begins = self.entries(numbers)
        paid = np.concatenate([[0.0], np.cumsum(amounts * prices[rows])])
        return cost - of_order[owner] + paid[begins[1:]] - paid[begins[:-1]]


class Program:
    """Choose one column for each order within the room, at least cost: as a linear program that grows."""

    def __init__(self, highspy, pool: Pool, orders, room):
        np = self.np = pool.np
        self.pool = pool
        self.highspy = highspy
        self.room = room
        self._order_at = np.full(len(pool.arrays.place), -1)
        self._order_at[np.array(orders)] = np.arange(len(orders))
        self.orders = np.array(orders)
        self._row_at = np.full(len(room), -1)
        self._rows: list[int] = []
        self.numbers: list[int] = []
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("threads", 1)
        self.solver.setOptionValue("simplex_strategy", 4)  # primal: columns are added, what was found stays feasible
        self._add_rows(np.ones(len(orders)), np.ones(len(orders)))

    def _add_rows(self, lower, upper):
        np = self.np
        nothing = np.array([], dtype=np.int32)
        begins = np.zeros(len(lower), dtype=np.int32)
        self.solver.addRows(len(lower), lower, upper, 0, begins, nothing, np.array([]))

    def add(self, numbers):
        np = self.np
        if not len(numbers):
            return
        cost, owner, rows, amounts, begins = self.pool.entries(numbers)
        new_rows = np.unique(rows[self._row_at[rows] < 0])
        if len(new_rows):
            self._row_at[new_rows] = len(self.orders) + len(self._rows) + np.arange(len(new_rows))
            self._rows += new_rows.tolist()
            self._add_rows(np.full(len(new_rows), -self.highspy.kHighsInf), self.room[new_rows])
        # Each column has a one in the row of its order, and then what it uses.
        index = np.insert(self._row_at[rows], begins[:-1], self._order_at[owner]).astype(np.int32)
        value = np.insert(amounts, begins[:-1], 1.0)
        starts = (begins[:-1] + np.arange(len(cost))).astype(np.int32)
        count = len(cost)
        self.solver.addCols(
            count, cost, np.zeros(count), np.ones(count) * self.highspy.kHighsInf, len(index), starts, index, value
        )
        self.numbers += list(numbers)

    def see_added(self, room):
        """Rows were added to what is shared.

        :param room: with them.
        """
        np = self.np
        first, self.room = len(self.room), room
        self._row_at = np.concatenate([self._row_at, len(self.orders) + len(self._rows) + np.arange(len(room) - first)])
        self._rows += range(first, len(room))
        _cost, _owner, rows, amounts, begins = self.pool.entries(self.numbers)
        column = np.repeat(np.arange(len(self.numbers), dtype=np.int32), np.diff(begins))
        new = np.flatnonzero(rows >= first)
        new = new[np.argsort(rows[new], kind="stable")]
        starts = np.searchsorted(rows[new], np.arange(first, len(room))).astype(np.int32)
        self.solver.addRows(
            len(starts),
            np.full(len(starts), -self.highspy.kHighsInf),
            room[first:],
            len(new),
            starts,
            column[new],
            amounts[new],
        )

    def solve(self, seconds):
        """(cost, by order its share of it, by row its price, how much of each column), or None if time ran out."""
        np = self.np
        if seconds <= 0:
            return None
        self.solver.setOptionValue("time_limit", self.solver.getRunTime() + seconds)
        self.solver.run()
        if self.solver.getModelStatus() != self.highspy.HighsModelStatus.kOptimal:
            return None
        solution = self.solver.getSolution()
        duals = np.array(solution.row_dual)
        of_order = np.zeros(len(self._order_at))
        of_order[self.orders] = duals[: len(self.orders)]
        prices = np.zeros(len(self.room))
        prices[self._rows] = np.maximum(0.0, -duals[len(self.orders) :])
        return self.solver.getObjectiveValue(), of_order, prices, np.array(solution.col_value)

    def choose(self, start, seconds, tree_nodes, seed, gap):
        """(numbers of the best columns that were found, one for each order; what no choice costs less than), or None if
        there was no time.

        :param start: numbers of columns that fit, to start from. :param gap: near enough, as a share of the cost.
        """
        np, solver, count = self.np, self.solver, len(self.numbers)
        if seconds <= 0:
            return None
        kind = self.highspy.HighsVarType.kInteger
        solver.changeColsIntegrality(count, np.arange(count, dtype=np.int32), np.array([kind] * count))
        solver.setOptionValue("time_limit", solver.getRunTime() + seconds)
        solver.setOptionValue("mip_max_nodes", tree_nodes)
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("random_seed", seed)
        begin = self.highspy.HighsSolution()
        begin.col_value = np.isin(self.numbers, start).astype(float).tolist()
        solver.setSolution(begin)
        solver.run()
        values = np.array(solver.getSolution().col_value)
        if len(values) != count:
            return None
        return np.array(self.numbers)[values > 0.5].tolist(), solver.getInfo().mip_dual_bound
