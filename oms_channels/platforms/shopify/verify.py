"""Who sent this, and which order is it about? Over raw headers and bytes, before anything is believed.

A webhook speaks the language of the old REST API, some bring only a difference, and a repetition brings the state of the
first try: all are hints, and the order is read anew.
Source: https://shopify.dev/docs/apps/build/webhooks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ...domain.adapter import Event, header
from ...domain.signature import verify_base64
from . import const

REST_ID = re.compile(r"[0-9]{1,20}")
ORDER_ID = re.compile(r"gid://shopify/Order/[0-9]{1,20}")
GLOBAL_ID = re.compile(r"gid://shopify/[A-Za-z]{1,40}/[0-9]{1,20}")
UNFIT_FOR_KEYS = re.compile(r"[^0-9A-Za-z.:+_-]")


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether the app that knows ``secret`` was sent this. An empty secret verifies nothing."""
    return verify_base64(secret, body, header(headers, const.HEADER_SIGNATURE))


def read_event(headers: Mapping[str, str], body: bytes) -> Event:
    """What a delivery is about; never raises.

    The key of a hint is the id of the event, which repetitions and several subscriptions share. A polled order has no
    headers; its key is made of its state.
    """
    payload, digest = _load(body)
    topic = header(headers, const.HEADER_TOPIC)
    if not topic:
        return _polled(payload, digest, body)
    key = _plain(header(headers, const.HEADER_EVENT), 64) or hashlib.sha256(body).hexdigest()
    if topic == const.DELETED_TOPIC:
        order_id = rest_id(payload.get("id"), const.ORDER_GID)
        return Event("order_deleted", f"order_deleted:{order_id or 'raw'}:{key}")
    way = const.HINT_TOPICS.get(topic)
    if way is None:
        return Event("ignored", f"{_plain(topic, 64)}:{key}")
    kind = const.FULFILMENT_ORDER_GID if "fulfillment_order" in way[0] else const.ORDER_GID
    found: Any = payload
    for name in way:
        found = found.get(name) if isinstance(found, dict) else None
    order_ref = rest_id(found, kind)
    # Nothing to read: kept, so that it fails where a person can see it.
    return (
        Event("hint", f"hint:{key}", order_ref)
        if order_ref
        else Event("order", f"raw:{hashlib.sha256(body).hexdigest()}")
    )


def _polled(payload: dict[str, Any], digest: str, body: bytes) -> Event:
    order_id = payload.get("id")
    if not isinstance(order_id, str) or not ORDER_ID.fullmatch(order_id):
        return Event("order", f"raw:{hashlib.sha256(body).hexdigest()}")
    number = order_id.removeprefix(const.ORDER_GID)
    return Event("order", f"order:{number}:{_plain(str(payload.get('updatedAt', '')), 32)}:{digest}")


def rest_id(value: Any, kind: str) -> str:
    """The GraphQL id for what a webhook calls by a number, or already by its GraphQL id; empty if it is neither."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**20:
        return f"{kind}{value}"
    text = value if isinstance(value, str) else ""
    if REST_ID.fullmatch(text):
        return f"{kind}{text}"
    return text if GLOBAL_ID.fullmatch(text) else ""


def _plain(text: str, length: int) -> str:
    """What of a text may stand in a key."""
    return UNFIT_FOR_KEYS.sub("", text)[:length]


def _load(body: bytes) -> tuple[dict[str, Any], str]:
    """The object in a body and a digest of its content, whatever its spelling; both empty if there is none."""
    try:
        payload = json.loads(body)
        if not isinstance(payload, dict):
            return {}, ""
        canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return {}, ""
    return payload, hashlib.sha256(canonical.encode()).hexdigest()[:16]
