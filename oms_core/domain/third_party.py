"""What a third-party warehouse and we write to each other, as JSON.

Out, one for each delivery (``order``), when it changed (``update``), and when it is called off (``cancel``)::

    {"message_id": "order-BTQ/OUT/00012", "type": "order", "reference": "BTQ/OUT/00012", "order": "1007",
     "ship_by": "2026-12-05T16:00:00Z", "delivery_method": "ship", "address": {...},
     "lines": [{"line": 17, "sku": "MUG-BLUE", "name": "Blue mug", "quantity": 2}]}

An ``update`` looks like an order and takes the place of all that was said under its reference before; whoever does not know the
reference takes it for an order. Its quantities are those of the whole reference, what was sent already included. Nothing is
ever told anew under a second reference: a partner that had sent the goods already would send them twice. What is told of a
reference is booked as it was sent, also when it was changed or called off meanwhile.

In: what was sent (in any number of parcels and messages), what is on the shelves, what came back::

    {"message_id": "s-1", "type": "shipment", "reference": "BTQ/OUT/00012", "final": false,
     "parcels": [{"tracking": "1Z999", "lines": [{"sku": "MUG-BLUE", "quantity": 1, "lot": "A7"}]}]}
    {"message_id": "i-9", "type": "stock", "at": "2026-12-05T04:00:00Z", "lines": [{"sku": "MUG-BLUE", "quantity": 40}]}
    {"message_id": "r-3", "type": "return", "reference": "BTQ/OUT/00012", "note": "Box torn",
     "lines": [{"sku": "MUG-BLUE", "quantity": 1}]}

What came back may be told without a reference, or with that of the order, the parcel or the announced return.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation

TYPES = ("shipment", "stock", "return")
PARCELS_MAX = 200
LINES_MAX = 100_000
TEXT_MAX_CHARS = 200

#: Nobody has or sends more of anything; a larger number is a mistake, or is meant to break something.
QUANTITY_MAX = Decimal(1_000_000_000)
SIGNATURE_HEADER = "X-OMS-Signature"


class Unreadable(ValueError):
    """The message cannot be understood; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Told:
    """So much of a product, in the product's own unit."""

    sku: str
    quantity: Decimal
    lot: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    tracking: str
    lines: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a third party.

    :param final: whether nothing more will come of a delivery: what was not sent is given up.
    """

    message_id: str
    type: str
    reference: str = ""
    parcels: tuple[Parcel, ...] = ()
    lines: tuple[Told, ...] = ()
    final: bool = False
    at: datetime | None = None
    note: str = ""


def sign(secret: str, body: bytes) -> str:
    """The signature that goes with a body, both ways: HMAC-SHA256, hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(secret: str, body: bytes, signature: str) -> bool:
    """Whether the signature is that of the body. An empty secret signs nothing; the comparison takes the same time."""
    given = (signature or "").lower().encode("utf-8", "replace")
    return bool(secret) and hmac.compare_digest(sign(secret, body).encode(), given)


def read(body: bytes) -> Message:
    """A message as it came.

    >>> read(b'{"message_id": "i", "type": "stock", "lines": [{"sku": "A", "quantity": "2.5"}]}').lines
    (Told(sku='A', quantity=Decimal('2.5'), lot=''),)

    :raises Unreadable: with a sentence for whoever wrote it.
    """
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The message is no JSON.") from error
    if not isinstance(data, dict):
        raise Unreadable("The message is no JSON object.")
    kind = data.get("type")
    if kind not in TYPES:
        raise Unreadable(f"The type is one of {', '.join(TYPES)}.")
    message_id = _text(data, "message_id")
    if not message_id:
        raise Unreadable("The message has no message_id, by which a repeat is known.")
    reference = _text(data, "reference")
    # Goods come back without any paper too: those are kept, and a person finds out whose they are.
    if kind == "shipment" and not reference:
        raise Unreadable("The message has no reference: the one of the order message it is about.")
    parcels = ()
    if kind == "shipment":
        rows = data.get("parcels")
        if not isinstance(rows, list) or not 0 < len(rows) <= PARCELS_MAX:
            raise Unreadable(f"A shipment has between 1 and {PARCELS_MAX} parcels.")
        parcels = tuple(Parcel(_text(_dict(row), "tracking"), _lines(_dict(row))) for row in rows)
    return Message(
        message_id=message_id,
        type=kind,
        reference=reference,
        parcels=parcels,
        lines=() if kind == "shipment" else _lines(data),
        final=data.get("final") is True,
        at=_moment(data.get("at")),
        note=_text(data, "note"),
    )


def _dict(value) -> dict:
    if not isinstance(value, dict):
        raise Unreadable("A parcel or line is no JSON object.")
    return value


def _text(data: dict, name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, (str, int)) or isinstance(value, bool) or len(str(value)) > TEXT_MAX_CHARS:
        raise Unreadable(f"“{name}” is no text of at most {TEXT_MAX_CHARS} characters.")
    text = str(value)
    # What no database stores: a null byte, and half of a character (JSON can write both).
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Unreadable(f"“{name}” has characters that are none.")
    return text.strip()


