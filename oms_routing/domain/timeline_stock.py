"""The stock as it was, for many moments in one pass; and as it would have been, had orders been shipped from elsewhere.

A moment is a position in the journal: all changes up to it are known. Walking once over the changes and the moments, both in
their sequence, costs as much as there are changes and questions, however long the time between them.

*As it was* answers what a decision saw. *As it would have been* begins with :meth:`Timeline.replace`: from then on what really
became of that order is taken out, and what :meth:`Timeline.take` says stands in its place, so that the next order finds the
shelves as this policy would have left them. What comes in, is counted or is sold elsewhere stays as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from odoo.addons.oms_core.domain.quantities import ZERO

Key = tuple[Hashable, Hashable]  #: (node, product)


class Change(NamedTuple):
    """One change of what is free of a product at a node: on hand less promised. ``position`` grows along the journal.

    :param order: for whom it was taken or given back; nothing for what no order explains, and for goods that came back.
    """

    position: int
    node: Hashable
    product: Hashable
    units: Decimal
    order: Hashable | None = None


class Timeline:
    """Stock that is walked forward through the journal.

    >>> changes = [Change(1, "lyon", "mug", Decimal(5)), Change(2, "lyon", "mug", Decimal(-2), "S1")]
    >>> stock = Timeline(changes)
    >>> stock.advance(2)
    >>> stock.free("lyon", "mug"), stock.free("lyon", "mug", without="S1")
    (Decimal('3'), Decimal('5'))

    :param changes: in the sequence of their positions; read as far as is asked for, and never twice.
    :param opening: what was free before the first of them.
    :param components: of kits: {kit: ((component, how much of it in one kit), …)}
    """

    def __init__(
        self,
        changes: Iterable[Change],
        opening: Mapping[Key, Decimal] | None = None,
        components: Mapping[Hashable, Sequence[tuple[Hashable, Decimal]]] | None = None,
    ):
        self._changes: Iterator[Change] = iter(changes)
        self._next: Change | None = next(self._changes, None)
        self._net: defaultdict[Key, Decimal] = defaultdict(Decimal, opening or {})
        self._components = components or {}
        #: What each order did to the stock so far; of replaced orders nothing of it is in ``_net``.
        self._own: defaultdict[Hashable, defaultdict[Key, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._replaced: dict[Hashable, _Replaced] = {}
        self.position = 0

    # --- walking -------------------------------------------------------------------------------------------------------

    def advance(self, position: int) -> None:
        """Apply all changes up to and including a position.

        :raises ValueError: for a position before the present one; what was is not undone.
        """
        if position < self.position:
            raise ValueError(f"the stock is at {self.position} already, and does not go back to {position}")
        self.position = position
        while self._next is not None and self._next.position <= position:
            change = self._next
            self._apply(change)
            self._next = next(self._changes, None)
            if self._next is not None and self._next.position < change.position:
                raise ValueError(f"change {self._next.position} comes after {change.position}: sort them first")

    def _apply(self, change: Change) -> None:
        key = (change.node, change.product)
        if change.order is None:
            self._net[key] += change.units
            return
        self._own[change.order][key] += change.units
        replaced = self._replaced.get(change.order)
        if replaced is None:
            self._net[key] += change.units
            return
        # What it really has a claim to falls: it gives as much back here, too, unless it has less here anyway. And the other
        # way round: what is given up at one site and asked of another was not given back.
        replaced.wanted[change.product] -= change.units
        given_back = replaced.given_back[change.product] + change.units
        beyond = replaced.taken_of(change.product) - replaced.wanted[change.product]
        replaced.given_back[change.product] = max(ZERO, min(given_back, beyond))
        self._claim(replaced, change.product)

    def _claim(self, replaced: _Replaced, product: Hashable) -> None:
        """Hold what was taken less what was given back, giving back from what was taken last."""
        left = max(ZERO, replaced.taken_of(product) - replaced.given_back[product])
        for position, (node, units) in enumerate(replaced.taken[product]):
            now = min(units, left)
            left -= now
            self._net[node, product] += replaced.held[product, position] - now
            replaced.held[product, position] = now

    # --- asking --------------------------------------------------------------------------------------------------------

    def free(self, node: Hashable, product: Hashable, without: Hashable | None = None) -> Decimal:
        """What may be promised there; never below zero. Of a kit, as many as can be put together.

        :param without: an order whose own claims do not stand in its way.
        """
        own = self._own.get(without, {}) if without is not None and without not in self._replaced else {}
        parts = self._components.get(product)
        if parts is None:
            return self._free_of(node, product, own)
        return min((self._free_of(node, part, own) // per_kit for part, per_kit in parts), default=ZERO)

    def _free_of(self, node: Hashable, product: Hashable, own: Mapping[Key, Decimal]) -> Decimal:
        key = (node, product)
        return max(ZERO, self._net.get(key, ZERO) - own.get(key, ZERO))

    def available(
        self, nodes: Iterable[Hashable], products: Iterable[Hashable], without: Hashable | None = None
    ) -> dict[Key, Decimal]:
        """{(node, product): free} of those pairs that have any: what a snapshot of the planner wants."""
        products = tuple(products)
        pairs = ((node, product) for node in nodes for product in products)
        return {pair: units for pair in pairs if (units := self.free(*pair, without=without))}

    # --- another history -----------------------------------------------------------------------------------------------

    def replace(self, order: Hashable) -> None:
        """Take out what this order did and will do to the stock; :meth:`take` stands in its place."""
        if order in self._replaced:
            return
        replaced = self._replaced[order] = _Replaced()
        for key, units in self._own[order].items():
            self._net[key] -= units
            replaced.wanted[key[1]] -= units

    def take(self, order: Hashable, node: Hashable, product: Hashable, units: Decimal) -> None:
        """A replaced order takes this, until it really wants less.

        :raises KeyError: for an order that was not replaced.
        """
        replaced = self._replaced[order]
        for part, per_kit in self._components.get(product, ((product, Decimal(1)),)):
            replaced.taken[part].append((node, units * per_kit))
            self._claim(replaced, part)

    def untake(self, order: Hashable, node: Hashable, product: Hashable, units: Decimal) -> None:
        """A replaced order is refused this at a node: it is not taken there any more.

        :raises ValueError: for more than was taken there.
        """
        replaced = self._replaced[order]
        for part, per_kit in self._components.get(product, ((product, Decimal(1)),)):
            self._untake(replaced, node, part, units * per_kit)

    def _untake(self, replaced: _Replaced, node: Hashable, product: Hashable, units: Decimal) -> None:
        for position, (taken_at, taken) in enumerate(replaced.taken[product]):
            part = min(units, taken) if taken_at == node else ZERO
            replaced.taken[product][position] = (taken_at, taken - part)
            units -= part
        if units > 0:
            raise ValueError(f"{units} more of {product} given up at {node} than was taken there")
        self._claim(replaced, product)


class _Replaced:
    """What stands in the place of a real order.

    ``taken`` in the sequence of taking, of which ``held`` is not given back; ``wanted`` is what it really has a claim to, over
    all nodes; ``given_back`` by how much that fell since it was replaced.
    """

    __slots__ = ("given_back", "held", "taken", "wanted")

    def __init__(self):
        self.taken: defaultdict[Hashable, list[tuple[Hashable, Decimal]]] = defaultdict(list)
        self.held: defaultdict[tuple[Hashable, int], Decimal] = defaultdict(Decimal)
        self.wanted: defaultdict[Hashable, Decimal] = defaultdict(Decimal)
        self.given_back: defaultdict[Hashable, Decimal] = defaultdict(Decimal)

    def taken_of(self, product: Hashable) -> Decimal:
        return sum((units for _node, units in self.taken[product]), ZERO)
