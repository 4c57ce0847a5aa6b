"""Amazon's settlements: the flat file V2, and what the Finances API says of a group of events. Pure.

**Flat file** (``GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2``, tab separated). A settlement begins with a row that has nothing
but its period, its deposit and its total; every other row is one amount, named by three columns: ``transaction-type``
(Order, Refund, …), ``amount-type`` (ItemPrice, ItemFees, …) and ``amount-description`` (Principal, Commission, …). Amounts and
dates are written as the marketplace does (``95,00`` in the Union), the same way in the whole file. Names of columns:
https://developer-docs.amazon.com/sp-api/docs/settlement-reports-attributes; what changed with V2:
https://developer-docs.amazon.com/sp-api/changelog/update-deprecation-of-two-payment-settlement-report-types

**Finances API** (2024-06-19 ``listTransactions``, and the group of events of version 0 that names the transfer). Its amounts
are a tree, of which the leaves are the lines: https://developer-docs.amazon.com/sp-api/docs/finances-api-v2024-06-19-use-case-guide

Tax of a sale is part of it (the customer paid it); what Amazon keeps of it is a line of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem

from ...domain.payout_table import Rows, decimal_sign, read, refusing, restated
from ...domain.reader import Reader
from ...domain.settlement import PayoutDoc, PayoutLine
from ...domain.table import manner_of
from . import const

FLAT_FILE = "amazon.settlement_v2"
FINANCES = "amazon.finances"

COLUMNS = {
    name: ()
    for name in (
        "settlement-id",
        "settlement-start-date",
        "settlement-end-date",
        "deposit-date",
        "total-amount",
        "currency",
        "transaction-type",
        "order-id",
        "adjustment-id",
        "marketplace-name",
        "amount-type",
        "amount-description",
        "amount",
        "posted-date-time",
        "posted-date",
        "sku",
        "quantity-purchased",
    )
}
REQUIRED = (
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "amount-type",
    "amount-description",
    "amount",
)
DATES = ("settlement-start-date", "settlement-end-date", "deposit-date", "posted-date-time", "posted-date")

#: What customers pay, in ``amount-type``.
PRICES = frozenset({"ItemPrice", "Promotion", "ItemPriceAdj", "PromotionAdj", "ShipmentItemPrice"})
FEES = frozenset(
    {"ItemFees", "ItemRelatedFees", "ShipmentFees", "OrderFees", "ItemFeeAdj", "Cost of Advertising", "ServiceFee"}
)
#: ``amount-description`` of what is told beside orders.
OTHER = {
    "Current Reserve Amount": "reserve_hold",
    "Previous Reserve Amount Balance": "reserve_release",
    "Payable to Amazon": "carry_over",
    "Successful charge": "carry_over",
    "Balance adjustment": "carry_over",
    "Shipping label purchase": "shipping_label",
    "Shipping label purchase for return": "shipping_label",
    "ShippingServicesRefund": "shipping_label",
    "Transfer of funds unsuccessful: Amazon": "transfer",
    "FailedDisbursement": "transfer",
}
#: Endings of what is tax on a fee.
FEE_TAXES = (" VAT", " GST", " IGST", " CGST", " SGST", " Tax", "Tax on fee")


@refusing(const.CODE, FLAT_FILE)
def parse_payouts(raw: bytes | Mapping[str, Any]) -> list[PayoutDoc]:
    """The settlements of a flat file (bytes), or of what the Finances API said (see :func:`_of_finances`)."""
    return _of_finances(raw) if isinstance(raw, Mapping) else _of_file(raw)


# ---- Flat file


@dataclass(slots=True)
class _Settlement:
    """A settlement in the making."""

    id: str
    currency: str
    total: Decimal
    starts_at: datetime | None
    ends_at: datetime | None
    deposited_at: datetime | None
    account: str = ""
    lines: list[PayoutLine] = field(default_factory=list)


def _of_file(raw: bytes) -> list[PayoutDoc]:
    letters = ("utf-8", "cp932") if b"Amazon.co.jp" in raw else ("utf-8", "cp1252")
    rows = read(raw, COLUMNS, REQUIRED, letters, "\t")
    rows.decimal = decimal_sign(text for name in ("amount", "total-amount") for text in rows.texts(name))
    rows.dates = manner_of((), (text.removesuffix(" UTC") for name in DATES for text in rows.texts(name))).dates
    found: dict[str, _Settlement] = {}
    for line, cells in rows.rows:
        if rows.text(cells, "total-amount"):
            _begin(rows, line, cells, found)
        else:
            _one(rows, line, cells, found)
    return [_doc(settlement, tuple(rows.problems)) for settlement in found.values()] or [
        PayoutDoc(
            "", const.CODE, "", "", None, None, None, ZERO, (), source=FLAT_FILE, parse_problems=tuple(rows.problems)
        )
    ]


def _begin(rows: Rows, line: int, cells: list[str], found: dict[str, _Settlement]) -> None:
    settlement_id = rows.text(cells, "settlement-id")
    if settlement_id in found:
        rows.complain(line, "duplicate_payout", f"the settlement {settlement_id} begins a second time. Load it again.")
        return
    found[settlement_id] = _Settlement(
        settlement_id,
        rows.text(cells, "currency").upper(),
        rows.amount(line, cells, "total-amount") or ZERO,
        rows.moment(line, cells, "settlement-start-date"),
        rows.moment(line, cells, "settlement-end-date"),
        rows.moment(line, cells, "deposit-date"),
    )


def _one(rows: Rows, line: int, cells: list[str], found: dict[str, _Settlement]) -> None:
    settlement = found.get(rows.text(cells, "settlement-id"))
    if settlement is None:
        rows.complain(
            line, "no_total", "it belongs to a settlement of which the first row, with its total, is missing."
        )
        return
    amount = rows.amount(line, cells, "amount")
    if amount is None:
        return
    transaction, kind_of_amount = rows.text(cells, "transaction-type"), rows.text(cells, "amount-type")
    what, quantity = rows.text(cells, "amount-description"), rows.text(cells, "quantity-purchased")
    settlement.account = settlement.account or rows.text(cells, "marketplace-name")
    settlement.lines.append(
        PayoutLine(
            # Amazon names no rows; their order is that of the report, which is never made anew.
            id=f"{settlement.id}:{line}",
            row=line,
            kind=_kind(transaction, kind_of_amount, what, amount),
            amount=amount,
            order_ref=rows.text(cells, "order-id"),
            transaction_ref=rows.text(cells, "adjustment-id"),
            text=what if kind_of_amount in ("", "other-transaction") else f"{kind_of_amount}: {what}",
            code=what or kind_of_amount,
            sku=rows.text(cells, "sku"),
            quantity=Decimal(quantity) if quantity.lstrip("-").isdecimal() else None,
            at=rows.moment(line, cells, "posted-date-time") or rows.moment(line, cells, "posted-date"),
        )
    )


def _kind(transaction: str, kind_of_amount: str, what: str, amount: Decimal) -> str:
    if kind_of_amount == "ItemWithheldTax" or what.startswith(("MarketplaceFacilitator", "LowValueGoodsTax")):
        return "tax_collected"
    if kind_of_amount in PRICES:
        return _kind_of_price(transaction)
    if what in OTHER:
        return OTHER[what]
    is_fee = kind_of_amount in FEES or transaction in FEES or what.endswith((" Fee", "Fee", "Fees"))
    if is_fee:
        return "fee_tax" if what.endswith(FEE_TAXES) else "fee"
    return "adjustment"


def _kind_of_price(transaction: str) -> str:
    """What an amount that a customer pays or gets is, by the event that it belongs to."""
    name = transaction.casefold()
    if "chargeback" in name or "a-to-z" in name or "guarantee" in name:
        return "chargeback_reversal" if "revers" in name else "chargeback"
    return "refund" if "refund" in name else "sale"


def _doc(settlement: _Settlement, problems: tuple[Problem, ...]) -> PayoutDoc:
    return PayoutDoc(
        id=settlement.id,
        platform=const.CODE,
        account_ref=settlement.account,
        currency=settlement.currency,
        starts_at=settlement.starts_at,
        ends_at=settlement.ends_at,
        deposited_on=settlement.deposited_at.date() if settlement.deposited_at else None,
        total=settlement.total,
        lines=tuple(settlement.lines),
        bank_reference=settlement.id,
        source=FLAT_FILE,
        parse_problems=problems,
    )


# ---- Finances API


def _of_finances(answer: Mapping[str, Any]) -> list[PayoutDoc]:
    """``{"group": …, "transactions": […]}``: a financial event group of version 0, and the transactions that name it.

    A group that has not been closed is told as ``open``; transactions that are deferred belong to no payout yet.
    """
    problems: list[Problem] = []
    group = Reader(answer.get("group") or {}, "Settlement", problems)
    total = group.nested("OriginalTotal")
    currency = total.text("CurrencyCode").upper()
    lines: list[PayoutLine] = []
    name = group.text("FinancialEventGroupId")
    begin = group.nested("BeginningBalance")
    if begin.fields and (balance := begin.number("CurrencyAmount")):
        lines.append(
            PayoutLine(
                # Lines are known again in all payouts of a channel, and each group begins with a balance.
                f"{name}:beginning-balance",
                0,
                "carry_over",
                balance,
                code="BeginningBalance",
                text="Beginning balance",
            )
        )
    root = Reader(answer, "Settlement", problems)
    for row, transaction in enumerate(root.rows("transactions", "Transaction"), 1):
        if transaction.text("transactionStatus").upper() != "DEFERRED":
            lines.extend(_transaction(transaction, row, currency))
    deposited = group.moment("FundTransferDate")
    failed = group.text("FundTransferStatus").casefold() in ("failed", "unsuccessful")
    status = "open" if group.text("ProcessingStatus").casefold() == "open" else "failed" if failed else "paid"
    return [
        PayoutDoc(
            id=name,
            platform=const.CODE,
            account_ref=group.text("AccountTail"),
            currency=currency,
            starts_at=group.moment("FinancialEventGroupStart"),
            ends_at=group.moment("FinancialEventGroupEnd"),
            deposited_on=deposited.date() if deposited else None,
            total=total.number("CurrencyAmount"),
            lines=tuple(lines),
            bank_reference=group.text("TraceId"),
            status=status,
            source=FINANCES,
            parse_problems=restated(problems),
        )
    ]


def _transaction(transaction: Reader, row: int, currency: str) -> Iterator[PayoutLine]:
    """The leaves of a transaction's tree of amounts."""
    name = transaction.text("transactionId") or f"row {row}"
    total = transaction.nested("totalAmount")
    if total.text("currencyCode").upper() != currency:
        transaction.complain("bad_currency", f"it is in {total.text('currencyCode')}, and the settlement in {currency}")
        return
    refs = {
        ref.text("relatedIdentifierName"): ref.text("relatedIdentifierValue")
        for ref in transaction.rows("relatedIdentifiers", "Reference")
    }
    kind, at, said = transaction.text("transactionType"), transaction.moment("postedDate"), ZERO
    leaves = list(_leaves(transaction, ()))
    for number, (path, amount) in enumerate(leaves, 1):
        said += amount
        yield PayoutLine(
            id=f"{name}:{number}",
            row=row,
            kind=_kind_of_leaf(kind, path),
            amount=amount,
            order_ref=refs.get("ORDER_ID", ""),
            transaction_ref=refs.get("REFUND_ID") or refs.get("SHIPMENT_ID", ""),
            text=": ".join(path[-2:]) or transaction.text("description") or kind,
            code=path[-1] if path else kind,
            at=at,
        )
    if said != total.number("currencyAmount"):
        transaction.complain("total_mismatch", f"it says {total.text('currencyAmount')}, and its parts sum to {said}")


