"""Excel files, as tables of text. What Odoo ships reads (openpyxl) and writes (XlsxWriter) them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

import xlsxwriter
from openpyxl import load_workbook

from ...domain.table import COLUMNS_MAX, Table, Unreadable, make
from . import const

#: What declares entities is no Excel file: nobody writes that but to harm.
DOCTYPE = b"<!DOCTYPE"


def looks_like(data: bytes) -> bool:
    """Whether a file is a zip archive, as Excel's are."""
    return data.startswith(b"PK\x03\x04")


def read(data: bytes) -> Table:
    """The cells of the first sheet that has any. Formulas count as what they came to when the file was saved.

    :raises Unreadable: when it is no Excel file, or a harmful one.
    """
    _check_archive(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            rows = next(filter(None, (_rows(sheet) for sheet in book.worksheets[: const.SHEETS_MAX])), [])
        finally:
            book.close()
    except Unreadable:
        raise
    except Exception as error:  # whatever a broken archive makes a parser stumble over
        raise Unreadable("The Excel file cannot be read. Save it again as .xlsx, or as CSV.") from error
    return make(rows)


def _check_archive(data: bytes) -> None:
    """Refuse what would unpack to more than anybody meant. The sizes that an archive tells are kept by ``zipfile``: reading
    stops there."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > const.PARTS_MAX or sum(part.file_size for part in parts) > const.UNPACKED_MAX_BYTES:
                raise Unreadable("The Excel file is too large when it is unpacked. Split it, or save it as CSV.")
            if any(part.flag_bits & 1 for part in parts):
                raise Unreadable("The Excel file has a password. Save it without one.")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as file:
                        if DOCTYPE in file.read(2000):
                            raise Unreadable("The Excel file declares entities, which no Excel file does.")
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable("The Excel file is damaged. Save it again as .xlsx, or as CSV.") from error


def _rows(sheet) -> list[tuple[int, list[str]]]:
    rows = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=COLUMNS_MAX), 1):
        told = [_text(cell) for cell in cells]
        if any(told):
            rows.append((number, told))
        if len(rows) > const.ROWS_MAX + 1:
            raise Unreadable(f"More than {const.ROWS_MAX} rows in one file. Split it.")
        if number > 10 * const.ROWS_MAX:
            break
    return rows


def _text(cell) -> str:
    """A cell as Excel shows it: numbers with at most 15 digits, whole ones without a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        # Excel keeps 15 digits; what comes after them is an artefact of binary fractions.
        return format(Decimal(format(cell, ".15g")), "f") if cell == cell and abs(cell) < 1e15 else str(cell)
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S") if cell.time() != time() else cell.strftime("%Y-%m-%d")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def write(rows: Sequence[Sequence[str]]) -> bytes:
    """Rows as an Excel file; every cell is text, so no cell is a formula and no number loses its zeros."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell[:32_000], None if number else bold)
    sheet.freeze_panes(1, 0)
    if rows:
        sheet.set_column(0, len(rows[0]) - 1, 16)
    book.close()
    return out.getvalue()
