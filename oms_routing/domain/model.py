"""The nouns of sourcing: what is wanted, what is where, and what was decided.

All are frozen values. Ids are opaque, but those of nodes must be sortable among themselves, because they break the last
tie. Quantities are ``Decimal`` in the product's own unit of measure; distances are kilometres; coordinates are degrees.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

SHIP = "ship"  #: leaves from stock that is there now
BACKORDER = "backorder"  #: waits at the node for goods to come

SINGLE = "single"  #: one node ships everything
SPLIT = "split"  #: several nodes together ship everything
PARTIAL = "partial"  #: a part is shipped, the rest waits
BACKORDERED = "backorder"  #: everything waits
UNSOURCED = "unsourced"  #: no node may take the order: nothing is allocated, a person must act
OUTCOMES = (SINGLE, SPLIT, PARTIAL, BACKORDERED, UNSOURCED)

EXACT = "exact"  #: no group of nodes is better under the policy
GREEDY = "greedy"  #: too many nodes to try all groups: a good one, not proven to be the best


@dataclass(frozen=True, slots=True)
class Node:
    """A place that goods can leave from: a warehouse, a store, a partner's shelf. Lower ``sequence`` is preferred."""

    id: Hashable
    name: str
    sequence: int = 0
    latitude: float | None = None
    longitude: float | None = None
    country_code: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parcel goes. Without coordinates, distance has no say."""

    latitude: float | None = None
    longitude: float | None = None
    country_code: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order. Two items may want the same product.

    :param label: what a clerk calls it, for the explanation.
    :raises ValueError: if the quantity is not positive.
    """

    id: Hashable
    product_id: Hashable
    quantity: Decimal
    label: str

    def __post_init__(self):
        if not self.quantity > 0:
            raise ValueError(f"item {self.id} ({self.label}) asks for {self.quantity}; ask for more than zero")


@dataclass(frozen=True, slots=True)
class Demand:
    """What one order wants and where it goes.

    :param excluded_nodes: nodes that may not take it (they rejected it, say) → a sentence why.
    :raises ValueError: without items, or if two have the same id.
    """

    order_id: Hashable
    items: tuple[Item, ...]
    place: Place = Place()
    excluded_nodes: Mapping[Hashable, str] = field(default_factory=dict)

    def __post_init__(self):
        if not self.items:
            raise ValueError(f"order {self.order_id} has no items to source")
        if len({item.id for item in self.items}) < len(self.items):
            raise ValueError(f"order {self.order_id} has two items with the same id")

    def wanted(self) -> Quantities:
        """How much of each product, over all items."""
        return Quantities((item.product_id, item.quantity) for item in self.items)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is where at one moment.

    :param available: (node id, product id) → what may be promised there; below zero counts as none.
    :param taken: what decisions since that moment took, by the same key.
    :raises ValueError: if two nodes have the same id.
    """

    nodes: tuple[Node, ...]
    available: Mapping[tuple[Hashable, Hashable], Decimal]
    taken: Quantities = Quantities()

    def __post_init__(self):
        if len({node.id for node in self.nodes}) < len(self.nodes):
            raise ValueError("two nodes have the same id")

    def free(self, node_id: Hashable, product_id: Hashable) -> Decimal:
        """What is left to promise, never below zero."""
        key = (node_id, product_id)
        return max(ZERO, self.available.get(key, ZERO) - self.taken[key])

    def taking(self, decision: Decision) -> Snapshot:
        """What is left after the decision. Only the tally of what was taken is copied, never the stock itself."""
        shipped = ((a.node_id, a.product_id, a.quantity) for a in decision.allocations if a.mode == SHIP)
        return replace(self, taken=self.taken + Quantities(((node, product), qty) for node, product, qty in shipped))


@dataclass(frozen=True, slots=True)
class Site:
    """A node as one demand sees it.

    :param stock: what it has of the wanted products, and no more than is wanted.
    :param distance_km: rounded to 0.1 km, so that noise in coordinates decides nothing; None if not known.
    """

    node: Node
    stock: Quantities
    distance_km: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one constraint says about one site.

    :param code: the constraint's code.
    :param reason: one sentence that a clerk understands, for yes as well as for no.
    """

    ok: bool
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """So much of one item from one node; ``mode`` is :data:`SHIP` or :data:`BACKORDER`."""

    item_id: Hashable
    product_id: Hashable
    node_id: Hashable
    quantity: Decimal
    mode: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that was looked at, and what came of it.

    :param accepted: whether every constraint was content.
    :param reason_code: the first constraint that was not; else how much of the order it has
        (``covers_all``, ``covers_some``, ``covers_none``).
    :param reason: the same for people, complete: a site that fails twice is told both.
    :param items_covered: how many items it could ship in full, alone.
    :param units_covered: how many units it could ship, alone.
    :param rank: one entry per objective of the policy, lower is better, None abstains; last the node's sequence.
    :param chosen: whether the decision allocates anything there.
    """

    node_id: Hashable
    name: str
    accepted: bool
    reason_code: str
    reason: str
    verdicts: tuple[Verdict, ...]
    distance_km: float | None
    items_covered: int
    units_covered: Decimal
    rank: tuple[Any, ...]
    chosen: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Where each item comes from, and why.

    Allocations follow the items of the demand, within an item the nearest node first and what waits last. Per item they
    sum to exactly what was asked, unless the outcome is :data:`UNSOURCED`: then there are none.

    :param candidates: every node of the snapshot, best first, rejected ones last.
    :param method: :data:`EXACT` or :data:`GREEDY`.
    :param snapshot_hash: of everything that the decision depends on; see ``planner.fingerprint``.
    """

    order_id: Hashable
    allocations: tuple[Allocation, ...]
    candidates: tuple[Candidate, ...]
    outcome: str
    sentence: str
    method: str
    snapshot_hash: str
