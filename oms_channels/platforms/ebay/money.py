"""The money of an eBay order. Pure.

What eBay states, and what it means:

* ``lineItemCost`` is the whole line before discounts, ``discountedLineItemCost`` after them (only if there are any).
* ``pricingSummary`` sums up the order: goods, ``priceDiscount`` and ``deliveryDiscount`` (negative), delivery, tax, fee,
  adjustment, total.
* Tax that eBay collects and pays to the state is in ``ebayCollectAndRemitTaxes`` of a line, and often once more in its
  ``taxes``. Whether the total holds it differs: by version, by ``fieldGroups``, by call. So it is counted once, and the
  total decides what it holds.
* No percentages, and of the VAT in the prices of Europe nothing at all: see :func:`included_rates`.
* ``payments[].amount`` and ``totalDueSeller`` are what the seller gets, less fees. Nothing here reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from odoo.addons.oms_core.domain.documents import ZERO, OrderLineDoc, TaxDoc
from odoo.addons.oms_core.domain.money import round_to

from ...domain.reader import Reader
from . import const

HUNDRED = Decimal(100)
#: No tax is higher; what is, is another mistake.
RATE_MAX = HUNDRED
#: Percentages are looked for with so many decimals (New York City: 8.875).
RATE_DECIMALS = (0, 1, 2, 3)
#: Where no percentage fits, it is told to a hundredth.
RATE_STEP = Decimal("0.01")


@dataclass(slots=True)
class Charge:
    """A line in the making. Amounts as eBay says them; ``own`` is the tax that is the seller's to pay."""

    external_id: str
    kind: str
    name: str
    gross: Decimal
    subtotal: Decimal
    quantity: Decimal = Decimal(1)
    sku: str = ""
    product_ref: str = ""
    note: str = ""
    own: list[tuple[str, Decimal]] = field(default_factory=list)
    remitted: list[tuple[str, Decimal]] = field(default_factory=list)
    delivery: Decimal = ZERO

    @property
    def own_total(self) -> Decimal:
        return sum((amount for _kind, amount in self.own), ZERO)

    @property
    def remitted_total(self) -> Decimal:
        return sum((amount for _kind, amount in self.remitted), ZERO)


def amount(row: Reader, key: str, currency: str) -> Decimal:
    """An amount that may be absent, and then is nothing; in another currency than the order's it is a problem."""
    value = row.fields.get(key)
    if value is None:
        return ZERO
    money = row.nested(key)
    if not money.fields:
        return ZERO
    told = money.text("currency")
    if currency and told and told != currency:
        row.complain("mixed_currency", f"“{key}” is in {told}, and the order is in {currency}")
    return money.number("value")


def step_of(currency: str) -> Decimal:
    return Decimal(1).scaleb(-const.DECIMALS.get(currency, const.DECIMALS_DEFAULT))


def line_taxes(row: Reader, flagged: bool, currency: str, charge: Charge) -> list[tuple[str, Decimal]]:
    """Sort the taxes of a line by who pays them to the state; what is a fee for recycling and the like is given back.

    :param flagged: eBay says that it collects tax on the order, and no line says which: then it is what ``taxes`` say.
    """
    fees: list[tuple[str, Decimal]] = []
    charge.remitted = list(_taxes(row, "ebayCollectAndRemitTaxes", currency))
    kinds = {kind for kind, _amount in charge.remitted}
    for kind, tax in _taxes(row, "taxes", currency):
        if kind in kinds:
            continue  # the same tax told twice
        if kind.endswith(const.FEE_SUFFIX):
            fees.append((kind, tax))
        elif flagged and kind in const.TAX_NAMES:
            charge.remitted.append((kind, tax))
        else:
            charge.own.append((kind, tax))
    return fees


def _taxes(row: Reader, key: str, currency: str) -> Iterable[tuple[str, Decimal]]:
    if not row.fields.get(key):
        return
    for tax in row.rows(key, "Tax"):
        value = amount(tax, "amount", currency)
        if value:
            yield tax.text("taxType").upper() or "TAX", value


