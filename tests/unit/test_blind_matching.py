"""Goods that nobody announced are matched with the orders that they were sold on, all or none of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_returns.domain.matching import Candidate, match


def of(key, left, *lots):
    return Candidate(key, Decimal(left), frozenset(lots))


def found(quantity, candidates, numbers=()):
    parts = match(Decimal(quantity), [(name, Decimal(1)) for name in numbers], candidates)
    return [(part.key, int(part.quantity), part.why) for part in parts]


@pytest.mark.parametrize(
    ("quantity", "candidates", "expected"),
    [
        (2, [of("new", 2), of("old", 3)], [("new", 2, "whole")]),
        (3, [of("new", 2), of("old", 3)], [("old", 3, "whole")]),
        (4, [of("new", 2), of("old", 3)], [("new", 2, "several"), ("old", 2, "several")]),
        (6, [of("new", 2), of("old", 3)], []),
        (1, [of("none", 0)], []),
        (1, [], []),
    ],
)
def test_the_likeliest_that_has_all_else_one_after_the_other(quantity, candidates, expected):
    assert found(quantity, candidates) == expected


def test_a_number_tells_the_order_that_it_was_sold_with():
    candidates = [of("new", 2, "S3", "S4"), of("old", 2, "S1", "S2")]
    assert found(2, candidates, ["S1", "S3"]) == [("new", 1, "number"), ("old", 1, "number")]
    assert match(Decimal(2), [("S1", Decimal(1)), ("S3", Decimal(1))], candidates)[1].lots == ("S1",)


def test_a_number_that_nobody_sold_is_a_piece_like_any_other():
    assert found(2, [of("new", 2, "S3"), of("old", 2)], ["S3", "S9"]) == [("new", 2, "number")]


@given(st.integers(1, 9), st.lists(st.integers(0, 4), max_size=5))
def test_all_is_matched_or_nothing_and_never_more_than_there_is(quantity, lefts):
    candidates = [of(index, left) for index, left in enumerate(lefts)]
    parts = match(Decimal(quantity), [], candidates)
    assert sum(part.quantity for part in parts) == (quantity if sum(lefts) >= quantity else 0)
    assert all(0 < part.quantity <= lefts[part.key] for part in parts)
    assert match(Decimal(quantity), [], candidates) == parts
