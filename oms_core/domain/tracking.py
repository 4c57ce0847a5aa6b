"""What the scans of a parcel come to, and whether it will be late. Pure.

Scans come late, twice and in any order, so the state is never "the last message" but always derived from all of them.
Worked example: *out for delivery* at 9:00, *delivered* at 11:00 and then, by post from a slow depot, *in transit* of 6:00:
delivered. *Delivered* on Monday and *goes back* on Tuesday: it goes back (a parcel left with the wrong neighbour).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import TypeVar
from zoneinfo import ZoneInfo

#: A moment or a date.
Day = TypeVar("Day", bound=date)

#: Our states in the order of a journey: of two scans of the same moment the later in this order counts.
JOURNEY = (
    "announced",
    "ready",
    "cancelled",
    "collected",
    "in_transit",
    "exception",
    "ready_for_pickup",
    "out_for_delivery",
    "delivered",
    "returning",
    "returned",
)
RANK = {state: rank for rank, state in enumerate(JOURNEY)}
#: Nothing more is expected to happen.
TERMINAL = ("delivered", "returned", "cancelled")
BEFORE_HANDOVER = ("", "announced", "ready", "cancelled")


@dataclass(frozen=True, slots=True)
class Scan:
    at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Journey:
    """Where a parcel is. ``delivered_at`` is the first delivery that was not taken back."""

    state: str = ""
    since: datetime | None = None
    delivered_at: datetime | None = None
    last_scan_at: datetime | None = None


def derive(scans: Iterable[Scan]) -> Journey:
    """The state of a parcel from all its scans, whatever order they came in.

    - Back at the sender is final.
    - Delivered is final, unless a later scan sends it back. A stray *in transit* afterwards changes nothing.
    - Cancelled only counts while nobody has handed the parcel over.
    - Otherwise the latest scan counts.
    """
    known = sorted((scan for scan in scans if scan.state in RANK), key=lambda scan: (scan.at, RANK[scan.state]))
    if not known:
        return Journey()
    last = known[-1].at
    moved = any(scan.state not in BEFORE_HANDOVER for scan in known)
    going = [scan for scan in known if not (moved and scan.state == "cancelled")]
    cancelled = [scan for scan in going if scan.state == "cancelled"]
    if cancelled:
        return Journey("cancelled", cancelled[0].at, None, last)
    back = [scan for scan in going if scan.state == "returned"]
    if back:
        return Journey("returned", back[0].at, None, last)
    delivered = [scan for scan in going if scan.state == "delivered"]
    if delivered:
        sent_back = [scan for scan in going if scan.state == "returning" and scan.at >= delivered[-1].at]
        if sent_back:
            return Journey("returning", sent_back[-1].at, None, last)
        turned = [scan.at for scan in going if scan.state == "returning"]
        good = [scan for scan in delivered if not turned or scan.at >= max(turned)]
        return Journey("delivered", good[0].at, good[0].at, last)
    return Journey(going[-1].state, going[-1].at, None, last)


def combine(journeys: Iterable[Journey]) -> Journey:
    """A delivery of several parcels is where its slowest parcel is; trouble with one is trouble."""
    parcels = [journey for journey in journeys if journey.state != "cancelled"] or list(journeys)
    parcels = [journey for journey in parcels if journey.state]
    if not parcels:
        return Journey()
    last = max((journey.last_scan_at for journey in parcels if journey.last_scan_at), default=None)
    for trouble in ("exception", "returning", "returned"):
        for journey in parcels:
            if journey.state == trouble:
                return Journey(trouble, journey.since, None, last)
    slowest = min(parcels, key=lambda journey: RANK[journey.state])
    if slowest.state == "delivered":
        when = max(journey.delivered_at for journey in parcels)
        return Journey("delivered", when, when, last)
    return Journey(slowest.state, slowest.since, None, last)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a delivery that was promised.

    :param shipped_at: when it left us; ``None`` while it has not.
    :param transit_days: working days that the service needs; ``None`` if nobody said.
    :param zone: the time zone of the place that it leaves: its days and weekdays count.
    """

    deliver_by: datetime | None
    state: str = ""
    expected_at: datetime | None = None
    delivered_at: datetime | None = None
    shipped_at: datetime | None = None
    last_scan_at: datetime | None = None
    transit_days: int | None = None
    zone: str = "UTC"


