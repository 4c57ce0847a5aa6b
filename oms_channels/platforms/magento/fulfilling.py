"""What Magento makes of a parcel, an invoice or a refund, worked out from the order as it is now. Pure.

What it cannot be told, a :class:`ValueError` says in a sentence for a clerk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO
from odoo.addons.oms_core.domain.money import round_to

from ...domain.outgoing import Item, Refund
from ...domain.reader import Reader
from . import const, lines

#: The currency of the books is rounded to this, whatever the order's is.
CENT = Decimal("0.01")


class ShippedAlready(ValueError):
    """The shop says that fewer pieces are left to ship than we want to."""


def _number(row: Reader, key: str) -> Decimal:
    return row.number_or_none(key) or ZERO


def rows(order: Mapping[str, Any]) -> dict[str, tuple[lines.Item, lines.Item | None]]:
    """Id of a row → the row and its parent."""
    found = {}
    for item in lines.items(Reader(order, "Order", [])):
        found[item.id] = (item, None)
        found |= {child.id: (child, item) for child in item.children}
    return found


# ---- Parcels ----


def to_ship(order: Mapping[str, Any], wanted: Sequence[Item]) -> dict[str, Decimal]:
    """Id of the row → pieces, as Magento wants a parcel told; empty if nothing of it is shipped at all (downloads).

    A bundle that ships as one is told by its parent, one that ships in parts by its parts, and nothing in an order tells
    which it is. Of the two Magento leaves aside what does not fit, so that whole bundles are told both ways.

    :raises ShippedAlready: if there are not so many left.
    """
    known = rows(order)
    told: dict[str, Decimal] = {}
    bundles: dict[str, dict[str, Decimal]] = {}
    for item in wanted:
        found, parent = known.get(item.line_ref, (None, None))
        if not found:
            raise ValueError(
                f"The shop's order has no line {item.line_ref} any more. Read the order again, then repeat."
            )
        if _number(found.row, "is_virtual"):
            continue
        if parent and parent.kind == const.BUNDLE:
            of_bundle = bundles.setdefault(parent.id, {})
            of_bundle[found.id] = of_bundle.get(found.id, ZERO) + item.quantity
        elif found.kind == const.BUNDLE and found.children:
            # Its parts are lines too; whole it is once they are.
            bundles.setdefault(found.id, {})
        else:
            told[found.id] = told.get(found.id, ZERO) + item.quantity
    for row_id, quantity in told.items():
        _check_left(known[row_id][0].row, quantity)
    for parent_id, parts in bundles.items():
        told |= _bundle(known[parent_id][0], parts, {item.line_ref: item.quantity for item in wanted})
    return {row_id: quantity for row_id, quantity in told.items() if quantity > 0}


def _bundle(bundle: lines.Item, parts: Mapping[str, Decimal], wanted: Mapping[str, Decimal]) -> dict[str, Decimal]:
    ordered = _number(bundle.row, "qty_ordered")
    if not parts:
        # Somebody ships the bundle itself and knows nothing of its parts.
        quantity = wanted.get(bundle.id, ZERO)
        _check_left(bundle.row, quantity)
        children = [child for child in bundle.children if not _number(child.row, "is_virtual")]
        shares = {child.id: _number(child.row, "qty_ordered") * quantity / ordered for child in children if ordered}
        return {bundle.id: quantity, **shares}
    for child in bundle.children:
        if child.id in parts:
            _check_left(child.row, parts[child.id])
    goods = [child for child in bundle.children if not _number(child.row, "is_virtual")]
    counts = {
        parts.get(child.id, ZERO) * ordered / _number(child.row, "qty_ordered")
        for child in goods
        if _number(child.row, "qty_ordered")
    }
    whole = len(counts) == 1 and counts == {count.to_integral_value() for count in counts}
    return {bundle.id: counts.pop(), **parts} if whole else dict(parts)


def _check_left(row: Reader, quantity: Decimal) -> None:
    left = _number(row, "qty_ordered") - _number(row, "qty_shipped") - _number(row, "qty_canceled")
    if quantity > left:
        name = row.text("name", "sku")
        raise ShippedAlready(
            f"The shop says that of “{name}” only {max(left, ZERO).normalize():f} are left to ship, not "
            f"{quantity.normalize():f}. Compare the shipments there with ours."
        )


# ---- Invoices ----


def to_invoice(order: Mapping[str, Any], wanted: Sequence[Item]) -> dict[str, Decimal]:
    """Id of the row → pieces that are to be paid now: what is on no invoice yet. Empty if that is nothing.

    Shipping, wrapping and what is charged by the piece are no rows: Magento adds them by itself, shipping to the first invoice.
    Of a bundle with one price the bundle is paid, as many as are whole; of one that is priced by its parts, these are.

    :param wanted: all that is to be paid by now, what was paid before included.
    """
    known = rows(order)
    step = lines.step_of(Reader(order, "Order", []))
    due: dict[str, Decimal] = {}
    bundles: dict[str, dict[str, Decimal]] = {}
    for item in wanted:
        found, parent = known.get(item.line_ref, (None, None))
        if found and parent and not lines.amount(found.row, "row_total", step):
            bundles.setdefault(parent.id, {})[found.id] = item.quantity
        elif found:
            due[found.id] = item.quantity
    for parent_id, parts in bundles.items():
        bundle = known[parent_id][0]
        due[parent_id] = min(
            (parts.get(child.id, ZERO) * _number(bundle.row, "qty_ordered") // _number(child.row, "qty_ordered"))
            for child in bundle.children
            if _number(child.row, "qty_ordered")
        )
    left = {}
    for row_id, quantity in due.items():
        row = known[row_id][0].row
        most = _number(row, "qty_ordered") - _number(row, "qty_canceled")
        left[row_id] = min(quantity, most) - _number(row, "qty_invoiced")
    return {row_id: quantity for row_id, quantity in left.items() if quantity > 0}


# ---- Refunds ----


@dataclass(frozen=True, slots=True)
class CreditMemo:
    """:param shipping: and ``adjustment``: in the currency of the shop's books."""

    items: Mapping[str, Decimal]
    shipping: Decimal
    adjustment: Decimal
    restock: tuple[str, ...]


