"""ACC-03: what a vendor bills for an order that it sends, beside the order and what was sent."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_purchase.domain.vendor_bill import CAUSES, BilledLine, differences

D = Decimal
CENT = D("0.01")
LINE = BilledLine("Lamp", D(2), D(2), D(2), D(2), D(8), D(8), "EUR", "EUR", frozenset({"20 %"}), frozenset({"20 %"}))


def test_what_is_billed_as_ordered_and_sent_has_no_difference():
    assert list(differences(LINE, CENT)) == []


@pytest.mark.parametrize(
    ("values", "cause", "amount"),
    [
        ({"billed_price": D("8.50")}, "price", D("1.00")),
        ({"billed_price": D("7.50")}, "price", D("-1.00")),
        ({"billed_price": D("8.004")}, "rounding", D("0.008")),
        ({"sent": D(1)}, "not_sent", D(8)),
        ({"billed_in_all": D(4), "sent": D(2)}, "twice", D(16)),
        ({"billed_currency": "USD"}, "currency", D(0)),
        ({"billed_taxes": frozenset()}, "tax", D(0)),
    ],
)
def test_each_cause_is_found_with_its_amount_and_said(values, cause, amount):
    (found,) = differences(replace(LINE, **values), CENT)
    assert (found.cause, found.amount) == (cause, amount)
    assert found.sentence.startswith("Lamp: ")


@given(*[st.integers(0, 5).map(D) for _quantity in range(4)], st.decimals("0", "20", places=2))
def test_no_line_owes_less_than_nothing_for_its_quantities(ordered, sent, billed, before, price):
    line = replace(LINE, ordered=ordered, sent=sent, billed=billed, billed_in_all=billed + before, billed_price=price)
    found = list(differences(line, CENT))
    assert {one.cause for one in found} <= set(CAUSES)
    assert all(0 <= one.amount <= billed * price for one in found if one.cause in ("twice", "not_sent"))
