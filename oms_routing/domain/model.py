"""The nouns of sourcing: what is wanted, and where it may come from. What lies there stands in ``snapshot.py``, what carriers
offer in ``tariff.py``, what is decided in ``decision.py``.

All are frozen values. Ids are opaque, but those of nodes must be sortable among themselves, because they break the last
tie. Quantities are ``Decimal`` in the product's own unit of measure; money is ``Decimal`` in the company's currency,
exact to the millionth; weights are kilograms, volumes cubic centimetres, distances kilometres, coordinates degrees;
moments are UTC. Nothing here knows what time it is: ``Demand.now`` says so.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from odoo.addons.oms_core.domain.quantities import ZERO, Quantities

from .millionths import to_millionths
from .tariff import Offer

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
    def whole(self) -> tuple[int, int, int]:
        """The same as whole numbers: trillionths for a parcel and for a line, millionths for a unit."""
        parcel, line, unit = map(to_millionths, (self.pack_parcel, self.pick_line, self.pick_unit))
        return parcel * 1_000_000, line * 1_000_000, unit


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
    :param is_movable: whether it can be sent to another node first; of a kit whole ones are.
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
