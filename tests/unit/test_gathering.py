"""Transfer, then ship: goods are sent to one site first where the order then costs less, or more of it can leave."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import product as combinations_of

import pytest

from odoo.addons.oms_routing.domain.batch_plan import plan_batch
from odoo.addons.oms_routing.domain.model import Capacity, Demand, Item, Node, NodeCosts, Place, Transfers
from odoo.addons.oms_routing.domain.planner import plan, plan_many, replay
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


def test_a_kit_is_not_sent_to_another_site():
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


def _twice(snapshot):
    return replace(snapshot, available={key: 2 * units for key, units in snapshot.available.items()})


def _taken(decision):
    return [a for a in decision.allocations if a.mode in ("ship", "transfer")]
