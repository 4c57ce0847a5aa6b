"""Deposits are taken off the invoices that follow, to the cent."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.deposits import NET, deduct

CENT = Decimal("0.01")
cents = st.integers(0, 10**6).map(lambda number: number * CENT)


@given(net=cents, taxes=st.lists(cents, max_size=3), invoices=st.lists(cents, max_size=6))
def test_the_parts_sum_to_the_deposit_and_none_is_more_than_its_invoice(net, taxes, invoices):
    deposit = {NET: net, **{str(number): tax for number, tax in enumerate(taxes)}}
    rest = dict(deposit)
    for total in invoices:
        part = deduct(rest, total, CENT)
        assert sum(part.values()) == min(total, sum(rest.values()))
        rest = {name: amount - part.get(name, 0) for name, amount in rest.items()}
    last = deduct(rest, sum(deposit.values()) + CENT, CENT)
    assert not any(amount - last.get(name, 0) for name, amount in rest.items()) or sum(rest.values()) <= 0
    taken = sum(deposit.values()) - sum(rest.values())
    assert taken == min(sum(invoices), sum(deposit.values()))


def test_a_deposit_that_is_used_up_takes_nothing_off():
    assert deduct({NET: Decimal(0)}, Decimal(5), CENT) == {}


def test_an_invoice_of_nothing_has_nothing_taken_off():
    assert deduct({NET: Decimal(5)}, Decimal(0), CENT) == {}
