"""The price of a decision, in queries."""

from statistics import median

from .common import RoutingCommon

#: Queries of confirming a routed order at most, for each of confirming one of no channel, which is Odoo's own.
CONFIRM_SHARE_MAX = 1.06


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

    def test_confirming_a_routed_order_costs_hardly_more_queries_than_one_that_odoo_ships_by_itself(self):
        self._put(self.chair, lyon=30, lille=30)
        self._put(self.lamp, lyon=30, marseille=30)
        spent = {
            channel: [self._queries_to_confirm(channel) for _order in range(4)] for channel in (False, self.channel.id)
        }
        odoo, routed = (median(counts[1:]) for counts in spent.values())  # the first ones look up what is kept for all
        self.assertLessEqual(routed, odoo * CONFIRM_SHARE_MAX, f"{routed} queries, Odoo {odoo}")

    def _queries_to_confirm(self, channel_id):
        goods = [(0, 0, {"product_id": product.id, "product_uom_qty": 1}) for product in (self.chair, self.lamp)]
        customer = self.env["res.partner"].create({"name": "A customer", "country_id": self.env.ref("base.fr").id})
        order = self.env["sale.order"].create(
            {"partner_id": customer.id, "oms_channel_id": channel_id, "warehouse_id": self.lyon.id, "order_line": goods}
        )
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        order.action_confirm()
        self.env.flush_all()
        queries = self.env.cr.sql_log_count - before
        self.assertEqual((order.state, set(order.picking_ids.mapped("state"))), ("sale", {"assigned"}))
        return queries
