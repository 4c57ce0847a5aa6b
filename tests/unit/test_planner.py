"""The planner: worked cases first, then what must hold for every order."""

import random
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.quantities import Quantities
from odoo.addons.oms_routing.domain.decision import OUTCOMES
from odoo.addons.oms_routing.domain.model import Demand, Item, Node, Place
from odoo.addons.oms_routing.domain.planner import fingerprint, give_back, plan, plan_many, replay
from odoo.addons.oms_routing.domain.policy import Policy, Prices, Rule
from odoo.addons.oms_routing.domain.snapshot import Snapshot

LYON = Node("lyon", "Lyon", 1, 45.76, 4.84, "FR")
LILLE = Node("lille", "Lille", 2, 50.63, 3.06, "FR")
PARIS = Node("paris", "Paris", 3, 48.86, 2.35, "FR")
NICE = Node("nice", "Nice", 4, 43.70, 7.27, "FR")
MARSEILLE = Place(43.30, 5.37, "FR", "Marseille")


def demand_of(order_id="S1", place=MARSEILLE, excluded=None, **wants):
    items = tuple(Item(sku, sku, Decimal(units), sku) for sku, units in wants.items())
    return Demand(order_id, items, place, excluded or {})


def snapshot_of(**stock):
    """``lyon={"mug": 2}``; only the nodes named are there."""
    nodes = tuple(node for node in (LYON, LILLE, PARIS, NICE) if node.id in stock)
    return Snapshot(nodes, {(node, sku): Decimal(units) for node in stock for sku, units in stock[node].items()})


def brief(decision):
    return [(a.item_id, a.node_id, int(a.quantity), a.mode) for a in decision.allocations]


# --- one node --------------------------------------------------------------------------------------------------------


def test_the_nearest_of_those_that_have_everything_ships():
    decision = plan(demand_of(mug=1), snapshot_of(lille={"mug": 9}, lyon={"mug": 1}, paris={"mug": 1}))
    assert brief(decision) == [("mug", "lyon", 1, "ship")]
    assert decision.outcome == "single"
    assert [candidate.name for candidate in decision.candidates] == ["Lyon", "Paris", "Lille"]


def test_stock_goes_before_distance():
    decision = plan(demand_of(mug=2, pot=1), snapshot_of(lyon={"mug": 2}, lille={"mug": 2, "pot": 1}))
    assert {allocation.node_id for allocation in decision.allocations} == {"lille"}


def test_at_equal_distance_the_sequence_decides_and_then_the_id():
    twins = [Node(id_, id_, sequence, 48.0, 2.0) for id_, sequence in (("c", 1), ("a", 2), ("b", 1))]
    stock = {(node.id, "mug"): Decimal(1) for node in twins}
    assert plan(demand_of(mug=1), Snapshot(tuple(twins), stock)).allocations[0].node_id == "b"


def test_a_node_of_unknown_distance_comes_after_those_that_are_known():
    nowhere = Node("nowhere", "Nowhere", 0)
    snapshot = Snapshot((nowhere, LILLE), {("nowhere", "mug"): Decimal(1), ("lille", "mug"): Decimal(1)})
    assert plan(demand_of(mug=1), snapshot).allocations[0].node_id == "lille"


def test_two_items_of_one_product_share_its_stock():
    items = (Item(1, "mug", Decimal(2), "Mug"), Item(2, "mug", Decimal(2), "Mug, engraved"))
    decision = plan(Demand("S1", items), snapshot_of(lyon={"mug": 3}, lille={"mug": 4}))
    assert [(a.item_id, a.node_id, a.quantity) for a in decision.allocations] == [(1, "lille", 2), (2, "lille", 2)]


def test_an_oversold_shelf_counts_as_empty():
    decision = plan(demand_of(mug=1), snapshot_of(lyon={"mug": -5}, lille={"mug": 1}))
    assert brief(decision) == [("mug", "lille", 1, "ship")]


# --- several nodes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "lyon", "lille", "expected"),
    [
        (13, 10, 15, [("mug", "lille", 13, "ship")]),
        (13, 10, 6, [("mug", "lyon", 10, "ship"), ("mug", "lille", 3, "ship")]),
        (2, 1, 1, [("mug", "lyon", 1, "ship"), ("mug", "lille", 1, "ship")]),
        (22, 18, 12, [("mug", "lyon", 18, "ship"), ("mug", "lille", 4, "ship")]),
    ],
)
def test_one_line_over_two_nodes_gives_exactly_what_was_asked(wanted, lyon, lille, expected):
    decision = plan(demand_of(mug=wanted), snapshot_of(lyon={"mug": lyon}, lille={"mug": lille}))
    assert brief(decision) == expected


