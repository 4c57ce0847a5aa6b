"""Labels of our own, for carriers that are known by a rate card and not by an interface: a driver, a local courier, a van.

A label has the address, our number as a barcode and the weight, ten by fifteen centimetres, as PDF or as ZPL.
"""

from __future__ import annotations

import hashlib
from io import BytesIO

from .base import Address, ShipmentRequest

POINTS_PER_CM = 72 / 2.54
LINE_MAX_CHARS = 40


def number_of(key: str) -> str:
    """The tracking number of a parcel. From the key alone, so that the same parcel always has the same.

    >>> number_of("K1")
    'OM0651894837'
    """
    digits = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % 10**9
    return f"OM{digits:09}{sum(int(digit) * (3 - 2 * (place % 2)) for place, digit in enumerate(f'{digits:09}')) % 10}"


def address_lines(address: Address) -> list[str]:
    lines = [
        address.company if address.company != address.name else "",
        address.name,
        address.street,
        address.street2,
        f"{address.zip} {address.city}".strip(),
        address.country,
    ]
    return [line[:LINE_MAX_CHARS] for line in lines if line]


def zpl(request: ShipmentRequest, number: str, service: str) -> bytes:
    """For printers at 203 dots per inch. Text is escaped, so that an address cannot command the printer."""

    def text(left: int, top: int, size: int, words: str) -> str:
        safe = "".join(f"_{byte:02X}" if chr(byte) in "^~_\\" or byte > 126 else chr(byte) for byte in words.encode())
        return f"^FO{left},{top}^A0N,{size},{size}^FH_^FD{safe}^FS"

    rows = ["^XA", "^CI28", "^PW812", "^LL1218", text(40, 40, 36, service)]
    rows += [text(40, 100 + 30 * row, 24, line) for row, line in enumerate(address_lines(request.sender))]
    rows += [text(40, 340 + 52 * row, 44, line) for row, line in enumerate(address_lines(request.receiver))]
    rows.append(text(40, 760, 30, f"{request.parcel.weight_kg:f} kg   {request.reference}"))
    rows.append(f"^FO40,840^BY3^BCN,200,Y,N,N^FD{number}^FS")
    if request.is_return:
        rows.append(text(40, 1120, 40, "RETURN"))
    rows.append("^XZ")
    return "\n".join(rows).encode()


def pdf(request: ShipmentRequest, number: str, service: str) -> bytes:
    # Here and not above: who prints no labels needs no library for it.
    from reportlab.graphics.barcode.code128 import Code128
    from reportlab.pdfgen.canvas import Canvas

    width, height = 10 * POINTS_PER_CM, 15 * POINTS_PER_CM
    stream = BytesIO()
    # invariant: the same label is the same file
    canvas = Canvas(stream, pagesize=(width, height), invariant=1)
    canvas.setTitle(number)

    def text(left_cm: float, top_cm: float, size: float, words: str, bold: bool = False) -> None:
        canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
        # The built-in fonts know Latin letters only.
        canvas.drawString(
            left_cm * POINTS_PER_CM,
            height - top_cm * POINTS_PER_CM,
            words.encode("latin-1", "replace").decode("latin-1"),
        )

    text(0.6, 1.1, 14, service, bold=True)
    if request.is_return:
        text(7.2, 1.1, 12, "RETURN", bold=True)
    for row, line in enumerate(address_lines(request.sender)):
        text(0.6, 1.9 + 0.38 * row, 8, line)
    canvas.line(0.6 * POINTS_PER_CM, height - 4.6 * POINTS_PER_CM, width - 17, height - 4.6 * POINTS_PER_CM)
    for row, line in enumerate(address_lines(request.receiver)):
        text(0.6, 5.5 + 0.65 * row, 13, line, bold=row == 0)
    text(0.6, 9.9, 9, f"{request.parcel.weight_kg:f} kg   {request.reference}")
    barcode = Code128(number, barHeight=2.6 * POINTS_PER_CM, barWidth=1.15)
    barcode.drawOn(canvas, max(0.0, (width - barcode.width) / 2), height - 13.2 * POINTS_PER_CM)
    canvas.setFont("Helvetica-Bold", 12)
    canvas.drawCentredString(width / 2, height - 13.9 * POINTS_PER_CM, number)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()
