"""Which products, suppliers, people, channels, places and carriers get more back than is usual; and whether it got better.

What is counted are order lines that were shipped, and whether something of them came back: pieces of one line share one
customer and one decision. Time is counted in weeks. A :class:`Cell` holds the lines of one group that were shipped in one week.

* **Late returns**: what was shipped last week has not come back yet. :func:`delay` learns how late returns come (chain
  ladder, as claims are developed in insurance), and every expectation counts a line only with the share of its returns that
  should have come by now. So a new product is judged at once, and is not praised for what is still on its way.
* **Usual**: what the same goods come back at elsewhere. Each cell has a stratum (the category of the product), so that who
  sells shoes is compared with who sells shoes. Strata with few lines lean on the whole; a group is never compared with
  itself; groups that stand out do not say what is usual.
* **Level**: more of the last weeks than is usual (:func:`control_chart.tail`), false alarms limited over all groups together.
* **Drift**: more than the group itself had before (:func:`control_chart.drift`), for what rises slowly.

Everything follows from the cells and the number of the week: the same cells give the same findings, bit for bit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log, sqrt

from .control_chart import difference, discoveries, drift, drift_level, limit, needed, spread_of, tail

#: Later than so many weeks after shipping, nothing comes back that is counted.
HORIZON_WEEKS = 12
#: What was shipped in the last weeks is compared; what is usual, and how a group was before, is learned from longer.
WINDOW_WEEKS = 13
HISTORY_WEEKS = 39
#: Of everything that stands out by its level in one look, at most this share is chance.
FALSE_DISCOVERIES = 0.05
#: False alarms by drift in a year, over all groups of a company.
DRIFT_ALARMS_PER_YEAR = 3.0
WEEKS_PER_YEAR = 52
#: How many times the own usual rate is a drift.
DRIFT_FACTOR = 1.75
#: Fewer lines than this, or less than so many times the usual, is nothing to give somebody a task for.
BACK_MIN = 4
FACTOR_MIN = 1.3
#: Before anything is seen: how groups of one kind differ, how strata do, and as how many of them that counts.
SPREAD_ASSUMED, STRATA_ASSUMED, SPREAD_WEIGHT = 0.015, 0.02, 5
#: A stratum leans on the whole as if so many lines of it were like the whole.
STRATUM_WEIGHT = 50
#: Lines of others, below which there is nothing to compare with.
OTHERS_MIN = 30
#: The delay before anything is seen: half of what is left comes each two weeks. It counts as so many returns.
DELAY_HALF_WEEKS, DELAY_WEIGHT = 2.0, 20
#: Groups beyond this say nothing about what is usual.
OUTLIER_ALPHA = 0.0005
OUTLIER_ROUNDS = 6
#: How unlikely a point above the limit of a chart is: three standard deviations of a normal distribution.
CHART_ALPHA = 0.00135
#: Weeks of each point of a chart.
CHART_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """Lines of one group that were shipped in one week.

    :param week: any count of weeks, the same for all.
    :param back: {weeks later: lines of which something came back then}
    """

    group: Hashable
    stratum: Hashable
    week: int
    sold: int
    back: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A group of which more comes back than is usual.

    :param watch: what was looked at: a name of the caller's.
    :param kind: ``level`` (more than of others) or ``drift`` (more than before).
    :param back: lines that came back, of those ``sold`` in the window.
    :param usual: the share that would have come back by now, were all as usual.
    :param exposure: ``sold``, each line with the share of its returns that should have come by now.
    :param spread: how far such a group may be from the usual without a cause (intra-class correlation).
    :param chance: how likely this is by chance alone; for a drift an upper limit.
    """

    group: Hashable
    kind: str
    back: int
    sold: int
    usual: float
    exposure: float
    spread: float
    chance: float
    watch: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a chart: what was shipped in these weeks."""

    week: int
    sold: int
    back: int
    usual: float
    limit: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of an action.

    :param verdict: ``better``, ``worse``, ``same`` or ``early``: too few lines to say.
    :param before: the share before, leaning on the usual one: what stood out did so partly by chance.
    :param low: the change of the share is at least this.
    :param needed: lines of which returns are known, from which a fall to the usual would be seen.
    """

    verdict: str
    before: float
    after: float
    low: float
    high: float
    known: float
    needed: int