def test_coverage_is_not_fewest_parcels():
    """Paris has most, but whoever takes it first needs all three."""
    snapshot = snapshot_of(
        paris=dict.fromkeys("abde", 1),
        lyon=dict.fromkeys("abc", 1),
        lille=dict.fromkeys("def", 1),
    )
    decision = plan(demand_of(**dict.fromkeys("abcdef", 1)), snapshot)
    assert {allocation.node_id for allocation in decision.allocations} == {"lyon", "lille"}
    assert decision.outcome == "split"


def test_of_equally_small_splits_the_shortest_way_in_sum_wins():
    decision = plan(demand_of(a=1, b=1), snapshot_of(lille={"a": 1}, lyon={"b": 1}, nice={"a": 1}, paris={"b": 1}))
    assert {allocation.node_id for allocation in decision.allocations} == {"lyon", "nice"}


def test_an_item_stays_whole_where_that_is_possible():
    decision = plan(demand_of(mug=4, pot=1), snapshot_of(lyon={"mug": 3, "pot": 1}, lille={"mug": 4}))
    assert brief(decision) == [("mug", "lille", 4, "ship"), ("pot", "lyon", 1, "ship")]


def test_no_more_nodes_than_the_policy_allows():
    demand, snapshot = demand_of(a=1, b=2, c=1), snapshot_of(lyon={"a": 1}, lille={"b": 2}, nice={"c": 1})
    decision = plan(demand, snapshot, Policy(nodes_max=2))
    assert brief(decision) == [("a", "lille", 1, "backorder"), ("b", "lille", 2, "ship"), ("c", "nice", 1, "ship")]


def test_a_policy_may_put_distance_before_parcels():
    snapshot = snapshot_of(lyon={"a": 1}, nice={"b": 1}, lille={"a": 1, "b": 1})
    decision = plan(demand_of(a=1, b=1), snapshot, Policy(objectives=("covers_most", "distance", "fewest_parcels")))
    assert {allocation.node_id for allocation in decision.allocations} == {"lyon", "nice"}


# --- not enough ------------------------------------------------------------------------------------------------------


def test_leftovers_wait_at_the_node_that_ships_most():
    decision = plan(demand_of(a=1, b=5, c=2), snapshot_of(nice={"a": 1}, lille={"b": 5}))
    assert brief(decision) == [("a", "nice", 1, "ship"), ("b", "lille", 5, "ship"), ("c", "lille", 2, "backorder")]
    assert decision.outcome == "partial"


def test_with_no_stock_anywhere_all_waits_at_the_nearest():
    decision = plan(demand_of(mug=2), snapshot_of(lille={}, lyon={}))
    assert brief(decision) == [("mug", "lyon", 2, "backorder")]
    assert decision.outcome == "backorder"
    assert [candidate.reason_code for candidate in decision.candidates] == ["has_stock", "has_stock"]


def test_an_excluded_node_neither_ships_nor_waits():
    decision = plan(demand_of(mug=2, excluded={"lyon": "Lyon is closed."}), snapshot_of(lyon={"mug": 2}, lille={}))
    assert brief(decision) == [("mug", "lille", 2, "backorder")]


def test_all_constraints_are_asked_even_after_a_rejection():
    decision = plan(demand_of(mug=2, excluded={"lyon": "Lyon is closed."}), snapshot_of(lyon={}, lille={"mug": 2}))
    lyon = decision.candidates[-1]
    assert [(verdict.code, verdict.ok) for verdict in lyon.verdicts] == [("not_excluded", False), ("has_stock", False)]
    assert lyon.reason == "Lyon is closed. Lyon has no mug."
    assert lyon.reason_code == "not_excluded"


@pytest.mark.parametrize("snapshot", [snapshot_of(), snapshot_of(lyon={"mug": 1})])
def test_without_any_node_the_order_is_unsourced(snapshot):
    decision = plan(demand_of(mug=1, excluded={"lyon": "Lyon is closed."}), snapshot)
    assert (decision.outcome, decision.allocations) == ("unsourced", ())
    assert decision.sentence.endswith("then plan again.")


# --- inputs that contradict themselves -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build",
    [
        lambda: demand_of(),
        lambda: demand_of(mug=0),
        lambda: demand_of(mug=-1),
        lambda: Demand("S1", (Item(1, "a", Decimal(1), "A"), Item(1, "b", Decimal(1), "B"))),
        lambda: Snapshot((LYON, LYON), {}),
        lambda: Policy(objectives=("cheapest",)),
        lambda: Policy(constraints=("sunny",)),
        lambda: Policy(nodes_max=0),
    ],
)
def test_contradictions_are_refused_where_they_are_built(build):
    with pytest.raises(ValueError):
        build()


