from dataclasses import replace
from datetime import timedelta

from odoo.exceptions import UserError

from .common import OmsCommon


class TestRepay(OmsCommon):
    """ORD-12: what was paid for goods that were called off is somebody's task until it is paid back."""

    def _cancel(self, order, quantities=None, asked_by="customer"):
        return order._oms_request_cancellation("customer", asked_by, "Not wanted any more.", quantities)

    def _told(self, order):
        return self.env["oms.exception"].search([("order_id", "=", order.id), ("kind", "=", "repay")])

    def test_a_payment_that_was_not_booked_yet_has_to_go_back_too(self):
        order = self._order()
        self._cancel(order)
        self.assertEqual(order.state, "cancel")
        self.assertEqual(order.oms_to_repay, 24.00)
        told = self._told(order)
        self.assertEqual(told.amount, 24.00)
        self.assertIn("24.00", told.sentence)
        self.assertTrue(told.next_action)

    def test_a_part_that_is_called_off_has_to_be_paid_back_and_holds_nothing(self):
        order = self._order(("STD", 3, "60.00", 20))
        self._cancel(order, {order.order_line: 1})
        self.assertEqual((order.oms_to_repay, order.amount_total), (24.00, 48.00))
        self.assertTrue(self._told(order))
        self.assertEqual(self._holds(order), [])

    def test_what_was_paid_for_a_part_that_is_called_off_before_the_release_has_to_go_back_too(self):
        """However the channel tells of it again, and whether the money came before or after."""
        self.channel.auto_release = False
        for before in (True, False):
            with self.subTest(paid_before=before):
                payment = self._payment(72)
                payments = (payment,) if before else ()
                doc = self._doc(
                    lines=(self._line("STD", 3),), status="open" if before else "awaiting_payment", payments=payments
                )
                order = self._apply(doc)[0][0]
                self._cancel(order, {order.order_line: 1})
                later = doc.updated_at + timedelta(minutes=1)
                self._apply(replace(doc, status="open", updated_at=later, note="Again", payments=(payment,)))
                self.assertEqual((order.oms_to_repay, order.amount_total, self._holds(order)), (24.00, 48.00, []))
                self.assertEqual(self._told(order).amount, 24.00)
                order.action_confirm()
                self._ship(order)
                self.assertEqual(self._book(order).amount_total, 48.00)
                self.assertTrue(self._told(order))
                order.action_oms_repaid()
                self.assertFalse(self._told(order))
                self.assertEqual((order.oms_to_repay, sum(order.transaction_ids.mapped("amount"))), (0, 48.00))
                self.assertEqual(self._net(self._account("receivable")), 0)
        self.assertNothingWrong()

    def test_the_money_of_a_cancelled_order_is_booked_as_well(self):
        order = self._order()
        self._cancel(order)
        self.assertIn(order, order.search(order._oms_booking_domain()))
        self._book(order)
        self.assertEqual(self._net(self.clearing_account), 24.00)
        self.assertFalse(order.invoice_ids)
        self.assertTrue(self._told(order))

    def test_what_is_paid_back_leaves_nothing_in_the_books_and_nobodys_list(self):
        for first in (self._book, lambda order: None):
            order = self._order()
            self._cancel(order)
            first(order)
            order.with_user(self._create_user(f"repay_{order.id}", "oms_core.group_oms_user")).action_oms_repaid()
            self.assertFalse(self._told(order))
            self.assertEqual(order.oms_to_repay, 0)
            self.assertEqual(sorted(order.transaction_ids.mapped("amount")), [-24.00, 24.00])
            self.assertEqual(self._net(self.clearing_account), 0)
            self.assertEqual(self._net(self._account("receivable")), 0)
            with self.assertRaisesRegex(UserError, "nothing to pay back"):
                order.action_oms_repaid()

    def test_what_was_paid_by_card_and_gift_card_goes_back_to_each_no_more_than_came(self):
        order = self._order(payments=(self._payment(4), self._payment(20, tender="gift_card")))
        self._cancel(order)
        order.action_oms_repaid()
        given = {tx.oms_tender or "money": tx.amount for tx in order.transaction_ids if tx.operation == "refund"}
        self.assertEqual(given, {"money": -4, "gift_card": -20})
        owed = self.company._oms_get_gift_card_account()
        accounts = (self.clearing_account, owed, self._account("receivable"))
        self.assertEqual([self._net(account) for account in accounts], [0, 0, 0])
        self.assertNothingWrong()

    def test_money_goes_back_before_gift_cards_and_by_two_cards_to_each(self):
        amex_account, amex = self._create_clearing("AMEX")
        payments = (self._payment(40, tender="gift_card"), self._payment(14), self._payment(18))
        order = self._order(("STD", 3, "60.00", 20), payments=payments)
        order.transaction_ids.filtered(lambda tx: tx.amount == 18).oms_journal_id = amex
        for expected in ((0, 8, 40), (0, 0, 24)):
            self._cancel(order, {order.order_line: 1})
            order.action_oms_repaid()
            journals = (self.clearing_account, amex_account, self.company._oms_get_gift_card_account())
            self.assertEqual(tuple(self._net(account) for account in journals), expected)
        self.assertNothingWrong(but=("gift_cards",))  # which was sold elsewhere

    def test_what_an_accountant_has_booked_is_not_booked_twice(self):
        order = self._order()
        self._cancel(order)
        self._book(order)
        line = order._oms_get_open_receivables()
        entry = self.env["account.move"].create(
            {
                "journal_id": self.clearing_journal.id,
                "line_ids": [
                    (0, 0, {"account_id": line.account_id.id, "partner_id": line.partner_id.id, "debit": 24.00}),
                    (0, 0, {"account_id": self.clearing_account.id, "credit": 24.00}),
                ],
            }
        )
        entry.action_post()
        (line | entry.line_ids.filtered(lambda other: other.account_id == line.account_id)).reconcile()
        order.action_oms_repaid()
        self.assertEqual(self._net(self.clearing_account), 0)
        self.assertFalse(self._told(order))

    def test_what_the_channel_cancels_the_channel_repays(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        self._apply(replace(doc, status="cancelled", updated_at=doc.updated_at + timedelta(minutes=1)))
        self.assertEqual(order.state, "cancel")
        self.assertFalse(self._told(order))
        self.assertNotIn(order, order.search(order._oms_booking_domain()))

    def test_money_that_comes_after_the_cancellation_has_to_go_back(self):
        doc = self._doc(status="awaiting_payment", payments=())
        order = self._apply(doc)[0][0]
        self._cancel(order)
        self.assertFalse(self._told(order))
        paid = replace(
            doc, status="open", updated_at=doc.updated_at + timedelta(minutes=1), payments=(self._payment(doc.total),)
        )
        self._apply(paid)
        self.assertEqual((order.state, order.oms_to_repay), ("cancel", 24.00))
        self.assertTrue(self._told(order))

    def test_what_nobody_came_for_is_not_taken_for_a_cancellation_of_the_channel(self):
        order = self._order(delivery_method="pickup", pickup_ref="")
        order.oms_pickup_warehouse_id = self.warehouse
        if order.state != "sale":
            order.action_oms_release()
        order.picking_ids._oms_put_back("Nobody came.")
        self.assertEqual(order.state, "cancel")
        self.assertFalse(order.oms_called_off)
        self.assertEqual(order.oms_to_repay, 24.00)
