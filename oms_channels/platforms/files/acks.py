"""Acknowledgements: what a partner is answered about an interchange (CONTRL, 997, TA1), and what it answers us."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...domain import edifact, x12
from ...domain.edi import Interchange, Message, count_of
from .render import Envelope

#: Kinds that acknowledge; nobody acknowledges those.
KINDS = ("CONTRL", "997", "999", "APERAK")
#: Action (EDIFACT 0083): this and what is below is refused; this is taken, see below; taken.
REFUSED, TAKEN = "4", "7"
#: Codes for a message whose content is refused (0085: invalid value; 718: segments in error).
CONTENT_EDIFACT, CONTENT_X12 = "12", "5"
#: 997 AK9 and AK5: taken.
ACCEPTED_X12 = ("A", "E", "P")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a partner says about an interchange of ours."""

    control: int
    is_accepted: bool
    text: str


def is_acknowledgement(interchange: Interchange) -> bool:
    return bool(interchange.messages) and all(message.kind in KINDS for message in interchange.messages)


def answer(interchange: Interchange, refused: Mapping[tuple[str, str], str]) -> str:
    """What is to be told about an interchange, as JSON; :func:`render` writes it.

    :param refused: {(group, control) of a message: why}
    """
    groups: dict[str, dict] = {}
    for group in interchange.groups:
        groups[group.control] = {
            "kind": group.kind,
            "said": group.said,
            "fault": group.fault.code if group.fault else "",
        }
    return json.dumps(
        {
            "control": interchange.control,
            "sender": interchange.sender,
            "receiver": interchange.receiver,
            "fault": (interchange.fault.code or "13") if interchange.fault else "",
            "groups": groups,
            "messages": [
                [
                    message.group,
                    message.control,
                    message.kind,
                    message.version,
                    "" if (message.group, message.control) not in refused else _code(message, interchange.standard),
                ]
                for message in interchange.messages
            ],
        }
    )


def _code(message: Message, standard: str) -> str:
    if message.fault and message.fault.code:
        return message.fault.code
    return CONTENT_EDIFACT if standard == "edifact" else CONTENT_X12


def render(standard: str, told: str, envelope: Envelope) -> bytes:
    """The acknowledgement as a file."""
    facts = json.loads(told)
    return _contrl(facts, envelope) if standard == "edifact" else _functional(facts, envelope)


def _contrl(facts: Mapping, envelope: Envelope) -> bytes:
    fault = facts["fault"]
    body = [
        edifact.segment(
            "UCI",
            facts["control"],
            facts["sender"],
            facts["receiver"],
            REFUSED if fault else TAKEN,
            *([fault] if fault else []),
        )
    ]
    if not fault:
        for _group, control, kind, version, code in facts["messages"]:
            directory, _mark, release = version.partition(".")
            body.append(
                edifact.segment(
                    "UCM",
                    control,
                    (kind, directory, release, "UN"),
                    REFUSED if code else TAKEN,
                    *([code] if code else []),
                )
            )
    return edifact.write(
        ("CONTRL", "D", "3", "UN"),
        body,
        envelope.own,
        envelope.partner,
        envelope.control,
        envelope.now,
        envelope.is_test,
    )


def _functional(facts: Mapping, envelope: Envelope) -> bytes:
    if facts["fault"] or not facts["groups"]:
        # TA1 stands in an interchange without groups; its number is that of the one it is about.
        body = [x12.segment("TA1", facts["control"], f"{envelope.now:%y%m%d}", f"{envelope.now:%H%M}", "R", "022")]
        whole = x12.write(
            "FA", "997", [], envelope.own, envelope.partner, envelope.control, envelope.now, envelope.is_test
        )
        head, *_rest, tail = whole.decode().strip().split("\r\n")
        return "\r\n".join([head, *body, tail.replace("IEA*1*", "IEA*0*"), ""]).encode()
    body: list[str] = []
    documents = []
    for group_control, group in facts["groups"].items():
        messages = [message for message in facts["messages"] if message[0] == group_control]
        accepted = [message for message in messages if not message[4]] if not group["fault"] else []
        documents.append(
            [
                x12.segment("AK1", group["kind"], group_control),
                *(
                    part
                    for _group, control, kind, _version, code in messages
                    for part in (
                        x12.segment("AK2", kind, control),
                        x12.segment("AK5", "R" if code else "A", code),
                    )
                ),
                x12.segment(
                    "AK9",
                    "A" if len(accepted) == len(messages) and not group["fault"] else "P" if accepted else "R",
                    str(group["said"]),
                    str(len(messages)),
                    str(len(accepted)),
                    group["fault"],
                ),
            ]
        )
    body = documents[0]
    whole = x12.write(
        "FA", "997", body, envelope.own, envelope.partner, envelope.control, envelope.now, envelope.is_test
    )
    if len(documents) == 1:
        return whole
    lines = whole.decode().strip().split("\r\n")
    end = lines.index(x12.segment("GE", "1", str(envelope.control)))
    more = []
    for at, document in enumerate(documents[1:], 2):
        more += [
            x12.segment("ST", "997", f"{at:04d}"),
            *document,
            x12.segment("SE", str(len(document) + 2), f"{at:04d}"),
        ]
    lines[end:end] = more
    ends = x12.segment("GE", "1", str(envelope.control))
    lines = [x12.segment("GE", str(len(documents)), str(envelope.control)) if line == ends else line for line in lines]
    return "\r\n".join([*lines, ""]).encode()


def answers(interchange: Interchange) -> Iterable[Answer]:
    """What a partner says about what we sent."""
    for message in interchange.messages:
        for segment in message.segments:
            if message.kind == "CONTRL" and segment.tag == "UCI":
                refusing = [
                    s for s in message.segments if s.tag in ("UCI", "UCM") and s.get(2 if s.tag == "UCM" else 3) == "4"
                ]
                codes = ", ".join(filter(None, (s.get(3 if s.tag == "UCM" else 4) for s in refusing)))
                yield Answer(count_of(segment.get(0)), not refusing, f"CONTRL {codes}".strip())
            elif message.kind in ("997", "999") and segment.tag == "AK1":
                result = next((s.get(0) for s in message.segments if s.tag == "AK9"), "")
                codes = ", ".join(
                    s.get(1) for s in message.segments if s.tag in ("AK5", "IK5") and s.get(0) not in ACCEPTED_X12
                )
                yield Answer(count_of(segment.get(1)), result in ACCEPTED_X12, f"997 {result} {codes}".strip())