# --- giving back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        (0, []),
        (2, [("lille", 2)]),
        (3, [("lille", 3)]),
        (5, [("lille", 3), ("lyon", 2)]),
        (9, [("lille", 3), ("lyon", 6)]),
    ],
)
def test_a_decrease_is_given_back_from_the_end(quantity, expected):
    assert give_back([("lyon", Decimal(6)), ("lille", Decimal(3))], Decimal(quantity)) == expected


@pytest.mark.parametrize("quantity", [-1, 10])
def test_nothing_else_can_be_given_back(quantity):
    with pytest.raises(ValueError):
        give_back([("lyon", Decimal(6)), ("lille", Decimal(3))], Decimal(quantity))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 20).map(Decimal)), min_size=1), st.data())
def test_giving_back_is_exact_and_never_more_than_a_node_got(allocated, data):
    got = Quantities(allocated)
    quantity = data.draw(st.integers(0, int(got.total())).map(Decimal))
    returned = Quantities(give_back(allocated, quantity))
    assert returned.total() == quantity
    assert got.covers(returned)


# --- what always holds -----------------------------------------------------------------------------------------------

PRODUCTS = "abcd"


@st.composite
def situations(draw, nodes_max=6):
    """A demand and a snapshot, small enough for brute force and odd enough to hurt."""
    places = st.sampled_from([(None, None), (48.86, 2.35), (45.76, 4.84), (50.63, 3.06), (43.70, 7.27)])
    ids = draw(st.lists(st.integers(1, 20), unique=True, max_size=nodes_max))
    nodes = [Node(id_, f"Site {id_}", draw(st.integers(0, 2)), *draw(places)) for id_ in ids]
    stock = {(id_, sku): Decimal(draw(st.integers(-1, 4))) for id_ in ids for sku in PRODUCTS if draw(st.booleans())}
    wants = draw(st.lists(st.tuples(st.sampled_from(PRODUCTS), st.integers(1, 6)), min_size=1, max_size=5))
    items = [Item(number, sku, Decimal(units), f"Product {sku}") for number, (sku, units) in enumerate(wants)]
    excluded = {id_: f"Site {id_} said no." for id_ in ids if draw(st.integers(0, 5)) == 0}
    return Demand("S1", tuple(items), Place(*draw(places)), excluded), Snapshot(tuple(nodes), stock)


def shipped(*decisions):
    return Quantities(
        ((a.node_id, a.product_id), a.quantity) for d in decisions for a in d.allocations if a.mode == "ship"
    )


def assert_sound(demand, snapshot, decision):
    assert decision.outcome in OUTCOMES
    allocated = Quantities((a.item_id, a.quantity) for a in decision.allocations)
    if decision.outcome == "unsourced":
        assert not allocated
        assert {node.id for node in snapshot.nodes} <= set(demand.excluded_nodes)
    else:
        assert allocated == {item.id: item.quantity for item in demand.items}
    assert all(allocation.quantity > 0 for allocation in decision.allocations)
    assert all(units <= snapshot.free(*key) for key, units in shipped(decision).items())
    used = {allocation.node_id for allocation in decision.allocations}
    assert not used & set(demand.excluded_nodes)
    assert used == {candidate.node_id for candidate in decision.candidates if candidate.chosen}
    assert {candidate.node_id for candidate in decision.candidates} == {node.id for node in snapshot.nodes}
    assert all(candidate.reason.endswith(".") for candidate in decision.candidates)
    assert decision.sentence


def shippable(demand, snapshot, node_ids):
    """Units that these nodes could ship together."""
    wanted = Quantities((item.product_id, item.quantity) for item in demand.items)
    stock = Quantities((sku, snapshot.free(id_, sku)) for id_ in node_ids for sku in wanted)
    return (wanted & stock).total()


def fewest_nodes(demand, snapshot):
    """Brute force: the size of the smallest group that ships as much as all allowed nodes together."""
    allowed = [node.id for node in snapshot.nodes if node.id not in demand.excluded_nodes]
    most = shippable(demand, snapshot, allowed)
    for size in range(len(allowed) + 1):
        if any(shippable(demand, snapshot, group) == most for group in combinations(allowed, size)):
            return size
    raise AssertionError("all allowed nodes together ship what they can")


@given(situations())
def test_every_decision_is_sound(situation):
    assert_sound(*situation, plan(*situation))


