"""ACC-05: every cost is shared out once, and its parts sum to it to the cent."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.cost_to_serve import Fact, Part, Share, spread, weights

D = Decimal
CENT = D("0.01")
AMOUNTS = st.decimals("-5000", "5000", places=2)
SHARES = st.builds(Share, st.integers(1, 6), st.decimals("0", "50", places=3), st.decimals("0", "500", places=2))
PARTS = st.lists(st.builds(Part, AMOUNTS, st.lists(SHARES, max_size=5).map(tuple)), max_size=6).map(tuple)


@given(AMOUNTS, PARTS)
def test_the_parts_of_a_cost_sum_to_the_whole_whatever_they_were_told(amount, parts):
    costs = spread(Fact("item:1", "fee", amount, parts), CENT)
    assert sum((cost.amount for cost in costs), D(0)) == amount
    assert all(cost.amount % CENT == 0 and cost.amount for cost in costs)
    lines = [cost.line for cost in costs]
    assert len(set(lines)) == len(lines)
    assert set(lines) <= {share.line for part in parts for share in part.shares} | {None}


@given(PARTS)
def test_parts_that_add_up_keep_what_they_were_told(parts):
    whole = sum((part.amount for part in parts), D(0))
    costs = {cost.line: cost.amount for cost in spread(Fact("item:1", "fee", whole, parts), CENT)}
    for line in {share.line for part in parts for share in part.shares}:
        alone = [part for part in parts if line in {share.line for share in part.shares}]
        if all({share.line for share in part.shares} == {line} for part in alone):
            assert costs.get(line, 0) == sum(part.amount for part in alone)


def test_a_fee_in_dollars_is_what_the_ledger_has_of_it_in_euros():
    parts = (Part(D("1.00"), (Share(1),)), Part(D("2.00"), (Share(2),)))
    costs = spread(Fact("item:1", "fee", D("2.71"), parts), CENT)
    assert [(cost.line, cost.amount) for cost in costs] == [(1, D("0.90")), (2, D("1.81"))]


def test_a_parcel_is_shared_by_weight_and_by_value_where_a_weight_is_missing():
    light, heavy = Share(1, D("0.5"), D(90)), Share(2, D("1.5"), D(10))
    assert weights([light, heavy]) == [D("0.5"), D("1.5")]
    assert weights([light, Share(3, D(0), D(10))]) == [D(90), D(10)]


def test_what_is_of_no_order_stays_a_cost_of_its_own():
    assert [(cost.line, cost.amount) for cost in spread(Fact("item:1", "other", D("100.00"), ()), CENT)] == [
        (None, D("100.00"))
    ]
