"""Reports of payouts as rows of text, read strictly: what is not exactly as it has to be is refused with its line.

Files of orders may be forgiving (:mod:`.table`); a report of money may not. Letters that cannot be read are not replaced, a
number is written one way in the whole file, and a cell that a spreadsheet would take for a formula is no order number.
"""

from __future__ import annotations

import codecs
import csv
import functools
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import Problem

from .settlement import (
    AMOUNT_DIGITS_MAX,
    LINES_MAX,
    PROBLEMS_MAX,
    REPORT_MAX_BYTES,
    PayoutDoc,
    refused,
    with_problems_of_all,
)
from .table import CELL_MAX_CHARS, COLUMNS_MAX, DELIMITERS, Manner, Unreadable, manner_of, moment, name_key

#: Whole numbers with groups of three or without, and decimals after the file's own sign.
_AMOUNT = {
    ".": re.compile(r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?"),
    ",": re.compile(r"[-+]?(?:\d+|\d{1,3}(?:[.\u00a0\u202f ]\d{3})+)(?:,\d+)?"),
}
_BOTH_SIGNS = re.compile(r"\d[.,]\d")
#: What a spreadsheet runs: a formula, a call, a command.
_FORMULA = re.compile(r"[=@\t\r]|[-+].*[(|!=]")
#: How files begin that people choose by mistake → what they are, and what to do with them.
_OTHERS = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive. Unpack it, or save the sheet as CSV (UTF-8), and choose that"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook. Save the sheet as CSV (UTF-8), and choose that"),
    (b"\x1f\x8b", "a packed file (gzip). Unpack it, and choose the report that is in it"),
    (b"%PDF", "a PDF, of which no amount can be read for sure. Choose the same report as CSV"),
    (b"\x89PNG", "a picture. Choose the report as CSV"),
    (b"\xff\xd8\xff", "a picture. Choose the report as CSV"),
)
#: Letters by which a row without an id is known.
ID_CHARS = 24
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(slots=True)
class Rows:
    """The rows of a report: ``(line, cells)`` as a spreadsheet numbers them, and where each column is.

    :param problems: what is wrong with single rows, added to by whoever reads them.
    :param names: what the file calls a column, where that is another name than ours.
    """

    places: Mapping[str, int]
    rows: Sequence[tuple[int, list[str]]]
    decimal: str = "."
    dates: str = ""
    problems: list[Problem] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)
    _moments: dict[str, datetime] = field(default_factory=dict)
    _told: Counter[str] = field(default_factory=Counter)

    def texts(self, name: str) -> Iterator[str]:
        """A column from above to below; empty texts where the report does not have it."""
        place = self.places.get(name)
        return ("" if place is None else cells[place] for _line, cells in self.rows)

    def text(self, cells: Sequence[str], name: str) -> str:
        place = self.places.get(name)
        return "" if place is None else cells[place]

    def complain(self, line: int, code: str, what: str) -> None:
        # The rest is counted by who reads the problems; a file of nothing but errors need not be kept twice.
        if len(self.problems) <= PROBLEMS_MAX * 100:
            self.problems.append(Problem(code, f"Line {line}: {what}"))

    def amount(self, line: int, cells: Sequence[str], name: str, missing: Decimal | None = None) -> Decimal | None:
        """The amount in a cell; ``missing`` where it is empty, and a problem where that is not allowed."""
        told = self.text(cells, name)
        if not told and missing is not None:
            return missing
        try:
            return amount(told, self.decimal)
        except Unreadable as error:
            self.complain(line, "bad_amount", f"{self.names.get(name, name)}: {error}")
            return None

    def moment(self, line: int, cells: Sequence[str], name: str) -> datetime | None:
        told = self.text(cells, name)
        return self.moment_of(line, told, name) if told else None

    def moment_of(self, line: int, told: str, name: str) -> datetime | None:
        """The moment of a text; most of a report happens at few, so each is read once."""
        if told not in self._moments:
            try:
                self._moments[told] = moment(told.removesuffix(" UTC").removesuffix(" GMT"), Manner("", self.dates))
            except Unreadable as error:
                self.complain(line, "bad_date", f"{self.names.get(name, name)}: {error}")
                return None
        return self._moments[told]

    def id_of(self, place: str, at: datetime | None, refs: Sequence[str], *more: object) -> str:
        """By what a row is known that has no id: what it says, which is the same in every file that has it.

        A row without a date, or that names nothing that happened once, may be there again in all honesty (a fee of each month):
        it is known by its place alone. That an order is paid out twice is told when the payout is looked at.

        :param place: the payout and the line.
        :param refs: the order and the transaction.
        """
        if not at or not any(refs):
            return place
        told = "\0".join(map(str, (at.timestamp(), *refs, *more)))
        self._told[told] += 1
        name = hashlib.sha256(told.encode()).hexdigest()[:ID_CHARS]
        return name if self._told[told] == 1 else f"{name}~{self._told[told]}"


