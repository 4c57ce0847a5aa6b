"""What a carrier or a fulfilment partner bills, as it is written in a table: read strictly, refused with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO, Problem

from .currencies import DECIMALS, step
from .payout_table import Rows
from .settlement import PROBLEMS_MAX
from .table import Unreadable, name_key
from .table_format import TableFormat

#: What a line bills → what that is called. The first is meant where no column tells it.
KINDS = {
    "transport": "Transport",
    "fuel": "Fuel surcharge",
    "surcharge": "Other surcharge",
    "weight": "Weight or size corrected",
    "address": "Address corrected",
    "order": "Handling of a delivery",
    "pick": "Picking",
    "pack": "Packing",
    "return": "Handling of a return",
    "storage": "Storage",
    "other": "Something else",
}
#: What a column can be → what it is called. Amounts are without tax.
FIELDS = {
    "number": "Number of the bill",
    "billed_on": "Date of the bill",
    "total": "Total of the bill, with tax",
    "tracking": "Tracking number",
    "reference": "Our reference (delivery, return)",
    "kind": "What is billed",
    "amount": "Amount without tax",
    "tax": "Tax",
    "currency": "Currency",
    "weight": "Weight (kg)",
    "quantity": "Quantity",
    "service": "Service",
    "at": "Date of the service",
    "text": "Description",
}
AMOUNTS = ("amount", "tax", "total", "weight", "quantity")
DAYS = ("billed_on", "at")
#: Common names of columns, by which a table is recognised at first sight.
NAMES = {
    "number": ("invoice", "invoice number", "bill", "bill number"),
    "billed_on": ("invoice date", "bill date"),
    "total": ("invoice total", "total"),
    "tracking": ("tracking", "tracking number", "parcel", "parcel number", "shipment number"),
    "reference": ("reference", "our reference", "customer reference", "order"),
    "kind": ("charge", "charge type", "type", "activity"),
    "amount": ("amount", "net", "net amount", "charge amount"),
    "tax": ("tax", "vat"),
    "currency": ("currency", "currency code"),
    "weight": ("weight", "billed weight", "weight kg"),
    "quantity": ("quantity", "qty"),
    "service": ("service", "product"),
    "at": ("date", "shipment date", "service date"),
    "text": ("description", "text", "details"),
}


@dataclass(frozen=True, slots=True)
class BillLine:
    """One row of a bill.

    :param row: of the file, as a spreadsheet numbers them.
    :param kind: one of :data:`KINDS`.
    :param amount: without tax, in the currency of the bill; ``tax`` beside it, ``None`` where the file does not tell it.
    """

    row: int
    kind: str
    amount: Decimal
    tax: Decimal | None = None
    tracking: str = ""
    reference: str = ""
    weight_kg: Decimal | None = None
    quantity: Decimal | None = None
    service: str = ""
    at: date | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class BillDoc:
    """A bill as it was sent.

    :param total: what it asks for, with tax; ``None`` where the file does not tell it.
    """

    number: str
    currency: str
    billed_on: date | None
    total: Decimal | None
    lines: tuple[BillLine, ...]
    parse_problems: tuple[Problem, ...] = ()

    def net(self) -> Decimal:
        return sum((line.amount for line in self.lines), ZERO)

    def sum(self) -> Decimal:
        """What the lines come to, with their tax."""
        return self.net() + sum((line.tax or ZERO for line in self.lines), ZERO)

    def problems(self) -> list[Problem]:
        """Why this cannot be taken as it is; empty when it can."""
        return list(self._problems())

    def _problems(self) -> Iterator[Problem]:
        yield from self.parse_problems[:PROBLEMS_MAX]
        if len(self.parse_problems) > PROBLEMS_MAX:
            yield Problem("more", f"… and {len(self.parse_problems) - PROBLEMS_MAX} more lines that cannot be read.")
        name = f"Bill {self.number}" if self.number else "The bill"
        if not self.number:
            yield Problem("no_number", "The bill has no number. Choose its column, or enter the number.")
        if not self.billed_on:
            yield Problem("no_date", f"{name} has no date. Choose its column, or enter the date.")
        if self.currency not in DECIMALS:
            yield Problem("bad_currency", f"{name}: “{self.currency[:10]}” is no currency. Enter one like EUR.")
        else:
            unit = step(self.currency)
            for line in self.lines:
                for amount in (line.amount, line.tax or ZERO):
                    if amount % unit:
                        yield Problem(
                            "bad_amount",
                            f"Line {line.row}: {amount} {self.currency} is no amount of money. Load the bill again.",
                        )
        if not self.lines and not self.parse_problems:
            yield Problem("no_lines", f"{name} has no lines.")
        if self.total is not None and not self.parse_problems and self.total != self.sum():
            yield Problem(
                "total_mismatch",
                f"{name} asks for {self.total}, and its lines come to {self.sum()}: {self.total - self.sum()} is missing. "
                "Is the file cut off, or is a column the wrong one? Nothing is booked before the two agree.",
            )


@dataclass(frozen=True, slots=True)
class BillFormat(TableFormat):
    """How a carrier or partner writes its bills."""

    def problems(self) -> list[Problem]:
        """Why nothing can be read with this format; empty when it can."""
        found = list(self.told_problems(FIELDS, tuple(KINDS)))
        told = set(self.columns.values())
        if "amount" not in told:
            found.append(Problem("no_amount", "Choose the column of the amount."))
        if not told & {"tracking", "reference"}:
            found.append(
                Problem(
                    "no_reference",
                    "Choose the column of the tracking number, or that of our reference: lines are matched by it.",
                )
            )
        return found


@dataclass(slots=True)
class _Bill:
    """A bill in the making."""

    lines: list[BillLine] = field(default_factory=list)
    total: Decimal | None = None
    billed_on: date | None = None


def parse_bills(
    raw: bytes, form: BillFormat, number: str = "", billed_on: date | None = None, total: Decimal | None = None
) -> list[BillDoc]:
    """The bills of a file.

    :param number: of the bill, where no column tells it; so ``billed_on`` and ``total``.
    :raises Unreadable: when it is no such file.
    """
    if wrong := form.problems():
        raise Unreadable(" ".join(problem.message for problem in wrong))
    rows = form.rows(raw, AMOUNTS, DAYS)
    kinds = {name_key(word): kind for word, kind in form.kinds.items()}
    found: dict[tuple[str, str], _Bill] = {}
    for row, cells in rows.rows:
        key = (rows.text(cells, "number") or number, (rows.text(cells, "currency") or form.currency).upper())
        bill = found.setdefault(key, _Bill())
        if line := _line(rows, row, cells, kinds):
            bill.lines.append(line)
        if rows.text(cells, "total"):
            told = rows.amount(row, cells, "total")
            if bill.total is not None and told != bill.total:
                rows.complain(row, "total_mismatch", f"the total is {told}, and {bill.total} in a row before.")
            bill.total = told
        if day := rows.moment(row, cells, "billed_on"):
            bill.billed_on = day.date()
    alone = len(found) == 1
    if not alone and total is not None:
        raise Unreadable("The file has several bills, so one total cannot be theirs. Leave the total empty.")
    return [
        BillDoc(
            *key,
            bill.billed_on or billed_on,
            total if bill.total is None else bill.total,
            tuple(bill.lines),
            tuple(rows.problems),
        )
        for key, bill in found.items()
    ]


def _line(rows: Rows, row: int, cells: list[str], kinds: Mapping[str, str]) -> BillLine | None:
    amount = rows.amount(row, cells, "amount")
    tax = rows.amount(row, cells, "tax", ZERO) if "tax" in rows.places else None
    weight = rows.amount(row, cells, "weight", ZERO)
    quantity = rows.amount(row, cells, "quantity", ZERO)
    kind = next(iter(KINDS))
    if "kind" in rows.places:
        told = rows.text(cells, "kind")
        kind = kinds.get(name_key(told), "")
        if not kind:
            rows.complain(row, "bad_kind", f"it is not known what “{told[:40]}” bills. Choose it below Types.")
    if amount is None or not kind:
        return None
    at = rows.moment(row, cells, "at")
    return BillLine(
        row=row,
        kind=kind,
        amount=amount,
        tax=tax,
        tracking=rows.text(cells, "tracking"),
        reference=rows.text(cells, "reference"),
        weight_kg=weight or None,
        quantity=quantity or None,
        service=rows.text(cells, "service"),
        at=at.date() if at else None,
        text=rows.text(cells, "text"),
    )


def tax_rate(amount: Decimal, tax: Decimal, rates: Iterable[Decimal], unit: Decimal) -> Decimal | None:
    """The rate, of those that exist, by which this is the tax of this amount; the first of those that fit best, and ``None``
    where none is within the smallest unit of money.

    >>> tax_rate(Decimal("6.00"), Decimal("1.20"), [Decimal(10), Decimal(20)], Decimal("0.01"))
    Decimal('20')

    :param rates: in percent, the most likely first.
    """
    if not tax:
        return ZERO
    off = [(abs(amount * rate / 100 - tax), place, rate) for place, rate in enumerate(rates)]
    return min(off)[2] if off and min(off)[0] <= unit else None
