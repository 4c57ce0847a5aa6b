"""The cost of goods of an invoice is that of the parcels that it is for."""

from decimal import Decimal as D

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.costing import cost_of_next

#: Three pieces at ten, then two at thirty.
PARCELS = [(D(3), D(30)), (D(2), D(60))]


def test_each_invoice_costs_what_its_parcel_did():
    assert cost_of_next(PARCELS[:1], D(0), D(3)) == 30
    assert cost_of_next(PARCELS, D(3), D(2)) == 60


def test_an_invoice_over_two_parcels_costs_its_part_of_each():
    assert cost_of_next(PARCELS, D(2), D(2)) == 40


def test_what_has_not_left_yet_costs_what_left_did_on_average():
    assert cost_of_next(PARCELS, D(3), D(4)) == 60 + 2 * 18


def test_when_nothing_has_left_nothing_is_known():
    assert cost_of_next([], D(0), D(2)) is None
    assert cost_of_next([(D(0), D(0))], D(0), D(2)) is None


pieces = st.integers(1, 9).map(D)
values = st.decimals(0, 999, places=2)


@given(st.lists(st.tuples(pieces, values), min_size=1, max_size=6), st.data())
def test_all_invoices_sum_to_the_value_of_what_left(parcels, data):
    left = sum(one for one, _value in parcels)
    invoiced = cost = D(0)
    while invoiced < left:
        quantity = D(data.draw(st.integers(1, int(left - invoiced))))
        cost += cost_of_next(parcels, invoiced, quantity)
        invoiced += quantity
    assert abs(cost - sum(value for _one, value in parcels)) < D("1e-20")
