"""RET-03: other goods for what came back, or before it does, settled to the cent and booked at the right cost."""

from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command

from .common import ReturnsCommon


class ExchangeCase(ReturnsCommon):
    def _exchange(self, order, *quantities, product=None, outcome="exchange", **values):
        """An authorized return of so much of each line for other goods."""
        request = self._return(order, *quantities, authorize=False)
        request.line_ids.write({"outcome": outcome, "exchange_product_id": product.id if product else False})
        request.write(values)
        request.action_authorize()
        return request

    def _settle(self, request):
        request.action_receive()
        request.action_refund()
        self.env.invalidate_all()
        return request.exchange_order_ids

    def _send(self, order):
        """The new goods leave and are invoiced."""
        self._ship(order)
        return self._book(order)

    def _pending(self, order):
        return sum(order.oms_reservation_ids.filtered(lambda row: row.state == "pending").mapped("quantity"))


class TestEven(ExchangeCase):
    def test_the_same_for_the_same_costs_nobody_a_cent_in_each_cost_method(self):
        for sku, product in (
            ("STD", self.product_standard),
            ("AVG", self.product_average),
            ("FIFO", self.product_fifo),
        ):
            with self.subTest(sku):
                order = self._shipped((sku, 3, "50.00", 20))
                request = self._exchange(order, 1)
                new = self._settle(request)
                self.assertEqual((new.state, new.order_line.product_id), ("sale", product))
                invoice = self._send(new)
                credit = request.refund_ids
                self.assertEqual(credit.amount_total, invoice.amount_total)
                self.assertEqual((credit.payment_state, invoice.payment_state), ("paid", "paid"))
                self.assertEqual((credit.amount_residual, invoice.amount_residual), (0, 0))
                cogs = self._account("cogs")
                self.assertEqual(self._net(cogs, credit), -10)
                self.assertEqual(self._net(cogs, invoice), 10)
                self.assertEqual(
                    (request.amount_to_repay, request.exchange_due, self._open_receivable(order)), (0, 0, 0)
                )

    def test_the_new_ones_invoice_is_in_the_journal_of_the_order(self):
        """A channel with a sales journal of its own: the credit note and the invoice that it pays stand there both."""
        journal = self._account_journal("Shop")
        self.channel.sale_journal_id = journal
        request = self._exchange(self._shipped(("STD", 1)), 1)
        invoice = self._send(self._settle(request))
        self.assertEqual((request.refund_ids.journal_id, invoice.journal_id), (journal, journal))

    def _account_journal(self, name):
        return self.env["account.journal"].create(
            {"name": name, "code": "SHOPJ", "type": "sale", "company_id": self.company.id}
        )

    def test_three_parts_of_fifty_are_exchanged_one_by_one_to_the_cent(self):
        """A share of a line is 20.00, 20.00 and 20.00, or 16.67 and 16.66: whatever came back, the new one costs that."""
        order = self._shipped(("STD", 3, "50.00", 20))
        totals = []
        for _number in range(3):
            request = self._exchange(order, 1)
            invoice = self._send(self._settle(request))
            self.assertEqual((request.refund_ids.amount_residual, invoice.amount_residual), (0, 0))
            totals.append(Decimal(str(invoice.amount_total)))
        self.assertEqual(sum(totals), Decimal("60.00"))

    def test_another_size_with_the_same_price_tag_is_even(self):
        attribute = self.env["product.attribute"].create(
            {"name": "Size", "value_ids": [Command.create({"name": "M"}), Command.create({"name": "L"})]}
        )
        sizes = [Command.create({"attribute_id": attribute.id, "value_ids": [Command.set(attribute.value_ids.ids)]})]
        shirt = self.env["product.template"].create(
            {
                "name": "Shirt",
                "is_storable": True,
                "list_price": 20,
                "company_id": self.company.id,
                "categ_id": self.product_standard.categ_id.id,
                "taxes_id": [Command.set(self.tax_20.ids)],
                "attribute_line_ids": sizes,
            }
        )
        medium, large = shirt.product_variant_ids
        medium.default_code, large.default_code = "STD-M", "STD-L"
        for variant in medium | large:
            variant.standard_price = 10
            self._stock(variant, self.warehouse, 10)
        order = self._shipped(("STD-M", 1, "15.00", 20))
        new = self._settle(self._exchange(order, 1, product=large))
        self.assertEqual((new.order_line.product_id, new.amount_total), (large, 18))

    def test_todays_price_where_the_company_wants_it(self):
        self.company.oms_exchange_price = "today"
        order = self._shipped(("STD", 1, "15.00", 20))
        request = self._exchange(order, 1)
        self._settle(request)
        self.assertEqual((request.exchange_order_ids.amount_total, request.exchange_due), (24, 6))

    def test_where_orders_are_invoiced_with_their_payout_an_exchange_is_invoiced_when_it_leaves(self):
        """No payout ever tells of it, as it is an order of ours."""
        self.channel.invoice_policy = "settlement"
        order = self._order(("STD", 2))
        self._ship(order)
        self.assertFalse(self._book(order))
        order._oms_on_settled(fields.Date.today())
        self._book(order)
        new = self._settle(self._exchange(order, 1))
        self.assertFalse(new.filtered_domain(new._oms_booking_domain()))
        self._ship(new)
        self.assertTrue(new.filtered_domain(new._oms_booking_domain()))
        self.assertEqual((self._book(new).amount_total, self._open_receivable(new)), (24, 0))


