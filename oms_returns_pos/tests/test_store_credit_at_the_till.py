"""RET-05: store credit is spent at the till, as far as there is any, and the account is right at every moment."""

from decimal import Decimal

from odoo.exceptions import UserError, ValidationError

from odoo.addons.oms_pos.tests.common import TillCommon


class TestStoreCreditAtTheTill(TillCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.redeem = cls.env["pos.payment.method"].create(
            {
                "name": "Store credit",
                "company_id": cls.company.id,
                "oms_is_store_credit": True,
                "split_transactions": True,
            }
        )
        cls.till.payment_method_ids |= cls.redeem
        cls.customer = cls.env["res.partner"].create({"name": "Ada"})
        cls.eur = cls.env.ref("base.EUR")
        cls.env["oms.store.credit.entry"]._give(
            *(cls.customer, cls.company, cls.eur, Decimal(30), "till-test"),
            cls.company._oms_get_credit_account("given"),
            "correct",
        )

    def _has(self, amount):
        self.env.invalidate_all()
        self.assertEqual(self.customer._oms_get_store_credit(self.company).get(self.eur, 0), amount)
        self.assertEqual(self.company._oms_check_store_credit(), [])

    def _owed(self):
        """What is open between the customer and us."""
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
            ]
        )
        return sum(lines.mapped("amount_residual"))

    def _close(self):
        session = self.till.current_session_id
        session.post_closing_cash_details(session.cash_register_balance_end)
        session.close_session_from_ui()
        self.assertEqual(session.state, "closed")

    def test_credit_pays_a_sale_and_the_closing_leaves_nothing_open(self):
        self._sell(self._part(), pay=[(self.redeem, 24.0)], partner_id=self.customer.id)
        self._has(6)
        self._close()
        self._has(6)
        self.assertEqual(self._owed(), 0)

    def test_an_invoice_at_the_till_is_paid_with_it(self):
        sale = self._sell(self._part(), pay=[(self.redeem, 24.0)], partner_id=self.customer.id, to_invoice=True)
        self.assertEqual(sale.account_move.amount_residual, 0)
        self._has(6)
        self._close()
        self.assertEqual(self._owed(), 0)

    def test_a_sale_that_is_paid_offers_no_store_credit(self):
        for options in ({}, {"to_invoice": True}):
            order = self._sold(self._part(), partner_id=self.customer.id, **options)
            self.assertEqual((order.amount_total, order.oms_credit_there), (24, 0))
            with self.assertRaisesRegex(UserError, "still to be paid"):
                order._oms_spend_credit(Decimal(24))
        self._has(30)

    def test_of_an_order_that_was_paid_at_the_till_in_part_the_rest_can_be_paid_with_credit(self):
        doc = self._doc(lines=(self._line("STD", 1), self._line("AVG", 1)), payments=())
        order = self._apply(doc, channel=self.channel)[0][0]
        order.partner_id = self.customer
        self.assertEqual(order.oms_credit_there, 30)
        line = order.order_line[0]
        self._sell(
            self._part(price_unit=line.price_unit, sale_order_origin_id=order.id, sale_order_line_id=line.id),
            partner_id=self.customer.id,
        )
        self.env.invalidate_all()
        self.assertEqual(order.oms_credit_there, 24)

    def test_more_than_there_is_refuses_the_sale_and_says_how_much_there_is(self):
        with self.assertRaisesRegex(UserError, "30.00"):
            self._sell(self._part(qty=2), pay=[(self.redeem, 48.0)], partner_id=self.customer.id)

    def test_the_rest_is_paid_in_cash(self):
        self._sell(self._part(qty=2), pay=[(self.redeem, 30.0), (self.cash, 18.0)], partner_id=self.customer.id)
        self._has(0)
        self._close()
        self.assertEqual(self._owed(), 0)

    def test_nobodys_credit_cannot_be_spent(self):
        with self.assertRaisesRegex(UserError, "choose the customer"):
            self._sell(self._part(), pay=[(self.redeem, 24.0)])

    def test_goods_that_come_back_to_the_till_become_credit(self):
        sale = self._sell(self._part(), pay=[(self.redeem, 24.0)], partner_id=self.customer.id)
        self._sell(
            self._part(qty=-1, refunded_orderline_id=sale.lines.id),
            pay=[(self.redeem, -24.0)],
            partner_id=self.customer.id,
        )
        self._has(30)
        self._close()
        self._has(30)
        self.assertEqual(self._owed(), 0)

    def test_a_method_with_a_journal_redeems_no_credit(self):
        with self.assertRaises(ValidationError):
            self.card.oms_is_store_credit = True
