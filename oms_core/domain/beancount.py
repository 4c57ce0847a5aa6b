"""Books as text that beancount reads, so that somebody else's program adds them up.

Source: the language of beancount 3 (https://beancount.github.io/docs/beancount_language_syntax.html).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date as Date
from datetime import timedelta
from decimal import Decimal

ZERO = Decimal(0)

#: {kind of an account: its root}. Accounts beside the balance sheet have none of their own in beancount.
ROOTS = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
    "off": "Equity:Off-Balance",
}
NOT_IN_NAME = re.compile(r"[^A-Za-z0-9-]+")
NOT_IN_LINK = re.compile(r"[^A-Za-z0-9\-_/.]")


@dataclass(frozen=True, slots=True)
class Account:
    """:param kind: a key of ``ROOTS``."""

    key: Hashable
    code: str
    name: str
    kind: str

    @property
    def path(self) -> str:
        """Its name in beancount: the code makes it unique, the name readable.

        >>> Account(1, "110100", "Stock (à l'entrepôt)", "asset").path
        'Assets:110100-Stock-l-entrep-t'
        """
        return f"{ROOTS[self.kind]}:{_clean(self.code) or 'X'}-{_clean(self.name) or 'X'}"


@dataclass(frozen=True, slots=True)
class Item:
    """One journal item: ``amount`` in the currency of the books, debit positive; ``currency`` where it is in another."""

    account: Hashable
    amount: Decimal
    text: str = ""
    currency: str = ""
    currency_amount: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Entry:
    """:param key: the event that it books; entries of one event are linked by it."""

    date: Date
    name: str
    items: tuple[Item, ...]
    payee: str = ""
    key: str = ""


def write(
    title: str,
    currency: str,
    accounts: Iterable[Account],
    entries: Iterable[Entry],
    first_day: Date,
    last_day: Date,
    opening: Iterable[Item] = (),
) -> Iterator[str]:
    """The lines of a file: what exists, what there was, what happened, and what there must be at the end.

    :param currency: ISO code of the books.
    :param opening: what was on the accounts before the first day.
    """
    paths = {account.key: account.path for account in sorted(accounts, key=lambda one: one.path)}
    yield f'option "title" {_quote(title)}'
    yield f'option "operating_currency" "{currency}"'
    yield ""
    opening = tuple(opening)
    entries = tuple(entries)
    used = {item.currency for entry in entries for item in entry.items} | {item.currency for item in opening}
    for code in sorted({currency, *used} - {""}):
        yield f"{first_day} commodity {code}"
    yield ""
    for path in paths.values():
        yield f"{first_day} open {path}"
    if opening:
        yield ""
        yield f'{first_day} * "Opening balances"'
        yield from _write_items(opening, paths, currency)
        if rest := sum((item.amount for item in opening), ZERO):
            yield f"  Equity:Opening-Balances  {-rest:f} {currency}"
    for entry in entries:
        yield ""
        payee = f"{_quote(entry.payee)} " if entry.payee else ""
        link = f" ^{NOT_IN_LINK.sub('-', entry.key)}" if entry.key else ""
        yield f"{entry.date} * {payee}{_quote(entry.name)}{link}"
        if entry.key:
            yield f"  posting-key: {_quote(entry.key)}"
        yield from _write_items(entry.items, paths, currency)
    yield ""
    yield from _write_balances(opening, entries, paths, currency, last_day + timedelta(days=1))


def _write_items(items, paths, currency):
    for item in items:
        if amount := _amount(item, currency):
            yield f"  {paths[item.account]}  {amount}"
            if item.text:
                yield f"    text: {_quote(item.text)}"


def _is_foreign(item, currency):
    """Whether an item can be told in its own currency: with a price, which beancount wants to be positive."""
    return bool(item.currency) and item.currency != currency and item.amount * item.currency_amount > 0


def _amount(item, currency):
    if _is_foreign(item, currency):
        return f"{item.currency_amount:f} {item.currency} @@ {abs(item.amount):f} {currency}"
    return f"{item.amount:f} {currency}" if item.amount else ""


def _write_balances(opening, entries, paths, currency, day):
    """What beancount has to find when it has added everything up."""
    sums = defaultdict(lambda: ZERO)
    for items in (opening, *(entry.items for entry in entries)):
        for item in items:
            if _is_foreign(item, currency):
                sums[paths[item.account], item.currency] += item.currency_amount
            else:
                sums[paths[item.account], currency] += item.amount
    for (path, code), amount in sorted(sums.items()):
        yield f"{day} balance {path}  {amount:f} {code}"


def _clean(text):
    return NOT_IN_NAME.sub("-", text).strip("-")


def _quote(text):
    """A string on one line.

    >>> print(_quote('5" \\\\ pipe'))
    "5\\" \\\\ pipe"
    """
    return '"' + " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"') + '"'
