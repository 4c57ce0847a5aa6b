from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.fields import Command

from .common import OmsCommon


class TestPromise(OmsCommon):
    """INV-06, INV-12, INV-17: what waits for goods has a date, which follows the receipts."""

    def setUp(self):
        super().setUp()
        self.product = self._create_product("BACK")
        self.now = fields.Datetime.now().replace(microsecond=0)
        self.told = []
        test = self

        def notify(orders, event, pickings=None):
            test.told += [(order.name, event) for order in orders]

        self.patch(type(self.env["sale.order"]), "_oms_notify", notify)

    def _in_days(self, days):
        return self.now + timedelta(days=days)

    def _receipt(self, quantity, days, **values):
        """A receipt from a vendor that is scheduled in so many days."""
        move = self.env["stock.move"].create(
            {
                "product_id": self.product.id,
                "product_uom_qty": quantity,
                "product_uom": self.product.uom_id.id,
                "location_id": self.env.ref("stock.stock_location_suppliers").id,
                "location_dest_id": self.warehouse.lot_stock_id.id,
                "picking_type_id": self.warehouse.in_type_id.id,
                "date": self._in_days(days),
                **values,
            }
        )
        move._action_confirm(merge=False)
        return move

    def _wants(self, quantity, **values):
        return self._order(("BACK", quantity, f"{20 * quantity}.00", 20), **values)

    def _promise_again(self):
        self.told.clear()
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_promise").method_direct_trigger()
        self.env.invalidate_all()

    def test_what_waits_is_promised_with_the_receipt_that_covers_it(self):
        self._receipt(5, 3)
        self._receipt(5, 9)
        first, second = self._wants(4), self._wants(3)
        self.assertEqual(first.oms_promised_at, self._in_days(3))
        self.assertEqual(second.oms_promised_at, self._in_days(9))
        self.assertEqual(second.order_line.oms_promised_at, self._in_days(9))
        self.assertFalse([event for _order, event in self.told if event == "promise_changed"])

    def test_an_order_whose_goods_are_there_is_promised_nothing(self):
        self._stock(self.product, self.warehouse, 5)
        self.assertFalse(self._wants(4).oms_promised_at)

    def test_a_changed_date_is_promised_and_told_once(self):
        receipt = self._receipt(5, 3)
        order = self._wants(4)
        receipt.date = self._in_days(6)
        self._promise_again()
        self.assertEqual(order.oms_promised_at, self._in_days(6))
        self.assertEqual(self.told, [(order.name, "promise_changed")])
        self.assertIn(receipt.reference, order.message_ids[0].body)
        self._promise_again()
        self.assertEqual(self.told, [])

    def test_a_receipt_that_is_called_off_leaves_no_date(self):
        receipt = self._receipt(5, 3)
        order = self._wants(4)
        receipt._action_cancel()
        self._promise_again()
        self.assertFalse(order.oms_promised_at)
        self.assertEqual(self.told, [(order.name, "promise_changed")])
        self.assertIn("no date can be promised", order.message_ids[0].body)

    def test_an_overdue_receipt_does_not_count(self):
        self._receipt(5, -2)
        self.assertFalse(self._wants(4).oms_promised_at)

    def test_what_has_arrived_in_time_changes_nothing(self):
        receipt = self._receipt(5, 3)
        order = self._wants(4)
        receipt.quantity = 5
        receipt.picked = True
        receipt._action_done()
        self._promise_again()
        self.assertEqual((order.oms_promised_at, self.told), (self._in_days(3), []))

    def test_a_receipt_that_changes_wakes_the_job_and_a_delivery_does_not(self):
        cron = self.env.ref("oms_core.cron_promise")
        count = lambda: self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])  # noqa: E731
        receipt = self._receipt(5, 3)
        before = count()
        receipt.date = self._in_days(4)
        self.assertEqual(count(), before)  # nobody waits for it
        self._wants(9)
        before = count()
        receipt.date = self._in_days(5)
        self.assertGreater(count(), before)
        before = count()
        self._ship(self._order(("STD", 1, "20.00", 20)))
        self.assertEqual(count(), before)

    def test_the_date_of_a_purchase_is_the_one_of_the_purchase_order(self):
        """Odoo writes a new date of the purchase order to the receipt's deadline only."""
        if "purchase_line_id" not in self.env["stock.move"]._fields:
            return
        vendor = self.env["res.partner"].create({"name": "Vendor"})
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": vendor.id,
                "picking_type_id": self.warehouse.in_type_id.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "product_qty": 5,
                            "price_unit": 10,
                            "date_planned": self._in_days(3),
                        }
                    )
                ],
            }
        )
        purchase.button_confirm()
        order = self._wants(4)
        self.assertEqual(order.oms_promised_at, self._in_days(3))
        purchase.order_line.date_planned = self._in_days(8)
        self._promise_again()
        self.assertEqual(order.oms_promised_at, self._in_days(8))
        self.assertEqual(self.told, [(order.name, "promise_changed")])

    def test_a_receipt_of_two_steps_is_counted_once(self):
        self.warehouse.reception_steps = "two_steps"
        first = self._receipt(
            5,
            3,
            location_dest_id=self.warehouse.wh_input_stock_loc_id.id,
            location_final_id=self.warehouse.lot_stock_id.id,
        )
        key = self.warehouse.id, self.product.id
        read = self.env["oms.availability"]._get_receipts
        self.assertEqual([r.quantity for r in read(self.product, self.warehouse)[key]], [5])
        first.quantity = 5
        first.picked = True
        first._action_done()
        self.assertEqual([r.quantity for r in read(self.product, self.warehouse)[key]], [5])

    def test_a_channel_knows_when_there_is_how_much(self):
        """INV-12: what is promised is taken off what comes, before anything of it is free."""
        self._stock(self.product, self.warehouse, 2)
        self._wants(4)
        self._receipt(5, 3)
        self._receipt(5, 9)
        self.env["oms.stock.buffer"].create({"product_id": self.product.id, "quantity": 1})
        availability = self.env["oms.availability"]
        steps = availability._get_projection(self.channel, self.product)
        self.assertEqual([free for _at, free in steps], [0, 2, 7])
        self.assertEqual(steps[0][1], availability._get_channel_atp(self.channel, self.product)[self.product.id])
        self.assertEqual(availability._get_available_on(self.channel, self.product, Decimal(3)), self._in_days(9))
        self.assertIsNone(availability._get_available_on(self.channel, self.product, Decimal(8)))

    def _policy(self, policy, limit=0, **values):
        return self.env["oms.backorder.policy"].create(
            {"product_id": self.product.id, "policy": policy, "limit": limit, "company_id": self.company.id, **values}
        )

    def _room(self):
        return self.env["oms.availability"]._get_backorder_room(self.channel, self.product)[self.product.id]

    def test_a_product_that_may_not_be_backordered_is_held(self):
        self._policy("deny")
        self._stock(self.product, self.warehouse, 5)
        self.assertEqual(self._wants(4).state, "sale")
        order = self._wants(4)
        self.assertEqual((order.state, self._holds(order)), ("draft", ["stock"]))
        self.assertIn("4 wanted, 1 left", order.oms_hold_reason)
        order.action_oms_release()
        self.assertEqual(order.state, "sale")  # a person has decided to sell it all the same

    def test_new_numbers_are_told_on_the_hold_that_stands(self):
        """Who works on it, until when, and since when it stands stay as they are."""
        self._policy("deny")
        order = self._wants(4)
        hold = order.oms_open_hold_ids
        hold.write({"assignee_id": self.channel_user.id, "parked": True})
        told, said = len(hold.event_ids), len(order.message_ids)
        self._stock(self.product, self.warehouse, 3)
        self._run_shortage()
        self.assertEqual(order.oms_hold_ids, hold)
        self.assertIn("4 wanted, 3 left", hold.reason)
        self.assertEqual((hold.assignee_id, hold.parked, hold.is_open), (self.channel_user, True, True))
        self.assertEqual((len(hold.event_ids), len(order.message_ids)), (told, said))

    def test_what_was_accepted_beyond_the_policy_stays_accepted_when_less_is_left(self):
        self._policy("deny")
        self._stock(self.product, self.warehouse, 3)
        order = self._wants(4)
        order._oms_hold("manual", "Something else.")
        order.oms_open_hold_ids.filtered("is_beyond_policy").action_release()
        self.assertEqual(order.state, "draft")
        self._stock(self.product, self.warehouse, 1)
        order._oms_release_clean()
        self.assertEqual(self._holds(order), ["manual"])
        order.order_line.product_uom_qty = 5
        order._oms_release_clean()
        self.assertIn("stock", self._holds(order))

    def test_that_an_order_was_called_off_accepts_nothing_beyond_the_policy(self):
        self._policy("deny")
        self._stock(self.product, self.warehouse, 3)
        order = self._wants(4)
        order._action_cancel()
        self.assertFalse(order.oms_open_hold_ids)
        order.action_draft()
        order._oms_release_clean()
        self.assertEqual((self._holds(order), order.state), (["stock"], "draft"))

    def test_an_order_that_may_not_be_backordered_goes_on_by_itself_when_the_goods_come(self):
        self._policy("deny")
        for stock_policy in ("backorder", "hold"):
            self.channel.stock_policy = stock_policy
            order = self._wants(4)
            self.assertEqual(order.state, "draft")
            self._run_shortage()
            self.assertEqual(order.state, "draft")
            self._stock(self.product, self.warehouse, 3)
            self._run_shortage()
            self.assertEqual(order.state, "draft")
            self.assertEqual(len(order.oms_open_hold_ids.filtered("is_beyond_policy")), 1, "with the numbers of now")
            self._stock(self.product, self.warehouse, 4)
            self._run_shortage()
            self.assertEqual(order.state, "sale", order.oms_hold_reason)
            order._action_cancel()
            self._stock(self.product, self.warehouse, 0)

    def _run_shortage(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_shortage").method_direct_trigger()
        self.env.invalidate_all()

    def test_a_limit_counts_what_is_promised_and_not_there(self):
        self._policy("backorder", 5)
        self.assertEqual(self._room(), 5)
        self._wants(3)
        self.assertEqual(self._room(), 2)
        held = self._wants(3)
        self.assertEqual(self._holds(held), ["stock"])
        self.assertEqual(self._wants(2).state, "sale")
        self.assertEqual(self._room(), 0)

    def test_two_orders_of_one_batch_do_not_share_a_limit(self):
        self._policy("backorder", 5)
        line = lambda: self._line("BACK", 3, "60.00")  # noqa: E731
        orders = [order for order, _s, _t in self._apply(self._doc(lines=(line(),)), self._doc(lines=(line(),)))]
        self.assertEqual([order.state for order in orders], ["sale", "draft"])

    def test_without_a_policy_orders_wait_without_limit(self):
        self.assertIsNone(self._room())
        self.assertEqual(self._wants(99).state, "sale")

    def test_a_preorder_is_promised_for_the_day_it_comes_out_until_a_receipt_is_known(self):
        self._policy("preorder", 100, release_date=self._in_days(30))
        order = self._wants(3)
        self.assertEqual(order.oms_promised_at, self._in_days(30))
        self._receipt(50, 20)
        self._promise_again()
        self.assertEqual(order.oms_promised_at, self._in_days(20))

    def test_many_products_cost_no_more_queries_than_one(self):
        many = self.product
        for number in range(20):
            many |= self._create_product(f"BACK-{number}")
        availability = self.env["oms.availability"]
        self._policy("backorder", 5)
        counts = []
        for products in (self.product, self.product, many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            availability._get_receipts(products, self.warehouse)
            availability._get_backorder_room(self.channel, products)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[2], counts[1])
