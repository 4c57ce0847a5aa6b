"""What is paid back → the lines of a refund, tax by rate. Pure; every split sums to what was to be split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.money import allocate

from ...domain.outgoing import Refund, RefundItem
from ...domain.reader import Reader
from . import answers, const

ZERO = Decimal(0)


class Unfit(Exception):
    """A refund that does not fit the order; the message is a sentence for a clerk."""


def refund_lines(order: Mapping[str, Any], refund: Refund) -> list[dict[str, Any]]:
    """The ``line_items`` of a refund; what is more than they come to is an amount without lines.

    :raises Unfit: for a line that the order does not have, another currency, or lines that come to more than the amount.
    """
    currency = answers.text(order, "currency")
    if currency != refund.currency:
        raise Unfit(f"The order is in {currency}, the refund in {refund.currency}. Refund it in the shop by hand.")
    if refund.amount <= 0:
        raise Unfit("There is nothing to pay back. Enter an amount.")
    if sum((item.total for item in refund.items), refund.shipping) > refund.amount:
        raise Unfit("The lines of the refund come to more than its amount. Correct the refund.")
    rows = {
        answers.text(row, "id"): row for key, _kind, _name in const.LINE_KEYS for row in answers.rows(order.get(key))
    }
    step = _step(order, refund)
    lines = []
    for item in refund.items:
        row = rows.get(item.line_ref)
        if row is None:
            raise Unfit("A line of the refund is not in the shop's order any more. Refund it in the shop by hand.")
        lines.append(_line(item, row, step))
    shipping = answers.rows(order.get("shipping_lines"))
    if refund.shipping and shipping:
        shares = allocate(refund.shipping, [max(ZERO, _gross(row)) for row in shipping], step)
        lines += [_shipping(row, share, step) for row, share in zip(shipping, shares, strict=True) if share]
    return lines


def _line(item: RefundItem, row: Mapping[str, Any], step: Decimal) -> dict[str, Any]:
    rates = answers.taxes_of(row)
    net, taxes, open_tax = item.amount, dict.fromkeys(rates, ZERO), ZERO
    for code, amount in item.taxes:
        if code in taxes:
            taxes[code] += amount
        else:
            open_tax += amount
    if open_tax and rates:
        shares = allocate(open_tax, _weights(list(rates.values())), step)
        taxes = {code: taxes[code] + share for code, share in zip(rates, shares, strict=True)}
    elif open_tax:
        net += open_tax  # the shop knows no tax on this line, but the money goes back all the same
    return _row(row, item.quantity, net, taxes)


def _shipping(row: Mapping[str, Any], gross: Decimal, step: Decimal) -> dict[str, Any]:
    """A gross amount, split as the line itself is."""
    rates = answers.taxes_of(row)
    net, *taxes = allocate(gross, _weights([_amount(row, "total"), *rates.values()]), step)
    return _row(row, ZERO, net, dict(zip(rates, taxes, strict=True)))


def _row(row: Mapping[str, Any], quantity: Decimal, net: Decimal, taxes: Mapping[str, Decimal]) -> dict[str, Any]:
    return {
        "id": int(answers.text(row, "id")),
        "quantity": int(quantity) if quantity == quantity.to_integral_value() else float(quantity),
        "refund_total": format(net, "f"),
        "refund_tax": [
            {"id": int(code), "refund_total": format(amount, "f")} for code, amount in taxes.items() if amount
        ],
    }


def _weights(amounts: Sequence[Decimal]) -> list[Decimal]:
    # A favour is negative throughout; mixed signs have no proportion to speak of.
    return [abs(amount) for amount in amounts]


def _gross(row: Mapping[str, Any]) -> Decimal:
    return _amount(row, "total") + sum(answers.taxes_of(row).values(), ZERO)


def _amount(row: Mapping[str, Any], key: str) -> Decimal:
    return Reader(row, "", []).number_or_none(key) or ZERO


def _step(order: Mapping[str, Any], refund: Refund) -> Decimal:
    """The unit that the shop rounds to, or a smaller one where we were given such amounts."""
    amounts = [_amount(order, "total"), refund.amount, refund.shipping]
    amounts += [amount for item in refund.items for _code, amount in item.taxes]
    return Decimal(1).scaleb(min(0, *(int(amount.as_tuple().exponent) for amount in amounts)))
