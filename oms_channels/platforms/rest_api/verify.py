"""Who sent this, and what is it about? Over raw headers and bytes, before anything is believed.

Signed is ``method``, path with query, timestamp and body, each on a line of its own but the body, which comes last as it is::

    HMAC-SHA256(secret, "POST\\n/oms/api/1/orders\\n1772445600\\n" + body)

Method and path come among the headers under names that no header can have; where they are absent, an order was posted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from ...domain.adapter import Event, header
from ...domain.reader import clean
from ...domain.signature import sign_hex, verify_hex
from . import const

KEY_TEXT_MAX = 150


def signature(secret: str, method: str, path: str, timestamp: str, body: bytes) -> str:
    """The signature of a request or an event, as hexadecimal text."""
    return sign_hex(secret, _signed(method, path, timestamp, body))


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether who knows ``secret`` sent this. Never raises. How old it is, :func:`is_fresh` tells."""
    method = header(headers, const.PSEUDO_METHOD) or "POST"
    path = header(headers, const.PSEUDO_PATH) or const.ORDERS_PATH
    message = _signed(method, path, header(headers, const.HEADER_TIMESTAMP), body)
    return verify_hex(secret, message, header(headers, const.HEADER_SIGNATURE))


def is_fresh(headers: Mapping[str, str], now: float) -> bool:
    """Whether a request says that it was signed within some minutes of ``now`` (seconds since 1970)."""
    text = header(headers, const.HEADER_TIMESTAMP)
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        return False
    return abs(int(text) - now) <= const.TIMESTAMP_WINDOW_S


def is_bearer(headers: Mapping[str, str], secret: str) -> bool:
    """Whether a request carries the secret itself, as services do that cannot sign. An empty secret lets nobody in."""
    scheme, _blank, given = header(headers, "Authorization").partition(" ")
    given = given.strip().encode("utf-8", "replace")
    return bool(secret) and scheme.lower() == "bearer" and hmac.compare_digest(given, secret.encode())


def read_event(headers: Mapping[str, str], body: bytes) -> Event:
    """What a delivery is about: an order; its key is made of its id and its content, however that is spelled."""
    payload, digest = _load(body)
    if not digest or not _plain(payload.get("id")):
        return Event("order", f"raw:{hashlib.sha256(body).hexdigest()}")
    return Event("order", f"{order_key(payload['id'])}{digest}")


def order_key(order_ref: Any) -> str:
    """How the keys of all states of an order begin."""
    name = _plain(order_ref)
    if len(name) > KEY_TEXT_MAX:
        name = hashlib.sha256(name.encode()).hexdigest()
    return f"order:{name}:"


def digest_of(payload: Any) -> str:
    """Of the content, not of its spelling; empty where it has none."""
    try:
        return hashlib.sha256(json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:24]
    except (ValueError, TypeError, RecursionError):
        return ""


def _signed(method: str, path: str, timestamp: str, body: bytes) -> bytes:
    return f"{method.upper()}\n{path}\n{timestamp}\n".encode("utf-8", "replace") + body


def _plain(value: Any) -> str:
    """An id as the parser reads it; empty for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return clean(value) if isinstance(value, str) else str(value)[:400]


def _load(body: bytes) -> tuple[dict[str, Any], str]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}, ""
    return (payload, digest_of(payload)) if isinstance(payload, dict) else ({}, "")
