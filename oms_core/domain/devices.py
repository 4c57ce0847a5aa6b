"""What a device says about stock, read and judged: nothing of it is believed before it makes sense."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

#: Signed requests are good for so long, before and after their time.
TOLERANCE = timedelta(minutes=5)

#: Events are about now. Older ones are kept and change nothing, because the shelf has changed since.
EVENT_AGE_MAX = timedelta(hours=24)

#: Clocks of devices go wrong by so much.
CLOCK_SKEW_MAX = timedelta(minutes=5)

#: No shelf has more; a larger number is a fault of the device.
QUANTITY_MAX = Decimal(1_000_000)

KEY_MAX_CHARS = 128
KINDS = ("count", "movement", "weight")


@dataclass(frozen=True, slots=True)
class Reading:
    """One event of a device.

    :param quantity: counted pieces, or pieces added (taken: below zero), or grams on the scale.
    :param product: SKU or barcode; empty: the product of the device's shelf.
    """

    key: str
    kind: str
    quantity: Decimal
    at: datetime
    product: str = ""


class Unreadable(ValueError):
    """What came is no event. The text says why."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a request: HMAC-SHA256 over time, a full stop and the body as sent, in hexadecimal digits.

    >>> sign("secret", "1772445600", b"{}")[:8]
    'd916fa65'
    """
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(secret: str, timestamp: str, body: bytes, signature: str, now: datetime) -> bool:
    """Whether a signature is right and of now: an old request sent again by somebody else is not."""
    try:
        at = datetime.fromtimestamp(int(timestamp), timezone.utc)
        given = signature.encode("ascii")
    except (ValueError, OverflowError, OSError):
        return False
    right = hmac.compare_digest(sign(secret, timestamp, body).encode(), given.lower())
    return right and abs(now - at) <= TOLERANCE


def read(entry: object, now: datetime) -> Reading:
    """
    >>> now = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
    >>> read({"id": "7", "kind": "count", "quantity": 3}, now).quantity
    Decimal('3')
    """
    if not isinstance(entry, Mapping):
        raise Unreadable("An event is an object with id, kind and quantity.")
    key = entry.get("id")
    if isinstance(key, bool) or not isinstance(key, (str, int)) or not str(key).strip():
        raise Unreadable("An event needs an id, so that it is counted once.")
    key = str(key).strip()
    if len(key) > KEY_MAX_CHARS or not key.isprintable():
        raise Unreadable(f"The id of an event has up to {KEY_MAX_CHARS} printable characters.")
    kind = entry.get("kind")
    if kind not in KINDS:
        raise Unreadable(f"The kind of an event is one of {', '.join(KINDS)}.")
    product = entry.get("product", "")
    if not isinstance(product, str) or len(product) > KEY_MAX_CHARS or not (product.isprintable() or not product):
        raise Unreadable("The product is a SKU or barcode.")
    return Reading(key, kind, _number(entry.get("quantity")), _moment(entry.get("at"), now), product.strip())


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or len(str(value)) > 40:
        raise Unreadable("The quantity is a number.")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Unreadable("The quantity is a number.") from None
    # Larger or smaller exponents than these could not even be compared.
    if not number.is_finite() or (number and not -12 <= number.adjusted() <= 30):
        raise Unreadable("The quantity is a number.")
    return number or Decimal(0)


def _moment(value: object, now: datetime) -> datetime:
    if value is None:
        return now
    try:
        at = datetime.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise Unreadable("The time of an event is written as in 2026-03-02T10:00:00+00:00.") from None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (OverflowError, ValueError):
        raise Unreadable("The time of an event is out of all range.") from None


def pieces(grams: Decimal, grams_each: Decimal, tolerance_percent: Decimal) -> Decimal | None:
    """How many pieces lie on a scale; nothing when the weight is between two numbers of pieces by more than tolerated.

    >>> pieces(Decimal(1490), Decimal(500), Decimal(5))
    Decimal('3')
    >>> pieces(Decimal(1250), Decimal(500), Decimal(5)) is None
    True
    """
    if grams_each <= 0:
        return None
    number = (grams / grams_each).to_integral_value()
    return number if abs(grams - number * grams_each) * 100 <= grams_each * tolerance_percent else None


def judge(reading: Reading, now: datetime, before: datetime | None) -> str | None:
    """Why a reading cannot be believed, as a code; nothing when it can.

    :param before: of what moment the last reading of the same shelf was that was applied.
    """
    if abs(reading.quantity) > QUANTITY_MAX:
        return "absurd"
    if reading.kind != "movement" and reading.quantity < 0:
        return "negative"
    if now - reading.at > EVENT_AGE_MAX:
        return "old"
    if reading.at - now > CLOCK_SKEW_MAX:
        return "future"
    if reading.kind != "movement" and before is not None and reading.at < before:
        return "overtaken"
    return None
