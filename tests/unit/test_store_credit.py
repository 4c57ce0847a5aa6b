"""RET-05: store credit is spent, given back and expires without a cent too many or too few."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_returns.domain.store_credit import (
    Lot,
    NotEnough,
    Part,
    bonus,
    expired,
    give_back,
    spend,
    spendable,
)

TODAY = date(2026, 3, 2)
D = Decimal

days = st.none() | st.integers(-40, 400).map(lambda number: TODAY + timedelta(days=number))
cents = st.integers(0, 20_000).map(lambda number: D(number) / 100)
lots = st.lists(st.tuples(cents, days), max_size=6).map(
    lambda rows: [Lot(number, left, until) for number, (left, until) in enumerate(rows)]
)


def _until(number):
    return TODAY + timedelta(days=number)


def test_what_expires_first_goes_first():
    parts = spend([Lot(1, D(5)), Lot(2, D(5), _until(60)), Lot(3, D(5), _until(9))], D(12), TODAY)
    assert [(part.key, part.amount) for part in parts] == [(3, D(5)), (2, D(5)), (1, D(2))]


def test_of_two_that_expire_on_one_day_the_older_goes_first():
    assert [part.key for part in spend([Lot(8, D(5), TODAY), Lot(4, D(5), TODAY)], D(6), TODAY)] == [4, 8]


def test_the_last_day_is_a_good_day_and_the_next_is_not():
    lot = Lot(1, D(5), TODAY)
    assert spendable([lot], TODAY) == D(5)
    assert spendable([lot], _until(1)) == 0
    assert expired([lot], TODAY) == []
    assert expired([lot], _until(1)) == [Part(1, D(5), TODAY)]


def test_more_than_there_is_cannot_be_spent_and_the_refusal_says_what_there_is():
    with pytest.raises(NotEnough) as refusal:
        spend([Lot(1, D(5)), Lot(2, D(90), _until(-1))], D(6), TODAY)
    assert refusal.value.there_is == D(5)


@pytest.mark.parametrize("amount", [D(0), D(-1)])
def test_nothing_is_neither_spent_nor_given_back(amount):
    with pytest.raises(ValueError):
        spend([Lot(1, D(5))], amount, TODAY)
    with pytest.raises(ValueError):
        give_back([Part(1, D(5))], amount, TODAY, 30)


def test_what_comes_back_has_its_old_day_or_a_later_one():
    spent = [Part(1, D(5), _until(-3)), Part(2, D(5), _until(90)), Part(3, D(5), None)]
    assert give_back(spent, D(15), TODAY, 30) == [
        Part(3, D(5), None),
        Part(2, D(5), _until(90)),
        Part(1, D(5), _until(30)),
    ]


def test_of_a_part_the_credit_that_is_good_for_longest_comes_back():
    assert give_back([Part(1, D(5), _until(40)), Part(2, D(5), None)], D(6), TODAY, 30) == [
        Part(2, D(5), None),
        Part(1, D(1), _until(40)),
    ]


def test_no_more_comes_back_than_was_spent():
    with pytest.raises(NotEnough):
        give_back([Part(1, D(5), None)], D("5.01"), TODAY, 30)


def test_a_bonus_is_round():
    assert bonus(D("33.33"), D(10), D("0.01")) == D("3.33")
    assert bonus(D("1250"), D("2.5"), D(1)) == D(31)


@given(lots, cents.filter(bool))
def test_no_lot_goes_below_zero_and_the_parts_are_the_amount(there, amount):
    left = {lot.key: lot for lot in there}
    try:
        parts = spend(there, amount, TODAY)
    except NotEnough as refusal:
        assert refusal.there_is == spendable(there, TODAY) < amount
        return
    assert sum(part.amount for part in parts) == amount
    assert len({part.key for part in parts}) == len(parts)
    for part in parts:
        assert 0 < part.amount <= left[part.key].left
        assert left[part.key].is_good(TODAY)
    untouched = [lot for lot in there if lot.is_good(TODAY) and lot.key not in {part.key for part in parts}]
    last = max(part.expires_on or date.max for part in parts)
    assert all((lot.expires_on or date.max) >= last for lot in untouched)


@given(lots, st.integers(-50, 500).map(_until))
def test_every_cent_is_either_spendable_or_expired(there, today):
    over = sum((part.amount for part in expired(there, today)), D(0))
    assert spendable(there, today) + over == sum((lot.left for lot in there), D(0))


@given(lots, cents.filter(bool), st.lists(cents.filter(bool), max_size=4), st.integers(0, 60))
def test_a_purchase_given_back_in_parts_gives_back_what_was_spent(there, amount, steps, days_at_least):
    try:
        spent = spend(there, amount, TODAY)
    except NotEnough:
        return
    until = {part.key: part.expires_on for part in spent}
    rest = {part.key: part.amount for part in spent}
    for step in [*steps, amount]:
        owed = sum(rest.values())
        if not owed:
            break
        parts = give_back(
            [Part(key, left, until[key]) for key, left in rest.items()], min(step, owed), TODAY, days_at_least
        )
        assert sum(part.amount for part in parts) == min(step, owed)
        for part in parts:
            rest[part.key] -= part.amount
            assert rest[part.key] >= 0
            assert (part.expires_on is None) == (until[part.key] is None)
            if part.expires_on:
                assert part.expires_on >= max(until[part.key], TODAY + timedelta(days=days_at_least))
    assert sum(rest.values()) == 0
