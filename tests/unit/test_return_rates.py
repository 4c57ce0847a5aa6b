"""RET-14, RET-20: simulated histories of shops, with and without something out of order."""

import doctest
import random
import sys
from pathlib import Path

import pytest

from odoo.addons.oms_returns.domain import return_rates
from odoo.addons.oms_returns.domain.return_rates import (
    FALSE_DISCOVERIES,
    HISTORY_WEEKS,
    HORIZON_WEEKS,
    WINDOW_WEEKS,
    Cell,
    Look,
    Usual,
    choose,
    delay,
    effect,
    exposure,
    points,
    seen,
)

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
from demo.return_histories import NOW, shop


def findings(cells, now, **values):
    return Look(cells, now).findings(**values)


def flat(rate, since=None, before=0.06):
    return lambda week: rate if since is None or week >= since else before


def test_the_examples_of_the_texts_are_true():
    assert doctest.testmod(return_rates).failed == 0


@pytest.mark.parametrize(("groups", "strata", "weekly"), [(60, 5, 6.0), (5, 1, 20.0), (5, 5, 20.0)])
@pytest.mark.parametrize("spread", [0.0, 0.005])
def test_a_shop_that_is_as_usual_gets_a_task_less_often_than_stated(groups, strata, weekly, spread):
    """60 shops of each kind. Three of 60 are one in twenty; more than six has a chance of 2 % at that rate."""
    named = sum(bool(choose(findings(shop(number, groups, strata, weekly, spread), NOW))) for number in range(60))
    assert named <= 6
    assert FALSE_DISCOVERIES == 0.05


def test_a_product_that_comes_back_three_times_as_often_is_found():
    """Also where two large ones are out of order at once, and would hide each other in how groups differ."""
    missed = found = 0
    false = []
    for number in range(20):
        cells = shop(number, 80, 1, 10.0, seeded={7: flat(0.45), 11: flat(0.5)})
        looked = findings(cells, NOW)
        named = {one.group for one in choose(looked)}
        large = {one.group for one in looked if one.group in (7, 11) and one.kind == "level" and one.sold >= 60}
        missed += len(large - named)
        found += len(named & {7, 11})
        false.append(len(named - {7, 11}) / (len(named) or 1))
    assert missed == 0
    assert found >= 30
    assert sum(false) / 20 <= 0.1  # of 20 looks; the rate that is stated is 0.05 of very many


def test_a_rise_is_found_by_what_the_group_had_before():
    """Among groups that differ so much by nature that no level would say anything."""
    by_kind = {"level": 0, "drift": 0}
    for number in range(20):
        cells = shop(number, 40, 1, 4.0, spread=0.1)
        cells = [cell for cell in cells if cell.group != 3]
        chance = random.Random(number)
        for week in range(NOW - HISTORY_WEEKS, NOW):
            rate = 0.12 if week >= NOW - 10 else 0.03
            back = {}
            for _line in range(60):
                lag = min(int(chance.expovariate(0.4)), HORIZON_WEEKS)
                if chance.random() < rate and week + lag < NOW:
                    back[lag] = back.get(lag, 0) + 1
            cells.append(Cell(3, 0, week, 60, back))
        for one in choose(findings(cells, NOW)):
            if one.group == 3:
                by_kind[one.kind] += 1
    assert by_kind["drift"] >= 14, by_kind


def test_what_was_shipped_last_week_is_judged_by_what_should_have_come_by_now():
    """A new product, three weeks old: half of its returns are still to come, and it is found all the same."""
    cells = shop(1, 60, 1, 10.0)
    lines = [cell for cell in shop(2, 20, 1, 60.0, seeded={5: flat(0.35)}) if cell.group == 5 and cell.week >= NOW - 3]
    new = [Cell("new", 0, cell.week, cell.sold, cell.back) for cell in lines]
    one = next(one for one in choose(findings(cells + new, NOW)) if one.group == "new")
    known = sum(exposure(cell, NOW, delay(cells, NOW)) for cell in new)
    assert known < 0.75 * one.sold
    assert one.exposure == pytest.approx(known, rel=0.05)
    assert one.usual < 0.8 * Look(cells + new, NOW).usual.share("new")  # what is told as usual is what is usual by now


def test_how_late_returns_come_is_learned_while_they_come():
    """From lines of which most are young, the curve is that from which they were made."""
    cells = shop(3, 300, 1, 20.0, late=4.0, weeks=30)
    learned = delay(cells, NOW)
    lines = [lag for cell in shop(3, 300, 1, 20.0, late=4.0, weeks=30, now=NOW) for lag in cell.back.items()]
    assert lines
    chance = random.Random(3)
    drawn = [min(int(chance.expovariate(1 / 4.0)), HORIZON_WEEKS) for _return in range(20_000)]
    for lag in range(HORIZON_WEEKS + 1):
        assert learned[lag] == pytest.approx(sum(one <= lag for one in drawn) / 20_000, abs=0.03)


