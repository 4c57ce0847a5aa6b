"""Nothing reaches the ledger by itself that is not balanced, named, and what was booked under that name before."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine

D = Decimal
BANK = PostingLine(101, D("97.10"), "Payout 7")
FEE = PostingLine(601, D("2.90"), "Fees", cause="fee")
CLEARING = PostingLine(105, D("-100.00"), "Order 1", match="payment:1")
DRAFT = PostingDraft("settlement:7:1", date(2026, 3, 1), 4, "Payout 7", (BANK, FEE, CLEARING))


def codes(draft):
    return [problem.code for problem in draft.problems()]


def test_a_balanced_entry_has_no_problem():
    assert not DRAFT.problems()


def test_what_does_not_balance_says_both_sums_and_the_difference():
    (problem,) = replace(DRAFT, lines=(BANK, CLEARING)).problems()
    assert problem.code == "unbalanced"
    assert all(amount in problem.message for amount in ("97.10", "100.00", "2.90"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": ""}, "no_key"),
        ({"lines": ()}, "empty"),
        ({"lines": (replace(BANK, account=None), FEE, CLEARING)}, "no_account"),
        ({"lines": (replace(BANK, currency="USD"), FEE, CLEARING)}, "half_currency"),
        ({"lines": (replace(BANK, currency_amount=D(1)), FEE, CLEARING)}, "half_currency"),
        ({"lines": (replace(BANK, currency="USD", currency_amount=D("-110")), FEE, CLEARING)}, "currency_sign"),
    ],
)
def test_what_cannot_be_booked_says_why(change, code):
    assert codes(replace(DRAFT, **change)) == [code]


def test_an_item_that_only_corrects_the_rate_is_nothing_in_the_other_currency():
    lines = (replace(FEE, currency="USD", currency_amount=D(0)), PostingLine(1, D("-2.90"), "Exchange"))
    assert not replace(DRAFT, lines=lines).problems()


@given(st.permutations(DRAFT.lines))
def test_the_order_of_items_does_not_matter_to_what_is_booked(lines):
    assert replace(DRAFT, lines=tuple(lines)).fingerprint() == DRAFT.fingerprint()


def test_what_was_booked_before_items_had_a_product_is_known_again():
    was = "79b51ad347adcad15b13deb8705f2bf9205e788f04f046e98efb45a02face223"
    assert DRAFT.fingerprint() == was
    assert replace(DRAFT, lines=(replace(BANK, product=7), FEE, CLEARING)).fingerprint() != was


def test_zeros_after_the_point_do_not_matter_to_what_is_booked():
    lines = (replace(BANK, amount=D("97.1")), FEE, replace(CLEARING, amount=D("-1E+2")))
    assert replace(DRAFT, lines=lines).fingerprint() == DRAFT.fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"account": 102},
        {"amount": D("97.11")},
        {"text": "Payout 8"},
        {"partner": 1},
        {"currency": "USD", "currency_amount": D(100)},
        {"cause": "reserve"},
        {"match": "payment:2"},
        {"taxes": (9,)},
    ],
)
def test_whatever_is_booked_differently_is_seen(change):
    assert replace(DRAFT, lines=(replace(BANK, **change), FEE, CLEARING)).fingerprint() != DRAFT.fingerprint()


@given(st.lists(st.decimals(min_value=-1000, max_value=1000, places=2), min_size=1, max_size=30))
def test_an_entry_that_is_completed_by_its_rest_always_balances(amounts):
    rest = -sum(amounts)
    lines = tuple(PostingLine(1, amount, "x") for amount in (*amounts, rest))
    assert not replace(DRAFT, lines=lines).problems()
