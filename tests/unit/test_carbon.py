"""TRD-03, N15: what a shipment emits, and by whose numbers."""

import doctest
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.oms_routing.domain import carbon
from odoo.addons.oms_routing.domain.carbon import Factors, grams, grams_per_kg, in_force

D = Decimal
UK = Factors("2026", date(2026, 1, 1), {"lorry": D("127.15"), "van": D("786.06"), "rail": D("32.74")})


def emitted(weight, distance, mode, last_mile=10, factors=UK):
    return grams(D(str(weight)), grams_per_kg(distance, mode, D(last_mile), factors))


def test_the_worked_example_of_the_module():
    assert emitted(2, 392.0, "lorry") == D("112.9")


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(0.0, "0.0"), (10.0, "7.9"), (11.0, "8.0")],
)
def test_the_last_kilometres_are_done_by_van_and_a_short_way_altogether(distance, expected):
    assert emitted(1, distance, "lorry") == D(expected)


def test_twice_the_weight_emits_twice_as_much_and_rail_less_than_the_road():
    assert abs(emitted(40, 400.0, "rail") - 10 * emitted(4, 400.0, "rail")) < 1
    assert emitted(1, 400.0, "rail") < emitted(1, 400.0, "lorry") < emitted(1, 400.0, "van")


def test_a_cargo_bike_emits_nothing():
    assert emitted(1, 4.0, "none") == 0


def test_what_is_not_known_is_not_made_up():
    assert emitted(1, None, "lorry") is None
    assert emitted(1, 5.0, "") is None
    assert emitted(1, 5.0, "air") is None  # no factor for it
    assert emitted(1, 5.0, "lorry", factors=None) is None


def test_a_new_version_counts_from_its_day_on():
    later = Factors("2027", date(2027, 1, 1), {"lorry": D(100), "van": D(500)})
    assert in_force([later, UK], date(2026, 12, 31)) is UK
    assert in_force([UK, later], date(2027, 1, 1)) is later
    assert in_force([], date(2027, 1, 1)) is None


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(carbon).failed == 0
