"""ACC-02: what is invoiced before it leaves is earned when it leaves, to the cent, whatever comes back or is called off."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.deferral import ZERO, Deferred, Invoiced, deferred, posting

CENT = Decimal("0.01")
WORDS = {"deferred_revenue": "owed", "deferred_cost": "cost"}


def line(charged, shipped=0, credited=0, back=0, revenue="10.00", cost="6.00", is_goods=True):
    return Invoiced(
        Decimal(charged),
        Decimal(credited),
        Decimal(shipped),
        Decimal(back),
        {"sales": Decimal(revenue)},
        {("stock", "cost"): Decimal(cost)} if is_goods else {},
        is_goods,
    )


def owed(*lines):
    return sum(deferred(lines, CENT).revenue.values(), ZERO)


def test_nothing_is_earned_before_anything_leaves():
    assert deferred([line(3)], CENT) == Deferred({"sales": Decimal("10.00")}, {("stock", "cost"): Decimal("6.00")})


def test_parcel_by_parcel_it_is_earned_and_at_last_all_of_it():
    assert [owed(line(3, gone)) for gone in range(4)] == [
        Decimal("10.00"),
        Decimal("6.67"),
        Decimal("3.33"),
        0,
    ]


def test_shipping_is_earned_with_the_goods():
    shipping = line(1, revenue="4.99", is_goods=False)
    assert owed(line(2, 1), shipping) == Decimal("5.00") + Decimal("2.50")
    assert owed(line(2, 2), shipping) == 0


def test_an_order_without_goods_is_earned_at_once():
    assert owed(line(1, is_goods=False)) == 0


def test_what_came_back_and_was_credited_was_earned_before():
    assert owed(line(3, shipped=1, back=1)) == owed(line(3, shipped=1, back=1, credited=1)) == Decimal("6.67")


def test_what_was_called_off_and_credited_is_owed_no_more():
    assert owed(line(3, credited=3)) == 0
    assert owed(line(3, shipped=1, credited=2)) == 0


def test_goods_sent_in_place_of_others_earn_nothing_below_zero():
    assert owed(line(1, shipped=2, back=1)) == 0


def test_what_is_booked_already_is_not_booked_again():
    target = deferred([line(3, 1)], CENT)
    assert posting(target, target, "owed", WORDS) == ()


def test_an_entry_takes_income_and_cost_out_of_the_day_of_the_invoice():
    items = posting(deferred([line(3)], CENT), Deferred({}, {}), "owed", WORDS)
    assert [(item.account, item.amount) for item in items] == [
        ("sales", Decimal("10.00")),
        ("owed", Decimal("-10.00")),
        ("stock", Decimal("6.00")),
        ("cost", Decimal("-6.00")),
    ]


amounts = st.integers(0, 10**6).map(lambda cents: Decimal(cents) * CENT)


@given(
    st.lists(st.tuples(st.integers(1, 5), amounts, amounts), min_size=1, max_size=4),
    amounts,
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), max_size=12),
)
def test_whatever_leaves_when_entries_balance_and_leave_nothing(lines, fee, parcels):
    gone = [0] * len(lines)
    booked, balance = Deferred({}, {}), {}
    last = [(index, 5) for index in range(len(lines))]
    for index, count in [(0, 0), *parcels, *last]:
        place = index % len(lines)
        gone[place] = min(gone[place] + count, lines[place][0])
        told = [
            line(charged, left, revenue=revenue, cost=cost)
            for (charged, revenue, cost), left in zip(lines, gone, strict=True)
        ]
        told.append(line(1, revenue=fee, is_goods=False))
        target = deferred(told, CENT)
        items = posting(target, booked, "owed", WORDS)
        assert sum((item.amount for item in items), ZERO) == 0
        for item in items:
            balance[item.account] = balance.get(item.account, ZERO) + item.amount
        assert -balance.get("owed", ZERO) == sum(target.revenue.values(), ZERO)
        assert all(amount >= 0 for amount in target.revenue.values())
        booked = target
    assert not any(balance.values())


def told(shipped=0, worth="0.00", credited=0, back=0, reversed_cost="0.00", documents=1):
    """A line of three pieces that was invoiced with a cost of six."""
    return Invoiced(
        *(Decimal(3), Decimal(credited), Decimal(shipped), Decimal(back)),
        {"sales": Decimal("10.00")},
        {("stock", "cost"): Decimal("6.00")},
        name="mugs",
        reversed_costs={("stock", "cost"): Decimal(reversed_cost)},
        documents=documents,
        worth=None if worth is None else Decimal(worth),
    )


def corrected(*lines):
    return {name: one for (_stock, _cost, name), one in deferred(lines, CENT).corrections.items()}


def test_what_left_at_another_cost_than_that_of_its_invoice_is_corrected_by_the_difference():
    assert corrected(told(1, "3.00")) == {"mugs": Decimal("1.00")}
    assert corrected(told(3, "4.50")) == {"mugs": Decimal("-1.50")}


def test_at_the_cost_of_its_invoice_and_where_it_is_not_known_nothing_is_corrected():
    assert corrected(told(1, "2.00"), told(3, "6.01"), told(2, None), told(0)) == {}


def test_what_came_back_and_is_credited_takes_its_correction_back():
    assert corrected(told(3, "6.00", credited=1, back=1, reversed_cost="2.00", documents=2)) == {
        "mugs": Decimal("2.00")
    }


def test_where_the_credit_note_has_other_accounts_the_whole_difference_is_on_those_of_the_invoice():
    moved = replace(
        told(3, "6.00", credited=1, back=1, documents=2), reversed_costs={("shelf", "cost"): Decimal("2.00")}
    )
    assert deferred([moved], CENT).corrections == {("stock", "cost", "mugs"): Decimal("2.00")}


def test_what_is_not_known_any_more_stays_corrected_as_it_was():
    assert corrected(replace(told(3, None), kept={("stock", "cost"): Decimal("1.00")})) == {"mugs": Decimal("1.00")}


def test_what_is_called_off_needs_no_correction():
    assert corrected(told(0, "0.00", credited=3, reversed_cost="6.00", documents=2)) == {}
    assert told(1, credited=2).pieces == (1, 0)
    assert told(3, credited=2, back=1).pieces == (2, 1)


def test_a_correction_is_booked_between_cost_and_stock_once_and_says_of_which_line():
    target = deferred([told(3, "9.00")], CENT)
    words = {**WORDS, "mugs": "mugs were dearer"}
    items = posting(target, Deferred({}, {}), "owed", words, "Ada")
    assert [(item.account, item.amount, item.text, item.partner, item.corrects) for item in items] == [
        ("stock", Decimal("-3.00"), "mugs were dearer", "Ada", None),
        ("cost", Decimal("3.00"), "mugs were dearer", "Ada", "mugs"),
    ]
    assert posting(target, target, "owed", words) == ()
