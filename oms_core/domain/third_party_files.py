"""The messages of :mod:`third_party` as CSV files, for logistics partners that exchange files and speak no HTTP.

A file that comes in is named ``shipment….csv``, ``stock….csv`` or ``return….csv``. Its first row names the columns, in any
order; further columns are ignored. UTF-8, with or without a byte order mark; separated by comma, semicolon or tab; decimals
with a point or a comma, and nothing between thousands.

========== ======================================================================================================
shipment   ``reference`` ``sku`` ``quantity``; and ``tracking`` (a parcel each), ``lot``, ``final`` (yes: no more comes),
           ``message_id``
stock      ``sku`` ``quantity``; and ``at`` (2026-12-05T04:00:00Z)
return     ``reference`` (may be empty) ``sku`` ``quantity``; and ``lot``, ``note``, ``message_id``
========== ======================================================================================================

Rows of one reference (in a stock list: of one SKU) are one statement: they count together or, when one of them is bad,
wait together for the corrected file, while all others are worked off. A statement is known by its ``message_id``, else by
what it says, so a corrected file holds all rows again and only the new ones do anything. Two shipments of one delivery that
say exactly the same therefore need a ``message_id`` each.

What goes out has the columns ``OUT_COLUMNS``, one row for each line of an order.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from .third_party import TYPES, Unreadable, read

REQUIRED = {
    "shipment": ("reference", "sku", "quantity"),
    "stock": ("sku", "quantity"),
    "return": ("reference", "sku", "quantity"),
}
OUT_COLUMNS = (
    *("message_id", "type", "reference", "order", "ship_by", "delivery_method", "carrier"),
    *("name", "company", "street", "street2", "zip", "city", "state", "country", "phone", "email"),
    *("line", "sku", "product", "quantity"),
)
ROWS_MAX = 20_000
STATEMENTS_MAX = 2_000
CELL_MAX_CHARS = 1_000

#: With one of these at its beginning a spreadsheet takes a text for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

_YES = {"1", "yes", "y", "true", "x", "oui", "ja", "si", "sí"}
_NO = {"", "0", "no", "n", "false", "non", "nein"}
_NUMBER = re.compile(r"[0-9]{1,12}([.,][0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class BadRow:
    """:param row: its number as a spreadsheet shows it; 0 for the file as a whole."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What the rows of one reference say, as the JSON message that says the same.

    :param key: by which it is known when it comes again.
    """

    key: str
    rows: tuple[int, ...]
    reference: str
    body: bytes


@dataclass(frozen=True, slots=True)
class File:
    kind: str
    statements: tuple[Statement, ...] = ()
    bad: tuple[BadRow, ...] = field(default=())


def kind_of(name: str) -> str:
    """What a file tells, by the beginning of its name.

    >>> kind_of("Shipment-2026-12-05.csv")
    'shipment'

    :raises Unreadable: for any other name.
    """
    for kind in TYPES:
        if name.lower().startswith(kind):
            return kind
    raise Unreadable(f"The name of the file does not begin with {', '.join(TYPES)}: what it tells is not known.")


def read_file(name: str, data: bytes, today: date) -> File:
    """Read a file as it came; what is wrong with it is told row by row.

    >>> file = read_file("stock.csv", b"sku;quantity\\nMUG;2,5\\nCUP;many\\n", date(2026, 12, 5))
    >>> [json.loads(statement.body)["lines"] for statement in file.statements]
    [[{'sku': 'MUG', 'quantity': '2.5'}]]
    >>> [(bad.row, bad.reason) for bad in file.bad]
    [(3, '“many” is no quantity. Write 2 or 2.5, without signs and separators of thousands.')]

    :param today: part of what a stock list without a moment says: the same list tomorrow tells something new.
    """
    kind = ""
    try:
        kind = kind_of(name)
        rows = _rows(_text(data), REQUIRED[kind])
    except Unreadable as error:
        return File(kind, bad=(BadRow(0, str(error)),))
    groups: dict[tuple, list] = {}
    bad: dict[int, str] = {}
    reasons: dict[tuple, int] = {}
    for number, cells, reason in rows:
        key = _group(kind, cells, number)
        groups.setdefault(key, []).append((number, cells))
        try:
            if reason:
                raise Unreadable(reason)
            _check(kind, cells)
        except Unreadable as error:
            bad[number] = str(error)
            reasons.setdefault(key, number)
    good = {key: rows for key, rows in groups.items() if key not in reasons}
    for key, first in reasons.items():
        for number, _cells in groups[key]:
            bad.setdefault(number, f"Waits for row {first}, with which it belongs together.")
    statements: list[Statement] = []
    times: dict[str, int] = {}
    for rows_of in _merge_stock(good) if kind == "stock" else good.values():
        statement = _statement(kind, rows_of, today, times)
        try:
            read(statement.body)
        except Unreadable as error:
            bad.update((number, str(error)) for number in statement.rows)
        else:
            statements.append(statement)
    if len(statements) > STATEMENTS_MAX:
        return File(kind, bad=(BadRow(0, f"More than {STATEMENTS_MAX} references in one file. Split it."),))
    return File(kind, tuple(statements), tuple(BadRow(number, bad[number]) for number in sorted(bad)))


def write_messages(messages: Iterable[Mapping]) -> bytes:
    """Order, update and cancel messages, as they are posted as JSON, as the rows of a file.

    >>> text = write_messages([{"message_id": "cancel-7", "type": "cancel", "reference": "=1+1"}]).decode("utf-8-sig")
    >>> text.splitlines()[1][:24]
    "cancel-7;cancel;'=1+1;;;"
    """
    rows = []
    for message in messages:
        address = message.get("address") or {}
        head = {column: message.get(column) for column in OUT_COLUMNS[:7]}
        head.update({column: address.get(column) for column in OUT_COLUMNS[7:17]})
        # A telephone number with a plus would be a formula; two zeros say the same.
        head["phone"] = re.sub(r"^\+", "00", (head["phone"] or "").strip())
        for line in message.get("lines") or ({},):
            rows.append(
                {
                    **head,
                    "line": line.get("line"),
                    "sku": line.get("sku"),
                    "product": line.get("name"),
                    "quantity": line and f"{line['quantity']:g}",
                }
            )
    return _write(OUT_COLUMNS, rows)


def write_bad_rows(bad: Iterable[BadRow]) -> bytes:
    """What stands beside a file that is bad: which rows, and why."""
    return _write(("row", "reason"), ({"row": item.row or "file", "reason": item.reason} for item in bad))


def safe_cell(value) -> str:
    """A text that no spreadsheet takes for a formula; :func:`plain_cell` takes the mark away again.

    >>> safe_cell("=HYPERLINK(1)"), safe_cell("MUG-BLUE"), safe_cell(None)
    ("'=HYPERLINK(1)", 'MUG-BLUE', '')
    """
    text = "" if value is None or value is False else str(value).replace("\0", "")
    return f"'{text}" if text.startswith(FORMULA) else text


def _write(columns, rows) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe_cell(row.get(column)) for column in columns])
    return out.getvalue().encode("utf-8-sig", "replace")


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("The file is not written in UTF-8. Save it as CSV UTF-8 and send it again.") from error
    if "\0" in text:
        raise Unreadable("This is no text file.")
    if not text.strip():
        raise Unreadable("The file is empty.")
    return text


def _rows(text: str, required) -> list[tuple[int, dict[str, str], str]]:
    """``(number, {column: text}, what is wrong)`` of each row that is not empty."""
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header, rows = None, []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in cells]
                _check_header(header, required)
                continue
            if len(rows) >= ROWS_MAX:
                raise Unreadable(f"More than {ROWS_MAX} rows in one file. Split it.")
            wrong = ""
            if len(cells) != len(header):
                wrong = f"{len(cells)} cells, and the first row names {len(header)}. Put texts with {delimiter!r} in quotes."
            elif any(len(cell) > CELL_MAX_CHARS for cell in cells):
                wrong = f"A cell has more than {CELL_MAX_CHARS} characters."
            row = dict(zip(header, (plain_cell(cell) for cell in cells), strict=False))
            rows.append((reader.line_num, row, wrong))
    except csv.Error as error:
        raise Unreadable(f"Line {reader.line_num} cannot be read ({error}). Is a quotation mark not closed?") from error
    if not rows:
        raise Unreadable("The file has no rows.")
    return rows


def _check_header(header, required):
    if missing := [column for column in required if column not in header]:
        raise Unreadable(
            f"The columns {', '.join(missing)} are missing. The first row names: {', '.join(header)[:300]}."
        )
    named = [column for column in header if column]
    if len(set(named)) < len(named):
        raise Unreadable("The first row names a column twice.")


def plain_cell(cell: str) -> str:
    """The text that :func:`safe_cell` was given."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _group(kind, cells, number):
    """What a row belongs together with."""
    if kind == "stock":
        return (cells.get("sku", ""),)
    reference, message_id = cells.get("reference", ""), cells.get("message_id", "")
    # Parcels without a paper have nothing in common, unless they say so.
    return (reference, message_id) if reference or message_id else ("", f"row {number}")


