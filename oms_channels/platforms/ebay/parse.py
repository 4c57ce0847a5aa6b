"""eBay's orders (Fulfillment API v1) → canonical documents. Pure; the same bytes always give the same document.

What is peculiar:

* Money: see :mod:`.money` and :mod:`.refunds`.
* The address to ship to may be a hub of eBay's (Authenticity Guarantee, International Shipping, Global Shipping Programme) or
  a shop where the buyer collects (Click & Collect). It is where the parcel goes all the same.
* Some ninety days after delivery name, street, phone and mail address vanish.
* Who wants an order cancelled is told by ``getOrder`` only; a list of orders leaves ``cancelRequests`` empty.
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
    PaymentDoc,
    Problem,
)

from ...domain import told as telling
from ...domain.adapter import Gone, Reject
from ...domain.reader import Reader
from . import const, money, returns
from .refunds import refunds

#: For an order that does not say when it changed: older than any that does, so it never replaces one.
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
STATE_CODE = re.compile(r"[A-Z0-9]{1,3}")
EMPTY = Reader({}, "", [])


def body(kind: str, raw: bytes) -> OrderDoc | CancelDoc | telling.ToldReturn:
    """The document in a message of ``kind``.

    :raises Gone: for an order that eBay ships itself.
    :raises Reject: if it is not JSON, not an order, or of a kind that has no document.
    """
    try:
        payload = json.loads(raw, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Reject("eBay sent something that is not JSON. Try again later.") from None
    if kind == "order":
        return order(payload)
    if kind == telling.RETURN:
        return returns.told(raw)
    raise Reject(f"A message of the kind “{kind}” holds nothing to import.")


def order(payload: Any) -> OrderDoc:
    """An order. What is odd about it is among its problems."""
    if not isinstance(payload, Mapping):
        raise Reject("eBay sent JSON that is not an order. Try again later.")
    if "errors" in payload and "orderId" not in payload:
        said = next((row.text("longMessage", "message") for row in Reader(payload, "", []).rows("errors", "Error")), "")
        raise Reject(f"eBay sent an error instead of an order: {said or 'without a reason'}.")
    problems: list[Problem] = []
    reader = Reader(payload, f"Order {Reader(payload, '', []).text('orderId')}".strip(), problems)
    program = reader.nested("program")
    if program.nested("fulfillmentProgram").text("fulfilledBy").upper() == "EBAY":
        raise Gone(f"eBay ships order {reader.text('orderId')} from its own warehouse. There is nothing to do.")
    return _document(reader, program, problems)


def _document(order: Reader, program: Reader, problems: list[Problem]) -> OrderDoc:
    order_id = order.identifier("orderId")
    pricing = order.nested("pricingSummary")
    currency = pricing.nested("total").text("currency").upper()
    step = money.step_of(currency)
    status = _status(order)
    rows = list(order.rows("lineItems", "Line"))
    instruction = next(iter(order.rows("fulfillmentStartInstructions", "Delivery")), EMPTY)
    shipping_step = instruction.nested("shippingStep")
    ship_to = shipping_step.nested("shipTo")
    how = instruction.text("fulfillmentInstructionsType").upper()
    shipping = _address(ship_to, shipping_step.text("shipToReferenceId"))
    told = pricing.nested("total").number("value") if pricing.fields else ZERO
    charges, extra = _charges(order, pricing, rows, order_id, currency)
    total, included, charges = money.settle(charges, extra, told)
    vat, country = _included_vat(order, rows, charges, shipping, status)
    lines = money.lines(charges, included, vat, country, step)
    ordered_at = _required_moment(order, "creationDate")
    is_pickup = how == "PREPARE_FOR_PICKUP"
    return OrderDoc(
        external_id=order_id,
        number=order_id,
        status=status,
        channel_status=", ".join(
            filter(None, (order.text("orderPaymentStatus"), order.text("orderFulfillmentStatus"), _cancel_state(order)))
        ),
        currency=currency,
        total=total,
        lines=lines,
        ordered_at=ordered_at,
        updated_at=_required_moment(order, "lastModifiedDate"),
        billing=_billing(order, shipping),
        shipping=AddressDoc() if is_pickup else shipping,
        customer_ref=order.nested("buyer").text("username"),
        payments=_payments(order, order_id, total, ordered_at),
        refunds=refunds(order, order_id, currency, total, lines, step),
        payment_method=_payment(order).text("paymentMethod"),
        shipping_method=shipping_step.text("shippingServiceCode"),
        note=_note(order, program, instruction, shipping_step),
        delivery_method="pickup" if is_pickup else "",
        pickup_ref=instruction.nested("pickupStep").text("merchantLocationKey") if is_pickup else "",
        ship_by=_earliest(rows, "shipByDate"),
        deliver_by=instruction.moment("maxEstimatedDeliveryDate") or _earliest(rows, "maxEstimatedDeliveryDate"),
        cancel_requested=_cancel_requested(order, status),
        # A field that is read twice is wrong twice; last, when everything has been read.
        parse_problems=tuple(dict.fromkeys(problems)),
    )


def _status(order: Reader) -> str:
    payment, state = order.text("orderPaymentStatus").upper(), _cancel_state(order)
    fulfilment = order.text("orderFulfillmentStatus").upper()
    for told, known in (
        (payment, const.PAID | const.UNPAID),
        (fulfilment, const.FULFILMENT_STATUSES),
        (state, const.CANCEL_STATES),
    ):
        if told not in known:
            order.problems.append(
                Problem(
                    "unknown_status",
                    f"{order.label}: the status “{told[:40]}” is new. Look at the order in Seller Hub, and release it here "
                    "when it may be shipped.",
                )
            )
            return "on_hold"
    if state == "CANCELED":
        return "cancelled"
    if payment in const.UNPAID:
        return "awaiting_payment"
    if fulfilment == "FULFILLED":
        return "fulfilled"
    return "cancelled" if payment == "FULLY_REFUNDED" else "open"


def _cancel_state(order: Reader) -> str:
    state = order.nested("cancelStatus").text("cancelState").upper()
    return "" if state == "NONE_REQUESTED" else state


def _cancel_requested(order: Reader, status: str) -> str:
    """Why somebody wants the order called off, where that is not decided yet."""
    if status == "cancelled" or _cancel_state(order) != "IN_PROGRESS":
        return ""
    for request in order.nested("cancelStatus").rows("cancelRequests", "Cancellation"):
        if request.text("cancelRequestState").upper() in ("", "REQUESTED", "PENDING"):
            code = request.text("cancelReason").upper()
            reason = const.CANCEL_REASONS.get(code, code.replace("_", " ").lower()) or "no reason given"
            by_seller = request.text("cancelInitiator").upper() == "SELLER"
            return f"being cancelled in Seller Hub: {reason}" if by_seller else reason
    return "a cancellation is under way at eBay"


def _required_moment(order: Reader, key: str) -> datetime:
    moment = order.moment(key)
    if not moment:
        order.complain("bad_date", f"“{key}” is missing or no date")
    return moment or EPOCH


def _earliest(rows: Sequence[Reader], key: str) -> datetime | None:
    moments = (row.nested("lineItemFulfillmentInstructions").moment(key) for row in rows)
    return min(filter(None, moments), default=None)


# ---- Money and lines ----


def _charges(
    order: Reader, pricing: Reader, rows: Sequence[Reader], order_id: str, currency: str
) -> tuple[list[money.Charge], list[money.Charge]]:
    """(what is charged for certain, what may be besides)."""
    named = any(row.fields.get("ebayCollectAndRemitTaxes") for row in rows)
    flagged = order.fields.get("ebayCollectAndRemitTax") is True and not named
    charges, fees, extra = [], [], []
    for row in rows:
        charge = _product(row, currency)
        charges.append(charge)
        for kind, fee in money.line_taxes(row, flagged, currency, charge):
            name = kind.replace("_", " ").capitalize()
            fees.append(money.Charge(f"{charge.external_id}-{kind.lower()}", "fee", name, fee, fee))
        extra += _import_charges(row, charge.external_id, currency)
    discount = money.amount(pricing, "priceDiscount", currency) or money.amount(
        pricing, "priceDiscountSubtotal", currency
    )
    given = sum((charge.gross - charge.subtotal for charge in charges), ZERO)
    if discount < given:
        rest = discount - given
        charges.append(money.Charge(f"{order_id}-discount", "discount", "Discount", rest, rest))
    charges += fees
    delivery = money.amount(pricing, "deliveryCost", currency)
    off = money.amount(pricing, "deliveryDiscount", currency)
    if delivery or off:
        charges.append(money.Charge(f"{order_id}-shipping", "shipping", "Shipping", delivery + off, delivery))
    fee = money.amount(pricing, "fee", currency) - sum((charge.gross for charge in fees), ZERO)
    if fee > 0:
        charges.append(money.Charge(f"{order_id}-fee", "fee", "Fee", fee, fee))
    adjustment = money.amount(pricing, "adjustment", currency)
    if adjustment:
        kind = "fee" if adjustment > 0 else "discount"
        charges.append(money.Charge(f"{order_id}-adjustment", kind, "Adjustment", adjustment, adjustment))
    return charges, extra


def _product(row: Reader, currency: str) -> money.Charge:
    line_id = row.identifier("lineItemId")
    if not line_id:
        row.complain("bad_line", "it has no id")
    if not row.nested("lineItemCost").fields:
        row.complain("bad_amount", "“lineItemCost” is missing")
    cost = money.amount(row, "lineItemCost", currency)
    discounted = row.nested("discountedLineItemCost").fields
    sku = row.text("sku")
    return money.Charge(
        external_id=line_id,
        kind="gift_card" if row.nested("giftDetails").fields else "product",
        name=row.text("title", "sku", "legacyItemId") or "Product",
        gross=money.amount(row, "discountedLineItemCost", currency) if discounted else cost,
        subtotal=cost,
        quantity=row.number("quantity"),
        sku=sku,
        # A listing without an SKU is known by its number; of one with variations by that of the variation.
        product_ref=sku or row.identifier("legacyVariationId", "legacyItemId"),
        note=_line_note(row),
        delivery=money.amount(row.nested("deliveryCost"), "shippingCost", currency),
    )


def _import_charges(row: Reader, line_id: str, currency: str) -> list[money.Charge]:
    """Of the Global Shipping Programme: customs and what its operator takes, which the total may hold or not."""
    costs = row.nested("deliveryCost")
    found = (
        ("importCharges", "duty", "Import charges"),
        ("shippingIntermediationFee", "fee", "Handling of the international shipping"),
    )
    amounts = ((kind, name, key, money.amount(costs, key, currency)) for key, kind, name in found)
    return [money.Charge(f"{line_id}-{key}", kind, name, value, value) for kind, name, key, value in amounts if value]


def _line_note(row: Reader) -> str:
    """What was chosen and what has to be known to send it, one thing a line."""
    chosen = [
        (aspect.text("name"), aspect.text("value"))
        for key in ("variationAspects", "compatibilityProperties")
        if row.fields.get(key)
        for aspect in row.rows(key, "Choice")
    ]
    gift = row.nested("giftDetails")
    if gift.fields:
        chosen += [
            ("Gift card for", gift.text("recipientEmail")),
            ("From", gift.text("senderName")),
            ("Message", gift.text("message")),
        ]
    if row.fields.get("ebayCollectAndRemitTaxes"):
        for tax in row.rows("ebayCollectAndRemitTaxes", "Tax"):
            reference = tax.nested("ebayReference")
            chosen.append((f"{reference.text('name')} number for the customs declaration", reference.text("value")))
    return "\n".join(f"{name}: {value}" for name, value in chosen if name and value)


def _included_vat(
    order: Reader, rows: Sequence[Reader], charges: Sequence[money.Charge], shipping: AddressDoc, status: str
) -> tuple[Decimal | None, str]:
    """(percent of the VAT inside the prices, its country), where eBay says nothing about it."""
    site = const.MARKETPLACES.get(next((row.text("listingMarketplaceId", "purchaseMarketplaceId") for row in rows), ""))
    if site is None or site.country not in const.VAT_COUNTRIES or any(line.own or line.remitted for line in charges):
        return None, ""
    to = shipping.country_code or site.country
    if to != site.country and not {to, site.country} <= const.EU:
        return None, ""  # an export
    rates = money.included_rates(order)
    for country in (to, site.country):
        if country in rates:
            return rates[country], country
    if status != "cancelled" and any(charge.gross for charge in charges):
        order.problems.append(
            Problem(
                "unknown_tax",
                f"{order.label}: eBay does not tell the VAT in the prices. Enter the taxes of the lines, then release. Where "
                "all goods have one rate, enter it in the channel, and it is taken out of the prices of new orders.",
            )
        )
    return None, ""


# ---- People ----


def _address(contact: Reader, reference: str = "") -> AddressDoc:
    address = contact.nested("contactAddress")
    country = address.text("countryCode").upper()
    country = const.COUNTRIES.get(country, country)
    state, city = address.text("stateOrProvince"), address.text("city")
    code = state.upper().removeprefix(f"{country}-")
    if state and not STATE_CODE.fullmatch(code):
        # A county or state by its name: the carrier reads it beside the town; within Europe it is not needed.
        needed = country not in const.VAT_COUNTRIES and state.lower() not in city.lower()
        city = ", ".join(filter(None, (city, state))) if needed else city or state
        code = ""
    second = address.text("addressLine2")
    # At a place of collection the parcel is known by this.
    extra = reference if reference and reference not in second else ""
    return AddressDoc(
        name=contact.text("fullName"),
        company=contact.text("companyName"),
        street=address.text("addressLine1"),
        street2=", ".join(filter(None, (second, extra))),
        city=city,
        zip=address.text("postalCode"),
        state_code=code,
        country_code=country,
        email=contact.text("email"),
        phone=contact.nested("primaryPhone").text("phoneNumber"),
    )


def _billing(order: Reader, shipping: AddressDoc) -> AddressDoc:
    """Where the buyer is registered with eBay, if it tells; else where the goods go. The mail address is eBay's own, which
    passes on what is written to it."""
    registered = _address(order.nested("buyer").nested("buyerRegistrationAddress"))
    if not registered.country_code:
        return shipping
    return replace(registered, email=registered.email or shipping.email, phone=registered.phone or shipping.phone)


def _note(order: Reader, program: Reader, instruction: Reader, shipping_step: Reader) -> str:
    """What the buyer wrote and where the goods go. Buyers may get to read it: nothing of eBay's fees."""
    said = []
    checked = program.nested("authenticityVerification")
    if checked.fields:
        outcome = checked.text("status").replace("_", " ").lower()
        said.append(("Authenticity Guarantee", f"goes to eBay's authenticator{f' ({outcome})' if outcome else ''}"))
    final = instruction.nested("finalDestinationAddress").text("countryCode").upper()
    final = const.COUNTRIES.get(final, final)
    if program.nested("ebayInternationalShipping").fields or instruction.fields.get("ebaySupportedFulfillment") is True:
        said.append(("International shipping by eBay", f"goes to eBay's hub{f', then to {final}' if final else ''}"))
    reference = shipping_step.text("shipToReferenceId")
    said.append(("Reference at the place of delivery", reference))
    tax_id = order.nested("buyer").nested("taxIdentifier")
    said.append((f"Tax number of the buyer ({tax_id.text('taxIdentifierType') or '?'})", tax_id.text("taxpayerId")))
    notes = [f"{label}: {text}" for label, text in said if text]
    return "\n".join(filter(None, (order.text("buyerCheckoutNotes"), *notes)))


# ---- Payment ----


def _payment(order: Reader) -> Reader:
    return next(iter(order.nested("paymentSummary").rows("payments", "Payment")), EMPTY)


def _payments(order: Reader, order_id: str, total: Decimal, ordered_at: datetime) -> tuple[PaymentDoc, ...]:
    """What the buyer has paid: the whole total, once it is paid. The amounts among ``payments`` are less eBay's fees."""
    if order.text("orderPaymentStatus").upper() not in const.PAID or total <= 0:
        return ()
    payment = _payment(order)
    return (
        PaymentDoc(
            # Not eBay's reference, which may come later: the same payment would become another one.
            external_id=f"{order_id}-paid",
            amount=total,
            method=payment.text("paymentMethod") or const.LABEL,
            paid_at=payment.moment("paymentDate") or ordered_at,
            reference=payment.text("paymentReferenceId"),
        ),
    )
