"""PayPal: the settlement report (STL), and what the transaction search of its API says. Pure.

PayPal pays out when it is told to. So a report of a day, for one currency, is a payout of what was withdrawn to the bank
(``T04…``); what stays on the PayPal balance is carried over, as a line of its own.

**Settlement report**: every row begins with what it is. ``RH`` the report, ``SH`` a section (an account and a period), ``CH``
the names of its columns, ``SB`` one event, ``SF`` the sums of one currency: gross and fees, given and taken. Amounts are in the
smallest units, without sign; a column beside says ``CR`` or ``DR``. Sources:
https://developer.paypal.com/docs/reports/sftp-reports/settlement-report/ and the table of event codes,
https://developer.paypal.com/reports/reference/t-codes

**API**: https://developer.paypal.com/docs/api/transaction-search/v1/ ; amounts have their sign and a point.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem

from .currencies import DECIMALS, step
from .payout_table import Rows, decode, read_cells, refusing, restated
from .reader import Reader
from .settlement import PayoutDoc, PayoutLine
from .table import Unreadable

CODE = "paypal"
STL = "paypal.settlement"
API = "paypal.transactions"

#: The first three characters of an event code → kind; those that are told by the whole code come first.
KINDS = {
    "T0106": "fee",  # for a chargeback
    "T1106": "chargeback",  # a payment is taken back by PayPal
    "T1107": "refund",
    "T1108": "chargeback_reversal",
    "T1114": "adjustment",
    "T1201": "chargeback",
    "T1202": "chargeback_reversal",
    "T00": "sale",
    "T01": "fee",
    "T02": "conversion",
    "T03": "transfer",  # from the bank to PayPal
    "T04": "transfer",
    "T05": "adjustment",
    "T06": "adjustment",
    "T07": "adjustment",
    "T08": "adjustment",
    "T09": "adjustment",
    "T10": "adjustment",
    "T11": "adjustment",
    "T12": "chargeback",
    "T13": "adjustment",
    "T14": "adjustment",
    "T15": "reserve_hold",
    "T16": "adjustment",
    "T17": "transfer",
    "T19": "adjustment",
    "T20": "transfer",
    "T21": "reserve_hold",
    "T22": "adjustment",
}
#: Reversals of holds that are told among the reversals.
RELEASES = frozenset({"T1105", "T1110", "T1111"})
COLUMNS = (
    "Transaction ID",
    "Invoice ID",
    "PayPal Reference ID",
    "Transaction Event Code",
    "Transaction Initiation Date",
    "Transaction Debit or Credit",
    "Gross Transaction Amount",
    "Gross Transaction Currency",
    "Fee Debit or Credit",
    "Fee Amount",
    "Fee Currency",
)
PAYMENTS_OUT = frozenset({"T0001", "T0017"})


def _kind(code: str, amount: Decimal) -> str:
    if code in RELEASES:
        return "reserve_release" if amount > 0 else "reserve_hold"
    kind = KINDS.get(code) or KINDS.get(code[:3], "adjustment")
    if kind == "reserve_hold" and amount > 0:
        return "reserve_release"
    # Money that we send to somebody is no sale.
    return "adjustment" if kind == "sale" and (amount < 0 or code in PAYMENTS_OUT) else kind


def _doc(
    id: str,
    account: str,
    currency: str,
    period: tuple[datetime | None, datetime | None],
    lines: list[PayoutLine],
    source: str,
    problems: tuple[Problem, ...],
) -> PayoutDoc:
    """What was withdrawn, and everything else that moved the balance; the difference stays there. Several withdrawals are as many
    lines in the bank, so that each was moved within the period, and the payout itself is over nothing."""
    out = [line for line in lines if line.kind == "transfer" and line.amount < 0]
    out = out if len(out) == 1 else []
    ids = {line.id for line in out}
    kept = [line for line in lines if line.id not in ids]
    total = -sum((line.amount for line in out), ZERO)
    stays = total - sum((line.amount for line in kept), ZERO)
    if stays:
        text = "Stays on the PayPal balance" if stays < 0 else "From the PayPal balance of before"
        kept.append(PayoutLine(f"{id}:balance", 0, "carry_over", stays, code="balance", text=text))
    start, end = period
    return PayoutDoc(
        id=id,
        platform=CODE,
        account_ref=account,
        currency=currency,
        starts_at=start,
        ends_at=end,
        deposited_on=end.date() if end else None,
        total=total,
        lines=tuple(kept),
        bank_reference=out[0].transaction_ref if out else "",
        source=source,
        parse_problems=problems,
    )


@refusing(CODE, STL)
def parse_payouts(raw: bytes | Mapping[str, Any]) -> list[PayoutDoc]:
    """The currencies of a settlement report (bytes), or of ``transaction_details`` of the API."""
    return _of_api(raw) if isinstance(raw, Mapping) else _of_file(raw)


# ---- Settlement report


class _Section:
    """An account and a period of a report, and its lines by currency."""

    def __init__(self, cells: list[str], rows: Rows, line: int):
        self.rows = rows
        told = [*cells, "", "", "", ""]
        self.start, self.end = (_date(rows, line, text) for text in told[1:3])
        self.account = told[3]
        self.day = _day(told[1])
        self.places: dict[str, int] = {}
        self.lines: dict[str, list[PayoutLine]] = defaultdict(list)


def _day(told: str) -> str:
    """The day on which a period begins, where PayPal's account is: 2026/03/05 00:00:00 +0100 → 20260305."""
    return "".join(sign for sign in told[:10] if sign.isdecimal())


