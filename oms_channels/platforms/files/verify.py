"""The event of one order in a file: its key is what it says, so that a file that comes again changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ...domain.adapter import Event

#: Tells where the facts come from, and is no part of what they say.
SOURCE = "source"
#: Characters of an order's number in a key.
NUMBER_MAX = 100


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Files are handed in by people or fetched; nothing comes by webhook."""
    return False


def read_event(headers: Mapping[str, str], body: bytes) -> Event:
    """The event of the facts of one order. Never raises."""
    try:
        facts = json.loads(body, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        return Event("order", f"unreadable:{hashlib.sha256(body).hexdigest()}")
    said = {key: value for key, value in facts.items() if key != SOURCE}
    try:
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    except (ValueError, RecursionError):
        digest = hashlib.sha256(body).hexdigest()
    number = str(facts.get("number") or "").replace("\0", "").encode("utf-8", "replace").decode()[:NUMBER_MAX]
    kind = "order_deleted" if facts.get("cancel") is True else "order"
    return Event(kind, f"{kind}:{number}:{digest}")
