"""What happened to an order, as sentences in the order of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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
    "invoice",
    "return",
    "refund",
    "cancel",
    "note",
)

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


def cut(sentence: str) -> str:
    """A sentence of bearable length."""
    return sentence if len(sentence) <= SENTENCE_MAX_CHARS else sentence[: SENTENCE_MAX_CHARS - 1].rstrip() + "…"
