"""What a confirmation does not ask a second time, or not at all, and how it learns that something has changed."""

from .common import OmsCommon


class TestConfirmationAsks(OmsCommon):
    def _reordered(self, product, minimum, maximum):
        return self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": product.id,
                "location_id": self.warehouse.lot_stock_id.id,
                "warehouse_id": self.warehouse.id,
                "product_min_qty": minimum,
                "product_max_qty": maximum,
                "trigger": "manual",
            }
        )

    def test_a_reordering_rule_that_is_made_after_an_order_is_told_of_the_next_one(self):
        self._order(("STD", 1))
        rule = self._reordered(self.product_standard, 95, 100)
        self.assertEqual(rule.qty_to_order, 0)
        self._order(("STD", 10))
        self.assertEqual(rule.qty_to_order, 11)

    def test_a_reordering_rule_that_is_given_another_product_is_told_of_its_orders(self):
        rule = self._reordered(self.product_average, 95, 100)
        self._order(("STD", 1), ("AVG", 1))
        rule.product_id = self.product_standard
        self._order(("STD", 10))
        self.assertEqual(rule.qty_to_order, 11)

    def test_a_product_without_a_reordering_rule_is_asked_for_one_once(self):
        moves = self._order(("STD", 1)).order_line.move_ids
        before = self.cr.sql_log_count
        moves._update_orderpoints()
        moves._trigger_scheduler()
        self.assertEqual(self.cr.sql_log_count - before, 0)

    def test_what_comes_into_a_list_that_was_known_to_be_empty_is_in_it(self):
        order = self._order(("STD", 1))
        order.invalidate_recordset()
        order._oms_look_at_lists()
        before = self.cr.sql_log_count
        for name in ("oms_hold_ids", "oms_rejection_ids", "oms_excluded_warehouse_ids"):
            self.assertIn(name, order._oms_get_asked_lists())
            self.assertFalse(order[name], name)
        self.assertEqual(self.cr.sql_log_count - before, 0, "no query for a list that is known to be empty")
        order._oms_hold("manual", "Somebody called.")
        order.oms_excluded_warehouse_ids = self.warehouse
        self.assertTrue(order.oms_on_hold)
        self.assertEqual(order.oms_excluded_warehouse_ids, self.warehouse)

    def test_what_is_in_a_list_of_one_order_is_read_and_others_have_nothing_of_it(self):
        held, free = self._order(("STD", 1)), self._order(("STD", 1))
        held._oms_hold("manual", "Somebody called.")
        held.oms_excluded_warehouse_ids = self.warehouse
        self.env.flush_all()
        self.env.invalidate_all()
        (held | free)._oms_look_at_lists()
        self.assertEqual([order.oms_on_hold for order in (held, free)], [True, False])
        self.assertEqual([len(order.oms_excluded_warehouse_ids) for order in (held, free)], [1, 0])

    def test_a_promise_that_is_changed_counts_for_the_next_order(self):
        promise = self.env["oms.promise"].create(
            {"channel_id": self.channel.id, "delivery_method": "ship", "ship_hours": 8}
        )
        first = self._order(("STD", 1))
        promise.ship_hours = 16
        self.assertGreater(self._order(("STD", 1)).oms_ship_by, first.oms_ship_by)
        promise.unlink()
        self.assertFalse(self._order(("STD", 1)).oms_ship_by)
