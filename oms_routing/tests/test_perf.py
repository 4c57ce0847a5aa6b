"""The price of a decision, in queries."""

from .common import RoutingCommon


class TestPlanningCost(RoutingCommon):
    def _queries_to_plan(self, orders):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        orders._oms_plan()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_an_order_in_a_large_batch_costs_no_more_queries_than_in_a_small_one(self):
        self.channel.auto_release = False
        self._put(self.chair, lyon=30, lille=30)
        self._put(self.lamp, lyon=30, marseille=30)
        docs = [self._doc(lines=(self._line("CHAIR", 2), self._line("LAMP", 1))) for _order in range(26)]
        orders = self.env["sale.order"].union(*(order for order, _state, _text in self._apply(*docs)))
        orders[0]._oms_plan()  # whatever is computed once in the life of a process
        few, many = self._queries_to_plan(orders[1:6]), self._queries_to_plan(orders[6:])
        self.assertEqual(len(orders.oms_decision_ids), 26)
        self.assertLessEqual(many / 20, few / 5)
        self.assertLessEqual(many, few + 2, f"{few} queries for 5 orders, {many} for 20")
