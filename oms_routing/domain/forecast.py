"""How much will be wanted: simple, well-known models, each used for a series only where it beats the baseline there.

The baseline is seasonal-naive: what was wanted a season ago, or last time where there is not a season of history. All the
others are levels, with or without a season: moving average, simple exponential smoothing (Brown), Croston's method as
Syntetos and Boylan corrected it, and that of Teunter, Syntetos and Babai for goods that are wanted now and then. Each is one pass
over the history, so that forecasting again from each past moment (rolling origin) costs no more than forecasting once.

Estimates are floats, unlike quantities that are promised or booked: nothing is ever summed up to the cent from them. The
same history gives the same forecast, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt

#: More of the past than so many buckets says nothing about the future, and only costs time.
BUCKETS_MAX = 182
#: Times from which the past is forecast again, at most and at least.
ORIGINS_MAX, ORIGINS_MIN = 26, 6
#: Buckets that a model has seen before it is tested.
TRAIN_MIN = 4
#: A bucket in which the goods could be bought for less than this share of the time says too little about what was wanted.
OFFERED_MIN = 0.5
#: What was wanted in a bucket that tells nothing is guessed from so many others.
NEIGHBOURS = 4
#: The share of all origins on which a model is chosen; on the others, which are later, it has to prove itself.
CHOOSE_SHARE = 0.6
#: A gain below this, in parts of the scale, is what floats do and no gain.
GAIN_MIN = 0.001
#: Which quantiles are told: in one of ten buckets it is less than the first, in one of ten more than the last.
QUANTILES = (0.1, 0.5, 0.9)

BASELINE = "seasonal_naive"
#: What clerks read.
MODEL_NAMES = {
    BASELINE: "As a season ago",
    "mean_4": "Mean of the last 4",
    "mean_13": "Mean of the last 13",
    "smooth_10": "Smoothing, slow",
    "smooth_30": "Smoothing, quick",
    "croston": "Croston (Syntetos-Boylan)",
    "tsb": "Teunter-Syntetos-Babai",
    "seasonal": "Smoothing with season",
    "auto_ets": "AutoETS (statsforecast)",
}

#: ``(values, steps, season) -> steps forecasts``: a model from elsewhere, which is asked anew at each origin.
Outside = Callable[[Sequence[float], int, int], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A length of time in which demand is counted.

    :param days: how long it is.
    :param season: after how many of them things repeat.
    :param steps: so many ahead are tested.
    """

    code: str
    days: int
    season: int
    steps: int


WEEK = Bucket("week", 7, 52, 4)
DAY = Bucket("day", 1, 7, 7)
BUCKETS = {bucket.code: bucket for bucket in (WEEK, DAY)}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What will be wanted in each of the next buckets.

    :param model: a key of :data:`MODEL_NAMES`.
    :param quantiles: {level: one for each bucket}
    :param spread: how far, as a standard deviation, one bucket is off the mean. Of *n* buckets together it is √n of that.
    :param rmsse: root mean squared scaled error on the times that the model had not been chosen by; below one is better than
        saying that nothing changes. None where there is too little history to test anything.
    :param mase: the same of absolute errors.
    :param baseline_rmsse: that of the baseline, on the same times.
    :param reason: one sentence, why this model.
    """

    model: str
    mean: tuple[float, ...]
    quantiles: Mapping[float, tuple[float, ...]]
    spread: float
    rmsse: float | None
    mase: float | None
    baseline_rmsse: float | None
    reason: str


# --- what was wanted -------------------------------------------------------------------------------------------------


def corrected(quantities: Sequence[float], offered: Sequence[float] = ()) -> tuple[list[float], list[bool]]:
    """What would have been wanted if there had always been some, and of which buckets that is more than a guess.

    Sales while nothing was there to be sold are no demand of zero. A bucket in which the goods could be bought half of the
    time is taken for half of a bucket; below that, its neighbours stand in for it.

    >>> corrected([8, 3, 0, 10], [1, 0.5, 0, 1])
    ([8.0, 6.0, 8.0, 10.0], [True, True, False, True])

    :param offered: for each bucket the share of its time, from 0 to 1, in which there was some; empty: always.
    """
    offered = offered or [1.0] * len(quantities)
    known = [share >= OFFERED_MIN for share in offered]
    values = [
        max(0.0, quantity) / (share if is_known else 1.0)
        for quantity, share, is_known in zip(quantities, offered, known, strict=True)
    ]
    for index, is_known in enumerate(known):
        if not is_known:
            values[index] = max(values[index], _guess(values, known, index))
    return values, known


def _guess(values, known, index):
    """The mean of the known buckets next to one, as many on either side as there are."""
    by_distance = sorted((other for other in range(len(values)) if known[other]), key=lambda other: abs(other - index))
    near = by_distance[:NEIGHBOURS]
    return sum(values[other] for other in near) / len(near) if near else 0.0


def since_first(quantities: Sequence[float], offered: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """Without what was before anybody wanted it: a product that is new does not come from zero."""
    first = next((index for index, quantity in enumerate(quantities) if quantity > 0), len(quantities))
    return quantities[first:], offered[first:]


# --- models ----------------------------------------------------------------------------------------------------------
#
# A model is ``values -> (levels, seasons)``: what it forecasts after bucket t for k buckets later is levels[t], plus
# the seasons of the last bucket that it has seen in the same phase.


def _moving_average(window):
    def fit(values, _season):
        levels, total = [], 0.0
        for index, value in enumerate(values):
            total += value
            if index >= window:
                total -= values[index - window]
            levels.append(max(0.0, total) / min(index + 1, window))
        return levels, None

    return fit


def _smoothing(alpha):
    def fit(values, _season):
        level, levels = values[0], []
        for value in values:
            level += alpha * (value - level)
            levels.append(level)
        return levels, None

    return fit


def _croston(values, _season, alpha=0.1):
    """Sizes and distances of demands are smoothed apart; the factor takes off the bias that Croston's ratio has."""
    size, distance, since, levels = values[0] or 1.0, 1.0, 0, []
    for value in values:
        since += 1
        if value > 0:
            size += alpha * (value - size)
            distance += alpha * (since - distance)
            since = 0
        levels.append((1 - alpha / 2) * size / distance)
    return levels, None


