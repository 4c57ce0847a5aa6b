from dataclasses import replace
from datetime import timedelta

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from .common import OmsCommon


class TestChange(OmsCommon):
    """ORD-12: a change is looked at before it is made, made as a whole, and remembered."""

    def _change(self, order, kind="items", lines=(), **values):
        """A proposed change; ``lines``: (order line or None, product or None, quantity) each."""
        return self.env["oms.order.change"].create(
            {
                "order_id": order.id,
                "kind": kind,
                "line_ids": [
                    (
                        0,
                        0,
                        {"sale_line_id": line and line.id, "product_id": product and product.id, "quantity": quantity},
                    )
                    for line, product, quantity in lines
                ],
                **values,
            }
        )

    # ---------------------------------------------------------------------------------------------------- THE SCREEN

    def _screen(self, order):
        return Form(self.env["oms.order.change"].with_context(default_order_id=order.id))

    def test_the_screen_starts_with_the_lines_as_they_are_and_keeps_what_changed(self):
        order = self._order(("STD", 3, "10.00", 20), ("AVG", 2, "9.99", 20))
        screen = self._screen(order)
        rows = [screen.line_ids.edit(index) for index in range(len(screen.line_ids))]
        self.assertEqual(
            [(row.sale_line_id, row.quantity) for row in rows],
            [(line, line.product_uom_qty) for line in order.order_line],
        )
        self.assertEqual((screen.amount_difference, screen.refusal), (0, "Say what to change."))
        with screen.line_ids.edit(0) as row:
            row.quantity = 2
        self.assertFalse(screen.refusal)
        self.assertNotIn("Product AVG", screen.preview)
        change = screen.save()
        change.action_apply()
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [2, 2])
        self.assertEqual(change.line_ids.sale_line_id, order.order_line[0], "what stayed is no part of the history")

    def test_a_change_is_opened_from_the_list_where_it_has_its_buttons(self):
        change = self._change_address(self._order())
        action = change.action_open()
        self.assertEqual((action["res_model"], action["res_id"], action["target"]), (change._name, change.id, "new"))
        self.assertIn('action="action_open"', change.get_view(view_type="list")["arch"])

    def test_lines_that_have_left_may_stay_as_they_are(self):
        order = self._order(("STD", 3), ("AVG", 2))
        self._ship(order, {self.product_standard: 3})
        screen = self._screen(order)
        with screen.line_ids.edit(1) as row:
            row.quantity = 1
        screen.save().action_apply()
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [3, 1])

    def test_another_kind_of_change_has_no_lines(self):
        screen = self._screen(self._order(("STD", 3)))
        screen.kind = "address"
        self.assertEqual(len(screen.line_ids), 0)
        screen.kind = "items"
        self.assertEqual(len(screen.line_ids), 1)

    # ---------------------------------------------------------------------------------------------------- QUANTITIES

    def test_less_of_a_line_takes_its_share_and_the_transfer_follows(self):
        order = self._order(("STD", 3, "10.00", 20))
        change = self._change(order, lines=[(order.order_line, None, 2)])
        self.assertEqual((change.amount_before, change.amount_after), (12.00, 8.00))
        self.assertIn("paid back", change.preview)
        self.assertEqual(order.order_line.product_uom_qty, 3, "a preview changes nothing")
        change.action_apply()
        self.assertEqual((order.amount_untaxed, order.amount_tax, order.amount_total), (6.67, 1.33, 8.00))
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 2)
        self.assertEqual((change.state, change.total_before, change.total_after), ("applied", 12.00, 8.00))

    def test_the_parts_of_a_reduced_line_are_invoiced_to_its_new_amount(self):
        order = self._order(("STD", 3, "10.00", 20))
        self._change(order, lines=[(order.order_line, None, 2)]).action_apply()
        self._ship(order, {self.product_standard: 1})
        invoices = self._book(order)
        self._ship(order)
        invoices |= self._book(order)
        self.assertEqual(len(invoices), 2)
        self.assertEqual(sum(invoices.mapped("amount_total")), order.amount_total)

    def test_what_is_shown_is_what_it_comes_to(self):
        """Whatever the quantity and the tax: the preview is Odoo's own computation, and a difference would undo all."""
        for quantity in (1, 2, 4, 6, 7):
            with self.subTest(quantity=quantity):
                order = self._order(("STD", 5, "33.33", 5.5), ("AVG", 1, "9.99", 20))
                line = order.order_line[0]
                change = self._change(order, lines=[(line, None, quantity)])
                shown = change.amount_after
                change.action_apply()
                self.assertEqual(order.amount_total, shown)

    def test_a_line_is_removed_and_a_product_added(self):
        order = self._order(("STD", 1, "20.00", 20), ("AVG", 1, "20.00", 20))
        removed = order.order_line[0]
        change = self._change(order, lines=[(removed, None, 0), (None, self.product_fifo, 2)])
        self.assertEqual(change.amount_after, 24.00 + 48.00)
        change.action_apply()
        self.assertEqual(order.amount_total, 72.00)
        moves = order.picking_ids.move_ids.filtered(lambda move: move.state != "cancel")
        self.assertEqual(
            {move.product_id: move.product_uom_qty for move in moves}, {self.product_average: 1, self.product_fifo: 2}
        )

    def test_a_change_is_made_for_the_total_that_was_shown_or_not_at_all(self):
        order = self._order(("STD", 1, "20.00", 20))
        screen = Form(self.env["oms.order.change"].with_context(default_order_id=order.id))
        with screen.line_ids.new() as row:
            row.product_id = self.product_fifo
        self.assertEqual(screen.amount_after, 48.00)
        self.product_fifo.list_price = 50.0  # while the clerk talks with the customer
        change = screen.save()
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "84.00.*instead of the 48.00.*that were shown"), self.env.cr.savepoint():
            change.action_apply()
        self.assertEqual((change.state, order.amount_total), ("proposed", 24.00))
        change.action_look_again()
        change.action_apply()
        self.assertEqual((order.amount_total, change.total_shown), (84.00, 84.00))

    def test_a_substitute_costs_the_lower_of_both_prices(self):
        dear = self._create_product("DEAR", list_price=50.0)
        cheap = self._create_product("CHEAP", list_price=5.0)
        for product, untaxed in ((dear, 20.00), (cheap, 5.00)):
            with self.subTest(product=product.name):
                order = self._order(("STD", 1, "20.00", 20))
                self._change(order, lines=[(order.order_line, product, 1)]).action_apply()
                self.assertEqual(order.amount_untaxed, untaxed)
                wanted = order.order_line.filtered("product_uom_qty")
                self.assertEqual(wanted.product_id, product)

    def test_what_has_left_cannot_be_changed_away(self):
        order = self._order(("STD", 5, "100.00", 20))
        self._ship(order, {self.product_standard: 2})
        change = self._change(order, lines=[(order.order_line, None, 1)])
        self.assertIn("have left already", change.refusal)
        with self.assertRaisesRegex(UserError, "have left already"):
            change.action_apply()
        self.assertEqual(change.state, "proposed")
        change.line_ids.quantity = 2
        change.action_apply()
        self.assertEqual(order.order_line.product_uom_qty, 2)

    def test_an_order_is_not_changed_to_nothing(self):
        order = self._order(("STD", 1, "20.00", 20))
        self.assertIn("Cancel it", self._change(order, lines=[(order.order_line, None, 0)]).refusal)

    # --------------------------------------------------------------------------------------------------- TRUST IN TOTALS

    def test_the_total_after_a_change_was_accepted_with_it(self):
        self.channel.auto_release = False
        order = self._order(("STD", 3, "10.00", 20))
        self._change(order, lines=[(order.order_line, None, 2)]).action_apply()
        self.assertFalse(order._oms_total_differs())
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_a_total_that_was_changed_again_by_hand_is_not_accepted(self):
        self.channel.auto_release = False
        order = self._order(("STD", 3, "10.00", 20))
        self._change(order, lines=[(order.order_line, None, 2)]).action_apply()
        order.order_line.price_unit = 1.0
        self.assertTrue(order._oms_total_differs())

    def test_what_was_changed_here_is_not_written_over_by_the_channel(self):
        self.channel.auto_release = False
        doc = self._doc(lines=(self._line("STD", 3),))
        order = self._apply(doc)[0][0]
        self._change(order, lines=[(order.order_line, None, 2)]).action_apply()
        self._apply(replace(doc, note="New note", updated_at=doc.updated_at + timedelta(minutes=1)))
        self.assertEqual(order.order_line.product_uom_qty, 2)
        self.assertEqual(self._holds(order), [])
        more = replace(doc, updated_at=doc.updated_at + timedelta(minutes=2), lines=(self._line("STD", 4),))
        self._apply(replace(more, total=more.computed_total()))
        self.assertEqual(self._holds(order), ["change"])
        self.assertEqual(order.order_line.product_uom_qty, 2)

    # ------------------------------------------------------------------------------------------------ ADDRESS AND METHOD

    def test_a_new_address_reaches_the_open_transfers_and_no_other_order(self):
        order = self._order()
        old = order.partner_shipping_id
        change = self._change_address(order)
        self.assertIn(order.picking_ids.name, change.preview)
        change.action_apply()
        self.assertEqual(order.partner_shipping_id.street, "2 rue Neuve")
        self.assertEqual(order.picking_ids.partner_id, order.partner_shipping_id)
        self.assertNotEqual(old.street, "2 rue Neuve")
        self.assertEqual(order.amount_total, 24.00)
        self.assertFalse(order.picking_ids.activity_ids)

    def test_another_country_is_refused_because_of_its_taxes(self):
        order = self._order()
        change = self._change(order, "address", street="1 Weg", city="Berlin", country_id=self.env.ref("base.de").id)
        with self.assertRaisesRegex(UserError, "taxes"):
            change.action_apply()

    def test_from_shipping_to_pickup_the_goods_come_from_the_store(self):
        store = self.env["stock.warehouse"].create(
            {"name": "Store", "code": "STO", "company_id": self.company.id, "partner_id": self.warehouse.partner_id.id}
        )
        self._stock(self.product_standard, store, 5)
        self.channel.warehouse_ids = self.warehouse | store
        order = self._order(("STD", 2, "40.00", 20))
        before = order.picking_ids
        self._change(order, "method", delivery_method="pickup", pickup_warehouse_id=store.id).action_apply()
        self.assertEqual((order.oms_delivery_method, order.oms_pickup_warehouse_id), ("pickup", store))
        self.assertEqual(set(before.mapped("state")), {"cancel"})
        standing = order._oms_get_open_deliveries()
        self.assertEqual(standing.picking_type_id.warehouse_id, store)
        self.assertEqual(standing.move_ids.product_uom_qty, 2)
        self.assertEqual(self._holds(order), [])

    # ----------------------------------------------------------------------------------------------------- WHO AND WHEN

    def test_a_change_of_an_order_that_changed_meanwhile_fails_visibly(self):
        order = self._order(("STD", 3, "60.00", 20))
        change = self._change(order, lines=[(order.order_line, None, 2)])
        order.order_line._oms_set_quantity(1)
        with self.assertRaisesRegex(UserError, "changed by somebody else"):
            change.action_apply()
        change.action_look_again()
        change.action_apply()
        self.assertEqual(order.order_line.product_uom_qty, 2)

    def test_one_change_at_a_time(self):
        order = self._order()
        first = self._change(order, lines=[(order.order_line, None, 2)])
        with self.assertRaises(psycopg2.errors.UniqueViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self._change(order, lines=[(order.order_line, None, 3)])
        first.action_withdraw()
        self._change(order, lines=[(order.order_line, None, 3)]).action_apply()
        self.assertEqual(order.oms_change_ids.mapped("state"), ["applied", "withdrawn"])

    def test_what_was_decided_is_history(self):
        order = self._order(("STD", 3, "60.00", 20))
        change = self._change(order, lines=[(order.order_line, None, 2)])
        change.action_apply()
        for forbidden in (
            lambda: change.write({"note": "x"}),
            change.unlink,
            change.action_apply,
            change.action_withdraw,
            lambda: change.line_ids.write({"quantity": 1}),
            change.line_ids.unlink,
        ):
            with self.assertRaises(UserError):
                forbidden()

    def test_customers_may_until_somebody_picks(self):
        order = self._order()
        allowed = order._oms_get_allowed_changes()
        self.assertEqual(allowed["address"], (True, "", ""))
        order.picking_ids.printed = True
        self.assertEqual(order._oms_get_allowed_changes()["address"][1], "picking")
        self.assertTrue(order._oms_get_allowed_changes("clerk")["address"][0])
        self.channel.change_policy = "none"
        self.assertEqual(order._oms_get_allowed_changes()["cancel"][1], "not_offered")

    def test_a_customer_cannot_order_more_by_a_change(self):
        order = self._order(("STD", 1, "20.00", 20))
        change = self._change(order, lines=[(order.order_line, None, 2)], asked_by="customer")
        self.assertIn("place another order", change.refusal)

    def test_who_may_not_change_an_order_cannot_apply_a_change(self):
        order = self._order()
        change = self._change(order, lines=[(order.order_line, None, 2)])
        salesman = self._create_user("change_salesman", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            change.with_user(salesman).action_apply()
        clerk = self._create_user("change_clerk", "oms_core.group_oms_user")
        change.with_user(clerk).action_apply()
        self.assertEqual(change.decided_by_id, clerk)
