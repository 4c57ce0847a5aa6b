"""What kits are made of, down to what lies on shelves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal


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