def delay(cells: Iterable[Cell], now: int) -> tuple[float, ...]:
    """The share of all returns that come by the end of each week after shipping, up to the horizon.

    :param now: the week that is not over; it and what is after it counts nowhere.

    >>> curve = delay([], 0)
    >>> round(curve[0], 2), curve[HORIZON_WEEKS]
    (0.3, 1.0)
    """
    by_now, one_more = [0.0] * HORIZON_WEEKS, [0.0] * HORIZON_WEEKS
    for cell in cells:
        age = now - 1 - cell.week
        come = 0
        for lag in range(min(age, HORIZON_WEEKS)):
            come += cell.back.get(lag, 0)
            by_now[lag] += come
            one_more[lag] += come + cell.back.get(lag + 1, 0)
    assumed = [1 - 0.5 ** ((lag + 1) / DELAY_HALF_WEEKS) for lag in range(HORIZON_WEEKS + 1)]
    shares = [1.0]
    for lag in reversed(range(HORIZON_WEEKS)):
        before = by_now[lag] + DELAY_WEIGHT * assumed[lag]
        after = one_more[lag] + DELAY_WEIGHT * assumed[lag + 1]
        shares.append(shares[-1] * before / after)
    return tuple(reversed(shares))


def seen(cell: Cell, now: int) -> int:
    """Lines of a cell that have come back by now."""
    last = min(now - 1 - cell.week, HORIZON_WEEKS)
    return sum(count for lag, count in cell.back.items() if 0 <= lag <= last)


def exposure(cell: Cell, now: int, curve: Sequence[float]) -> float:
    """Lines of a cell, each with the share of its returns that should have come by now."""
    age = now - 1 - cell.week
    return cell.sold * curve[min(age, HORIZON_WEEKS)] if age >= 0 else 0.0


@dataclass(frozen=True, slots=True)
class _Sum:
    """What was shipped of a group and what came back: all of it, and for each stratum."""

    sold: int
    back: int
    exposure: float
    strata: tuple[tuple[Hashable, int, float], ...]  # (stratum, back, exposure)


def _sums(cells: Iterable[Cell], now: int, curve: Sequence[float]) -> dict[Hashable, _Sum]:
    found: dict[Hashable, dict[Hashable, list]] = defaultdict(dict)
    for cell in cells:
        row = found[cell.group].setdefault(cell.stratum, [0, 0, 0.0])
        row[0] += cell.sold
        row[1] += seen(cell, now)
        row[2] += exposure(cell, now, curve)
    return {
        group: _Sum(
            sum(row[0] for row in strata.values()),
            sum(row[1] for row in strata.values()),
            sum(row[2] for row in strata.values()),
            tuple((stratum, row[1], row[2]) for stratum, row in strata.items()),
        )
        for group, strata in found.items()
    }


