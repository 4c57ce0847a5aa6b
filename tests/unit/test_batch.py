"""Orders that are sourced together: worked cases, and what must hold for every batch, with brute force as the oracle."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import count, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain import batch_cuts, batch_search, batch_solver
from odoo.addons.oms_routing.domain.batch import solve
from odoo.addons.oms_routing.domain.batch_model import PROVEN, TIME, Instance, Limits, Order, Want, Way

pytest.importorskip("highspy")


def want(product_id, times=1, penalty=50.0, weight=0.0, per=1, volume=0.0):
    return Want(((product_id, Decimal(per)),), times, penalty, weight, volume)


def order(order_id, *wants, **prices):
    """``lyon=5.0``: a parcel from there costs 5, whatever is in it."""
    return Order(order_id, wants, tuple(Way(node, "post", fixed) for node, fixed in prices.items()))


def stock(**nodes):
    return {(node, item): Decimal(units) for node, items in nodes.items() for item, units in items.items()}


def served(plan):
    return [{parcel.node: parcel.counts for parcel in parcels} for parcels in plan.parcels]


# --- worked cases ----------------------------------------------------------------------------------------------------


def test_who_comes_first_gives_way_where_that_is_cheaper_for_both():
    near = order("first", want("mug"), lyon=5.0, lille=6.0)
    far = order("second", want("mug"), lyon=5.0, lille=20.0)
    plan = solve(Instance((near, far), stock(lyon={"mug": 1}, lille={"mug": 1})))
    assert served(plan) == [{"lille": (1,)}, {"lyon": (1,)}]
    assert (plan.start_cost, plan.cost, plan.bound, plan.stopped) == (25.0, 11.0, 11.0, PROVEN)


def test_the_last_place_of_a_site_goes_to_who_needs_it_most():
    orders = (
        order("first", want("mug"), lyon=5.0, lille=6.0),
        order("second", want("mug"), lyon=5.0),
    )
    plan = solve(Instance(orders, stock(lyon={"mug": 9}, lille={"mug": 9}), {"lyon": 1}))
    assert served(plan) == [{"lille": (1,)}, {"lyon": (1,)}]


def test_what_is_sent_together_is_cheaper_than_two_parcels():
    plan = solve(
        Instance(
            (order("one", want("mug"), want("pot"), lyon=5.0, lille=5.5),),
            stock(lyon={"mug": 1}, lille={"mug": 1, "pot": 1}),
        )
    )
    assert served(plan) == [{"lille": (1, 1)}]


def test_the_cheaper_service_for_the_weight_is_taken():
    post = Way("lyon", "post", 1.0, ((2.0, 4.0), (30.0, 20.0)))
    freight = Way("lyon", "freight", 12.0)
    light, heavy = (Order(kg, (want("mug", weight=kg),), (post, freight)) for kg in (1.0, 5.0))
    plan = solve(Instance((light, heavy), stock(lyon={"mug": 2})))
    assert [parcels[0].service for parcels in plan.parcels] == ["post", "freight"]
    assert plan.cost == 5.0 + 12.0


def test_a_parcel_that_no_service_takes_waits():
    post = Way("lyon", "post", 1.0, ((2.0, 4.0),))
    plan = solve(Instance((Order("one", (want("anvil", weight=80.0),), (post,)),), stock(lyon={"anvil": 1})))
    assert (served(plan), plan.cost, plan.stopped) == ([{}], 50.0, PROVEN)


def test_a_service_that_refuses_a_product_takes_the_others():
    way = Way("lyon", "post", 1.0, per_want=(None, 0.5))
    plan = solve(Instance((Order("one", (want("paint"), want("mug")), (way,)),), stock(lyon={"paint": 1, "mug": 1})))
    assert (served(plan), plan.cost) == ([{"lyon": (0, 1)}], 51.5)


def test_what_must_stay_together_waits_together():
    pair = Want((("table", Decimal(1)), ("chair", Decimal(4))), 1, 50.0)
    plan = solve(Instance((order("one", pair, lyon=5.0),), stock(lyon={"table": 1, "chair": 3})))
    assert served(plan) == [{}]
    plan = solve(Instance((order("one", pair, lyon=5.0),), stock(lyon={"table": 1, "chair": 4})))
    assert served(plan) == [{"lyon": (1,)}]


def test_two_parts_of_an_order_do_not_take_the_same_piece_twice():
    plan = solve(
        Instance((order("one", want("mug", times=2), lyon=1.0, lille=9.0),), stock(lyon={"mug": 1}, lille={"mug": 1}))
    )
    assert served(plan) == [{"lyon": (1,), "lille": (1,)}]


def test_two_wants_of_one_product_share_what_there_is():
    plan = solve(Instance((order("one", want("mug"), want("mug"), lyon=1.0, lille=9.0),), stock(lyon={"mug": 1})))
    assert (plan.cost, len(plan.parcels[0])) == (51.0, 1)


def test_tenths_add_up():
    wire = want("wire", times=3, per="0.1")
    plan = solve(Instance((order("one", wire, lyon=1.0),), stock(lyon={"wire": "0.3"})))
    assert served(plan) == [{"lyon": (3,)}]


@pytest.mark.parametrize(
    "instance",
    [
        Instance((), {}),
        Instance((order("one", want("mug"), lyon=5.0),), {}),
        Instance((order("one", want("mug"), lyon=5.0),), {("lyon", "mug"): Decimal(-3)}),
        Instance((order("one", want("mug"), lyon=5.0),), stock(lyon={"mug": 1}), {"lyon": 0}),
        Instance((order("one", want("mug")),), stock(lyon={"mug": 1})),
    ],
    ids=["no order", "no stock", "oversold", "no capacity", "no way"],
)
def test_there_is_a_plan_even_if_nothing_can_be_sent(instance):
    plan = solve(instance)
    assert not any(plan.parcels)
    assert (plan.cost, plan.bound, plan.gap, plan.stopped) == (50.0 * len(instance.orders),) * 2 + (0.0, PROVEN)


def test_without_the_solver_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "highspy", None)
    with pytest.raises(batch_solver.SolverMissing, match="Install the Python package highspy"):
        solve(Instance((order("one", want("mug"), lyon=5.0),), stock(lyon={"mug": 1})))


def test_contradictions_are_refused_where_they_are_built():
    with pytest.raises(ValueError, match="wants nothing"):
        Order("one", (), ())
    with pytest.raises(ValueError, match="nothing is wanted"):
        want("mug", times=0)
    with pytest.raises(ValueError, match="below zero"):
        want("mug", penalty=-1.0)
    with pytest.raises(ValueError, match="combinations"):
        Order("one", tuple(want(number) for number in range(20)), ())
    with pytest.raises(ValueError, match="needs a clock"):
        solve(Instance((), {}), Limits(seconds=1.0))


# --- for every batch -------------------------------------------------------------------------------------------------

PRICES = st.integers(1, 12).map(float)
PENALTIES, WEIGHTS, VOLUMES = map(st.sampled_from, ([3.0, 20.0, 60.0], [0.5, 2.0, 7.0], [0.0, 9.0]))


@st.composite
def small_batches(draw):
    """At most 4 nodes, 3 products and 6 units wanted: few enough to try everything."""
    nodes, products = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    orders, units = [], 6
    while units and len(orders) < 4:
        wants = []
        for item in draw(st.lists(st.integers(0, products - 1), min_size=1, max_size=3, unique=True)):
            if not units:
                break
            times = draw(st.integers(1, min(2, units)))
            units -= times
            wants.append(want(item, times, draw(PENALTIES), draw(WEIGHTS), volume=draw(VOLUMES)))
        ways = []
        for node in range(nodes):
            if draw(st.integers(0, 5)):
                steps = ((1.0, draw(PRICES)), (5.0, draw(PRICES) + 4), (30.0, draw(PRICES) + 9))
                ways.append(Way(node, "post", draw(PRICES), steps, 0.0, (0.25,) * len(wants)))
            if not draw(st.integers(0, 3)):
                ways.append(Way(node, "freight", draw(PRICES) + 6, (), 0.5, (), (1.5,) * len(wants)))
            if not draw(st.integers(0, 5)):
                ways.append(Way(node, "bulky", 2.0, ((3.0, 1.0), (9.0, 4.0)), divisor=2.0))
        orders.append(Order(len(orders), tuple(wants), tuple(ways)))
        if not draw(st.integers(0, 4)):
            break
    shelves = {(n, p): Decimal(draw(st.integers(0, 2))) for n in range(nodes) for p in range(products)}
    capacity = {node: draw(st.integers(0, 3)) for node in range(nodes) if draw(st.booleans())}
    return Instance(tuple(orders), shelves, capacity)


def parcel_cost(an_order, node, counts):
    """The cheapest service for a parcel, or infinity: written anew, from the docstrings."""
    costs = [float("inf")]
    weight = sum(times * a_want.weight for times, a_want in zip(counts, an_order.wants, strict=True))
    volume = sum(times * a_want.volume for times, a_want in zip(counts, an_order.wants, strict=True))
    for way in an_order.ways:
        if way.node == node:
            counted = max(weight, volume / way.divisor) if way.divisor else weight
            by_weight = [price for limit, price in way.steps if counted <= limit] if way.steps else [0.0]
            added = sum(times * extra for times, extra in zip(counts, way.per_want, strict=False))
            added += sum(extra for times, extra in zip(counts, way.per_line, strict=False) if times)
            costs += [way.fixed + price + way.per_kg * weight + added for price in by_weight[:1]]
    return min(costs)


def brute_force(instance):
    """The least cost of all plans, by trying each node for each unit."""
    nodes = sorted({node for node, _item in instance.stock})
    parcel = cache(lambda number, node, counts: parcel_cost(instance.orders[number], node, counts))

    def best(number, shelves, room):
        if number == len(instance.orders):
            return 0.0
        wants, least = instance.orders[number].wants, float("inf")
        units = [position for position, a_want in enumerate(wants) for _time in range(a_want.times)]
        seen = set()
        for places in product((None, *nodes), repeat=len(units)):
            taken = Counter(
                (node, wants[unit].contents[0][0]) for node, unit in zip(places, units, strict=True) if node is not None
            )
            used = frozenset(places) - {None}
            plan = frozenset(Counter(zip(places, units, strict=True)).items())
            if (
                plan in seen
                or any(shelves.get(key, 0) < n for key, n in taken.items())
                or any(room.get(n, 1) < 1 for n in used)
            ):
                continue
            seen.add(plan)
            cost = sum(wants[unit].penalty for node, unit in zip(places, units, strict=True) if node is None)
            for node in used:
                inside = Counter(unit for place, unit in zip(places, units, strict=True) if place == node)
                cost += parcel(number, node, tuple(inside[position] for position in range(len(wants))))
            if cost < least:
                left = {key: units_there - taken[key] for key, units_there in shelves.items()}
                later = best(number + 1, left, {node: n - (node in used) for node, n in room.items()})
                least = min(least, cost + later)
        return least

    return best(0, dict(instance.stock), dict(instance.capacity))


def check(instance, plan):
    """What every plan must keep, with exact quantities."""
    shelves, room, cost = dict(instance.stock), dict(instance.capacity), 0.0
    for an_order, parcels in zip(instance.orders, plan.parcels, strict=True):
        waits = [a_want.times for a_want in an_order.wants]
        assert len({parcel.node for parcel in parcels}) == len(parcels)
        for parcel in parcels:
            assert any(parcel.counts)
            assert parcel.cost == pytest.approx(parcel_cost(an_order, parcel.node, parcel.counts))
            cost += parcel.cost
            if parcel.node in room:
                room[parcel.node] -= 1
            for position, times in enumerate(parcel.counts):
                waits[position] -= times
                for item, quantity in an_order.wants[position].contents:
                    if times:
                        shelves[parcel.node, item] -= times * quantity
        assert min(waits) >= 0
        cost += sum(times * a_want.penalty for times, a_want in zip(waits, an_order.wants, strict=True))
    assert min(shelves.values(), default=0) >= 0 and min(room.values(), default=0) >= 0
    assert cost == pytest.approx(plan.cost)
    assert plan.bound <= plan.cost + 1e-6 and plan.cost <= plan.start_cost + 1e-6


@settings(deadline=None, max_examples=60)
@given(small_batches())
def test_a_small_batch_is_solved_to_the_optimum(instance):
    plan = solve(instance)
    check(instance, plan)
    assert plan.cost == pytest.approx(brute_force(instance))
    assert (plan.gap, plan.stopped) == (0.0, PROVEN)


@settings(deadline=None, max_examples=40)
@given(small_batches(), st.integers(0, 3), st.sampled_from([0, 5]))
def test_prices_and_parts_alone_keep_their_word(instance, seed, rounds):
    """What serves large batches, on small ones: the bound is below the optimum, and the plan not below."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_search, "EXACT_ORDERS", 0)
        patch.setattr(batch_search, "PART_ORDERS", 1)
        plan = solve(instance, Limits(search_rounds=rounds), seed)
    check(instance, plan)
    optimum = brute_force(instance)
    assert plan.bound <= optimum + 1e-6
    assert plan.cost >= optimum - 1e-6


