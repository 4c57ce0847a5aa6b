"""ACC-02: an invoice that comes before its goods earns nothing until they leave; then each parcel earns what it is worth."""

from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import freeze_time

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


class TestCostWhenItLeaves(OmsCommon):
    """What goods are worth on the day on which they leave is their cost, whatever it was on the day of their invoice."""

    def setUp(self):
        super().setUp()
        self.channel.invoice_policy = "payment"
        self.accounts = self._account("cogs"), self._account("stock")

    def _look(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_collect").method_direct_trigger()

    def _invoiced(self, sku="AVG", quantity=3, **values):
        """An order that is invoiced at the cost of ten."""
        self.before = self._net(self.accounts[1])
        order = self._apply(self._doc(lines=(self._line(sku, quantity),), **values))[0][0]
        self._book(order)
        self._look()
        self.assertEqual(self._stand(), (0.0, 0.0))
        return order

    def _stand(self):
        """Cost of goods, and the stock since the order came: debits less credits."""
        cost, stock = self.accounts
        return self._net(cost), self.company.currency_id.round(self._net(stock) - self.before)

    def _left(self, order, quantity=None):
        """So much leaves, and the order is looked at; the books say of the cost what the transfers do."""
        self._ship(order, {order.order_line.product_id: quantity} if quantity else None)
        self._look()
        moves = order.order_line.move_ids
        return self._agree(order), sum(moves.filtered("is_out").mapped("value"))

    def _agree(self, order):
        moves = order.order_line.move_ids
        value = sum(moves.filtered("is_out").mapped("value")) - sum(moves.filtered("is_in").mapped("value"))
        self.assertEqual(self._stand(), (value, -value))
        self.assertFalse(order._oms_defer(), "once only")
        self.assertNothingWrong(until=fields.Datetime.add(fields.Datetime.now(), days=2))
        return value

    def _entries(self, order):
        return self.env["account.move"].search([("oms_key", "=like", f"deferral:{order.id}:%")], order="id")

    def _cost(self, product, cost):
        """From now on a piece is worth so much."""
        if product.cost_method == "standard":
            product.standard_price = cost
        else:
            self._buy(product, 100, 2 * cost - 10)  # beside a hundred at ten

    def test_a_standard_price_that_changed_after_the_invoice_is_the_cost_when_the_parcel_leaves(self):
        order = self._invoiced("STD")
        self._cost(self.product_standard, 16)

        def to_close():
            """What the closing of the valuation would book."""
            closing = self.company._action_close_stock_valuation()
            return sum(item["debit"] - item["credit"] for item in closing if item["account_id"] == self.accounts[1].id)

        before = to_close()
        self.assertEqual(self._left(order)[0], 48)
        self.assertAlmostEqual(to_close(), before, 2)
        self.assertEqual(len(self._entries(order)), 2)

    def test_an_average_cost_that_changed_is_told_by_the_entry_in_a_sentence(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self.assertEqual(self._left(order)[0], 60)
        items = self._entries(order)[-1].line_ids.filtered("oms_corrected_line_id")
        self.assertEqual((items.balance, items.oms_corrected_line_id), (30, order.order_line))
        self.assertRegex(
            items.name, "30.00.* is booked with its invoice .*Product AVG, which was worth 60.00.* when it left"
        )

    def test_two_parcels_at_two_costs_have_each_its_own(self):
        order = self._invoiced()
        self.assertEqual(self._left(order, 1)[0], 10)
        self._cost(self.product_average, 20)
        cost, taken = self._left(order)
        self.assertGreater(cost, 45)
        self.assertEqual(cost, taken)

    def test_of_first_in_first_out_the_layer_that_leaves_is_the_cost(self):
        order = self._invoiced("FIFO")
        self._buy(self.product_fifo, 10, 30)
        other = self._order(("FIFO", 99, "1980.00", 20))
        other.oms_channel_id = self._create_channel("OTHER")
        self._ship(other)
        self._ship(order)
        self._look()
        self.assertEqual(order.order_line.move_ids.value, 10 + 2 * 30)
        self.assertEqual(self._stand(), (70, -70))

    def test_goods_without_a_cost_on_the_day_of_their_invoice_have_that_of_the_day_on_which_they_leave(self):
        self.product_standard.standard_price = 0
        order = self._invoiced("STD")
        self.assertFalse(order.invoice_ids.line_ids.filtered(lambda item: item.display_type == "cogs"))
        self.product_standard.standard_price = 12
        self.assertEqual(self._left(order)[0], 36)

    def _take_back(self, order, quantity, credit=True):
        picking = order.picking_ids.filtered(lambda one: one.state == "done" and one.picking_type_code == "outgoing")[
            :1
        ]
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=picking.id, active_ids=picking.ids, active_model="stock.picking")
            .create({})
        )
        wizard.product_return_moves.quantity = quantity
        back = wizard._create_return()
        back.move_ids.quantity = quantity
        back.move_ids.picked = True
        back.button_validate()
        if credit:
            self._credit(order, quantity)

    def _credit(self, order, quantity):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=order.invoice_ids.ids)
            .create({"journal_id": order.invoice_ids.journal_id.id, "reason": "back"})
        )
        wizard.refund_moves()
        wizard.new_move_ids.invoice_line_ids.quantity = quantity
        wizard.new_move_ids.action_post()

    def test_what_comes_back_takes_back_the_cost_at_which_it_left(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self._left(order)
        self._buy(self.product_average, 100, 90)
        self._take_back(order, 1)
        self._look()
        self.assertEqual(self._agree(order), 40)
        note = order.invoice_ids.filtered(lambda move: move.move_type == "out_refund")
        cogs = note.line_ids.filtered(lambda item: item.display_type == "cogs")
        self.assertEqual(sum(cogs.mapped("credit")), 10, "as its invoice, which the credit note reverses")

    def test_a_product_that_moved_to_a_category_with_other_accounts_keeps_its_correction_when_some_comes_back(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self._left(order)
        stock = self.accounts[1].copy({"code": "STOCKB"})
        self.product_average.categ_id = self.product_average.categ_id.copy(
            {"name": "Elsewhere", "property_stock_valuation_account_id": stock.id}
        )
        self._take_back(order, 1)
        self._look()
        self.assertEqual(self._net(self.accounts[0]), 40)
        self.assertEqual(self._stand()[1] + self._net(stock), -40)

    def test_what_a_vendor_sends_of_a_line_costs_what_its_bill_says_and_the_rest_what_it_was_worth(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self.assertEqual(self._left(order, 1)[0], 20)
        order.picking_ids.filtered(lambda picking: picking.state != "done").action_cancel()
        move = self.env["stock.move"].create(
            {
                "product_id": self.product_average.id,
                "product_uom_qty": 2,
                "location_id": self.env.ref("stock.stock_location_suppliers").id,
                "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                "sale_line_id": order.order_line.id,
            }
        )
        move._action_confirm()
        move.write({"quantity": 2, "picked": True})
        move._action_done()
        self.assertTrue(move.is_dropship)
        order.action_oms_look_at_money()
        self._look()
        self.assertEqual(self._stand(), (20, -20))

    def test_what_came_back_and_is_not_credited_is_still_a_cost(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self._left(order)
        self._take_back(order, 1, credit=False)
        self._look()
        self.assertEqual(self._stand()[0], 60)

    def test_a_rest_that_is_called_off_after_a_parcel_costs_nothing(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self._left(order, 1)
        order.picking_ids.filtered(lambda picking: picking.state != "done").action_cancel()
        self._credit(order, 2)
        self._look()
        self.assertEqual(self._agree(order), 20)

    def test_what_never_left_and_is_credited_costs_nothing_whatever_it_would_now(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self._credit(order, 3)
        self._look()
        self.assertEqual((self._stand(), order._oms_get_deferral().corrections), ((0.0, 0.0), {}))

    def test_in_a_closed_month_the_difference_is_booked_today(self):
        today = fields.Date.today()
        with freeze_time(fields.Date.subtract(today, days=5)):
            order = self._invoiced("STD")
            self._cost(self.product_standard, 20)
            self._ship(order)
        self.company.fiscalyear_lock_date = fields.Date.subtract(today, days=1)
        self._look()
        self.assertEqual((self._entries(order)[-1].date, self._stand()), (today, (60, -60)))

    def test_an_order_in_dollars_has_its_cost_in_the_currency_of_the_company(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 1.25}
        )
        order = self._invoiced(currency="USD")
        self._cost(self.product_average, 20)
        self.assertEqual(self._left(order)[0], 60)

    def test_at_the_same_cost_nothing_is_corrected_for_a_cent_of_rounding(self):
        self.product_standard.standard_price = 3.3333
        order = self._invoiced("STD")
        for _parcel in range(3):
            self._ship(order, {self.product_standard: 1})
            self._look()
        self.assertFalse(self._entries(order).line_ids.oms_corrected_line_id)

    def test_the_margin_of_the_order_and_the_customer_is_that_of_the_ledger(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self._left(order)
        self.env.flush_all()
        rows = self.env["oms.margin.report"].search([("order_id", "=", order.id), ("kind", "=", "goods")])
        self.assertEqual((sum(rows.mapped("amount")), rows.sale_line_id), (-60, order.order_line))
        self.assertEqual(rows.product_id, self.product_average)
        steps = [step for step in order._oms_get_order_to_cash().steps if step.kind == "cost"]
        self.assertEqual([step.amount for step in steps], [-30])
        scores = self.env["oms.customer.score"]._get_values(self.company)
        self.assertEqual(scores[order.partner_id.commercial_partner_id.id]["cost"], 60)

    def test_a_correction_that_somebody_deletes_is_told_by_the_auditor_and_booked_again(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self._left(order)
        entry = self._entries(order)[-1]
        entry.button_draft()
        entry.with_context(force_delete=True).unlink()
        auditor = self.env["oms.check"]
        scope = auditor._get_scope(self.company)
        scope = type(scope)(scope.since, fields.Datetime.add(fields.Datetime.now(), days=2), scope.limit)
        self.env.flush_all()
        [found] = auditor._find(self.company, {"costs"}, scope).values()
        self.assertEqual([violation.order_id for violation in found], [order.id])
        order.action_oms_look_at_money()
        self._look()
        self._agree(order)

    def test_a_correction_that_somebody_reverses_is_booked_again_and_the_margin_stays_that_of_the_ledger(self):
        order = self._invoiced()
        self._cost(self.product_average, 20)
        self._left(order)
        entry = self._entries(order)[-1]
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=entry.ids)
            .create({"journal_id": entry.journal_id.id})
        )
        wizard.refund_moves()
        wizard.new_move_ids.filtered(lambda move: move.state == "draft").action_post()
        self.assertEqual(self._stand()[0], 0)
        order.action_oms_look_at_money()
        self._look()
        self.assertEqual(self._stand(), (60, -60))
        self.env.flush_all()
        rows = self.env["oms.margin.report"].search([("order_id", "=", order.id), ("kind", "=", "goods")])
        self.assertEqual(sum(rows.mapped("amount")), -60)

    def test_goods_that_are_sold_by_the_dozen_are_worth_their_pieces(self):
        order = self._invoiced("STD", 2)
        line = order.order_line
        self.assertEqual(line._oms_get_worth(0, 0), 0)
        self.assertIsNone(line._oms_get_worth(1, 0), "nothing has left")
        self._left(order)
        line.product_uom_id = self.env.ref("uom.product_uom_dozen")
        self.assertEqual(line._oms_get_worth(Decimal("0.125"), 0), 15)

    def test_many_lines_are_looked_at_without_more_queries_for_each(self):
        def queries(count):
            products = [self._create_product(f"M{count}-{number}") for number in range(count)]
            for product in products:
                self._stock(product, self.warehouse, 5)
            order = self._apply(self._doc(lines=tuple(self._line(one.default_code) for one in products)))[0][0]
            self._book(order)
            order._oms_defer()
            self._ship(order)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            order._oms_get_deferral()
            return self.env.cr.sql_log_count - before

        few, many = queries(2), queries(20)
        self.assertLess(many - few, 6, f"{few}, {many}")


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
