"""What channels are told of stock and prices: decided from what there is, again and again, with the same end."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_channels.domain.outgoing import RESULTS, Result
from odoo.addons.oms_channels.domain.push import (
    LOWERED,
    RAISED,
    SOLD_OUT,
    STATES,
    Offer,
    batches,
    believed,
    decide_anew,
    offer,
    shown,
    taken,
    thought,
    units,
    urgency,
)

CENT = Decimal("0.01")
quantities = st.decimals(-50, 5000, places=3)
counts = st.integers(0, 200)


# ---- How many ----


@pytest.mark.parametrize(
    ("pieces", "pack_size", "wanted"),
    [("0", 1, 0), ("-4", 1, 0), ("5.999", 1, 5), ("5.999", 6, 0), ("12", 6, 2), ("99999999", 1, 999_999), ("3", 0, 3)],
)
def test_only_whole_packs_are_offered_and_never_less_than_none(pieces, pack_size, wanted):
    assert units(Decimal(pieces), pack_size) == wanted


@given(quantities, st.integers(1, 60), st.integers(0, 10_000))
def test_no_more_is_offered_than_there_is(pieces, pack_size, most):
    told = units(pieces, pack_size, most)
    assert 0 <= told <= most
    assert not told or told * pack_size <= pieces


def test_without_anything_kept_back_each_place_shows_what_its_nodes_have():
    free = {"a": Decimal(3), "b": Decimal(4), "c": Decimal(5)}
    assert shown(free, {"north": ["a", "b"], "south": ["c"], "empty": [], "new": ["d"]}) == {
        "north": 7,
        "south": 5,
        "empty": 0,
        "new": 0,
    }


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.decimals(0, 100, places=2)),
    st.decimals(0, 700, places=2),
)
def test_places_show_together_what_is_left_for_the_channel_and_none_more_than_it_has(free, left):
    places = {"1": ["a", "b"], "2": ["c"], "3": ["d", "e", "f"]}
    result = shown(free, places, left)
    assert sum(result.values()) == min(left, sum(free.values()))
    whole = shown(free, places)
    assert all(0 <= result[place] <= whole[place] for place in places)


# ---- Whether, and how urgently ----


@pytest.mark.parametrize(
    ("wanted", "there", "when"),
    [
        (0, 5, SOLD_OUT),
        (0, None, SOLD_OUT),
        (3, 5, LOWERED),
        (3, None, LOWERED),
        (7, 5, RAISED),
        (5, 5, None),
        (0, 0, None),
    ],
)
def test_only_what_differs_is_told_and_what_may_be_oversold_first(wanted, there, when):
    assert urgency(wanted, there) == when


def test_what_was_sold_there_is_known_to_be_gone_there():
    assert thought(10, 3) == 7
    assert thought(2, 3) == 0


def test_where_one_of_several_places_was_sold_from_nobody_knows_which():
    assert thought(10, 3, is_alone=False) is None
    assert thought(10, 0, is_alone=False) == 10


# ---- Something else was there ----


@pytest.mark.parametrize(
    ("wanted", "known", "current", "tell", "look_again"),
    [
        (10, [10], 9, None, True),  # sold there, not read yet: what is there is right
        (4, [10], 9, 3, True),  # … and six were sold elsewhere
        (20, [10], 9, 19, True),  # … and ten came in
        (1, [10], 7, 0, True),  # … and more was sold than there is
        (10, [10], 12, 10, False),  # somebody put something back
        (7, [10, 7], 7, None, False),  # our own answer was lost
        (7, [10, 7], 6, None, True),  # … and one was sold since
        (6, [10, 7], 7, 6, False),  # … and there is less by now
        (5, [5], None, 5, False),  # it does not say
        (5, [], 3, 5, False),  # nobody thought anything
    ],
)
def test_what_is_there_is_taken_as_it_is_and_orders_on_their_way_are_not_sold_again(
    wanted, known, current, tell, look_again
):
    anew = decide_anew(wanted, known, current)
    assert (anew.tell, anew.expected, anew.look_again) == (tell, current, look_again)


def test_what_was_never_told_before_is_not_taken_for_sold():
    assert decide_anew(100, believed(None, tried=100), 0).tell == 100


@given(counts, st.lists(counts, max_size=3), st.none() | counts)
def test_deciding_anew_never_tells_more_than_wanted_nor_what_is_there(wanted, known, current):
    anew = decide_anew(wanted, known, current)
    assert anew.tell is None or 0 <= anew.tell <= wanted
    assert anew.tell != current or current is None
    if not anew.look_again:
        assert anew.now == wanted


# ---- How it was taken ----


@pytest.mark.parametrize(
    ("result", "attempts", "state", "wait_s"),
    [
        (Result("ok"), 0, "told", None),
        (Result("pending", reference="1/2"), 0, "pending", 300),
        (Result("retry", "later"), 0, "due", 10),
        (Result("retry", "later"), 1, "due", 20),
        (Result("retry", "later"), 2, "refused", None),
        (Result("stale", current=3), 2, "refused", None),
        (Result("refused", "no"), 0, "refused", None),
        (Result("refused", "no", gone=True), 0, "gone", None),
    ],
)
def test_what_was_taken_is_told_what_may_be_taken_later_waits_and_the_rest_needs_a_person(
    result, attempts, state, wait_s
):
    found = taken(result, attempts, (10, 20), 300)
    assert (found.state, found.wait_s) == (state, wait_s)


@pytest.mark.parametrize("code", RESULTS)
def test_every_answer_leads_to_a_state_that_exists(code):
    assert taken(Result(code), 0, (10,), 300).state in STATES


def test_batches_are_as_large_as_the_platform_takes_them_and_lose_nothing():
    assert [len(batch) for batch in batches(list(range(10_000)), 250)] == [250] * 40
    assert sum(batches(list(range(7)), 3), []) == list(range(7))


# ---- Prices ----


@pytest.mark.parametrize(
    ("amount", "before", "told"),
    [
        ("19.99", None, Offer(Decimal("19.99"), "EUR")),
        ("19.995", "25", Offer(Decimal("20.00"), "EUR", Decimal("25.00"))),
        ("20", "20", Offer(Decimal("20.00"), "EUR")),
        ("20", "15", Offer(Decimal("20.00"), "EUR")),
        ("0", None, None),
        ("0.004", None, None),
        ("-1", "5", None),
    ],
)
def test_a_price_is_told_to_the_cent_and_one_of_nothing_is_not(amount, before, told):
    assert offer(Decimal(amount), "EUR", CENT, None if before is None else Decimal(before)) == told


# ---- The whole, without a database: sales, receipts, lost answers, and silence ----


class Model:
    """One listing: the hub's count, the platform's count, and what lies between them."""

    def __init__(self, compare_and_set):
        self.cas = compare_and_set
        self.free, self.there = 20, 0
        self.told = self.tried = None
        self.sending = False
        self.unread, self.read_since = 0, 0

    def sell_there(self):
        if self.there:
            self.there -= 1
            self.unread += 1

    def read(self):
        """Orders come in; only those from after the last time it was told may be taken to be gone there."""
        self.free -= self.unread
        self.unread = 0

    def push(self, lost=False):
        wanted, there = units(Decimal(self.free)), None if self.sending else thought(self.told)
        if urgency(wanted, there) is None:
            return
        known = believed(self.told, there, self.tried if self.sending else None)
        tell, expected = wanted, self.tried if self.sending else there
        for _round in range(3):
            self.tried, self.sending = tell, True
            if self.cas and expected is not None and expected != self.there:
                anew = decide_anew(wanted, known, self.there)
                self.told, self.sending = anew.expected, False
                if anew.tell is None:
                    return
                tell, expected, known = anew.tell, anew.expected, [anew.expected]
                continue
            self.there = tell
            if not lost:
                self.told, self.sending = tell, False
            return


EVENTS = st.lists(st.sampled_from(["sell_there", "sell_elsewhere", "receive", "read", "push", "lost"]), max_size=40)


@settings(max_examples=400)
@given(EVENTS, st.booleans())
def test_once_it_is_quiet_the_platform_has_what_is_available(events, compare_and_set):
    model = Model(compare_and_set)
    for event in events:
        match event:
            case "sell_elsewhere":
                model.free -= 1
            case "receive":
                model.free += 3
            case "push" | "lost":
                model.push(lost=event == "lost")
            case _:
                getattr(model, event)()
    for _quiet in range(3):
        model.read()
        model.push()
    assert model.there == units(Decimal(model.free))
