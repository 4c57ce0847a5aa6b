"""What Amazon says about the money of an order → lines without tax and their taxes. Pure.

Amazon names each amount by its type (item, shipping, gift wrap …) and beside them what was taken off and what the tax is, by
the same types again. What it does not say is found out:

* **Whether the amounts hold the tax.** The marketplace decides (Europe: they do; United States: they do not), unless the sums
  say otherwise beyond doubt.
* **Whether the total holds tax that Amazon pays itself.** A total that lacks exactly this tax is what the merchant receives;
  the customer paid more.
* **The percentage.** The simplest one that gives the tax; within an order a line with little money has that of a line with
  more, where it fits both.
* **The sign of a discount.** It is taken off, however it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO, OrderLineDoc, TaxDoc
from odoo.addons.oms_core.domain.money import allocate, fit, round_to

from ...domain.reader import Reader
from . import const

HUNDRED = Decimal(100)
#: How far rounding can take a tax from its percentage, in units of the currency, for each piece that was rounded.
ROUNDING = Decimal("0.6")
#: More pieces than these would make any percentage fit.
PIECES_MAX = Decimal(10)


@dataclass(slots=True)
class Part:
    """One kind of amount of one item: as told, what is taken off (positive), and the tax on what remains."""

    kind: str
    amount: Decimal = ZERO
    discount: Decimal = ZERO
    tax: Decimal = ZERO

    @property
    def rest(self) -> Decimal:
        return self.amount - self.discount

    def is_empty(self) -> bool:
        return not (self.amount or self.discount or self.tax)


@dataclass(slots=True)
class Item:
    """The money of an item.

    :param told: Amazon said something about money.
    :param tax_told: it said something about tax, be it that there is none.
    :param remitted: Amazon pays the tax to the state itself.
    """

    row: Reader
    told: bool = False
    tax_told: bool = False
    remitted: bool = False
    parts: dict[str, Part] = field(default_factory=dict)

    @property
    def pieces(self) -> Decimal:
        return min(max(self.row.number_or_none("quantityOrdered") or Decimal(1), Decimal(1)), PIECES_MAX)

    def part(self, kind: str) -> Part:
        return self.parts.setdefault(kind, Part(kind))


def money(row: Reader, key: str) -> tuple[Decimal, str]:
    """(amount, currency) of the amount at ``key``; a problem and zero if there is none."""
    nested = row.nested(key)
    return nested.number("amount"), nested.text("currencyCode").upper()


def items(order: Reader, step: Decimal) -> list[Item]:
    """What each item of an order says about its money."""
    return [_item(row, step) for row in order.rows("orderItems", "Item")]


def _item(row: Reader, step: Decimal) -> Item:
    item = Item(row, remitted=_is_remitted(row))
    item.part("ITEM")
    taxes, discounts = [], []
    for breakdown in row.nested("proceeds").rows("breakdowns", "Amount"):
        item.told = True
        kind = breakdown.text("type").upper()
        if kind == "TAX":
            item.tax_told = True
            taxes.append(breakdown)
        elif kind == "DISCOUNT":
            discounts.append(breakdown)
        else:
            item.part(kind or "OTHER").amount += money(breakdown, "subtotal")[0]
    for breakdown in discounts:
        _take_off(item, breakdown)
    for breakdown in taxes:
        _tax(item, breakdown, step)
    return item


def _is_remitted(row: Reader) -> bool:
    tax = row.nested("tax")
    models = {collection.text("model").upper() for collection in tax.rows("taxCollections", "Tax")}
    schemes = {scheme.text("reportingScheme").upper() for scheme in tax.rows("taxCalculationBreakdowns", "Tax")}
    # The number is told where Amazon has collected the VAT of what comes from outside the Union.
    shipping = row.nested("fulfillment").nested("shipping").nested("internationalShipping")
    return const.FACILITATOR in models or bool(schemes & const.RESELLER_SCHEMES) or bool(shipping.text("iossNumber"))


def _details(breakdown: Reader) -> dict[str, Decimal]:
    """Type → what of the amount is for it."""
    found: dict[str, Decimal] = {}
    for detail in breakdown.rows("detailedBreakdowns", "Detail"):
        kind = detail.text("subtype").upper() or "OTHER"
        found[kind] = found.get(kind, ZERO) + money(detail, "value")[0]
    return found


def _take_off(item: Item, breakdown: Reader) -> None:
    rest = abs(money(breakdown, "subtotal")[0])
    for kind, value in _details(breakdown).items():
        item.part("ITEM" if kind == "DISCOUNT" else kind).discount += abs(value)
        rest -= abs(value)
    if rest < 0:
        breakdown.complain("discount_mismatch", f"its parts take off {-rest} more than it does in all")
    # What is not said to be for something else is for the item.
    item.part("ITEM").discount += rest


def _tax(item: Item, breakdown: Reader, step: Decimal) -> None:
    """Spread a tax over the parts; its subtotal is law."""
    total = money(breakdown, "subtotal")[0]
    details = _details(breakdown)
    step = _finest(step, (total, *details.values()))
    if any(round_to(amount, step) != amount for amount in (total, *details.values())):
        breakdown.complain("bad_amount", f"the tax of {total} has more decimals than money")
        item.part("ITEM").tax += total
        return
    if details:
        off = details.pop("DISCOUNT", ZERO)
        if off and sum(details.values(), ZERO) + off != total:
            off = -abs(off)
        amounts = {kind: details.get(kind, ZERO) for kind in {**item.parts, **details}}
        # The tax on what was taken off is the tax of whatever it was taken off from.
        weights = [max(item.part(kind).discount, ZERO) for kind in amounts]
        if off and any(weights):
            amounts = dict(
                zip(
                    amounts,
                    map(sum, zip(amounts.values(), allocate(off, weights, step), strict=True)),
                    strict=True,
                )
            )
        else:
            amounts["ITEM"] += off
        difference = total - sum(amounts.values(), ZERO)
        if abs(difference) > step * len(amounts):
            breakdown.complain("tax_mismatch", f"the tax is {total} in all, but {total - difference} by its parts")
        values = fit(list(amounts.values()), total, step)
    else:
        amounts = {kind: max(part.rest, ZERO) for kind, part in item.parts.items()}
        values = allocate(total, list(amounts.values()), step)
    for kind, value in zip(amounts, values, strict=True):
        item.part(kind).tax += value


def _finest(step: Decimal, amounts: Iterable[Decimal]) -> Decimal:
    """The unit of some amounts: that of the currency, or a finer one that Amazon uses."""
    decimals = max(-step.as_tuple().exponent, *map(_decimals, amounts))
    return Decimal(1).scaleb(-min(decimals, const.DECIMALS_MAX))


def _decimals(amount: Decimal) -> int:
    return max(-amount.as_tuple().exponent, 0)


# ---- The whole order ----


@dataclass(frozen=True, slots=True)
class Tip:
    """What goes to whoever delivers; a pending one is not charged yet, and may change."""

    amount: Decimal = ZERO
    pending: Decimal = ZERO


def tip(order: Reader) -> Tip:
    amount = pending = ZERO
    for breakdown in order.nested("proceeds").rows("breakdowns", "Amount"):
        if breakdown.text("type").upper() == "DELIVERY_TIP":
            value = money(breakdown, "subtotal")[0]
            if breakdown.text("status").upper() == "PENDING":
                pending += value
            else:
                amount += value
    return Tip(amount, pending)


def settle(
    total: Decimal, found: Sequence[Item], tip: Tip, marketplace: const.Marketplace | None
) -> tuple[Decimal, bool]:
    """(what the customer pays, whether amounts hold the tax), from the total that Amazon tells."""
    rest = sum((part.rest for item in found for part in item.parts.values()), ZERO)
    taxes = [(item.remitted, sum((part.tax for part in item.parts.values()), ZERO)) for item in found]
    tax = sum((amount for _remitted, amount in taxes), ZERO)
    remitted = sum((amount for is_remitted, amount in taxes if is_remitted), ZERO)
    rule = marketplace.tax_included if marketplace else None
    for pending in dict.fromkeys((ZERO, tip.pending)):
        base = total - tip.amount - pending
        if not tax and base == rest:
            return total - pending, bool(rule)
        if base == rest and rule is not False:
            return total - pending, True
        if base == rest + tax:
            return total - pending, False
        if remitted and not rule and base == rest + tax - remitted:
            return total - pending + remitted, False
    return total, bool(rule)


def lines(
    found: Sequence[Item], tip: Tip, included: bool, order_id: str, step: Decimal
) -> list[tuple[OrderLineDoc, Reader | None]]:
    """The lines of an order, with the item of each line of goods, whose name and quantity are left to the caller.

    Of what is not goods only what has an amount.
    """
    rates = _Rates(step)
    drafts = [
        (item, part, part.rest - part.tax if included else part.rest)
        for item in found
        for part in item.parts.values()
        if part.kind == "ITEM" or not part.is_empty()
    ]
    # Those with most money first: their percentage is the surest.
    rate_by_part = {
        # Prices that hold the tax may have had it taken out piece by piece.
        id(part): rates.find(net, part.tax, item.pieces if included else Decimal(1))
        for item, part, net in sorted(drafts, key=lambda draft: -abs(draft[2]))
    }
    made: list[tuple[OrderLineDoc, Reader | None]] = [
        (_line(item, part, net, rate_by_part[id(part)], included, step), item.row if part.kind == "ITEM" else None)
        for item, part, net in drafts
    ]
    if tip.amount:
        kind, name, _end = const.AMOUNT_TYPES["DELIVERY_TIP"]
        made.append((OrderLineDoc(f"{order_id}-tip", kind, name, Decimal(1), tip.amount, tip.amount), None))
    return made


def _line(item: Item, part: Part, net: Decimal, rate: Decimal, included: bool, step: Decimal) -> OrderLineDoc:
    default = ("fee", part.kind.replace("_", " ").capitalize(), f"-{part.kind.lower()}")
    kind, name, end = const.AMOUNT_TYPES.get(part.kind, default)
    off = part.discount
    if included and part.rest:
        off = round_to(off * net / part.rest, step)
    payer = ", paid by Amazon" if item.remitted else ""
    code = f"{rate}{'-remitted' if item.remitted else ''}"
    tax = TaxDoc(code, f"Tax {rate} %{payer}", rate, part.tax, remitted=item.remitted)
    return OrderLineDoc(
        external_id=f"{item.row.text('orderItemId')}{end}",
        kind=kind,
        name=name,
        quantity=Decimal(1),
        total=net,
        subtotal=net + off,
        taxes=(tax,) if part.tax else (),
    )


class _Rates:
    """The percentages of one order, found out from amounts that are rounded."""

    def __init__(self, step: Decimal):
        self.step = step
        self.known: list[Decimal] = []

    def find(self, net: Decimal, tax: Decimal, pieces: Decimal) -> Decimal:
        """The percentage that makes ``tax`` of ``net``; zero where nothing can be said."""
        if not tax or not net:
            return ZERO
        for rate in self.known:
            if self._fits(rate, net, tax, pieces):
                return rate
        exact = tax * HUNDRED / net
        for decimals in range(const.RATE_DECIMALS_MAX + 1):
            rate = round_to(exact, Decimal(1).scaleb(-decimals))
            if self._fits(rate, net, tax, pieces) or decimals == const.RATE_DECIMALS_MAX:
                break
        rate = rate.normalize()
        rate = rate.quantize(Decimal(1)) if rate == rate.to_integral_value() else rate
        self.known.append(rate)
        return rate

    def _fits(self, rate: Decimal, net: Decimal, tax: Decimal, pieces: Decimal) -> bool:
        # Half a unit for each rounding, and a little for the net amount, which was rounded too.
        return bool(rate) and abs(net * rate / HUNDRED - tax) <= self.step * ROUNDING * pieces
