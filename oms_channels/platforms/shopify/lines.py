"""The lines of an order and their taxes, and what edits took away from them. Pure.

Money, as Shopify means it:

* With ``taxesIncluded``, prices, discounts and subtotals contain the tax that ``taxLines`` tell; without it they do not.
* ``discountAllocations`` are the truth about discounts: totals that sound like it leave out those of the order or of codes.
* ``quantity`` counts what was refunded or taken away since, and so do the amounts; ``currentQuantity`` does not.
* Unit prices "after all discounts" are rounded; nothing here reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO, OrderLineDoc, TaxDoc
from odoo.addons.oms_core.domain.money import fit, round_to, share

from ...domain import currencies
from ...domain.reader import Reader
from . import const

HUNDRED = Decimal(100)
TIP = "tip"
ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Money:
    """How amounts of an order are read.

    :param field: the side of a MoneyBag that is kept.
    :param included: prices contain their tax.
    :param step: the smallest unit of the currency.
    """

    field: str
    included: bool
    step: Decimal

    def of(self, reader: Reader, key: str) -> Decimal:
        """The amount at ``key``; a problem and zero where there is none."""
        amount = reader.nested(key).nested(self.field).number("amount")
        # Shopify writes 12.5 for 12.50, and 1000.0 for yen.
        plain = amount.quantize(self.step)
        return plain if plain == amount else amount

    def maybe(self, reader: Reader, key: str) -> Decimal:
        """As :meth:`of`, but leaving it out is no problem."""
        bag = reader.nested(key)
        return self.of(reader, key) if bag.fields else ZERO

    def net(self, amount: Decimal, tax: Decimal) -> Decimal:
        """A price without its tax."""
        return amount - tax if self.included else amount


@dataclass(frozen=True, slots=True)
class Gone:
    """Units of a line that are no longer wanted and that nobody paid for; ``amount`` without tax."""

    quantity: Decimal
    amount: Decimal
    tax: Decimal


def money_of(order: Reader) -> Money:
    """Which side of the amounts the payload holds, and how to read it."""
    total = order.nested("totalPriceSet").fields
    field = const.MONEY_FIELDS[const.SHOP_MONEY]
    if field not in total and const.MONEY_FIELDS[const.PRESENTMENT_MONEY] in total:
        field = const.MONEY_FIELDS[const.PRESENTMENT_MONEY]
    currency = order.nested("totalPriceSet").nested(field).text("currencyCode")
    step = currencies.step(currency)
    return Money(field, order.fields.get("taxesIncluded") is True, step)


def nodes(reader: Reader, key: str, label: str) -> Iterator[Reader]:
    """The rows of a connection. That there are more is a problem: whoever fetched it had to read on."""
    connection = reader.nested(key)
    if connection.nested("pageInfo").fields.get("hasNextPage") is True:
        reader.complain("bad_line", f"“{key}” was not read to its end")
    return connection.rows("nodes", label)


def lines(order: Reader, money: Money) -> list[OrderLineDoc]:
    """Everything that the order charges, as if nothing had been taken away since."""
    tip = money.maybe(order, "totalTipReceivedSet")
    found: list[OrderLineDoc] = []
    duties: list[OrderLineDoc] = []
    duties_included = order.fields.get("dutiesIncluded") is True
    for row in nodes(order, "lineItems", "Line"):
        of_line = [_charge(duty, "duty", "Duties", "price", money) for duty in row.rows("duties", "Duty")]
        duties += of_line
        within = sum((line.total + line.tax_total for line in of_line), ZERO) if duties_included else ZERO
        found.append(_item(row, money, tip, within))
    for row in nodes(order, "shippingLines", "Shipping"):
        if row.fields.get("isRemoved") is not True:
            found.append(_charge(row, "shipping", "Shipping", "originalPriceSet", money))
    duty_total = sum((line.total for line in duties), ZERO)
    for row in order.rows("additionalFees", "Fee"):
        fee = _charge(row, "fee", "Fee", "price", money)
        # Duties are also listed among the fees in some shops.
        if not (duties and fee.total == duty_total and "dut" in fee.name.lower()):
            found.append(fee)
    found += duties
    # A tip given at a till may be a line already.
    if tip and not any(line.kind == TIP for line in found):
        found.append(_extra(TIP, "Tip", tip))
    rounding = cash_rounding(order, money)
    if rounding:
        found.append(_extra(ROUNDING, "Cash rounding", rounding))
    return found


def cash_rounding(order: Reader, money: Money) -> Decimal:
    """What a till rounded the payment by; Shopify's total does not know of it."""
    return money.maybe(order.nested("totalCashRoundingAdjustment"), "paymentSet")


def _extra(kind: str, name: str, amount: Decimal) -> OrderLineDoc:
    return OrderLineDoc(external_id=kind, kind=kind, name=name, quantity=Decimal(1), total=amount, subtotal=amount)


