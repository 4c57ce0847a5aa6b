"""A payout becomes one entry that balances, empties the clearing account and has every rest where it belongs."""

import sys
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from odoo.addons.oms_channels.domain.explain_cent import explain
from odoo.addons.oms_channels.domain.explained import CAUSES, Booked
from odoo.addons.oms_channels.domain.settlement import PayoutDoc, PayoutLine
from odoo.addons.oms_channels.domain.settlement_posting import ROLES, Rates, draft, join_settled

sys.path.insert(0, str(Path(__file__).parent))
import shops  # noqa: E402 (beside this file)

ZERO = Decimal(0)
D = Decimal
DAY = date(2026, 3, 17)
ROLE_NAMES = "clearing in_transit fee fee_tax reserve chargeback label rounding exchange_gain exchange_loss"
ACCOUNTS = {role: role for role in [*ROLE_NAMES.split(), "marketplace_tax", "unknown", "code:goodwill"]}


def entry(doc, booked, rates=Rates("EUR"), accounts=ACCOUNTS, **more):  # noqa: B008 (frozen)
    return draft(doc, explain(doc, booked), accounts, rates, "settlement:1", "journal", DAY, **more)


def payout(*lines, currency="EUR", id="P1"):
    lines = tuple(
        PayoutLine(f"l{number}", number, kind, D(amount), *more)
        for number, (kind, amount, *more) in enumerate(lines, 2)
    )
    return PayoutDoc(id, "test", "", currency, None, None, DAY, sum((line.amount for line in lines), ZERO), lines)


def balances(made):
    found = defaultdict(lambda: ZERO)
    for line in made.lines:
        found[line.account] += line.amount
    return {account: amount for account, amount in found.items() if amount}


def test_every_payout_of_every_shop_balances_and_empties_what_it_pays_out():
    for shop in shops.shops(150, first=20_000):
        rates = Rates(shop.company_currency, shop.rate * D("1.01") if shop.rate != 1 else D(1))
        cleared = defaultdict(lambda: ZERO)
        for period, doc in enumerate(shop.docs):
            explanation = explain(doc, shop.booked(period), shop.terms)
            made = draft(doc, explanation, ACCOUNTS, rates, f"s{period}", "journal", DAY)
            where = f"shop {shop.seed}, payout {period + 1}"
            assert made.problems() == [], where
            for line in made.lines:
                if line.match:
                    cleared[line.match] -= line.amount
            if shop.rate == 1:
                found = balances(made)
                tax = sum(
                    (amount for (cause, _r), amount in shop.truth[period].items() if cause == "tax_by_channel"), ZERO
                )
                assert found.get("marketplace_tax", ZERO) == -tax, where
                assert found.get("in_transit", ZERO) == doc.total - sum(
                    (
                        amount
                        for (cause, _r), amount in shop.truth[period].items()
                        if cause in ("transfer", "conversion")
                    ),
                    ZERO,
                ), where
        still_open = shop.open_after(len(shop.docs) - 1)
        for event in shop.events:
            if event.key not in still_open:
                assert cleared[event.key] == shops.cents(event.payout_amount * shop.rate), (
                    f"shop {shop.seed}, {event.key}"
                )


def test_the_example_of_the_documentation():
    doc = payout(
        ("sale", "119.00", "1001"), ("tax_collected", "-19.00", "1001"), ("fee", "-12.00"), ("fee_tax", "-2.28")
    )
    made = entry(doc, [Booked("b", "payment", "1001", "", D("119.00"), D("119.00"), DAY, tax_collected=D("19.00"))])
    assert balances(made) == {
        "in_transit": D("85.72"),
        "marketplace_tax": D("19.00"),
        "fee": D("12.00"),
        "fee_tax": D("2.28"),
        "clearing": D("-119.00"),
    }
    assert [line.match for line in made.lines if line.account == "clearing"] == ["b"]
    assert made.problems() == []


def test_a_payout_in_another_currency_settles_what_the_books_have_and_the_rest_is_exchange():
    doc = payout(("sale", "100.00", "1001"), ("fee", "-10.00"), currency="USD")
    made = entry(doc, [Booked("b", "payment", "1001", "", D("100.00"), D("92.00"), DAY)], Rates("EUR", D("0.90")))
    assert balances(made) == {
        "in_transit": D("81.00"),
        "fee": D("9.00"),
        "clearing": D("-92.00"),
        "exchange_loss": D("2.00"),
    }
    assert sum(line.currency_amount or ZERO for line in made.lines) == 0
    assert made.problems() == []


def test_a_payment_in_the_currency_of_its_order_is_settled_in_that():
    lines = (PayoutLine("l1", 2, "sale", D("87.00"), "1001", original_amount=D("100.00"), original_currency="USD"),)
    doc = PayoutDoc("P1", "test", "", "EUR", None, None, DAY, D("87.00"), lines)
    row = Booked("b", "payment", "1001", "", D("90.00"), D("90.00"), DAY, ZERO, D("100.00"), "USD")
    made = entry(doc, [row])
    (clearing,) = [line for line in made.lines if line.account == "clearing"]
    assert (clearing.amount, clearing.currency, clearing.currency_amount) == (D("-90.00"), "USD", D("-100.00"))
    assert balances(made) == {"in_transit": D("87.00"), "clearing": D("-90.00"), "exchange_loss": D("3.00")}


def test_many_small_fees_are_converted_so_that_the_entry_still_balances():
    doc = payout(*[("fee", "-0.01", "", "", f"f{n}", f"code{n}") for n in range(99)], currency="USD")
    made = entry(doc, [], Rates("EUR", D("0.4567")))
    assert made.problems() == []
    assert "exchange_gain" not in balances(made) and "exchange_loss" not in balances(made)


