"""From a plan to its pieces: who ships how much of what, with which service and at what cost, and what becomes of the rest."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo.addons.oms_core.domain.quantities import ZERO

from .constraints import LIFTED_BY_STOCK, asked
from .cost import Lot, Quote, exact
from .decision import Allocation, Relaxed, Shipment
from .ledger import View
from .millionths import MILLION, to_millionths
from .model import BACKORDER, CANCEL, DROPSHIP, SHIP, VENDOR, WAIT, Demand, Node
from .policy import LEAST_COST, NEXT, Policy, Rule
from .problem import Problem
from .search import Plan

Parts = dict[Hashable, list[tuple[int, Decimal]]]


class Link(NamedTuple):
    """What one policy of a chain decided; enough to tell it again.

    :param instead: (parcels, cost) of the plan that would have been taken if nothing was sent to another node first; without a
        cost where that shipped less.
    """

    demand: Demand
    view: View
    policy: Policy
    dropped: frozenset[Rule]
    lenient: bool
    instead: tuple[int, Decimal | None] | None = None


class Settled(NamedTuple):
    """A link with its result."""

    link: Link
    allocations: list[Allocation]
    shipments: list[Shipment]
    rest: dict[Hashable, Decimal]
    plan: Plan | None
    relaxed: tuple[Relaxed, ...]
    lower_bound: Decimal | None


def parts_of(problem: Problem, found: Plan) -> Parts:
    """Item → (node, quantity), the nearest first."""
    group = sorted(found.group, key=lambda place: nearness(problem, problem.nodes[place]))
    parts: Parts = {}
    for number, lot in enumerate(problem.lots):
        if found.gives:
            units = [(place, found.gives[place].get(number, 0)) for place in group]
        else:
            units = [(place, problem.rows[place][number]) for place in group]
        parts |= _share_out(lot, [(place, exact_units(lot, give)) for place, give in units if give])
    return parts


def exact_units(lot: Lot, give: int) -> Decimal:
    """Millionths as units; all of a lot is all of it, however fine."""
    return sum((item.quantity for item in lot.items), ZERO) if give == lot.quantity else Decimal(give) / MILLION


def _share_out(lot: Lot, shelves: Sequence[tuple[int, Decimal]]) -> Parts:
    """An item stays whole if a node has all of it; else each node gives what it has."""
    left = dict(shelves)
    parts = {}
    for item in lot.items:
        whole = [(place, units) for place, units in left.items() if units >= item.quantity]
        parts[item.id] = list(take_in_turn(whole or left.items(), item.quantity))
        for place, quantity in parts[item.id]:
            left[place] -= quantity
    return parts


def take_in_turn(shelves: Iterable[tuple[Hashable, Decimal]], quantity: Decimal) -> Iterator[tuple[Hashable, Decimal]]:
    """From each shelf what it has until the quantity is reached, or all shelves are empty."""
    for node_id, units in shelves:
        part = min(units, quantity)
        if part > 0:
            yield node_id, part
            quantity -= part


def nearness(problem: Problem, node: Node) -> tuple:
    """Sort key: the nearest first, those of unknown distance last, then the merchant's order."""
    distance = problem.look.distance(node)
    return (distance is None, distance, node.sequence, node.id)


def settle(link: Link, problem: Problem, found: Plan | None, parts: Parts, services: dict[int, Hashable]) -> Settled:
    """Pieces, shipments and costs of a plan; what is left over is settled by the policy."""
    shipments, shares, quotes = _shipments(problem, parts, services)
    allocations, rest = [], {}
    for item in link.demand.items:
        for place, quantity in parts[item.id]:
            node, quote = problem.nodes[place], quotes[place]
            offer = quote.offer if quote else None
            allocations.append(
                Allocation(
                    item.id,
                    item.product_id,
                    node.id,
                    quantity,
                    _mode(link.demand, node),
                    offer.service_id if offer else None,
                    offer.ship_by if offer else None,
                    offer.deliver_by if offer else None,
                    shares[item.id, place],
                )
            )
        missing = item.quantity - sum((quantity for _place, quantity in parts[item.id]), ZERO)
        if missing:
            rest[item.id] = missing
    if rest and link.policy.leftover != NEXT:
        allocations = with_leftovers(link, problem, allocations, rest)
    bound = None
    if found is not None and link.policy.strategy == LEAST_COST and problem.cost_shift is not None:
        bound = _cost_bound(problem, found)
    return Settled(link, allocations, shipments, rest, found, (), bound)


def _mode(demand: Demand, node: Node) -> str:
    if demand.pinned_node is not None and node.id == demand.pinned_node:
        return demand.pinned_mode
    return DROPSHIP if node.kind == VENDOR else SHIP


def _cost_bound(problem: Problem, found: Plan) -> Decimal | None:
    """The least that a plan costs which ships as much; None if the bound is of plans that ship more."""
    if found.bound >> problem.missing_shift != found.key >> problem.missing_shift or not found.group:
        return None
    mask = (1 << problem.cost_width) - 1
    return exact(max(0, (found.bound >> problem.cost_shift & mask) - problem.coster.split))


