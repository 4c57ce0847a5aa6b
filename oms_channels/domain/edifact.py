"""UN/EDIFACT, ISO 9735: from text to segments and envelopes, and back.

Syntax versions 1 to 4 as orders use them. The service characters come from UNA, else they are the standard's. Line ends are
not part of the text (files are wrapped at 80 columns), unless one is the terminator.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from .edi import (
    INTERCHANGES_MAX,
    SEGMENTS_MAX,
    Fault,
    Interchange,
    Message,
    Segment,
    count_of,
    cutter,
    escape,
    fault_of_end,
    too_many,
    unescape,
)

#: Syntax identifier (UNB S001) → Python's name of its letters.
LETTERS = {
    "UNOA": "latin-1",  # ASCII by the standard; what is beyond it is common, and meant so
    "UNOB": "latin-1",
    "UNOC": "latin-1",
    "UNOD": "iso8859_2",
    "UNOE": "iso8859_5",
    "UNOF": "iso8859_7",
    "UNOG": "iso8859_3",
    "UNOH": "iso8859_4",
    "UNOI": "iso8859_6",
    "UNOJ": "iso8859_8",
    "UNOK": "iso8859_9",
    "UNOW": "utf-8",
    "UNOX": "latin-1",
    "UNOY": "utf-8",
}


@dataclass(frozen=True, slots=True)
class Service:
    """The characters that separate (UNA)."""

    component: str = ":"
    element: str = "+"
    decimal: str = "."
    release: str = "?"
    terminator: str = "'"


def looks_like(data: bytes) -> bool:
    """Whether a file is EDIFACT."""
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:3] == b"UNA" or (start[:3] == b"UNB" and start[3:4] not in (b"", b";", b","))


def decode(data: bytes) -> str:
    """The text, by the letters that its first UNB names. Never fails."""
    head = data.removeprefix(b"\xef\xbb\xbf")
    at = head.find(b"UNB")
    name = head[at + 4 : at + 8].decode("latin-1") if at >= 0 else ""
    text = head.decode(LETTERS.get(name, "utf-8"), "replace")
    if LETTERS.get(name) == "latin-1":
        # Many write UTF-8 under the name of another; no text of Latin 1 is valid UTF-8 by accident.
        with suppress(UnicodeDecodeError):
            text = head.decode("utf-8")
    return text


def read(data: bytes) -> list[Interchange]:
    """All interchanges of a file, in their order.

    >>> text = b"UNB+UNOA:3+S+R+261101:1200+7'UNH+1+ORDERS:D:96A:UN'BGM+220+X'UNT+3+1'UNZ+1+7'"
    >>> [interchange] = read(text)
    >>> interchange.control, interchange.messages[0].segments[0].get(1), interchange.fault
    ('7', 'X', None)
    """
    segments, service, is_whole = _segments(decode(data))
    found: list[Interchange] = []
    inside: list[Segment] = []
    for segment in segments:
        if segment.tag == "UNB" and inside:
            found.append(_interchange(inside, service))
            inside = []
        if inside or segment.tag == "UNB":
            inside.append(segment)
        if segment.tag == "UNZ" and inside:
            found.append(_interchange(inside, service))
            inside = []
    if inside:
        found.append(_interchange(inside, service))
    return found if is_whole and len(found) <= INTERCHANGES_MAX else [*found[:INTERCHANGES_MAX], too_many("edifact")]


def _segments(text: str) -> tuple[list[Segment], Service, bool]:
    """(the segments, the last service characters, whether that is all of it)"""
    service, found, rest, parts = Service(), [], text.lstrip(), 0
    # A file can hold several interchanges, each with service characters of its own.
    while rest and len(found) < SEGMENTS_MAX and parts < INTERCHANGES_MAX:
        parts += 1
        if rest.startswith("UNA") and len(rest) >= 9:
            service = Service(rest[3], rest[4], rest[5], "" if rest[6] == " " else rest[6], rest[8])
            rest = rest[9:]
        chunk, rest = _until_next(rest, service)
        found += _cut(chunk, service)
    return found[:SEGMENTS_MAX], service, not rest and len(found) <= SEGMENTS_MAX


def _until_next(text: str, service: Service) -> tuple[str, str]:
    """(text with these service characters, the rest, which begins with UNA)"""
    stop = text.find("UNA", 1)
    while stop > 0:
        before = text[:stop].rstrip("\r\n\t ")
        if before.endswith(service.terminator) and not (service.release and before[:-1].endswith(service.release)):
            return text[:stop], text[stop:]
        stop = text.find("UNA", stop + 3)
    return text, ""


def _cut(text: str, service: Service) -> Iterable[Segment]:
    if service.terminator not in "\r\n":
        text = text.replace("\r", "").replace("\n", "")
    by_segment = cutter(service.terminator, service.release)
    by_element, by_component = cutter(service.element, service.release), cutter(service.component, service.release)
    for part in by_segment(text):
        part = part.strip()
        if not part:
            continue
        tag, *elements = by_element(part)
        yield Segment(
            by_component(tag)[0].strip(),
            tuple(tuple(unescape(item, service.release) for item in by_component(element)) for element in elements),
        )


def _interchange(segments: Sequence[Segment], service: Service) -> Interchange:
    head, tail = segments[0], segments[-1] if segments[-1].tag == "UNZ" else None
    control = head.get(4)
    inner = segments[1:-1] if tail else segments[1:]
    messages = tuple(_messages([segment for segment in inner if segment.tag not in ("UNG", "UNE")]))
    groups = sum(1 for segment in inner if segment.tag == "UNG")
    if not control:
        fault = Fault("13", "The interchange has no control reference (UNB). Ask the sender to send it again.")
    else:
        fault = fault_of_end(
            control, tail, "UNZ", groups or len(messages), "groups" if groups else "messages", ("13", "28", "29")
        )
    return Interchange(
        standard="edifact",
        sender=(head.get(1), head.get(1, 1)),
        receiver=(head.get(2), head.get(2, 1)),
        control=control,
        messages=messages,
        is_test=head.get(10) == "1",
        wants_ack=head.get(8) == "1",
        decimal=service.decimal,
        fault=fault,
    )


def _messages(segments: Sequence[Segment]) -> Iterable[Message]:
    start = None
    for index, segment in enumerate(segments):
        if segment.tag == "UNH":
            if start is not None:
                yield _message(segments[start:index], None)
            start = index
        elif segment.tag == "UNT" and start is not None:
            yield _message(segments[start:index], segment)
            start = None
    if start is not None:
        yield _message(segments[start:], None)


def _message(segments: Sequence[Segment], tail: Segment | None) -> Message:
    head = segments[0]
    control, fault = head.get(0), None
    if tail is None:
        fault = Fault("13", f"Message {control} has no end (UNT). Ask the sender to send it again.")
    elif tail.get(1) != control:
        fault = Fault("28", f"Message {control} ends as {tail.get(1)}. Ask the sender to send it again.")
    elif count_of(tail.get(0)) != len(segments) + 1:
        fault = Fault(
            "29",
            f"Message {control} says that it has {tail.get(0)} segments, and there are {len(segments) + 1}. Something is "
            "missing; ask the sender to send it again.",
        )
    return Message(control, head.get(1), f"{head.get(1, 1)}.{head.get(1, 2)}", tuple(segments[1:]), "", fault)


# ---- Writing ----


def segment(tag: str, *elements) -> str:
    """A segment as text; an element is a text or a sequence of components, empty ends are left out.

    >>> segment("NAD", "DP", ("4000001", "", "9"), "", "O'Neill + Sons")
    "NAD+DP+4000001::9++O?'Neill ?+ Sons'"
    """
    service = Service()
    marks = service.component + service.element + service.terminator
    parts = []
    for element in elements:
        components = (element,) if isinstance(element, str) else tuple(element)
        told = [escape(_latin(component), service.release, marks) for component in components]
        while told and not told[-1]:
            told.pop()
        parts.append(service.component.join(told))
    while parts and not parts[-1]:
        parts.pop()
    return service.element.join([tag, *parts]) + service.terminator


def _latin(text: str) -> str:
    """Text in the letters of UNOC. What it lacks loses its accent, or becomes a point: a question mark would release what
    comes after it.

    >>> _latin("Łódź, Małgorzata, 東")
    '.ódz, Ma.gorzata, .'
    """
    if text.isascii():
        return text
    found = []
    for letter in text:
        if ord(letter) < 256:
            found.append(letter)
        else:
            base = unicodedata.normalize("NFKD", letter)[0]
            found.append(base if ord(base) < 256 else ".")
    return "".join(found)


def write(
    kind: Sequence[str],
    body: Sequence[str],
    sender: tuple[str, str],
    receiver: tuple[str, str],
    control: int,
    now: datetime,
    is_test: bool = False,
) -> bytes:
    """An interchange of one message.

    :param kind: what UNH says of it: ``("DESADV", "D", "96A", "UN", "EAN005")``.
    :param body: segments, as :func:`segment` writes them.
    """
    head = segment(
        "UNB",
        ("UNOC", "3"),
        sender,
        receiver,
        (f"{now:%y%m%d}", f"{now:%H%M}"),
        str(control),
        *(["", "", "", "", "", "1"] if is_test else []),
    )
    parts = [
        "UNA:+.? '",
        head,
        segment("UNH", "1", kind),
        *body,
        segment("UNT", str(len(body) + 2), "1"),
        segment("UNZ", "1", str(control)),
    ]
    return "\r\n".join(parts).encode("latin-1", "replace") + b"\r\n"
