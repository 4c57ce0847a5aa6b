"""How likely a demand is that is known by its mean and by how far it varies. Floats: these are estimates."""

from __future__ import annotations

from math import exp, inf, log, sqrt
from statistics import NormalDist

#: From this mean on, counting piece by piece says nothing that the normal distribution does not.
COUNTED_MAX = 50.0
#: A level above this asks for the impossible.
LEVEL_MAX = 0.9999
#: Pieces that are counted at most; the tail beyond is far less than ``1 - LEVEL_MAX`` for any sensible variance.
PIECES_MAX = 100_000


def quantile(mean: float, variance: float, level: float) -> float:
    """The smallest demand that is not exceeded with this probability.

    Small demands are counted: Poisson, or negative binomial where they vary more than that. What varies less than by chance,
    or is large, is normal.

    >>> quantile(0.5, 0.5, 0.95), quantile(0.5, 2.0, 0.95), round(quantile(100, 400, 0.95), 1)
    (2.0, 3.0, 132.9)
    """
    level = min(level, LEVEL_MAX)
    if level <= 0 or mean <= 0:
        return 0.0
    if not _is_counted(mean, variance):
        return max(0.0, NormalDist(mean, sqrt(variance)).inv_cdf(level)) if variance > 0 else mean
    total = 0.0
    for pieces, chance in enumerate(_chances(mean, variance)):
        total += chance
        if total >= level:
            return float(pieces)
    return float(PIECES_MAX)


def at_most(mean: float, variance: float, quantity: float) -> float:
    """The probability that no more than this is wanted.

    >>> round(at_most(2.0, 2.0, 1), 3), at_most(0.0, 0.0, 0), at_most(5.0, 5.0, -1)
    (0.406, 1.0, 0.0)
    """
    if quantity < 0:
        return 0.0
    if mean <= 0 or quantity == inf:
        return 1.0
    if not _is_counted(mean, variance):
        return NormalDist(mean, sqrt(variance)).cdf(quantity) if variance > 0 else float(quantity >= mean)
    total = 0.0
    for pieces, chance in enumerate(_chances(mean, variance)):
        if pieces > quantity:
            break
        total += chance
    return min(1.0, total)


def _is_counted(mean, variance):
    return mean < COUNTED_MAX and variance >= 0.95 * mean


def _chances(mean, variance):
    """Of zero pieces, one, two …; negative binomial, which comes to Poisson as the variance comes to the mean."""
    if variance <= 1.0001 * mean:
        chance = exp(-mean)
        for pieces in range(1, PIECES_MAX):
            yield chance
            chance *= mean / pieces
    else:
        size, success = mean * mean / (variance - mean), mean / variance
        chance = exp(size * log(success))
        for pieces in range(1, PIECES_MAX):
            yield chance
            chance *= (pieces - 1 + size) / pieces * (1 - success)
