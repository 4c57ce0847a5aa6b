"""Every cent of a payout has exactly one match or rest, and the right cause."""

import os
import random
import sys
import time
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain.explain_cent import explain
from odoo.addons.oms_channels.domain.explained import CAUSES, Booked, FeeTerm, Terms
from odoo.addons.oms_channels.domain.settlement import KINDS, PayoutDoc, PayoutLine

sys.path.insert(0, str(Path(__file__).parent))
import shops  # noqa: E402 (beside this file)

ZERO = Decimal(0)
D = Decimal
DAY = date(2026, 3, 1)
#: A run by hand looks at more: OMS_SHOPS=4000 has a hundred thousand orders.
SHOPS = int(os.environ.get("OMS_SHOPS") or 300)
EXAMPLES = int(os.environ.get("OMS_CENT_EXAMPLES") or 200)
PLAIN_KINDS = {
    "fee",
    "fee_tax",
    "tax_collected",
    "shipping_label",
    "reserve_hold",
    "reserve_release",
    "carry_over",
    "conversion",
    "transfer",
    "adjustment",
}


def payout(*lines, currency="EUR"):
    return PayoutDoc(
        id="P1",
        platform="test",
        account_ref="",
        currency=currency,
        starts_at=datetime(2026, 3, 1, tzinfo=timezone.utc),
        ends_at=datetime(2026, 3, 15, tzinfo=timezone.utc),
        deposited_on=date(2026, 3, 17),
        total=sum((line.amount for line in lines), ZERO),
        lines=lines,
    )


def line(id, kind, amount, order="1001", **more):
    return PayoutLine(id, int("".join(c for c in id if c.isdigit()) or 1), kind, D(amount), order, **more)


def payment(key, amount, order="1001", tx="", **more):
    kind = "payment" if D(amount) >= 0 and not more.pop("refund", False) else "refund"
    return Booked(key, kind, order, tx, D(amount), D(amount), DAY, **more)


def causes(explanation):
    return [(rest.cause, rest.amount) for rest in explanation.rests]


def parts(explanation):
    return {key: match.amount for match in explanation.matches for key in match.booked_keys}


def test_an_order_without_a_payment_is_not_said_to_be_unknown():
    """It may well be here: given free, or on hold, and not paid as far as the books know."""
    (rest,) = explain(payout(line("l7", "sale", "24.00", order="1010")), []).rests
    assert rest.cause == "unknown_order"
    assert rest.sentence.startswith("24.00 EUR for order 1010 (line 7), and no payment of it is in the books.")


# ---- The shops of which the truth is known


def told(doc, explanation):
    """What was explained, as the generator writes down the truth: (cause, order or code) → amount."""
    by_id = {one.id: one for one in doc.lines}
    found = defaultdict(lambda: ZERO)
    for rest in explanation.rests:
        first = by_id[rest.line_ids[0]]
        found[rest.cause, rest.code if first.kind in PLAIN_KINDS else first.order_ref] += rest.amount
    return {key: amount for key, amount in found.items() if amount}


def check_components(doc, explanation):
    """Lines that are explained together sum to their explanation: no cent is moved to a line it has nothing to do with."""
    root = {one.id: one.id for one in doc.lines}

    def find(name):
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    pieces = [*explanation.matches, *explanation.rests]
    for piece in pieces:
        assert piece.line_ids
        for name in piece.line_ids[1:]:
            root[find(name)] = find(piece.line_ids[0])
    wanted, got = defaultdict(lambda: ZERO), defaultdict(lambda: ZERO)
    for one in doc.lines:
        wanted[find(one.id)] += one.amount
    for piece in pieces:
        got[find(piece.line_ids[0])] += piece.amount
    assert {name: amount for name, amount in got.items() if amount} == {
        name: amount for name, amount in wanted.items() if amount
    }
    assert {name for piece in pieces for name in piece.line_ids} == {one.id for one in doc.lines}


@pytest.mark.parametrize("first", range(1, SHOPS + 1, 50))
def test_every_cause_in_every_shop_is_found_and_nothing_else(first):
    for shop in shops.shops(min(50, SHOPS - first + 1), first):
        books = defaultdict(lambda: ZERO)
        for period, doc in enumerate(shop.docs):
            assert doc.problems() == []
            booked = shop.booked(period)
            explanation = explain(doc, booked, shop.terms)
            where = f"shop {shop.seed}, payout {period + 1}"
            assert told(doc, explanation) == shop.truth[period], where
            assert explanation.total() == doc.total, where
            closed = {key: amount for (at, key), amount in shop.closed.items() if at == period and amount}
            got = defaultdict(lambda: ZERO)
            for match in explanation.matches:
                for key in match.booked_keys:
                    got[key] += match.amount
            assert got == closed, where
            assert {rest.booked_keys[0]: rest.amount for rest in explanation.waiting} == shop.open_after(period), where
            check_components(doc, explanation)
            for match in explanation.matches:
                for key in match.booked_keys:
                    books[key] += match.company_amount
        for event in shop.events:
            if event.key not in shop.open_after(len(shop.docs) - 1):
                whole = shops.cents(event.payout_amount * shop.rate)
                assert books[event.key] == whole, f"shop {shop.seed}, {event.key}"


