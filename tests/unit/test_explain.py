"""What a merchant reads. Whole stories with their sentences are in data/scenarios; here are the turns of phrase."""

from decimal import Decimal

import pytest

from odoo.addons.oms_routing.domain.model import Demand, Item, Node, Place
from odoo.addons.oms_routing.domain.planner import plan
from odoo.addons.oms_routing.domain.policy import Policy
from odoo.addons.oms_routing.domain.snapshot import Snapshot
from odoo.addons.oms_routing.domain.words import counted, kilometres, listed, plain

HERE = Place(45.76, 4.84, "FR", "Lyon")


def decided(wants, stock, excluded=None, located=(), policy=None):
    """:param stock: site → {label: units}, in the merchant's order; ``located`` ones are a degree north per place."""
    nodes = [
        Node(name, name, sequence, *((45.76 + sequence, 4.84) if name in located else (None, None)))
        for sequence, name in enumerate(stock)
    ]
    available = {(name, label): Decimal(units) for name in stock for label, units in stock[name].items()}
    items = tuple(Item(label, label, Decimal(units), label) for label, units in wants.items())
    return plan(Demand("S1", items, HERE, excluded or {}), Snapshot(tuple(nodes), available), policy or Policy())


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        (
            {"wants": {"Mug": 1}, "stock": {"Lyon": {"Mug": 1}}, "located": ["Lyon"]},
            "Shipped from Lyon: the only site with enough Mug, less than 1 km away.",
        ),
        (
            {"wants": {"Mug": 1, "Pot": 1}, "stock": {"Lyon": {"Mug": 1, "Pot": 1}, "Lille": {"Mug": 1}}},
            "Shipped from Lyon: the only site with both items.",
        ),
        (
            {"wants": {"Mug": 1}, "stock": {"Lyon": {"Mug": 1}, "Lille": {"Mug": 1}}, "located": ["Lyon", "Lille"]},
            "Shipped from Lyon (less than 1 km): nearest of 2 sites that have everything.",
        ),
        (
            {"wants": {"Mug": 1}, "stock": {"Lyon": {"Mug": 1}, "Lille": {"Mug": 1}}},
            "Shipped from Lyon: first in your order of 2 sites that have everything.",
        ),
        (
            {"wants": {"Mug": 3}, "stock": {"A": {"Mug": 1}, "B": {"Mug": 1}, "C": {"Mug": 1}}},
            "Split over A, B and C: no single site has everything.",
        ),
        (
            {"wants": {"Mug": 1, "Pot": 1}, "stock": {"Lyon": {}}},
            "Waits for stock at Lyon: no site has Mug or Pot.",
        ),
        (
            {"wants": {"Mug": 1}, "stock": {"Lyon": {}, "Lille": {"Mug": 1}}, "excluded": {"Lille": "Closed."}},
            "Waits for stock at Lyon: no site that may ship has Mug.",
        ),
        (
            {"wants": {"Mug": 5}, "stock": {"Lyon": {"Mug": 2}}},
            "Shipped in part from Lyon, the rest waits there: no site has 3 more Mug.",
        ),
        (
            {"wants": {"Mug": 1}, "stock": {}},
            "No site can ship this order: there is none. Add a warehouse to the channel, then plan again.",
        ),
    ],
)
def test_sentence_of_the_decision(case, sentence):
    assert decided(**case).sentence == sentence


def test_a_policy_that_prefers_two_near_parcels_says_so():
    stock = {"A": {"Mug": 1}, "B": {"Pot": 1}, "C": {}, "D": {}, "E": {"Mug": 1, "Pot": 1}}
    policy = Policy(objectives=("covers_most", "distance"))
    decision = decided({"Mug": 1, "Pot": 1}, stock, located="ABCDE", policy=policy)
    assert decision.sentence == "Split over A and B: your policy prefers that to one parcel."


def test_every_site_is_told_why_not():
    stock = {"Full": {"Mug": 1, "Pot": 1}, "Late": {"Mug": 1, "Pot": 1}, "Half": {"Mug": 1}, "Empty": {}, "Out": {}}
    decision = decided({"Mug": 1, "Pot": 1}, stock, excluded={"Out": "Out is closed until Monday."}, located=["Full"])
    assert {candidate.name: candidate.reason for candidate in decision.candidates} == {
        "Full": "Has both items, less than 1 km away.",
        "Late": "Has both items; its distance is not known.",
        "Half": "Has 1 of 2 items in full (1 of 2 units); Full has more of it.",
        "Empty": "Empty has none of Mug, Pot.",
        "Out": "Out is closed until Monday. Out has none of Mug, Pot.",
    }
    codes = [candidate.reason_code for candidate in decision.candidates]
    assert codes == ["covers_all", "covers_all", "covers_some", "has_stock", "not_excluded"]


def test_an_exclusion_without_a_word_still_gets_a_sentence():
    decision = decided({"Mug": 1}, {"Lyon": {"Mug": 1}}, excluded={"Lyon": ""})
    assert decision.candidates[0].reason == "Lyon is excluded from this order."


def test_words():
    assert listed([]) == ""
    assert listed(["Mug", "Mug"]) == "Mug"
    assert listed(["Mug", "Pot"], last=" or ") == "Mug or Pot"
    assert listed("ABCDE") == "A, B, C and 2 more"
    assert (counted(1, "site"), counted(0, "site")) == ("1 site", "0 sites")
    assert (kilometres(0.4), kilometres(14.4)) == ("less than 1 km", "14 km")
    assert (plain(Decimal("100")), plain(Decimal("2.50"))) == ("100", "2.5")
