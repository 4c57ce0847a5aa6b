"""What sourcing costs: one order against the exact optimum, and ten thousand orders at a thousand nodes. Prints JSON.

``python bench_routing.py [instances] [of them against the solver] [orders]``. All is generated from fixed seeds. Times are of
the processor, so that others who use the machine count less; what is asked of the solver is the same order as one straight
integer program.
"""

import json
import random
import resource
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from gc import freeze
from itertools import accumulate
from math import inf
from statistics import median
from time import perf_counter, process_time

import conftest  # noqa: F401  (puts the add-ons where Python finds them)

# isort: split
from odoo.addons.oms_routing.domain.distance import distance_km
from odoo.addons.oms_routing.domain.ledger import Ledger
from odoo.addons.oms_routing.domain.model import Demand, Item, Node, NodeCosts, Place
from odoo.addons.oms_routing.domain.planner import plan, plan_many
from odoo.addons.oms_routing.domain.policy import Policy, Prices
from odoo.addons.oms_routing.domain.problem import Problem
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.tariff import Offer, Tariff

try:
    import highspy
except ImportError:  # the exact optimum is then not printed
    highspy = None

LINES, NODES, SERVICES = 5, 200, 3
ROUNDS = 5
NOW = datetime(2026, 3, 2, 9)
#: (kilometres up to which a band reaches, factor on the price)
BANDS = ((100, Decimal("1.00")), (300, Decimal("1.15")), (700, Decimal("1.40")), (20_000, Decimal("1.90")))
#: (name, price up to 1, 2, 5, 10, 20, 31.5 kg, days)
CARRIERS = (
    ("Economy", ("3.90", "4.60", "5.90", "8.40", "12.90", "19.50"), 3),
    ("Parcel", ("4.70", "5.20", "6.80", "9.10", "13.80", "20.90"), 2),
    ("Express", ("9.80", "10.90", "13.50", "18.70", "27.40", "41.00"), 1),
)
WEIGHTS = tuple(map(Decimal, ("1", "2", "5", "10", "20", "31.5")))
TARIFFS = {
    (name, reach): Tariff(tuple((up_to, Decimal(price) * factor) for up_to, price in zip(WEIGHTS, prices, strict=True)))
    for reach, factor in BANDS
    for name, prices, _days in CARRIERS
}
POLICIES = {
    "lexicographic": Policy(),
    "least_cost": Policy(
        ("carrier_serves",),
        strategy="least_cost",
        prices=Prices(split=Decimal("1.50"), late_day=Decimal("2.00"), carbon_tonne=Decimal(80), reject=Decimal(6)),
    ),
}


def nodes_of(rng, count):
    return tuple(
        Node(
            number,
            f"Site {number}",
            number,
            rng.uniform(43, 51),
            rng.uniform(-4, 8),
            "FR",
            costs=NodeCosts(
                Decimal(rng.randint(10, 40)) / 100,
                Decimal(rng.randint(5, 20)) / 100,
                Decimal(rng.randint(50, 120)) / 100,
            ),
            p_reject=Decimal(rng.randint(0, 12)) / 100,
        )
        for number in range(count)
    )


def offers_of(nodes, place):
    """Three services from every node, priced by how far it is."""
    offers = {}
    for node in nodes:
        km = distance_km(node, place)
        reach = next(reach for reach, _factor in BANDS if km <= reach)
        offers[node.id] = tuple(
            Offer(
                name,
                name,
                TARIFFS[name, reach],
                ship_by=NOW + timedelta(hours=8),
                deliver_by=NOW + timedelta(days=days + (km > 300), hours=node.id % 5),
                carbon=Decimal(120),
                carbon_per_kg=Decimal(round(km * 0.08, 1)),
            )
            for name, _prices, days in CARRIERS
        )
    return offers


NETWORK = nodes_of(random.Random(0), NODES)


