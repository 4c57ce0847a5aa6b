"""An order of the Admin API → the canonical document. Pure; the same bytes always give the same document.

The payload is an ``Order`` as ``queries.py`` asks for it, with everything nested read to its end, and its refunds in whole.
Amounts are on one side of each MoneyBag; which one is the channel's choice, and the payload's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
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
    RiskDoc,
    RiskFact,
)

from ...domain.adapter import Reject
from ...domain.reader import Reader
from . import const
from .capturing import authorizations, covers
from .lines import Gone, Money, attributes, cash_rounding, gone_share, lines, money_of, nodes, without
from .refunds import is_removal, refund_doc, refunded_units
from .returns import are_untold, returns
from .verify import rest_id

#: For an order that does not say when it changed: older than any that does, so it never replaces one.
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
LEVELS = ("low", "medium", "high")


def body(kind: str, raw: bytes) -> OrderDoc | CancelDoc:
    """The document in a delivery of ``kind`` (see :class:`~odoo.addons.oms_channels.domain.adapter.Event`).

    :raises Reject: if it is not JSON, not an object, an error message, or of a kind that has no document.
    """
    try:
        payload = json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Reject("Shopify sent something that is not JSON. Fetch the order again.") from None
    if kind == "order":
        return order(payload)
    if kind == "order_deleted":
        return deletion(payload)
    raise Reject(f"A delivery of the kind “{kind}” holds nothing to import.")


def deletion(payload: Any) -> CancelDoc:
    """An order that was deleted: the id and nothing else."""
    fields = _object(payload)
    return CancelDoc(external_id=rest_id(fields.get("id"), const.ORDER_GID), reason="deleted in the shop")


def order(payload: Any) -> OrderDoc:
    """What is odd about the order is among its problems.

    :raises Reject: if the payload is not an object, or an error message instead of an order.
    """
    fields = _object(payload)
    problems: list[Problem] = []
    reader = Reader(fields, f"Order {Reader(fields, '', []).text('name', 'id')}".strip(), problems)
    money = money_of(reader)
    ordered_at = _required_moment(reader, "processedAt", "createdAt")
    cancelled = bool(reader.text("cancelledAt"))
    refunds = list(reader.rows("refunds", "Refund"))
    removals = set() if cancelled else {index for index, row in enumerate(refunds) if is_removal(row, money)}
    found = lines(reader, money)
    left, total = _without_removed(reader, found, refunds, removals, money, cancelled)
    nothing_left = not cancelled and any(line.kind == "product" for line in found) and left is None
    payments = _payments(reader, money, ordered_at)
    authorized = authorizations(reader, money, ordered_at)
    address = reader.nested("shippingAddress")
    billing = _address(reader.nested("billingAddress"), reader)
    groups = list(nodes(reader, "fulfillmentOrders", "Fulfilment"))
    method, pickup = _delivery(groups)
    return OrderDoc(
        external_id=reader.text("id"),
        number=reader.text("name", "legacyResourceId"),
        status="cancelled" if nothing_left else _status(reader, total, covers(authorized, payments, total)),
        channel_status=" / ".join(
            filter(None, (reader.text("displayFinancialStatus"), reader.text("displayFulfillmentStatus")))
        ),
        currency=reader.nested("totalPriceSet").nested(money.field).text("currencyCode"),
        total=total,
        lines=tuple(found if left is None else left),
        ordered_at=ordered_at,
        updated_at=_required_moment(reader, "updatedAt"),
        billing=billing,
        shipping=_address(address, reader) if address.fields else billing,
        customer_ref=reader.nested("customer").text("id"),
        payments=tuple(payments),
        authorizations=authorized,
        refunds=tuple(refund_doc(row, money) for index, row in enumerate(refunds) if index not in removals),
        returns=returns(reader),
        returns_untold=are_untold(reader),
        payment_method=payments[0].method if payments else _first_text(reader, "paymentGatewayNames"),
        shipping_method=_shipping_method(reader),
        note="\n".join(filter(None, (reader.text("note"), attributes(reader)))),
        delivery_method=method,
        pickup_ref=pickup,
        ship_by=_first_moment(groups, "fulfillBy"),
        deliver_by=_first_moment([row.nested("deliveryMethod") for row in groups], "maxDeliveryDateTime"),
        risk=_risk(reader.nested("risk")),
        is_test=reader.fields.get("test") is True,
        # A field that is read twice is wrong twice; last, when everything has been read.
        parse_problems=tuple(dict.fromkeys(problems)),
    )


def _object(payload: Any) -> Mapping[str, Any]:
    if not isinstance(payload, Mapping):
        raise Reject("Shopify sent JSON that is not an order. Fetch the order again.")
    if "errors" in payload and "id" not in payload:
        message = Reader(payload, "", []).text("errors")
        raise Reject(f"Shopify sent an error instead of an order: {message or 'it does not say which'}.")
    return payload


def _without_removed(
    order: Reader,
    found: Sequence[OrderLineDoc],
    refunds: Sequence[Reader],
    removals: Set[int],
    money: Money,
    cancelled: bool,
) -> tuple[list[OrderLineDoc] | None, Decimal]:
    """(lines, total) without what edits took away; no lines if they took away all of them.

    Shopify's total goes on counting what an unpaid order lost by an edit; in case that it does not, both are taken.
    """
    said = money.of(order, "totalPriceSet") + cash_rounding(order, money)
    if cancelled:
        return list(found), said
    gone = _gone(order, found, refunds, removals, money)
    left, amount = without(found, gone, money.step)
    if not gone:
        return left, said
    if not any(line.kind in ("product", "gift_card") for line in left):
        return None, said
    before = sum((line.total + line.tax_total for line in found), ZERO)
    return left, said - amount if said == before else said


def _gone(
    order: Reader,
    found: Sequence[OrderLineDoc],
    refunds: Sequence[Reader],
    removals: Set[int],
    money: Money,
) -> dict[str, Gone]:
    """Line → units that were taken away without money: told by a refund of nothing, or by ``currentQuantity`` alone."""
    gone: dict[str, Gone] = {}
    paid_back: dict[str, Decimal] = {}
    for index, row in enumerate(refunds):
        for unit in refunded_units(row, money):
            if index not in removals:
                paid_back[unit.line_id] = paid_back.get(unit.line_id, ZERO) + unit.quantity
                continue
            before = gone.get(unit.line_id, Gone(ZERO, ZERO, ZERO))
            gone[unit.line_id] = Gone(
                before.quantity + unit.quantity, before.amount + unit.amount, before.tax + unit.tax
            )
    by_id = {line.external_id: line for line in found}
    for row in order.nested("lineItems").rows("nodes", "Line"):
        if row.fields.get("currentQuantity") == row.fields.get("quantity"):
            continue
        current, line = row.number_or_none("currentQuantity"), by_id.get(row.text("id"))
        if current is None or line is None or line.quantity <= 0:
            continue
        told = gone[line.external_id].quantity if line.external_id in gone else ZERO
        untold = line.quantity - current - told - paid_back.get(line.external_id, ZERO)
        if 0 < untold <= line.quantity and not told:
            gone[line.external_id] = gone_share(line, untold, money.step)
    return {line_id: units for line_id, units in gone.items() if units.quantity > 0}


def _status(order: Reader, total: Decimal, is_covered: bool) -> str:
    """:param is_covered: what was taken and what is authorised come to all of it."""
    if order.text("cancelledAt"):
        return "cancelled"
    goods, paid = order.text("displayFulfillmentStatus"), order.text("displayFinancialStatus")
    status = const.FULFILMENT_STATUSES.get(goods)
    if status is None or (paid and paid not in const.PAID_STATUSES + const.UNPAID_STATUSES):
        order.problems.append(
            Problem(
                "unknown_status",
                f"{order.label}: the status “{paid} / {goods}” is not known here. Look at the order in Shopify, and release "
                "it when it may be shipped.",
            )
        )
        return "on_hold"
    if status == "fulfilled" or status == "cancelled":
        return status
    if paid == const.REFUNDED:
        # Everything was paid back before anything left; what has left in part is looked at by a person.
        return "on_hold" if goods == "PARTIALLY_FULFILLED" else "cancelled"
    if paid == const.PARTLY_PAID and is_covered:
        return status
    if (not paid or paid in const.UNPAID_STATUSES) and total > 0 and not _may_pay_later(order):
        return "awaiting_payment"
    return status


def _may_pay_later(order: Reader) -> bool:
    """On account, or to the one who brings it."""
    names = order.fields.get("paymentGatewayNames")
    names = [name.lower() for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return bool(order.nested("paymentTerms").fields) or any(const.CASH_ON_DELIVERY in name for name in names)


def _required_moment(order: Reader, *keys: str) -> datetime:
    moment = order.moment(*keys)
    if not moment:
        order.complain("bad_date", f"“{keys[0]}” is missing or no date")
    return moment or EPOCH


def _first_moment(rows: Sequence[Reader], key: str) -> datetime | None:
    return min(filter(None, (row.moment(key) for row in rows)), default=None)


def _first_text(reader: Reader, key: str) -> str:
    values = reader.fields.get(key)
    first = values[0] if isinstance(values, list) and values else ""
    return Reader({key: first}, "", []).text(key)


def _address(address: Reader, order: Reader) -> AddressDoc:
    """An address has no e-mail in Shopify; the order has one. What we may not see is empty."""
    country = address.text("countryCodeV2").upper()
    return AddressDoc(
        name=f"{address.text('firstName')} {address.text('lastName')}".strip() or address.text("name"),
        company=address.text("company"),
        street=address.text("address1"),
        street2=address.text("address2"),
        city=address.text("city"),
        zip=address.text("zip"),
        # Some countries' provinces carry the country: "JP-13", but "TX".
        state_code=address.text("provinceCode").removeprefix(f"{country}-"),
        country_code=country,
        email=order.text("email"),
        phone=address.text("phone") or order.text("phone"),
    )


def _payments(order: Reader, money: Money, ordered_at: datetime) -> list[PaymentDoc]:
    """What was really taken: captures and sales that succeeded, less the change given back."""
    rows = [row for row in order.rows("transactions", "Payment") if row.text("status") == const.SUCCESS]
    change: dict[str, Decimal] = {}
    for row in rows:
        if row.text("kind") == const.CHANGE_KIND:
            parent = row.nested("parentTransaction").text("id")
            change[parent] = change.get(parent, ZERO) + abs(money.of(row, "amountSet"))
    payments = []
    for row in rows:
        if row.text("kind") not in const.PAYMENT_KINDS:
            continue
        transaction_id, gateway = row.text("id"), row.text("gateway")
        amount = money.of(row, "amountSet") + money.maybe(row, "amountRoundingSet")
        amount -= change.pop(transaction_id, ZERO)
        if gateway == "cash":
            amount -= change.pop("", ZERO)
        payments.append(
            PaymentDoc(
                external_id=transaction_id,
                amount=amount,
                method=gateway,
                paid_at=row.moment("processedAt", "createdAt") or ordered_at,
                reference=row.text("paymentId"),
                tender=const.TENDERS.get(gateway, ""),
                authorization=row.nested("parentTransaction").text("id")
                if row.text("kind") == const.CAPTURE_KIND
                else "",
            )
        )
    return payments


def _delivery(groups: Sequence[Reader]) -> tuple[str, str]:
    """(delivery method, place where the customer collects), of the first group of goods that is collected."""
    for row in groups:
        method = const.DELIVERY_METHODS.get(row.nested("deliveryMethod").text("methodType"), "")
        if method:
            return method, row.nested("assignedLocation").nested("location").text("id")
    return "", ""


def _shipping_method(order: Reader) -> str:
    """The code of the first one, or its title."""
    rows = order.nested("shippingLines").rows("nodes", "Shipping")
    return next(
        (text for row in rows if row.fields.get("isRemoved") is not True and (text := row.text("code", "title"))), ""
    )


def _risk(risk: Reader) -> RiskDoc | None:
    """The worst that anybody says; nothing where nobody has looked yet."""
    levels = [const.RECOMMENDED_LEVELS.get(risk.text("recommendation"), "")]
    facts: list[RiskFact] = []
    for row in risk.rows("assessments", "Risk"):
        levels.append(const.RISK_LEVELS.get(row.text("riskLevel"), ""))
        facts += [
            RiskFact(text, const.SENTIMENTS.get(fact.text("sentiment"), ZERO))
            for fact in row.rows("facts", "Fact")
            if (text := fact.text("description"))
        ]
    level = max(filter(None, levels), key=LEVELS.index, default="")
    return RiskDoc(level, facts=tuple(facts)) if level else None
