"""RTE-10: what places have done so far, as probabilities that hold for what they will do."""

import doctest
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain import learned
from odoo.addons.oms_routing.domain.learned import Tally


def test_the_worked_examples_hold():
    assert doctest.testmod(learned).failed == 0


def test_one_rejection_makes_no_bad_place():
    rates = learned.learn([Tally("old", 1, 0, 2000, 40), Tally("new", 1, 0, 1, 1)])
    assert rates["new", None].probability < 0.08


def test_what_a_place_did_long_ago_counts_less():
    reformed = learned.learn([Tally("a", 1, 300, 200, 100), Tally("a", 1, 0, 200, 2)])
    relapsed = learned.learn([Tally("a", 1, 0, 200, 100), Tally("a", 1, 300, 200, 2)])
    assert reformed["a", None].probability < 0.06
    assert relapsed["a", None].probability > 0.4
    assert reformed["a", None].asked == 400


def test_a_category_begins_where_its_place_is():
    rates = learned.learn(
        [Tally("a", "mugs", 0, 500, 100), Tally("a", "lamps", 0, 1, 0), Tally("b", "mugs", 0, 500, 5)]
    )
    assert rates["a", "lamps"].probability == pytest.approx(rates["a", None].probability, abs=0.04)


def test_nothing_has_happened_yet():
    assert learned.learn([]) == {}


def history(seed, days):
    """Forty places: most reject hardly ever, some often, and now and then one gets a new manager; many are asked seldom."""
    chance = random.Random(seed)
    truth = {place: chance.betavariate(1, 12) for place in range(40)}
    size = {place: chance.choice((0.2, 1, 5)) for place in truth}
    for day in days:
        if day < 0 and chance.random() < 0.3:
            truth[chance.randrange(40)] = chance.betavariate(1, 12)
        for place, rate in truth.items():
            asked = sum(chance.random() < size[place] / 5 for _ in range(5))
            if asked:
                yield Tally(place, "all", max(0, -day), asked, sum(chance.random() < rate for _ in range(asked)))


def test_what_was_learned_holds_for_what_comes_next():
    """Learned from a year, compared with the next 60 days, of ten companies: predictions are off by less than one in a
    hundred, and better than both the plain share of each place and one number for all."""
    ours, plain, one_for_all = [], [], []
    for seed in range(10):
        cases = list(history(seed, range(-365, 60)))
        past = [tally for tally in cases if tally.age_days > 0]
        rates = learned.learn(past)
        of_all = sum(tally.rejected for tally in past) / sum(tally.asked for tally in past)
        for tally in (tally for tally in cases if tally.age_days == 0):
            rate, seen = rates[tally.node, None], (tally.asked, tally.rejected)
            ours.append((rate.probability, *seen))
            plain.append((rate.rejected / rate.asked, *seen))
            one_for_all.append((of_all, *seen))
    assert learned.calibration_error(ours) < 0.01
    assert learned.brier(ours) < learned.brier(plain) < learned.brier(one_for_all)


@given(
    st.lists(
        st.builds(
            lambda node, category, age, asked, part: Tally(node, category, age, asked, int(asked * part)),
            st.integers(1, 3),
            st.integers(1, 3),
            st.floats(0, 1000),
            st.integers(1, 1000),
            st.floats(0, 1),
        )
    )
)
def test_a_probability_is_never_certain(tallies):
    for rate in learned.learn(tallies).values():
        assert 0 < rate.probability < 1
        assert 0 <= rate.weight <= rate.asked + 1e-6
