"""RET-04, N13: goods stay with the customer when that leaves the most, and only for costs that are known."""

from decimal import Decimal as D
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_returns.domain.returnless import Item, to_keep

HALF = D("0.50")
SCARF = Item("scarf", D(4), HALF, may_stay=True)
CAP = Item("cap", D(2), HALF, may_stay=True)
COAT = Item("coat", D(30), HALF, may_stay=True)


def test_what_together_does_not_bring_the_cost_of_its_parcel_stays():
    assert to_keep([SCARF, CAP], D(5), D(1)) == {"scarf", "cap"}
    assert to_keep([SCARF, CAP], D("4.00"), D(1)) == {"scarf", "cap"}, "for nothing nobody goes to the post office"
    assert to_keep([SCARF, CAP], D("3.99"), D(1)) == set()


def test_beside_something_that_travels_anyway_the_parcel_is_free():
    assert to_keep([SCARF, CAP, COAT], D(5), D(1)) == set()
    assert to_keep([SCARF, Item("tea", None)], D(50)) == set()


def test_what_brings_less_than_its_handling_stays_in_any_case():
    sock = Item("sock", D("0.40"), HALF, may_stay=True)
    assert to_keep([sock, COAT], D(5)) == {"sock"}
    assert to_keep([sock, COAT], None) == {"sock"}


def test_where_the_customer_pays_the_label_it_costs_us_nothing():
    theirs = Item("cap", D(2), HALF, may_stay=True, is_label_ours=False)
    assert to_keep([theirs], None, D(1)) == set()
    assert to_keep([theirs], D(9), D(2)) == {"cap"}


ITEMS = st.lists(
    st.builds(
        Item,
        key=st.integers(1, 99),
        recovery=st.decimals(0, 20, places=2),
        handling=st.decimals(0, 3, places=2),
        may_stay=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda item: item.key,
)
COSTS = st.decimals(0, 20, places=2)


@given(ITEMS, COSTS, COSTS)
def test_no_other_choice_leaves_more(items, label, receipt):
    def left(kept):
        back = [item for item in items if item.key not in kept]
        return sum(item.recovery - item.handling for item in back) - (label + receipt if back else 0)

    free = [item.key for item in items if item.may_stay]
    choices = [frozenset(some) for size in range(len(free) + 1) for some in combinations(free, size)]
    assert left(to_keep(items, label, receipt)) == max(map(left, choices))
