"""Inputs of a decision as JSON, and back: what was looked at is kept, so that anybody can plan it again later.

The same value always gives the same JSON. Whatever occurs more than once (the price steps of a service that many nodes
offer, say) is written once. What has its default value is left out, so that a field that is new in a later version does
not make old records unreadable; and a field that is gone since is passed over.

A value is ``null``, a boolean, an integer, a text, or a list whose first entry tells what it is::

    ["d", "2.50"]  Decimal        ["f", "45.76"]  float      ["t", "2026-11-20T10:00:00"]  datetime
    ["l", …]       tuple          ["s", …]        frozenset  ["m", [key, value], …]         mapping
    ["q", …]       Quantities     ["Node", {…}]   a dataclass of this package               ["r", 7]  part 7
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any

from odoo.addons.oms_core.domain.quantities import Quantities

from . import model, snapshot, tariff
from . import policy as policies
from .decision import Decision
from .model import Demand
from .policy import Policy
from .snapshot import Snapshot

#: Raised when old records can no longer be read by the code below.
FORMAT = 1

#: Characters below which a value is written where it stands, though it may occur again.
SHORT = 24


def record(demand: Demand, snapshot: Snapshot, policy: Policy) -> dict:
    """The inputs of one decision as plain JSON. Give it a snapshot of what the demand wants, and no more."""
    writer = _Writer()
    root = [writer.put(value) for value in (demand, snapshot, policy)]
    return {"format": FORMAT, "root": root, "parts": writer.parts}


def restore(recorded: Mapping[str, Any]) -> tuple[Demand, Snapshot, Policy]:
    """What was recorded, equal to what it was.

    :raises ValueError: if it was recorded in a format that is not known any more.
    """
    if recorded.get("format") != FORMAT:
        raise ValueError(f"recorded in format {recorded.get('format')}; this version reads format {FORMAT}")
    parts: list[Any] = []
    for part in recorded["parts"]:  # a part refers only to parts before it
        parts.append(_read(part, parts))
    demand, snapshot, of_policy = (_read(value, parts) for value in recorded["root"])
    return demand, snapshot, of_policy


def digest(decision: Decision) -> str:
    """SHA-256 over everything that a decision says: equal only if it is the same, bit for bit."""
    told = (decision.sentence, decision.candidates, decision.snapshot_hash)
    return sha256(repr((decision, told)).encode()).hexdigest()


# --- writing ---------------------------------------------------------------------------------------------------------


class _Writer:
    def __init__(self) -> None:
        self.parts: list[Any] = []
        self._places: dict[str, int] = {}

    def put(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, Decimal):
            return ["d", str(value)]
        if isinstance(value, float):
            return ["f", repr(value)]
        if isinstance(value, datetime):
            return ["t", value.isoformat()]
        if isinstance(value, date):
            return ["day", value.isoformat()]
        if isinstance(value, timedelta):
            return ["span", value.days, value.seconds, value.microseconds]
        return self._part(self._composite(value))

    def _composite(self, value: Any) -> list:
        if isinstance(value, Mapping):
            kind = "q" if isinstance(value, Quantities) else "m"
            pairs = sorted(value.items(), key=lambda pair: repr(pair[0]))
            return [kind, *([self.put(key), self.put(entry)] for key, entry in pairs)]
        if isinstance(value, tuple | list):
            return ["l", *map(self.put, value)]
        if isinstance(value, frozenset | set):
            return ["s", *map(self.put, sorted(value, key=repr))]
        if type(value).__name__ not in _classes():
            raise TypeError(f"{type(value).__name__} cannot be recorded: {value!r}")
        kept = {}
        for name, default in _defaults(type(value)):
            entry = getattr(value, name)
            # Zero with three decimals is equal to zero, but not the same bit for bit.
            if entry is not default and (default is MISSING or entry != default or repr(entry) != repr(default)):
                kept[name] = self.put(entry)
        return [type(value).__name__, kept]

    def _part(self, written: list) -> list:
        """A reference to ``written``, which stands among the parts once; what is short is not worth one."""
        text = _text(written)
        if len(text) < SHORT:
            return written
        place = self._places.get(text)
        if place is None:
            place = self._places[text] = len(self.parts)
            self.parts.append(written)
        return ["r", place]


#: The text by which equal parts are found.
_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


# --- reading ---------------------------------------------------------------------------------------------------------


def _read(value: Any, parts: list[Any]) -> Any:
    if not isinstance(value, list):
        return value
    kind, *rest = value
    match kind:
        case "r":
            return parts[rest[0]]
        case "d":
            return Decimal(rest[0])
        case "f":
            return float(rest[0])
        case "t":
            return datetime.fromisoformat(rest[0])
        case "day":
            return date.fromisoformat(rest[0])
        case "span":
            return timedelta(*rest)
        case "l":
            return tuple(_read(entry, parts) for entry in rest)
        case "s":
            return frozenset(_read(entry, parts) for entry in rest)
        case "m":
            return {_read(key, parts): _read(entry, parts) for key, entry in rest}
        case "q":
            return Quantities([(_read(key, parts), _read(entry, parts)) for key, entry in rest])
    cls = _classes().get(kind)
    if cls is None:
        raise ValueError(f"recorded with a {kind}, which this version does not know")
    known = {name for name, _default in _defaults(cls)}
    return cls(**{name: _read(entry, parts) for name, entry in rest[0].items() if name in known})


# --- the classes -----------------------------------------------------------------------------------------------------


@cache
def _classes() -> dict[str, type]:
    """The dataclasses that inputs are made of, by name."""
    modules = (model, snapshot, tariff, policies)
    found = (cls for module in modules for cls in vars(module).values() if isinstance(cls, type) and is_dataclass(cls))
    return {cls.__name__: cls for cls in found}


@cache
def _defaults(cls: type) -> tuple[tuple[str, Any], ...]:
    """The fields that one makes an object with, each with its default; ``MISSING`` where it has to be given."""
    return tuple(
        (field.name, field.default if field.default_factory is MISSING else field.default_factory())
        for field in fields(cls)
        if field.init
    )
