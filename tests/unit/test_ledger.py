"""N10: replay and explanation of stock events, against counting by brute force."""

from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.ledger import ZERO, Balance, Event, explain, replay, steps

START = datetime(2026, 3, 2, 8)

events = st.lists(
    st.tuples(st.integers(0, 20), st.integers(-5, 5), st.integers(-5, 5), st.one_of(st.none(), st.integers(1, 3))),
    max_size=30,
).map(
    lambda rows: [
        Event(number, START + timedelta(minutes=minute), Decimal(on_hand), Decimal(promised), order)
        for number, (minute, on_hand, promised, order) in enumerate(rows)
    ]
)


@given(events, st.integers(-1, 21))
def test_a_replay_is_the_sum_of_what_came_before(rows, minute):
    until = START + timedelta(minutes=minute)
    on_hand = promised = 0
    for row in rows:
        if row.at <= until:
            on_hand, promised = on_hand + row.on_hand, promised + row.promised
    assert replay(rows, until) == Balance(Decimal(on_hand), Decimal(promised))
    assert explain(rows, until).balance == replay(rows, until)


@given(events)
def test_the_cause_is_the_last_step_that_made_a_difference(rows):
    answer = explain(rows)
    history = [ZERO]
    causes = [None]
    balance = Balance()
    for step in steps(rows):
        for event in step:
            balance = balance.after(event)
        if balance.available != history[-1]:
            history.append(balance.available)
            causes.append(step[-1])
    assert answer.cause == causes[-1]
    if answer.cause:
        assert answer.change == history[-1] - history[-2]
        assert replay(rows, answer.cause.at).available is not None


@given(events, st.integers(0, 30))
def test_a_history_cut_anywhere_goes_on_from_its_opening(rows, cut):
    rows = sorted(rows, key=lambda row: (row.at, row.id))
    before, after = rows[:cut], rows[cut:]
    assert explain(after, None, replay(before)).balance == replay(rows)


def test_what_is_handed_over_in_one_second_is_no_cause():
    at = START
    rows = [
        Event(1, at, on_hand=Decimal(2)),
        Event(2, at + timedelta(hours=1), promised=Decimal(2), order=31),
        Event(3, at + timedelta(hours=2), promised=Decimal(-2), order=31),
        Event(4, at + timedelta(hours=2), promised=Decimal(2), order=31),
    ]
    assert explain(rows).cause.id == 2
