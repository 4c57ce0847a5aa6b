"""INV-10: how much will be wanted, by a model that has proved itself on the past of the very series."""

import doctest
import random
from math import pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain import forecast
from odoo.addons.oms_routing.domain.forecast import BASELINE, DAY, QUANTILES, WEEK


def steady(weeks=104, mean=20, deviation=5, seed=1):
    chance = random.Random(seed)
    return [max(0.0, chance.gauss(mean, deviation)) for _ in range(weeks)]


def now_and_then(weeks=104, seed=1):
    chance = random.Random(seed)
    return [float(chance.randint(1, 5)) if chance.random() < 0.2 else 0.0 for _ in range(weeks)]


def weekdays(days=120, seed=1):
    chance = random.Random(seed)
    return [max(0.0, (30 if day % 7 in (5, 6) else 6) + chance.gauss(0, 2)) for day in range(days)]


def test_the_worked_examples_hold():
    assert doctest.testmod(forecast).failed == 0


def test_what_is_wanted_steadily_is_the_mean_and_not_the_last_week():
    found = forecast.forecast(steady())
    assert found.model in ("mean_13", "smooth_10", "croston")
    assert found.mean[0] == pytest.approx(20, abs=2)
    assert found.rmsse < found.baseline_rmsse
    assert found.spread == pytest.approx(5, abs=2)


def test_what_is_wanted_now_and_then_is_a_small_mean_and_a_high_quantile_of_several():
    found = forecast.forecast(now_and_then())
    assert found.model in ("croston", "tsb", "mean_13", "smooth_10")
    assert found.mean[0] == pytest.approx(0.6, abs=0.3)
    assert found.quantiles[0.5][0] < found.mean[0] < found.quantiles[0.9][0]


def test_saturdays_differ_from_mondays():
    """A level alone would be wrong each day; last week alone is noisy: smoothing with the season beats both."""
    found = forecast.forecast(weekdays(), bucket=DAY, horizon=14)
    by_weekday = [found.mean[(day - 120) % 7 + 7 if (day - 120) % 7 + 7 < 14 else (day - 120) % 7] for day in range(7)]
    assert found.model == "seasonal"
    assert [round(mean) for mean in by_weekday] == pytest.approx([6, 6, 6, 6, 6, 30, 30], abs=3)


def test_a_season_of_a_year_is_seen_once_there_are_two_of_them():
    history = [20 + 10 * sin(week / 52 * 2 * pi) for week in range(156)]
    found = forecast.forecast(history, horizon=26)
    assert found.mean == pytest.approx([20 + 10 * sin(week / 52 * 2 * pi) for week in range(156, 182)], abs=1.5)


def test_where_nothing_beats_the_baseline_the_baseline_is_used_and_says_so():
    found = forecast.forecast([20 + 10 * sin(week / 52 * 2 * pi) for week in range(156)])
    assert found.model == BASELINE
    assert "No model beats" in found.reason
    assert found.rmsse == found.baseline_rmsse


def test_a_model_is_used_only_where_it_beats_the_baseline_on_times_that_did_not_choose_it():
    models = set()
    for seed in range(60):
        history = (steady, now_and_then)[seed % 2](seed=seed)
        found = forecast.forecast(history)
        models.add(found.model)
        assert found.model == BASELINE or found.rmsse < found.baseline_rmsse
    assert len(models) > 2


def test_the_quantiles_hold_on_what_came_later():
    """Of 200 series, the weeks after the forecast are within the quantiles about as often as these say."""
    below = {level: 0 for level in QUANTILES}
    for seed in range(200):
        history = steady(108, seed=seed)
        found = forecast.forecast(history[:104])
        for k in range(4):
            for level in QUANTILES:
                below[level] += history[104 + k] <= found.quantiles[level][k]
    for level, count in below.items():
        assert count / 800 == pytest.approx(level, abs=0.05)


def test_goods_that_were_sold_out_were_wanted_all_the_same():
    history, offered = [10.0] * 30, [1.0] * 30
    for week in range(20, 26):
        history[week], offered[week] = 0.0, 0.0
    told = forecast.forecast(history, offered)
    silent = forecast.forecast(history)
    assert told.mean[0] == pytest.approx(10)
    assert told.spread < silent.spread


