"""Transfer, then ship: what one node lacks is sent there by others of ours, and all of it leaves there in one parcel.

The planner compares this with the plan that it found without: more units first, then less money, transfers included. A *hub*
has some of the goods itself. Those that send to it (*feeders*) follow the policy like any node, but for its rules about the
way to the customer, which they do not go. The transfer takes days: all that the hub's carriers tell is that much later, and
never at a weekend.

A kit is sent whole: each of those that the hub cannot put together itself comes with all its parts from one feeder, and
counts as one unit there. No kit is put together at the hub from what two sites have of its parts. Parts whose stock nobody
counts are everywhere, and are taken at the hub.

Looked at are one hub with up to three feeders, for the hubs that have most of the order; not two parcels of which one is
gathered. Where a kit and another line want the same and there is not enough for both, the line that stands first is sent.
A gathered decision is therefore never told to be the best there is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo.addons.oms_core.domain.bringing import Missing
from odoo.addons.oms_core.domain.kits import taken_apart
from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

from .bringing import bring_cheapest
from .cost import ONE, UNIT, exact
from .decision import Allocation, Shipment
from .distance import distance_km
from .ledger import View
from .model import MINUTES, ORDERS, SHIP, STORE, TRANSFER, WAREHOUSE, Demand, Node
from .policy import LEXICOGRAPHIC, NEXT, Policy
from .problem import Problem
from .snapshot import Snapshot
from .tariff import Offer

#: Of more hubs, those that have most of the order are compared.
HUBS_MAX = 12

#: Rules about the way from a node to the customer.
ABOUT_THE_WAY = frozenset({"ships_to", "max_distance", "carrier_serves", "promise", "shipment_value", "max_nodes"})

SATURDAY = 5


class Source(NamedTuple):
    """So much of an item that a node gives, its own or sent there; ``feeder`` is None for the hub's own."""

    item_id: Hashable
    product_id: Hashable
    quantity: Decimal
    feeder: Hashable


class Gathering(NamedTuple):
    """One hub with what would be sent there.

    :param demand: the order as it would be shipped from there alone, days later; on ``snapshot``, when all has arrived.
    :param costs: what the transfer from each feeder costs.
    """

    hub: Node
    demand: Demand
    snapshot: Snapshot
    sources: tuple[Source, ...]
    costs: Mapping[Hashable, Decimal]
    days: int


def gatherings(demand: Demand, view: View, policy: Policy) -> Iterator[Gathering]:
    """The ways to gather this order that are worth a look."""
    if demand.pinned_node is not None:
        return
    rules = tuple(rule for rule in policy.constraints if rule.kind not in ABOUT_THE_WAY)
    problem = Problem(demand, view, replace(policy, constraints=rules, strategy=LEXICOGRAPHIC, nodes_max=None))
    free = {
        (node.id, product_id): _units(row[place], wanted)
        for node, row in zip(problem.nodes, problem.stock, strict=True)
        if _takes_part(node, demand)
        for place, (product_id, wanted) in enumerate(problem.look.needed.items())
    }
    of_node: dict[Hashable, Decimal] = {}
    for (node_id, product_id), units in free.items():
        if product_id in problem.look.wanted:
            of_node[node_id] = of_node.get(node_id, ZERO) + units
    ours = [node for node in problem.nodes if node.id in of_node]
    hubs = sorted(ours, key=lambda node: (-of_node[node.id], node.sequence, node.id))[:HUBS_MAX]
    for hub in hubs:
        feeders = [node for node in ours if node is not hub]
        if feeders and (found := _gather(hub, feeders, problem, free)):
            yield found


def _takes_part(node: Node, demand: Demand) -> bool:
    return node.kind in (WAREHOUSE, STORE) and node.transfers is not None and node.company_id == demand.company_id


def _units(millionths: int, wanted: Decimal) -> Decimal:
    """All that is wanted is all of it, however fine."""
    units = Decimal(millionths) / UNIT
    return wanted if units >= wanted else units