def single(seed):
    """One order of five lines; how many nodes have a product goes from one in eight to almost all."""
    rng, nodes = random.Random(seed), NETWORK
    place = Place(rng.uniform(43, 51), rng.uniform(-4, 8), "FR")
    items = tuple(
        Item(
            line,
            line,
            Decimal(rng.choice((1, 1, 1, 2, 2, 3, 4))),
            f"Product {line}",
            value=Decimal(rng.randint(500, 9000)) / 100,
            weight=Decimal(rng.randint(100, 6000)) / 1000,
        )
        for line in range(LINES)
    )
    density = rng.choice((0.12, 0.25, 0.5, 0.75, 0.95))
    stock = {
        (node.id, line): Decimal(rng.randint(1, 6)) for node in nodes for line in range(LINES) if rng.random() < density
    }
    demand = Demand(
        f"S{seed}", items, place, offers=offers_of(nodes, place), deliver_by=NOW + timedelta(days=3), now=NOW
    )
    return demand, Snapshot(nodes, stock)


# --- one order ----------------------------------------------------------------------------------------------------------


def least_by_solver(demand, snapshot, policy, seconds):
    """What HiGHS says the order costs at least, as one straight integer program: (money, bound, whether it finished)."""
    problem = Problem(demand, Ledger(snapshot).view(), policy)
    columns, rows = [], []  # (cost, upper bound), (lower, upper, {column: factor})

    def column(cost, upper=1):
        columns.append((cost / 1e12, upper))
        return len(columns) - 1

    shipped = {lot: {} for lot in range(len(problem.lots))}
    for place in range(len(problem.nodes)):
        handling, load, used = problem.handling(place), {}, {}
        for quote in problem.quotes(place):
            for up_to, price in zip(quote.tariff.weights, quote.tariff.prices, strict=True):
                step = column(price * 1_000_000 + quote.fixed + handling.fixed)
                load[step], used[step] = -up_to / 1e6, 1
        rows.append((0, 1, used))
        for number, lot in enumerate(problem.lots):
            has = problem.rows[place][number] // 1_000_000
            if has:
                quantity, kilos = lot.quantity // 1_000_000, lot.weight / 1e12
                inside = handling.per_unit[number] * 1_000_000 + problem.quotes(place)[0].per_weight * kilos / quantity
                if lot.divisible:
                    some, units = column(handling.per_lot[number]), column(inside, has)
                    rows.append((-inf, 0, {units: 1, some: -has}))
                    shipped[number][units], load[units] = 1, kilos / quantity
                else:
                    whole = column(handling.per_lot[number] + inside * quantity)
                    shipped[number][whole], load[whole] = quantity, kilos
        rows.append((-inf, 0, load))
    for number, lot in enumerate(problem.lots):
        there = sum(row[number] for row in problem.rows) // 1_000_000
        units = min(lot.quantity // 1_000_000, there)
        rows.append((units, units, shipped[number]))
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(columns), len(rows)
    model.col_cost_ = [cost for cost, _upper in columns]
    model.col_lower_, model.col_upper_ = [0] * len(columns), [upper for _cost, upper in columns]
    model.integrality_ = [highspy.HighsVarType.kInteger] * len(columns)
    model.row_lower_, model.row_upper_ = [low for low, _high, _row in rows], [high for _low, high, _row in rows]
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = list(accumulate((len(row) for _low, _high, row in rows), initial=0))
    model.a_matrix_.index_ = [index for _low, _high, row in rows for index in row]
    model.a_matrix_.value_ = [factor for _low, _high, row in rows for factor in row.values()]
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", float(seconds))
    solver.setOptionValue("mip_rel_gap", 1e-9)
    solver.passModel(model)
    solver.run()
    info, split = solver.getInfo(), problem.coster.split / 1e12
    is_done = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return info.objective_function_value - split, info.mip_dual_bound - split, is_done


def one_order(instances, against):
    """Milliseconds of the processor for one order, by policy, and how far from the solver's optimum the cost is.

    Each round plans the same orders, loaded anew. Of each order the least of its rounds counts: how fast the processor is at
    that moment, who shares it decides as well; the median of each round is told beside it.
    """
    spent = {name: [] for name in POLICIES}
    decisions = {}
    for _round in range(ROUNDS):
        cases = [single(seed) for seed in range(instances)]
        for _demand, snapshot in cases:
            snapshot.shelf(0), snapshot.places  # noqa: B018  (indexed once, when it is loaded)
        freeze()
        for name, policy in POLICIES.items():
            decisions[name], times = [], []
            for demand, snapshot in cases:
                started = process_time()
                decision = plan(demand, snapshot, policy)
                times.append((process_time() - started) * 1000)
                decisions[name].append(decision)
            spent[name].append(times)
    found = {}
    for name, of_policy in decisions.items():
        started = process_time()
        for decision in of_policy[:20]:
            decision.candidates, decision.sentence, decision.snapshot_hash  # noqa: B018
        found[name] = {
            "ms": sorted(map(min, *spent[name])),
            "rounds": sorted(map(median, spent[name])),
            "exact": sum(decision.method == "exact" for decision in of_policy),
            "told_ms": (process_time() - started) * 1000 / 20,
        }
    if against and highspy:
        policy, gaps, finished, started = POLICIES["least_cost"], [], 0, perf_counter()
        for demand, snapshot in cases[:against]:
            _money, bound, is_done = least_by_solver(demand, snapshot, policy, 20)
            finished += is_done
            if is_done:
                cost = float(plan(demand, snapshot, policy).cost)
                gaps.append((cost - bound) / bound)
        seconds = (perf_counter() - started) / against
        found["solver"] = {"asked": against, "finished": finished, "gaps": gaps, "seconds": seconds}
    return found


# --- many orders --------------------------------------------------------------------------------------------------------


def many(count, node_count=1000, products=2000, shelves=40, seed=0):
    """Orders of one to five lines in turn, so that any number of them has the same mix; enough stock for all of them."""
    rng = random.Random(seed)
    nodes = nodes_of(random.Random(1), node_count)
    stock = {
        (number, product): Decimal(rng.randint(1, 9))
        for product in range(products)
        for number in rng.sample(range(node_count), shelves)
    }
    demands = []
    for number in range(count):
        lines = rng.sample(range(products), number % LINES + 1)
        items = tuple(Item(line, line, Decimal(rng.randint(1, 3)), f"Product {line}") for line in lines)
        demands.append(Demand(number, items, Place(rng.uniform(43, 51), rng.uniform(-4, 8), "FR")))
    return demands, Snapshot(nodes, stock)


def many_orders(counts):
    """Milliseconds of the processor for each order, of the first one for itself, and the memory of the process at the end.

    A small number of orders is planned as often as makes a thousand, each time on another snapshot, and the median counts:
    a hundred orders take so little time that one of them says more of the machine than of the planner.
    """
    plan_many(*many(50))  # whatever is made once in a process
    found, first = {}, {}
    for count in counts:
        spent, firsts = [], []
        for seed in range(max(1, 1000 // count)):
            demands, snapshot = many(count, seed=seed)
            started = process_time()
            decisions = plan_many(demands[:1], snapshot)
            firsts.append((process_time() - started) * 1000)
            freeze()
            started = process_time()
            decisions = plan_many(demands, snapshot)
            spent.append((process_time() - started) * 1000 / count)
            assert all(sum(a.quantity for a in d.allocations) for d in decisions)
        found[count], first[count] = median(spent), median(firsts)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"ms": found, "first": first, "memory_mb": memory_mb}


def main(instances=200, against=12, most=10_000):
    orders = one_order(int(instances), int(against))
    print(json.dumps({"one": orders, "many": many_orders([100, 1000, int(most)])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
