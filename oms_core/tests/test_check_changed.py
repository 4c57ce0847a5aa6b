"""ACC-01, ACC-06: the auditor. What was changed after it was booked, so that it still balances, is found too."""

from datetime import timedelta

from odoo import fields
from odoo.fields import Command

from .test_check import FaultCase


class TestChanged(FaultCase):
    """One entry at a time is not any more what was booked."""

    def _move_to(self, move, day):
        """As somebody with the database at hand would, to make it look as if it had always been so."""
        self._sql("UPDATE account_move SET date = %s WHERE id = %s", day, move.id)
        self._sql("UPDATE account_move_line SET date = %s WHERE move_id = %s", day, move.id)
        self._sql("UPDATE account_payment SET date = %s WHERE move_id = %s", day, move.id)

    def _close_until(self, day):
        self._sql("UPDATE res_company SET fiscalyear_lock_date = %s WHERE id = %s", day, self.company.id)

    def test_a_payment_was_moved_into_a_closed_month(self):
        self._close_until(self.payment.date - timedelta(days=10))
        self._move_to(self.payment.move_id, self.payment.date - timedelta(days=20))
        self._finds("edited", self.payment.move_id, "stands on .* and its document is of", 72, ["compared"])

    def test_an_invoice_was_moved_into_a_closed_month(self):
        self._close_until(self.invoice.date - timedelta(days=10))
        self._move_to(self.invoice, self.invoice.date - timedelta(days=20))
        self._finds("edited", self.invoice, "stands on .* and its document is of", 72, ["compared"])

    def test_an_invoice_that_came_when_its_month_was_closed_stands_in_the_next_one(self):
        day = self.invoice.date
        self._move_to(self.invoice, day + timedelta(days=3))
        self.assertTrue(self._check("edited"), "while the month is open, nobody had to move it")
        self._close_until(day)
        self.assertFalse(self._check("edited"))

    def test_one_item_of_an_entry_was_moved_to_another_day(self):
        item = self.payment.move_id.line_ids[0]
        self._sql("UPDATE account_move_line SET date = date - 40 WHERE id = %s", item.id)
        self.assertRegex(self._check().sentence, "something else than their entry: its day")

    def test_the_money_of_a_payment_stands_on_another_account(self):
        item = self.payment.move_id.line_ids.filtered(lambda item: item.account_id == self.clearing_account)
        self._sql("UPDATE account_move_line SET account_id = %s WHERE id = %s", self._account("income").id, item.id)
        sentence = f"has nothing on .*{self.clearing_account.name}, where its payment belongs"
        self._finds("edited", self.payment.move_id, sentence, 72, ["compared"])

    def test_an_invoice_has_another_tax_of_the_same_amount(self):
        """A tax of another country with the same rate: nothing that is added up shows it but the tax report."""
        other = self._create_tax(20, name="Tax of elsewhere")
        self.invoice.button_draft()
        self.invoice.invoice_line_ids[1].tax_ids = other
        self.invoice.action_post()
        result = self._check()
        self.assertEqual(result.code, "taxes")
        self.assertIn(f"charged {self.tax_20.name} for Product AVG", result.sentence)
        self.assertTrue(result.sentence.endswith("has Tax of elsewhere."), result.sentence)
        self.assertEqual(result.documents[0][:2], [self.invoice._name, self.invoice.id])
        self.assertEqual(result.amount, 4)
        self.assertTrue(1 <= len(result._get_events()) <= 10)

    def test_the_same_repayment_was_recorded_twice_with_two_references(self):
        order = self._order(("STD", 2), payments=(self._payment(58),))
        self._ship(order)
        self._book(order)
        order.action_oms_repaid()
        self._age(order)
        self.assertNothingWrong()
        back = order.transaction_ids.filtered(lambda tx: tx.operation == "refund")
        back.copy(
            {
                "reference": "again",
                "provider_reference": "other-reference",
                "state": "done",
                "sale_order_ids": [Command.link(order.id)],
            }
        )
        self.assertFalse(self._check("refunds"), "what it is for may still be on its way into the books")
        self._age(order)
        sentence = "20.00.* went back for .* only .*10.00.* of it are credited or had been paid too much"
        self._finds("refunds", order, sentence, 10, ["captured", "compared", "refunded", "refunded"])

    def test_somebody_books_on_the_clearing_account_by_hand(self):
        values = ((self.clearing_account, -7), (self._account("income"), 7))
        move = self.env["account.move"].create(
            {"line_ids": [Command.create({"account_id": account.id, "balance": value}) for account, value in values]}
        )
        move.action_post()
        self._finds("clearing", move, "books -.*7.00.* by hand on a clearing account", 7, ["compared"])


class TestRates(FaultCase):
    """An order in dollars among those in euros."""

    def setUp(self):
        super().setUp()
        self.dollar = self.env.ref("base.USD")
        self.dollar.active = True
        self.rate = self._rate("2026-01-01", 1.25)
        self.foreign = self._sold(("STD", 2), currency="USD")
        self.assertNothingWrong()

    def _rate(self, day, rate):
        return self.env["res.currency.rate"].create(
            {"currency_id": self.dollar.id, "company_id": self.company.id, "name": day, "rate": rate}
        )

    def test_a_rate_was_changed_after_entries_were_booked_at_it(self):
        self.rate.rate = 2
        results = self._check()
        self.assertEqual(set(results.mapped("code")), {"rates"}, results.mapped("sentence"))
        self.assertEqual(len(results), 2, "the day of the payment, and that of the invoice")
        for result in results:
            self.assertRegex(result.sentence, "are booked at 1.25 USD for 1 EUR, and the rate of that day is 2 now")
            self.assertIn(["res.currency.rate", self.rate.id], [one[:2] for one in result.documents])
            self.assertAlmostEqual(result.amount, 48 / 1.25 - 48 / 2, 2)
            self.assertEqual(result._get_events()[-1].kind, "compared")
            self._assert_test_shows(result)

    def test_an_entry_was_altered_in_our_currency_only(self):
        """In dollars it is what was paid, and it balances."""
        move = self.foreign.transaction_ids.payment_id.move_id
        self._sql(
            "UPDATE account_move_line SET debit = debit * 2, credit = credit * 2, balance = balance * 2 WHERE move_id = %s",
            move.id,
        )
        self._finds("rates", move, "are booked at 0.625 USD for 1 EUR", 38.4, ["compared"])

    def test_a_rate_that_comes_after_the_first_entries_of_its_day_is_no_fault(self):
        day = self.foreign.invoice_ids.invoice_date
        self._rate(fields.Date.to_string(day), 1.3)
        self.assertFalse(self._check("rates"))
