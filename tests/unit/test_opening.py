"""When a place takes orders."""

from datetime import datetime, timedelta

import pytest

from odoo.addons.oms_routing.domain.opening import CLOSED, PAUSED, TAKES, opening

NOW = datetime(2026, 8, 1, 9)  # a Saturday


def test_a_weekend_closes_nobody():
    assert opening("Lille", TAKES, "", 3, NOW, NOW + timedelta(days=2)).is_open


def test_holidays_close_a_place_and_it_gives_up_what_it_has():
    state = opening("Lille", TAKES, "", 3, NOW, datetime(2026, 8, 17, 8))
    assert (state.is_open, state.gives_up, state.reason) == (False, True, "Lille is shut until 17 August 2026.")


def test_a_calendar_without_any_hour_left_closes_it_too():
    assert not opening("Lille", TAKES, "", 3, NOW, None).is_open


def test_who_does_not_ask_for_it_is_never_closed_by_a_calendar():
    assert opening("Lille", TAKES, "", 0, NOW, None).is_open


@pytest.mark.parametrize("switch, gives_up", [(PAUSED, False), (CLOSED, True)])
def test_a_switch_wins_over_the_calendar_and_says_why(switch, gives_up):
    state = opening("Lille", switch, "Stocktaking. ", 3, NOW, NOW)
    assert (state.is_open, state.gives_up) == (False, gives_up)
    assert state.reason.endswith(": Stocktaking.")
