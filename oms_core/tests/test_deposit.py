"""ACC-02: what was invoiced as a deposit is taken off the invoices of the parcels, to the cent, and charged once."""

from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command

from .test_check import CheckCase


class DepositCase(CheckCase):
    def _deposit(self, order, amount):
        """Odoo's *Create Invoice > Down payment*, posted."""
        wizard = self.env["sale.advance.payment.inv"].create(
            {"sale_order_ids": order.ids, "advance_payment_method": "fixed", "fixed_amount": amount}
        )
        invoice = wizard._create_invoices(order)
        invoice.action_post()
        self.assertEqual(invoice.amount_total, amount)
        return invoice

    def _look(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_collect").method_direct_trigger()

    def _parcel(self, order, *products):
        """One piece of each leaves and is booked; all that is left without any.

        :return: its invoice.
        """
        before = order.invoice_ids
        self._ship(order, dict.fromkeys(products, 1) if products else None)
        self._book(order)
        return order.invoice_ids - before


class TestDeposit(DepositCase):
    def test_the_first_parcels_take_it_off_and_none_falls_below_zero(self):
        order = self._order(("STD", 3))
        self._deposit(order, 30.0)
        invoices = [self._parcel(order, self.product_standard) for _number in range(3)]
        self.assertEqual([invoice.amount_total for invoice in invoices], [0.0, 18.0, 24.0])
        self.assertEqual([invoice.amount_untaxed for invoice in invoices], [0.0, 15.0, 20.0])
        self.assertEqual({invoice.move_type for invoice in invoices}, {"out_invoice"})
        self.assertEqual(order.invoice_status, "invoiced")
        self.assertNothingWrong(until=fields.Datetime.now())

    def test_deposits_and_parcels_sum_to_the_order_whatever_the_taxes_are(self):
        for lines in (
            (self._line(quantity=3, total="10.00", rate=None),),
            (self._line(quantity=3, total="10.00"),),
            (self._line(quantity=3, total="10.00", taxes=(self._tax(20, "2.01"),)),),
            (self._line(quantity=3, total="19.99", taxes=(self._tax(20, "4.00"), self._tax(5.5, "1.10"))),),
            (self._line(quantity=3, total="10.00"), self._line("", 1, "4.99", kind="shipping", rate="5.5")),
        ):
            with self.subTest(lines=lines):
                order = self._apply(self._doc(lines=lines))[0][0]
                self._deposit(order, 3.33)
                self._deposit(order, 4.01)
                for _number in range(3):
                    invoice = self._parcel(order, self.product_standard)
                    self.assertGreaterEqual(invoice.amount_total, 0)
                invoices = order.invoice_ids
                self.assertEqual(len(invoices), 5)
                for name in ("amount_total", "amount_untaxed", "amount_tax"):
                    self.assertAlmostEqual(sum(invoices.mapped(name)), order[name], 4)
                self.assertEqual(self.company.currency_id.round(sum(invoices.line_ids.mapped("balance"))), 0)
                self.assertFalse(order._oms_get_deposit_left())
        self.assertNothingWrong(until=fields.Datetime.now())

    def test_of_prices_that_include_their_tax_nothing_is_lost_either(self):
        included = self._create_tax(20, price_include_override="tax_included")
        values = {"product_id": self.product_standard.id, "price_unit": 9.99, "tax_ids": [Command.set(included.ids)]}
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Ada", "country_id": self.country.id}).id,
                "oms_channel_id": self.channel.id,
                "order_line": [Command.create({**values, "product_uom_qty": 3})],
            }
        )
        order.action_confirm()
        self._deposit(order, 14.99)
        for _number in range(3):
            self._parcel(order, self.product_standard)
        self.assertEqual(
            [round(move.amount_total, 2) for move in order.invoice_ids.sorted()[::-1]], [14.99, 0, 4.99, 9.99]
        )
        self.assertFalse(order._oms_get_deposit_left())

    def test_what_bears_a_tax_is_taken_off_what_bears_the_same(self):
        order = self._order(("STD", 1, "20.00", 20), ("AVG", 1, "20.00", "5.5"))
        self._deposit(order, 22.55)
        first = self._parcel(order, self.product_standard)
        self.assertEqual((first.amount_untaxed, first.amount_tax), (10.0, 2.0))
        second = self._parcel(order)
        self.assertEqual((second.amount_untaxed, second.amount_tax), (10.0, 0.55))

    def test_an_order_in_dollars_is_charged_once(self):
        self.env.ref("base.USD").active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": self.env.ref("base.USD").id,
                "company_id": self.company.id,
                "rate": 1.37,
                "name": "2020-01-01",
            }
        )
        order = self._order(("STD", 3, "10.00"), currency="USD")
        self._deposit(order, 5.0)
        for _number in range(3):
            self._parcel(order, self.product_standard)
        self._look()
        self.assertAlmostEqual(sum(order.invoice_ids.mapped("amount_total")), 12.0, 4)
        self.assertFalse(order._oms_get_deposit_left())
        self.assertEqual(self._net(self.company._oms_get_deferral_account()), 0)

    def test_its_payment_is_matched_with_it_and_the_order_with_the_rest(self):
        order = self._order(("STD", 2), payments=(self._payment(20), self._payment(28)))
        deposit = self._deposit(order, 20.0)
        self._book(order)
        self.assertEqual(deposit.amount_residual, 0)
        self._parcel(order)
        self.assertEqual(set(order.invoice_ids.mapped("amount_residual")), {0})
        self.assertEqual(self._net(self._account("receivable")), 0)

    def test_the_last_invoice_that_a_person_makes_takes_off_what_is_left(self):
        order = self._order(("STD", 2))
        self._deposit(order, 30.0)
        self._parcel(order, self.product_standard)
        self._ship(order)
        invoice = order._create_invoices(final=True)
        self.assertEqual((invoice.move_type, invoice.amount_total), ("out_invoice", 18.0))
        invoice.action_post()
        self.assertFalse(order._oms_get_deposit_left())

    def test_when_all_is_invoiced_with_the_order_it_is_taken_off_at_once(self):
        order = self._order(("STD", 2))
        self._deposit(order, 20.0)
        self.channel.invoice_policy = "payment"
        self._book(order)
        self.assertEqual(sorted(order.invoice_ids.mapped("amount_total")), [20.0, 28.0])
        self._look()
        self.assertEqual(self._net(self._account("income")), 0)
        self._ship(order)
        self._look()
        self.assertEqual(self._net(self._account("income")), -40.0)


