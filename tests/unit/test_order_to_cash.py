"""What happened to the money of an order, told without a database."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.order_to_cash import CAUSES, KINDS, Document, Goods, Step, Terms, tell

D = Decimal
MONDAY = datetime(2026, 3, 2, 9)
TERMS = Terms(date(2026, 3, 9))
ORDER = Document("sale.order", 1, "S00001")


def entry(number, name):
    return Document("account.move", number, name)


def step(kind, amount, name="INV/1", day=0, **values):
    values.setdefault("entry", entry(len(name), name))
    if kind == "settled" and values["entry"] and not values.get("open"):
        values.setdefault("counterparts", (entry(99, "BNK1"),))
    return Step(MONDAY + timedelta(days=day), kind, D(amount), values.pop("document", ORDER), **values)


def causes(account):
    return [(rest.cause, rest.amount) for rest in account.rests]


def test_an_order_whose_payout_is_in_the_bank_has_nothing_open():
    account = tell(
        [
            step("banked", 12, "BNK1", 5),
            step("settled", 12, "PAYOUT", 3),
            step("invoiced", 12, "INV/1", 1),
            step("paid", 12, "PAY/1", 0),
            step("ordered", 12, entry=None),
        ],
        Goods(),
        TERMS,
    )
    assert account.is_closed
    assert [told.kind for told in account.steps] == ["ordered", "paid", "invoiced", "settled", "banked"]
    assert (account.totals.charged, account.totals.owed, account.totals.banked) == (12, 0, 12)


def test_what_happens_in_one_moment_is_told_in_the_order_of_cause_and_effect():
    account = tell([step("paid", 5), step("taken", 5), step("ordered", 5, entry=None)], Goods(), TERMS)
    assert [told.kind for told in account.steps] == ["ordered", "taken", "paid"]


@pytest.mark.parametrize(
    ("goods", "terms", "cause", "words"),
    [
        (Goods(to_ship=D(5)), TERMS, "not_shipped", "have not left yet"),
        (Goods(to_invoice=D(5)), TERMS, "not_invoiced", "the booking job does it"),
        (Goods(to_invoice=D(5)), Terms(TERMS.today, by_hand=True), "not_invoiced_by_hand", "Create Invoice"),
        (Goods(to_invoice=D(5)), Terms(TERMS.today, error="Period closed."), "not_booked", "Period closed. Mend that"),
        (Goods(to_credit=D(5)), TERMS, "not_credited", "settle their return"),
    ],
)
def test_goods_that_the_books_do_not_show_yet_say_why(goods, terms, cause, words):
    (rest,) = tell([], goods, terms).rests
    assert (rest.cause, abs(rest.amount)) == (cause, 5)
    assert words in rest.sentence


def test_each_open_entry_of_the_customer_is_one_rest_and_together_they_are_what_is_owed():
    account = tell(
        [
            step("invoiced", 30, "INV/1", open=D(10)),
            step("credited", -4, "RINV/1", open=D(-4)),
            step("paid", 25, "PAY/1", open=D(5)),
        ],
        Goods(),
        TERMS,
    )
    assert causes(account) == [("not_paid", 10), ("paid_ahead", -5), ("to_pay_back", -4)]
    assert account.totals.owed == sum(rest.amount for rest in account.rests) == 1


def test_an_amount_that_no_open_entry_shows_is_a_task_and_not_a_bucket():
    account = tell([step("invoiced", 30), step("paid", 29)], Goods(), TERMS)
    assert causes(account) == [("unexplained", 1)]
    assert account.rests[0].asks


def test_money_given_back_that_nothing_credits_asks_for_a_credit_note():
    account = tell([step("repaid", -7, "PBNK/2", open=D(-7))], Goods(), TERMS)
    assert causes(account) == [("unexplained", 7)]
    assert "no credit note says for what" in account.rests[0].sentence


def test_money_that_is_not_booked_says_where_to_choose_its_journal():
    (rest,) = tell([step("taken", 9, entry=None, open=D(9))], Goods(), TERMS).rests
    assert rest.cause == "money_not_booked"
    assert "choose the journal" in rest.sentence


def test_money_with_the_channel_is_late_after_some_days():
    waiting = step("settled", 9, entry=None, open=D(9), counts=False)
    assert causes(tell([waiting], Goods(), TERMS)) == [("with_channel", 9)]
    (late,) = tell([waiting], Goods(), Terms(MONDAY.date() + timedelta(days=31))).rests
    assert (late.cause, late.asks) == ("late_at_channel", True)
    assert "31 days" in late.sentence
    (taken,) = tell([step("settled", -9, entry=None, open=D(-9), counts=False)], Goods(), TERMS).rests
    assert "paid 9.00 back" in taken.sentence


def test_what_the_channel_kept_has_not_come_to_the_bank():
    steps = [
        step("settled", 12, "PAYOUT", 1),
        step("banked", 12, "BNK1", 2),
        step("fee", -2, "PAYOUT", 1),
        step("fee", -1, "LATER", 3),
    ]
    totals = tell(steps, Goods(), TERMS).totals
    assert (totals.settled, totals.fees, totals.banked) == (12, -3, 10)


def test_the_step_at_the_bank_says_what_the_channel_kept_of_it():
    steps = [
        step("settled", 12, "PAYOUT", 1),
        step("fee", -2, "PAYOUT", 1),
        step("fee", -5, "ON ITS WAY", 1),
        step("banked", 12, "BNK1", 2),
        step("banked", -4, "BNK1", 2),
    ]
    notes = {(told.kind, told.amount): told.note for told in tell(steps, Goods(), TERMS).steps if told.note}
    assert notes == {("banked", 12): "less 2.00 that the channel kept"}


def test_sentences_write_amounts_and_days_as_the_reader_does():
    terms = Terms(TERMS.today, money="¥ {:,.0f}".format, day="{:%m/%d/%Y}".format)
    told = tell([step("settled", 7457, entry=None, open=D(7457))], Goods(to_ship=D(1200)), terms)
    assert [rest.sentence for rest in told.rests] == [
        "¥ 1,200 of goods have not left yet; they are invoiced when they do.",
        "¥ 7,457 are with the channel since 03/02/2026; no payout has them yet.",
    ]


def test_a_payout_that_the_bank_has_not_shown_is_on_its_way():
    account = tell([step("settled", 9, "PAYOUT/7", open=D(9))], Goods(), TERMS)
    assert causes(account) == [("on_its_way", 9)]
    assert "PAYOUT/7" in account.rests[0].sentence


STEPS = st.lists(
    st.builds(
        Step,
        st.integers(0, 50).map(lambda hours: MONDAY + timedelta(hours=hours)),
        st.sampled_from(KINDS),
        st.integers(-500, 500).map(lambda cents: D(cents) / 100),
        st.just(ORDER),
        st.sampled_from([None, entry(1, "A"), entry(2, "B")]),
        st.just(()),
        st.integers(-500, 500).map(lambda cents: D(cents) / 100),
    ),
    max_size=8,
)


@given(STEPS)
def test_whatever_happened_every_rest_has_a_cause_and_what_the_customer_owes_is_the_sum_of_rests(steps):
    account = tell(steps, Goods(), TERMS)
    assert all(rest.cause in CAUSES and rest.sentence.endswith(".") for rest in account.rests)
    ours = {"not_paid", "to_pay_back", "paid_ahead", "unexplained"}
    assert sum(rest.amount for rest in account.rests if rest.cause in ours) == account.totals.owed


@given(STEPS, st.randoms())
def test_the_same_steps_in_any_order_tell_the_same(steps, chance):
    shuffled = list(steps)
    chance.shuffle(shuffled)
    assert tell(steps, Goods(), TERMS).totals == tell(shuffled, Goods(), TERMS).totals


def test_what_is_kept_of_a_payout_beside_fees_has_not_come_to_the_bank_either_and_a_cent_of_rounding_is_no_fee():
    steps = [
        step("settled", 24, "PAYOUT", 1),
        step("banked", 24, "BNK1", 2),
        step("tax_kept", -4, "PAYOUT", 1),
        step("postage", -3, "PAYOUT", 1),
        step("difference", "-0.01", "PAYOUT", 1),
    ]
    account = tell(steps, Goods(), TERMS)
    totals = account.totals
    assert (totals.settled, totals.fees, totals.banked) == (24, -7, D("16.99"))
    assert "less 7.01" in next(step for step in account.steps if step.kind == "banked").note


def test_what_is_held_back_and_released_is_no_longer_open():
    held, released = step("reserve", -10, "PAYOUT", 1), step("reserve", 10, "LATER", 30)
    assert causes(tell([held], Goods(), TERMS)) == [("held_back", 10)]
    assert causes(tell([held, released], Goods(), TERMS)) == []
