"""The sourcing planner: which node ships what of an order.

``plan`` is the whole strategy. It looks at every node, asks the constraints, chooses the group of nodes that the
objectives rank best, and allocates the items within that group. The same function serves the live flow, batches and
simulations; equal inputs give equal decisions, whatever the order of dicts and nodes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

from . import explain
from .constraints import CONSTRAINTS, LIFTED_BY_STOCK
from .distance import distance_km
from .model import (
    BACKORDER,
    BACKORDERED,
    EXACT,
    GREEDY,
    PARTIAL,
    SHIP,
    SINGLE,
    SPLIT,
    UNSOURCED,
    Allocation,
    Candidate,
    Decision,
    Demand,
    Item,
    Site,
    Snapshot,
    Verdict,
)
from .objectives import OBJECTIVES, covers_most
from .policy import DEFAULT_POLICY, Policy
from .words import plain

#: Up to here all groups of sites are tried: 255 groups, some milliseconds at worst.
EXACT_SITES_MAX = 8
EXACT_PRODUCTS_MAX = 12

#: With these in front, no group beats a smaller one that already ships all there is to ship.
SMALLEST_FIRST = ("covers_most", "fewest_parcels")

Group = tuple[Site, ...]


def plan(demand: Demand, snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> Decision:
    """Decide where each item of the demand comes from.

    Under the default policy: one node if any has everything, the nearest of several; else the fewest nodes, then the
    shortest way in sum; what no node has waits at the node that ships most. Every case is a decision, also "nobody may
    ship this" (outcome ``unsourced``); only inputs that contradict themselves raise, where they are built.

    13 chairs wanted, 10 in Lyon and 15 in Lille: Lille ships 13. 20 wanted: 10 from the nearer, 10 from the other.
    """
    wanted = demand.wanted()
    sites = _look(demand, wanted, snapshot)
    verdicts = {
        site.node.id: tuple(
            CONSTRAINTS[rule.kind](site, demand) for rule in policy.constraints if rule.kind in CONSTRAINTS
        )
        for site in sites
    }
    accepted = [site for site in sites if all(verdict.ok for verdict in verdicts[site.node.id])]
    may_wait = [site for site in sites if all(v.ok or v.code in LIFTED_BY_STOCK for v in verdicts[site.node.id])]
    group, method = _choose(accepted, wanted, policy)
    allocations = _allocate(demand.items, sorted(group, key=_nearness), sorted(may_wait, key=_nearness))
    decision = Decision(
        order_id=demand.order_id,
        allocations=allocations,
        candidates=_candidates(sites, verdicts, allocations, demand, wanted, policy),
        outcome=_outcome(allocations),
        sentence="",
        method=method,
        snapshot_hash=fingerprint(demand, snapshot, policy),
    )
    is_all_there_is = covers_most(group, wanted) == covers_most(accepted, wanted)
    sentence = explain.decision_sentence(decision, demand, policy, is_all_there_is=is_all_there_is)
    return replace(decision, sentence=sentence)


def plan_many(demands: Iterable[Demand], snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> list[Decision]:
    """Plan one demand after the other, each on what those before it left. Whoever comes first is served first."""
    decisions = []
    for demand in demands:
        decisions.append(plan(demand, snapshot, policy))
        snapshot = snapshot.taking(decisions[-1])
    return decisions


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
    return list(_take_in_turn(reversed(allocated), quantity))


def fingerprint(demand: Demand, snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> str:
    """SHA-256 over all that a decision depends on: the demand, the policy, the nodes and their wanted stock.

    Equal for equal inputs: dicts and nodes in any order, ``2`` or ``2.00`` pieces, stock of other products.
    """
    nodes = sorted(snapshot.nodes, key=lambda node: node.id)
    place, wanted = demand.place, demand.wanted()
    content = [
        [demand.order_id, place.latitude, place.longitude, place.country_code, place.label],
        [[item.id, item.product_id, plain(item.quantity), item.label] for item in demand.items],
        sorted(demand.excluded_nodes.items()),
        [[node.id, node.name, node.sequence, node.latitude, node.longitude, node.country_code] for node in nodes],
        [[plain(snapshot.free(node.id, product_id)) for product_id in wanted] for node in nodes],
        [repr(policy)],
    ]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def replay(decision: Decision, demand: Demand, snapshot: Snapshot, policy: Policy = DEFAULT_POLICY) -> bool:
    """Whether planning again gives the same decision.

    If not, compare ``snapshot_hash`` with :func:`fingerprint`: unequal means other inputs, equal means that the planner
    itself has changed since.
    """
    return plan(demand, snapshot, policy) == decision


# --- looking ---------------------------------------------------------------------------------------------------------


def _look(demand: Demand, wanted: Quantities, snapshot: Snapshot) -> list[Site]:
    """Every node as this demand sees it, in the merchant's order."""
    return [
        Site(
            node=node,
            stock=Quantities([(id_, min(units, snapshot.free(node.id, id_))) for id_, units in wanted.items()]),
            distance_km=distance_km(node, demand.place),
        )
        for node in sorted(snapshot.nodes, key=lambda node: (node.sequence, node.id))
    ]


