from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.bringing import PLACES_MAX, Missing, bring

QUANTITY = st.integers(0, 6).map(Decimal)
FREE = st.dictionaries(st.tuples(st.integers(1, 5), st.integers(1, 3)), QUANTITY)
WANTS = st.lists(st.tuples(st.integers(1, 3), QUANTITY), max_size=4)


def wants(*rows):
    return [Missing(number, product, Decimal(quantity)) for number, (product, quantity) in enumerate(rows, 10)]


def test_one_place_that_has_all_is_better_than_two_that_are_nearer():
    """FUL-03: ship to store."""
    free = {(1, 7): Decimal(2), (2, 8): Decimal(1), (3, 7): Decimal(2), (3, 8): Decimal(1)}
    assert {part.place for part in bring(wants((7, 2), (8, 1)), [1, 2, 3], free)} == {3}


def test_of_two_that_have_all_the_preferred_one_brings_it():
    free = {(1, 7): Decimal(9), (2, 7): Decimal(9)}
    assert [part.place for part in bring(wants((7, 2)), [2, 1], free)] == [2]


def test_what_no_single_place_has_comes_from_several_but_not_from_many():
    free = {(place, 7): Decimal(1) for place in range(1, 9)}
    assert len(bring(wants((7, 8)), range(1, 9), free)) == PLACES_MAX


@given(WANTS, FREE)
def test_nobody_gives_more_than_there_is_and_no_move_gets_more_than_it_lacks(rows, free):
    missing = wants(*rows)
    given_away, got = Counter(), Counter()
    for part in bring(missing, [1, 2, 3, 4, 5], free):
        assert part.quantity > 0
        given_away[part.place, part.product] += part.quantity
        got[part.move] += part.quantity
    assert all(quantity <= free[key] for key, quantity in given_away.items())
    assert all(got[want.move] <= want.quantity for want in missing)
