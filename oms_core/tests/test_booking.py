"""PAY-01, PAY-02: what was sold and what was paid reach the books by themselves, once."""

from datetime import date, datetime, timezone
from decimal import Decimal
from unittest.mock import patch

from psycopg2.errors import SerializationFailure, UniqueViolation

from odoo.fields import Command
from odoo.tools import mute_logger

from .common import MOMENT, OmsCommon

LOGGER = "odoo.addons.oms_core.models.sale_order_booking"


class BookingCase(OmsCommon):
    def _job(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_booking").method_direct_trigger()

    def _payments(self, order):
        return order.transaction_ids.payment_id

    def assertBalanced(self, moves):
        for move in moves:
            self.assertEqual(self.company.currency_id.round(sum(move.line_ids.mapped("balance"))), 0.0)


class TestByHand(BookingCase):
    """Orders that a clerk enters for a channel are booked as those that came from it."""

    def _entered(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Ada"}).id,
                "oms_channel_id": self.channel.id,
                "order_line": [Command.create({"product_id": self.product_standard.id, "product_uom_qty": 1})],
            }
        )
        order.action_confirm()
        self._ship(order)
        return order

    def test_every_order_entered_by_hand_is_invoiced(self):
        orders = self._entered() | self._entered()
        for order in orders:
            self._book(order)
        self.assertEqual(orders.mapped("oms_booking_error"), [False, False])
        self.assertEqual(orders.invoice_ids.mapped("state"), ["posted", "posted"])

    def test_what_another_provider_took_is_left_to_it(self):
        order = self._entered()
        provider = self.env["payment.provider"].create({"name": "Cards", "state": "disabled"})
        transaction = self.channel._get_payment_provider() and self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
                "reference": "online",
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "state": "done",
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        self._book(order)
        self.assertFalse(transaction.payment_id)

    def test_an_order_that_somebody_else_is_at_is_left_for_the_next_run(self):
        order = self._order()
        self._ship(order)
        busy = SerializationFailure("could not serialize access due to concurrent update")
        with patch.object(self.registry["sale.order"], "_oms_book", side_effect=busy):
            order._oms_book_each()
        self.assertFalse(order.oms_booking_error)
        self.assertTrue(self._book(order))

    def test_an_accountants_credit_note_is_not_charged_again(self):
        """A goodwill credit over a delivered piece: the job must not take the money back."""
        order = self._order()
        self._ship(order)
        invoice = self._book(order)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "reason": "goodwill"})
        )
        wizard.refund_moves()
        wizard.new_move_ids.action_post()
        documents = order.invoice_ids
        self._book(order)
        self.assertEqual((order.invoice_ids, order.order_line.qty_to_invoice), (documents, 0))


