"""Small parts of English sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

#: More names than this are counted instead of listed: the sentence must fit one line of a screen.
NAMES_MAX = 4


def listed(names: Iterable[str], last: str = " and ") -> str:
    """Names in a row, each once, in their order; a long row ends in a count.

    >>> listed(["Mug", "Chair", "Lamp"])
    'Mug, Chair and Lamp'
    >>> listed("ABCDEF")
    'A, B, C and 3 more'
    """
    names = list(dict.fromkeys(names))
    if len(names) > NAMES_MAX:
        return f"{', '.join(names[: NAMES_MAX - 1])} and {len(names) - NAMES_MAX + 1} more"
    return last.join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def counted(number: int, noun: str) -> str:
    """
    >>> counted(1, "site"), counted(3, "site")
    ('1 site', '3 sites')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def kilometres(distance_km: float) -> str:
    """Whole kilometres; a merchant has no use for metres."""
    return f"{distance_km:.0f} km" if distance_km >= 1 else "less than 1 km"


def plain(quantity: Decimal) -> str:
    """
    >>> plain(Decimal("10.00")), plain(Decimal("0.50"))
    ('10', '0.5')
    """
    return f"{quantity.normalize():f}"


def money(amount: Decimal) -> str:
    """Two decimals, as on a bill.

    >>> money(Decimal("6.2")), money(Decimal("0.005"))
    ('6.20', '0.00')
    """
    return f"{amount:.2f}"


def canonical(value: Any) -> Any:
    """A value as lists, strings and numbers, the same for equal values whatever the order of sets and mappings.

    >>> canonical({"b": Decimal("2.00"), "a": frozenset({3})})
    [['a', [3]], ['b', '2']]
    """
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if names := _names(type(value)):
        return [canonical(getattr(value, name)) for name in names]
    if isinstance(value, Mapping):
        return sorted(([canonical(key), canonical(one)] for key, one in value.items()), key=str)
    if isinstance(value, (set, frozenset)):
        return sorted((canonical(one) for one in value), key=str)
    if isinstance(value, (list, tuple)):
        return [canonical(one) for one in value]
    return str(value)


@cache
def _names(cls: type) -> tuple[str, ...]:
    """The fields of a dataclass; of another class none."""
    return tuple(one.name for one in fields(cls)) if is_dataclass(cls) else ()
