"""SHP-03, TRD-04: the cheapest in time, and why not the others."""

from datetime import datetime
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain.rate_shopping import Limits, Need, Option, is_po_box, shop

D = Decimal
SMALL = ((D(1), (D(30), D(20), D(10))),)
FRIDAY = datetime(2026, 11, 13, 18)


def option(number, price, day=12, **values):
    expected = datetime(2026, 11, day, 12) if day else None
    return Option(number, f"Carrier {number}", D(str(price)), "EUR", "S", "Service", expected, number, **values)


IN_TIME = Need("FR", SMALL, FRIDAY)


def codes(options, need=IN_TIME):
    return [(verdict.option.carrier_id, verdict.code) for verdict in shop(options, need)]


def test_the_cheapest_that_is_expected_in_time_is_chosen_and_all_others_say_why_not():
    economy, parcel, express = option(1, 4, 14), option(2, 6), option(3, 11, 11)
    verdicts = shop([express, economy, parcel], Need("FR", SMALL, FRIDAY))
    assert [(v.option.carrier_id, v.ok, v.reason) for v in verdicts] == [
        (2, True, "The cheapest in time."),
        (3, True, "5 EUR dearer."),
        (1, False, "Expected on 2026-11-14, promised for 2026-11-13."),
    ]


def test_without_a_promise_the_cheapest_is_enough():
    assert codes([option(1, 4, None), option(2, 6)], Need("FR", SMALL))[0] == (1, "chosen")


def test_a_tie_goes_to_the_faster_then_to_the_first_in_the_list():
    assert codes([option(1, 6, 12), option(2, 6, 11)]) == [(2, "chosen"), (1, "dearer")]
    assert codes([option(2, 6), option(1, 6)]) == [(1, "chosen"), (2, "dearer")]
    reasons = [verdict.reason for verdict in shop([option(1, 6), option(2, 6)], Need("FR", SMALL, FRIDAY))]
    assert reasons == [
        "As cheap and as fast as another; comes first in the list of delivery methods.",
        "As cheap and as fast; comes later in the list of delivery methods.",
    ]


def test_who_says_no_date_cannot_keep_a_promise():
    assert codes([option(1, 4, None)]) == [(1, "no_date")]


def test_what_is_as_cheap_and_as_fast_goes_to_the_greener_and_what_nobody_knows_comes_last():
    options = [option(1, 6), option(2, 6, carbon=D(90)), option(3, 6, carbon=D(40)), option(4, 6, 13, carbon=D(1))]
    verdicts = shop(options, IN_TIME)
    assert [(v.option.carrier_id, v.reason) for v in verdicts] == [
        (3, "As cheap and as fast as another, and emits less."),
        (2, "As cheap and as fast, but emits more."),
        (1, "As cheap and as fast; nobody knows what it emits."),
        (4, "As cheap, but slower."),
    ]


def test_a_carrier_that_is_often_too_late_is_turned_down_although_it_is_expected_in_time():
    often_late = option(1, 4, 12, sure_at=datetime(2026, 11, 16, 9))
    verdicts = shop([often_late, option(2, 6, 12, sure_at=FRIDAY)], IN_TIME)
    assert [(v.option.carrier_id, v.code) for v in verdicts] == [(2, "chosen"), (1, "unsure")]
    assert verdicts[1].reason == "Expected on 2026-11-12, but often later, up to 2026-11-16; promised for 2026-11-13."


@pytest.mark.parametrize(
    ("limits", "need", "code"),
    [
        (Limits(max_kg=D("0.5")), Need("FR", SMALL), "weight"),
        (Limits(max_side_cm=D(29)), Need("FR", SMALL), "size"),
        (Limits(max_girth_cm=D(89)), Need("FR", SMALL), "size"),
        (Limits(max_girth_cm=D(90), max_side_cm=D(30), max_kg=D(1)), Need("FR", SMALL), "chosen"),
        (Limits(), Need("FR", SMALL, dangerous=True), "dangerous"),
        (Limits(dangerous=True), Need("FR", SMALL, dangerous=True), "chosen"),
        (Limits(), Need("FR", SMALL, po_box=True), "po_box"),
        (Limits(po_box=True), Need("FR", SMALL, po_box=True), "chosen"),
        (Limits(countries=frozenset({"DE"})), Need("FR", SMALL), "country"),
        (Limits(countries=frozenset({"FR"})), Need("FR", SMALL), "chosen"),
    ],
)
def test_a_carrier_that_may_not_carry_it_is_turned_down_with_the_reason(limits, need, code):
    assert codes([option(1, 4, limits=limits)], need) == [(1, code)]


def test_a_carrier_that_gave_no_price_says_what_it_said():
    broken = option(1, 0, None, problem="EasyParcel is down (HTTP 500).", problem_code="retry")
    verdicts = shop([broken, option(2, 9)], Need("FR", SMALL, FRIDAY))
    assert [(v.option.carrier_id, v.code, v.reason) for v in verdicts] == [
        (2, "chosen", "The only one that fits."),
        (1, "retry", "EasyParcel is down (HTTP 500)."),
    ]


def test_a_carrier_is_looked_at_by_the_parcels_that_are_packed_for_it():
    heavy = ((D(50), (D(60), D(40), D(40))),)
    light = ((D(30), (D(60), D(40), D(40))), (D(20), (D(60), D(40), D(40))))
    limits = Limits(max_kg=D("31.5"))
    options = [option(1, 4, limits=limits, parcels=heavy), option(2, 8, limits=limits, parcels=light)]
    assert codes(options, Need("FR", heavy)) == [(2, "chosen"), (1, "weight")]


def test_nobody_is_chosen_when_nobody_can():
    assert codes([option(1, 4, 14), option(2, 5, 15)]) == [(1, "late"), (2, "late")]


@pytest.mark.parametrize(
    "line", ["PO Box 12", "P.O. Box 7", "Postfach 1234", "Packstation 101", "Boîte postale 3", "BP 45", "Postbus 9"]
)
def test_boxes_at_post_offices_are_known(line):
    assert is_po_box("", line)


@pytest.mark.parametrize("line", ["12 rue de la Poste", "Boxhagener Straße 1", "Port Box Lane", ""])
def test_streets_are_no_boxes(line):
    assert not is_po_box(line)
