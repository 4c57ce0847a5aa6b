"""RET-14: limits of control charts against plain counting, and at the rates of false alarms that they state."""

import doctest
import random
from fractions import Fraction
from math import comb, exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_returns.domain import control_chart
from odoo.addons.oms_returns.domain.control_chart import (
    difference,
    discoveries,
    drift,
    drift_level,
    interval,
    limit,
    needed,
    spread_of,
    tail,
)


def exact_tail(back, sold, usual, spread):
    """The same with fractions: the products that a beta-binomial is made of, one factor after the other."""
    if spread == 0:
        return sum(comb(sold, k) * usual**k * (1 - usual) ** (sold - k) for k in range(back, sold + 1))
    strength = 1 / spread - 1
    a, b = usual * strength, (1 - usual) * strength

    def rising(start, count):
        product = Fraction(1)
        for step in range(count):
            product *= start + step
        return product

    return sum(comb(sold, k) * rising(a, k) * rising(b, sold - k) / rising(a + b, sold) for k in range(back, sold + 1))


def test_the_examples_of_the_texts_are_true():
    assert doctest.testmod(control_chart).failed == 0


@pytest.mark.parametrize("spread", [Fraction(0), Fraction(1, 100), Fraction(1, 5)])
@pytest.mark.parametrize("usual", [Fraction(1, 100), Fraction(6, 100), Fraction(1, 2), Fraction(9, 10)])
@pytest.mark.parametrize("sold", [1, 3, 40])
def test_the_chance_is_what_counting_every_case_gives(sold, usual, spread):
    for back in range(sold + 1):
        exact = float(exact_tail(back, sold, usual, spread))
        assert tail(back, sold, float(usual), float(spread)) == pytest.approx(exact, rel=1e-9, abs=1e-12)


@given(
    sold=st.integers(0, 3000),
    usual=st.floats(0.001, 0.9),
    spread=st.sampled_from([0.0, 0.005, 0.1]),
    alpha=st.sampled_from([0.05, 0.00135]),
)
def test_above_the_limit_is_less_likely_than_stated_and_the_limit_itself_is_not(sold, usual, spread, alpha):
    top = limit(sold, usual, spread, alpha)
    assert tail(top + 1, sold, usual, spread) < alpha
    assert top == 0 or tail(top, sold, usual, spread) >= alpha


def test_a_limit_is_wider_where_groups_differ_by_nature():
    assert limit(200, 0.06, 0.02, 0.001) > limit(200, 0.06, 0.0, 0.001)


def test_of_groups_that_are_all_as_usual_any_is_named_at_the_stated_rate_at_most():
    """1,000 looks at 50 groups of unequal sizes: exact chances are too high rather than too low."""
    chance = random.Random(14)
    named = 0
    for _look in range(1000):
        chances = []
        for group in range(50):
            sold = 5 + group * 7
            chances.append(tail(sum(chance.random() < 0.08 for _line in range(sold)), sold, 0.08, 0.0))
        named += any(discoveries(chances, 0.05))
    assert named / 1000 <= 0.05


def test_what_is_named_beside_real_causes_is_seldom_chance():
    """Of 100 groups, 10 have a cause: of those named, one in twenty is chance at most."""
    chance = random.Random(15)
    true = false = 0
    for _look in range(200):
        chances = []
        for group in range(100):
            rate = 0.2 if group < 10 else 0.06
            chances.append(tail(sum(chance.random() < rate for _line in range(150)), 150, 0.06, 0.0))
        for group, is_named in enumerate(discoveries(chances, 0.05)):
            true += is_named and group < 10
            false += is_named and group >= 10
    assert false / (true + false) <= 0.05
    assert true / (200 * 10) >= 0.9


def test_a_drift_that_is_none_is_an_alarm_less_often_than_stated():
    """150 groups for 120 weeks, as usual all the time: at most so many false alarms as the level was made for."""
    chance = random.Random(16)
    level = drift_level(150, 120, 5.0)
    alarms = 0
    for _group in range(150):
        steps = []
        for _week in range(120):
            due = chance.uniform(0.2, 3)
            steps.append((poisson(chance, due), due))
            if drift(steps, 1.75) >= level:
                alarms += 1
                steps = []
    assert alarms <= 5


def poisson(chance, mean):
    left, count = exp(-mean), 0
    product = chance.random()
    while product > left:
        product *= chance.random()
        count += 1
    return count


def test_a_rate_that_has_doubled_is_found_by_its_drift():
    chance = random.Random(17)
    level = drift_level(1000, 52, 3.0)
    waited = []
    for _group in range(50):
        steps = []
        while drift(steps, 1.75) < level:
            steps.append((poisson(chance, 4.0), 2.0))
        waited.append(len(steps))
    assert sorted(waited)[25] <= 12  # weeks


def test_how_groups_differ_is_learned_from_them():
    chance = random.Random(18)
    for spread in (0.0, 0.01, 0.05):
        counts = []
        for _group in range(1500):
            rate = chance.betavariate(0.1 * (1 / spread - 1), 0.9 * (1 / spread - 1)) if spread else 0.1
            counts.append((sum(chance.random() < rate for _line in range(80)), 80, 0.1))
        assert spread_of(counts, 0.015, 5) == pytest.approx(spread, abs=0.004)


@pytest.mark.parametrize(
    ("rates", "sold"), [((0.13, 0.06), (180, 90)), ((0.05, 0.05), (40, 400)), ((0.3, 0.1), (60, 60))]
)
def test_a_change_lies_where_it_is_said_to_nineteen_times_in_twenty(rates, sold):
    chance = random.Random(19)
    inside = 0
    for _look in range(1000):
        before, after = (
            (sum(chance.random() < rate for _line in range(count)), count)
            for rate, count in zip(rates, sold, strict=True)
        )
        low, high = difference(before, after)
        inside += low <= rates[1] - rates[0] <= high
    assert inside / 1000 >= 0.935


def test_nothing_seen_says_nothing():
    assert interval(0, 0) == (0.0, 1.0)
    assert difference((3, 10), (0, 0))[1] > 0
    assert discoveries([], 0.05) == []
    assert drift([], 2) == 0
    assert tail(1, 0, 0.1, 0.1) == 0.0


def test_so_many_as_needed_see_a_fall_four_times_in_five():
    chance = random.Random(20)
    count = needed(0.2, 0.1)
    seen = 0
    for _look in range(500):
        before = sum(chance.random() < 0.2 for _line in range(count)), count
        after = sum(chance.random() < 0.1 for _line in range(count)), count
        seen += difference(before, after)[1] < 0
    assert 0.75 <= seen / 500 <= 0.9