def test_who_sells_what_comes_back_often_is_compared_with_who_sells_the_same():
    """Shoes come back at 30 %, books at 2 %: who sells shoes only is no outlier."""
    chance = random.Random(21)

    def cells_of(seller, shoes):
        for week in range(NOW - HISTORY_WEEKS, NOW):
            for stratum, share, rate in (("shoes", shoes, 0.3), ("books", 1 - shoes, 0.02)):
                sold = round(40 * share)
                come = sum(chance.random() < rate for _line in range(sold))
                if sold:
                    yield Cell(seller, stratum, week, sold, {0: come} if come else {})

    cells = [cell for seller in range(12) for cell in cells_of(seller, 1.0 if seller == 0 else 0.1 + seller % 3 * 0.1)]
    assert choose(findings(cells, NOW)) == []
    usual = Usual(cells, NOW, delay(cells, NOW))
    assert usual.share(0) == pytest.approx(0.3, abs=0.03)
    assert usual.share(4) < 0.13


def test_after_an_action_only_what_was_shipped_since_counts():
    cells = shop(4, 60, 1, 40.0, seeded={7: lambda week: 0.5 if week < NOW - 4 else 0.05})
    assert 7 in {one.group for one in choose(findings(cells, NOW))}
    assert 7 not in {one.group for one in choose(findings(cells, NOW, since={7: NOW - 4}))}


def test_what_somebody_has_said_to_be_in_order_is_no_finding_until_it_grows():
    cells = shop(4, 60, 1, 40.0, seeded={7: flat(0.3)})
    assert 7 not in {one.group for one in choose(findings(cells, NOW, accepted={7: 0.35}))}
    assert 7 in {one.group for one in choose(findings(cells, NOW, accepted={7: 0.15}))}


def test_a_few_lines_are_no_task_however_unlikely():
    cells = shop(5, 60, 1, 40.0) + [Cell("rare", 0, NOW - 8, 3, {1: 3})]
    assert "rare" not in {one.group for one in choose(findings(cells, NOW))}


def test_equal_cells_in_any_order_give_equal_findings():
    cells = shop(6, 40, 3, 10.0, seeded={3: flat(0.5)})
    shuffled = cells[:]
    random.Random(1).shuffle(shuffled)
    first, second = choose(findings(cells, NOW)), choose(findings(cells, NOW))
    assert first == second
    assert [(one.group, one.kind, one.back, one.sold) for one in choose(findings(shuffled, NOW))] == [
        (one.group, one.kind, one.back, one.sold) for one in first
    ]


def test_the_points_of_a_chart_are_all_that_was_shipped():
    cells = [cell for cell in shop(7, 20, 1, 30.0) if cell.group == 3]
    counted = Look(cells, NOW).counts(3)
    assert sum(sold for _week, sold, _back, _known in counted) == sum(cell.sold for cell in cells)
    assert sum(back for _week, _sold, back, _known in counted) == sum(seen(cell, NOW) for cell in cells)
    drawn = points(counted, 0.06, 0.01)
    assert len(drawn) == len(counted) <= HISTORY_WEEKS // 4 + 1
    assert drawn[-1].usual < drawn[0].usual  # much of the last is still to come
    assert all(point.limit >= point.usual for point in drawn)


# ------------------------------------------------------------------------------------------------------------- EFFECTS


def after(rate, weekly, weeks, number=1):
    return [
        cell
        for cell in shop(number, 8, 1, weekly, seeded={5: flat(rate)})
        if cell.group == 5 and cell.week >= NOW - weeks
    ]


def measured(rate, weekly, weeks, back=60, known=300.0):
    return Look(after(rate, weekly, weeks), NOW).effect(5, back, known, 0.06, 0.01, NOW - weeks)


def test_an_action_that_helped_is_seen():
    one = measured(0.05, 100.0, WINDOW_WEEKS)
    assert one.verdict == "better"
    assert one.low < one.high < 0


def test_an_action_that_changed_nothing_is_said_to_have_changed_nothing():
    one = measured(0.16, 100.0, WINDOW_WEEKS)
    assert one.verdict == "same"
    assert one.low < 0 < one.high


def test_an_action_that_made_it_worse_is_seen():
    assert measured(0.5, 100.0, WINDOW_WEEKS).verdict == "worse"


def test_too_few_lines_say_that_it_is_too_early_and_how_many_are_needed():
    one = measured(0.05, 3.0, 1)
    assert one.verdict == "early"
    assert one.known < one.needed
    assert effect((24, 180.0), 0.06, 0.01, (0.0, 0.0)).verdict == "early"


def test_what_stood_out_by_chance_is_not_credited_to_the_action():
    """All groups are alike. The worst of each shop is acted on, nothing changes: seldom is anything said to be better."""
    better = 0
    for number in range(100):
        cells = shop(number, 40, 1, 6.0, spread=0.0)
        then = NOW - WINDOW_WEEKS
        early = Look([cell for cell in cells if cell.week < then], then)
        found = [one for one in early.findings() if one.kind == "level" and one.sold >= 30]
        worst = min(found, key=lambda one: one.chance)
        usual = early.usual.share(worst.group)
        one = Look(cells, NOW).effect(worst.group, worst.back, worst.exposure, usual, early.usual.spread, then)
        better += one.verdict == "better"
    assert better <= 5
