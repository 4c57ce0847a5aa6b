"""Run by scripts/bench: orders that are sourced together against one after the other, and against one straight model that
is handed to the same solver for the same time. Prints JSON.

bench_batch.py CLOCK SECONDS SEEDS LINES NODES PARCELS [LINES NODES PARCELS …]

CLOCK is ``wall``, or ``cpu`` where others use the machine, too: then the seconds are of the processor. The solver only knows the
clock on the wall: its limits are as much longer as this process had to wait until then, and the straight model has as long
as ours took. With more SEEDS than one there is another batch of each size for each, and no straight model.
"""

import json
import sys
import time

import numpy as np

import conftest  # noqa: F401  (puts the add-ons where Python finds them)

# isort: split
import batches

from odoo.addons.oms_routing.domain import batch_search, batch_solver
from odoo.addons.oms_routing.domain.batch import solve
from odoo.addons.oms_routing.domain.batch_model import Limits
from odoo.addons.oms_routing.domain.batch_pool import Program


def straight(instance, seconds):
    """(cost, gap) of one model over all orders, wants, ways and steps; (None, None) if nothing was found.

    Each step of each way is a yes or no, the units of each want in each way are whole numbers.
    """
    highspy = batch_solver.load().highspy
    inf = highspy.kHighsInf
    cost, upper, rows, index, value, starts = [], [], {}, [], [], []

    def row(key, low, high):
        if key not in rows:
            rows[key] = (len(rows), low, high)
        return rows[key][0]

    def column(price, most, entries):
        starts.append(len(index))
        cost.append(price)
        upper.append(most)
        for key, low, high, amount in entries:
            index.append(row(key, low, high))
            value.append(amount)

    for number, order in enumerate(instance.orders):
        for position, want in enumerate(order.wants):
            column(want.penalty, want.times, [(("want", number, position), want.times, want.times, 1.0)])
        for way_number, way in enumerate(order.ways):
            there = [instance.stock.get((way.node, want.contents[0][0]), 0) for want in order.wants]
            if not any(there):
                continue
            key = (number, way_number)
            heaviest = sum(want.weight * want.times for want in order.wants)
            for limit, price in way.steps or ((heaviest, 0.0),):
                entries = [
                    (("one", number, way.node), -inf, 1.0, 1.0),
                    (("capacity", way.node), -inf, instance.capacity.get(way.node, inf), 1.0),
                    (("weight", *key), -inf, 0.0, -limit),
                ]
                entries += [
                    (("open", *key, position), -inf, 0.0, -float(want.times))
                    for position, want in enumerate(order.wants)
                ]
                column(way.fixed + price, 1.0, entries)
            for position, (want, units) in enumerate(zip(order.wants, there, strict=True)):
                if units:
                    entries = [
                        (("want", number, position), want.times, want.times, 1.0),
                        (("open", *key, position), -inf, 0.0, 1.0),
                        (("weight", *key), -inf, 0.0, want.weight),
                        (("stock", way.node, want.contents[0][0]), -inf, float(units), 1.0),
                    ]
                    price = way.per_kg * want.weight + (way.per_want[position] if way.per_want else 0.0)
                    column(price, min(want.times, int(units)), entries)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", seconds)
    low, high = (np.array([limits[side] for limits in rows.values()], dtype=float) for side in (1, 2))
    none = np.array([], dtype=np.int32)
    solver.addRows(len(rows), low, high, 0, np.zeros(len(rows), dtype=np.int32), none, np.array([]))
    count = len(cost)
    solver.addCols(
        count,
        np.array(cost),
        np.zeros(count),
        np.array(upper, dtype=float),
        len(index),
        np.array(starts, dtype=np.int32),
        np.array(index, dtype=np.int32),
        np.array(value),
    )
    kinds = np.array([highspy.HighsVarType.kInteger] * count)
    solver.changeColsIntegrality(count, np.arange(count, dtype=np.int32), kinds)
    solver.run()
    info = solver.getInfo()
    if info.primal_solution_status != 2:
        return None, None
    found, bound = info.objective_function_value, info.mip_dual_bound
    return found, (found - bound) / found


CLOCKS = {"wall": time.monotonic, "cpu": time.process_time}


class PacedProgram(Program):
    """Seconds of the processor as a limit for a solver that looks at the clock on the wall."""

    began = (0.0, 0.0)

    @classmethod
    def pace(cls):
        wall, processor = (
            now - then for now, then in zip((time.monotonic(), time.process_time()), cls.began, strict=True)
        )
        return max(1.0, wall / max(0.1, processor))

    def solve(self, seconds):
        return super().solve(seconds * self.pace())

    def choose(self, start, seconds, *limits):
        return super().choose(start, seconds * self.pace(), *limits)


def measured(instance, clock, seconds):
    started, spent = PacedProgram.began = time.monotonic(), time.process_time()
    plan = solve(instance, Limits(seconds=seconds), clock=CLOCKS[clock])
    return {
        "orders": len(instance.orders),
        "in_turn": plan.start_cost,
        "joint": plan.cost,
        "bound": plan.bound,
        "gap": plan.gap,
        "stopped": plan.stopped,
        "seconds": time.monotonic() - started,
        "processor": time.process_time() - spent,
    }


def main(clock, seconds, seeds, *sizes):
    if clock == "cpu":
        batch_search.Program = PacedProgram
    results = []
    for lines, nodes, parcels in zip(sizes[::3], sizes[1::3], sizes[2::3], strict=True):
        for seed in range(1, int(seeds) + 1):
            instance = batches.batch(int(lines), int(nodes), seed, parcels=float(parcels))
            found = {"lines": int(lines), "nodes": int(nodes), "parcels": float(parcels)}
            found |= measured(instance, clock, float(seconds))
            found["straight"] = None
            if int(seeds) == 1:
                allowed = float(seconds) if clock == "wall" else found["seconds"]
                found["straight"], found["straight_gap"] = straight(instance, allowed)
            results.append(found)
    print(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
