"""The reports of payouts that can be read, and how."""

import csv
import io

from .domain import payout_csv, payout_paypal, payout_stripe
from .domain.payout_table import decode
from .domain.table import DELIMITERS, Unreadable, name_key
from .platforms.amazon import payout as amazon
from .platforms.ebay import payout as ebay
from .platforms.shopify import payout as shopify

CSV = payout_csv.CODE
#: Code → what the report is called, and who reads it. The code of a platform's own is that of the platform.
READERS = {
    "shopify": ("Shopify Payments", shopify.parse_payouts),
    "amazon": ("Amazon (settlement report V2)", amazon.parse_payouts),
    "ebay": ("eBay", ebay.parse_payouts),
    "paypal": ("PayPal (settlement report)", payout_paypal.parse_payouts),
    "stripe": ("Stripe (payout reconciliation)", payout_stripe.parse_payouts),
}
#: Rows of a table that are looked at for examples, and different words of a column that are offered.
SAMPLE_ROWS = 20
WORDS_MAX = 100
#: Common names of columns, by which a table is recognised at first sight.
NAMES = {
    "payout_id": ("payout", "payout id", "settlement id", "batch"),
    "deposited_on": ("payout date", "deposit date"),
    "total": ("payout total",),
    "id": ("id", "row id", "line id", "balance transaction"),
    "kind": ("type", "kind", "category"),
    "amount": ("amount",),
    "gross": ("gross", "gross amount"),
    "fee": ("fee", "fees"),
    "fee_tax": ("fee tax", "vat on fee"),
    "net": ("net", "net amount"),
    "currency": ("currency", "currency code"),
    "order_ref": ("order", "order id", "order number", "reference"),
    "transaction_ref": ("transaction", "transaction id", "payment id", "charge id"),
    "text": ("description", "text", "details"),
    "sku": ("sku",),
    "quantity": ("quantity", "qty"),
    "at": ("date", "created", "created at", "time"),
}


def guess(name, known):
    """What a column of this name is; empty where that cannot be told."""
    key = name_key(name)
    return next((field for field, names in known.items() if key in {name_key(one) for one in names}), "")


def table_of(raw, letters="", delimiter=""):
    """(names of the columns, rows) of a table, for people to look at; nothing of it is booked from here.

    :raises Unreadable: when it is no table.
    """
    text = decode(raw, (letters or "utf-8",)).lstrip("\r\n")
    first = text.split("\n", 1)[0]
    delimiter = delimiter or max(DELIMITERS, key=first.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if len(rows) < 2:
        raise Unreadable("The file has no rows below the names of the columns. Is the period empty?")
    return [name.strip() for name in rows[0]], [row for row in rows[1:] if any(row)]


def columns_of(raw, known, letters="", delimiter=""):
    """``(name, first cell that says something, what it seems to be)`` of each column of a table.

    :param known: what a column can be → common names of it.
    """
    names, rows = table_of(raw, letters, delimiter)
    samples = rows[:SAMPLE_ROWS]
    return [
        (name, next((row[place] for row in samples if place < len(row) and row[place]), ""), guess(name, known))
        for place, name in enumerate(names)
        if name
    ]


def words_of(raw, column, letters="", delimiter=""):
    """The different words in a column of a table, sorted."""
    names, rows = table_of(raw, letters, delimiter)
    if column not in names:
        return []
    place = names.index(column)
    return sorted({row[place].strip() for row in rows if place < len(row) and row[place].strip()})[:WORDS_MAX]
