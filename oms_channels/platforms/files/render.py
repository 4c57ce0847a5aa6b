"""What a trading partner is told, as the bytes of a file: shipments, cancellations and stock, in the partner's format.

What the partner called things in its order (line numbers, its own article numbers, GLNs) is repeated to it as it said them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from odoo.addons.oms_core.domain.third_party_files import safe_cell

from ...domain import edifact, table, x12
from ...domain.outgoing import Cancellation, Parcel, Refund, StockReport

#: Of what follows a GLN: who gives it out (GS1), as NAD wants it.
GS1 = "9"
SHIPMENT_COLUMNS = (
    *("order_number", "line", "sku", "quantity", "carrier", "tracking_number", "tracking_url", "shipped_at"),
    *("parcel", "last"),
)
CANCELLATION_COLUMNS = ("order_number", "line", "sku", "quantity", "reason", "note")
REFUND_COLUMNS = ("order_number", "line", "sku", "quantity", "amount", "currency", "reason")
STOCK_COLUMNS = ("sku", "barcode", "name", "quantity", "at")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Between whom, and with which number.

    :param partner, own: (identifier, its qualifier).
    :param control: of this interchange, in the numbering of the partner; never used twice.
    """

    partner: tuple[str, str]
    own: tuple[str, str]
    control: int
    now: datetime
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """An order line as the partner knows it."""

    line_id: str
    sku: str = ""
    barcode: str = ""
    buyer_code: str = ""
    name: str = ""
    ordered: Decimal = Decimal(0)
    unit: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """The order that something is about, in the partner's words.

    :param lines: {the partner's line: what it is}
    :param again: it was told before, with less: what is told now stands in its place.
    """

    number: str = ""
    ordered_at: str = ""
    buyer: str = ""
    place: str = ""
    lines: Mapping[str, Line] = field(default_factory=dict)
    again: bool = False

    def line(self, line_id: str) -> Line:
        return self.lines.get(line_id) or Line(line_id)


def number(value: Decimal) -> str:
    """A quantity without needless zeros.

    >>> number(Decimal("2.0")), number(Decimal("100"))
    ('2', '100')
    """
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def identity(text: str) -> tuple[str, str]:
    """(identifier, qualifier) of ``4000001000005:14`` or ``ZZ:ACME`` or ``ACME``.

    >>> identity("4000001000005:14"), identity("ACME")
    (('4000001000005', '14'), ('ACME', ''))
    """
    name, _mark, qualifier = text.strip().partition(":")
    return name.strip(), qualifier.strip()


# ---- CSV ----


def _csv(columns: Sequence[str], rows) -> bytes:
    return table.write_csv([columns, *rows], "utf-8-sig", ";", safe_cell)


def csv_shipment(parcel: Parcel, about: About) -> bytes:
    return _csv(
        SHIPMENT_COLUMNS,
        (
            (
                *(parcel.order_ref, item.line_ref, about.line(item.line_ref).sku, number(item.quantity)),
                *(parcel.carrier_name or parcel.carrier, parcel.tracking_number, parcel.tracking_url),
                *(parcel.shipped_at.isoformat(), str(parcel.number), "yes" if parcel.last else "no"),
            )
            for item in parcel.items
        ),
    )


def csv_cancellation(cancellation: Cancellation, about: About) -> bytes:
    rows = [
        (cancellation.order_ref, item.line_ref, about.line(item.line_ref).sku, number(item.quantity))
        for item in cancellation.items
    ]
    rows = rows or [(cancellation.order_ref, "", "", "")]
    return _csv(CANCELLATION_COLUMNS, ((*row, cancellation.reason, cancellation.note) for row in rows))


def csv_refund(refund: Refund, about: About) -> bytes:
    rows = [
        (item.line_ref, about.line(item.line_ref).sku, number(item.quantity), format(item.total, "f"))
        for item in refund.items
    ]
    rest = refund.amount - sum((item.total for item in refund.items), Decimal(0))
    if rest or not rows:
        rows.append(("", "", "", format(rest, "f")))
    return _csv(REFUND_COLUMNS, ((refund.order_ref, *row, refund.currency, refund.reason) for row in rows))


def csv_stock(report: StockReport) -> bytes:
    at = report.at.isoformat()
    return _csv(
        STOCK_COLUMNS, ((item.sku, item.barcode, item.name, number(item.quantity), at) for item in report.items)
    )


