"""Magento's JSON → canonical documents. Pure; the same bytes always give the same document.

Three currencies are in an order; the customer's (``order_currency_code``) is the one that counts. What the customer pays
in all is the grand total and what was paid with gift cards, store credit or reward points, which Magento takes off it.

An extension may add a charge to the grand total and to no field of the order. Then lines and total differ, the order is
held, and a sentence says how much it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import (
    ZERO,
    AddressDoc,
    OrderDoc,
    OrderLineDoc,
    Problem,
    RiskDoc,
    RiskFact,
)

from ...domain import told as telling
from ...domain.adapter import Reject
from ...domain.reader import Reader
from . import const, paying, returns
from .lines import CENT, Item, amount, items, lines, message, step_of

#: For an order that does not say when it changed: older than any that does, so it never replaces one.
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def body(kind: str, raw: bytes) -> OrderDoc | telling.ToldReturn:
    """The order, or the return, in a polled body.

    :raises Reject: if it is not JSON, not an object, an error message, or of a kind that has no document.
    """
    try:
        # Most of the numbers of an order are never read: as text they are exact, and cost nothing until they are.
        payload = json.loads(raw, parse_float=str)
    except (ValueError, RecursionError):
        raise Reject("The shop sent something that is not JSON. Look at what an extension adds to it.") from None
    if kind == "order":
        return order(payload)
    if kind == telling.RETURN:
        return returns.told(raw)
    raise Reject(f"A delivery of the kind “{kind}” holds nothing to import.")


def order(payload: Any) -> OrderDoc:
    """An order, with ``_invoices`` and ``_creditmemos`` where the client has put them beside it.

    :raises Reject: if the payload is not an object, or an error message instead of an order.
    """
    if not isinstance(payload, Mapping):
        raise Reject("The shop sent JSON that is not an order. Look at what an extension changes in its answers.")
    if "message" in payload and "entity_id" not in payload:
        said = Reader(payload, "Answer", []).text("message")
        raise Reject(f"The shop sent an error instead of an order: {said}")
    problems: list[Problem] = []
    number = Reader(payload, "", []).text("increment_id", "entity_id")
    reader = Reader(payload, f"Order {number}".strip(), problems)
    extension = reader.nested("extension_attributes")
    external_id = reader.identifier("entity_id")
    step = step_of(reader)
    ordered_at = _required_moment(reader, "created_at")
    status = _status(reader)
    sold = items(reader)
    cut = status != "cancelled" and any(map(_is_cut, sold))
    shipping = _shipping(extension)
    billing = _address(reader.nested("billing_address"), reader)
    delivered = _address(shipping.nested("address"), reader)
    total = amount(reader, "grand_total", step) + paying.tendered(extension, step)
    if reader.number_or_none("grand_total") is None:
        reader.number("grand_total")  # complains
    if cut:
        total -= amount(reader, "total_canceled", step)
    charged = lines(reader, sold, step, extension, cut)
    _complain_of_charges(reader, charged, total)
    pickup = extension.text("pickup_location_code") or shipping.nested("extension_attributes").text(
        "pickup_location_code"
    )
    is_pickup = bool(pickup) or reader.text("shipping_method").startswith(const.PICKUP_METHOD)
    return OrderDoc(
        external_id=external_id,
        number=number,
        status=status,
        channel_status=reader.text("status", "state"),
        currency=reader.text("order_currency_code"),
        total=total,
        lines=charged,
        ordered_at=ordered_at,
        updated_at=_required_moment(reader, "updated_at"),
        billing=billing,
        # What is not sent anywhere has no such address.
        shipping=billing if delivered.is_empty() else delivered,
        customer_ref=reader.identifier("customer_id"),
        payments=paying.payments(reader, external_id, ordered_at, step),
        authorizations=paying.authorizations(reader, ordered_at, step),
        refunds=paying.refunds(reader, external_id, {line.external_id for line in charged}, step),
        payment_method=reader.nested("payment").text("method"),
        shipping_method=reader.text("shipping_method") or shipping.text("method"),
        note="\n".join(filter(None, (reader.text("customer_note"), message(extension.nested("gift_message"))))),
        delivery_method="pickup" if is_pickup else "",
        pickup_ref=pickup,
        risk=_risk(reader),
        # A field that is read twice is wrong twice; last, when everything has been read.
        parse_problems=tuple(dict.fromkeys(problems)),
    )


def _status(order: Reader) -> str:
    state = order.text("state", "status")
    if state == const.STATE_NEW:
        later = order.nested("payment").text("method") in const.PAID_LATER
        paid = not (order.number_or_none("total_due") or order.number_or_none("grand_total"))
        return "open" if later or paid else "awaiting_payment"
    if state not in const.STATES:
        order.problems.append(
            Problem(
                "unknown_status",
                f"{order.label}: the state “{state}” is the shop's own. Release the order when it may be shipped, or move "
                "it on in the shop.",
            )
        )
    return const.STATES.get(state, "on_hold")


def _is_cut(item: Item) -> bool:
    """Whether some of it was called off: Magento says so at the rows."""
    return amount(item.row, "qty_canceled", CENT) > 0 or any(map(_is_cut, item.children))


def _complain_of_charges(order: Reader, charged: tuple[OrderLineDoc, ...], total: Decimal) -> None:
    difference = total - sum((line.total + line.tax_total for line in charged), ZERO)
    if difference and charged:
        what = "charge" if difference > 0 else "discount"
        order.problems.append(
            Problem(
                "unknown_charge",
                f"{order.label}: {abs(difference)} of the grand total are in no field of the order. Mostly it is a {what} "
                "that an extension adds (cash on delivery, a surcharge for a payment method). Look at the order in the "
                "shop, and correct it here before you release it.",
            )
        )


def _risk(order: Reader) -> RiskDoc | None:
    if order.text("status") != const.STATUS_FRAUD:
        return None
    return RiskDoc("high", facts=(RiskFact("The shop suspects fraud.", Decimal(1)),))


def _required_moment(order: Reader, key: str) -> datetime:
    moment = order.moment(key)
    if not moment:
        order.complain("bad_date", f"“{key}” is missing or no date")
    return moment or EPOCH


def _shipping(extension: Reader) -> Reader:
    """How and where to: the only place in an order that has the address. Its ``items`` are the order's once more."""
    for assignment in extension.rows("shipping_assignments", "Shipping"):
        return assignment.nested("shipping")
    return Reader({}, extension.label, extension.problems)


def _address(address: Reader, order: Reader) -> AddressDoc:
    if not address.fields:
        return AddressDoc()
    street = address.fields.get("street")
    parts = street if isinstance(street, list) else [street]
    rows = [Reader({"street": part}, address.label, address.problems).text("street") for part in parts]
    rows = [row for row in rows if row]
    country = address.text("country_id").upper()
    region = address.text("region_code")
    names = ("prefix", "firstname", "middlename", "lastname", "suffix")
    return AddressDoc(
        name=" ".join(filter(None, (address.text(name) for name in names))),
        company=address.text("company"),
        street=rows[0] if rows else "",
        street2=", ".join(rows[1:]),
        city=address.text("city"),
        zip=address.text("postcode"),
        # A country without a list of states has what the customer wrote.
        state_code=const.REGIONS.get(country, {}).get(region, region) if len(region) <= 3 and region.isascii() else "",
        country_code=country,
        email=address.text("email") or order.text("customer_email"),
        phone=address.text("telephone"),
    )
