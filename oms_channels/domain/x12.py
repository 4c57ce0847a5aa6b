"""ANSI ASC X12: from text to segments and envelopes, and back.

The separators come from the ISA segment of each interchange: the character after ``ISA``, the one element of ISA16 and the
one after it. Line ends are not part of the text, unless one is the terminator.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .edi import (
    INTERCHANGES_MAX,
    SEGMENTS_MAX,
    Fault,
    Group,
    Interchange,
    Message,
    Segment,
    count_of,
    fault_of_end,
    too_many,
)

#: Elements of ISA and how wide each is: it is the only segment of fixed length.
ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Separators:
    element: str = "*"
    component: str = ">"
    terminator: str = "~"


def looks_like(data: bytes) -> bool:
    """Whether a file is X12."""
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:3] == b"ISA" and not start[3:4].isalnum()


def decode(data: bytes) -> str:
    """The text: UTF-8 if it is, else Latin 1. Never fails."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read(data: bytes) -> list[Interchange]:
    """All interchanges of a file, each with separators of its own."""
    text, found = decode(data), []
    rest = text[text.find("ISA") :] if "ISA" in text else ""
    while rest:
        if len(found) >= INTERCHANGES_MAX:
            found.append(too_many("x12"))
            break
        separators, rest = _separators(rest)
        if separators is None:
            found.append(
                Interchange(
                    "x12",
                    ("", ""),
                    ("", ""),
                    "",
                    (),
                    fault=Fault("", "The first segment (ISA) is cut off. Have it sent again."),
                )
            )
            break
        segments, rest = _take(rest, separators)
        found.append(_interchange(segments))
        at = rest.find("ISA")
        rest = rest[at:] if at >= 0 else ""
    return found


def _separators(text: str) -> tuple[Separators | None, str]:
    """(the separators, the text without line ends that are none of it)"""
    mark = text[3:4]
    parts = text[:400].split(mark, 16) if mark else []
    last = parts[16].lstrip("\r\n") if len(parts) == 17 else ""
    if not last:
        return None, ""
    component, after = last[0], last[1:]
    terminator = after[:1] or "\n"
    if terminator in "\r\n":
        # The terminator, or a line that was wrapped right before it.
        beyond = after.lstrip("\r\n")
        terminator = "\n" if not beyond or beyond[0].isalnum() else beyond[0]
    if terminator == "\n":
        return Separators(mark, component, terminator), text.replace("\r\n", "\n").replace("\r", "\n")
    return Separators(mark, component, terminator), text.replace("\r", "").replace("\n", "")


def _take(text: str, separators: Separators) -> tuple[list[Segment], str]:
    """(the segments of one interchange, what comes after it)"""
    found: list[Segment] = []
    start = 0
    while start < len(text) and len(found) < SEGMENTS_MAX:
        end = text.find(separators.terminator, start)
        end = len(text) if end < 0 else end
        part = text[start:end].strip()
        if found and part.startswith("ISA" + separators.element):
            return found, text[start:]
        start = end + 1
        if not part:
            continue
        tag, *elements = part.split(separators.element)
        is_head = tag == "ISA"
        found.append(
            Segment(
                tag.strip(),
                tuple((item,) if is_head else tuple(item.split(separators.component)) for item in elements),
            )
        )
        if tag == "IEA":
            break
    return found, text[start:]


def _interchange(segments: Sequence[Segment]) -> Interchange:
    head = segments[0]
    tail = segments[-1] if segments[-1].tag == "IEA" else None
    control = head.get(12)
    groups, messages = _groups(segments[1:-1] if tail else segments[1:])
    if not control:
        fault = Fault("", "The interchange has no control number (ISA13). Ask the sender to send it again.")
    else:
        fault = fault_of_end(control, tail, "IEA", len(groups), "groups", ("", "", ""))
    return Interchange(
        standard="x12",
        sender=(head.get(5), head.get(4)),
        receiver=(head.get(7), head.get(6)),
        control=control,
        messages=tuple(messages),
        groups=tuple(groups),
        is_test=head.get(14) == "T",
        wants_ack=head.get(13) == "1",
        fault=fault,
    )


