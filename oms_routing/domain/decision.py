"""What was decided about an order, and why: frozen values, bit for bit comparable. Units are those of ``model.py``."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from odoo.addons.oms_core.domain.quantities import ZERO

from .tariff import Offer

SINGLE = "single"  #: one node ships everything
SPLIT = "split"  #: several nodes together ship everything
PARTIAL = "partial"  #: a part is shipped; the modes say what the rest does
BACKORDERED = "backorder"  #: nothing is shipped and all waits, at a node or for the next look
HELD = "held"  #: nothing is shipped, a person must act; the pieces have the mode ``hold``
CANCELLED = "cancelled"  #: nothing is shipped nor ever will be
UNSOURCED = "unsourced"  #: no node may take the order: nothing is allocated, a person must act
OUTCOMES = (SINGLE, SPLIT, PARTIAL, BACKORDERED, HELD, CANCELLED, UNSOURCED)

EXACT = "exact"  #: nothing is better under the policy
GREEDY = "greedy"  #: the work limit came first: a good one, not proven to be the best; see ``gap``


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
    """So much of one item from one node.

    :param node_id: None for a mode that needs no node: ``wait``, ``hold``, ``cancel``.
    :param costs: its share of what the shipment costs, by component; all shares sum to exactly the shipment's.
    :param via_node_id: with ``transfer``: where it is packed with the rest of the order.
    """

    item_id: Hashable
    product_id: Hashable
    node_id: Hashable
    quantity: Decimal
    mode: str
    service_id: Hashable = None
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    costs: Mapping[str, Decimal] = field(default_factory=dict)
    via_node_id: Hashable = None

    @property
    def ships_from(self) -> Hashable:
        """The node that it leaves from to the customer."""
        return self.node_id if self.via_node_id is None else self.via_node_id


@dataclass(frozen=True, slots=True)
class Shipment:
    """All that one node ships of the order, with one service.

    :param offer: None if no service was offered from there.
    :param weight: kilograms; ``value`` is money, ``carbon`` grams CO2e, of the shipment.
    :param costs: by component (:data:`COMPONENTS`), without zeros.
    """

    node_id: Hashable
    offer: Offer | None
    weight: Decimal
    value: Decimal
    carbon: Decimal
    costs: Mapping[str, Decimal]


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
    :param cost: of shipping all that it has of the order from there alone; None if it cannot, or nothing has a price.
    :param service: name of the carrier service that this would go with.
    :param distance_basis: ``postal`` or ``country`` where the distance is from coordinates as coarse as that, else empty.
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
    cost: Decimal | None = None
    service: str = ""
    distance_basis: str = ""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A soft rule that was given up because else something would not have been shipped."""

    rule_id: Hashable
    kind: str
    reason: str


class Telling(Protocol):
    """Writes what people read of a decision, when they do."""

    def candidates(self, decision: Decision) -> tuple[Candidate, ...]: ...

    def sentence(self, decision: Decision) -> str: ...

    def fingerprint(self) -> str: ...


@dataclass(frozen=True, eq=False)
class Decision:
    """Where each item comes from, and why.

    Allocations follow the items of the demand, within an item the nearest node first and what is left over last. Per item
    they sum to exactly what was asked, unless the outcome is :data:`UNSOURCED`: then there are none.

    :param method: :data:`EXACT` or :data:`GREEDY`.
    :param shipments: what each node ships, the nearest first.
    :param cost: of all shipments together; zero where nothing has a price.
    :param lower_bound: no plan that ships as much costs less; only ``least_cost`` knows it, else None.
    :param gap: how much worse than the optimum it is at most, as a share (0.01 is one per cent); None: not known.
    :param relaxed: soft rules that were given up, the most important first.
    :param policy_id: of the policy that decided; with a chain, of the first.
    :param telling: writes the explanation when it is first read; the decision itself does not wait for that.
    """

    order_id: Hashable
    allocations: tuple[Allocation, ...]
    outcome: str
    method: str
    telling: Telling = field(repr=False)
    shipments: tuple[Shipment, ...] = ()
    cost: Decimal = ZERO
    lower_bound: Decimal | None = None
    gap: Decimal | None = None
    relaxed: tuple[Relaxed, ...] = ()
    policy_id: Hashable = None

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every node of the snapshot, best first, rejected ones last."""
        return self.telling.candidates(self)

    @cached_property
    def sentence(self) -> str:
        """The decision in one sentence that a merchant reads."""
        return self.telling.sentence(self)

    @cached_property
    def snapshot_hash(self) -> str:
        """Fingerprint of everything that the decision depends on; see ``planner.fingerprint``."""
        return self.telling.fingerprint()

    def _decided(self) -> tuple:
        return tuple(getattr(self, one.name) for one in fields(self) if one.name != "telling")

    def __eq__(self, other: object) -> bool:
        """Bit for bit: what was decided, what is said about it, and on what it was based."""
        if not isinstance(other, Decision):
            return NotImplemented
        told = self.sentence == other.sentence and self.candidates == other.candidates
        return self._decided() == other._decided() and told and self.snapshot_hash == other.snapshot_hash

    def __hash__(self) -> int:
        return hash((self.order_id, self.allocations))
