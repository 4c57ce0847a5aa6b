"""An amount of each of several things, with the arithmetic that sourcing and availability need."""

from __future__ import annotations

from collections.abc import Hashable, ItemsView, Iterable, Iterator, Mapping
from decimal import Decimal

ZERO = Decimal(0)


class Quantities(Mapping[Hashable, Decimal]):
    """An immutable amount per key; a key that is not there has zero, and zeros are not kept.

    ``+`` and ``-`` work key by key and may go below zero, so that ``a + b - b == a``. ``a & b`` is what both have: the
    smaller amount of each, and nothing where one of them is negative (an oversold shelf has nothing to give).

    >>> wanted, shelf = Quantities({"mug": Decimal(3), "pot": Decimal(1)}), Quantities({"mug": Decimal(2)})
    >>> wanted & shelf
    Quantities({'mug': Decimal('2')})
    >>> wanted - (wanted & shelf)
    Quantities({'mug': Decimal('1'), 'pot': Decimal('1')})

    Amounts carry no unit: all amounts of one key must be in the same one. A float raises ``TypeError``.
    """

    __slots__ = ("_amounts",)

    def __init__(self, amounts: Mapping[Hashable, Decimal] | Iterable[tuple[Hashable, Decimal]] = ()):
        """:param amounts: a mapping, or pairs, of which those with the same key add up."""
        self._amounts: dict[Hashable, Decimal] = {}
        self._add_in_place(amounts.items() if isinstance(amounts, Mapping) else amounts)

    def _add_in_place(self, pairs: Iterable[tuple[Hashable, Decimal]]) -> Quantities:
        """Only for objects that nobody else has seen yet."""
        amounts = self._amounts
        for key, amount in pairs:
            total = amounts.get(key, ZERO) + amount
            if total:
                amounts[key] = total
            else:
                amounts.pop(key, None)
        return self

    def __getitem__(self, key: Hashable) -> Decimal:
        return self._amounts.get(key, ZERO)

    def __contains__(self, key: object) -> bool:
        return key in self._amounts

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._amounts)

    def __len__(self) -> int:
        return len(self._amounts)

    def items(self) -> ItemsView[Hashable, Decimal]:
        return self._amounts.items()  # the inherited view would look every key up again

    def __bool__(self) -> bool:
        return bool(self._amounts)

    def __hash__(self) -> int:
        return hash(frozenset(self._amounts.items()))

    def __repr__(self) -> str:
        return f"Quantities({self._amounts})"

    def __add__(self, other: Quantities) -> Quantities:
        # The left side is copied as a whole and only the right one is walked: a long tally plus one order stays cheap.
        total = Quantities()
        total._amounts = self._amounts.copy()
        return total._add_in_place(other._amounts.items())

    def __neg__(self) -> Quantities:
        return Quantities([(key, -amount) for key, amount in self._amounts.items()])

    def __sub__(self, other: Quantities) -> Quantities:
        return self + -other

    def __and__(self, other: Quantities) -> Quantities:
        return Quantities([(key, max(ZERO, min(amount, other[key]))) for key, amount in self._amounts.items()])

    def covers(self, other: Quantities) -> bool:
        """Whether there is at least as much of every key as ``other`` has."""
        return all(self[key] >= amount for key, amount in other._amounts.items())

    def total(self) -> Decimal:
        """The sum over all keys; it means something only if all keys are counted in the same unit."""
        return sum(self._amounts.values(), ZERO)


def complete_packs(pieces: Decimal, size: int, before: Decimal = ZERO) -> Decimal:
    """Whole packs of ``size`` pieces that are complete with these pieces, and were not with those ``before``.

    Parts add up: whatever the cuts, the packs of all parts are the packs of the whole. Things that are sold by the piece, or
    by weight, stay as they are.

    >>> [complete_packs(Decimal(n), 6, Decimal(before)) for n, before in ((4, 0), (8, 4), (1, 12))]
    [Decimal('0'), Decimal('2'), Decimal('0')]
    >>> complete_packs(Decimal("1.5"), 1)
    Decimal('1.5')
    """
    if size <= 1:
        return pieces
    return (before + pieces) // size - before // size
