"""RET-06, N13: goods go where they bring most, and what costs more than it brings is not fetched."""

import doctest
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_returns.domain import disposition
from odoo.addons.oms_returns.domain.disposition import (
    COST,
    Goods,
    Route,
    chances,
    choose,
    expected_recovery,
    weigh,
)
from odoo.addons.oms_returns.domain.returnless import Item, to_keep

D = Decimal
GRADES = "ABCD"
#: As the add-on sets them up.
ROUTES = [
    Route("restock", "Restock", {"A": D("1")}),
    Route("refurbish", "Refurbish", {"A": D("0.95"), "B": D("0.85"), "C": D("0.6")}, cost=D(6)),
    Route("outlet", "Outlet", {"A": D("0.7"), "B": D("0.6"), "C": D("0.35")}, cost=D(1)),
    Route("vendor", "Return to vendor", {"C": D("0.8"), "D": D("0.8")}, of=COST, cost=D(3)),
    Route("donate", "Donate", {grade: D("0") for grade in GRADES}, cost=D("0.5")),
    Route("scrap", "Scrap", {grade: D("0") for grade in GRADES}, cost=D("0.8")),
]


def goods(price, cost=None):
    price = D(str(price))
    return Goods(price, price / 2 if cost is None else D(str(cost)))


@pytest.mark.parametrize(
    ("price", "grade", "best"),
    [
        (20, "A", "restock"),  # as new
        (20, "B", "refurbish"),  # 17.00 - 6 = 11.00, and 12.00 - 1 = 11.00: of equal ones the first
        (19, "B", "outlet"),  # 16.15 - 6 = 10.15 < 11.40 - 1 = 10.40: too cheap to be worked on
        (100, "B", "refurbish"),  # 79 > 59
        (100, "C", "refurbish"),  # 54, and the vendor gives 37
        (100, "D", "vendor"),
        (4, "D", "donate"),  # the vendor's 1.60 does not pay the freight
    ],
)
def test_goods_go_where_they_leave_most(price, grade, best):
    assert choose(goods(price), grade, ROUTES).best.key == best


def test_the_choice_says_what_it_brings_and_what_the_next_best_would():
    choice = choose(goods(100), "B", ROUTES)
    assert choice.sentence == "Refurbish: brings 85.00, costs 6.00, leaves 79.00. Next: Outlet leaves 59.00."


def test_a_grade_that_no_disposition_takes_is_told_and_nothing_is_guessed():
    choice = choose(goods(20), "X", ROUTES)
    assert choice.best is None
    assert "recovery table" in choice.sentence


def test_what_costs_more_than_it_brings_stays_with_the_customer_and_a_second_piece_can_change_that():
    likely = {"A": D("0.5"), "D": D("0.5")}
    recovery = expected_recovery(goods(8), likely, ROUTES)
    assert recovery == D("4.10")  # the shelf gives 8.00, the vendor 3.20 less 3.00
    cup, other = (Item(key, recovery, D("0.40"), may_stay=True) for key in ("cup", "other"))
    assert to_keep([cup], D("4.90"), D("0.60")) == {"cup"}
    assert to_keep([cup, other], D("4.90"), D("0.60")) == set()


def test_grades_are_learned_from_what_was_seen_and_never_certain():
    priors = {"A": D("0.7"), "B": D("0.3")}
    assert chances({}, priors) == priors
    learned = chances({"B": D(180)}, priors)
    assert learned["B"] == D("0.93")
    assert sum(learned.values()) == 1


money = st.decimals(min_value=0, max_value=10_000, places=2)


@given(price=money, cost=money, grade=st.sampled_from(GRADES), order=st.permutations(ROUTES))
def test_no_route_leaves_more_than_the_chosen_one_and_equal_inputs_choose_alike(price, cost, grade, order):
    item = Goods(price, cost)
    options = weigh(item, grade, order)
    assert all(options[0].net >= option.net for option in options)
    assert weigh(item, grade, order) == options
    assert options[0].net == weigh(item, grade, ROUTES)[0].net


@given(price=money, cost=money, weights=st.tuples(*[st.integers(0, 50)] * 4))
def test_the_expected_recovery_lies_between_the_best_and_the_worst_grade(price, cost, weights):
    item = Goods(price, cost)
    nets = [weigh(item, grade, ROUTES)[0].net for grade in GRADES]
    expected = expected_recovery(item, {g: D(w) for g, w in zip(GRADES, weights, strict=True)}, ROUTES)
    if sum(weights):
        assert min(nets) - D("0.01") <= expected <= max(nets) + D("0.01")
    else:
        assert expected == 0


# ------------------------------------------------------------------------------------------------------------ N13


def season(seed, size=2000):
    """Returns as shops have them: many cheap things and few dear ones, four conditions that depend on the kind."""
    dice = random.Random(seed)
    kinds = [[dice.random() ** 2 + 0.05 for _grade in GRADES] for _kind in range(6)]
    for _number in range(size):
        kind = dice.randrange(6)
        price = D(str(round(dice.lognormvariate(3.0, 0.9), 2)))
        item = Goods(price, (price * D(str(round(dice.uniform(0.3, 0.7), 2)))).quantize(D("0.01")))
        label = D(str(round(dice.uniform(3.5, 8), 2)))
        grade = dice.choices(GRADES, kinds[kind])[0]
        # What really comes of a route scatters around what is expected of it.
        luck = {route.key: D(str(round(dice.uniform(0.7, 1.3), 3))) for route in ROUTES}
        yield kind, item, label, grade, luck


def earned(item, grade, key, luck):
    option = next(option for option in weigh(item, grade, ROUTES) if option.key == key)
    return option.recovered * luck[key] - option.cost


def by_rule(rows, threshold, fixed):
    """The rule of thumb: below so much the customer keeps it; each grade always goes the same way."""
    total = D(0)
    for _kind, item, label, grade, luck in rows:
        if item.price >= threshold:
            total += earned(item, grade, fixed[grade], luck) - label - D(1)
    return total


def by_us(rows):
    """What the add-on does: learns the grades of each kind as they come in, and decides by what it expects."""
    seen, total = {}, D(0)
    priors = dict(zip(GRADES, (D("0.6"), D("0.2"), D("0.1"), D("0.1")), strict=True))
    for kind, item, label, grade, luck in rows:
        counts = seen.setdefault(kind, {})
        recovery = expected_recovery(item, chances(counts, priors), ROUTES)
        if not to_keep([Item(kind, recovery, may_stay=True)], label, D(1)):
            total += earned(item, grade, choose(item, grade, ROUTES).best.key, luck) - label - D(1)
            counts[grade] = counts.get(grade, D(0)) + 1
    return total


@pytest.mark.parametrize("seed", range(5))
def test_it_beats_every_fixed_threshold_on_generated_returns(seed):
    rows = list(season(seed))
    usual = {"A": "restock", "B": "outlet", "C": "refurbish", "D": "scrap"}
    other = {"A": "restock", "B": "refurbish", "C": "outlet", "D": "vendor"}
    rules = [by_rule(rows, D(threshold), fixed) for threshold in (0, 5, 10, 15, 20, 30) for fixed in (usual, other)]
    ours = by_us(rows)
    assert ours > max(rules), (ours, rules)


def test_the_examples_in_the_text_are_right():
    assert doctest.testmod(disposition).failed == 0
