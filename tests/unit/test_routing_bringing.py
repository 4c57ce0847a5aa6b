"""Who brings to a store what it lacks: the worked cases, and never worse than the first that comes along."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.bringing import Missing, bring
from odoo.addons.oms_routing.domain.bringing import bring_cheapest

MISSING = [Missing(1, 7, Decimal(2)), Missing(2, 8, Decimal(1))]


def test_the_cheaper_of_two_that_have_everything():
    free = {(place, product): Decimal(5) for place in (1, 2) for product in (7, 8)}
    parts, cost = bring_cheapest(MISSING, {1: Decimal(9), 2: Decimal(4)}, free)
    assert ({part.place for part in parts}, cost) == ({2}, 4)


def test_all_of_it_goes_before_cheap():
    free = {(1, 7): Decimal(2), (2, 7): Decimal(2), (2, 8): Decimal(1)}
    parts, cost = bring_cheapest(MISSING, {1: Decimal(1), 2: Decimal(50)}, free)
    assert ({part.place for part in parts}, cost) == ({2}, 50)


def test_at_equal_cost_the_preferred_place_brings_it():
    free = {(place, 7): Decimal(2) for place in (1, 2, 3)}
    parts, _cost = bring_cheapest(MISSING[:1], {2: Decimal(4), 1: Decimal(4), 3: Decimal(4)}, free)
    assert [part.place for part in parts] == [2]


def test_nobody_has_it():
    assert bring_cheapest(MISSING, {1: Decimal(4)}, {}) == ((), 0)


amounts = st.integers(0, 4).map(Decimal)


@given(
    st.lists(st.tuples(st.sampled_from((7, 8, 9)), st.integers(1, 4)), min_size=1, max_size=4),
    st.dictionaries(st.tuples(st.integers(1, 5), st.sampled_from((7, 8, 9))), amounts),
    st.lists(st.integers(0, 30).map(Decimal), min_size=5, max_size=5),
)
def test_it_brings_no_less_than_the_first_that_comes_along_and_never_more_than_there_is(wants, free, prices):
    missing = [Missing(number, product, Decimal(units)) for number, (product, units) in enumerate(wants)]
    costs = dict(zip(range(1, 6), prices, strict=True))
    parts, cost = bring_cheapest(missing, costs, free)
    simple = bring(missing, list(costs), free)
    brought, before = (sum(part.quantity for part in plan) for plan in (parts, simple))
    assert brought >= before
    if brought == before:
        assert cost <= sum(costs[place] for place in {part.place for part in simple})
    for place, product in {(part.place, part.product) for part in parts}:
        taken = sum(part.quantity for part in parts if (part.place, part.product) == (place, product))
        assert taken <= free[place, product]
    for want in missing:
        assert sum(part.quantity for part in parts if part.move == want.move) <= want.quantity
