"""The money of a payout is found in the bank by amount and reference, and never taken for another's."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain.bank_match import BankLine, Expected, pairs

D = Decimal
PAYOUT = Expected("payout", D("85.72"), "EUR", date(2026, 3, 2), ("PO-12345", "99"))
LINE = BankLine("line", D("85.72"), "EUR", date(2026, 3, 4), "SEPA CREDIT PO 12345 SHOP INC")


def found(payouts=(PAYOUT,), lines=(LINE,), by_amount=False):
    return pairs(payouts, lines, 14, by_amount)


def test_amount_and_reference_make_a_pair():
    assert found() == [("payout", "line")]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": D("85.71")},
        {"amount": D("-85.72")},
        {"currency": "USD"},
        {"date": date(2026, 3, 17)},
        {"text": "SEPA CREDIT SHOP INC"},
        {"text": "99"},  # too short to mean anything
    ],
)
def test_what_is_not_the_same_is_no_pair(change):
    assert not found(lines=[replace(LINE, **change)])


def test_without_a_reference_the_amount_is_enough_for_whoever_looks():
    line = replace(LINE, text="SHOP INC")
    assert found(lines=[line], by_amount=True) == [("payout", "line")]


def test_two_of_the_same_amount_are_told_apart_by_their_reference():
    other = replace(LINE, key="other", text="SEPA CREDIT PO 54321")
    assert found(lines=[other, LINE], by_amount=True) == [("payout", "line")]


def test_what_could_be_two_is_left_to_a_person():
    line = replace(LINE, text="SHOP INC")
    assert not found(lines=[line, replace(line, key="other")], by_amount=True)
    assert not found(payouts=[PAYOUT, replace(PAYOUT, key="second")], by_amount=True)
