import doctest
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_batch.domain import waves
from odoo.addons.oms_batch.domain.waves import AFTER_CUT_OFF, FULL, TOO_LARGE, Delivery, Limits, plan, turn

NOON = datetime(2026, 11, 23, 12)


def delivery(number, hours=0, lines=1, weight="2", **values):
    """:param hours: after noon that it has to leave; ``None``: nobody said when."""
    ship_by = None if hours is None else NOON + timedelta(hours=hours)
    return Delivery(number, lines, Decimal(weight), ship_by, **values)


def test_the_worked_example_is_true():
    assert doctest.testmod(waves).failed == 0


def test_the_earliest_to_leave_are_picked_first_and_the_rest_say_that_the_waves_are_full():
    found = plan([delivery(1, hours=3), delivery(2, hours=1), delivery(3, hours=2)], Limits(orders=2, waves=1))
    assert (found.waves, found.left) == (((2, 3),), {1: FULL})


def test_without_a_limit_of_waves_there_are_as_many_as_it_takes():
    found = plan([delivery(number, hours=number) for number in (1, 2, 3, 4, 5)], Limits(orders=2))
    assert (found.waves, found.left) == (((1, 2), (3, 4), (5,)), {})


def test_an_urgent_order_goes_before_an_earlier_one_and_what_nobody_timed_goes_last():
    found = plan([delivery(3, hours=None), delivery(1, hours=1), delivery(2, hours=3, is_urgent=True)], Limits())
    assert found.waves == ((2, 1, 3),)


def test_an_order_larger_than_any_wave_stops_no_other():
    found = plan(
        [delivery(1, lines=9), delivery(2, hours=1, weight="40"), delivery(3)], Limits(lines=5, weight=Decimal(30))
    )
    assert (found.waves, found.left) == (((3,),), {1: TOO_LARGE, 2: TOO_LARGE})


def test_orders_of_one_line_are_picked_together_and_apart_from_the_others():
    found = plan([delivery(1), delivery(2, lines=3), delivery(3), delivery(4, lines=2)], Limits())
    assert found.waves == ((1, 3), (2, 4))
    assert plan([delivery(1), delivery(2, lines=3)], Limits(singles_apart=False)).waves == ((1, 2),)


def test_what_goes_with_another_carrier_is_picked_in_another_wave():
    found = plan([delivery(1, carrier_id=7), delivery(2, carrier_id=8), delivery(3, carrier_id=7)], Limits())
    assert found.waves == ((1, 3), (2,))


def test_a_small_order_does_not_slip_past_an_earlier_one_that_found_no_room():
    small, large = delivery(3, hours=2, lines=2), delivery(2, hours=1, lines=4)
    found = plan([delivery(1, lines=3), large, small], Limits(lines=5, waves=1))
    assert (found.waves, found.left) == (((1,),), {2: FULL, 3: FULL})


def test_what_is_in_time_with_the_collection_after_the_next_one_waits_unless_it_is_urgent():
    limits = Limits(may_wait_until=NOON + timedelta(hours=24))
    tomorrow = delivery(1, hours=24)
    assert plan([tomorrow, delivery(2, hours=23)], limits).left == {1: AFTER_CUT_OFF}
    assert plan([replace(tomorrow, is_urgent=True)], limits).waves == ((1,),)
    assert plan([delivery(1, hours=None)], limits).waves == ((1,),)


def test_what_cannot_be_picked_keeps_its_own_reason():
    assert plan([delivery(1, lines=9, stopped_by="on_hold")], Limits(lines=5)).left == {1: "on_hold"}


DELIVERIES = st.lists(
    st.builds(
        delivery,
        st.integers(1, 10**6),
        st.none() | st.integers(0, 6),
        st.integers(1, 6),
        st.sampled_from(["0", "2.5", "7"]),
        carrier_id=st.sampled_from([None, 1, 2]),
        is_urgent=st.booleans(),
        stopped_by=st.sampled_from(["", "", "", "on_hold"]),
    ),
    max_size=25,
    unique_by=lambda one: one.id,
)
LIMITS = st.builds(
    Limits,
    st.none() | st.integers(1, 6),
    st.none() | st.integers(1, 12),
    st.none() | st.sampled_from([Decimal(5), Decimal(20)]),
    st.none() | st.integers(0, 4),
    st.none() | st.just(NOON + timedelta(hours=4)),
    st.booleans(),
)


@given(DELIVERIES, LIMITS, st.randoms(use_true_random=False))
def test_every_delivery_is_in_one_wave_or_says_why_not_and_no_limit_is_broken(deliveries, limits, chance):
    found = plan(deliveries, limits)
    placed = [number for wave in found.waves for number in wave]
    assert sorted([*placed, *found.left]) == sorted(one.id for one in deliveries)
    of_id = {one.id: one for one in deliveries}
    for wave in found.waves:
        inside = [of_id[number] for number in wave]
        assert inside and limits.has_room(inside)
        assert len({limits.queue(one) for one in inside}) == 1
    assert limits.waves is None or len(found.waves) <= limits.waves
    shuffled = list(deliveries)
    chance.shuffle(shuffled)
    assert plan(shuffled, limits) == found


@given(DELIVERIES, LIMITS)
def test_nobody_overtakes_in_a_queue_into_an_earlier_wave_or_past_one_that_found_no_room(deliveries, limits):
    found = plan(deliveries, limits)
    of_id = {one.id: one for one in deliveries}
    taken, full = {}, {}
    for number in (number for wave in found.waves for number in wave):
        taken.setdefault(limits.queue(of_id[number]), []).append(turn(of_id[number]))
    for number in (number for number, reason in found.left.items() if reason == FULL):
        full.setdefault(limits.queue(of_id[number]), []).append(turn(of_id[number]))
    for queue, turns in taken.items():
        assert turns == sorted(turns)
        assert not full.get(queue) or turns[-1] < min(full[queue])
