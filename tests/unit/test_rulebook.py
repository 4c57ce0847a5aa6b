"""INV-08: the most specific rule wins, in an order that is written down."""

import doctest
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.oms_core.domain import rulebook
from odoo.addons.oms_core.domain.availability import EXCLUDED, StockTable, Threshold
from odoo.addons.oms_core.domain.rulebook import Rule, Rulebook

DAY = date(2026, 3, 2)
TEA, MUG = 8, 9
GREEN, DRINKS = 71, 70  #: green tea is a drink
PARIS, LYON = 1, 2

RULES = [
    Rule(1, "all, anywhere"),
    Rule(2, "all, in Paris", place=PARIS),
    Rule(3, "drinks, anywhere", category=DRINKS),
    Rule(4, "drinks, in Paris", category=DRINKS, place=PARIS),
    Rule(5, "green tea, anywhere", category=GREEN),
    Rule(6, "this tea, in Paris", product=TEA, place=PARIS),
    Rule(7, "over since yesterday", product=TEA, place=LYON, ends=date(2026, 3, 1)),
    Rule(8, "not yet", product=TEA, starts=date(2026, 3, 3)),
]


@pytest.mark.parametrize(
    "product, lineage, place, expected",
    [
        (TEA, (GREEN, DRINKS), PARIS, "this tea, in Paris"),
        # The nearer category goes before the place, and what is over or not yet valid does not count.
        (TEA, (GREEN, DRINKS), LYON, "green tea, anywhere"),
        (MUG, (GREEN, DRINKS), PARIS, "green tea, anywhere"),
        (MUG, (DRINKS,), PARIS, "drinks, in Paris"),
        (MUG, (DRINKS,), LYON, "drinks, anywhere"),
        (MUG, (99,), PARIS, "all, in Paris"),
        (MUG, (), LYON, "all, anywhere"),
    ],
)
def test_the_most_specific_rule_wins(product, lineage, place, expected):
    assert Rulebook(RULES, DAY).find(product, lineage, place).value == expected
    assert Rulebook(reversed(RULES), DAY).find(product, lineage, place).value == expected


def test_a_rule_for_another_place_leaves_the_more_general_ones():
    rules = [Rule(1, "all"), Rule(2, "this tea in Lyon", product=TEA, place=LYON)]
    assert Rulebook(rules, DAY).find(TEA, (), PARIS).value == "all"


def test_of_two_alike_the_later_one_wins():
    assert Rulebook([Rule(2, "new"), Rule(1, "old")], DAY).find(TEA, (), PARIS).value == "new"


@pytest.mark.parametrize("day, found", [(1, False), (2, True), (5, True), (6, False)])
def test_a_rule_holds_on_its_first_and_on_its_last_day(day, found):
    rule = Rule(1, "sale", starts=date(2026, 3, 2), ends=date(2026, 3, 5))
    assert bool(Rulebook([rule], date(2026, 3, day)).find(TEA, (), PARIS)) is found


def test_no_rule_says_nothing():
    assert Rulebook([], DAY).find(TEA, (GREEN,), PARIS) is None
    assert not Rulebook([Rule(1, "over", ends=date(2026, 1, 1))], DAY)


def test_a_table_keeps_back_by_rule_what_lies_at_each_node():
    table = StockTable([PARIS, LYON], [TEA, MUG])
    table.add("on_hand", [(TEA, PARIS, 20_000_000), (TEA, LYON, 30_000_000), (MUG, PARIS, 5_000_000)])
    book = Rulebook(
        [
            Rule(1, Threshold(Decimal(1))),
            Rule(2, Threshold(percent=Decimal(10)), category=DRINKS),
            Rule(3, Threshold(exclude=True), product=TEA, place=LYON),
        ],
        DAY,
    )
    table.keep_back(book, {TEA: (GREEN, DRINKS), MUG: ()})
    assert [table.cell("safety", node, product) for product in (TEA, MUG) for node in (PARIS, LYON)] == [
        2_000_000,
        EXCLUDED,
        1_000_000,
        1_000_000,
    ]


def test_the_worked_examples_hold():
    assert doctest.testmod(rulebook).failed == 0
