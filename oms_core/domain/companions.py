"""What is often bought together: counted in baskets, and measured against chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

TOGETHER_MIN = 3  #: baskets; fewer than that are an accident
LIFT_MIN = Decimal("1.2")  #: what goes together no more often than by chance is merely popular
SHOWN_MAX = 5


@dataclass(frozen=True, slots=True)
class Companion:
    """A product that goes with another one.

    :param product: what to propose.
    :param beside: the product of the order that it goes with best.
    :param together: the number of baskets that hold both.
    :param of: the number of baskets that hold ``beside``.
    :param lift: how many times as often as by chance.
    """

    product: int
    beside: int
    together: int
    of: int
    lift: Decimal


def often_together(
    baskets: Iterable[Collection[int]],
    wanted: Collection[int],
    *,
    together_min: int = TOGETHER_MIN,
    lift_min: Decimal = LIFT_MIN,
    limit: int = SHOWN_MAX,
) -> tuple[Companion, ...]:
    """The products that others took with ``wanted``, the most telling first; none that are wanted already.

    Lift is the share of baskets with both, over what it would be if the two had nothing to do with each other. Of ten
    baskets, four hold the desk (1), five the lamp (2), and four both: by chance it would be two, so the lift is 2.

    >>> baskets = [{1, 2}] * 4 + [{2, 3}] + [{3}] * 5
    >>> often_together(baskets, {1})
    (Companion(product=2, beside=1, together=4, of=4, lift=Decimal('2.0')),)
    >>> often_together(baskets, {1, 2})
    ()
    """
    wanted = frozenset(wanted)
    total, sizes, pairs = 0, Counter(), Counter()
    for basket in map(frozenset, baskets):
        total += 1
        sizes.update(basket)
        here = basket & wanted
        if here:
            pairs.update((mine, other) for mine in here for other in basket - wanted)
    best: dict[int, Companion] = {}
    for (mine, other), together in pairs.items():
        lift = (Decimal(together * total) / (sizes[mine] * sizes[other])).quantize(Decimal("0.1"))
        if together < together_min or lift < lift_min:
            continue
        found = Companion(other, mine, together, sizes[mine], lift)
        if other not in best or _rank(found) < _rank(best[other]):
            best[other] = found
    return tuple(sorted(best.values(), key=_rank)[:limit])


def _rank(companion: Companion) -> tuple:
    return (-companion.lift, -companion.together, companion.product, companion.beside)
