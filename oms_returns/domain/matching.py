"""Which order lines goods are of that nobody announced: all of them have one, or nothing is matched."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.oms_core.domain.money import ZERO


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order line that goods may be of.

    :param left: what its customer still has of it.
    :param lots: serial or lot numbers that left with it.
    """

    key: Hashable
    left: Decimal
    lots: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """So many pieces are of one order line.

    :param lots: the numbers among them.
    :param why: ``number``: it was sold with that number; ``whole``: the likeliest that had all of them; ``several``: no order
        had all of them, so the likeliest ones together.
    """

    key: Hashable
    quantity: Decimal
    lots: tuple[str, ...]
    why: str


def match(quantity: Decimal, numbers: Sequence[tuple[str, Decimal]], candidates: Sequence[Candidate]) -> list[Part]:
    """The order lines of so many pieces.

    A piece with a number is of the order that it was sold with. The others are of the first candidate that has them all, else
    of one after the other.

    :param quantity: above zero, those with numbers included.
    :param numbers: what has a number, and how many pieces of it.
    :param candidates: the likeliest first.
    :return: in the order of the candidates; the quantities sum to ``quantity``. Empty: they have not so many.
    """
    left = {one.key: one.left for one in candidates}
    taken: dict[Hashable, Decimal] = {}
    lots: dict[Hashable, list[str]] = {}
    rest = quantity
    for number, pieces in numbers:
        seller = next((one for one in candidates if number in one.lots and left[one.key] >= pieces), None)
        if seller:
            left[seller.key] -= pieces
            taken[seller.key] = taken.get(seller.key, ZERO) + pieces
            lots.setdefault(seller.key, []).append(number)
            rest -= pieces
    whole = next((one for one in candidates if left[one.key] >= rest), None)
    for one in [whole] if whole else candidates:
        part = min(rest, left[one.key])
        if part > 0:
            taken[one.key] = taken.get(one.key, ZERO) + part
            rest -= part
    if rest > 0:
        return []
    why = "whole" if len(taken) == 1 else "several"
    return [
        Part(one.key, taken[one.key], tuple(lots.get(one.key, ())), "number" if one.key in lots else why)
        for one in candidates
        if one.key in taken
    ]