def test_a_week_in_which_it_was_there_for_three_days_counts_as_three_days():
    values, known = forecast.corrected([14, 6, 14], [1, 3 / 7, 1])
    assert (values[1], known[1]) == (14, False)
    values, known = forecast.corrected([14, 8, 14], [1, 4 / 7, 1])
    assert (values[1], known[1]) == (pytest.approx(14), True)


def test_more_was_sold_than_guessed_counts_as_sold():
    assert forecast.corrected([1, 50, 1], [1, 0.1, 1])[0] == [1, 50, 1]


def test_a_new_product_does_not_come_from_zero():
    found = forecast.forecast([0.0] * 90 + [10.0] * 14)
    assert found.mean[0] == pytest.approx(10)


@pytest.mark.parametrize("history", [[], [0.0] * 50])
def test_nothing_was_wanted_so_nothing_will_be(history):
    found = forecast.forecast(history, horizon=3)
    assert found.mean == (0, 0, 0)
    assert found.reason == "Nothing was wanted yet."


def test_too_little_history_says_so():
    found = forecast.forecast([5.0, 7.0, 6.0])
    assert (found.model, found.mean[0], found.rmsse) == (BASELINE, 6.0, None)
    assert found.spread > 0
    assert "3 weeks of history, too few" in found.reason


def test_goods_that_are_not_wanted_any_more_fade():
    found = forecast.forecast(now_and_then(80) + [0.0] * 40)
    assert found.mean[0] < 0.2


def test_no_more_is_looked_at_than_the_limit():
    old = [1000.0] * 300
    recent = steady(forecast.BUCKETS_MAX)
    assert forecast.forecast(old + recent) == forecast.forecast(recent)


def test_a_model_from_elsewhere_must_beat_the_baseline_too():
    def knows_it(past, steps, _season):
        return [20.0] * steps

    def knows_nothing(past, steps, _season):
        return [500.0] * steps

    good = forecast.forecast(steady(deviation=2), outside={"auto_ets": knows_it})
    bad = forecast.forecast(steady(deviation=2), outside={"auto_ets": knows_nothing})
    assert good.model == "auto_ets"
    assert bad.model != "auto_ets"


@given(
    st.lists(st.floats(0, 1e6, allow_nan=False), max_size=200),
    st.randoms(use_true_random=False),
    st.sampled_from((WEEK, DAY)),
)
def test_whatever_the_history_a_forecast_comes_the_same_again_and_is_never_below_zero(history, chance, bucket):
    offered = [chance.choice((0.0, 0.3, 0.7, 1.0)) for _ in history]
    found = forecast.forecast(history, offered, bucket, 5)
    assert found == forecast.forecast(history, offered, bucket, 5)
    assert len(found.mean) == 5
    assert min(found.mean) >= 0
    assert found.spread >= 0
    for level in QUANTILES:
        assert len(found.quantiles[level]) == 5
        assert min(found.quantiles[level]) >= 0
    assert found.model == BASELINE or found.rmsse < found.baseline_rmsse


@pytest.mark.parametrize(
    "model, values, expected",
    [
        ("mean_4", [1, 2, 3, 4, 9], 4.5),
        ("smooth_30", [10, 20], 13.0),
        # size 4 → 4 + 0.1 · (6 − 4), distance 1 → 1 + 0.1 · (3 − 1); times 0.95
        ("croston", [4, 0, 0, 6], 0.95 * 4.2 / 1.2),
        # the chance 1 → 0.9 → 0.81 → 0.829, the size 4 → 4.2
        ("tsb", [4, 0, 0, 6], (0.81 + 0.1 * 0.19) * 4.2),
        ("tsb", [4, 0, 0], 0.81 * 4),
    ],
)
def test_a_model_says_what_its_paper_says(model, values, expected):
    levels, seasons = forecast.MODELS[model]([float(value) for value in values], 1)
    assert (levels[-1], seasons) == (pytest.approx(expected), None)
