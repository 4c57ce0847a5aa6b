"""CORE, ACC: the shortest history that shows a fault."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain import shrink as shrinking
from odoo.addons.oms_core.domain.shrink import shrink

#: A history, and which of its events make the fault together.
HISTORIES = st.integers(1, 60).flatmap(
    lambda length: st.tuples(st.just(length), st.sets(st.integers(0, length - 1), min_size=1, max_size=6))
)


@given(HISTORIES)
def test_what_is_left_is_what_makes_the_fault_in_its_order(history):
    length, guilty = history
    assert shrink(range(length), lambda part: guilty <= set(part)) == tuple(sorted(guilty))


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=40))
def test_nothing_more_can_be_left_out_whatever_makes_the_fault(amounts):
    """A fault that comes and goes as events are left out: sums of which every third is wrong."""

    def fails(part):
        return sum(part) % 3 == sum(amounts) % 3 and bool(part)

    short = shrink(amounts, fails)
    assert fails(short)
    if len(short) > 1:
        assert not any(fails(short[:place] + short[place + 1 :]) for place in range(len(short)))


@given(st.integers(1, 300), st.data())
def test_looks_are_limited(length, data):
    guilty = data.draw(st.integers(0, length - 1))
    looks = []

    def fails(part):
        looks.append(len(part))
        return guilty in part

    short = shrink(range(length), fails, calls_max=10)
    assert len(looks) <= 10
    assert guilty in short


def test_a_long_history_takes_few_looks():
    looks = []
    shrink(range(1024), lambda part: looks.append(1) or 1000 in part)
    assert len(looks) < 40


def test_a_history_that_shows_nothing_is_refused():
    with pytest.raises(ValueError, match="does not show"):
        shrink([1, 2], lambda part: False)


def test_the_examples_in_the_documentation_are_true():
    assert doctest.testmod(shrinking).failed == 0
