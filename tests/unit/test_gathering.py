"""Transfer, then ship: goods are sent to one site first where the order then costs less, or more of it can leave."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import product as combinations_of

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain.batch_plan import plan_batch
from odoo.addons.oms_routing.domain.gathering import when_gathered
from odoo.addons.oms_routing.domain.model import Capacity, Demand, Item, Node, NodeCosts, Place, Transfers
from odoo.addons.oms_routing.domain.planner import decide, plan, plan_many, replay
from odoo.addons.oms_routing.domain.policy import LEAST_COST, Policy, Prices, Rule
from odoo.addons.oms_routing.domain.recording import record, restore
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.tariff import Offer, Tariff

MONDAY = datetime(2026, 3, 2, 9)
GATHER = Policy(consolidate=True, prices=Prices(split=Decimal(2)))
CHEAP = Transfers(parcel=Decimal(1), per_unit=Decimal("0.50"), days=1)


def site(name, sequence=0, transfers=CHEAP, **facts):
    return Node(name, name, sequence, transfers=transfers, **facts)


def parcel(price, day=4, name="Post", **facts):
    tariff = Tariff(((Decimal(30), Decimal(price)),))
    moments = {"ship_by": datetime(2026, 3, 2, 17), "deliver_by": datetime(2026, 3, day, 12)}
    return Offer(name, name, tariff, **{**moments, **facts})


def order(*skus, price=6, sites=("Lyon", "Lille", "Metz"), offers=None, **facts):
    items = tuple(Item(sku, sku, Decimal(1), sku.title()) for sku in skus)
    offers = {name: (parcel(price),) for name in sites} if offers is None else offers
    return Demand("S1", items, Place(), offers=offers, now=MONDAY, **facts)


def stock(nodes, *there, **facts):
    return Snapshot(nodes, {one: Decimal(1) for one in there}, **facts)


LYON_HAS_A_MUG_LILLE_A_LAMP = stock((site("Lyon", 1), site("Lille", 2)), ("Lyon", "mug"), ("Lille", "lamp"))


def told(decision):
    return [(a.item_id, a.node_id, a.mode, a.via_node_id) for a in decision.allocations]


GATHERED_AT_LYON = [("mug", "Lyon", "ship", None), ("lamp", "Lille", "transfer", "Lyon")]


def test_one_parcel_after_a_transfer_is_cheaper_than_two_and_the_decision_says_it():
    """Two parcels: 6 + 6 + 2 for the second. One: 6, and 1.50 for the lamp on its way."""
    decision = plan(order("mug", "lamp"), LYON_HAS_A_MUG_LILLE_A_LAMP, GATHER)
    assert told(decision) == GATHERED_AT_LYON
    assert (decision.outcome, decision.cost, len(decision.shipments)) == ("single", Decimal("7.50"), 1)
    assert decision.sentence == "One parcel from Lyon, to where Lille sends Lamp first: 6.50 less than 2 parcels."
    assert [(c.name, c.chosen) for c in decision.candidates] == [("Lyon", True), ("Lille", True)]


def test_only_where_the_policy_allows_it():
    decision = plan(order("mug", "lamp"), LYON_HAS_A_MUG_LILLE_A_LAMP, replace(GATHER, consolidate=False))
    assert told(decision) == [("mug", "Lyon", "ship", None), ("lamp", "Lille", "ship", None)]


@pytest.mark.parametrize(("transfer", "gathers"), [("7.49", True), ("7.50", False), ("20", False)])
def test_a_transfer_that_costs_as_much_as_it_saves_is_not_made(transfer, gathers):
    """Two parcels are 14, one is 6: up to 8 may be spent on the way, 0.50 of it for the unit."""
    nodes = tuple(site(name, transfers=replace(CHEAP, parcel=Decimal(transfer))) for name in ("Lyon", "Lille"))
    snapshot = replace(LYON_HAS_A_MUG_LILLE_A_LAMP, nodes=nodes)
    assert ("transfer" in {a.mode for a in plan(order("mug", "lamp"), snapshot, GATHER).allocations}) is gathers


def test_every_cent_of_the_decision_is_in_its_pieces_handling_at_both_ends_included():
    costs = NodeCosts(pick_line=Decimal("0.30"), pick_unit=Decimal("0.07"), pack_parcel=Decimal("0.80"))
    snapshot = replace(LYON_HAS_A_MUG_LILLE_A_LAMP, nodes=(site("Lyon", 1, costs=costs), site("Lille", 2, costs=costs)))
    decision = plan(order("mug", "lamp"), snapshot, GATHER)
    assert told(decision) == GATHERED_AT_LYON
    pieces = sum(sum(allocation.costs.values()) for allocation in decision.allocations)
    # At Lyon two lines are picked and a parcel is packed, at Lille a line is picked and packed for the transfer.
    assert pieces == decision.cost == Decimal("6") + Decimal("1.54") + Decimal("1.50") + Decimal("1.17")
    assert decision.shipments[0].costs["transfer"] == Decimal("2.67")


def test_the_promise_is_as_many_days_later_as_the_transfer_takes_and_never_at_a_weekend():
    nodes = tuple(site(name, transfers=replace(CHEAP, days=4)) for name in ("Lyon", "Lille"))
    decision = plan(order("mug", "lamp"), replace(LYON_HAS_A_MUG_LILLE_A_LAMP, nodes=nodes), GATHER)
    # Monday and four days is Friday; Wednesday and four days would be Sunday.
    assert {(a.ship_by, a.deliver_by) for a in decision.allocations} == {
        (datetime(2026, 3, 6, 17), datetime(2026, 3, 9, 12))
    }


def test_a_promise_that_the_transfer_would_break_is_kept_with_two_parcels():
    promised = order("mug", "lamp", deliver_by=datetime(2026, 3, 4, 23))
    policy = replace(GATHER, constraints=(Rule("promise"),))
    decision = plan(promised, LYON_HAS_A_MUG_LILLE_A_LAMP, policy)
    assert {allocation.mode for allocation in decision.allocations} == {"ship"}
    later = replace(promised, deliver_by=datetime(2026, 3, 5, 23))
    assert told(plan(later, LYON_HAS_A_MUG_LILLE_A_LAMP, policy)) == GATHERED_AT_LYON


def test_a_late_day_costs_what_the_policy_says():
    promised = order("mug", "lamp", deliver_by=datetime(2026, 3, 4, 23))
    dear = replace(GATHER, prices=replace(GATHER.prices, late_day=Decimal("6.50")))
    assert plan(promised, LYON_HAS_A_MUG_LILLE_A_LAMP, dear).outcome == "split"
    cheaper = replace(GATHER, prices=replace(GATHER.prices, late_day=Decimal("6.49")))
    assert plan(promised, LYON_HAS_A_MUG_LILLE_A_LAMP, cheaper).outcome == "single"


def test_what_one_site_may_not_ship_alone_is_complete_after_a_transfer():
    """At most one site for an order, and none has both: without transfers the lamp would wait."""
    policy = replace(GATHER, nodes_max=1)
    assert plan(order("mug", "lamp"), LYON_HAS_A_MUG_LILLE_A_LAMP, replace(policy, consolidate=False)).outcome == (
        "partial"
    )
    decision = plan(order("mug", "lamp"), LYON_HAS_A_MUG_LILLE_A_LAMP, policy)
    assert told(decision) == GATHERED_AT_LYON
    assert decision.sentence.endswith("more is shipped than without.")


def test_a_site_that_does_not_ship_to_the_country_may_send_its_goods_to_one_that_does():
    nodes = (site("Lyon", 1), site("Lille", 2, ships_to=frozenset({"BE"})))
    demand = replace(order("mug", "lamp"), place=Place(country_code="FR"))
    policy = replace(GATHER, constraints=(Rule("ships_to"),))
    assert told(plan(demand, replace(LYON_HAS_A_MUG_LILLE_A_LAMP, nodes=nodes), policy)) == GATHERED_AT_LYON


@pytest.mark.parametrize(
    ("facts", "demand"),
    [
        ({"transfers": None}, {}),  # run by somebody else
        ({"kind": "vendor"}, {}),
        ({"kind": "third_party"}, {}),
        ({"company_id": 2}, {}),
        ({"is_open": False}, {}),
        ({}, {"excluded_nodes": {"Lille": "It gave up."}}),
        ({}, {"rejections": {("lamp", "Lille"): "It has none."}}),
    ],
)
def test_who_sends_nothing_to_another_site_is_not_asked_to(facts, demand):
    snapshot = replace(LYON_HAS_A_MUG_LILLE_A_LAMP, nodes=(site("Lyon", 1), site("Lille", 2, **facts)))
    assert "transfer" not in {a.mode for a in plan(order("mug", "lamp", **demand), snapshot, GATHER).allocations}


def test_what_cannot_be_sent_is_not_sent_to_another_site():
    demand = order("mug", "lamp")
    demand = replace(demand, items=(demand.items[0], replace(demand.items[1], is_movable=False)))
    gathered_at_lille = [("mug", "Lyon", "transfer", "Lille"), ("lamp", "Lille", "ship", None)]
    assert told(plan(demand, LYON_HAS_A_MUG_LILLE_A_LAMP, GATHER)) == gathered_at_lille
    demand = replace(demand, items=tuple(replace(item, is_movable=False) for item in demand.items))
    assert plan(demand, LYON_HAS_A_MUG_LILLE_A_LAMP, GATHER).outcome == "split"


def test_safety_stock_stays_where_it_is_also_for_a_transfer():
    policy = replace(GATHER, constraints=(Rule("safety_stock", quantity=Decimal(1)),), nodes_max=1)
    two = {("Lyon", "mug"): Decimal(2), ("Lille", "lamp"): Decimal(1)}
    decision = plan(order("mug", "lamp"), replace(LYON_HAS_A_MUG_LILLE_A_LAMP, available=two), policy)
    assert "transfer" not in {a.mode for a in decision.allocations}
    two["Lille", "lamp"] = Decimal(2)
    decision = plan(order("mug", "lamp"), replace(LYON_HAS_A_MUG_LILLE_A_LAMP, available=two), policy)
    assert told(decision) == GATHERED_AT_LYON


def test_a_site_that_has_had_enough_for_today_sends_nothing_either():
    full = replace(LYON_HAS_A_MUG_LILLE_A_LAMP, capacity={"Lille": Capacity(orders_left=1)})
    first, second = plan_many([order("mug", "lamp"), order("mug", "lamp")], _twice(full), GATHER)
    assert (told(first), second.outcome) == (GATHERED_AT_LYON, "partial")


def test_what_is_sent_is_there_for_nobody_else():
    first, second = plan_many([order("mug", "lamp"), order("lamp")], LYON_HAS_A_MUG_LILLE_A_LAMP, GATHER)
    assert told(first) == GATHERED_AT_LYON
    assert second.outcome == "backorder"


def test_least_cost_leaves_a_single_site_alone_only_if_nothing_is_cheaper():
    """Metz has both, and its parcel costs 20. The goals have it so; least cost gathers at Lyon."""
    snapshot = stock(
        (site("Lyon", 1), site("Lille", 2), site("Metz", 3)),
        *[("Lyon", "mug"), ("Lille", "lamp"), ("Metz", "mug"), ("Metz", "lamp")],
    )
    demand = order("mug", "lamp", offers={"Lyon": (parcel(6),), "Lille": (parcel(16),), "Metz": (parcel(20),)})
    assert plan(demand, snapshot, GATHER).shipments[0].node_id == "Metz"
    decision = plan(demand, snapshot, replace(GATHER, strategy=LEAST_COST))
    assert told(decision) == GATHERED_AT_LYON
    assert (decision.method, decision.gap, decision.lower_bound) == ("greedy", None, None)


def test_quantities_always_sum_to_the_order_and_nothing_costs_more_than_without():
    """All ways of three sites to have up to two of two products."""
    demand = order("mug", "lamp")
    demand = replace(demand, items=tuple(replace(item, quantity=Decimal(2)) for item in demand.items))
    names = ("Lyon", "Lille", "Metz")
    nodes = tuple(site(name, place) for place, name in enumerate(names))
    policy = replace(GATHER, strategy=LEAST_COST)
    for units in combinations_of(range(3), repeat=6):
        keys = [(name, sku) for name in names for sku in ("mug", "lamp")]
        snapshot = Snapshot(nodes, {key: Decimal(n) for key, n in zip(keys, units, strict=True) if n})
        decision, without = plan(demand, snapshot, policy), plan(demand, snapshot, replace(policy, consolidate=False))
        sums = {item.id: sum(a.quantity for a in decision.allocations if a.item_id == item.id) for item in demand.items}
        assert sums == {"mug": 2, "lamp": 2} or decision.outcome == "unsourced"
        for (name, sku), there in snapshot.available.items():
            assert sum(a.quantity for a in _taken(decision) if (a.node_id, a.item_id) == (name, sku)) <= there
        shipped, before = (sum(a.quantity for a in _taken(one)) for one in (decision, without))
        assert (-shipped, decision.cost) <= (-before, without.cost)
        assert sum(sum(a.costs.values()) for a in decision.allocations) == decision.cost


def test_planned_again_it_is_the_same_bit_for_bit():
    demand = order("mug", "lamp")
    decision = plan(demand, LYON_HAS_A_MUG_LILLE_A_LAMP, GATHER)
    inputs = restore(record(demand, LYON_HAS_A_MUG_LILLE_A_LAMP, GATHER))
    assert replay(decision, *inputs)


def test_a_batch_plans_such_orders_one_by_one_and_says_why():
    demands = {name: order("mug", "lamp") for name in "AB"}
    batch = plan_batch(demands, _twice(LYON_HAS_A_MUG_LILLE_A_LAMP), replace(GATHER, strategy=LEAST_COST))
    assert "sent from site to site first" in batch.reason
    assert [told(batch.seen[name].decision) for name in "AB"] == [GATHERED_AT_LYON] * 2


# --- kits ---------------------------------------------------------------------------------------------------------------

BOX = {"box": (("mug", Decimal(2)), ("tea", Decimal(1)))}


def order_of(**units):
    """Lines of so many of each product: ``order_of(box=2, mug=1)``."""
    demand = order(*units)
    return replace(demand, items=tuple(replace(item, quantity=Decimal(units[item.id])) for item in demand.items))


def kits(recipes=BOX, transfers=CHEAP, **sites):
    """What lies where: ``kits(Lyon={"mug": 2})``."""
    nodes = tuple(site(name, place, transfers) for place, name in enumerate(sites))
    there = {(name, sku): Decimal(units) for name, shelf in sites.items() for sku, units in shelf.items()}
    return Snapshot(nodes, there, recipes=recipes)


def told_units(decision):
    return [(a.item_id, a.node_id, int(a.quantity), a.mode) for a in decision.allocations]


def test_a_kit_is_sent_whole_to_where_the_rest_of_the_order_is():
    """The kit shares no part with the lamp, and stands on the shelves as itself."""
    snapshot = kits({}, Lyon={"lamp": 3}, Lille={"box": 5})
    decision = plan(order_of(lamp=3, box=2), snapshot, GATHER)
    assert told_units(decision) == [("lamp", "Lyon", 3, "ship"), ("box", "Lille", 2, "transfer")]
    assert decision.sentence == "One parcel from Lyon, to where Lille sends 2 Box first: 6.00 less than 2 parcels."


def test_kits_of_the_hub_and_kits_that_are_sent_leave_as_one_parcel():
    snapshot = kits(Lyon={"mug": 3, "tea": 1, "lamp": 3}, Lille={"mug": 4, "tea": 2})
    decision = plan(order_of(lamp=3, box=2), snapshot, GATHER)
    assert told_units(decision) == [
        ("lamp", "Lyon", 3, "ship"),
        ("box", "Lyon", 1, "ship"),
        ("box", "Lille", 1, "transfer"),
    ]


def test_no_kit_is_put_together_from_what_two_sites_have_of_it():
    """Lyon has the mugs and Lille the tea."""
    snapshot = kits(Lyon={"mug": 2, "lamp": 1}, Lille={"tea": 1}, Metz={"mug": 1})
    decision = plan(order_of(lamp=1, box=1), snapshot, GATHER)
    assert "transfer" not in {a.mode for a in decision.allocations}
    assert [a.quantity for a in _taken(decision)] == [1]


@pytest.mark.parametrize("lines", [{"box": 1, "mug": 2}, {"mug": 2, "box": 1}])
def test_a_mug_is_sent_in_a_kit_or_by_itself_but_not_twice(lines):
    """Lille has two mugs: for the box, or for the mugs."""
    short = kits(Lyon={"lamp": 5}, Lille={"mug": 2, "tea": 1})
    decision = plan(order_of(lamp=5, **lines), short, replace(GATHER, nodes_max=1))
    assert _parts_taken(decision).get(("Lille", "mug"), 0) <= 2
    both = kits(Lyon={"lamp": 5}, Lille={"mug": 4, "tea": 1})
    decision = plan(order_of(lamp=5, **lines), both, GATHER)
    assert [a.mode for a in decision.allocations] == ["ship", "transfer", "transfer"]
    assert _parts_taken(decision) == {("Lyon", "lamp"): 5, ("Lille", "mug"): 4, ("Lille", "tea"): 1}


def test_what_the_hub_gives_beside_a_kit_that_is_sent_is_its_own():
    """Lyon has mugs for the line, and not for the box as well."""
    snapshot = kits(Lyon={"mug": 2}, Lille={"mug": 2, "tea": 1})
    decision = plan(order_of(mug=2, box=1), snapshot, GATHER)
    assert told_units(decision) == [("mug", "Lyon", 2, "ship"), ("box", "Lille", 1, "transfer")]


@pytest.mark.parametrize(("mugs", "teas", "sent"), [(4, 2, ["box"]), (3, 2, []), (4, 1, [])])
def test_what_a_site_keeps_back_of_a_part_or_of_a_kit_is_not_sent(mugs, teas, sent):
    """Of each a site keeps one: of what is in a box, and of boxes."""
    policy = replace(GATHER, constraints=(Rule("safety_stock", quantity=Decimal(1)),), nodes_max=1)
    snapshot = kits(Lyon={"mug": 5, "lamp": 6}, Lille={"mug": mugs, "tea": teas})
    decision = plan(order_of(lamp=5, mug=4, box=1), snapshot, policy)
    assert [a.product_id for a in decision.allocations if a.mode == "transfer"] == sent


def test_what_is_sent_in_kits_is_there_for_nobody_else():
    snapshot = kits(Lyon={"lamp": 1, "mug": 2}, Lille={"mug": 3, "tea": 1})
    first, second = plan_many([order_of(lamp=1, box=1, mug=2), order_of(mug=1)], snapshot, GATHER)
    assert told_units(first)[1:] == [("box", "Lille", 1, "transfer"), ("mug", "Lyon", 2, "ship")]
    assert told_units(second) == [("mug", "Lille", 1, "ship")]


def test_a_kit_that_was_sent_is_told_again_from_the_hub_bit_for_bit():
    demand, snapshot = order_of(mug=2, box=1), kits(Lyon={"mug": 2}, Lille={"mug": 2, "tea": 1})
    decision = plan(demand, snapshot, GATHER)
    assert replay(decision, *restore(record(demand, snapshot, GATHER)))
    later, there = when_gathered(demand, snapshot, "Lyon", {"box": Decimal(1)})
    ships = [(a.item_id, "Lyon", None, a.quantity) for a in decision.allocations]
    again = decide(later, there, Policy(prices=GATHER.prices, ignores_capacity=True), ships)
    transfer = decision.shipments[0].costs["transfer"]
    assert again.shipments[0].costs == {
        code: amount for code, amount in decision.shipments[0].costs.items() if code != "transfer"
    }
    assert (again.cost, transfer) == (decision.cost - transfer, Decimal("1.50"))


UNITS = st.integers(0, 5)


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {name: st.fixed_dictionaries(dict.fromkeys(("mug", "tea"), UNITS)) for name in ("Lyon", "Lille", "Metz")}
    ),
    st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(0, 1)),
    st.sampled_from([None, 1]),
    st.sampled_from([0, 1]),
    st.permutations(("box", "mug", "tea")),
)
def test_kits_are_whole_and_no_site_gives_more_than_it_has(shelves, wanted, nodes_max, kept, sequence):
    counts = dict(zip(("box", "mug", "tea"), wanted, strict=True))
    units = {sku: counts[sku] for sku in sequence if counts[sku]}
    demand, snapshot = order_of(**units), kits(**shelves)
    rules = (Rule("safety_stock", quantity=Decimal(kept)),) if kept else ()
    policy = replace(GATHER, strategy=LEAST_COST, nodes_max=nodes_max, constraints=rules)
    decision, without = plan(demand, snapshot, policy), plan(demand, snapshot, replace(policy, consolidate=False))
    sums = {item.id: sum(a.quantity for a in decision.allocations if a.item_id == item.id) for item in demand.items}
    assert sums == units or decision.outcome == "unsourced"
    assert all(a.quantity % 1 == 0 for a in decision.allocations)
    for (name, part), taken in _parts_taken(decision).items():
        assert taken <= max(0, shelves[name][part] - kept)
    shipped, before = (sum(a.quantity for a in _taken(one)) for one in (decision, without))
    assert (-shipped, decision.cost) <= (-before, without.cost)
    assert sum(sum(a.costs.values()) for a in decision.allocations) == decision.cost
    assert replay(decision, *restore(record(demand, snapshot, policy)))


def _parts_taken(decision, recipes=BOX):
    """{(site, part): how much leaves there}, of kits what is in them."""
    found = {}
    for one in _taken(decision):
        for part, needed in recipes.get(one.product_id, ((one.product_id, 1),)):
            found[one.node_id, part] = found.get((one.node_id, part), 0) + needed * one.quantity
    return found


def _twice(snapshot):
    return replace(snapshot, available={key: 2 * units for key, units in snapshot.available.items()})


def _taken(decision):
    return [a for a in decision.allocations if a.mode in ("ship", "transfer")]
