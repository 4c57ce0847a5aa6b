"""INV-01, INV-02: what can be promised of each product at each node and on each channel."""

import doctest
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain import availability
from odoo.addons.oms_core.domain.availability import EXCLUDED, Threshold, scaled, snapshot_of, unscaled

PARIS, LYON = 1, 2
MUG, TEA, BOX = 7, 8, 9


def test_the_worked_examples_hold():
    assert doctest.testmod(availability).failed == 0


@pytest.mark.parametrize("fact", ["reserved", "promised", "soft", "safety"])
def test_whatever_somebody_has_a_right_to_is_not_available(fact):
    snapshot = snapshot_of(on_hand={(PARIS, MUG): 10}, **{fact: {(PARIS, MUG): 4}})
    assert snapshot.available(PARIS, MUG) == 6


def test_a_node_that_owes_does_not_take_from_another_one():
    snapshot = snapshot_of(on_hand={(PARIS, MUG): 2, (LYON, MUG): 5}, promised={(PARIS, MUG): 9})
    assert (snapshot.net(PARIS, MUG), snapshot.total(MUG)) == (-7, 5)


def test_the_threshold_of_a_channel_is_taken_once_from_the_sum():
    snapshot = snapshot_of(
        on_hand={(PARIS, MUG): 4, (LYON, MUG): 3}, safety={(PARIS, MUG): 1}, thresholds={MUG: Threshold(2)}
    )
    assert snapshot.total(MUG) == 4
    assert snapshot.totals() == {MUG: 4}


def test_what_is_excluded_at_a_node_is_not_there_at_all():
    snapshot = snapshot_of(on_hand={(PARIS, MUG): 4, (LYON, MUG): 3})
    snapshot.table.put("safety", PARIS, MUG, EXCLUDED)
    assert (snapshot.available(PARIS, MUG), snapshot.total(MUG)) == (0, 3)


def test_a_channel_that_does_not_offer_a_product_has_none_of_it():
    assert snapshot_of(on_hand={(PARIS, MUG): 4}, thresholds={MUG: Threshold(exclude=True)}).totals() == {MUG: 0}


def test_a_kit_is_there_as_often_as_its_scarcest_component_at_one_node():
    """A box of two mugs and a tea: components at two nodes do not make one box."""
    kits = {BOX: ((MUG, Decimal(2)), (TEA, Decimal(1)))}
    shelves = {(PARIS, MUG): 5, (PARIS, TEA): 9, (LYON, MUG): 1, (LYON, TEA): 9}
    snapshot = snapshot_of(on_hand=shelves, components=kits)
    assert (snapshot.available(PARIS, BOX), snapshot.available(LYON, BOX), snapshot.total(BOX)) == (2, 0, 2)


def test_a_kit_takes_regard_of_what_is_taken_of_its_components():
    kits = {BOX: ((MUG, Decimal(2)),)}
    snapshot = snapshot_of(on_hand={(PARIS, MUG): 9}, soft={(PARIS, MUG): 2}, safety={(PARIS, MUG): 1}, components=kits)
    assert snapshot.available(PARIS, BOX) == 3


def test_a_sum_is_the_same_whether_asked_for_one_or_for_all():
    facts = {
        fact: {(node, product): (node * 7 + product * seed) % 11 for node in (1, 2, 3) for product in range(10, 40)}
        for seed, fact in enumerate(("on_hand", "reserved", "promised", "soft", "safety"), 1)
    }
    facts["on_hand"] = {key: amount * 4 for key, amount in facts["on_hand"].items()}
    snapshot = snapshot_of(**facts, thresholds={11: Threshold(3), 12: Threshold(percent=Decimal(50))})
    expected = {product: sum(snapshot.available(node, product) for node in (1, 2, 3)) for product in range(10, 40)}
    expected[11] = max(Decimal(0), expected[11] - 3)
    expected[12] = expected[12] - (expected[12] / 2).to_integral_value("ROUND_CEILING")
    assert snapshot.totals() == expected
    assert {product: snapshot.total(product) for product in expected} == expected


def test_nothing_is_lost_on_the_way_through_millionths():
    for text in ("0.000001", "0.1", "2.5", "1000000", "-3.75"):
        assert unscaled(scaled(Decimal(text))) == Decimal(text)


@pytest.mark.parametrize(
    "threshold, of, kept",
    [
        (Threshold(3), 10, 3),
        (Threshold(percent=Decimal(10)), 7, 1),
        (Threshold(percent=Decimal(10)), "7.5", "0.75"),
        (Threshold(units=Decimal(2), percent=Decimal(10)), 50, 5),
        (Threshold(units=Decimal(2), percent=Decimal(10)), 0, 2),
        (Threshold(percent=Decimal(10)), -5, 0),
    ],
)
def test_what_is_kept_back(threshold, of, kept):
    assert unscaled(threshold.kept(scaled(Decimal(of)))) == Decimal(kept)
