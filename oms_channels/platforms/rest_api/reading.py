"""Reads JSON by the tables of :mod:`.shapes`; whatever is wrong is told with the path to it. Nothing fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from odoo.addons.oms_core.domain.documents import Problem

from ...domain.reader import IDENTIFIER_MAX, clean, decimal_of, is_empty, is_number, moment_of, quote
from .shapes import SHAPES, Field

#: Rows of one list that are read; more of them are no order.
ROWS_MAX = 2000
AGAIN = "Correct it and send the order again."


def read(shape: str, payload: Any, path: str, problems: list[Problem]) -> dict[str, Any]:
    """The values of a shape by the names of its fields: text, ``Decimal`` or ``None``, moment or ``None``, bool, a dict or
    ``None``, a list of dicts. The key ``@`` holds the path.

    :param path: to the object, without a dot at its end; empty for the outermost.
    :param problems: added to.
    """
    values: dict[str, Any] = {"@": path}
    before = f"{path}." if path else ""
    get = payload.get
    for field in SHAPES[shape]:
        values[field.name] = READERS[field.kind](field, get(field.name), before, problems)
    return values


def unknown(shape: str, payload: Any, path: str = "", limit: int = 20) -> list[str]:
    """Paths of fields that no table knows: read by nobody, and often a slip of the keyboard."""
    if not isinstance(payload, Mapping):
        return []
    known = {field.name: field for field in SHAPES[shape]}
    before = f"{path}." if path else ""
    found = [f"{before}{quote(name)}" for name in payload if name not in known]
    for name, field in known.items():
        value = payload.get(name)
        if field.of and len(found) < limit:
            rows = value if field.kind == "list" and isinstance(value, list) else [value]
            for index, row in enumerate(rows[:ROWS_MAX]):
                place = f"{before}{name}[{index}]" if field.kind == "list" else f"{before}{name}"
                found += unknown(field.of, row, place, limit)
    return found[:limit]


def complain(problems: list[Problem], code: str, path: str, what: str, advice: str = AGAIN) -> None:
    problems.append(Problem(code, f"{path}: {what}. {advice}"))


def _missing(field: Field, before: str, problems: list[Problem], code: str) -> None:
    if field.required:
        complain(problems, code, f"{before}{field.name}", "is missing")


def _text(field: Field, value: Any, before: str, problems: list[Problem]) -> str:
    if value.__class__ is str:
        if text := clean(value):
            return text
    elif value is not None:
        if is_number(value) and abs(value) < IDENTIFIER_MAX:
            return format(value, "f") if not isinstance(value, int) else str(value)
        if not is_empty(value) or value is False:
            complain(problems, "bad_text", f"{before}{field.name}", f"{quote(value)} is no text")
            return ""
    _missing(field, before, problems, "bad_text")
    return ""


def _number(field: Field, value: Any, before: str, problems: list[Problem]) -> Any:
    if value is None or value == "":
        _missing(field, before, problems, "bad_amount")
        return None
    number = decimal_of(value)
    if number is None:
        advice = "Write it with a decimal point and without spaces, as 12.50, and send the order again."
        complain(problems, "bad_amount", f"{before}{field.name}", f"“{quote(value)}” is no number", advice)
    return number


def _moment(field: Field, value: Any, before: str, problems: list[Problem]) -> Any:
    if value is None or value == "":
        _missing(field, before, problems, "bad_date")
        return None
    moment = moment_of(value) if isinstance(value, str) else None
    if moment is None:
        advice = "Write it as 2026-03-02T10:00:00Z, and send the order again."
        complain(problems, "bad_date", f"{before}{field.name}", f"“{quote(value)}” is no date and time", advice)
    return moment


def _flag(field: Field, value: Any, before: str, problems: list[Problem]) -> bool:
    if value is not None and not isinstance(value, bool):
        complain(problems, "bad_text", f"{before}{field.name}", f"“{quote(value)}” is neither true nor false")
    return value is True


def _choice(field: Field, value: Any, before: str, problems: list[Problem]) -> str:
    if value is None or value == "":
        return field.choices[0]
    if isinstance(value, str) and value in field.choices:
        return value
    words = ", ".join(filter(None, field.choices))
    complain(problems, "bad_choice", f"{before}{field.name}", f"“{quote(value)}” is none of {words}")
    return field.choices[0]


def _object(field: Field, value: Any, before: str, problems: list[Problem]) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return read(field.of, value, f"{before}{field.name}", problems)
    if value is not None:
        complain(problems, "bad_text", f"{before}{field.name}", f"“{quote(value)}” is no object")
    return None


def _list(field: Field, value: Any, before: str, problems: list[Problem]) -> list[dict[str, Any]]:
    path = f"{before}{field.name}"
    if not isinstance(value, list):
        if value is not None:
            complain(problems, "bad_line", path, f"“{quote(value)}” is no list")
        return []
    if len(value) > ROWS_MAX:
        complain(problems, "bad_line", path, f"{len(value)} entries are more than {ROWS_MAX}", "Split the order.")
    rows = []
    for index, row in enumerate(value[:ROWS_MAX]):
        if isinstance(row, Mapping):
            rows.append(read(field.of, row, f"{path}[{index}]", problems))
        else:
            complain(problems, "bad_line", f"{path}[{index}]", f"“{quote(row)}” is no object")
    return rows


READERS = {
    "text": _text,
    "id": _text,
    "number": _number,
    "moment": _moment,
    "flag": _flag,
    "choice": _choice,
    "object": _object,
    "list": _list,
}
