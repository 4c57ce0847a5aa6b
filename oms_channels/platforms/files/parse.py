"""The facts of one order, as all formats tell them → canonical document. Pure; the same bytes always give the same.

Files are read by ``csv_orders``, ``edifact_orders`` and ``x12_orders`` into *facts*: JSON with the texts of the file, numbers
with a decimal point, dates in ISO 8601. The facts of one order are the body of one message, so that no order waits for
another, a clerk can correct them, and what they mean in money is decided here, once for all formats:

* ``amount`` of a line (after discounts) is law where it is told, else quantity × price (÷ what the price is for) − discount.
* With ``tax_included`` amounts hold their tax, else it comes on top. A tax that is told is law, else the rate makes it,
  rounded per line, or per rate where only that gives the total that is told. A line without either has the order's rate.
* ``total`` is what the customer pays, ``net_total`` what the goods come to without tax. Either is checked, not believed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import (
    ZERO,
    AddressDoc,
    CancelDoc,
    OrderDoc,
    OrderLineDoc,
    PaymentDoc,
    Problem,
    TaxDoc,
)
from odoo.addons.oms_core.domain.money import allocate, fit, round_to

from ...domain import currencies
from ...domain.adapter import Reject
from ...domain.reader import Reader
from . import const

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
HUNDRED = Decimal(100)
#: Kinds of lines that facts may have.
KINDS = ("product", "shipping", "fee", "discount")


def body(kind: str, raw: bytes) -> OrderDoc | CancelDoc:
    """The document in a message of ``kind``.

    :raises Reject: if it is not JSON, not an object, or of a kind that has no document.
    """
    facts = load(raw)
    if kind == "order":
        return order(facts)
    if kind == "order_deleted":
        return cancellation(facts)
    raise Reject(f"A message of the kind “{kind}” holds no order.")


def load(raw: bytes) -> dict[str, Any]:
    """The facts in a message. :raises Reject: when there are none."""
    try:
        facts = json.loads(raw, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise Reject("The content is no JSON. Correct it, or import the file again.") from None
    if not isinstance(facts, dict):
        raise Reject("The content is no order. Import the file again.")
    return facts


def cancellation(facts: dict[str, Any]) -> CancelDoc:
    reader = Reader(facts, "Cancellation", [])
    return CancelDoc(
        external_id=reader.identifier("number"),
        updated_at=reader.nested("source").moment("received_at"),
        reason="called off by a file",
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """A line before its tax: ``charged`` as the file means it, with or without tax."""

    row: Reader
    line_id: str
    kind: str
    quantity: Decimal
    charged: Decimal
    discount: Decimal
    rate: Decimal | None
    tax: Decimal | None


def order(facts: dict[str, Any]) -> OrderDoc:
    """An order. What is odd about it is among its problems."""
    problems: list[Problem] = []
    reader = Reader(facts, f"Order {Reader(facts, '', []).text('number')}".strip(), problems)
    number = reader.identifier("number")
    currency = reader.text("currency").upper()
    step = currencies.step(currency)
    total, lines = _charge(reader, step)
    received_at = reader.nested("source").moment("received_at") or EPOCH
    shipping, billing = _address(reader.nested("shipping")), _address(reader.nested("billing"))
    status = _status(reader)
    return OrderDoc(
        external_id=number,
        number=number,
        status=status,
        channel_status=reader.text("status"),
        currency=currency,
        total=total,
        lines=lines,
        ordered_at=reader.moment("ordered_at") or received_at,
        updated_at=received_at,
        billing=shipping if billing.is_empty() else billing,
        shipping=billing if shipping.is_empty() else shipping,
        customer_ref=reader.identifier("customer_ref"),
        payments=_payments(reader, number, total, received_at) if status != "awaiting_payment" else (),
        payment_method=reader.text("payment_method"),
        shipping_method=reader.text("shipping_method"),
        note=reader.text("note"),
        delivery_method=reader.text("delivery_method"),
        pickup_ref=reader.text("pickup_ref"),
        deliver_by=reader.moment("deliver_by"),
        parse_problems=tuple(dict.fromkeys(problems)),
        is_test=reader.text("is_test") == "yes",
    )


def _status(order: Reader) -> str:
    status = order.text("status").lower()
    if status not in const.STATUSES:
        order.problems.append(
            Problem(
                "unknown_status",
                f"{order.label}: the status “{status}” is not known here. Release the order when it may be shipped.",
            )
        )
        return "on_hold"
    if const.STATUSES[status] == "open" and order.text("paid").lower() == "no":
        return "awaiting_payment"
    return const.STATUSES[status]


def _payments(order: Reader, number: str, total: Decimal, received_at: datetime) -> tuple[PaymentDoc, ...]:
    if order.text("paid").lower() != "yes" or total <= 0:
        return ()
    return (
        PaymentDoc(
            external_id=f"{number}-paid",
            amount=total,
            method=order.text("payment_method") or "file",
            paid_at=order.moment("ordered_at") or received_at,
        ),
    )


def _address(address: Reader) -> AddressDoc:
    country = address.text("country").upper()
    return AddressDoc(
        name=address.text("name"),
        company=address.text("company"),
        street=address.text("street"),
        street2=address.text("street2"),
        city=address.text("city"),
        zip=address.text("zip"),
        state_code=address.text("state").removeprefix(f"{country}-"),
        country_code={"UK": "GB"}.get(country, country),
        email=address.text("email"),
        phone=address.text("phone"),
    )


# ---- Money ----


def _charge(order: Reader, step: Decimal) -> tuple[Decimal, tuple[OrderLineDoc, ...]]:
    """(what the customer pays, the lines)"""
    default = order.number_or_none("tax_rate")
    included = order.text("tax_included").lower() == "yes"
    goods = [_line(row, index, default, step) for index, row in enumerate(order.rows("lines", "Line"), 1)]
    goods = _unique(goods)
    lines = goods + _charges(order, goods, default, included, step)
    told = order.number_or_none("total")
    taxes = _taxes(lines, included, step)
    if told is not None and _sum(lines, taxes, included) != told:
        by_rate = _taxes_by_rate(lines, taxes, included, step)
        if _sum(lines, by_rate, included) == told:
            taxes = by_rate
    made = tuple(_document(line, tax, included, step) for line, tax in zip(lines, taxes, strict=True))
    _check(order, made, step)
    return _sum(lines, taxes, included) if told is None else told, made


def _line(row: Reader, index: int, default: Decimal | None, step: Decimal) -> _Line:
    kind = row.text("kind") or "product"
    quantity = row.number("quantity") if kind == "product" else row.number_or_none("quantity") or Decimal(1)
    price, amount = row.number_or_none("price"), row.number_or_none("amount")
    per = row.number_or_none("price_per") or Decimal(1)
    discount = abs(row.number_or_none("discount") or ZERO)
    computed = None if price is None else round_to(quantity * price / per, step) - discount
    if amount is not None and computed is not None:
        # The price of one may have been rounded itself, by half of its last decimal.
        rounded = Decimal(1).scaleb(min(price.as_tuple().exponent, 0)) / 2 * abs(quantity) / abs(per)
        if abs(computed - amount) > rounded + step:
            row.complain(
                "bad_amount", f"{quantity} × {price} less {discount} is {computed}, and the line says {amount}"
            )
    if amount is None and computed is None:
        row.complain("bad_amount", "it has neither a price nor an amount")
    charged = amount if amount is not None else computed if computed is not None else ZERO
    if charged % step:
        row.complain("bad_amount", f"{charged} is finer than the currency")
    rate = row.number_or_none("tax_rate")
    tax = row.number_or_none("tax")
    if kind not in KINDS:
        row.complain("bad_line", f"its kind “{kind}” is not known")
        kind = "product"
    return _Line(
        row,
        row.identifier("id") or str(index),
        kind,
        quantity,
        charged,
        discount,
        rate if rate is not None else None if tax is not None else default,
        tax,
    )


def _unique(lines: Sequence[_Line]) -> list[_Line]:
    """Lines that call themselves the same are told apart by how often: 1, 1-2, 1-3."""
    seen: dict[str, int] = defaultdict(int)
    found = []
    for line in lines:
        seen[line.line_id] += 1
        times = seen[line.line_id]
        found.append(line if times == 1 else replace(line, line_id=f"{line.line_id}-{times}"))
    return found


def _charges(
    order: Reader, goods: Sequence[_Line], default: Decimal | None, included: bool, step: Decimal
) -> list[_Line]:
    """Shipping and discount of the order as lines. Shipping has the rate of most of the goods; a discount is shared out
    over their rates."""
    weights: dict[Decimal | None, Decimal] = defaultdict(lambda: ZERO)
    for line in goods:
        weights[_rate_of(line, included)] += max(line.charged, ZERO)
    main = max(weights, key=lambda rate: weights[rate]) if weights else default
    found = []
    shipping = order.number_or_none("shipping_charge")
    if shipping is not None and shipping:
        row = Reader({"name": "Shipping"}, "Shipping", order.problems)
        rate = order.number_or_none("shipping_tax_rate")
        found.append(
            _Line(row, "shipping", "shipping", Decimal(1), shipping, ZERO, main if rate is None else rate, None)
        )
    discount = abs(order.number_or_none("order_discount") or ZERO)
    if discount and not discount % step:
        rates = sorted(weights, key=lambda rate: (rate is None, rate)) or [default]
        parts = allocate(discount, [weights[rate] for rate in rates], step)
        for rate, part in zip(rates, parts, strict=True):
            if part:
                name = "discount" if len(rates) == 1 else f"discount-{'none' if rate is None else format(rate, 'f')}"
                row = Reader({"name": "Discount"}, "Discount", order.problems)
                found.append(_Line(row, name, "discount", Decimal(1), -part, ZERO, rate, None))
    elif discount:
        order.complain("bad_amount", f"the discount {discount} is finer than the currency")
    for line in found:
        if line.charged % step:
            order.complain("bad_amount", f"{line.charged} for {line.line_id} is finer than the currency")
    return found


def _rate_of(line: _Line, included: bool) -> Decimal | None:
    """The rate of a line; of one that tells only the amount, the rate that it comes to."""
    if line.rate is not None or line.tax is None:
        return line.rate
    net = line.charged - line.tax if included else line.charged
    return (line.tax * HUNDRED / net).quantize(Decimal("0.1")) if net and abs(line.tax) <= abs(net) else None


def _taxes(lines: Sequence[_Line], included: bool, step: Decimal) -> list[Decimal]:
    return [line.tax if line.tax is not None else round_to(_exact(line, included), step) for line in lines]


def _exact(line: _Line, included: bool) -> Decimal:
    if not line.rate or line.rate <= -HUNDRED:
        return ZERO
    return line.charged * line.rate / (HUNDRED + line.rate if included else HUNDRED)


def _taxes_by_rate(lines: Sequence[_Line], taxes: Sequence[Decimal], included: bool, step: Decimal) -> list[Decimal]:
    """The taxes where each rate is rounded once, over all its lines."""
    found = list(taxes)
    by_rate: dict[Decimal, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        if line.tax is None and line.rate:
            by_rate[line.rate].append(index)
    for indexes in by_rate.values():
        exact = [_exact(lines[index], included) for index in indexes]
        for index, tax in zip(indexes, fit(exact, round_to(sum(exact, ZERO), step), step), strict=True):
            found[index] = tax
    return found


def _sum(lines: Sequence[_Line], taxes: Sequence[Decimal], included: bool) -> Decimal:
    return sum((line.charged for line in lines), ZERO) + (ZERO if included else sum(taxes, ZERO))


def _document(line: _Line, tax: Decimal, included: bool, step: Decimal) -> OrderLineDoc:
    net = line.charged - tax if included else line.charged
    rate = _rate_of(line, included)
    taxes = ()
    if rate is not None or tax:
        rate = rate or ZERO
        taxes = (TaxDoc(code=format(rate.normalize(), "f"), name=f"Tax {rate.normalize():f} %", rate=rate, amount=tax),)
    discount = line.discount
    if included and discount and line.charged:
        discount = round_to(discount * net / line.charged, step)
    row = line.row
    return OrderLineDoc(
        external_id=line.line_id,
        kind=line.kind,
        name=row.text("name", "sku", "barcode"),
        quantity=line.quantity,
        total=net,
        subtotal=net + discount,
        taxes=taxes,
        sku=row.text("sku"),
        # What a person can say once of an article that has no number of ours: which product it is.
        product_ref=row.text("barcode", "buyer_code"),
        note=row.text("note"),
    )


def _check(order: Reader, lines: Sequence[OrderLineDoc], step: Decimal) -> None:
    """What the file says in control sums, against what its lines come to."""
    goods = sum((line.total for line in lines if line.kind == "product"), ZERO)
    net = sum((line.total for line in lines), ZERO)
    tax = sum((line.tax_total for line in lines), ZERO)
    for key, sums, what in (
        ("net_total", (goods, net, goods + tax, net + tax), "total of the goods"),
        ("tax_total", (tax,), "tax"),
    ):
        told = order.number_or_none(key)
        if told is not None and told not in sums:
            order.problems.append(
                Problem(
                    "total_mismatch" if key == "net_total" else "tax_mismatch",
                    f"{order.label}: the file gives {told} as the {what}, and its lines come to {sums[0]}. Ask who sent it "
                    "before you release the order.",
                )
            )
    count = order.number_or_none("line_count")
    products = sum(1 for line in lines if line.kind == "product")
    if count is not None and count != products:
        order.problems.append(
            Problem(
                "line_count",
                f"{order.label}: the file says that it has {count} lines, and there are {products}. Ask who sent it.",
            )
        )
