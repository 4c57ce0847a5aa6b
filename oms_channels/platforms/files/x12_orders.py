"""X12 850 purchase orders (004010 and later) → facts of an order.

Of an article the vendor's number (VN, VP, VC, SK) is the SKU and the UPC, EAN or GTIN the barcode. Amounts of SAC are in
hundredths, by the standard; prices and AMT are decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ...domain.adapter import Reject
from ...domain.edi import Interchange, Message, Segment, only, parts
from .facts import Change, number_text

#: What a document is for (BEG01): those that bring the whole order.
WHOLE = ("", "00", "05", "06", "07", "22")
CANCELS = ("01", "03")
WHOLE_AGAIN = "850, purpose 05"
#: What a price is for (PO105), where that is not one.
BASIS = {"HP": "100", "TP": "1000", "PH": "100", "PT": "1000"}
SHIP_TO, BILL_TO = ("ST", "SN", "MA"), ("BT", "BY", "SO")
#: Charges that are for the way (SAC02).
FREIGHT = ("D240", "G821", "D500", "G830", "D360")
#: More of a file than this is not read as one order.
NUMBER_MAX = 20


def facts(message: Message, interchange: Interchange) -> dict[str, Any]:
    """The facts of an 850.

    :raises Reject: for one that is no whole order.
    """
    head, lines, summary = parts(message.segments, "PO1", "CTT")
    beg = next((segment for segment in head if segment.tag == "BEG"), None)
    if beg is None:
        raise Reject("The document has no number (BEG). Ask the sender to send it again.")
    number, purpose = beg.get(2), beg.get(0)
    if purpose in CANCELS:
        return {"format": "x12", "number": number, "cancel": True}
    if purpose not in WHOLE:
        raise Change(number, f"850, purpose {purpose}", WHOLE_AGAIN)
    parties = _parties(head)
    ship_to = next((parties[code] for code in SHIP_TO if code in parties), {})
    bill_to = next((parties[code] for code in BILL_TO if code in parties), {})
    buyer = next((parties[code] for code in ("BY", "BT", "ST") if code in parties), {})
    amounts = {s.get(0): s.get(1) for s in (*head, *summary) if s.tag == "AMT"}
    rate = next((s.get(2) for s in head if s.tag == "TXI"), "")
    return {
        "format": "x12",
        "number": number,
        "ordered_at": _date(beg.get(4)),
        "deliver_by": _date(_dates(head, "002", "063", "038", "001")),
        "currency": next((s.get(1) for s in head if s.tag == "CUR"), ""),
        "tax_included": "no",
        "tax_rate": _text(rate),
        "customer_ref": buyer.get("ref", "") or interchange.sender[0],
        "shipping": ship_to or buyer,
        "billing": bill_to,
        "note": "\n".join(_notes(head)),
        "shipping_method": next((only((s.get(4), s.get(2), s.get(11))) for s in head if s.tag == "TD5"), ""),
        "lines": [_line(line, index) for index, line in enumerate(lines, 1)]
        + list(_allowances((*head, *summary)))
        + [charge for line in lines for charge in _charges_of(line)],
        "total": _text(only((amounts.get("TT", ""), amounts.get("GV", "")))),
        "line_count": next((_text(s.get(0)) for s in summary if s.tag == "CTT"), ""),
        "is_test": "yes" if interchange.is_test else "",
        "reply": {"buyer": buyer.get("ref", ""), "place": ship_to.get("ref", ""), "date": beg.get(4)},
    }


def change(message: Message, _interchange: Interchange) -> dict[str, Any]:
    """The facts of an 860 that calls an order off.

    :raises Change: for any other.
    """
    bch = next((segment for segment in message.segments if segment.tag == "BCH"), None)
    number, purpose = (bch.get(2), bch.get(0)) if bch else ("", "")
    if purpose in CANCELS and number:
        return {"format": "x12", "number": number, "cancel": True}
    raise Change(number or "without a number", f"860, purpose {purpose or 'not told'}", WHOLE_AGAIN)


def _parties(head: Sequence[Segment]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    party: dict[str, str] | None = None
    for segment in head:
        match segment.tag:
            case "N1":
                party = {"ref": segment.get(3), "name": segment.get(1)}
                found.setdefault(segment.get(0), party)
            case "N2" if party is not None:
                party["company"], party["name"] = party["name"], segment.get(0)
            case "N3" if party is not None:
                party["street"], party["street2"] = segment.get(0), segment.get(1)
            case "N4" if party is not None:
                party.update(
                    city=segment.get(0), state=segment.get(1), zip=segment.get(2), country=segment.get(3) or "US"
                )
            case "PER" if party is not None:
                for at in (2, 4, 6):
                    if segment.get(at) == "TE":
                        party["phone"] = segment.get(at + 1)
                    elif segment.get(at) == "EM":
                        party["email"] = segment.get(at + 1)
    return found


def _dates(segments: Iterable[Segment], *codes: str) -> str:
    dates = {segment.get(0): segment.get(1) for segment in segments if segment.tag == "DTM"}
    return only([dates.get(code, "") for code in codes])


def _date(text: str) -> str:
    for form in ("%Y%m%d", "%y%m%d"):
        try:
            return datetime.strptime(text, form).isoformat()
        except ValueError:
            continue
    return text


def _notes(segments: Iterable[Segment]) -> Iterable[str]:
    for segment in segments:
        if segment.tag == "MSG" and segment.get(0):
            yield segment.get(0)
        elif segment.tag == "NTE" and segment.get(1):
            yield segment.get(1)


def _line(segments: Sequence[Segment], index: int) -> dict[str, Any]:
    po1 = segments[0]
    numbers: dict[str, str] = {}
    for at in range(5, len(po1.elements) - 1, 2):
        if po1.get(at + 1):
            numbers.setdefault(po1.get(at), po1.get(at + 1))
    rate = next((s.get(2) for s in segments if s.tag == "TXI"), "")
    tax = next((s.get(1) for s in segments if s.tag == "TXI"), "")
    off = sum((-amount for amount, _sac in _sacs(segments) if amount < 0), Decimal(0))
    return {
        "id": po1.get(0) or str(index),
        "sku": only([numbers.get(code, "") for code in ("VN", "VP", "VC", "VA", "SK")]),
        "barcode": only([numbers.get(code, "") for code in ("UP", "EN", "UK", "UI", "UA", "EO")]),
        "buyer_code": only([numbers.get(code, "") for code in ("BP", "IN", "CB", "PI")]),
        "name": next((s.get(4) for s in segments if s.tag == "PID"), ""),
        "quantity": _text(po1.get(1)),
        "unit": po1.get(2),
        "price": _text(po1.get(3)),
        "price_per": BASIS.get(po1.get(4), ""),
        "amount": "",
        "discount": number_text(off) if off > 0 else "",
        "tax_rate": _text(rate),
        "tax": _text(tax),
    }


def _sacs(segments: Iterable[Segment]) -> Iterable[tuple[Decimal, Segment]]:
    """(amount, less than nothing for an allowance; SAC) of the charges that tell an amount."""
    for segment in segments:
        if segment.tag == "SAC" and segment.get(0) in ("A", "C"):
            value = _number(segment.get(4))
            if value is not None and value == value.to_integral_value():
                value /= 100
                yield (-abs(value) if segment.get(0) == "A" else value), segment


def _charges_of(line: Sequence[Segment]) -> Iterable[dict[str, Any]]:
    """Charges on one article, as lines: its allowances are its discount."""
    charges = [segment for amount, segment in _sacs(line) if amount > 0]
    for charge in _allowances(charges):
        yield {**charge, "id": f"{line[0].get(0)}-{charge['id']}"}


def _allowances(segments: Iterable[Segment]) -> Iterable[dict[str, Any]]:
    """Allowances and charges as lines."""
    for count, (amount, segment) in enumerate(_sacs(segments), 1):
        is_freight = segment.get(1) in FREIGHT
        yield {
            "id": f"sac-{count}",
            "kind": "discount" if amount < 0 else "shipping" if is_freight else "fee",
            "name": segment.get(14) or ("Allowance" if amount < 0 else "Freight" if is_freight else "Charge"),
            "quantity": "1",
            "amount": number_text(amount),
        }


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < NUMBER_MAX else None


def _text(text: str) -> str:
    value = _number(text)
    return text if value is None else number_text(value)