def _tsb(values, _season, alpha=0.1, beta=0.1):
    """As Croston, but the chance of a demand is updated also when there is none: what is not wanted any more fades."""
    size, chance, levels = values[0] or 1.0, 1.0, []
    for value in values:
        chance += beta * ((value > 0) - chance)
        if value > 0:
            size += alpha * (value - size)
        levels.append(chance * size)
    return levels, None


def _seasonal_naive(values, _season):
    return [0.0] * len(values), values


def _seasonal(values, season, alpha=0.2, gamma=0.2):
    """Holt and Winters without a trend, additive."""
    level = sum(values[:season]) / len(values[:season])
    levels, seasons = [], []
    for index, value in enumerate(values):
        before = seasons[index - season] if index >= season else values[index] - level
        level += alpha * (value - before - level)
        seasons.append(before + gamma * (value - level - before))
        levels.append(level)
    return levels, seasons


#: In this order a tie is decided.
MODELS = {
    "mean_4": _moving_average(4),
    "mean_13": _moving_average(13),
    "smooth_10": _smoothing(0.1),
    "smooth_30": _smoothing(0.3),
    "croston": _croston,
    "tsb": _tsb,
}


def _forecast_at(fit, index, steps, season):
    """What a fit says after the bucket at ``index``, for each of the next ones."""
    levels, seasons = fit
    if seasons is None:
        return [levels[index]] * steps
    return [max(0.0, levels[index] + seasons[index + k - season * ceil(k / season)]) for k in range(1, steps + 1)]


# --- choosing --------------------------------------------------------------------------------------------------------


def forecast(
    quantities: Sequence[float],
    offered: Sequence[float] = (),
    bucket: Bucket = WEEK,
    horizon: int = 8,
    outside: Mapping[str, Outside] | None = None,
) -> Forecast:
    """What will be wanted in each of the next buckets, by the model that foretold the past best, if it beats the baseline.

    The past is forecast again from each of its later moments. A model is chosen by its squared errors on the earlier ones,
    and used if on the later ones, which had no say in that, it beats the baseline both in these and in the pinball loss of
    its quantiles.

    :param quantities: per bucket, the oldest first; the last one is over.
    :param offered: as in :func:`corrected`.
    :param horizon: how many buckets ahead.
    :param outside: more models, by code.
    """
    offered = list(offered) or [1.0] * len(quantities)
    quantities, offered = since_first(quantities[-BUCKETS_MAX:], offered[-BUCKETS_MAX:])
    if not quantities:
        flat = (0.0,) * horizon
        return Forecast(
            BASELINE, flat, dict.fromkeys(QUANTILES, flat), 0.0, None, None, None, "Nothing was wanted yet."
        )
    values, known = corrected(quantities, offered)
    test = _Test(values, known, bucket, outside or {})
    if len(test.origins) < ORIGINS_MIN:
        mean = test.predict(BASELINE, len(values) - 1, horizon)
        reason = f"There are {len(values)} {bucket.code}s of history, too few to test a model."
        return Forecast(
            BASELINE, mean, _around(mean, _deviations(values)), _deviation(values), None, None, None, reason
        )
    model, reason = test.choose()
    errors, baseline = test.scored(model, test.later), test.scored(BASELINE, test.later)
    mean = test.predict(model, len(values) - 1, horizon)
    return Forecast(
        model=model,
        mean=mean,
        quantiles=_around(mean, test.residuals(model, test.origins)),
        spread=test.spread(model),
        rmsse=errors[0],
        mase=errors[1],
        baseline_rmsse=baseline[0],
        reason=reason,
    )