def _check(kind, cells):
    if not cells.get("sku"):
        raise Unreadable("The row has no sku.")
    if kind == "shipment" and not cells.get("reference"):
        raise Unreadable("The row has no reference: the one of the order file.")
    _quantity(cells.get("quantity", ""))
    _final(cells.get("final", ""))


def _quantity(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise Unreadable(f"“{text}” is no quantity. Write 2 or 2.5, without signs and separators of thousands.")
    whole, _mark, part = text.replace(",", ".").partition(".")
    if len(part) == 3 and len(whole) <= 3 and whole.strip("0"):
        raise Unreadable(f"“{text}” may mean {whole}{part} or {whole}.{part.rstrip('0') or '0'}. Write one of them.")
    return f"{whole}.{part}" if part else whole


def _final(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise Unreadable(f"“{text}” is neither yes nor no (final).")
    return text.lower() in _YES


def _merge_stock(groups):
    """Rows of SKUs that are told for the same moment, together."""
    moments: dict[str, list] = {}
    for rows in groups.values():
        for number, cells in rows:
            moments.setdefault(cells.get("at", ""), []).append((number, cells))
    return moments.values()


def _statement(kind, rows, today, times) -> Statement:
    cells = rows[0][1]
    reference = cells.get("reference", "") if kind != "stock" else ""
    content: dict = {"type": kind}
    if kind == "shipment":
        parcels: dict[str, list] = {}
        for _number, row in rows:
            parcels.setdefault(row.get("tracking", ""), []).append(_line(row))
        content["reference"] = reference
        content["final"] = any(_final(row.get("final", "")) for _number, row in rows)
        content["parcels"] = [{"tracking": tracking, "lines": lines} for tracking, lines in parcels.items()]
    else:
        content["lines"] = [_line(row) for _number, row in rows]
    if kind == "stock" and cells.get("at"):
        content["at"] = cells["at"]
    if kind == "return":
        content["reference"] = reference
        content["note"] = " ".join(dict.fromkeys(row["note"] for _number, row in rows if row.get("note")))[:200]
    said = json.dumps(content, sort_keys=True)
    if kind == "stock" and not cells.get("at"):
        said += today.isoformat()
    given = cells.get("message_id", "") if kind != "stock" else ""
    # A number of theirs counts within its reference, so that numbering rows does no harm.
    key = f"{reference}:{given}" if given else hashlib.sha256(said.encode()).hexdigest()[:32]
    # Two parcels that came back without a paper may say the same, and are two.
    times[key] = times.get(key, 0) + 1
    if times[key] > 1:
        key = f"{key}#{times[key]}"
    body = json.dumps({"message_id": key, **content}, ensure_ascii=False).encode("utf-8", "replace")
    return Statement(key, tuple(number for number, _row in rows), reference, body)


def _line(row) -> dict:
    line = {"sku": row["sku"], "quantity": _quantity(row["quantity"])}
    return {**line, "lot": row["lot"]} if row.get("lot") else line
