"""HMAC-SHA256 signatures over raw bytes, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac


def sign_base64(secret: str, message: bytes) -> str:
    """The signature as base64 text."""
    return base64.b64encode(_digest(secret, message)).decode("ascii")


def sign_hex(secret: str, message: bytes) -> str:
    """The signature as lower-case hexadecimal text."""
    return _digest(secret, message).hex()


def verify_base64(secret: str, message: bytes, signature: str) -> bool:
    """Whether ``signature`` is that of ``message``. An empty secret signs nothing."""
    return bool(secret) and _same(sign_base64(secret, message), signature)


def verify_hex(secret: str, message: bytes, signature: str) -> bool:
    """As :func:`verify_base64`; capital digits are accepted."""
    return bool(secret) and _same(sign_hex(secret, message), signature.lower())


def _digest(secret: str, message: bytes) -> bytes:
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


def _same(expected: str, given: str) -> bool:
    # As bytes: compare_digest refuses text that is not ASCII, and the sender chooses what is given.
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
