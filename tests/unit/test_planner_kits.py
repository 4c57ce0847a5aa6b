"""RTE-07: A kit and what is in it are looked at together: what one line takes of a shelf, another one lacks.

A box holds two mugs and a tea. The oracle writes down every plan, counts what it takes in mugs and teas, and knows nothing of
the planner's whole numbers.
"""

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain.batch_model import Limits
from odoo.addons.oms_routing.domain.batch_plan import JOINT, plan_batch
from odoo.addons.oms_routing.domain.distance import distance_km
from odoo.addons.oms_routing.domain.improving import saving
from odoo.addons.oms_routing.domain.model import TAKING, Demand, Item, Node, NodeCosts, Place, Transfers
from odoo.addons.oms_routing.domain.planner import decide, plan, plan_many, replay
from odoo.addons.oms_routing.domain.policy import DEFAULT_POLICY, LEAST_COST, Policy, Prices, Rule
from odoo.addons.oms_routing.domain.recording import record, restore
from odoo.addons.oms_routing.domain.snapshot import Snapshot

BOX = {"BOX": (("MUG", Decimal(2)), ("TEA", Decimal(1)))}
PARIS = Place(48.86, 2.35, "FR")
LILLE = Node("lille", "Lille", 1, 50.63, 3.06)
LYON = Node("lyon", "Lyon", 2, 45.76, 4.84)
CHEAPEST = Policy(id=1, strategy=LEAST_COST, prices=Prices(parcel=Decimal(10), per_km=Decimal("0.1"), split=Decimal(5)))


def wants(order_id="S1", **lines):
    items = tuple(Item(name, name.split("_")[0], Decimal(units), name.split("_")[0]) for name, units in lines.items())
    return Demand(order_id, items, PARIS)


def shelves(recipes=BOX, **sites):
    """What lies where: ``shelves(lille={"MUG": 2})``."""
    nodes = tuple(node for node in (LILLE, LYON) if node.id in sites)
    stock = {(site, name): Decimal(units) for site, shelf in sites.items() for name, units in shelf.items()}
    return Snapshot(nodes, stock, recipes=recipes)


def brief(decision):
    return [(a.item_id, a.node_id, int(a.quantity), a.mode) for a in decision.allocations]


def taken(decisions, recipes=BOX):
    """{(site, part): how much leaves}"""
    found = {}
    for decision in decisions:
        for one in decision.allocations:
            if one.mode in TAKING:
                for part, needed in recipes.get(one.product_id, ((one.product_id, Decimal(1)),)):
                    key = one.node_id, part
                    found[key] = found.get(key, Decimal(0)) + needed * one.quantity
    return found


# --- one order --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [DEFAULT_POLICY, CHEAPEST])
def test_a_site_with_mugs_for_one_of_both_lines_is_not_asked_for_both(policy):
    """Lille is nearer and has what the box needs, or the mugs."""
    near, far = {"MUG": 2, "TEA": 1}, {"MUG": 9, "TEA": 9}
    decision = plan(wants(BOX=1, MUG=2), shelves(lille=near, lyon=far), policy)
    assert brief(decision) == [("BOX", "lyon", 1, "ship"), ("MUG", "lyon", 2, "ship")]
    assert decision.sentence.startswith("Shipped from Lyon: the only site with both items")
    told = {candidate.node_id: candidate for candidate in decision.candidates}
    assert (told["lille"].reason_code, told["lille"].units_covered) == ("covers_some", 1)
    enough = plan(wants(BOX=1, MUG=2), shelves(lille={"MUG": 4, "TEA": 1}, lyon=far), policy)
    assert {a.node_id for a in enough.allocations} == {"lille"}


@pytest.mark.parametrize("policy", [DEFAULT_POLICY, CHEAPEST])
def test_what_is_not_there_for_both_waits_and_the_sentence_says_that_the_kit_has_it(policy):
    decision = plan(wants(BOX=1, MUG=2), shelves(lille={"MUG": 3, "TEA": 1}), policy)
    assert sum(a.quantity for a in decision.allocations) == 3
    assert taken([decision])["lille", "MUG"] <= 3
    assert "no site has" in decision.sentence and "beside what goes into the rest of the order" in decision.sentence


