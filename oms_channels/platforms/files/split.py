"""A file → the messages of its orders. Whatever its bytes, it is read or refused with sentences, and never fails."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from odoo.addons.oms_core.domain.third_party_files import plain_cell, safe_cell

from ...domain import edifact, table, x12
from ...domain.adapter import Reject
from ...domain.edi import Fault, Interchange
from . import const, csv_orders, edifact_orders, sheet, x12_orders
from .facts import Bad, Change, File, Piece, Settings, piece

#: Standard → {kind of message that is about an order: its reader}.
READERS = {
    "edifact": {"ORDERS": edifact_orders.facts, "ORDCHG": edifact_orders.change},
    "x12": {"850": x12_orders.facts, "860": x12_orders.change},
}
#: Kinds of message that acknowledge ours.
ACKNOWLEDGEMENTS = ("CONTRL", "997", "APERAK", "999")


def format_of(data: bytes) -> str:
    """What a file is by its content; its name may say anything."""
    if sheet.looks_like(data):
        return "xlsx"
    if edifact.looks_like(data):
        return "edifact"
    return "x12" if x12.looks_like(data) else "csv"


def read_table(data: bytes) -> table.Table:
    """The cells of a CSV or Excel file. :raises table.Unreadable:"""
    if sheet.looks_like(data):
        return sheet.read(data)
    return table.read_csv(data, csv_orders.is_known, plain_cell)


def read(data: bytes, settings: Settings) -> File:
    """The orders of a file, and what of it is wrong."""
    kind = format_of(data)
    if len(data) > const.FILE_MAX_BYTES:
        return File(
            kind, bad=(Bad(0, f"The file is larger than {const.FILE_MAX_BYTES // 1024 // 1024} MiB. Split it."),)
        )
    if kind in READERS:
        return _read_edi(kind, data, settings)
    header = ()
    try:
        found = read_table(data)
        header = tuple(csv_orders.match_columns(found.header, settings.columns))
        return csv_orders.read(found, settings)
    except table.Unreadable as error:
        return File("csv", bad=(Bad(0, str(error)),), columns=header)


def _read_edi(kind: str, data: bytes, settings: Settings) -> File:
    module = edifact if kind == "edifact" else x12
    readers = READERS[kind]
    pieces: list[Piece] = []
    bad: list[Bad] = []
    interchanges = []
    for interchange in module.read(data):
        interchange = _for_us(interchange, settings)
        refused: dict[tuple[str, str], str] = {}
        interchanges.append((interchange, refused))
        if interchange.fault:
            bad.append(Bad(0, interchange.fault.text))
            continue
        faulty = {group.control: group.fault for group in interchange.groups if group.fault}
        for message in interchange.messages:
            if message.kind in ACKNOWLEDGEMENTS:
                continue
            at = (message.group, message.control)
            fault = message.fault or faulty.get(message.group)
            try:
                if fault:
                    raise Reject(fault.text)
                if message.kind not in readers:
                    raise Reject(
                        f"Messages of the kind {message.kind} are not read here; orders are {next(iter(readers))}."
                    )
                facts = readers[message.kind](message, interchange)
                facts.setdefault("currency", "")
                if not facts.get("cancel"):
                    facts["currency"] = facts["currency"] or settings.currency
                    facts["tax_rate"] = facts["tax_rate"] or settings.tax_rate
                pieces.append(
                    piece(
                        facts,
                        settings,
                        sender=interchange.sender[0],
                        receiver=interchange.receiver[0],
                        interchange=interchange.control,
                        message=message.control,
                    )
                )
            except Reject as error:
                refused[at] = str(error)
                is_change = isinstance(error, Change)
                number = error.number if is_change else message.control
                bad.append(Bad(0, f"{message.kind} {message.control}: {error}", number, is_change))
    if not interchanges:
        bad.append(Bad(0, "The file has no interchange. Ask the sender to send it again."))
    if len(pieces) > const.ORDERS_MAX:
        return File(kind, bad=(Bad(0, f"More than {const.ORDERS_MAX} orders in one file. Split it."),))
    return File(kind, tuple(pieces), tuple(bad), interchanges=tuple(interchanges))


def _for_us(interchange: Interchange, settings: Settings) -> Interchange:
    """The interchange; refused when it is of somebody else or for somebody else. The codes are EDIFACT's."""
    fault = interchange.fault
    if not fault and settings.partner and interchange.sender[0] != settings.partner:
        fault = Fault(
            "23",
            f"Interchange {interchange.control} is from “{interchange.sender[0]}”, and the partner of this channel is "
            f"“{settings.partner}”. Import it on the channel of its sender, or correct the identifier of the partner.",
        )
    if not fault and settings.own and interchange.receiver[0] != settings.own:
        fault = Fault(
            "7",
            f"Interchange {interchange.control} is for “{interchange.receiver[0]}”, and not for us (“{settings.own}”). Ask the "
            "sender, or correct our identifier on the channel.",
        )
    return replace(interchange, fault=fault)


def interchange_key(interchange: Interchange) -> str:
    """By which an interchange is known when it comes again: sender, receiver and control number."""
    told = ":".join((*interchange.sender, *interchange.receiver, interchange.control))
    digest = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:24]
    return f"interchange:{interchange.standard}:{digest}"


def write_bad_rows(data: bytes, reasons: dict[int, str]) -> tuple[bytes, str]:
    """(the bad rows of a table with a column that says what is wrong, suffix): corrected, the same file can be imported.

    :param reasons: {row: what is wrong with it}
    :raises table.Unreadable: when the file is no table.
    """
    found = read_table(data)
    keep = [index for index, name in enumerate(found.header) if name != const.ERROR_COLUMN]
    rows = [[found.header[index] for index in keep] + [const.ERROR_COLUMN]]
    rows += [
        [cells[index] for index in keep] + [reasons[number]]
        for number, cells, _wrong in found.rows
        if number in reasons
    ]
    if not found.dialect[1]:
        return sheet.write(rows), ".xlsx"
    return table.write_csv(rows, *found.dialect, safe_cell), ".csv"


def write_template(suffix: str) -> bytes:
    """An example to fill in."""
    rows = [[*const.TEMPLATE[0], *const.TEMPLATE[1]], *const.TEMPLATE_ROWS]
    return sheet.write(rows) if suffix == ".xlsx" else table.write_csv(rows, "utf-8-sig", ";", safe_cell)
