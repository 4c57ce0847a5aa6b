"""The algebra of quantities."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.quantities import Quantities

amounts = st.decimals(min_value=-99, max_value=99, places=2)
quantities = st.dictionaries(st.sampled_from("abcd"), amounts).map(Quantities)


@given(quantities, quantities)
def test_what_is_added_can_be_taken_away_again(left, right):
    assert left + right - right == left


@given(quantities, quantities)
def test_addition_does_not_care_for_the_order(left, right):
    assert left + right == right + left


@given(quantities, quantities)
def test_both_cover_what_they_have_in_common(left, right):
    common = left & right
    assert all(amount > 0 for amount in common.values())
    assert common == right & left
    for one in (left, right):
        assert all(one[key] >= common[key] for key in common)


@given(quantities, quantities)
def test_covering_means_that_nothing_is_missing(left, right):
    assert left.covers(right) == all(amount >= 0 for key, amount in (left - right).items() if key in right)


@given(quantities, quantities)
def test_totals_add_up(left, right):
    assert (left + right).total() == left.total() + right.total()


@given(quantities)
def test_zeros_are_not_kept(some):
    assert not (some - some)
    assert all(some.values())
    assert hash(some + Quantities({"zero": Decimal("0.00")})) == hash(some)


def test_pairs_with_the_same_key_add_up():
    assert Quantities([("mug", Decimal(1)), ("mug", Decimal(2))]) == {"mug": Decimal(3)}


def test_a_missing_key_is_zero_and_still_missing():
    nothing = Quantities()
    assert nothing["mug"] == 0
    assert "mug" not in nothing
    assert not nothing


def test_operands_stay_what_they_were():
    one, two = Quantities({"mug": Decimal(1)}), Quantities({"mug": Decimal(2)})
    _ = one + two, one - two, one & two, -one
    assert (one["mug"], two["mug"]) == (1, 2)


def test_floats_are_refused():
    with pytest.raises(TypeError):
        Quantities({"mug": 0.1})
