from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.companions import often_together

BASKETS = st.lists(st.frozensets(st.integers(1, 8), max_size=5), max_size=40)


def test_what_everybody_buys_anyway_is_no_hint():
    """CUS-04: a bag is in every basket, so it says nothing about the desk."""
    baskets = [{1, 9}] * 5 + [{9}] * 5
    assert often_together(baskets, {1}) == ()


def test_two_that_met_twice_are_an_accident():
    assert often_together([{1, 2}] * 2 + [{3}] * 20, {1}) == ()
    assert often_together([{1, 2}] * 3 + [{3}] * 20, {1})[0].product == 2


def test_the_most_telling_comes_first_and_the_list_is_short():
    baskets = [{1, 2}] * 3 + [{1, 3}] * 4 + [{3}] * 4 + [{4}] * 9
    assert [found.product for found in often_together(baskets, {1})] == [2, 3]
    assert [found.product for found in often_together(baskets, {1}, limit=1)] == [2]


def test_a_product_is_proposed_once_beside_the_one_it_goes_with_best():
    baskets = [{1, 3}] * 3 + [{2, 3}] * 3 + [{2}] * 3 + [{4}] * 9
    (found,) = often_together(baskets, {1, 2})
    assert (found.product, found.beside, found.together, found.of) == (3, 1, 3, 3)
    assert found.lift == Decimal("3.0")


@given(BASKETS, st.frozensets(st.integers(1, 8), max_size=3))
def test_nothing_wanted_is_proposed_and_the_order_of_baskets_does_not_matter(baskets, wanted):
    found = often_together(baskets, wanted, together_min=1, lift_min=Decimal(0))
    assert found == often_together(reversed(baskets), wanted, together_min=1, lift_min=Decimal(0))
    assert not {companion.product for companion in found} & wanted
    for companion in found:
        both = sum(1 for basket in baskets if {companion.product, companion.beside} <= basket)
        assert companion.together == both <= companion.of
