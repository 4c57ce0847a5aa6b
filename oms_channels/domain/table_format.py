"""Which column of a table is what, and what its words mean: as people have said it once on a screen, for any report of money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from odoo.addons.oms_core.domain.documents import Problem

from .payout_table import Rows, decimal_sign, read
from .table import Unreadable, manner_of

DATES = ("", "dmy", "mdy")


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How somebody writes their reports.

    :param columns: name of a column → what it is, of the words that the reader of the report knows.
    :param kinds: what the column of the type says → a kind that the reader knows; compared without case and punctuation.
    :param decimal: ``.`` or ``,`` before the decimals; empty where the file tells.
    :param dates: ``dmy`` or ``mdy`` for dates like 03/04/2026; empty where the file tells.
    :param currency: where the file has no column for it.
    :param letters: an encoding that Python knows; empty for UTF-8.
    """

    columns: Mapping[str, str]
    kinds: Mapping[str, str] = field(default_factory=dict)
    decimal: str = ""
    dates: str = ""
    currency: str = ""
    letters: str = ""
    delimiter: str = ""

    def told_problems(self, fields: Mapping[str, str], kinds: Sequence[str]) -> Iterator[Problem]:
        """What is wrong with the format, whatever the report.

        :param fields: what a column can be, of this reader; ``kinds``: what a word can mean.
        """
        told = list(self.columns.values())
        if unknown := sorted(set(told) - set(fields)):
            yield Problem("bad_field", f"These are no fields: {', '.join(unknown)}. Choose one of the list.")
        if twice := sorted({name for name in told if told.count(name) > 1}):
            yield Problem("bad_field", f"Two columns are both {', '.join(twice)}. Choose one of them.")
        if unknown := sorted(set(self.kinds.values()) - set(kinds)):
            yield Problem("bad_kind", f"These are no kinds of lines: {', '.join(unknown)}. Choose one of the list.")
        if not self.currency and "currency" not in told:
            yield Problem("bad_currency", "Choose the column of the currency, or enter the currency of all rows.")
        if self.decimal not in ("", ".", ",") or self.dates not in DATES:
            yield Problem("bad_format", "Numbers are written with a point or a comma, dates as dmy or mdy.")

    def rows(self, raw: bytes, amounts: Sequence[str], days: Sequence[str]) -> Rows:
        """The rows of a report with its own way to write numbers and dates.

        :param amounts: the fields that are amounts; ``days``: those that are dates.
        :raises Unreadable: when it is no such report.
        """
        columns = {ours: (column,) for column, ours in self.columns.items()}
        try:
            rows = read(raw, columns, tuple(columns), (self.letters or "utf-8",), self.delimiter)
        except LookupError:
            raise Unreadable(f"“{self.letters[:40]}” is no encoding. Choose utf-8, or what the sender says.") from None
        rows.names = {ours: column for column, ours in self.columns.items()}
        known = [name for name in amounts if name in columns]
        rows.decimal = self.decimal or decimal_sign(text for one in known for text in rows.texts(one))
        rows.dates = self.dates or manner_of((), (text for one in days for text in rows.texts(one))).dates
        return rows
