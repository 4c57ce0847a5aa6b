"""Revenue belongs to the day on which the goods leave: what was invoiced before is owed to the customer until then.

Told by the state of an order and not by what happened last: what should stand deferred, less what is booked as deferred, is what
is booked now. So nothing is released twice, and whatever was returned, cancelled or credited meanwhile is in it. Amounts are in
the company's currency, as invoices were posted; positive where they were earned (revenue) or spent (cost).

An invoice that comes before its goods books what they cost on its day; what they are worth when they leave is their cost. The
difference is corrected, line by line, so that the cost of an order is the value by which the stock became less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from .money import ZERO, round_to, share
from .posting import PostingLine

#: Why an item of such an entry exists.
REVENUE, COST, CORRECTION = "deferred_revenue", "deferred_cost", "corrected_cost"


@dataclass(frozen=True, slots=True)
class Invoiced:
    """A line of an order as it stands on posted invoices.

    :param charged: on invoices, ``credited`` on credit notes, in the unit of the line.
    :param shipped: left, whatever came back; ``back`` of it came back.
    :param revenue: {account: amount} on invoices; of what is charged beside goods, less what was credited.
    :param costs: {(account of the stock, account of the cost): amount} on invoices.
    :param is_goods: else it is charged beside goods (shipping, fees, discounts) and goes with them.
    :param name: of the line.
    :param reversed_costs: as ``costs``, on credit notes.
    :param documents: how many lines of invoices and credit notes there are: each is rounded once.
    :param worth: what was charged and has left did cost when it left, less what came back of it and is credited; ``None`` where
        that is not known piece by piece.
    :param kept: {(account of the stock, account of the cost): amount} by which its cost was corrected, and stays so: all of it
        where ``worth`` is not known.
    :param is_deposit: it is invoiced ahead, and earned as it is taken off other invoices: ``charged`` and ``shipped`` are what is
        invoiced and taken off.
    """

    charged: Decimal
    credited: Decimal
    shipped: Decimal
    back: Decimal
    revenue: Mapping[Hashable, Decimal]
    costs: Mapping[tuple[Hashable, Hashable], Decimal]
    is_goods: bool = True
    name: Hashable = None
    reversed_costs: Mapping[tuple[Hashable, Hashable], Decimal] = field(default_factory=dict)
    documents: int = 1
    worth: Decimal | None = None
    is_deposit: bool = False
    kept: Mapping[tuple[Hashable, Hashable], Decimal] = field(default_factory=dict)

    @property
    def called_off(self) -> Decimal:
        """What is credited and did not come back: it is not to leave any more."""
        return max(self.credited - self.back, ZERO)

    @property
    def waiting(self) -> Decimal:
        """What is invoiced and has not left. A credit note over goods that came back takes nothing off what waits."""
        return max(self.charged - self.shipped - self.called_off, ZERO)

    @property
    def pieces(self) -> tuple[Decimal, Decimal]:
        """What is charged and has left, and what of it came back and is credited: the goods that ``worth`` is of."""
        return max(min(self.charged - self.called_off, self.shipped), ZERO), min(self.credited, self.back)


@dataclass(frozen=True, slots=True)
class Deferred:
    """{account: amount} of revenue, and {(account of the stock, account of the cost): amount} of cost, without zeros.

    :param corrections: {(account of the stock, account of the cost, line): by how much its goods cost more than was booked}
    """

    revenue: Mapping[Hashable, Decimal]
    costs: Mapping[tuple[Hashable, Hashable], Decimal]
    corrections: Mapping[tuple[Hashable, Hashable, Hashable], Decimal] = field(default_factory=dict)


def deferred(lines: Sequence[Invoiced], step: Decimal) -> Deferred:
    """What of an order's invoices is not earned yet.

    >>> mug = Invoiced(Decimal(3), ZERO, Decimal(1), ZERO, {"sales": Decimal("10.00")}, {("stock", "cost"): Decimal(6)})
    >>> deferred([mug], Decimal("0.01"))
    Deferred(revenue={'sales': Decimal('6.67')}, costs={('stock', 'cost'): Decimal('4.00')}, corrections={})

    :param step: the smallest unit of the company's currency.
    """
    revenue: dict[Hashable, Decimal] = defaultdict(lambda: ZERO)
    costs: dict[tuple[Hashable, Hashable], Decimal] = defaultdict(lambda: ZERO)
    corrections: dict[tuple[Hashable, Hashable, Hashable], Decimal] = defaultdict(lambda: ZERO)
    waits = whole = Fraction(0)
    for line in lines:
        if not line.is_goods or not line.charged:
            continue
        gone = line.charged - line.waiting
        for account, amount in line.revenue.items():
            revenue[account] += share(amount, line.charged, gone, line.charged, step)
        later = {name: share(amount, line.charged, gone, line.charged, step) for name, amount in line.costs.items()}
        for accounts, amount in later.items():
            costs[accounts] += amount
        for accounts, amount in line.kept.items():
            corrections[(*accounts, line.name)] += amount
        # The credit note may have other accounts: the whole difference is put on those of the invoice.
        if line.worth is not None and (accounts := next(iter([*line.costs, *line.reversed_costs]), None)):
            more = round_to(line.worth, step) - _booked(line, later)
            if abs(more) > line.documents * step:  # less is what their rounding leaves
                corrections[(*accounts, line.name)] += more
        if line.is_deposit:
            continue
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
    return Deferred(
        {key: one for key, one in revenue.items() if one},
        {key: one for key, one in costs.items() if one},
        {key: one for key, one in corrections.items() if one},
    )


def _booked(line: Invoiced, later: Mapping[Hashable, Decimal]) -> Decimal:
    """What is booked as the cost of the goods of a line, without what is booked ``later``."""
    return sum(line.costs.values(), ZERO) - sum(line.reversed_costs.values(), ZERO) - sum(later.values(), ZERO)


def posting(
    target: Deferred,
    booked: Deferred,
    account: Hashable,
    texts: Mapping[Hashable, str],
    customer: Hashable | None = None,
) -> tuple[PostingLine, ...]:
    """The items that bring what is booked as deferred to what should be; none where it is that already.

    :param account: where what is owed to customers stands.
    :param texts: words for :data:`REVENUE` and :data:`COST`, and for each line whose cost is corrected.
    :param customer: whose goods they are, as on the cost that is booked with an invoice.
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
    for names in _keys(target.corrections, booked.corrections):
        more = target.corrections.get(names, ZERO) - booked.corrections.get(names, ZERO)
        if more:
            stock, cost, line = names
            text = texts.get(line, texts[COST])
            lines += [
                PostingLine(stock, -more, text, customer, cause=CORRECTION),
                PostingLine(cost, more, text, customer, cause=CORRECTION, corrects=line),
            ]
    return tuple(lines)


def _keys(*mappings: Mapping) -> Iterable:
    return dict.fromkeys(key for one in mappings for key in one)