def test_two_kits_that_share_a_part_do_not_take_it_twice():
    recipes = BOX | {"SET": (("MUG", Decimal(1)), ("SPOON", Decimal(1)))}
    there = {"MUG": 2, "TEA": 5, "SPOON": 5}
    decision = plan(wants(BOX=1, SET=1), shelves(recipes, lille=there, lyon=there))
    assert {a.item_id: a.node_id for a in decision.allocations} in (
        {"BOX": "lille", "SET": "lyon"},
        {"BOX": "lyon", "SET": "lille"},
    )
    assert decision.outcome == "split"


def test_a_kit_is_divided_in_whole_ones_and_the_mugs_fill_up():
    there = {"MUG": 5, "TEA": 9}
    decision = plan(wants(BOX=3, MUG=4), shelves(lille=there, lyon=there), CHEAPEST)
    assert {a.mode for a in decision.allocations} == {"ship"}
    assert all(units <= there[part] for (_site, part), units in taken([decision]).items())
    assert all(a.quantity == int(a.quantity) for a in decision.allocations)


def test_a_line_that_one_site_has_whole_is_divided_if_a_kit_needs_its_goods_there():
    """Lille alone can put the box together, and then has one mug of two."""
    decision = plan(wants(BOX=1, MUG=2), shelves(lille={"MUG": 3, "TEA": 1}, lyon={"MUG": 1}), CHEAPEST)
    assert sorted(brief(decision)) == [
        ("BOX", "lille", 1, "ship"),
        ("MUG", "lille", 1, "ship"),
        ("MUG", "lyon", 1, "ship"),
    ]


def test_what_belongs_together_counts_the_parts_of_its_kit_once_for_all():
    demand = wants(BOX=1, MUG=2)
    demand = replace(demand, items=tuple(replace(item, together="set") for item in demand.items))
    policy = replace(DEFAULT_POLICY, constraints=(Rule("together"),))
    assert plan(demand, shelves(lille={"MUG": 3, "TEA": 1}), policy).outcome == "backorder"
    assert plan(demand, shelves(lille={"MUG": 4, "TEA": 1}), policy).outcome == "single"


def test_what_a_site_keeps_back_of_its_mugs_it_keeps_from_boxes_too():
    snapshot = replace(shelves(lille={"MUG": 4, "TEA": 9}), safety={("lille", "MUG"): Decimal(1)})
    policy = replace(DEFAULT_POLICY, constraints=(Rule("safety_stock"),))
    decision = plan(wants(BOX=2), snapshot, policy)
    assert brief(decision)[0] == ("BOX", "lille", 1, "ship")


def test_many_of_both_are_not_more_than_there_is_and_no_optimum_is_claimed():
    there = {"MUG": 50, "TEA": 20}
    decision = plan(wants(BOX=20, MUG=20), shelves(lille=there))
    assert taken([decision])["lille", "MUG"] == 50
    assert sum(a.quantity for a in decision.allocations if a.mode == "ship") == 35
    assert decision.method == "greedy"
    odd = plan(wants(BOX=20, MUG=21), shelves(lille=there))
    assert [one[2:] for one in brief(odd) if one[3] == "ship"] == [(14, "ship"), (21, "ship")]
    assert all(one.quantity % 1 == 0 for one in odd.allocations), "29 mugs make 14 boxes"


def test_kits_by_thirds_are_counted_to_the_millionth():
    recipes = {"KIT": (("OIL", Decimal("0.333333")),)}
    decision = plan(wants(KIT=3, OIL=1), shelves(recipes, lille={"OIL": 2}))
    assert decision.outcome == "single"
    assert plan(wants(KIT=3, OIL=1), shelves(recipes, lille={"OIL": Decimal("1.9")})).outcome == "partial"


def test_goods_sent_to_one_place_first_leave_the_mugs_of_its_box_alone():
    """Lyon puts the box together and has no mug over: Lille sends two, and one parcel leaves."""
    move = Transfers(parcel=Decimal(1))
    snapshot = shelves(lille={"MUG": 2}, lyon={"MUG": 2, "TEA": 1})
    snapshot = replace(snapshot, nodes=tuple(replace(node, transfers=move) for node in snapshot.nodes))
    demand = wants(BOX=1, MUG=2)
    demand = replace(demand, items=(replace(demand.items[0], is_movable=False), demand.items[1]))
    decision = plan(demand, snapshot, replace(CHEAPEST, consolidate=True))
    assert brief(decision) == [("BOX", "lyon", 1, "ship"), ("MUG", "lille", 2, "transfer")]


