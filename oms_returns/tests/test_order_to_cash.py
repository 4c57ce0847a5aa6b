from .common import ReturnsCommon


class TestOrderToCash(ReturnsCommon):
    """ACC-06: the accountant's page of an order has its returns, too."""

    def _causes(self, order):
        order.invalidate_recordset()
        return sorted((rest.cause, float(rest.amount)) for rest in order._oms_get_order_to_cash().rests)

    def test_what_came_back_is_open_until_it_is_settled_and_paid_back(self):
        order = self._shipped(("STD", 2, 40, 20))
        before = [cause for cause, _amount in self._causes(order)]
        self.assertNotIn("not_credited", before)
        request = self._return(order, 1)
        request.action_receive()
        self.assertIn(("not_credited", -24.0), self._causes(order))
        request.action_refund()
        causes = dict(self._causes(order))
        self.assertNotIn("not_credited", causes)
        self.assertEqual(causes["to_pay_back"], -24.0)
        action = request.refund_ids.line_ids[:1].action_oms_order_to_cash()
        self.assertEqual(action["res_id"], order.id)
        request.action_repay()
        causes = self._causes(order)
        self.assertNotIn("to_pay_back", dict(causes))
        self.assertNotIn("unexplained", dict(causes))
        self.assertIn(-24.0, [amount for _cause, amount in causes])
        steps = {step.kind: float(step.amount) for step in order._oms_get_order_to_cash().steps}
        self.assertEqual((steps["came_back"], steps["credited"], steps["repaid"]), (-24.0, -24.0, -24.0))
