"""EasyParcel's answers → ours. Pure. Lenient about shapes, strict about money: an amount that is no number is no amount."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from ..base import ZERO, RateQuote, Reject, Retry, ShipmentResult, TrackingEvent, TrackingUpdate, sentence
from . import const

LIST_KEYS = ("shipment", "shipments", "list", "results", "tracking", "quotations", "cancel_list")
SUCCESS = {"success", "true", "ok", "1", "200"}
REFERENCES_MAX = 50


def data_of(answer: Any) -> Any:
    """What is in the envelope."""
    if not isinstance(answer, dict) or "data" not in answer:
        # 200 with something else than an envelope: nobody can say what happened.
        raise Retry("EasyParcel answered with something that is no answer.", code="envelope")
    code = str(answer.get("status_code", 200))
    if code.startswith("5"):
        raise Retry(f"EasyParcel is down ({code}).", code=code)
    if not code.startswith("2"):
        raise Reject(f"EasyParcel refuses: {sentence(answer.get('message')) or code}", code)
    return answer["data"]


def items_of(data: Any) -> list[dict[str, Any]]:
    """The rows of a batch, whatever the list is called."""
    if isinstance(data, dict):
        for key in LIST_KEYS:
            if isinstance(data.get(key), list):
                data = data[key]
                break
        else:
            data = [data]
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def is_success(row: dict[str, Any]) -> bool:
    return "status" not in row or str(row["status"]).strip().lower() in SUCCESS


def failure(row: dict[str, Any]) -> str:
    text = row.get("message") or row.get("remark") or row.get("error") or row.get("errors") or "no reason given"
    return sentence(text if isinstance(text, str) else json.dumps(text))


def money(value: Any) -> Decimal | None:
    try:
        amount = Decimal(str(value).replace(",", ""))
    except (InvalidOperation, ValueError):
        return None
    return amount if amount.is_finite() else None


def moment(value: Any) -> datetime | None:
    """Naive UTC, from a moment with or without an offset."""
    if not value:
        return None
    try:
        found = datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone(timedelta(hours=const.LOCAL_OFFSET_H)))
    return found.astimezone(timezone.utc).replace(tzinfo=None)


def days(value: Any) -> int | None:
    """Working days out of "1-3 working days" or 2 or null: the larger number counts as the promise."""
    numbers = [int(text) for text in re.findall(r"\d{1,3}", str(value if value is not None else ""))]
    return max(numbers, default=None)


def quotes(answer: Any) -> tuple[RateQuote, ...]:
    found: list[RateQuote] = []
    refused: list[str] = []
    for row in items_of(data_of(answer)):
        if not is_success(row):
            refused.append(failure(row))
            continue
        offers = row.get("quotations") if isinstance(row.get("quotations"), list) else [row]
        for offer in offers:
            courier, pricing = offer.get("courier") or {}, offer.get("pricing") or {}
            price = money(pricing.get("total_amount"))
            if not courier.get("service_id") or price is None or price < 0:
                continue
            found.append(
                RateQuote(
                    str(courier["service_id"]),
                    sentence(courier.get("service_name") or courier["service_id"]),
                    price,
                    str(pricing.get("currency") or ""),
                    days(courier.get("delivery_duration")),
                )
            )
    if not found:
        raise Reject(f"EasyParcel offers no service: {'; '.join(refused) or 'none fits this parcel and address'}")
    return tuple(found)


def shipment(row: dict[str, Any]) -> ShipmentResult:
    """A shipment as ``submit_orders``, ``details`` and ``list`` show it. Its number may be missing: it comes later."""
    pricing = next((row[key] for key in ("pricing", "price", "price_breakdown") if isinstance(row.get(key), dict)), row)
    cost = next(
        (amount for key in ("total_amount", "total", "amount") if (amount := money(pricing.get(key))) is not None), ZERO
    )
    courier = row.get("courier") if isinstance(row.get("courier"), dict) else row
    return ShipmentResult(
        carrier_ref=str(row.get("shipment_number") or ""),
        tracking_number=str(row.get("awb_number") or ""),
        tracking_url=str(row.get("tracking_url") or ""),
        cost=cost,
        currency=str(pricing.get("currency") or pricing.get("currency_code") or ""),
        service_code=str(courier.get("service_id") or ""),
        service_name=sentence(courier.get("service_name")),
    )


def booked(answer: Any) -> tuple[ShipmentResult, str]:
    """``(shipment, address of its label)`` of the one that was submitted."""
    rows = items_of(data_of(answer))
    if not rows:
        raise Retry("EasyParcel answered without saying what it did with the shipment.", code="empty")
    row = rows[0]
    if not is_success(row):
        raise Reject(f"EasyParcel did not book the shipment: {failure(row)}", str(row.get("code") or ""))
    result = shipment(row)
    if not result.carrier_ref:
        raise Retry("EasyParcel answered without a shipment number.", code="no_number")
    return result, str(row.get("awb_url") or "")


def is_cancelled(row: dict[str, Any]) -> bool:
    return const.SHIPMENT_STATES.get(str(row.get("latest_shipment_status_code", row.get("status_code")))) == "cancelled"


def cancelled(answer: Any) -> None:
    """:raise Reject: when the shipment was not cancelled; that it is cancelled already is as good."""
    for row in items_of(data_of(answer)):
        if not is_success(row) and "already cancel" not in failure(row).lower():
            raise Reject(f"EasyParcel does not cancel the shipment: {failure(row)}")


def _events(row: dict[str, Any], states: dict[str, str]) -> Iterator[TrackingEvent]:
    log = row.get("status_log")
    for entry in log if isinstance(log, list) else []:
        if not isinstance(entry, dict):
            continue
        code = str(entry.get("status_code", entry.get("shipment_status_code", "")))
        at = moment(entry.get("event_date") or entry.get("date") or entry.get("timestamp"))
        if at:
            text = sentence(entry.get("status") or entry.get("description") or entry.get("remark"))
            yield TrackingEvent(at, states.get(code, ""), code, text, sentence(entry.get("location")))


def _update(row: dict[str, Any], states: dict[str, str]) -> TrackingUpdate:
    events = list(_events(row, states))
    code = str(row.get("latest_shipment_status_code", row.get("latest_status_code", "")))
    at = moment(row.get("latest_update") or row.get("timestamp") or row.get("updated_at"))
    if at and code in states and not any(event.state == states[code] for event in events):
        events.append(TrackingEvent(at, states[code], code, sentence(row.get("latest_status"))))
    return TrackingUpdate(
        str(row.get("awb_number") or ""),
        tuple(events),
        moment(row.get("estimated_delivery_date")),
        str(row.get("shipment_number") or ""),
        str(row.get("tracking_url") or ""),
    )


def tracking(answer: Any) -> tuple[TrackingUpdate, ...]:
    """``shipment/tracking_status``: numbers that failed are left out, the others count."""
    return tuple(
        _update(row, const.TRACKING_STATES)
        for row in items_of(data_of(answer))
        if is_success(row) and row.get("awb_number")
    )


def details(answer: Any) -> tuple[TrackingUpdate, ShipmentResult, str]:
    rows = items_of(data_of(answer))
    if not rows or not is_success(rows[0]):
        raise Reject(f"EasyParcel does not know the shipment: {failure(rows[0]) if rows else 'empty answer'}")
    return _update(rows[0], const.SHIPMENT_STATES), shipment(rows[0]), str(rows[0].get("awb_url") or "")


def balance(answer: Any) -> dict[str, Decimal]:
    """``{currency: what can be spent}``."""
    found: dict[str, Decimal] = {}
    for row in items_of(data_of(answer)):
        wallets = row.get("wallet") if isinstance(row.get("wallet"), list) else [row]
        for wallet in wallets:
            amount = money(wallet.get("balance"))
            if amount is not None:
                currency = str(wallet.get("currency") or wallet.get("currency_code") or "")
                found[currency] = found.get(currency, ZERO) + amount
    return found


def webhook_references(body: bytes) -> tuple[str, ...]:
    """The shipment numbers that a delivery mentions. Repeated keys, a wrong topic, lists or single objects: whatever.

    Nothing else of it is used: nobody signs these deliveries.
    """
    pairs: list[str] = []

    def collect(entries: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs.extend(str(value) for key, value in entries if key == "shipment_number" and isinstance(value, str))
        return dict(entries)

    try:
        json.loads(body, object_pairs_hook=collect)
    except (ValueError, RecursionError):
        return ()
    return tuple(dict.fromkeys(text[:64] for text in pairs if re.fullmatch(r"[\w-]{4,64}", text)))[:REFERENCES_MAX]
