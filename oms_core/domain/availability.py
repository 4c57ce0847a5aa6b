"""What can still be promised: a value computed once for many questions.

Quantities go in and come out as ``Decimal``; inside they are whole millionths in arrays, one cell for each product and node:
a million cells take some tens of megabytes and are summed in a fraction of a second, which decimals in dictionaries are not.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import sub

from .rulebook import Rulebook

ZERO = Decimal(0)
Key = tuple[int, int]  #: (node, product)

SCALE = 10**6  #: cells hold millionths: finer than any unit of measure is counted
FACTS = ("on_hand", "reserved", "promised", "soft", "safety")

#: As the safety stock of a product at a node: it is not offered from there at all.
EXCLUDED = 2**60


def scaled(quantity: Decimal) -> int:
    """
    >>> scaled(Decimal("2.5"))
    2500000
    """
    return int((quantity * SCALE).to_integral_value())


def unscaled(cell: int) -> Decimal:
    """
    >>> unscaled(2500000)
    Decimal('2.5')
    """
    return Decimal(cell) / SCALE


def _unpacked(column: bytes) -> array:
    cells = array("q")
    cells.frombytes(column)
    if sys.byteorder == "little":
        cells.byteswap()
    return cells


class StockTable:
    """Facts about products at nodes, gathered row by row; a snapshot reads them.

    >>> table = StockTable(nodes=[1, 2], products=[7])
    >>> table.add("on_hand", [(7, 2, 5_000_000)])
    >>> table.cell("on_hand", 2, 7)
    5000000
    """

    __slots__ = ("columns", "nodes", "position", "products", "start")

    def __init__(self, nodes: Iterable[int], products: Iterable[int]):
        self.nodes = tuple(dict.fromkeys(nodes))
        self.products = tuple(dict.fromkeys(products))
        self.position = {node: index for index, node in enumerate(self.nodes)}
        width = len(self.nodes)
        self.start = {product: index * width for index, product in enumerate(self.products)}
        empty = bytes(8 * width * len(self.products))
        self.columns = {fact: array("q", empty) for fact in FACTS}

    def add(self, fact: str, rows: Iterable[tuple[int, int, int]]) -> None:
        """Add rows of (product, node, millionths) to a fact."""
        cells, start, position = self.columns[fact], self.start, self.position
        for product, node, amount in rows:
            cells[start[product] + position[node]] += amount

    def add_packed(self, cells: bytes, on_hand: bytes, reserved: bytes) -> None:
        """Add what lies on shelves: the many ones. Three columns of equal length, of eight bytes a row, the highest first.

        :param cells: which cell each row is about: rank of the product × number of nodes + rank of the node.
        :param on_hand: millionths.
        :param reserved: millionths.

        >>> table = StockTable(nodes=[1, 2], products=[7])
        >>> table.add_packed(bytes([0] * 7 + [1]), bytes([0] * 7 + [9]), bytes(8))
        >>> table.cell("on_hand", 2, 7)
        9
        """
        shelves, set_aside = self.columns["on_hand"], self.columns["reserved"]
        for cell, amount, kept in zip(_unpacked(cells), _unpacked(on_hand), _unpacked(reserved), strict=True):
            shelves[cell] += amount
            if kept:
                set_aside[cell] += kept

    def put(self, fact: str, node: int, product: int, amount: int) -> None:
        """Replace what a fact says about a product at a node."""
        self.columns[fact][self.start[product] + self.position[node]] = amount

    def keep_back(self, book: Rulebook, lineages: Mapping[int, tuple[int, ...]]) -> None:
        """Fill in the safety stock by rules whose values are a :class:`Threshold`; shares are of what is on hand.

        :param lineages: {product: its categories, the nearest first}
        """
        on_hand, safety, width = self.columns["on_hand"], self.columns["safety"], len(self.nodes)
        known: dict[tuple, tuple[list[Threshold | None], array | None]] = {}
        for product, start in self.start.items():
            lineage = lineages.get(product, ())
            alike = (product, lineage) if book.names(product) else lineage
            if alike not in known:
                rules = [book.find(product, lineage, node) for node in self.nodes]
                known[alike] = _at_nodes([rule and rule.value for rule in rules])
            thresholds, fixed = known[alike]
            if fixed is not None:
                safety[start : start + width] = fixed  # the same for all that are alike: one copy, no arithmetic
                continue
            for index, threshold in enumerate(thresholds, start):
                if threshold is not None:
                    safety[index] = threshold.kept(on_hand[index])

    def keep_all_back(self, nodes: Iterable[int]) -> None:
        """Promise nothing of these nodes: all that lies there is kept.

        >>> table = StockTable(nodes=[1, 2], products=[7])
        >>> table.add("on_hand", [(7, 1, 5), (7, 2, 9)])
        >>> table.keep_all_back([2])
        >>> table.cell("safety", 1, 7), table.cell("safety", 2, 7)
        (0, 9)
        """
        on_hand, safety = self.columns["on_hand"], self.columns["safety"]
        for position in [self.position[node] for node in nodes]:
            for start in self.start.values():
                safety[start + position] = max(on_hand[start + position], 0)

    def cell(self, fact: str, node: int, product: int) -> int:
        """Millionths; nothing where node or product are not in the table."""
        start, position = self.start.get(product), self.position.get(node)
        return 0 if start is None or position is None else self.columns[fact][start + position]


class _Column(Mapping):
    """One fact of a table as {(node, product): ``Decimal``}: what is not there is zero, and not listed."""

    __slots__ = ("_fact", "_table")

    def __init__(self, table: StockTable, fact: str):
        self._table, self._fact = table, fact

    def __getitem__(self, key: Key) -> Decimal:
        return unscaled(self._table.cell(self._fact, *key))

    def __iter__(self) -> Iterator[Key]:
        for product, start in self._table.start.items():
            for node, position in self._table.position.items():
                if self._table.columns[self._fact][start + position]:
                    yield node, product

    def __len__(self) -> int:
        return sum(1 for _key in self)


@dataclass(frozen=True, slots=True)
class AvailabilitySnapshot:
    """Stock at one moment, by node and product, in the product's unit.

    :param table: the facts, gathered; not changed any more.
    :param components: of kits, down to what lies on shelves: {kit: ((product, how much of it in one kit), …)}
    :param thresholds: {product: what a channel keeps back of its sum over all nodes}; absent: nothing.

    The facts are:

    * ``on_hand``: what lies on the shelves (or is told to lie there by a third party).
    * ``reserved``: the part of it that is set aside for deliveries.
    * ``promised``: what confirmed deliveries still want and have not reserved: there is no shelf for it yet, but the next
      goods are theirs. Odoo's ``free_qty`` leaves this out; a promise that ignores it is made twice.
    * ``soft``: what pending reservations of orders that are not confirmed yet set aside.
    * ``safety``: what is not to be published, or nothing where the question is not what to publish.
    """

    table: StockTable
    components: Mapping[int, tuple[tuple[int, Decimal], ...]] = field(default_factory=dict)
    thresholds: Mapping[int, Threshold] = field(default_factory=dict)

    @property
    def on_hand(self) -> Mapping[Key, Decimal]:
        return _Column(self.table, "on_hand")

    @property
    def reserved(self) -> Mapping[Key, Decimal]:
        return _Column(self.table, "reserved")

    @property
    def promised(self) -> Mapping[Key, Decimal]:
        return _Column(self.table, "promised")

    @property
    def soft(self) -> Mapping[Key, Decimal]:
        return _Column(self.table, "soft")

    @property
    def safety(self) -> Mapping[Key, Decimal]:
        return _Column(self.table, "safety")

    def net(self, node: int, product: int) -> Decimal:
        """On hand, less all that others have a right to; below zero it says how much is owed. Without safety stock.

        >>> snapshot_of(on_hand={(1, 7): 5}, reserved={(1, 7): 2}, promised={(1, 7): 4}).net(1, 7)
        Decimal('-1')
        """
        cell = self.table.cell
        taken = sum(cell(fact, node, product) for fact in ("reserved", "promised", "soft"))
        return unscaled(cell("on_hand", node, product) - taken)

    def available(self, node: int, product: int) -> Decimal:
        """On hand, less reserved, promised, softly reserved and safety stock; never below zero.

        >>> snapshot_of(on_hand={(1, 7): 5}, reserved={(1, 7): 2}, promised={(1, 7): 4}).available(1, 7)
        Decimal('0')
        >>> snapshot_of(on_hand={(1, 7): 9, (1, 8): 4}, components={6: ((7, 2), (8, 1))}).available(1, 6)
        Decimal('4')
        """
        return unscaled(self._available(node, product))

    def total(self, product: int, nodes: Iterable[int] | None = None) -> Decimal:
        """What a channel can promise: the sum over its nodes, less its threshold; never below zero.

        >>> snapshot = snapshot_of(on_hand={(1, 7): 5, (2, 7): 3}, thresholds={7: Threshold(2)})
        >>> snapshot.total(7)
        Decimal('6')
        """
        places = self.table.nodes if nodes is None else tuple(nodes)
        return unscaled(self._beyond_threshold(product, sum(self._available(node, product) for node in places)))

    def totals(self) -> dict[int, Decimal]:
        """{product: what the channel can promise}, for all products of the snapshot at once."""
        width = len(self.table.nodes)
        # Column by column, so that a million subtractions are done by the interpreter's own loops.
        free = self.table.columns["on_hand"]
        for fact in FACTS[1:]:
            free = map(sub, free, self.table.columns[fact])
        free = array("q", [left if left > 0 else 0 for left in free])
        result = {}
        for product, start in self.table.start.items():
            if product in self.components:
                result[product] = self.total(product)
            else:
                amount = sum(free[start : start + width])
                result[product] = unscaled(self._beyond_threshold(product, amount)) if amount else ZERO
        return result

    def beyond_threshold(self, product: int, quantity: Decimal) -> Decimal:
        """What is left of a quantity when the channel's threshold is taken off; never below zero."""
        return unscaled(self._beyond_threshold(product, scaled(quantity)))

    def by_node(self, nodes: Iterable[int], products: Iterable[int]) -> dict[Key, Decimal]:
        """{(node, product): available} for all pairs that have any."""
        products = tuple(products)
        pairs = ((node, product) for node in nodes for product in products)
        return {pair: free for pair in pairs if (free := self.available(*pair))}

    def _available(self, node: int, product: int) -> int:
        cell = self.table.cell
        safety = cell("safety", node, product)
        if product in self.components:
            return max(0, self._buildable(node, product) - safety)
        taken = sum(cell(fact, node, product) for fact in ("reserved", "promised", "soft"))
        return max(0, cell("on_hand", node, product) - taken - safety)

    def _buildable(self, node: int, kit: int) -> int:
        """Whole kits that can be put together at one node: the scarcest component decides."""
        return SCALE * min(
            (self._available(node, part) // scaled(Decimal(needed)) for part, needed in self.components[kit]),
            default=0,
        )

    def _beyond_threshold(self, product: int, amount: int) -> int:
        threshold = self.thresholds.get(product)
        return max(0, amount - threshold.kept(amount)) if threshold else amount


@dataclass(frozen=True, slots=True)
class Threshold:
    """What is kept back of a quantity: so many units, or a share of it, whichever is more; or all of it."""

    units: Decimal = ZERO
    percent: Decimal = ZERO
    exclude: bool = False
    fixed: int | None = field(init=False, compare=False)
    """Millionths, where it does not depend on how much there is."""

    def __post_init__(self) -> None:
        fixed = EXCLUDED if self.exclude else None if self.percent else scaled(Decimal(self.units))
        object.__setattr__(self, "fixed", fixed)

    def kept(self, amount: int) -> int:
        """Millionths that are kept back of so many millionths.

        A share of whole units is rounded up to a whole unit: nobody keeps back a part of a chair.

        >>> unscaled(Threshold(percent=Decimal(10)).kept(scaled(Decimal(7))))
        Decimal('1')
        >>> unscaled(Threshold(units=Decimal(2), percent=Decimal(10)).kept(scaled(Decimal("7.5"))))
        Decimal('2')
        """
        if self.fixed is not None:
            return self.fixed
        part = 0
        if amount > 0:
            part = -(-amount * scaled(Decimal(self.percent)) // (100 * SCALE))
            if amount % SCALE == 0:
                part = -(-part // SCALE) * SCALE
        return max(scaled(Decimal(self.units)), part)


def _at_nodes(thresholds: list[Threshold | None]) -> tuple[list[Threshold | None], array | None]:
    """What is kept back at each node, as a block of cells where it does not depend on what is on hand."""
    fixed = [0 if threshold is None else threshold.fixed for threshold in thresholds]
    return thresholds, None if None in fixed else array("q", fixed)


def snapshot_of(
    *, components: Mapping | None = None, thresholds: Mapping | None = None, **facts: Mapping[Key, Decimal]
) -> AvailabilitySnapshot:
    """A snapshot from {(node, product): quantity} for each fact: for a few products, and for tests."""
    keys = [key for quantities in facts.values() for key in quantities]
    table = StockTable((node for node, _product in keys), (product for _node, product in keys))
    for fact, quantities in facts.items():
        table.add(fact, ((product, node, scaled(Decimal(amount))) for (node, product), amount in quantities.items()))
    return AvailabilitySnapshot(table, components or {}, thresholds or {})
