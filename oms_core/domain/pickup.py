"""Goods that the customer comes for: until when they are kept, when to remind, and who may take them."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

#: Without characters that people take for one another (0 and O, 1, I and L, 2 and Z, 5 and S, 8 and B, U and V).
CODE_ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
CODE_LENGTH = 6

#: So many wrong codes in a row close the counter for so long.
CODE_TRIES_MAX = 5
CODE_LOCK_MINUTES = 15

#: A store that is closed longer than this is closed for good as far as counting is concerned.
CLOSED_DAYS_MAX = 90


def pickup_by(ready_on: date, days: int, is_open: Callable[[date], bool]) -> date:
    """The last day on which the goods are kept: ``days`` days after they are ready, counting only days the store is open.

    Ready on Saturday the 5th, two days, closed on Sundays: Tuesday the 8th. Were it open on Sundays: Monday the 7th.

    >>> pickup_by(date(2026, 12, 5), 2, lambda day: day.weekday() != 6)
    datetime.date(2026, 12, 8)
    >>> pickup_by(date(2026, 12, 5), 2, lambda day: True)
    datetime.date(2026, 12, 7)

    Where a store does not open for a whole quarter, closed days count too: no customer waits for a typing error.
    """
    day, left, closed = ready_on, max(days, 0), 0
    while left:
        day += timedelta(days=1)
        closed = 0 if is_open(day) else closed + 1
        if not closed or closed > CLOSED_DAYS_MAX:
            left -= 1
    return day


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done today about goods that wait.

    :param reminder: the number of the reminder to send, counted from 1; 0 for none.
    """

    reminder: int = 0
    expired: bool = False


def due(today: date, ready_on: date, keep_until: date, reminder_days: Sequence[int], reminded: int) -> Due:
    """Reminders on the configured days after the goods were ready; on the day after the last one, the end.

    Only the latest reminder is sent when a job has slept over several, and none twice.

    >>> due(date(2026, 12, 8), date(2026, 12, 5), date(2026, 12, 12), [3, 5], 0)
    Due(reminder=1, expired=False)
    >>> due(date(2026, 12, 8), date(2026, 12, 5), date(2026, 12, 12), [3, 5], 1)
    Due(reminder=0, expired=False)
    >>> due(date(2026, 12, 13), date(2026, 12, 5), date(2026, 12, 12), [3, 5], 2)
    Due(reminder=0, expired=True)
    """
    if today > keep_until:
        return Due(expired=True)
    passed = sum(1 for days in reminder_days if today >= ready_on + timedelta(days=days))
    return Due(reminder=passed if passed > reminded else 0)


def read_days(text: str) -> list[int]:
    """Days as an administrator writes them, in order.

    >>> read_days(" 5, 3 ,3")
    [3, 5]

    :raises ValueError: for what is no list of days between 1 and 365.
    """
    days = sorted({int(part) for part in (text or "").replace(";", ",").split(",") if part.strip()})
    if any(not 1 <= day <= 365 for day in days):
        raise ValueError(text)
    return days


def make_code(choice: Callable[[str], str]) -> str:
    """A new code. ``choice`` picks a character, in life ``secrets.choice``."""
    return "".join(choice(CODE_ALPHABET) for _position in range(CODE_LENGTH))


def normalise(code: str) -> str:
    """What somebody typed, as it was meant: ``" k7m-4qx "`` is ``K7M4QX``."""
    return "".join(character for character in (code or "").upper() if character.isalnum())[: 4 * CODE_LENGTH]


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a wrong code was tried in a row, and until when no more are heard."""

    failures: int = 0
    locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until


def check_code(expected: str, given: str, tries: Tries, now: datetime) -> tuple[bool, Tries]:
    """Whether the code is right, and the tries after it. While it is locked not even the right one is.

    The comparison takes the same time wherever the codes differ.
    """
    if tries.is_locked(now):
        return False, tries
    if expected and hmac.compare_digest(expected.encode(), normalise(given).encode()):
        return True, Tries()
    failures = tries.failures + 1
    if failures >= CODE_TRIES_MAX:
        return False, Tries(0, now + timedelta(minutes=CODE_LOCK_MINUTES))
    return False, Tries(failures)