def _item(row: Reader, money: Money, tip: Decimal, duties: Decimal) -> OrderLineDoc:
    variant, product = row.nested("variant").text("id"), row.nested("product").text("id")
    kind = "gift_card" if row.fields.get("isGiftCard") is True else "product"
    gross = money.of(row, "originalTotalSet") - duties
    if tip and gross == tip and not (variant or product) and row.text("title", "name").lower() == TIP:
        kind = TIP
    total, subtotal, taxes = _amounts(row, gross, money)
    return OrderLineDoc(
        external_id=_row_id(row),
        kind=kind,
        name=row.text("name", "title") or "Product",
        quantity=row.number("quantity"),
        total=total,
        subtotal=subtotal,
        taxes=taxes,
        sku=row.text("sku"),
        product_ref=variant or product,
        note=attributes(row),
    )


def _charge(row: Reader, kind: str, name: str, key: str, money: Money) -> OrderLineDoc:
    total, subtotal, taxes = _amounts(row, money.of(row, key), money)
    return OrderLineDoc(
        external_id=row.text("id") or kind,
        kind=kind,
        name=row.text("title", "name") or name,
        quantity=Decimal(1),
        total=total,
        subtotal=subtotal,
        taxes=taxes,
    )


def _amounts(row: Reader, gross: Decimal, money: Money) -> tuple[Decimal, Decimal, tuple[TaxDoc, ...]]:
    """(total, subtotal, taxes) of something that costs ``gross`` before discounts."""
    discount = sum(
        (money.of(allocation, "allocatedAmountSet") for allocation in row.rows("discountAllocations", "Discount")), ZERO
    )
    taxes = tuple(tax(line, money) for line in row.rows("taxLines", "Tax"))
    tax_total = sum((line.amount for line in taxes), ZERO)
    charged = gross - discount
    total = money.net(charged, tax_total)
    if not discount:
        return total, total, taxes
    if not money.included:
        return total, gross, taxes
    # Nobody says how much of a discount was tax: in proportion, which only a report reads.
    if charged:
        return total, round_to(gross * total / charged, money.step), taxes
    rates = sum((line.rate for line in taxes), ZERO)
    return total, round_to(gross * HUNDRED / (HUNDRED + rates), money.step) if rates >= 0 else gross, taxes


def tax(row: Reader, money: Money) -> TaxDoc:
    """A tax has no id; its name and rate together tell it from others."""
    percent = row.number_or_none("ratePercentage")
    if percent is None:
        percent = (row.number_or_none("rate") or ZERO) * HUNDRED
    percent = _plain(percent)
    name = row.text("title") or "Tax"
    return TaxDoc(
        code=f"{name} {format(percent, 'f')}%",
        name=name,
        rate=percent,
        amount=money.of(row, "priceSet"),
        # Unknown (null) is not remitted: our debt until someone says otherwise.
        remitted=row.fields.get("channelLiable") is True,
    )


def _plain(number: Decimal) -> Decimal:
    """Without zeros at the end: 20.0 and 20 are the same rate."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def attributes(reader: Reader) -> str:
    """What the customer chose or wrote, one a line; a key that begins with “_” is for apps."""
    rows = [(row.text("key"), row.text("value")) for row in reader.rows("customAttributes", "Option")]
    return "\n".join(f"{key}: {value}" for key, value in rows if key and value and not key.startswith("_"))


def _row_id(row: Reader) -> str:
    row_id = row.text("id")
    if not row_id:
        row.complain("bad_line", "it has no id")
    return row_id


# ---- What was taken away ----


def without(
    found: Sequence[OrderLineDoc], gone: Mapping[str, Gone], step: Decimal
) -> tuple[list[OrderLineDoc], Decimal]:
    """The lines less the units that are gone, and what these had come to, tax included."""
    left: list[OrderLineDoc] = []
    for line in found:
        units = gone.get(line.external_id)
        if units is None:
            left.append(line)
        elif units.quantity < line.quantity:
            left.append(_less(line, units, step))
    before = sum((line.total + line.tax_total for line in found), ZERO)
    return left, before - sum((line.total + line.tax_total for line in left), ZERO)


def gone_share(line: OrderLineDoc, quantity: Decimal, step: Decimal) -> Gone:
    """Units that are gone and of which nothing says what they came to: their share of the line."""
    kept = line.quantity - quantity
    return Gone(
        quantity,
        line.total - share(line.total, line.quantity, ZERO, kept, step),
        line.tax_total - share(line.tax_total, line.quantity, ZERO, kept, step),
    )


def _less(line: OrderLineDoc, gone: Gone, step: Decimal) -> OrderLineDoc:
    kept = line.quantity - gone.quantity
    part = kept / line.quantity
    amounts = (
        fit([tax.amount * part for tax in line.taxes], round_to(line.tax_total - gone.tax, step), step)
        if line.taxes
        else []
    )
    return replace(
        line,
        quantity=kept,
        total=line.total - gone.amount,
        subtotal=round_to(line.subtotal * part, step),
        taxes=tuple(replace(tax, amount=amount) for tax, amount in zip(line.taxes, amounts, strict=True)),
    )
