"""The inputs of a decision can be written down and read again without a difference."""

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal as D

import pytest

from odoo.addons.oms_core.domain.quantities import Quantities
from odoo.addons.oms_routing.domain import recording
from odoo.addons.oms_routing.domain.model import Demand, Item, Node, Place
from odoo.addons.oms_routing.domain.planner import plan
from odoo.addons.oms_routing.domain.policy import DEFAULT_POLICY
from odoo.addons.oms_routing.domain.recording import digest, record, restore
from odoo.addons.oms_routing.domain.snapshot import Snapshot

NODES = (
    Node(1, "Lyon", 1, 45.76, 4.86, "FR"),
    Node(2, "Lille", 2, 50.64, 3.08, "FR"),
    Node(3, "Nowhere", 3, None, None, ""),
)
DEMAND = Demand(
    7,
    (Item(70, 5, D("2.50"), "Chair"), Item(71, 6, D(1), 'Lamp "é"')),
    Place(48.86, 2.35, "FR", "Paris"),
    {3: "Nowhere gave up a delivery of this order."},
)
SNAPSHOT = Snapshot(NODES, {(1, 5): D("3.0"), (2, 5): D(2), (2, 6): D(4)}, Quantities({(1, 5): D(1)}))


def through_the_database(recorded):
    """What a column of JSON gives back."""
    return json.loads(json.dumps(recorded))


def test_what_was_recorded_is_read_again_without_a_difference():
    assert restore(through_the_database(record(DEMAND, SNAPSHOT, DEFAULT_POLICY))) == (DEMAND, SNAPSHOT, DEFAULT_POLICY)


def test_a_decision_planned_again_from_its_record_is_the_same_bit_for_bit():
    decision = plan(DEMAND, SNAPSHOT, DEFAULT_POLICY)
    again = plan(*restore(through_the_database(record(DEMAND, SNAPSHOT, DEFAULT_POLICY))))
    assert again == decision
    assert digest(again) == digest(decision)


def test_a_decision_that_says_one_word_less_has_another_digest():
    decision = plan(DEMAND, SNAPSHOT, DEFAULT_POLICY)
    other = replace(decision)
    assert digest(other) == digest(decision)
    vars(other)["sentence"] = decision.sentence[:-1]  # where what is told only when it is read is kept
    assert digest(other) != digest(decision)


def test_equal_inputs_are_recorded_alike_in_whatever_order_they_came():
    shuffled = replace(SNAPSHOT, available=dict(reversed(SNAPSHOT.available.items())))
    assert record(DEMAND, shuffled, DEFAULT_POLICY) == record(DEMAND, SNAPSHOT, DEFAULT_POLICY)


def test_two_and_two_point_zero_are_both_kept_as_they_were():
    _demand, snapshot, _policy = restore(record(DEMAND, SNAPSHOT, DEFAULT_POLICY))
    assert str(snapshot.available[1, 5]) == "3.0"


def test_a_default_that_is_written_otherwise_is_kept_as_it_was():
    demand = replace(DEMAND, items=(replace(DEMAND.items[0], weight=D("0.000")), DEMAND.items[1]))
    assert repr(restore(record(demand, SNAPSHOT, DEFAULT_POLICY))[0]) == repr(demand)


def test_what_occurs_often_is_written_once():
    twice = replace(DEMAND, excluded_nodes={1: DEMAND.place, 2: DEMAND.place})
    assert json.dumps(record(twice, SNAPSHOT, DEFAULT_POLICY)).count("Paris") == 1


def test_a_moment_is_read_again_as_it_was():
    moment = datetime(2026, 11, 20, 10, 0, 0, 250)
    demand = replace(DEMAND, excluded_nodes={1: moment})
    assert restore(through_the_database(record(demand, SNAPSHOT, DEFAULT_POLICY)))[0] == demand


def test_a_record_of_an_unknown_format_says_so():
    with pytest.raises(ValueError, match="format 99"):
        restore(record(DEMAND, SNAPSHOT, DEFAULT_POLICY) | {"format": 99})


def test_what_cannot_be_recorded_is_said_when_it_is_written_and_not_when_it_is_read():
    with pytest.raises(TypeError, match="object cannot be recorded"):
        record(replace(DEMAND, excluded_nodes={1: object()}), SNAPSHOT, DEFAULT_POLICY)


def test_a_field_that_is_gone_since_is_passed_over():
    recorded = through_the_database(record(DEMAND, SNAPSHOT, DEFAULT_POLICY))
    for part in recorded["parts"]:
        if part[0] == "Place":
            part[1]["planet"] = "Earth"
    assert restore(recorded)[0] == DEMAND


def test_every_part_refers_only_to_parts_before_it():
    recorded = record(DEMAND, SNAPSHOT, DEFAULT_POLICY)
    for place, part in enumerate(recorded["parts"]):
        for match in recording._text(part).split('["r",')[1:]:
            assert int(match.split("]")[0]) < place
