"""What a merchant can ask for, rule by rule: who may ship and who not, with the sentence; and what is preferred."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from odoo.addons.oms_routing.domain.constraints import CONSTRAINTS
from odoo.addons.oms_routing.domain.model import Capacity, Demand, Item, Node, Place
from odoo.addons.oms_routing.domain.objectives import OBJECTIVES
from odoo.addons.oms_routing.domain.planner import decide, plan, plan_many, replay
from odoo.addons.oms_routing.domain.policy import CONSTRAINT_KINDS, OBJECTIVE_KINDS, Policy, Prices, Rule
from odoo.addons.oms_routing.domain.problem import SHAPING
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.tariff import Offer, Tariff

NOW = datetime(2026, 3, 2, 9)
HERE = Place(45.76, 4.84, "FR", zones=frozenset({"rhone"}))


def node(name, sequence=0, **facts):
    """A degree of latitude is about 111 km."""
    degrees = facts.pop("degrees", 0)
    return Node(name, name, sequence, 45.76 + degrees, 4.84, "FR", **facts)


def mug(quantity=1, **facts):
    return Item("Mug", "mug", Decimal(quantity), "Mug", **facts)


def order(*items, **facts):
    return Demand("S1", items or (mug(),), HERE, now=NOW, **facts)


def stocked(*nodes, units=1, products=("mug",), **facts):
    return Snapshot(nodes, {(n.id, p): Decimal(units) for n in nodes for p in products}, **facts)


def offer(name="Post", price=5, hours=24, **facts):
    return Offer(name, name, Tariff(((Decimal(10), Decimal(price)),)), deliver_by=NOW + timedelta(hours=hours), **facts)


def sources(decision):
    return [(a.item_id, a.node_id, int(a.quantity), a.mode) for a in decision.allocations]


def shippers(decision):
    return sorted({a.node_id for a in decision.allocations if a.mode in ("ship", "dropship")})


# --- who may ship -----------------------------------------------------------------------------------------------------

#: rule, site A that it rejects, what is said of it, site B that it keeps, what is said of that; more of the order, snapshot
SITES = [
    (
        Rule("node_group", groups=("north",)),
        *({}, "A is not in north."),
        *({"groups": frozenset({"north"})}, "B is in the right group of sites."),
    ),
    (
        Rule("node_group", excluded_groups=("outlet",)),
        *({"groups": frozenset({"outlet"})}, "A is in outlet, which this policy leaves out."),
        *({}, "B is in the right group of sites."),
    ),
    (
        Rule("node_kind", kinds=("warehouse", "store")),
        *({"kind": "vendor"}, "A is a vendor; only a warehouse or a store may ship."),
        *({"kind": "store"}, "B is a store."),
    ),
    (
        Rule("is_open"),
        *({"is_open": False, "closed_reason": "A is closed for stocktaking."}, "A is closed for stocktaking."),
        *({}, "B is open."),
    ),
    (
        Rule("ships_to"),
        *({"ships_to": frozenset({"DE"})}, "A does not ship to FR."),
        *({"ships_to": frozenset({"rhone"})}, "B ships to FR."),
    ),
    (
        Rule("max_distance", km=Decimal(200)),
        *({"degrees": 3}, "A is 334 km away; at most 200 km are allowed."),
        *({"degrees": 1}, "B is 111 km away."),
    ),
    (
        Rule("same_company"),
        *({"company_id": 2}, "A belongs to another company, and this policy does not ship between companies."),
        *({"company_id": 1}, "B belongs to the company that sells."),
    ),
]


@pytest.mark.parametrize(("rule", "no", "no_says", "yes", "yes_says"), SITES)
def test_a_rule_keeps_one_site_and_rejects_the_other_with_a_sentence(rule, no, no_says, yes, yes_says):
    a, b = node("A", 1, **no), node("B", 2, **yes)
    decision = plan(order(company_id=1), stocked(a, b), Policy((rule,)))
    assert sources(decision) == [("Mug", "B", 1, "ship")]
    said = {c.name: {v.code: v.reason for v in c.verdicts}[rule.kind] for c in decision.candidates}
    assert said == {"A": no_says, "B": yes_says}
    assert [c.reason for c in decision.candidates if c.name == "A"] == [no_says]


@pytest.mark.parametrize(("rule", "no", "no_says", "yes", "yes_says"), SITES)
def test_a_soft_rule_is_given_up_only_where_nothing_else_fits_and_the_decision_says_so(
    rule, no, no_says, yes, yes_says
):
    soft = Policy((replace(rule, hard=False),))
    a, b = node("A", 1, **no), node("B", 2, **yes)
    assert shippers(plan(order(company_id=1), stocked(a, b), soft)) == ["B"]
    decision = plan(order(company_id=1), stocked(a), soft)
    assert shippers(decision) == ["A"]
    assert [(r.kind, r.reason) for r in decision.relaxed] == [(rule.kind, no_says)]
    assert decision.sentence.endswith(f"Given up for it: {no_says}")


def test_of_two_soft_rules_the_less_important_is_given_up():
    far, store = node("Far", 1, degrees=3), node("Shop", 2, kind="store")
    rules = (Rule("max_distance", False, km=Decimal(100)), Rule("node_kind", False, kinds=("warehouse",)))
    assert shippers(plan(order(), stocked(far, store), Policy(rules))) == ["Shop"]
    assert shippers(plan(order(), stocked(far, store), Policy(rules[::-1]))) == ["Far"]


def test_a_soft_rule_that_did_not_stand_in_the_way_is_kept():
    """Three mugs of two and two: the line has to be divided. What is said about sets was not the obstacle."""
    rules = (Rule("whole_lines", False), Rule("together", False))
    decision = plan(order(mug(3)), stocked(node("A"), node("B"), units=2), Policy(rules))
    assert shippers(decision) == ["A", "B"]
    assert [relaxed.kind for relaxed in decision.relaxed] == ["whole_lines"]


def test_inter_company_is_allowed_for_the_companies_that_the_rule_names():
    a = node("A", company_id=2)
    decision = plan(order(company_id=1), stocked(a), Policy((Rule("same_company", companies=(2,)),)))
    assert shippers(decision) == ["A"]


def test_a_pinned_site_ships_in_the_mode_that_was_asked_for():
    a, b = node("A", degrees=3), node("B")
    decision = plan(order(pinned_node="A", pinned_mode="pickup"), stocked(a, b))
    assert sources(decision) == [("Mug", "A", 1, "pickup")]
    assert [c.reason for c in decision.candidates if c.name == "B"] == ["The order is to come from A."]


def test_a_vendor_drop_ships():
    assert sources(plan(order(), stocked(node("V", kind="vendor")))) == [("Mug", "V", 1, "dropship")]


def test_a_line_that_a_site_turned_down_is_not_offered_to_it_again_but_others_are():
    items = (mug(), Item("Pot", "pot", Decimal(1), "Pot"))
    demand = order(*items, rejections={("Mug", "A"): "A could not find the Mug."})
    stock = {("A", "mug"): Decimal(9), ("A", "pot"): Decimal(1), ("B", "mug"): Decimal(1)}
    decision = plan(demand, Snapshot((node("A", 1), node("B", 2, degrees=3)), stock))
    assert sources(decision) == [("Mug", "B", 1, "ship"), ("Pot", "A", 1, "ship")]
    a = node("A")
    alone = plan(order(mug(), rejections={("Mug", "A"): "A could not find the Mug."}), stocked(a))
    assert alone.candidates[0].reason == "A could not find the Mug."


@pytest.mark.parametrize(("there", "expected"), [(2, 0), (3, 1), (6, 4), (7, 4)])
def test_safety_stock_stays_at_the_site(there, expected):
    """Available less safety stock, 2, must reach what is wanted; what is above it may be shipped."""
    snapshot = stocked(node("A"), units=there, safety={("A", "mug"): Decimal(2)})
    decision = plan(order(mug(4)), snapshot, Policy((Rule("safety_stock"),)))
    assert sum(a.quantity for a in decision.allocations if a.mode == "ship") == expected
    if not expected:
        assert "A has 2 Mug and keeps 2 back." in decision.candidates[0].reason


@pytest.mark.parametrize(
    ("capacity", "says"),
    [
        (Capacity(orders_left=0), "A has had all the orders that it takes today."),
        (Capacity(open_left=0), "A has as many open orders as it can have."),
        (Capacity(minutes_left=Decimal(3), minutes_order=Decimal(4)), "A has no time left for picking today."),
    ],
)
def test_a_site_without_capacity_is_left_out_unless_the_policy_ignores_that(capacity, says):
    snapshot = stocked(node("A"), node("B", degrees=3), capacity={"A": capacity})
    decision = plan(order(), snapshot)
    assert shippers(decision) == ["B"]
    assert [c.reason for c in decision.candidates if c.name == "A"] == [says]
    assert shippers(plan(order(), snapshot, Policy(ignores_capacity=True))) == ["A"]


def test_capacity_is_used_up_by_the_orders_before():
    snapshot = stocked(node("A"), node("B", degrees=3), units=9, capacity={"A": Capacity(orders_left=2)})
    decisions = plan_many([order()] * 3, snapshot)
    assert [shippers(decision) for decision in decisions] == [["A"], ["A"], ["B"]]
    assert decisions[0].candidates[0].verdicts[1].reason == "A takes 2 more orders today."  # as it was then
    assert shippers(plan(order(), snapshot.taking(decisions[0]).taking(decisions[1]))) == ["B"]


def test_no_more_is_picked_than_there_is_time_for():
    limit = Capacity(minutes_left=Decimal(10), minutes_order=Decimal(4), minutes_unit=Decimal(2))
    decision = plan(order(mug(5)), stocked(node("A"), units=9, capacity={"A": limit}))
    assert sources(decision) == [("Mug", "A", 3, "ship"), ("Mug", "A", 2, "backorder")]


def test_a_line_is_divided_where_the_time_for_picking_would_leave_another_one_behind():
    """B has both lines, and the time for two units: one of the two mugs comes from A, so that everything ships."""
    items = (mug(2), Item("Pot", "pot", Decimal(1), "Pot"))
    stock = {("A", "mug"): Decimal(1), ("B", "mug"): Decimal(2), ("B", "pot"): Decimal(1)}
    limit = Capacity(minutes_left=Decimal(2), minutes_unit=Decimal(1))
    decision = plan(order(*items), Snapshot((node("A"), node("B")), stock, capacity={"B": limit}))
    assert sources(decision) == [("Mug", "A", 1, "ship"), ("Mug", "B", 1, "ship"), ("Pot", "B", 1, "ship")]


def test_a_carrier_must_take_the_goods_to_the_address():
    a, b = node("A", 1), node("B", 2)
    offers = {"A": (offer(refusals={"mug": "Post takes no glass."}),), "B": (offer(),)}
    decision = plan(order(offers=offers), stocked(a, b), Policy(("carrier_serves",)))
    assert shippers(decision) == ["B"]
    assert [c.reason for c in decision.candidates if c.name == "A"] == [
        "No carrier takes this order from A: Post takes no glass."
    ]
    nobody = plan(order(), stocked(a), Policy(("carrier_serves",)))
    assert nobody.candidates[0].reason == "No carrier service goes from A to this address."


def test_goods_that_no_parcel_can_carry_together_go_in_two():
    """Six units of 2 kg, up to 10 kg each: five from A, one from B."""
    offers = {"A": (offer(),), "B": (offer(),)}
    decision = plan(
        order(mug(6, weight=Decimal(2)), offers=offers),
        stocked(node("A"), node("B"), units=9),
        Policy(("carrier_serves",)),
    )
    assert sources(decision) == [("Mug", "A", 5, "ship"), ("Mug", "B", 1, "ship")]


def test_only_services_in_time_count_and_the_promise_can_keep_a_site_out():
    a, b = node("A", 1), node("B", 2)
    offers = {"A": (offer("Slow", 3, 90),), "B": (offer("Slow", 3, 90), offer("Fast", 9, 20))}
    demand = order(offers=offers, deliver_by=NOW + timedelta(hours=48))
    decision = plan(demand, stocked(a, b), Policy(("promise",), strategy="least_cost"))
    assert [(s.node_id, s.offer.name) for s in decision.shipments] == [("B", "Fast")]
    assert [c.reason for c in decision.candidates if c.name == "A"] == [
        "Nothing from A arrives in time: Slow delivers on 2026-03-06, promised for 2026-03-04."
    ]
    missed = offer("Noon", ship_by=NOW - timedelta(hours=1))
    decision = plan(order(offers={"A": (missed,)}, deliver_by=NOW + timedelta(9)), stocked(a), Policy(("promise",)))
    assert "Noon left at 2026-03-02 08:00." in decision.candidates[0].reason


# --- the plan as a whole ----------------------------------------------------------------------------------------------


def two(**facts):
    return (Item("Mug", "mug", Decimal(1), "Mug", **facts), Item("Pot", "pot", Decimal(1), "Pot", **facts))


@pytest.mark.parametrize("rule", ["together", "whole_order"])
def test_a_set_is_not_parted_nor_an_order_that_must_be_whole(rule):
    snapshot = Snapshot((node("A"), node("B")), {("A", "mug"): Decimal(1), ("B", "pot"): Decimal(1)})
    items = two(together="set")
    decision = plan(order(*items), snapshot, Policy((rule, Rule("max_nodes", number=1))))
    assert {a.mode for a in decision.allocations} == {"backorder"}
    soft = plan(order(*items), snapshot, Policy((Rule(rule, hard=False),)))
    assert shippers(soft) == ["A", "B"]
    assert [r.kind for r in soft.relaxed] == (["together"] if rule == "together" else [])


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        (Rule("whole_lines"), {}),
        (Rule("no_split", categories=(7,)), {"categories": frozenset({7})}),
        (Rule("is_open"), {"is_partial_ok": False}),
    ],
)
def test_a_line_that_may_not_be_divided_waits(rule, facts):
    snapshot = stocked(node("A"), node("B"), units=2)
    assert [mode for *_rest, mode in sources(plan(order(mug(3, **facts)), snapshot, Policy((rule,))))] == ["backorder"]
    assert len(shippers(plan(order(mug(3)), snapshot))) == 2


@pytest.mark.parametrize(
    ("parts", "ships"),
    [((80,), True), ((80, 160), False), ((160, 160), True), ((160, -80), False), ((160, -100), True)],
)
def test_the_least_value_of_a_shipment_holds_for_each_part_and_for_the_rest(parts, ships):
    """A threshold of 100; a negative part is not there at all. All from one site needs no least value."""
    items = tuple(Item(n, n, Decimal(1), f"Item {n}", value=Decimal(abs(part))) for n, part in enumerate(parts))
    sites = tuple(node(f"N{n}") for n in range(len(parts)))
    stock = {(site.id, n): Decimal(1) for n, site in enumerate(sites) if parts[n] > 0}
    decision = plan(order(*items), Snapshot(sites, stock), Policy((Rule("shipment_value", amount=Decimal(100)),)))
    assert bool(decision.shipments) == ships


# --- what is preferred ------------------------------------------------------------------------------------------------

#: objective, what A has that wins although B comes first, and the snapshot
PREFERRED = [
    (Rule("distance"), {}, {"degrees": 1}, {}),
    (
        Rule("priority", groups=("first", "second")),
        {"groups": frozenset({"first"})},
        {"groups": frozenset({"second"})},
        {},
    ),
    (Rule("performance"), {}, {"p_reject": Decimal("0.1")}, {}),
    (Rule("capacity_left"), {}, {}, {"capacity": {"A": Capacity(orders_left=9), "B": Capacity(orders_left=2)}}),
    (Rule("markdown"), {}, {}, {"markdown": {("A", "mug"): Decimal(3), ("B", "mug"): Decimal(1)}}),
    (Rule("weeks_of_supply"), {}, {}, {"weekly": {("A", "mug"): Decimal("0.1"), ("B", "mug"): Decimal(1)}}),
    (Rule("stock_balance"), {}, {}, {"available": {("A", "mug"): Decimal(9), ("B", "mug"): Decimal(4)}}),
]


@pytest.mark.parametrize(("rule", "a", "b", "facts"), PREFERRED, ids=lambda one: getattr(one, "kind", ""))
def test_an_objective_decides_before_the_merchants_sequence(rule, a, b, facts):
    sites = (node("A", 2, **a), node("B", 1, **b))
    available = {("A", "mug"): Decimal(1), ("B", "mug"): Decimal(1)}
    snapshot = Snapshot(sites, **{"available": available, **facts})
    assert shippers(plan(order(), snapshot, Policy(objectives=()))) == ["B"]
    decision = plan(order(), snapshot, Policy(objectives=(rule,)))
    assert shippers(decision) == ["A"]
    loser = next(c for c in decision.candidates if c.name == "B")
    assert "; " in loser.reason
    assert "your order of sites" not in loser.reason


@pytest.mark.parametrize(
    ("kind", "service"), [("landed_cost", "Cheap"), ("delivery_time", "Fast"), ("carbon", "Green")]
)
def test_the_service_is_chosen_with_the_site(kind, service):
    offers = (
        offer("Cheap", 3, 90, carbon=Decimal(900)),
        offer("Fast", 9, 10, carbon=Decimal(900)),
        offer("Green", 9, 90, carbon=Decimal(10)),
    )
    decision = plan(order(offers={"A": offers}), stocked(node("A")), Policy(objectives=(kind,)))
    assert decision.allocations[0].service_id == service
    assert f"with {service}" in decision.sentence


def test_within_the_radius_all_sites_are_equally_near():
    sites = (node("Near", 2, degrees=1), node("First", 1, degrees=2), node("Far", 0, degrees=5))
    assert shippers(plan(order(), stocked(*sites), Policy(objectives=("distance",)))) == ["Near"]
    region = Policy(objectives=(Rule("distance", km=Decimal(300)),))
    assert shippers(plan(order(), stocked(*sites), region)) == ["First"]


def test_an_objective_that_knows_nothing_comes_after_those_that_do():
    snapshot = stocked(node("A", 1), node("B", 2), weekly={("B", "mug"): Decimal(50)})
    assert shippers(plan(order(), snapshot, Policy(objectives=("weeks_of_supply",)))) == ["B"]


# --- money ------------------------------------------------------------------------------------------------------------


def test_two_light_shipments_beat_a_heavy_one_where_money_decides():
    """4 kg each; 4.00 up to 5 kg and 20.00 up to 10 kg: 8.00 in two, 20.00 in one."""
    tariff = Tariff(((Decimal(5), Decimal(4)), (Decimal(10), Decimal(20))))
    offers = {name: (Offer("Post", "Post", tariff),) for name in "AB"}
    demand = order(*two(weight=Decimal(4)), offers=offers)
    snapshot = stocked(node("A"), node("B"), products=("mug", "pot"))
    for policy in (Policy(strategy="least_cost"), Policy(objectives=("landed_cost",))):
        decision = plan(demand, snapshot, policy)
        assert (shippers(decision), decision.cost, decision.gap) == (["A", "B"], 8, 0)
        assert decision.sentence == "Split over A and B: 12.00 less than one shipment of everything."
    with_split = Policy(strategy="least_cost", prices=Prices(split=Decimal(13)))
    assert (len(shippers(plan(demand, snapshot, with_split))), plan(demand, snapshot, with_split).cost) == (1, 20)


def test_the_sentence_says_what_is_saved():
    offers = {"A": (offer("Post", "4.50"),), "B": (offer("Post", "10.70"),)}
    snapshot = stocked(node("A", degrees=1), node("B"))
    decision = plan(order(offers=offers), snapshot, Policy(strategy="least_cost"))
    assert decision.sentence == (
        "Shipped from A (111 km) with Post: cheapest of 2 sites that have everything; 6.20 less than the next best."
    )
    assert decision.candidates[1].reason == "Has 1 of 1 Mug, less than 1 km away; A costs 6.20 less."
    assert (decision.cost, decision.lower_bound, dict(decision.shipments[0].costs)) == (
        Decimal("4.5"), Decimal("4.5"), {"carrier": Decimal("4.5")},
    )  # fmt: skip


def test_bulky_goods_pay_for_their_room():
    tariff = Tariff(((Decimal(2), Decimal(5)), (Decimal(10), Decimal(9))), divisor=Decimal(5000))
    item = mug(weight=Decimal(1), volume=Decimal(24000))  # counts 4.8 kg
    demand = order(item, offers={"A": (Offer("Post", "Post", tariff),)})
    assert plan(demand, stocked(node("A")), Policy(strategy="least_cost")).cost == 9


# --- what is left over ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "pieces", "outcome"),
    [
        (Policy(), [("A", 2, "ship"), ("A", 3, "backorder")], "partial"),
        (Policy(leftover="wait"), [("A", 2, "ship"), (None, 3, "wait")], "partial"),
        (Policy(leftover="hold"), [("A", 2, "ship"), (None, 3, "hold")], "partial"),
        (Policy(leftover="cancel"), [("A", 2, "ship"), (None, 3, "cancel")], "partial"),
        (Policy(leftover="cancel", cancel_after_days=3), [("A", 2, "ship"), (None, 3, "wait")], "partial"),
        (Policy(leftover="cancel", cancel_after_days=2), [("A", 2, "ship"), (None, 3, "cancel")], "partial"),
        (Policy(("whole_order",), leftover="hold"), [(None, 5, "hold")], "held"),
        (Policy(("whole_order",), leftover="cancel"), [(None, 5, "cancel")], "cancelled"),
        (Policy(("whole_order",), leftover="wait"), [(None, 5, "wait")], "backorder"),
    ],
)
def test_leftovers_go_where_the_policy_says(policy, pieces, outcome):
    decision = plan(order(mug(5), ordered_at=NOW - timedelta(days=2)), stocked(node("A"), units=2), policy)
    assert [(a.node_id, int(a.quantity), a.mode) for a in decision.allocations] == pieces
    assert decision.outcome == outcome
    assert decision.sentence.endswith(".")


def test_the_next_policy_takes_what_the_first_left_and_the_pieces_sum_to_the_order():
    shop, far = node("Shop", kind="store"), node("Far", degrees=5)
    stock = {("Shop", "mug"): Decimal("0.5"), ("Far", "mug"): Decimal(1)}
    stores = Policy((Rule("node_kind", kinds=("store",)),), leftover="next", next=Policy(leftover="hold"), id=7)
    decision = plan(order(mug("2.25")), Snapshot((shop, far), stock), stores)
    assert [(a.node_id, a.quantity, a.mode) for a in decision.allocations] == [
        ("Shop", Decimal("0.5"), "ship"), ("Far", Decimal(1), "ship"), (None, Decimal("0.75"), "hold"),
    ]  # fmt: skip
    assert (decision.outcome, decision.policy_id) == ("partial", 7)


# --- the registry, replay, and plans of others --------------------------------------------------------------------------


def test_every_kind_of_rule_has_its_function():
    assert set(CONSTRAINT_KINDS) == set(CONSTRAINTS) | SHAPING
    assert set(OBJECTIVE_KINDS) == {*OBJECTIVES, "covers_most"}


@pytest.mark.parametrize(
    "build",
    [
        lambda: Rule("max_distance"),
        lambda: Rule("max_distance", km=Decimal(-1)),
        lambda: Rule("is_open", km=Decimal(1)),
        lambda: Rule("max_nodes", number=0),
        lambda: Policy(("distance",)),
        lambda: Policy(strategy="random"),
        lambda: Policy(leftover="next"),
        lambda: Policy(leftover="burn"),
        lambda: Tariff(()),
        lambda: Tariff(((Decimal(1), Decimal(1)), (Decimal(1), Decimal(2)))),
    ],
)
def test_rules_that_contradict_themselves_are_refused(build):
    with pytest.raises(ValueError):
        build()


def test_a_dearer_tariff_in_time_beats_a_cheaper_one_that_is_late():
    """What is late is not in the tariff, so that the cheapest tariffs alone do not say where to stop looking."""
    offers = {"A": (offer(price=5, hours=60),), "B": (offer(price=6, hours=24),), "C": (offer(price=9, hours=1),)}
    demand = order(offers=offers, deliver_by=NOW + timedelta(hours=24))
    policy = Policy(("carrier_serves",), strategy="least_cost", prices=Prices(late_day=Decimal(2)))
    decision = plan(demand, stocked(node("A"), node("B"), node("C")), policy)
    assert (shippers(decision), decision.cost, decision.method) == (["B"], 6, "exact")


def test_the_fingerprint_knows_offers_capacity_and_the_rest():
    a = node("A")
    base = (order(offers={"A": (offer(),)}), stocked(a, capacity={"A": Capacity(orders_left=2)}), Policy())
    others = [
        (order(offers={"A": (offer(price=6),)}), base[1], base[2]),
        (base[0], stocked(a, capacity={"A": Capacity(orders_left=3)}), base[2]),
        (base[0], stocked(a, capacity=base[1].capacity, weekly={("A", "mug"): Decimal(1)}), base[2]),
        (base[0], stocked(node("A", p_reject=Decimal("0.1")), capacity=base[1].capacity), base[2]),
        (base[0], base[1], Policy(prices=Prices(split=Decimal(1)))),
        (order(offers=base[0].offers, rejections={("Mug", "A"): ""}), base[1], base[2]),
    ]
    assert len({plan(*inputs).snapshot_hash for inputs in (base, *others)}) == 1 + len(others)
    assert replay(plan(*base), *base)


def test_the_plan_of_a_batch_is_told_like_any_other():
    offers = {"A": (offer("Post", 5), offer("Courier", 9)), "B": (offer("Post", 7),)}
    demand, snapshot = order(mug(2), offers=offers), stocked(node("A"), node("B"), units=2)
    ships = [("Mug", "B", "Post", Decimal(1)), ("Mug", "A", "Courier", Decimal(1))]
    decision = decide(demand, snapshot, Policy(strategy="least_cost", prices=Prices(split=Decimal(1))), ships)
    assert (decision.cost, decision.outcome) == (17, "split")
    assert sum(sum(a.costs.values()) for a in decision.allocations) == 17
    with pytest.raises(ValueError, match="has not that much"):
        decide(demand, stocked(node("A"), node("B")), Policy(), [("Mug", "A", None, Decimal(2))])
