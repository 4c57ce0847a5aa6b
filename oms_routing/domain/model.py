"""The nouns of sourcing: what is wanted, and what is where. What is decided stands in ``decision.py``.

All are frozen values. Ids are opaque, but those of nodes must be sortable among themselves, because they break the last
tie. Quantities are ``Decimal`` in the product's own unit of measure; money is ``Decimal`` in the company's currency,
exact to the millionth; weights are kilograms, volumes cubic centimetres, distances kilometres, coordinates degrees;
moments are UTC. Nothing here knows what time it is: ``Demand.now`` says so.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

from .words import canonical

if TYPE_CHECKING:
    from .decision import Allocation, Decision

MILLION = Decimal(1_000_000)


def to_millionths(value: Decimal) -> int:
    """
    >>> to_millionths(Decimal("9.45"))
    9450000
    """
    scaled = value * MILLION
    whole = int(scaled)
    return whole if whole == scaled else int(scaled.to_integral_value(ROUND_HALF_EVEN))


# What happens to a piece of an item.
SHIP = "ship"  #: leaves from stock that is there now
PICKUP = "pickup"  #: is collected by the customer at the node
TRANSFER = "transfer"  #: goes to another node first, and from there to the customer
DROPSHIP = "dropship"  #: a vendor sends it
BACKORDER = "backorder"  #: waits at the node for goods to come
WAIT = "wait"  #: waits for the next look at it, at no node yet
HOLD = "hold"  #: a person must say what to do
CANCEL = "cancel"  #: is not to be delivered any more
#: The modes that take stock now.
TAKING = (SHIP, PICKUP, TRANSFER, DROPSHIP)
MODES = (*TAKING, BACKORDER, WAIT, HOLD, CANCEL)

WAREHOUSE = "warehouse"
STORE = "store"
THIRD_PARTY = "third_party"
VENDOR = "vendor"
NODE_KINDS = (WAREHOUSE, STORE, THIRD_PARTY, VENDOR)

# The kinds of capacity that a decision takes.
ORDERS = "orders"
MINUTES = "minutes"

#: What a plan costs is made of these; ``costs`` has only those that are not zero.
COMPONENTS = ("carrier", "customs", "pick", "pack", "split", "late", "markdown", "carbon", "reject", "transfer")


@dataclass(frozen=True)
class NodeCosts:
    """What handling costs at a node: for each line picked, for each unit picked, for each parcel packed."""

    pick_line: Decimal = ZERO
    pick_unit: Decimal = ZERO
    pack_parcel: Decimal = ZERO

    @cached_property
    def millionths(self) -> tuple[int, int, int]:
        """The same as whole numbers."""
        return to_millionths(self.pick_line), to_millionths(self.pick_unit), to_millionths(self.pack_parcel)


@dataclass(frozen=True, slots=True)
class Transfers:
    """What it costs to send goods from here to another node of ours: for the transfer, for each kilometre of it, for each unit
    in it; and how many ``days`` goods are on their way to here."""

    parcel: Decimal = ZERO
    per_km: Decimal = ZERO
    per_unit: Decimal = ZERO
    days: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """A place that goods can leave from: a warehouse, a store, a partner's shelf. Lower ``sequence`` is preferred.

    :param groups: codes of the node groups it belongs to.
    :param is_open: whether it works orders now; ``closed_reason`` is a sentence why not.
    :param ships_to: country codes, or codes of zones, that it ships to; None for everywhere.
    :param p_reject: probability (0 to 1) that it gives an order back, learned from its history.
    :param precision: what its coordinates are of: ``address``, ``postal``, ``country``; empty if nobody says.
    :param transfers: what sending goods to another node takes; None if nobody does.
    """

    id: Hashable
    name: str
    sequence: int = 0
    latitude: float | None = None
    longitude: float | None = None
    country_code: str = ""
    kind: str = WAREHOUSE
    groups: frozenset[Hashable] = frozenset()
    company_id: Hashable = None
    is_open: bool = True
    closed_reason: str = ""
    ships_to: frozenset[str] | None = None
    costs: NodeCosts = NodeCosts()
    p_reject: Decimal = ZERO
    precision: str = ""
    transfers: Transfers | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a node can still take on; None is without limit.

    :param orders_left: orders that it may still be given today, in its own time zone.
    :param open_left: orders that it may still have open at once.
    :param minutes_left: of picking, today; an order takes ``minutes_order`` and each unit ``minutes_unit``.
    """

    orders_left: int | None = None
    open_left: int | None = None
    minutes_left: Decimal | None = None
    minutes_order: Decimal = ZERO
    minutes_unit: Decimal = ZERO


