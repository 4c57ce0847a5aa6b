"""Policies tried on the past: worked cases first, then what must hold for every history."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.quantities import Quantities
from odoo.addons.oms_routing.domain.backtest import (
    ATTEMPTS_MAX,
    JOINT,
    PLANNER,
    SAME,
    STOCK,
    Case,
    Review,
    Simulation,
    chance_of,
    decisive_rules,
    is_rerouted,
    rules_of,
    run,
    signature,
    without,
)
from odoo.addons.oms_routing.domain.model import Capacity, Demand, Item, Node, Place, Transfers
from odoo.addons.oms_routing.domain.planner import plan
from odoo.addons.oms_routing.domain.policy import Policy, Prices, Rule
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.tariff import Offer, Tariff
from odoo.addons.oms_routing.domain.timeline_stock import Change, Timeline

NOON = datetime(2026, 3, 2, 12)
LYON = Node("lyon", "Lyon", 1, 45.76, 4.84, "FR")
LILLE = Node("lille", "Lille", 2, 50.63, 3.06, "FR")
NICE = Node("nice", "Nice", 3, 43.70, 7.27, "FR")
NODES = (LYON, LILLE, NICE)
PLACES = (
    Place(43.30, 5.37, "FR", "Marseille"),
    Place(50.85, 4.35, "BE", "Bruxelles"),
    Place(45.0, 4.9, "FR", "Valence"),
)
BY_SEQUENCE = Policy(objectives=("fewest_parcels", "priority"), name="in the order of the sites")
NEAREST = Policy(objectives=("fewest_parcels", "distance"), name="nearest")


def change(position, node, units, order=None, product="mug"):
    return Change(position, node, product, Decimal(units), order)


def demand_of(order_id="S1", place=PLACES[0], now=NOON, **wants):
    items = tuple(Item(f"{order_id}/{sku}", sku, Decimal(units), sku) for sku, units in wants.items())
    return Demand(order_id, items, place, now=now)


def case_of(position, demand, available, policy=NEAREST, nodes=NODES, decided=None, **values):
    stock = {(node, "mug"): Decimal(units) for node, units in available.items()}
    snapshot = Snapshot(nodes, stock, capacity=values.pop("capacity", {}))
    allocations = plan(demand, snapshot, policy).allocations if decided is None else decided
    return Case(demand, snapshot, position, allocations, policy, **values)


def parity(case, timeline):
    return Review(timeline).look(case)


def at(outcome):
    return {node: int(units) for node, _product, units in outcome.ships}


# --- parity ----------------------------------------------------------------------------------------------------------


def test_the_policy_that_decided_decides_again_as_it_did():
    changes = [change(1, "lyon", 2), change(1, "nice", 5), change(4, "nice", -5, "S9")]
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "nice": 5})
    assert parity(case, Timeline(changes)).code == SAME


def test_a_journal_that_tells_another_stock_is_named_with_site_product_and_both_numbers():
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "nice": 5})
    found = parity(case, Timeline([change(1, "lyon", 2)]))
    assert found.code == STOCK
    assert "5 mug at Nice, not 0" in found.reason
    assert "Lyon" not in found.reason


def test_a_planner_that_changed_since_is_told_from_a_stock_that_differs():
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "nice": 5})
    elsewhere = tuple(replace(allocation, node_id="lyon") for allocation in case.decided)
    assert parity(replace(case, decided=elsewhere), Timeline([change(1, "nice", 5)])).code == PLANNER


def test_what_a_third_party_told_and_what_nobody_counts_is_as_it_was_recorded():
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "nice": 5}, told=frozenset({"nice"}))
    assert parity(case, Timeline([change(1, "lyon", 2)])).code == SAME
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "nice": 5}, uncounted=frozenset({"mug"}))
    assert parity(case, Timeline([])).code == SAME


def test_what_is_set_aside_for_the_order_is_its_own_but_what_it_holds_elsewhere_is_gone():
    changes = [change(1, "nice", 5), change(2, "nice", -5, "S1")]
    assert parity(case_of(3, demand_of(mug=2), {"nice": 5}), Timeline(changes)).code == SAME
    second = case_of(3, demand_of(mug=2), {}, is_first=False)
    assert parity(second, Timeline(changes)).code == SAME


def test_in_a_batch_each_order_saw_what_those_before_it_left():
    first = case_of(2, demand_of("S1", mug=2), {"lyon": 5, "nice": 2}, batch="b")
    second = case_of(2, demand_of("S2", mug=2), {"lyon": 5}, batch="b")
    changes = [change(1, "lyon", 5), change(1, "nice", 2), change(3, "nice", -2, "S1"), change(4, "lyon", -2, "S2")]
    review = Review(Timeline(changes))
    assert [review.look(case).code for case in (first, second)] == [SAME, SAME]
    review = Review(Timeline(changes))
    assert [review.look(replace(case, batch=None)).code for case in (first, second)] == [SAME, STOCK]


def test_what_a_run_decided_later_is_not_compared_and_took_nothing_of_what_was_decided_beside_it():
    waited = case_of(2, demand_of("S1", mug=5), {"nice": 5}, batch="b", is_joint=True)
    beside = case_of(2, demand_of("S2", mug=5), {"nice": 5}, batch="b")
    review = Review(Timeline([change(1, "nice", 5), change(3, "nice", -5, "S2")]))
    assert [review.look(case).code for case in (waited, beside)] == [JOINT, SAME]


# --- simulation ------------------------------------------------------------------------------------------------------


def test_the_next_order_finds_the_shelves_as_this_policy_left_them():
    """In truth both left from Nice, which is nearer. By the order of the sites both leave from Lyon, while it lasts."""
    changes = [change(1, "lyon", 3), change(1, "nice", 9)]
    changes += [change(3, "nice", -2, "S1"), change(5, "nice", -2, "S2"), change(7, "nice", -2, "S3")]
    stock = {"lyon": 3, "nice": 9}
    cases = [case_of(moment, demand_of(order, mug=2), stock) for moment, order in ((2, "S1"), (4, "S2"), (6, "S3"))]
    outcomes = list(run(cases, Timeline(changes), lambda _case: BY_SEQUENCE))
    assert [at(outcome) for outcome in outcomes] == [{"lyon": 2}, {"nice": 2}, {"nice": 2}]
    assert outcomes[0].km > outcomes[1].km


def test_goods_that_another_policy_leaves_on_the_shelf_can_be_sold_twice_only_once():
    changes = [change(1, "lyon", 2), change(3, "lyon", -2, "S1")]
    cases = [case_of(2, demand_of("S1", mug=2), {"lyon": 2}), case_of(4, demand_of("S2", mug=2), {})]
    first, second = run(cases, Timeline(changes), lambda _case: NEAREST)
    assert (first.waiting, second.waiting) == (False, True)


def test_a_site_that_refuses_is_replaced_by_the_next_and_its_goods_stay_there():
    nodes = (replace(NICE, p_reject=Decimal(1)), LYON)
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "nice": 5}, nodes=nodes)
    stock = Timeline([change(1, "lyon", 2), change(1, "nice", 5)])
    outcome = Simulation(stock).run(case, NEAREST)
    assert (at(outcome), outcome.rejections, outcome.parcels) == ({"lyon": 2}, 1, 1)
    assert (stock.free("lyon", "mug"), stock.free("nice", "mug")) == (0, 5)


def test_an_order_that_all_refuse_waits_and_is_not_lost():
    nodes = tuple(replace(node, p_reject=Decimal(1)) for node in NODES)
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "nice": 5, "lille": 3}, nodes=nodes)
    stock = Timeline([change(1, "lyon", 2), change(1, "nice", 5), change(1, "lille", 3)])
    outcome = Simulation(stock).run(case, NEAREST)
    assert (outcome.ships, outcome.rejections, outcome.waiting) == ((), 3, True)
    assert outcome.rejections < ATTEMPTS_MAX


def test_two_policies_are_refused_by_the_same_sites():
    nodes = tuple(replace(node, p_reject=Decimal("0.5")) for node in NODES)
    cases = [case_of(2, demand_of(f"S{number}", mug=1), {"nice": 99}, nodes=nodes) for number in range(99)]
    stock = [change(1, "nice", 999)]
    one, other = (
        [outcome.rejections for outcome in run(cases, Timeline(stock), lambda _case, policy=policy: policy, seed=4)]
        for policy in (NEAREST, BY_SEQUENCE)
    )
    assert one == other
    assert 30 < sum(one) < 70
    assert one != [outcome.rejections for outcome in run(cases, Timeline(stock), lambda _case: NEAREST, seed=5)]


def test_refusals_come_as_often_as_the_probability_says():
    hits = sum(chance_of(1, order, "nice") < Decimal("0.2") for order in range(4000))
    assert hits == pytest.approx(800, abs=90)


def test_a_site_has_room_again_for_orders_that_another_policy_sends_elsewhere():
    """In truth the first order took the last place of the day in Nice."""
    rule = Policy(constraints=("capacity_orders",), objectives=("fewest_parcels", "distance"))
    changes = [change(1, "lyon", 9), change(1, "nice", 9), change(3, "nice", -1, "S1"), change(5, "lyon", -1, "S2")]
    stock = {"lyon": 9, "nice": 9}
    cases = [
        case_of(2, demand_of("S1", mug=1), stock, rule, capacity={"nice": Capacity(orders_left=1)}),
        case_of(4, demand_of("S2", mug=1), stock, rule, capacity={"nice": Capacity(orders_left=0)}),
    ]
    policies = {"S1": BY_SEQUENCE, "S2": rule}
    outcomes = list(run(cases, Timeline(changes), lambda case: policies[case.demand.order_id]))
    assert [at(outcome) for outcome in outcomes] == [{"lyon": 1}, {"nice": 1}]


def test_an_interrupted_simulation_goes_on_where_it_stopped():
    changes, cases = history(random.Random(3), orders=30)
    whole = list(run(cases, Timeline(changes), lambda _case: BY_SEQUENCE, seed=2))
    simulation = Simulation(Timeline(changes), seed=2)
    for case, outcome in zip(cases[:17], whole, strict=False):
        simulation.repeat(case, outcome.ships, outcome.waits)
    assert [simulation.run(case, BY_SEQUENCE) for case in cases[17:]] == whole[17:]


def test_both_policies_are_told_in_the_same_money():
    dear, cheap = (replace(NEAREST, prices=Prices(parcel=Decimal(price))) for price in (9, 4))
    case = case_of(2, demand_of(mug=2), {"nice": 5}, dear)
    stock = [change(1, "nice", 5)]
    assert Simulation(Timeline(stock)).run(case, dear).cost == 9
    assert Simulation(Timeline(stock)).run(case, dear, cheap.prices).cost == 4


def gathered_case(policy, days=1, feeder="Post", **values):
    """Lyon has the mug and Lille the pot, which is sent to Lyon first: one parcel of 6, and 1.50 for the transfer."""
    transfers = Transfers(parcel=Decimal(1), per_unit=Decimal("0.50"), days=days)
    nodes = tuple(replace(node, transfers=transfers) for node in (LYON, LILLE))
    leaves, comes = NOON + timedelta(hours=5), NOON + timedelta(days=2)
    tariff = Tariff(((Decimal(30), Decimal(6)),))
    offers = {node: (Offer(name, name, tariff, leaves, comes),) for node, name in (("lyon", "Post"), ("lille", feeder))}
    demand = replace(demand_of(mug=1, pot=1), offers=offers, **values)
    snapshot = Snapshot(nodes, {("lyon", "mug"): Decimal(1), ("lille", "pot"): Decimal(1)})
    case = Case(demand, snapshot, 2, plan(demand, snapshot, policy).allocations, policy)
    assert [(a.node_id, a.via_node_id) for a in case.decided] == [("lyon", None), ("lille", "lyon")]
    return case, Timeline([change(1, "lyon", 1), change(1, "lille", 1, product="pot")])


@pytest.mark.parametrize("feeder", ["Post", "another carrier"])
def test_a_gathered_parcel_costs_its_transfer_at_the_prices_of_another_policy_too(feeder):
    policy = Policy(consolidate=True, prices=Prices(split=Decimal(2)))
    case, stock = gathered_case(policy, feeder=feeder)
    outcome = Simulation(stock).run(case, policy, Prices(split=Decimal(3)))
    assert (outcome.cost, outcome.parcels) == (Decimal("7.50"), 1)


def test_a_gathered_parcel_is_as_late_at_other_prices_as_its_transfer_makes_it():
    """Two days for the transfer and two for the parcel, where three were promised."""
    policy = Policy(consolidate=True, prices=Prices(split=Decimal(20)))
    case, stock = gathered_case(policy, days=2, deliver_by=NOON + timedelta(days=3))
    outcome = Simulation(stock).run(case, policy, Prices(split=Decimal(20), late_day=Decimal(4)))
    assert (outcome.cost, outcome.late) == (Decimal("11.50"), True)


def test_after_an_interruption_sites_are_as_full_as_they_were_made():
    policy, stock = NEAREST, [change(1, "lyon", 9), change(1, "nice", 9)]
    limits = {"nice": Capacity(orders_left=1)}
    cases = [
        case_of(moment, demand_of(order, mug=1), {"lyon": 9, "nice": 9}, policy, decided=(), capacity=limits)
        for moment, order in ((2, "S1"), (3, "S2"))
    ]
    simulation = Simulation(Timeline(stock))
    simulation.repeat(cases[0], (("nice", "mug", Decimal(1)),), ())
    assert at(simulation.run(cases[1], policy)) == {"lyon": 1}


# --- rules -----------------------------------------------------------------------------------------------------------


def test_only_the_rule_that_made_the_difference_is_decisive():
    """Nice is nearer; by the order of the sites it would be Lyon. One parcel is needed from either."""
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "nice": 5})
    assert [rule.kind for rule in decisive_rules(case, NEAREST)] == ["distance"]
    assert decisive_rules(case_of(2, demand_of(mug=2), {"nice": 5}), NEAREST) == []


def test_a_rule_that_keeps_an_order_waiting_is_decisive_and_one_that_reaches_nobody_is_not():
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "lille": 5})
    near, far = (Rule("max_distance", km=Decimal(km)) for km in (200, 5000))
    for rule, expected in ((near, True), (far, False)):
        policy = Policy(constraints=(rule,), objectives=("fewest_parcels", "distance"))
        assert (rule in decisive_rules(case, policy)) == expected


def test_the_rules_that_every_policy_has_are_nobodys_choice():
    assert [rule.kind for rule in rules_of(NEAREST)] == ["fewest_parcels", "distance"]
    assert without(NEAREST, rules_of(NEAREST)[1]) == Policy(objectives=("fewest_parcels",), name="nearest")


def test_an_edit_that_says_the_same_reroutes_nothing():
    case = case_of(2, demand_of(mug=2), {"lyon": 2, "nice": 5})
    assert not is_rerouted(case, NEAREST, replace(NEAREST, name="another name"))
    assert is_rerouted(case, NEAREST, BY_SEQUENCE)


# --- for every history -----------------------------------------------------------------------------------------------


def history(generator, orders=12, policy=NEAREST):
    """A past in which each order was planned on what there was, with receipts and cancellations in between."""
    changes, cases, real = [], [], Quantities()
    position, held = 0, {}

    def happen(node, product, units, order=None):
        nonlocal position, real
        position += 1
        changes.append(Change(position, node, product, Decimal(units), order))
        real += Quantities({(node, product): Decimal(units)})

    for number in range(orders):
        for _receipt in range(generator.randrange(3)):
            happen(generator.choice(NODES).id, generator.choice(("mug", "pot")), generator.randrange(1, 6))
        if held and generator.random() < 0.2:
            order = generator.choice(list(held))
            for allocation in held.pop(order):
                happen(allocation.node_id, allocation.product_id, allocation.quantity, order)
        wants = {sku: generator.randrange(1, 4) for sku in generator.sample(("mug", "pot"), generator.randrange(1, 3))}
        demand = demand_of(f"S{number}", generator.choice(PLACES), NOON + timedelta(hours=number), **wants)
        available = {(node.id, sku): max(Decimal(0), real[node.id, sku]) for node in NODES for sku in wants}
        snapshot = Snapshot(NODES, available)
        decided = plan(demand, snapshot, policy).allocations
        cases.append(Case(demand, snapshot, position, decided, policy))
        held[demand.order_id] = [allocation for allocation in decided if allocation.node_id]
        for allocation in held[demand.order_id]:
            happen(allocation.node_id, allocation.product_id, -allocation.quantity, demand.order_id)
    return changes, cases


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_decision_of_every_history_is_reproduced(seed):
    changes, cases = history(random.Random(seed))
    review = Review(Timeline(changes))
    assert {review.look(case).code for case in cases} == {SAME}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_policy_that_was_in_force_ends_where_the_past_ended(seed):
    changes, cases = history(random.Random(seed))
    simulated, real = Timeline(changes), Timeline(changes)
    for case, outcome in zip(cases, run(cases, simulated, lambda _case: NEAREST), strict=True):
        assert {(node, product): units for node, product, units in outcome.ships} == {
            (a.node_id, a.product_id): a.quantity for a in case.decided if a.mode == "ship"
        }
    real.advance(10**6)
    simulated.advance(10**6)
    keys = [node.id for node in NODES], ["mug", "pot"]
    assert simulated.available(*keys) == real.available(*keys)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), chance=st.sampled_from(["0", "0.3", "1"]))
def test_nothing_is_shipped_that_is_not_there_and_nothing_twice(seed, chance):
    changes, cases = history(random.Random(seed))
    nodes = tuple(replace(node, p_reject=Decimal(chance)) for node in NODES)
    cases = [replace(case, snapshot=replace(case.snapshot, nodes=nodes)) for case in cases]
    timeline = Timeline(changes)
    for case, outcome in zip(cases, run(cases, timeline, lambda _case: BY_SEQUENCE, seed), strict=True):
        wanted, sent = case.demand.wanted(), Quantities((product, units) for _node, product, units in outcome.ships)
        assert wanted.covers(sent)
        assert outcome.waiting == (sent != wanted)
    assert all(units >= 0 for units in timeline.available([node.id for node in NODES], ["mug", "pot"]).values())


def test_signatures_do_not_depend_on_how_parts_are_told():
    case = case_of(2, demand_of(mug=2), {"nice": 5})
    half = tuple(replace(allocation, quantity=Decimal(1)) for allocation in case.decided) * 2
    assert signature(half) == signature(case.decided)
