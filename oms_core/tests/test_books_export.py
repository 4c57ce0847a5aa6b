"""ACC: somebody else's program reads our books, finds them balanced, and adds them up to Odoo's trial balance."""

import base64
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from beancount import loader
from beancount.core import convert, data

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from .test_check import CheckCase


class TestBooksExport(CheckCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        usd = cls.env.ref("base.USD")
        usd.active = True
        cls.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": cls.company.id, "name": date(2020, 1, 1), "rate": 1.37}
        )

    def _export(self, **values):
        export = self.env["oms.books.export"].create(
            {"date_from": date(2026, 1, 1), "date_to": date(2026, 12, 31), **values}
        )
        export.action_export()
        return base64.b64decode(export.file).decode()

    def _read(self, text):
        """({code of an account: total}, transactions), as beancount sees them; it has found nothing wrong."""
        entries, errors, _options = loader.load_string(text)
        self.assertEqual([error.message for error in errors], [])
        transactions = [entry for entry in entries if isinstance(entry, data.Transaction)]
        totals = defaultdict(Decimal)
        for entry in transactions:
            for posting in entry.postings:
                totals[posting.account.split(":")[1].split("-")[0]] += convert.get_weight(posting).number
        return {code: total.quantize(Decimal("0.01")) for code, total in totals.items()}, transactions

    def _trial_balance(self, until=None):
        """{code of an account: balance} of the journals in which channels are booked, as Odoo sums it."""
        journals = self.env["account.move"].search([("oms_channel_id", "!=", False)]).journal_id
        rows = self.env["account.move.line"]._read_group(
            [
                ("company_id", "=", self.company.id),
                ("journal_id", "in", journals.ids),
                ("parent_state", "=", "posted"),
                *([("date", "<=", until)] if until else []),
            ],
            ["account_id"],
            ["balance:sum"],
        )
        return {account.code: Decimal(str(round(balance, 2))) for account, balance in rows}

    def _assert_same(self, totals, trial_balance):
        self.assertEqual(
            {code: total for code, total in totals.items() if total},
            {code: total for code, total in trial_balance.items() if total},
        )

    def test_beancount_adds_up_to_odoo_s_trial_balance(self):
        self._sold(("STD", 2), ("AVG", 1, "33.33", "5.5"))
        self._sold(("FIFO", 3, "99.99"), currency="USD")
        self._sold(("STD", 1), payments=(self._payment(10, tender="gift_card"), self._payment(14)))
        totals, transactions = self._read(self._export())
        self._assert_same(totals, self._trial_balance())
        self.assertGreater(len(totals), 5)
        invoice = self.env["account.move"].search([("oms_key", "=like", "invoice:%")], limit=1)
        [found] = [entry for entry in transactions if entry.meta.get("posting-key") == invoice.oms_key]
        self.assertEqual(found.links, {invoice.oms_key.replace(":", "-")})

    def test_what_was_booked_before_the_period_is_its_opening_balance(self):
        self._sold(("STD", 2))
        self._sold(("FIFO", 3, "99.99"), currency="USD")
        day = max(self.env["account.move"].search([("oms_channel_id", "!=", False)]).mapped("date"))
        totals, transactions = self._read(
            self._export(date_from=day + timedelta(days=1), date_to=day + timedelta(days=9))
        )
        self._assert_same(totals, self._trial_balance())
        self.assertEqual([entry.narration for entry in transactions], ["Opening balances"])

    def test_names_that_mean_something_to_beancount_do_no_harm(self):
        order = self._sold(("STD", 1), billing=self._address(name='"Ada" \\ ; ^link #tag\n2026-01-01 open'))
        order.invoice_ids.line_ids[:1].name = '5" * tube\n  Assets:X 5 EUR'
        self._assert_same(self._read(self._export())[0], self._trial_balance())

    def test_an_altered_entry_is_seen_by_beancount_too(self):
        order = self._sold(("STD", 1))
        item = order.transaction_ids.payment_id.move_id.line_ids[0]
        self._sql(
            "UPDATE account_move_line SET balance = balance + 1 WHERE id = %s",
            item.id,
        )
        _entries, errors, _options = loader.load_string(self._export())
        self.assertIn("does not balance", errors[0].message)

    def test_a_period_that_ends_before_it_begins_is_refused(self):
        self._sold(("STD", 1))
        with self.assertRaisesRegex(UserError, "first day is after"):
            self._export(date_to=date(2025, 1, 1))

    def test_nothing_is_booked_yet(self):
        with self.assertRaisesRegex(UserError, "at least one journal"):
            self._export()

    def test_who_keeps_the_books_of_a_branch_reads_those_of_no_other_company(self):
        entry = self._sold(("STD", 1)).invoice_ids
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        keeper = self._create_user(
            "branch", "account.group_account_invoice", company_id=branch.id, company_ids=[Command.set(branch.ids)]
        )
        export = (
            self.env["oms.books.export"]
            .with_user(keeper)
            .with_context(allowed_company_ids=branch.ids)
            .create(
                {
                    "company_id": self.company.id,
                    "journal_ids": [Command.set(entry.journal_id.ids)],
                    "date_from": date(2026, 1, 1),
                    "date_to": date(2026, 12, 31),
                }
            )
        )
        with self.assertRaisesRegex(AccessError, "one of your companies"):
            export.action_export()
