"""Tables of text as people and programs write them: letters, separators, numbers and dates are found out, never guessed.

What a cell means can hang on the whole file: ``1,234`` is a number with three decimals in one country and a thousand in
another. So a file is looked at as a whole first (:class:`Manner`), and what stays ambiguous is refused with a sentence.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

ROWS_MAX = 20_000
COLUMNS_MAX = 200
CELL_MAX_CHARS = 2_000
DELIMITERS = ";,\t|"
#: An amount beyond this is none.
DIGITS_MAX = 15

_NUMBER = re.compile(r"[-+]?(\d{1,3}([ \u00a0\u202f'’.,]\d{3})+|\d+)([.,]\d+)?|[-+]?[.,]\d+")
_CURRENCY_SIGNS = "€$£¥ \u00a0\u202f\t"
_ISO_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](.+))?")
_LOCAL_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?:,?[T ]+(.+))?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?\s*([AaPp][Mm])?")


class Unreadable(ValueError):
    """A cell, or a whole file, that cannot be read; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of a file as text.

    :param header: the names of the columns as they are written.
    :param rows: (number as a spreadsheet shows it, cells, as many as there are columns, what is wrong with the row).
    :param dialect: how a CSV file is written: (letters, delimiter); empty for a spreadsheet.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...], str], ...]
    dialect: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Manner:
    """How numbers and dates are written in a file.

    :param decimal: ``.`` or ``,``; empty when nothing in the file tells.
    :param dates: ``dmy`` or ``mdy``; empty when nothing tells.
    """

    decimal: str = ""
    dates: str = ""


