"""What is still there while orders are planned one after the other, and what was there when each was planned.

A snapshot never changes. The ledger on top of it keeps what was taken and when (a counter, no clock), so that planning ten
thousand orders costs the same for each, and an explanation that is written later sees the stock of its moment.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.kits import taken_apart
from odoo.addons.oms_core.domain.quantities import ZERO

from .decision import Allocation
from .model import MINUTES, ORDERS, TAKING
from .snapshot import Snapshot, kits_there

Shelf = Mapping[Hashable, Decimal]


class Ledger:
    """A snapshot and what decisions take from it."""

    __slots__ = ("_shelves", "_takes", "_used", "moment", "snapshot")

    def __init__(self, snapshot: Snapshot):
        self.snapshot = snapshot
        self.moment = 0
        self._shelves: dict[Hashable, dict[Hashable, Decimal]] = {}  # only what differs from the snapshot
        self._takes: dict[Hashable, list[tuple[int, Hashable, Decimal]]] = {}
        self._used: dict[tuple[Hashable, str], list[tuple[int, Decimal]]] = {}

    def view(self) -> View:
        """As it is now, whatever is taken later."""
        return View(self, self.moment)

    def take(self, allocations: Sequence[Allocation]) -> None:
        """Take what is shipped, and the capacity of the nodes that ship it."""
        taking = ((one.node_id, one.product_id, one.quantity) for one in allocations if one.mode in TAKING)
        for (node_id, product_id), quantity in taken_apart(taking, self.snapshot.recipes).items():
            self._take(product_id, node_id, quantity)
        for (node_id, what), amount in self.snapshot.asked_of(allocations).items():
            self._used.setdefault((node_id, what), []).append((self.moment, amount))
        self.moment += 1

    def _take(self, product_id: Hashable, node_id: Hashable, quantity: Decimal) -> None:
        shelf = self._shelves.get(product_id)
        if shelf is None:
            shelf = self._shelves[product_id] = dict(self.snapshot.shelf(product_id))
        left = shelf.get(node_id, ZERO) - quantity
        if left > 0:
            shelf[node_id] = left
        else:
            shelf.pop(node_id, None)
        self._takes.setdefault(product_id, []).append((self.moment, node_id, quantity))

    def shelf(self, product_id: Hashable, moment: int) -> Shelf:
        """Node id → units, above zero only."""
        recipe = self.snapshot.recipes.get(product_id)
        if recipe:
            return kits_there([(self.shelf(part, moment), needed) for part, needed in recipe])
        takes = self._takes.get(product_id)
        if not takes:
            return self.snapshot.shelf(product_id)
        if takes[-1][0] < moment:
            return self._shelves[product_id]
        shelf = dict(self.snapshot.shelf(product_id))
        for at, node_id, quantity in takes:
            if at >= moment:
                break
            shelf[node_id] = shelf.get(node_id, ZERO) - quantity
        return {node_id: units for node_id, units in shelf.items() if units > 0}

    def used(self, node_id: Hashable, what: str, moment: int) -> Decimal:
        """Orders or minutes that the node was given since the snapshot."""
        used = self.snapshot.used[node_id, what]
        return used + sum((amount for at, amount in self._used.get((node_id, what), ()) if at < moment), ZERO)


@dataclass(frozen=True, slots=True)
class View:
    """A ledger at one moment."""

    ledger: Ledger
    moment: int

    @property
    def snapshot(self) -> Snapshot:
        return self.ledger.snapshot

    def shelf(self, product_id: Hashable) -> Shelf:
        return self.ledger.shelf(product_id, self.moment)

    def orders_left(self, node_id: Hashable) -> Decimal | None:
        """How many more orders the node may be given today; None without limit."""
        return self._left(node_id, "orders_left", ORDERS)

    def open_left(self, node_id: Hashable) -> Decimal | None:
        return self._left(node_id, "open_left", ORDERS)

    def minutes_left(self, node_id: Hashable) -> Decimal | None:
        return self._left(node_id, "minutes_left", MINUTES)

    def _left(self, node_id: Hashable, limit: str, what: str) -> Decimal | None:
        capacity = self.snapshot.capacity.get(node_id)
        limit = None if capacity is None else getattr(capacity, limit)
        return None if limit is None else limit - self.ledger.used(node_id, what, self.moment)
