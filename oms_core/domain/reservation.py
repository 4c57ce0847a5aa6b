"""Where goods are set aside for an order that is not confirmed yet."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from .quantities import ZERO, Quantities

Key = tuple[int, int]  #: (node, product)


@dataclass(frozen=True, slots=True)
class Want:
    """So much of a product for a line of an order, in the product's unit."""

    line: Hashable
    product: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Placement:
    """What is set aside for one order.

    :param parts: {(line, node, product): quantity}
    :param short: {product: (asked, available)} of the products of which there is not enough anywhere.
    """

    parts: Mapping[tuple[Hashable, int, int], Decimal] = field(default_factory=dict)
    short: Mapping[int, tuple[Decimal, Decimal]] = field(default_factory=dict)

    @property
    def taken(self) -> Quantities:
        """{(node, product): quantity}: what the next order does not find any more."""
        return Quantities(((node, product), quantity) for (_line, node, product), quantity in self.parts.items())


def place(
    wants: Sequence[Want], nodes: Sequence[int], free: Mapping[Key, Decimal], *, whole: bool = False
) -> Placement:
    """Set aside what an order wants: at the first node that covers all of it; else each line at the first node that
    covers the line; else from node to node as far as it goes.

    The same question has the same answer, whoever asks: nodes come in their order of preference.

    :param whole: an order of which something is missing has nothing set aside, so that it stands in nobody's way.

    >>> wants = [Want("a", 7, Decimal(3)), Want("b", 8, Decimal(1))]
    >>> free = {(1, 7): Decimal(2), (1, 8): Decimal(5), (2, 7): Decimal(4)}
    >>> dict(place(wants, [1, 2], free).parts)
    {('a', 2, 7): Decimal('3'), ('b', 1, 8): Decimal('1')}
    >>> place([Want("a", 7, Decimal(9))], [1, 2], free, whole=True)
    Placement(parts={}, short={7: (Decimal('9'), Decimal('6'))})
    """
    wants = [want for want in wants if want.quantity > 0]
    asked = Quantities((want.product, want.quantity) for want in wants)
    there = {product: sum((max(ZERO, free.get((node, product), ZERO)) for node in nodes), ZERO) for product in asked}
    short = {product: (quantity, there[product]) for product, quantity in asked.items() if there[product] < quantity}
    if short and whole:
        return Placement({}, short)
    for node in nodes:
        if all(free.get((node, product), ZERO) >= quantity for product, quantity in asked.items()):
            return Placement(_sum(((want.line, node, want.product), want.quantity) for want in wants), short)
    return Placement(_sum(_spread(wants, nodes, free)), short)


def _spread(wants, nodes, free):
    left = {key: amount for key, amount in free.items() if amount > 0}
    for want in sorted(wants, key=lambda want: want.quantity, reverse=True):
        missing = want.quantity
        covering = [node for node in nodes if left.get((node, want.product), ZERO) >= missing]
        for node in covering[:1] or nodes:
            part = min(missing, left.get((node, want.product), ZERO))
            if part > 0:
                left[node, want.product] -= part
                missing -= part
                yield (want.line, node, want.product), part


def _sum(pairs):
    total: dict = {}
    for key, quantity in pairs:
        total[key] = total.get(key, ZERO) + quantity
    return total