#: A parcel on its way is scanned at least this often; after that it is likely to stand still.
SILENT_AFTER = timedelta(hours=48)


def add_working_days(start: Day, days: int) -> Day:
    """``days`` days later, Saturdays and Sundays left out; a start on a weekend counts from Monday."""
    moment = start
    while moment.weekday() >= 5:
        moment += timedelta(days=1)
    for _day in range(days):
        moment += timedelta(days=1)
        while moment.weekday() >= 5:
            moment += timedelta(days=1)
    return moment


def local_day(moment: datetime, zone: str) -> date:
    """The date there at a moment (UTC, without time zone)."""
    return moment.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(zone)).date()


def noon(day: date, zone: str) -> datetime:
    """When it is noon there on a day; UTC, without time zone."""
    return datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(timezone.utc).replace(tzinfo=None)


def noon_after(start: datetime, days: int, zone: str) -> datetime:
    """Noon of the last of so many working days after something left, by the clock and the weekdays of the place that it left.

    In California it is still Friday when in UTC it is Saturday:

    >>> noon_after(datetime(2026, 3, 7, 1), 1, "America/Los_Angeles")
    datetime.datetime(2026, 3, 9, 19, 0)
    """
    return noon(add_working_days(local_day(start, zone), days), zone)


def predict_late(outlook: Outlook, now: datetime) -> tuple[str, str] | None:
    """``(code, sentence)`` when a delivery is, or is going to be, late; the surest reason first.

    Worked example: promised for Friday, the label was made on Monday with a service of two days, and on Thursday morning
    nobody has scanned the parcel yet: handed over today it would come on Monday, so it is late before it is late.
    """
    promise = outlook.deliver_by
    if promise is None or outlook.state in ("cancelled", "returned"):
        return None
    if outlook.delivered_at is not None:
        if outlook.delivered_at > promise:
            return (
                "was_late",
                f"Delivered on {outlook.delivered_at:%Y-%m-%d %H:%M}, promised for {promise:%Y-%m-%d %H:%M}.",
            )
        return None
    if now > promise:
        return "overdue", f"Promised for {promise:%Y-%m-%d %H:%M} and not delivered."
    if outlook.state in ("exception", "returning"):
        what = "goes back to the sender" if outlook.state == "returning" else "has a delivery problem"
        return outlook.state, f"The parcel {what}; promised for {promise:%Y-%m-%d %H:%M}."
    if outlook.expected_at is not None and outlook.expected_at > promise:
        return (
            "expected",
            f"Expected on {outlook.expected_at:%Y-%m-%d %H:%M}, promised for {promise:%Y-%m-%d %H:%M}.",
        )
    if outlook.shipped_at is None and outlook.transit_days is not None:
        # Rounded to the day: who hands over in the morning of the last possible day is in time.
        promised_on = local_day(promise, outlook.zone)
        if add_working_days(local_day(now, outlook.zone), outlook.transit_days) > promised_on:
            return (
                "not_shipped",
                f"Not handed over yet; the carrier needs {outlook.transit_days} working days, promised for "
                f"{promised_on:%Y-%m-%d}.",
            )
    if outlook.shipped_at is not None and outlook.state not in ("out_for_delivery", "ready_for_pickup"):
        heard = max(filter(None, (outlook.last_scan_at, outlook.shipped_at)))
        if now - heard >= SILENT_AFTER and promise - now <= SILENT_AFTER:
            return "silent", f"Not scanned since {heard:%Y-%m-%d %H:%M}; promised for {promise:%Y-%m-%d %H:%M}."
    return None