def test_a_refund_that_is_not_booked_yet_waits_on_the_clearing_account():
    doc = payout(("refund", "-20.00", "1001"))
    made = entry(doc, [Booked("b", "payment", "1001", "", ZERO, ZERO, DAY)])
    assert balances(made) == {"in_transit": D("-20.00"), "clearing": D("20.00")}
    (line,) = [line for line in made.lines if line.account == "clearing"]
    assert line.match is None and line.cause == "late_refund" and "1001" in line.text


def test_fees_carry_the_taxes_of_reverse_charge_and_nothing_else_does():
    doc = payout(("sale", "100.00", "1001"), ("fee", "-10.00"), ("shipping_label", "-5.00"))
    made = entry(doc, [Booked("b", "payment", "1001", "", D("100.00"), D("100.00"), DAY)], fee_taxes=(7,))
    assert {line.account: line.taxes for line in made.lines if line.taxes} == {"fee": (7,)}


def test_fees_that_the_channel_sends_an_invoice_for_are_paid_to_it_and_taxed_there():
    doc = payout(("sale", "100.00", "1001"), ("fee", "-10.00"), ("fee_tax", "-1.90"), ("shipping_label", "-5.00"))
    made = entry(
        doc,
        [Booked("b", "payment", "1001", "", D("100.00"), D("100.00"), DAY)],
        accounts={**ACCOUNTS, "vendor": "vendor"},
        fee_taxes=(7,),
        vendor=42,
    )
    assert made.problems() == []
    assert {(line.account, line.amount, line.partner) for line in made.lines if line.partner} == {
        ("vendor", D("10.00"), 42),
        ("vendor", D("1.90"), 42),
    }
    assert not any(line.taxes for line in made.lines)


def test_what_is_settled_whole_is_one_item_for_each_account_and_side_and_parts_stay_apart():
    doc = payout(
        ("sale", "100.00", "1001"), ("sale", "50.00", "1002"), ("sale", "30.00", "1003"), ("refund", "-20.00", "1004")
    )
    booked = [
        Booked("a", "payment", "1001", "", D("100.00"), D("100.00"), DAY),
        Booked("b", "payment", "1002", "", D("50.00"), D("50.00"), DAY),
        Booked("c", "payment", "1003", "", D("70.00"), D("70.00"), DAY),
        Booked("d", "refund", "1004", "", D("-20.00"), D("-20.00"), DAY),
    ]
    explanation = explain(doc, booked)
    made = draft(doc, explanation, ACCOUNTS, Rates("EUR"), "settlement:1", "journal", DAY)
    joined = join_settled(made, explanation, 1000)
    assert joined.problems() == [] and balances(joined) == balances(made)
    settled = {(line.amount, line.match) for line in joined.lines if line.match}
    assert settled == {(D("-150.00"), ("a", "b")), (D("-30.00"), "c"), (D("20.00"), "d")}


def test_one_item_settles_so_many_at_most_and_each_just_once():
    orders = [str(number) for number in range(1001, 1008)]
    doc = payout(*(("sale", f"{order}.00", order) for order in orders))
    booked = [Booked(order, "payment", order, "", D(f"{order}.00"), D(f"{order}.00"), DAY) for order in orders]
    explanation = explain(doc, booked)
    made = draft(doc, explanation, ACCOUNTS, Rates("EUR"), "settlement:1", "journal", DAY)
    joined = join_settled(made, explanation, 3)
    assert joined.problems() == [] and balances(joined) == balances(made)
    settled = [line for line in joined.lines if line.match]
    assert [line.match for line in settled] == [("1001", "1002", "1003"), ("1004", "1005", "1006"), "1007"]
    assert [line.amount for line in settled] == [D("-3006.00"), D("-3015.00"), D("-1007.00")]


def test_an_adjustment_without_an_account_of_its_own_waits_with_the_unknown():
    doc = payout(("adjustment", "3.00", "", "", "Goodwill", "goodwill"), ("adjustment", "4.00", "", "", "New", "new"))
    assert balances(entry(doc, [])) == {
        "in_transit": D("7.00"),
        "code:goodwill": D("-3.00"),
        "unknown": D("-4.00"),
    }


def test_what_somebody_settles_alone_is_an_item_of_its_own():
    doc = payout(("sale", "5.00", "2001"), ("sale", "7.00", "2002"), ("fee", "-1.00"), ("fee", "-2.00"))
    made = entry(doc, [])
    assert sorted((line.account, line.amount) for line in made.lines) == [
        ("fee", D("3.00")),
        ("in_transit", D("9.00")),
        ("unknown", D("-7.00")),
        ("unknown", D("-5.00")),
    ]
    assert any("2001" in line.text for line in made.lines) and any("2002" in line.text for line in made.lines)


def test_an_account_that_is_not_set_is_told_and_nothing_is_booked_elsewhere():
    doc = payout(("fee", "-10.00", "", "", "Commission", "c"))
    (problem,) = entry(doc, [], accounts={"in_transit": 1}).problems()
    assert problem.code == "no_account" and "Fee: c" in problem.message


@pytest.mark.parametrize("cause", sorted(set(CAUSES) - {"not_in_report", "exchange", "adjustment"}))
def test_every_cause_has_a_place_in_the_books(cause):
    assert ROLES[cause]


def test_equal_payouts_give_equal_entries():
    shop = shops.make_shop(77)
    made = [
        draft(shop.docs[0], explain(shop.docs[0], shop.booked(0)), ACCOUNTS, Rates("EUR"), "k", 1, DAY).fingerprint()
        for _again in range(2)
    ]
    assert made[0] == made[1]
