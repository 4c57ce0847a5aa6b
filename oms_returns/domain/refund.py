"""How much of what was charged goes back, and to which tender. Whatever the steps were, the sum is the same.

Everything is told as a function of what has been credited so far (`Credited`), and a step is the difference of two of its
values: a sum of steps is the value at the end. Units of a line count from the first one, as its invoices count them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from odoo.addons.oms_core.domain.money import ZERO, allocate, share
from odoo.addons.oms_core.domain.tenders import Tender

#: What may be given back of shipping, see `shipping_due`.
SHIPPING_RULES = ("none", "proportional", "full_if_all", "statutory", "always")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount without tax, and each tax on it, in the currency of the order."""

    net: Decimal = ZERO
    taxes: Mapping[Hashable, Decimal] = field(default_factory=dict)

    @property
    def total(self) -> Decimal:
        return self.net + sum(self.taxes.values(), ZERO)

    def __add__(self, other: Money) -> Money:
        keys = dict.fromkeys((*self.taxes, *other.taxes))
        taxes = {key: self.taxes.get(key, ZERO) + other.taxes.get(key, ZERO) for key in keys}
        return Money(self.net + other.net, taxes)

    def __neg__(self) -> Money:
        return Money(-self.net, {key: -amount for key, amount in self.taxes.items()})

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def upto(self, whole: Decimal, stop: Decimal, step: Decimal) -> Money:
        """What the first ``stop`` of ``whole`` units have of it, each amount for itself."""
        taxes = {key: share(amount, whole, ZERO, stop, step) for key, amount in self.taxes.items()}
        return Money(share(self.net, whole, ZERO, stop, step), taxes)

    def part(self, total: Decimal, step: Decimal) -> Money:
        """``total``, tax included, as composed as this: exactly ``total``, to the cent."""
        weights = [max(amount, ZERO) for amount in (self.net, *self.taxes.values())]
        net, *taxes = allocate(total, weights if any(weights) else [Decimal(1), *(ZERO for _tax in self.taxes)], step)
        return Money(net, dict(zip(self.taxes, taxes, strict=True)))


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Money given back on units that the customer keeps: what is credited for them later is less by that.

    :param start: units that had been credited before.
    :param stop: units that had been charged.
    """

    start: Decimal
    stop: Decimal
    money: Money


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order as it was charged.

    :param quantity: units that ``money`` is for: what was ordered when the price was made.
    :param money: of all of them, after every discount on the line.
    :param discounts: {discount of the whole order: the share of this line, negative}, see :func:`spread`.
    :param charged: units on posted invoices; ``None``: all.
    :param wanted: units that are still ordered after cancellations; ``None``: all.
    """

    key: Hashable
    quantity: Decimal
    money: Money
    discounts: Mapping[Hashable, Money] = field(default_factory=dict)
    charged: Decimal | None = None
    wanted: Decimal | None = None

    @property
    def whole(self) -> Money:
        return sum(self.discounts.values(), self.money)

    @property
    def unit(self) -> Fraction:
        """The price of one with tax, not rounded."""
        return Fraction(self.whole.total) / Fraction(self.quantity) if self.quantity else Fraction(0)


