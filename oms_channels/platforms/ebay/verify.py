"""Who sent this, and what is it about? Over raw headers and bytes, before anything is believed.

eBay signs with keys of its own and names the one used (``kid``). The channel's webhook secret holds both what eBay and we
agreed upon and the public keys seen so far: ``{"token": "…", "keys": {"<kid>": "<PEM>"}}``; before any key is known it may be
the token alone. A delivery with an unknown key is not accepted: :func:`key_id` tells which one is missing, the client reads it
(``public_key``), :func:`add_key` puts it into the secret, and the delivery is verified again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ...domain.adapter import Event, header
from . import const, signing

#: ``27-14453-79234``, ``272345678901-12345`` and whatever comes next: eBay wants it to be opaque.
ORDER_ID = re.compile(r"[0-9A-Za-z!-]{1,64}")
KEY_ID = re.compile(r"[0-9A-Za-z._-]{1,100}")
UNFIT_FOR_KEYS = re.compile(r"[^0-9A-Za-z.:_+-]")
CHALLENGE_MAX = 1000
KEYS_MAX = 10
#: Whom an order is for vanishes some ninety days after it was delivered; the order is the same.
PERSONAL = frozenset({"buyer", "fulfillmentStartInstructions", const.VAT_RATES_KEY})


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether eBay sent this: the ECDSA signature over the raw body fits the key that it names, and we have that key."""
    told = _signature(headers)
    key = signing.public_key(_keys(secret).get(told.get("kid", ""), ""))
    if key is None or told.get("alg", "").lower() != "ecdsa":
        return False
    try:
        signature = base64.b64decode(told.get("signature", ""), validate=True)
    except ValueError:
        return False
    return signing.is_signed(key, signature, body, told.get("digest", ""))


def challenge(query: Mapping[str, str], secret: str, address: str) -> Mapping[str, str] | None:
    """The answer by which eBay knows that the address is ours; ``None`` if it did not ask.

    :param address: exactly as it was entered at eBay.
    """
    code, token = query.get("challenge_code", ""), verification_token(secret)
    if not code or len(code) > CHALLENGE_MAX or not token:
        return None
    told = "".join((code, token, address)).encode("utf-8", "replace")
    return {"challengeResponse": hashlib.sha256(told).hexdigest()}


def verification_token(secret: str) -> str:
    """What we told eBay when its messages were set up."""
    known = _loads(secret.encode("utf-8", "replace"))
    token = known.get("token", "") if known else secret.strip()
    return token if isinstance(token, str) else ""


def key_id(headers: Mapping[str, str]) -> str:
    """The name of eBay's key that a delivery says to be signed with; empty if it names none."""
    return _signature(headers).get("kid", "")


def has_key(secret: str, name: str) -> bool:
    """Whether eBay's key of that name is in the webhook secret."""
    return name in _keys(secret)


def add_key(secret: str, name: str, pem: str) -> str:
    """The webhook secret with one more of eBay's public keys; the oldest of many is forgotten.

    :raise ValueError: if it is no key.
    """
    if signing.public_key(pem) is None or not KEY_ID.fullmatch(name):
        raise ValueError("not an elliptic curve public key")
    keys = {kid: key for kid, key in _keys(secret).items() if kid != name}
    kept = dict([*keys.items(), (name, pem)][-KEYS_MAX:])
    return json.dumps({"token": verification_token(secret), "keys": kept})


def read_event(headers: Mapping[str, str], body: bytes) -> Event:
    """What a delivery is about; never raises. An order that was polled comes without headers.

    Notifications only say where to look. ``MARKETPLACE_ACCOUNT_DELETION`` names a person whose data have to be erased:
    :func:`deleted_account`.
    """
    payload = _loads(body)
    if "metadata" in payload and "notification" in payload:
        return _notification(payload, body)
    order_id = payload.get("orderId")
    digest = _digest(payload)
    if not isinstance(order_id, str) or not ORDER_ID.fullmatch(order_id) or not digest:
        return Event("order", f"raw:{hashlib.sha256(body).hexdigest()}")
    return Event("order", f"order:{order_id}:{_plain(payload.get('lastModifiedDate'), 32)}:{digest}")


def deleted_account(body: bytes) -> Mapping[str, str]:
    """Whose personal data are to be erased: ``username`` (as ``customer_ref`` of orders), ``user_id`` (which takes its place
    for users in the USA); empty if the delivery is about something else."""
    payload = _loads(body)
    metadata, notification = payload.get("metadata"), payload.get("notification")
    if not isinstance(metadata, dict) or metadata.get("topic") != const.TOPIC_DELETION:
        return {}
    data = notification.get("data") if isinstance(notification, dict) else None
    data = data if isinstance(data, dict) else {}
    return {"username": str(data.get("username") or "")[:200], "user_id": str(data.get("userId") or "")[:200]}


def _notification(payload: Mapping[str, Any], body: bytes) -> Event:
    metadata, notification = payload["metadata"], payload["notification"]
    topic = metadata.get("topic") if isinstance(metadata, dict) else ""
    notification = notification if isinstance(notification, dict) else {}
    # The same notification is sent again and again until it is acknowledged, with another publishDate.
    number = _plain(notification.get("notificationId"), 200)
    key = f"notification:{number}" if number else f"raw:{hashlib.sha256(body).hexdigest()}"
    if topic == const.TOPIC_DELETION:
        return Event("erasure", key)
    order_id = _order_id(notification.get("data")) if isinstance(topic, str) and topic in const.TOPICS else ""
    return Event("hint", key, order_id) if order_id else Event("ignored", key)


def _order_id(data: Any) -> str:
    """The order that a notification names, itself or within what it is about."""
    if not isinstance(data, dict):
        return ""
    inner = [value for value in data.values() if isinstance(value, dict)]
    for place in (data, *inner):
        order_id = place.get("orderId")
        if isinstance(order_id, str) and ORDER_ID.fullmatch(order_id):
            return order_id
    return ""


def _digest(payload: Mapping[str, Any]) -> str:
    """Of the content of an order, not of its spelling, and without what differs between one order and a list of them."""
    content = {key: value for key, value in payload.items() if key not in PERSONAL}
    cancel = content.get("cancelStatus")
    if isinstance(cancel, dict) and cancel.get("cancelState") != "IN_PROGRESS":
        content["cancelStatus"] = {key: value for key, value in cancel.items() if key != "cancelRequests"}
    try:
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return ""
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _signature(headers: Mapping[str, str]) -> dict[str, str]:
    """What the header says: ``alg``, ``kid``, ``signature``, ``digest``, as far as they are text."""
    try:
        told = base64.b64decode(header(headers, const.HEADER_SIGNATURE), validate=True)
    except ValueError:
        return {}
    return {key: value for key, value in _loads(told).items() if isinstance(value, str) and value.isascii()}


def _keys(secret: str) -> dict[str, str]:
    keys = _loads(secret.encode("utf-8", "replace")).get("keys")
    if not isinstance(keys, dict):
        return {}
    return {kid: key for kid, key in keys.items() if isinstance(key, str)}


def _plain(value: Any, length: int) -> str:
    """What of a text may stand in a key. PostgreSQL stores neither NUL nor half of a surrogate pair; JSON carries both."""
    return UNFIT_FOR_KEYS.sub("", value)[:length] if isinstance(value, str) else ""


def _loads(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}
