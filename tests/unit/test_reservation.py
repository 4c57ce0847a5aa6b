"""INV-03: where goods are set aside, against what there is."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.quantities import ZERO, Quantities
from odoo.addons.oms_core.domain.reservation import Want, place

NODES = [1, 2, 3]
wants = st.lists(st.tuples(st.integers(7, 9), st.integers(0, 6)), max_size=5).map(
    lambda rows: [Want(line, product, Decimal(quantity)) for line, (product, quantity) in enumerate(rows)]
)
stock = st.dictionaries(
    st.tuples(st.sampled_from(NODES), st.integers(7, 9)), st.integers(-3, 8).map(Decimal), max_size=9
)


@given(wants, stock, st.booleans())
def test_never_more_than_there_is_never_more_than_is_wanted(asked, free, whole):
    placement = place(asked, NODES, free, whole=whole)
    for (node, product), taken in placement.taken.items():
        assert taken <= max(ZERO, free.get((node, product), ZERO))
    by_line = Quantities((line, quantity) for (line, _node, _product), quantity in placement.parts.items())
    for want in asked:
        assert by_line[want.line] <= want.quantity
    assert all(quantity > 0 for quantity in placement.parts.values())


@given(wants, stock, st.booleans())
def test_all_is_set_aside_unless_something_is_short_and_that_says_the_numbers(asked, free, whole):
    placement = place(asked, NODES, free, whole=whole)
    placed = Quantities((product, quantity) for (_line, _node, product), quantity in placement.parts.items())
    total = Quantities((want.product, want.quantity) for want in asked)
    for product, quantity in total.items():
        there = sum((max(ZERO, free.get((node, product), ZERO)) for node in NODES), ZERO)
        if there < quantity:
            assert placement.short[product] == (quantity, there)
            assert placed[product] == (ZERO if whole else there)
        else:
            assert product not in placement.short
            assert placed[product] == (ZERO if whole and placement.short else quantity)


def test_one_place_for_all_comes_before_the_nearest_for_each():
    free = {(1, 7): Decimal(3), (2, 7): Decimal(1), (2, 8): Decimal(1), (3, 8): Decimal(9)}
    asked = [Want("a", 7, Decimal(1)), Want("b", 8, Decimal(1))]
    assert {node for _line, node, _product in place(asked, NODES, free).parts} == {2}
