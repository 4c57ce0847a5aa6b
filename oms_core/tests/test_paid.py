"""PAY-01: an order that is paid in part or too much says so with both numbers; nobody is charged by itself."""

from datetime import timedelta

from .common import MOMENT, OmsCommon


class TestPaid(OmsCommon):
    def setUp(self):
        super().setUp()
        self.channel.underpaid_policy = "hold"

    def _paid(self, *amounts, **values):
        self.doc = self._doc(payments=tuple(self._payment(amount) for amount in amounts), **values)
        return self._apply(self.doc)[0][0]

    def test_an_order_that_is_paid_in_part_waits_and_goes_on_with_the_rest(self):
        order = self._paid(10)
        self.assertEqual((order.state, self._holds(order)), ("draft", ["money"]))
        for number in ("24.00", "10.00", "14.00"):
            self.assertIn(number, order.oms_hold_reason)
        names = ("external_id", "number", "lines", "billing")
        self._apply(
            self._doc(
                **{name: getattr(self.doc, name) for name in names},
                payments=(*self.doc.payments, self._payment(14)),
                updated_at=MOMENT + timedelta(hours=1),
            )
        )
        self.assertEqual((order.state, self._holds(order)), ("sale", []))

    def test_a_channel_may_ship_what_is_paid_in_part(self):
        self.channel.underpaid_policy = "go"
        order = self._paid(10)
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual((order.state, invoice.payment_state, invoice.amount_residual), ("sale", "partial", 14.0))

    def test_an_order_without_any_money_is_for_its_terms_to_say(self):
        order = self._paid()
        self.assertEqual((order.state, self._holds(order)), ("sale", []))

    def test_a_small_rest_is_written_off_when_everything_is_invoiced(self):
        account = self.env["account.account"].create(
            {
                "name": "Cash loss",
                "code": "658999",
                "account_type": "expense",
                "company_ids": [(6, 0, self.company.ids)],
            }
        )
        self.company.default_cash_difference_expense_account_id = account
        self.channel.underpaid_tolerance = 0.5
        order = self._paid("23.60")
        self.assertEqual((order.state, self._holds(order)), ("sale", []))
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual((invoice.payment_state, self._net(account)), ("paid", 0.4))
        self._book(order)
        self.assertEqual(self._net(account), 0.4)
        self.assertNothingWrong()

    def test_what_is_paid_too_much_is_told_and_paid_back_by_one_button(self):
        order = self._paid(30)
        self._ship(order)
        self._book(order)
        self.assertEqual(order.oms_to_repay, 6.0)
        order.action_oms_repaid()
        self.assertEqual(order.oms_to_repay, 0.0)
        moves = order.invoice_ids | order.transaction_ids.payment_id.move_id
        self.assertEqual(self._net(self._account("receivable"), moves), 0.0)
        self.assertEqual(self._net(self.clearing_account, moves), 24.0)
        self.assertNothingWrong()