class TestUneven(ExchangeCase):
    def test_what_is_dearer_is_owed_and_not_taken(self):
        self.product_average.list_price = 30
        order = self._shipped(("STD", 1))
        request = self._exchange(order, 1, product=self.product_average)
        taken = self._net(self.clearing_account)
        invoice = self._send(self._settle(request))
        self.assertEqual((invoice.amount_total, invoice.amount_residual, request.exchange_due), (36, 12, 12))
        self.assertEqual((request.amount_to_repay, self._net(self.clearing_account)), (0, taken))
        self.assertTrue(any("/my/" in (body or "") for body in request.message_ids.mapped("body")))

    def test_of_two_new_orders_each_says_what_is_owed_on_it(self):
        self.product_average.list_price = 30
        request = self._return(self._shipped(("STD", 1), ("STD", 1)), 1, 1, authorize=False)
        first, second = request.line_ids
        first.write({"outcome": "exchange", "exchange_product_id": self.product_average.id})
        second.write({"outcome": "replacement", "exchange_product_id": self.product_average.id})
        request.action_authorize()
        request.action_receive()
        request.action_refund()
        told = [body for body in request.message_ids.mapped("body") if "more than what came back" in (body or "")]
        self.assertEqual((len(told), sum("12.00" in body for body in told)), (2, 2))

    def test_what_is_cheaper_is_paid_back(self):
        self.product_average.list_price = 10
        order = self._shipped(("STD", 1))
        request = self._exchange(order, 1, product=self.product_average)
        new = self._settle(request)
        self.assertEqual(request.amount_to_repay, 12, "what pays for the new goods is not paid back")
        invoice = self._send(new)
        self.assertEqual((invoice.amount_residual, request.amount_to_repay, request.exchange_due), (0, 12, 0))
        request.action_repay()
        self.env.invalidate_all()
        self.assertEqual((request.amount_to_repay, self._open_receivable(order)), (0, 0))

    def test_what_pays_for_the_new_goods_cannot_be_paid_out_before(self):
        request = self._exchange(self._shipped(("STD", 1)), 1)
        self._settle(request)
        self.assertEqual(request.amount_to_repay, 0)
        with self.assertRaises(UserError):
            request.action_repay()

    def test_new_goods_that_come_back_are_refunded_from_what_was_paid_first(self):
        order = self._shipped(("STD", 1))
        new = self._settle(self._exchange(order, 1))
        self._send(new)
        again = self._returned(new, 1)
        again.action_refund()
        self.env.invalidate_all()
        self.assertEqual((again.amount_refunded, again.amount_to_repay), (24, 24))
        again.action_repay()
        self.env.invalidate_all()
        self.assertEqual((again.amount_to_repay, self._open_receivable(order), self._open_receivable(new)), (0, 0, 0))
        self.assertEqual(self._net(self.clearing_account), 0, "all of the money is back")


