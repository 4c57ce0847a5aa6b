"""How far a return is, what is to be done next and what stands in the way."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_returns.domain.progress import LineFacts, ReturnFacts, get_problems, get_stage, get_todo

TWO = Decimal(2)
MUG = LineFacts(TWO, "Mug", key=1, with_customer=TWO)
BACK = replace(MUG, received=TWO, to_settle=TWO)
CLAIM = replace(MUG, expects_goods=False, to_settle=TWO)


def told(state, *lines, **values):
    return ReturnFacts(state, tuple(lines), **values)


@pytest.mark.parametrize(
    ("facts", "stage", "todo"),
    [
        (told("draft", MUG), "draft", "Authorize it, or refuse it."),
        (told("draft"), "draft", "Mend what is wrong, then authorize it."),
        (told("open", MUG), "expected", "Receive 2 × Mug."),
        (
            told("open", replace(MUG, received=Decimal(1), to_settle=Decimal(1))),
            "partial",
            "Receive 1 × Mug; settle 1 × Mug (refund).",
        ),
        (
            told("open", BACK, replace(MUG, name="Lamp")),
            "partial",
            "Receive 2 × Lamp; settle 2 × Mug (refund).",
        ),
        (told("open", replace(MUG, received=TWO, to_inspect=TWO)), "received", "Inspect 2 × Mug."),
        (told("open", BACK), "inspected", "Settle 2 × Mug (refund)."),
        (told("open", CLAIM), "inspected", "Settle 2 × Mug (refund)."),
        (told("open", CLAIM, MUG), "expected", "Receive 2 × Mug; settle 2 × Mug (refund)."),
        (told("open", replace(BACK, key=None)), "inspected", "Match 2 × Mug to an order."),
        (
            told("open", replace(BACK, to_settle=Decimal(0)), to_repay="48.00 EUR"),
            "settled",
            "Pay back 48.00 EUR.",
        ),
        (told("open", replace(BACK, to_settle=Decimal(0))), "settled", "Close it: everything is settled."),
        (told("closed", BACK), "closed", ""),
        (told("closed", BACK, to_repay="48.00 EUR"), "closed", "Pay back 48.00 EUR."),
        (told("refused", MUG), "refused", ""),
        (told("cancelled", MUG), "cancelled", ""),
    ],
)
def test_the_stage_and_the_next_step(facts, stage, todo):
    assert (get_stage(facts), get_todo(facts)) == (stage, todo)


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ((), ["no_lines"]),
        ((replace(MUG, quantity=Decimal(0)),), ["no_lines"]),
        ((MUG,), []),
        ((replace(MUG, quantity=Decimal(3)),), ["too_many"]),
        ((MUG, replace(MUG, quantity=Decimal("0.5"))), ["too_many"]),  # two lines of one order line
        ((MUG, replace(CLAIM, quantity=Decimal(1))), ["too_many"]),  # what is sent back and what is claimed
        ((MUG, replace(MUG, key=2)), []),
        ((replace(MUG, quantity=Decimal(5), received=Decimal(3)),), []),  # three of five are here already
        ((replace(MUG, quantity=Decimal(5), received=Decimal(1), underway=Decimal(2)),), []),
        ((replace(MUG, is_kit=True, quantity=Decimal("1.5")),), ["kit_in_part"]),
        ((replace(MUG, outcome_code="nothing", has_reason=False),), ["no_reason"]),
        ((replace(MUG, outcome_code="nothing"),), []),
        ((replace(CLAIM, outcome_code="repair"),), ["repair_without_goods"]),
        ((replace(MUG, outcome_code="repair"),), []),
        ((replace(MUG, outcome_code="repair", is_kit=True),), []),
        ((replace(MUG, key=None),), []),
        ((replace(CLAIM, key=None),), ["claim_without_order"]),
    ],
)
def test_what_must_be_mended_first(lines, codes):
    assert [problem.code for problem in get_problems(told("draft", *lines))] == codes


def test_a_customer_is_needed_unless_the_goods_came_first():
    assert [problem.code for problem in get_problems(told("draft", MUG, has_customer=False))] == ["no_customer"]
    assert not get_problems(told("draft", MUG, has_customer=False, is_blind=True))


def test_a_cancelled_order_of_which_nothing_left_has_a_sentence_of_its_own():
    [problem] = get_problems(told("draft", replace(MUG, is_cancelled=True, with_customer=Decimal(0))))
    assert problem.message == "“Mug” was cancelled, and the customer has nothing of it. Take it off this return."
    [problem] = get_problems(told("draft", replace(MUG, is_cancelled=True, with_customer=Decimal(1))))
    assert "the customer has 1 that" in problem.message


QUANTITIES = st.decimals(0, 9, places=1)


@given(st.lists(st.tuples(QUANTITIES, QUANTITIES, st.booleans(), st.integers(1, 3)), max_size=5), QUANTITIES)
def test_what_has_no_problem_asks_for_no_more_than_there_is(rows, have):
    lines = [
        LineFacts(quantity, "Mug", key=key, with_customer=have, received=min(received, quantity), expects_goods=expects)
        for quantity, received, expects, key in rows
    ]
    if not get_problems(told("draft", *lines)):
        for key in (1, 2, 3):
            of_key = [line for line in lines if line.key == key]
            wanted = sum(line.quantity - line.received if line.expects_goods else line.quantity for line in of_key)
            assert wanted <= have
