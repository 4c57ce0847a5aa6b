"""Orders as rows of a table: rows of one order number are one order, and wait together when one of them is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...domain.adapter import Reject
from ...domain.table import (
    Manner,
    Table,
    Unreadable,
    manner_of,
    moment,
    name_key,
    number,
)
from . import const
from .facts import Bad, File, Piece, Settings, number_text, piece

#: Fields of an address in a table → in facts.
ADDRESSES = (("s_", "shipping"), ("b_", "billing"))


def is_known(name: str) -> bool:
    """Whether a name of a column is understood."""
    key = name_key(name)
    return key in const.FIELD_BY_NAME or key in const.AMBIGUOUS or key in const.RATE_OR_AMOUNT


def match_columns(header: Sequence[str], saved: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name, field or empty) of each column; what a person decided goes before what is recognised. A field is read from
    one column, the first that has its name."""
    fields = [""] * len(header)
    taken: set[str] = set()

    def take(index: int, field: str) -> None:
        if field in const.COLUMNS and field not in taken:
            fields[index] = field
            taken.add(field)

    keys = [name_key(name) for name in header]
    for index, key in enumerate(keys):
        take(index, saved.get(key, ""))
    for index, key in enumerate(keys):
        if key not in saved:
            take(index, const.FIELD_BY_NAME.get(key, ""))
    for index, key in enumerate(keys):
        if key not in saved:
            for field in const.AMBIGUOUS.get(key, ()):
                if not fields[index]:
                    take(index, field)
    return list(zip(header, fields, strict=True))


def _tax_column(table: Table, columns: Sequence[tuple[str, str]], saved: Mapping[str, str]) -> list[tuple[str, str]]:
    """The columns, with one named “VAT” as the rate where its cells say so.

    :raises Unreadable: when nothing tells what it is: an amount read as a rate would be believed.
    """
    found = list(columns)
    for index, (name, field) in enumerate(columns):
        key = name_key(name)
        if field or key not in const.RATE_OR_AMOUNT or key in saved:
            continue
        cells = [cells[index] for _row, cells, _wrong in table.rows if cells[index]]
        if cells and all(cell.endswith("%") for cell in cells):
            if not any(taken == "tax_rate" for _name, taken in found):
                found[index] = (name, "tax_rate")
        elif cells and not {"tax_rate", "tax"} <= {taken for _name, taken in found}:
            raise Unreadable(
                f"“{name}” could be a rate or an amount. Choose on the columns what it is, or name it “Tax rate” or “Tax amount”."
            )
    return found


def read(table: Table, settings: Settings) -> File:
    """The orders of a table.

    :raises Unreadable: when columns are missing without which nothing can be read.
    """
    columns = _tax_column(table, match_columns(table.header, settings.columns), settings.columns)
    fields = [field for _name, field in columns]
    _check_columns(table.header, fields)
    rows = [
        (row, {field: cell for field, cell in zip(fields, cells, strict=True) if field and cell}, wrong)
        for row, cells, wrong in table.rows
    ]
    if len(rows) > const.ROWS_MAX:
        raise Unreadable(f"The file has {len(rows)} rows, and {const.ROWS_MAX} are read at once. Split it.")
    manner = _manner(rows, table.dialect[1], settings)
    orders: dict[str, list] = {}
    bad: list[Bad] = []
    for row, cells, wrong in rows:
        told = cells.get("number", "")
        if not told:
            bad.append(Bad(row, wrong or "The row has no order number. Repeat the number on every row of the order."))
        else:
            orders.setdefault(told, []).append((row, cells, wrong))
    pieces: list[Piece] = []
    for told, of_order in orders.items():
        try:
            pieces.append(_order(told, of_order, manner, settings))
        except _BadRows as error:
            numbers = [row for row, _cells, _wrong in of_order]
            first = min(error.reasons)
            waits = f"Waits for row {first}, with which it belongs together."
            bad += [Bad(row, error.reasons.get(row, waits), told) for row in numbers]
    bad.sort(key=lambda item: item.row)
    return File("csv", tuple(pieces), tuple(bad), tuple(columns), len(rows))


class _BadRows(Exception):
    """{row: what is wrong with it}"""

    def __init__(self, reasons: dict[int, str]):
        super().__init__("; ".join(reasons.values()))
        self.reasons = reasons


def _check_columns(header: Sequence[str], fields: Sequence[str]) -> None:
    missing = [const.COLUMNS[field][0] for field in ("number", "quantity") if field not in fields]
    if "sku" not in fields and "barcode" not in fields:
        missing.append(const.COLUMNS["sku"][0])
    if "price" not in fields and "amount" not in fields:
        missing.append(const.COLUMNS["price"][0])
    if missing:
        raise Unreadable(
            f"No column is known as: {', '.join(missing)}. The first row names: {', '.join(header)[:400]}. Choose the columns or "
            "correct their names."
        )


def _manner(rows, delimiter: str, settings: Settings) -> Manner:
    numbers = [cells[field] for _row, cells, _wrong in rows for field in const.NUMBER_FIELDS if field in cells]
    dates = [cells[field] for _row, cells, _wrong in rows for field in const.DATE_FIELDS if field in cells]
    found = manner_of(numbers, dates)
    # Where a comma stands between numbers, a semicolon stands between cells; and who writes so writes the day first.
    decimal = settings.decimal or found.decimal
    return Manner(decimal, settings.dates or found.dates or ("dmy" if decimal == "," or delimiter == ";" else ""))


