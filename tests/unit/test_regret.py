"""What a day cost too much, and because of what."""

import random
from decimal import Decimal
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain.backtest import Case
from odoo.addons.oms_routing.domain.model import Demand, Item, Node, NodeCosts, Place
from odoo.addons.oms_routing.domain.planner import plan
from odoo.addons.oms_routing.domain.policy import Policy, Prices, Rule
from odoo.addons.oms_routing.domain.regret import (
    EXACT_RULES_MAX,
    GOALS,
    REFUSALS,
    SEQUENCE,
    attribute,
    regret,
)
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.timeline_stock import Change, Timeline

#: Work is dear in Paris, and cheap far away.
PARIS = Node("paris", "Paris", 1, 48.86, 2.35, "FR", costs=NodeCosts(pack_parcel=Decimal(9)))
LYON = Node("lyon", "Lyon", 2, 45.76, 4.84, "FR", costs=NodeCosts(pack_parcel=Decimal(3)))
NICE = Node("nice", "Nice", 3, 43.70, 7.27, "FR", costs=NodeCosts(pack_parcel=Decimal(1)))
NODES = (PARIS, LYON, NICE)
HOME = Place(48.8, 2.4, "FR", "Paris")
PRICES = Prices(parcel=Decimal(5), split=Decimal(2))
NEAREST = Policy(objectives=("fewest_parcels", "distance"), prices=PRICES)
NEAR = Rule("max_distance", km=Decimal(500), id=7)


def day_of(*orders, stock, policy=NEAREST, refused=None):
    """Orders decided one after the other, and what they really cost. Refused: {order: {node: units that it was asked for}}"""
    changes = [Change(1, node, "mug", Decimal(units)) for node, units in stock.items()]
    left, cases, actual, position = dict(stock), [], Decimal(0), 1
    for name, units in orders:
        demand = Demand(name, (Item(f"{name}/mug", "mug", Decimal(units), "Mug"),), HOME)
        seen = Snapshot(NODES, {(node, "mug"): Decimal(there) for node, there in left.items()})
        excluded = {node: "It refused." for node in (refused or {}).get(name, ())}
        known = Demand(name, demand.items, HOME, excluded)
        decision = plan(known, seen, policy)
        actual += decision.cost
        cases.append(Case(known, seen, position, decision.allocations, policy))
        for part in decision.allocations:
            left[part.node_id] -= part.quantity
            position += 1
            changes.append(Change(position, part.node_id, "mug", -part.quantity, name))
    return cases, actual, Timeline(changes), position


def of_day(*orders, **values):
    return regret(*day_of(*orders, **values))


def test_the_nearest_site_is_not_the_cheapest_and_that_is_said():
    found = of_day(("S1", 1), ("S2", 1), stock={"paris": 5, "nice": 5})
    assert (found.actual, found.best, dict(found.parts)) == (28, 12, {GOALS: 16})


def test_a_rule_that_keeps_the_cheap_site_away_is_charged_what_it_costs():
    policy = Policy(constraints=(NEAR,), objectives=("fewest_parcels", "distance"), prices=PRICES)
    found = of_day(("S1", 1), stock={"paris": 5, "lyon": 5, "nice": 5}, policy=policy)
    assert dict(found.parts) == {GOALS: 6, 7: 2}  # to Lyon, which the rule allows, and to Nice, which it does not
    assert found.total == 8


def test_the_first_order_took_what_the_next_needed():
    """Two pieces in Nice, where it is cheapest: who came first took one, and the next had to take both from Paris."""
    cheapest = Policy(strategy="least_cost", prices=PRICES)
    cases, actual, timeline, end = day_of(
        ("S1", 1), ("S2", 2), stock={"lyon": 1, "paris": 2, "nice": 2}, policy=cheapest
    )
    found = regret(cases, actual, timeline, end)
    # One by one: 6 from Nice and 14 from Paris. Together: 8 from Lyon, which is left, and 6 from Nice.
    assert (found.actual, found.best, found.parts) == (20, 14, {SEQUENCE: 6})


def test_what_a_refusal_cost_is_the_difference_to_having_known_it():
    cases, actual, timeline, end = day_of(("S1", 1), stock={"paris": 5, "lyon": 5}, refused={"S1": {"paris"}})
    found = regret(cases, actual + 4, timeline, end)  # it was packed in vain, say
    assert found.parts == {REFUSALS: 4}


