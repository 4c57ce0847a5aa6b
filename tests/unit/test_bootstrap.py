"""How sure the means of a backtest are."""

from random import Random
from time import perf_counter

import pytest

from odoo.addons.oms_routing.domain.bootstrap import BAGS_MAX, estimates


def test_the_true_mean_lies_in_about_as_many_intervals_as_was_asked_for():
    random, hits = Random(5), 0
    for trial in range(200):
        values = [random.gauss(7, 3) for _ in range(60)]
        found = estimates({"cost": values}, Random(trial), draws=300)["cost"]
        hits += found.low <= 7 <= found.high
    assert 180 <= hits <= 199, hits


def test_many_orders_in_bags_are_as_sure_as_one_by_one():
    random = Random(6)
    values = [random.gauss(0, 1) for _ in range(10 * BAGS_MAX)]
    found = estimates({"cost": values}, Random(1))["cost"]
    expected = 2 * 1.96 / len(values) ** 0.5
    assert found.high - found.low == pytest.approx(expected, rel=0.15)


def test_a_difference_order_by_order_is_clear_where_the_two_means_are_not():
    random = Random(7)
    before = [random.gauss(50, 20) for _ in range(200)]
    after = [value - 1 + random.gauss(0, 1) for value in before]
    found = estimates(
        {"before": before, "after": after, "less": [b - a for b, a in zip(before, after, strict=True)]}, Random(1)
    )
    assert found["before"].low < found["after"].high
    assert found["less"].is_clear


def test_the_same_seed_gives_the_same_interval():
    values = {"cost": [float(number % 13) for number in range(900)]}
    assert estimates(values, Random(3)) == estimates(values, Random(3))
    assert estimates(values, Random(3)) != estimates(values, Random(4))


def test_rows_about_different_orders_are_refused():
    with pytest.raises(ValueError, match="not about the same orders"):
        estimates({"cost": [1.0], "km": [1.0, 2.0]}, Random(1))


def test_a_hundred_thousand_orders_cost_little_more_than_a_thousand():
    values = [float(number % 97) for number in range(100_000)]
    begun = perf_counter()
    estimates({str(metric): values for metric in range(20)}, Random(1))
    assert perf_counter() - begun < 20
