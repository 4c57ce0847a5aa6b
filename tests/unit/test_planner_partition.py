"""Orders whose lines all stay whole take a short cut; it ends where the search through all groups of sites ends."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain.ledger import Ledger
from odoo.addons.oms_routing.domain.model import Demand, Item, Node, NodeCosts, Place
from odoo.addons.oms_routing.domain.partition import cheapest_partition
from odoo.addons.oms_routing.domain.planner import plan
from odoo.addons.oms_routing.domain.policy import Policy, Prices, Rule
from odoo.addons.oms_routing.domain.problem import Problem
from odoo.addons.oms_routing.domain.search import _Search
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.tariff import Offer, Tariff

NOW = datetime(2026, 3, 2, 9)


def cents(low, high):
    return st.integers(low, high).map(lambda amount: Decimal(amount) / 100)


@st.composite
def tariffs(draw):
    """Some too small for all lines together, some cheaper for a heavy shipment than for a light one."""
    weights = sorted(draw(st.sets(st.sampled_from([1, 2, 4, 8]), min_size=1, max_size=3)))
    return Tariff(tuple((Decimal(weight), draw(cents(100, 900))) for weight in weights))


@st.composite
def cases(draw):
    """Up to five lines at up to seven sites, of which several have the same tariffs and are late by as much."""
    lines, ids = range(draw(st.integers(2, 5))), range(draw(st.integers(1, 7)))
    nodes = tuple(
        Node(
            id_,
            f"Site {id_}",
            draw(st.integers(0, 2)),
            45.0 + id_ / 10,
            5.0,
            costs=NodeCosts(draw(cents(0, 40)), draw(cents(0, 20)), draw(cents(0, 100))),
            p_reject=draw(st.sampled_from((Decimal(0), Decimal("0.1")))),
        )
        for id_ in ids
    )
    items = tuple(
        Item(line, line, Decimal(draw(st.integers(1, 2))), f"Line {line}", weight=draw(cents(50, 250)))
        for line in lines
    )
    stock = {(id_, line): Decimal(draw(st.integers(0, 3))) for id_ in ids for line in lines}
    zones = [tuple(draw(tariffs()) for _service in "ab") for _zone in range(2)]
    offers = {
        id_: tuple(
            Offer(
                name,
                name,
                tariff,
                deliver_by=NOW + timedelta(hours=draw(st.sampled_from((20, 30, 60)))),
                carbon_per_kg=draw(st.sampled_from((Decimal(0), Decimal(900)))),
                refusals={0: "Not that."} if draw(st.integers(0, 19)) == 0 else {},
            )
            for name, tariff in zip("ab", draw(st.sampled_from(zones)), strict=True)
        )
        for id_ in ids
    }
    prices = Prices(
        split=draw(cents(0, 200)), late_day=draw(cents(0, 200)), carbon_tonne=Decimal(100), reject=draw(cents(0, 600))
    )
    policy = Policy(
        ("carrier_serves", Rule("max_distance", km=Decimal(draw(st.sampled_from((60, 200)))))),
        strategy="least_cost",
        prices=prices,
        nodes_max=draw(st.sampled_from((None, None, 2))),
    )
    demand = Demand("S1", items, Place(45.0, 5.0), offers=offers, deliver_by=NOW + timedelta(days=1), now=NOW)
    return demand, Snapshot(nodes, stock), policy


def parcels(problem, gives):
    return {problem.nodes[place].id: given for place, given in gives.items()}


@settings(max_examples=300, deadline=None)
@given(cases())
def test_the_cheapest_parting_is_what_the_search_through_all_groups_of_sites_finds(case):
    demand, snapshot, policy = case
    problem = Problem(demand, Ledger(snapshot).view(), policy)
    found = cheapest_partition(problem)
    assume(found is not None)
    searched = _Search(problem, 200_000).run()
    assert searched.is_exact
    assert found[0] == searched.key


@settings(max_examples=300, deadline=None)
@given(cases())
def test_sites_that_have_all_of_no_line_change_nothing(case):
    demand, snapshot, policy = case
    few, all_of_them = (Problem(demand, Ledger(snapshot).view(), policy, is_told=told) for told in (False, True))
    found = cheapest_partition(few)
    assume(few.masks is not None and found is not None)
    wanted = cheapest_partition(all_of_them)
    assert parcels(few, found[1]) == parcels(all_of_them, wanted[1])


def test_an_order_that_no_carrier_takes_whole_is_divided_all_the_same():
    """Each site has all of it, and it is too heavy for one parcel: two sites send one each."""
    offer = Offer("a", "a", Tariff(((Decimal(5), Decimal(4)),)))
    demand = Demand(
        "S1", (Item("desk", "desk", Decimal(2), "Desk", weight=Decimal(3)),), offers={1: (offer,), 2: (offer,)}, now=NOW
    )
    nodes = (Node(1, "Lyon"), Node(2, "Lille"))
    snapshot = Snapshot(nodes, {(node.id, "desk"): Decimal(2) for node in nodes})
    policy = Policy(("carrier_serves",), strategy="least_cost", prices=Prices(split=Decimal(1)))
    decision = plan(demand, snapshot, policy)
    assert [(a.node_id, a.quantity) for a in decision.allocations] == [(1, 1), (2, 1)]
    assert decision == plan(demand, replace(snapshot, nodes=nodes[::-1]), policy)
