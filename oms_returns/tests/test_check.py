"""ACC, RET: the auditor looks at returns: store credit is what is owed for it, and costs go back as they came."""

from odoo.fields import Command

from odoo.addons.oms_core.tests.test_check import CheckCase

from .test_store_credit import CreditCase


class TestFaultsOfReturns(CreditCase, CheckCase):
    """One fault at a time, in a shop with returns that are right."""

    def setUp(self):
        super().setUp()
        self.order = self._shipped(("STD", 3), ("FIFO", 2))
        self.request = self._returned(self.order, 1, 2)
        self.request.action_refund()
        self.request.action_repay()
        self.note = self.request.refund_ids
        self.customer = self.env["res.partner"].create({"name": "Ada"})
        self._gives(self.customer, 3)
        self.entry = self._gives(self.customer, 9)
        self.assertNothingWrong()

    def test_healthy_returns_are_silent_whatever_became_of_them(self):
        kept = self._shipped(("AVG", 2))
        request = self._return(kept, 1, authorize=False)
        request.line_ids.expects_goods = False
        request.action_authorize()
        request.action_refund()
        waiting = self._returned(self._shipped(("AVG", 2)), 1)
        self.assertEqual(waiting.refund_ids, waiting.refund_ids.browse())
        self._gives(self.customer, 4)
        order = self._order(payments=(), billing=self._address())
        self._ship(order)
        self._book(order)
        self._gives(order.partner_id, 30)
        order._oms_spend_credit(24)
        self._owes(22)
        request = self._returned(order, 1)
        request.action_refund()
        request.action_repay()
        self._owes(46)
        self.assertFalse(self._check())

    def test_a_credit_note_stands_twice(self):
        copy = self.note.copy({"invoice_date": self.note.invoice_date})
        copy.invoice_line_ids.sale_line_ids = [Command.clear()]
        for made, original in zip(copy.invoice_line_ids, self.note.invoice_line_ids, strict=True):
            made.sale_line_ids = original.sale_line_ids
        copy.action_post()
        results = self._check("quantities")
        self.assertEqual(len(results), 2, "both lines")
        self.assertRegex(results[0].sentence, "2 of Product STD .* are credited, and 1 came back")
        self.assertRegex(results[1].sentence, "4 of Product FIFO .* are credited, and 2 were invoiced")
        for result in results:
            self._assert_test_shows(result)

    def test_a_credit_note_takes_back_another_cost(self):
        for item in self.note.line_ids.filtered(
            lambda item: item.display_type == "cogs" and item.product_id == self.product_fifo
        ):
            self._sql(
                "UPDATE account_move_line SET debit = debit * 1.5, credit = credit * 1.5, balance = balance * 1.5,"
                " amount_currency = amount_currency * 1.5 WHERE id = %s",
                item.id,
            )
        result = self._finds(
            *("reversed_cost", self.note, "takes back .*30.00.* Product FIFO, which .* booked at .*20.00", 10),
            also=("costs",),
        )
        self.assertIn("credited", [event.kind for event in result._get_events()])

    def test_a_repayment_is_doubled(self):
        back = self.order.transaction_ids.filtered(lambda tx: tx.operation == "refund")
        for number in (1, 2):
            back.copy(
                {"reference": f"again {number}", "state": "done", "sale_order_ids": [Command.link(self.order.id)]}
            )
        sentence = "216.00.* went back .* only .*120.00"
        self._finds("refunds", self.order, sentence, 96, ["captured", "refunded", "refunded"])

    def test_a_return_is_gone_and_its_credit_note_is_not(self):
        self._sql("UPDATE account_move SET oms_key = 'refund:999999999:1' WHERE id = %s", self.note.id)
        self._finds("orphan", self.note, "refund:999999999:1", self.note.amount_total, ["posted"])

    def test_a_row_of_the_store_credit_ledger_was_altered(self):
        self._sql("UPDATE oms_store_credit_entry SET amount = 90, amount_left = 90 WHERE id = %s", self.entry.id)
        self._finds(
            "store_credit", self.entry, "Ada's store credit changed by .*90.00.* books .*9.00", 81, ["compared"]
        )

    def test_somebody_can_spend_more_than_is_left(self):
        self._sql("UPDATE oms_store_credit_entry SET amount_left = 4 WHERE id = %s", self.entry.id)
        self._finds("store_credit", self.entry, "can spend .*4.00.* 9.00", 5, ["compared"])

    def test_a_row_of_the_ledger_lost_its_entry(self):
        self._sql("UPDATE oms_store_credit_entry SET move_id = NULL WHERE id = %s", self.entry.id)
        results = self._check("store_credit")
        self.assertEqual(len(results), 2, "the row without an entry, and the entry without a row")
        self.assertIn("nothing is booked for it", " ".join(results.mapped("sentence")))
        self.assertIn("no customer has a change", " ".join(results.mapped("sentence")))

    def test_somebody_books_store_credit_by_hand(self):
        values = ((self.liability, -50), (self.given, 50))
        move = self.env["account.move"].create(
            {"line_ids": [Command.create({"account_id": account.id, "balance": value}) for account, value in values]}
        )
        move.action_post()
        self._finds("store_credit", move, "books .*50.00.* as store credit, and no customer", 50, ["compared"])

    def test_what_an_entry_of_store_credit_books_was_altered(self):
        """It balances, and what is owed is right: only what it was booked with tells of it."""
        entry = self.entry.move_id
        item = entry.line_ids.filtered(lambda item: item.account_id == self.given)
        self._sql("UPDATE account_move_line SET account_id = %s WHERE id = %s", self._account("income").id, item.id)
        self._finds("edited", entry, f"was booked with 9.00.* on .*{self.given.name}", 9, ["compared"])

    def test_entries_from_before_it_was_kept_what_they_book_are_not_called_altered(self):
        entry = self.entry.move_id
        self._sql("UPDATE account_move SET oms_fingerprint = NULL, oms_booked = NULL WHERE id = %s", entry.id)
        item = entry.line_ids.filtered(lambda item: item.account_id == self.given)
        self._sql("UPDATE account_move_line SET account_id = %s WHERE id = %s", self._account("income").id, item.id)
        self.assertFalse(self._check())
