"""Refunds among Amazon's transactions (Finances API 2024-06-19) → canonical documents. Pure.

A transaction is what the seller's account moved: what the buyer got back, less or more the fees that Amazon gives back or
takes. Only the former is the refund: prices, shipping, gift wrap and their taxes, less the discounts that were taken back.
Which is which is told by the types of the amounts; one that is new stops the refund for a look, so that nothing is booked that
Amazon did not say.

Source: https://developer-docs.amazon.com/sp-api/docs/finances-api-v2024-06-19-use-case-guide. The types in :data:`BUYERS` and
:data:`SELLERS` are those of its examples; Amazon publishes no list of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from odoo.addons.oms_core.domain.documents import ZERO, Problem, RefundDoc, RefundLineDoc

from ...domain import told as telling
from ...domain.adapter import Reject
from ...domain.reader import Reader

KIND = "refund"
AMAZON_NETWORK = "AFN"
#: Type of an amount, in small letters and without anything between → which part of what the buyer got.
BUYERS = {
    "productcharges": "goods",
    "principal": "goods",
    "principle": "goods",
    "ourpriceprincipal": "goods",
    "itemprice": "goods",
    "giftwrap": "goods",
    "giftwrapcharges": "goods",
    "giftwrapprincipal": "goods",
    "promotionalrebates": "goods",
    "promotionalrebate": "goods",
    "promotion": "goods",
    "promotions": "goods",
    "goodwill": "goods",
    "restockingfee": "goods",
    "shipping": "shipping",
    "shippingcharges": "shipping",
    "shippingcharge": "shipping",
    "shippingprincipal": "shipping",
    "shippingtax": "shipping",
    "returnshipping": "shipping",
    "producttax": "tax",
    "ourpricetax": "tax",
    "itemtax": "tax",
    "giftwraptax": "tax",
}
#: Between Amazon and the seller alone.
SELLERS = frozenset(
    {
        "amazonfees", "fees", "sellingfees", "fbafees", "commission", "refundcommission", "referralfee", "variableclosingfee",
        "fixedclosingfee", "shippingchargeback", "shippingholdback", "expenses", "taxwithheld", "withheldtax",
        "digitalservicesfee",
    }
)  # fmt: skip
SELLERS_BEGIN = ("marketplacefacilitator", "marketplacewithheld", "lowvaluegoods", "tcs", "tds")
TAX = "tax"


def is_ours(transaction: Mapping[str, Any]) -> bool:
    """Whether it is a refund of an order that the seller ships."""
    row = Reader(transaction, "", [])
    if _plain(row.text("transactionType")) != KIND or not order_ref(transaction):
        return False
    networks = {
        context.text("fulfillmentNetwork").upper() for item in row.rows("items", "") for context in _product(item)
    }
    return networks != {AMAZON_NETWORK}


def order_ref(transaction: Mapping[str, Any]) -> str:
    return _identifier(transaction, "ORDER_ID")


def refund_ref(transaction: Mapping[str, Any]) -> str:
    """What a refund is known by. Money that was held back is told a second time when it goes, with the id of the first."""
    return _identifier(transaction, "DEFERRED_TRANSACTION_ID") or Reader(transaction, "", []).text("transactionId")


def told(raw: bytes) -> telling.ToldRefund:
    """The document in a message about a refund.

    :raise Reject: if there is none in it, or an amount in it is of a type that nobody knows yet.
    """
    envelope = telling.unpack(raw)
    transaction = envelope["payload"]
    if not isinstance(transaction, Mapping) or not envelope["id"]:
        raise Reject("Amazon told of a refund without saying which. Look at the payments in Seller Central.")
    problems: list[Problem] = []
    row = Reader(transaction, f"Refund {envelope['id']}", problems)
    lines, shipping, amount = [], ZERO, ZERO
    items = list(row.rows("items", "Item"))
    for item in items:
        parts = _parts(item)
        shipping += parts.shipping
        amount += parts.goods + parts.tax + parts.shipping
        if parts.goods + parts.tax > 0:
            contexts = list(_product(item))
            refs = tuple(
                dict.fromkeys(name for one in contexts for name in (one.text("sku"), one.text("asin")) if name)
            )
            lines.append(RefundLineDoc("", ZERO, parts.goods, parts.tax, refs=refs or ("?",)))
    if not items:
        parts = _parts(row)
        shipping, amount = parts.shipping, parts.goods + parts.tax + parts.shipping
    document = RefundDoc(
        external_id=envelope["id"],
        amount=amount,
        reason=row.text("description"),
        lines=tuple(lines),
        shipping=max(shipping, ZERO),
        refunded_at=row.moment("postedDate"),
    )
    return telling.ToldRefund(envelope["order"], document, tuple(problems))


@dataclass(slots=True)
class _Parts:
    """What the buyer got back, positive; ``goods`` without the tax that is told apart."""

    goods: Decimal = ZERO
    shipping: Decimal = ZERO
    tax: Decimal = ZERO


def _parts(row: Reader) -> _Parts:
    found = _Parts()
    for kind, amount in _amounts(row):
        setattr(found, kind, getattr(found, kind) - amount)
    return found


def _amounts(row: Reader) -> Iterator[tuple[str, Decimal]]:
    """(part, amount as the account saw it) of all that is the buyer's; what stands within a part is the part once more."""
    for one in row.rows("breakdowns", "Amount"):
        name = _plain(one.text("breakdownType"))
        amount = one.nested("breakdownAmount").number_or_none("currencyAmount") or ZERO
        if name in SELLERS or name.startswith(SELLERS_BEGIN):
            continue
        if name in BUYERS:
            yield BUYERS[name], amount
        elif one.fields.get("breakdowns"):
            yield from _amounts(one)
        elif name == TAX:
            yield TAX, amount
        elif amount:
            raise Reject(
                f"Amazon names an amount of this refund “{one.text('breakdownType')[:60]}” ({amount}), and it is not known "
                "whether the buyer got it. Look at the refund in Seller Central, book it by hand, and dismiss this."
            )


def _product(item: Reader) -> Iterator[Reader]:
    return (one for one in item.rows("contexts", "Context") if one.text("sku") or one.text("asin"))


def _identifier(transaction: Mapping[str, Any], name: str) -> str:
    rows = Reader(transaction, "", []).rows("relatedIdentifiers", "")
    return next((r.text("relatedIdentifierValue") for r in rows if r.text("relatedIdentifierName") == name), "")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
