"""ORD-10, SHP-09: promises are counted in open hours, in the time zone of the place."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.service_clock import Opening, Promise, add_open_hours, due, state

PARIS = Opening("Europe/Paris", {day: ((9.0, 12.0), (13.0, 18.0)) for day in range(5)})
ALWAYS = Opening("Europe/Paris")


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        # Winter, an hour ahead of UTC.
        pytest.param(utc(2026, 3, 4, 8), 2, utc(2026, 3, 4, 10), id="in the morning"),
        pytest.param(utc(2026, 3, 4, 10), 2, utc(2026, 3, 4, 13), id="over lunch"),
        pytest.param(utc(2026, 3, 4, 16), 2, utc(2026, 3, 5, 9), id="over night"),
        pytest.param(utc(2026, 3, 6, 15), 3, utc(2026, 3, 9, 9), id="over the weekend"),
        pytest.param(utc(2026, 3, 7, 12), 1, utc(2026, 3, 9, 9), id="ordered on a Saturday"),
        pytest.param(utc(2026, 3, 4, 4), 0, utc(2026, 3, 4, 8), id="no hours: as soon as somebody is there"),
        # On 29 March the clocks go from 2:00 to 3:00: nine in the morning is an hour earlier in UTC.
        pytest.param(utc(2026, 3, 27, 16), 2, utc(2026, 3, 30, 8), id="over the start of summer time"),
        pytest.param(utc(2026, 10, 23, 15), 2, utc(2026, 10, 26, 9), id="over the end of summer time"),
    ],
)
def test_hours_are_those_in_which_somebody_is_there(start, hours, end):
    assert add_open_hours(start, hours, PARIS) == end


def test_a_night_shift_in_which_the_clocks_change_has_the_hours_that_pass():
    night = Opening("Europe/Paris", {6: ((0.0, 6.0),)})  # Sundays, midnight to six
    spring, autumn = utc(2026, 3, 28, 20), utc(2026, 10, 24, 20)
    assert add_open_hours(spring, 5, night) == utc(2026, 3, 29, 4)  # six o'clock already: only five hours passed
    assert add_open_hours(autumn, 7, night) == utc(2026, 10, 25, 5)  # seven hours until six o'clock


def test_a_holiday_is_no_working_day():
    closed = Opening(PARIS.zone, PARIS.hours, ((utc(2026, 3, 4, 23), utc(2026, 3, 5, 23)),))
    assert add_open_hours(utc(2026, 3, 4, 16), 2, closed) == utc(2026, 3, 6, 9)


def test_a_place_that_never_opens_promises_nothing():
    assert add_open_hours(utc(2026, 3, 4), 1, Opening("UTC", {0: ()})) is None


@pytest.mark.parametrize(
    ("ordered", "ship_by"),
    [
        pytest.param(utc(2026, 3, 4, 12, 59), utc(2026, 3, 4, 16, 59), id="just before the cut-off at 14:00"),
        pytest.param(utc(2026, 3, 4, 13, 0), utc(2026, 3, 4, 17, 0), id="at the cut-off"),
        pytest.param(utc(2026, 3, 4, 13, 1), utc(2026, 3, 5, 13), id="after it: from nine the next morning"),
        pytest.param(utc(2026, 3, 6, 13, 1), utc(2026, 3, 9, 13), id="after it on a Friday: from Monday"),
        pytest.param(
            utc(2026, 7, 1, 12, 1), utc(2026, 7, 2, 12), id="in summer the cut-off comes an hour earlier in UTC"
        ),
    ],
)
def test_an_order_after_the_cut_off_counts_from_the_next_open_day(ordered, ship_by):
    assert due(ordered, Promise(4, cut_off=14.0), PARIS) == (ship_by, None)


def test_the_promise_to_the_customer_follows_that_of_the_warehouse():
    assert due(utc(2026, 3, 4, 8), Promise(2, 48), PARIS) == (utc(2026, 3, 4, 10), utc(2026, 3, 6, 10))


def test_a_place_without_hours_is_always_open_and_its_cut_off_local():
    assert due(utc(2026, 3, 4, 22), Promise(2), ALWAYS)[0] == utc(2026, 3, 5, 0)
    assert due(utc(2026, 3, 4, 22), Promise(2, cut_off=20.0), ALWAYS)[0] == utc(2026, 3, 5, 1)  # midnight in Paris


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=timezone.utc))


@given(moments, st.integers(0, 60), st.integers(0, 60))
def test_more_hours_never_end_earlier_and_parts_add_up(start, first, second):
    middle = add_open_hours(start, first, PARIS)
    assert start <= middle
    assert add_open_hours(start, first + second, PARIS) in (
        add_open_hours(middle, second, PARIS),
        middle,  # nothing more to do: the first part ends when the place closes
    )


@given(moments, st.integers(1, 50))
def test_an_earlier_order_is_never_due_later(start, hours):
    promise = Promise(hours, cut_off=14.0)
    assert due(start, promise, PARIS)[0] <= due(start + timedelta(minutes=90), promise, PARIS)[0]


def test_the_state_of_a_promise():
    now = utc(2026, 3, 4, 12)
    assert state(None, now, 4) == "none"
    assert state(utc(2026, 3, 4, 11, 59), now, 4) == "late"
    assert state(now, now, 4) == "at_risk"
    assert state(utc(2026, 3, 4, 15, 59), now, 4) == "at_risk"
    assert state(utc(2026, 3, 4, 16), now, 4) == "on_time"