def amount(text: str, decimal: str) -> Decimal:
    """An amount as the file writes it.

    >>> amount("-1,234.50", "."), amount("1.234,50", ",")
    (Decimal('-1234.50'), Decimal('1234.50'))

    :param decimal: ``.`` or ``,``.
    :raises Unreadable: for everything else.
    """
    if not (text.isascii() or decimal == ",") or not _AMOUNT[decimal].fullmatch(text):
        other = "," if decimal == "." else "."
        if text and _AMOUNT[other].fullmatch(text):
            raise Unreadable(
                f"“{text[:40]}” has “{other}” before its decimals, and this report has “{decimal}”. Has a spreadsheet "
                "changed it? Load the report again and import it as it is."
            )
        raise Unreadable(f"“{text[:40]}” is no amount. Load the report again and import it as it is.")
    bare = text.replace(",", "") if decimal == "." else re.sub("[.\u00a0\u202f ]", "", text).replace(",", ".")
    if len(bare.lstrip("+-").partition(".")[0]) > AMOUNT_DIGITS_MAX:
        raise Unreadable(f"“{text[:40]}” is larger than any amount of money. Load the report again.")
    return Decimal(bare)


def decimal_sign(texts: Iterable[str]) -> str:
    """``.`` or ``,``: before the decimals of these amounts. Where they differ, that of the first: the others are then told.

    :raises Unreadable: when it cannot be told, so that 1,234 could be two amounts.
    """
    written = [text for text in texts if _BOTH_SIGNS.search(text)]
    if not written:
        return "."
    found = manner_of(written, ()).decimal
    if found:
        return found
    for text in written:
        if found := manner_of([text], ()).decimal:
            return found
    raise Unreadable(f"“{written[0][:40]}” could be two amounts, and no other amount of the file tells which.")


def decode(raw: bytes, letters: Sequence[str] = ("utf-8",)) -> str:
    """The text of a file in one of these letters, the first that fits; a mark at its beginning says more.

    :raises Unreadable: where none fits.
    """
    if len(raw) > REPORT_MAX_BYTES:
        raise Unreadable(
            f"The file has {len(raw) // 1024 // 1024} MB, and at most {REPORT_MAX_BYTES // 1024 // 1024} are read. Load "
            "reports of shorter periods."
        )
    if other := next((what for mark, what in _OTHERS if raw.startswith(mark)), ""):
        raise Unreadable(f"The file is {other}.")
    marked = next((name for mark, name in _BOMS if raw.startswith(mark)), "")
    for name in [marked] if marked else letters:
        try:
            text = raw.decode(name)
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            continue
        if "\0" in text:
            raise Unreadable("The file is no text. Choose the report as the platform offers it (CSV or tab separated).")
        return text
    raise Unreadable(
        f"Line {line}: there are letters that are not written in {marked or letters[0]}. Load the report again and import it "
        "without opening it in another program."
    )


