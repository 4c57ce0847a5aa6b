"""ACC: books as beancount's own program reads them, adds them up and finds them right."""

import doctest
from collections import defaultdict
from datetime import date
from decimal import Decimal

from beancount import loader
from beancount.core import convert, data
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.oms_core.domain import beancount
from odoo.addons.oms_core.domain.beancount import Account, Entry, Item, write

ACCOUNTS = (
    Account(1, "101", "Bank", "asset"),
    Account(2, "400", "Ventes à l'étranger", "income"),
    Account(3, "401", "«Remises»", "expense"),
    Account(4, "210.1", "", "liability"),
    Account(5, "", "Capital", "equity"),
    Account(6, "900", "Guarantees", "off"),
)
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
CENTS = st.integers(-10_000_000, 10_000_000).map(lambda cents: Decimal(cents) / 100)


def _add_up(text):
    """({account: total in euros}, errors) as beancount sees it."""
    entries, errors, _options = loader.load_string(text)
    totals = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, data.Transaction):
            for posting in entry.postings:
                totals[posting.account] += convert.get_weight(posting).number
    return {path: total.quantize(Decimal("0.01")) for path, total in totals.items()}, errors


def _text(entries, opening=()):
    return "\n".join(write('The "Shop"', "EUR", ACCOUNTS, entries, FIRST, LAST, opening))


@st.composite
def _entries(draw):
    amounts = draw(st.lists(CENTS, min_size=1, max_size=6))
    items = [
        Item(
            draw(st.sampled_from(ACCOUNTS)).key,
            amount,
            draw(st.text(max_size=20)),
            draw(st.sampled_from(["", "EUR", "USD", "JPY"])),
            amount * draw(st.sampled_from([Decimal("1.25"), Decimal("-1"), Decimal(0), Decimal("161.07")])),
        )
        for amount in amounts
    ]
    items.append(Item(1, -sum(amounts)))
    day = draw(st.dates(FIRST, LAST))
    return Entry(day, draw(st.text(max_size=30)), tuple(items), draw(st.text(max_size=20)), draw(st.text(max_size=20)))


@settings(max_examples=60)
@given(st.lists(_entries(), max_size=8))
def test_whatever_is_booked_beancount_finds_it_balanced_and_adds_it_up_to_the_same(entries):
    totals, errors = _add_up(_text(entries))
    assert not errors, errors[:3]
    ours = defaultdict(Decimal)
    paths = {account.key: account.path for account in ACCOUNTS}
    for entry in entries:
        for item in entry.items:
            ours[paths[item.account]] += item.amount
    assert {path: total for path, total in totals.items() if total} == {p: t for p, t in ours.items() if t}


def test_what_there_was_before_counts():
    opening = (Item(1, Decimal("100.00")), Item(2, Decimal("-40.00"), currency="USD", currency_amount=Decimal("-50")))
    opening += (Item(4, Decimal("-60.00")),)
    totals, errors = _add_up(_text([], opening))
    assert not errors
    assert totals[ACCOUNTS[0].path] == 100
    assert totals[ACCOUNTS[1].path] == -40


def test_entries_of_one_event_are_linked_by_its_key():
    entry = Entry(FIRST, "Invoice 1", (Item(1, Decimal(5)), Item(2, Decimal(-5))), "Ada", "invoice:7:1")
    entries, errors, _options = loader.load_string(_text([entry]))
    assert not errors
    [booked] = [one for one in entries if isinstance(one, data.Transaction)]
    assert (booked.payee, booked.narration, booked.links) == ("Ada", "Invoice 1", {"invoice-7-1"})
    assert booked.meta["posting-key"] == "invoice:7:1"


def test_beancount_sees_an_entry_that_does_not_balance_and_an_end_that_is_not_the_sum():
    entry = Entry(FIRST, "Wrong", (Item(1, Decimal("5.00")), Item(2, Decimal("-4.00"))))
    assert "does not balance" in _add_up(_text([entry]))[1][0].message
    right = Entry(FIRST, "Right", (Item(1, Decimal("5.00")), Item(2, Decimal("-5.00"))))
    altered = _text([right]).replace("balance Assets:101-Bank  5.00", "balance Assets:101-Bank  6.00")
    assert "Balance failed" in _add_up(altered)[1][0].message


def test_the_examples_in_the_documentation_are_true():
    assert doctest.testmod(beancount).failed == 0
