"""CUS-05, K2: customers stand where their numbers put them, and equal ones stand alike."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.segments import Buyer, quintile, scores, segment


@pytest.mark.parametrize(
    ("buyer", "rfm", "expected"),
    [
        (Buyer(1, 3, 12, D(900), D(300), 400), (5, 5, 5), "champion"),
        (Buyer(1, 3, 12, D(900), D(-1), 400), (5, 5, 5), "costly"),
        (Buyer(1, 400, 12, D(900), D(300), 900), (1, 5, 5), "lost"),
        (Buyer(1, 200, 12, D(900), D(300), 900), (2, 5, 5), "at_risk"),
        (Buyer(1, 3, 1, D(20), D(5), 3), (5, 1, 1), "new"),
        (Buyer(1, 3, 12, D(90), D(3), 400), (5, 5, 1), "loyal"),
        (Buyer(1, 90, 2, D(90), D(3), 400), (3, 2, 2), "regular"),
    ],
)
def test_the_segment_follows_from_the_numbers(buyer, rfm, expected):
    assert segment(buyer, *rfm) == expected


def test_a_hundred_customers_fill_the_five_fifths_evenly():
    values = sorted(range(100))
    assert [sum(quintile(value, values) == fifth for value in values) for fifth in range(1, 6)] == [20] * 5


BUYERS = st.lists(
    st.builds(
        Buyer,
        id=st.integers(1, 10**6),
        recency=st.integers(0, 800),
        frequency=st.integers(1, 5),
        monetary=st.decimals(-100, 1000, places=2),
        margin=st.decimals(-100, 500, places=2),
        since=st.integers(0, 2000),
    ),
    max_size=30,
    unique_by=lambda buyer: buyer.id,
)


@given(BUYERS, st.randoms())
def test_the_order_does_not_matter_and_who_does_better_never_scores_less(buyers, random):
    result = {score.id: score for score in scores(buyers)}
    shuffled = list(buyers)
    random.shuffle(shuffled)
    assert {score.id: score for score in scores(shuffled)} == result
    for one in buyers:
        for other in buyers:
            if one.monetary >= other.monetary:
                assert result[one.id].rfm[2] >= result[other.id].rfm[2]
            if one.recency <= other.recency:
                assert result[one.id].rfm[0] >= result[other.id].rfm[0]