@settings(deadline=None, max_examples=40)
@given(small_batches())
def test_every_row_that_can_be_added_is_kept_by_the_best_plan(instance):
    """Also the rows that no linear program broke."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_search, "EXACT_ORDERS", 0)
        patch.setattr(batch_cuts, "BROKEN", -100.0)
        plan = solve(instance, Limits(search_rounds=0))
    check(instance, plan)
    assert plan.bound <= brute_force(instance) + 1e-6


def test_the_last_three_pieces_of_a_site_are_not_halved_between_three_orders(monkeypatch):
    """As a linear program each order gets half of its two, at 157.50; in truth one gets two, one gets one, one gets none."""
    monkeypatch.setattr(batch_search, "EXACT_ORDERS", 0)
    pairs = (("mug", "pot"), ("pot", "lamp"), ("lamp", "mug"))
    orders = tuple(order(number, *map(want, pair), lyon=5.0) for number, pair in enumerate(pairs))
    plan = solve(Instance(orders, stock(lyon={"mug": 1, "pot": 1, "lamp": 1})), Limits(search_rounds=0))
    assert (plan.cost, plan.bound, plan.stopped) == (160.0, 160.0, PROVEN)
    monkeypatch.setattr(batch_cuts, "BROKEN", 100.0)
    assert solve(Instance(orders, stock(lyon={"mug": 1, "pot": 1, "lamp": 1})), Limits(search_rounds=0)).bound == 157.5


# --- larger ones -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def batch():
    from scripts.demo.batches import batch

    return batch(lines=260, nodes=12, seed=3)


def test_a_larger_batch_is_near_its_bound_and_the_same_each_time(batch):
    limits = Limits(search_rounds=6)
    plan = solve(batch, limits)
    check(batch, plan)
    assert plan.gap < 0.05
    assert plan.cost < 0.98 * plan.start_cost
    assert solve(batch, limits) == plan


@pytest.mark.parametrize("ticks", [0, 1, 2, 5, 20])
def test_there_is_a_plan_whenever_time_runs_out(batch, ticks):
    clock = count()
    plan = solve(batch, Limits(seconds=ticks), clock=lambda: float(next(clock)))
    check(batch, plan)
    assert plan.stopped == TIME


def test_where_nothing_is_scarce_each_order_has_its_best_and_that_is_proven(batch):
    free = replace(batch, capacity={}, stock={key: Decimal(10**6) for key in batch.stock})
    plan = solve(free, Limits(search_rounds=2))
    check(free, plan)
    assert (plan.cost, plan.gap, plan.stopped) == (pytest.approx(plan.start_cost), 0.0, PROVEN)
