"""INV-07: how long stock lasts."""

import doctest
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain import cover


def test_the_worked_examples_hold():
    assert doctest.testmod(cover).failed == 0


@pytest.mark.parametrize(
    "free, shipped, expected",
    [(90, 90, 90), (45, 90, 45), (-3, 90, 0), (0, 0, 0), (1, 0, 9999), (10**9, 1, 9999), (10, -2, 9999)],
)
def test_days_of_cover(free, shipped, expected):
    assert cover.days_of_cover(Decimal(free), Decimal(shipped), 90) == expected