# --- recorded, told again, improved -----------------------------------------------------------------------------------


def test_a_decision_with_kits_is_recorded_and_made_again_bit_for_bit():
    demand, snapshot = wants(BOX=2, MUG=3), shelves(lille={"MUG": 6, "TEA": 2}, lyon={"MUG": 4, "TEA": 1})
    decision = plan(demand, snapshot, CHEAPEST)
    again = restore(record(demand, snapshot, CHEAPEST))
    assert again == (demand, snapshot, CHEAPEST)
    assert replay(decision, *again)
    other = replace(snapshot, recipes={"BOX": (("MUG", Decimal(3)), ("TEA", Decimal(1)))})
    fewer = replace(snapshot, available=dict(snapshot.available) | {("lyon", "TEA"): Decimal(0)})
    hashes = {plan(demand, one, CHEAPEST).snapshot_hash for one in (snapshot, other, fewer)}
    assert len(hashes) == 3


def test_who_decides_elsewhere_cannot_take_the_same_mugs_for_two_lines():
    demand, snapshot = wants(BOX=1, MUG=2), shelves(lille={"MUG": 3, "TEA": 1})
    with pytest.raises(ValueError, match="Lille has not that much"):
        decide(demand, snapshot, CHEAPEST, [("BOX", "lille", None, Decimal(1)), ("MUG", "lille", None, Decimal(2))])


def test_nothing_is_saved_by_taking_mugs_twice():
    demand = wants(BOX=1, MUG=2)
    stands = [("BOX", "lyon", Decimal(1)), ("MUG", "lyon", Decimal(2))]
    for mugs, saves in ((2, False), (4, True)):
        snapshot = shelves(lille={"MUG": mugs, "TEA": 1}, lyon={"MUG": 4, "TEA": 1})
        decision = plan(demand, snapshot, CHEAPEST)
        assert (saving(demand, snapshot, CHEAPEST, stands, decision) is not None) is saves


# --- several orders ---------------------------------------------------------------------------------------------------


def test_who_comes_second_has_no_mugs_that_went_into_a_box_before():
    snapshot = shelves(lille={"MUG": 2, "TEA": 1}, lyon={"MUG": 2})
    first, second, third = plan_many([wants("S1", BOX=1), wants("S2", MUG=2), wants("S3", BOX=1)], snapshot)
    assert third.sentence == plan(wants("S3", BOX=1), snapshot.taking(first).taking(second)).sentence
    assert (first.allocations[0].node_id, second.allocations[0].node_id) == ("lille", "lyon")
    assert third.outcome == "backorder"
    after = snapshot.taking(first).taking(second)
    assert (after.free("lille", "BOX"), after.free("lille", "MUG"), after.shelf("BOX")) == (0, 0, {})


def test_a_batch_leaves_the_mugs_of_the_only_box_to_the_order_that_wants_it():
    pytest.importorskip("highspy")
    snapshot = shelves(lille={"MUG": 2, "TEA": 1}, lyon={"MUG": 2})
    demands = {"S1": wants("S1", MUG=2), "S2": wants("S2", BOX=1)}
    batch = plan_batch(demands, snapshot, CHEAPEST, limits=Limits())
    assert batch.method == JOINT
    assert {key: one.decision.allocations[0].node_id for key, one in batch.seen.items()} == {
        "S1": "lyon",
        "S2": "lille",
    }
    assert all(one.decision.outcome == "single" for one in batch.seen.values())


# --- against everything there is ---------------------------------------------------------------------------------------


@st.composite
def orders(draw):
    """Up to three sites, a kit or two, and the parts of them beside them."""
    sites = tuple(
        Node(
            place,
            f"Site {place}",
            draw(st.integers(0, 2)),
            *draw(st.sampled_from([(50.63, 3.06), (45.76, 4.84), (43.70, 7.27)])),
            costs=NodeCosts(*(Decimal(draw(st.integers(0, 300))) / 100 for _ in range(3))),
        )
        for place in range(draw(st.integers(1, 3)))
    )
    recipes = {
        kit: tuple((part, Decimal(draw(st.integers(1, 2)))) for part in draw(st.sampled_from(["a", "ab", "b"])))
        for kit in draw(st.sampled_from(["K", "KL"]))
    }
    sold = [*recipes, *draw(st.sampled_from(["", "a", "ab"]))]
    stock = {(site.id, part): Decimal(draw(st.integers(0, 5))) for site in sites for part in "ab"}
    items = tuple(Item(sku, sku, Decimal(draw(st.integers(1, 2))), sku) for sku in sold)
    return Demand("S1", items, PARIS), Snapshot(sites, stock, recipes=recipes)


