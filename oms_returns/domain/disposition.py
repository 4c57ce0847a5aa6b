"""What to do with goods that came back: the route that recovers most after what it costs, and what it leaves of goods that may.

Whether that is worth their way back is decided in ``returnless``.

All amounts are per piece and in one currency, that of the company. Shares are ``Decimal`` from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

ZERO, ONE, CENT = Decimal(0), Decimal(1), Decimal("0.01")

#: What the shares of a route are taken of.
PRICE, COST = "price", "cost"


@dataclass(frozen=True, slots=True)
class Goods:
    """A piece that came back, or may.

    :param price: what a new one sells for, without tax.
    :param cost: what a new one costs us; what a vendor gives back is a share of that.
    """

    price: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Route:
    """A way that goods can go.

    :param key: of the disposition.
    :param label: its name, for the sentence.
    :param shares: {grade: share that it brings}; a grade that is not in it cannot go this way.
    :param of: ``price`` or ``cost``: what the shares are taken of.
    :param cost: of the work, per piece: cleaning, repair, disposal, freight to the vendor.
    """

    key: Hashable
    label: str
    shares: Mapping[Hashable, Decimal]
    of: str = PRICE
    cost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Option:
    """What one route brings for one piece of one grade."""

    key: Hashable
    label: str
    recovered: Decimal
    cost: Decimal

    @property
    def net(self) -> Decimal:
        return self.recovered - self.cost


@dataclass(frozen=True, slots=True)
class Choice:
    """The options, the best one first, and why it is that one."""

    options: tuple[Option, ...]
    sentence: str

    @property
    def best(self) -> Option | None:
        return self.options[0] if self.options else None


def weigh(goods: Goods, grade: Hashable, routes: Sequence[Route]) -> tuple[Option, ...]:
    """What each route that is open to this grade brings, the best first; of equal ones the one that stands first.

    >>> routes = [Route("shelf", "Restock", {"A": ONE}), Route("outlet", "Outlet", {"A": Decimal("0.6")})]
    >>> [option.key for option in weigh(Goods(Decimal(20), Decimal(10)), "A", routes)]
    ['shelf', 'outlet']
    """
    options = []
    for rank, route in enumerate(routes):
        if grade in route.shares:
            base = goods.cost if route.of == COST else goods.price
            options.append((rank, Option(route.key, route.label, _cents(base * route.shares[grade]), route.cost)))
    return tuple(option for _rank, option in sorted(options, key=lambda row: (-row[1].net, row[0])))


def choose(goods: Goods, grade: Hashable, routes: Sequence[Route]) -> Choice:
    """The best route for a piece, with a sentence that says what it brings and what the next best would.

    >>> routes = [Route("fix", "Refurbish", {"B": Decimal("0.8")}, cost=Decimal(4)), Route("bin", "Scrap", {"B": ZERO})]
    >>> choose(Goods(Decimal(20), Decimal(10)), "B", routes).sentence
    'Refurbish: brings 16.00, costs 4.00, leaves 12.00. Next: Scrap leaves 0.00.'
    """
    options = weigh(goods, grade, routes)
    if not options:
        return Choice((), "No disposition takes this grade. Add one to the recovery table of a disposition.")
    best, *others = options
    sentence = f"{best.label}: brings {_shown(best.recovered)}, costs {_shown(best.cost)}, leaves {_shown(best.net)}."
    if others:
        sentence += f" Next: {others[0].label} leaves {_shown(others[0].net)}."
    return Choice(options, sentence)


def expected_recovery(goods: Goods, chances: Mapping[Hashable, Decimal], routes: Sequence[Route]) -> Decimal:
    """What a piece leaves on average when it is back, as nobody knows its grade yet: each grade goes its best way.

    :param chances: {grade: chance}; they are taken relative to their sum.

    A piece of 20 that is as new in three of four cases and waste that costs 1 to be rid of in the fourth:

    >>> routes = [Route("shelf", "Restock", {"A": ONE}), Route("bin", "Scrap", {"A": ZERO, "D": ZERO}, cost=ONE)]
    >>> expected_recovery(Goods(Decimal(20), Decimal(10)), {"A": Decimal(3), "D": ONE}, routes)
    Decimal('14.75')
    """
    total = sum(chances.values(), ZERO)
    if total <= 0:
        return ZERO
    left = ZERO
    for grade, chance in chances.items():
        options = weigh(goods, grade, routes)
        if options:
            left += chance * options[0].net
    return _cents(left / total)


def chances(
    counts: Mapping[Hashable, Decimal], priors: Mapping[Hashable, Decimal], weight: Decimal = Decimal(20)
) -> dict[Hashable, Decimal]:
    """How likely each grade is: what was seen of such goods, with a prior that counts like ``weight`` pieces.

    >>> chances({"A": Decimal(60)}, {"A": Decimal("0.5"), "D": Decimal("0.5")})
    {'A': Decimal('0.875'), 'D': Decimal('0.125')}
    """
    total = sum(priors.values(), ZERO)
    if total <= 0:
        priors, total = dict.fromkeys(priors, ONE), Decimal(len(priors) or 1)
    seen = {grade: max(counts.get(grade, ZERO), ZERO) for grade in priors}
    everything = sum(seen.values(), ZERO) + weight
    return {grade: (seen[grade] + weight * priors[grade] / total) / everything for grade in priors}


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def _shown(amount: Decimal) -> str:
    return f"{amount:.2f}"
