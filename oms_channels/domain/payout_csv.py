"""Payouts of any platform that offers a CSV file: which column is what, is told by a :class:`Format`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO, Problem

from .payout_table import Rows, add_up, refusing
from .settlement import KINDS, PayoutDoc, PayoutLine
from .table import Unreadable, name_key
from .table_format import TableFormat

CODE = "csv"

#: What a column can be → what it is called. ``amount`` is the effect on what is paid out; a file that has gross amounts and
#: fees beside them has ``gross`` instead.
FIELDS = {
    "payout_id": "Payout",
    "deposited_on": "Date of the payout",
    "total": "Total of the payout",
    "id": "Id of the row",
    "kind": "Type",
    "amount": "Amount",
    "gross": "Amount before fees",
    "fee": "Fee",
    "fee_tax": "Tax on the fee",
    "net": "Amount after fees",
    "currency": "Currency",
    "order_ref": "Order",
    "transaction_ref": "Transaction",
    "text": "Description",
    "sku": "SKU",
    "quantity": "Quantity",
    "at": "Date",
    "original_amount": "Amount that the customer paid",
    "original_currency": "Currency that the customer paid in",
}
AMOUNTS = ("amount", "gross", "fee", "fee_tax", "net", "total", "original_amount")


@dataclass(frozen=True, slots=True)
class Format(TableFormat):
    """How a platform writes its payouts. Without a column of the type, what is given is a sale and what is taken a refund.

    :param fees_negative: a fee that is taken is written with a minus.
    """

    fees_negative: bool = False
    platform: str = CODE

    def problems(self) -> list[Problem]:
        """Why nothing can be read with this format; empty when it can."""
        found = list(self.told_problems(FIELDS, KINDS))
        told = list(self.columns.values())
        if ("amount" in told) == ("gross" in told):
            found.append(
                Problem("no_amount", "Choose the column of the amount: either “Amount” or “Amount before fees”.")
            )
        return found


@refusing(CODE, CODE)
def parse_payouts(raw: bytes, form: Format, name: str = "") -> list[PayoutDoc]:
    """The payouts of a file.

    :param name: of the payout, where no column tells it.
    """
    if not isinstance(raw, bytes):
        raise Unreadable("This is no CSV file. Choose the file that the platform offers.")
    if wrong := form.problems():
        raise Unreadable(" ".join(problem.message for problem in wrong))
    rows = form.rows(raw, AMOUNTS, ("at", "deposited_on"))
    return _docs(rows, form, name)


@dataclass(slots=True)
class _Payout:
    """A payout in the making."""

    lines: list[PayoutLine] = field(default_factory=list)
    total: Decimal | None = None
    deposited_on: date | None = None


def _docs(rows: Rows, form: Format, name: str) -> list[PayoutDoc]:
    kinds = {name_key(word): kind for word, kind in form.kinds.items()}
    counted = _only_counts(rows.texts("id"), len(rows.rows))
    found: dict[tuple[str, str], _Payout] = defaultdict(_Payout)
    for line, cells in rows.rows:
        currency = (rows.text(cells, "currency") or form.currency).upper()
        key = (rows.text(cells, "payout_id") or name, currency)
        payout = found[key]
        told = rows.text(cells, "id")
        if told:
            line_id = f"{key[0]}#{told}" if counted else told
        else:
            line_id = _id(rows, line, cells, f"{key[0]}:{line}", currency)
        payout.lines.extend(_row(rows, line, cells, form, kinds, line_id))
        if rows.text(cells, "total"):
            total = rows.amount(line, cells, "total")
            if payout.total is not None and total != payout.total:
                rows.complain(line, "total_mismatch", f"the total is {total}, and {payout.total} in a row before.")
            payout.total = total
        if day := rows.moment(line, cells, "deposited_on"):
            payout.deposited_on = day.date()
    if not found:
        found[name, form.currency] = _Payout()
    return [_doc(key, payout, form, tuple(rows.problems)) for key, payout in found.items()]


def _only_counts(ids: Iterable[str], count: int) -> bool:
    """Whether ids only count the rows of their file: those of the next file are the same, and name other rows.

    >>> _only_counts(["1", "2", "3"], 3), _only_counts(["40017", "40018", "40019"], 3)
    (True, False)
    """
    # A file may count its first row as 0, 1 or 2, as a spreadsheet does, and its totals among the others.
    return all(not one or (one.isdecimal() and int(one) <= count + 2) for one in ids)


def _id(rows: Rows, line: int, cells: list[str], place: str, currency: str) -> str:
    """What a row without an id is known by."""
    refs = [rows.text(cells, name) for name in ("order_ref", "transaction_ref")]
    said = [rows.text(cells, name) for name in ("kind", "amount", "gross", "fee", "fee_tax", "sku")]
    return rows.id_of(place, rows.moment(line, cells, "at"), refs, currency, *said)


def _row(
    rows: Rows, line: int, cells: list[str], form: Format, kinds: Mapping[str, str], line_id: str
) -> Iterator[PayoutLine]:
    main = "amount" if "amount" in rows.places else "gross"
    sign = -1 if form.fees_negative else 1
    amount, fee, tax = (
        rows.amount(line, cells, main),
        rows.amount(line, cells, "fee", ZERO),
        rows.amount(line, cells, "fee_tax", ZERO),
    )
    if amount is None or fee is None or tax is None:
        return
    if "net" in rows.places and (net := rows.amount(line, cells, "net")) is not None:
        add_up(rows, line, amount, (fee + tax) * sign, net)
    kind = _kind(rows, line, cells, kinds, amount)
    currency = rows.text(cells, "original_currency").upper()
    quantity = rows.text(cells, "quantity")
    more = {
        "order_ref": rows.text(cells, "order_ref"),
        "transaction_ref": rows.text(cells, "transaction_ref"),
        "at": rows.moment(line, cells, "at"),
    }
    if amount or not (fee or tax):
        yield PayoutLine(
            id=line_id,
            row=line,
            kind=kind,
            amount=amount,
            text=rows.text(cells, "text"),
            code=rows.text(cells, "kind") or kind,
            sku=rows.text(cells, "sku"),
            quantity=Decimal(quantity) if quantity.lstrip("-").isdecimal() else None,
            original_amount=rows.amount(line, cells, "original_amount")
            if rows.text(cells, "original_amount")
            else None,
            original_currency=currency,
            **more,
        )
    if fee:
        yield PayoutLine(f"{line_id}:fee", line, "fee", -fee * sign, code="fee", text="Fee", **more)
    if tax:
        yield PayoutLine(
            f"{line_id}:fee_tax", line, "fee_tax", -tax * sign, code="fee_tax", text="Tax on the fee", **more
        )


def _kind(rows: Rows, line: int, cells: list[str], kinds: Mapping[str, str], amount: Decimal) -> str:
    if "kind" not in rows.places:
        return "sale" if amount >= 0 else "refund"
    told = rows.text(cells, "kind")
    found = kinds.get(name_key(told))
    if not found:
        rows.complain(
            line,
            "bad_kind",
            f"nobody has said yet what the type “{told[:40]}” means. Choose that under Types, then look again.",
        )
    return found or "adjustment"


def _doc(key: tuple[str, str], payout: _Payout, form: Format, problems: tuple[Problem, ...]) -> PayoutDoc:
    days = [line.at for line in payout.lines if line.at]
    total = sum((line.amount for line in payout.lines), ZERO)
    return PayoutDoc(
        id=key[0],
        platform=form.platform,
        account_ref="",
        currency=key[1],
        starts_at=min(days, default=None),
        ends_at=max(days, default=None),
        deposited_on=payout.deposited_on or (max(days).date() if days else None),
        total=total if payout.total is None else payout.total,
        lines=tuple(payout.lines),
        source=CODE,
        parse_problems=problems,
    )