def read(
    raw: bytes,
    columns: Mapping[str, Sequence[str]],
    required: Sequence[str],
    letters: Sequence[str] = ("utf-8",),
    delimiter: str = "",
) -> Rows:
    """The rows of a report that begins with the names of its columns.

    :param columns: our name of a column → how it may be written; compared without case and punctuation.
    :param required: those without which it is another report.
    :param delimiter: empty where it has to be found out.
    :raises Unreadable: when it is not that report.
    """
    text = decode(raw, letters)
    if not text.strip():
        raise Unreadable("The file is empty.")
    known = {name_key(name): ours for ours, names in columns.items() for name in (ours, *names)}
    first = text.lstrip("\r\n").split("\n", 1)[0][:10_000]
    delimiter = delimiter or max(DELIMITERS, key=lambda sign: _known_names(first, sign, known))
    places, rows, wrong = {}, [], []
    width = 0
    for line, cells in read_cells(text, delimiter):
        if not width:
            width = len(cells)
            places = _places(cells, known, required)
            continue
        if len(cells) > width and any(cells[width:]):
            wrong.append(
                Problem("bad_row", f"Line {line}: {len(cells)} cells, and the first row names {width} columns.")
            )
            continue
        cells.extend([""] * (width - len(cells)))
        rows.append((line, cells))
        if len(rows) > LINES_MAX:
            raise Unreadable(f"More than {LINES_MAX} rows in one file. Load reports of shorter periods.")
    if not rows and not wrong:
        raise Unreadable("The file has no rows below the names of the columns. Is the period empty?")
    found = Rows(places, rows, problems=wrong)
    _check_formulas(found)
    return found


def _known_names(first: str, delimiter: str, known: Mapping[str, str]) -> tuple[int, int]:
    names = first.split(delimiter)
    return sum(1 for name in names if name_key(name) in known), len(names)


def read_cells(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of the rows that are not empty.

    :raises Unreadable: where a row cannot be read.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cells):
                cells = [cell.strip() for cell in cells]
                if max(map(len, cells)) > CELL_MAX_CHARS:
                    raise Unreadable(
                        f"Line {line}: a cell has more than {CELL_MAX_CHARS} characters. Load the report again."
                    )
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(f"Line {line} cannot be read ({error}). Is the file cut off? Load the report again.") from None


def _places(names: Sequence[str], known: Mapping[str, str], required: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, name in enumerate(names[:COLUMNS_MAX]):
        ours = known.get(name_key(name))
        if ours and ours in places:
            raise Unreadable(f"Two columns are called “{name}”. Load the report again.")
        if ours:
            places[ours] = place
    if missing := [name for name in required if name not in places]:
        raise Unreadable(
            f"These columns are missing: {', '.join(missing)}. Is it another report? Choose the one that the help of this "
            "screen names."
        )
    return places


def _check_formulas(found: Rows) -> None:
    places = sorted(found.places.values())
    for line, cells in found.rows:
        for place in places:
            cell = cells[place]
            if cell and cell[0] in "=@+-" and _FORMULA.match(cell):
                found.complain(
                    line, "formula", f"“{cell[:40]}” is a formula, and no report has any. Load the report again."
                )


def refusing(platform: str, source: str) -> Callable[[Callable[..., list[PayoutDoc]]], Callable[..., list[PayoutDoc]]]:
    """Makes of a parser one that never raises: what it cannot read is told as the problems of a payout without lines, and
    what is wrong with one payout of a file keeps them all."""

    def wrap(parse: Callable[..., list[PayoutDoc]]) -> Callable[..., list[PayoutDoc]]:
        @functools.wraps(parse)
        def guarded(raw, *args, **options) -> list[PayoutDoc]:
            try:
                return with_problems_of_all(parse(_loaded(raw), *args, **options))
            except Unreadable as error:
                return refused(platform, source, Problem("unreadable", str(error)))

        return guarded

    return wrap


def _loaded(raw: bytes | Mapping[str, Any]) -> bytes | Mapping[str, Any]:
    """What an API answered is kept as the bytes of its JSON."""
    if not isinstance(raw, bytes) or raw[:1000].lstrip()[:1] != b"{":
        return raw
    if len(raw) > REPORT_MAX_BYTES:
        raise Unreadable(f"The answer has more than {REPORT_MAX_BYTES // 1024 // 1024} MB. Load shorter periods.")
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=str)
    except (ValueError, RecursionError):
        raise Unreadable("The answer of the platform cannot be read. Load the payout again.") from None


def restated(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """What a :class:`.reader.Reader` complains of in an answer about payouts: nobody can correct that in the shop."""
    ending = " Correct the order in the shop and send it again."
    return tuple(
        Problem(problem.code, problem.message.removesuffix(ending) + " Load the payout again from the platform.")
        for problem in problems
    )


def add_up(rows: Rows, line: int, gross: Decimal, fee: Decimal, net: Decimal) -> None:
    """Complain of a row whose fee (positive when it is taken) does not lead from gross to net."""
    if gross - fee != net:
        rows.complain(line, "row_mismatch", f"{gross} less the fee of {fee} is not {net}. Load the report again.")
