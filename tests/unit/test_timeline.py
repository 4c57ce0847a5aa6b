"""ORD-04: events of an order in the order of time, and for customers only what is theirs."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain.timeline import KINDS, PUBLIC_KINDS, SENTENCE_MAX_CHARS, Event, arrange, cut, public

NOON = datetime(2026, 3, 2, 12)

events = st.lists(
    st.builds(
        Event,
        at=st.integers(0, 5).map(lambda minutes: NOON + timedelta(minutes=minutes)),
        kind=st.sampled_from(KINDS),
        sentence=st.text(max_size=5),
        customer=st.booleans(),
    )
)


@given(events)
def test_nothing_is_lost_and_time_runs_forward(given_events):
    arranged = arrange(given_events)
    assert sorted(map(repr, arranged)) == sorted(map(repr, given_events))
    assert [event.at for event in arranged] == sorted(event.at for event in given_events)


@given(events)
def test_customers_read_only_what_is_for_them(given_events):
    assert arrange(given_events, customer=True) == [event for event in arrange(given_events) if event.customer]


def test_what_happens_at_one_moment_is_told_as_it_follows():
    kinds = ["parcel", "order", "confirm", "hold"]
    assert [event.kind for event in arrange(Event(NOON, kind, "") for kind in kinds)] == [
        "order",
        "hold",
        "confirm",
        "parcel",
    ]


def test_a_long_sentence_is_cut():
    assert cut("short") == "short"
    assert len(cut("x" * 1000)) == SENTENCE_MAX_CHARS
    assert cut("x" * 1000).endswith("…")


@given(events)
def test_a_link_that_can_be_passed_on_tells_neither_money_nor_words_of_people(given_events):
    shown = public(given_events)
    assert all(event.customer and event.kind in PUBLIC_KINDS for event in shown)
    assert {"payment", "invoice", "refund", "note", "scan", "hold"}.isdisjoint(PUBLIC_KINDS)


def test_a_link_that_can_be_passed_on_names_nobody():
    told = public([Event(NOON, "parcel", "Left.", "Anna", "1Z999", True)])
    assert told == [Event(NOON, "parcel", "Left.", "", "", True)]
