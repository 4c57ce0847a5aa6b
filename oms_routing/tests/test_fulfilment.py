from odoo.addons.oms_routing.tests.common import RoutingCommon


class TestFulfilment(RoutingCommon):
    """FUL-02, FUL-03: what stores reject is sourced elsewhere, and what customers come for is not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sites.write({"oms_node_type": "store"})
        cls.reason = cls.env.ref("oms_core.reject_reason_damaged")

    def _by_site(self, order):
        return {(move.warehouse_id.name, move.product_id.default_code): move.product_qty for move in self._moves(order)}

    def test_what_a_store_rejects_another_one_brings(self):
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 3))
        self.assertEqual(self._by_site(order), {("Lille", "CHAIR"): 3})
        order.picking_ids._oms_reject({order.picking_ids.move_ids: 2}, self.reason)
        self.assertEqual(self._by_site(order), {("Lille", "CHAIR"): 1, ("Lyon", "CHAIR"): 2})
        self.assertEqual(self._holds(order), [])

    def test_a_store_that_rejected_is_not_asked_for_it_again_when_more_is_wanted(self):
        self._put(self.chair, lille=9, lyon=9)
        self._put(self.lamp, lille=9, lyon=9)
        order = self._order(("CHAIR", 1), ("LAMP", 1))
        moves = order.picking_ids.move_ids
        chair = moves.filtered(lambda move: move.product_id == self.chair)
        order.picking_ids._oms_reject({chair: 1}, self.env.ref("oms_core.reject_reason_no_time"))
        order.order_line.filtered(lambda line: line.product_id == self.chair).product_uom_qty = 2
        self.assertEqual(self._by_site(order), {("Lille", "LAMP"): 1, ("Lyon", "CHAIR"): 2})

    def test_two_stores_that_reject_parts_of_one_order_do_not_get_in_each_others_way(self):
        """Complaint 28: each rejection is a row of its own, and the third store brings both."""
        self._put(self.chair, lille=1, marseille=1)
        self._put(self.lamp, lyon=1, marseille=1)
        order = self._order(("CHAIR", 1), ("LAMP", 1))
        if len(order.picking_ids) == 1:  # Marseille has both
            order.picking_ids._oms_reject(
                {move: 1 for move in order.picking_ids.move_ids}, self.env.ref("oms_core.reject_reason_no_time")
            )
        self.assertEqual(self._by_site(order), {("Lille", "CHAIR"): 1, ("Lyon", "LAMP"): 1})
        first, second = order.picking_ids.filtered(lambda picking: picking.state == "assigned")
        first._oms_reject({first.move_ids: 1}, self.reason)
        second._oms_reject({second.move_ids: 1}, self.reason)
        self.assertEqual(len(order.oms_rejection_ids), 4)
        self.assertEqual(self._holds(order), ["stock", "stock"])

    def test_an_empty_shelf_moves_the_other_orders_too(self):
        self._put(self.chair, lille=5, lyon=5)
        order, other = self._order(("CHAIR", 1)), self._order(("CHAIR", 2))
        order.picking_ids._oms_reject(
            {order.picking_ids.move_ids: 1}, self.env.ref("oms_core.reject_reason_shelf_empty")
        )
        self.assertEqual(self._by_site(order), {("Lyon", "CHAIR"): 1})
        self.assertEqual(self._by_site(other), {("Lyon", "CHAIR"): 2})
        self.assertEqual(self.chair.with_context(warehouse_id=self.lille.id).qty_available, 0)

    def test_a_pickup_stays_at_its_store_also_when_others_have_more(self):
        """Complaint 27: what the pickup store cannot hand over is not brokered to other places."""
        self.channel.auto_release = False
        self._put(self.chair, lille=9, marseille=2)
        order = self._order(("CHAIR", 2))
        order.write({"oms_delivery_method": "pickup", "oms_pickup_warehouse_id": self.marseille.id})
        order.action_confirm()
        self.assertEqual(self._by_site(order), {("Marseille", "CHAIR"): 2})
        order.picking_ids._oms_reject({order.picking_ids.move_ids: 2}, self.reason)
        self.assertEqual(self._by_site(order), {})
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn("Offer another store", order.oms_hold_reason)
        order.oms_delivery_method = "ship"
        order.action_oms_release()
        order.action_oms_source_again()
        self.assertEqual(self._by_site(order), {("Lille", "CHAIR"): 2})