def _groups(segments: Sequence[Segment]) -> tuple[list[Group], list[Message]]:
    groups: list[Group] = []
    messages: list[Message] = []
    head: Segment | None = None
    start: int | None = None
    first = 0

    def close(tail: Segment | None) -> None:
        nonlocal head
        control, count = head.get(5), len(messages) - first
        fault = None
        if tail is None:
            fault = Fault("3", f"Group {control} has no end (GE). Ask the sender to send it again.")
        elif tail.get(1) != control:
            fault = Fault("4", f"Group {control} ends as {tail.get(1)}. Ask the sender to send it again.")
        elif count_of(tail.get(0)) != count:
            fault = Fault(
                "5",
                f"Group {control} says that it holds {tail.get(0)} documents, and there are {count}. Have it sent again.",
            )
        groups.append(Group(control, head.get(0), max(count_of(tail.get(0)) if tail else 0, 0), fault))
        head = None

    def end(index: int, tail: Segment | None) -> None:
        nonlocal start
        messages.append(_message(segments[start:index], tail, head))
        start = None

    for index, segment in enumerate(segments):
        if start is not None and segment.tag in ("ST", "GE", "GS"):
            end(index, None)
        if segment.tag == "GS":
            if head is not None:
                close(None)
            head, first = segment, len(messages)
        elif segment.tag == "GE" and head is not None:
            close(segment)
        elif segment.tag == "ST":
            start = index
        elif segment.tag == "SE" and start is not None:
            end(index, segment)
    if start is not None:
        end(len(segments), None)
    if head is not None:
        close(None)
    return groups, messages


def _message(segments: Sequence[Segment], tail: Segment | None, group: Segment | None) -> Message:
    head = segments[0]
    control, fault = head.get(1), None
    if group is None:
        fault = Fault("", f"Document {control} is in no group (GS). Ask the sender to send it again.")
    elif tail is None:
        fault = Fault("2", f"Document {control} has no end (SE). Ask the sender to send it again.")
    elif tail.get(1) != control:
        fault = Fault("3", f"Document {control} ends as {tail.get(1)}. Ask the sender to send it again.")
    elif count_of(tail.get(0)) != len(segments) + 1:
        fault = Fault(
            "4",
            f"Document {control} says that it has {tail.get(0)} segments, and there are {len(segments) + 1}. Something is "
            "missing; ask the sender to send it again.",
        )
    version = group.get(7) if group else ""
    return Message(control, head.get(0), version, tuple(segments[1:]), group.get(5) if group else "", fault)


# ---- Writing ----


def segment(tag: str, *elements: str) -> str:
    """A segment as text. X12 has no release character: what would separate becomes a blank.

    >>> segment("N1", "ST", "Mug * Sons", "", "")
    'N1*ST*Mug   Sons~'
    """
    told = [re.sub(r"[\x00-\x1f\x7f*>~^]", " ", element) for element in elements]
    while told and not told[-1].strip():
        told.pop()
    return "*".join([tag, *told]) + "~"


def write(
    group: str,
    kind: str,
    body: Sequence[str],
    sender: tuple[str, str],
    receiver: tuple[str, str],
    control: int,
    now: datetime,
    is_test: bool = False,
) -> bytes:
    """An interchange of one document, version 004010. Interchange and group have the same control number.

    :param group: its functional identifier: ``SH`` for an 856, ``IB`` for an 846, ``FA`` for a 997.
    """
    values = (
        *("00", "", "00", ""),
        *(sender[1] or "ZZ", sender[0], receiver[1] or "ZZ", receiver[0]),
        *(f"{now:%y%m%d}", f"{now:%H%M}", "U", "00401", f"{control % 10**9:09d}", "0", "T" if is_test else "P", ">"),
    )
    head = "*".join(
        [
            "ISA",
            *(
                re.sub(r"[*~]", " ", value)[:width].ljust(width)
                for value, width in zip(values, ISA_WIDTHS, strict=True)
            ),
        ]
    )
    parts = [
        f"{head}~",
        segment("GS", group, sender[0], receiver[0], f"{now:%Y%m%d}", f"{now:%H%M}", str(control), "X", "004010"),
        segment("ST", kind, "0001"),
        *body,
        segment("SE", str(len(body) + 2), "0001"),
        segment("GE", "1", str(control)),
        segment("IEA", "1", f"{control % 10**9:09d}"),
    ]
    return "\r\n".join(parts).encode("utf-8", "replace") + b"\r\n"