def _leaves(node: Reader, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Decimal]]:
    """(path of names, amount) of every amount that is not made of others."""
    parts = list(node.rows("breakdowns", "Amount"))
    for part in parts:
        yield from _leaves(part, (*path, part.text("breakdownType")))
    if not parts:
        own = node.nested("breakdownAmount") if path else node.nested("totalAmount")
        if amount := own.number("currencyAmount"):
            yield path, amount


def _kind_of_leaf(transaction: str, path: tuple[str, ...]) -> str:
    names = {name.replace(" ", "").casefold() for name in path}
    what = path[-1] if path else ""
    if any(name.startswith(("marketplacefacilitator", "marketplacewithheld", "taxwithheld")) for name in names):
        return "tax_collected"
    if transaction.casefold() in ("reserve", "reservedebit"):
        return "reserve_hold"
    if transaction.casefold() in ("reservecredit", "reserverelease"):
        return "reserve_release"
    if any("fee" in name or name == "expenses" for name in names) or "fee" in transaction.casefold():
        return "fee_tax" if what.endswith(("Tax", "VAT", "GST")) else "fee"
    if transaction in ("Shipment", "Refund", "ShipmentSettle") or names & {
        "sales",
        "productcharges",
        "shipping",
        "tax",
    }:
        return _kind_of_price(transaction)
    if "chargeback" in transaction.casefold() or "guarantee" in transaction.casefold():
        return _kind_of_price(transaction)
    return "adjustment"
