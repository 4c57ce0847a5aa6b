"""karrio's answers → ours. Pure: reads attributes, imports nothing of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ..base import (
    ZERO,
    Auth,
    CarrierError,
    RateQuote,
    Reject,
    Retry,
    ShipmentResult,
    TrackingEvent,
    TrackingUpdate,
    sentence,
)
from . import const

AUTH_WORDS = ("authenticat", "authoriz", "credential", "access token", "invalid token")
BUSY_CODES = ("408", "425", "429", "500", "502", "503", "504")


def money(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return ZERO
    return amount if amount.is_finite() else ZERO


def error_of(messages: Iterable[Any]) -> CarrierError:
    """What went wrong, from the messages that came instead of a result."""
    texts = [sentence(getattr(message, "message", "")) for message in messages]
    codes = [str(getattr(message, "code", "") or "") for message in messages]
    text = "; ".join(filter(None, dict.fromkeys(texts))) or "no reason given"
    if const.GUARDED in text:
        return Reject(text[text.index(const.GUARDED) :], "refused")
    if not codes or any(code in const.INTERNAL_CODES for code in codes):
        # karrio stumbled, perhaps over the answer: the carrier may have done what was asked.
        return Retry(f"The carrier's answer was lost or not understood: {text}", code="karrio")
    if any(code in BUSY_CODES for code in codes):
        return Retry(f"The carrier is busy or down: {text}", code=codes[0])
    if any(code in ("401", "403", "250002", "250003") for code in codes) or any(
        word in text.lower() for word in AUTH_WORDS
    ):
        return Auth(f"The carrier does not accept our account: {text}", codes[0] if codes else "")
    return Reject(f"The carrier refuses: {text}", codes[0] if codes else "")


def quotes(rates: Iterable[Any]) -> tuple[RateQuote, ...]:
    return tuple(
        RateQuote(
            str(rate.service),
            str((rate.meta or {}).get("service_name") or rate.service).replace("_", " "),
            money(rate.total_charge),
            str(rate.currency or ""),
            rate.transit_days,
        )
        for rate in rates
        if money(rate.total_charge) > 0
    )


def charge(network: str, answers: Iterable[Any]) -> tuple[Decimal, str]:
    """What was charged for a shipment, and its currency, from the carrier's own answers; nothing where they do not say.

    >>> charge("ups", [{"ShipmentResponse": {"ShipmentResults": {"ShipmentCharges": {
    ...     "TotalCharges": {"MonetaryValue": "12.40", "CurrencyCode": "EUR"}}}}}])
    (Decimal('12.40'), 'EUR')
    """
    amount, currency = const.CHARGE_KEYS.get(network, ("", ""))
    for answer in answers:
        for path in const.CHARGES.get(network, ()):
            place = answer
            for step in path:
                place = place.get(step) if isinstance(place, dict) else None
            if isinstance(place, dict) and place.get(currency):
                return money(place.get(amount)), str(place[currency])
    return ZERO, ""


def shipment(found: Any, wanted_format: str, charged: tuple[Decimal, str] = (ZERO, "")) -> ShipmentResult:
    """
    :param charged: what the carrier's answer says that it costs, see :func:`charge`.
    :raise Retry: when the answer has no number: it may have been made all the same.
    """
    number = str(found.tracking_number or "")
    if not number:
        raise Retry("The carrier answered without a number.", code="no_number")
    encoded = getattr(found.docs, "label", "") or ""
    try:
        label = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        label = b""
    kind = str(found.label_type or wanted_format).lower()
    selected = found.selected_rate
    cost, currency = (money(selected.total_charge), str(selected.currency or "")) if selected else charged
    return ShipmentResult(
        carrier_ref=str(found.shipment_identifier or number),
        tracking_number=number,
        tracking_url=str((found.meta or {}).get("carrier_tracking_link") or ""),
        cost=cost,
        currency=currency,
        service_code=str(selected.service or "") if selected else "",
        label=label,
        label_format={"pdf": "pdf", "zpl": "zpl", "png": "png"}.get(kind, wanted_format),
        warning="" if label else "The carrier gave no label.",
    )


def moment(day: Any, time: Any) -> datetime | None:
    for words in (f"{day} {time}", f"{day}"):
        for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"):
            try:
                return datetime.strptime(words.strip(), form)
            except ValueError:
                continue
    return None


def iso(value: Any) -> datetime | None:
    """The local time of the place, as carriers tell it; which zone it is in, most do not say."""
    try:
        return datetime.fromisoformat(str(value).replace("Z", "")).replace(tzinfo=None)
    except ValueError:
        return None


def tracking(found: Any) -> TrackingUpdate:
    events = []
    for event in found.events or []:
        at = iso(getattr(event, "timestamp", None)) or moment(event.date, event.time)
        if at:
            state = const.STATES.get(str(getattr(event, "status", "") or ""), "")
            events.append(
                TrackingEvent(at, state, str(event.code or ""), sentence(event.description), sentence(event.location))
            )
    overall = const.STATES.get(str(found.status or ""), "")
    if events and overall and not any(event.state == overall for event in events):
        # Some carriers tell the state of the parcel only, not of each scan: it is the state of the latest one.
        newest = max(range(len(events)), key=lambda place: events[place].at)
        last = events[newest]
        if not last.state:
            events[newest] = TrackingEvent(last.at, overall, last.code, last.text, last.location)
    return TrackingUpdate(str(found.tracking_number), tuple(events), moment(found.estimated_delivery, ""))
