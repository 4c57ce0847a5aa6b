"""What a day's orders cost more than they had to, had one known in the morning what one knows at night; and because of what.

What was really shipped is shipped again, as cheaply as is possible with what was on the shelves all day, without asking sites
that turned out to refuse. What that saves is the regret. It is taken apart by giving up one reason after the other:

1. ``refusals``: sites were asked that refused. Decided again as it was, knowing who refuses.
2. ``goals``: the policy looks for something else than the least cost. Decided again one by one, each at the least cost.
3. ``sequence``: orders were decided one by one, not knowing the next. All of the day decided together.
4. rules: each rule that keeps the day from being cheaper, by what it costs without it (:func:`attribute`).
5. ``together``: what no rule costs alone, but several do.

Each step can only make it cheaper, as whatever could be done before can still be done; so all parts are zero or more, and
their sum is the regret, to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations, permutations

from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

from .backtest import Case, rules_of, stock_of, without
from .batch_model import Limits
from .batch_plan import plan_batch
from .decision import Decision
from .model import TAKING, Capacity, Demand
from .planner import plan
from .policy import LEAST_COST, Policy, Rule
from .snapshot import Snapshot
from .timeline_stock import Key, Timeline

REFUSALS = "refusals"
GOALS = "goals"
SEQUENCE = "sequence"
TOGETHER = "together"
NODES_MAX = "nodes_max"  #: the policy allows only so many sites for an order
ROOM = "limits"  #: sites take on only so much in a day

#: Up to here the share of a rule is its mean over all sequences of giving rules up; beyond, over one and its reverse.
EXACT_RULES_MAX = 4
#: More rules than this are not told apart: those that cost most alone are, the others count as ``together``.
RULES_MAX = 8

#: Of more orders than this a day is planned one by one, in hindsight too.
JOINT_ORDERS_MAX = 200

#: What the joint planning of one day may look at; it is repeated for each rule.
WORK = Limits(price_rounds=40, search_rounds=40)

#: Decides orders together: (cases, what is there for all of them, the policy of each) → their decisions.
Solver = Callable[[Sequence[Case], Snapshot, Sequence[Policy]], Sequence[Decision]]


@dataclass(frozen=True, slots=True)
class Regret:
    """What a day cost, what it would have cost at best, and why it cost more.

    :param parts: reason (one of the constants, or a rule's id or kind) → money; their sum is ``total``.
    """

    actual: Decimal
    best: Decimal
    parts: Mapping[Hashable, Decimal]

    @property
    def total(self) -> Decimal:
        return self.actual - self.best


def regret(cases: Sequence[Case], actual: Decimal, timeline: Timeline, end: int, solve: Solver | None = None) -> Regret:
    """What one day's orders cost too much.

    :param cases: of what was really shipped: quantities that waited are not in the demands, and sites that refused are
        excluded. In the sequence in which they were decided.
    :param actual: what shipping them cost, told with the same prices.
    :param timeline: the stock, not yet walked to the first case; used up by the call.
    :param end: where the stock journal was when the day was over.
    :param solve: decides orders together; absent: :func:`jointly`.
    """
    solve = solve or jointly
    if recipes := {kit: recipe for case in cases for kit, recipe in case.snapshot.recipes.items()}:
        # What one order took of a kit is gone for who wanted what is in it.
        cases = [replace(case, snapshot=replace(case.snapshot, recipes=recipes)) for case in cases]
    policies = [case.policy for case in cases]
    cheapest = [replace(policy, strategy=LEAST_COST) for policy in policies]
    snapshots = _as_it_was(cases, timeline)
    ladder = _Ladder(cases, actual)
    ladder.step(REFUSALS, _replanned(cases, snapshots, policies))
    ladder.step(GOALS, _replanned(cases, snapshots, cheapest))
    timeline.advance(end)
    shared = _day(cases, timeline)
    ladder.step(SEQUENCE, solve(cases, shared, cheapest))

    def value(dropped: frozenset) -> Decimal:
        return ladder.value(solve(cases, shared, [_dropping(policy, dropped) for policy in cheapest]))

    names = list(
        dict.fromkeys(name_of(rule) for policy in policies for rule in policy.constraints if _is_chosen(policy, rule))
    )
    if any(policy.nodes_max for policy in policies):
        names.append(NODES_MAX)
    if any(case.snapshot.capacity for case in cases):
        names.append(ROOM)
    together = min(ladder.lowest, value(frozenset(names))) if names else ladder.lowest
    if together < ladder.lowest:
        ladder.attribute(names, value, together)
    return Regret(actual, ladder.lowest, ladder.parts)


class _Ladder:
    """What it costs, going down step by step, and what each step saved."""

    def __init__(self, cases: Sequence[Case], actual: Decimal):
        self._wanted = [sum((item.quantity for item in case.demand.items), ZERO) for case in cases]
        self.lowest = actual
        self.parts: dict[Hashable, Decimal] = {}

    def value(self, decisions: Sequence[Decision]) -> Decimal:
        """What a plan costs; one that leaves something unshipped is none, and what was found before still stands."""
        for wanted, decision in zip(self._wanted, decisions, strict=True):
            shipped = sum((part.quantity for part in decision.allocations if part.mode in TAKING), ZERO)
            if shipped < wanted:
                return self.lowest
        return min(self.lowest, sum((decision.cost for decision in decisions), ZERO))

    def step(self, reason: Hashable, decisions: Sequence[Decision]) -> None:
        self._down(reason, self.value(decisions))

    def _down(self, reason: Hashable, value: Decimal) -> None:
        if value < self.lowest:
            self.parts[reason] = self.lowest - value
            self.lowest = value

    def attribute(self, names: Sequence[Hashable], value: Callable[[frozenset], Decimal], together: Decimal) -> None:
        """Divide what giving up all rules saves among those that cost something."""
        alone = {name: value(frozenset([name])) for name in names}
        binding = sorted(
            (name for name in names if alone[name] < self.lowest), key=lambda name: (alone[name], str(name))
        )
        binding = binding[:RULES_MAX]
        begun = self.lowest
        if binding:
            shares = attribute(binding, lambda dropped: max(together, value(dropped)), begun)
            self.parts.update((name, share) for name, share in shares.items() if share)
        rest = begun - together - sum((self.parts.get(name, ZERO) for name in binding), ZERO)
        if rest:
            self.parts[TOGETHER] = rest
        self.lowest = together


def attribute(
    players: Sequence[Hashable], value: Callable[[frozenset], Decimal], start: Decimal | None = None
) -> dict[Hashable, Decimal]:
    """Divide what giving up all of ``players`` saves fairly among them: by what each saves, on the mean of the sequences in
    which they can be given up. The parts sum to exactly what all of them save.

    >>> costs = {frozenset(): 10, frozenset("a"): 7, frozenset("b"): 9, frozenset("ab"): 6}
    >>> attribute("ab", lambda dropped: Decimal(costs[dropped]))
    {'a': Decimal('3'), 'b': Decimal('1')}

    :param value: what it costs without these; asked once for each set. Where a search found nothing cheaper with more given
        up, what was found with less still stands.
    :param start: what it costs with all of them.
    """
    players = tuple(players)
    known: dict[frozenset, Decimal] = {frozenset(): value(frozenset()) if start is None else start}

    def ask(dropped: frozenset) -> Decimal:
        if dropped not in known:
            known[dropped] = value(dropped)
        return known[dropped]

    if len(players) <= EXACT_RULES_MAX:
        for size in range(1, len(players) + 1):  # the small sets first, so that each can lean on those in it
            for group in map(frozenset, combinations(players, size)):
                known[group] = min(ask(group), *(known[group - {player}] for player in group))
        sequences = list(permutations(players))
    else:
        sequences = [players, players[::-1]]
        for sequence in sequences:
            for length in range(1, len(sequence) + 1):
                ask(frozenset(sequence[:length]))
    lowest = min(known.values())
    saved = dict.fromkeys(players, ZERO)
    for sequence in sequences:
        before = known[frozenset()]
        for length, player in enumerate(sequence, 1):
            after = lowest if length == len(sequence) else min(before, known[frozenset(sequence[:length])])
            saved[player] += before - after
            before = after
    return _divided(saved, len(sequences), known[frozenset()] - lowest)


def _divided(saved: Mapping[Hashable, Decimal], number: int, total: Decimal) -> dict[Hashable, Decimal]:
    """The means, to the millionth, the rest to the largest."""
    shares = {
        player: (sum_ / number).quantize(Decimal("0.000001")).normalize() + ZERO for player, sum_ in saved.items()
    }
    if shares:
        largest = max(shares, key=lambda player: shares[player])
        shares[largest] += total - sum(shares.values(), ZERO)
    return shares


# --- deciding again ----------------------------------------------------------------------------------------------------


def name_of(rule: Rule) -> Hashable:
    """By what a rule is known in the parts of a regret."""
    return rule.kind if rule.id is None else rule.id


def _is_chosen(policy: Policy, rule: Rule) -> bool:
    return any(rule is other for other in rules_of(policy))


def _dropping(policy: Policy, dropped: frozenset) -> Policy:
    for rule in policy.constraints:
        if _is_chosen(policy, rule) and name_of(rule) in dropped:
            policy = without(policy, rule)
    if NODES_MAX in dropped:
        policy = replace(policy, nodes_max=None)
    return replace(policy, ignores_capacity=True) if ROOM in dropped else policy


def _as_it_was(cases: Sequence[Case], timeline: Timeline) -> list[Snapshot]:
    """What each order could have had at its moment, if no other of the day had been there; and out of which they share."""
    for case in cases:
        timeline.replace(case.demand.order_id)
    snapshots = []
    for case in cases:
        timeline.advance(case.position)
        snapshots.append(replace(case.snapshot, available=stock_of(case, timeline), taken=Quantities()))
    return snapshots


def _replanned(cases: Sequence[Case], snapshots: Sequence[Snapshot], policies: Sequence[Policy]) -> list[Decision]:
    """One after the other, each on the stock of its moment less what those before it took."""
    taken, decisions = Quantities(), []
    for case, snapshot, policy in zip(cases, snapshots, policies, strict=True):
        decision = plan(case.demand, replace(snapshot, taken=taken), policy)
        taken = replace(snapshot, taken=taken).taking(decision).taken
        decisions.append(decision)
    return decisions


def _day(cases: Sequence[Case], timeline: Timeline) -> Snapshot:
    """What was there for all orders of the day, with everything that came in until its end."""
    nodes = {node.id: node for case in cases for node in case.snapshot.nodes}
    available: dict[Key, Decimal] = {}
    capacity: dict[Hashable, Capacity] = {}
    for case in cases:
        available |= stock_of(case, timeline)
        for node, limits in case.snapshot.capacity.items():
            capacity.setdefault(node, limits)  # as it was in the morning
    first = cases[0].snapshot if cases else Snapshot((), {})
    safety = {key: units for case in cases for key, units in case.snapshot.safety.items()}
    return replace(
        first, nodes=tuple(nodes.values()), available=available, taken=Quantities(), capacity=capacity, safety=safety
    )


def jointly(cases: Sequence[Case], shared: Snapshot, policies: Sequence[Policy]) -> list[Decision]:
    """The orders of each policy weighed up against each other, one policy after the other; a long day one by one.

    Bound by work and not by a clock: equal days give equal plans.
    """
    if len(cases) > JOINT_ORDERS_MAX:
        return one_by_one(cases, shared, policies)
    groups: dict[Policy, dict[int, Demand]] = {}
    for place, (case, policy) in enumerate(zip(cases, policies, strict=True)):
        groups.setdefault(policy, {})[place] = case.demand
    decisions: dict[int, Decision] = {}
    for policy, demands in groups.items():

        def see(place: int, whole: Snapshot) -> Snapshot:
            return replace(whole, nodes=cases[place].snapshot.nodes)

        uncounted = frozenset().union(*(cases[place].uncounted for place in demands))
        batch = plan_batch(demands, shared, policy, see=see, uncounted=uncounted, limits=WORK)
        for place, seen in batch.seen.items():
            decisions[place] = seen.decision
            shared = shared.taking(seen.decision)
    return [decisions[place] for place in range(len(cases))]


def one_by_one(cases: Sequence[Case], shared: Snapshot, policies: Sequence[Policy]) -> list[Decision]:
    """The solver for want of a better one: one after the other, in the sequence in which they were decided."""
    decisions = []
    for case, policy in zip(cases, policies, strict=True):
        snapshot = replace(shared, nodes=case.snapshot.nodes)
        decisions.append(plan(case.demand, snapshot, policy))
        shared = replace(snapshot.taking(decisions[-1]), nodes=shared.nodes)
    return decisions