def all_plans(demand, snapshot):
    """{item: units by site} of every plan that the shelves allow."""
    nodes = [node.id for node in snapshot.nodes]
    ways = [
        [way for way in product(range(int(item.quantity) + 1), repeat=len(nodes)) if sum(way) <= item.quantity]
        for item in demand.items
    ]
    for plan_ in product(*ways):
        left = dict(snapshot.available)
        for item, way in zip(demand.items, plan_, strict=True):
            for node, units in zip(nodes, way, strict=True):
                for part, needed in snapshot.recipes.get(item.product_id, ((item.product_id, 1),)):
                    left[node, part] -= units * needed
        if min(left.values()) >= 0:
            yield plan_


def cost_of(plan_, demand, snapshot, prices):
    """Parcels, the way, the lines and units of each site; each further parcel once more."""
    cost, parcels = Decimal(0), 0
    for place, node in enumerate(snapshot.nodes):
        units = [way[place] for way in plan_]
        if any(units):
            parcels += 1
            km = Decimal(repr(round(distance_km(node, demand.place), 1)))
            cost += prices.parcel + prices.per_km * km + node.costs.pack_parcel
            cost += node.costs.pick_line * sum(map(bool, units)) + node.costs.pick_unit * sum(units)
    return cost + prices.split * max(0, parcels - 1)


def keeps_whole(plan_, demand, snapshot):
    """Whether no line is divided that one site has all of, unless others want the same goods."""
    recipes = {item.id: dict(snapshot.recipes.get(item.product_id, ((item.product_id, 1),))) for item in demand.items}
    for item, way in zip(demand.items, plan_, strict=True):
        others = {part for other, recipe in recipes.items() if other != item.id for part in recipe}
        is_whole_somewhere = any(
            all(
                snapshot.available[node.id, part] >= needed * item.quantity for part, needed in recipes[item.id].items()
            )
            for node in snapshot.nodes
        )
        if others.isdisjoint(recipes[item.id]) and is_whole_somewhere and max(way) < item.quantity:
            return False
    return True


@settings(max_examples=250)
@given(orders())
def test_no_plan_ships_more_and_of_those_that_ship_as_much_none_costs_less(case):
    demand, snapshot = case
    decision = plan(demand, snapshot, CHEAPEST)
    shipped = sum(a.quantity for a in decision.allocations if a.mode in TAKING)
    for key, units in taken([decision], snapshot.recipes).items():
        assert units <= snapshot.available[key]
    assert sum(a.quantity for a in decision.allocations) == sum(item.quantity for item in demand.items)
    plans = list(all_plans(demand, snapshot))
    most = max(sum(map(sum, one)) for one in plans)
    assert shipped == most
    assert decision.method == "exact"
    least = min(
        cost_of(one, demand, snapshot, CHEAPEST.prices)
        for one in plans
        if sum(map(sum, one)) == most and keeps_whole(one, demand, snapshot)
    )
    assert decision.cost == least


@settings(max_examples=100)
@given(orders())
def test_many_are_planned_as_one_after_the_other(case):
    demand, snapshot = case
    first, second = plan_many([demand, demand], snapshot)
    assert (first, second) == (plan(demand, snapshot), plan(demand, snapshot.taking(first)))


@settings(max_examples=250)
@given(orders())
def test_goal_by_goal_as_much_as_possible_leaves_in_as_few_parcels_as_possible(case):
    demand, snapshot = case
    decision = plan(demand, snapshot)
    plans = list(all_plans(demand, snapshot))
    most = max(sum(map(sum, one)) for one in plans)
    assert sum(a.quantity for a in decision.allocations if a.mode in TAKING) == most
    fewest = min(
        sum(any(way[place] for way in one) for place in range(len(snapshot.nodes)))
        for one in plans
        if sum(map(sum, one)) == most
    )
    assert len(decision.shipments) == fewest
    assert replay(decision, *restore(record(demand, snapshot, DEFAULT_POLICY)))