def test_a_plan_that_ships_less_is_not_taken_for_a_cheaper_one():
    cases, actual, timeline, end = day_of(("S1", 1), stock={"nice": 5})
    nothing = Snapshot(NODES, {})
    found = regret(
        cases, actual, timeline, end, lambda cases, _shared, policies: [plan(cases[0].demand, nothing, policies[0])]
    )
    assert (found.actual, found.best, found.parts) == (6, 6, {})


def test_a_day_without_orders_has_nothing_to_regret():
    assert regret([], Decimal(0), Timeline([]), 0).total == 0


@given(seed=st.integers(0, 10**6))
def test_the_parts_of_a_day_sum_to_what_it_cost_too_much(seed):
    generator = random.Random(seed)
    rules = generator.sample(
        [NEAR, Rule("max_nodes", number=1, id=8), Rule("whole_order", id=9)], generator.randrange(4)
    )
    policy = Policy(constraints=tuple(rules), objectives=("fewest_parcels", "distance"), prices=PRICES)
    stock = {node.id: generator.randrange(6) for node in NODES}
    orders = [(f"S{number}", generator.randrange(1, 4)) for number in range(generator.randrange(1, 5))]
    cases, _actual, timeline, end = day_of(*orders, stock=stock, policy=policy)
    shipped = [case for case in cases if all(part.mode == "ship" for part in case.decided)]
    actual = sum((plan(case.demand, case.snapshot, policy).cost for case in shipped), Decimal(0))
    found = regret(shipped, actual, timeline, end)
    assert sum(found.parts.values()) == found.total == found.actual - found.best
    assert all(part > 0 for part in found.parts.values())
    assert found.actual == actual


def costs_of(players, seed):
    """What it costs without each set of rules: less for more, as more can be done."""
    generator, costs = random.Random(seed), {frozenset(): Decimal(1000)}
    for size in range(1, len(players) + 1):
        for group in map(frozenset, combinations(players, size)):
            least = min(costs[group - {player}] for player in group)
            costs[group] = least - generator.choice([0, 0, 1, 7, 33]) * Decimal("1.37")
    return costs


@given(seed=st.integers(0, 10**6), number=st.integers(0, 7))
def test_the_parts_sum_to_exactly_what_all_rules_together_cost(seed, number):
    players = "abcdefgh"[:number]
    costs = costs_of(players, seed)
    shares = attribute(players, costs.__getitem__)
    assert sum(shares.values()) == costs[frozenset()] - costs[frozenset(players)]
    assert all(share >= 0 for share in shares.values())


@given(seed=st.integers(0, 10**6), number=st.integers(1, EXACT_RULES_MAX))
def test_each_part_is_the_mean_over_all_sequences(seed, number):
    players = "abcd"[:number]
    costs = costs_of(players, seed)
    sequences = list(permutations(players))
    for player, share in attribute(players, costs.__getitem__).items():
        saved = [
            costs[frozenset(sequence[: sequence.index(player)])]
            - costs[frozenset(sequence[: sequence.index(player) + 1])]
            for sequence in sequences
        ]
        assert share == pytest.approx(sum(saved) / len(sequences), abs=Decimal("0.00001"))


def test_rules_that_cost_nothing_are_charged_nothing_and_equal_ones_are_charged_the_same():
    costs = {
        frozenset(): Decimal(10),
        **{frozenset(group): Decimal(10) for group in ("a", "b", "c")},
        frozenset("ab"): Decimal(4),
        frozenset("ac"): Decimal(10),
        frozenset("bc"): Decimal(10),
        frozenset("abc"): Decimal(4),
    }
    assert attribute("abc", costs.__getitem__) == {"a": Decimal(3), "b": Decimal(3), "c": Decimal(0)}


def test_a_search_that_finds_less_with_more_freedom_is_not_believed():
    costs = {
        frozenset(): Decimal(10),
        frozenset("a"): Decimal(6),
        frozenset("b"): Decimal(10),
        frozenset("ab"): Decimal(8),
    }
    assert attribute("ab", costs.__getitem__) == {"a": Decimal(4), "b": Decimal(0)}


def test_each_set_is_solved_once():
    asked = []
    costs = costs_of("abcdef", 3)
    attribute("abcdef", lambda dropped: asked.append(dropped) or costs[dropped])
    assert len(asked) == len(set(asked)) <= 2 * 6
