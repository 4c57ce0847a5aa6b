"""On which days something that repeats is due.

Days, not moments: a change of clocks moves nothing. Each occurrence is counted from the start, never from the one before,
so that a month with 28 days does not make all later ones the 28th.

>>> monthly = Plan(date(2026, 1, 31), 1, "month", anchor_day=31)
>>> [nth(monthly, index).isoformat() for index in range(3)]
['2026-01-31', '2026-02-28', '2026-03-31']
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

UNITS = ("day", "week", "month")

#: A period longer than this is a slip of the keyboard.
EVERY_MAX = {"day": 366, "week": 52, "month": 24}


@dataclass(frozen=True, slots=True)
class Plan:
    """Every how many days, weeks or months, from when on.

    :param anchor_day: of plans in months, the day of the month; the last day of months that are shorter.
    :param until: the last day on which something may be due.
    """

    start: date
    every: int
    unit: str
    anchor_day: int = 0
    until: date | None = None

    def __post_init__(self):
        if self.unit not in UNITS:
            raise ValueError(f"unknown unit {self.unit!r}")
        if not 1 <= self.every <= EVERY_MAX[self.unit]:
            raise ValueError(f"every {self.every} {self.unit}")


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done today.

    :param create: days for which an order is due, oldest first.
    :param missed: days that passed and are let go.
    :param next_day: when the next one is due; ``None`` when there is none.
    """

    create: tuple[date, ...]
    missed: tuple[date, ...]
    next_day: date | None


def nth(plan: Plan, index: int) -> date:
    """The day of the occurrence with a number; the first is 0, and never before the start."""
    if plan.unit == "month":
        months = plan.start.year * 12 + plan.start.month - 1
        if _day_in(months, plan.anchor_day or plan.start.day) < plan.start:
            months += 1
        return _day_in(months + index * plan.every, plan.anchor_day or plan.start.day)
    return plan.start + timedelta(days=index * plan.every * (7 if plan.unit == "week" else 1))


def on_or_after(plan: Plan, day: date) -> date | None:
    """The first occurrence on a day or later; ``None`` when the plan has ended by then."""
    if plan.unit == "month":
        index = ((day.year - plan.start.year) * 12 + day.month - plan.start.month) // plan.every - 1
    else:
        index = (day - plan.start).days // (plan.every * (7 if plan.unit == "week" else 1))
    index = max(index, 0)
    while (found := nth(plan, index)) < day:
        index += 1
    return found if plan.until is None or found <= plan.until else None


def due(plan: Plan, next_day: date, today: date, *, catch_up_all: bool, limit: int, left: int | None = None) -> Due:
    """What a subscription whose next day is ``next_day`` has to do today.

    After a standstill, only the latest of the days that passed is made up for, or all of them, ``limit`` at most: nobody
    wants five parcels of coffee at once because a server was down, and some want just that.

    :param left: how many more there may be; ``None`` for no end.
    """
    days = list(_between(plan, next_day, today))
    wanted = days[-limit:] if catch_up_all else days[-1:]
    if left is not None:
        wanted = wanted[: max(left, 0)]
    following = on_or_after(plan, today + timedelta(days=1)) if days or next_day <= today else next_day
    if following is not None and plan.until is not None and following > plan.until:
        following = None
    if left is not None and left <= len(wanted):
        following = None
    return Due(tuple(wanted), tuple(day for day in days if day not in wanted), following)


def _between(plan: Plan, first: date, last: date) -> Iterator[date]:
    day = on_or_after(plan, first)
    while day is not None and day <= last:
        yield day
        day = on_or_after(plan, day + timedelta(days=1))


def _day_in(months: int, day: int) -> date:
    """A day of a month that is counted from year 0; the last one where the month is shorter."""
    year, month = divmod(months, 12)
    return date(year, month + 1, min(max(day, 1), monthrange(year, month + 1)[1]))
