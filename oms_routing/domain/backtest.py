"""Policies tried on orders of the past, each on the stock as it was at its moment, or as the policy itself would have left it.

A :class:`Case` is what one decision of the past was made of: its inputs as they were recorded, and where the stock journal was.
Four questions are asked of it:

* :class:`Review`: does the planner, on the stock that the journal tells, decide what was decided then? If not, what differs?
* :class:`Simulation`: what comes of the order under a policy, when earlier orders were decided by it too, and sites refuse as
  often as they do?
* :func:`is_rerouted`: would an edited policy have shipped it differently?
* :func:`decisive_rules`: which rules made a difference to it?
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from odoo.addons.oms_core.domain.kits import taken_apart
from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

from .decision import SINGLE, SPLIT, Allocation, Decision, Shipment
from .distance import distance_km
from .gathering import when_gathered
from .model import BACKORDER, TAKING, Capacity, Demand
from .planner import decide, plan
from .policy import ALWAYS_FIRST, CAPACITY, Policy, Prices, Rule
from .snapshot import Snapshot
from .timeline_stock import Key, Timeline
from .words import listed, plain

#: Sites that are asked for one order, before what is left waits.
ATTEMPTS_MAX = 5

SAME = "same"  #: decided again as it was
PLANNER = "planner"  #: the recorded inputs are decided differently today: the planner has changed since
STOCK = "stock"  #: the stock that was recorded is not what the journal tells
JOINT = "joint"  #: decided together with others, which deciding it alone need not reproduce

#: What is counted, in this sequence. Of all of them less is better.
MEASURES = ("cost", "parcels", "km", "days", "late", "rejections", "carbon", "waiting")


@dataclass(frozen=True, slots=True)
class Case:
    """One decision of the past.

    :param snapshot: as recorded: all sites as they were, and what was free there.
    :param position: how far the stock journal was.
    :param decided: what was decided; where that was to wait for others (``is_joint``), what was decided with them later.
    :param policy: that decided it.
    :param is_first: the order held nothing yet but what was set aside for it. Of a later decision, what the order holds
        elsewhere is not free.
    :param batch: decided in one go with the cases of the same batch, on what those before it left.
    :param is_joint: decided as one of many that were optimised together, and not at its position.
    :param told: sites whose stock the journal does not tell, because a third party does: as recorded, they have what they had.
    :param uncounted: products of which there is always enough.
    """

    demand: Demand
    snapshot: Snapshot
    position: int
    decided: tuple[Allocation, ...]
    policy: Policy
    is_first: bool = True
    batch: Hashable = None
    is_joint: bool = False
    told: frozenset[Hashable] = frozenset()
    uncounted: frozenset[Hashable] = frozenset()


@dataclass(frozen=True, slots=True)
class Parity:
    """Whether the past was reproduced; ``code`` is one of the constants above, ``reason`` a sentence."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would have come of one order.

    :param cost: money, of all that is shipped.
    :param km: of all parcels whose way is known.
    :param days: until the last parcel is expected; None if nobody knows.
    :param late: whether a parcel is expected after the promise.
    :param rejections: how often a site gave it back.
    :param waiting: whether something of it could not be shipped.
    :param ships: (node, product, quantity) that leaves, and ``waits`` what waits at a node.
    """

    order_id: Hashable
    cost: Decimal
    parcels: int
    km: float
    days: float | None
    late: bool
    rejections: int
    carbon: Decimal
    waiting: bool
    ships: tuple[tuple[Hashable, Hashable, Decimal], ...]
    waits: tuple[tuple[Hashable, Hashable, Decimal], ...]

    def measure(self, name: str) -> float:
        value = getattr(self, name)
        return 0.0 if value is None else float(value)


# --- the stock -------------------------------------------------------------------------------------------------------


def stock_of(case: Case, timeline: Timeline) -> dict[Key, Decimal]:
    """What the journal says was free for this order; where the journal does not know, what was recorded."""
    told = {
        key: units for key, units in case.snapshot.available.items() if key[0] in case.told or key[1] in case.uncounted
    }
    nodes = [node.id for node in case.snapshot.nodes if node.id not in case.told]
    recipes = case.snapshot.recipes
    products = {
        part: None
        for product in case.demand.wanted()
        if product not in case.uncounted
        for part, _needed in recipes.get(product, [(product, 1)])
    }
    return timeline.available(nodes, products, without=case.demand.order_id if case.is_first else None) | told


# --- parity ----------------------------------------------------------------------------------------------------------


class Review:
    """Whether the stock of the journal and the planner of today give the decisions that were taken; else what differs.

    :param timeline: the real history; walked to each case in turn.
    """

    def __init__(self, timeline: Timeline):
        self.timeline = timeline
        self._batch: Hashable = None
        self._taken = Quantities()

    def look(self, case: Case) -> Parity:
        """Decide the case again. Cases come in the sequence in which they were decided."""
        self._arrive(case)
        found = self._compared(case)
        self._leave(case)
        return found

    def skip(self, case: Case) -> None:
        """Instead of :meth:`look`, where its result is known already from before an interruption."""
        self._arrive(case)
        self._leave(case)

    def _arrive(self, case: Case) -> None:
        self.timeline.advance(case.position)
        if case.batch is None or case.batch != self._batch:
            self._batch, self._taken = case.batch, Quantities()

    def _leave(self, case: Case) -> None:
        if case.is_joint:
            return  # it took nothing yet
        taking = ((one.node_id, one.product_id, one.quantity) for one in case.decided if one.mode in TAKING)
        self._taken += taken_apart(taking, case.snapshot.recipes)

    def _compared(self, case: Case) -> Parity:
        if case.is_joint:
            return Parity(JOINT, "Decided together with other orders; it is not compared alone.")
        available = {key: units - self._taken[key] for key, units in stock_of(case, self.timeline).items()}
        decided = signature(case.decided)
        now = signature(plan(case.demand, replace(case.snapshot, available=available), case.policy).allocations)
        if now == decided:
            return Parity(SAME, "Decided again as it was.")
        if signature(plan(case.demand, case.snapshot, case.policy).allocations) != decided:
            return Parity(PLANNER, "What was recorded is decided differently today: the planner has changed since.")
        return Parity(STOCK, f"The stock journal differs from what the decision saw: {_differences(case, available)}.")


def _differences(case: Case, available: Mapping[Key, Decimal]) -> str:
    names = {node.id: node.name for node in case.snapshot.nodes}
    labels = {item.product_id: item.label for item in case.demand.items}
    now = replace(case.snapshot, available=available)
    return listed(
        f"{plain(recorded)} {labels[product]} at {names[node]}, not {plain(told)}"
        for node in names
        for product in labels
        if (recorded := case.snapshot.free(node, product)) != (told := now.free(node, product))
    )


def signature(allocations: Iterable[Allocation]) -> tuple:
    """What makes two decisions the same for who has to carry them out: how much of what leaves where, and how."""
    units: Counter = Counter()
    for allocation in allocations:
        units[allocation.item_id, allocation.node_id, allocation.mode, allocation.service_id] += allocation.quantity
    return tuple(sorted(units.items(), key=repr))


# --- what an edit changes --------------------------------------------------------------------------------------------


def is_rerouted(case: Case, before: Policy, after: Policy) -> bool:
    """Whether the order leaves from elsewhere, in other parts or with another service, on the stock that was recorded."""
    if before == after:
        return False
    old, new = (signature(plan(case.demand, case.snapshot, policy).allocations) for policy in (before, after))
    return old != new


# --- simulation ------------------------------------------------------------------------------------------------------


class Simulation:
    """The orders of the past under one policy, one after the other.

    :param timeline: of its own: it is changed by what is decided.
    :param seed: decides which sites refuse. The same order is refused by the same site under every policy, so that two
        policies differ by what they decide and not by luck.
    """

    def __init__(self, timeline: Timeline, seed: int = 0):
        self.timeline, self.seed = timeline, seed
        self._load = _Load()

    def run(self, case: Case, policy: Policy, prices: Prices | None = None) -> Outcome:
        """What comes of the order; later ones find what this one left.

        :param prices: with which the cost is told, so that two policies can be compared; absent: those of the policy.
        """
        order_id = case.demand.order_id
        self.timeline.advance(case.position)
        self.timeline.replace(order_id)
        demand: Demand | None = case.demand
        capacity = self._load.capacity(case)
        outcome = _Tally(case.demand)
        for attempt in range(ATTEMPTS_MAX):
            snapshot = replace(
                case.snapshot, available=stock_of(case, self.timeline), taken=Quantities(), capacity=capacity
            )
            decision = plan(demand, snapshot, policy)
            refusing = self._refusing(decision, snapshot) if attempt < ATTEMPTS_MAX - 1 else frozenset()
            outcome.add(_priced(decision, demand, snapshot, policy, prices), snapshot, refusing)
            self._take(order_id, decision, refusing)
            demand = _asked_again(demand, decision, refusing)
            if demand is None:
                break
        self._load.note(case, outcome.ships)
        return outcome.result()

    def repeat(self, case: Case, ships: Sequence, waits: Sequence) -> None:
        """Instead of :meth:`run`, where its result is known already from before an interruption."""
        self.timeline.advance(case.position)
        self.timeline.replace(case.demand.order_id)
        for node, product, units in (*ships, *waits):
            self.timeline.take(case.demand.order_id, node, product, units)
        self._load.note(case, ships)

    def _refusing(self, decision: Decision, snapshot: Snapshot) -> frozenset[Hashable]:
        chance = {node.id: node.p_reject for node in snapshot.nodes}
        nodes = {allocation.node_id for allocation in decision.allocations if allocation.mode in TAKING}
        return frozenset(node for node in nodes if chance_of(self.seed, decision.order_id, node) < chance[node])

    def _take(self, order_id: Hashable, decision: Decision, refusing: frozenset[Hashable]) -> None:
        for allocation in decision.allocations:
            is_kept = allocation.mode in TAKING and allocation.node_id not in refusing
            if is_kept or (allocation.mode == BACKORDER and not refusing):
                self.timeline.take(order_id, allocation.node_id, allocation.product_id, allocation.quantity)


def _priced(decision: Decision, demand: Demand, snapshot: Snapshot, policy: Policy, prices: Prices | None) -> Decision:
    """The same decision with the costs that it has at these prices."""
    if prices is None or prices == policy.prices:
        return decision
    taking = [a for a in decision.allocations if a.mode in TAKING]
    hubs = dict.fromkeys(a.via_node_id for a in taking if a.via_node_id is not None)
    shipments = list(_told(demand, snapshot, prices, [a for a in taking if a.ships_from not in hubs]))
    for hub in hubs:
        gathered = [a for a in taking if a.ships_from == hub]
        sent = Quantities((a.product_id, a.quantity) for a in gathered if a.via_node_id == hub)
        # What the transfers cost is the sites' and no policy's.
        transfer = sum((one.costs.get("transfer", ZERO) for one in decision.shipments if one.node_id == hub), ZERO)
        for shipment in _told(*when_gathered(demand, snapshot, hub, sent), prices, gathered):
            shipments.append(replace(shipment, costs={**shipment.costs, "transfer": transfer}))
    return replace(decision, shipments=tuple(shipments))


def _told(demand: Demand, snapshot: Snapshot, prices: Prices, shipped: Sequence[Allocation]) -> tuple[Shipment, ...]:
    """The shipments that these pieces leave in, at these prices."""
    ships = [(a.item_id, a.ships_from, a.service_id, a.quantity) for a in shipped]
    return decide(demand, snapshot, Policy(prices=prices, ignores_capacity=True), ships).shipments


def chance_of(seed: int, order_id: Hashable, node_id: Hashable) -> Decimal:
    """A number from 0 up to 1 that looks random and is always the same for the same three.

    >>> chance_of(1, "S1", "lyon") == chance_of(1, "S1", "lyon") != chance_of(2, "S1", "lyon")
    True
    """
    digest = hashlib.sha256(f"{seed}|{order_id!r}|{node_id!r}".encode()).digest()
    return Decimal(int.from_bytes(digest[:6], "big")) / Decimal(2**48)


def _asked_again(demand: Demand, decision: Decision, refusing: frozenset[Hashable]) -> Demand | None:
    """What has to be found elsewhere once these sites refused; nothing if none did."""
    if not refusing:
        return None
    # What would have waited is asked for again, too: without the refusing site the rest may go together.
    units = Quantities(
        (allocation.item_id, allocation.quantity)
        for allocation in decision.allocations
        if allocation.node_id in refusing or allocation.mode not in TAKING
    )
    items = tuple(replace(item, quantity=units[item.id]) for item in demand.items if units[item.id] > 0)
    refused = {node: "It refused this order." for node in sorted(refusing, key=repr)}
    return replace(demand, items=items, excluded_nodes={**demand.excluded_nodes, **refused})


class _Tally:
    """Sums up what several looks at one order come to."""

    def __init__(self, demand: Demand):
        self._demand = demand
        self._shipments: list[tuple[Shipment | None, float]] = []
        self._rejections = 0
        self._is_waiting = False
        self.ships: tuple = ()
        self._waits: tuple = ()

    def add(self, decision: Decision, snapshot: Snapshot, refusing: frozenset[Hashable]) -> None:
        self._rejections += len(refusing)
        nodes = {node.id: node for node in snapshot.nodes}
        shipments = {shipment.node_id: shipment for shipment in decision.shipments}
        kept = [a for a in decision.allocations if a.mode in TAKING and a.node_id not in refusing]
        for node_id in dict.fromkeys(allocation.ships_from for allocation in kept):
            way = distance_km(nodes[node_id], self._demand.place)
            self._shipments.append((shipments.get(node_id), way or 0.0))
        self.ships += tuple((a.node_id, a.product_id, a.quantity) for a in kept)
        if not refusing:  # else it is asked for again
            rest = [a for a in decision.allocations if a.mode not in TAKING]
            self._is_waiting = bool(rest) or decision.outcome not in (SINGLE, SPLIT)
            self._waits = tuple((a.node_id, a.product_id, a.quantity) for a in rest if a.mode == BACKORDER)

    def result(self) -> Outcome:
        shipments = [shipment for shipment, _way in self._shipments if shipment is not None]
        expected = [shipment.offer.deliver_by for shipment in shipments if shipment.offer and shipment.offer.deliver_by]
        promise = self._demand.deliver_by
        return Outcome(
            order_id=self._demand.order_id,
            cost=sum((sum(shipment.costs.values(), ZERO) for shipment in shipments), ZERO),
            parcels=len(self._shipments),
            km=round(sum(way for _shipment, way in self._shipments), 1),
            days=_days(self._demand.now, max(expected)) if expected and self._demand.now else None,
            late=promise is not None and any(moment > promise for moment in expected),
            rejections=self._rejections,
            carbon=sum((shipment.carbon for shipment in shipments), ZERO),
            waiting=self._is_waiting,
            ships=self.ships,
            waits=self._waits,
        )


def _days(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds() / 86400, 2)


class _Load:
    """What sites may take on, corrected by what this policy gave them that day, and what they really were given.

    Days are those of UTC. How many orders are open at once stays as it was recorded.
    """

    def __init__(self):
        self._more: Counter = Counter()  # (node, day, what) → given here less given in truth

    def capacity(self, case: Case) -> dict[Hashable, Capacity]:
        return {node: self._corrected(node, limits, _day(case)) for node, limits in case.snapshot.capacity.items()}

    def _corrected(self, node: Hashable, limits: Capacity, day: date | None) -> Capacity:
        orders, minutes = self._more[node, day, "orders"], self._more[node, day, "minutes"]
        return replace(
            limits,
            orders_left=None if limits.orders_left is None else max(0, limits.orders_left - orders),
            minutes_left=None if limits.minutes_left is None else max(ZERO, limits.minutes_left - minutes),
        )

    def note(self, case: Case, ships: Sequence) -> None:
        """Count what this order gave to sites here, and take off what it gave them in truth."""
        real = [(a.node_id, a.product_id, a.quantity) for a in case.decided if a.mode in TAKING]
        for sign, parts in ((1, ships), (-1, real)):
            units = Quantities((node, quantity) for node, _product, quantity in parts)
            for node in units:
                if limits := case.snapshot.capacity.get(node):
                    minutes = limits.minutes_order + limits.minutes_unit * units[node]
                    self._more[node, _day(case), "orders"] += sign
                    self._more[node, _day(case), "minutes"] += sign * minutes


def _day(case: Case) -> date | None:
    return case.demand.now.date() if case.demand.now else None


# --- rules -----------------------------------------------------------------------------------------------------------


def rules_of(policy: Policy) -> list[Rule]:
    """The rules that a merchant chose: not those that every policy has."""
    always = {*ALWAYS_FIRST, *CAPACITY, "has_stock", "covers_most"}
    return [rule for rule in (*policy.constraints, *policy.objectives) if rule.kind not in always]


def without(policy: Policy, rule: Rule) -> Policy:
    """The policy as it would be without one of its rules."""
    return replace(
        policy,
        constraints=tuple(other for other in policy.constraints if other is not rule),
        objectives=tuple(other for other in policy.objectives if other is not rule),
    )


def decisive_rules(case: Case, policy: Policy, snapshot: Snapshot | None = None) -> list[Rule]:
    """The rules without which this order would have been shipped differently, each taken away alone.

    :param snapshot: what was there; absent: as recorded.
    """
    snapshot = snapshot or case.snapshot
    decided = signature(plan(case.demand, snapshot, policy).allocations)
    return [
        rule
        for rule in rules_of(policy)
        if signature(plan(case.demand, snapshot, without(policy, rule)).allocations) != decided
    ]


# --- the sum of it -----------------------------------------------------------------------------------------------------

PolicyOf = Callable[[Case], Policy]


def run(cases: Iterable[Case], timeline: Timeline, policy_of: PolicyOf, seed: int = 0) -> Iterator[Outcome]:
    """The outcome of each case, one after the other, in the sequence of their positions."""
    simulation = Simulation(timeline, seed)
    for case in cases:
        yield simulation.run(case, policy_of(case))
