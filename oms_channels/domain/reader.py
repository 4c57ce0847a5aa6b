"""Tolerant reading of foreign JSON.

A shop may send anything: plug-ins drop keys, turn lists into objects and numbers into words. Reading never fails; what
cannot be understood becomes a :class:`Problem` and an empty value, and the document as a whole decides what follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem

#: Beyond these an amount is no money, and Decimal arithmetic (28 digits) would no longer be exact.
DIGITS_MAX = 15
DECIMALS_MAX = 20
#: Numbers longer than this are no identifiers; Python refuses to print the longest.
IDENTIFIER_MAX = 10**30
QUOTED_MAX = 40

#: What is nothing when it is empty. PHP cannot tell an empty object from an empty list, and answers ``false`` for "none".
EMPTY = (str, list, dict)


@dataclass(slots=True)  # not frozen: there are some hundred for each order, and making a frozen one takes twice as long
class Reader:
    """A JSON object and the way to it. Never changed.

    :param label: what a clerk would call it (``Order 1017``, ``Line “Mug”``).
    :param problems: shared by all readers of a document, and added to.
    """

    fields: Mapping[str, Any]
    label: str | _RowLabel
    problems: list[Problem]

    def text(self, *keys: str) -> str:
        """The first of ``keys`` that says something, as text that a database can store."""
        for key in keys:
            value = self.fields.get(key)
            if value is None:
                continue
            if value.__class__ is str:
                # As ``clean``, without a call: most of an order is such text.
                if text := value.strip() if value.isascii() and "\0" not in value else clean(value):
                    return text
            elif is_number(value) and abs(value) < IDENTIFIER_MAX:
                return format(value, "f") if isinstance(value, Decimal) else str(value)
            elif not is_empty(value):
                self._complain("bad_text", key, "text")
        return ""

    def identifier(self, *keys: str) -> str:
        """As :meth:`text`; zero means "none" too."""
        return next((value for value in map(self.text, keys) if value != "0" and value), "")

    def number(self, key: str) -> Decimal:
        """A finite number of sensible size; a problem and zero if there is none."""
        value = decimal_of(self.fields.get(key))
        if value is None:
            self._complain("bad_amount", key, "number")
            return ZERO
        return value

    def number_or_none(self, key: str) -> Decimal | None:
        """As :meth:`number`, but leaving it out is no problem."""
        value = self.fields.get(key)
        if value is None:
            return None
        number = decimal_of(value)
        return self.number(key) if number is None and not is_empty(value) else number

    def moment(self, *keys: str) -> datetime | None:
        """The first of ``keys`` that holds an ISO 8601 date and time, in UTC; one without an offset *is* in UTC."""
        for key in keys:
            value = self.fields.get(key)
            if is_empty(value):
                continue
            moment = moment_of(value)
            if moment:
                return moment
            self._complain("bad_date", key, "date")
        return None

    def nested(self, key: str) -> Reader:
        """The object at ``key``; an empty one if there is none."""
        value = self.fields.get(key)
        if type(value) is not dict and not isinstance(value, Mapping):
            if not is_empty(value):
                self._complain("bad_text", key, "group of fields")
            value = {}
        return Reader(value, self.label, self.problems)

    def rows(self, key: str, label: str) -> Iterator[Reader]:
        """The objects in the list at ``key``, each labelled ``label`` and what it calls itself.

        An object of objects counts as a list: that is what PHP makes of a list with a gap.
        """
        value = self.fields.get(key)
        if value.__class__ is not list and isinstance(value, Mapping):
            value = list(value.values())
        if not isinstance(value, list):
            if not is_empty(value):
                self._complain("bad_line", key, "list")
            return
        for index, row in enumerate(value, 1):
            if row.__class__ is dict or isinstance(row, Mapping):
                yield Reader(row, _RowLabel(label, row, index), self.problems)
            else:
                self.complain("bad_line", f"number {index} of “{key}” is {quote(row)}, not a line")

    def complain(self, code: str, what: str) -> None:
        """Note a problem: ``what`` goes on where the label leaves off."""
        self.problems.append(Problem(code, f"{self.label}: {what}. Correct the order in the shop and send it again."))

    def _complain(self, code: str, key: str, wanted: str) -> None:
        if is_empty(self.fields.get(key)):
            self.complain(code, f"“{key}” is missing")
        else:
            self.complain(code, f"“{key}” is {quote(self.fields[key])}, which is no {wanted}")


class _RowLabel:
    """What a row is called, found out when somebody asks: hardly any row is ever complained of."""

    __slots__ = ("index", "label", "row")

    def __init__(self, label: str, row: Mapping[str, Any], index: int):
        self.label, self.row, self.index = label, row, index

    def __str__(self) -> str:
        names = (self.row.get(key) for key in ("name", "label", "id"))
        return f"{self.label} “{quote(next((name for name in names if isinstance(name, str | int)), self.index))}”"


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and (Decimal(value)).is_finite()


def is_empty(value: Any) -> bool:
    return value is None or value is False or (not value and value.__class__ in EMPTY)


def quote(value: Any) -> str:
    text = clean(str(value)) if isinstance(value, (str, int, float, Decimal)) else type(value).__name__
    return text if len(text) <= QUOTED_MAX else f"{text[:QUOTED_MAX]}…"


def clean(text: str) -> str:
    # PostgreSQL stores neither NUL nor half of a surrogate pair; JSON can carry both. Most text has neither.
    if text.isascii() and "\0" not in text:
        return text.strip()
    return text.replace("\0", "").encode("utf-8", "replace").decode().strip()


def decimal_of(value: Any) -> Decimal | None:
    kind = value.__class__
    try:
        if kind is Decimal:
            number = value
        elif kind is str:
            number = Decimal(value.strip())
        elif kind is int:
            number = Decimal(value)
        elif kind is float:
            number = Decimal(repr(value))
        else:
            return None
    except InvalidOperation:
        return None
    if not number.is_finite() or number.adjusted() >= DIGITS_MAX:
        return None
    # Text of few characters cannot have too many decimals, unless it has an exponent.
    if kind is int or (kind is str and len(value) <= DECIMALS_MAX and "e" not in value and "E" not in value):
        return number
    return None if number.as_tuple().exponent < -DECIMALS_MAX else number


def moment_of(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))
        # An offset can push the first and the last day of the calendar over its edge.
        return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