def to_refund(order: Mapping[str, Any], refund: Refund) -> CreditMemo:
    """A credit memo that comes to exactly what is paid back.

    Magento works out by itself what so many pieces of a row were paid with, and takes no other amount. What the refund is
    more or less than that goes into its adjustment. Shipping with tax goes there too: whether Magento takes a shipping
    amount with or without tax is a setting of the shop that cannot be asked for.
    """
    reader = Reader(order, "Order", [])
    currency = reader.text("order_currency_code")
    if currency != refund.currency:
        raise ValueError(f"The order is in {currency}, and the refund in {refund.currency}. Refund it in {currency}.")
    known, step = rows(order), lines.step_of(reader)
    items: dict[str, Decimal] = {}
    for item in refund.items:
        found, parent = known.get(item.line_ref, (None, None))
        # Fees are no rows, and the parts of a bundle with one price have none: of these only money goes back.
        if found and item.quantity > 0 and not (parent and not lines.amount(found.row, "row_total", step)):
            items[found.id] = items.get(found.id, ZERO) + item.quantity
    expected = sum((_worth(known[row_id][0].row, quantity, step) for row_id, quantity in items.items()), ZERO)
    shipping = ZERO
    plain_shipping = not any(
        lines.amount(reader, key, step) for key in ("shipping_tax_amount", "shipping_discount_amount")
    )
    if plain_shipping:
        left = lines.amount(reader, "shipping_amount", step) - lines.amount(reader, "shipping_refunded", step)
        shipping = min(refund.shipping, max(left, ZERO))
    rest = refund.amount - expected - shipping
    if not items:
        # Without rows Magento would pay back all of them.
        items = {_first_row(known): ZERO}
    rate = reader.number_or_none("base_to_order_rate") or Decimal(1)
    restock = tuple(dict.fromkeys(item.line_ref for item in refund.items if item.restock and item.line_ref in items))
    return CreditMemo(items, _in_books(shipping, rate, step), _in_books(rest, rate, step), restock)


def _first_row(known: Mapping[str, tuple[lines.Item, lines.Item | None]]) -> str:
    invoiced = [row_id for row_id, (item, parent) in known.items() if not parent and _number(item.row, "qty_invoiced")]
    if not invoiced:
        raise ValueError("Nothing of this order has been invoiced in the shop, so that there is nothing to pay back.")
    return invoiced[0]


def _worth(row: Reader, quantity: Decimal, step: Decimal) -> Decimal:
    """What Magento pays back for so many pieces of a row: their part of what is left of what was invoiced."""
    left = _number(row, "qty_invoiced") - _number(row, "qty_refunded")
    if quantity > left:
        name = row.text("name", "sku")
        raise ValueError(
            f"The shop says that of “{name}” only {max(left, ZERO).normalize():f} can be paid back, not "
            f"{quantity.normalize():f}. Compare its credit memos with ours."
        )
    total = ZERO
    for invoiced, refunded, sign in (
        ("row_invoiced", "amount_refunded", 1),
        ("discount_invoiced", "discount_refunded", -1),
        ("tax_invoiced", "tax_refunded", 1),
        ("discount_tax_compensation_invoiced", "discount_tax_compensation_refunded", 1),
    ):
        amount = lines.amount(row, invoiced, step) - lines.amount(row, refunded, step)
        total += sign * (amount if quantity == left else round_to(amount / left * quantity, step))
    return total


def _in_books(amount: Decimal, rate: Decimal, step: Decimal) -> Decimal:
    """An amount of the order's currency in the one that Magento wants to be told."""
    said = amount if rate == 1 else round_to(amount / rate, CENT)
    if rate != 1 and round_to(said * rate, step) != amount:
        raise ValueError(
            "The shop keeps its books in another currency, in which this amount cannot be told exactly. Refund it in the "
            "shop."
        )
    return said
