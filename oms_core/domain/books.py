"""What must be true of an order's books whatever has happened, judged by a history of events and nothing else.

The auditor looks for faults with queries over all documents. What it finds is told again here as a short list of events:
small enough to read, to shrink and to run as a test without a database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal

from .shrink import shrink

ZERO = Decimal(0)
CENT = Decimal("0.01")

#: What can happen, in the order of cause and effect. ``compared`` is two numbers that have to be the same, and ``noted`` what is
#: true of a document however its numbers are: who made it, and who changed it.
KINDS = (
    "ordered",
    "captured",
    "shipped",
    "invoiced",
    "corrected",
    "returned",
    "credited",
    "refunded",
    "posted",
    "noted",
    "compared",
)

#: Value of goods is kept in full precision and booked in cents: for each entry so much may be between the two.
COST_TOLERANCE = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    :param id: names it among the events of a history.
    :param at: when, ISO 8601.
    :param document: (model, id, name) of where a person sees it.
    :param line: of the order, where it is about one.
    :param way: how the money came or went.
    :param of: the event that this one books or takes back.
    :param code: for ``compared``: which check it belongs to; ``amount`` and ``other`` have to be the same.
    :param quantity: pieces, always positive.
    :param amount: money, positive in the direction of its kind; without tax for what is invoiced or credited.
    :param cost: of the goods: for transfers the value that they moved, for invoices what was booked; for what was corrected since
        how much more, or less.
    :param needs: events without which this one could not have happened.
    """

    id: str
    kind: str
    text: str = ""
    at: str = ""
    document: tuple[str, int, str] | tuple[()] = ()
    line: str = ""
    way: str = ""
    of: str = ""
    code: str = ""
    quantity: Decimal = ZERO
    amount: Decimal = ZERO
    other: Decimal = ZERO
    tax: Decimal = ZERO
    cost: Decimal = ZERO
    needs: tuple[str, ...] = ()

    def to_json(self) -> dict:
        """Only what is said; numbers as text, so that none is rounded."""
        return {
            name: str(value) if isinstance(value, Decimal) else list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value or name in ("id", "kind")
        }

    @classmethod
    def from_json(cls, values: dict) -> Event:
        """
        >>> event = Event("a", "captured", amount=Decimal("24.00"), needs=("b",))
        >>> Event.from_json(event.to_json()) == event
        True
        """
        kinds = {field.name: field.type for field in fields(cls)}

        def read(name, value):
            if kinds[name] == "Decimal":
                return Decimal(value)
            return tuple(value) if isinstance(value, list) else value

        return cls(**{name: read(name, value) for name, value in values.items() if name in kinds})


@dataclass(frozen=True, slots=True)
class Fault:
    """:param subject: what is wrong: a line of the order, a way of paying, or the id of an event."""

    code: str
    subject: str


def faults(events: Sequence[Event]) -> set[Fault]:
    """Everything that is wrong with a history.

    >>> taken = Event("tx", "captured", amount=Decimal(24))
    >>> faults([taken])
    {Fault(code='missing', subject='tx')}
    >>> faults([taken, Event("entry", "posted", of="tx", amount=Decimal(24))])
    set()
    """
    return {fault for judge in JUDGES for fault in judge(events)}


def is_whole(events: Sequence[Event]) -> bool:
    """Whether nothing happened without what it needs."""
    known = {event.id for event in events}
    return all(known.issuperset(event.needs) for event in events)


def shortest(events: Sequence[Event], fault: Fault) -> tuple[Event, ...]:
    """The shortest history that still shows a fault, and in which nothing comes from nowhere; empty where these events do
    not show it at all."""
    if fault not in faults(events):
        return ()
    return shrink(events, lambda part: is_whole(part) and fault in faults(part)) if is_whole(events) else tuple(events)


# --------------------------------------------------------------------------------------------------------------- JUDGES


def _of_kind(events: Sequence[Event], *kinds: str) -> Iterator[Event]:
    return (event for event in events if event.kind in kinds)


def _sums(events: Sequence[Event], kind: str, by: Callable, what: str = "quantity") -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for event in _of_kind(events, kind):
        sums[by(event)] += getattr(event, what)
    return sums


def _line(event: Event) -> str:
    return event.line


def _judge_postings(events: Sequence[Event]) -> Iterator[Fault]:
    """Money that came or went is booked once, with its amount; and what is booked has happened."""
    happened = {event.id: event for event in _of_kind(events, "captured", "refunded")}
    posted = defaultdict(list)
    for event in _of_kind(events, "posted"):
        posted[event.of].append(event)
        if event.of not in happened:
            yield Fault("orphan", event.id)
        elif event.amount != happened[event.of].amount:
            yield Fault("edited", event.id)
    for key in happened:
        if len(posted[key]) != 1:
            yield Fault("doubled" if posted[key] else "missing", key)


