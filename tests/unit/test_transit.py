"""Promise dates (N16): what is promised with 95 % is kept in 95 of 100 cases, for many parcels and for few."""

import doctest
from datetime import date, datetime, timedelta
from random import Random

import pytest

from odoo.addons.oms_routing.domain import transit
from odoo.addons.oms_routing.domain.transit import (
    LEARN_MIN,
    Delay,
    curve,
    delay_hours,
    expected,
    find,
    learn,
    quantile,
    thinned,
)

START = datetime(2026, 1, 5, 8)


def history(seed, count, lanes=12, drift=0.0, start=START):
    """Parcels of three carriers on lanes that differ: each has a usual delay, a spread and a long tail of its own."""
    random = Random(seed)
    habits = {}
    shape = Random(7)  # the same carriers whatever the seed of the parcels
    for number in range(lanes):
        lane = (f"carrier {number % 3}", f"place {number % 4}", f"zone {number % 5}")
        habits[lane] = (shape.uniform(-6, 18), shape.uniform(2, 14), shape.uniform(0.02, 0.12))
    names = list(habits)
    weights = [1 / (number + 1) for number in range(lanes)]  # a few busy lanes, many that are hardly used
    result = []
    for number in range(count):
        lane = random.choices(names, weights)[0]
        usual, spread, lost = habits[lane]
        hours = random.gauss(usual, spread) + (random.expovariate(1 / 40) if random.random() < lost else 0)
        at = start + timedelta(minutes=20 * number)
        result.append(Delay(lane, at, round(hours + drift * number / count, 2)))
    return result


def coverage(learned, delays):
    kept = [delay.hours <= find(learned, delay.lane).late for delay in delays]
    return sum(kept) / len(kept)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_as_many_promises_are_kept_as_were_promised(seed, level):
    learned = learn(history(seed, 6000), level)
    kept = coverage(learned, history(seed + 100, 6000))
    print(f"N16: promised {level:.0%}, kept {kept:.1%} of 6000 later parcels (seed {seed})")
    assert abs(kept - level) <= 0.02


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_lanes_that_are_hardly_used_keep_their_promises_together(level):
    """Forty lanes with some dozen parcels each: on average over histories, neither broken more often nor too cautious."""
    kept = [
        coverage(learn(history(seed, 900, lanes=40), level), history(seed + 50, 3000, lanes=40)) for seed in range(8)
    ]
    assert abs(sum(kept) / len(kept) - level) <= 0.02


def test_what_quick_lanes_borrow_from_a_slow_one_does_not_make_all_promises_too_cautious():
    """Forty quick lanes with a dozen parcels each, and a slow one: leaning on it, each would promise a day too much."""

    def parcels(seed):
        random = Random(seed)
        lanes = [(("van", "Lyon", f"zone {number}"), 2, 3) for number in range(40) for _parcel in range(12)]
        lanes += [(("van", "Lyon", "slow"), 60, 10)] * 480
        return [
            Delay(lane, START + timedelta(hours=number), random.gauss(usual, spread))
            for number, (lane, usual, spread) in enumerate(random.sample(lanes, len(lanes)))
        ]

    kept = [coverage(learn(parcels(seed), 0.9), parcels(seed + 50)) for seed in range(6)]
    assert abs(sum(kept) / len(kept) - 0.9) <= 0.02


def test_the_coverage_that_is_reported_was_measured_on_parcels_that_took_no_part():
    learned = learn(history(5, 20_000), 0.9)
    carriers = {key[0]: one for key, one in learned.items()}
    measured = sum(one.measured for one in carriers.values())
    assert measured == pytest.approx(4000, abs=3)
    assert abs(sum(one.covered for one in carriers.values()) / measured - 0.9) <= 0.02


def test_a_carrier_that_gets_slower_is_seen_in_the_measured_coverage():
    """A promise that does not hold any more must not look as if it did."""
    (learned,) = [one for key, one in learn(history(5, 3000, lanes=1, drift=90), 0.9).items() if key[1]]
    assert learned.covered / learned.measured < 0.8


