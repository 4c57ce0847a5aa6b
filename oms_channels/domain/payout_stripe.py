"""Payouts of Stripe: the itemised payout reconciliation report (CSV), and payouts with their balance transactions (API).

The report has no row for the payout itself: its total is the sum of what remains of each row. Amounts of the report are in
units of the currency, those of the API in its smallest units. A fee is positive when it is taken. Sources:
https://docs.stripe.com/reports/report-types/payout-reconciliation (columns of ``payout_reconciliation.itemized``),
https://docs.stripe.com/reports/reporting-categories, https://docs.stripe.com/api/balance_transactions/object.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem

from .currencies import DECIMALS, step
from .payout_table import Rows, add_up, read, refusing, restated
from .reader import Reader
from .settlement import PayoutDoc, PayoutLine

CODE = "stripe"
CSV = "stripe.itemized"
API = "stripe.balance"

#: ``reporting_category`` → kind. Those of a report and of the API are the same.
KINDS = {
    "charge": "sale",
    "partial_capture_reversal": "sale",
    "refund": "refund",
    "refund_failure": "refund",
    "dispute": "chargeback",
    "dispute_reversal": "chargeback_reversal",
    "fee": "fee",
    "network_cost": "fee",
    "platform_fee": "fee",
    "tax": "fee_tax",
    "payout": "transfer",  # one that failed and came back; the payout itself is no row
    "payout_reversal": "transfer",
    "payout_minimum_balance_hold": "reserve_hold",
    "payout_minimum_balance_release": "reserve_release",
    "risk_reserved_funds": "reserve_hold",
    "topup": "transfer",
    "topup_reversal": "transfer",
    "transfer": "transfer",
    "transfer_reversal": "transfer",
    "contribution": "adjustment",
    "connect_collection_transfer": "reserve_hold",
    "connect_reserved_funds": "reserve_hold",
    "other_adjustment": "adjustment",
}
STATUSES = {"paid": "paid", "in_transit": "paid", "pending": "open", "failed": "failed", "canceled": "failed"}

REQUIRED = (
    "automatic_payout_id",
    "automatic_payout_effective_at",
    "balance_transaction_id",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
)
COLUMNS = {
    name: ()
    for name in (
        *REQUIRED,
        "automatic_payout_effective_at_utc",
        "created_utc",
        "created",
        "description",
        "source_id",
        "charge_id",
        "payment_intent_id",
        "order_id",
        "payment_metadata[order_id]",
        "customer_facing_amount",
        "customer_facing_currency",
    )
}


@refusing(CODE, CSV)
def parse_payouts(raw: bytes | Mapping[str, Any]) -> list[PayoutDoc]:
    """The payouts of a report (bytes), or one of the API: ``{"payout": {…}, "balance_transactions": [{…}]}``."""
    return [_of_api(raw)] if isinstance(raw, Mapping) else _of_file(raw)


def _kind(category: str, amount: Decimal) -> str:
    kind = KINDS.get(category, "adjustment")
    return "reserve_release" if kind == "reserve_hold" and amount > 0 else kind


# ---- Report


def _of_file(raw: bytes) -> list[PayoutDoc]:
    rows = read(raw, COLUMNS, REQUIRED, delimiter=",")
    found: dict[str, list[PayoutLine]] = defaultdict(list)
    facts: dict[str, tuple[datetime | None, str]] = {}
    for line, cells in rows.rows:
        payout, currency = rows.text(cells, "automatic_payout_id"), rows.text(cells, "currency").upper()
        if not payout:
            rows.complain(line, "no_payout", "it belongs to no payout. Choose the report of automatic payouts.")
            continue
        sent = rows.moment(line, cells, "automatic_payout_effective_at")
        if currency != facts.setdefault(payout, (sent, currency))[1]:
            rows.complain(line, "bad_currency", f"it is in “{currency[:10]}”, and its payout in {facts[payout][1]}.")
        found[payout].extend(_row(rows, line, cells))
    return [_file_doc(payout, lines, *facts[payout], rows) for payout, lines in found.items()] or [
        _file_doc("", [], None, "", rows)
    ]


def _file_doc(payout: str, lines: list[PayoutLine], sent: datetime | None, currency: str, rows: Rows) -> PayoutDoc:
    days = [line.at for line in lines if line.at]
    return PayoutDoc(
        id=payout,
        platform=CODE,
        account_ref="",
        currency=currency,
        starts_at=min(days, default=None),
        ends_at=max(days, default=None),
        deposited_on=sent.date() if sent else None,
        total=sum((line.amount for line in lines), ZERO),
        lines=tuple(lines),
        source=CSV,
        parse_problems=tuple(rows.problems),
    )


def _row(rows: Rows, line: int, cells: list[str]) -> Iterator[PayoutLine]:
    gross, fee, net = (rows.amount(line, cells, name) for name in ("gross", "fee", "net"))
    if gross is None or fee is None or net is None:
        return
    add_up(rows, line, gross, fee, net)
    name, category = rows.text(cells, "balance_transaction_id"), rows.text(cells, "reporting_category")
    currency = rows.text(cells, "customer_facing_currency").upper()
    foreign = currency not in ("", rows.text(cells, "currency").upper())
    more = {
        "order_ref": rows.text(cells, "payment_metadata[order_id]") or rows.text(cells, "order_id"),
        "transaction_ref": rows.text(cells, "charge_id") or rows.text(cells, "source_id"),
        "at": rows.moment(line, cells, "created_utc") or rows.moment(line, cells, "created"),
    }
    if gross or not fee:
        yield PayoutLine(
            id=name,
            row=line,
            kind=_kind(category, gross),
            amount=gross,
            code=category,
            text=rows.text(cells, "description"),
            original_amount=rows.amount(line, cells, "customer_facing_amount") if foreign else None,
            original_currency=currency if foreign else "",
            **more,
        )
    if fee:
        yield PayoutLine(f"{name}:fee", line, "fee", -fee, code="stripe_fee", text="Stripe fee", **more)


# ---- API


def _of_api(answer: Mapping[str, Any]) -> PayoutDoc:
    problems: list[Problem] = []
    root = Reader(answer, "Payout", problems)
    payout = root.nested("payout")
    currency = payout.text("currency").upper()
    if currency not in DECIMALS:
        payout.complain("bad_currency", f"“{currency[:10]}” is no currency that is known here")
    lines: list[PayoutLine] = []
    for row, transaction in enumerate(root.rows("balance_transactions", "Transaction"), 1):
        if transaction.text("reporting_category") != "payout":  # the payout itself
            lines.extend(_transaction(transaction, row, currency))
    days = [line.at for line in lines if line.at]
    arrives = _moment(payout, "arrival_date")
    return PayoutDoc(
        id=payout.text("id"),
        platform=CODE,
        account_ref=payout.text("destination"),
        currency=currency,
        starts_at=min(days, default=None),
        ends_at=max(days, default=None),
        deposited_on=arrives.date() if arrives else None,
        total=payout.number("amount") * step(currency),
        lines=tuple(lines),
        bank_reference=payout.nested("trace_id").text("value") or payout.text("statement_descriptor"),
        status=STATUSES.get(payout.text("status"), payout.text("status")),
        source=API,
        parse_problems=restated(problems),
    )


def _transaction(transaction: Reader, row: int, currency: str) -> Iterator[PayoutLine]:
    told = transaction.text("currency").upper()
    if told != currency:
        transaction.complain("bad_currency", f"it is in “{told[:10]}”, and the payout in {currency}")
    unit = step(currency)
    amount, fee, net = (transaction.number(name) * unit for name in ("amount", "fee", "net"))
    if amount - fee != net:
        transaction.complain("row_mismatch", f"{amount} less the fee of {fee} is not {net}")
    name, category = transaction.text("id"), transaction.text("reporting_category")
    source = transaction.fields.get("source")
    expanded = transaction.nested("source") if isinstance(source, Mapping) else None
    order_ref = expanded.nested("metadata").text("order_id") if expanded else ""
    transaction_ref = expanded.text("charge", "id") if expanded else transaction.text("source")
    more = {"order_ref": order_ref, "transaction_ref": transaction_ref, "at": _moment(transaction, "created")}
    yield PayoutLine(
        name, row, _kind(category, amount), amount, code=category, text=transaction.text("description"), **more
    )
    said = ZERO
    for number, detail in enumerate(transaction.rows("fee_details", "Fee"), 1):
        part = detail.number("amount") * unit
        said += part
        kind = "fee_tax" if detail.text("type") == "tax" else "fee"
        text = detail.text("description") or "Stripe fee"
        yield PayoutLine(
            f"{name}:fee:{number}", row, kind, -part, code=detail.text("type") or "stripe_fee", text=text, **more
        )
    if fee != said:
        yield PayoutLine(f"{name}:fee", row, "fee", said - fee, code="stripe_fee", text="Stripe fee", **more)


def _moment(row: Reader, key: str) -> datetime | None:
    """Seconds since 1970, as Stripe tells moments."""
    seconds = row.number_or_none(key)
    if seconds is None or not 0 <= seconds < 2**33:
        return None
    return datetime.fromtimestamp(int(seconds), timezone.utc)
