"""The lines of a Magento order, and what is charged on each. Pure.

* Amounts without a prefix are in the currency of the order; ``base_…`` is the website's and is not read.
* A discount is negative in the head of an order and positive on its items.
* Where prices are entered with tax, a discount takes off tax too. Magento says the discount with that tax, and gives it
  back as ``discount_tax_compensation_amount``: a line is ``row_total - discount_amount + compensation``, and its tax.
* An item may come in two rows. *Configurable*: the parent has the price, the child (``parent_item_id``) has price 0, the
  same SKU and the id of the variant; they are one line. *Bundle*: if its parts have prices of their own, the parent only
  repeats their sum; if not, the parent has the price, and the parts are products for nothing.
* Of an order that was called off in part, ``qty_canceled`` of a row is no longer wanted, and what was invoiced is what is
  still charged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO, OrderLineDoc, TaxDoc
from odoo.addons.oms_core.domain.money import fit, round_to, share

from ...domain.reader import Reader
from . import const

CENT = Decimal("0.01")
#: Sums over the order: what is finer than cents in them is what the shop rounds to.
HEADER_TOTALS = ("grand_total", "subtotal", "tax_amount", "shipping_amount", "discount_amount")
DECIMALS_MAX = 4


@dataclass(slots=True)
class Item:
    """A row of an order, and the rows that belong to it."""

    row: Reader
    id: str
    children: list[Item] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.row.text("product_type")


def step_of(order: Reader) -> Decimal:
    """The unit that the shop rounds to: cents, unless its sums are finer. JSON numbers drop their last zeros."""
    totals = [order.number_or_none(key) for key in HEADER_TOTALS]
    decimals = [-total.as_tuple().exponent for total in totals if total is not None]
    finest = max([2, *decimals])
    return CENT if finest == 2 else Decimal(1).scaleb(-min(finest, DECIMALS_MAX))


def amount(row: Reader, key: str, step: Decimal) -> Decimal:
    """An amount that may be left out."""
    value = row.fields.get(key)
    if value is None or (value.__class__ is int and not value):
        return ZERO  # most of them, and most are asked for by the dozen
    return round_to(row.number_or_none(key) or ZERO, step)


def items(order: Reader) -> list[Item]:
    """The rows, children at their parents. A child whose parent is not there stands for itself."""
    found = [Item(row, _identifier(row, "item_id")) for row in order.rows("items", "Line")]
    by_id = {item.id: item for item in found if item.id}
    top = []
    for item in found:
        parent = by_id.get(item.row.identifier("parent_item_id"))
        if parent is None or parent is item:
            top.append(item)
        else:
            parent.children.append(item)
    return top


def lines(order: Reader, sold: Sequence[Item], step: Decimal, extension: Reader, cut: bool) -> tuple[OrderLineDoc, ...]:
    """All that is charged.

    :param sold: the rows of the order (:func:`items`).
    :param cut: a part of the order was called off, and the rest is wanted.
    """
    taxes = _applied(extension)
    found: list[OrderLineDoc] = []
    for item in sold:
        for row, child, priced in _sold(item, step):
            found.extend(_product(row, child, priced, taxes, step, cut))
    found.extend(_wrappings(extension, step))
    found.extend(_shipping(order, taxes, step, cut))
    return tuple(found)


def _sold(item: Item, step: Decimal) -> Iterator[tuple[Item, Item | None, bool]]:
    """(row with the price, row that says which variant, whether the price counts)."""
    if not item.children:
        yield item, None, True
    elif item.kind == const.CONFIGURABLE:
        yield item, item.children[0], True
    else:
        own_prices = any(amount(child.row, "row_total", step) for child in item.children)
        if not own_prices:
            yield item, None, True
        for child in item.children:
            yield child, None, own_prices


def _product(
    item: Item,
    child: Item | None,
    priced: bool,
    taxes: Mapping[tuple[str, str], list[TaxDoc]],
    step: Decimal,
    cut: bool,
) -> Iterator[OrderLineDoc]:
    row = item.row
    ordered = row.number("qty_ordered")
    canceled = (row.number_or_none("qty_canceled") or ZERO) if cut else ZERO
    quantity = ordered - canceled
    if canceled and quantity <= 0:
        return
    net, gross, tax = _money(row, ordered, quantity, step) if priced else (ZERO, ZERO, ZERO)
    variant = child.row if child else row
    is_card = item.kind == const.GIFT_CARD
    yield OrderLineDoc(
        external_id=item.id,
        kind="gift_card" if is_card else "product",
        name=variant.text("name") or row.text("name", "sku") or "Product",
        quantity=quantity,
        total=net,
        subtotal=gross,
        taxes=_shared(row, taxes.get(("product", item.id), []), tax, step, "tax_percent", quantity == ordered)
        if priced
        else (),
        sku=variant.text("sku") or row.text("sku"),
        product_ref=variant.identifier("product_id"),
        note=_note(row),
    )
    if priced:
        yield from _fixed_tax(item, taxes, ordered, quantity, step)


def _money(row: Reader, ordered: Decimal, quantity: Decimal, step: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """(without tax, the same before discounts, tax) of so many pieces of a row."""
    if quantity != ordered and (row.number_or_none("qty_invoiced") or ZERO) == quantity:
        names = ("row_invoiced", "discount_invoiced", "discount_tax_compensation_invoiced", "tax_invoiced")
        gross, discount, compensation, tax = (amount(row, name, step) for name in names)
    else:
        gross = round_to(row.number("row_total"), step)
        names = ("discount_amount", "discount_tax_compensation_amount", "tax_amount")
        discount, compensation, tax = (amount(row, name, step) for name in names)
        if quantity != ordered:
            parts = (share(part, ordered, ZERO, quantity, step) for part in (gross, discount, compensation, tax))
            gross, discount, compensation, tax = parts
    return gross - discount + compensation, gross, tax


def _fixed_tax(
    item: Item, taxes: Mapping[tuple[str, str], list[TaxDoc]], ordered: Decimal, quantity: Decimal, step: Decimal
) -> Iterator[OrderLineDoc]:
    """What is charged by the piece whatever it costs (recycling, deposit). It is in the grand total and in no row total."""
    total = amount(item.row, "weee_tax_applied_row_amount", step)
    if not total:
        return
    if quantity != ordered:
        total = share(total, ordered, ZERO, quantity, step)
    found = taxes.get(("weee", item.id), [])
    tax = sum((one.amount for one in found), ZERO)
    yield OrderLineDoc(
        external_id=f"{item.id}-weee",
        kind="fee",
        name=_fixed_tax_name(item.row),
        quantity=Decimal(1),
        total=total,
        subtotal=total,
        taxes=_shared(item.row, found, round_to(tax, step), step),
    )


def _fixed_tax_name(row: Reader) -> str:
    """Its title, out of JSON inside a text."""
    said = row.fields.get("weee_tax_applied")
    try:
        rows = json.loads(said) if isinstance(said, str) else said
    except (ValueError, RecursionError):
        rows = None
    first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    return Reader(first, row.label, []).text("title") or "Fixed product tax"


def _wrappings(extension: Reader, step: Decimal) -> Iterator[OrderLineDoc]:
    for key, tax_key, line_id, name in const.WRAPPINGS:
        total, tax = amount(extension, key, step), amount(extension, tax_key, step)
        if total or tax:
            taxes = (TaxDoc(line_id, f"Tax on {name.lower()}", ZERO, tax),) if tax else ()
            yield OrderLineDoc(line_id, "fee", name, Decimal(1), total, total, taxes)


def _shipping(
    order: Reader, taxes: Mapping[tuple[str, str], list[TaxDoc]], step: Decimal, cut: bool
) -> Iterator[OrderLineDoc]:
    gross = amount(order, "shipping_amount", step)
    discount = amount(order, "shipping_discount_amount", step)
    compensation = amount(order, "shipping_discount_tax_compensation_amount", step)
    tax = amount(order, "shipping_tax_amount", step)
    if not (gross or tax or order.text("shipping_method")):
        return
    if cut and amount(order, "shipping_canceled", step):
        left = gross - amount(order, "shipping_canceled", step)
        if left <= 0:
            return
        discount, compensation, tax = (share(part, gross, ZERO, left, step) for part in (discount, compensation, tax))
        gross = left
    yield OrderLineDoc(
        external_id="shipping",
        kind="shipping",
        name=order.text("shipping_description", "shipping_method") or "Shipping",
        quantity=Decimal(1),
        total=gross - discount + compensation,
        subtotal=gross,
        taxes=_shared(order, taxes.get(("shipping", ""), []), tax, step),
    )


def _note(row: Reader) -> str:
    """What somebody wrote for whoever gets it."""
    return message(row.nested("extension_attributes").nested("gift_message"))


def message(gift: Reader) -> str:
    """A gift message, as one reads it."""
    if not gift.fields:
        return ""
    text = gift.text("message")
    names = " → ".join(filter(None, (gift.text("sender"), gift.text("recipient"))))
    return f"{text} ({names})" if text and names else text


def _identifier(row: Reader, key: str) -> str:
    found = row.identifier(key)
    if not found:
        row.complain("bad_line", "it has no id")
    return found


# ---- Taxes ----


def _applied(extension: Reader) -> dict[tuple[str, str], list[TaxDoc]]:
    """(what is taxed, id of the item) → its taxes, as far as the shop goes into them."""
    found: dict[tuple[str, str], list[TaxDoc]] = {}
    for taxed in extension.rows("item_applied_taxes", "Tax"):
        kind = taxed.text("type")
        key = (kind, "" if kind == "shipping" else taxed.identifier("item_id", "associated_item_id"))
        for tax in taxed.rows("applied_taxes", "Tax"):
            code = tax.text("code", "title")
            rate = tax.number_or_none("percent") or ZERO
            said = tax.number_or_none("amount") or ZERO
            found.setdefault(key, []).append(TaxDoc(code, tax.text("title") or code, _percent(rate), said))
    return found


def _shared(
    row: Reader, applied: Sequence[TaxDoc], tax: Decimal, step: Decimal, percent_key: str = "", whole: bool = True
) -> tuple[TaxDoc, ...]:
    """The taxes of a line, summing to what the line says that its tax is: that is what was charged.

    :param whole: the line is charged in whole; else the taxes are those of more than is left of it.
    """
    if not applied:
        if not tax:
            return ()
        percent = _percent((row.number_or_none(percent_key) if percent_key else None) or ZERO)
        name = f"Tax {format(percent, 'f')} %" if percent else "Tax"
        return (TaxDoc(format(percent, "f") if percent else "tax", name, percent, tax),)
    said = sum((one.amount for one in applied), ZERO)
    # Rounding explains a step a tax at most; anything more is another mistake.
    if whole and abs(said - tax) > step * len(applied):
        row.complain("tax_mismatch", f"its tax is {tax}, but the rates of it come to {said}")
    if said and not whole:
        applied = [replace(one, amount=one.amount * tax / said) for one in applied]
    amounts = fit([one.amount for one in applied], tax, step) if len(applied) > 1 else [tax]
    return tuple(replace(one, amount=part) for one, part in zip(applied, amounts, strict=True))


def _percent(rate: Decimal) -> Decimal:
    """19 and not 19.0000, nor 2E+1."""
    return Decimal(format(rate.normalize(), "f"))
