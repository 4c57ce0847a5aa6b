"""How long parcels really take, learned from those that arrived: not a day, but how surely by which hour. Pure.

A *delay* is how many hours a parcel arrived after the carrier's own day (:func:`expected`). Delays of a *lane* (a carrier from a
place to a zone) are few at first, so they lean on those of the carrier in that zone from anywhere, and these on all of the
carrier's: each borrows as much as :data:`BORROWED` parcels' weight from the wider one. Which quantile to take so that the promise
is kept as often as it says is then counted and not believed: how high does each parcel rank among the others of its lane, as if
it had yet to come (conformal prediction, see Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World*). The coverage
that is reported is measured on the latest parcels by what the earlier ones had taught.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from math import ceil

from odoo.addons.oms_core.domain.tracking import local_day, noon

Lane = tuple[Hashable, Hashable, Hashable]  #: (carrier, place it leaves from, zone it goes to)

#: A wider lane counts as much as so many parcels of the narrow one.
BORROWED = 10.0
#: Below this nothing is learned: one parcel in twenty is not seen in fewer.
LEARN_MIN = 20
#: A lane that is learned is written down as so many points.
POINTS = 100
#: The latest part of the history, on which it is measured what the rest of it has taught.
MEASURED_SHARE = 0.2
#: A delay beyond these is a lost parcel or a scan of another one, not a lesson.
DELAY_MIN_HOURS, DELAY_MAX_HOURS = -30 * 24.0, 60 * 24.0
#: What is added where nobody knows: one more working day.
UNKNOWN_DAYS = 1

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Delay:
    """One parcel: where, and how many hours after the carrier's own day it came; ``at`` is when it left."""

    lane: Lane
    at: datetime
    hours: float


