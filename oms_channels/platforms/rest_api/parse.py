"""The documented JSON → canonical documents. Pure; the same bytes always give the same document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, NoReturn

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
    ReturnDoc,
    ReturnLineDoc,
    ReturnRequestDoc,
    ReturnRequestLineDoc,
    RiskDoc,
    RiskFact,
    TaxDoc,
)

from ...domain.adapter import Reject
from ...domain.outgoing import Item
from ...domain.told import ToldRefund
from .reading import complain, read

#: For an order that does not say when it was placed: older than any that does.
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Somebody asks the app to call off an order, or some of it.

    :param reason: one of ``outgoing.CANCEL_REASONS``.
    :param items: empty for the whole order.
    """

    order_ref: str
    reason: str = "other"
    note: str = ""
    items: tuple[Item, ...] = ()
    parse_problems: tuple[Problem, ...] = ()

    def problems(self) -> list[Problem]:
        return list(self.parse_problems)


def loads(raw: bytes) -> Any:
    """JSON with exact numbers.

    :raise Reject: for anything else, also for ``NaN`` and ``Infinity``, which JSON does not have.
    """
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Reject("This is not JSON. Look at what was sent, and at what a proxy makes of it.") from None


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


def body(kind: str, raw: bytes) -> OrderDoc | CancelDoc | CancelRequest | ToldRefund:
    """The document in a message of ``kind``.

    :raise Reject: if it is not JSON, not an object, or of a kind that has no document.
    """
    payload = loads(raw)
    if not isinstance(payload, Mapping):
        raise Reject("This is JSON, but no object. Send one order as an object, or several as the list “orders”.")
    match kind:
        case "order":
            return order(payload)
        case "cancel_request":
            return cancel_request(payload)
        case "refund_told":
            return told_refund(payload)
    raise Reject(f"A message of the kind “{kind}” holds nothing to import.")


def order(payload: Mapping[str, Any]) -> OrderDoc:
    """An order. What is odd about it is among its problems, with the path to it."""
    problems: list[Problem] = []
    told = read("Order", payload, "", problems)
    ordered_at = told["ordered_at"] or EPOCH
    billing, shipping = _address(told["billing"]), _address(told["shipping"])
    return OrderDoc(
        external_id=told["id"],
        number=told["number"] or told["id"],
        # Of a status that nobody knows nothing can be made: no order.
        status=told["status"] if payload.get("status") in (None, "", told["status"]) else "",
        channel_status=told["channel_status"] or told["status"],
        currency=told["currency"],
        total=told["total"] or ZERO,
        lines=_lines(told),
        ordered_at=ordered_at,
        updated_at=told["updated_at"] or ordered_at,
        billing=shipping if billing.is_empty() else billing,
        shipping=billing if shipping.is_empty() else shipping,
        customer_ref=told["customer_id"],
        payments=tuple(_payment(row, told, ordered_at, problems) for row in told["payments"]),
        refunds=tuple(_refund(row, problems) for row in told["refunds"]),
        returns=tuple(_return(row) for row in told["returns"]),
        returns_untold=payload.get("returns") is None,
        payment_method=told["payment_method"],
        shipping_method=told["shipping_method"],
        note=told["note"],
        delivery_method=told["delivery_method"],
        pickup_ref=told["pickup_location"],
        ship_by=told["ship_by"],
        deliver_by=told["deliver_by"],
        risk=_risk(told["risk"]),
        cancel_requested=told["cancel_requested"],
        is_test=told["is_test"],
        parse_problems=tuple(_unique(told, problems)),
    )


def cancel_request(payload: Mapping[str, Any]) -> CancelRequest:
    """A request to call off; ``order_id`` is put into it by whoever received it."""
    problems: list[Problem] = []
    told = read("Cancellation", payload, "", problems)
    items = []
    for row in told["lines"]:
        if row["quantity"] is not None and row["quantity"] <= 0:
            complain(problems, "bad_amount", f"{row['@']}.quantity", "is not more than 0")
        items.append(Item(row["line_id"], row["quantity"] or ZERO))
    return CancelRequest(_order_ref(payload), told["reason"], told["note"], tuple(items), tuple(problems))


def told_refund(payload: Mapping[str, Any]) -> ToldRefund:
    """A refund; ``order_id`` is put into it by whoever received it."""
    problems: list[Problem] = []
    told = read("Refund", payload, "", problems)
    return ToldRefund(_order_ref(payload), _refund(told, problems), tuple(problems))


def return_request(payload: Mapping[str, Any]) -> ReturnRequestDoc:
    """What a customer wants to send back; its lines are named as the app names them."""
    problems: list[Problem] = []
    told = read("ReturnRequest", payload, "", problems)
    return ReturnRequestDoc(
        external_id=told["id"],
        lines=tuple(
            ReturnRequestLineDoc(
                line_id=row["line_id"],
                quantity=row["quantity"] or ZERO,
                reason_id=row["reason_id"],
                outcome=row["outcome"],
                exchange_for=row["product_id"],
                comment=row["comment"],
            )
            for row in told["lines"]
        ),
        way=told["way"],
        store_ref=told["store"],
        pickup_on=_day(told["pickup_on"]),
        note=told["note"],
        expected=told["expected_total"],
        parse_problems=tuple(problems),
    )