def _gather(hub: Node, feeders: Sequence[Node], problem: Problem, free: Mapping) -> Gathering | None:
    """What the others send to this hub at the least cost; None if nothing would come."""
    demand = problem.demand
    left = {product_id: free[hub.id, product_id] for product_id in problem.look.needed}
    sources, missing = [], []
    for number, item in enumerate(demand.items):
        recipe = problem.look.recipes.get(item.product_id, ())
        own = min(item.quantity, left[item.product_id], *(left[part] // needed for part, needed in recipe))
        for product_id, needed in ((item.product_id, ONE), *recipe):
            left[product_id] -= own * needed
        if own:
            sources.append(Source(item.id, item.product_id, own, None))
        if own < item.quantity and item.is_movable:
            missing.append(Missing(number, item.product_id, item.quantity - own))
    if not missing or not sources:
        return None
    may_give = {
        (node.id, want.product): free[node.id, want.product]
        for node in feeders
        for want in missing
        if (demand.items[want.move].id, node.id) not in demand.rejections
    }
    flat, per_unit = _transfer_costs(hub, feeders)
    parts, _cost = bring_cheapest(
        missing, flat, may_give, per_unit=per_unit, recipes=problem.look.recipes, shelves=free
    )
    if not parts:
        return None
    lines: dict[Hashable, int] = {}
    units: dict[Hashable, Decimal] = {}
    for part in parts:
        item = demand.items[part.move]
        sources.append(Source(item.id, part.product, part.quantity, part.place))
        lines[part.place] = lines.get(part.place, 0) + 1
        units[part.place] = units.get(part.place, ZERO) + part.quantity
    of_id = {node.id: node for node in feeders}
    if problem.has_minutes and any(
        problem.minutes_for(of_id[place], int(sent * UNIT)) < int(sent * UNIT) for place, sent in units.items()
    ):
        return None
    costs = {
        place: flat[place] + per_unit[place] * sent + of_id[place].costs.pick_line * lines[place]
        for place, sent in units.items()
    }
    places = {item.id: place for place, item in enumerate(demand.items)}
    sources.sort(key=lambda source: (places[source.item_id], source.feeder is not None))
    days = hub.transfers.days
    there = _as_seen_there(problem, hub, sources)
    return Gathering(hub, _days_later(demand, hub, days), there, tuple(sources), costs, days)


def _transfer_costs(hub: Node, feeders: Sequence[Node]) -> tuple[dict[Hashable, Decimal], dict[Hashable, Decimal]]:
    """What one transfer from each feeder to the hub costs, and each unit in it; a way of unknown length counts as the longest."""
    ways = {node.id: distance_km(node, hub) for node in feeders}
    longest = max((km for km in ways.values() if km is not None), default=0.0)
    flat = {
        node.id: node.transfers.parcel
        + node.transfers.per_km * Decimal(repr(longest if ways[node.id] is None else ways[node.id]))
        + node.costs.pack_parcel
        for node in feeders
    }
    return flat, {node.id: node.transfers.per_unit + node.costs.pick_unit for node in feeders}


def _as_seen_there(problem: Problem, hub: Node, sources: Sequence[Source]) -> Snapshot:
    """The stock when everything has arrived, and the capacity as it is."""
    view, snapshot = problem.view, problem.view.snapshot
    available = {
        (node_id, product_id): units
        for product_id in problem.look.needed
        if product_id not in problem.look.recipes
        for node_id, units in view.shelf(product_id).items()
    }
    recipes = problem.look.recipes
    sent = ((hub.id, one.product_id, one.quantity) for one in sources if one.feeder is not None)
    for key, units in taken_apart(sent, recipes).items():
        # Brought for this order: what the hub keeps back of its own does not grow by it.
        available[key] = max(available.get(key, ZERO), problem.look.keeps_back(*key)) + units
    # Nor does what it keeps back of kits: beside those that are gathered it keeps all.
    safety = dict(snapshot.safety)
    for kit, recipe in recipes.items():
        kits = min(available.get((hub.id, part), ZERO) // needed for part, needed in recipe)
        safety[hub.id, kit] = kits - sum((one.quantity for one in sources if one.product_id == kit), ZERO)
    used = {
        (node_id, what): view.ledger.used(node_id, what, view.moment)
        for node_id in snapshot.capacity
        for what in (ORDERS, MINUTES)
    }
    return replace(snapshot, available=available, taken=Quantities(), used=Quantities(used), safety=safety)


def _days_later(demand: Demand, hub: Node, days: int) -> Demand:
    """From the hub alone, so many days from now."""
    offers = tuple(_later_offer(offer, days) for offer in demand.offers.get(hub.id, ()))
    return replace(
        demand,
        offers={hub.id: offers} if demand.offers else {},
        pinned_node=hub.id,
        pinned_mode=SHIP,
    )


def when_gathered(
    demand: Demand, snapshot: Snapshot, hub_id: Hashable, sent: Mapping[Hashable, Decimal]
) -> tuple[Demand, Snapshot]:
    """The order as it leaves the hub of a decision, and the stock when all has arrived: to tell its parcel once more.

    :param sent: product → units that others send there.
    """
    _place, hub = snapshot.places[hub_id]
    parts = taken_apart(((hub_id, product_id, units) for product_id, units in sent.items()), snapshot.recipes)
    arrived = {key: snapshot.free(*key) + snapshot.taken[key] + units for key, units in parts.items()}
    there = replace(snapshot, available={**snapshot.available, **arrived})
    return _days_later(demand, hub, hub.transfers.days), there


def _later_offer(offer: Offer, days: int) -> Offer:
    leaves = _later(offer.ship_by, days)
    moved = leaves - offer.ship_by if leaves else timedelta(days=days)
    return replace(
        offer,
        ship_by=leaves,
        deliver_by=_later(offer.deliver_by, moved.days),
        deliver_late=_later(offer.deliver_late, moved.days),
    )


def _later(moment: datetime | None, days: int) -> datetime | None:
    """So many days later, on Monday instead of at a weekend.

    >>> str(_later(datetime(2026, 11, 19, 17), 2))  # a Thursday
    '2026-11-23 17:00:00'
    """
    if moment is None or not days:
        return moment
    moment += timedelta(days=days)
    return moment + timedelta(days=max(0, 7 - moment.weekday()) if moment.weekday() >= SATURDAY else 0)


def without_gathering(policy: Policy) -> Policy:
    """The same policy for the hub: one parcel from there, and what is left over is nobody's yet."""
    return replace(
        policy, consolidate=False, leftover="wait" if policy.leftover == NEXT else policy.leftover, next=None
    )


def pieces(
    gathering: Gathering, shipped: Sequence[Allocation], shipment: Shipment
) -> tuple[list[Allocation], Shipment] | None:
    """What the decision says of it: the hub's own goods are shipped, the others are sent there first.

    :param shipped: what the planner ships from the hub, once everything is there.
    :return: None if that is not all that was gathered: then it is not worth a transfer.
    """
    of_item = {allocation.item_id: allocation for allocation in shipped}
    gathered: dict[Hashable, Decimal] = {}
    for source in gathering.sources:
        gathered[source.item_id] = gathered.get(source.item_id, ZERO) + source.quantity
    if {item_id: allocation.quantity for item_id, allocation in of_item.items()} != gathered:
        return None
    sent: dict[Hashable, Decimal] = {}
    for source in gathering.sources:
        sent[source.feeder] = sent.get(source.feeder, ZERO) + source.quantity
    spent: dict[tuple[Hashable, str], Decimal] = {}
    done: dict[Hashable, Decimal] = {}
    allocations = []
    for source in gathering.sources:
        of_hub = of_item[source.item_id]
        done[source.item_id] = done.get(source.item_id, ZERO) + source.quantity
        costs = {
            code: _part(amount, done[source.item_id], of_hub.quantity, spent, (source.item_id, code))
            for code, amount in of_hub.costs.items()
        }
        if source.feeder is not None:
            key = ("to", source.feeder)
            done[key] = done.get(key, ZERO) + source.quantity
            costs["transfer"] = _part(gathering.costs[source.feeder], done[key], sent[source.feeder], spent, key)
        allocations.append(
            replace(
                of_hub,
                node_id=gathering.hub.id if source.feeder is None else source.feeder,
                quantity=source.quantity,
                mode=SHIP if source.feeder is None else TRANSFER,
                via_node_id=None if source.feeder is None else gathering.hub.id,
                costs={code: amount for code, amount in costs.items() if amount},
            )
        )
    transfer = sum(gathering.costs.values(), ZERO)
    costs = {**shipment.costs, **({"transfer": transfer} if transfer else {})}
    return allocations, replace(shipment, costs=costs)


def _part(amount: Decimal, upto: Decimal, whole: Decimal, spent: dict, key: Hashable) -> Decimal:
    """What of an amount falls on one more piece, of which there are then ``upto`` of ``whole``; all parts sum to the amount."""
    share = amount if upto == whole else exact(int(amount * upto / whole * UNIT * UNIT))
    part = share - spent.get(key, ZERO)
    spent[key] = share
    return part
