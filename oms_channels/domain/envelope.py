"""What we tell a platform, kept in the outbox as JSON until it has been told."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from .outgoing import (
    Acknowledgement,
    Cancellation,
    Capture,
    Item,
    Parcel,
    Refund,
    RefundItem,
    ReturnItem,
    ReturnStep,
    Standing,
    StockItem,
    StockReport,
)

#: Kind of message → what is in it.
KINDS: dict[str, type] = {
    "parcel": Parcel,
    "cancellation": Cancellation,
    "refund": Refund,
    "capture": Capture,
    "void": Capture,
    "return": ReturnStep,
    "stock_report": StockReport,
    "acknowledgement": Acknowledgement,
    "standing": Standing,
}
#: What the items of each are.
ITEMS: dict[type, type] = {
    Parcel: Item,
    Cancellation: Item,
    Refund: RefundItem,
    Capture: Item,
    ReturnStep: ReturnItem,
    StockReport: StockItem,
}


def seal(
    document: Parcel | Cancellation | Refund | Capture | ReturnStep | StockReport | Acknowledgement | Standing,
) -> bytes:
    """The document as JSON.

    >>> document = Cancellation("cancel-7", "1001", "stock", (Item("11", Decimal("2")),))
    >>> open_sealed("cancellation", seal(document)) == document
    True
    """
    return json.dumps(_plain(document), ensure_ascii=False, separators=(",", ":")).encode()


def open_sealed(kind: str, body: bytes) -> Any:
    """The document in a message of the outbox."""
    return _typed(KINDS[kind], json.loads(body))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {item.name: _plain(got) for item in fields(value) if (got := getattr(value, item.name)) != item.default}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(kind: type, told: dict[str, Any]) -> Any:
    values = {}
    for item in fields(kind):
        if item.name not in told:
            continue
        value = told[item.name]
        match item.type:
            case "Decimal":
                value = Decimal(value)
            case "datetime":
                value = datetime.fromisoformat(value)
            case "tuple[tuple[str, Decimal], ...]":
                value = tuple((code, Decimal(amount)) for code, amount in value)
            case str() as name if name.startswith("tuple["):
                value = tuple(_typed(ITEMS[kind], row) for row in value)
        values[item.name] = value
    return kind(**values)