class _Test:
    """The past of one series, forecast again by each model."""

    def __init__(self, values, known, bucket, outside):
        self.values, self.known, self.outside = values, known, outside
        count = len(values)
        # Two seasons to learn it from, and some to test it on; else things do not repeat, as far as anybody can tell.
        self.season = bucket.season if count >= 2 * bucket.season + ORIGINS_MIN + bucket.steps else 1
        self.steps = min(bucket.steps, max(1, count // 6))
        train = max(TRAIN_MIN, 2 * self.season if self.season > 1 else 0)
        last = count - 1 - self.steps
        self.origins = range(max(train - 1, last - ORIGINS_MAX + 1), last + 1)
        cut = int(len(self.origins) * CHOOSE_SHARE)
        self.earlier, self.later = self.origins[:cut], self.origins[cut:]
        self.fits, self.told = {BASELINE: _seasonal_naive(values, self.season)}, {}
        if self.origins:
            self.square, self.absolute = self._scale(self.later[0])

    def _scale(self, stop):
        """What the baseline is off by from one bucket to the next, before what it is judged on: errors are shares of it."""
        for end in (stop + 1, len(self.values)):
            steps = [self.values[i] - self.values[i - self.season] for i in range(self.season, end)]
            if any(abs(step) > 1e-9 * max(self.values) for step in steps):
                return sqrt(sum(step * step for step in steps) / len(steps)), sum(map(abs, steps)) / len(steps)
        return 1.0, 1.0

    def predict(self, model, index, steps):
        if model in self.outside:
            past = self.values[: index + 1]
            return tuple(max(0.0, float(value)) for value in self.outside[model](past, steps, self.season))
        if model not in self.fits:
            fit = _seasonal if model == "seasonal" else MODELS[model]
            self.fits[model] = fit(self.values, self.season)
        return tuple(_forecast_at(self.fits[model], index, steps, self.season))

    def _errors(self, model, origin):
        """How much more was wanted than foretold, for each step; of what is known."""
        key = (model, origin)
        if key not in self.told:
            told = self.predict(model, origin, self.steps)
            self.told[key] = [
                self.values[origin + k] - told[k - 1] for k in range(1, self.steps + 1) if self.known[origin + k]
            ]
        return self.told[key]

    def residuals(self, model, origins):
        """All of its errors, sorted."""
        return sorted(error for origin in origins for error in self._errors(model, origin))

    def scored(self, model, origins):
        """(root mean squared scaled error, mean absolute scaled error)"""
        errors = self.residuals(model, origins)
        if not errors:
            return 0.0, 0.0
        square = sqrt(sum(error * error for error in errors) / len(errors))
        return square / self.square, sum(map(abs, errors)) / len(errors) / self.absolute

    def spread(self, model):
        """Of the sums over all steps, brought down to one bucket: a level that is wrong is wrong for weeks."""
        sums = [sum(errors) for o in self.origins if len(errors := self._errors(model, o)) == self.steps]
        if not sums:
            return _deviation(self.values)
        return sqrt(sum(total * total for total in sums) / len(sums) / self.steps)

    def pinball(self, model):
        """The mean loss of its quantiles on the later origins, with residuals of the earlier ones around the mean."""
        residuals = self.residuals(model, self.earlier)
        losses = [
            max(level * miss, (level - 1) * miss)
            for level in QUANTILES
            for shift in [_quantile(residuals, level)]
            for error in self.residuals(model, self.later)
            for miss in [error - shift]
        ]
        return sum(losses) / len(losses) if losses else 0.0

    def choose(self):
        """(the model to use, a sentence why)"""
        candidates = [*MODELS, *(["seasonal"] if self.season > 1 else []), *self.outside]
        best = min(candidates, key=lambda model: self.scored(model, self.earlier)[0])
        error, baseline = self.scored(best, self.later)[0], self.scored(BASELINE, self.later)[0]
        name, least = MODEL_NAMES.get(best, best), f"{baseline:.2f}"
        if error > baseline - GAIN_MIN:
            return BASELINE, f"No model beats what was a season ago: {name} is off by {error:.2f}, that by {least}."
        if self.pinball(best) > self.pinball(BASELINE):
            return (
                BASELINE,
                f"{name} foretells the mean better ({error:.2f} to {least}), but not how far it can be off.",
            )
        return best, f"{name} is off by {error:.2f}, what was a season ago by {least}."


def _quantile(ordered, level):
    """Between the two next ones of a sorted list, as far as the level is; zero of nothing."""
    if not ordered:
        return 0.0
    place = level * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _around(mean, residuals):
    """{level: for each bucket}, never below zero"""
    return {
        level: tuple(max(0.0, value + shift) for value in mean)
        for level in QUANTILES
        for shift in [_quantile(residuals, level)]
    }


def _deviations(values):
    """How far each is off the mean, sorted."""
    mean = sum(values) / len(values)
    return sorted(value - mean for value in values)


def _deviation(values):
    """The standard deviation; of a single value what it is where things are wanted one by one, and independently."""
    if len(values) < 2:
        return sqrt(values[0])
    return sqrt(sum(gap * gap for gap in _deviations(values)) / (len(values) - 1))
