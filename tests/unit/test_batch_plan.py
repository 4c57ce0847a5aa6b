"""Orders of one policy planned together, told order by order as if each had been planned alone."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain.batch_model import Limits
from odoo.addons.oms_routing.domain.batch_plan import IN_TURN, JOINT, plan_batch
from odoo.addons.oms_routing.domain.model import TAKING, Capacity, Demand, Item, Node, NodeCosts
from odoo.addons.oms_routing.domain.planner import decide, plan
from odoo.addons.oms_routing.domain.policy import LEAST_COST, Policy, Prices, Rule
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.tariff import Offer, Tariff

pytest.importorskip("highspy")

LYON, LILLE, NICE = (Node(code, code.title(), place) for place, code in enumerate(("lyon", "lille", "nice"), 1))
CHEAPEST = Policy(strategy=LEAST_COST)


def offer(price, service="post", **more):
    return Offer(service, service.title(), Tariff(((Decimal(30), Decimal(str(price))),)), **more)


def demand(order_id, wants, **prices):
    """``lyon=5``: the post takes a parcel from there for 5."""
    items = tuple(
        Item(f"{order_id}-{sku}", sku, Decimal(str(units)), sku, value=Decimal(10), weight=Decimal(1))
        for sku, units in wants.items()
    )
    return Demand(order_id, items, offers={node: (offer(price),) for node, price in prices.items()})


def stock(nodes=(LYON, LILLE, NICE), capacity=None, **shelves):
    available = {(node, sku): Decimal(str(units)) for node, there in shelves.items() for sku, units in there.items()}
    return Snapshot(nodes, available, capacity=capacity or {})


def brief(batch):
    return {
        key: [(a.product_id, a.node_id, a.quantity, a.mode) for a in seen.decision.allocations]
        for key, seen in batch.seen.items()
    }


def planned(*demands, snapshot, policy=CHEAPEST, **more):
    return plan_batch({one.order_id: one for one in demands}, snapshot, policy, **more)


# --- worked cases ----------------------------------------------------------------------------------------------------

NEAR = demand("near", {"mug": 1}, lyon=5, lille=6)
FAR = demand("far", {"mug": 1}, lyon=5, lille=20)
ONE_EACH = stock(lyon={"mug": 1}, lille={"mug": 1})


def test_one_order_pays_more_where_all_together_pay_less_and_is_told_so():
    batch = planned(NEAR, FAR, snapshot=ONE_EACH)
    assert brief(batch) == {"near": [("mug", "lille", 1, "ship")], "far": [("mug", "lyon", 1, "ship")]}
    assert (batch.cost_in_turn, batch.cost, batch.bound, batch.gap, batch.method) == (25, 11, 11, 0, JOINT)
    assert (
        batch.seen["near"].note
        == "Decided together with other orders: 1.00 dearer for this one, 14.00 cheaper for all."
    )
    assert (
        batch.seen["far"].note
        == "Decided together with other orders: 15.00 cheaper for this one, 14.00 cheaper for all."
    )
    assert batch.reason == "Nothing better exists."


def test_the_explanation_is_that_of_a_single_order_and_can_be_told_again():
    batch = planned(NEAR, FAR, snapshot=ONE_EACH)
    seen = batch.seen["near"]
    assert seen.decision.sentence.startswith("Shipped from Lille")
    assert {candidate.node_id: candidate.chosen for candidate in seen.decision.candidates}["lille"]
    again = decide(NEAR, seen.snapshot, CHEAPEST, seen.ships)
    assert again == seen.decision
    assert (again.sentence, again.candidates, again.snapshot_hash) == (
        seen.decision.sentence,
        seen.decision.candidates,
        seen.decision.snapshot_hash,
    )


def test_where_one_after_the_other_is_as_good_it_stays_as_it_was():
    batch = planned(NEAR, FAR, snapshot=stock(lyon={"mug": 9}, lille={"mug": 9}))
    assert batch.reason == "One after the other was as good. Nothing better exists."
    assert batch.cost == batch.cost_in_turn == batch.bound == 10
    assert [seen.decision for seen in batch.seen.values()] == [
        plan(NEAR, batch.seen["near"].snapshot, CHEAPEST),
        plan(FAR, batch.seen["far"].snapshot, CHEAPEST),
    ]
    assert not any(seen.note for seen in batch.seen.values())


def test_the_last_orders_that_a_site_can_take_today_are_shared_out_too():
    full = {"lyon": Capacity(orders_left=1)}
    batch = planned(NEAR, FAR, snapshot=stock(capacity=full, lyon={"mug": 9}, lille={"mug": 9}))
    assert [pieces[0][1] for pieces in brief(batch).values()] == ["lille", "lyon"]


def test_more_is_shipped_in_all_if_the_first_leaves_the_only_site_of_the_second():
    only_lyon = demand("only", {"mug": 1}, lyon=5)
    served = replace(CHEAPEST, constraints=("carrier_serves",))
    batch = planned(NEAR, only_lyon, snapshot=ONE_EACH, policy=served)
    assert [pieces[0][1] for pieces in brief(batch).values()] == ["lille", "lyon"]
    assert (
        batch.seen["near"].note
        == "Decided together with other orders: 1.00 dearer for this one, more is shipped in all."
    )


def test_a_split_a_service_and_the_costs_of_a_site_are_weighed_as_the_planner_does():
    costs = NodeCosts(pick_line=Decimal("0.3"), pick_unit=Decimal("0.1"), pack_parcel=Decimal("0.8"))
    nodes = tuple(replace(node, costs=costs) for node in (LYON, LILLE))
    policy = Policy(strategy=LEAST_COST, prices=Prices(split=Decimal(2), line_split=Decimal("0.5")))
    snapshot = stock(nodes, lyon={"mug": 2, "pot": 1}, lille={"mug": 2, "pot": 1})
    first = demand("first", {"mug": 3, "pot": 1}, lyon=5, lille=6)
    second = demand("second", {"mug": 1, "pot": 1}, lyon=5, lille="6.5")
    batch = planned(first, second, snapshot=snapshot, policy=policy)
    assert batch.gap < Decimal("0.2")
    for seen in batch.seen.values():
        decision = seen.decision
        assert decision.cost == sum(sum(one.costs.values()) for one in decision.shipments)
        assert sum(sum(a.costs.values()) for a in decision.allocations) == decision.cost
    assert batch.cost <= batch.cost_in_turn


def test_what_nobody_counts_is_there_for_everybody():
    orders = [demand(number, {"leaflet": 3, "mug": 1}, lyon=5, lille=6 + number) for number in range(3)]

    def see(_key, whole):
        free = {("lyon", "leaflet"): Decimal(3), ("lille", "leaflet"): Decimal(3)}
        return replace(
            whole,
            available={**whole.available, **free},
            taken=type(whole.taken)((key, units) for key, units in whole.taken.items() if key[1] != "leaflet"),
        )

    snapshot = stock(lyon={"mug": 2}, lille={"mug": 2})
    batch = planned(*orders, snapshot=snapshot, see=see, uncounted=frozenset({"leaflet"}))
    assert all(mode == "ship" for pieces in brief(batch).values() for *_rest, mode in pieces)


def test_fractions_and_hundreds_are_shared_out_exactly():
    wire = demand("wire", {"wire": "2.5"}, lyon=5, lille=9)
    many = demand("many", {"wire": "7.5", "screw": 600}, lyon=5, lille=6)
    batch = planned(wire, many, snapshot=stock(lyon={"wire": 8, "screw": 250}, lille={"wire": "2.5", "screw": 500}))
    assert_sums(batch, {"wire": wire, "many": many})


# --- what cannot be held ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (Policy(), "only cost can be weighed"),
        (replace(CHEAPEST, nodes_max=2), "limits the sites"),
        (replace(CHEAPEST, constraints=("whole_order",)), "as a whole or not at all"),
        (replace(CHEAPEST, constraints=(Rule("shipment_value", amount=Decimal(5)),)), "least value"),
        (replace(CHEAPEST, leftover="next", next=Policy()), "another policy"),
    ],
)
def test_what_the_solver_cannot_hold_is_planned_one_after_the_other_and_said(policy, why):
    batch = planned(NEAR, FAR, snapshot=ONE_EACH, policy=policy)
    assert (batch.method, batch.bound, set(batch.apart)) == (IN_TURN, None, {"near", "far"})
    assert why in batch.reason
    assert_sums(batch, {"near": NEAR, "far": FAR})


def test_an_order_that_the_solver_cannot_hold_keeps_what_it_had_and_the_others_share_the_rest():
    huge = demand("huge", {f"thing {number}": 1 for number in range(30)}, lyon=5, lille=9)
    shelves = {**{f"thing {number}": 1 for number in range(30)}, "mug": 1}
    batch = planned(huge, NEAR, FAR, snapshot=stock(lyon=shelves, lille={"mug": 1}))
    assert batch.apart == {"huge": "it has too many different items"}
    assert (batch.cost_in_turn, batch.cost, batch.bound) == (30, 16, 16)


def test_without_the_solver_orders_are_planned_one_after_the_other_and_it_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "highspy", None)
    batch = planned(NEAR, FAR, snapshot=ONE_EACH)
    assert (batch.method, batch.cost, batch.bound) == (IN_TURN, 25, None)
    assert "Install the Python package highspy" in batch.reason


def test_no_time_at_all_still_gives_a_plan():
    batch = planned(NEAR, FAR, snapshot=ONE_EACH, limits=Limits(seconds=0.0), clock=lambda: 1.0)
    assert batch.cost <= 25
    assert_sums(batch, {"near": NEAR, "far": FAR})


def test_whoever_asks_for_one_after_the_other_gets_it():
    batch = planned(NEAR, FAR, snapshot=ONE_EACH, is_joint=False)
    assert (batch.method, batch.cost, batch.gap) == (IN_TURN, 25, None)


# --- for every batch -------------------------------------------------------------------------------------------------


def assert_sums(batch, demands):
    for key, one in demands.items():
        pieces = Counter()
        for allocation in batch.seen[key].decision.allocations:
            pieces[allocation.item_id] += allocation.quantity
        assert pieces == {item.id: item.quantity for item in one.items}


@st.composite
def batches(draw):
    skus = ("mug", "pot", "wire")
    units = st.sampled_from(["1", "2", "3", "0.5", "2.5", "40"])
    demands = {}
    for number in range(draw(st.integers(2, 5))):
        wants = draw(st.dictionaries(st.sampled_from(skus), units, min_size=1))
        prices = {node: draw(st.integers(3, 20)) for node in ("lyon", "lille", "nice")}
        one = demand(number, wants, **prices)
        if draw(st.booleans()):  # two lines of one product
            one = replace(one, items=(*one.items, replace(one.items[0], id="twin", quantity=Decimal(1))))
        if not draw(st.integers(0, 3)):
            one = replace(one, rejections={(one.items[0].id, "lyon"): "Was not there."})
        demands[number] = one
    shelves = {
        node: {sku: draw(st.sampled_from([0, 1, 2, 3, 50])) for sku in skus} for node in ("lyon", "lille", "nice")
    }
    capacity = {node: Capacity(orders_left=draw(st.integers(0, 3))) for node in shelves if draw(st.booleans())}
    prices = Prices(split=Decimal(draw(st.integers(0, 3))), line_split=Decimal(draw(st.integers(0, 1))))
    whole = draw(st.sampled_from([(), ("whole_lines",)]))
    return demands, stock(capacity=capacity, **shelves), Policy(whole, strategy=LEAST_COST, prices=prices)


@settings(deadline=None, max_examples=25)
@given(batches())
def test_together_is_never_worse_and_takes_no_more_than_there_is(case):
    demands, snapshot, policy = case
    batch = plan_batch(demands, snapshot, policy, limits=Limits(search_rounds=3))
    assert_sums(batch, demands)
    taken, orders, missing, missing_in_turn, left = Counter(), Counter(), 0, 0, snapshot
    for seen in batch.seen.values():
        for a in seen.decision.allocations:
            if a.mode in TAKING:
                taken[a.node_id, a.product_id] += a.quantity
            else:
                missing += a.quantity
        orders.update({a.node_id for a in seen.decision.allocations if a.mode in TAKING})
    for one in demands.values():
        decision = plan(one, left, policy)
        left = left.taking(decision)
        missing_in_turn += sum(a.quantity for a in decision.allocations if a.mode not in TAKING)
    assert all(units <= snapshot.free(*key) for key, units in taken.items())
    assert all(
        count <= snapshot.capacity[node].orders_left for node, count in orders.items() if node in snapshot.capacity
    )
    assert (missing, batch.cost) <= (missing_in_turn, batch.cost_in_turn)
    assert batch.bound is None or batch.bound <= batch.cost
    assert plan_batch(demands, snapshot, policy, limits=Limits(search_rounds=3)) == batch