class TestInvoicing(BookingCase):
    def test_nothing_is_invoiced_before_the_goods_leave(self):
        order = self._order()
        self.assertFalse(self._book(order))

    def test_a_shipment_is_invoiced_as_charged(self):
        line = self._line(total="10.00", taxes=(self._tax(20, "2.01"),))
        order = self._apply(self._doc(lines=(line,)))[0][0]
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual((invoice.amount_untaxed, invoice.amount_tax, invoice.amount_total), (10.00, 2.01, 12.01))
        self.assertEqual(invoice.oms_channel_id, self.channel)
        self.assertEqual(invoice.ref, order.oms_number)
        self.assertEqual(
            {
                line.account_id: line.balance
                for line in invoice.line_ids
                if line.display_type in ("product", "tax", "payment_term")
            },
            {
                self._account("income"): -10.00,
                self._account("tax"): -2.01,
                self._account("receivable"): 12.01,
            },
        )

    def test_parcel_by_parcel_the_invoices_sum_to_the_order(self):
        """Ten euros over three pieces, untaxed, taxed and with a tax that is off by a cent: no cent is lost or made."""
        for lines in (
            (self._line(quantity=3, total="10.00", rate=None),),
            (self._line(quantity=3, total="10.00"),),
            (self._line(quantity=3, total="10.00", taxes=(self._tax(20, "2.01"),)),),
            (self._line(quantity=3, total="0.01", taxes=(self._tax(20, "0.00"),)),),
            (self._line(quantity=3, total="19.99", taxes=(self._tax(20, "4.00"), self._tax(5.5, "1.10"))),),
            (self._line(quantity=3, total="10.00"), self._line("", 1, "4.99", kind="shipping")),
        ):
            with self.subTest(lines=[str(line.total) for line in lines]):
                doc = self._doc(lines=lines)
                order = self._apply(doc)[0][0]
                for _parcel in range(3):
                    self._ship(order, {self.product_standard: 1})
                    invoices = self._book(order)
                self.assertEqual(len(invoices), 3)
                self.assertEqual(
                    self._sum(invoices, "amount_untaxed"), sum(line.total for line in lines), "sum of the parts"
                )
                self.assertEqual(self._sum(invoices, "amount_total"), doc.total)
                self.assertEqual(set(invoices.mapped("payment_state")), {"paid"})

    def test_parcel_by_parcel_with_the_tax_in_the_price(self):
        self.tax_20.price_include_override = "tax_included"
        doc = self._doc(lines=(self._line(quantity=3, total="10.00", taxes=(self._tax(20, "2.01"),)),))
        order = self._apply(doc)[0][0]
        for _parcel in range(3):
            self._ship(order, {self.product_standard: 1})
            invoices = self._book(order)
        self.assertEqual(self._sum(invoices, "amount_untaxed"), Decimal("10.00"))
        self.assertEqual(self._sum(invoices, "amount_total"), doc.total)

    def _sum(self, invoices, name):
        return sum((Decimal(str(amount)) for amount in invoices.mapped(name)), Decimal(0)).quantize(Decimal("0.01"))

    def test_what_is_charged_beside_goods_goes_with_the_first_parcel(self):
        order = self._apply(
            self._doc(lines=(self._line(quantity=2, total="40.00"), self._line("", 1, "5.00", kind="shipping")))
        )[0][0]
        self._ship(order, {self.product_standard: 1})
        first = self._book(order)
        self.assertEqual(first.amount_untaxed, 25.00)
        self._ship(order)
        self.assertEqual((self._book(order) - first).amount_untaxed, 20.00)

    def test_a_first_parcel_that_is_worth_less_than_the_discount_is_invoiced_with_the_next_one(self):
        """10 and 90 less 30: the parcel of 10 alone would be an invoice below zero."""
        lines = (self._line("STD", 1, "10.00"), self._line("AVG", 1, "90.00"))
        doc = self._doc(lines=(*lines, self._line("", 1, "-30.00", kind="discount")))
        order = self._apply(doc)[0][0]
        self._ship(order, {self.product_standard: 1})
        self.assertFalse(self._book(order))
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual((invoice.amount_total, invoice.payment_state), (84, "paid"))

    def test_a_discount_that_nothing_more_can_bear_is_told(self):
        lines = (self._line("STD", 1, "10.00"), self._line("AVG", 1, "90.00"))
        doc = self._doc(lines=(*lines, self._line("", 1, "-30.00", kind="discount")))
        order = self._apply(doc)[0][0]
        self._ship(order, {self.product_standard: 1})
        order.order_line[1].product_uom_qty = 0
        order._oms_book_each()
        self.assertIn("negative", order.oms_booking_error)

    def test_a_discount_is_told_when_the_rest_is_given_up_at_the_warehouse_and_stays_ordered(self):
        lines = (self._line("STD", 1, "10.00"), self._line("AVG", 1, "90.00"))
        doc = self._doc(lines=(*lines, self._line("", 1, "-30.00", kind="discount")))
        order = self._apply(doc)[0][0]
        self._ship(order, {self.product_standard: 1})
        left = order.order_line.move_ids.filtered(lambda move: move.state != "done")
        left._action_cancel()
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [1, 1, 1])
        order._oms_book_each()
        self.assertFalse(order.oms_booking_error, "It may be sourced anew.")
        self.env.flush_all()
        self.cr.execute(
            "UPDATE stock_move SET write_date = write_date - interval '2 days' WHERE id = ANY(%s)",
            [order.order_line.move_ids.ids],
        )
        self.env.invalidate_all()
        order._oms_book_each()
        self.assertIn("negative", order.oms_booking_error)

    def test_an_order_of_services_is_invoiced_at_once(self):
        order = self._apply(self._doc(lines=(self._line("", 1, "5.00", kind="fee"),)))[0][0]
        self.assertEqual(self._book(order).amount_untaxed, 5.00)

    def test_a_channel_may_invoice_at_confirmation(self):
        self.channel.invoice_policy = "payment"
        order = self._order(("STD", 2, "40.00", 20))
        self.assertEqual(self._book(order).amount_total, 48.00)
        self._ship(order)
        self.assertEqual(len(self._book(order)), 1)

    def test_a_channel_may_invoice_by_hand(self):
        self.channel.invoice_policy = "manual"
        order = self._order()
        self._ship(order)
        self.assertFalse(self._book(order))
        self.assertTrue(self._payments(order), "money that was taken is booked all the same")

    def test_the_channels_own_sales_journal_is_used(self):
        journal = self.env["account.journal"].create(
            {"name": "Web sales", "code": "WEBS", "type": "sale", "company_id": self.company.id}
        )
        self.channel.sale_journal_id = journal
        order = self._order()
        self._ship(order)
        self.assertEqual(self._book(order).journal_id, journal)


