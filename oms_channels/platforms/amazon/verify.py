"""What is a message about, and who sent it? Amazon itself sends none: orders are polled.

``ORDER_CHANGE`` notifications reach queues of AWS only. Who reads such a queue may post each message as it is to the channel's
address, with ``X-Oms-Signature``: HMAC-SHA256 of the body under the channel's secret, in hexadecimal.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ...domain.adapter import Event, header
from ...domain.signature import verify_hex
from . import const

HEADER_SIGNATURE = "X-Oms-Signature"
NOTIFICATION_TYPE = "ORDER_CHANGE"
ORDER_ID = re.compile(const.ORDER_ID)
UNFIT_FOR_KEYS = re.compile(r"[^0-9A-Za-z.:+-]")
#: Whom an order is for vanishes some time after it was delivered; the order is the same.
PERSONAL = frozenset({"buyer", "recipient"})


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether the forwarder that knows ``secret`` sent this."""
    return verify_hex(secret, body, header(headers, HEADER_SIGNATURE))


def read_event(headers: Mapping[str, str], body: bytes) -> Event:
    """What a message is about; never raises. An order that was polled comes without headers."""
    payload = _load(body)
    if "NotificationType" in payload or "notificationType" in payload:
        return _notification(payload, body)
    order_id = payload.get("orderId")
    order_id = order_id if isinstance(order_id, str) else ""
    digest = _digest(payload)
    if not ORDER_ID.fullmatch(order_id) or not digest:
        return Event("order", f"raw:{hashlib.sha256(body).hexdigest()}")
    # The time alone is not enough: it counts seconds, and two changes may fall into one.
    moment = UNFIT_FOR_KEYS.sub("", str(payload.get("lastUpdatedTime", "")))[:32]
    return Event("order", f"order:{order_id}:{moment}:{digest}")


def _notification(payload: Mapping[str, Any], body: bytes) -> Event:
    """A hint that an order has changed; EventBridge writes the names of its fields with a small letter."""
    fields = {key[:1].upper() + key[1:]: value for key, value in payload.items()}
    metadata = fields.get("NotificationMetadata")
    metadata = {key[:1].upper() + key[1:]: value for key, value in metadata.items()} if _is_dict(metadata) else {}
    change = fields.get("Payload")
    change = change.get("OrderChangeNotification") if _is_dict(change) else None
    order_id = str(change.get("AmazonOrderId", "")) if _is_dict(change) else ""
    number = UNFIT_FOR_KEYS.sub("", str(metadata.get("NotificationId", "")))[:64]
    key = f"notification:{number}" if number else f"raw:{hashlib.sha256(body).hexdigest()}"
    if fields.get("NotificationType") != NOTIFICATION_TYPE or not ORDER_ID.fullmatch(order_id):
        return Event("ignored", key)
    return Event("hint", key, order_id)


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict)


def _load(body: bytes) -> dict[str, Any]:
    """The object in a body; the order itself where an answer is wrapped around it."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(payload, dict):
        return {}
    order = payload.get("order")
    return order if isinstance(order, dict) and "orderId" not in payload else payload


def _digest(payload: Mapping[str, Any]) -> str:
    """Of the content, not of the spelling, and without persons; empty if there is none."""
    content = {key: value for key, value in payload.items() if key not in PERSONAL}
    try:
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]
    except (ValueError, RecursionError):
        return ""