def _judge_quantities(events: Sequence[Event]) -> Iterator[Fault]:
    """Nothing comes back that has not left, nothing is credited that was not invoiced, nor invoiced beyond what was sold."""
    sums = {kind: _sums(events, kind, _line) for kind in ("ordered", "shipped", "returned", "invoiced", "credited")}
    for line in {event.line for event in events if event.line}:
        sold = max(sums["ordered"][line], sums["shipped"][line])
        if (
            sums["returned"][line] > sums["shipped"][line]
            or sums["credited"][line] > sums["invoiced"][line]
            or sums["invoiced"][line] > sold
        ):
            yield Fault("quantities", line)


def _judge_refunds(events: Sequence[Event]) -> Iterator[Fault]:
    """No more goes back in a way than came in it."""
    captured = _sums(events, "captured", lambda event: event.way, "amount")
    refunded = _sums(events, "refunded", lambda event: event.way, "amount")
    for way, amount in refunded.items():
        if amount > captured[way]:
            yield Fault("refunds", way)


def _judge_taxes(events: Sequence[Event]) -> Iterator[Fault]:
    """The invoices over a line carry the tax that the channel charged for it, each its share."""
    lines = {event.line: event for event in _of_kind(events, "ordered")}
    quantities, taxes = _sums(events, "invoiced", _line), _sums(events, "invoiced", _line, "tax")
    for line, ordered in lines.items():
        if not quantities[line] or not ordered.quantity:
            continue
        due = ordered.tax * quantities[line] / ordered.quantity
        tolerance = ZERO if quantities[line] == ordered.quantity else CENT
        if abs(taxes[line] - due) > tolerance:
            yield Fault("taxes", line)


def _judge_costs(events: Sequence[Event]) -> Iterator[Fault]:
    """What was booked as cost is the value of what left and did not come back, once all of it is booked; and a credit note
    takes the cost back at which its goods were booked."""
    kinds = ("shipped", "returned", "invoiced", "corrected", "credited")
    quantity = {kind: _sums(events, kind, _line) for kind in kinds}
    cost = {kind: _sums(events, kind, _line, "cost") for kind in kinds}
    for line in {event.line for event in _of_kind(events, "invoiced") if event.cost}:
        settled = all(
            quantity[one][line] == quantity[other][line]
            for one, other in (("shipped", "invoiced"), ("returned", "credited"))
        )
        booked = cost["invoiced"][line] + cost["corrected"][line] - cost["credited"][line]
        moved = cost["shipped"][line] - cost["returned"][line]
        entries = sum(1 for event in _of_kind(events, "invoiced", "credited") if event.line == line)
        if settled and abs(booked - moved) > entries * COST_TOLERANCE:
            yield Fault("costs", line)
    by_id = {event.id: event for event in _of_kind(events, "invoiced")}
    for event in _of_kind(events, "credited"):
        origin = by_id.get(event.of)
        if origin and origin.quantity and event.quantity:
            due = origin.cost * event.quantity / origin.quantity
            if abs(event.cost - due) > COST_TOLERANCE:
                yield Fault("reversed_cost", event.id)


def _judge_comparisons(events: Sequence[Event]) -> Iterator[Fault]:
    for event in _of_kind(events, "compared"):
        if event.amount != event.other:
            yield Fault(event.code, event.line or event.id)


JUDGES = (_judge_postings, _judge_quantities, _judge_refunds, _judge_taxes, _judge_costs, _judge_comparisons)


# --------------------------------------------------------------------------------------------------------------- EXPORT


def as_test(sentence: str, events: Sequence[Event], fault: Fault) -> str:
    """A test file that shows a fault without a database."""
    rows = "".join(f"    {_as_code(event)},\n" for event in events)
    return (
        f"{_as_docstring(sentence)}\n\nfrom decimal import Decimal\n\n"
        "from odoo.addons.oms_core.domain.books import Event, Fault, faults\n\n"
        f"EVENTS = (\n{rows})\n\n\n"
        "def test_the_fault_is_seen():\n"
        f"    assert {fault!r} in faults(EVENTS)\n"
    )


def _as_code(event: Event) -> str:
    said = ((field.name, getattr(event, field.name)) for field in fields(event))
    return f"Event({', '.join(f'{name}={value!r}' for name, value in said if value)})"


def _as_docstring(sentence: str) -> str:
    safe = sentence.replace("\\", "\\\\").replace('"""', "'''").strip()
    return f'"""{safe}{" " if safe.endswith(chr(34)) else ""}"""'
