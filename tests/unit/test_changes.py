"""ORD-12: what may still be changed or cancelled, by whom, and why not."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain.cancelling import Standing, stop
from odoo.addons.oms_core.domain.changes import KINDS, Facts, allowed_changes

NOW = datetime(2026, 3, 2, 12)


def codes(**values):
    return {kind: verdict.code for kind, verdict in allowed_changes(Facts(**values), NOW).items()}


def test_a_fresh_order_may_be_changed_in_everything_but_a_pickup_place_it_has_not():
    assert codes(by="customer") == dict.fromkeys(KINDS, "") | {"pickup": "not_collected"}
    assert codes(by="customer", method="pickup") == dict.fromkeys(KINDS, "")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"state": "cancel"}, "cancelled"),
        ({"policy": "none"}, "not_offered"),
        ({"left": "OUT/1"}, "left"),
        ({"started": "OUT/1"}, "picking"),
        ({"policy": "window"}, "window_over"),
        ({"policy": "window", "window_ends": NOW}, "window_over"),
    ],
)
def test_a_customer_is_refused_everything_for_one_reason(values, code):
    assert set(codes(by="customer", method="pickup", **values).values()) == {code}


def test_within_the_window_a_customer_may():
    assert codes(by="customer", policy="window", window_ends=NOW + timedelta(seconds=1))["cancel"] == ""
    assert codes(by="customer", policy="window", state="draft")["address"] == ""


def test_a_clerk_may_while_somebody_packs_and_after_a_part_has_left():
    assert codes(started="OUT/1")["address"] == ""
    partly = codes(left="OUT/1")
    assert (partly["address"], partly["items"], partly["method"], partly["cancel"]) == ("", "", "left", "")
    assert codes(left="OUT/1", all_left=True)["items"] == "left"


def test_a_parcel_with_a_label_goes_where_the_label_says_until_that_is_cancelled():
    refused = allowed_changes(Facts(started="OUT/1", labelled="OUT/1"), NOW)
    assert [kind for kind, verdict in refused.items() if verdict.code == "labelled"] == ["address"]
    assert "Parcel OUT/1 is labelled" in refused["address"].sentence


def test_booked_amounts_are_not_changed_by_changing_the_order():
    refused = allowed_changes(Facts(booked="INV/1"), NOW)
    assert refused["items"].code == "booked" and "INV/1" in refused["items"].sentence
    assert refused["address"].allowed


def test_the_sentence_names_the_parcel():
    assert (
        allowed_changes(Facts(by="customer", left="WH/OUT/0012"), NOW)["address"].sentence
        == "Parcel WH/OUT/0012 has left."
    )
    two = allowed_changes(Facts(by="customer", left="WH/OUT/0012, WH/OUT/0013"), NOW)
    assert two["address"].sentence == "Parcels WH/OUT/0012, WH/OUT/0013 have left."


def line(name, ordered, left=0):
    return Standing(name, Decimal(ordered), Decimal(left))


@pytest.mark.parametrize(
    ("lines", "asked", "state", "stopped", "late"),
    [
        ([line("a", 2)], None, "stopped", {"a": 2}, {}),
        ([line("a", 2, 2)], None, "too_late", {}, {"a": 2}),
        ([line("a", 5, 2)], None, "partly", {"a": 3}, {"a": 2}),
        ([line("a", 2), line("b", 1, 1)], None, "partly", {"a": 2}, {"b": 1}),
        ([line("a", 5, 2)], {"a": 1}, "stopped", {"a": 1}, {}),
        ([line("a", 5, 2)], {"a": 4}, "partly", {"a": 3}, {"a": 1}),
        ([line("a", 5)], {"a": 9}, "stopped", {"a": 5}, {}),
        ([line("a", 5)], {}, "stopped", {}, {}),
        ([line("a", 2, 3)], None, "too_late", {}, {"a": 2}),
        ([], None, "stopped", {}, {}),
    ],
)
def test_what_has_not_left_is_stopped_and_the_rest_is_too_late(lines, asked, state, stopped, late):
    wanted = None if asked is None else {key: Decimal(value) for key, value in asked.items()}
    outcome = stop(lines, wanted)
    assert (outcome.state, dict(outcome.stopped), dict(outcome.late)) == (state, stopped, late)