def decode(data: bytes) -> tuple[str, str]:
    """(text, name of its letters), for any bytes.

    >>> decode("Größe".encode("cp1252"))
    ('Größe', 'cp1252')
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return data.decode(name, "replace").replace("\0", ""), name
    head = data[:200]
    if len(head) >= 4 and head.count(0) >= len(head) // 4:
        # Every other byte is nothing: two bytes a letter, without the mark that says so.
        name = "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"
        return data.decode(name, "replace").replace("\0", ""), name
    try:
        text, name = data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, name = data.decode("cp1252", "replace"), "cp1252"
    return text.replace("\0", ""), name


def read_csv(data: bytes, known: Callable[[str], bool], plain: Callable[[str], str]) -> Table:
    """The cells of a CSV file.

    :param known: whether a name of a column is understood; the delimiter with which most are is the file's.
    :param plain: takes away what was put before a text so that a spreadsheet does not take it for a formula.
    :raises Unreadable: when it is none.
    """
    text, letters = decode(data)
    if not text.strip():
        raise Unreadable("The file is empty.")
    skipped = 0
    said = re.match(r"\s*sep=(.)\r?\n", text, re.I)  # what Excel writes to itself
    if said:
        text, skipped = text[said.end() :], 1
    delimiter = said.group(1) if said else _delimiter(text, known)
    rows, problem = [], ""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        while len(rows) <= ROWS_MAX:
            line = reader.line_num + 1 + skipped
            cells = next(reader, None)
            if cells is None:
                break
            if any(cell.strip() for cell in cells):
                rows.append((line, [plain(cell.strip()) for cell in cells]))
        else:
            problem = f"More than {ROWS_MAX} rows in one file. Split it."
    except (csv.Error, RecursionError) as error:
        problem = f"Line {line} cannot be read ({error}). Is a quotation mark not closed?"
    if problem:
        raise Unreadable(problem)
    return make(rows, (letters, delimiter))


def make(rows: Sequence[tuple[int, Sequence[str]]], dialect: tuple[str, str] = ("", "")) -> Table:
    """A table of rows of which the first names the columns.

    :raises Unreadable: when there are none.
    """
    if not rows:
        raise Unreadable("The file is empty.")
    header = [name.strip() for name in rows[0][1]]
    while header and not header[-1]:
        header.pop()
    if not header or len(header) > COLUMNS_MAX:
        raise Unreadable("The first row does not name the columns.")
    found = []
    for number, cells in rows[1:]:
        told, wrong = list(cells), ""
        while len(told) > len(header) and not told[-1].strip():
            told.pop()
        if [cell.strip().casefold() for cell in told] == [name.casefold() for name in header]:
            continue  # files that were put together name the columns again
        if len(told) > len(header):
            wrong = (
                f"{len(told)} cells, and the first row names {len(header)}. Put texts that hold a separator in quotes."
            )
        elif any(len(cell) > CELL_MAX_CHARS for cell in told):
            wrong = f"A cell has more than {CELL_MAX_CHARS} characters."
        told = [cell[:CELL_MAX_CHARS] for cell in told[: len(header)]]
        found.append((number, tuple(told + [""] * (len(header) - len(told))), wrong))
    if not found:
        raise Unreadable("The file has no rows below the names of the columns.")
    return Table(tuple(header), tuple(found), dialect)


def _delimiter(text: str, known: Callable[[str], bool]) -> str:
    first = text.lstrip("\r\n").split("\n", 1)[0][:10_000]

    def weight(delimiter: str) -> tuple[int, int]:
        try:
            names = next(csv.reader([first], delimiter=delimiter), [])
        except csv.Error:
            names = []
        return sum(1 for name in names if known(name)), len(names)

    return max(DELIMITERS, key=weight)


def name_key(name: str) -> str:
    """A name of a column without case, accents and punctuation.

    >>> name_key(" Préis / Stück "), name_key("Order-No.")
    ('preis stuck', 'order no')
    """
    flat = unicodedata.normalize("NFKD", name.casefold().replace("ß", "ss"))
    flat = "".join(letter for letter in flat if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[^\W_]+", flat))


def manner_of(numbers: Iterable[str], dates: Iterable[str], delimiter: str = "") -> Manner:
    """What the numbers and dates of a file tell about how it is written.

    >>> manner_of(["1,234", "10,5"], ["03/04/2026", "25/12/2026"])
    Manner(decimal=',', dates='dmy')
    >>> manner_of(["1,234"], ["03/04/2026"])
    Manner(decimal='', dates='')
    """
    signs, orders = set(), set()
    for text in numbers:
        bare = _bare(text)
        if not _NUMBER.fullmatch(bare):
            continue
        points, commas = bare.count("."), bare.count(",")
        if points and commas:
            signs.add("," if bare.rfind(",") > bare.rfind(".") else ".")
        elif points > 1 or commas > 1:
            signs.add("," if points > 1 else ".")
        elif points or commas:
            mark = "." if points else ","
            whole, _mark, part = bare.lstrip("+-").partition(mark)
            if len(part) != 3 or len(whole) > 3 or not whole.strip("0"):
                signs.add(mark)
    for text in dates:
        found = _LOCAL_DATE.fullmatch(text.strip())
        if found and found[2] == ".":
            orders.add("dmy")
        elif found:
            first, second = int(found[1]), int(found[3])
            if first > 12 or second > 12:
                orders.add("dmy" if first > 12 else "mdy")
    decimal = signs.pop() if len(signs) == 1 else ""
    return Manner(decimal, orders.pop() if len(orders) == 1 else "")


def number(text: str, manner: Manner = Manner()) -> Decimal:  # noqa: B008 (frozen)
    """The number in a cell.

    >>> number("1.234,50 €"), number("-3"), number("12.5")
    (Decimal('1234.50'), Decimal('-3'), Decimal('12.5'))

    :raises Unreadable: when it is none, or could be two.
    """
    bare = _bare(text)
    if not _NUMBER.fullmatch(bare):
        raise Unreadable(f"“{text[:40]}” is no number. Write 1234.50 or 1234,50.")
    sign, bare = ("-", bare[1:]) if bare[0] == "-" else ("", bare.lstrip("+"))
    bare = re.sub(r"[ \u00a0\u202f'’]", "", bare)
    points, commas = bare.count("."), bare.count(",")
    if points and commas:
        decimal = "," if bare.rfind(",") > bare.rfind(".") else "."
        if manner.decimal and decimal != manner.decimal:
            raise Unreadable(
                f"“{text[:40]}” is written otherwise than the other numbers of the file. Write 1234{manner.decimal}50."
            )
    elif points > 1 or commas > 1:
        decimal = ""
    elif points or commas:
        mark = "." if points else ","
        whole, _mark, part = bare.partition(mark)
        decimal = mark
        if len(part) == 3 and len(whole) <= 3 and whole.strip("0"):
            if not manner.decimal:
                raise Unreadable(
                    f"“{text[:40]}” could be {whole}{part} or {whole}{mark}{part}. Write it without separators of thousands."
                )
            decimal = mark if mark == manner.decimal else ""
    else:
        decimal = ""
    for mark in ".,":
        bare = bare.replace(mark, "." if mark == decimal else "")
    if len(bare.replace(".", "")) > DIGITS_MAX:
        raise Unreadable(f"“{text[:40]}” has too many digits.")
    return Decimal(sign + (bare if not bare.startswith(".") else f"0{bare}"))


def moment(text: str, manner: Manner = Manner()) -> datetime:  # noqa: B008 (frozen)
    """The date, and the time where there is one, in a cell; without an offset it is in UTC.

    >>> moment("25.12.2026").isoformat(), moment("2026-12-25T10:30:00+02:00").isoformat()
    ('2026-12-25T00:00:00+00:00', '2026-12-25T08:30:00+00:00')

    :raises Unreadable: when it is none, or could be two.
    """
    told = text.strip()
    if found := _COMPACT_DATE.fullmatch(told):
        year, month, day, clock = int(found[1]), int(found[2]), int(found[3]), ""
    elif found := _ISO_DATE.fullmatch(told):
        year, month, day, clock = int(found[1]), int(found[2]), int(found[3]), found[4] or ""
    elif found := _LOCAL_DATE.fullmatch(told):
        first, second, year, clock = int(found[1]), int(found[3]), int(found[4]), found[5] or ""
        year += 2000 if year < 100 else 0
        order = "dmy" if found[2] == "." or first > 12 else "mdy" if second > 12 else manner.dates
        if not order and first != second:
            raise Unreadable(f"“{told[:40]}” could be two dates. Write it as {year}-12-31 (year-month-day).")
        day, month = (second, first) if order == "mdy" else (first, second)
    else:
        raise Unreadable(f"“{told[:40]}” is no date. Write it as 2026-12-31.")
    try:
        return _with_clock(datetime(year, month, day, tzinfo=timezone.utc), clock)
    except (ValueError, OverflowError):
        raise Unreadable(f"“{told[:40]}” is no date. Write it as 2026-12-31.") from None


def _with_clock(day: datetime, clock: str) -> datetime:
    if not clock.strip():
        return day
    found = _CLOCK.fullmatch(clock.strip())
    if not found:
        raise ValueError(clock)
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[5]:
        hour = hour % 12 + (12 if found[5].lower() == "pm" else 0)
    at = day.replace(hour=hour, minute=minute, second=second)
    if found[4] and found[4] != "Z":
        return datetime.strptime(f"{at:%Y-%m-%dT%H:%M:%S}{found[4]}", "%Y-%m-%dT%H:%M:%S%z").astimezone(timezone.utc)
    return at


def _bare(text: str) -> str:
    """A number without its currency: ``€ 12,50``, ``12.50 EUR``; accountants write (5.00) for what is owed."""
    bare = text.strip().strip(_CURRENCY_SIGNS)
    bare = re.sub(r"^[A-Z]{3}\s*|\s*[A-Z]{3}$", "", bare).strip(_CURRENCY_SIGNS)
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    return bare if bare.isascii() or re.fullmatch(r"[\x00-\x7f\u00a0\u202f’]*", bare) else "?"


def write_csv(rows: Iterable[Sequence[str]], letters: str, delimiter: str, safe: Callable[[str], str]) -> bytes:
    """Rows as a CSV file, in letters that hold them; a spreadsheet takes no cell of it for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
    text = out.getvalue()
    if letters == "cp1252":
        with suppress(UnicodeEncodeError):
            return text.encode(letters)
    return text.encode("utf-16" if letters.startswith("utf-16") else "utf-8-sig", "replace")
