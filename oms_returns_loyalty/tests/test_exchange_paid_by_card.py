"""PAY-06: what a gift card paid of goods that are exchanged, it pays of the new ones; the card has as much as before."""

from odoo.addons.oms_returns.tests.test_exchange import ExchangeCase

from .test_paid_by_card import PaidByCardCommon


class TestExchangePaidByCard(PaidByCardCommon, ExchangeCase):
    """Of two at 24 each, 4 of it tax, a card paid 24; one of them is exchanged."""

    def _sold(self, amount=24, quantity=2):
        order, card = self._paid_by(amount, quantity)
        self._pay(self._sell(order))
        self.assertEqual(card.points, 0)
        self.before = self._net(self.liability)
        return order, card

    def _pay(self, invoice):
        if invoice.amount_residual:
            wizard = self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            )
            wizard.create({}).action_create_payments()
        self.assertFalse(invoice.amount_residual)

    def _owed(self):
        return self.before - self._net(self.liability)

    def _send(self, order):
        """Override: nobody but Odoo invoices what is typed in Sales."""
        self._ship(order)
        invoice = order._create_invoices()
        invoice.action_post()
        self.env.invalidate_all()
        return invoice

    def _dearer_or_cheaper(self, price):
        self.product_average.list_price = price
        return self.product_average

    def _assert_well(self, card, points, request, owed=0, back=0):
        self.env.invalidate_all()
        self.assertEqual((card.points, self._owed()), (points, points))
        self.assertEqual((request.exchange_due, request.amount_to_repay), (owed, back))
        self.assertNothingWrong()

    def test_the_same_for_the_same_takes_from_the_debt_what_it_put_back(self):
        order, card = self._sold()
        request = self._exchange(order, 1)
        new = self._settle(request)
        self.assertEqual((new.state, new.amount_total), ("sale", 12))
        invoice = self._send(new)
        self.assertEqual(self._net(self.liability, request.refund_ids), -12)
        self.assertEqual(self._net(self.liability, invoice), 12)
        income = self._account("income")
        self.assertEqual((self._net(income, request.refund_ids), self._net(income, invoice)), (20, -20))
        self.assertEqual((request.refund_ids.amount_total, invoice.amount_total), (12, 12))
        self.assertEqual((request.refund_ids.amount_residual, invoice.amount_residual), (0, 0))
        self._assert_well(card, 0, request)

    def test_new_goods_that_come_back_give_the_card_its_part(self):
        order, card = self._sold()
        new = self._settle(self._exchange(order, 1))
        self._send(new)
        refund = self._come_back(new)
        self.assertEqual((refund.amount_total, card.points, self._owed()), (12, 12, 12))
        refund = self._come_back(order)
        self.assertEqual((refund.amount_total, card.points, self._owed()), (12, 24, 24))

    def test_what_a_card_alone_paid_is_exchanged_for_nothing(self):
        order, card = self._sold(48)
        request = self._exchange(order, 2)
        new = self._settle(request)
        invoice = self._send(new)
        self.assertEqual((request.refund_ids.amount_total, invoice.amount_total), (0, 0))
        self._assert_well(card, 0, request)
        refund = self._come_back(new)
        self.assertEqual((refund.amount_total, card.points), (0, 24))

    def test_of_dearer_goods_the_difference_is_owed(self):
        order, card = self._sold()
        request = self._exchange(order, 1, product=self._dearer_or_cheaper(30))
        new = self._settle(request)
        self.assertEqual((new.amount_total, request.exchange_due), (18, 6))
        self._send(new)
        self._assert_well(card, 0, request, owed=6)

    def test_of_cheaper_goods_the_difference_goes_back_the_ways_it_was_paid(self):
        order, card = self._sold()
        request = self._exchange(order, 1, product=self._dearer_or_cheaper(20))
        new = self._settle(request)
        self.assertEqual(new.amount_total, 10)
        self._send(new)
        self._assert_well(card, 2, request, back=2)

    def test_cheaper_goods_that_a_card_alone_paid_pay_nothing_out(self):
        order, card = self._sold(48)
        request = self._exchange(order, 1, product=self._dearer_or_cheaper(20))
        new = self._settle(request)
        self._send(new)
        self._assert_well(card, 4, request)

    def test_a_fee_is_owed_and_the_card_pays_its_share_of_what_is_left(self):
        order, card = self._sold()
        request = self._exchange(order, 1)
        request.line_ids.fee_percent = 20
        new = self._settle(request)
        self.assertEqual((request.refund_ids.amount_total, new.amount_total), (9.6, 14.4))
        self._send(new)
        self._assert_well(card, 0, request, owed=4.8)

    def test_cancelled_before_they_leave_the_card_has_its_part_and_the_rest_is_paid_back(self):
        order, card = self._sold()
        request = self._exchange(order, 1)
        new = self._settle(request)
        new.with_user(self.channel_user)._action_cancel()
        self._assert_well(card, 12, request, back=12)
        self.assertIn(12, card.history_ids.mapped("issued"))
        new._action_cancel()
        self._assert_well(card, 12, request, back=12)

    def test_on_hold_the_card_has_paid_already(self):
        order, card = self._sold()
        request = self._exchange(order, 1)
        new = request.exchange_order_ids
        self.env["oms.hold"].create({"order_id": new.id, "kind": "manual", "reason": "Wait."})
        self._settle(request)
        self.assertEqual((new.state, new.amount_total, card.points), ("draft", 12, 0))
        new._action_cancel()
        self._assert_well(card, 12, request, back=12)

    def test_sent_first_they_are_owed_whole_until_the_others_are_back(self):
        order, card = self._sold()
        request = self._exchange(order, 1, ships_first=True)
        new = request.exchange_order_ids
        invoice = self._send(new)
        self.assertEqual((invoice.amount_residual, request.exchange_due), (24, 24))
        self._settle(request)
        beside = new.invoice_ids - invoice
        self.assertEqual(
            (beside.move_type, beside.amount_total, self._net(self.liability, beside)), ("out_refund", 12, 12)
        )
        self.assertEqual((invoice.payment_state, beside.amount_residual), ("paid", 0))
        self._assert_well(card, 0, request)
        refund = self._come_back(new)
        self.assertEqual((refund.amount_total, card.points, self._owed()), (12, 12, 12))

    def test_what_the_card_pays_of_new_goods_is_invoiced_with_them_and_not_alone(self):
        order, _card = self._sold()
        new = self._settle(self._exchange(order, 1))
        self.assertEqual(new.invoice_status, "no")
        self._ship(new)
        self.assertEqual(new.invoice_status, "to invoice")

    def test_an_ewallet_that_is_offered_elsewhere_only_pays_for_the_new_goods_all_the_same(self):
        order, card = self._sold()
        wallets = self.env["loyalty.program"].create(
            {"name": "eWallets", "program_type": "ewallet", "company_id": self.company.id, "sale_ok": False}
        )
        card.write({"program_id": wallets.id, "partner_id": order.partner_id.id, "points": 5})
        new = self._settle(self._exchange(order, 1))
        self.env.invalidate_all()
        self.assertEqual((new.state, new.amount_total, new.order_line.coupon_id), ("sale", 12, card))
        self.assertEqual((self._send(new).amount_total, card.points, self._owed()), (12, 5, 0))

    def test_sent_first_and_charged_later_it_stands_on_their_invoice(self):
        order, card = self._sold()
        request = self._exchange(order, 1, ships_first=True)
        new = self._settle(request)
        self.assertEqual((new.amount_total, request.exchange_due), (12, 0))
        self.assertEqual(self._send(new).amount_total, 12)
        self._assert_well(card, 0, request)

    def test_one_by_one_the_cents_agree(self):
        order, card = self._sold(25, 3)
        for _piece in range(3):
            request = self._exchange(order, 1)
            invoice = self._send(self._settle(request))
            self.assertEqual((request.refund_ids.amount_residual, invoice.amount_residual), (0, 0))
            self._assert_well(card, 0, request)

    def test_a_copy_of_the_new_order_is_paid_by_no_card(self):
        order, card = self._sold()
        new = self._settle(self._exchange(order, 1))
        copy = new.copy()
        self.assertFalse(copy.order_line.coupon_id)
        self.assertEqual((copy.amount_total, new.amount_total, card.points), (24, 12, 0))
