"""INV-06, INV-12: what is available when, and who gets it."""

import doctest
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain import promise
from odoo.addons.oms_core.domain.promise import Claim, Receipt, available_on, by_day, projection, promises, summed

NOW = datetime(2026, 3, 2, 12)


def in_days(days, hours=0):
    return NOW + timedelta(days=days, hours=hours)


def claims(*quantities):
    """Claims A, B, C, … in the order of their orders."""
    return [
        Claim(name, Decimal(quantity), in_days(-9, number))
        for number, (name, quantity) in enumerate(zip("ABCD", quantities, strict=False))
    ]


def days(given):
    """{claim: days until its goods come}, 0 for the shelf."""
    return {key: 0 if one.from_shelf else one.at and (one.at - NOW).days for key, one in given.items()}


def test_the_worked_examples_hold():
    assert doctest.testmod(promise).failed == 0


@pytest.mark.parametrize(
    "wanted, free, receipts, expected",
    [
        ((2, 3), 5, [], {"A": 0, "B": 0}),
        ((2, 3), 4, [(7, 1)], {"A": 0, "B": 7}),
        ((2, 3), 0, [(3, 2), (7, 9)], {"A": 3, "B": 7}),
        ((5, 1), 1, [(7, 5)], {"A": 7, "B": 7}),
        # A small order does not overtake a large one that waits.
        ((5, 1), 1, [(7, 3)], {"A": None, "B": None}),
        ((5, 1), -3, [(7, 6)], {"A": 7, "B": 7}),
    ],
)
def test_whoever_ordered_first_is_served_first(wanted, free, receipts, expected):
    given = promises(
        reversed(claims(*wanted)), Decimal(free), [Receipt(in_days(day), Decimal(q)) for day, q in receipts], NOW
    )
    assert days(given) == expected


def test_a_day_tells_all_that_comes_on_it_and_what_is_free_in_the_evening():
    receipts = [
        Receipt(in_days(3), Decimal(2), "A"),
        Receipt(in_days(3, 2), Decimal(1), "B"),
        Receipt(in_days(-2), Decimal(9)),
    ]
    today, later = by_day(projection(Decimal(1), receipts, NOW), receipts, Decimal(4), NOW)
    assert (today.expected, today.promised, today.available) == (0, 4, 1)
    assert (later.day, later.expected, later.promised, later.available) == (in_days(3).date(), 3, 0, 4)
    assert later.receipts == ("A", "B")


def test_an_earlier_receipt_moves_everybody_up_in_the_same_order():
    late = [Receipt(in_days(5), Decimal(2), "first"), Receipt(in_days(9), Decimal(2), "second")]
    early = [late[0], Receipt(in_days(1), Decimal(2), "second")]
    assert days(promises(claims(2, 2), Decimal(0), late, NOW)) == {"A": 5, "B": 9}
    assert days(promises(claims(2, 2), Decimal(0), early, NOW)) == {"A": 1, "B": 5}


def test_a_receipt_that_is_overdue_has_not_arrived():
    overdue = [Receipt(in_days(-1), Decimal(9))]
    assert days(promises(claims(1), Decimal(0), overdue, NOW)) == {"A": None}
    assert projection(Decimal(0), overdue, NOW) == [(NOW, 0)]


def test_one_that_was_due_this_morning_may_still_come_today():
    this_morning = [Receipt(in_days(0, -4), Decimal(9))]
    assert promises(claims(1), Decimal(0), this_morning, NOW)["A"].at == NOW
    assert projection(Decimal(0), this_morning, NOW) == [(NOW, 9)]


def test_what_is_owed_is_paid_before_anything_is_free():
    receipts = [Receipt(in_days(2), Decimal(3)), Receipt(in_days(4), Decimal(3))]
    steps = projection(Decimal(-4), receipts, NOW)
    assert [free for _at, free in steps] == [0, 0, 2]
    assert available_on(steps, Decimal(1)) == in_days(4)
    assert available_on(steps, Decimal(3)) is None


def test_nodes_are_added_up_at_every_moment():
    one = projection(Decimal(1), [Receipt(in_days(4), Decimal(3))], NOW)
    two = projection(Decimal(-2), [Receipt(in_days(2), Decimal(3))], NOW)
    assert summed([one, two]) == [(NOW, 1), (in_days(2), 2), (in_days(4), 5)]


@pytest.mark.parametrize(
    "policy, limit, owed, room",
    [("deny", 5, 0, 0), ("backorder", 5, 0, 5), ("backorder", 5, 7, 0), ("preorder", 0, 7, None)],
)
def test_how_much_more_may_be_promised(policy, limit, owed, room):
    assert promise.backorder_room(policy, Decimal(limit), Decimal(owed)) == room
