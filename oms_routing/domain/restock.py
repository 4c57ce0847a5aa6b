"""When to order more and how much: safety stock from how demand and supply vary, and what service or money asks for.

*Minimum* and *maximum* are those of Odoo's reordering rules: below the minimum, as much is ordered as brings it to the
maximum. Estimates are floats; the two quantities that come out are ``Decimal``, whole steps of the product's unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from math import sqrt

from odoo.addons.oms_core.domain.cover import days_of_cover

from . import chance
from .words import plain

DAYS_A_YEAR, DAYS_A_WEEK, WEEKS_A_YEAR = 365, 7, 52
#: More service than this costs without end, less is no service.
SERVICE_MIN, SERVICE_MAX = 0.5, 0.999
#: A delivery time that nobody has told.
LEAD_DAYS_ASSUMED = 14.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What will be wanted of a product at a place.

    :param mean: of each of the next buckets, see ``forecast.Forecast``.
    :param spread: standard deviation of one bucket.
    """

    mean: Sequence[float]
    spread: float
    bucket_days: int

    def within(self, days: float) -> float:
        """How much within so many days: whole buckets, a part of the last; beyond the horizon, as on its average."""
        total, left = 0.0, days / self.bucket_days
        for value in self.mean:
            if left <= 0:
                return total
            total += value * min(1.0, left)
            left -= 1
        return total + max(0.0, left) * (sum(self.mean) / len(self.mean) if self.mean else 0.0)

    def deviation(self, days: float) -> float:
        """How far that can be off, as a standard deviation."""
        return self.spread * sqrt(days / self.bucket_days)

    @property
    def weekly(self) -> float:
        return self.within(DAYS_A_WEEK * 4) / 4


@dataclass(frozen=True, slots=True)
class Supply:
    """How long it takes until ordered goods are there.

    :param deviation: of the days, as a standard deviation; zero where it is not known.
    :param source: ``vendor``, ``route``, ``receipts`` or ``assumed``: who says so.
    """

    days: float
    deviation: float = 0.0
    source: str = "vendor"


@dataclass(frozen=True, slots=True)
class Restock:
    """A proposal for one product at one place, with the reason in a sentence."""

    minimum: Decimal
    maximum: Decimal
    safety: Decimal
    sentence: str


SUPPLY_WORDS = {
    "vendor": "the vendor takes {days}",
    "route": "it takes {days} to come",
    "receipts": "it took {days} to come lately",
    "assumed": "nobody says how long it takes to come, so {days} are assumed",
}


def service_from_costs(margin: float, holding: float) -> float:
    """How sure one should be to have enough, so that the last piece costs as much as it brings (the newsvendor's ratio).

    >>> round(service_from_costs(margin=9.0, holding=1.0), 2)
    0.9

    :param margin: what is lost with a piece that somebody wanted and did not get.
    :param holding: what a piece costs that lies there until the next order.
    """
    if margin <= 0:
        return SERVICE_MIN
    return min(SERVICE_MAX, max(SERVICE_MIN, margin / (margin + max(0.0, holding))))


def restock(wanted: Wanted, supply: Supply, service: float, cycle_days: float, step: Decimal) -> Restock:
    """The reordering rule of one product at one place.

    Until what is ordered today is there, so much is wanted: the mean over the delivery time, give or take what a forecast is
    off and what a delivery is late. The minimum covers that with the probability asked for. Odoo orders when what is
    forecast is *below* the minimum, so it is one step more.

    :param service: the probability of having enough until the delivery.
    :param cycle_days: for how long an order lasts.
    :param step: the unit that the product is counted in, 1 for pieces.
    """
    per_day = wanted.weekly / DAYS_A_WEEK
    mean = wanted.within(supply.days)
    variance = wanted.deviation(supply.days) ** 2 + (per_day * supply.deviation) ** 2
    enough = _rounded_up(chance.quantile(mean, variance, service), step)
    minimum = enough + step if enough or mean * 2 >= step else Decimal(0)
    maximum = minimum + _rounded_up(wanted.within(cycle_days), step)
    safety = max(Decimal(0), enough - _rounded_up(mean, step))
    return Restock(minimum, maximum, safety, _sentence(wanted, supply, service, minimum, maximum))


