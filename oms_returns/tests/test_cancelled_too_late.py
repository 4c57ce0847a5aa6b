from .common import ReturnsCommon


class TestCancelledTooLate(ReturnsCommon):
    """ORD-12: what was cancelled after it had left is asked back, and nothing else."""

    def test_a_return_is_asked_for_over_what_had_left(self):
        order = self._order(("STD", 5, "100.00", 20), ("AVG", 1, "20.00", 20))
        self._ship(order, {self.product_standard: 2})
        order._oms_request_cancellation("customer", "customer", "Found it cheaper.")
        request = order.oms_return_ids
        self.assertEqual((request.state, len(request.line_ids)), ("draft", 1))
        self.assertEqual(
            (request.line_ids.sale_line_id.product_id, request.line_ids.quantity), (self.product_standard, 2)
        )
        self.assertIn("Found it cheaper.", request.message_ids[0].body)
        request.action_authorize()
        self.assertEqual(request.picking_ids.move_ids.product_uom_qty, 2)

    def test_what_was_stopped_in_time_asks_nothing_back(self):
        order = self._order()
        order._oms_request_cancellation("customer", "customer")
        self.assertFalse(order.oms_return_ids)

    def test_what_is_on_its_way_back_already_is_not_asked_for_twice(self):
        order = self._shipped(("STD", 2, "40.00", 20))
        self._return(order, 2)
        order._oms_request_cancellation("customer", "customer")
        self.assertEqual(len(order.oms_return_ids), 1)