@given(situations(), st.integers(1, 3))
def test_every_decision_is_sound_under_a_limit_of_nodes(situation, nodes_max):
    decision = plan(*situation, Policy(nodes_max=nodes_max))
    assert_sound(*situation, decision)
    assert len({node for node, _sku in shipped(decision)}) <= nodes_max


@settings(max_examples=300)
@given(situations())
def test_as_much_as_possible_ships_from_as_few_nodes_as_possible(situation):
    demand, snapshot = situation
    units = shipped(plan(demand, snapshot))
    allowed = [node.id for node in snapshot.nodes if node.id not in demand.excluded_nodes]
    assert units.total() == shippable(demand, snapshot, allowed)
    assert len({node for node, _sku in units}) == fewest_nodes(demand, snapshot)


@given(situations())
def test_one_node_ships_all_whenever_one_can(situation):
    demand, snapshot = situation
    asked = sum(item.quantity for item in demand.items)
    allowed = [node.id for node in snapshot.nodes if node.id not in demand.excluded_nodes]
    is_possible = any(shippable(demand, snapshot, [node]) == asked for node in allowed)
    assert (plan(demand, snapshot).outcome == "single") == is_possible


@given(situations(), st.randoms())
def test_the_order_of_nodes_and_dicts_does_not_matter(situation, rng):
    demand, snapshot = situation
    nodes, stock = list(snapshot.nodes), list(snapshot.available.items())
    excluded = list(demand.excluded_nodes.items())
    for shuffled in (nodes, stock, excluded):
        rng.shuffle(shuffled)
    shuffled_demand = Demand(demand.order_id, demand.items, demand.place, dict(excluded))
    assert replay(plan(demand, snapshot), shuffled_demand, Snapshot(tuple(nodes), dict(stock)))


@given(situations(), st.integers(1, 6))
def test_orders_planned_in_sequence_never_oversell(situation, count):
    demand, snapshot = situation
    decisions = plan_many([demand] * count, snapshot)
    assert len(decisions) == count
    assert all(units <= snapshot.free(*key) for key, units in shipped(*decisions).items())


@given(situations())
def test_planning_many_is_planning_one_after_the_other(situation):
    demand, snapshot = situation
    first = plan(demand, snapshot)
    assert plan_many([demand, demand], snapshot) == [first, plan(demand, snapshot.taking(first))]


# --- the same of both strategies, with rules and prices ---------------------------------------------------------------

PRICES = Prices(split=Decimal(2), line_split=Decimal("0.5"), parcel=Decimal(4), per_km=Decimal("0.01"))
RULES = (
    Rule("max_distance", hard=False, km=Decimal(400)),
    Rule("max_nodes", hard=False, number=2),
    "whole_lines",
)
POLICIES = [
    Policy(),
    Policy(RULES, prices=PRICES),
    Policy(strategy="least_cost", prices=PRICES),
    Policy(RULES, strategy="least_cost", prices=PRICES),
    Policy(objectives=("landed_cost", "stock_balance"), prices=PRICES, leftover="hold"),
    Policy(("whole_order",), leftover="next", next=Policy(strategy="least_cost", leftover="wait")),
]


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=60)
@given(situation=situations(nodes_max=5), rng=st.randoms())
def test_both_strategies_are_sound_and_bit_for_bit_the_same_again(policy, situation, rng):
    demand, snapshot = situation
    decision = plan(demand, snapshot, policy)
    allocated = Quantities((a.item_id, a.quantity) for a in decision.allocations)
    assert allocated == {item.id: item.quantity for item in demand.items} or decision.outcome == "unsourced"
    assert all(units <= snapshot.free(*key) for key, units in shipped(decision).items())
    assert not {node for node, _sku in shipped(decision)} & set(demand.excluded_nodes)
    assert sum(sum(a.costs.values()) for a in decision.allocations) == decision.cost
    assert all(candidate.reason.endswith(".") for candidate in decision.candidates)
    nodes, stock = list(snapshot.nodes), list(snapshot.available.items())
    rng.shuffle(nodes)
    rng.shuffle(stock)
    assert replay(decision, demand, Snapshot(tuple(nodes), dict(stock)), policy)


@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=30)
@given(situation=situations(nodes_max=5))
def test_both_strategies_plan_many_as_one_after_the_other(policy, situation):
    demand, snapshot = situation
    first, second = plan_many([demand, demand], snapshot, policy)
    assert first == plan(demand, snapshot, policy)
    assert second == plan(demand, snapshot.taking(first), policy)


# --- more nodes than can be tried out --------------------------------------------------------------------------------


