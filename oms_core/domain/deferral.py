"""Revenue belongs to the day on which the goods leave: what was invoiced before is owed to the customer until then.

Told by the state of an order and not by what happened last: what should stand deferred, less what is booked as deferred, is what
is booked now. So nothing is released twice, and whatever was returned, cancelled or credited meanwhile is in it. Amounts are in
the company's currency, as invoices were posted; positive where they were earned (revenue) or spent (cost).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .money import ZERO, round_to, share
from .posting import PostingLine

#: Why an item of such an entry exists.
REVENUE, COST = "deferred_revenue", "deferred_cost"


@dataclass(frozen=True, slots=True)
class Invoiced:
    """A line of an order as it stands on posted invoices.

    :param charged: on invoices, ``credited`` on credit notes, in the unit of the line.
    :param shipped: left, whatever came back; ``back`` of it came back.
    :param revenue: {account: amount} on invoices; of what is charged beside goods, less what was credited.
    :param costs: {(account of the stock, account of the cost): amount} on invoices.
    :param is_goods: else it is charged beside goods (shipping, fees, discounts) and goes with them.
    """

    charged: Decimal
    credited: Decimal
    shipped: Decimal
    back: Decimal
    revenue: Mapping[Hashable, Decimal]
    costs: Mapping[tuple[Hashable, Hashable], Decimal]
    is_goods: bool = True

    @property
    def waiting(self) -> Decimal:
        """What is invoiced and has not left. A credit note over goods that came back takes nothing off what waits."""
        called_off = max(self.credited - self.back, ZERO)
        return max(self.charged - self.shipped - called_off, ZERO)


@dataclass(frozen=True, slots=True)
class Deferred:
    """{account: amount} of revenue, and {(account of the stock, account of the cost): amount} of cost, without zeros."""

    revenue: Mapping[Hashable, Decimal]
    costs: Mapping[tuple[Hashable, Hashable], Decimal]


def deferred(lines: Sequence[Invoiced], step: Decimal) -> Deferred:
    """What of an order's invoices is not earned yet.

    >>> mug = Invoiced(Decimal(3), ZERO, Decimal(1), ZERO, {"sales": Decimal("10.00")}, {("stock", "cost"): Decimal(6)})
    >>> deferred([mug], Decimal("0.01"))
    Deferred(revenue={'sales': Decimal('6.67')}, costs={('stock', 'cost'): Decimal('4.00')})

    :param step: the smallest unit of the company's currency.
    """
    revenue: dict[Hashable, Decimal] = defaultdict(lambda: ZERO)
    costs: dict[tuple[Hashable, Hashable], Decimal] = defaultdict(lambda: ZERO)
    waits = whole = Fraction(0)
    for line in lines:
        if not line.is_goods or not line.charged:
            continue
        gone = line.charged - line.waiting
        for account, amount in line.revenue.items():
            revenue[account] += share(amount, line.charged, gone, line.charged, step)
        for accounts, amount in line.costs.items():
            costs[accounts] += share(amount, line.charged, gone, line.charged, step)
        weight = Fraction(max(sum(line.revenue.values(), ZERO), ZERO)) or Fraction(line.charged) / 10**9
        whole += weight
        waits += weight * Fraction(line.waiting) / Fraction(line.charged)
    if whole:
        part = waits / whole
        for line in lines:
            if not line.is_goods:
                for account, amount in line.revenue.items():
                    exact = Fraction(amount) * part
                    revenue[account] += round_to(Decimal(exact.numerator) / Decimal(exact.denominator), step)
    return Deferred({key: one for key, one in revenue.items() if one}, {key: one for key, one in costs.items() if one})


def posting(target: Deferred, booked: Deferred, account: Hashable, texts: Mapping[str, str]) -> tuple[PostingLine, ...]:
    """The items that bring what is booked as deferred to what should be; none where it is that already.

    :param account: where what is owed to customers stands.
    :param texts: words for :data:`REVENUE` and :data:`COST`.
    """
    lines = []
    owed = ZERO
    for name in _keys(target.revenue, booked.revenue):
        more = target.revenue.get(name, ZERO) - booked.revenue.get(name, ZERO)
        if more:
            owed += more
            lines.append(PostingLine(name, more, texts[REVENUE], cause=REVENUE))
    if owed:
        lines.append(PostingLine(account, -owed, texts[REVENUE], cause=REVENUE))
    for names in _keys(target.costs, booked.costs):
        more = target.costs.get(names, ZERO) - booked.costs.get(names, ZERO)
        if more:
            stock, cost = names
            lines += [
                PostingLine(stock, more, texts[COST], cause=COST),
                PostingLine(cost, -more, texts[COST], cause=COST),
            ]
    return tuple(lines)


def _keys(*mappings: Mapping) -> Iterable:
    return dict.fromkeys(key for one in mappings for key in one)