# ---- EDIFACT ----


def _article(at: int, line: Line, action: str = "") -> list[str]:
    code = ("EN" if len(line.barcode) in (8, 13, 14) else "UP") if line.barcode else ""
    parts = [edifact.segment("LIN", line.line_id if line.line_id.isdigit() else str(at), action, (line.barcode, code))]
    if line.sku:
        parts.append(edifact.segment("PIA", "1", (line.sku, "SA")))
    if line.buyer_code:
        parts.append(edifact.segment("PIA", "1", (line.buyer_code, "IN")))
    return parts


def _parties(envelope: Envelope, about: About | None) -> list[str]:
    parts = [edifact.segment("NAD", "SU", (envelope.own[0], "", GS1))]
    buyer = (about.buyer if about else "") or envelope.partner[0]
    parts.append(edifact.segment("NAD", "BY", (buyer, "", GS1)))
    if about and about.place:
        parts.append(edifact.segment("NAD", "DP", (about.place, "", GS1)))
    return parts


def _edifact(kind: str, body: Sequence[str], envelope: Envelope) -> bytes:
    return edifact.write(
        (kind, "D", "96A", "UN"), body, envelope.own, envelope.partner, envelope.control, envelope.now, envelope.is_test
    )


def desadv(parcel: Parcel, about: About, envelope: Envelope) -> bytes:
    """A despatch advice of one parcel."""
    body = [
        edifact.segment("BGM", "351", parcel.key, "5" if about.again else "9"),
        edifact.segment("DTM", ("137", f"{envelope.now:%Y%m%d%H%M}", "203")),
        edifact.segment("DTM", ("11", f"{parcel.shipped_at:%Y%m%d%H%M}", "203")),
        edifact.segment("RFF", ("ON", about.number or parcel.order_ref)),
    ]
    if parcel.tracking_number:
        body.append(edifact.segment("RFF", ("CN", parcel.tracking_number)))
    body += _parties(envelope, about)
    if parcel.carrier_name or parcel.carrier:
        body.append(edifact.segment("TDT", "20", "", "30", "", (parcel.carrier, "", "", parcel.carrier_name[:35])))
    body += [edifact.segment("CPS", "1"), edifact.segment("PAC", "1")]
    for at, item in enumerate(parcel.items, 1):
        line = about.line(item.line_ref)
        body += _article(at, line)
        body.append(edifact.segment("QTY", ("12", number(item.quantity), line.unit or "PCE")))
        body.append(edifact.segment("RFF", ("ON", about.number or parcel.order_ref, item.line_ref)))
    body.append(edifact.segment("CNT", ("2", str(len(parcel.items)))))
    return _edifact("DESADV", body, envelope)


def ordrsp(cancellation: Cancellation, about: About, envelope: Envelope) -> bytes:
    """An order response: the order is not accepted (27), or only in part (4): lines that are refused (7) or changed (3)."""
    items = cancellation.items
    body = [
        edifact.segment("BGM", "231", cancellation.key, "4" if items else "27"),
        edifact.segment("DTM", ("137", f"{envelope.now:%Y%m%d%H%M}", "203")),
        edifact.segment("RFF", ("ON", about.number or cancellation.order_ref)),
        *_parties(envelope, about),
    ]
    for at, item in enumerate(items, 1):
        line = about.line(item.line_ref)
        left = max(line.ordered - item.quantity, Decimal(0))
        body += _article(at, line, "3" if left else "7")
        body.append(edifact.segment("QTY", ("21", number(left), line.unit or "PCE")))
    body += [edifact.segment("UNS", "S"), edifact.segment("CNT", ("2", str(len(items))))]
    return _edifact("ORDRSP", body, envelope)


def invrpt(report: StockReport, envelope: Envelope) -> bytes:
    """An inventory report: what may be sold of each article (145, actual stock)."""
    body = [
        edifact.segment("BGM", "35", report.key, "9"),
        edifact.segment("DTM", ("137", f"{envelope.now:%Y%m%d%H%M}", "203")),
        edifact.segment("DTM", ("366", f"{report.at:%Y%m%d%H%M}", "203")),
        *_parties(envelope, None),
    ]
    for at, item in enumerate(report.items, 1):
        body += _article(at, Line(str(at), item.sku, item.barcode))
        body.append(edifact.segment("QTY", ("145", number(item.quantity), "PCE")))
    return _edifact("INVRPT", body, envelope)


