"""ACC-02: an invoice that comes before its goods earns nothing until they leave; then each parcel earns what it is worth."""

from datetime import date
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command

from .common import OmsCommon


class TestDeferral(OmsCommon):
    def setUp(self):
        super().setUp()
        self.channel.invoice_policy = "payment"
        self.owed = self.company._oms_get_deferral_account()

    def _look(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_collect").method_direct_trigger()

    def _stand(self):
        """Owed, income, cost of goods, stock: debits less credits, the stock since the order came."""
        return (
            self._net(self.owed),
            self._net(self._account("income")),
            self._net(self._account("cogs")),
            self._net(self._account("stock")) - self.stock_before,
        )

    def _invoiced(self, quantity=3, lines=None):
        self.stock_before = self._net(self._account("stock"))
        order = self._apply(self._doc(lines=lines or (self._line(quantity=quantity),)))[0][0]
        self._book(order)
        self._look()
        return order

    def test_what_is_invoiced_with_the_order_is_owed_until_it_leaves_parcel_by_parcel(self):
        order = self._invoiced()
        self.assertEqual(self._stand(), (-60.0, 0.0, 0.0, 0.0))
        self._ship(order, {self.product_standard: 1})
        self._look()
        self.assertEqual(self._stand(), (-40.0, -20.0, 10.0, -10.0))
        self._ship(order)
        self._look()
        self.assertEqual(self._stand(), (0.0, -60.0, 30.0, -30.0))
        entries = self.env["account.move"].search([("oms_key", "=like", f"deferral:{order.id}:%")])
        self.assertEqual(len(entries), 3)
        self.assertEqual(entries._oms_get_orders(), order)
        self.assertNothingWrong()

    def test_looking_again_books_nothing(self):
        order = self._invoiced()
        order.action_oms_look_at_money()
        self._look()
        self.assertFalse(order._oms_defer())
        self.assertEqual(self._stand()[0], -60.0)

    def test_shipping_is_earned_with_the_goods(self):
        order = self._invoiced(lines=(self._line(quantity=2), self._line("", 1, "5.00", kind="shipping")))
        self.assertEqual(self._stand()[:2], (-45.0, 0.0))
        self._ship(order, {self.product_standard: 1})
        self._look()
        self.assertEqual(self._stand()[0], -22.5)
        self._ship(order)
        self._look()
        self.assertEqual(self._stand()[0], 0.0)

    def _credit(self, order, quantity):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=order.invoice_ids.ids)
            .create({"journal_id": order.invoice_ids.journal_id.id, "reason": "called off"})
        )
        wizard.refund_moves()
        note = wizard.new_move_ids
        note.invoice_line_ids.quantity = quantity
        note.action_post()
        self._look()

    def test_what_is_called_off_and_credited_was_never_earned(self):
        order = self._invoiced()
        self._credit(order, 3)
        self.assertEqual(self._stand(), (0.0, 0.0, 0.0, 0.0))

    def test_a_part_called_off_leaves_the_rest_owed(self):
        order = self._invoiced()
        self._ship(order, {self.product_standard: 1})
        self._credit(order, 1)
        self.assertEqual(self._stand()[:2], (-20.0, -20.0))

    def test_a_part_credited_before_anything_left_is_owed_no_more_and_the_parcels_earn_the_rest(self):
        order = self._invoiced(lines=(self._line(quantity=3, total="10.00", taxes=(self._tax(20, "2.00"),)),))
        self._credit(order, 1)
        owed, income, cost, stock = self._stand()
        self.assertEqual((owed, round(owed + income, 2), cost, stock), (-6.67, -6.67, 0.0, 0.0))
        self._ship(order, {self.product_standard: 1})
        self._look()
        self.assertEqual(self._stand(), (-3.33, -3.34, 10.0, -10.0))
        self._ship(order, {self.product_standard: 1})
        self._look()
        self.assertEqual(self._stand(), (0.0, -6.67, 20.0, -20.0))
        self.assertNothingWrong(but=("quantities",))

    def _dollars(self, rate, day="2020-01-01"):
        usd = self.env.ref("base.USD")
        usd.active = True
        return self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": day, "rate": rate}
        )

    def test_an_order_in_dollars_is_owed_and_earned_at_the_rate_of_its_invoice(self):
        self._dollars(1.25)
        self.stock_before = self._net(self._account("stock"))
        order = self._apply(self._doc(lines=(self._line(quantity=3, total="100.01"),), currency="USD"))[0][0]
        invoice = self._book(order)
        self._look()
        self.assertEqual((invoice.amount_untaxed, self._stand()), (100.01, (-80.01, 0.0, 0.0, 0.0)))
        self._dollars(2.0, fields.Date.today())  # what was invoiced stays what it was worth
        self._ship(order, {self.product_standard: 1})
        self._look()
        self.assertEqual(self._stand(), (-53.34, -26.67, 10.0, -10.0))
        self._ship(order)
        self._look()
        self.assertEqual(self._stand(), (0.0, -80.01, 30.0, -30.0))
        self.assertNothingWrong()

    def test_a_part_of_an_order_in_dollars_that_is_credited_at_another_rate_leaves_what_the_rest_was_worth(self):
        self._dollars(1.25)
        self.stock_before = self._net(self._account("stock"))
        order = self._apply(self._doc(lines=(self._line(quantity=3, total="60.00"),), currency="USD"))[0][0]
        self._book(order)
        self._look()
        self.assertEqual(self._stand()[:2], (-48.0, 0.0))
        self._dollars(1.0, fields.Date.today())
        self._credit(order, 1)
        self.assertEqual(self._stand()[0], -32.0)
        self._ship(order, {self.product_standard: 2})
        self._look()
        owed, income = self._stand()[:2]
        documents = order.invoice_ids.invoice_line_ids
        self.assertEqual((owed, income), (0.0, round(sum(documents.mapped("balance")), 2)))

    def test_an_invoice_with_its_shipment_defers_nothing(self):
        self.channel.invoice_policy = "shipment"
        order = self._order()
        self._ship(order)
        self._book(order)
        self._look()
        self.assertFalse(order._oms_defer())

    def test_an_entry_that_somebody_deletes_is_told_by_the_auditor(self):
        order = self._invoiced()
        self._delete_entry(order)
        [found] = self._audit()
        self.assertEqual(found.order_id, order.id)
        self.assertIn("60.00", found.sentence)

    def _entry(self, order):
        return self.env["account.move"].search([("oms_key", "=like", f"deferral:{order.id}:%")])

    def _delete_entry(self, order):
        entry = self._entry(order)
        entry.button_draft()
        entry.with_context(force_delete=True).unlink()

    def _audit(self, limit=None):
        self.env.flush_all()
        auditor = self.env["oms.check"]
        late = fields.Datetime.add(fields.Datetime.now(), days=2)
        scope = auditor._get_scope(self.company)
        scope = type(scope)(scope.since, late, limit or scope.limit)
        [found] = auditor._find(self.company, {"deferral"}, scope).values()
        return found

    def test_what_waits_to_be_shipped_does_not_keep_the_auditor_from_a_later_order(self):
        self._invoiced()
        order = self._invoiced()
        self._delete_entry(order)
        self.assertEqual([violation.order_id for violation in self._audit(limit=1)], [order.id])

    def test_shipping_of_what_has_left_is_not_looked_at_each_night(self):
        order = self._invoiced(lines=(self._line(quantity=2), self._line("", 1, "5.00", kind="shipping")))
        self._ship(order)
        self._look()
        with patch.object(type(order), "_oms_get_deferral", side_effect=AssertionError("looked at")):
            self.assertFalse(self._audit())

    def _reverse(self, entry):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=entry.ids)
            .create({"journal_id": entry.journal_id.id})
        )
        wizard.refund_moves()
        wizard.new_move_ids.filtered(lambda move: move.state == "draft").action_post()

    def test_an_entry_that_somebody_reverses_is_told_by_the_auditor_and_booked_again(self):
        order = self._invoiced()
        self._ship(order, {self.product_standard: 1})
        self._look()
        before = self._stand()
        self._reverse(self._entry(order)[0])
        self.assertNotEqual(self._stand(), before)
        [found] = self._audit()
        self.assertEqual(found.order_id, order.id)
        self.assertIn("40.00", found.sentence)
        order.action_oms_look_at_money()
        self._look()
        self.assertEqual(self._stand(), before)
        self.assertFalse(self._audit())
        self._ship(order)
        self._look()
        self.assertEqual(self._stand(), (0.0, -60.0, 30.0, -30.0))
        self.assertFalse(self._audit())

    def test_what_somebody_books_by_hand_on_the_account_is_told_by_the_auditor(self):
        self._invoiced()
        items = ((self.owed, 7), (self._account("income"), -7))
        move = self.env["account.move"].create(
            {"line_ids": [Command.create({"account_id": account.id, "balance": value}) for account, value in items]}
        )
        move.action_post()
        [found] = self._audit()
        self.assertEqual((found.documents, found.amount), (((move._name, move.id),), 7))
        self.assertRegex(found.sentence, "changes what stands as invoiced before shipment by .*7.00")

    def test_a_closed_month_does_not_keep_a_parcel_from_being_earned(self):
        order = self._invoiced()
        self._ship(order, {self.product_standard: 1})
        self._look()
        self.assertEqual(self._stand()[0], -40.0)
        self.assertFalse(order.activity_ids)

    def test_order_to_cash_shows_what_was_not_earned_yet(self):
        order = self._invoiced()
        steps = [step for step in order._oms_get_order_to_cash().steps if step.kind == "deferred"]
        self.assertEqual([step.amount for step in steps], [-60])


class TestAtSettlement(OmsCommon):
    def test_an_order_is_invoiced_when_the_payout_has_it(self):
        self.channel.invoice_policy = "settlement"
        order = self._order(("STD", 2, "40.00", 20))
        self.assertFalse(self._book(order))
        self._ship(order)
        self.assertFalse(self._book(order))
        order._oms_on_settled(date(2026, 3, 9))
        self.assertIn(order, self.env["sale.order"].search(self.env["sale.order"]._oms_booking_domain()))
        self.assertEqual(self._book(order).amount_total, 48.0)
        order._oms_on_settled(date(2026, 4, 9))
        self.assertEqual(order.oms_settled_on, date(2026, 3, 9))
        self.assertEqual(len(self._book(order)), 1)
