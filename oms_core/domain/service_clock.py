"""The clock of a promise: when goods must leave, counted in the hours in which somebody is there to send them.

Moments are aware and in UTC; opening hours are local to the place. Hours are counted in real time, so that the night in which
the clocks change is an hour shorter or longer, as it is for the people who work then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

#: How far ahead an open hour is looked for. A place that is closed for longer keeps no promise.
LOOK_AHEAD_DAYS = 400


@dataclass(frozen=True, slots=True)
class Opening:
    """When a place is open.

    :param zone: name of its time zone.
    :param hours: {weekday, Monday is 0: ((from, to), …)} in hours of the local day; empty: open around the clock.
    :param closed: spans in UTC in which it is closed nevertheless (holidays).
    """

    zone: str = "UTC"
    hours: dict[int, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    closed: tuple[tuple[datetime, datetime], ...] = ()

    def _of_day(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The spans of a local day in UTC, without what is closed."""
        hours = self.hours.get(day.weekday(), ()) if self.hours else ((0.0, 24.0),)
        for start, end in sorted(hours):
            spans = [(self._at(day, start), self._at(day, end))]
            for closed_from, closed_to in self.closed:
                spans = [
                    part
                    for left, right in spans
                    for part in ((left, min(right, closed_from)), (max(left, closed_to), right))
                    if part[0] < part[1]
                ]
            yield from (span for span in spans if span[0] < span[1])

    def _at(self, day: date, hour: float) -> datetime:
        """This hour of a local day, in UTC. Hour 24 is the start of the next day."""
        seconds = round(hour * 3600)
        day += timedelta(days=seconds // 86400)
        local = datetime.combine(day, time(), ZoneInfo(self.zone))
        wall = local.replace(hour=seconds % 86400 // 3600, minute=seconds % 3600 // 60, second=seconds % 60)
        return wall.astimezone(timezone.utc)

    def at_hour(self, moment: datetime, hour: float) -> datetime:
        """This hour of the local day of a moment, in UTC."""
        return self._at(moment.astimezone(ZoneInfo(self.zone)).date(), hour)

    def spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open spans from a moment on, in order."""
        first = start.astimezone(ZoneInfo(self.zone)).date()
        for number in range(LOOK_AHEAD_DAYS):
            for left, right in self._of_day(first + timedelta(days=number)):
                if right > start:
                    yield max(left, start), right

    def next_day(self, start: datetime) -> datetime | None:
        """When this place opens on the first local day after that of ``start`` on which it does."""
        today = start.astimezone(ZoneInfo(self.zone)).date()
        return next(
            (left for left, _right in self.spans(start) if left.astimezone(ZoneInfo(self.zone)).date() > today), None
        )


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised for a delivery method.

    :param ship_hours: open hours from the order until the goods leave.
    :param deliver_hours: hours around the clock from then until the customer has them; 0: no promise about that.
    :param cut_off: local hour after which an order counts as one of the next open day; ``None``: there is no such hour.
    """

    ship_hours: float
    deliver_hours: float = 0.0
    cut_off: float | None = None


def add_open_hours(start: datetime, hours: float, opening: Opening) -> datetime | None:
    """The moment at which ``hours`` of work after ``start`` are over; ``None`` when the place never opens so long.

    Friday 16:00, closed at 18:00 and open again on Monday at 9:00: three hours later is Monday, 10:00.
    """
    left = timedelta(hours=hours)
    for begin, end in opening.spans(start):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    return None


def due(ordered_at: datetime, promise: Promise, opening: Opening) -> tuple[datetime | None, datetime | None]:
    """(when the goods must leave, when the customer must have them) for an order placed at a moment.

    >>> opening = Opening("Europe/Paris", {day: ((9.0, 18.0),) for day in range(5)})
    >>> friday_1500 = datetime(2026, 3, 6, 14, 0, tzinfo=timezone.utc)
    >>> due(friday_1500, Promise(4, cut_off=14.0), opening)[0]  # after the cut-off: as if ordered on Monday at 9:00
    datetime.datetime(2026, 3, 9, 12, 0, tzinfo=datetime.timezone.utc)
    """
    start: datetime | None = ordered_at
    if promise.cut_off is not None:
        local = ordered_at.astimezone(ZoneInfo(opening.zone))
        if local.hour + local.minute / 60 + local.second / 3600 > promise.cut_off:
            start = opening.next_day(ordered_at)
    ship_by = add_open_hours(start, promise.ship_hours, opening) if start else None
    if not ship_by or not promise.deliver_hours:
        return ship_by, None
    return ship_by, ship_by + timedelta(hours=promise.deliver_hours)


def state(due_at: datetime | None, now: datetime, risk_hours: float) -> str:
    """``none``, ``on_time``, ``at_risk`` (less than ``risk_hours`` left) or ``late``."""
    if due_at is None:
        return "none"
    if due_at < now:
        return "late"
    return "at_risk" if due_at - now < timedelta(hours=risk_hours) else "on_time"
