"""What kits are made of, down to what lies on shelves."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from decimal import Decimal

from .quantities import ZERO, Quantities


def leaves(
    kits: Collection[int], recipes: Mapping[int, Collection[tuple[int, Decimal]]]
) -> dict[int, tuple[tuple[int, Decimal], ...]]:
    """Flatten kits of kits.

    :param recipes: {kit: its components and how much of each one kit takes}; what is not in it is no kit.
    :return: {kit: ((component that is no kit, how much of it one kit takes in all), …)}, for those that are kits. One that
        contains itself has no components: nobody can put it together.

    >>> recipes = {1: [(2, Decimal(2)), (7, Decimal(1))], 2: [(7, Decimal(3)), (8, Decimal("0.5"))]}
    >>> [(part, str(quantity)) for part, quantity in leaves([1, 7], recipes)[1]]
    [(7, '7'), (8, '1.0')]
    """
    return {kit: tuple(_flatten(kit, recipes, ()).items()) for kit in kits if kit in recipes}


def _flatten(kit: int, recipes: Mapping, above: tuple[int, ...]) -> dict[int, Decimal]:
    if kit in above:
        return {}
    parts: dict[int, Decimal] = {}
    for component, quantity in recipes[kit]:
        inner = _flatten(component, recipes, (*above, kit)) if component in recipes else {component: Decimal(1)}
        for part, needed in inner.items():
            parts[part] = parts.get(part, Decimal(0)) + needed * quantity
    return parts


def whole_kits(
    brought: Mapping[Hashable, Decimal], recipe: Mapping[Hashable, Decimal], steps: Mapping[Hashable, Decimal]
) -> tuple[Decimal, dict[Hashable, Decimal]]:
    """How many whole kits these parts make, and what of each part is left over.

    :param recipe: {part: how much of it one kit takes}; a part that is brought and is not in it is left over.
    :param steps: {part: the least of it that is counted}: what rounding to that added is not left over, what it took off does
        not make a kit incomplete.

    >>> whole_kits({7: Decimal(5), 8: Decimal(2)}, {7: Decimal(2), 8: Decimal(1)}, {})
    (Decimal('2'), {7: Decimal('1')})
    >>> whole_kits({7: Decimal("0.33")}, {7: Decimal("0.333333")}, {7: Decimal("0.01")})
    (Decimal('1'), {})
    """
    kits = min(
        ((brought.get(part, ZERO) + steps.get(part, ZERO) / 2) // need for part, need in recipe.items()), default=ZERO
    )
    over = {part: amount - kits * recipe.get(part, ZERO) for part, amount in brought.items()}
    return kits, {part: rest for part, rest in over.items() if rest > 0 and rest >= steps.get(part, ZERO)}


def in_several(products: Collection[Hashable], recipes: Mapping[Hashable, Collection[tuple]]) -> set[Hashable]:
    """What more than one of these products is made of, or is: what one takes of it, another one lacks.

    >>> in_several([1, 7, 9], {1: [(7, Decimal(2)), (8, Decimal(1))]})
    {7}
    """
    seen: set[Hashable] = set()
    twice: set[Hashable] = set()
    for product in products:
        parts = {part for part, _needed in recipes.get(product, [(product, 1)])}
        twice |= seen & parts
        seen |= parts
    return twice


def taken_apart(
    taken: Iterable[tuple[Hashable, Hashable, Decimal]], recipes: Mapping[Hashable, Collection[tuple]]
) -> Quantities:
    """{(place, part): how much of it leaves there} where so much of these products does.

    :param taken: (place, product, quantity)

    >>> taken_apart([("nice", 1, Decimal(2)), ("nice", 7, Decimal(1))], {1: [(7, Decimal(3))]})
    Quantities({('nice', 7): Decimal('7')})
    """
    return Quantities(
        ((place, part), needed * quantity)
        for place, product, quantity in taken
        for part, needed in recipes.get(product, [(product, Decimal(1))])
    )
