"""FUL-03: goods that wait for their customer."""

from datetime import date, datetime, timedelta

import pytest

from odoo.addons.oms_core.domain.pickup import (
    CODE_ALPHABET,
    CODE_LOCK_MINUTES,
    CODE_TRIES_MAX,
    Due,
    Tries,
    check_code,
    due,
    make_code,
    normalise,
    pickup_by,
    read_days,
)

SATURDAY = date(2026, 12, 5)
NOW = datetime(2026, 12, 5, 12, 0)


def closed_on_sundays(day):
    return day.weekday() != 6


@pytest.mark.parametrize(
    ("ready", "days", "is_open", "expected"),
    [
        (SATURDAY, 2, closed_on_sundays, date(2026, 12, 8)),
        (SATURDAY, 2, lambda day: True, date(2026, 12, 7)),
        (SATURDAY, 0, closed_on_sundays, SATURDAY),
        (date(2026, 12, 6), 1, closed_on_sundays, date(2026, 12, 7)),
        (date(2026, 12, 24), 2, lambda day: day.day not in (25, 26, 27), date(2026, 12, 29)),
    ],
)
def test_only_days_on_which_the_store_is_open_count(ready, days, is_open, expected):
    assert pickup_by(ready, days, is_open) == expected


def test_a_store_that_never_opens_does_not_keep_goods_for_ever():
    assert pickup_by(SATURDAY, 2, lambda day: False) < SATURDAY + timedelta(days=120)


def test_reminders_come_once_and_the_end_on_the_day_after():
    last = date(2026, 12, 12)
    assert due(date(2026, 12, 6), SATURDAY, last, [3, 5], 0) == Due()
    assert due(date(2026, 12, 8), SATURDAY, last, [3, 5], 0) == Due(reminder=1)
    assert due(date(2026, 12, 8), SATURDAY, last, [3, 5], 1) == Due()
    assert due(date(2026, 12, 11), SATURDAY, last, [3, 5], 0) == Due(reminder=2)
    assert due(last, SATURDAY, last, [3, 5], 2) == Due()
    assert due(date(2026, 12, 13), SATURDAY, last, [3, 5], 2) == Due(expired=True)


def test_days_are_read_as_they_are_written():
    assert read_days("5, 3;3") == [3, 5]
    assert read_days("") == []
    for wrong in ("x", "0", "400", "-1"):
        with pytest.raises(ValueError):
            read_days(wrong)


def test_codes_are_short_and_unambiguous():
    code = make_code(lambda alphabet: alphabet[-1])
    assert code == CODE_ALPHABET[-1] * 6
    assert not set("01OILZ2S5B8UV") & set(CODE_ALPHABET)
    assert normalise(" k7m-4qx ") == "K7M4QX"


def test_a_thousand_tries_do_not_find_a_code():
    tries, heard = Tries(), 0
    for number in range(1000):
        heard += not tries.is_locked(NOW)
        right, tries = check_code("AAAAAA", f"{number:06}", tries, NOW)
        assert not right
    assert heard == CODE_TRIES_MAX
    assert check_code("AAAAAA", "aaa-aaa", tries, NOW) == (False, tries)
    later = NOW + timedelta(minutes=CODE_LOCK_MINUTES)
    assert check_code("AAAAAA", "aaa-aaa", tries, later) == (True, Tries())


def test_an_order_without_a_code_is_opened_by_none():
    assert not check_code("", "", Tries(), NOW)[0]