class TestReserved(ExchangeCase):
    def test_the_new_goods_are_set_aside_until_the_others_are_back(self):
        request = self._exchange(self._shipped(("STD", 2)), 2)
        new = request.exchange_order_ids
        self.assertEqual((new.state, new.oms_exchange_waits, self._pending(new)), ("draft", True, 2))
        until = new.oms_reservation_ids.expires_at
        self.assertAlmostEqual(until, fields.Datetime.now() + timedelta(days=14), delta=timedelta(minutes=5))
        with self.assertRaisesRegex(UserError, request.name):
            new.action_confirm()
        self._settle(request)
        self.assertEqual((new.state, self._pending(new)), ("sale", 0))

    def test_who_does_not_send_in_time_loses_the_goods_and_not_the_exchange(self):
        request = self._exchange(self._shipped(("STD", 1)), 1)
        new = request.exchange_order_ids
        new.oms_reservation_ids._expire()
        self.assertEqual(self._pending(new), 0)
        self.assertEqual(self._settle(request).state, "sale")

    def test_a_cancelled_return_keeps_nothing(self):
        request = self._exchange(self._shipped(("STD", 1)), 1)
        request.action_cancel()
        self.assertEqual(request.exchange_order_ids.state, "cancel")
        self.assertEqual(self._pending(request.exchange_order_ids), 0)

    def test_what_came_back_first_goes_out_first(self):
        request = self._exchange(self._shipped(("STD", 3)), 3)
        self._receive_part(request, 1)
        request.action_refund()
        self.env.invalidate_all()
        sent = request.exchange_order_ids.filtered(lambda order: order.state == "sale")
        waiting = request.exchange_order_ids - sent
        self.assertEqual((sent.order_line.product_uom_qty, waiting.order_line.product_uom_qty), (1, 2))
        self._settle(request)
        self.assertEqual(waiting.state, "sale")
        for order in sent | waiting:
            self._send(order)
        self.env.invalidate_all()
        self.assertEqual((request.amount_to_repay, request.exchange_due), (0, 0))
        self.assertEqual(sum(request.settlement_ids.mapped("quantity")), 3)

    def test_goods_that_are_gone_hold_the_new_order_and_say_so(self):
        self.channel.stock_policy = "hold"
        scarce = self._create_product("SCARCE")
        request = self._exchange(self._shipped(("STD", 1)), 1, product=scarce)
        new = self._settle(request)
        self.assertEqual((new.state, new.oms_exchange_waits, new.oms_is_short), ("draft", False, True))
        self._stock(scarce, self.warehouse, 1)
        new._oms_release_clean()
        self.assertEqual(new.state, "sale")


