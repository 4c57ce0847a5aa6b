"""A payout is taken whole or not at all, and says why not."""

from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest

from odoo.addons.oms_channels.domain import settlement
from odoo.addons.oms_channels.domain.settlement import PayoutDoc, PayoutLine

GOOD = PayoutDoc(
    id="P1",
    platform="amazon",
    account_ref="",
    currency="EUR",
    starts_at=datetime(2026, 3, 1, tzinfo=timezone.utc),
    ends_at=datetime(2026, 3, 15, tzinfo=timezone.utc),
    deposited_on=date(2026, 3, 17),
    total=Decimal("17.00"),
    lines=(
        PayoutLine("a", 2, "sale", Decimal("20.00"), "1001"),
        PayoutLine("b", 3, "fee", Decimal("-3.00"), "1001"),
    ),
)


def changed_line(**changes):
    return replace(GOOD, lines=(GOOD.lines[0], replace(GOOD.lines[1], **changes)))


def codes(doc):
    return [problem.code for problem in doc.problems()]


def test_a_payout_whose_lines_sum_to_its_total_has_no_problems():
    assert GOOD.problems() == []


def test_a_total_that_is_not_the_sum_of_its_lines_is_told_with_both_numbers():
    (problem,) = replace(GOOD, total=Decimal("18.00")).problems()
    assert problem.code == "total_mismatch"
    assert "18.00 EUR" in problem.message and "17.00 EUR" in problem.message and "1.00" in problem.message


@pytest.mark.parametrize(
    "doc, expected",
    [
        (replace(GOOD, id=""), ["missing_id"]),
        (replace(GOOD, currency="EUX"), ["bad_currency"]),
        (replace(GOOD, currency="=cmd|' /C calc'!A0"), ["bad_currency"]),
        (replace(GOOD, status="lost"), ["bad_status"]),
        (replace(GOOD, starts_at=datetime(2027, 1, 1, tzinfo=timezone.utc)), ["bad_period"]),
        (replace(GOOD, lines=()), ["no_lines"]),
        (changed_line(id="a"), ["duplicate_line"]),
        (changed_line(id=""), ["missing_id"]),
        (changed_line(kind="tip"), ["bad_kind"]),
        (changed_line(amount=Decimal("NaN")), ["bad_amount"]),
        (changed_line(amount=Decimal("1e308")), ["bad_amount"]),
        (changed_line(amount=Decimal("-3.001")), ["total_mismatch", "bad_amount"]),
        (changed_line(amount=Decimal("-3.000")), []),
        (changed_line(original_currency="DM"), ["bad_currency"]),
        (replace(GOOD, total=Decimal("Infinity")), ["bad_amount"]),
    ],
)
def test_whatever_is_wrong_with_a_payout_has_a_code(doc, expected):
    assert codes(doc) == expected


def test_a_currency_without_hundredths_takes_none():
    yen = replace(GOOD, currency="JPY", total=Decimal("19.5"), lines=(PayoutLine("a", 2, "sale", Decimal("19.5")),))
    assert codes(yen) == ["bad_amount"]


def test_a_thousand_problems_are_told_as_a_hundred_and_a_number():
    doc = replace(GOOD, total=Decimal(0), lines=tuple(PayoutLine("same", i, "sale", Decimal(0)) for i in range(1000)))
    problems = doc.problems()
    assert len(problems) == settlement.PROBLEMS_MAX + 1
    assert "899 more" in problems[-1].message


def test_the_same_report_again_is_recognised_before_anything_else():
    (problem,) = settlement.seen_before(GOOD, {"P1"}, {"a": "P1", "b": "P1"})
    assert problem.code == "known_payout"


def test_a_line_of_another_payout_is_told_with_its_row_and_the_other_payout():
    (problem,) = settlement.seen_before(GOOD, {"P0"}, {"b": "P0"})
    assert problem.code == "known_line" and problem.message.startswith("Line 3:") and "P0" in problem.message


def test_one_unreadable_payout_keeps_all_of_its_file():
    bad = replace(GOOD, id="P2", parse_problems=(settlement.Problem("bad_row", "Line 9: no."),))
    docs = settlement.with_problems_of_all([GOOD, bad])
    assert [codes(doc) for doc in docs] == [["bad_row"], ["bad_row"]]


def test_a_payout_that_stands_in_its_file_twice_is_refused():
    docs = settlement.with_problems_of_all([GOOD, GOOD])
    assert codes(docs[0]) == ["duplicate_payout"]