def _nearness(site: Site) -> tuple:
    """Sort key: the nearest first, those of unknown distance last, then the merchant's order."""
    return (site.distance_km is None, site.distance_km, site.node.sequence, site.node.id)


# --- choosing --------------------------------------------------------------------------------------------------------


def _ranks(group: Sequence[Site], wanted: Quantities, policy: Policy) -> tuple:
    return tuple(OBJECTIVES[rule.kind](group, wanted) for rule in policy.objectives if rule.kind in OBJECTIVES)


def _choose(sites: Sequence[Site], wanted: Quantities, policy: Policy) -> tuple[Group, str]:
    """The group of sites that the policy ranks best, and whether that is proven.

    Single sites are always all tried. Coverage is not fewest shipments: to take the site that has most, and then the
    one that has most of the rest, can end in more parcels than needed; therefore groups are compared as a whole.
    """

    def order(group: Group) -> tuple:
        ranks = _ranks(group, wanted, policy)
        # First non-tie wins, who abstains comes last; then the merchant's order and the ids, so that no tie is left.
        return (*((rank is None, rank) for rank in ranks), sorted((site.node.sequence, site.node.id) for site in group))

    def is_unbeatable(group: Group) -> bool:
        return (
            tuple(rule.kind for rule in policy.objectives[:2]) == SMALLEST_FIRST
            and covers_most(group, wanted) == least_missing
        )

    if not sites:
        return (), EXACT
    least_missing = covers_most(sites, wanted)
    size_max = min(len(sites), policy.nodes_max or len(sites))
    is_small = len(sites) <= EXACT_SITES_MAX and len(wanted) <= EXACT_PRODUCTS_MAX
    best: Group = ()
    for size in range(1, size_max + 1 if is_small else 2):
        best = min(filter(None, (best, *combinations(sites, size))), key=order)
        if is_unbeatable(best):
            return best, EXACT
    if is_small or size_max == 1:
        return best, EXACT
    return _climb(best, sites, size_max, order), GREEDY


def _climb(group: Group, sites: Sequence[Site], size_max: int, order: Callable[[Group], tuple]) -> Group:
    """Add or drop one site at a time, whichever is best, as long as that makes the group better.

    Dropping matters: a site that was the best alone may be idle once others have joined.
    """
    while True:
        larger = [(*group, new) for new in sites if new not in group]
        smaller = [tuple(site for site in group if site is not old) for old in group]
        steps = [step for step in larger + smaller if 0 < len(step) <= size_max]
        best = min(steps, key=order, default=group)
        if not order(best) < order(group):
            return group
        group = best


# --- allocating ------------------------------------------------------------------------------------------------------