def _date(rows: Rows, line: int, text: str) -> datetime | None:
    return rows.moment_of(line, text, "date") if text else None


def _of_file(raw: bytes) -> list[PayoutDoc]:
    text = decode(raw)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",\t;|", key=first.count)
    cells = next(csv.reader(io.StringIO(first), delimiter=delimiter), [])
    if not cells or cells[0].strip() != "RH":
        raise Unreadable("The first row is not “RH”. Choose the settlement report (STL-….CSV) and import it as it is.")
    rows = Rows({}, [])
    sections: list[_Section] = []
    ended = False
    for line, cells in read_cells(text, delimiter):
        what = cells[0]
        ended = ended or what == "FF"
        if what == "SH":
            sections.append(_Section(cells, rows, line))
        elif what in ("CH", "SB", "SF") and not sections:
            rows.complain(line, "bad_row", f"“{what}” before a section begins (SH). Load the report again.")
        elif what == "CH":
            _columns(sections[-1], cells)
        elif what == "SB":
            _event(sections[-1], rows, line, cells)
        elif what == "SF":
            _check_sums(sections[-1], rows, line, cells)
        elif what not in ("RH", "FH", "SC", "RF", "RC", "FF"):
            rows.complain(line, "bad_row", f"“{what[:10]}” is no kind of row of this report. Load the report again.")
    if not ended:
        rows.complain(line, "cut_off", "the report ends before its last row (FF). Load the whole report again.")
    problems = tuple(rows.problems)
    return [
        _doc(
            f"{section.account}-{section.day}-{currency}",
            section.account,
            currency,
            (section.start, section.end),
            lines,
            STL,
            problems,
        )
        for section in sections
        for currency, lines in section.lines.items()
    ] or [_doc("", "", "", (None, None), [], STL, problems)]


def _columns(section: _Section, cells: list[str]) -> None:
    section.places = {name: place for place, name in enumerate(cells)}
    if missing := [name for name in COLUMNS if name not in section.places]:
        raise Unreadable(f"These columns are missing: {', '.join(missing)}. Choose the settlement report (STL-….CSV).")


def _cents(rows: Rows, line: int, text: str, side: str, currency: str) -> Decimal | None:
    """An amount in the smallest units, with the sign of its side."""
    if side not in ("CR", "DR"):
        rows.complain(line, "bad_amount", f"“{side[:10]}” is neither CR nor DR. Load the report again.")
    elif not (text.isascii() and text.isdecimal()) or len(text) > 15:
        rows.complain(line, "bad_amount", f"“{text[:40]}” is no amount in the smallest units (12.50 is written 1250).")
    elif currency not in DECIMALS:
        rows.complain(line, "bad_currency", f"“{currency[:10]}” is no ISO 4217 currency code.")
    else:
        return Decimal(text) * step(currency) * (1 if side == "CR" else -1)
    return None


