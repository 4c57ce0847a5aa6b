"""How often the control charts of returns are wrong, what they find, and how long a night's look takes.

Called by ``scripts/bench --signals`` with the number of shops; prints JSON. The shops are generated: groups of unequal sizes in
categories that come back differently; in some, a group is out of order from some week on.
"""

import json
import sys
import time

import conftest  # noqa: F401  (puts the add-ons where Python finds them)

# isort: split
from return_histories import NOW, shop

from odoo.addons.oms_returns.domain.return_rates import Look, choose

GROUPS = 100
#: (times the usual rate, lines a week) of groups that are out of order for a quarter.
SEEDED = ((2, 5), (2, 20), (2, 60), (3, 5), (3, 20), (3, 60), (5, 5), (5, 20))
YEAR = 52


def false_alarms(shops, **values):
    """The share of looks at shops that are as usual in which anything is named."""
    return sum(bool(choose(Look(shop(number, **values), NOW).findings())) for number in range(shops)) / shops


def found(shops, factor, weekly):
    """The share of shops in which the one product is named whose returns have risen, 13 weeks ago, from one line in twenty."""
    named = 0
    for number in range(shops):
        cells = [cell for cell in shop(number, GROUPS, 1, spread=0.005) if cell.group != 7]
        rate = sum(sum(cell.back.values()) for cell in cells) / sum(cell.sold for cell in cells)
        seeded = {0: lambda week, rate=rate: rate * factor if week >= NOW - 13 else rate}
        raised = shop(number, 1, 1, weekly, seeded=seeded, sizes=0.0)
        cells += [type(cell)(7, 0, cell.week, cell.sold, cell.back) for cell in raised]
        named += any(one.group == 7 for one in choose(Look(cells, NOW).findings()))
    return named / shops


def year(shops):
    """Tasks that a shop of 200 products gets in a year of looks, week by week, when nothing is ever out of order."""
    tasks = 0
    for number in range(shops):
        cells = shop(number, 200, 5, 6.0, 0.005, weeks=39 + YEAR)
        known = set()
        for week in range(NOW - YEAR, NOW):
            known |= {one.group for one in choose(Look(cells, week).findings())}
        tasks += len(known)
    return tasks / shops


def main(shops):
    usual = {
        "100 products in 5 categories, alike": {"groups": GROUPS, "spread": 0.0},
        "100 products that differ a little": {"groups": GROUPS, "spread": 0.005},
        "100 products that differ much": {"groups": GROUPS, "spread": 0.02},
        "5 channels of one kind of goods": {"groups": 5, "strata": 1, "weekly": 20.0},
        "5 places, each with its own goods": {"groups": 5, "strata": 5, "weekly": 20.0},
    }
    said = {
        "shops": shops,
        "false": {name: false_alarms(shops, **values) for name, values in usual.items()},
        "found": [(factor, weekly, found(shops // 4, factor, weekly)) for factor, weekly in SEEDED],
        "year": year(max(2, shops // 20)),
    }
    cells = shop(1, 10_000, 50, 3.0)
    started = time.process_time()
    choose(Look(cells, NOW).findings())
    print(json.dumps({**said, "s": time.process_time() - started, "cells": len(cells)}))


main(int(sys.argv[1]))
