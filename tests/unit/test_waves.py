from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.oms_batch.domain.waves import FULL, NO_WAVE, TOO_LARGE, Delivery, Wave, plan

NOON = datetime(2026, 11, 23, 12)


def delivery(number, kind="single", hours=0, lines=1, minutes="2", **values):
    return Delivery(number, kind, NOON + timedelta(hours=hours), lines, Decimal(minutes), **values)


def test_the_earliest_to_leave_are_picked_first_and_the_rest_say_that_the_wave_is_full():
    found = plan([delivery(1, hours=3), delivery(2, hours=1), delivery(3, hours=2)], [Wave(7, orders_max=2)])
    assert (found.waves, found.left) == ({7: (2, 3)}, {1: FULL})


def test_an_urgent_order_goes_before_an_earlier_one():
    found = plan([delivery(1, hours=1), delivery(2, hours=3, is_urgent=True)], [Wave(7, orders_max=1)])
    assert found.waves == {7: (2,)}


def test_an_order_larger_than_any_wave_stops_no_other():
    found = plan([delivery(1, lines=9), delivery(2, hours=1)], [Wave(7, lines_max=5)])
    assert (found.waves, found.left) == ({7: (2,)}, {1: TOO_LARGE})


def test_a_wave_for_single_lines_leaves_the_others_and_says_that_no_wave_takes_them():
    found = plan([delivery(1, kind="several", lines=3), delivery(2)], [Wave(7, kinds=frozenset({"single"}))])
    assert (found.waves, found.left) == ({7: (2,)}, {1: NO_WAVE})


def test_a_small_order_does_not_slip_past_an_earlier_one_that_found_no_room():
    found = plan([delivery(1, lines=4), delivery(2, hours=1, lines=4), delivery(3, hours=2)], [Wave(7, lines_max=5)])
    assert (found.waves, found.left) == ({7: (1,)}, {2: FULL, 3: FULL})


DELIVERIES = st.lists(
    st.builds(
        delivery,
        st.integers(1, 10**6),
        st.sampled_from(["single", "several"]),
        st.integers(0, 6),
        st.integers(1, 6),
        st.sampled_from(["1", "2.5", "7"]),
        carrier_id=st.sampled_from([None, 1, 2]),
        is_urgent=st.booleans(),
    ),
    max_size=25,
    unique_by=lambda one: one.id,
)
WAVES = st.lists(
    st.builds(
        Wave,
        st.integers(1, 100),
        st.frozensets(st.sampled_from(["single", "several"])),
        st.frozensets(st.sampled_from([1, 2])),
        st.none() | st.integers(1, 8),
        st.none() | st.integers(1, 20),
        st.none() | st.sampled_from([Decimal("5"), Decimal("20")]),
    ),
    max_size=4,
    unique_by=lambda one: one.id,
)


@given(DELIVERIES, WAVES, st.randoms(use_true_random=False))
def test_every_delivery_is_in_one_wave_or_says_why_not_and_no_limit_is_broken(deliveries, waves, chance):
    found = plan(deliveries, waves)
    placed = [number for numbers in found.waves.values() for number in numbers]
    assert sorted([*placed, *found.left]) == sorted(one.id for one in deliveries)
    of_id = {one.id: one for one in deliveries}
    for wave in waves:
        inside = [of_id[number] for number in found.waves[wave.id]]
        assert wave.has_room(inside) and all(map(wave.takes, inside))
    shuffled = list(deliveries)
    chance.shuffle(shuffled)
    assert plan(shuffled, waves) == found


@given(DELIVERIES, WAVES)
def test_none_is_left_for_want_of_room_while_a_later_one_of_its_kind_is_taken(deliveries, waves):
    found = plan(deliveries, waves)
    of_id = {one.id: one for one in deliveries}
    full = [of_id[number] for number, reason in found.left.items() if reason == FULL]
    for number in (number for numbers in found.waves.values() for number in numbers):
        taken = of_id[number]
        for one in full:
            if (one.kind, one.carrier_id) == (taken.kind, taken.carrier_id):
                assert (not taken.is_urgent, taken.ship_by) <= (not one.is_urgent, one.ship_by)
