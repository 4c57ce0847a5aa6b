"""What returns cost: worked together, each asks the database less than alone. ``scripts/bench --returns`` has the time."""

from odoo.fields import Command

from .common import ReturnsCommon

#: Queries for each of ten returns of three lines: made, authorized, received, inspected, refunded. Odoo's own return transfer
#: and its posting are most of them.
OF_TEN_MAX = 220


class TestQueryBudget(ReturnsCommon):
    def _count(self, orders):
        """Queries for each return of these orders, with one of each line."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        requests = self.env["oms.return"].create(
            [
                {
                    "order_id": order.id,
                    "line_ids": [Command.create({"sale_line_id": line.id, "quantity": 1}) for line in order.order_line],
                }
                for order in orders
            ]
        )
        requests.action_authorize()
        requests.action_receive()
        requests.line_ids._inspect()
        requests.action_refund()
        self.env.flush_all()
        count = self.env.cr.sql_log_count - before
        self.assertEqual(set(requests.mapped("stage")), {"settled"})
        return count / len(orders)

    def test_ten_returns_together_cost_less_than_ten_times_one(self):
        orders = self.env["sale.order"]
        for _number in range(12):
            orders |= self._shipped(("STD", 2), ("AVG", 1), ("FIFO", 1))
        self._count(orders[0])  # accounts, places and rules that are made or read once
        alone, together = self._count(orders[1]), self._count(orders[2:])
        self.assertLess(together, alone * 0.8, f"alone {alone}, of ten {together}")
        self.assertLessEqual(together, OF_TEN_MAX, f"alone {alone}, of ten {together}")
