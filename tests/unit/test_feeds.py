"""INV-02: what a third party told counts less the older it is."""

import doctest
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain import feeds

NOW = datetime(2026, 3, 2, 10)


def test_the_worked_examples_hold():
    assert doctest.testmod(feeds).failed == 0


@pytest.mark.parametrize("hours, counts", [(0, 100), (24, 100), (36, 75), (48, 50), (71, 2), (72, 0), (900, 0)])
def test_a_hundred_pieces_fade_between_two_limits(hours, counts):
    share = feeds.weight(NOW - timedelta(hours=hours), NOW, Decimal(24), Decimal(72))
    assert feeds.counted(Decimal(100), share) == counts


def test_what_is_dated_in_the_future_is_of_now():
    assert feeds.weight(NOW + timedelta(hours=5), NOW, Decimal(24), Decimal(72)) == 1


def test_two_equal_limits_are_a_cliff():
    limits = (Decimal(24), Decimal(24))
    assert feeds.weight(NOW - timedelta(hours=24), NOW, *limits) == 1
    assert feeds.weight(NOW - timedelta(hours=25), NOW, *limits) == 0
