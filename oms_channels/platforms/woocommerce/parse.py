"""WooCommerce's JSON → canonical documents. Pure; the same bytes always give the same document.

Money, as WooCommerce means it:

* ``total`` and ``subtotal`` of a line are without tax, even in a shop that enters prices with tax.
* ``price`` is a float that was divided; nothing here reads it.
* Coupons are inside the line totals already; ``coupon_lines`` only inform.
* Tax is rounded once per rate if the shop rounds "at subtotal level", and older versions do not round the lines' taxes
  at all. So the sums in ``tax_lines`` are law, and the lines share them out.
* Net amounts have no such law. In a shop that rounds at subtotal level they are shown rounded although they were
  summed unrounded, and may miss the total by a cent. That cannot be told from a real error: the order is held.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
    RefundDoc,
    RefundLineDoc,
    TaxDoc,
)
from odoo.addons.oms_core.domain.money import fit, round_to

from ...domain.adapter import Gone, Reject
from ...domain.reader import Reader
from . import const

#: For an order that does not say when it changed: older than any that does, so it never replaces one.
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def body(kind: str, raw: bytes) -> OrderDoc | CancelDoc:
    """The document in a delivery of ``kind`` (see :class:`~odoo.addons.oms_channels.domain.adapter.Event`).

    :raises Reject: if it is not JSON, not an object, an error message, or of a kind that has no document.
    """
    try:
        payload = json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Reject(
            "The shop sent something that is not JSON. Look at what a plug-in or the host adds to it."
        ) from None
    if kind == "order":
        return order(payload)
    if kind == "order_deleted":
        return deletion(payload)
    raise Reject(f"A delivery of the kind “{kind}” holds nothing to import.")


def order(payload: Any) -> OrderDoc:
    """An order of any version of wc/v3. What is odd about it is among its problems.

    :raises Reject: if the payload is not an object, or an error message instead of an order.
    """
    _refuse_errors(payload)
    problems: list[Problem] = []
    reader = Reader(payload, f"Order {Reader(payload, '', []).text('number', 'id')}".strip(), problems)
    external_id = reader.identifier("id")
    total = reader.number("total")
    paid_at = reader.moment("date_paid_gmt", "date_paid")
    billing = _address(reader.nested("billing"))
    shipping = _address(reader.nested("shipping"))
    delivery_method, pickup_ref = _delivery(reader)
    return OrderDoc(
        external_id=external_id,
        number=reader.text("number", "id"),
        status=_status(reader, bool(paid_at)),
        channel_status=reader.text("status"),
        currency=reader.text("currency"),
        total=total,
        lines=_lines(reader),
        ordered_at=_required_moment(reader, "date_created_gmt", "date_created"),
        updated_at=_required_moment(reader, "date_modified_gmt", "date_modified"),
        billing=billing,
        # As WooCommerce itself decides whether there is a shipping address: by the street alone. A shop that does not
        # ask for one may still fill in the country.
        shipping=shipping if shipping.street or shipping.street2 else billing,
        customer_ref=reader.identifier("customer_id"),
        payments=_payments(reader, external_id, total, paid_at),
        refunds=tuple(_with_goods(reader, [_refund(row) for row in reader.rows("refunds", "Refund")])),
        payment_method=reader.text("payment_method"),
        shipping_method=_shipping_method(reader),
        delivery_method=delivery_method,
        pickup_ref=pickup_ref,
        note=reader.text("customer_note"),
        # A field that is read twice is wrong twice; last, when everything has been read.
        parse_problems=tuple(dict.fromkeys(problems)),
    )


def deletion(payload: Any) -> CancelDoc:
    """An order that was deleted or put in the bin. The shop sends the id and nothing else."""
    _refuse_errors(payload)
    reader = Reader(payload, "Deleted order", [])
    return CancelDoc(external_id=reader.identifier("id"), reason="deleted in the shop")


def _refuse_errors(payload: Any) -> None:
    if not isinstance(payload, Mapping):
        raise Reject("The shop sent JSON that is not an order. Look at what a plug-in changes in its webhooks.")
    if payload.get("code") == const.GONE_CODE:
        raise Gone(
            "The order was deleted in the shop before it could be sent. There is nothing to import.", const.GONE_CODE
        )
    if "code" in payload and "id" not in payload:
        reader = Reader(payload, "Answer", [])
        raise Reject(
            f"The shop sent an error instead of an order: {reader.text('message', 'code')}", reader.text("code")
        )


def _status(order: Reader, paid: bool) -> str:
    status = order.text("status").removeprefix(const.STATUS_PREFIX)
    if status == const.STATUS_ON_HOLD:
        return "on_hold" if paid else "awaiting_payment"
    if status not in const.STATUSES:
        order.problems.append(
            Problem(
                "unknown_status",
                f"{order.label}: the status “{status}” is the shop's own. Release the order when it may be shipped, "
                "or move it on in the shop.",
            )
        )
    return const.STATUSES.get(status, "on_hold")


def _required_moment(order: Reader, *keys: str) -> datetime:
    # Without *_gmt (plug-ins) the shop's local time has to do: hours off, but in the right order among themselves.
    moment = order.moment(*keys)
    if not moment:
        order.complain("bad_date", f"“{keys[0]}” is missing or no date")
    return moment or EPOCH


def _address(address: Reader) -> AddressDoc:
    country = address.text("country").upper()
    return AddressDoc(
        name=f"{address.text('first_name')} {address.text('last_name')}".strip(),
        company=address.text("company"),
        street=address.text("address_1"),
        street2=address.text("address_2"),
        city=address.text("city"),
        zip=address.text("postcode"),
        # Some countries' states carry the country: "DE-BE", but "CA".
        state_code=address.text("state").removeprefix(f"{country}-"),
        country_code=country,
        email=address.text("email"),
        phone=address.text("phone"),
    )


def _payments(order: Reader, external_id: str, total: Decimal, paid_at: datetime | None) -> tuple[PaymentDoc, ...]:
    """WooCommerce knows one payment, of everything; its id may be missing (bank transfer, paid by hand)."""
    if not paid_at or total <= 0:
        return ()
    reference = order.text("transaction_id")
    return (
        PaymentDoc(
            # Not the transaction's id, which may be filled in later: the same payment would become another one.
            external_id=f"{external_id}-paid",
            amount=total,
            method=order.text("payment_method"),
            paid_at=paid_at,
            reference=reference,
        ),
    )


def _refund(refund: Reader) -> RefundDoc:
    """A refund, with its details where the client has put them beside it: the order itself has only the sum."""
    return RefundDoc(
        external_id=_row_id(refund),
        amount=abs(refund.number("total" if "total" in refund.fields else "amount")),
        reason=refund.text("reason"),
        lines=tuple(
            _refund_line(row)
            for key, _kind, name in const.LINE_KEYS
            if key != "shipping_lines"
            for row in refund.rows(key, f"Refunded {name.lower()}")
        ),
        shipping=sum((_gross(row) for row in refund.rows("shipping_lines", "Refunded shipping")), ZERO),
        refunded_at=refund.moment("date_created_gmt", "date_created"),
        our_key=_option(refund, const.REFERENCE_KEY),
        # A webhook shows of each refund what it comes to; the details are read with the order.
        sum_only="line_items" not in refund.fields,
    )


def _with_goods(order: Reader, refunds: Sequence[RefundDoc]) -> Iterator[RefundDoc]:
    """The refunds, and of which goods the shop says that they are back in stock: it counts them by line, the first first."""
    back = {
        row.identifier("id"): Reader({"n": _option(row, const.RESTOCKED_KEY) or 0}, row.label, []).number("n")
        for row in order.rows("line_items", "Line")
    }
    for refund in refunds:
        lines = []
        for line in refund.lines:
            restocked = 0 < line.quantity <= back.get(line.line_id, ZERO)
            if restocked:
                back[line.line_id] -= line.quantity
            lines.append(replace(line, restock=restocked))
        yield replace(refund, lines=tuple(lines))


def _option(row: Reader, key: str) -> str:
    metas = row.rows("meta_data", "Option")
    return next((meta.identifier("value") for meta in metas if meta.text("key") == key), "")


def _refund_line(row: Reader) -> RefundLineDoc:
    # Negative in the refund; and what was paid back without pieces has the quantity 0. A favour (a negative fee) that is
    # taken back turns the sign.
    return RefundLineDoc(
        line_id=_option(row, const.REFUNDED_LINE_KEY),
        quantity=abs(row.number_or_none("quantity") or ZERO),
        amount=ZERO - row.number("total"),
        tax=ZERO - (row.number_or_none("total_tax") or ZERO),
    )


def _gross(row: Reader) -> Decimal:
    return ZERO - row.number("total") - (row.number_or_none("total_tax") or ZERO)


def _row_id(row: Reader) -> str:
    """The id by which a row is known again when the order changes."""
    row_id = row.identifier("id")
    if not row_id:
        row.complain("bad_line", "it has no id")
    return row_id


def _shipping_method(order: Reader) -> str:
    """The first method's code, with its instance where there is one: ``flat_rate:3``, as in the shop's settings."""
    for line in order.rows("shipping_lines", "Shipping"):
        return ":".join(filter(None, (line.text("method_id"), line.identifier("instance_id"))))
    return ""


def _delivery(order: Reader) -> tuple[str, str]:
    """(how, where) of an order that the customer collects; both empty where anything of it is sent.

    The block checkout names the place; the classic one has a method for each place: ``local_pickup:2``.
    """
    lines = list(order.rows("shipping_lines", "Shipping"))
    if not lines or any(line.text("method_id") not in const.PICKUP_METHODS for line in lines):
        return "", ""
    for line in lines:
        for meta in line.rows("meta_data", "Option"):
            if meta.text("key") == const.PICKUP_PLACE_KEY and (place := meta.text("value")):
                return "pickup", place
        if instance := line.identifier("instance_id"):
            return "pickup", f"{line.text('method_id')}:{instance}"
    return "pickup", ""


# ---- Lines and their taxes ----


def _lines(order: Reader) -> tuple[OrderLineDoc, ...]:
    step = _step(order)
    rows = [(kind, name, row) for key, kind, name in const.LINE_KEYS for row in order.rows(key, name)]
    taxes = _taxes(order, [row for _kind, _name, row in rows], step)
    return tuple(
        _line(kind, name, row, taxes_of_line, step)
        for (kind, name, row), taxes_of_line in zip(rows, taxes, strict=True)
    )


def _step(order: Reader) -> Decimal:
    """The unit that the shop rounds to. It is the shop's and not the currency's (a yen order may show sen), and it is
    nowhere in the order; but the sums over the order are printed with it."""
    totals = [order.number_or_none(key) for key in const.HEADER_TOTALS]
    decimals = [-total.as_tuple().exponent for total in totals if total is not None]
    return Decimal(1).scaleb(-min(max(decimals, default=const.DECIMALS_DEFAULT), const.DECIMALS_MAX))


def _line(kind: str, name: str, row: Reader, taxes: Sequence[TaxDoc], step: Decimal) -> OrderLineDoc:
    # A shipping line keeps up to six decimals; WooCommerce rounds it when it sums.
    total = round_to(row.number("total"), step)
    subtotal = row.number_or_none("subtotal")
    return OrderLineDoc(
        external_id=_row_id(row),
        kind=kind,
        name=row.text("name", "method_title", "method_id") or name,
        quantity=row.number("quantity") if kind == "product" else Decimal(1),
        total=total,
        subtotal=total if subtotal is None else round_to(subtotal, step),
        taxes=tuple(taxes),
        sku=row.text("sku"),
        product_ref=row.identifier("variation_id", "product_id"),
        # With shipping, WooCommerce keeps a list of what is in the parcel: nothing that the customer chose.
        note=_note(row, const.PICKUP_PREFIX if kind == "shipping" else ""),
    )


def _note(row: Reader, prefix: str) -> str:
    """What the customer chose: the metadata meant for people whose key begins so, one a line (``Size: L``)."""
    chosen = []
    for meta in row.rows("meta_data", "Option"):
        value = meta.fields.get("display_value", meta.fields.get("value"))
        if isinstance(value, str | int | Decimal) and _is_said(meta.text("key"), prefix):
            chosen.append((meta.text("display_key", "key"), meta.text("display_value", "value")))
    return "\n".join(f"{key}: {value}" for key, value in chosen if key and value)


def _is_said(key: str, prefix: str) -> bool:
    return key.startswith(prefix) and not key.startswith(const.HIDDEN_PREFIX)


def _taxes(order: Reader, rows: Sequence[Reader], step: Decimal) -> list[list[TaxDoc]]:
    """The taxes of each row, rate by rate, summing to what the order says for the rate.

    A rate that no line carries is left out: then the total does not match, and says so.
    """
    rates = _rates(order, step)
    taxes: list[list[TaxDoc]] = [[] for _row in rows]
    for code, amounts in _line_amounts(rows).items():
        said = sum(amounts.values(), ZERO)
        rate = rates.get(code)
        if rate is None:
            order.complain("unknown_tax", f"its lines carry a tax “{code}” that the order does not list")
            rate = TaxDoc(code, code, ZERO, round_to(said, step))
        # Rounding explains a step a line at most; anything more is another mistake, and not ours to spread.
        if abs(rate.amount - said) > step * len(amounts):
            order.complain("tax_mismatch", f"“{rate.name}” is {rate.amount} for the order but {said} over its lines")
        for index, amount in zip(amounts, fit(list(amounts.values()), rate.amount, step), strict=True):
            taxes[index].append(replace(rate, amount=amount))
    return taxes


def _rates(order: Reader, step: Decimal) -> dict[str, TaxDoc]:
    """Tax code → the rate and what it comes to over the whole order."""
    rates: dict[str, TaxDoc] = {}
    for row in order.rows("tax_lines", "Tax"):
        code = row.text("rate_id")
        percent = row.number_or_none("rate_percent")
        if percent is None:
            row.complain("unknown_tax", "“rate_percent” is missing")
        amount = round_to(row.number("tax_total"), step) + round_to(row.number("shipping_tax_total"), step)
        if code in rates:
            amount += rates[code].amount
        compound = row.fields.get("compound") is True
        rates[code] = TaxDoc(code, row.text("label", "rate_code"), percent or ZERO, amount, compound)
    return rates


def _line_amounts(rows: Sequence[Reader]) -> dict[str, dict[int, Decimal]]:
    """Tax code → index of the row → what the row says, perhaps unrounded. No amount means: not subject to it."""
    amounts: dict[str, dict[int, Decimal]] = defaultdict(dict)
    for index, row in enumerate(rows):
        for tax in row.rows("taxes", "Tax"):
            amount = tax.number_or_none("total")
            if amount is not None:
                of_rate = amounts[tax.text("id")]
                of_rate[index] = of_rate.get(index, ZERO) + amount
    return amounts