@dataclass(frozen=True)
class Tariff:
    """Prices by weight: ``((up to kg, price), …)`` in any order; heavier than the last one is not carried.

    Offers of the same zone share one object, so that it is converted once.

    :param divisor: cubic centimetres that count as a kilogram; zero when only the scales count.
    :raises ValueError: without steps, with two prices for one weight, or a price or weight below zero.
    """

    steps: tuple[tuple[Decimal, Decimal], ...]
    divisor: Decimal = ZERO

    def __post_init__(self):
        steps = tuple(sorted(self.steps))
        weights = [up_to for up_to, _price in steps]
        if not steps or len(set(weights)) < len(weights) or weights[0] <= 0 or min(price for _kg, price in steps) < 0:
            raise ValueError(f"a tariff needs one price, not below zero, for each weight above zero: {self.steps}")
        object.__setattr__(self, "steps", steps)

    @cached_property
    def weights(self) -> tuple[int, ...]:
        """The weights as whole milligrams, ascending."""
        return tuple(to_millionths(up_to) for up_to, _price in self.steps)

    @cached_property
    def prices(self) -> tuple[int, ...]:
        """The prices as millionths, in the same order."""
        return tuple(to_millionths(price) for _kg, price in self.steps)

    @cached_property
    def facts(self) -> str:
        """All of it in a line, the same for equal tariffs."""
        return json.dumps(canonical((self.steps, self.divisor)))

    @cached_property
    def volume_divisor(self) -> int:
        """The divisor as millionths."""
        return to_millionths(self.divisor)

    def takes(self, weight: int, volume: int) -> bool:
        """Whether so much fits, in trillionths."""
        return self.price(-(-weight // 1_000_000), volume) is not None

    def price(self, grams: int, volume: int) -> int | None:
        """Millionths of money for so much; None if it is too heavy.

        :param grams: milligrams; ``volume`` in trillionths of cubic centimetres, which may count for more than the scales.
        """
        if self.volume_divisor:
            grams = max(grams, -(-volume // self.volume_divisor))
        step = bisect_left(self.weights, grams)
        return self.prices[step] if step < len(self.prices) else None


@dataclass(frozen=True, slots=True)
class Offer:
    """A carrier service that would take a shipment of this order from a node, and for how much.

    :param tariff: the price by weight, all parcels of the shipment together.
    :param ship_by: the latest moment at which the node must hand it over.
    :param deliver_by: when it is expected there; ``deliver_late`` is a high quantile of the same. None: nobody knows.
    :param carbon: grams CO2e of the shipment itself; ``carbon_per_kg`` on top for each kilogram.
    :param customs: money for each shipment that has to be cleared; ``duty`` is the share of the value on top (0.05).
    :param refusal: a sentence why it does not take anything of this order; empty if it does.
    :param refusals: products that it does not take → a sentence why.
    """

    service_id: Hashable
    name: str
    tariff: Tariff
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    deliver_late: datetime | None = None
    carbon: Decimal = ZERO
    carbon_per_kg: Decimal = ZERO
    customs: Decimal = ZERO
    duty: Decimal = ZERO
    refusal: str = ""
    refusals: Mapping[Hashable, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parcel goes. Without coordinates, distance has no say.

    :param zones: codes of the zones that the address lies in, besides its country.
    :param precision: what the coordinates are of, as for a node.
    """

    latitude: float | None = None
    longitude: float | None = None
    country_code: str = ""
    label: str = ""
    zones: frozenset[str] = frozenset()
    precision: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order. Two items may want the same product.

    :param label: what a clerk calls it, for the explanation.
    :param value: net price of one unit; ``weight`` and ``volume`` are of one unit, too.
    :param together: items with the same key leave from one node, under the rule of that name; None stands alone.
    :param categories: codes that the rule about lines that are never divided asks for.
    :param is_movable: whether it can be sent to another node first; a kit cannot.
    :raises ValueError: if the quantity is not positive.
    """

    id: Hashable
    product_id: Hashable
    quantity: Decimal
    label: str
    value: Decimal = ZERO
    weight: Decimal = ZERO
    volume: Decimal = ZERO
    together: Hashable = None
    categories: frozenset[Hashable] = frozenset()
    dangerous: bool = False
    is_partial_ok: bool = True
    is_movable: bool = True

    def __post_init__(self):
        if not self.quantity > 0:
            raise ValueError(f"item {self.id} ({self.label}) asks for {self.quantity}; ask for more than zero")


@dataclass(frozen=True, slots=True)
class Demand:
    """What one order wants and where it goes.

    :param excluded_nodes: nodes that may not take it (they rejected it, say) → a sentence why.
    :param rejections: (item id, node id) that was turned down before → a sentence why.
    :param pinned_node: the only node that may ship it, in ``pinned_mode``: a pickup, say.
    :param offers: node id → the carrier services from there, in the merchant's order.
    :param now: the moment of the decision, ``ordered_at`` that of the order; needed by what counts days.
    :raises ValueError: without items, or if two have the same id.
    """

    order_id: Hashable
    items: tuple[Item, ...]
    place: Place = Place()
    excluded_nodes: Mapping[Hashable, str] = field(default_factory=dict)
    rejections: Mapping[tuple[Hashable, Hashable], str] = field(default_factory=dict)
    pinned_node: Hashable = None
    pinned_mode: str = SHIP
    offers: Mapping[Hashable, tuple[Offer, ...]] = field(default_factory=dict)
    channel_id: Hashable = None
    company_id: Hashable = None
    priority: int = 0
    deliver_by: datetime | None = None
    ordered_at: datetime | None = None
    now: datetime | None = None

    def __post_init__(self):
        if not self.items:
            raise ValueError(f"order {self.order_id} has no items to source")
        if len({item.id for item in self.items}) < len(self.items):
            raise ValueError(f"order {self.order_id} has two items with the same id")

    def wanted(self) -> Quantities:
        """How much of each product, over all items."""
        return Quantities((item.product_id, item.quantity) for item in self.items)


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

    def __post_init__(self):
        if len({node.id for node in self.nodes}) < len(self.nodes):
            raise ValueError("two nodes have the same id")

    def free(self, node_id: Hashable, product_id: Hashable) -> Decimal:
        """What is left to promise, never below zero."""
        key = (node_id, product_id)
        return max(ZERO, self.available.get(key, ZERO) - self.taken[key])

    def shelf(self, product_id: Hashable) -> Mapping[Hashable, Decimal]:
        """Node id → what is left to promise there, above zero only; nodes that are not in the snapshot do not count."""
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
            taken=self.taken + Quantities(((node, product), qty) for node, product, qty in shipped),
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


@dataclass(frozen=True, slots=True)
class Site:
    """A node as one demand sees it.

    :param stock: what it has of the wanted products, and no more than is wanted.
    :param distance_km: rounded to 0.1 km, so that noise in coordinates decides nothing; None if not known.
    """

    node: Node
    stock: Quantities
    distance_km: float | None
