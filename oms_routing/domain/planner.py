"""The sourcing planner: which node ships what of an order, with which service.

``plan`` is the whole strategy: constraints keep or reject nodes, the search finds the plan that the objectives rank best, soft
rules are given up where else something would not be shipped, and what is left over goes where the policy says. The same
function serves the live flow, batches, simulations and backtests; equal inputs give equal decisions, whatever the order
of dicts and nodes. Explanations are written when they are read (``telling.py``).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from odoo.addons.oms_core.domain.quantities import ZERO

from . import telling
from .constraints import CONSTRAINTS
from .cost import ONE
from .decision import (
    BACKORDERED,
    CANCELLED,
    EXACT,
    GREEDY,
    HELD,
    PARTIAL,
    SINGLE,
    SPLIT,
    UNSOURCED,
    Allocation,
    Decision,
    Relaxed,
    Shipment,
)
from .gathering import gatherings, pieces, without_gathering
from .ledger import Ledger, View
from .millionths import to_millionths
from .model import CANCEL, HOLD, TAKING, Demand, Item
from .policy import DEFAULT_POLICY, LEAST_COST, NEXT, Policy, Rule
from .problem import SHAPING, Problem
from .search import WORK_MAX, Plan, best_plan
from .settling import Link, Parts, Settled, parts_of, settle, take_in_turn, with_leftovers
from .snapshot import Snapshot

#: What is said when a rule about the plan as a whole is given up.
GIVEN_UP = {
    "safety_stock": "Safety stock was used.",
    "carrier_serves": "No carrier is known for it.",
    "promise": "The promised date will not be kept.",
    "capacity_minutes": "More is to be picked than there is time for.",
    "together": "Goods that belong together are sent apart.",
    "no_split": "A line that should stay whole is divided.",
    "whole_lines": "A line is divided.",
    "whole_order": "The order is not shipped as a whole.",
    "max_nodes": "More sites ship than the policy wants.",
    "shipment_value": "A shipment is worth less than the policy wants.",
}


def plan(demand: Demand, snapshot: Snapshot, policy: Policy = DEFAULT_POLICY, *, work_max: int = WORK_MAX) -> Decision:
    """Decide where each item of the demand comes from.

    Under the default policy: one node if any has everything, the nearest of several; else the fewest nodes, then the
    shortest way in sum; what no node has waits at the node that ships most. Every case is a decision, also "nobody may
    ship this" (outcome ``unsourced``); only inputs that contradict themselves raise, where they are built.

    13 chairs wanted, 10 in Lyon and 15 in Lille: Lille ships 13. 20 wanted: 10 from the nearer, 10 from the other.

    :param work_max: how much is looked at before a good plan is taken as it is; counted, so that nothing depends on clocks.
    """
    return _decide(demand, Ledger(snapshot), policy, work_max, is_last=True)


def plan_many(demands: Iterable[Demand], snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> list[Decision]:
    """Plan one demand after the other, each on what those before it left. Whoever comes first is served first."""
    ledger = Ledger(snapshot)
    return [_decide(demand, ledger, policy, WORK_MAX) for demand in demands]


def decide(
    demand: Demand,
    snapshot: Snapshot,
    policy: Policy,
    ships: Iterable[tuple[Hashable, Hashable, Hashable, Decimal]],
    *,
    lower_bound: Decimal | None = None,
) -> Decision:
    """The decision of a plan that somebody else found, a batch optimiser say: with its costs and its explanation.

    :param ships: (item id, node id, service id or None, quantity); what is missing in it is left over.
    :param lower_bound: what no plan of this order costs less than, if that is known.
    :raises ValueError: for a node that may not ship, more than it has, or more than is wanted.
    """
    ledger = Ledger(snapshot)
    problem = Problem(demand, ledger.view(), policy)
    places = {node.id: place for place, node in enumerate(problem.nodes)}
    parts: Parts = {item.id: [] for item in demand.items}
    services: dict[int, Hashable] = {}
    for item_id, node_id, service_id, quantity in ships:
        if node_id not in places:
            raise ValueError(f"node {node_id} may not ship order {demand.order_id}, or has nothing of it")
        parts[item_id].append((places[node_id], quantity))
        services[places[node_id]] = service_id
    _check(problem, parts)
    link = Link(demand, problem.view, policy, frozenset(), False)
    settled = settle(link, problem, None, parts, services)._replace(lower_bound=lower_bound)
    return _decision([settled])


def give_back(allocated: Sequence[tuple[Hashable, Decimal]], quantity: Decimal) -> list[tuple[Hashable, Decimal]]:
    """Which node has to ship how much less when the customer wants ``quantity`` less of one item.

    The decision is undone from its end, so that what waits goes first and the nearest node keeps its part longest.

    >>> give_back([("lyon", Decimal(6)), ("lille", Decimal(3))], Decimal(5))
    [('lille', Decimal('3')), ('lyon', Decimal('2'))]

    :param allocated: (node id, quantity) of the item, in the order of the decision.
    :raises ValueError: for a negative quantity, or for more than was allocated.
    """
    if quantity < 0:
        raise ValueError(f"{quantity} is an increase; plan it instead of giving it back")
    allocated_units = sum(units for _node, units in allocated)
    if quantity > allocated_units:
        raise ValueError(f"{quantity} cannot be given back: only {allocated_units} were allocated")
    return list(take_in_turn(reversed(allocated), quantity))


def all_held(demand: Demand) -> list[Allocation]:
    """What becomes of goods that nobody may ship: a person must say what to do about all of them."""
    return [Allocation(item.id, item.product_id, None, item.quantity, HOLD) for item in demand.items]


def fingerprint(demand: Demand, snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> str:
    """SHA-256 over all that a decision depends on: the demand, the policy, the nodes and their wanted stock.

    Equal for equal inputs: dicts and nodes in any order, ``2`` or ``2.00`` pieces, stock of other products.
    """
    return telling.fingerprint(demand, Ledger(snapshot).view(), policy)


def replay(decision: Decision, demand: Demand, snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> bool:
    """Whether planning again gives the same decision.

    If not, compare ``snapshot_hash`` with :func:`fingerprint`: unequal means other inputs, equal means that the planner
    itself has changed since.
    """
    return plan(demand, snapshot, policy) == decision


# --- one policy after the other -----------------------------------------------------------------------------------------


def _decide(demand: Demand, ledger: Ledger, policy: Policy, work_max: int, *, is_last: bool = False) -> Decision:
    """Plan under the policy, and what it leaves over under the next, if it says so.

    :param is_last: nobody looks at the ledger afterwards, so that nothing needs to be taken for others.
    """
    settled = []
    while True:
        link, problem, found, relaxed = _solve(demand, ledger.view(), policy, work_max)
        one = settle(link, problem, found, parts_of(problem, found), {})._replace(relaxed=relaxed)
        if policy.consolidate:
            one = _gathered(one, work_max)
        is_done = not one.rest or policy.leftover != NEXT
        if not (is_done and is_last):
            ledger.take(one.allocations)
        settled.append(one)
        if is_done:
            return _decision(settled)
        items = tuple(replace(item, quantity=one.rest[item.id]) for item in demand.items if item.id in one.rest)
        demand, policy = replace(demand, items=items), policy.next


def _solve(
    demand: Demand, view: View, policy: Policy, work_max: int
) -> tuple[Link, Problem, Plan, tuple[Relaxed, ...]]:
    """The best plan under all rules; where something is not shipped, as few soft rules are given up as that needs."""
    problem, found = _best(demand, view, policy, work_max)
    soft = [rule for rule in problem.rules if not rule.hard]
    link = Link(demand, view, policy, frozenset(), False)
    if not found.missing or not soft:
        return link, problem, found, ()
    shaping = [rule for rule in reversed(soft) if rule.kind in SHAPING]

    def without(dropped: Iterable[Rule]) -> tuple[Link, Problem, Plan]:
        link = Link(demand, view, policy, frozenset(dropped), True)
        return link, *_best(demand, view, policy, work_max, link.dropped, lenient=True)

    tries = [without(shaping[:count]) for count in range(len(shaping) + 1)]
    best = min(tries, key=lambda one: one[2].missing)  # min takes the first of equals: the fewest rules
    if best[2].missing >= found.missing:
        return link, problem, found, ()
    for rule in reversed(shaping):  # the most important first: one that did not help is kept
        if rule in best[0].dropped:
            again = without(best[0].dropped - {rule})
            if again[2].missing <= best[2].missing:
                best = again
    return *best, _relaxed(*best)


def _best(
    demand: Demand,
    view: View,
    policy: Policy,
    work_max: int,
    dropped: frozenset[Rule] = frozenset(),
    *,
    lenient: bool = False,
) -> tuple[Problem, Plan]:
    """The best plan and what it is a plan of."""
    for is_told in (False, True):
        problem = Problem(demand, view, policy, dropped, lenient=lenient, is_told=is_told)
        if found := best_plan(problem, work_max):
            break
    return problem, found


def _relaxed(link: Link, problem: Problem, found: Plan) -> tuple[Relaxed, ...]:
    """Which soft rules the plan breaks, in the sequence of the policy."""
    relaxed = []
    for rule in link.policy.constraints:
        if rule in link.dropped:
            relaxed.append(Relaxed(rule.id, rule.kind, GIVEN_UP[rule.kind]))
        elif rule in problem.soft_rules:
            number = problem.soft_rules.index(rule)
            broken = [problem.nodes[place] for place in found.group if problem.breaks[place][number]]
            says = CONSTRAINTS[rule.kind].says
            reasons = " ".join(says(node, problem.look, rule, False) for node in broken)
            if broken:
                relaxed.append(Relaxed(rule.id, rule.kind, reasons))
    return tuple(relaxed)


def _gathered(one: Settled, work_max: int) -> Settled:
    """The same order with goods sent to one node first, if more is shipped that way, or at a lower cost."""
    link = one.link
    demand, policy = link.demand, link.policy
    parcels = len(one.shipments)
    if not one.rest and parcels == 1 and policy.strategy != LEAST_COST:
        return one  # the goals have spoken, and there is nothing to put together
    before = rank = (sum(one.rest.values()), _money_of(demand, one.shipments))
    best = one
    for way in gatherings(demand, link.view, policy):
        there, problem, found, relaxed = _solve(
            way.demand, Ledger(way.snapshot).view(), without_gathering(policy), work_max
        )
        alone = settle(there, problem, found, parts_of(problem, found), {})
        shipped = [allocation for allocation in alone.allocations if allocation.mode in TAKING]
        made = pieces(way, shipped, alone.shipments[0]) if len(alone.shipments) == 1 else None
        if made is None:
            continue
        allocations, shipment = made
        cost = _money_of(demand, (shipment,))
        missing = sum(alone.rest.values())
        is_cheaper = cost is not None and rank[1] is not None and cost < rank[1]
        if missing < rank[0] or (missing == rank[0] and is_cheaper):
            if alone.rest and policy.leftover != NEXT:
                allocations = with_leftovers(link, problem, allocations, alone.rest)
            rank = (missing, cost)
            told = link._replace(instead=(parcels, before[1] if missing == before[0] else None))
            best = Settled(told, allocations, [shipment], alone.rest, found, relaxed, None)
    return best


def _money_of(demand: Demand, shipments: Sequence[Shipment]) -> Decimal | None:
    """What these shipments cost; None if that is not known of all of them."""
    if demand.offers and not all(shipment.offer for shipment in shipments):
        return None
    return sum((amount for shipment in shipments for amount in shipment.costs.values()), ZERO)


def _check(problem: Problem, parts: Parts) -> None:
    """What somebody else planned must be possible."""
    taken: dict[tuple[int, int], int] = {}
    for item in problem.demand.items:
        if sum(units for _place, units in parts[item.id]) > item.quantity:
            raise ValueError(f"more of {item.label} is shipped than is wanted")
        recipe = ((item.product_id, ONE), *problem.look.recipes.get(item.product_id, ()))
        for place, units in parts[item.id]:
            for product_id, needed in recipe:
                key = place, problem.products.index(product_id)
                taken[key] = taken.get(key, 0) + to_millionths(units * needed)
    for (place, product), units in taken.items():
        if units > problem.stock[place][product]:
            raise ValueError(f"{problem.nodes[place].name} has not that much to ship")


# --- the decision -----------------------------------------------------------------------------------------------------


def _decision(settled: Sequence[Settled]) -> Decision:
    first, last = settled[0], settled[-1]
    allocations = _in_order(first.link.demand.items, [a for one in settled for a in one.allocations])
    if last.rest and not last.allocations and allocations:  # earlier policies shipped a part, nobody may take the rest
        allocations = _in_order(first.link.demand.items, [*allocations, *all_held(last.link.demand)])
    shipments = tuple(shipment for one in settled for shipment in one.shipments) if allocations else ()
    cost = sum((amount for shipment in shipments for amount in shipment.costs.values()), ZERO)
    is_exact = all(one.link.instead is None and (one.plan is None or one.plan.is_exact) for one in settled)
    bounds = [one.lower_bound for one in settled]
    bound = None if None in bounds or not allocations else cost if is_exact and first.plan else sum(bounds, ZERO)
    gap = ZERO if is_exact and first.plan else None
    if gap is None and bound is not None and bound > 0:
        bound = min(bound, cost)
        gap = (cost - bound) / bound
    return Decision(
        order_id=first.link.demand.order_id,
        allocations=allocations,
        outcome=_outcome(allocations),
        method=EXACT if is_exact and first.plan else GREEDY,
        telling=telling.Teller(tuple(one.link for one in settled)),
        shipments=shipments,
        cost=cost,
        lower_bound=bound,
        gap=gap,
        relaxed=tuple(relaxed for one in settled for relaxed in one.relaxed),
        policy_id=first.link.policy.id,
    )


def _in_order(items: Sequence[Item], allocations: Sequence[Allocation]) -> tuple[Allocation, ...]:
    """By item, what ships before what does not."""
    places = {item.id: place for place, item in enumerate(items)}
    return tuple(sorted(allocations, key=lambda a: (places[a.item_id], a.mode not in TAKING)))


def _outcome(allocations: Sequence[Allocation]) -> str:
    shipping = {allocation.ships_from for allocation in allocations if allocation.mode in TAKING}
    left_over = {allocation.mode for allocation in allocations if allocation.mode not in TAKING}
    if shipping:
        return PARTIAL if left_over else SINGLE if len(shipping) == 1 else SPLIT
    for mode, outcome in ((HOLD, HELD), (CANCEL, CANCELLED)):
        if mode in left_over:
            return outcome
    return BACKORDERED if left_over else UNSOURCED
