"""ACC, N7: an order's books are judged by its history; a fault is told in as few events as show it."""

import doctest
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.oms_core.domain import books
from odoo.addons.oms_core.domain.books import Event, Fault, as_test, faults, is_whole, shortest


def D(number):
    return Decimal(str(number))


def _life(line="A", pieces=2, back=0, way="card"):
    """A healthy order line of so many pieces at 20 and 4 of tax, cost 10, of which some came back."""
    price, tax, cost = D(20), D(4), D(10)
    paid, given = (price + tax) * pieces, (price + tax) * back
    events = [
        Event(f"line-{line}", "ordered", line=line, quantity=D(pieces), tax=tax * pieces),
        Event(f"tx-{line}", "captured", way=way, amount=paid),
        Event(f"entry-{line}", "posted", of=f"tx-{line}", amount=paid, needs=(f"tx-{line}",)),
        Event(f"out-{line}", "shipped", line=line, quantity=D(pieces), cost=cost * pieces, needs=(f"line-{line}",)),
        Event(
            f"invoice-{line}",
            "invoiced",
            line=line,
            quantity=D(pieces),
            amount=price * pieces,
            tax=tax * pieces,
            cost=cost * pieces,
            needs=(f"line-{line}", f"out-{line}"),
        ),
    ]
    if back:
        events += [
            Event(f"in-{line}", "returned", line=line, quantity=D(back), cost=cost * back, needs=(f"out-{line}",)),
            Event(
                f"note-{line}",
                "credited",
                line=line,
                of=f"invoice-{line}",
                quantity=D(back),
                amount=price * back,
                tax=tax * back,
                cost=cost * back,
                needs=(f"invoice-{line}", f"in-{line}"),
            ),
            Event(f"back-{line}", "refunded", way=way, amount=given, needs=(f"tx-{line}",)),
            Event(f"back-entry-{line}", "posted", of=f"back-{line}", amount=given, needs=(f"back-{line}",)),
        ]
    return events


HEALTHY = _life("A", 3, 1) + _life("B", 2, 2) + _life("C", 1, way="gift card")


def _changed(name, **values):
    return [replace(event, **values) if event.id == name else event for event in HEALTHY]


def _twice(name):
    return [*HEALTHY, replace(next(event for event in HEALTHY if event.id == name), id=f"{name}-again")]


#: {what was done to a healthy history: (the history, the fault)}
FAULTS = {
    "a payment is not booked": ([e for e in HEALTHY if e.id != "entry-A"], Fault("missing", "tx-A")),
    "a payment is booked twice": (_twice("entry-A"), Fault("doubled", "tx-A")),
    "an entry books nothing that happened": (
        [*HEALTHY, Event("ghost", "posted", of="gone", amount=D(9))],
        Fault("orphan", "ghost"),
    ),
    "an entry was edited": (_changed("entry-B", amount=D(1)), Fault("edited", "entry-B")),
    "money went back twice": (
        [
            *_twice("back-B"),
            Event("x", "posted", of="back-B-again", amount=D(48)),
            *[replace(e, id=e.id + "-3", of="") for e in HEALTHY if e.id == "back-B"],
        ],
        Fault("refunds", "card"),
    ),
    "too much came back": (_changed("in-B", quantity=D(5)), Fault("quantities", "B")),
    "a parcel was invoiced twice": (_twice("invoice-A"), Fault("quantities", "A")),
    "a credit note stands twice": (_twice("note-B"), Fault("quantities", "B")),
    "an invoice has another tax": (_changed("invoice-A", tax=D("6.00")), Fault("taxes", "A")),
    "an invoice has another cost": (_changed("invoice-C", cost=D("11")), Fault("costs", "C")),
    "a credit note takes back another cost": (_changed("note-A", cost=D("25")), Fault("reversed_cost", "note-A")),
    "two numbers differ": (
        [*HEALTHY, Event("c", "compared", code="balanced", amount=D(5), other=D(4))],
        Fault("balanced", "c"),
    ),
}


def test_a_healthy_history_is_silent():
    assert faults(HEALTHY) == set()
    assert is_whole(HEALTHY)


def test_each_fault_is_seen_and_told_in_few_events_of_which_none_comes_from_nowhere():
    for name, (history, fault) in FAULTS.items():
        assert fault in faults(history), name
        short = shortest(history, fault)
        assert 1 <= len(short) <= 10, name
        assert fault in faults(short), name
        assert is_whole(short), name
        assert is_whole(history), name
        assert not any(
            is_whole(rest) and fault in faults(rest)
            for rest in (short[:place] + short[place + 1 :] for place in range(len(short)))
            if rest
        ), name


def test_a_cost_that_was_corrected_is_what_left():
    dearer = [
        replace(e, cost=D(33)) if e.id == "out-A" else replace(e, cost=D(11)) if e.id == "in-A" else e for e in HEALTHY
    ]
    assert faults(dearer) == {Fault("costs", "A")}
    assert faults([*dearer, Event("more", "corrected", line="A", cost=D(2))]) == set()


def test_a_refund_that_is_too_much_is_told_with_what_was_taken():
    history, fault = FAULTS["money went back twice"]
    assert {event.kind for event in shortest(history, fault)} == {"captured", "refunded"}


def test_what_a_history_does_not_show_has_no_short_one():
    assert shortest(HEALTHY, Fault("refunds", "card")) == ()


def test_a_part_of_a_line_has_its_share_of_the_tax_to_the_cent():
    ordered = Event("l", "ordered", line="A", quantity=D(3), tax=D("1.00"))
    parts = [
        Event(str(n), "invoiced", line="A", quantity=D(1), tax=D(tax)) for n, tax in enumerate(("0.33", "0.34", "0.33"))
    ]
    out = Event("o", "shipped", line="A", quantity=D(3))
    for some in (parts[:1], parts[:2], parts):
        assert faults([ordered, out, *some]) == set()


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5), st.sampled_from(["card", "gift card"])), max_size=6))
def test_lives_that_go_right_are_silent_whatever_they_are(lives):
    events = []
    for number, (pieces, back, way) in enumerate(lives):
        events += _life(str(number), pieces, min(back, pieces), way)
    assert faults(events) == set()


@given(st.sampled_from(sorted(FAULTS)), st.randoms(use_true_random=False))
def test_equal_histories_in_another_order_have_the_same_faults(name, random):
    history, _fault = FAULTS[name]
    shuffled = list(history)
    random.shuffle(shuffled)
    assert faults(shuffled) == faults(history)


def test_an_event_survives_being_written_down():
    for event in HEALTHY:
        event = replace(event, document=("sale.order", 7, "S7"))
        assert Event.from_json(event.to_json()) == event


def test_an_exported_test_runs_and_shows_the_fault():
    for sentence in ('It says "no"', 'A \\ and """ quotes', "Plain."):
        for history, fault in FAULTS.values():
            world = {}
            exec(compile(as_test(sentence, shortest(history, fault), fault), "exported", "exec"), world)
            world["test_the_fault_is_seen"]()


def test_the_examples_in_the_documentation_are_true():
    assert doctest.testmod(books).failed == 0