class Usual:
    """What is usual for the goods of each group, learned from all groups of one kind."""

    def __init__(self, cells: Sequence[Cell], now: int, curve: Sequence[float]):
        self._sums = _sums(cells, now, curve)
        self._odd: set[Hashable] = set()
        self._learn()
        self.spread = SPREAD_ASSUMED  # not what was just learned: large groups that stand out would hide in it
        for _round in range(OUTLIER_ROUNDS):
            odd = {
                group
                for group, one in self._sums.items()
                if self.chance(group, one.back, one.sold, one.exposure) < OUTLIER_ALPHA
            }
            if odd == self._odd:
                break
            self._odd = odd
            self._learn()

    def _learn(self):
        self._strata: dict[Hashable, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self._all = [0.0, 0.0]
        plain = [(group, one) for group, one in self._sums.items() if group not in self._odd]
        for _group, one in plain:
            for stratum, back, known in one.strata:
                for total in (self._strata[stratum], self._all):
                    total[0] += back
                    total[1] += known
        counts = []
        for group, one in plain:
            if one.exposure > 0:
                counts.append((one.back, one.sold, self.share(group) * one.exposure / one.sold))
        self.spread = spread_of(counts, SPREAD_ASSUMED, SPREAD_WEIGHT)
        whole = self._lean((0.0, 0.0), self._all)
        self._between = spread_of(
            ((back, round(known), whole) for back, known in self._strata.values()), STRATA_ASSUMED, SPREAD_WEIGHT
        )

    def _expected(self, group: Hashable) -> tuple[float, float]:
        """The share that usually comes back of the goods of a group, and how much of that is taken from other strata."""
        one = self._sums.get(group)
        if one is None or one.exposure <= 0:
            return self._lean((0.0, 0.0), self._all), 1.0
        own = group not in self._odd  # and so among those that say what is usual
        rest = [self._all[0] - own * one.back, self._all[1] - own * one.exposure]
        total = leaning = 0.0
        for stratum, back, known in one.strata:
            mine = self._strata[stratum]
            others = max(0.0, mine[1] - own * known)
            total += known * self._lean((mine[0] - own * back, others), rest)
            leaning += known * STRATUM_WEIGHT / (others + STRATUM_WEIGHT)
        return total / one.exposure, leaning / one.exposure

    def share(self, group: Hashable) -> float:
        """The share of the goods of a group that usually comes back in the end."""
        return self._expected(group)[0]

    @staticmethod
    def _lean(mine: Sequence[float], whole: Sequence[float]) -> float:
        # One line in twenty, before anything is seen: it counts as a stratum's worth of lines.
        overall = (max(0.0, whole[0]) + STRATUM_WEIGHT * 0.05) / (max(0.0, whole[1]) + STRATUM_WEIGHT)
        # half a line of one more: what has never come back yet is not what never comes back
        return (max(0.0, mine[0]) + STRATUM_WEIGHT * overall + 0.5) / (max(0.0, mine[1]) + STRATUM_WEIGHT + 1)

    def spread_for(self, group: Hashable) -> float:
        """How far a group may be from what is usual: by nature, and because the usual is only an estimate itself."""
        of_strata = self._expected(group)[1] ** 2 * self._between
        return min(0.5, self.spread + of_strata + 1 / (self._of_others(group) + STRATUM_WEIGHT))

    def _of_others(self, group: Hashable) -> float:
        """Lines of all others that say what is usual, each with the share of its returns that should have come by now."""
        one = self._sums.get(group)
        own = one.exposure if one is not None and group not in self._odd else 0.0
        return max(0.0, self._all[1] - own)

    def chance(self, group: Hashable, back: int, sold: int, known: float, floor: float = 0.0) -> float:
        """How likely so many come back by chance.

        :param floor: a share that somebody has said to be in order for this group.
        """
        if not sold or known <= 0 or self._of_others(group) < OTHERS_MIN:
            return 1.0  # a shop with one channel has no other to compare it with
        return tail(back, sold, max(self.share(group), floor) * known / sold, self.spread_for(group))


class Look:
    """One look at all groups of one kind.

    :param now: the week that is not over; nothing of it counts.
    :param watch: what is looked at: a name of the caller's.
    """

    def __init__(self, cells: Iterable[Cell], now: int, watch: str = ""):
        self.now, self.watch = now, watch
        self.cells: dict[Hashable, list[Cell]] = defaultdict(list)
        kept = [cell for cell in cells if now - HISTORY_WEEKS <= cell.week < now]
        for cell in kept:
            self.cells[cell.group].append(cell)
        self.curve = delay(kept, now)
        self.usual = Usual(kept, now, self.curve)

    def findings(
        self, since: Mapping[Hashable, int] | None = None, accepted: Mapping[Hashable, float] | None = None
    ) -> list[Finding]:
        """What there is to say of each group, whether it stands out or not; :func:`choose` weighs all kinds together.

        :param since: {group: first week that counts}: what was shipped before an action says nothing about after it.
        :param accepted: {group: share that somebody has said to be in order}
        """
        since, accepted = since or {}, accepted or {}
        found = []
        for group in sorted(self.cells, key=repr):
            first = since.get(group, self.now - HISTORY_WEEKS)
            own = [cell for cell in self.cells[group] if cell.week >= first]
            floor = accepted.get(group, 0.0)
            recent = [cell for cell in own if cell.week >= self.now - WINDOW_WEEKS]
            if not recent:
                continue
            one = _sums(recent, self.now, self.curve)[group]
            by_now = one.exposure / one.sold
            spread = self.usual.spread_for(group)
            chance = self.usual.chance(group, one.back, one.sold, one.exposure, floor)
            share = max(self.usual.share(group), floor) * by_now
            numbers = one.back, one.sold, share, one.exposure, spread
            found.append(Finding(group, "level", *numbers, chance, self.watch))
            drifted = None if floor else self._drift(group, own)
            if drifted:
                score, before = drifted
                numbers = one.back, one.sold, before * by_now, one.exposure, spread
                found.append(Finding(group, "drift", *numbers, exp(-score), self.watch))
        return found

    def _drift(self, group: Hashable, own: Sequence[Cell]) -> tuple[float, float] | None:
        """What speaks for a rate that has risen, and the own rate before; nothing without a history to compare with."""
        first = self.now - WINDOW_WEEKS
        known = sum(exposure(cell, first, self.curve) for cell in own)
        if known < STRATUM_WEIGHT:
            return None
        back = sum(count for cell in own for lag, count in cell.back.items() if cell.week + lag < first)
        strength = 1 / self.usual.spread - 1
        before = (back + self.usual.share(group) * strength) / (known + strength)
        # The own rate is an estimate too: what it may be at most counts, four times in five.
        before += 0.84 * sqrt(before / (known + strength))
        come: dict[int, int] = defaultdict(int)
        due: dict[int, float] = defaultdict(float)
        for cell in own:
            for lag, count in cell.back.items():
                come[cell.week + lag] += count
            for week in range(max(first, cell.week), self.now):
                due[week] += exposure(cell, week + 1, self.curve) - exposure(cell, week, self.curve)
        steps = [(come[week], due[week] * before) for week in range(first, self.now)]
        return drift(steps, DRIFT_FACTOR), before

    def counts(self, group: Hashable) -> list[tuple[int, int, int, float]]:
        """``(first week, sold, back, exposure)`` of each period of four weeks, oldest first: the points of a chart."""
        found: dict[int, list] = {}
        for cell in self.cells[group]:
            age = self.now - 1 - cell.week
            row = found.setdefault(self.now - CHART_WEEKS * (age // CHART_WEEKS + 1), [0, 0, 0.0])
            row[0] += cell.sold
            row[1] += seen(cell, self.now)
            row[2] += exposure(cell, self.now, self.curve)
        return [(week, sold, back, round(known, 3)) for week, (sold, back, known) in sorted(found.items())]

    def effect(self, group: Hashable, back: int, known: float, usual: float, spread: float, since: int) -> Effect:
        """What came of an action: :func:`effect` of what was shipped from this week on."""
        later = [cell for cell in self.cells.get(group, ()) if cell.week >= since]
        after = float(sum(seen(cell, self.now) for cell in later))
        return effect(
            (back, known), usual, spread, (after, sum(exposure(cell, self.now, self.curve) for cell in later))
        )


def choose(found: Sequence[Finding]) -> list[Finding]:
    """What stands out of everything that was looked at, one finding for each group and watch, the surest first.

    :param found: the findings of all kinds of groups together, so that the rate of false alarms is that of all of them.
    """
    levels = [one for one in found if one.kind == "level"]
    drifts = [one for one in found if one.kind == "drift"]
    named = discoveries([one.chance for one in levels], FALSE_DISCOVERIES)
    out = [one for one, is_out in zip(levels, named, strict=True) if is_out]
    level = drift_level(len(drifts), WEEKS_PER_YEAR, DRIFT_ALARMS_PER_YEAR)
    known = {(one.watch, one.group) for one in out}
    out += [one for one in drifts if -log(one.chance) >= level and (one.watch, one.group) not in known]
    large = [one for one in out if one.back >= BACK_MIN and one.back >= FACTOR_MIN * one.sold * one.usual]
    return sorted(large, key=lambda one: (one.chance, one.watch, repr(one.group), one.kind))


def points(counted: Iterable[Sequence[float]], usual: float, spread: float) -> list[Point]:
    """What :meth:`Look.counts` has found, with what is usual and the limit of each point.

    >>> points([(100, 50, 3, 50.0)], 0.06, 0.0)
    [Point(week=100, sold=50, back=3, usual=0.06, limit=0.18)]
    """
    found = []
    for week, sold, back, known in counted:
        by_now = usual * known / sold if sold else 0.0
        top = limit(int(sold), by_now, spread, CHART_ALPHA) / sold if known else 1.0
        found.append(Point(int(week), int(sold), int(back), by_now, top))
    return found


def effect(before: tuple[float, float], usual: float, spread: float, after: tuple[float, float]) -> Effect:
    """What came of an action.

    What stood out was chosen because it stood out, and the next weeks would look better without any action. So the share
    before leans on what is usual, as much as groups are alike by nature.

    :param before: lines that had come back when it was found, and how many lines that was of, each counted with the share of
        its returns that should have come by then.
    :param usual: the share that usually comes back in the end.
    :param after: the same of what was shipped since the action.
    """
    strength = 1 / max(spread, 1e-4) - 1
    before = (before[0] + usual * strength, before[1] + strength)
    low, high = difference(before, after)
    share = before[0] / before[1]
    wanted = needed(share, min(usual, share / 2))
    if high < 0:
        verdict = "better"
    elif low > 0:
        verdict = "worse"
    else:
        verdict = "same" if after[1] >= wanted else "early"
    return Effect(verdict, share, after[0] / after[1] if after[1] else 0.0, low, high, after[1], wanted)
