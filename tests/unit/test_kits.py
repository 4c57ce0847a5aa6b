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


PARTS = {"mug": Decimal(2), "tea": Decimal(1)}


def brought(**parts):
    return {part: Decimal(quantity) for part, quantity in parts.items()}


def test_what_makes_no_whole_kit_is_left_over():
    assert kits.whole_kits(brought(mug=5, tea=3), PARTS, {}) == (2, {"mug": 1, "tea": 1})
    assert kits.whole_kits(brought(tea=3), PARTS, {}) == (0, {"tea": 3})
    assert kits.whole_kits({}, PARTS, {}) == (0, {})


def test_what_belongs_to_no_kit_is_left_over():
    assert kits.whole_kits(brought(mug=2, tea=1, ribbon=1), PARTS, {}) == (1, {"ribbon": 1})


def test_rounding_breaks_no_kit_and_makes_none():
    """A third of a metre is counted as 0.33 or 0.34; one mug of two is no kit, however coarse mugs are counted."""
    third, cent, whole = {"string": Decimal("0.333333")}, {"string": Decimal("0.01")}, {"mug": Decimal(1)}
    for length in ("33.33", "33.34"):
        assert kits.whole_kits({"string": Decimal(length)}, third, cent) == (100, {})
    assert kits.whole_kits(brought(mug=1, tea=1), PARTS, whole) == (0, {"mug": 1, "tea": 1})
    assert kits.whole_kits(brought(mug=3, tea=1), PARTS, whole) == (1, {"mug": 1})


def test_what_a_kit_and_a_line_beside_it_take_of_the_same_adds_up():
    recipes = {"box": [("mug", Decimal(2)), ("tea", Decimal(1))]}
    assert kits.in_several(["box", "mug", "chair"], recipes) == {"mug"}
    assert kits.in_several(["box", "chair"], recipes) == set()
    taken = [("nice", "box", Decimal(3)), ("nice", "mug", Decimal(1)), ("lyon", "mug", Decimal(1))]
    assert kits.taken_apart(taken, recipes) == {("nice", "mug"): 7, ("nice", "tea"): 3, ("lyon", "mug"): 1}