class TestPayments(BookingCase):
    def test_a_payment_goes_to_the_clearing_account_and_pays_the_invoice(self):
        """Dr receivable / Cr income and tax; Dr clearing / Cr receivable: what is left is money owed by the channel."""
        order = self._order(("STD", 2, "40.00", 20))
        self._ship(order)
        invoice = self._book(order)
        payment = self._payments(order)
        self.assertEqual((payment.amount, payment.journal_id), (48.00, self.clearing_journal))
        self.assertEqual(invoice.payment_state, "paid")
        moves = invoice | payment.move_id
        self.assertBalanced(moves)
        self.assertEqual(self._net(self.clearing_account, moves), 48.00)
        self.assertEqual(self._net(self._account("receivable"), moves), 0.00)
        self.assertEqual(payment.move_id.date, MOMENT.date())
        self.assertEqual(payment.move_id.oms_channel_id, self.channel)

    def test_a_payment_is_booked_on_the_day_that_it_was_where_the_company_is(self):
        self.company.partner_id.tz = "Australia/Sydney"
        night = datetime(2026, 3, 2, 20, 0, tzinfo=timezone.utc)
        order = self._order(payments=(self._payment("24.00", paid_at=night),))
        self._ship(order)
        self._book(order)
        self.assertEqual(order.transaction_ids.payment_id.date, date(2026, 3, 3))

    def test_money_taken_before_the_goods_leave_is_booked_before(self):
        order = self._order()
        self._book(order)
        self.assertEqual(self._net(self.clearing_account), 24.00)
        self.assertEqual(self._net(self._account("receivable")), -24.00)
        self._ship(order)
        self.assertEqual(self._book(order).payment_state, "paid")
        self.assertEqual(self._net(self._account("receivable")), 0.00)

    def test_two_payments_of_one_order_are_two_payments(self):
        order = self._order(payments=(self._payment("20.00"), self._payment("4.00")))
        self._ship(order)
        self.assertEqual(self._book(order).payment_state, "paid")
        self.assertEqual(sorted(self._payments(order).mapped("amount")), [4.00, 20.00])

    def test_a_channel_without_a_clearing_journal_books_no_payments(self):
        self.channel.clearing_journal_id = False
        order = self._order()
        self._ship(order)
        self.assertEqual(self._book(order).payment_state, "not_paid")
        self.assertFalse(self._payments(order))

    def test_a_payment_in_a_foreign_currency_pays_its_invoice(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": date(2026, 1, 1), "rate": 1.25}
        )
        order = self._order(("STD", 1, "100.00", 20), currency="USD")
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual((invoice.currency_id, invoice.amount_total, invoice.payment_state), (usd, 120.00, "paid"))
        self.assertEqual(self._net(self.clearing_account), 96.00)
        self.assertEqual(self._net(self._account("income")), -80.00)
        self.assertEqual(self._net(self._account("receivable")), 0.00)
        self.assertBalanced(invoice | self._payments(order).move_id)

    def test_a_free_order_is_invoiced_and_needs_no_payment(self):
        order = self._order(("STD", 1, "0.00", None))
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual((invoice.state, invoice.amount_total), ("posted", 0.00))
        self.assertFalse(self._payments(order))
        self.assertEqual(self._net(self._account("cogs")), 10.00)


class TestCostOfGoods(BookingCase):
    """Cost leaves stock with the invoice: Dr cost of goods / Cr stock valuation."""

    def assertCost(self, amount):
        self.assertEqual(self._net(self._account("cogs")), amount)
        self.assertEqual(self._net(self._account("stock")), -amount)

    def _deliver(self, sku, quantity):
        order = self._order((sku, quantity, 20 * quantity, 20))
        self._ship(order)
        return self._book(order)

    def _receive_goods(self, product, quantity, price):
        """From a supplier, without the purchase app: a receipt with its price."""
        picking_type = self.warehouse.in_type_id
        move = self.env["stock.move"].create(
            {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "product_uom": product.uom_id.id,
                "price_unit": price,
                "location_id": self.env.ref("stock.stock_location_suppliers").id,
                "location_dest_id": self.warehouse.lot_stock_id.id,
                "picking_type_id": picking_type.id,
            }
        )
        move.value_manual = quantity * price
        move._action_confirm()
        move.quantity = quantity
        move.picked = True
        move._action_done()

    def test_standard_cost_is_what_the_product_says(self):
        self._receive_goods(self.product_standard, 100, 20)
        self._deliver("STD", 3)
        self.assertCost(30.00)

    def test_average_cost_is_that_of_all_pieces_in_stock(self):
        """A hundred at 10 and a hundred at 20: each at 15."""
        self._receive_goods(self.product_average, 100, 20)
        self._deliver("AVG", 3)
        self.assertCost(45.00)

    def test_fifo_cost_is_that_of_the_oldest_pieces(self):
        """A hundred at 10, then a hundred at 20; 110 leave: 100 × 10 + 10 × 20."""
        self._receive_goods(self.product_fifo, 100, 20)
        self._deliver("FIFO", 110)
        self.assertCost(1200.00)

    def test_fifo_cost_parcel_by_parcel(self):
        self._receive_goods(self.product_fifo, 100, 20)
        order = self._order(("FIFO", 110, "2200.00", 20))
        self._ship(order, {self.product_fifo: 90})
        self._book(order)
        self.assertCost(900.00)
        self._ship(order, {self.product_fifo: 20})
        self._book(order)
        self.assertCost(1200.00)

    def test_a_credit_note_of_the_invoice_gives_the_cost_back(self):
        for sku in ("STD", "AVG", "FIFO"):
            invoice = self._deliver(sku, 2)
            invoice._reverse_moves([{"invoice_date": invoice.invoice_date}], cancel=False).action_post()
        self.assertCost(0.00)