def many_nodes(rng, count=40, share=0.25):
    nodes = tuple(Node(id_, f"Site {id_}", id_, rng.uniform(43, 51), rng.uniform(-4, 8)) for id_ in range(count))
    stock = {(node.id, sku): Decimal(rng.randint(1, 3)) for node in nodes for sku in "abcdef" if rng.random() < share}
    return Snapshot(nodes, stock)


@pytest.mark.parametrize("seed", range(30))
def test_among_many_nodes_the_smallest_split_is_found_and_proven(seed):
    snapshot = many_nodes(random.Random(seed))
    demand = demand_of(**dict.fromkeys("abcdef", 3))
    decision = plan(demand, snapshot)
    assert_sound(demand, snapshot, decision)
    assert (decision.outcome, decision.method, decision.gap) == ("split", "exact", 0)
    used = {allocation.node_id for allocation in decision.allocations}
    smaller = combinations([node.id for node in snapshot.nodes], len(used) - 1)
    if len(used) <= 4:  # more would take minutes
        assert not any(shippable(demand, snapshot, group) == 18 for group in smaller)


@pytest.mark.parametrize("seed", range(5))
def test_a_search_that_runs_out_of_work_still_decides_and_says_so(seed):
    snapshot = many_nodes(random.Random(seed))
    demand = demand_of(**dict.fromkeys("abcdef", 3))
    decision = plan(demand, snapshot, work_max=1)
    assert_sound(demand, snapshot, decision)
    assert (decision.outcome, decision.method, decision.gap) == ("split", "greedy", None)
    assert "not every combination was tried" in decision.sentence


def test_among_many_nodes_a_single_one_is_always_found():
    snapshot = many_nodes(random.Random(1))
    complete = Node(99, "Outpost", 99, 60.0, 25.0)
    stock = {**snapshot.available, **{(99, sku): Decimal(3) for sku in "abcdef"}}
    decision = plan(demand_of(**dict.fromkeys("abcdef", 3)), Snapshot((*snapshot.nodes, complete), stock))
    assert {allocation.node_id for allocation in decision.allocations} == {99}
    assert decision.method == "exact"


def test_a_site_that_has_become_idle_is_dropped_again():
    """The counterexample to coverage once more, among too many sites to try all groups."""
    contents = [*[{"a": 1}] * 10, dict.fromkeys("abde", 1), dict.fromkeys("abc", 1), dict.fromkeys("def", 1)]
    nodes = tuple(Node(number, f"Site {number}", number) for number in range(len(contents)))
    stock = {(number, sku): Decimal(units) for number, shelf in enumerate(contents) for sku, units in shelf.items()}
    decision = plan(demand_of(**dict.fromkeys("abcdef", 1)), Snapshot(nodes, stock))
    assert {allocation.node_id for allocation in decision.allocations} == {11, 12}


# --- replay ----------------------------------------------------------------------------------------------------------


def test_the_fingerprint_is_of_everything_that_matters_and_nothing_else():
    demand, snapshot = demand_of(mug=2), snapshot_of(lyon={"mug": 2}, lille={"mug": 1})
    same = snapshot_of(lille={"mug": "1.00", "unrelated": 7}, lyon={"mug": 2})
    assert fingerprint(demand, snapshot) == fingerprint(demand_of(mug="2.0"), same)
    others = [
        fingerprint(demand_of(mug=3), snapshot),
        fingerprint(demand_of(mug=2, place=Place()), snapshot),
        fingerprint(demand_of(mug=2, excluded={"lyon": "no"}), snapshot),
        fingerprint(demand, snapshot_of(lyon={"mug": 1}, lille={"mug": 1})),
        fingerprint(demand, snapshot_of(lyon={"mug": 2})),
        fingerprint(demand, snapshot, Policy(nodes_max=1)),
    ]
    assert len({fingerprint(demand, snapshot), *others}) == 1 + len(others)


def test_replay_tells_whether_the_same_would_be_decided():
    demand, snapshot = demand_of(mug=2), snapshot_of(lyon={"mug": 2}, lille={"mug": 2})
    decision = plan(demand, snapshot)
    assert replay(decision, demand, snapshot)
    assert not replay(decision, demand, snapshot.taking(decision))


def test_taking_does_not_touch_the_snapshot_it_starts_from():
    snapshot = snapshot_of(lyon={"mug": 2})
    after = snapshot.taking(plan(demand_of(mug=2), snapshot))
    assert (snapshot.free("lyon", "mug"), after.free("lyon", "mug")) == (2, 0)
    assert after.available is snapshot.available
