"""Rules that cannot work are all found, and rules that work are left alone."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain.checker import check
from odoo.addons.oms_routing.domain.findings import ERROR, Entry, Network, PastOrder
from odoo.addons.oms_routing.domain.model import Node, NodeCosts, Place
from odoo.addons.oms_routing.domain.policy import DEFAULT_POLICY, Policy, Prices, Rule
from odoo.addons.oms_routing.domain.scope import OrderFacts, Scope, covers, overlap

LYON = Node(
    "lyon", "Lyon", 1, 45.76, 4.84, "FR", groups=frozenset({"big"}), company_id=1, ships_to=frozenset({"FR", "BE"})
)
LILLE = Node("lille", "Lille", 2, 50.63, 3.06, "FR", kind="store", groups=frozenset({"shops"}), company_id=1)
GENEVA = Node("geneva", "Genève", 3, 46.2, 6.15, "CH", groups=frozenset({"big"}), company_id=2)
NETWORK = Network((LYON, LILLE, GENEVA), {"lyon": 40, "lille": 10, "geneva": 9}, frozenset({"capacity_open"}))
EVERYTHING = Scope(1)
PLACES = (
    Place(43.30, 5.37, "FR", "Marseille"),
    Place(50.85, 4.35, "BE", "Bruxelles"),
    Place(48.86, 2.35, "FR", "Paris"),
)


def km(number, **values):
    return Rule("max_distance", km=Decimal(number), **values)


def entry_of(*constraints, id="p", name="Usual", scope=EVERYTHING, **policy):
    return Entry(id, name, scope, Policy(constraints=constraints, **policy), {rule: rule.kind for rule in constraints})


def orders_of(number=60, seed=1, channels=(7, 8)):
    generator = random.Random(seed)
    return [
        PastOrder(
            OrderFacts(1, generator.choice(channels), country_id=33, value=Decimal(generator.randrange(10, 200))),
            generator.choice(PLACES),
            date(2026, 3, 2) + timedelta(days=number % 10),
        )
        for number in range(number)
    ]


def codes(*entries, network=NETWORK, orders=()):
    return [finding.code for finding in check(entries, network, orders)]


def only(*entries, network=NETWORK, orders=()):
    (finding,) = check(entries, network, orders)
    return finding


# --- one policy --------------------------------------------------------------------------------------------------------


def test_a_policy_as_it_comes_has_nothing_against_it():
    assert codes(Entry("p", "Usual", Scope(1), DEFAULT_POLICY), orders=orders_of()) == []


def test_only_from_a_group_and_never_from_it_is_a_contradiction_with_both_rules_named():
    only_big, never_big = Rule("node_group", groups=("big",)), Rule("node_group", excluded_groups=("big",))
    entry = entry_of(only_big, km(900), never_big)
    words = {only_big: "Only from the group Big", never_big: "Not from the group Big"}
    finding = only(replace(entry, words=words))
    assert (finding.code, finding.severity, finding.policy_id) == ("contradiction", ERROR, "p")
    assert finding.sentence == (
        "Usual: no site is left by “Only from the group Big” together with “Not from the group Big”, so nothing is ever "
        "shipped. Change one of them."
    )


def test_of_three_rules_only_the_two_that_contradict_each_other_are_named():
    finding = only(
        entry_of(Rule("same_company"), Rule("node_kind", kinds=("store",)), Rule("node_group", groups=("big",)))
    )
    assert "node_kind" in finding.sentence
    assert "node_group" in finding.sentence
    assert "same_company" not in finding.sentence


def test_a_wish_contradicts_nothing():
    assert codes(entry_of(Rule("node_kind", kinds=("store",)), Rule("node_group", groups=("big",), hard=False))) == []


def test_a_kind_of_place_that_there_is_not_is_a_contradiction_alone():
    assert (
        "“node_kind”, so nothing is ever shipped. Change it."
        in only(entry_of(Rule("node_kind", kinds=("vendor",)))).sentence
    )


def test_the_weaker_of_two_limits_never_decides():
    assert "stricter" in only(entry_of(km(200), km(500))).sentence
    assert codes(entry_of(Rule("max_nodes", number=3), nodes_max=2)) == ["unreachable"]
    assert codes(entry_of(km(200), km(500, hard=False))) == ["unreachable"]


def test_a_wish_that_is_stricter_than_its_limit_makes_sense():
    assert codes(entry_of(km(200, hard=False), km(500))) == []


def test_what_is_said_twice_is_said_once_too_often():
    assert codes(entry_of(Rule("whole_lines"), Rule("whole_lines", hard=False))) == ["repeated"]


def test_where_an_order_leaves_from_one_site_nothing_needs_to_be_kept_together():
    assert codes(entry_of(Rule("max_nodes", number=1), Rule("together"))) == ["unreachable"]
    assert codes(entry_of(Rule("no_split", categories=(5,)), nodes_max=1)) == ["unreachable"]
    assert codes(entry_of(Rule("max_nodes", number=2), Rule("together"))) == []
    assert codes(entry_of(Rule("whole_order"), Rule("whole_lines"))) == ["unreachable"]


def test_a_limit_that_no_site_has_never_says_no():
    assert codes(entry_of(Rule("capacity_minutes"))) == ["no_effect"]
    assert codes(entry_of(Rule("capacity_orders"), Rule("capacity_open"), Rule("ships_to"))) == []
    bare = Network((LILLE,))
    assert codes(entry_of(Rule("capacity_orders"), Rule("ships_to")), network=bare) == ["no_effect", "no_effect"]


def test_groups_without_sites_neither_exclude_nor_come_first():
    rule = Rule("node_group", excluded_groups=("closed",))
    assert codes(entry_of(rule, objectives=(Rule("priority", groups=("outlet",)),))) == ["no_effect", "no_effect"]


def test_goals_below_one_that_is_never_a_tie_never_decide():
    finding = only(entry_of(objectives=("distance", "fewest_parcels")))
    assert "“fewest_parcels” below it never decides" in finding.sentence
    assert codes(entry_of(objectives=(Rule("distance", km=Decimal(50)), "fewest_parcels"))) == []


def test_some_rules_cannot_be_given_up():
    assert codes(entry_of(Rule("ships_to", hard=False))) == ["soft"]
    # Whom no carrier is known to serve can still be served by hand.
    assert codes(entry_of(Rule("carrier_serves", hard=False))) == []


def test_costs_cannot_decide_where_nothing_has_a_price():
    bare = replace(NETWORK, has_offers=False)
    assert codes(entry_of(strategy="least_cost"), network=bare) == ["no_price"]
    assert codes(entry_of(strategy="least_cost", prices=Prices(parcel=Decimal(5))), network=bare) == []
    assert codes(entry_of(Rule("carrier_serves")), network=bare) == ["contradiction"]


def test_what_a_site_costs_is_a_price():
    dear = replace(LYON, costs=NodeCosts(pack_parcel=Decimal(3)))
    bare = replace(NETWORK, nodes=(dear, LILLE, GENEVA), has_offers=False)
    assert codes(entry_of(strategy="least_cost"), network=bare) == []


# --- policies among each other -----------------------------------------------------------------------------------------


def test_a_policy_behind_one_that_takes_all_its_orders_is_never_asked():
    wide, narrow = entry_of(id="w", name="All"), entry_of(id="n", name="Web", scope=Scope(1, frozenset({7})))
    finding = only(wide, narrow)
    assert (finding.code, finding.policy_id) == ("shadowed", "n")
    assert "Put it before All" in finding.sentence
    assert codes(narrow, wide) == []


def test_a_policy_is_reached_where_the_one_before_passes_on():
    passes_on = Entry("w", "All", Scope(1), Policy(leftover="next", next=DEFAULT_POLICY))
    assert codes(passes_on, entry_of(id="n", scope=Scope(1, frozenset({7})))) == []
    assert codes(entry_of(id="n", scope=Scope(1, frozenset({7}))), passes_on) == ["next_to_nobody"]


def test_a_span_of_values_that_ends_before_it_begins_holds_no_order():
    assert codes(entry_of(scope=Scope(1, value_min=Decimal(100), value_max=Decimal(50)))) == ["contradiction"]


scopes = st.builds(
    Scope,
    company_id=st.just(1),
    channel_ids=st.frozensets(st.integers(7, 9), max_size=2),
    country_ids=st.frozensets(st.sampled_from([33, 49]), max_size=2),
    tag_ids=st.frozensets(st.integers(1, 3), max_size=2),
    value_min=st.sampled_from([None, Decimal(0), Decimal(50), Decimal(90)]),
    value_max=st.sampled_from([None, Decimal(60), Decimal(200)]),
    excluded_product_ids=st.frozensets(st.integers(1, 2), max_size=2),
)
facts = st.builds(
    OrderFacts,
    company_id=st.just(1),
    channel_id=st.integers(7, 9),
    country_id=st.sampled_from([33, 49]),
    tag_ids=st.frozensets(st.integers(1, 3), max_size=3),
    value=st.integers(0, 250).map(Decimal),
    product_ids=st.frozensets(st.integers(1, 3), max_size=3),
)


@given(wide=scopes, narrow=scopes, order=facts)
def test_a_scope_that_covers_another_takes_each_of_its_orders(wide, narrow, order):
    if covers(wide, narrow) and narrow.fits(order):
        assert wide.fits(order)
    if wide.fits(order) and narrow.fits(order):
        assert overlap(wide, narrow)
    assert covers(wide, wide)


# --- against the orders of the last weeks --------------------------------------------------------------------------------


def test_orders_that_no_policy_is_for_are_counted():
    entry = entry_of(scope=Scope(1, frozenset({7})))
    finding = only(entry, orders=orders_of(40, 3, channels=(7, 8)))
    assert finding.code == "unmatched"
    assert finding.sentence.startswith("21 of 40 orders (52.5 %) fit no policy"), finding.sentence


def test_orders_that_no_site_is_near_enough_for_are_counted():
    orders = orders_of(30, 3)
    far = [order for order in orders if order.place.label == "Marseille"]
    finding = only(entry_of(km(250)), orders=orders)
    assert finding.code == "out_of_reach"
    assert f"no site may ship {len(far)} of 30 orders" in finding.sentence
    assert codes(entry_of(km(300)), orders=orders) == []


def test_orders_to_where_no_site_ships_are_counted():
    only_french = Network((replace(LYON, ships_to=frozenset({"FR"})),))
    assert codes(entry_of(Rule("ships_to")), network=only_french, orders=orders_of()) == ["out_of_reach"]


def test_days_with_more_orders_than_its_sites_take_on_are_counted():
    entry = entry_of(Rule("capacity_orders"), Rule("node_kind", kinds=("store",)))
    finding = only(entry, orders=orders_of(115))
    assert finding.code == "too_little_room"
    assert "on 10 of 10 days there were more orders (up to 12) than its sites take on (10 a day)" in finding.sentence
    assert codes(entry, orders=orders_of(100)) == []


# --- seeded rule sets --------------------------------------------------------------------------------------------------

GOOD_RULES = [
    km(900),
    Rule("node_group", groups=("big", "shops")),
    Rule("node_kind", kinds=("warehouse", "store")),
    Rule("ships_to"),
    Rule("capacity_orders"),
    Rule("safety_stock", quantity=Decimal(2)),
    Rule("max_nodes", number=2),
    Rule("together"),
    Rule("whole_lines", hard=False),
    Rule("shipment_value", amount=Decimal(20)),
    Rule("carrier_serves"),
    Rule("promise", hard=False),
]
GOOD_GOALS = ["fewest_parcels", "delivery_time", "stock_balance", "performance"]
BAD = {
    "never and only": (
        "contradiction",
        (Rule("node_group", groups=("big",)), Rule("node_group", excluded_groups=("big",))),
    ),
    "no such place": ("contradiction", (Rule("node_kind", kinds=("third_party",)),)),
    "weaker limit": ("unreachable", (km(901),)),
    "more sites": ("unreachable", (Rule("max_nodes", number=5), Rule("max_nodes", number=4))),
    "one site": ("unreachable", (Rule("max_nodes", number=1), Rule("no_split", categories=(5,)))),
    "twice": ("repeated", (Rule("promise"), Rule("promise"))),
    "no limit set": ("no_effect", (Rule("capacity_minutes"),)),
    "nobody excluded": ("no_effect", (Rule("node_group", excluded_groups=("nobody",)),)),
    "needed": ("soft", (Rule("ships_to", hard=False),)),
    "too near": ("out_of_reach", (km(10),)),
}


def good_policy(generator):
    rules = generator.sample(GOOD_RULES, generator.randrange(len(GOOD_RULES)))
    goals = generator.sample(GOOD_GOALS, generator.randrange(1, len(GOOD_GOALS)))
    return rules, tuple([*goals, *generator.choice([["distance"], ["landed_cost"], []])])


@pytest.mark.parametrize("seed", range(40))
def test_good_rules_are_left_alone(seed):
    rules, goals = good_policy(random.Random(seed))
    web = entry_of(*rules, id="web", scope=Scope(1, frozenset({7})), objectives=goals)
    assert codes(web, entry_of(id="all"), orders=orders_of()) == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", BAD)
def test_bad_rules_hidden_among_good_ones_are_found(name, seed):
    generator = random.Random(seed)
    rules, goals = good_policy(generator)
    code, bad = BAD[name]
    if name == "weaker limit":
        rules = [*{*rules, km(900)}]
    for rule in bad:
        rules.insert(generator.randrange(len(rules) + 1), rule)
    assert code in codes(entry_of(*rules, objectives=goals), orders=orders_of())


def test_a_thousand_orders_and_two_hundred_sites_are_checked_at_once():
    nodes = tuple(replace(LYON, id=number, latitude=44 + number / 50) for number in range(200))
    begun = perf_counter()
    check([entry_of(km(900), Rule("ships_to"), id=number) for number in range(20)], Network(nodes), orders_of(1000))
    assert perf_counter() - begun < 5
