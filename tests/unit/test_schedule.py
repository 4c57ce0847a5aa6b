"""CAP-15: the days of subscriptions do not drift, and none comes twice."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.schedule import EVERY_MAX, UNITS, Plan, due, nth, on_or_after

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@st.composite
def plans(draw):
    unit = draw(st.sampled_from(UNITS))
    return Plan(draw(DAYS), draw(st.integers(1, EVERY_MAX[unit])), unit, draw(st.integers(0, 31)))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (Plan(date(2026, 1, 31), 1, "month", 31), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        (Plan(date(2028, 1, 30), 1, "month", 30), ["2028-01-30", "2028-02-29", "2028-03-30", "2028-04-30"]),
        (Plan(date(2026, 1, 20), 1, "month", 5), ["2026-02-05", "2026-03-05", "2026-04-05", "2026-05-05"]),
        (Plan(date(2026, 11, 15), 3, "month"), ["2026-11-15", "2027-02-15", "2027-05-15", "2027-08-15"]),
        (Plan(date(2026, 3, 25), 2, "week"), ["2026-03-25", "2026-04-08", "2026-04-22", "2026-05-06"]),
        (Plan(date(2026, 3, 28), 1, "day"), ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31"]),
    ],
)
def test_the_first_days_of_a_plan(plan, expected):
    assert [nth(plan, index).isoformat() for index in range(4)] == expected


@pytest.mark.parametrize(("every", "unit"), [(0, "day"), (-1, "week"), (25, "month"), (1, "year")])
def test_a_plan_that_makes_no_sense_is_refused(every, unit):
    with pytest.raises(ValueError, match=r"every|unit"):
        Plan(date(2026, 1, 1), every, unit)


@given(plans(), st.integers(0, 400))
def test_days_go_forward_and_never_before_the_start(plan, index):
    assert plan.start <= nth(plan, 0)
    assert nth(plan, index) < nth(plan, index + 1)


@given(plans(), st.integers(0, 400))
def test_months_keep_their_day_and_do_not_drift(plan, index):
    day = nth(plan, index)
    if plan.unit == "month":
        wanted = plan.anchor_day or plan.start.day
        assert day.day == wanted or (day.day < wanted and (day + timedelta(days=1)).day == 1)
    else:
        assert (day - plan.start).days % plan.every == 0


@given(plans(), DAYS)
def test_the_next_day_is_the_first_that_is_not_before(plan, day):
    found = on_or_after(plan, day)
    assert found >= max(day, plan.start)
    index = next(index for index in range(30_000) if nth(plan, index) >= day)
    assert found == nth(plan, index)


@given(plans(), st.lists(st.integers(0, 90), min_size=1, max_size=12), st.booleans())
def test_whenever_the_job_runs_no_day_comes_twice_and_none_is_forgotten(plan, waits, catch_up_all):
    next_day, today, seen = nth(plan, 0), plan.start, []
    for wait in waits:
        today += timedelta(days=wait)
        result = due(plan, next_day, today, catch_up_all=catch_up_all, limit=5)
        seen += sorted(result.create + result.missed)
        assert len(result.create) <= (5 if catch_up_all else 1)
        assert result.next_day > today or result.next_day == next_day
        again = due(plan, result.next_day, today, catch_up_all=catch_up_all, limit=5)
        assert (again.create, again.missed) == ((), ())
        next_day = result.next_day
    assert seen == [day for day in (nth(plan, index) for index in range(len(seen) + 1)) if day <= today]


def test_after_a_standstill_only_the_latest_is_made_up_for():
    plan = Plan(date(2026, 1, 1), 1, "week")
    latest = due(plan, date(2026, 1, 1), date(2026, 1, 20), catch_up_all=False, limit=12)
    assert latest.create == (date(2026, 1, 15),)
    assert latest.missed == (date(2026, 1, 1), date(2026, 1, 8))
    everything = due(plan, date(2026, 1, 1), date(2026, 1, 20), catch_up_all=True, limit=12)
    assert everything.create == (date(2026, 1, 1), date(2026, 1, 8), date(2026, 1, 15))
    assert latest.next_day == everything.next_day == date(2026, 1, 22)


def test_a_plan_ends_with_its_last_day_or_its_last_period():
    plan = Plan(date(2026, 1, 1), 1, "week", until=date(2026, 1, 10))
    assert due(plan, date(2026, 1, 8), date(2026, 1, 8), catch_up_all=False, limit=12).next_day is None
    open_end = Plan(date(2026, 1, 1), 1, "week")
    last = due(open_end, date(2026, 1, 8), date(2026, 1, 8), catch_up_all=False, limit=12, left=1)
    assert (last.create, last.next_day) == ((date(2026, 1, 8),), None)
    none = due(open_end, date(2026, 1, 8), date(2026, 1, 8), catch_up_all=False, limit=12, left=0)
    assert (none.create, none.next_day) == ((), None)


def test_before_its_day_nothing_is_due():
    plan = Plan(date(2026, 1, 1), 1, "month")
    result = due(plan, date(2026, 2, 1), date(2026, 1, 31), catch_up_all=True, limit=12)
    assert (result.create, result.missed, result.next_day) == ((), (), date(2026, 2, 1))
