"""What happened to an order, as sentences in the order of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

#: Kinds of event in the order in which they follow from each other, for those of one moment.
KINDS = (
    "order",
    "message",
    "change",
    "hold",
    "release",
    "decision",
    "confirm",
    "payment",
    "fulfilment",
    "parcel",
    "scan",
    "invoice",
    "return",
    "refund",
    "cancel",
    "note",
)

#: Kinds that whoever has the link of a mail may read: where the goods are, and neither money nor what people wrote.
PUBLIC_KINDS = frozenset({"order", "change", "confirm", "fulfilment", "parcel", "return", "cancel"})

#: A sentence is cut after this many characters: a timeline is read, not studied.
SENTENCE_MAX_CHARS = 400


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline.

    :param kind: one of ``KINDS``.
    :param who: whose doing it was, where it was a person.
    :param document: what to look at for more: the name of a transfer, an invoice, a return.
    :param customer: whether the customer may read it.
    """

    at: datetime
    kind: str
    sentence: str
    who: str = ""
    document: str = ""
    customer: bool = False


def arrange(events: Iterable[Event], customer: bool = False) -> list[Event]:
    """The events that may be read, the oldest first; what happened at one moment in the order of cause and effect.

    >>> noon = datetime(2026, 3, 2, 12)
    >>> [event.kind for event in arrange([Event(noon, "invoice", "Invoiced."), Event(noon, "order", "Ordered.")])]
    ['order', 'invoice']
    """
    ranks = {kind: rank for rank, kind in enumerate(KINDS)}
    readable = [event for event in events if event.customer or not customer]
    return sorted(readable, key=lambda event: (event.at, ranks.get(event.kind, len(KINDS)), event.sentence))


def public(events: Iterable[Event]) -> list[Event]:
    """Of the events for customers those that a link may show that can be passed on: nobody's name, no document.

    >>> noon = datetime(2026, 3, 2, 12)
    >>> public([Event(noon, "payment", "12 € paid.", customer=True), Event(noon, "parcel", "Left.", "Anna", "1Z9", True)])
    [Event(at=datetime.datetime(2026, 3, 2, 12, 0), kind='parcel', sentence='Left.', who='', document='', customer=True)]
    """
    told = [event for event in events if event.customer and event.kind in PUBLIC_KINDS]
    return [replace(event, who="", document="") for event in told]


def cut(sentence: str) -> str:
    """A sentence of bearable length."""
    return sentence if len(sentence) <= SENTENCE_MAX_CHARS else sentence[: SENTENCE_MAX_CHARS - 1].rstrip() + "…"