def test_the_shops_have_every_cause_that_can_be_made():
    found = {cause for shop in shops.shops(60) for truth in shop.truth for cause, _ref in truth}
    assert found == set(CAUSES) - {"not_in_report", "difference"}


def test_the_order_of_what_is_booked_changes_nothing():
    for shop in shops.shops(20, first=5000):
        for period, doc in enumerate(shop.docs):
            booked = shop.booked(period)
            first = explain(doc, booked, shop.terms)
            random.Random(shop.seed).shuffle(booked)
            assert explain(doc, booked, shop.terms) == first


def test_fifty_thousand_lines_take_twice_as_long_as_half_of_them():
    def seconds(orders):
        shop = shops.make_shop(1, orders=orders, periods=1)
        booked, doc = shop.booked(0), shop.docs[0]
        begin = time.perf_counter()
        explain(doc, booked, shop.terms)
        return (time.perf_counter() - begin) / len(doc.lines)

    few, many = seconds(1_000), seconds(16_000)
    assert many * 50_000 < 10
    assert many < few * 4


# ---- Stories


def test_the_example_of_the_documentation():
    doc = payout(
        line("l1", "sale", "119.00"),
        line("l2", "tax_collected", "-19.00"),
        line("l3", "fee", "-12.00"),
        line("l4", "sale", "-1.99", "9999"),
    )
    explanation = explain(doc, [payment("b", "119.00", tax_collected=D("19.00"))])
    assert parts(explanation) == {"b": D("119.00")}
    assert sorted(causes(explanation)) == [
        ("fee", D("-12.00")),
        ("tax_by_channel", D("-19.00")),
        ("unknown_order", D("-1.99")),
    ]
    assert explanation.total() == doc.total == D("86.01")


def test_a_tax_that_the_report_tells_and_the_books_do_not_know_closes_to_zero():
    doc = payout(line("l1", "sale", "119.00"), line("l2", "tax_collected", "-19.00"))
    explanation = explain(doc, [payment("b", "100.00")])
    assert parts(explanation) == {"b": D("100.00")}
    assert sum(rest.amount for rest in explanation.rests if rest.cause == "tax_by_channel") == 0
    assert explanation.total() == D("100.00")


def test_more_than_is_booked_is_a_task_that_names_the_order_and_the_amount():
    explanation = explain(payout(line("l1", "sale", "105.00")), [payment("b", "100.00")])
    (rest,) = explanation.rests
    assert (rest.cause, rest.amount, rest.is_task) == ("difference", D("5.00"), True)
    assert "1001" in rest.sentence and "5.00 EUR" in rest.sentence


def test_a_second_payment_of_an_order_that_was_never_booked_is_no_duplicate():
    doc = payout(line("l1", "sale", "60.00", transaction_ref="t1"), line("l2", "sale", "40.00", transaction_ref="t2"))
    explanation = explain(doc, [payment("b", "60.00", tx="t1")])
    assert causes(explanation) == [("difference", D("40.00"))]


def test_a_second_refund_with_another_transaction_is_a_refund_not_booked_yet():
    doc = payout(line("l1", "refund", "-20.00", transaction_ref="r2"))
    booked = [payment("p", "0.00"), payment("r", "0.00", tx="r1", refund=True)]
    assert causes(explain(doc, booked)) == [("late_refund", D("-20.00"))]


def test_the_same_refund_again_was_taken_twice():
    doc = payout(line("l1", "refund", "-20.00", transaction_ref="r1"))
    booked = [payment("p", "0.00"), payment("r", "0.00", tx="r1", refund=True)]
    assert causes(explain(doc, booked)) == [("duplicate", D("-20.00"))]


def test_a_cent_for_each_two_roundings_is_rounding_and_a_cent_more_is_not():
    lines = [line(f"l{number}", "sale", "10.00", sku=str(number)) for number in range(4)]
    # Four lines and one payment: five roundings of half a cent, two and a half cents, so at most three.
    assert causes(explain(payout(*lines), [payment("b", "39.97")])) == [("rounding", D("0.03"))]
    assert causes(explain(payout(*lines), [payment("b", "39.96")])) == [("difference", D("0.04"))]


def test_a_part_of_a_payment_in_another_currency_takes_its_part_of_the_books():
    doc = payout(line("l1", "sale", "43.50", original_amount=D("50.00"), original_currency="USD"))
    row = payment("b", "90.00", original_amount=D("100.00"), original_currency="USD")
    explanation = explain(doc, [row])
    assert parts(explanation) == {"b": D("45.00")}
    assert causes(explanation) == [("exchange", D("-1.50"))]
    assert explanation.matches[0].original_amount == D("50.00")
    assert [rest.amount for rest in explanation.waiting] == [D("45.00")]


