"""CUS-09: what a form says, whoever filled it in."""

from datetime import datetime, timedelta

import pytest

from odoo.addons.oms_core.domain.feedback import (
    CHANGE_DAYS,
    CHANGES_MAX,
    REMARK_MAX,
    WORDS_MAX,
    Said,
    Unclear,
    read,
    why_closed,
)

NOW = datetime(2026, 5, 1)


@pytest.mark.parametrize("stars", ["", "0", "6", "-1", "4.5", "five", "٣", None, 3, object()])
def test_stars_are_one_to_five_and_nothing_else(stars):
    with pytest.raises(Unclear, match="stars"):
        read({"stars": stars}, set())


def test_one_and_two_stars_are_low():
    assert [Said(stars).is_low for stars in range(1, 6)] == [True, True, False, False, False]


def test_a_remark_about_what_was_not_ordered_is_refused():
    with pytest.raises(Unclear, match="line"):
        read({"stars": "5", "remark_9": "Nice"}, {7})


def test_an_empty_remark_says_nothing():
    assert read({"stars": "5", "remark_7": "  ", "remark_9": ""}, {7}) == Said(5)


def test_text_is_cut_and_control_characters_go():
    said = read({"stars": "1", "words": "a\0" * 9_000, "remark_7": "x" * 9_000}, {7})
    assert set(said.words) == {"a"} and len(said.words) <= WORDS_MAX
    assert said.remarks == ((7, "x" * REMARK_MAX),)


def test_a_file_in_the_place_of_words_is_nothing():
    assert read({"stars": "5", "words": object()}, set()) == Said(5)


@pytest.mark.parametrize(
    ("first_at", "changes", "why"),
    [
        (None, 0, ""),
        (NOW, CHANGES_MAX - 1, ""),
        (NOW, CHANGES_MAX, "often"),
        (NOW - timedelta(days=CHANGE_DAYS), 0, ""),
        (NOW - timedelta(days=CHANGE_DAYS, seconds=1), 0, "late"),
    ],
)
def test_customers_may_think_otherwise_for_a_while(first_at, changes, why):
    assert why_closed(first_at, changes, NOW) == why
