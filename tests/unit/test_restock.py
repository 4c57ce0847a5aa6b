"""INV-11: when and how much to order, what is too much, and what a channel should not show (N11)."""

import doctest
import heapq
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_routing.domain import buffers, chance, proposals, restock
from odoo.addons.oms_routing.domain.buffers import Seller
from odoo.addons.oms_routing.domain.restock import Supply, Wanted

ONE = Decimal(1)


@pytest.mark.parametrize("module", [chance, restock, buffers])
def test_the_worked_examples_hold(module):
    assert doctest.testmod(module).failed == 0


def test_a_proposal_says_what_a_buyer_would_say():
    """12 a week, nine days: 15.4 until it is there, and 7.5 more to be sure."""
    found = restock.restock(Wanted([12.0] * 8, 4.0, 7), Supply(9), 0.95, 14, ONE)
    assert (found.minimum, found.maximum, found.safety) == (24, 48, 7)
    assert found.sentence == (
        "Sells 12 a week ± 4, the vendor takes 9 days: order up to 48 when fewer than 24 are left, which is enough 95 "
        "times of 100."
    )


def test_a_vendor_who_is_late_now_and_then_costs_safety_stock():
    on_time = restock.restock(Wanted([70.0] * 8, 5.0, 7), Supply(9), 0.95, 14, ONE)
    late = restock.restock(Wanted([70.0] * 8, 5.0, 7), Supply(9, 4.0), 0.95, 14, ONE)
    assert late.safety > on_time.safety + 50
    assert "9 days ± 4" in late.sentence


def test_what_nobody_wants_is_not_kept():
    found = restock.restock(Wanted([0.0] * 8, 0.0, 7), Supply(9), 0.95, 14, ONE)
    assert (found.minimum, found.maximum) == (0, 0)
    assert found.sentence == "Nobody wants it: nothing is kept."


def test_quantities_are_whole_steps_of_the_unit():
    found = restock.restock(Wanted([1.0] * 8, 0.3, 7), Supply(7), 0.95, 7, Decimal("0.25"))
    assert (found.minimum % Decimal("0.25"), found.maximum % Decimal("0.25")) == (0, 0)


@pytest.mark.parametrize("told, receipts, expected", [(5.0, [9, 9, 9], 5.0), (None, [9, 9, 9], 9.0), (None, [9], 14.0)])
def test_who_tells_how_long_it_takes(told, receipts, expected):
    assert restock.supply_from(told, "vendor", receipts, 3).days == expected


def test_a_piece_that_brings_much_and_costs_little_to_keep_is_kept_more_surely():
    assert restock.service_from_costs(30, 1) > restock.service_from_costs(3, 1)
    assert restock.service_from_costs(-1, 1) == restock.SERVICE_MIN
    assert restock.service_from_costs(1, 0) == restock.SERVICE_MAX