class TestSentFirst(ExchangeCase):
    """Instant exchange, advance replacement: the new goods leave before the others are back."""

    def _sent_first(self, **values):
        order = self._shipped(("STD", 1))
        request = self._exchange(order, 1, ships_first=True, **values)
        return order, request, request.exchange_order_ids

    def _overdue(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_returns.cron_exchange_overdue").method_direct_trigger()
        self.env.invalidate_all()

    def test_they_leave_at_once_and_are_to_be_paid_later(self):
        _order, request, new = self._sent_first()
        self.assertEqual(new.state, "sale")
        invoice = self._send(new)
        self.assertEqual(invoice.invoice_date_due, self.company._oms_get_today() + timedelta(days=14))
        self.assertEqual((request.exchange_until, invoice.amount_residual), (invoice.invoice_date_due, 24))

    def test_what_comes_back_in_time_pays_for_them(self):
        order, request, new = self._sent_first()
        invoice = self._send(new)
        self._settle(request)
        self.assertEqual((invoice.payment_state, request.exchange_due), ("paid", 0))
        self.assertEqual((request.exchange_order_ids, self._open_receivable(order)), (new, 0))
        self.assertEqual(request.settlement_ids.order_id, new)

    def _assert_even_sent_first(self, request):
        """The new goods cost the 18 that the others did: nobody is asked for anything."""
        new = request.exchange_order_ids
        self.assertEqual(new.amount_total, 18)
        invoice = self._send(new)
        self.assertEqual(invoice.amount_total, 18)
        self._settle(request)
        self.assertEqual((invoice.payment_state, request.exchange_due), ("paid", 0))

    def test_what_was_given_back_before_is_off_the_new_ones_price_too(self):
        order = self._shipped(("STD", 1))
        request = self._return(order, 1, authorize=False)
        request._give("adjustment", request.line_ids, Decimal(6), "A scratch")
        request.line_ids.outcome = "exchange"
        request.ships_first = True
        request.action_authorize()
        self._assert_even_sent_first(request)

    def test_what_was_off_the_whole_order_is_off_the_new_ones_price_too(self):
        lines = (self._line("STD", 1), self._line("", 1, "-5.00", 20, kind="discount", name="Voucher"))
        order = self._apply(self._doc(lines=lines))[0][0]
        self._ship(order)
        self._book(order)
        self._assert_even_sent_first(self._exchange(order, 1, ships_first=True))

    def test_goods_that_are_worth_less_than_what_was_off_the_whole_order_are_exchanged_for_nothing(self):
        """Of three at 10 one leaves, with the 15 that were off the order and shipping of 20; the others are called off."""
        off, way = (
            self._line("", 1, total, 20, kind=kind) for total, kind in (("-15.00", "discount"), ("20.00", "shipping"))
        )
        order = self._apply(self._doc(lines=(self._line("STD", 3, "30.00"), off, way)))[0][0]
        self._ship(order, {self.product_standard: 1})
        self._book(order)
        order.order_line[0].product_uom_qty = 1
        request = self._exchange(order, 1)
        new = self._settle(request)
        self.assertEqual((new.amount_total, request.refund_ids.amount_total), (0, 0))
        self.assertEqual(self._send(new).state, "posted")

    def test_two_lines_for_the_same_goods_have_one_share_each(self):
        """50.00 for three, and 10.00 of tax: the first two have 16.67 and 16.66 of it, 3.33 and 3.34."""
        order = self._shipped(("STD", 3, "50.00", 20))
        request = self._return(order, 1, authorize=False)
        request.line_ids.copy({"return_id": request.id, "quantity": 1})
        request.line_ids.outcome = "exchange"
        request.ships_first = True
        request.action_authorize()
        new = request.exchange_order_ids
        self.assertEqual((new.amount_untaxed, new.amount_tax), (33.33, 6.67))
        invoice = self._send(new)
        self._settle(request)
        self.assertEqual((invoice.payment_state, request.exchange_due), ("paid", 0))

    def test_who_keeps_both_is_asked_once_and_pays_by_own_hand(self):
        _order, request, new = self._sent_first()
        self._ship(new)
        request.exchange_until = fields.Date.today() - timedelta(days=1)
        overdue = self.env["oms.return"].search(request._overdue_domain())
        self.assertIn(request, overdue)
        self._overdue()
        invoice = new.invoice_ids
        self.assertEqual((invoice.state, invoice.amount_residual, request.exchange_due), ("posted", 24, 24))
        asked = request.message_ids.filtered(lambda message: request.partner_id in message.partner_ids)
        self.assertEqual(len(asked), 1)
        self.assertIn("access_token", asked.body)
        self.assertIn("24.00", asked.body)
        self.assertEqual(len(request.activity_ids), 1)
        self._overdue()
        self.assertEqual(
            len(request.message_ids.filtered(lambda message: request.partner_id in message.partner_ids)), 1
        )

    def test_what_comes_after_all_is_settled_as_usual(self):
        _order, request, new = self._sent_first()
        self._ship(new)
        request.exchange_until = fields.Date.today() - timedelta(days=1)
        self._overdue()
        self._settle(request)
        self.assertEqual((new.invoice_ids.payment_state, request.exchange_due), ("paid", 0))

    def test_a_return_that_is_cancelled_stops_what_has_not_left(self):
        _order, request, new = self._sent_first()
        request.action_cancel()
        self.assertEqual(new.state, "cancel")


class TestReplacement(ExchangeCase):
    def _claim(self, order, quantity, **values):
        request = self._return(order, quantity, authorize=False)
        request.kind = "claim"
        request.line_ids.write({"outcome": "replacement", **values})
        request.action_authorize()
        request.action_refund()
        self.env.invalidate_all()
        return request

    def test_what_was_lost_is_sent_again_free_of_charge_and_costs_us_the_goods(self):
        order = self._shipped(("STD", 1))
        request = self._claim(order, 1)
        new = request.exchange_order_ids
        self.assertEqual(
            (new.state, new.amount_total, new.order_line.oms_exchange_line_id), ("sale", 0, request.line_ids)
        )
        self.assertEqual(request.settlement_ids.order_id, new)
        self.assertFalse(request.refund_ids)
        invoice = self._send(new)
        self.assertEqual(invoice.amount_total, 0)
        self.assertEqual(self._net(self._account("cogs"), invoice), 10)
        self.assertEqual(self._net(self._account("tax"), invoice), 0)
        self.assertEqual((order.invoice_ids.payment_state, self._open_receivable(order)), ("paid", 0))

    def test_what_is_broken_and_comes_back_is_an_even_exchange(self):
        order = self._shipped(("FIFO", 1))
        request = self._exchange(order, 1, outcome="replacement")
        new = self._settle(request)
        invoice = self._send(new)
        self.assertEqual((new.amount_total, invoice.amount_residual, request.exchange_due), (24, 0, 0))
        self.assertEqual(request.settlement_ids.outcome, "replacement")

    def test_a_replacement_is_sent_in_advance(self):
        order = self._shipped(("STD", 1))
        request = self._exchange(order, 1, outcome="replacement", ships_first=True)
        invoice = self._send(request.exchange_order_ids)
        self._settle(request)
        self.assertEqual(invoice.payment_state, "paid")

    def test_an_order_without_a_channel_is_exchanged_too(self):
        customer = self.env["res.partner"].create({"name": "Bea"})
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.id,
                "order_line": [Command.create({"product_id": self.product_standard.id, "product_uom_qty": 1})],
            }
        )
        order.action_confirm()
        self._ship(order)
        order._create_invoices().action_post()
        request = self._exchange(order, 1)
        new = self._settle(request)
        self._ship(new)
        invoice = new._create_invoices()
        invoice.action_post()
        self.assertEqual(
            (invoice.amount_residual, request.refund_ids.amount_residual), (24, 0), "set off what was unpaid"
        )

    def test_a_clerk_exchanges_with_no_right_but_that(self):
        order = self._shipped(("STD", 1))
        clerk = self._create_user("exchange_clerk", "oms_core.group_oms_user")
        self.env.invalidate_all()
        request = self._return(order, 1, authorize=False).with_user(clerk)
        request.line_ids.outcome = "exchange"
        request.action_authorize()
        request.action_receive()
        request.action_refund()
        self.env.invalidate_all()
        self.assertEqual(request.exchange_order_ids.state, "sale")
        self.assertTrue(request.action_view_exchange_orders()["res_id"])