@dataclass(frozen=True, slots=True)
class Credited:
    """What was credited of a line.

    :param quantity: units, whatever was paid for them.
    :param free: {``fee`` or ``deduction``: units of which it took everything}.
    :param withheld: {``fee`` or ``deduction``: what it took of the other units, not rounded}.
    :param by_rule: {rule for shipping: units that were credited under it}.
    """

    quantity: Decimal = ZERO
    free: Mapping[str, Decimal] = field(default_factory=dict)
    withheld: Mapping[str, Fraction] = field(default_factory=dict)
    by_rule: Mapping[str, Decimal] = field(default_factory=dict)
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Units of a line that are accepted now, and on which terms.

    :param fee_percent, fee_amount: of each unit's price, tax included; both may stand.
    :param waived: why no fee is taken, for the explanation; empty: it is taken.
    :param deduction_percent, deduction_amount: for damage, of each unit, tax included; only one of them.
    """

    quantity: Decimal
    fee_percent: Decimal = ZERO
    fee_amount: Decimal = ZERO
    waived: str = ""
    deduction_percent: Decimal = ZERO
    deduction_amount: Decimal = ZERO
    shipping: str = "none"

    def __post_init__(self):
        if self.deduction_percent and self.deduction_amount:
            raise ValueError("A deduction is a percentage or an amount, not both.")
        if self.shipping not in SHIPPING_RULES:
            raise ValueError(f"There is no rule “{self.shipping}” for shipping.")
        if min(self.quantity, self.fee_percent, self.fee_amount, self.deduction_percent, self.deduction_amount) < 0:
            raise ValueError("Quantities, fees and deductions are not negative.")

    def withheld(self, unit: Fraction) -> tuple[Fraction, Fraction]:
        """(fee, deduction) of one unit of this price; together never more than the price."""
        percent = min(self.deduction_percent, Decimal(100))
        deduction = min(unit * Fraction(percent) / 100 + Fraction(self.deduction_amount), unit)
        fee = Fraction(0) if self.waived else unit * Fraction(self.fee_percent) / 100 + Fraction(self.fee_amount)
        return min(fee, unit - deduction), deduction


@dataclass(frozen=True, slots=True)
class Charge:
    """Shipping as it was charged.

    :param given: what was given back of it before, tax included.
    :param standard: what the cheapest usual shipment would have cost, tax included; ``None``: what was charged.
    """

    key: Hashable
    money: Money
    given: Decimal = ZERO
    standard: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LineRefund:
    """``quantity`` units: ``goods`` and the discounts go back, ``fee`` and ``deduction`` (positive) are kept of it."""

    quantity: Decimal
    goods: Money
    discounts: Mapping[Hashable, Money]
    fee: Money
    deduction: Money
    credited: Credited

    @property
    def money(self) -> Money:
        return sum(self.discounts.values(), self.goods) - self.fee - self.deduction


@dataclass(frozen=True, slots=True)
class Refund:
    lines: Mapping[Hashable, LineRefund]
    charges: Mapping[Hashable, Money]
    tenders: Mapping[Hashable, Decimal]

    @property
    def money(self) -> Money:
        return sum((*(line.money for line in self.lines.values()), *self.charges.values()), Money())

    @property
    def open(self) -> Decimal:
        """What no tender gives back: it is set off against what the customer owes."""
        return self.money.total - sum(self.tenders.values(), ZERO)


def spread(discount: Money, lines: Sequence[Line], step: Decimal) -> list[Money]:
    """A discount of the whole order (negative) over its lines, in proportion to their prices; the parts sum to it."""
    weights = [max(line.money.net, ZERO) for line in lines]
    nets = allocate(discount.net, weights, step)
    taxes = {key: allocate(amount, weights, step) for key, amount in discount.taxes.items()}
    return [Money(net, {key: parts[index] for key, parts in taxes.items()}) for index, net in enumerate(nets)]


def none_below_zero(documents: Mapping[Hashable, list], step: Decimal) -> None:
    """Move what lessens the credit, as a discount that came with another invoice, to where there is room for it: no credit note
    is over less than nothing. All together keep their sum; where that is below zero, nothing can be done here.

    :param documents: {invoice: its entries, dataclasses with ``money``}; changed in place.
    """

    def total(key: Hashable) -> Decimal:
        return sum((entry.money.total for entry in documents[key]), ZERO)

    for key, entries in documents.items():
        while total(key) < 0:
            other = max(documents, key=total)
            least = min(entries, key=lambda entry: entry.money.total)
            amount = min(-total(key), -least.money.total, total(other))
            if amount <= 0:
                return
            moved = -(-least.money).part(amount, step)
            entries.remove(least)
            if amount < -least.money.total:
                entries.append(replace(least, money=least.money - moved))
            documents[other].append(replace(least, money=moved))


def credit(line: Line, credited: Credited, stop: Decimal, step: Decimal) -> tuple[Money, dict[Hashable, Money]]:
    """(goods, discounts of the order) of the first ``stop`` units of a line, before anything is withheld."""
    goods = line.money.upto(line.quantity, stop, step)
    if credited.adjustments:
        # Rounded once, with the price: two roundings might take more off than there is.
        taxes = {key: _less_adjusted(line, credited, stop, step, key) for key in goods.taxes}
        goods = Money(_less_adjusted(line, credited, stop, step), taxes)
    return goods, {key: money.upto(line.quantity, stop, step) for key, money in line.discounts.items()}


def _less_adjusted(line: Line, credited: Credited, stop: Decimal, step: Decimal, tax: Hashable = None) -> Decimal:
    def amount(money):
        return Fraction(money.net if tax is None else money.taxes.get(tax, ZERO))

    exact = amount(line.money) * Fraction(stop) / Fraction(line.quantity)
    for one in credited.adjustments:
        span = one.stop - one.start
        exact -= amount(one.money) * Fraction(min(max(stop - one.start, ZERO), span)) / Fraction(span)
    return _round(exact, step) if exact >= 0 else -_round(-exact, step)


def _withheld(line: Line, credited: Credited, step: Decimal) -> dict[str, Money]:
    """{``fee`` or ``deduction``: all that was kept of what is credited}."""
    stop = credited.quantity
    result = {}
    for kind in ("fee", "deduction"):
        start = stop - credited.free.get(kind, ZERO)
        (goods, discounts), (less, less_discounts) = (credit(line, credited, at, step) for at in (stop, start))
        free = sum(discounts.values(), goods) - sum(less_discounts.values(), less)
        exact = credited.withheld.get(kind, Fraction(0))
        result[kind] = free + line.whole.part(_round(exact, step), step)
        stop = start
    return result


def _round(amount: Fraction, step: Decimal) -> Decimal:
    """A positive amount, half a step up."""
    steps = amount / Fraction(step)
    return ((2 * steps.numerator + steps.denominator) // (2 * steps.denominator)) * step


def _add(credited: Credited, part: Part, unit: Fraction) -> Credited:
    """What is credited when this part is too."""
    free, withheld, by_rule = dict(credited.free), dict(credited.withheld), dict(credited.by_rule)
    fee, deduction = part.withheld(unit)
    if fee + deduction == unit:
        # Nothing is left of these: they are kept whole, so that no cent of a rounding is paid for them.
        kind = "deduction" if deduction else "fee"
        if unit:
            free[kind] = free.get(kind, ZERO) + part.quantity
    else:
        for kind, amount in (("fee", fee), ("deduction", deduction)):
            if amount:
                withheld[kind] = withheld.get(kind, Fraction(0)) + amount * Fraction(part.quantity)
    by_rule[part.shipping] = by_rule.get(part.shipping, ZERO) + part.quantity
    return replace(credited, quantity=credited.quantity + part.quantity, free=free, withheld=withheld, by_rule=by_rule)


def refund_line(line: Line, credited: Credited, parts: Iterable[Part], step: Decimal) -> LineRefund:
    """What these parts of a line give back.

    :raise ValueError: for more than was charged and not credited, with a sentence.
    """
    after = credited
    for part in parts:
        if part.quantity:
            after = _add(after, part, _unit_now(line, after, part.quantity))
    charged = line.quantity if line.charged is None else line.charged
    if after.quantity > charged:
        raise ValueError(
            f"{after.quantity - credited.quantity} cannot be credited: of {charged} that were charged, "
            f"{credited.quantity} are credited already."
        )
    (goods, discounts), (before, before_discounts) = (
        credit(line, credited, at, step) for at in (after.quantity, credited.quantity)
    )
    goods -= before
    discounts = {key: money - before_discounts[key] for key, money in discounts.items()}
    kept, kept_before = _withheld(line, after, step), _withheld(line, credited, step)
    fee, deduction = (kept[kind] - kept_before[kind] for kind in ("fee", "deduction"))
    # Roundings may ask for a cent more than there is, where next to nothing is left of the price.
    excess = (fee + deduction - sum(discounts.values(), goods)).total
    if excess > 0:
        fee, deduction = _less(fee, deduction, excess, line.whole, step)
    return LineRefund(after.quantity - credited.quantity, goods, discounts, fee, deduction, after)


def _less(fee: Money, deduction: Money, excess: Decimal, whole: Money, step: Decimal) -> tuple[Money, Money]:
    of_fee = min(excess, max(fee.total, ZERO))
    return fee - whole.part(of_fee, step), deduction - whole.part(excess - of_fee, step)


def _unit_now(line: Line, credited: Credited, quantity: Decimal) -> Fraction:
    """The price of one of the next units with tax, not rounded, less what was given back on them before."""
    unit = line.unit
    for one in credited.adjustments:
        span = Fraction(one.stop - one.start)
        inside = min(credited.quantity + quantity, one.stop) - max(credited.quantity, one.start)
        if span and inside > 0:
            unit -= Fraction(one.money.total) / span * Fraction(inside) / Fraction(quantity)
    return max(unit, Fraction(0))


def adjust(line: Line, credited: Credited, amount: Decimal, step: Decimal) -> Adjustment:
    """``amount``, tax included, given back on what the customer keeps of a line; never more than that has cost.

    :raise ValueError: when nothing of the line is left to give money back on.
    """
    charged = line.quantity if line.charged is None else line.charged
    span = Fraction(charged - credited.quantity)
    left = _unit_now(line, credited, charged - credited.quantity) * span if span > 0 else Fraction(0)
    amount = min(amount, left // Fraction(step) * step)
    if amount <= 0:
        raise ValueError("Everything that was charged for this line has been given back already.")
    return Adjustment(credited.quantity, charged, line.whole.part(amount, step))


def shipping_due(
    charge: Charge, lines: Sequence[Line], credited: Mapping[Hashable, Credited], step: Decimal
) -> Decimal:
    """What of a shipping charge is the customer's once so much is credited, tax included.

    ``always``: all of it. ``full_if_all``: all, once everything is back. ``statutory``: the usual shipment, once everything
    is back. ``proportional``: as much of it as of the value of the goods. Where lines have different rules, the best one
    for the customer: a withdrawal from the whole order gives its shipping back though parts of it came back before.
    """
    full = charge.money.total
    states = {line.key: credited.get(line.key, Credited()) for line in lines}
    rules = {rule for state in states.values() for rule, quantity in state.by_rule.items() if quantity}
    wanted = {line.key: line.quantity if line.wanted is None else line.wanted for line in lines}
    everything = bool(rules) and all(states[key].quantity >= quantity for key, quantity in wanted.items())
    due = [ZERO]
    if "always" in rules or (everything and "full_if_all" in rules):
        due.append(full)
    if everything and "statutory" in rules:
        due.append(full if charge.standard is None else min(full, charge.standard))
    value = sum((line.unit * Fraction(wanted[line.key]) for line in lines), Fraction(0))
    back = sum(
        (line.unit * Fraction(states[line.key].by_rule.get("proportional", ZERO)) for line in lines), Fraction(0)
    )
    if value > 0:
        due.append(min(full, _round(Fraction(full) * back / value, step)))
    elif everything and rules == {"proportional"}:
        due.append(full)  # of goods that cost nothing, all are all of the value
    return max(due)


def split(amount: Decimal, tenders: Sequence[Tender], step: Decimal) -> dict[Hashable, Decimal]:
    """``amount`` over the ways in which the customer paid, each in proportion to what was taken by it.

    Never more in one way than was taken and not given back in it. What there is no room for is left out.
    """
    amount = min(amount, sum((tender.room for tender in tenders), ZERO))
    captured = sum((tender.captured for tender in tenders), ZERO)
    if amount <= 0:
        return {}
    after = sum((tender.refunded for tender in tenders), ZERO) + amount
    missing = [
        min(max(tender.captured * after / captured - tender.refunded, ZERO), tender.room) if captured else ZERO
        for tender in tenders
    ]
    parts = allocate(amount, missing if any(missing) else [tender.room for tender in tenders], step)
    over = ZERO  # of a tender that gave back less than its share before, the others have no room
    for index, tender in enumerate(tenders):
        taken = min(parts[index], tender.room)
        over += parts[index] - taken
        parts[index] = taken
    for index, tender in enumerate(tenders):
        more = min(over, tender.room - parts[index])
        parts[index] += more
        over -= more
    return {tender.key: part for tender, part in zip(tenders, parts, strict=True) if part}


def compute(
    lines: Sequence[Line],
    credited: Mapping[Hashable, Credited],
    parts: Mapping[Hashable, Sequence[Part]],
    step: Decimal,
    charges: Sequence[Charge] = (),
    tenders: Sequence[Tender] = (),
) -> Refund:
    """What the customer gets back for these parts.

    :param lines: all goods of the order.
    :param credited: {key of a line: what was credited of it before}; missing: nothing.
    :param parts: {key of a line: what is accepted of it now}.
    :param step: the smallest unit of the currency.
    :raise ValueError: for more than was charged and not credited.
    """
    after = dict(credited)
    refunds = {}
    for line in lines:
        if any(part.quantity for part in parts.get(line.key, ())):
            refunds[line.key] = refund_line(line, credited.get(line.key, Credited()), parts[line.key], step)
            after[line.key] = refunds[line.key].credited
    given = {}
    for charge in charges:
        due = max(shipping_due(charge, lines, after, step), charge.given)
        money = charge.money.part(due, step) - charge.money.part(charge.given, step)
        if money.total:
            given[charge.key] = money
    refund = Refund(refunds, given, {})
    return replace(refund, tenders=split(refund.money.total, tenders, step))


@dataclass(frozen=True, slots=True)
class Preview:
    """What a customer would get, tax included: ``goods`` after all discounts, ``fee`` and ``deduction`` are taken off."""

    goods: Decimal = ZERO
    shipping: Decimal = ZERO
    fee: Decimal = ZERO
    deduction: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.goods + self.shipping - self.fee - self.deduction
