"""PAY-06, RET-05: what a customer paid too much stays as store credit where they prefer that to their money."""

from decimal import Decimal

from odoo.exceptions import AccessError, UserError

from .test_store_credit import CreditCase


class TestKeptCredit(CreditCase):
    def _overpaid(self, *amounts, ship=True, **values):
        order = self._order(payments=tuple(self._payment(amount) for amount in amounts), **values)
        if ship:
            self._ship(order)
            self._book(order)
        return order

    def test_what_was_paid_too_much_becomes_credit_and_stays_with_the_channels_money(self):
        order = self._overpaid(30)
        self.assertTrue(order.oms_can_keep_as_credit)
        order.action_oms_keep_as_credit()
        entry = order.oms_credit_entry_ids
        self.assertEqual((entry.kind, entry.amount, entry.partner_id), ("issue", 6, order.partner_id))
        self.assertEqual(self._entry(entry.move_id), {"receivable": (6, 0), "credit": (0, 6)})
        self.assertEqual((order.oms_to_repay, order.oms_credit_spent, self._open_receivable(order)), (0, 0, 0))
        self.assertEqual(self._net(self.clearing_account), 30, "the channel pays out all that it took")
        self.assertEqual(self._has(order.partner_id), 6)
        self._owes(6)
        self.assertNothingWrong()

    def test_it_is_kept_once_and_not_paid_back_too(self):
        order = self._overpaid(30)
        order.action_oms_keep_as_credit()
        self.assertFalse(order.oms_can_keep_as_credit)
        for button in (order.action_oms_keep_as_credit, order.action_oms_repaid):
            with self.assertRaisesRegex(UserError, "othing"):
                button()
        self._owes(6)

    def test_it_is_kept_before_the_goods_leave_and_the_invoice_is_paid_later(self):
        order = self._overpaid(20, 10, ship=False)
        order.action_oms_keep_as_credit()
        self._owes(6)
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual((invoice.payment_state, self._open_receivable(order)), ("paid", 0))
        self.assertNothingWrong()

    def test_a_return_pays_back_no_more_money_than_was_not_kept(self):
        order = self._overpaid(30)
        order.action_oms_keep_as_credit()
        request = self._returned(order, 1)
        request.action_refund()
        request.action_repay()
        self.assertEqual(self._net(self.clearing_account), 6)
        self.assertEqual(self._open_receivable(order), 0)
        self._owes(6)
        self.assertNothingWrong()

    def test_what_was_paid_too_much_is_owed_beside_a_return_whichever_is_paid_back_first(self):
        for names in (("request", "order"), ("order", "request")):
            with self.subTest(first=names[0]):
                order = self._overpaid(30)
                request = self._returned(order, 1)
                request.action_refund()
                self.assertEqual((order.oms_to_repay, request.amount_to_repay), (6, 24))
                for name in names:
                    if name == "order":
                        order.action_oms_repaid()
                    else:
                        request.action_repay()
                    owed = {"request": request.amount_to_repay, "order": order.oms_to_repay}
                    rest = {"request": 24, "order": 6} if name == names[0] else {}
                    self.assertEqual(owed, {one: rest.get(one, 0) if one != name else 0 for one in owed})
                self.assertEqual((self._open_receivable(order), self._net(self.clearing_account)), (0, 0))
                self.assertFalse(order.message_ids.filtered(lambda message: "not booked" in message.body))
        self.assertNothingWrong()

    def test_in_another_currency_the_credit_is_in_that_currency(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 2.0}
        )
        order = self._overpaid(30, currency="USD")
        order.action_oms_keep_as_credit()
        self.assertEqual(order.partner_id._oms_get_store_credit(self.company), {usd: 6})
        self.assertEqual(self._entry(order.oms_credit_entry_ids.move_id), {"receivable": (3, 0), "credit": (0, 3)})
        self._owes(3)
        self.assertNothingWrong()

    def test_what_an_accountant_has_paid_back_already_is_not_owed_again(self):
        order = self._overpaid(30)
        receivable = order.transaction_ids.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id == self._account("receivable")
        )
        self.assertEqual(receivable.amount_residual, -6)
        move = self.env["account.move"].create(
            {
                "journal_id": self.channel.clearing_journal_id.id,
                "line_ids": [
                    (
                        0,
                        0,
                        {"account_id": receivable.account_id.id, "partner_id": receivable.partner_id.id, "debit": 6},
                    ),
                    (0, 0, {"account_id": self.clearing_account.id, "credit": 6}),
                ],
            }
        )
        move.action_post()
        (receivable | move.line_ids.filtered(lambda line: line.account_id == receivable.account_id)).reconcile()
        with self.assertRaisesRegex(UserError, "not open in the books"):
            order.action_oms_keep_as_credit()
        self._owes(0)

    def test_what_was_paid_with_credit_is_no_money_to_keep(self):
        order = self._order(("STD", 2), payments=())
        self._gives(order.partner_id, 48)
        order._oms_spend_credit(Decimal(48))
        order.oms_overpaid = True
        order.order_line[0].product_uom_qty = 1
        self.assertFalse(order.oms_can_keep_as_credit)
        with self.assertRaisesRegex(UserError, "Paid Back"):
            order.action_oms_keep_as_credit()

    def test_a_clerk_keeps_it_and_somebody_of_the_warehouse_does_not(self):
        order = self._overpaid(30)
        for login, groups in (
            ("kept_stock", "stock.group_stock_user"),
            ("kept_reader", "account.group_account_readonly"),
        ):
            with self.assertRaises(AccessError):
                order.with_user(self._create_user(login, groups)).action_oms_keep_as_credit()
        clerk = self._create_user("kept_clerk", "oms_core.group_oms_user")
        order.with_user(clerk).action_oms_keep_as_credit()
        self._owes(6)
