"""What is matched is cut where a part of it is settled in another way; no cent is lost by it."""

from decimal import Decimal

from odoo.addons.oms_channels.domain.explained import Match, halves

D = Decimal


def test_a_match_of_lines_of_both_kinds_is_cut_by_their_amounts_and_in_the_books_alike():
    match = Match(("a", "b"), ("row",), D("-10.00"), D("-8.33"), D("-1000"), "JPY")
    ours, others = halves([match], {"b"}, {"a": D("-6.00"), "b": D("-4.00")})
    assert ours == [Match(("b",), ("row",), D("-4.00"), D("-3.33"), D("-400"), "JPY")]
    assert others == [Match(("a",), ("row",), D("-6.00"), D("-5.00"), D("-600"), "JPY")]


def test_several_rows_of_a_group_are_cut_once():
    first, second = (
        Match(("a", "b"), (key,), D(amount), D(amount)) for key, amount in (("r", "-3.00"), ("s", "-7.00"))
    )
    ours, others = halves([first, second], {"b"}, {"a": D("-6.00"), "b": D("-4.00")})
    assert [(match.booked_keys, match.amount) for match in ours] == [(("r",), D("-3.00")), (("s",), D("-1.00"))]
    assert [(match.booked_keys, match.amount) for match in others] == [(("s",), D("-6.00"))]


def test_what_is_of_one_kind_stays_whole():
    matches = [Match(("a",), ("r",), D(5)), Match(("b",), ("s",), D(7))]
    assert halves(matches, {"b"}, {"a": D(5), "b": D(7)}) == ([matches[1]], [matches[0]])
