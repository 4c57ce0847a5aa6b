"""How long it takes to forecast many series, and how far the chosen models are off, against the baseline.

Called by ``scripts/bench --forecast`` with the number of series; prints JSON. The series are generated: steady, now and then,
with a season of a year, growing, and sold out for some weeks; two years of weeks each, and two months more that nobody has
seen, on which the forecasts are judged.
"""

import json
import random
import sys
import time
from collections import Counter
from math import pi, sin, sqrt

import conftest  # noqa: F401  (puts the add-ons where Python finds them)

# isort: split
from odoo.addons.oms_routing.domain.forecast import BASELINE, WEEK, forecast

WEEKS, AHEAD = 130, 8


def steady(chance, week):
    return max(0, round(chance.gauss(20, 5)))


def now_and_then(chance, week):
    return chance.randint(1, 5) if chance.random() < 0.2 else 0


def seasonal(chance, week):
    return max(0, round(20 + 12 * sin(week / 52 * 2 * pi) + chance.gauss(0, 4)))


def growing(chance, week):
    return max(0, round(5 + week / 6 + chance.gauss(0, 4)))


KINDS = (steady, now_and_then, seasonal, growing)


def generated(number):
    """(kind, what was wanted and seen, the share of each week in which it could be had, what was wanted later)"""
    chance = random.Random(number)
    kind = KINDS[number % len(KINDS)]
    values = [float(kind(chance, week)) for week in range(WEEKS + AHEAD)]
    offered = [1.0] * WEEKS
    if number % 10 == 0:  # sold out for five weeks
        first = chance.randrange(60, WEEKS - 5)
        for week in range(first, first + 5):
            values[week], offered[week] = 0.0, 0.0
    return kind.__name__, values[:WEEKS], offered, values[WEEKS:]


def naive(history):
    """What the baseline says: as a season ago."""
    return history[WEEKS - WEEK.season : WEEKS - WEEK.season + AHEAD]


def main(count):
    series = [generated(number) for number in range(count)]
    started = time.process_time()
    forecasts = [forecast(history, offered) for _kind, history, offered, _later in series]
    spent = time.process_time() - started
    errors = {kind.__name__: [0.0, 0.0, 0] for kind in KINDS}
    for (kind, history, _offered, later), found in zip(series, forecasts, strict=True):
        for value, ours, theirs in zip(later, found.mean, naive(history), strict=True):
            errors[kind][0] += (value - ours) ** 2
            errors[kind][1] += (value - theirs) ** 2
            errors[kind][2] += 1
    covered = sum(
        value <= found.quantiles[0.9][index]
        for (_kind, _history, _offered, later), found in zip(series, forecasts, strict=True)
        for index, value in enumerate(later)
    )
    print(
        json.dumps(
            {
                "series": count,
                "weeks": WEEKS,
                "s": spent,
                "models": Counter(found.model for found in forecasts).most_common(),
                "baseline": sum(found.model == BASELINE for found in forecasts) / count,
                "errors": {kind: [sqrt(ours / n), sqrt(theirs / n)] for kind, (ours, theirs, n) in errors.items() if n},
                "covered": covered / (count * AHEAD),
            }
        )
    )


main(int(sys.argv[1]))