def _order(told: str, rows, manner: Manner, settings: Settings) -> Piece:
    """One order. :raises _BadRows:"""
    reasons: dict[int, str] = {}
    head: dict[str, tuple[int, str]] = {}
    lines: list[dict[str, Any]] = []
    for row, cells, wrong in rows:
        try:
            if wrong:
                raise Unreadable(wrong)
            for field, cell in cells.items():
                if field in const.LINE_FIELDS:
                    continue
                first, before = head.setdefault(field, (row, cell))
                if before != cell:
                    raise Unreadable(
                        f"{const.COLUMNS[field][0]} is “{cell[:60]}” here and “{before[:60]}” in row {first} of the same order."
                    )
            lines.append(_line(cells, manner))
        except Unreadable as error:
            reasons[row] = str(error)
    first_row = rows[0][0]
    facts: dict[str, Any] = {}
    if not reasons:
        try:
            facts = _facts(told, {field: cell for field, (_row, cell) in head.items()}, lines, manner, settings)
        except _BadCell as error:
            reasons[head[error.field][0]] = str(error)
    if reasons:
        raise _BadRows(reasons)
    try:
        return piece(facts, settings, [row for row, _cells, _wrong in rows])
    except Reject as error:
        raise _BadRows({first_row: str(error)}) from error


class _BadCell(Exception):
    def __init__(self, field: str, text: str):
        super().__init__(f"{const.COLUMNS[field][0]}: {text}")
        self.field = field


def _line(cells: Mapping[str, str], manner: Manner) -> dict[str, Any]:
    def told(field: str) -> str:
        text = cells.get(field, "")
        if not text:
            return ""
        try:
            return number_text(number(text.removesuffix("%") if field == "tax_rate" else text, manner))
        except Unreadable as error:
            raise Unreadable(f"{const.COLUMNS[field][0]}: {error}") from None

    if not cells.get("sku") and not cells.get("barcode"):
        raise Unreadable("The row names no product. Fill in the SKU or the barcode.")
    if not cells.get("quantity"):
        raise Unreadable("The row has no quantity.")
    if not cells.get("price") and not cells.get("amount"):
        raise Unreadable("The row has no price. Write 0 for what is free.")
    quantity = told("quantity")
    if quantity.startswith("-") or not quantity.strip("0."):
        raise Unreadable(f"The quantity is {quantity}. Write how many are ordered.")
    rate = told("tax_rate")
    if rate and (rate.startswith("-") or len(rate.partition(".")[0]) > 2):
        raise Unreadable(f"{const.COLUMNS['tax_rate'][0]}: “{rate}” is no rate. Write 20 for 20 %.")
    return {
        "id": cells.get("line_id", ""),
        "sku": cells.get("sku", ""),
        "barcode": cells.get("barcode", ""),
        "name": cells.get("name", ""),
        "quantity": quantity,
        "price": told("price"),
        "amount": told("amount"),
        "discount": told("discount").lstrip("-"),
        "tax_rate": rate,
        "tax": told("tax"),
        "note": cells.get("line_note", ""),
    }


def _facts(told: str, head: Mapping[str, str], lines, manner: Manner, settings: Settings) -> dict[str, Any]:
    """:raises _BadCell: for what is said once for the order and cannot be read."""
    values: dict[str, str] = {}
    for field, cell in head.items():
        try:
            if field in const.NUMBER_FIELDS:
                values[field] = number_text(number(cell, manner))
            elif field in const.DATE_FIELDS:
                values[field] = moment(cell, manner).isoformat()
            elif field in ("tax_included", "paid"):
                values[field] = _yes_or_no(cell)
            else:
                values[field] = cell
        except Unreadable as error:
            raise _BadCell(field, str(error)) from None
    currency = values.get("currency", "").upper() or settings.currency
    country = values.get("s_country", "")
    if country and not (len(country) == 2 and country.isalpha()):
        raise _BadCell("s_country", f"“{country[:40]}” is no code of a country. Write two letters (FR, DE, US).")
    facts: dict[str, Any] = {
        "format": "csv",
        "number": told,
        "currency": currency,
        "tax_included": values.get("tax_included") or ("yes" if settings.tax_included else "no"),
        "tax_rate": settings.tax_rate,
        "shipping_charge": values.get("shipping", ""),
        "lines": lines,
    }
    for field in ("status", "ordered_at", "total", "net_total", "tax_total", "customer_ref", "note", "payment_method"):
        facts[field] = values.get(field, "")
    for field in ("paid", "shipping_method", "order_discount", "deliver_by", "delivery_method", "pickup_ref"):
        facts[field] = values.get(field, "")
    for prefix, key in ADDRESSES:
        facts[key] = {field.removeprefix(prefix): cell for field, cell in values.items() if field.startswith(prefix)}
    return facts


def _yes_or_no(cell: str) -> str:
    told = cell.strip().casefold()
    if told in const.YES:
        return "yes"
    if told in const.NO:
        return "no"
    raise Unreadable(f"“{cell[:40]}” is neither yes nor no.")
