"""EDIFACT ORDERS (D.96A, D.01B and what is between) → facts of an order.

Reads what EANCOM names for an order. Of an article the supplier's number (SA) is the SKU and the GTIN the barcode; amounts
are without tax, unless a price says otherwise (AAE, AAB are prices before allowances, which then count).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ...domain.adapter import Reject
from ...domain.edi import Interchange, Message, Segment, only, parts
from .facts import Change, number_text

VERSIONS = "D.96A to D.01B"
#: Formats of DTM (2379) → Python's.
DATES = {"101": "%y%m%d", "102": "%Y%m%d", "201": "%y%m%d%H%M", "203": "%Y%m%d%H%M", "204": "%Y%m%d%H%M%S"}
#: What a message is for (BGM 1225): those that bring the whole order.
WHOLE = ("", "9", "5", "7", "31", "16")
CANCELS = ("1",)
WHOLE_AGAIN = "ORDERS, function 5"
#: Which of our parties a NAD is; the first that is there counts.
SHIP_TO = ("DP", "ST", "UC")
BILL_TO = ("IV", "BY", "OB")


def facts(message: Message, interchange: Interchange) -> dict[str, Any]:
    """The facts of an ORDERS message.

    :raises Reject: for one that is no whole order.
    """
    head, lines, summary = parts(message.segments, "LIN", "UNS")
    bgm = next((segment for segment in head if segment.tag == "BGM"), None)
    if bgm is None:
        raise Reject("The message has no number (BGM). Ask the sender to send it again.")
    number, function = bgm.get(1), bgm.get(2)
    if function in CANCELS:
        return {"format": "edifact", "number": number, "cancel": True}
    if function not in WHOLE:
        raise Change(number, f"ORDERS, function {function}", WHOLE_AGAIN)
    reader = _Numbers(interchange.decimal)
    parties = _parties(head)
    ship_to = next((parties[code] for code in SHIP_TO if code in parties), {})
    bill_to = next((parties[code] for code in BILL_TO if code in parties), {})
    buyer = parties.get("BY", bill_to)
    rate = next((segment.get(4, 3) for segment in head if segment.tag == "TAX" and segment.get(1) == "VAT"), "")
    currency = next((segment.get(0, 1) for segment in head if segment.tag == "CUX"), "")
    return {
        "format": "edifact",
        "number": number,
        "ordered_at": _moment(head, "137", "4"),
        "deliver_by": _moment(head, "63", "2", "17", "69", "76"),
        "currency": currency,
        "tax_included": "no",
        "tax_rate": reader.text(rate),
        "customer_ref": buyer.get("ref", ""),
        "shipping": ship_to or buyer,
        "billing": bill_to,
        "note": "\n".join(_notes(head)),
        "shipping_method": next((only((s.get(4, 3), s.get(4), s.get(2))) for s in head if s.tag == "TDT"), ""),
        "lines": [_line(line, reader) for line in lines]
        + list(_allowances(head, reader))
        + [charge for line in lines for charge in _charges_of(line, reader)],
        "net_total": reader.text(_amount(summary, "79")),
        "total": reader.text(only((_amount(summary, "77"), _amount(summary, "128"), _amount(summary, "9")))),
        "tax_total": reader.text(only((_amount(summary, "176"), _amount(summary, "124")))),
        "line_count": reader.text(
            next((segment.get(0, 1) for segment in summary if segment.tag == "CNT" and segment.get(0) == "2"), "")
        ),
        "is_test": "yes" if interchange.is_test else "",
        "reply": {"buyer": buyer.get("ref", ""), "place": ship_to.get("ref", "") or buyer.get("ref", "")},
    }


def change(message: Message, _interchange: Interchange) -> dict[str, Any]:
    """The facts of an ORDCHG message that calls an order off.

    :raises Change: for any other.
    """
    bgm = next((segment for segment in message.segments if segment.tag == "BGM"), None)
    orders = (s.get(0, 1) for s in message.segments if s.tag == "RFF" and s.get(0) == "ON")
    number = next(orders, "") or (bgm.get(1) if bgm else "")
    function = bgm.get(2) if bgm else ""
    if function in CANCELS and number:
        return {"format": "edifact", "number": number, "cancel": True}
    raise Change(number or "without a number", f"ORDCHG, function {function or 'not told'}", WHOLE_AGAIN)


def _parties(head: Sequence[Segment]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    party: dict[str, str] = {}
    for segment in head:
        if segment.tag == "NAD":
            party = _party(segment)
            found.setdefault(segment.get(0), party)
        elif segment.tag == "CTA" and party:
            party.setdefault("contact", only((segment.get(1, 1), segment.get(1))))
        elif segment.tag == "COM" and party:
            if segment.get(0, 1) == "EM":
                party.setdefault("email", segment.get(0))
            elif segment.get(0, 1) in ("TE", "AL"):
                party.setdefault("phone", segment.get(0))
    return found


def _party(segment: Segment) -> dict[str, str]:
    names, streets = segment.all(3), segment.all(4)
    loose = segment.all(2)
    if not names and loose:  # name and address as lines of text
        names, streets = loose[:1], streets or loose[1:2]
    return {
        "ref": segment.get(1),
        "name": only(names),
        "street": only(streets),
        "street2": ", ".join((*streets[1:], *names[1:])),
        "city": segment.get(5),
        "state": segment.get(6),
        "zip": segment.get(7),
        "country": segment.get(8),
    }


def _moment(segments: Iterable[Segment], *codes: str) -> str:
    dates = {}
    for segment in segments:
        if segment.tag == "DTM":
            dates.setdefault(segment.get(0), (segment.get(0, 1), segment.get(0, 2)))
    for code in codes:
        if code in dates:
            text, form = dates[code]
            try:
                return datetime.strptime(text, DATES.get(form, "%Y%m%d")).isoformat()
            except ValueError:
                return text  # told as it is; it becomes a problem
    return ""


def _notes(segments: Iterable[Segment]) -> Iterable[str]:
    for segment in segments:
        if segment.tag == "FTX" and (text := " ".join(segment.all(3))):
            yield text


def _amount(segments: Iterable[Segment], code: str) -> str:
    return next((s.get(0, 1) for s in segments if s.tag == "MOA" and s.get(0) == code), "")


def _line(segments: Sequence[Segment], reader: _Numbers) -> dict[str, Any]:
    lin = segments[0]
    numbers: dict[str, str] = {}
    if lin.get(2):
        numbers[lin.get(2, 1) or "EN"] = lin.get(2)
    for segment in segments:
        if segment.tag == "PIA":
            for element in range(1, len(segment.elements)):
                if segment.get(element):
                    numbers.setdefault(segment.get(element, 1), segment.get(element))
    prices = {s.get(0): s for s in segments if s.tag == "PRI"}
    price = next((prices[code] for code in ("AAA", "AAB", "AAE", "NTP", "INF") if code in prices), None)
    is_gross = price is not None and price.get(0) in ("AAB", "AAE")
    ordered = next((s.get(0, 1) for s in segments if s.tag == "QTY" and s.get(0) in ("21", "1")), "")
    unit = next((s.get(0, 2) for s in segments if s.tag == "QTY" and s.get(0) in ("21", "1")), "")
    barcode = only([numbers.get(code, "") for code in ("SRV", "EN", "UP", "GTIN")])
    amount = reader.text(_amount(segments, "203"))
    return {
        "id": lin.get(0),
        "sku": only([numbers.get(code, "") for code in ("SA", "VN", "MF")]),
        "barcode": barcode,
        "buyer_code": only([numbers.get(code, "") for code in ("IN", "BP")]),
        "name": " ".join(
            dict.fromkeys(f"{s.get(2, 3)} {s.get(2, 4)}".strip() for s in segments if s.tag == "IMD")
        ).strip(),
        "quantity": reader.text(ordered),
        "unit": unit,
        "price": reader.text(price.get(0, 1)) if price else "",
        "price_per": reader.text(price.get(0, 4)) if price else "",
        "amount": amount,
        "discount": _line_discount(segments, reader) if is_gross else "",
        "tax_rate": reader.text(next((s.get(4, 3) for s in segments if s.tag == "TAX"), "")),
        "note": " ".join(_notes(segments)),
    }


def _line_discount(segments: Sequence[Segment], reader: _Numbers) -> str:
    """What the allowances of a line come to."""
    total = sum((reader.number(text) or Decimal(0) for alc, text in _alcs(segments) if alc.get(0) == "A"), Decimal(0))
    return number_text(total) if total > 0 else ""


def _charges_of(line: Sequence[Segment], reader: _Numbers) -> Iterable[dict[str, Any]]:
    """Charges on one article, as lines, where neither its price nor its amount holds them."""
    is_gross = any(s.tag == "PRI" and s.get(0) in ("AAB", "AAE") for s in line)
    is_net = any(s.tag == "PRI" and s.get(0) == "AAA" for s in line) or _amount(line, "203")
    if is_gross and not is_net:
        charges = [
            part for alc, text in _alcs(line) if alc.get(0) != "A" for part in (alc, Segment("MOA", (("8", text),)))
        ]
        for charge in _allowances(charges, reader):
            yield {**charge, "id": f"{line[0].get(0)}-{charge['id']}"}


def _alcs(segments: Iterable[Segment]) -> Iterable[tuple[Segment, str]]:
    """(ALC, its amount) of what tells one."""
    alc = None
    for segment in segments:
        if segment.tag == "ALC":
            alc = segment
        elif segment.tag == "MOA" and alc is not None and segment.get(0) in ("8", "23", "204"):
            yield alc, segment.get(0, 1)
            alc = None


def _allowances(segments: Iterable[Segment], reader: _Numbers) -> Iterable[dict[str, Any]]:
    """Allowances and charges as lines."""
    for count, (alc, told) in enumerate(_alcs(segments), 1):
        text, off, is_freight = reader.text(told), alc.get(0) == "A", alc.get(4) in ("FC", "DL", "SH")
        yield {
            "id": f"alc-{count}",
            "kind": "discount" if off else "shipping" if is_freight else "fee",
            "name": alc.get(4, 3) or ("Allowance" if off else "Freight" if is_freight else "Charge"),
            "quantity": "1",
            "amount": f"-{text}" if off and text and not text.startswith("-") else text,
        }


class _Numbers:
    """Numbers as the interchange writes them (UNA), as text with a decimal point; what is none stays as it is."""

    def __init__(self, decimal: str):
        self.decimal = decimal

    def text(self, told: str) -> str:
        value = self.number(told)
        return told if value is None else number_text(value)

    def number(self, told: str) -> Decimal | None:
        try:
            value = Decimal(told.replace(",", "."))
        except InvalidOperation:
            return None
        return value if value.is_finite() and abs(value.adjusted()) < 20 else None
