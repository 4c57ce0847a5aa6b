"""Signatures: eBay's under its notifications, and ours over what moves money of sellers in the EU and the United Kingdom. Pure.

Source: https://developer.ebay.com/develop/guides/digital-signatures-for-apis, RFC 9421 and RFC 9530. The keys come from
eBay's Key Management API: a private key (Ed25519, or RSA where that is not to be had) and a ``jwe``, which is our public key as
eBay has sealed it for itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_public_key

LABEL = "sig1"
PEM = re.compile(r"-----BEGIN PUBLIC KEY-----([0-9A-Za-z+/=\s]+)-----END PUBLIC KEY-----")
#: The digests that eBay names; SHA1 is what it uses.
DIGESTS = {"SHA1": hashes.SHA1, "SHA256": hashes.SHA256}
COVERED = ("content-digest", "x-ebay-signature-key", "@method", "@path", "@authority")


@dataclass(frozen=True, slots=True)
class Key:
    """What to sign with. ``repr`` shows nothing of it."""

    jwe: str
    private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

    def __repr__(self) -> str:
        return "Key(…)"


class Token(NamedTuple):
    """What stands in the channel's token: the refresh token, and the key to sign with if there is one."""

    refresh_token: str
    key: Key | None


def read_token(text: str) -> Token:
    """A refresh token, or ``{"refresh_token": "…", "jwe": "…", "private_key": "…"}``.

    :raise ValueError: for a key that cannot be read. Its message holds nothing of the key.
    """
    text = text.strip()
    if not text.startswith("{"):
        return Token(text, None)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None
    values = {name: told.get(name) or "" for name in ("refresh_token", "jwe", "private_key")}
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError("not text")
    jwe = values["jwe"].strip()
    if not values["private_key"]:
        return Token(values["refresh_token"], None)
    if not jwe.isascii() or any(char.isspace() for char in jwe) or not jwe:
        raise ValueError("the jwe is missing or broken")
    return Token(values["refresh_token"], Key(jwe, _private_key(values["private_key"])))


def _private_key(text: str) -> ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey:
    """eBay gives the key as base64 without the lines around it; with them it is a PEM."""
    inner = text.replace("-----BEGIN PRIVATE KEY-----", "").replace("-----END PRIVATE KEY-----", "")
    try:
        der = base64.b64decode("".join(inner.split()), validate=True)
        key = load_der_private_key(der, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the private key cannot be read") from None
    if not isinstance(key, ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        raise ValueError("the private key is of another kind")
    return key


def headers(key: Key, method: str, path: str, authority: str, body: bytes, created: int) -> Mapping[str, str]:
    """What stands above a signed request.

    :param path: without the query.
    :param authority: host as in ``Host``, with the port if there is one.
    :param created: seconds since 1970.
    """
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:" if body else ""
    values = {
        "content-digest": digest,
        "x-ebay-signature-key": key.jwe,
        "@method": method.upper(),
        "@path": path,
        "@authority": authority.lower(),
    }
    covered = [name for name in COVERED if values[name]]
    quoted = " ".join(f'"{name}"' for name in covered)
    params = f"({quoted});created={created}"
    base = "\n".join([*(f'"{name}": {values[name]}' for name in covered), f'"@signature-params": {params}'])
    if isinstance(key.private, ed25519.Ed25519PrivateKey):
        signature = key.private.sign(base.encode())
    else:
        signature = key.private.sign(base.encode(), padding.PKCS1v15(), hashes.SHA256())
    told = {
        "x-ebay-signature-key": key.jwe,
        "Signature-Input": f"{LABEL}={params}",
        "Signature": f"{LABEL}=:{base64.b64encode(signature).decode()}:",
    }
    return {**told, "Content-Digest": digest} if digest else told


# ---- eBay's ----


@lru_cache(maxsize=64)
def public_key(pem: str) -> ec.EllipticCurvePublicKey | None:
    """A key as eBay writes it, on one line; ``None`` for anything else."""
    found = PEM.fullmatch(pem.strip())
    if not found:
        return None
    lines = textwrap.wrap("".join(found[1].split()), 64)
    text = "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) else None


def is_signed(key: ec.EllipticCurvePublicKey, signature: bytes, body: bytes, digest: str) -> bool:
    """Whether the ECDSA signature is that of the body."""
    if digest.upper() not in DIGESTS:
        return False
    try:
        key.verify(signature, body, ec.ECDSA(DIGESTS[digest.upper()]()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
