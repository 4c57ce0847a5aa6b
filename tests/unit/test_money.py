from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.money import allocate, fit, round_to, share

CENT = Decimal("0.01")
steps = st.sampled_from([Decimal("1"), Decimal("0.05"), CENT, Decimal("0.001")])
counts = st.integers(-(10**9), 10**9)
weights = st.lists(st.decimals(0, 10**6, places=4), min_size=1, max_size=12)


def test_a_third_each_gives_the_first_the_odd_cent():
    assert allocate(Decimal("10.00"), [Decimal(1)] * 3, CENT) == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]


def test_the_odd_cent_goes_to_whoever_lost_most():
    assert allocate(Decimal("1.00"), [Decimal(1), Decimal(2)], CENT) == [Decimal("0.33"), Decimal("0.67")]


def test_of_equal_losers_the_first_wins():
    assert allocate(Decimal("0.02"), [Decimal(1)] * 4, CENT) == [CENT, CENT, 0, 0]


def test_a_zero_weight_gets_nothing():
    assert allocate(Decimal("0.05"), [Decimal(0), Decimal(1)], CENT) == [0, Decimal("0.05")]


def test_when_all_weights_are_zero_the_shares_are_equal():
    assert allocate(Decimal("0.03"), [Decimal(0)] * 2, CENT) == [Decimal("0.02"), CENT]


def test_nothing_can_be_split_over_nobody():
    assert allocate(Decimal(0), [], CENT) == []


@pytest.mark.parametrize(
    ("total", "parts", "step"),
    [
        ("1.00", [], "0.01"),
        ("1.00", ["-1"], "0.01"),
        ("1.005", ["1"], "0.01"),
        ("1.00", ["1"], "0"),
        ("1", ["1"], "-1"),
    ],
)
def test_what_makes_no_sense_is_refused(total, parts, step):
    with pytest.raises(ValueError):
        allocate(Decimal(total), [Decimal(part) for part in parts], Decimal(step))


def test_more_digits_than_decimal_arithmetic_keeps_are_no_trouble():
    weights_ = [Decimal("1E-19"), Decimal("123456789012345.12345678901234567890")]
    assert sum(allocate(Decimal("9876543210.01"), weights_, CENT)) == Decimal("9876543210.01")


@given(counts, weights, steps)
def test_parts_are_multiples_of_the_step_and_sum_to_the_total(count, weights, step):
    parts = allocate(count * step, weights, step)
    assert sum(parts) == count * step
    assert all(part % step == 0 for part in parts)


@given(counts, weights, steps)
def test_a_negative_total_is_the_mirror_image(count, weights, step):
    assert allocate(-count * step, weights, step) == [-part for part in allocate(count * step, weights, step)]


@given(counts, weights, steps)
def test_no_part_is_a_whole_step_away_from_its_exact_share(count, weights, step):
    total = count * step
    shares = weights if any(weights) else [Decimal(1)] * len(weights)
    for part, weight in zip(allocate(total, weights, step), shares, strict=True):
        # Multiplied out: |part - total × weight / whole| < step, without a quotient.
        assert abs(part * sum(shares) - total * weight) < step * sum(shares)


@given(counts, weights, steps)
def test_a_larger_weight_never_gets_less(count, weights, step):
    parts = allocate(abs(count) * step, weights, step)
    ranked = sorted(zip(weights, parts, strict=True))
    assert [part for _weight, part in ranked] == sorted(parts)


signed = st.lists(st.decimals(-(10**4), 10**4, places=6), min_size=1, max_size=12)


@given(signed, st.integers(-3, 3))
def test_fitted_amounts_sum_to_the_total(amounts, cents):
    total = round_to(sum(amounts), CENT) + cents * CENT
    parts = fit(amounts, total, CENT)
    assert sum(parts) == total
    assert all(part % CENT == 0 for part in parts)


@given(st.lists(st.decimals(-(10**4), 10**4, places=2), min_size=1, max_size=12))
def test_amounts_that_fit_already_stay_as_they_are(amounts):
    assert fit(amounts, sum(amounts), CENT) == amounts


def test_what_is_left_goes_to_the_largest_amount_whatever_its_sign():
    amounts = [Decimal("1.00"), Decimal("-8.00"), Decimal("2.00")]
    assert fit(amounts, Decimal("-5.01"), CENT) == [Decimal("1.00"), Decimal("-8.01"), Decimal("2.00")]


def test_halves_are_rounded_away_from_zero():
    assert [round_to(Decimal(amount), CENT) for amount in ("0.005", "-0.005", "0.0049")] == [CENT, -CENT, 0]
    assert round_to(Decimal("0.025"), Decimal("0.05")) == Decimal("0.05")


@given(counts, st.lists(st.integers(0, 1000), min_size=1, max_size=8), steps)
def test_consecutive_shares_sum_to_the_total_whatever_the_cuts(count, pieces, step):
    total, whole, start, given_out = count * step, Decimal(sum(pieces)), Decimal(0), Decimal(0)
    for piece in pieces:
        given_out += share(total, whole, start, start + piece, step)
        start += piece
    assert given_out == (total if whole else 0)


@given(counts, st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000), steps)
def test_a_share_does_not_depend_on_how_it_is_cut_further(count, whole, one, two, step):
    start, stop = sorted((Decimal(one), Decimal(two)))
    middle = (start + stop) // 2
    cut = share(count * step, whole, start, middle, step) + share(count * step, whole, middle, stop, step)
    assert cut == share(count * step, whole, start, stop, step)


def test_of_no_units_everything_is_one_share():
    assert share(Decimal("5.00"), Decimal(0), Decimal(0), Decimal(1), CENT) == Decimal("5.00")
    assert share(Decimal("5.00"), Decimal(0), Decimal(0), Decimal(0), CENT) == 0
