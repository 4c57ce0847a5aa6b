"""What is where at one moment, and what is left of it after a decision. Units are those of ``model.py``."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from odoo.addons.oms_core.domain.kits import taken_apart
from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

from .model import MINUTES, ORDERS, TAKING, Capacity, Node
from .words import canonical

if TYPE_CHECKING:
    from .decision import Allocation, Decision


@dataclass(frozen=True)
class Snapshot:
    """What is where at one moment.

    :param available: (node id, product id) → what may be promised there; below zero counts as none.
    :param taken: what decisions since that moment took, by the same key.
    :param safety: (node id, product id) → what the node keeps back when the rule ``safety_stock`` asks for it.
    :param capacity: node id → what it can still take on; a node that is not there has no limit.
    :param used: (node id, ``"orders"`` or ``"minutes"``) → capacity that decisions since that moment took.
    :param weekly: (node id, product id) → units sold there in a week.
    :param markdown: (node id, product id) → money that a unit will lose in value if it stays there.
    :param risk: (node id, product id) → probability (0 to 1) that the stock is not really there.
    :param recipes: kit → ((part, how much of it one kit takes), …), for kits that lie on no shelf of their own: there are as many
        as can be put together. A kit that shares no part with anything else wanted may stand in ``available`` instead.
    :raises ValueError: if two nodes have the same id.
    """

    nodes: tuple[Node, ...]
    available: Mapping[tuple[Hashable, Hashable], Decimal]
    taken: Quantities = Quantities()
    safety: Mapping[tuple[Hashable, Hashable], Decimal] = field(default_factory=dict)
    capacity: Mapping[Hashable, Capacity] = field(default_factory=dict)
    used: Quantities = Quantities()
    weekly: Mapping[tuple[Hashable, Hashable], Decimal] = field(default_factory=dict)
    markdown: Mapping[tuple[Hashable, Hashable], Decimal] = field(default_factory=dict)
    risk: Mapping[tuple[Hashable, Hashable], Decimal] = field(default_factory=dict)
    recipes: Mapping[Hashable, tuple[tuple[Hashable, Decimal], ...]] = field(default_factory=dict)

    def __post_init__(self):
        if len({node.id for node in self.nodes}) < len(self.nodes):
            raise ValueError("two nodes have the same id")

    def free(self, node_id: Hashable, product_id: Hashable) -> Decimal:
        """What is left to promise, never below zero."""
        if product_id in self.recipes:
            return min(self.free(node_id, part) // needed for part, needed in self.recipes[product_id])
        key = (node_id, product_id)
        return max(ZERO, self.available.get(key, ZERO) - self.taken[key])

    def shelf(self, product_id: Hashable) -> Mapping[Hashable, Decimal]:
        """Node id → what is left to promise there, above zero only; nodes that are not in the snapshot do not count."""
        if product_id in self.recipes:
            return kits_there([(self.shelf(part), needed) for part, needed in self.recipes[product_id]])
        shelf = self._shelves.get(product_id, {})
        if not self.taken:
            return shelf
        left = {node_id: units - self.taken[node_id, product_id] for node_id, units in shelf.items()}
        return {node_id: units for node_id, units in left.items() if units > 0}

    @cached_property
    def _shelves(self) -> dict[Hashable, dict[Hashable, Decimal]]:
        """What is available by product: one walk over all stock, however many orders are planned on it."""
        shelves: dict[Hashable, dict[Hashable, Decimal]] = {}
        there = self.places
        for (node_id, product_id), units in self.available.items():
            if units > 0 and node_id in there:
                shelf = shelves.get(product_id)
                if shelf is None:
                    shelf = shelves[product_id] = {}
                shelf[node_id] = units
        return shelves

    @cached_property
    def node_facts(self) -> list[Any]:
        """All that is known of the nodes, the same for equal ones in any order."""
        return [canonical(node) for node in sorted(self.nodes, key=lambda node: node.id)]

    @cached_property
    def has_closed(self) -> bool:
        """Whether any node does not work orders now."""
        return not all(node.is_open for node in self.nodes)

    @cached_property
    def places(self) -> dict[Hashable, tuple[int, Node]]:
        """Node id → (place in the merchant's order, node)."""
        ordered = sorted(self.nodes, key=lambda node: (node.sequence, node.id))
        return {node.id: (place, node) for place, node in enumerate(ordered)}

    @cached_property
    def turns(self) -> dict[Hashable, int]:
        """Node id → place in the merchant's order."""
        return {node_id: place for node_id, (place, _node) in self.places.items()}

    def taking(self, decision: Decision) -> Snapshot:
        """What is left after the decision. Only the tally of what was taken is copied, never the stock itself."""
        shipped = ((a.node_id, a.product_id, a.quantity) for a in decision.allocations if a.mode in TAKING)
        after = replace(
            self,
            taken=self.taken + taken_apart(shipped, self.recipes),
            used=self.used + Quantities(self.asked_of(decision.allocations)),
        )
        for name in ("_shelves", "places", "turns", "has_closed", "node_facts"):  # all are of what does not change
            if name in self.__dict__:
                after.__dict__[name] = self.__dict__[name]
        return after

    def asked_of(self, allocations: Iterable[Allocation]) -> dict[tuple[Hashable, str], Decimal]:
        """(node id, ``orders`` or ``minutes``) → capacity that they take; only of nodes that have limits."""
        units: dict[Hashable, Decimal] = {}
        for allocation in allocations:
            if allocation.mode in TAKING and allocation.node_id in self.capacity:
                units[allocation.node_id] = units.get(allocation.node_id, ZERO) + allocation.quantity
        asked: dict[tuple[Hashable, str], Decimal] = {}
        for node_id, quantity in units.items():
            capacity = self.capacity[node_id]
            asked[node_id, ORDERS] = Decimal(1)
            asked[node_id, MINUTES] = capacity.minutes_order + capacity.minutes_unit * quantity
        return asked


def kits_there(shelves: Sequence[tuple[Mapping[Hashable, Decimal], Decimal]]) -> dict[Hashable, Decimal]:
    """Node id → how many kits can be put together there, above zero only.

    :param shelves: of each part what lies where, and how much of it one kit takes.
    """
    first, *others = [shelf for shelf, _needed in shelves]
    nodes = [node_id for node_id in first if all(node_id in shelf for shelf in others)]
    kits = {node_id: min(shelf[node_id] // needed for shelf, needed in shelves) for node_id in nodes}
    return {node_id: units for node_id, units in kits.items() if units > 0}


@dataclass(frozen=True, slots=True)
class Site:
    """A node as one demand sees it.

    :param stock: what it has of the wanted products, and no more than is wanted.
    :param distance_km: rounded to 0.1 km, so that noise in coordinates decides nothing; None if not known.
    """

    node: Node
    stock: Quantities
    distance_km: float | None
