"""I13: kits are as often there as their components allow, however deep they are nested."""

import doctest
from decimal import Decimal

from odoo.addons.oms_core.domain import kits
from odoo.addons.oms_core.domain.availability import snapshot_of


def test_the_worked_examples_hold():
    assert doctest.testmod(kits).failed == 0


def test_a_component_that_is_in_a_kit_twice_is_needed_twice():
    recipes = {1: [(7, Decimal(1)), (2, Decimal(2))], 2: [(7, Decimal(1))]}
    assert kits.leaves([1], recipes) == {1: ((7, Decimal(3)),)}
    snapshot = snapshot_of(on_hand={(1, 7): 8}, components=kits.leaves([1], recipes))
    assert snapshot.available(1, 1) == 2


def test_a_kit_that_contains_itself_ends():
    assert kits.leaves([1], {1: [(2, Decimal(1))], 2: [(1, Decimal(1))]}) == {1: ()}


def test_a_third_of_a_dozen_is_enough_for_three():
    """A third has no end in decimals; the last kit must not get lost for that."""
    third = Decimal(1) / 3
    snapshot = snapshot_of(on_hand={(1, 7): 1}, components={9: ((7, third),)})
    assert snapshot.available(1, 9) == 3
