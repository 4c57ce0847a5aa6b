"""Control charts for shares of small and unequal numbers: what is chance, and what has a cause.

A group (a product, a carrier) sold ``sold`` lines, ``back`` of which came back. When nothing is wrong, ``back`` is
beta-binomial: ``usual`` of them on average, varying more than coins do by ``spread``, the intra-class correlation (0 is
binomial): groups differ a little by nature, and that is no cause to run after. Limits are exact, not normal, so that three
lines do not look like an alarm.

* :func:`tail`: how likely so many or more are by chance; :func:`limit`: the most that is still usual (the p-chart).
* :func:`discoveries`: of many groups that are looked at together, those that stand out at a stated rate of false alarms
  (Benjamini and Hochberg, 1995). When none is out of order, any is found with at most that probability.
* :func:`drift`: a sum of what speaks for a higher rate (Page, 1954: CUSUM), for what rises slowly. Its alarm level
  :func:`drift_level` comes from Lorden's bound (1971): from ``log(m)`` up, a false alarm comes once in ``m`` steps at most.
* :func:`interval`, :func:`difference`: what a share, and the difference of two, may be (Wilson 1927; Newcombe 1998).

Floats: these are estimates. No clock, no chance: equal numbers give equal answers.

>>> round(tail(24, 180, 0.06, 0.0), 5), limit(180, 0.06, 0.0, 0.001)
(0.00022, 22)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, lgamma, log, sqrt
from statistics import NormalDist

#: Below this, two groups vary as coins do, and dividing by it would only lose digits.
SPREAD_MIN = 1e-6
#: A rate is at least this much and at most one minus it: nothing is impossible.
RATE_MIN = 1e-6


def tail(back: int, sold: int, usual: float, spread: float) -> float:
    """The probability that ``back`` or more of ``sold`` come back when nothing is out of order.

    >>> tail(0, 10, 0.1, 0.0), round(tail(1, 1, 0.1, 0.2), 6), round(tail(2, 2, 0.5, 0.0), 6)
    (1.0, 0.1, 0.25)
    """
    if back <= 0:
        return 1.0
    if back > sold:
        return 0.0
    usual = min(1 - RATE_MIN, max(RATE_MIN, usual))
    chance = exp(_log_chance(back, sold, usual, spread))
    # From there on each count is less likely than the one before it, or nearly all is in the other direction.
    if back >= sold * usual:
        return min(1.0, _sum_up(chance, back, sold, usual, spread))
    return max(0.0, 1.0 - _sum_down(chance, back, sold, usual, spread))


def limit(sold: int, usual: float, spread: float, alpha: float) -> int:
    """The most that come back of ``sold`` by chance: more has a probability of less than ``alpha``.

    >>> limit(0, 0.1, 0.0, 0.01), limit(10, 0.1, 0.0, 0.01), limit(10, 0.1, 0.1, 0.01)
    (0, 4, 5)
    """
    low, high = 0, sold  # tail(high + 1) < alpha always; it falls as the count rises
    while low < high:
        middle = (low + high) // 2
        if tail(middle + 1, sold, usual, spread) < alpha:
            high = middle
        else:
            low = middle + 1
    return low


def _shape(usual: float, spread: float) -> tuple[float, float]:
    """The two parameters of the beta distribution of the rates of groups."""
    strength = 1 / spread - 1
    return usual * strength, (1 - usual) * strength


def _log_chance(back: int, sold: int, usual: float, spread: float) -> float:
    choose = lgamma(sold + 1) - lgamma(back + 1) - lgamma(sold - back + 1)
    if spread < SPREAD_MIN:
        return choose + back * log(usual) + (sold - back) * log(1 - usual)
    a, b = _shape(usual, spread)
    return choose + (
        lgamma(back + a) + lgamma(sold - back + b) - lgamma(sold + a + b) + lgamma(a + b) - lgamma(a) - lgamma(b)
    )


def _ratio(back: int, sold: int, usual: float, spread: float) -> float:
    """The chance of ``back + 1`` by that of ``back``."""
    if spread < SPREAD_MIN:
        return (sold - back) / (back + 1) * usual / (1 - usual)
    a, b = _shape(usual, spread)
    return (sold - back) / (back + 1) * (back + a) / (sold - back - 1 + b)


def _sum_up(chance: float, back: int, sold: int, usual: float, spread: float) -> float:
    total = chance
    while back < sold and chance > total * 1e-15:
        chance *= _ratio(back, sold, usual, spread)
        total += chance
        back += 1
    return total


def _sum_down(chance: float, back: int, sold: int, usual: float, spread: float) -> float:
    """The sum of the chances of all counts below ``back``."""
    total = 0.0
    while back > 0:
        chance /= _ratio(back - 1, sold, usual, spread)
        total += chance
        back -= 1
    return total


def spread_of(counts: Iterable[tuple[int, int, float]], assumed: float, weight: float) -> float:
    """How far the rates of groups differ by nature: the intra-class correlation, by the method of moments.

    :param counts: ``(back, sold, usual rate)`` of each group.
    :param assumed: what is believed before anything is seen, which counts as much as ``weight`` groups do.

    >>> spread_of([], 0.01, 10), spread_of([(5, 100, 0.05)] * 1000, 0.01, 10) < 0.001
    (0.01, True)
    """
    more = scale = 0.0
    groups = 0
    for back, sold, usual in counts:
        if sold < 2:
            continue
        by_chance = sold * usual * (1 - usual)
        more += (back - sold * usual) ** 2 - by_chance
        scale += (sold - 1) * by_chance
        groups += 1
    seen = min(0.5, max(0.0, more / scale)) if scale else assumed
    return (groups * seen + weight * assumed) / (groups + weight) if groups + weight else 0.0


def discoveries(chances: Sequence[float], rate: float) -> list[bool]:
    """Which of these are no chance, so that of those named at most ``rate`` are false on average.

    >>> discoveries([0.01, 0.8, 0.02, 0.5], 0.05)
    [True, False, True, False]
    """
    count = len(chances)
    last = 0.0
    for place, chance in enumerate(sorted(chances), 1):
        if chance <= rate * place / count:
            last = chance
    return [chance <= last for chance in chances]


def drift(counts: Iterable[tuple[int, float]], factor: float) -> float:
    """How much speaks for a rate that has risen to ``factor`` times the usual one, at the end of these steps.

    :param counts: ``(came back, would usually have come back)`` of each step, oldest first.

    >>> drift([(0, 1.0), (0, 1.0)], 2), round(drift([(0, 1.0), (4, 1.0)], 2), 3)
    (0.0, 1.773)
    """
    total = 0.0
    for back, usual in counts:
        total = max(0.0, total + back * log(factor) - (factor - 1) * usual)
    return total


def drift_level(groups: int, steps: int, false_alarms: float) -> float:
    """From where :func:`drift` is an alarm, so that ``groups`` watched for ``steps`` give no more false ones than these.

    >>> round(drift_level(1000, 52, 1.0), 2)
    10.86
    """
    return log(max(1.0, groups * steps / false_alarms))


def interval(back: float, sold: float, level: float = 0.95) -> tuple[float, float]:
    """What the share may be that ``back`` of ``sold`` are seen of.

    >>> [round(end, 3) for end in interval(24, 180)], interval(0, 0)
    ([0.091, 0.191], (0.0, 1.0))
    """
    if sold <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = back / sold
    middle = (share + z * z / (2 * sold)) / (1 + z * z / sold)
    half = z / (1 + z * z / sold) * sqrt(max(0.0, share * (1 - share) / sold + z * z / (4 * sold * sold)))
    return max(0.0, middle - half), min(1.0, middle + half)


def difference(before: tuple[float, float], after: tuple[float, float], level: float = 0.95) -> tuple[float, float]:
    """By how much the share may have changed from ``(back, sold)`` before to that after; below zero it fell.

    >>> [round(end, 3) for end in difference((24, 180), (8, 200))]
    [-0.154, -0.037]
    """
    (b_low, b_high), (a_low, a_high) = interval(*before, level), interval(*after, level)
    first = before[0] / before[1] if before[1] else 0.5
    second = after[0] / after[1] if after[1] else 0.5
    change = second - first
    low = change - sqrt((second - a_low) ** 2 + (b_high - first) ** 2)
    high = change + sqrt((a_high - second) ** 2 + (first - b_low) ** 2)
    return max(-1.0, low), min(1.0, high)


def needed(before: float, after: float, level: float = 0.95, power: float = 0.8) -> int:
    """How many must be sold until a fall from one share to the other is seen with this power.

    >>> needed(0.13, 0.06), needed(0.1, 0.1)
    (272, 1000000)
    """
    if before - after < 1e-4:
        return 1_000_000
    z = NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)
    return min(1_000_000, int(z * z * (before * (1 - before) + after * (1 - after)) / (before - after) ** 2) + 1)
