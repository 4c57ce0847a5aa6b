"""Worked examples that makers of other systems publish, told in our words and decided by our rules."""

from decimal import Decimal

import pytest

from odoo.addons.oms_routing.domain.model import Demand, Item, Node, Place
from odoo.addons.oms_routing.domain.planner import plan, plan_many
from odoo.addons.oms_routing.domain.policy import Policy, Prices, Rule
from odoo.addons.oms_routing.domain.snapshot import Snapshot

HERE = Place(40.0, -74.0, "US")


def site(name, priority=0, miles=0.0):
    """So many miles north of the customer."""
    return Node(name, name, priority, 40.0 + miles * 1.609344 / 111.19, -74.0, "US")


def wants(**units):
    return Demand("S1", tuple(Item(sku, sku, Decimal(u), sku) for sku, u in units.items()), HERE)


def has(**shelves):
    """``east=(site, {"shirt": 2})``"""
    stock = {(node.id, sku): Decimal(units) for node, shelf in shelves.values() for sku, units in shelf.items()}
    return Snapshot(tuple(node for node, _shelf in shelves.values()), stock)


def shipped(decision):
    return [(a.item_id, a.node_id, int(a.quantity)) for a in decision.allocations if a.mode == "ship"]


# --- by priority, and by distance ---------------------------------------------------------------------------------------
# Multi-source inventory in shops: sources have a priority in the stock; each gives what it has until the order is full.


def test_by_priority_the_first_source_gives_what_it_has_and_the_next_the_rest():
    """10, 20 and 15 pieces at priorities 1, 2, 3, and 25 wanted. Read from the top of the list that is 10 + 15."""
    stock = has(a=(site("A", 1), {"shirt": 10}), b=(site("B", 2), {"shirt": 20}), c=(site("C", 3), {"shirt": 15}))
    by_priority = Policy(objectives=("fewest_parcels", "priority"))
    assert shipped(plan(wants(shirt=25), stock, by_priority)) == [("shirt", "A", 10), ("shirt", "B", 15)]


def test_by_distance_the_nearest_source_that_has_it_ships_whatever_its_priority():
    stock = has(texas=(site("Texas", 1, 1500), {"shirt": 9}), boston=(site("Boston", 2, 190), {"shirt": 9}))
    assert shipped(plan(wants(shirt=3), stock)) == [("shirt", "Boston", 3)]
    assert shipped(plan(wants(shirt=3), stock, Policy(objectives=("priority",)))) == [("shirt", "Texas", 3)]


def test_what_was_promised_is_not_promised_again():
    """The same publisher's counterexample: 13 wanted of 10 + 15; others allocated 10 + 13."""
    stock = has(a=(site("A", 1), {"shirt": 10}), b=(site("B", 2), {"shirt": 15}))
    decisions = plan_many([wants(shirt=13), wants(shirt=13)], stock, Policy(objectives=("priority",)))
    assert [sum(a.quantity for a in d.allocations) for d in decisions] == [13, 13]
    assert sum(quantity for d in decisions for *_rest, quantity in shipped(d)) == 25


# --- the least value of a shipment -----------------------------------------------------------------------------------------
# A routing guide for retailers: with a threshold of 100, nothing leaves that is worth less, and nothing smaller stays behind.


@pytest.mark.parametrize(
    ("at_store", "at_warehouse", "nowhere", "ships"),
    [
        (80, 0, 0, ["store"]),  # the whole order from one place needs no threshold
        (80, 160, 0, []),
        (160, 160, 0, ["store", "warehouse"]),
        (160, 0, 80, []),  # what would stay behind is worth too little
        (160, 0, 120, ["store"]),
    ],
)
def test_a_shipment_threshold_is_asked_of_every_part_and_of_the_remainder(at_store, at_warehouse, nowhere, ships):
    values = {"store": at_store, "warehouse": at_warehouse, "nowhere": nowhere}
    items = tuple(Item(place, place, Decimal(1), place, value=Decimal(v)) for place, v in values.items() if v)
    stock = {(place, place): Decimal(1) for place in ("store", "warehouse") if values[place]}
    snapshot = Snapshot((site("store", 1, 5), site("warehouse", 2, 300)), stock)
    decision = plan(Demand("S1", items, HERE), snapshot, Policy((Rule("shipment_value", amount=Decimal(100)),)))
    assert [shipment.node_id for shipment in decision.shipments] == ships


# --- fewest shipments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [Policy(), Policy(strategy="least_cost", prices=Prices(parcel=Decimal(5)))])
def test_taking_whoever_has_most_first_needs_a_parcel_more(policy):
    """Four of six lines in the biggest store, but two smaller ones have three each: two parcels instead of three."""
    stock = has(
        big=(site("Big", 1, 1), dict.fromkeys("abde", 1)),
        left=(site("Left", 2, 9), dict.fromkeys("abc", 1)),
        right=(site("Right", 3, 9), dict.fromkeys("def", 1)),
    )
    decision = plan(wants(**dict.fromkeys("abcdef", 1)), stock, policy)
    assert {node for _item, node, _units in shipped(decision)} == {"Left", "Right"}
    assert (decision.method, decision.gap) == ("exact", 0)


@pytest.mark.parametrize("size", [3, 4, 5, 6])
def test_the_trap_for_the_greedy_grows_and_is_never_stepped_into(size):
    """Two rows of lines, one site for each; and sites that take both ends, twice as much each time."""
    lines = [(row, column) for row in "ab" for column in range(2**size - 2)]
    rows = {f"Row {row}": [line for line in lines if line[0] == row] for row in "ab"}
    traps, start = {}, 0
    for step in range(1, size):
        traps[f"Trap {step}"] = [line for line in lines if start <= line[1] < start + 2**step]
        start += 2**step
    sites = {**traps, **rows}
    stock = {(name, sku): Decimal(1) for name, shelf in sites.items() for sku in shelf}
    items = tuple(Item(sku, sku, Decimal(1), f"{sku[0]}{sku[1]}") for sku in lines)
    decision = plan(Demand("S1", items), Snapshot(tuple(Node(name, name) for name in sites), stock))
    assert {a.node_id for a in decision.allocations} == set(rows)


# --- two passes -----------------------------------------------------------------------------------------------------------


def test_soft_rules_hold_in_the_first_pass_and_give_way_to_what_is_still_unassigned():
    """Another maker's optimiser: every rule is hard first; then soft ones fall for what is left; priority never does."""
    stock = has(near=(site("Near", 1, 10), {"shirt": 1}), far=(site("Far", 2, 900), {"shirt": 1, "hat": 1}))
    soft, hard = (Policy((Rule("max_distance", is_hard, km=Decimal(500)),)) for is_hard in (False, True))
    assert shipped(plan(wants(shirt=1), stock, soft)) == [("shirt", "Near", 1)]
    assert shipped(plan(wants(hat=1), stock, soft)) == [("hat", "Far", 1)]
    assert shipped(plan(wants(hat=1), stock, hard)) == []
    assert [relaxed.kind for relaxed in plan(wants(hat=1), stock, soft).relaxed] == ["max_distance"]


def test_all_stores_of_the_region_are_equally_near():
    """A local region of 50 miles: the store with the better priority ships, although another one is nearer."""
    stock = has(
        a=(site("A", 2, 5), {"shirt": 1}), b=(site("B", 1, 40), {"shirt": 1}), c=(site("C", 0, 60), {"shirt": 1})
    )
    region = Policy(objectives=(Rule("distance", km=Decimal(80)), "priority"))
    assert shipped(plan(wants(shirt=1), stock, region)) == [("shirt", "B", 1)]