def _allocate(items: Sequence[Item], group: Sequence[Site], may_wait: Sequence[Site]) -> tuple[Allocation, ...]:
    """Share the items out over the group; both lists of sites are nearest first.

    Σ quantities = what is asked, per item, unless nobody may even wait for the goods: then nothing is allocated.
    """
    if not may_wait:
        return ()
    shipped = _ship(items, group)
    waiting_at = _waiting_node(shipped.values(), may_wait)
    allocations = []
    for item in items:
        for node_id, quantity in shipped[item.id]:
            allocations.append(Allocation(item.id, item.product_id, node_id, quantity, SHIP))
        missing = item.quantity - sum(quantity for _node, quantity in shipped[item.id])
        if missing:
            allocations.append(Allocation(item.id, item.product_id, waiting_at, missing, BACKORDER))
    return tuple(allocations)


def _ship(items: Sequence[Item], group: Sequence[Site]) -> dict[Hashable, list[tuple[Hashable, Decimal]]]:
    """Item id → (node id, quantity). An item stays whole if a site has all of it; else each site gives what it has."""
    left = {(site.node.id, product_id): units for site in group for product_id, units in site.stock.items()}
    shipped = {}
    for item in items:
        shelves = [(site.node.id, left.get((site.node.id, item.product_id), ZERO)) for site in group]
        whole = [(node_id, units) for node_id, units in shelves if units >= item.quantity]
        shipped[item.id] = list(_take_in_turn(whole or shelves, item.quantity))
        for node_id, quantity in shipped[item.id]:
            left[node_id, item.product_id] -= quantity
    return shipped


def _take_in_turn(shelves: Iterable[tuple[Hashable, Decimal]], quantity: Decimal) -> Iterator[tuple[Hashable, Decimal]]:
    """From each shelf what it has until the quantity is reached, or all shelves are empty."""
    for node_id, units in shelves:
        part = min(units, quantity)
        if part > 0:
            yield node_id, part
            quantity -= part


def _waiting_node(parts: Iterable[Sequence[tuple[Hashable, Decimal]]], may_wait: Sequence[Site]) -> Hashable:
    """Where the leftovers wait: at the node that ships most (no parcel more when they come), else at the nearest."""
    units = Quantities(part for item_parts in parts for part in item_parts)
    return max((site.node.id for site in may_wait), key=units.__getitem__)  # max takes the first of equals


def _outcome(allocations: Sequence[Allocation]) -> str:
    modes = {allocation.mode for allocation in allocations}
    if not modes:
        return UNSOURCED
    if modes == {BACKORDER}:
        return BACKORDERED
    if BACKORDER in modes:
        return PARTIAL
    return SINGLE if len({allocation.node_id for allocation in allocations}) == 1 else SPLIT


# --- telling ---------------------------------------------------------------------------------------------------------


def _candidates(
    sites: Sequence[Site],
    verdicts: Mapping[Hashable, tuple[Verdict, ...]],
    allocations: Sequence[Allocation],
    demand: Demand,
    wanted: Quantities,
    policy: Policy,
) -> tuple[Candidate, ...]:
    """Every site with its verdicts, ranks and reason: the chosen first, then by rank, the rejected last."""
    used = {allocation.node_id for allocation in allocations}
    candidates = [
        Candidate(
            node_id=site.node.id,
            name=site.node.name,
            accepted=all(verdict.ok for verdict in verdicts[site.node.id]),
            reason_code="",
            reason="",
            verdicts=verdicts[site.node.id],
            distance_km=site.distance_km,
            items_covered=_items_covered(demand.items, site),
            units_covered=site.stock.total(),
            rank=(*_ranks((site,), wanted, policy), site.node.sequence),
            chosen=site.node.id in used,
        )
        for site in sites
    ]
    # Sorting keeps the merchant's order among equals.
    candidates.sort(key=lambda c: (not c.chosen, not c.accepted, [(rank is None, rank) for rank in c.rank]))
    winner = candidates[0] if len(used) == 1 else None
    return tuple(
        replace(
            candidate,
            reason_code=explain.candidate_code(candidate, demand),
            reason=explain.candidate_reason(candidate, winner, demand, policy),
        )
        for candidate in candidates
    )


def _items_covered(items: Sequence[Item], site: Site) -> int:
    """How many items the site could ship in full, if it had to ship alone."""
    shipped = _ship(items, [site])
    return sum(sum(units for _node, units in shipped[item.id]) == item.quantity for item in items)