class TestOnlyOnce(BookingCase):
    def test_the_job_books_what_is_due_and_only_once(self):
        order = self._order()
        self._ship(order)
        for _again in range(2):
            self._job()
        self.assertEqual(len(order.invoice_ids), 1)
        self.assertEqual(len(self._payments(order)), 1)
        self.assertEqual(order.invoice_ids.payment_state, "paid")
        self.assertEqual(self._net(self.clearing_account), 24.00)

    def test_an_order_that_is_booked_is_not_looked_at_again(self):
        order = self._order()
        domain = self.env["sale.order"]._oms_booking_domain()
        self.assertEqual(order.filtered_domain(domain), order)
        self._ship(order)
        self._book(order)
        self.assertFalse(self.env["sale.order"].search([*domain, ("id", "=", order.id)]))

    def test_shipping_wakes_the_job(self):
        cron = self.env.ref("oms_core.cron_booking")
        triggers = self.env["ir.cron.trigger"]
        order = self._order()
        before = triggers.search_count([("cron_id", "=", cron.id)])
        self._ship(order)
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_the_database_refuses_to_book_an_event_twice(self):
        order = self._order()
        self._ship(order)
        invoice = self._book(order)
        other = self.env["account.move"].create({"move_type": "out_invoice", "partner_id": order.partner_id.id})
        payment = self._payments(order)
        another = self.env["account.payment"].create(
            {"journal_id": self.clearing_journal.id, "amount": 1.0, "partner_id": order.partner_id.id}
        )
        for copy, original in ((other, invoice), (another, payment)):
            with self.subTest(model=copy._name):
                self.assertTrue(original.oms_key)
                with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                    copy.oms_key = original.oms_key
                    copy.flush_recordset()

    def test_a_deleted_draft_does_not_stop_the_next_invoice(self):
        """Somebody invoiced by hand and threw that away; the numbers of the keys must not collide."""
        order = self._order(("STD", 3, "30.00", 20))
        self._ship(order, {self.product_standard: 1})
        by_hand = order._create_invoices()
        self._ship(order, {self.product_standard: 1})
        self._book(order)
        by_hand.unlink()
        self._book(order)
        self._ship(order)
        self._book(order)
        self.assertEqual(sum(order.invoice_ids.mapped("amount_total")), 36.00)


class TestWhatCannotBeBooked(BookingCase):
    def test_an_order_that_cannot_be_booked_says_why_and_others_are_booked(self):
        bad, good = self._order(("STD", 1, "20.00", 20)), self._order(("AVG", 1, "20.00", 20))
        self._ship(bad)
        self._ship(good)
        account = self._account("income").copy({"code": "109998"})
        self.product_standard.property_account_income_id = account
        account.active = False
        with mute_logger(LOGGER):
            self._job()
        self.assertTrue(bad.oms_booking_error)
        self.assertFalse(bad.invoice_ids)
        self.assertFalse(self._payments(bad), "all of an order or nothing")
        self.assertEqual(good.invoice_ids.payment_state, "paid")
        account.active = True
        with mute_logger(LOGGER):
            self._job()
        self.assertFalse(bad.invoice_ids, "it waits until somebody says that it was put right")
        bad.action_oms_book()
        self.assertFalse(bad.oms_booking_error)
        self.assertEqual(bad.invoice_ids.payment_state, "paid")

    def test_money_taken_in_a_closed_period_is_booked_after_it(self):
        """The goods left, the money is there; that a month was closed meanwhile must not lose either."""
        self.company.fiscalyear_lock_date = date(2026, 6, 30)
        order = self._order()
        self.env.flush_all()
        self._ship(order)
        self._book(order)
        payment = self._payments(order)
        self.assertGreater(payment.move_id.date, date(2026, 6, 30))
        self.assertEqual(self._net(self.clearing_account), 24.00)