def _lines(data: dict) -> tuple[Told, ...]:
    rows = data.get("lines")
    if not isinstance(rows, list) or not 0 < len(rows) <= LINES_MAX:
        raise Unreadable("There are no lines.")
    return tuple(_line(_dict(row)) for row in rows)


def _line(row: dict) -> Told:
    sku = _text(row, "sku")
    try:
        quantity = Decimal(str(row.get("quantity")))
    except InvalidOperation:
        quantity = Decimal("NaN")
    # Compared by exponents first: numbers beyond all exponents cannot be compared or rounded.
    if not sku or not quantity.is_finite() or (quantity and not -12 <= quantity.adjusted() <= 12):
        raise Unreadable("A line needs a sku and a quantity.")
    if not 0 <= quantity <= QUANTITY_MAX:
        raise Unreadable(f"A quantity is not below zero, and not above {QUANTITY_MAX}.")
    return Told(sku, quantity, _text(row, "lot"))


def _moment(value) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError as error:
        raise Unreadable("“at” is no moment like 2026-12-05T04:00:00Z.") from error
    if moment.tzinfo is None:
        raise Unreadable("“at” does not say in which time zone.")
    try:
        return moment.astimezone(timezone.utc).replace(tzinfo=None)
    except OverflowError as error:
        raise Unreadable("“at” is out of all range.") from error


@dataclass(frozen=True, slots=True)
class Opening:
    """So much of a product may still come: of a delivery move, an expected receipt, an order line."""

    key: Hashable
    sku: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    key: Hashable
    quantity: Decimal
    lot: str = ""


def match(lines: Iterable[Told], openings: Iterable[Opening]) -> tuple[tuple[Part, ...], tuple[Told, ...]]:
    """Lay what was told onto what may come, in the order of the openings; what fits nowhere is left over.

    >>> openings = [Opening("latest", "A", Decimal(1)), Opening("first", "A", Decimal(2))]
    >>> parts, left = match([Told("A", Decimal(2)), Told("B", Decimal(1))], openings)
    >>> [(part.key, str(part.quantity)) for part in parts], [told.sku for told in left]
    ([('latest', '1'), ('first', '1')], ['B'])
    """
    openings = list(openings)
    rest = [opening.quantity for opening in openings]
    parts, left = [], []
    for line in lines:
        wanted = line.quantity
        for index, opening in enumerate(openings):
            taken = min(wanted, rest[index])
            if opening.sku == line.sku and taken > 0:
                parts.append(Part(opening.key, taken, line.lot))
                rest[index] -= taken
                wanted -= taken
        if wanted > 0:
            left.append(Told(line.sku, wanted, line.lot))
    return tuple(parts), tuple(left)


def in_words(lines: Iterable[Told], limit: int = 50) -> str:
    """
    >>> in_words([Told("A", Decimal("2.0")), Told("B", Decimal(10))])
    '2 A, 10 B'
    """
    shown = [f"{line.quantity.normalize():f} {line.sku}" for line in lines]
    return ", ".join([*shown[:limit], "…"] if len(shown) > limit else shown)


def told_of(content: Mapping, before: Mapping | None = None) -> dict:
    """What a third party knows of a delivery after this message, as far as a change of it matters.

    ``most`` is the largest quantity that it was ever told: so much may have been sent, whatever was told later.

    >>> first = told_of({"lines": [{"sku": "A", "quantity": 3.0}]})
    >>> then = told_of({"lines": [{"sku": "A", "quantity": 2.0}]}, first)
    >>> then["lines"], then["most"], then["version"]
    ({'A': 2.0}, {'A': 3.0}, 2)
    """
    before = before or {}
    lines: dict[str, float] = {}
    for line in content.get("lines") or ():
        lines[line["sku"]] = lines.get(line["sku"], 0.0) + line["quantity"]
    most = dict(before.get("most") or {})
    for sku, quantity in lines.items():
        most[sku] = max(most.get(sku, 0.0), quantity)
    facts = {name: content.get(name) for name in ("address", "delivery_method", "carrier")}
    return {**facts, "lines": lines, "most": most, "version": before.get("version", 0) + 1}


def has_changed(content: Mapping, told: Mapping) -> bool:
    """Whether a delivery is not what its third party knows of it.

    >>> content = {"lines": [{"sku": "A", "quantity": 3.0}]}
    >>> has_changed(content, told_of(content)), has_changed({"lines": []}, told_of(content))
    (False, True)
    """
    now = told_of(content)
    return any(now[name] != told.get(name) for name in ("address", "delivery_method", "carrier", "lines"))


def kind_of_change(earlier: Iterable[tuple[str, int]]) -> str:
    """How to tell a change: as the order itself as long as nothing was ever handed over, else as an update of it.

    >>> kind_of_change([("pending", 0)]), kind_of_change([("retry", 1)]), kind_of_change([("done", 1), ("pending", 0)])
    ('order', 'update', 'update')

    :param earlier: state and attempts of each message about the reference so far. One that was tried may have arrived, and
        one that is kept no longer has.
    """
    earlier = list(earlier)
    unsent = earlier and all(attempts == 0 and state in ("pending", "ignored") for state, attempts in earlier)
    return "order" if unsent else "update"
