"""Into how many boxes goods go, by weight and room: good enough to ask for a price. Pure.

Products tell a volume and no sides, so nothing is turned and stacked; instead only a share of a box's room is counted on.
Worked example: ten mugs of 0.4 kg and 1 litre, a small box of 6 litres and a large one of 20, of which 85 % are used: all ten
go into one large box (10 of 17 litres); of twenty, seventeen fill a large box and three go into a small one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

ZERO = Decimal(0)

#: How much of a box's room goods fill before something does not go in any more.
USED_SHARE = Decimal("0.85")

#: So many boxes full of one product are looked at one by one for room beside it; the rest is only counted.
OPEN_BOXES_MAX = 20

#: More kinds of box than this are not compared.
BOXES_MAX = 20


@dataclass(frozen=True, slots=True)
class Box:
    """A kind of carton.

    :param sides_cm: inside; a side of zero is a box whose room nobody measured: only weight counts.
    :param max_kg: with the box itself; zero is no limit.
    """

    id: Hashable
    name: str
    sides_cm: tuple[Decimal, Decimal, Decimal] = (ZERO, ZERO, ZERO)
    max_kg: Decimal = ZERO
    own_kg: Decimal = ZERO

    @property
    def room(self) -> Decimal | None:
        """Cubic centimetres that goods can use; ``None``: no limit."""
        length, width, height = self.sides_cm
        return length * width * height * USED_SHARE or None

    @property
    def load(self) -> Decimal | None:
        """Kilograms of goods; ``None``: no limit."""
        return max(ZERO, self.max_kg - self.own_kg) if self.max_kg else None


@dataclass(frozen=True, slots=True)
class Goods:
    """So many pieces of a product, with what one of them weighs and measures; zero where nobody knows."""

    product_id: Hashable
    quantity: Decimal
    kg: Decimal = ZERO
    cm3: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Carton:
    """Boxes with the same things in them.

    :param box: ``None``: a thing that no box takes, sent as it is.
    :param contents: ``(product id, pieces)`` of one box.
    :param kg: of one, with the box.
    :param count: how many there are of it.
    """

    box: Box | None
    contents: tuple[tuple[Hashable, Decimal], ...]
    kg: Decimal
    cm3: Decimal
    count: int = 1

    @property
    def sides_cm(self) -> tuple[Decimal, Decimal, Decimal]:
        return self.box.sides_cm if self.box else (ZERO, ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class _Lot:
    """Pieces that are put into boxes one by one; ``stands_for``: how much of the product one of them is."""

    product_id: Hashable
    pieces: Decimal
    kg: Decimal
    cm3: Decimal
    stands_for: Decimal = Decimal(1)


@dataclass(slots=True)
class _Open:
    """A box while it is filled."""

    box: Box | None
    contents: dict = field(default_factory=dict)
    kg: Decimal = ZERO
    cm3: Decimal = ZERO
    count: int = 1

    def room_for(self, lot: _Lot) -> Decimal | None:
        return _fits(self.box, lot, self.kg, self.cm3) if self.box else ZERO

    def add(self, lot: _Lot, pieces: Decimal) -> None:
        self.contents[lot.product_id] = self.contents.get(lot.product_id, ZERO) + pieces * lot.stands_for
        self.kg += lot.kg * pieces
        self.cm3 += lot.cm3 * pieces


def pack(goods: Iterable[Goods], boxes: Sequence[Box] = (), max_kg: Decimal = ZERO) -> tuple[Carton, ...]:
    """Pack everything, in as few boxes as this way finds, each no larger than it has to be.

    Each kind of box is tried as the usual one: heavy goods want another than bulky ones. What goes into no box is a parcel of
    its own; without any boxes, goods are shared out by weight alone.

    :param max_kg: what the carrier takes in one parcel, box included; zero is no limit.
    """
    goods = [one for one in goods if one.quantity > 0]
    kinds = [_limited(box, max_kg) for box in boxes[:BOXES_MAX]] or [Box(None, "", max_kg=max_kg)]
    tries = [_pack_with(goods, usual, kinds) for usual in kinds]
    return min(tries, key=lambda cartons: (count(cartons), sum((_size(one) for one in cartons), ZERO)))


def count(cartons: Iterable[Carton]) -> int:
    """How many parcels it is."""
    return sum(carton.count for carton in cartons)


def fewest(goods: Iterable[Goods], boxes: Sequence[Box], max_kg: Decimal = ZERO) -> int:
    """No packing whatever needs fewer boxes: all weight and all room together, in the largest box of each kind."""
    goods = list(goods)
    kinds = [_limited(box, max_kg) for box in boxes]
    kg, cm3 = sum((one.kg * one.quantity for one in goods), ZERO), sum((one.cm3 * one.quantity for one in goods), ZERO)
    bounds = [1 if goods else 0]
    for total, limits in ((kg, [box.load for box in kinds]), (cm3, [box.room for box in kinds])):
        if limits and None not in limits and max(limits) > 0:
            bounds.append(int((total / max(limits)).to_integral_value(ROUND_CEILING)))
    return max(bounds)


def _limited(box: Box, max_kg: Decimal) -> Box:
    limits = [limit for limit in (box.max_kg, max_kg) if limit]
    return Box(box.id, box.name, box.sides_cm, min(limits, default=ZERO), box.own_kg)


def _fits(box: Box, lot: _Lot, kg: Decimal = ZERO, cm3: Decimal = ZERO) -> Decimal | None:
    """How many pieces still go into a box with so much in it; ``None``: any number."""
    limits = []
    for limit, used, each in ((box.load, kg, lot.kg), (box.room, cm3, lot.cm3)):
        if limit is not None and each > 0:
            limits.append(max(ZERO, (limit - used) // each))
    return min(limits, default=None)


def _pack_with(goods: Sequence[Goods], usual: Box, kinds: Sequence[Box]) -> tuple[Carton, ...]:
    """The largest things first, each into the first box with room, and into a new one where there is none."""
    opened: list[_Open] = []
    for lot in sorted(_in_lots(goods), key=lambda lot: (-_share(lot, usual), str(lot.product_id), -lot.pieces)):
        left = lot.pieces
        for box in opened:
            if left > 0 and box.count == 1 and (room := box.room_for(lot)) != ZERO:
                part = left if room is None else min(left, room)
                box.add(lot, part)
                left -= part
        if left > 0:
            opened += _open(lot, left, usual, kinds)
    return tuple(_close(box, kinds) for box in opened)


def _in_lots(goods: Iterable[Goods]) -> Iterator[_Lot]:
    """Whole pieces, and what is left of a broken quantity (2.5 m of cable) as one lighter and smaller piece."""
    for one in goods:
        whole = one.quantity // 1
        if whole:
            yield _Lot(one.product_id, whole, one.kg, one.cm3)
        if rest := one.quantity - whole:
            yield _Lot(one.product_id, Decimal(1), one.kg * rest, one.cm3 * rest, rest)


def _share(lot: _Lot, box: Box) -> Decimal:
    """How much of a box one piece takes."""
    return max((each / limit for each, limit in ((lot.kg, box.load), (lot.cm3, box.room)) if limit), default=ZERO)


def _open(lot: _Lot, pieces: Decimal, usual: Box, kinds: Sequence[Box]) -> list[_Open]:
    """New boxes for so many pieces: full ones, and one with the rest."""
    box = next((kind for kind in (usual, *kinds) if _fits(kind, lot) != ZERO), None)
    per_box = _fits(box, lot) if box else Decimal(1)
    full, rest = divmod(pieces, per_box) if per_box else (ZERO, pieces)
    one_by_one = min(int(full), OPEN_BOXES_MAX)
    opened = [_Open(box) for _number in range(one_by_one)]
    if full > one_by_one:
        opened.append(_Open(box, count=int(full) - one_by_one))
    for each in opened:
        each.add(lot, per_box)
    if rest:
        opened.append(_Open(box))
        opened[-1].add(lot, rest)
    return opened


def _close(opened: _Open, kinds: Sequence[Box]) -> Carton:
    """Into the smallest box that takes it."""
    box = opened.box
    for kind in kinds if box else ():
        fits = (kind.load is None or opened.kg <= kind.load) and (kind.room is None or opened.cm3 <= kind.room)
        if fits and (_volume(kind), kind.own_kg) < (_volume(box), box.own_kg):
            box = kind
    kg = opened.kg + (box.own_kg if box else ZERO)
    return Carton(box, tuple(opened.contents.items()), kg, opened.cm3, opened.count)


def _volume(box: Box) -> Decimal:
    """A box that nobody measured is larger than all others."""
    return box.sides_cm[0] * box.sides_cm[1] * box.sides_cm[2] or Decimal("Infinity")


def _size(carton: Carton) -> Decimal:
    volume = _volume(carton.box) if carton.box else carton.cm3
    return carton.count * (carton.cm3 if volume == Decimal("Infinity") else volume)
