"""What was paid for a Magento order, and what was paid back. Pure.

An order only sums these up. The client puts its invoices and credit memos beside it (``_invoices``, ``_creditmemos``);
without them the sums have to do.

Money that a card company has only authorised is no payment: it is taken with the invoice, or with several, each over what has
left. How often a gateway lets an authorisation be taken in parts, and when it ends, Magento does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal

from odoo.addons.oms_core.domain.documents import ZERO, AuthorizationDoc, PaymentDoc, RefundDoc, RefundLineDoc

from ...domain.reader import Reader
from . import const
from .lines import amount

#: Of a gift card's code as much as tells two apart: whoever knows all of it can spend it.
CODE_SHOWN = 4
#: Ours, at the end of a comment (see ``render.marker``); it says nothing to people.
MARKER = re.compile(r"\s*\[OMS ([^\]]*)\]$")


def tendered(extension: Reader, step: Decimal) -> Decimal:
    """What was paid with gift cards, store credit and reward points: the grand total is without it."""
    return sum((abs(amount(extension, key, step)) for key, _tender, _method in const.TENDERS), ZERO)


def authorizations(order: Reader, ordered_at: datetime, step: Decimal) -> tuple[AuthorizationDoc, ...]:
    """What a gateway has authorised, whether or not something was taken of it. One that takes the money at once has written
    down both."""
    payment = order.nested("payment")
    total = amount(payment, "amount_authorized", step)
    if total <= 0:
        return ()
    is_over = order.text("state") in const.OVER_STATES or order.number_or_none("total_due") == 0
    return (
        AuthorizationDoc(
            const.AUTHORIZATION,
            total,
            payment.text("method"),
            ordered_at,
            reference=payment.text("last_trans_id"),
            is_over=is_over,
        ),
    )


def payments(order: Reader, order_id: str, ordered_at: datetime, step: Decimal) -> tuple[PaymentDoc, ...]:
    extension = order.nested("extension_attributes")
    return (*_taken(order, order_id, ordered_at, step), *_tenders(extension, order_id, ordered_at, step))


def _taken(order: Reader, order_id: str, ordered_at: datetime, step: Decimal) -> Iterator[PaymentDoc]:
    payment = order.nested("payment")
    method = payment.text("method")
    authorization = const.AUTHORIZATION if amount(payment, "amount_authorized", step) > 0 else ""
    invoices = list(order.rows("_invoices", "Invoice"))
    for invoice in invoices:
        total = amount(invoice, "grand_total", step)
        if invoice.text("state") == const.INVOICE_PAID and total > 0:
            yield PaymentDoc(
                external_id=invoice_id(invoice),
                amount=total,
                method=method,
                # An invoice that was captured later still has the date on which it was written.
                paid_at=invoice.moment("created_at") or ordered_at,
                reference=invoice.text("transaction_id") or payment.text("last_trans_id"),
                authorization=authorization,
                our_key=our_key(invoice),
            )
    paid = amount(order, "total_paid", step)
    if not invoices and paid > 0:
        yield PaymentDoc(
            f"{order_id}-paid", paid, method, ordered_at, payment.text("last_trans_id"), authorization=authorization
        )


def invoice_id(invoice: Reader) -> str:
    """What the payment of an invoice is called."""
    return f"invoice-{invoice.identifier('entity_id', 'increment_id')}"


def our_key(document: Reader) -> str:
    """Ours of an invoice or credit memo, out of its comments; empty for one that somebody made in the shop."""
    told = (comment.text("comment") for comment in document.rows("comments", "Comment"))
    return next((found[1] for text in told if (found := MARKER.search(text))), "")


def _tenders(extension: Reader, order_id: str, ordered_at: datetime, step: Decimal) -> Iterator[PaymentDoc]:
    for key, tender, method in const.TENDERS:
        total = abs(amount(extension, key, step))
        if not total:
            continue
        cards = list(extension.rows("gift_cards", "Gift card")) if tender == "gift_card" else []
        parts = [(card, amount(card, "amount", step)) for card in cards]
        if parts and sum((part for _card, part in parts), ZERO) == total:
            for number, (card, part) in enumerate(parts, 1):
                code = card.text("code")[-CODE_SHOWN:]
                external_id = f"{order_id}-{method}-{card.identifier('id') or number}"
                yield PaymentDoc(external_id, part, method, ordered_at, f"…{code}" if code else "", tender)
        else:
            yield PaymentDoc(f"{order_id}-{method}", total, method, ordered_at, tender=tender)


def refunds(order: Reader, order_id: str, line_ids: Collection[str], step: Decimal) -> tuple[RefundDoc, ...]:
    """What was paid back.

    :param line_ids: of the lines of the order: a credit memo repeats the children of a configurable product too.
    """
    memos = list(order.rows("_creditmemos", "Credit memo"))
    found = [_memo(memo, line_ids, step) for memo in memos if memo.text("state") != const.MEMO_CANCELED]
    total = amount(order, "total_refunded", step)
    if not memos and total > 0:
        found.append(RefundDoc(f"{order_id}-refunded", total, sum_only=True))
    return tuple(found)


def _memo(memo: Reader, line_ids: Collection[str], step: Decimal) -> RefundDoc:
    told = [comment.text("comment") for comment in memo.rows("comments", "Comment")]
    comments = [MARKER.sub("", text) for text in told]
    extension = memo.nested("extension_attributes")
    amounts: dict[str, Decimal] = {"": amount(memo, "grand_total", step)}
    for key, tender, _method in const.TENDERS:
        amounts[tender] = amounts.get(tender, ZERO) + abs(amount(extension, key, step))
    return RefundDoc(
        external_id=memo.identifier("entity_id", "increment_id"),
        # What went back to a gift card or to store credit is not in its grand total either.
        amount=sum(amounts.values(), ZERO),
        reason=next(filter(None, comments), ""),
        lines=tuple(_memo_lines(memo, line_ids, step)),
        shipping=_memo_shipping(memo, step),
        refunded_at=memo.moment("created_at"),
        pending=memo.text("state") == const.MEMO_OPEN,
        tenders=tuple((tender, part) for tender, part in amounts.items() if part),
        our_key=our_key(memo),
    )


def _memo_shipping(memo: Reader, step: Decimal) -> Decimal:
    return amount(memo, "shipping_amount", step) + amount(memo, "shipping_tax_amount", step)


def _memo_lines(memo: Reader, line_ids: Collection[str], step: Decimal) -> Iterator[RefundLineDoc]:
    for row in memo.rows("items", "Line"):
        line_id, quantity = row.identifier("order_item_id"), row.number_or_none("qty") or ZERO
        net = (
            amount(row, "row_total", step)
            - amount(row, "discount_amount", step)
            + amount(row, "discount_tax_compensation_amount", step)
        )
        tax = amount(row, "tax_amount", step)
        if line_id in line_ids and (quantity or net or tax):
            # Whether the goods are for sale again was asked when the memo was written, and is kept nowhere.
            yield RefundLineDoc(line_id, quantity, net, tax)