def settle(
    charges: Sequence[Charge], extra: Sequence[Charge], told: Decimal | None
) -> tuple[Decimal, bool, list[Charge]]:
    """What the customer pays, whether the seller's tax is inside the prices, and which charges count.

    :param extra: charges that eBay names and that may or may not be in its total (import charges).
    :param told: eBay's total.
    """
    gross = sum((charge.gross for charge in charges), ZERO)
    own = sum((charge.own_total for charge in charges), ZERO)
    remitted = sum((charge.remitted_total for charge in charges), ZERO)
    more = sum((charge.gross for charge in extra), ZERO)
    every = list(charges)
    if told is None:
        return gross + own + remitted, False, every
    for taken, added in ((every, ZERO), ([*every, *extra], more)):
        if told == gross + own + added:
            return told + remitted, False, taken
        if told == gross + own + remitted + added:
            return told, False, taken
        if told == gross + added:
            return told + remitted, True, taken
        if told == gross + remitted + added:
            return told, True, taken
    return told, False, every


def included_rates(order: Reader) -> Mapping[str, Decimal]:
    """{country: percent} of the VAT in the prices, as the merchant has told the channel; eBay does not tell it."""
    told = order.nested(const.VAT_RATES_KEY)
    rates = {country: told.number(country) for country in told.fields if isinstance(country, str)}
    return {country: rate for country, rate in rates.items() if 0 <= rate < RATE_MAX}


def lines(
    charges: Sequence[Charge], included: bool, vat: Decimal | None, vat_country: str, step: Decimal
) -> tuple[OrderLineDoc, ...]:
    """The lines of the document.

    :param included: the seller's taxes are inside the amounts.
    :param vat: percent of VAT that is inside the amounts although eBay does not say so; ``None`` if nobody knows.
    """
    return tuple(_line(charge, included, vat, vat_country, step) for charge in charges)


def _line(charge: Charge, included: bool, vat: Decimal | None, country: str, step: Decimal) -> OrderLineDoc:
    total, subtotal, taxes = charge.gross, charge.subtotal, []
    if charge.own:
        if included:
            total -= charge.own_total
            subtotal = _share(charge.subtotal, total, charge.gross, step)
        base = total or subtotal
        taxes += [_tax(kind, tax, base, charge.delivery, step, False) for kind, tax in charge.own]
    elif vat:
        tax = total - round_to(total * HUNDRED / (HUNDRED + vat), step)
        total -= tax
        subtotal -= subtotal - round_to(subtotal * HUNDRED / (HUNDRED + vat), step)
        percent = format(vat.normalize(), "f")
        taxes.append(TaxDoc(f"VAT-{country}-{percent}", f"VAT {percent} %", vat, tax))
    if charge.remitted:
        base = charge.gross
        taxes += [_tax(kind, tax, base, charge.delivery, step, True) for kind, tax in charge.remitted]
    return OrderLineDoc(
        external_id=charge.external_id,
        kind=charge.kind,
        name=charge.name,
        quantity=charge.quantity,
        total=total,
        subtotal=subtotal,
        taxes=tuple(taxes),
        sku=charge.sku,
        product_ref=charge.product_ref,
        note=charge.note,
    )


def _share(whole: Decimal, net: Decimal, gross: Decimal, step: Decimal) -> Decimal:
    return round_to(whole * net / gross, step) if gross else whole


def _tax(kind: str, tax: Decimal, net: Decimal, delivery: Decimal, step: Decimal, remitted: bool) -> TaxDoc:
    rate = find_rate(tax, net, delivery, step)
    name = const.TAX_NAMES.get(kind) or kind.replace("_", " ").capitalize()
    percent = format(rate.normalize(), "f")
    if remitted:
        # Whoever pays it, nobody here has to know its rate: one tax for all of a kind.
        return TaxDoc(f"{const.REMITTED_PREFIX}{kind}", f"{name}, paid by eBay", rate, tax, remitted=True)
    return TaxDoc(f"{kind}-{percent}", f"{name} {percent} %", rate, tax)


def find_rate(tax: Decimal, net: Decimal, delivery: Decimal, step: Decimal) -> Decimal:
    """The percentage with the fewest decimals that gives this tax on the goods, with or without their delivery.

    eBay tells amounts only, and which is taxed differs from state to state.
    """
    bases = [base for base in dict.fromkeys((net, net + delivery)) if base > 0]
    if tax <= 0 or not bases:
        return ZERO
    for decimals in RATE_DECIMALS:
        unit = Decimal(1).scaleb(-decimals)
        for base in bases:
            rate = (tax * HUNDRED / base).quantize(unit, rounding=ROUND_HALF_UP)
            if 0 < rate < RATE_MAX and abs(base * rate / HUNDRED - tax) <= step / 2:
                return rate
    rate = (tax * HUNDRED / bases[0]).quantize(RATE_STEP, rounding=ROUND_HALF_UP)
    return min(rate, RATE_MAX)
