"""What places have done so far, as probabilities for what they will do: few cases are drawn towards what all do.

A place that rejected the one thing it was ever asked for does not reject everything. The rate of a place is a Beta
distribution that begins at the rate of all places, and that of a product category at a place begins at the place's. What
is long ago counts less: half after each half-life.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from math import lgamma

HALF_LIFE_DAYS = 60.0
#: As many cases as the beginning may count for: the more alike places are, the more it does.
STRENGTHS = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
#: What is believed of a company that has no cases at all: one of fifty is rejected.
FIRST_REJECTED, FIRST_CASES = 1.0, 50.0
#: Bins in which predictions are compared with what happened.
BINS = 10


@dataclass(frozen=True, slots=True)
class Tally:
    """What a place was asked for of a category on one day, in lines.

    :param age_days: how long ago, not below zero.
    """

    node: Hashable
    category: Hashable
    age_days: float
    asked: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Rate:
    """The probability that a line is rejected.

    :param asked: lines that this was learned from.
    :param rejected: how many of them were rejected.
    :param weight: what the lines count for, less than their number as they are older.
    """

    probability: float
    asked: int
    rejected: int
    weight: float


def learn(
    tallies: Iterable[Tally], half_life_days: float = HALF_LIFE_DAYS
) -> dict[tuple[Hashable, Hashable | None], Rate]:
    """{(place, category): rate}; the place as a whole has the category None.

    >>> rates = learn([Tally("Lyon", "mugs", 0, 1000, 20), Tally("Nice", "mugs", 0, 1, 1)])
    >>> round(rates["Lyon", None].probability, 3), round(rates["Nice", None].probability, 3)
    (0.02, 0.026)
    """
    sums: dict[tuple, list] = {}
    for tally in tallies:
        weight = 0.5 ** (max(0.0, tally.age_days) / half_life_days)
        for key in ((None, None), (tally.node, None), (tally.node, tally.category)):
            entry = sums.setdefault(key, [0.0, 0.0, 0, 0])
            entry[0] += weight * tally.rejected
            entry[1] += weight * tally.asked
            entry[2] += tally.rejected
            entry[3] += tally.asked
    rejected, asked, _rejected, _asked = sums.pop((None, None), (0.0, 0.0, 0, 0))
    of_all = (rejected + FIRST_REJECTED) / (asked + FIRST_CASES)
    strength = _strength(of_all, [entry[:2] for key, entry in sums.items() if key[1] is None])
    rates: dict[tuple, Rate] = {}
    for key in sorted(sums, key=lambda key: key[1] is not None):  # a place before its categories
        rejected, asked, rejected_count, asked_count = sums[key]
        begins_at = of_all if key[1] is None else rates[key[0], None].probability
        probability = (rejected + strength * begins_at) / (asked + strength)
        rates[key] = Rate(probability, asked_count, rejected_count, asked)
    return rates


def _strength(of_all: float, places: list[list[float]]) -> float:
    """As many cases as make the places' histories most likely (beta-binomial); of two alike, the larger.

    :param places: of each (how much was rejected, how much was asked).
    """

    def likelihood(strength):
        yes, no = strength * of_all, strength * (1 - of_all)
        begins = lgamma(strength) - lgamma(yes) - lgamma(no)
        return sum(
            begins + lgamma(yes + rejected) + lgamma(no + asked - rejected) - lgamma(strength + asked)
            for rejected, asked in places
        )

    return max(reversed(STRENGTHS), key=likelihood)


def brier(cases: Iterable[tuple[float, int, int]]) -> float:
    """The mean squared difference between what was predicted and what happened; lower is better.

    :param cases: (predicted probability, how often it was asked, how often it was rejected)
    """
    total = count = 0.0
    for probability, asked, rejected in cases:
        total += rejected * (1 - probability) ** 2 + (asked - rejected) * probability**2
        count += asked
    return total / count if count else 0.0


def calibration_error(cases: Iterable[tuple[float, int, int]]) -> float:
    """By how much predictions are off what happened, on average over all cases, those alike taken together.

    >>> calibration_error([(0.1, 100, 10), (0.5, 10, 6)]) == 10 * 0.1 / 110
    True
    """
    bins: dict[int, list[float]] = {}
    for probability, asked, rejected in cases:
        entry = bins.setdefault(min(BINS - 1, int(probability * BINS)), [0.0, 0.0, 0.0])
        entry[0] += probability * asked
        entry[1] += rejected
        entry[2] += asked
    count = sum(entry[2] for entry in bins.values())
    return sum(abs(entry[0] - entry[1]) for entry in bins.values()) / count if count else 0.0
