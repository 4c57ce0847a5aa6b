"""ORD-01, ORD-05: where an order stands follows from facts, for every combination of them."""

from dataclasses import fields, replace
from itertools import product

import pytest

from odoo.addons.oms_core.domain.order_status import RULES, TO_SHIP, UNDERWAY, Facts, decide

OPEN = Facts(confirmed=True, goods=True, unready=True)
GONE = replace(OPEN, unready=False, parcels=True, any_left=True, all_left=True, to_deliver=True, to_collect=True)

STORIES = {
    "a quotation": (Facts(goods=True), "received"),
    "a quotation that something holds": (Facts(goods=True, held=True), "held"),
    "confirmed, nothing on the shelf": (OPEN, "waiting"),
    "confirmed and reserved": (replace(OPEN, reserved=True), "sourced"),
    "somebody walks with the list": (replace(OPEN, reserved=True, started=True), "picking"),
    "a first parcel has left": (replace(OPEN, any_left=True, parcels=True, to_deliver=True), "partial"),
    "the rest of it is being picked": (replace(OPEN, any_left=True, started=True), "partial"),
    "all has left": (GONE, "shipped"),
    "one of two parcels has arrived": (replace(GONE, to_deliver=True), "shipped"),
    "all parcels have arrived": (replace(GONE, to_deliver=False), "delivered"),
    "it lies at the counter": (replace(OPEN, unready=False, waits_for_customer=True, reserved=True), "ready"),
    "a part lies at the counter, the rest is to come": (replace(OPEN, waits_for_customer=True), "waiting"),
    "the customer took it": (replace(GONE, to_deliver=False, to_collect=False), "collected"),
    "one of two pieces came back": (replace(GONE, came_back=True), "returned_part"),
    "everything came back": (replace(GONE, came_back=True, all_back=True), "returned"),
    "what was sent came back, the rest is to come": (
        replace(OPEN, any_left=True, came_back=True, all_back=True),
        "partial",
    ),
    "held after a first parcel": (replace(OPEN, held=True, any_left=True), "held"),
    "only services": (Facts(confirmed=True), "done"),
    "cancelled while on hold": (Facts(cancelled=True, held=True), "cancelled"),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_ends_in_its_status(story):
    facts, status = STORIES[story]
    assert decide(facts) == status


def test_every_status_is_reached_by_a_story():
    assert {status for _facts, status in STORIES.values()} == {status for status, _wanted in RULES}


def test_any_combination_of_facts_has_one_status():
    names = [field.name for field in fields(Facts)]
    reached = {
        decide(Facts(**dict(zip(names, values, strict=True)))) for values in product((False, True), repeat=len(names))
    }
    assert reached == {status for status, _wanted in RULES}


def test_the_rules_name_only_facts_and_end_with_one_that_always_holds():
    names = {field.name for field in fields(Facts)}
    assert all(set(wanted) <= names for _status, wanted in RULES)
    assert [not wanted for _status, wanted in RULES] == [False] * (len(RULES) - 1) + [True]
    assert set(TO_SHIP) | set(UNDERWAY) <= {status for status, _wanted in RULES}