def stockout_risk(wanted: Wanted, supply: Supply, coming: float) -> float:
    """The probability that more is wanted than is there, until something that is ordered today comes.

    :param coming: what is free, and what is on its way and comes before.
    """
    variance = wanted.deviation(supply.days) ** 2 + (wanted.weekly / DAYS_A_WEEK * supply.deviation) ** 2
    return 1 - chance.at_most(wanted.within(supply.days), variance, coming)


def weeks_of_supply(free: Decimal, weekly: float) -> Decimal:
    """For how many weeks it lasts, to a tenth; as many as are ever told where nothing is wanted.

    >>> weeks_of_supply(Decimal(30), 12.0), weeks_of_supply(Decimal(0), 0.0)
    (Decimal('2.5'), Decimal('0.0'))
    """
    days = days_of_cover(free, _decimal(weekly), DAYS_A_WEEK)
    return (days / DAYS_A_WEEK).quantize(Decimal("0.1"))


def overstock(free: Decimal, weekly: float, weeks: float, step: Decimal) -> Decimal:
    """What is there beyond so many weeks of demand; whole steps.

    >>> overstock(Decimal(100), 2.5, 26, Decimal(1)), overstock(Decimal(3), 2.5, 26, Decimal(1))
    (Decimal('35'), Decimal('0'))
    """
    return max(Decimal(0), free - _rounded_up(weekly * weeks, step))


def markdown(cost: Decimal, weeks: Decimal, weeks_max: Decimal, holding_rate: Decimal) -> Decimal:
    """What a piece will lose in value if it stays where there is too much of it: what keeping it costs until it is sold.

    >>> markdown(Decimal(20), Decimal(104), Decimal(26), Decimal("0.25")), markdown(Decimal(20), Decimal(20), Decimal(26), 1)
    (Decimal('10.00'), Decimal('0'))

    :param weeks: of supply.
    :param weeks_max: more than that is too much; below, nothing is lost.
    :param holding_rate: what it costs to keep goods for a year, as a share of their cost. No more than they cost is lost.
    """
    if weeks <= weeks_max:
        return Decimal(0)
    return min(cost, cost * holding_rate * weeks / WEEKS_A_YEAR).quantize(Decimal("0.01"))


def supply_from(told_days: float | None, source: str, receipts: Sequence[float], receipts_min: int) -> Supply:
    """The delivery time that is told, and how far it varied; if none is told, what it was.

    :param told_days: by the vendor's price list and the rules of the route; None if nobody tells.
    :param receipts: how many days it took each time, of late.
    :param receipts_min: of fewer nothing is concluded.
    """
    deviation = 0.0
    if len(receipts) >= receipts_min:
        mean = sum(receipts) / len(receipts)
        deviation = sqrt(sum((days - mean) ** 2 for days in receipts) / (len(receipts) - 1))
        if told_days is None:
            return Supply(mean, deviation, "receipts")
    if told_days is None:
        return Supply(LEAD_DAYS_ASSUMED, deviation, "assumed")
    return Supply(told_days, deviation, source)


def _sentence(wanted, supply, service, minimum, maximum):
    weekly = _decimal(wanted.weekly)
    if not weekly:
        return "Nobody wants it: nothing is kept."
    apart = _decimal(wanted.deviation(DAYS_A_WEEK))
    days = f"{plain(_decimal(supply.days))} days" + (
        f" ± {plain(_decimal(supply.deviation))}" if supply.deviation >= 0.5 else ""
    )
    sells = f"Sells {plain(weekly)} a week ± {plain(apart)}, {SUPPLY_WORDS[supply.source].format(days=days)}"
    if not minimum:
        return f"{sells}: order when somebody wants one."
    return (
        f"{sells}: order up to {plain(maximum)} when fewer than {plain(minimum)} are left, "
        f"which is enough {service * 100:.0f} times of 100."
    )


def _decimal(value):
    """For people: whole numbers from ten on, a tenth below."""
    return Decimal(repr(round(value, 0 if value >= 10 else 1)))


def _rounded_up(value, step):
    """Whole steps, and not one more for what floats add in their last digits."""
    return (Decimal(repr(round(value, 6))) / step).to_integral_value(ROUND_CEILING) * step
