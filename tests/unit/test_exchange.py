"""RET-03: an exchange is settled to the cent, and nobody pays for what nobody asked."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_returns.domain.exchange import Swap, difference, keeps_price, split

D = Decimal
amounts = st.integers(0, 10**7).map(lambda cents: D(cents) / 100)
quantities = st.dictionaries(st.integers(1, 5), st.integers(1, 20).map(D))


@pytest.mark.parametrize(
    ("credit", "price", "settled", "owed", "back"),
    [
        ("24.00", "24.00", "24.00", "0", "0"),
        ("24.00", "30.00", "24.00", "6.00", "0"),
        ("30.00", "24.00", "24.00", "0", "6.00"),
        ("0", "24.00", "0", "24.00", "0"),
        ("24.00", "0", "0", "0", "24.00"),
    ],
)
def test_who_owes_what_is_left(credit, price, settled, owed, back):
    found = difference(D(credit), D(price))
    assert (found.settled, found.owed, found.back) == (D(settled), D(owed), D(back))
    assert found.is_even == (credit == price)


@given(amounts, amounts)
def test_no_cent_is_lost_and_only_one_owes(credit, price):
    found = difference(credit, price)
    assert found.settled + found.owed == price
    assert found.settled + found.back == credit
    assert not (found.owed and found.back)
    assert found.is_even == (credit == price)


def test_a_debt_is_no_credit():
    with pytest.raises(ValueError):
        difference(D(-1), D(5))
    with pytest.raises(ValueError):
        difference(D(5), D(-1))


@pytest.mark.parametrize(
    ("swap", "same_costs", "keeps"),
    [
        (Swap(True, False, D(20), D(20)), "paid", True),
        (Swap(True, False, D(25), D(25)), "paid", True),
        (Swap(True, False, D(20), D(20)), "today", False),
        (Swap(False, True, D(25), D(25)), "paid", True),
        (Swap(False, True, D(25), D(27)), "paid", False),
        (Swap(False, False, D(20), D(20)), "paid", False),
    ],
)
def test_who_changes_a_size_pays_what_was_paid(swap, same_costs, keeps):
    assert keeps_price(swap, same_costs) is keeps


@given(quantities, quantities)
def test_what_is_reserved_goes_out_or_stays(wanted, now):
    out, stays = split(wanted, now)
    assert out == now
    for line, quantity in wanted.items():
        assert stays.get(line, D(0)) == max(quantity - now.get(line, D(0)), D(0))
    assert all(quantity > 0 for quantity in stays.values())
