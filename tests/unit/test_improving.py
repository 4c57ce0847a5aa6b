"""What it saves to bring goods from elsewhere, before anything is moved."""

from decimal import Decimal

from odoo.addons.oms_routing.domain.improving import saving
from odoo.addons.oms_routing.domain.model import Demand, Item, Node, Place
from odoo.addons.oms_routing.domain.planner import plan
from odoo.addons.oms_routing.domain.policy import LEAST_COST, Policy, Prices
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.tariff import Offer, Tariff

NODES = (Node("lyon", "Lyon", 1), Node("lille", "Lille", 2), Node("nice", "Nice", 3))
CHEAP = Policy(strategy=LEAST_COST, prices=Prices(split=Decimal(4)))
ITEMS = (Item(1, "chair", Decimal(2), "Chair"), Item(2, "lamp", Decimal(1), "Lamp"))

ALL_AT_LYON, ALL_AT_LILLE = ([(1, node, Decimal(2)), (2, node, Decimal(1))] for node in ("lyon", "lille"))
PARTED = [(1, "lyon", Decimal(2)), (2, "lille", Decimal(1))]


def offer(price):
    return (Offer("post", "Post", Tariff(((Decimal(30), Decimal(price)),))),)


def look(stands, available, items=ITEMS, **prices):
    demand = Demand("S1", items, Place(), offers={node: offer(price) for node, price in prices.items()})
    snapshot = Snapshot(NODES, {key: Decimal(units) for key, units in available.items()})
    decision = plan(demand, snapshot, CHEAP)
    return saving(demand, snapshot, CHEAP, stands, decision)


def test_a_cheaper_parcel_from_elsewhere_saves_the_difference():
    stock = {("lyon", "chair"): 2, ("lyon", "lamp"): 1, ("lille", "chair"): 2, ("lille", "lamp"): 1}
    saved = look(ALL_AT_LYON, stock, lyon=9, lille=6)
    assert (saved.before, saved.after, saved.amount) == (9, 6, 3)


def test_two_parcels_become_one_when_a_place_has_everything():
    stock = {("lyon", "chair"): 2, ("lille", "lamp"): 1, ("nice", "chair"): 2, ("nice", "lamp"): 1}
    saved = look(PARTED, stock, lyon=5, lille=5, nice=8)
    assert saved.amount == 5 + 5 + 4 - 8


def test_what_is_where_it_is_cheapest_stays():
    stock = {("lyon", "chair"): 2, ("lyon", "lamp"): 1, ("lille", "chair"): 2, ("lille", "lamp"): 1}
    assert look(ALL_AT_LILLE, stock, lyon=9, lille=6) is None


def test_what_only_the_place_has_that_has_it_stays():
    assert look(ALL_AT_LYON, {("lyon", "chair"): 2, ("lyon", "lamp"): 1}, lyon=9, lille=6) is None


def test_no_plan_that_leaves_something_behind_is_a_saving():
    assert look(ALL_AT_LYON, {("lille", "chair"): 2}, lyon=9, lille=1) is None


def test_two_parcels_become_one_at_a_place_that_sends_one_of_them_already():
    stock = {("lyon", "chair"): 2, ("lille", "chair"): 2, ("lille", "lamp"): 1}
    saved = look(PARTED, stock, lyon=5, lille=5)
    assert saved.amount == 5 + 4