def _shipments(
    problem: Problem, parts: Parts, services: dict[int, Hashable]
) -> tuple[list[Shipment], dict[tuple[Hashable, int], dict[str, Decimal]], dict[int, Quote | None]]:
    """What each node ships and costs, the share of every piece in it, and the service it goes with."""
    gives: dict[int, dict[int, int]] = {}
    pieces: dict[int, list[tuple[Hashable, int]]] = {}
    further: dict[int, int] = {}  # pieces of a lot after its first
    for number, lot in enumerate(problem.lots):
        seen: dict[int, None] = {}
        for item in lot.items:
            for place, quantity in parts[item.id]:
                given = gives.setdefault(place, {})
                given[number] = given.get(number, 0) + to_millionths(quantity)
                pieces.setdefault(place, []).append((item.id, to_millionths(quantity)))
                seen[place] = None
        for place in list(seen)[1:]:
            further[place] = further.get(place, 0) + 1
    shipments, shares, quotes = [], {}, {}
    for place in sorted(gives, key=lambda one: nearness(problem, problem.nodes[one])):
        quote = quotes[place] = _quote(problem, place, gives[place], services)
        costs = problem.coster.components(problem.nodes[place], quote, gives[place]) if quote else {}
        split = (problem.coster.split if shipments else 0) + problem.coster.line_split * further.get(place, 0)
        if split:
            costs["split"] = split
        weight, _volume, value, _units = problem.coster.contents(gives[place])
        carbon = problem.coster.carbon(quote, weight) if quote else ZERO
        money = {component: exact(amount) for component, amount in costs.items()}
        offer = quote.offer if quote else None
        shipments.append(Shipment(problem.nodes[place].id, offer, exact(weight), exact(value), carbon, money))
        shares |= {(item_id, place): share for item_id, share in _shares(costs, pieces[place])}
    return shipments, shares, quotes


def _quote(problem: Problem, place: int, gives: dict[int, int], services: dict[int, Hashable]) -> Quote | None:
    """The service that was planned; without one, the best for what is in the shipment."""
    if (service_id := services.get(place)) is not None:
        return next(q for q in problem.quotes(place) if q.offer and q.offer.service_id == service_id)
    found = problem.shipment(place, gives)
    return found and problem.quotes(place)[found[1]]


def _shares(
    costs: dict[str, int], pieces: Sequence[tuple[Hashable, int]]
) -> Iterator[tuple[Hashable, dict[str, Decimal]]]:
    """What of each component falls on each piece, by units; the shares of all pieces sum to the whole."""
    total = sum(units for _item, units in pieces) or 1
    before = 0
    for item_id, units in pieces:
        upto = before + units
        share = {code: amount * upto // total - amount * before // total for code, amount in costs.items()}
        yield item_id, {code: exact(amount) for code, amount in share.items()}
        before = upto


# --- what is left over ------------------------------------------------------------------------------------------------


def with_leftovers(
    link: Link, problem: Problem, allocations: list[Allocation], rest: dict[Hashable, Decimal]
) -> list[Allocation]:
    """The pieces and what becomes of the rest. None at all if it should wait at a node and no node may take it."""
    mode, node_id = _action(link.demand, link.policy), None
    if mode == BACKORDER:
        node_id = _waiting_node(link, problem, allocations)
        if node_id is None:
            return []
    pieces: dict[Hashable, list[Allocation]] = {item.id: [] for item in link.demand.items}
    for allocation in allocations:
        pieces[allocation.item_id].append(allocation)
    for item in link.demand.items:
        if item.id in rest:
            pieces[item.id].append(Allocation(item.id, item.product_id, node_id, rest[item.id], mode))
    return [allocation for of_item in pieces.values() for allocation in of_item]


def _action(demand: Demand, policy: Policy) -> str:
    if policy.leftover != CANCEL or policy.cancel_after_days is None:
        return policy.leftover
    if demand.now is None or demand.ordered_at is None:
        return WAIT
    is_due = demand.now >= demand.ordered_at + timedelta(days=policy.cancel_after_days)
    return CANCEL if is_due else WAIT


def _waiting_node(link: Link, problem: Problem, allocations: Sequence[Allocation]) -> Hashable:
    """Where leftovers wait: at the node that ships most (no parcel more when they come), else at the nearest that may."""
    units: dict[Hashable, Decimal] = {}
    for allocation in allocations:
        units[allocation.node_id] = units.get(allocation.node_id, ZERO) + allocation.quantity
    if units:
        places = link.view.snapshot.places
        return min(units, key=lambda node_id: (-units[node_id], nearness(problem, places[node_id][1])))
    rules = [
        (rule, one) for rule, one in asked(problem.look, link.policy.constraints) if rule.kind not in LIFTED_BY_STOCK
    ]
    for of_all in (True, False):  # soft rules are given up before an order has no place to wait
        hard = [(rule, one) for rule, one in rules if of_all or rule.hard]
        nodes = [
            node for node in link.view.snapshot.nodes if all(one.holds(node, problem.look, rule) for rule, one in hard)
        ]
        if nodes:
            return min(nodes, key=lambda node: nearness(problem, node)).id
    return None
