"""INV-16: at which price overstock is sold faster."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain.clearance import propose

CENT = Decimal("0.01")
AMOUNTS = st.integers(0, 100_000).map(lambda cents: Decimal(cents) / 100)


@pytest.mark.parametrize(
    ("price", "cost", "loss", "below_cost", "wanted", "code"),
    [
        ("30", "20", "6", False, "24", "worth_it"),
        ("30", "20", "12", False, "20", "at_cost"),
        ("30", "20", "12", True, "18", "worth_it"),
        ("18", "20", "5", False, None, "not_above_cost"),
        ("18", "20", "20", True, "0.01", "worth_it"),
        ("18", "0", "0", False, None, "no_cost"),
    ],
)
def test_what_keeping_a_piece_costs_is_given_away_in_its_price(price, cost, loss, below_cost, wanted, code):
    found = propose(Decimal(price), Decimal(cost), Decimal(loss), CENT, below_cost=below_cost)
    assert (found.price, found.code) == (wanted and Decimal(wanted), code)


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.booleans())
def test_no_proposal_loses_more_than_keeping_the_goods_nor_goes_below_cost_unasked(price, cost, loss, below_cost):
    found = propose(price, cost, loss, CENT, below_cost=below_cost)
    if found.price is None:
        return
    assert found.price >= min(price, price - loss)
    assert found.price <= max(price, CENT)
    assert below_cost or found.price >= cost
