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

    def test_what_was_called_off_is_still_owed_when_something_else_came_back_and_was_repaid(self):
        """A for 30, B for 40 and C for 30: A is called off, B comes back and is repaid first."""
        order = self._order(("AVG", 1, "30.00", None), ("STD", 1, "40.00", None), ("FIFO", 1, "30.00", None))
        order._oms_request_cancellation("customer", "customer", "", {order.order_line[0]: 1})
        self._ship(order)
        self._book(order)
        self.assertEqual((order.amount_total, order.oms_to_repay), (70, 30))
        request = self._returned(order, 0, 1, 0)
        request.action_refund()
        request.action_repay()
        self.assertEqual((request.amount_to_repay, request.state, order.oms_to_repay), (0, "closed", 30))
        self.assertTrue(self.env["oms.exception"].search([("order_id", "=", order.id), ("kind", "=", "repay")]))
        order.action_oms_repaid()
        self.assertEqual(
            (order.oms_to_repay, self._open_receivable(order), self._net(self.clearing_account)), (0, 0, 30)
        )
        self.assertNothingWrong()

    def test_what_is_on_its_way_back_already_is_not_asked_for_twice(self):
        order = self._shipped(("STD", 2, "40.00", 20))
        self._return(order, 2)
        order._oms_request_cancellation("customer", "customer")
        self.assertEqual(len(order.oms_return_ids), 1)
