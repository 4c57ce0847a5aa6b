"""What EDIFACT and X12 have in common: envelopes with control numbers and counts, around messages of segments.

Pure syntax; what a segment means is for ``platforms/files``. Nothing here fails on any text: what cannot be read is a
:class:`Fault` of the interchange or the message that it is in, with the code in which the sender is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: More is no order file.
SEGMENTS_MAX = 200_000
#: Interchanges of one file; each can have separators of its own, and is cut out of what is left.
INTERCHANGES_MAX = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an interchange or a message is not taken.

    :param code: for the acknowledgement: EDIFACT's 0085, X12's 718 (transaction) or 716 (group).
    :param text: a sentence for a clerk.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Segment:
    """``elements`` are tuples of components; reading beyond them gives empty text."""

    tag: str
    elements: tuple[tuple[str, ...], ...]

    def get(self, element: int, component: int = 0) -> str:
        """The text of a component, both counted from 0 and after the tag; empty when there is none."""
        if element >= len(self.elements) or component >= len(self.elements[element]):
            return ""
        return self.elements[element][component].strip()

    def all(self, element: int) -> tuple[str, ...]:
        """The components of an element that say something."""
        if element >= len(self.elements):
            return ()
        return tuple(part for part in (text.strip() for text in self.elements[element]) if part)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an interchange.

    :param control: its reference (UNH 0062, ST02).
    :param kind: ``ORDERS``, ``850``.
    :param group: of the functional group that it is in: its reference (GS06), empty without one.
    :param segments: without those of the envelope.
    """

    control: str
    kind: str
    version: str
    segments: tuple[Segment, ...]
    group: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A functional group of X12 (GS … GE): what it holds, and how many it says that it holds."""

    control: str
    kind: str
    said: int
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Interchange:
    """One envelope.

    :param standard: ``edifact`` or ``x12``.
    :param sender: who sent it, as (id, qualifier).
    :param wants_ack: the sender asks for an acknowledgement (UNB 0031, ISA14).
    :param is_test: sent to try the connection out.
    :param fault: of the envelope: nothing in it is taken.
    """

    standard: str
    sender: tuple[str, str]
    receiver: tuple[str, str]
    control: str
    messages: tuple[Message, ...]
    groups: tuple[Group, ...] = ()
    is_test: bool = False
    wants_ack: bool = False
    decimal: str = "."
    fault: Fault | None = None


def cutter(mark: str, release: str = ""):
    """A function that cuts text at ``mark``, unless the release character stands before it.

    >>> cutter("+", "?")("a+b?+c+?")
    ['a', 'b?+c', '?']
    """
    if not mark:
        return lambda text: [text]
    if not release:
        return lambda text: text.split(mark)
    pattern = re.compile(
        rf"(?:[^{re.escape(mark)}{re.escape(release)}]+|{re.escape(release)}.|{re.escape(release)}$)*", re.S
    )

    def cut(text: str) -> list[str]:
        if release not in text:
            return text.split(mark)
        parts, start = [], 0
        while True:
            end = pattern.match(text, start).end()
            parts.append(text[start:end])
            if end >= len(text):
                return parts
            start = end + 1

    return cut


def unescape(text: str, release: str) -> str:
    """The text without its release characters.

    >>> unescape("4?'33??", "?")
    "4'33?"
    """
    if not release or release not in text:
        return text
    return re.sub(rf"{re.escape(release)}(.?)", r"\1", text, flags=re.S)


def escape(text: str, release: str, marks: str) -> str:
    """Text that can stand in a segment; line ends become blanks.

    >>> escape("4'33?", "?", "':+")
    "4?'33??"
    """
    flat = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    return "".join(f"{release}{letter}" if letter == release or letter in marks else letter for letter in flat)


def too_many(standard: str) -> Interchange:
    """What stands for all that is not read of a file of too many interchanges."""
    text = f"More than {INTERCHANGES_MAX} interchanges in one file: those after them were not read. Split it."
    return Interchange(standard, ("", ""), ("", ""), "", (), fault=Fault("13", text))


def fault_of_end(
    control: str, end: Segment | None, end_tag: str, count: int, what: str, codes: tuple[str, str, str]
) -> Fault | None:
    """What is wrong with how an interchange ends, if anything is.

    :param end: its last segment; None if it is cut off.
    :param count: how many of ``what`` (“messages”) are there.
    :param codes: for an interchange that is cut off, for one that ends as another, for a wrong count.
    """
    cut_off, other, wrong_count = codes
    if end is None:
        return Fault(
            cut_off,
            f"Interchange {control} has no end ({end_tag}): the file is cut off. Ask the sender to send it again.",
        )
    if end.get(1) != control:
        return Fault(other, f"Interchange {control} ends as {end.get(1)}: the file is damaged. Have it sent again.")
    if count_of(end.get(0)) != count:
        return Fault(
            wrong_count,
            f"Interchange {control} says that it holds {end.get(0)} {what}, and there are {count}. Something is missing; "
            "have it sent again.",
        )
    return None


def parts(
    segments: Sequence[Segment], line: str, summary: str
) -> tuple[list[Segment], list[list[Segment]], list[Segment]]:
    """(head, lines that each begin with the tag ``line``, summary from the tag ``summary`` on)"""
    head: list[Segment] = []
    lines: list[list[Segment]] = []
    end: list[Segment] = []
    part = head
    for segment in segments:
        if segment.tag == line:
            part = []
            lines.append(part)
        elif segment.tag == summary:
            part = end
        part.append(segment)
    return head, lines, end


def count_of(text: str) -> int:
    """A control count; -1 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else -1


def only(text: Sequence[str]) -> str:
    """The first that says something."""
    return next((part for part in text if part), "")
