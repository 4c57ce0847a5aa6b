"""Files of strangers: JSON and CSV without surprises. Whatever is wrong is a :class:`BadFile`, with the place and a sentence."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any, NoReturn

from ..words import plain

FILE_MAX_BYTES = 2_000_000
ROWS_MAX = 20_000
TEXT_MAX_CHARS = 200
#: Amounts, distances and quantities beyond this are none.
NUMBER_MAX = Decimal(10) ** 9
FINEST = Decimal("1E-9")

#: Of a row of a table: where it stands. No column is called so.
LINE = ""

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}([.,][0-9]{1,9})?")
_YES, _NO = ("y", "yes", "true", "1"), ("n", "no", "false", "0")


class BadFile(ValueError):
    """A file that is not taken, with nothing of it.

    :ivar where: the line, or the path, in the file.
    :ivar sentence: what is wrong, and what to do.
    """

    def __init__(self, where: str, sentence: str):
        super().__init__(f"{where}: {sentence}")
        self.where, self.sentence = where, sentence


def is_json(data: bytes) -> bool:
    """Whether it is meant to be JSON: no table begins with a bracket."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def decoded(data: bytes) -> str:
    """
    :raises BadFile: if it is empty, too large, or no UTF-8.
    """
    if len(data) > FILE_MAX_BYTES:
        raise BadFile("file", f"It is larger than {FILE_MAX_BYTES // 1_000_000} MB. Bring its parts along one by one.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile(f"byte {error.start}", "It is no text in UTF-8. Save it as UTF-8, and choose it again.") from None
    if not text.strip():
        raise BadFile("file", "It is empty. Export the rules once more.")
    return text


def load(data: bytes) -> Any:
    """What a JSON file says, with numbers as ``Decimal`` and ``int``.

    :raises BadFile: for anything that is no JSON, or where a name stands twice in one object.
    """
    text = decoded(data)
    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once, parse_int=_whole
        )
    except json.JSONDecodeError as error:
        raise BadFile(
            f"line {error.lineno}, column {error.colno}", "Here it stops being JSON. Export the rules once more."
        ) from None
    except InvalidOperation:
        raise BadFile("file", "A number in it is none.") from None
    except RecursionError:
        raise BadFile("file", "It is nested too deeply to be a file of rules.") from None


def _no_constant(name: str) -> NoReturn:
    raise BadFile("file", f"{name} stands where a number should be. Correct it, and choose the file again.")


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= 18 else Decimal(digits[:40])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise BadFile("file", f"“{text_of(name)}” stands twice in one place, and only one of them can count.")
        result[name] = value
    return result


def table(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file by the names of its columns, in small letters; under :data:`LINE` stands which line it is.

    :raises BadFile: if it is no table, or if a cell stands in a column without a name.
    """
    text = decoded(data)
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows: list[dict[str, str]] = []
    try:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        header: list[str] = []
        for cells in lines:
            number = lines.line_num
            if not any(cell.strip() for cell in cells):
                continue
            cells = [text_of(cell) for cell in cells]
            if not header:
                header = [cell.lower().replace(" ", "_") for cell in cells]
                names = [name for name in header if name]
                if len(set(names)) < len(names):
                    raise BadFile(f"line {number}", "Two columns have the same name. Rename one of them.")
                continue
            if any(cell for name, cell in zip_longest(header, cells, fillvalue="") if not name):
                raise BadFile(
                    f"line {number}", "It has a cell in a column without a name. Name the column in the first row."
                )
            if len(rows) >= ROWS_MAX:
                raise BadFile(f"line {number}", f"It has more than {ROWS_MAX} rows. Bring its parts along one by one.")
            row = {name: cell for name, cell in zip_longest(header, cells, fillvalue="") if name}
            rows.append({**row, LINE: f"line {number}"})
    except csv.Error as error:
        raise BadFile("file", f"It is no table: {error}. Save it as CSV once more.") from None
    return rows


# --- values, with their place in the file ---------------------------------------------------------------------------------


def text_of(value: Any) -> str:
    """Anything simple as one line of text, empty for nothing; what no database takes is left out.

    >>> text_of(" a\\n b "), text_of(None), text_of(True), text_of(Decimal("2.50"))
    ('a b', '', 'true', '2.5')
    """
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        value = plain(value.quantize(FINEST)) if is_usable(value) else "?"
    text = str(value).encode("utf-8", "ignore").decode().replace("\0", "")
    return " ".join(text[: 2 * TEXT_MAX_CHARS].split())[:TEXT_MAX_CHARS]


def is_usable(number: Decimal) -> bool:
    """Compared only: arithmetic would fail for the numbers that are not."""
    return number.is_finite() and -NUMBER_MAX <= number <= NUMBER_MAX


def number_of(value: Any) -> Decimal | None:
    """A number, also one that is written as text; None for anything else, or beyond reason.

    >>> number_of("12,5"), number_of(3), number_of("many"), number_of(True)
    (Decimal('12.5'), Decimal('3'), None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        number = Decimal(value)
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        number = Decimal(value.strip().replace(",", "."))
    else:
        return None
    return number.quantize(FINEST).normalize() if is_usable(number) else None


def flag_of(value: Any) -> bool | None:
    """Yes or no, however it is written; None for neither."""
    word = text_of(value).lower()
    return True if word in _YES else False if word in _NO else None


def mapping_at(value: Any, where: str) -> dict[str, Any]:
    """
    :raises BadFile: if there is no object.
    """
    if not isinstance(value, dict):
        raise BadFile(where, "Here should stand an object with names, in braces. Export the rules once more.")
    return value


def list_at(value: Any, where: str) -> list[Any]:
    """
    :raises BadFile: if there is neither a list nor nothing.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadFile(where, "Here should stand a list, in square brackets. Export the rules once more.")
    return value


def objects_at(value: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of each entry of a list.

    :raises BadFile: if it is no list, or has anything else in it.
    """
    for number, entry in enumerate(list_at(value, where), 1):
        place = f"{where}[{number}]"
        yield place, mapping_at(entry, place)


def strangers(entry: dict[str, Any], known: Iterable[str]) -> list[str]:
    """Names in an object that say something and that nobody here knows."""
    known = frozenset(known)
    return [name for name, value in entry.items() if name not in known and value not in (None, "", [], {})]
