from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .common import TillCommon


@tagged("post_install", "-at_install")
class TestTill(TillCommon):
    """What is sold at the till is an order like any other, and nothing of it is moved, booked or charged again."""

    def _moves(self):
        return self.env["stock.move"].search([("company_id", "=", self.company.id)])

    def _entries(self):
        return self.env["account.move"].search([("company_id", "=", self.company.id)])

    def test_a_till_has_a_channel_from_the_start_and_only_one(self):
        channel = self.env["oms.channel"].search([("pos_config_id", "=", self.till.id)])
        self.assertEqual((channel.platform, channel.name, channel.company_id), ("pos", "Front till", self.company))
        self.assertEqual(channel.source_type, "store")
        self.assertEqual(self.till._oms_get_channel(), channel)
        self.assertEqual(channel.warehouse_ids, self.warehouse)

    def test_a_sale_stands_in_the_list_picked_up_and_paid(self):
        order = self._sold(self._part(qty=3))
        self.assertEqual((order.state, order.oms_status, order.invoice_status), ("sale", "collected", "invoiced"))
        self.assertEqual(order.oms_channel_id, self.till._oms_get_channel())
        self.assertEqual((order.amount_total, order.oms_channel_total), (72, 72))
        self.assertEqual(order.oms_payment_method, "Cash")
        self.assertEqual(order.order_line.mapped("qty_delivered"), [3])
        self.assertEqual(order.order_line.mapped("qty_invoiced"), [3])
        self.assertEqual(order.partner_id, self.env.ref("oms_pos.partner_walk_in"))
        self.assertIn(order, self.env["sale.order"].search([("oms_status", "=", "collected")]), "SQL says the same")
        self.assertFalse(order.oms_touched, "nobody touched it")

    def test_nothing_is_moved_reserved_or_booked_for_it_but_by_the_till(self):
        sale = self._sell(self._part(qty=3))
        moves, entries = self._moves(), self._entries()
        self._capture()
        order = sale.oms_order_ids
        self._book(order)
        self.assertEqual(self._moves(), moves)
        self.assertEqual(self._entries(), entries)
        self.assertFalse(order.oms_reservation_ids)
        entry = self._close()
        self._book(order)
        self.assertEqual(self._moves(), moves, "the goods left once")
        self.assertFalse(order.invoice_ids)
        self.assertEqual(entry.state, "posted")
        income = entry.line_ids.filtered(lambda line: line.account_id.account_type == "income")
        self.assertEqual(sum(income.mapped("balance")), -60)
        self.assertEqual(sum(entry.line_ids.filtered("tax_line_id").mapped("balance")), -12)
        cost = entry.line_ids.filtered(lambda line: line.account_id.account_type in ("expense", "expense_direct_cost"))
        self.assertEqual(sum(cost.mapped("balance")), 30, "cost of goods once")
        made = self._entries() - entries
        self.assertEqual(self._net(self.cash_journal.default_account_id, made), 72, "the drawer has the money once")
        self.assertEqual(
            self._net(self.company.account_default_pos_receivable_account_id, made), 0, "and nobody owes anything"
        )

    def test_it_is_captured_once_however_often_the_job_runs(self):
        sale = self._sell(self._part())
        self._capture()
        first = sale.oms_order_ids
        sale.oms_to_capture = True  # as after a job that was killed before it could say that it was done
        self._capture()
        self.assertEqual(sale.oms_order_ids, first)
        self.assertFalse(sale.oms_to_capture)

    def test_one_sale_that_cannot_be_captured_says_why_and_stops_no_other(self):
        bad, good = self._sell(self._part()), self._sell(self._part())
        other = self.env["res.company"].create({"name": "Other company"})
        bad.partner_id = self.env["res.partner"].create({"name": "Of the other company", "company_id": other.id})
        with self.assertLogs("odoo.addons.oms_core.alone", "WARNING"):
            self._capture()
        self.assertTrue(bad.oms_capture_error)
        self.assertTrue(good.oms_order_ids)
        bad.partner_id.company_id = False
        bad.action_oms_capture()
        self.assertTrue(bad.oms_order_ids)
        self.assertFalse(bad.oms_capture_error)

    def test_totals_and_taxes_are_the_till_s_to_the_cent(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        included = self._create_tax(7, price_include_override="tax_included")
        odd = self._create_product("ODD", lst_price=10.07, taxes_id=[Command.set(included.ids)])
        service = self._create_product(
            "TIP", type="service", is_storable=False, lst_price=1, taxes_id=[Command.clear()]
        )
        card = self._create_product("THIRD", lst_price=3.333, taxes_id=[Command.set((self.tax_20 | self.tax_55).ids)])
        cases = {
            "many small lines": [self._part(odd, 1) for _number in range(7)],
            "a discount on a line": [self._part(odd, 3, discount=33.33), self._part(qty=2)],
            "a discount on all of it": [self._part(odd, 3), self._part(service, 1, price_unit=-4.21)],
            "a tip": [self._part(), self._part(service, 1, price_unit=2.37)],
            "two taxes and thirds": [self._part(card, 7), self._part(card, 1.5), self._part(odd, 2)],
            "for nothing": [self._part(qty=2, discount=100)],
        }
        for name, parts in cases.items():
            with self.subTest(name):
                order = self._sold(*parts)
                sale = order.oms_pos_order_id
                self.assertEqual(
                    (round(order.amount_total, 2), round(order.amount_tax, 2)),
                    (round(sale.amount_total, 2), round(sale.amount_tax, 2)),
                )
                self.assertFalse(order.oms_on_hold)
                self.assertEqual(order.invoice_status, "invoiced")

    def test_what_the_till_rounds_off_stands_in_a_line_of_its_own(self):
        till = self._create_rounding_till()
        order = self._sold(
            self._part(price_unit=10.02), pay=[(till.payment_method_ids.filtered("is_cash_count"), 12.0)], till=till
        )
        sale = order.oms_pos_order_id
        self.assertEqual(order.amount_total, sale.amount_total)
        self.assertEqual(order.invoice_status, "invoiced", "the rounding is not left to invoice")
        self.assertFalse(order.oms_on_hold)

    def test_several_ways_of_paying_are_named(self):
        order = self._sold(self._part(qty=2), pay=[(self.cash, 8), (self.card, 40)])
        self.assertEqual(order.oms_payment_method, "Cash, Card")

    def test_a_customer_who_is_known_has_the_order_and_keeps_the_fiscal_position(self):
        free = self.env["account.fiscal.position"].create({"name": "Without tax", "company_id": self.company.id})
        zero = self._create_tax(0, fiscal_position_ids=[Command.set(free.ids)], original_tax_ids=self.tax_20.ids)
        customer = self.env["res.partner"].create({"name": "Known", "country_id": self.country.id})
        sale = self._sell(
            self._part(tax_ids=[Command.set(zero.ids)]), partner_id=customer.id, fiscal_position_id=free.id
        )
        self._capture()
        order = sale.oms_order_ids
        self.assertEqual((order.partner_id, order.fiscal_position_id), (customer, free))
        self.assertEqual((order.amount_total, order.amount_tax), (sale.amount_total, 0))

    def test_an_invoice_asked_for_at_the_till_is_the_only_one(self):
        customer = self.env["res.partner"].create({"name": "Wants an invoice", "country_id": self.country.id})
        order = self._sold(self._part(), partner_id=customer.id, to_invoice=True)
        sale = order.oms_pos_order_id
        self.assertEqual(sale.account_move.state, "posted")
        self._book(order)
        invoices = self._entries().filtered(lambda move: move.move_type == "out_invoice")
        self.assertEqual(invoices, sale.account_move)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_what_comes_back_at_the_till_is_an_order_of_its_own_and_known_on_the_first(self):
        order = self._sold(self._part(qty=3))
        refund = self._refund(order.oms_pos_order_id, qty=1)
        self._capture()
        back = refund.oms_order_ids
        self.assertEqual((back.amount_total, back.amount_tax), (-24, -4))
        self.assertEqual((back.oms_status, back.invoice_status), ("returned", "invoiced"))
        self.assertEqual(order.oms_status, "returned_part")
        self.assertEqual(order.order_line.qty_delivered, 3, "nobody has to send it again")
        self.assertNotIn("Cancelled", order.order_line.name)
        self._refund(order.oms_pos_order_id, qty=2)
        self._capture()
        self.assertEqual(order.oms_status, "returned")
        orders = self.env["sale.order"].search([("oms_channel_id", "=", order.oms_channel_id.id)])
        self.assertEqual(sum(orders.mapped("amount_total")), 0, "the list sums to what the till took")
        self._close()

    def _sold_to_ship(self, *parts, **values):
        """The order of what was sold at the till and leaves tomorrow."""
        customer = self.env["res.partner"].create(
            {"name": "At home", "street": "1 rue X", "zip": "75001", "city": "Paris", "country_id": self.country.id}
        )
        self.till.write({"ship_later": True, "warehouse_id": self.warehouse.id})
        tomorrow = fields.Date.add(fields.Date.today(), days=1)
        return self._sold(*parts, partner_id=customer.id, shipping_date=fields.Date.to_string(tomorrow), **values)

    def test_what_is_shipped_later_is_a_delivery_of_the_order(self):
        order = self._sold_to_ship(self._part(qty=2))
        delivery = order.oms_pos_order_id.picking_ids
        self.assertEqual(order.picking_ids, delivery, "the till's own transfer, and no second one")
        self.assertEqual((order.oms_status, order.invoice_status), ("sourced", "invoiced"))
        self.assertEqual((order.oms_delivery_method, order.order_line.qty_delivered), ("ship", 0))
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 2)
        self.assertIn(order.oms_status, ("shipped", "delivered"))
        self.assertFalse(self._book(order))
        self._close()
        self.assertFalse(order.invoice_ids)

    def _cut_off(self):
        """What is open today: [(kind, quantity, amount)]"""
        rows = self.env["oms.cut.off"].search(
            [("company_id", "=", self.company.id), ("kind", "in", ("shipped_not_invoiced", "invoiced_not_shipped"))]
        )
        return [(row.kind, row.quantity, row.amount) for row in rows]

    def test_what_is_shipped_later_is_so_still_when_its_sale_comes_from_the_till_once_more(self):
        """A receipt is printed again, or an invoice is asked for later."""
        order = self._sold_to_ship(self._part(qty=2))
        sale, move = order.oms_pos_order_id, order.picking_ids.move_ids
        for _time in range(2):
            again = {"id": sale.id, "uuid": sale.uuid, "state": "paid", "session_id": sale.session_id.id, "lines": []}
            again |= {
                "nb_print": 2,
                "company_id": self.company.id,
                "payment_ids": [],
                "amount_total": sale.amount_total,
            }
            self.env["pos.order"].with_user(self.cashier).sync_from_ui([again])
            self.env.invalidate_all()
            self.assertEqual((move.product_uom_qty, move.state), (2, "assigned"))
        self._ship(order)
        self.assertEqual((order.order_line.qty_delivered, order.oms_status), (2, "shipped"))

    def test_of_what_is_shipped_later_all_leaves_but_what_was_given_back_before(self):
        order = self._sold_to_ship(self._part(qty=3))
        move = order.picking_ids.move_ids
        self._refund(order.oms_pos_order_id, qty=1)
        self._capture()
        self.assertEqual((move.product_uom_qty, move.state), (2, "assigned"))
        self._close()
        self.assertEqual(self._cut_off(), [("invoiced_not_shipped", 2, 2 * 20)])
        self._ship(order)
        self.assertEqual(self._cut_off(), [])

    def test_what_is_given_back_before_it_left_does_not_come_in_and_gives_no_cost_back(self):
        """Less leaves instead; what has left and is given back comes in."""
        for mode in ("real", "closing"):
            with self.subTest(mode):
                self.company.point_of_sale_update_stock_quantities = mode
                product = self._create_product(f"LATER-{mode}", lst_price=20, standard_price=10)
                self._stock(product, self.warehouse, 10)
                order = self._sold_to_ship(self._part(product, qty=3))
                self._refund(order.oms_pos_order_id, qty=1)
                self._capture()
                self._ship(order)
                entry = self._close()
                self.env.invalidate_all()
                self.assertEqual((product.qty_available, order.order_line.qty_delivered), (8, 2))
                cost = entry.line_ids.filtered(lambda line: line.account_id.account_type.startswith("expense"))
                self.assertFalse(cost.mapped("balance"))
                self._refund(order.oms_pos_order_id, qty=1)
                self._close()
                self.env.invalidate_all()
                self.assertEqual(product.qty_available, 9)

    def test_a_repayment_that_was_called_off_at_the_till_leaves_nothing_open(self):
        order = self._sold_to_ship(self._part(qty=3))
        self._refund(order.oms_pos_order_id, qty=1)
        self._capture()
        begun = self.env["pos.order"].browse(order.oms_pos_order_id.refund()["res_id"])
        begun.action_pos_order_cancel()
        self.assertTrue(begun.lines.refunded_orderline_id)
        self._close()
        self._ship(order)
        self.assertEqual(self._cut_off(), [])

    def test_what_was_to_be_shipped_later_and_is_given_back_in_parts_is_called_off(self):
        order = self._sold_to_ship(self._part(qty=3))
        for count in (1, 2):
            self._refund(order.oms_pos_order_id, qty=count)
            self._capture()
        self.assertEqual(order.picking_ids.filtered("sale_id").move_ids.mapped("state"), ["cancel"])
        self._close()
        self.assertEqual(self._cut_off(), [])

    def test_what_is_shipped_later_is_charged_by_its_session_and_not_accrued_once_more(self):
        order = self._sold_to_ship(self._part(qty=2, price_unit=48), self._part(price_unit=24))
        self.assertEqual(self._cut_off(), [], "neither booked nor gone")
        self._close()
        open_rows = [("invoiced_not_shipped", 1, 24), ("invoiced_not_shipped", 2, 2 * 48)]
        self.assertEqual(sorted(self._cut_off()), open_rows, "each line for itself")
        self._ship(order)
        self.assertEqual(self._cut_off(), [])
        yesterday = self.company._oms_get_today() - timedelta(days=1)
        for move in order.order_line.move_ids:
            move.date -= timedelta(days=2)
        self.assertTrue(self.company._oms_get_accrued(yesterday), "it had left, and the session was open")
        order.oms_pos_order_id.session_id.move_id.with_context(skip_readonly_check=True).date = yesterday
        self.assertFalse(self.company._oms_get_accrued(yesterday), "the session has booked it")

    def test_what_was_to_be_shipped_later_and_is_given_back_instead_is_not_open(self):
        order = self._sold_to_ship(self._part(qty=2))
        self._close()
        order.picking_ids.action_cancel()
        self.assertEqual(self._cut_off(), [("invoiced_not_shipped", 2, 40)])
        self._refund(order.oms_pos_order_id)
        self._capture()
        self._close()
        self.assertEqual(self._cut_off(), [])

    def test_what_is_shipped_later_and_invoiced_at_the_till_is_not_open(self):
        order = self._sold_to_ship(self._part(qty=2), to_invoice=True)
        self._ship(order)
        self.assertEqual(self._cut_off(), [])
        self._close()
        self.assertEqual(self._cut_off(), [])

    def test_what_is_handed_over_is_never_open(self):
        order = self._sold(self._part(qty=2))
        self._refund(order.oms_pos_order_id, qty=1)
        self._capture()
        self.assertEqual(self._cut_off(), [])
        self._close()
        self.assertEqual(self._cut_off(), [])

    def test_what_a_till_has_sold_does_not_keep_the_auditor_from_looking_at_other_orders(self):
        for _number in range(2):
            self._sold(self._part())
        order = self._order(("STD", 2))
        self._ship(order)
        self._book(order)
        self.env.flush_all()
        self.env.cr.execute("UPDATE sale_order_line SET qty_delivered = 1 WHERE order_id = %s", [order.id])
        self.env.invalidate_all()
        auditor = self.env["oms.check"]
        with patch("odoo.addons.oms_core.models.oms_check.CHECK_VIOLATIONS_MAX", 1):
            [found] = auditor._find(self.company, {"quantities"}).values()
        self.assertEqual([violation.order_id for violation in found], [order.id])
        with patch.object(type(auditor), "_judge_line", lambda _auditor, line, *_sums: line):
            [judged] = auditor._find(self.company, {"quantities"}).values()
        self.assertEqual(judged, [order.order_line], "what tills have sold is not even counted again")

    def test_a_product_on_two_lines_that_is_shipped_later_leaves_for_both(self):
        order = self._sold_to_ship(
            self._part(qty=1, price_unit=10), self._part(qty=2, price_unit=8), self._part(qty=1, price_unit=0)
        )
        moves = order.oms_pos_order_id.picking_ids.move_ids
        self.assertEqual(
            [sum(line.move_ids.mapped("product_uom_qty")) for line in order.order_line],
            [1, 2, 1],
            [(move.product_uom_qty, move.sale_line_id.product_uom_qty) for move in moves],
        )
        self.assertEqual(set(moves.mapped("state")), {"assigned"}, "what was reserved stays so")
        self._ship(order)
        self.assertEqual([line._oms_get_left() for line in order.order_line], [1, 2, 1])
        self.assertEqual(order.order_line.mapped("qty_delivered"), [1, 2, 1])
        self.assertIn(order.oms_status, ("shipped", "delivered"))
        self._close()

    def test_reports_of_odoo_count_a_sale_once(self):
        order = self._sold(self._part(qty=2))
        self.env.flush_all()
        rows = self.env["sale.report"].search([("product_id", "=", self.product_standard.id)])
        self.assertEqual(sum(rows.mapped("product_uom_qty")), 2)
        self.assertIn(order.oms_pos_order_id.lines.sale_order_line_id.order_id, rows.mapped("order_reference"))