def _event(section: _Section, rows: Rows, line: int, cells: list[str]) -> None:
    def text(name: str) -> str:
        place = section.places.get(name, len(cells))
        return cells[place] if place < len(cells) else ""

    if not section.places:
        rows.complain(line, "bad_row", "the columns of its section are not named (CH). Load the report again.")
        return
    currency, code = text("Gross Transaction Currency").upper(), text("Transaction Event Code")
    gross = _cents(rows, line, text("Gross Transaction Amount"), text("Transaction Debit or Credit"), currency)
    if gross is None:
        return
    name = text("Transaction ID")
    more = {
        "order_ref": text("Invoice ID"),
        "transaction_ref": name,
        "at": _date(rows, line, text("Transaction Initiation Date")),
    }
    lines = section.lines[currency]
    # A transaction can be told more than once: its hold, its release.
    number = f"{name}:{code}"
    lines.append(PayoutLine(number, line, _kind(code, gross), gross, code=code, text=f"PayPal {code}", **more))
    if text("Fee Amount"):
        fee = _cents(
            rows,
            line,
            text("Fee Amount"),
            text("Fee Debit or Credit") or "DR",
            text("Fee Currency").upper() or currency,
        )
        if fee and text("Fee Currency").upper() not in ("", currency):
            rows.complain(
                line, "bad_currency", f"the fee is in {text('Fee Currency')[:10]}, and the amount in {currency}."
            )
        elif fee:
            lines.append(PayoutLine(f"{number}:fee", line, "fee", fee, code="paypal_fee", text="PayPal fee", **more))


def _check_sums(section: _Section, rows: Rows, line: int, cells: list[str]) -> None:
    """``SF, currency, gross credits, gross debits, fee credits, fee debits``: against what was read."""
    told = [*cells, "", "", "", "", ""]
    currency = told[1].upper()
    lines = section.lines.get(currency, [])
    sides = zip(told[2:6], ("CR", "DR", "CR", "DR"), strict=True)
    wanted = [_cents(rows, line, text, side, currency) if text else None for text, side in sides]
    got = [
        sum((one.amount for one in lines if _is_fee(one) == fee and (one.amount > 0) == credit), ZERO)
        for fee, credit in ((False, True), (False, False), (True, True), (True, False))
    ]
    for name, said, found in zip(("credits", "debits", "fee credits", "fee debits"), wanted, got, strict=False):
        if said is not None and said != found:
            rows.complain(
                line,
                "total_mismatch",
                f"the report says {said} {currency} of {name}, but its rows sum to {found}. Load the whole report again.",
            )


def _is_fee(line: PayoutLine) -> bool:
    return line.code == "paypal_fee"


# ---- API


def _of_api(answer: Mapping[str, Any]) -> list[PayoutDoc]:
    problems: list[Problem] = []
    root = Reader(answer, "Report", problems)
    found: dict[str, list[PayoutLine]] = defaultdict(list)
    for row, detail in enumerate(root.rows("transaction_details", "Transaction"), 1):
        info = detail.nested("transaction_info")
        if info.text("transaction_status").upper() not in ("S", ""):
            continue  # pending, denied or reversed: no money moved
        for line in _detail(info, row):
            found[line[0]].append(line[1])
    start, end = root.moment("start_date"), root.moment("end_date")
    account = root.text("account_number")
    return [
        _doc(
            f"{account}-{_day(root.text('start_date'))}-{currency}",
            account,
            currency,
            (start, end),
            lines,
            API,
            restated(problems),
        )
        for currency, lines in found.items()
    ] or [_doc("", account, "", (start, end), [], API, restated(problems))]


def _detail(info: Reader, row: int) -> Iterator[tuple[str, PayoutLine]]:
    money = info.nested("transaction_amount")
    currency, amount = money.text("currency_code").upper(), money.number("value")
    name, code = info.text("transaction_id"), info.text("transaction_event_code")
    more = {
        "order_ref": info.text("invoice_id"),
        "transaction_ref": name,
        "at": info.moment("transaction_initiation_date"),
    }
    text = info.text("transaction_subject") or f"PayPal {code}"
    yield currency, PayoutLine(f"{name}:{code}", row, _kind(code, amount), amount, code=code, text=text, **more)
    fee = info.nested("fee_amount")
    if fee.fields and (value := fee.number("value")):
        yield (
            fee.text("currency_code").upper(),
            PayoutLine(f"{name}:{code}:fee", row, "fee", value, code="paypal_fee", text="PayPal fee", **more),
        )
