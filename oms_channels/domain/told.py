"""Returns and refunds that a platform tells apart from its orders: how they are kept as messages, and which of an order's lines
they are about. Pure.

The body of such a message is what the platform said, with what it is, whose it is and when it was read around it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem, RefundDoc, RefundLineDoc, ReturnDoc, ReturnLineDoc
from odoo.addons.oms_core.domain.money import round_to

from .adapter import Event, Reject

#: In a body: what kind of message it is. No platform has a field of this name.
KIND = "omsTold"
RETURN, REFUND = "return_told", "refund_told"
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ToldRefund:
    """The platform has given money back for an order, or is about to."""

    order_ref: str
    refund: RefundDoc
    parse_problems: tuple[Problem, ...] = ()

    def problems(self) -> list[Problem]:
        return list(self.parse_problems)


@dataclass(frozen=True, slots=True)
class ToldReturn:
    """How a return stands on the platform."""

    order_ref: str
    told: ReturnDoc
    parse_problems: tuple[Problem, ...] = ()

    def problems(self) -> list[Problem]:
        return list(self.parse_problems)


def pack(kind: str, told_ref: str, order_ref: str, payload: Any, read_at: datetime) -> bytes:
    """The body of a message about a return or a refund.

    :param payload: what the platform said of it; ``None``: that it is no more.
    """
    told = {KIND: kind, "id": told_ref, "order": order_ref, "readAt": read_at.isoformat(), "payload": payload}
    return json.dumps(told, separators=(",", ":"), default=str).encode()


def is_told(payload: Any) -> bool:
    return isinstance(payload, Mapping) and payload.get(KIND) in (RETURN, REFUND)


def event(body: bytes) -> Event | None:
    """What a body is about, if it is one of these. The key is of the content; when it was read is no part of it."""
    if KIND.encode() not in body[:40]:
        return None
    told = unpack(body)
    digest = hashlib.sha256(json.dumps(told["payload"], sort_keys=True, default=str).encode()).hexdigest()[:16]
    return Event(told[KIND], f"{told[KIND]}:{told['id'][:200].replace(chr(0), '')}:{digest}", told["order"])


def unpack(body: bytes) -> dict[str, Any]:
    """:raise Reject: for what is none of these."""
    try:
        told = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        told = None
    named = is_told(told) and isinstance(told.get("id"), str) and isinstance(told.get("order"), str)
    if not named or "payload" not in told:
        raise Reject("This tells of no return and of no refund. Dismiss it.")
    return told


def read_at(told: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(told.get("readAt"))).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def gone(told: Mapping[str, Any]) -> ToldReturn:
    """A return that the platform does not know any more."""
    return ToldReturn(told["order"], ReturnDoc(told["id"], "cancelled", told_at=read_at(told)))


# ---- Which lines ----


@dataclass(frozen=True, slots=True)
class Sold:
    """A line of an order, as far as something that comes back has to be recognised as it.

    :param names: all that the platform may call it by, beside its id.
    :param quantity: in the platform's units; :param total: without tax, :param tax: of the whole line.
    """

    line_id: str
    names: frozenset[str]
    quantity: Decimal
    total: Decimal
    tax: Decimal


def place_return(told: ReturnDoc, sold: Sequence[Sold]) -> ReturnDoc:
    """The return with its lines by the ids of the order. Where several lines are the same thing, the first take it; what fits
    nowhere stays as it was told, and is seen.

    >>> mug = Sold("1", frozenset({"MUG"}), Decimal(2), Decimal(20), Decimal(4))
    >>> told = ReturnDoc("r", "open", (ReturnLineDoc("", Decimal(1), refs=("MUG",)),))
    >>> [line.line_id for line in place_return(told, [mug]).lines]
    ['1']
    """
    lines: list[ReturnLineDoc] = []
    left = {one.line_id: one.quantity for one in sold}
    for line in told.lines:
        rest = line.quantity
        for one in _named(line, sold):
            taken = min(rest, left[one.line_id])
            if taken > 0:
                left[one.line_id] -= taken
                rest -= taken
                lines.append(replace(line, line_id=one.line_id, quantity=taken))
        if rest > 0:
            # More than was sold: said of the line that it is about.
            known = next(iter(_named(line, sold)), None)
            lines.append(replace(line, line_id=known.line_id if known else line.line_id, quantity=rest))
    return replace(told, lines=tuple(lines))


def place_refund(told: RefundDoc, sold: Sequence[Sold], step: Decimal = CENT) -> RefundDoc:
    """The refund with its lines by the ids of the order, and what the platform leaves out worked out from what was sold:

    * the pieces, where the amount is that of a whole number of them to the cent; else only money came back, and no pieces,
    * the tax inside an amount of which the platform does not tell it, in the proportion of the line.

    :param step: the smallest amount of the currency.
    """
    lines = []
    for line in told.lines:
        one = next(iter(_named(line, sold)), None)
        lines.append(_complete(replace(line, line_id=one.line_id), one, step) if one else line)
    return replace(told, lines=tuple(lines))


def in_turn(refs: Iterable[str], size: int, turn: int) -> list[str]:
    """So many of these, others at each turn, so that all are asked for when there are more than one turn can ask.

    >>> [in_turn("abcde", 2, turn) for turn in range(3)]
    [['a', 'b'], ['c', 'd'], ['e', 'a']]
    """
    ordered = sorted(refs)
    start = turn * size % len(ordered) if ordered else 0
    return (ordered[start:] + ordered[:start])[:size]


def _complete(line: RefundLineDoc, one: Sold, step: Decimal) -> RefundLineDoc:
    gross, whole = line.amount + line.tax, one.total + one.tax
    if not line.refs or whole <= 0 or one.quantity <= 0:
        return line
    if not line.tax and one.tax:
        tax = round_to(gross * one.tax / whole, step)
        line = replace(line, amount=gross - tax, tax=tax)
    pieces = (gross * one.quantity / whole).to_integral_value()
    exact = 0 < pieces <= one.quantity and abs(whole * pieces / one.quantity - gross) < step
    return replace(line, quantity=pieces if exact else ZERO)


def _named(line: ReturnLineDoc | RefundLineDoc, sold: Iterable[Sold]) -> list[Sold]:
    """The lines that it may be about: by its id, else by whatever else it is called."""
    by_id = [one for one in sold if line.line_id and one.line_id == line.line_id]
    return by_id or [one for one in sold if one.names & set(line.refs)]
