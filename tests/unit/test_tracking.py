"""SHP-04, SHP-05, SHP-08: where a parcel is, and whether it will be late."""

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.const import TRACKING_STATES
from odoo.addons.oms_core.domain.tracking import (
    JOURNEY,
    Journey,
    Outlook,
    Scan,
    add_working_days,
    combine,
    derive,
    noon_after,
    predict_late,
)

MONDAY = datetime(2026, 11, 16, 9)


def scans(*entries):
    return [Scan(MONDAY + timedelta(hours=hours), state) for hours, state in entries]


def test_the_states_are_those_of_the_fields():
    assert set(JOURNEY) == {state for state, _label in TRACKING_STATES}


def test_no_scan_is_no_state():
    assert derive([]) == Journey()
    assert derive([Scan(MONDAY, "nonsense")]) == Journey()


@pytest.mark.parametrize(
    ("entries", "state"),
    [
        ([(0, "announced"), (5, "collected")], "collected"),
        ([(26, "delivered"), (20, "out_for_delivery"), (30, "in_transit")], "delivered"),
        ([(26, "delivered"), (40, "returning")], "returning"),
        ([(26, "delivered"), (40, "returning"), (60, "delivered")], "delivered"),
        ([(40, "returning"), (60, "returned"), (61, "in_transit")], "returned"),
        ([(0, "ready"), (1, "cancelled")], "cancelled"),
        ([(0, "ready"), (1, "cancelled"), (3, "collected")], "collected"),
        ([(10, "exception"), (20, "out_for_delivery")], "out_for_delivery"),
        ([(20, "out_for_delivery"), (22, "exception")], "exception"),
        ([(20, "in_transit"), (20, "out_for_delivery")], "out_for_delivery"),
    ],
)
def test_the_state_follows_from_all_scans_in_whatever_order_they_come(entries, state):
    for order in permutations(scans(*entries)):
        assert derive(order).state == state


def test_the_first_delivery_that_stands_is_when_it_was_delivered():
    assert derive(scans((26, "delivered"), (27, "delivered"))).delivered_at == MONDAY + timedelta(hours=26)
    again = derive(scans((26, "delivered"), (40, "returning"), (60, "delivered")))
    assert again.delivered_at == MONDAY + timedelta(hours=60)


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from(JOURNEY)), max_size=8), st.randoms())
def test_repeats_and_order_change_nothing(entries, random):
    known = scans(*entries)
    shuffled = known + known[: len(known) // 2]
    random.shuffle(shuffled)
    assert derive(shuffled) == derive(known)


def test_a_delivery_of_two_parcels_is_delivered_with_the_last():
    first = derive(scans((20, "delivered")))
    second = derive(scans((21, "in_transit")))
    assert combine([first, second]).state == "in_transit"
    both = combine([first, derive(scans((44, "delivered")))])
    assert (both.state, both.delivered_at) == ("delivered", MONDAY + timedelta(hours=44))


def test_trouble_with_one_parcel_is_trouble_and_a_cancelled_one_does_not_count():
    assert combine([derive(scans((20, "delivered"))), derive(scans((5, "exception")))]).state == "exception"
    assert combine([derive(scans((20, "delivered"))), derive(scans((1, "cancelled")))]).state == "delivered"
    assert combine([derive(scans((1, "cancelled")))]).state == "cancelled"
    assert combine([]) == Journey()


# ---- Late before it is late ----

FRIDAY = datetime(2026, 11, 20, 18)


def late(now, **values):
    found = predict_late(Outlook(**{"deliver_by": FRIDAY, **values}), now)
    return found and found[0]


def test_working_days_leave_out_weekends():
    assert add_working_days(datetime(2026, 11, 19), 2) == datetime(2026, 11, 23)
    assert add_working_days(datetime(2026, 11, 21), 0) == datetime(2026, 11, 23)
    assert add_working_days(datetime(2026, 11, 16), 4) == datetime(2026, 11, 20)


def test_a_parcel_that_leaves_on_friday_evening_is_there_on_monday_wherever_the_place_is():
    assert noon_after(datetime(2026, 3, 7, 1), 1, "America/Los_Angeles") == datetime(2026, 3, 9, 19)
    assert noon_after(datetime(2026, 3, 6, 16), 1, "Europe/Paris") == datetime(2026, 3, 9, 11)


@pytest.mark.parametrize(
    ("values", "now", "code"),
    [
        ({"deliver_by": None}, FRIDAY + timedelta(days=9), None),
        ({}, MONDAY, None),
        ({}, FRIDAY + timedelta(minutes=1), "overdue"),
        ({"delivered_at": FRIDAY}, FRIDAY + timedelta(days=2), None),
        ({"delivered_at": FRIDAY + timedelta(hours=1)}, FRIDAY + timedelta(days=2), "was_late"),
        ({"expected_at": FRIDAY + timedelta(hours=1)}, MONDAY, "expected"),
        ({"expected_at": FRIDAY}, MONDAY, None),
        ({"state": "exception"}, MONDAY, "exception"),
        ({"state": "cancelled"}, FRIDAY + timedelta(days=1), None),
        ({"transit_days": 2}, datetime(2026, 11, 18, 9), None),
        ({"transit_days": 2}, datetime(2026, 11, 19, 9), "not_shipped"),
        # In California it is still Wednesday when in UTC it is Thursday, and Friday when the promise is Saturday's.
        ({"transit_days": 2, "zone": "America/Los_Angeles"}, datetime(2026, 11, 19, 7), None),
        (
            {"transit_days": 2, "zone": "America/Los_Angeles", "deliver_by": datetime(2026, 11, 21, 2)},
            datetime(2026, 11, 19, 17),
            "not_shipped",
        ),
        ({"transit_days": 2, "shipped_at": MONDAY}, datetime(2026, 11, 17, 9), None),
        ({"shipped_at": MONDAY, "state": "collected"}, datetime(2026, 11, 19, 9), "silent"),
        ({"shipped_at": MONDAY, "last_scan_at": datetime(2026, 11, 18, 12)}, datetime(2026, 11, 19, 9), None),
        ({"shipped_at": MONDAY, "state": "out_for_delivery"}, datetime(2026, 11, 19, 9), None),
    ],
)
def test_late_is_seen_before_it_is_late(values, now, code):
    assert late(now, **values) == code