@pytest.mark.parametrize("service", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("weekly", [0.7, 4.0, 40.0])
def test_the_rule_gives_the_service_that_was_asked_for(weekly, service):
    """A shop of ten thousand orders: how often there was enough until the delivery came."""
    source = random.Random(f"{weekly} {service}")
    days = 10
    found = restock.restock(Wanted([weekly] * 8, weekly**0.5, 7), Supply(days), service, 14, ONE)
    enough = with_one_less = 0
    for _ in range(10_000):
        wanted, at = 0, source.expovariate(weekly / 7)
        while at <= days:
            wanted += 1
            at += source.expovariate(weekly / 7)
        # Odoo orders as soon as one less than the minimum is there.
        enough += wanted <= found.minimum - 1
        with_one_less += wanted <= found.minimum - 2
    assert enough / 10_000 > service - 0.01
    assert with_one_less / 10_000 < service + 0.01


def test_the_risk_of_running_out_is_told_by_what_is_there_and_comes():
    wanted, supply = Wanted([7.0] * 8, 2.6458, 7), Supply(7)
    risks = [restock.stockout_risk(wanted, supply, free) for free in (0, 7, 12, 30)]
    assert risks == sorted(risks, reverse=True)
    assert risks[0] == pytest.approx(1, abs=0.01)
    assert risks[1] == pytest.approx(0.4, abs=0.02)
    assert risks[3] < 0.001


@given(st.floats(0, 300), st.floats(0, 3000), st.floats(0.01, 0.99))
def test_a_quantile_is_the_smallest_that_is_enough(mean, variance, level):
    found = chance.quantile(mean, variance, level)
    assert chance.at_most(mean, variance, found + 1e-6) >= level - 1e-6


# --- what becomes of a proposal --------------------------------------------------------------------------------------

D = Decimal
OLD, NEW = (D(10), D(20)), (D(24), D(48))


@pytest.mark.parametrize(
    "case, arguments, expected",
    [
        ("nobody wants it and there is no rule", ((D(0), D(0)), None), ("none", False)),
        ("there is no rule", (NEW, None), ("proposed", True)),
        ("a person made the rule", (NEW, OLD), ("proposed", False)),
        ("the rule is as it was written from here", (NEW, OLD, OLD), ("proposed", True)),
        ("a person changed what was written from here", (NEW, OLD, NEW), ("proposed", False)),
        ("the rule is right and a person's", (NEW, NEW), ("none", False)),
        ("the rule is right and ours", (NEW, NEW, NEW), ("applied", False)),
        ("somebody said no to that", (NEW, OLD, OLD, NEW), ("dismissed", False)),
        ("somebody said no to something else", (NEW, OLD, OLD, OLD), ("proposed", False)),
        ("it is hardly different", ((D(101), D(205)), (D(100), D(200))), ("none", False)),
    ],
)
def test_whose_rule_it_is_decides_who_may_change_it(case, arguments, expected):
    assert proposals.verdict(*arguments) == expected, case


def test_a_pinned_rule_stays_as_it_is_whoever_wrote_it():
    assert proposals.verdict(NEW, OLD, OLD, is_pinned=True) == ("pinned", False)


# --- channel buffers -------------------------------------------------------------------------------------------------


def test_nothing_is_kept_back_where_nobody_else_sells():
    assert buffers.buffer([], 5, 1, 10, 30).quantity == 0
    assert buffers.buffer([Seller("Till", 0, 30)], 5, 1, 10, 30).quantity == 0


def test_the_faster_it_sells_and_the_later_it_is_told_the_more_is_kept_back():
    kept = [
        buffers.buffer([Seller("Shop", daily, lag)], 5, 1, 10, 40).quantity
        for daily, lag in ((5, 5), (50, 60), (500, 60))
    ]
    assert kept == sorted(kept)
    assert (kept[0], kept[-1] > 15) == (0, True)


def test_a_buffer_says_why():
    found = buffers.buffer([Seller("Market", 288, 5), Seller("Till", 10, 0)], 5, 1, 10, 40)
    assert "Others sell 298.0 a day, and it takes up to 10 minutes (Market)" in found.sentence
    assert f"Keep back {found.quantity}: enough 80 times of 100" in found.sentence


def sell_out(buffer, daily, other_daily, lag, stock, seed):
    """The last pieces of a product on a channel that sees what others sold only after a while.

    :return: (orders of the channel that had to be called off, pieces that it did not sell and nobody else did)
    """
    source = random.Random(seed)
    now, sold, seen, oversold = 0.0, 0, 0, 0
    on_their_way = []
    while now < 1.0:  # one day
        now += source.expovariate(daily + other_daily)
        while on_their_way and on_their_way[0] <= now:
            heapq.heappop(on_their_way)
            seen += 1
        if source.random() < other_daily / (daily + other_daily):
            if sold < stock:  # they see the goods themselves
                sold += 1
                heapq.heappush(on_their_way, now + lag)
        elif stock - seen > buffer:
            seen += 1  # the channel counts its own down at once
            if sold < stock:
                sold += 1
            else:
                oversold += 1
    return oversold, stock - sold


def test_a_tuned_buffer_beats_any_constant():
    """A range of goods, slow and fast, on a channel that learns of other sales after two hours. Margin 10, an order called
    off 40: what the buffers of the newsvendor cost is less than with the best constant, found in hindsight."""
    margin, penalty, lag = 10, 40, 2 / 24
    goods = [(1, 1), (3, 2), (8, 6), (20, 30), (40, 80), (60, 200), (30, 300)]

    def cost(buffer_of):
        total = 0
        for number, (daily, others) in enumerate(goods):
            stock = round((daily + others) * 0.6) + 1
            for day in range(80):
                oversold, left = sell_out(buffer_of(others), daily, others, lag, stock, f"{number} {day}")
                total += penalty * oversold + margin * left
        return total

    tuned = cost(lambda others: buffers.buffer([Seller("Till", others, lag * 24 * 60)], 0, 1, margin, penalty).quantity)
    constants = [cost(lambda others, kept=kept: kept) for kept in range(31)]
    assert tuned < min(constants)
