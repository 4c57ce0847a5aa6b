"""What is an order about? Magento itself sends nothing: orders are polled.

Adobe Commerce can send events to Adobe's own bus, and by modules of its own to elsewhere; neither is part of Magento, so
nothing that arrives at the channel's address is believed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ...domain.adapter import Event

ORDER_ID = re.compile(r"[0-9]{1,20}")
UNFIT_FOR_KEYS = re.compile(r"[^0-9A-Za-z.:+-]")


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Nobody sends anything."""
    return False


def read_event(headers: Mapping[str, str], body: bytes) -> Event:
    """The order in a polled body; never raises. Its key is made of the state of the order, not of how it is spelt."""
    payload, digest = _load(body)
    order_id = str(payload.get("entity_id", ""))
    if not ORDER_ID.fullmatch(order_id):
        return Event("order", f"raw:{hashlib.sha256(body).hexdigest()}")
    # The date alone is not enough: it counts seconds, and two changes may fall into one.
    moment = UNFIT_FOR_KEYS.sub("", str(payload.get("updated_at", "")).replace(" ", "T"))[:32]
    return Event("order", f"order:{order_id}:{moment}:{digest}")


def _load(body: bytes) -> tuple[dict[str, Any], str]:
    try:
        payload = json.loads(body)
        if not isinstance(payload, dict):
            return {}, ""
        canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return {}, ""
    return payload, hashlib.sha256(canonical.encode()).hexdigest()[:16]
