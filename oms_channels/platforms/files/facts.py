"""What a file holds, whatever its format: orders as facts (see ``parse.py``), and what of it was not understood."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from odoo.addons.oms_core.domain.documents import FATAL_PROBLEMS, OrderDoc

from ...domain.adapter import Reject
from ...domain.edi import Interchange
from . import parse, verify


@dataclass(frozen=True, slots=True)
class Settings:
    """What a channel knows about its files that they do not say themselves.

    :param name: of the file.
    :param received_at: when it came: files do not tell when an order changed, so a later file is the newer state.
    :param columns: name of a column (as ``table.name_key``) → field, or empty for one that is not read.
    :param tax_rate: of lines that say nothing of tax, in percent.
    :param partner, own: identifiers between which interchanges are expected; empty for any.
    """

    name: str = ""
    received_at: datetime | None = None
    currency: str = ""
    tax_rate: str = ""
    tax_included: bool = False
    dates: str = ""
    decimal: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    partner: str = ""
    own: str = ""


@dataclass(frozen=True, slots=True)
class Bad:
    """:param row: its number as a spreadsheet shows it; 0 for the file, or a message of an interchange.
    :param number: of the order that it belongs to, as far as known.
    :param is_change: the sender wants that order changed, and a person has to do it."""

    row: int
    reason: str
    number: str = ""
    is_change: bool = False


class Change(Reject):
    """The sender wants an order changed and names only what is different, which is not read.

    :param told: what the message calls itself.
    :param whole: how the whole order is told instead.
    """

    def __init__(self, number: str, told: str, whole: str):
        super().__init__(
            f"Order {number}: the sender wants it changed and names only what is different ({told}), which is not read. Nothing "
            f"was changed. Change the order here as the message says, or ask the sender for the whole order ({whole})."
        )
        self.number = number


@dataclass(frozen=True, slots=True)
class Piece:
    """One order of a file: the message that is made of it.

    :param rows: the rows that it was in.
    :param warnings: with which it is taken, and held.
    """

    number: str
    kind: str
    key: str
    body: bytes
    rows: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    summary: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """
    :param columns: (name in the file, field or empty) of a table.
    :param interchanges: of an EDI file, each with the messages that were refused: {(group, control): reason}.
    """

    format: str
    pieces: tuple[Piece, ...] = ()
    bad: tuple[Bad, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    rows: int = 0
    interchanges: tuple[tuple[Interchange, Mapping[tuple[str, str], str]], ...] = ()


def number_text(value: Any) -> str:
    """A ``Decimal`` as text without exponent."""
    return format(value, "f")


def prune(facts: Any) -> Any:
    """The facts without what is empty, so that what a file leaves out and what it leaves empty is the same."""
    if isinstance(facts, Mapping):
        return {key: kept for key, value in facts.items() if (kept := prune(value)) not in ("", None, {}, [])}
    if isinstance(facts, list):
        return [prune(item) for item in facts]
    return facts


def piece(facts: Mapping[str, Any], settings: Settings, rows: Sequence[int] = (), **source: Any) -> Piece:
    """The message of one order.

    :raises Reject: when it cannot become an order at all; the text says why.
    """
    told = prune(facts)
    told["source"] = prune(
        {
            "file": settings.name,
            "rows": f"{rows[0]}–{rows[-1]}" if rows else "",
            "received_at": settings.received_at.isoformat() if settings.received_at else "",
            **source,
        }
    )
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    event = verify.read_event({}, body)
    document = parse.body(event.kind, body)
    problems = document.problems()
    if fatal := [problem.message for problem in problems if problem.code in FATAL_PROBLEMS]:
        raise Reject(" ".join(fatal))
    summary = ""
    if isinstance(document, OrderDoc):
        who = document.shipping.company or document.shipping.name or document.customer_ref
        pieces = sum(line.quantity for line in document.lines if line.kind == "product")
        summary = (
            f"{len(document.lines)} lines, {pieces:f} pieces, {document.total:f} {document.currency}, {who}".rstrip(
                ", "
            )
        )
    return Piece(
        number=document.external_id,
        kind=event.kind,
        key=event.key,
        body=body,
        rows=tuple(rows),
        warnings=tuple(problem.message for problem in problems),
        summary=summary,
    )
