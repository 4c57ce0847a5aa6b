"""An entry before it is booked: balanced to the cent, named by what it books, and comparable with what was booked.

Debit is positive, credit negative. Accounts, journals, partners and taxes are whatever the caller names them by; where the
entry is booked in Odoo (``account.move._oms_post``) these are ids of records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from datetime import date as Date
from decimal import Decimal

from .documents import Problem
from .money import ZERO


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One journal item.

    :param amount: in the company's currency; debit positive.
    :param currency: ISO code, where the item is in another currency than the company's.
    :param currency_amount: in that currency, with the sign of ``amount`` (an item that only corrects the rate has 0 in
        one of the two).
    :param cause: why this item exists, where it is a difference: ``rounding``, ``fee``, ``reserve``.
    :param match: what this item settles: an item is reconciled with the one that it names. In Odoo the id of an
        ``account.move.line``, or the posting key of an entry or a payment, of which it is the items of the same account. A
        tuple of such names where one item settles many.
    :param taxes: the taxes of which ``amount`` is the base, to be computed on top (reverse charge).
    :param product: whose worth this item changes.
    :param corrects: the order line whose cost of goods this item corrects.
    """

    account: Hashable
    amount: Decimal
    text: str
    partner: Hashable | None = None
    currency: str | None = None
    currency_amount: Decimal | None = None
    cause: str = ""
    match: Hashable | None = None
    taxes: tuple[Hashable, ...] = ()
    product: Hashable | None = None
    corrects: Hashable | None = None


@dataclass(frozen=True, slots=True)
class PostingDraft:
    """One entry that the system makes by itself.

    :param key: names the event that it books, once and for all (``settlement:12:1``).
    :param ref: what people know the event by.
    """

    key: str
    date: Date
    journal: Hashable
    ref: str
    lines: tuple[PostingLine, ...]

    def problems(self) -> list[Problem]:
        """Why this cannot be booked; empty when it can.

        >>> line = PostingLine(101, Decimal("5.00"), "Sale")
        >>> [p.code for p in PostingDraft("a", Date(2026, 1, 1), 1, "A", (line,)).problems()]
        ['unbalanced']
        """
        return list(self._problems())

    def _problems(self) -> Iterator[Problem]:
        name = self.ref or self.key or "An entry"
        if not self.key:
            yield Problem(
                "no_key", f"{name}: the entry does not say which event it books, so it could be booked twice."
            )
        if not self.lines:
            yield Problem("empty", f"{name}: the entry has no items; there is nothing to book.")
        debit = sum((line.amount for line in self.lines if line.amount > 0), ZERO)
        credit = -sum((line.amount for line in self.lines if line.amount < 0), ZERO)
        if debit != credit:
            yield Problem(
                "unbalanced",
                f"{name}: debits are {debit} and credits {credit}, so {abs(debit - credit)} is missing on one side.",
            )
        for number, line in enumerate(self.lines, start=1):
            where = f"{name}, item {number} ({line.text or 'without text'})"
            if not line.account:
                yield Problem("no_account", f"{where}: no account is set for it.")
            if (line.currency is None) != (line.currency_amount is None):
                yield Problem("half_currency", f"{where}: a currency and an amount in it belong together.")
            elif line.currency_amount is not None and line.amount * line.currency_amount < 0:
                yield Problem(
                    "currency_sign",
                    f"{where}: {line.amount} in the company's currency and {line.currency_amount} {line.currency} are on "
                    "different sides.",
                )

    def fingerprint(self) -> str:
        """The same for two drafts exactly when they book the same: whatever the order of the items, and however many
        zeros are written after the point."""
        items = sorted(
            repr(
                (
                    line.account,
                    _plain(line.amount),
                    line.text,
                    line.partner,
                    line.currency,
                    _plain(line.currency_amount),
                    line.cause,
                    line.match,
                    line.taxes,
                    # Left out where there is none: what was booked before items had a product is known again.
                    *([] if line.product is None else [line.product]),
                    *([] if line.corrects is None else [("corrects", line.corrects)]),
                )
            )
            for line in self.lines
        )
        whole = repr((self.key, self.date.isoformat(), self.journal, self.ref, items))
        return hashlib.sha256(whole.encode()).hexdigest()


def _plain(amount: Decimal | None) -> str | None:
    if amount is None:
        return None
    return f"{amount.normalize():f}" if amount else "0"