def _day(text: str) -> date | None:
    """A date; what is none is no day that is offered, and so is asked for again."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _order_ref(payload: Mapping[str, Any]) -> str:
    order_ref = payload.get("order_id")
    if not isinstance(order_ref, str) or not order_ref:
        raise Reject("It does not say which order it is about.")
    return order_ref


def _lines(told: Mapping[str, Any]) -> tuple[OrderLineDoc, ...]:
    lines = []
    for index, row in enumerate(told["lines"]):
        taxes = tuple(_tax(tax) for tax in row["taxes"])
        total = row["total"] or ZERO
        subtotal = total if row["subtotal"] is None else row["subtotal"]
        if told["tax_included"]:
            tax = sum((tax.amount for tax in taxes), ZERO)
            total, subtotal = total - tax, subtotal - tax
        lines.append(
            OrderLineDoc(
                external_id=row["id"] or str(index + 1),
                kind=row["kind"],
                name=row["name"] or row["sku"] or row["product_id"] or row["kind"].replace("_", " ").capitalize(),
                quantity=ONE if row["quantity"] is None else row["quantity"],
                total=total,
                subtotal=subtotal,
                taxes=taxes,
                sku=row["sku"],
                product_ref=row["product_id"],
                note=row["note"],
            )
        )
    return tuple(lines)


def _tax(row: Mapping[str, Any]) -> TaxDoc:
    rate = row["rate"] or ZERO
    return TaxDoc(
        code=row["code"],
        name=row["name"] or row["code"] or f"{rate.normalize():f} %",
        rate=rate,
        amount=row["amount"] or ZERO,
        compound=row["compound"],
        remitted=row["remitted"],
    )


def _payment(
    row: Mapping[str, Any], told: Mapping[str, Any], ordered_at: datetime, problems: list[Problem]
) -> PaymentDoc:
    if row["amount"] is not None and row["amount"] <= 0:
        complain(problems, "bad_amount", f"{row['@']}.amount", f"{row['amount']} is not more than 0")
    return PaymentDoc(
        external_id=row["id"],
        amount=row["amount"] or ZERO,
        method=row["method"] or told["payment_method"],
        paid_at=row["paid_at"] or ordered_at,
        reference=row["reference"],
        tender=row["tender"],
    )


def _refund(row: Mapping[str, Any], problems: list[Problem]) -> RefundDoc:
    before = f"{row['@']}." if row["@"] else ""
    if row["amount"] is not None and row["amount"] <= 0:
        complain(problems, "bad_amount", f"{before}amount", f"{row['amount']} is not more than 0")
    return RefundDoc(
        external_id=row["id"],
        amount=row["amount"] or ZERO,
        reason=row["reason"],
        lines=tuple(
            RefundLineDoc(
                line_id=line["line_id"],
                quantity=line["quantity"] or ZERO,
                amount=line["amount"] or ZERO,
                tax=line["tax"] or ZERO,
                restock=line["restock"],
                goods=line["goods"],
                location=line["location"],
            )
            for line in row["lines"]
        ),
        shipping=row["shipping"] or ZERO,
        refunded_at=row["refunded_at"],
        pending=row["pending"],
    )


def _return(row: Mapping[str, Any]) -> ReturnDoc:
    return ReturnDoc(
        external_id=row["id"],
        status=row["status"],
        lines=tuple(
            ReturnLineDoc(line["line_id"], line["quantity"] or ZERO, line["reason"], line["note"])
            for line in row["lines"]
        ),
        number=row["number"],
        note=row["note"],
        exchanges=tuple((one["name"], one["quantity"] or ZERO) for one in row["exchanges"]),
        tracking=row["tracking_number"],
        requested_at=row["requested_at"],
    )


def _risk(row: Mapping[str, Any] | None) -> RiskDoc | None:
    if not row:
        return None
    facts = tuple(RiskFact(fact["text"], fact["weight"] or ZERO) for fact in row["facts"] if fact["text"])
    return RiskDoc(row["level"], row["score"] or ZERO, facts)


def _address(row: Mapping[str, Any] | None) -> AddressDoc:
    if not row:
        return AddressDoc()
    return AddressDoc(
        name=row["name"],
        company=row["company"],
        street=row["street"],
        street2=row["street2"],
        city=row["city"],
        zip=row["zip"],
        state_code=row["state"],
        country_code=row["country"].upper(),
        email=row["email"],
        phone=row["phone"],
    )


def _unique(told: Mapping[str, Any], problems: list[Problem]) -> Sequence[Problem]:
    """The problems, and those of things that are told twice: one of them would get lost."""
    for name in ("lines", "payments", "refunds", "returns"):
        seen: set[str] = set()
        for row in told[name]:
            if row["id"] and row["id"] in seen:
                complain(problems, "bad_line", f"{row['@']}.id", f"“{row['id']}” stands twice in “{name}”")
            seen.add(row["id"])
    return problems