def test_a_lane_of_its_own_is_learned_apart_from_the_rest_of_its_carrier():
    random = Random(1)
    delays = [Delay(("van", "Lyon", "FR"), START + timedelta(hours=n), random.uniform(0, 4)) for n in range(300)]
    delays += [Delay(("van", "Lyon", "ES"), START + timedelta(hours=n), random.uniform(40, 60)) for n in range(300)]
    learned = learn(delays, 0.9)
    assert find(learned, ("van", "Lyon", "FR")).late < 10
    assert find(learned, ("van", "Lyon", "ES")).late > 50


def test_a_lane_with_few_parcels_leans_on_the_carrier_in_that_zone():
    delays = [Delay(("van", "Lyon", "FR"), START + timedelta(hours=n), float(n % 24)) for n in range(240)]
    delays += [Delay(("van", "Nice", "FR"), START + timedelta(hours=n), 0.0) for n in range(2)]
    learned = learn(delays, 0.9)
    assert 15 < find(learned, ("van", "Nice", "FR")).late <= 24
    assert find(learned, ("van", "Brest", "FR")) == learned["van", None, "FR"]
    assert find(learned, ("van", "Brest", "DE")) == learned["van", None, None]


def test_of_a_carrier_with_a_handful_of_parcels_nothing_is_claimed():
    delays = [Delay(("van", "Lyon", "FR"), START, 1.0)] * (LEARN_MIN - 1)
    assert learn(delays, 0.9) == {}
    assert find({}, ("van", "Lyon", "FR")) is None


def test_equal_parcels_in_any_order_teach_the_same():
    delays = history(3, 500)
    assert learn(delays, 0.9) == learn(delays[::-1], 0.9)


def test_of_nine_the_next_is_above_all_in_one_case_of_ten():
    nine = curve([float(number) for number in range(9)])
    assert quantile(nine, 0.9) == 8.0
    assert quantile(nine, 0.85) == pytest.approx(7.5)
    assert quantile(nine, 0.01) == 0.0


def test_a_thinned_curve_says_nearly_the_same():
    full = curve([float(number) for number in range(5000)])
    assert len(thinned(full).hours) == 100
    assert quantile(thinned(full), 0.9) == pytest.approx(quantile(full, 0.9), rel=0.02)


def test_a_parcel_that_was_lost_for_a_year_is_no_lesson():
    assert delay_hours(datetime(2027, 1, 5), datetime(2026, 1, 5)) is None
    assert delay_hours(datetime(2026, 1, 5, 18, 30), datetime(2026, 1, 5, 12)) == 6.5


def test_days_are_counted_as_the_carrier_drives():
    friday = datetime(2026, 3, 6, 17)
    assert expected(friday, 2) == datetime(2026, 3, 10, 12)
    assert expected(friday, 2, range(6)) == datetime(2026, 3, 9, 12)
    assert expected(friday, 1, closed={date(2026, 3, 9)}) == datetime(2026, 3, 10, 12)
    assert expected(datetime(2026, 3, 7, 9), 1) == datetime(2026, 3, 10, 12)  # given on Saturday, it leaves on Monday
    assert expected(friday, 0) == datetime(2026, 3, 6, 12)


def test_the_weekday_is_that_of_the_place_that_the_parcel_leaves():
    evening = datetime(2026, 3, 7, 1)  # in UTC; in Los Angeles it is Friday, 17:00
    assert expected(evening, 1, zone="America/Los_Angeles") == datetime(2026, 3, 9, 19)
    assert expected(evening, 1, closed={date(2026, 3, 9)}, zone="America/Los_Angeles") == datetime(2026, 3, 10, 19)
    morning = datetime(2026, 3, 8, 22)  # in UTC it is Sunday; in Sydney it is Monday, 9:00
    assert expected(morning, 1, zone="Australia/Sydney") == datetime(2026, 3, 10, 1)


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(transit).failed == 0
