"""Who sent this, and what is it about? Over raw headers and bytes, before anything is believed."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from typing import Any

from ...domain.adapter import Event, header
from ...domain.signature import verify_base64
from . import const

PING = re.compile(rb"webhook_id=([0-9]{1,20})")
ORDER_ID = re.compile(r"[0-9]{1,20}")
UNFIT_FOR_KEYS = re.compile(r"[^0-9A-Za-z.:+-]")
#: What WordPress' ``wp_specialchars_decode`` knows (with ENT_QUOTES), in one pass and nothing else.
ESCAPES = re.compile(r"&(?:amp|lt|gt|quot|#0*(?:34|38|39|60|62)|#[xX]0*(?:22|26|27));")


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether the shop that knows ``secret`` sent this, or it is a ping, which nobody signs and which says nothing.

    An empty secret verifies nothing, not even a ping: anyone could sign with it.
    """
    if not secret:
        return False
    return bool(_ping(headers, body)) or verify_base64(
        _decode_secret(secret), body, header(headers, const.HEADER_SIGNATURE)
    )


def read_event(headers: Mapping[str, str], body: bytes) -> Event:
    """What a delivery is about; never raises.

    The key of an order is made of its state and not of the delivery, so that created and updated (both are sent for a
    new order, with the same body), a replay and the poll all give the same. ``_links`` differ between webhook and poll
    and are left out.
    """
    ping = _ping(headers, body)
    if ping:
        return Event("ping", f"ping:{ping}")
    kind = const.TOPICS.get(header(headers, const.HEADER_TOPIC) or const.POLLED_TOPIC, "ignored")
    payload, digest = _load(body)
    order_id = str(payload.get("id", ""))
    if kind == "ignored" or not ORDER_ID.fullmatch(order_id):
        return Event(kind, f"raw:{hashlib.sha256(body).hexdigest()}")
    if kind == "order_deleted":
        # The body is the id alone, and an order can be restored and deleted again. A delivery id names a webhook and
        # a second; it is shared by several orders, but together with the order it tells deletions apart.
        return Event(kind, f"order_deleted:{order_id}:{_plain(header(headers, const.HEADER_DELIVERY), 64)}")
    return Event(kind, f"order:{order_id}:{_plain(str(payload.get('date_modified_gmt', '')), 32)}:{digest}")


def _ping(headers: Mapping[str, str], body: bytes) -> str:
    """The id of the webhook that says hello; empty if this is anything else.

    Saving a webhook sends one, and the webhook becomes active only if the answer is a 2xx.
    """
    found = PING.fullmatch(body)
    content_type = header(headers, "Content-Type").partition(";")[0].strip().lower()
    if not found or content_type != const.FORM_TYPE or header(headers, const.HEADER_SIGNATURE):
        return ""
    return found[1].decode()


def _plain(text: str, length: int) -> str:
    """What of a text may stand in a key. PostgreSQL stores neither NUL nor half of a surrogate pair; JSON carries both."""
    return UNFIT_FOR_KEYS.sub("", text)[:length]


def _decode_secret(secret: str) -> str:
    """The secret as WooCommerce signs with it (``WC_Webhook::generate_signature``)."""
    return ESCAPES.sub(lambda escape: html.unescape(escape[0]), secret)


def _refund_id(row: Any) -> Any:
    return [row.get("id"), "line_items" in row] if isinstance(row, dict) else row


def _load(body: bytes) -> tuple[dict[str, Any], str]:
    """The object in a body and a digest of its content; both empty if there is none.

    Of the content, not of the spelling: PHP escapes slashes and letters, and a poll may not. Of refunds only the ids count, as
    a refund never changes; and whether their details are there. A poll brings them, a webhook does not, and one that comes
    first must not keep them out.
    """
    try:
        payload = json.loads(body)
        if not isinstance(payload, dict):
            return {}, ""
        content = {key: value for key, value in payload.items() if key != "_links"}
        if isinstance(content.get("refunds"), list):
            content["refunds"] = [_refund_id(row) for row in content["refunds"]]
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return {}, ""
    return payload, hashlib.sha256(canonical.encode()).hexdigest()[:16]