# ---- X12 ----


def _codes(line: Line) -> list[str]:
    codes = []
    for qualifier, code in (
        ("VN", line.sku),
        ({8: "EN", 12: "UP", 13: "EN", 14: "UK"}.get(len(line.barcode), "UP"), line.barcode),
        ("BP", line.buyer_code),
    ):
        if code:
            codes += [qualifier, code[:48]]
    return codes


def _x12(group: str, kind: str, body: Sequence[str], envelope: Envelope) -> bytes:
    return x12.write(
        group, kind, body, envelope.own, envelope.partner, envelope.control, envelope.now, envelope.is_test
    )


def _unit(line: Line) -> str:
    return line.unit[:2] if len(line.unit) == 2 else "EA"


def asn(parcel: Parcel, about: About, envelope: Envelope) -> bytes:
    """An 856 of one parcel: shipment, order, pack, items."""
    body = [
        x12.segment(
            "BSN", "05" if about.again else "00", parcel.key, f"{envelope.now:%Y%m%d}", f"{envelope.now:%H%M}", "0001"
        ),
        x12.segment("HL", "1", "", "S"),
    ]
    if parcel.carrier_name or parcel.carrier:
        scac = parcel.carrier if 2 <= len(parcel.carrier) <= 4 else ""
        body.append(x12.segment("TD5", "", "2" if scac else "", scac, "", parcel.carrier_name[:35]))
    if parcel.tracking_number:
        body.append(x12.segment("REF", "CN", parcel.tracking_number[:30]))
    body.append(x12.segment("DTM", "011", f"{parcel.shipped_at:%Y%m%d}", f"{parcel.shipped_at:%H%M}"))
    if about.place:
        body.append(x12.segment("N1", "ST", "", "92", about.place))
    body += [
        x12.segment("HL", "2", "1", "O"),
        x12.segment("PRF", about.number or parcel.order_ref, "", "", about.ordered_at),
        x12.segment("HL", "3", "2", "P"),
    ]
    if parcel.tracking_number:
        body.append(x12.segment("MAN", "CP", parcel.tracking_number[:48]))
    for at, item in enumerate(parcel.items, 1):
        line = about.line(item.line_ref)
        body += [
            x12.segment("HL", str(at + 3), "3", "I"),
            x12.segment("LIN", item.line_ref, *_codes(line)),
            x12.segment("SN1", item.line_ref, number(item.quantity), _unit(line)),
        ]
    body.append(x12.segment("CTT", str(len(parcel.items) + 3)))
    return _x12("SH", "856", body, envelope)


def po_acknowledgement(cancellation: Cancellation, about: About, envelope: Envelope) -> bytes:
    """An 855 that refuses the order (RJ) or some of its items (RD)."""
    items = cancellation.items
    body = [
        x12.segment(
            "BAK",
            "00",
            "RD" if items else "RJ",
            about.number or cancellation.order_ref,
            about.ordered_at or f"{envelope.now:%Y%m%d}",
        )
    ]
    for item in items:
        line = about.line(item.line_ref)
        body += [
            x12.segment("PO1", item.line_ref, number(line.ordered), _unit(line), "", "", *_codes(line)),
            x12.segment("ACK", "IR", number(item.quantity), _unit(line)),
        ]
    body.append(x12.segment("CTT", str(len(items))))
    return _x12("PR", "855", body, envelope)


def inventory(report: StockReport, envelope: Envelope) -> bytes:
    """An 846: what may be sold of each article (33, available for sale)."""
    body = [
        x12.segment("BIA", "00", "MB", report.key, f"{report.at:%Y%m%d}", f"{report.at:%H%M}"),
        x12.segment("N1", "SU", "", "92", envelope.own[0]),
    ]
    for at, item in enumerate(report.items, 1):
        body += [
            x12.segment("LIN", str(at), *_codes(Line(str(at), item.sku, item.barcode))),
            x12.segment("QTY", "33", number(item.quantity), "EA"),
        ]
    body.append(x12.segment("CTT", str(len(report.items))))
    return _x12("IB", "846", body, envelope)
