"""Histories of shops whose goods come back as usual, except where something is seeded: to measure what the charts find."""

import random

from odoo.addons.oms_returns.domain.return_rates import HISTORY_WEEKS, HORIZON_WEEKS, Cell

#: The week that is not over.
NOW = 1000


def shop(
    number,
    groups=200,
    strata=5,
    weekly=6.0,
    spread=0.005,
    seeded=None,
    weeks=HISTORY_WEEKS,
    late=2.5,
    now=NOW,
    sizes=1.0,
):
    """The cells of a shop.

    :param number: of the shop; equal numbers give equal histories.
    :param weekly: lines that a group sells in a week on average.
    :param sizes: how groups differ in what they sell (log-normal); 0: all sell the same.
    :param spread: how groups of a stratum differ by nature (intra-class correlation).
    :param seeded: {group: rate of each week of shipping, a function} of those that are out of order.
    :param late: weeks until a return comes, on average.
    """
    chance = random.Random(number)
    cells = []
    rates = [chance.uniform(0.02, 0.15) for _stratum in range(strata)]
    for group in range(groups):
        stratum = group % strata
        usual = rates[stratum]
        if spread:
            strength = 1 / spread - 1
            usual = chance.betavariate(usual * strength, (1 - usual) * strength)
        mean = weekly * chance.lognormvariate(-sizes * sizes / 2, sizes)
        for week in range(now - weeks, now):
            sold = int(chance.expovariate(1 / mean) + 0.5)
            rate = seeded[group](week) if seeded and group in seeded else usual
            back = {}
            for _line in range(sold):
                if chance.random() < rate:
                    lag = min(int(chance.expovariate(1 / late)), HORIZON_WEEKS)
                    if week + lag < now:
                        back[lag] = back.get(lag, 0) + 1
            if sold:
                cells.append(Cell(group, stratum, week, sold, back))
    return cells
