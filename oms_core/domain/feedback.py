"""What a customer says after the delivery: read from a form that anybody may have filled in, and when it is too late.

>>> read({"stars": "4", "words": " Fine. ", "remark_7": "A scratch"}, {7, 8})
Said(stars=4, words='Fine.', remarks=((7, 'A scratch'),))
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

STARS = range(1, 6)

#: Up to so many stars, somebody looks into it.
LOW = 2

#: Characters of what is said about the whole, and about one product.
WORDS_MAX = 2_000
REMARK_MAX = 300

#: How often, and for how long after the first time, a customer may think otherwise.
CHANGES_MAX = 5
CHANGE_DAYS = 14


class Unclear(ValueError):
    """A form that says nothing that could be kept. The text is the code of the reason: ``stars`` or ``line``."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a customer says of an order.

    :param remarks: (order line, words) of the products that something is said about.
    """

    stars: int
    words: str = ""
    remarks: tuple[tuple[int, str], ...] = ()

    @property
    def is_low(self) -> bool:
        return self.stars <= LOW


def read(form: Mapping[str, object], lines: Collection[int]) -> Said:
    """What a form says about an order with these lines.

    :raise Unclear: without stars, or about what is no part of the order.
    """
    stars = form.get("stars")
    if not isinstance(stars, str) or stars not in {str(number) for number in STARS}:
        raise Unclear("stars")
    known = {str(line): line for line in lines}
    remarks = {}
    for name, value in form.items():
        if not name.startswith("remark_") or not (text := clean(value, REMARK_MAX)):
            continue
        line = known.get(name.removeprefix("remark_"))
        if line is None:
            raise Unclear("line")
        remarks[line] = text
    return Said(int(stars), clean(form.get("words"), WORDS_MAX), tuple(sorted(remarks.items())))


def clean(value: object, size: int) -> str:
    """What somebody typed: printable, not longer than that, its lines kept. What is no text (a file) says nothing.

    >>> clean(" a\\r\\nb\\x00 ", 10)
    'a\\nb'
    """
    if not isinstance(value, str):
        return ""
    lines = value[: size * 4].splitlines()
    kept = ("".join(char for char in line if char.isprintable()).strip() for line in lines)
    return "\n".join(kept).strip()[:size]


def why_closed(first_at: datetime | None, changes: int, now: datetime) -> str:
    """Why nothing can be said any more: ``often``, ``late``; empty while it can.

    >>> why_closed(datetime(2026, 1, 1), 0, datetime(2026, 1, 20))
    'late'
    """
    if first_at is None:
        return ""
    if now - first_at > timedelta(days=CHANGE_DAYS):
        return "late"
    return "often" if changes >= CHANGES_MAX else ""


def show(stars: int) -> str:
    """
    >>> show(4)
    '★★★★☆'
    """
    return "★" * stars + "☆" * (STARS[-1] - stars) if stars in STARS else ""
