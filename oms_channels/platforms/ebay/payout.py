"""Payouts of eBay, as its Finances API tells them. Pure.

The amount of a transaction is what is left of it after fees, without sign: ``bookingEntry`` says whether it is given
(``CREDIT``) or taken (``DEBIT``). ``totalFeeBasisAmount`` is what the customer paid less what eBay collects and pays to the
state; ``orderLineItems[].marketplaceFees`` are the fees, and ``totalFeeAmount`` their sum. So a sale becomes one line of the
basis and one for each fee. Source: https://developer.ebay.com/api-docs/sell/finances/types/pay:Transaction and its enumerations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem

from ...domain.payout_table import refusing, restated
from ...domain.reader import Reader
from ...domain.settlement import PayoutDoc, PayoutLine
from . import const

API = "ebay.finances"

KINDS = {
    "SALE": "sale",
    "REFUND": "refund",
    "DISPUTE": "chargeback",
    "SHIPPING_LABEL": "shipping_label",
    "NON_SALE_CHARGE": "fee",
    "TRANSFER": "transfer",
    "WITHDRAWAL": "transfer",
    "BALANCE_TRANSFER": "transfer",
    "PURCHASE": "transfer",
    "LOAN_REPAYMENT": "adjustment",
    "CREDIT": "adjustment",
    "ADJUSTMENT": "adjustment",
}
STATUSES = {
    "INITIATED": "paid",
    "SUCCEEDED": "paid",
    "PENDING": "open",
    "RETRYABLE_FAILED": "failed",
    "TERMINAL_FAILED": "failed",
    "REVERSED": "failed",
}
#: What eBay takes for a state of fees that are taxes.
FEE_TAXES = ("TAX", "VAT", "GST")


@refusing(const.CODE, API)
def parse_payouts(raw: bytes | Mapping[str, Any]) -> list[PayoutDoc]:
    """One payout: ``{"payout": {…}, "transactions": [{…}]}`` of ``getPayout`` and ``getTransactions`` for it."""
    if not isinstance(raw, Mapping):
        return [_refused("The payouts of eBay are read from eBay itself. Connect the channel and load them there.")]
    problems: list[Problem] = []
    root = Reader(raw, "Payout", problems)
    payout = root.nested("payout")
    total, currency = _money(payout, "amount")
    if payout.text("totalAmount") or payout.nested("totalAmount").fields:
        total, currency = _money(payout, "totalAmount")
    lines: list[PayoutLine] = []
    for row, transaction in enumerate(root.rows("transactions", "Transaction"), 1):
        if transaction.text("transactionStatus").upper() != "FUNDS_ON_HOLD":  # those come with a later payout
            lines.extend(_transaction(transaction, row, currency))
    sent = payout.moment("payoutDate")
    instrument = payout.nested("payoutInstrument")
    days = [line.at for line in lines if line.at]
    status = payout.text("payoutStatus").upper()
    return [
        PayoutDoc(
            id=payout.identifier("payoutId"),
            platform=const.CODE,
            account_ref=instrument.text("accountLastFourDigits"),
            currency=currency,
            starts_at=min(days, default=sent),
            ends_at=max(days, default=sent),
            deposited_on=sent.date() if sent else None,
            total=total,
            lines=tuple(lines),
            bank_reference=payout.text("bankReference") or payout.identifier("payoutId"),
            status=STATUSES.get(status, status.lower()),
            source=API,
            parse_problems=restated(problems),
        )
    ]


def _refused(message: str) -> PayoutDoc:
    problem = Problem("unreadable", message)
    return PayoutDoc("", const.CODE, "", "", None, None, None, ZERO, (), source=API, parse_problems=(problem,))


def _money(row: Reader, key: str) -> tuple[Decimal, str]:
    nested = row.nested(key)
    return nested.number("value"), nested.text("currency").upper()


def _signed(transaction: Reader) -> Decimal:
    amount = _money(transaction, "amount")[0]
    entry = transaction.text("bookingEntry").upper()
    if entry not in ("CREDIT", "DEBIT"):
        transaction.complain("bad_amount", f"“bookingEntry” is “{entry[:20]}”, neither CREDIT nor DEBIT")
    return -amount if entry == "DEBIT" else amount


def _transaction(transaction: Reader, row: int, currency: str) -> Iterator[PayoutLine]:
    name, kind_of = transaction.text("transactionId"), transaction.text("transactionType").upper()
    amount, told = _signed(transaction), _money(transaction, "amount")[1]
    if told != currency:
        transaction.complain("bad_currency", f"it is in “{told[:10]}”, and the payout in {currency}")
    references = {
        reference.text("referenceType").upper(): reference.text("referenceId")
        for reference in transaction.rows("references", "Reference")
    }
    more = {
        "order_ref": transaction.text("orderId") or references.get("ORDER_ID", ""),
        "at": transaction.moment("transactionDate"),
    }
    fees = list(_fees(transaction, amount))
    basis = amount - sum((fee for _code, fee, _text in fees), ZERO)
    if kind_of in ("SALE", "REFUND") and transaction.nested("totalFeeBasisAmount").fields:
        said = abs(_money(transaction, "totalFeeBasisAmount")[0])
        if said != abs(basis):
            transaction.complain("row_mismatch", f"the basis is {said}, but the amount and its fees make {abs(basis)}")
    original = transaction.nested("amount").number_or_none("convertedFromValue")
    kind = KINDS.get(kind_of, "adjustment")
    if kind == "chargeback" and basis > 0:
        kind = "chargeback_reversal"
    fee_type = transaction.text("feeType")
    if kind == "fee" and fee_type.upper().endswith(FEE_TAXES):
        kind = "fee_tax"
    yield PayoutLine(
        # A refund may have the number of its sale.
        id=f"{kind_of}:{name}",
        row=row,
        kind=kind,
        amount=basis,
        transaction_ref=name if kind_of == "REFUND" else "",
        code=fee_type or kind_of,
        text=transaction.text("transactionMemo") or (fee_type or kind_of).replace("_", " ").capitalize(),
        # The fees are in the amount that was converted; only without them is it what the customer paid.
        original_amount=None if original is None or fees else original * (-1 if amount < 0 else 1),
        original_currency=""
        if original is None
        else transaction.nested("amount").text("convertedFromCurrency").upper(),
        **more,
    )
    for number, (code, fee, text) in enumerate(fees, 1):
        tax = code.upper().endswith(FEE_TAXES)
        yield PayoutLine(
            f"{kind_of}:{name}:{number}", row, "fee_tax" if tax else "fee", fee, code=code, text=text, **more
        )


def _fees(transaction: Reader, amount: Decimal) -> Iterator[tuple[str, Decimal, str]]:
    """(code, signed amount, words) of the fees that a sale or a refund holds. Those of a refund are given back."""
    sign = -1 if transaction.text("bookingEntry").upper() == "CREDIT" else 1
    told = ZERO
    for item in transaction.rows("orderLineItems", "Item"):
        for fee in item.rows("marketplaceFees", "Fee"):
            value = _money(fee, "amount")[0]
            told += value
            code = fee.text("feeType") or "FEE"
            yield code, sign * value, fee.text("feeMemo") or code.replace("_", " ").capitalize()
    total = transaction.nested("totalFeeAmount")
    if total.fields and transaction.text("transactionType").upper() in ("SALE", "REFUND"):
        rest = _money(transaction, "totalFeeAmount")[0] - told
        if rest:
            yield "OTHER_FEES", sign * rest, "Fees that eBay does not name"