def test_a_rate_that_no_market_has_is_no_exchange_difference():
    doc = payout(line("l1", "sale", "150.00", original_currency="USD"))
    assert causes(explain(doc, [payment("b", "100.00")])) == [("difference", D("50.00"))]


def test_the_parts_of_a_payment_sum_to_what_is_booked_for_it():
    row = Booked("b", "payment", "1001", "", D("100.00"), D("93.37"), DAY)
    doc = payout(line("l1", "sale", "33.33", transaction_ref=""))
    first = explain(doc, [row]).matches[0].company_amount
    assert first == D("31.12")


def test_lines_that_cancel_each_other_out_need_no_payment():
    explanation = explain(payout(line("l1", "sale", "20.00"), line("l2", "sale", "-20.00")), [])
    assert explanation.rests == () and explanation.total() == 0


def test_a_fee_other_than_agreed_is_told_with_the_order_and_the_difference():
    doc = payout(line("l1", "sale", "100.00"), line("l2", "fee", "-15.00", code="c", text="Commission"))
    explanation = explain(doc, [payment("b", "100.00")], Terms(fees={"c": FeeTerm(D("12"))}))
    assert sorted(causes(explanation)) == [("fee", D("-12.00")), ("fee_change", D("-3.00"))]
    change = next(rest for rest in explanation.rests if rest.cause == "fee_change")
    assert "12 %" in change.sentence and "1001" in change.sentence and change.is_task
    assert "15.00 EUR were taken and 12.00 EUR are agreed" in change.sentence


def test_a_chargeback_says_that_it_can_be_answered():
    explanation = explain(payout(line("l1", "chargeback", "-20.00")), [payment("b", "0.00")])
    assert causes(explanation) == [("chargeback", D("-20.00"))]
    assert "Answer the dispute" in explanation.rests[0].sentence


def test_what_is_booked_and_not_paid_out_is_told_with_its_day_and_is_no_part_of_the_sum():
    explanation = explain(payout(line("l1", "fee", "-1.00")), [payment("b", "100.00")])
    (waiting,) = explanation.waiting
    assert waiting.cause == "not_in_report" and "2026-03-01" in waiting.sentence and "100.00 EUR" in waiting.sentence
    assert explanation.total() == D("-1.00")


# ---- Whatever comes

AMOUNTS = st.sampled_from(
    [D(n) / 100 for n in (-12000, -2000, -1001, -1, 0, 1, 500, 999, 1000, 1001, 1190, 2000, 10000)]
)
REFS = st.sampled_from(["", "1", "2", "3"])
LINES = st.builds(
    PayoutLine,
    id=st.just(""),
    row=st.just(1),
    kind=st.sampled_from(KINDS),
    amount=AMOUNTS,
    order_ref=REFS,
    transaction_ref=st.sampled_from(["", "t1", "t2"]),
    code=st.sampled_from(["", "c"]),
    original_amount=st.none() | AMOUNTS,
    original_currency=st.sampled_from(["", "", "USD"]),
)
ROWS = st.builds(
    Booked,
    key=st.just(""),
    kind=st.sampled_from(["payment", "refund"]),
    order_ref=REFS,
    transaction_ref=st.sampled_from(["", "t1", "t2"]),
    open_amount=AMOUNTS,
    company_amount=AMOUNTS,
    date=st.sampled_from([DAY, date(2026, 2, 1)]),
    tax_collected=st.sampled_from([ZERO, ZERO, D("1.90"), D("-1.90"), D("500.00")]),
    original_amount=st.none() | AMOUNTS,
    original_currency=st.just("USD"),
)


@settings(max_examples=EXAMPLES)
@given(st.lists(LINES, max_size=12), st.lists(ROWS, max_size=8), st.booleans())
def test_whatever_is_told_and_booked_every_cent_has_one_place_and_no_row_is_used_beyond_what_is_open(
    lines, rows, agreed
):
    doc = payout(*(replace(one, id=f"l{number}", row=number) for number, one in enumerate(lines)))
    booked = [
        replace(
            row, key=f"b{number}", original_currency=row.original_currency if row.original_amount is not None else ""
        )
        for number, row in enumerate(rows)
    ]
    explanation = explain(doc, booked, Terms(fees={"c": FeeTerm(D(12), D("0.30"))} if agreed else {}))
    assert explanation.total() == doc.total
    check_components(doc, explanation)
    used = defaultdict(lambda: ZERO)
    for match in explanation.matches:
        for key in match.booked_keys:
            used[key] += match.amount
    left = {rest.booked_keys[0]: rest.amount for rest in explanation.waiting}
    for row in booked:
        assert used[row.key] + left.get(row.key, ZERO) == row.open_amount
        assert abs(used[row.key]) <= abs(row.open_amount)
    assert all(
        rest.cause in CAUSES and rest.sentence.endswith(".") for rest in (*explanation.rests, *explanation.waiting)
    )
    assert (
        explain(doc, list(reversed(booked)), Terms(fees={"c": FeeTerm(D(12), D("0.30"))} if agreed else {}))
        == explanation
    )
