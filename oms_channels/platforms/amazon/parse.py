"""Amazon's orders (2026-01-01) → canonical documents. Pure; the same bytes always give the same document.

What is peculiar:

* An order that is ``PENDING`` has neither prices nor an address yet. Its lines are captured without money.
* Amazon gives no percentage of tax and no refunds with an order; see :mod:`.proceeds` and :mod:`.refunds` for the money.
* A cancelled item stays in the order with a quantity of zero.
* Orders that Amazon ships itself are none of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
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
)

from ...domain import told as telling
from ...domain.adapter import Gone, Reject
from ...domain.reader import Reader
from . import const, proceeds, refunds, returns

#: For an order that does not say when it changed: older than any that does, so it never replaces one.
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
STATE_CODE = re.compile(r"[A-Z0-9]{1,3}")


def body(kind: str, raw: bytes) -> OrderDoc | CancelDoc | telling.ToldReturn | telling.ToldRefund:
    """The document in a message of ``kind``.

    :raises Reject: if it is not JSON, not an order, or of a kind that has no document.
    """
    try:
        payload = json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Reject("Amazon sent something that is not JSON. Try again later.") from None
    if kind == "order":
        return order(payload)
    if kind == telling.RETURN:
        return returns.told(raw)
    if kind == telling.REFUND:
        return refunds.told(raw)
    raise Reject(f"A message of the kind “{kind}” holds nothing to import.")


def order(payload: Any) -> OrderDoc:
    """An order, with or without the answer around it. What is odd about it is among its problems.

    :raises Gone: for an order that Amazon ships itself.
    :raises Reject: if the payload is not an object, or an error instead of an order.
    """
    if isinstance(payload, Mapping) and "orderId" not in payload and isinstance(payload.get("order"), Mapping):
        payload = payload["order"]
    if not isinstance(payload, Mapping):
        raise Reject("Amazon sent JSON that is not an order. Try again later.")
    if "errors" in payload and "orderId" not in payload:
        rows = Reader(payload, "Answer", []).rows("errors", "Error")
        said = next((row.text("message", "code") for row in rows), "")
        raise Reject(f"Amazon sent an error instead of an order: {said or 'without a reason'}.")
    problems: list[Problem] = []
    reader = Reader(payload, f"Order {Reader(payload, '', []).text('orderId')}".strip(), problems)
    fulfilment = reader.nested("fulfillment")
    if fulfilment.text("fulfilledBy").upper() == const.FULFILLED_BY_AMAZON:
        raise Gone(f"Amazon ships order {reader.text('orderId')} from its own warehouse. There is nothing to do.")
    return _document(reader, fulfilment, problems)


def _document(order: Reader, fulfilment: Reader, problems: list[Problem]) -> OrderDoc:
    order_id = order.identifier("orderId")
    status = _status(fulfilment)
    marketplace = const.MARKETPLACES.get(order.nested("salesChannel").text("marketplaceId"))
    currency = _currency(order, marketplace)
    delivery = order.nested("recipient").nested("deliveryAddress")
    shipping = _address(delivery)
    programs = _texts(order, "programs")
    pickup = const.PICKUP_PROGRAM in programs
    total, lines = _money(order, order_id, status, marketplace, currency, shipping)
    ordered_at = _required_moment(order, "createdTime")
    level = fulfilment.text("fulfillmentServiceLevel").upper()
    return OrderDoc(
        external_id=order_id,
        number=order_id,
        status=status,
        channel_status=fulfilment.text("fulfillmentStatus"),
        currency=currency,
        total=total,
        lines=lines,
        ordered_at=ordered_at,
        updated_at=_required_moment(order, "lastUpdatedTime"),
        billing=_billing(order, AddressDoc() if pickup else shipping),
        shipping=shipping,
        payments=_payments(order, order_id, status, total, ordered_at),
        payment_method=_payment_method(order),
        shipping_method="_".join(filter(None, ("PRIME" if "PRIME" in programs else "", level))),
        note=_note(order, programs),
        delivery_method="pickup" if pickup else "express" if level in const.EXPRESS_LEVELS else "",
        ship_by=fulfilment.nested("shipByWindow").moment("latestDateTime"),
        deliver_by=fulfilment.nested("deliverByWindow").moment("latestDateTime"),
        cancel_requested=_cancel_requested(order) if status in ("awaiting_payment", "open", "on_hold") else "",
        # A field that is read twice is wrong twice; last, when everything has been read.
        parse_problems=tuple(dict.fromkeys(problems)),
    )


def _status(fulfilment: Reader) -> str:
    status = fulfilment.text("fulfillmentStatus").upper()
    if status not in const.STATUSES:
        fulfilment.problems.append(
            Problem(
                "unknown_status",
                f"{fulfilment.label}: the status “{status}” is new. Look at the order in Seller Central, and release it "
                "here when it may be shipped.",
            )
        )
    return const.STATUSES.get(status, "on_hold")


def _currency(order: Reader, marketplace: const.Marketplace | None) -> str:
    """That of the total; a pending order has none, and is in the currency of its marketplace."""
    told = order.nested("proceeds").nested("grandTotal").text("currencyCode").upper()
    return told or (marketplace.currency if marketplace else "")


def _required_moment(order: Reader, key: str) -> datetime:
    moment = order.moment(key)
    if not moment:
        order.complain("bad_date", f"“{key}” is missing or no date")
    return moment or EPOCH


def _texts(row: Reader, key: str) -> set[str]:
    """The words in a list of words."""
    value = row.fields.get(key)
    return {word.upper() for word in value if isinstance(word, str)} if isinstance(value, list) else set()


# ---- Money and lines ----


def _money(
    order: Reader,
    order_id: str,
    status: str,
    marketplace: const.Marketplace | None,
    currency: str,
    shipping: AddressDoc,
) -> tuple[Decimal, tuple[OrderLineDoc, ...]]:
    """(what the customer pays, the lines)."""
    step = Decimal(1).scaleb(-const.DECIMALS.get(currency, const.DECIMALS_DEFAULT))
    found = proceeds.items(order, step)
    tip = proceeds.tip(order)
    grand = order.nested("proceeds").nested("grandTotal")
    # Pending, cancelled and replacement orders say nothing about money. Any other without a total is not complete.
    silent = status in ("awaiting_payment", "cancelled") or bool(order.fields.get("associatedOrders"))
    told = grand.number_or_none("amount") if silent else grand.number("amount")
    total, included = proceeds.settle(told or ZERO, found, tip, marketplace)
    if marketplace and marketplace.tax_included and status in ("open", "fulfilled", "on_hold"):
        _ask_for_tax(order, found, marketplace, shipping)
    made = [
        _described(line, row) if row else line for line, row in proceeds.lines(found, tip, included, order_id, step)
    ]
    wanted = [line for line in made if line.kind != "product" or line.quantity or line.total or line.tax_total]
    return total, tuple(wanted if any(line.kind == "product" for line in wanted) else made)


def _ask_for_tax(order: Reader, found: Sequence[proceeds.Item], marketplace: const.Marketplace, to: AddressDoc) -> None:
    """Say so where VAT is in the prices and Amazon does not tell how much.

    Businesses in another country buy without it; whoever else does is told with a tax of zero.
    """
    to_country = to.country_code or marketplace.country
    owed = marketplace.country in const.VAT_COUNTRIES and (to_country in const.VAT_COUNTRIES)
    exempt = "AMAZON_BUSINESS" in _texts(order, "programs") and to_country != marketplace.country
    charged = [item for item in found if any(part.rest for part in item.parts.values())]
    if owed and not exempt and charged and not any(item.tax_told for item in charged):
        order.problems.append(
            Problem(
                "unknown_tax",
                f"{order.label}: Amazon does not tell the VAT in the prices. Enter the taxes of the lines, then release. "
                "Amazon tells them once its VAT calculation is switched on in Seller Central.",
            )
        )


def _described(line: OrderLineDoc, row: Reader) -> OrderLineDoc:
    product = row.nested("product")
    line_id = row.identifier("orderItemId")
    if not line_id:
        row.complain("bad_line", "it has no id")
    sku = product.text("sellerSku")
    return replace(
        line,
        external_id=line_id,
        name=product.text("title", "sellerSku", "asin") or "Product",
        quantity=row.number("quantityOrdered"),
        sku=sku,
        product_ref=sku or product.text("asin"),
        note=_line_note(row, product),
    )


def _line_note(row: Reader, product: Reader) -> str:
    """What has to be known to pack and send it, one thing a line."""
    fulfilment = row.nested("fulfillment")
    gift = fulfilment.nested("packing").nested("giftOption")
    shipping = fulfilment.nested("shipping")
    constraints = shipping.nested("shippingConstraints")
    measure = row.nested("measurement")
    points = row.nested("expense").nested("pointsCost").nested("pointsGranted").text("pointsNumber")
    ioss = shipping.nested("internationalShipping").text("iossNumber")
    custom = product.nested("customization").text("customizedUrl")
    condition = product.nested("condition").text("conditionType")
    said = (
        ("Condition", condition if condition.upper() != "NEW" else ""),
        ("Measure", f"{measure.text('value')} {measure.text('unit')}".strip()),
        ("Gift wrap", gift.text("giftWrapLevel")),
        ("Gift message", gift.text("giftMessage")),
        ("Made to order", custom),
        ("IOSS number for the customs declaration", ioss),
        ("Amazon points, which the merchant pays", points),
    )
    notes = [f"{label}: {text}" for label, text in said if text]
    notes += [sentence for key, sentence in const.CONSTRAINTS.items() if constraints.text(key)]
    if "TRANSPARENCY" in _texts(row, "programs"):
        notes.append("Scan the Transparency codes of the pieces.")
    return "\n".join(notes)


# ---- People ----


def _address(address: Reader) -> AddressDoc:
    country = address.text("countryCode").upper()
    first, *others = [
        text for key in ("addressLine1", "addressLine2", "addressLine3") if (text := address.text(key))
    ] or [""]
    if neighbourhood := address.nested("extendedFields").text("neighborhood"):
        others.append(neighbourhood)
    city = address.text("city", "municipality", "districtOrCounty")
    state, city = _state(country, address.text("stateOrRegion"), city)
    return AddressDoc(
        name=address.text("name"),
        company=address.text("companyName"),
        street=first,
        street2=", ".join(others),
        city=city,
        zip=address.text("postalCode"),
        state_code=state,
        country_code=country,
        phone=address.text("phone"),
    )


def _state(country: str, told: str, city: str) -> tuple[str, str]:
    """(code, town) of what stands where a code should: a name goes to the town, where the carrier reads it."""
    code = told.upper().removeprefix(f"{country}-")
    code = const.US_STATES.get(code, code) if country == "US" else code
    if not told or STATE_CODE.fullmatch(code):
        return code, city
    named = country not in const.VAT_COUNTRIES and told.lower() not in city.lower()
    return "", ", ".join(filter(None, (city, told))) if named or not city else city


def _billing(order: Reader, shipping: AddressDoc) -> AddressDoc:
    """Amazon tells who buys and not where they live: as a bill goes with the goods, their address is taken.

    The mail address is Amazon's own, which passes on what is written to it.
    """
    buyer = order.nested("buyer")
    return replace(
        shipping,
        name=buyer.text("buyerName") or shipping.name,
        company=buyer.text("buyerCompanyName") or shipping.company,
        email=buyer.text("buyerEmail"),
    )


def _note(order: Reader, programs: set[str]) -> str:
    wishes = order.nested("recipient").nested("deliveryPreference")
    said = [
        ("Purchase order", order.nested("buyer").text("buyerPurchaseOrderNumber")),
        ("Leave at", wishes.text("dropOffLocation")),
        ("Directions", wishes.text("addressInstruction")),
    ]
    for other in order.rows("associatedOrders", "Order"):
        exchange = other.text("associationType").upper().startswith("EXCHANGE")
        said.append(("Exchange for order" if exchange else "Replacement for order", other.text("orderId")))
    named = sorted(programs & {"PRIME", "AMAZON_BUSINESS", "PREMIUM", "PREORDER"})
    said.append(("Amazon", ", ".join(name.replace("_", " ").capitalize() for name in named)))
    return "\n".join(f"{label}: {text}" for label, text in said if text)


def _cancel_requested(order: Reader) -> str:
    """Why the buyer wants it called off, where they do and nobody has done it yet."""
    asked, rows = [], list(order.rows("orderItems", "Item"))
    for row in rows:
        cancellation = row.nested("cancellation")
        request = cancellation.nested("cancellationRequest")
        if request.fields and not cancellation.nested("cancellationExecution").fields:
            asked.append((row, request.text("cancelReason") or "the buyer gave no reason"))
    reasons = dict.fromkeys(reason for _row, reason in asked)
    if len(asked) == len(rows):
        return "; ".join(reasons)
    named = (f"{row.nested('product').text('title', 'sellerSku') or 'Item'}: {reason}" for row, reason in asked)
    return "; ".join(named)


# ---- Payment ----


def _is_cash_on_delivery(order: Reader) -> bool:
    return any(
        row.nested("fulfillment").nested("shipping").nested("shippingConstraints").text("cashOnDelivery")
        for row in order.rows("orderItems", "Item")
    )


def _executions(order: Reader) -> list[Reader]:
    return list(order.nested("payment").rows("paymentExecutions", "Payment"))


def _payment_method(order: Reader) -> str:
    return "+".join(dict.fromkeys(filter(None, (row.text("paymentMethod") for row in _executions(order)))))


def _payments(order: Reader, order_id: str, status: str, total: Decimal, moment: datetime) -> tuple[PaymentDoc, ...]:
    """Amazon holds the money of all that may be shipped, but for what a carrier collects.

    Cards for Amazon and its points are Amazon's own money: the merchant is paid all the same.
    """
    if status not in ("open", "fulfilled", "on_hold") or total <= 0:
        return ()
    collected, methods = ZERO, []
    for row in _executions(order):
        method = row.text("paymentMethod")
        if re.sub("[^A-Z]", "", method.upper()) in const.COLLECTED_BY_CARRIER:
            amount = proceeds.money(row, "paymentAmount")[0] if row.fields.get("paymentAmount") else total
            collected += amount
        elif method:
            methods.append(method)
    if collected >= total or (not methods and not collected and _is_cash_on_delivery(order)):
        return ()
    return (PaymentDoc(f"{order_id}-paid", total - collected, "+".join(dict.fromkeys(methods)) or const.LABEL, moment),)