@dataclass(frozen=True, slots=True)
class Curve:
    """Delays with their weights, ascending."""

    hours: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def total(self) -> float:
        return sum(self.weights)


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of a lane.

    :param count: parcels of this very lane.
    :param usual: delay in hours that half of the parcels do not exceed.
    :param late: that which the promised share does not exceed.
    :param measured: parcels of the carrier on which the coverage was measured, and ``covered``: how many came in time.
    """

    lane: Lane
    count: int
    usual: float
    late: float
    measured: int = 0
    covered: int = 0


def expected(
    start: datetime, days: int, working: Collection[int] = range(5), closed: Collection = (), zone: str = "UTC"
) -> datetime:
    """The carrier's own day: noon of so many working days after the parcel left. Moments are in UTC without saying so.

    :param working: weekdays on which the carrier drives, Monday is 0; ``closed``: dates on which it does not all the same.
    :param zone: of the place that the parcel leaves: it is the weekday there that counts, and noon is noon there.

    >>> friday = datetime(2026, 3, 6, 17)
    >>> expected(friday, 1).day, expected(friday, 1, range(6)).day, expected(friday, 1, closed=[datetime(2026, 3, 9).date()]).day
    (9, 7, 10)
    """

    def on_or_after(day: date) -> date:
        for _skipped in range(366):
            if day.weekday() in working and day not in closed:
                break
            day += ONE_DAY
        return day

    working = working or range(7)
    day = on_or_after(local_day(start, zone))
    for _day in range(days):
        day = on_or_after(day + ONE_DAY)
    return noon(day, zone)


def delay_hours(delivered_at: datetime, day: datetime) -> float | None:
    """``None`` for what is no lesson."""
    hours = round((delivered_at - day).total_seconds() / 3600, 2)
    return hours if DELAY_MIN_HOURS <= hours <= DELAY_MAX_HOURS else None


# --- curves ----------------------------------------------------------------------------------------------------------


def curve(hours: Iterable[float], wider: Curve | None = None) -> Curve:
    """The delays of a lane, leaning on those of a wider one."""
    points = [(value, 1.0) for value in hours]
    if wider and wider.hours:
        scale = BORROWED / wider.total
        points += [(value, weight * scale) for value, weight in zip(wider.hours, wider.weights, strict=True)]
    points.sort()
    return Curve(tuple(value for value, _weight in points), tuple(weight for _value, weight in points))


def thinned(of: Curve) -> Curve:
    """The same with at most :data:`POINTS` points."""
    if len(of.hours) <= POINTS:
        return of
    each = of.total / POINTS
    sums = list(accumulate(of.weights))
    hours = tuple(of.hours[min(bisect_left(sums, each * (number + 0.5)), len(sums) - 1)] for number in range(POINTS))
    return Curve(hours, (each,) * POINTS)


def quantile(of: Curve, level: float) -> float:
    """The delay that the next parcel does not exceed with this probability, between the two next ones seen.

    With n equal weights this is rank (n + 1) × level, which is what makes it right for few: of nine parcels, the next one is
    above all of them in one case of ten.

    >>> quantile(curve([1.0, 2.0, 3.0]), 0.5), quantile(curve([1.0, 2.0, 3.0]), 0.9)
    (2.0, 3.0)
    """
    target = level * (of.total + 1.0)
    before = 0.0
    for number, (value, weight) in enumerate(zip(of.hours, of.weights, strict=True)):
        if before + weight >= target:
            if not number:
                return value
            lower = of.hours[number - 1]
            return lower + (value - lower) * (target - before) / weight
        before += weight
    return of.hours[-1]


def rank_among_others(of: Curve, sums: Sequence[float], hours: float) -> float:
    """How high a parcel of a curve ranks among the others in it, from 0 to 1.

    :param sums: of the weights, up to each point.
    """
    low, high = bisect_left(of.hours, hours), bisect_right(of.hours, hours)
    below = sums[low - 1] if low else 0.0
    equal = sums[high - 1] - below - 1.0
    return (below + equal / 2 + 0.5) / of.total


# --- learning --------------------------------------------------------------------------------------------------------


def wider_lanes(lane: Lane) -> tuple[Lane, Lane, Lane]:
    """The lane itself, then the wider ones that stand in for it."""
    carrier, _place, zone = lane
    return lane, (carrier, None, zone), (carrier, None, None)


def find(learned: Mapping[Lane, Learned], lane: Lane) -> Learned | None:
    """What is known of a lane, or of the next wider one of which something is known."""
    return next((learned[key] for key in wider_lanes(lane) if key in learned), None)


def learn(delays: Iterable[Delay], level: float) -> dict[Lane, Learned]:
    """All lanes of which enough is known, with the wider ones, for promises that hold with this probability.

    Carriers with fewer than :data:`LEARN_MIN` parcels are left out: nothing is better than a number made of nothing.
    """
    by_carrier: dict[Hashable, list[Delay]] = {}
    for delay in delays:
        by_carrier.setdefault(delay.lane[0], []).append(delay)
    result: dict[Lane, Learned] = {}
    for of_carrier in by_carrier.values():
        if len(of_carrier) >= LEARN_MIN:
            result |= _learn_carrier(sorted(of_carrier, key=lambda delay: (delay.at, delay.hours)), level)
    return result


def _learn_carrier(delays: Sequence[Delay], level: float) -> dict[Lane, Learned]:
    earlier = delays[: round(len(delays) * (1 - MEASURED_SHARE))]
    latest = delays[len(earlier) :]
    limits = {key: late for key, (_usual, late) in _limits(earlier, level).items()}
    covered = sum(delay.hours <= _first(limits, delay.lane) for delay in latest)
    counts: dict[Lane, int] = {}
    for delay in delays:
        for key in wider_lanes(delay.lane):
            counts[key] = counts.get(key, 0) + 1
    return {
        key: Learned(key, counts[key], round(usual, 2), round(late, 2), len(latest), covered)
        for key, (usual, late) in _limits(delays, level).items()
    }


def _limits(delays: Sequence[Delay], level: float) -> dict[Lane, tuple[float, float]]:
    """Lane → (what half of the parcels do not exceed, what the promised share does not exceed)."""
    curves = _curves(delays)
    corrected = _corrected_level(curves, delays, level)
    return {key: (quantile(of, 0.5), quantile(of, corrected)) for key, of in curves.items()}


def _curves(delays: Iterable[Delay]) -> dict[Lane, Curve]:
    """Every lane and every wider one with its curve, each leaning on the next wider."""
    hours: dict[Lane, list[float]] = {}
    for delay in delays:
        for key in wider_lanes(delay.lane):
            hours.setdefault(key, []).append(delay.hours)
    result: dict[Lane, Curve] = {}
    # The widest first: lanes with two blanks, with one, with none.
    for key in sorted(hours, key=lambda lane: -lane.count(None)):
        wider = next((result[up] for up in wider_lanes(key)[1:] if up != key and up in result), None)
        result[key] = curve(hours[key], wider and thinned(wider))
    return result


def _first(values: Mapping[Lane, float], lane: Lane) -> float:
    return next(values[key] for key in wider_lanes(lane) if key in values)


def _corrected_level(curves: Mapping[Lane, Curve], delays: Sequence[Delay], level: float) -> float:
    """The level at which a share of ``level`` of all parcels is in time: what a lane borrows makes ranks uneven."""
    sums = {key: list(accumulate(of.weights)) for key, of in curves.items()}
    ranks = sorted(rank_among_others(curves[delay.lane], sums[delay.lane], delay.hours) for delay in delays)
    return ranks[min(len(ranks), ceil((len(ranks) + 1) * level)) - 1]