class TestDepositIsOwed(DepositCase):
    def test_it_is_earned_as_it_is_taken_off(self):
        owed = self.company._oms_get_deferral_account()
        order = self._order(("STD", 2))
        self._deposit(order, 30.0)
        self._look()
        self.assertEqual((self._net(owed), self._net(self._account("income"))), (-25.0, 0))
        self._parcel(order, self.product_standard)
        self._look()
        self.assertEqual((self._net(owed), self._net(self._account("income"))), (-5.0, -20.0))
        self.assertNothingWrong(until=fields.Datetime.now())
        self._parcel(order)
        self._look()
        self.assertEqual((self._net(owed), self._net(self._account("income"))), (0, -40.0))
        self.assertNothingWrong(until=fields.Datetime.now())

    def test_order_to_cash_says_what_takes_it_off(self):
        order = self._order(("STD", 2))
        self._deposit(order, 30.0)
        rests = {rest.cause: rest.amount for rest in order._oms_get_order_to_cash().rests}
        self.assertEqual((rests["not_shipped"], rests["deposit"]), (48, -30))
        self._parcel(order)
        self.assertNotIn("deposit", {rest.cause for rest in order._oms_get_order_to_cash().rests})

    def test_margin_and_taxes_are_those_of_the_order(self):
        order = self._order(("STD", 2))
        invoices = self._deposit(order, 30.0) | self._parcel(order)
        rows = self.env["oms.margin.report"].search([("order_id", "=", order.id), ("kind", "=", "sales")])
        self.assertEqual(sum(rows.mapped("amount")), 40.0)
        rows = self.env["oms.tax.report"].search([("move_id", "in", invoices.ids)])
        self.assertEqual((sum(rows.mapped("base")), sum(rows.mapped("amount"))), (40.0, 8.0))


class TestDepositFaults(DepositCase):
    def test_a_deposit_that_stands_after_everything_is_invoiced_is_found(self):
        order = self._order(("STD", 2), payments=(self._payment(20), self._payment(28)))
        self._deposit(order, 20.0)
        with patch.object(self.registry["sale.order"], "_oms_deduct_deposits"):
            self._parcel(order)
        self._look()
        self._sql("UPDATE sale_order SET write_date = %s", fields.Datetime.now() - timedelta(days=2))
        self._sql("UPDATE sale_order SET oms_money_due_at = NULL")
        self._finds("quantities", order, "20.00.* of the deposits of", 20.0, ["compared"])

    def test_what_is_left_of_it_when_the_rest_is_called_off_is_told_and_credited(self):
        order = self._order(("STD", 2), payments=(self._payment(30),))
        deposit = self._deposit(order, 30.0)
        self._parcel(order, self.product_standard)
        order._oms_request_cancellation("customer", "customer", quantities={order.order_line[:1]: Decimal(1)})
        self.assertEqual(order.oms_to_repay, 6.0)
        self._book(order)
        found = self._check("quantities")
        self.assertRegex(found.sentence, "6.00.* of the deposits of")
        page = order._oms_get_order_to_cash()
        self.assertEqual([rest.amount for rest in page.rests if rest.cause == "deposit_stays"], [-6])
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=deposit.ids)
            .create({"journal_id": deposit.journal_id.id, "reason": "called off"})
        )
        wizard.refund_moves()
        note = wizard.new_move_ids
        lines = note.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        note.write({"invoice_line_ids": [Command.update(lines.id, {"quantity": 0.2})]})
        note.action_post()
        self.assertEqual(note.amount_total, 6.0)
        self._book(order)
        self.assertFalse(order._oms_get_deposit_left())
        order.action_oms_repaid()
        self.assertFalse(self._check("quantities"))
        self.assertEqual(self._net(self._account("receivable")), 0)
