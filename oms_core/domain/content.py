"""What a document says, in short: whether another one about the same order says anything else, and which of them counts."""

from __future__ import annotations

import hashlib
from datetime import datetime

from .documents import AddressDoc, OrderDoc

#: Changes with what :func:`content_hash` looks at, so that a new release takes no order for changed.
CONTENT_VERSION = "1"


def content_hash(doc: OrderDoc) -> str:
    """What a document says, in short: "<version>:<hash of lines and delivery address>:<hash of the rest>"."""
    ordered = [
        [(line.external_id, line.sku, str(line.quantity), str(line.total), str(line.tax_total)) for line in doc.lines],
        _address(doc.shipping),
        doc.currency,
        str(doc.total),
    ]
    if doc.delivery_method or doc.pickup_ref:  # only where told, so that orders known before compare as they did
        ordered.append([doc.delivery_method, doc.pickup_ref])
    more = [
        doc.cancel_requested,
        doc.is_test,
        [refund.external_id for refund in doc.refunds if refund.pending],
        [payment.tender for payment in doc.payments if payment.tender],
        [line.external_id for line in doc.lines if any(tax.remitted for tax in line.taxes)],
    ]
    rest = [
        doc.status,
        doc.channel_status,
        [(payment.external_id, str(payment.amount)) for payment in doc.payments],
        [(refund.external_id, str(refund.amount)) for refund in doc.refunds],
        doc.note,
        _address(doc.billing),
    ]
    if any(more):  # the same
        rest.append(more)
    if doc.authorizations:  # the same
        rest.append([(one.external_id, str(one.amount), one.is_over) for one in doc.authorizations])
    parts = (hashlib.sha256(repr(part).encode()).hexdigest()[:20] for part in (ordered, rest))
    return ":".join((CONTENT_VERSION, *parts))


def _address(address: AddressDoc) -> list[str]:
    names = ("name", "company", "street", "street2", "city", "zip", "state_code", "country_code", "email", "phone")
    return [getattr(address, name) for name in names]


def rank(doc: OrderDoc) -> tuple[datetime, bool]:
    """By which of several documents about an order counts: the newest, and of the same second what was read by ourselves."""
    return doc.updated_at, doc.is_current


def is_doubtful(doc: OrderDoc, other: OrderDoc) -> bool:
    """Whether nobody can tell which of two documents about an order came first."""
    return (
        doc.updated_at == other.updated_at
        and not (doc.is_current and other.is_current)
        and content_hash(doc) != content_hash(other)
    )


def says_otherwise(doc: OrderDoc, before: str) -> bool:
    """Whether a document says something else than a hash; what another version of the hash said cannot be compared."""
    content = content_hash(doc)
    return bool(before) and before.split(":")[0] == content.split(":")[0] and before != content


def is_ordered_otherwise(content: str, before: str) -> bool:
    """Whether lines or delivery address differ; what another version of the hash said cannot be compared."""
    version, ordered, _rest = content.split(":")
    return before.startswith(f"{version}:") and before.split(":")[1] != ordered
