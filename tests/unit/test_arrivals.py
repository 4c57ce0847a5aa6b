"""RET-10, RET-11: what is odd about what came in is told, with what to do next."""

import doctest
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.oms_returns.domain import arrivals
from odoo.addons.oms_returns.domain.arrivals import FINDINGS, Expected, Node, arrival, look, propose_node, tell

D = Decimal
TODAY = date(2026, 3, 3)


def line(allowed, received, **values):
    return Expected(1, "Mug", D(allowed), D(received), **values)


@pytest.mark.parametrize(
    ("expected", "codes"),
    [
        (line(2, 0), []),
        (line(2, 2), []),
        (line(2, 1), ["too_few"]),
        (line(2, 0, is_over=True), ["too_few"]),
        (line(2, 3), ["too_many"]),
        (line(0, 1, is_from_order=False), ["unexpected"]),
        (line(1, 1, numbers=frozenset({"S1"}), arrived_numbers=frozenset({"S1"})), []),
        (line(1, 1, numbers=frozenset({"S1"}), arrived_numbers=frozenset({"S2"})), ["wrong_serial"]),
        (line(2, 1, numbers=frozenset({"S1"}), arrived_numbers=frozenset({"S2"})), ["too_few", "wrong_serial"]),
    ],
)
def test_what_is_odd_has_a_code(expected, codes):
    assert [finding.code for finding in look([expected])] == codes


@pytest.mark.parametrize("code", sorted(FINDINGS))
def test_each_code_has_a_sentence_and_a_next_step(code):
    finding = tell(code, "Mug", D("1.50"))
    assert finding.sentence.endswith(".") and finding.next_step.endswith(".")
    assert "{" not in finding.sentence
    assert "Mug" in finding.sentence


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        (("waiting", date(2026, 3, 2), TODAY), "late"),
        (("waiting", TODAY, TODAY), "today"),
        (("waiting", date(2026, 3, 10), TODAY), "soon"),
        (("waiting", date(2026, 3, 11), TODAY), "later"),
        (("waiting", None, TODAY), "later"),
        (("in", date(2026, 3, 1), TODAY, TODAY), "arrived_today"),
        (("in", None, TODAY, date(2026, 3, 2)), "arrived"),
    ],
)
def test_the_board_says_what_is_late_and_what_came_today(facts, place):
    assert arrival(*facts) == place


def test_goods_come_back_to_where_the_way_is_cheap_and_they_are_wanted():
    lyon = Node(1, "Lyon", D("4.20"), is_origin=True)
    lille = Node(2, "Lille", D("5.10"))
    paris = Node(3, "Paris", None, wanted=D(9))
    assert propose_node([lille, lyon, paris], D(1))[0] == lyon
    wanted = Node(2, "Lille", D("5.10"), wanted=D(2))
    assert propose_node([wanted, lyon], D(1)) == (
        wanted,
        "Lille: 5.10 for the way back, and 2 pieces are wanted there.",
    )
    same = Node(2, "Lille", D("4.20"))
    assert propose_node([same, lyon], D(1))[0] == lyon, "where they left from, when all else is equal"
    assert propose_node([paris], D(1)) == (None, "No place takes returns this way.")


def test_the_examples_in_the_text_are_right():
    assert doctest.testmod(arrivals).failed == 0
