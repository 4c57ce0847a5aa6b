"""FUL-03, INV-02: ordered for a store that has none of it, brought there, told, handed over, and booked."""

from odoo.tests import tagged

from odoo.addons.oms_core.tests.common import OmsCommon


@tagged("post_install", "-at_install")
class TestShipToStore(OmsCommon):
    def test_from_the_order_to_the_hand_over(self):
        store = self.env["stock.warehouse"].create(
            {"name": "Store Lille", "code": "SLI", "company_id": self.company.id, "oms_node_type": "store"}
        )
        associate = self._create_user("associate", "oms_core.group_oms_store")
        store.oms_user_ids = associate
        others = self.env["oms.availability"]._snapshot(self.product_fifo, self.warehouse | store)
        self.assertEqual(
            [int(others.net(place.id, self.product_fifo.id)) for place in self.warehouse | store], [100, 0]
        )

        order = self._order(("FIFO", 2), delivery_method="ship_to_store", pickup_ref="SLI")
        self.assertEqual((order.state, order.oms_pickup_warehouse_id, self._holds(order)), ("sale", store, []))
        delivery = order.picking_ids
        self.assertEqual((delivery.picking_type_id.warehouse_id, delivery.state), (store, "waiting"))
        self.assertEqual(order.oms_status, "waiting")
        self.assertIn(f"to be sent by {self.warehouse.name}", order.oms_waits_for)
        self.assertTrue(order.oms_promised_at)
        leaves = order.oms_transfer_ids.filtered(lambda picking: picking.picking_type_code == "internal")
        arrives = order.oms_transfer_ids - leaves
        self.assertEqual((leaves.picking_type_id.warehouse_id, leaves.state), (self.warehouse, "assigned"))

        leaves.move_ids.picked = True
        leaves.button_validate()
        self.assertFalse(order.invoice_ids or delivery.oms_ready_at)
        arrives.move_ids.picked = True
        arrives.with_user(associate).button_validate()
        self.assertEqual((delivery.state, order.oms_status), ("assigned", "ready"))
        told = self.env["oms.notification"].search([("order_id", "=", order.id), ("event", "=", "ready_for_pickup")])
        self.assertEqual(len(told), 1)

        action = delivery.with_user(associate).action_oms_hand_over()
        wizard = self.env["oms.hand.over"].with_user(associate).browse(action["res_id"])
        wizard.code = delivery._oms_get_pickup_code()
        wizard.action_hand_over()
        self.assertEqual((delivery.state, order.oms_status), ("done", "collected"))
        invoice = self._book(order)
        self.assertEqual((invoice.amount_untaxed, invoice.payment_state), (40, "paid"))
        # What went to the store and to the customer has left the stock once, at its cost.
        self.assertEqual(self._net(self._account("cogs"), invoice), 20)
        self.assertEqual(self.env["oms.stock.event"]._check(self.company), [])
        story = [event.sentence for event in order._oms_get_timeline(customer=True)[order.id]]
        self.assertIn("2 × Product FIFO arrived at Store Lille.", story)
