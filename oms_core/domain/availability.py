"""What can still be promised: a value computed once for many questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

ZERO = Decimal(0)
Key = tuple[int, int]  #: (node, product)


@dataclass(frozen=True, slots=True)
class AvailabilitySnapshot:
    """Stock at one moment, by node and product, in the product's unit.

    :param on_hand: what lies on the shelves.
    :param reserved: the part of it that is set aside for deliveries.
    :param promised: what confirmed deliveries still want and have not reserved: there is no shelf for it yet, but the
        next goods are theirs. Odoo's ``free_qty`` leaves this out; a promise that ignores it is made twice.
    """

    on_hand: Mapping[Key, Decimal] = field(default_factory=dict)
    reserved: Mapping[Key, Decimal] = field(default_factory=dict)
    promised: Mapping[Key, Decimal] = field(default_factory=dict)

    def available(self, node: int, product: int) -> Decimal:
        """On hand, less what is reserved, less what is promised; never below zero.

        >>> AvailabilitySnapshot({(1, 7): Decimal(5)}, {(1, 7): Decimal(2)}, {(1, 7): Decimal(4)}).available(1, 7)
        Decimal('0')
        """
        key = (node, product)
        free = self.on_hand.get(key, ZERO) - self.reserved.get(key, ZERO) - self.promised.get(key, ZERO)
        return max(ZERO, free)

    def by_node(self, nodes: Iterable[int], products: Iterable[int]) -> dict[Key, Decimal]:
        """{(node, product): available} for all pairs that have any."""
        products = tuple(products)
        pairs = ((node, product) for node in nodes for product in products)
        return {pair: free for pair in pairs if (free := self.available(*pair))}
