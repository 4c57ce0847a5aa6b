"""Payouts of Shopify Payments: what the Admin API says, and the CSV of the payouts page. Pure.

A balance transaction has an amount, a fee (positive when it is taken) and what remains. Source: the published GraphQL schema
(``ShopifyPaymentsPayout``, ``ShopifyPaymentsBalanceTransaction``, ``ShopifyPaymentsTransactionType``), and
https://help.shopify.com/en/manual/payments/shopify-payments/payouts for the CSV.

Tax that Shopify pays for a shop is not in what it pays out; it is told by its own transactions (``TAX_ADJUSTMENT_…``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem

from ...domain.payout_table import Rows, add_up, read, refusing, restated
from ...domain.reader import Reader
from ...domain.settlement import PayoutDoc, PayoutLine
from . import const

API = "shopify.payments"
CSV = "shopify.payouts_csv"

#: The prefix of ids of transactions of orders: those of payments that were read with an order.
TRANSACTION = "gid://shopify/OrderTransaction/"

KINDS = {
    "CHARGE": "sale",
    "CHARGE_ADJUSTMENT": "sale",
    "REFUND": "refund",
    "REFUND_ADJUSTMENT": "refund",
    "REFUND_FAILURE": "refund",
    "CHARGEBACK": "chargeback",
    "DISPUTE_WITHDRAWAL": "chargeback",
    "CHARGEBACK_HOLD": "chargeback",
    "RISK_WITHDRAWAL": "chargeback",
    "CHARGEBACK_WON": "chargeback_reversal",
    "DISPUTE_REVERSAL": "chargeback_reversal",
    "CHARGEBACK_HOLD_RELEASE": "chargeback_reversal",
    "RISK_REVERSAL": "chargeback_reversal",
    "REFERRAL_FEE_TAX": "fee_tax",
    "VAT_REFUND_CREDIT": "fee_tax",
    "VAT_REFUND_CREDIT_REVERSAL": "fee_tax",
    "BILLING_DEBIT": "fee",
    "BILLING_DEBIT_REVERSAL": "fee",
    "TAX_ADJUSTMENT_CREDIT": "tax_collected",
    "TAX_ADJUSTMENT_CREDIT_REVERSAL": "tax_collected",
    "TAX_ADJUSTMENT_DEBIT": "tax_collected",
    "TAX_ADJUSTMENT_DEBIT_REVERSAL": "tax_collected",
    "BALANCE_TRANSFER_INBOUND": "transfer",
    "BALANCE_TRANSFER_OUTBOUND": "transfer",
    "TRANSFER_CANCEL": "transfer",
    "TRANSFER_FAILURE": "transfer",
    "TRANSFER_REFUND": "transfer",
    "PAYOUT_FAILURE": "transfer",
}
#: The payout itself, as it leaves the balance.
OUT = frozenset({"TRANSFER", "PAYOUT"})
STATUSES = {"PAID": "paid", "SCHEDULED": "paid", "IN_TRANSIT": "paid", "FAILED": "failed", "CANCELED": "failed"}

COLUMNS = {
    "Transaction Date": (),
    "Type": (),
    "Order": (),
    "Payout Status": (),
    "Payout Date": (),
    "Payout ID": (),
    "Amount": (),
    "Fee": (),
    "Net": (),
    "Checkout": (),
    "Presentment Amount": (),
    "Presentment Currency": (),
    "Currency": (),
}
REQUIRED = (
    "Transaction Date",
    "Type",
    "Order",
    "Payout Status",
    "Payout Date",
    "Payout ID",
    "Amount",
    "Fee",
    "Net",
    "Currency",
)
#: What tells a row of the file apart from others of its order.
SAID = ("Amount", "Fee", "Currency")


@refusing(const.CODE, API)
def parse_payouts(raw: bytes | Mapping[str, Any]) -> list[PayoutDoc]:
    """The payouts of a CSV file (bytes), or one of the API: ``{"payout": {…}, "transactions": [{…}]}``."""
    return [_of_api(raw)] if isinstance(raw, Mapping) else _of_file(raw)


def _kind(name: str, amount: Decimal) -> str:
    if name in KINDS:
        return KINDS[name]
    if name.startswith("RESERVED_FUNDS"):
        return "reserve_hold" if amount < 0 else "reserve_release"
    if name.startswith("SHIPPING_"):
        return "shipping_label"
    if "FEE_TAX" in name:
        return "fee_tax"
    return "fee" if name.endswith(("_FEE", "_FEE_REFUND", "_FEE_REVERSAL")) else "adjustment"


# ---- API


def _money(row: Reader, key: str) -> tuple[Decimal, str]:
    nested = row.nested(key)
    return nested.number("amount"), nested.text("currencyCode").upper()


def _of_api(answer: Mapping[str, Any]) -> PayoutDoc:
    problems: list[Problem] = []
    root = Reader(answer, "Payout", problems)
    payout = root.nested("payout")
    total, currency = _money(payout, "net")
    lines: list[PayoutLine] = []
    for row, transaction in enumerate(root.rows("transactions", "Transaction"), 1):
        if transaction.fields.get("test") is not True:
            lines.extend(_transaction(transaction, row, currency))
    issued = payout.moment("issuedAt")
    days = [line.at for line in lines if line.at]
    return PayoutDoc(
        id=payout.identifier("legacyResourceId") or payout.text("id").rsplit("/", 1)[-1],
        platform=const.CODE,
        account_ref="",
        currency=currency,
        starts_at=min(days, default=issued),
        ends_at=max([*days, issued] if issued else days, default=None),
        deposited_on=issued.date() if issued else None,
        total=total,
        lines=tuple(lines),
        bank_reference=payout.text("externalTraceId"),
        status=STATUSES.get(payout.text("status").upper(), payout.text("status")),
        source=API,
        parse_problems=restated(problems),
    )


def _transaction(transaction: Reader, row: int, currency: str) -> Iterator[PayoutLine]:
    name = transaction.text("type").upper()
    amount, told = _money(transaction, "amount")
    fee, net = _money(transaction, "fee")[0], _money(transaction, "net")[0]
    if name in OUT:
        return
    if told != currency:
        transaction.complain("bad_currency", f"it is in “{told[:10]}”, and the payout in {currency}")
    if amount - fee != net:
        transaction.complain("row_mismatch", f"{amount} less the fee of {fee} is not {net}")
    source = transaction.identifier("sourceOrderTransactionId")
    order = transaction.nested("associatedOrder")
    yield from _lines(
        identifier=transaction.text("id").rsplit("/", 1)[-1],
        row=row,
        name=name,
        amount=amount,
        fee=fee,
        order_ref=order.text("id"),
        transaction_ref=f"{TRANSACTION}{source}" if source else "",
        at=transaction.moment("transactionDate"),
        reason=transaction.text("adjustmentReason"),
    )


def _lines(
    identifier: str, row: int, name: str, amount: Decimal, fee: Decimal, reason: str = "", **more: Any
) -> Iterator[PayoutLine]:
    words = name.replace("_", " ").capitalize()
    kind = _kind(name, amount)
    if amount or not fee:
        yield PayoutLine(identifier, row, kind, amount, code=name, text=reason or words, **more)
    if fee:
        more |= {"original_amount": None, "original_currency": ""} if "original_amount" in more else {}
        code = "processing" if name == "CHARGE" else f"{name}_FEE"
        yield PayoutLine(f"{identifier}:fee", row, "fee", -fee, code=code, text=f"Fee of {words.lower()}", **more)


# ---- CSV


def _of_file(raw: bytes) -> list[PayoutDoc]:
    rows = read(raw, COLUMNS, REQUIRED, delimiter=",")
    found: dict[tuple[str, str], list[PayoutLine]] = defaultdict(list)
    facts: dict[tuple[str, str], tuple[date | None, str]] = {}
    for line, cells in rows.rows:
        payout = rows.text(cells, "Payout ID")
        if not payout:
            continue  # not paid out yet: it will be in the file of its payout
        key = (payout, rows.text(cells, "Currency").upper())
        paid_on = rows.moment(line, cells, "Payout Date")
        facts.setdefault(key, (paid_on.date() if paid_on else None, rows.text(cells, "Payout Status").upper()))
        found[key].extend(_row(rows, line, cells, payout))
    if not found:
        rows.complain(1, "no_payout", "no row belongs to a payout. Export the transactions of payouts that were sent.")
        found["", ""] = []
        facts["", ""] = (None, "PAID")
    return [_file_doc(key, lines, facts[key], rows.problems) for key, lines in found.items()]


def _row(rows: Rows, line: int, cells: list[str], payout: str) -> Iterator[PayoutLine]:
    name = rows.text(cells, "Type").upper().replace(" ", "_")
    amount, fee = rows.amount(line, cells, "Amount"), rows.amount(line, cells, "Fee", ZERO)
    net = rows.amount(line, cells, "Net")
    if amount is None or fee is None or net is None or name in OUT:
        return
    add_up(rows, line, amount, fee, net)
    currency = rows.text(cells, "Presentment Currency").upper()
    foreign = currency not in ("", rows.text(cells, "Currency").upper())
    at = rows.moment(line, cells, "Transaction Date")
    refs = [rows.text(cells, column) for column in ("Order", "Checkout")]
    yield from _lines(
        identifier=rows.id_of(f"{payout}:{line}", at, refs, name, *(rows.text(cells, one) for one in SAID)),
        row=line,
        name=name,
        amount=amount,
        fee=fee,
        order_ref=rows.text(cells, "Order"),
        transaction_ref="",
        at=at,
        original_amount=rows.amount(line, cells, "Presentment Amount") if foreign else None,
        original_currency=currency if foreign else "",
    )


def _file_doc(
    key: tuple[str, str], lines: list[PayoutLine], facts: tuple[date | None, str], problems: list[Problem]
) -> PayoutDoc:
    days = [line.at for line in lines if line.at]
    return PayoutDoc(
        id=key[0],
        platform=const.CODE,
        account_ref="",
        currency=key[1],
        starts_at=min(days, default=None),
        ends_at=max(days, default=None),
        deposited_on=facts[0],
        total=sum((line.amount for line in lines), ZERO),
        lines=tuple(lines),
        status=STATUSES.get(facts[1], facts[1].lower()),
        source=CSV,
        parse_problems=tuple(problems),
    )
