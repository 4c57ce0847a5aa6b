from datetime import datetime

from odoo.exceptions import UserError
from odoo.tests import freeze_time

from .test_fulfilment_pickup import PickupCommon


class TestBring(PickupCommon):
    """FUL-03, CAP-10: ship to store: what the store lacks is brought there for exactly this order."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["stock.warehouse"].create(
            {"name": "Depot Metz", "code": "DME", "company_id": cls.company.id, "sequence": 99}
        )
        cls._stock(cls.product_fifo, cls.other, 3)
        cls._stock(cls.product_fifo, cls.warehouse, 0)

    def _to_store(self, *lines):
        return self._pickup_order(*lines, method="ship_to_store")

    def _steps(self, order):
        """The transfers of an order that are still to be done: out of the places, and into the store."""
        standing = order.oms_transfer_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
        leaves = standing.filtered(lambda picking: picking.picking_type_id.code == "internal")
        return leaves, standing - leaves

    def _do(self, picking, quantity=None):
        for move in picking.move_ids.filtered(lambda move: move.state != "cancel"):
            if quantity is not None:
                move.quantity = quantity
            move.picked = True
        picking.with_context(skip_backorder=True).button_validate()
        self.assertEqual(picking.state, "done")

    def _free_at(self, product, *places):
        places = self.env["stock.warehouse"].concat(*places)
        snapshot = self.env["oms.availability"]._snapshot(product, places)
        return [int(snapshot.net(place.id, product.id)) for place in places]

    def _journal_is_right(self):
        self.assertEqual(self.env["oms.stock.event"]._check(self.company), [])

    def test_what_the_store_lacks_is_brought_and_collected(self):
        order = self._to_store(("FIFO", 2))
        delivery = order.picking_ids
        leaves, arrives = self._steps(order)
        self.assertEqual((leaves.picking_type_id.warehouse_id, leaves.state), (self.other, "assigned"))
        self.assertEqual((arrives.picking_type_id.warehouse_id, arrives.state), (self.store, "waiting"))
        self.assertEqual((delivery.state, delivery.oms_board_state), ("waiting", "wait"))
        self.assertIn("to be sent by Depot Metz", order.oms_waits_for)
        self._do(leaves)
        self.assertIn("sent by Depot Metz, expected on", delivery.oms_waits_for)
        with self.assertRaisesRegex(UserError, "not complete"):
            delivery.action_oms_ready()
        self.assertFalse(self.told)
        self._do(arrives.with_user(self.associate))
        self.assertEqual((delivery.state, order.oms_status, order.oms_waits_for), ("assigned", "ready", False))
        self.assertTrue(delivery.oms_pickup_by)
        self.assertEqual(self.told, [("ready_for_pickup", delivery)])
        self._wizard(delivery, code=delivery._oms_get_pickup_code()).action_hand_over()
        self.assertEqual((delivery.state, order.oms_status), ("done", "collected"))
        self.assertEqual(order.order_line.qty_delivered, 2)
        self.assertEqual(self._free_at(self.product_fifo, self.other, self.store), [1, 0])
        self._journal_is_right()

    def test_the_same_goods_are_not_promised_twice_at_any_step(self):
        order = self._to_store(("FIFO", 2))
        places = self.other, self.store
        self.assertEqual(self._free_at(self.product_fifo, *places), [1, 0])
        self._stock(self.product_fifo, self.store, 5)  # somebody else's, free for anybody
        self.assertEqual(self._free_at(self.product_fifo, *places), [1, 5])
        leaves, arrives = self._steps(order)
        self._do(leaves)
        self.assertEqual(self._free_at(self.product_fifo, *places), [1, 5])
        self.assertEqual(self.env["oms.availability"]._get_receipts(self.product_fifo, self.store), {})
        self._do(arrives)
        self.assertEqual(self._free_at(self.product_fifo, *places), [1, 5])
        self.assertEqual(order.picking_ids.move_ids.quantity, 2)
        row = self.env["oms.availability.place"].search(
            [("product_id", "=", self.product_fifo.id), ("warehouse_id", "=", self.store.id)]
        )
        self.assertEqual((row.available, row.reserved, row.promised), (5, 2, 0))
        self._journal_is_right()

    def test_only_what_is_missing_is_brought(self):
        self._stock(self.product_fifo, self.store, 1)
        order = self._to_store(("FIFO", 3), ("STD", 1))
        leaves, _arrives = self._steps(order)
        self.assertEqual((leaves.move_ids.product_id, leaves.move_ids.product_qty), (self.product_fifo, 2))
        states = {(move.product_id.default_code, move.product_qty): move.state for move in order.picking_ids.move_ids}
        self.assertEqual(states, {("FIFO", 1): "assigned", ("FIFO", 2): "waiting", ("STD", 1): "assigned"})
        self.assertEqual(len(order.picking_ids), 1)

    def test_cancelled_before_it_left_everything_stays(self):
        order = self._to_store(("FIFO", 2))
        order.action_cancel()
        self.assertEqual(set(order.oms_transfer_ids.mapped("state")), {"cancel"})
        self.assertEqual(self._free_at(self.product_fifo, self.other, self.store), [3, 0])
        self._journal_is_right()

    def test_cancelled_on_its_way_it_arrives_as_free_stock(self):
        order = self._to_store(("FIFO", 2))
        leaves, arrives = self._steps(order)
        self._do(leaves)
        order.action_cancel()
        self.assertEqual((order.picking_ids.state, arrives.state), ("cancel", "assigned"))
        receipts = self.env["oms.availability"]._get_receipts(self.product_fifo, self.store)
        self.assertEqual([int(receipt.quantity) for receipt in receipts[self.store.id, self.product_fifo.id]], [2])
        self._do(arrives)
        self.assertEqual(self._free_at(self.product_fifo, self.other, self.store), [1, 2])
        self._journal_is_right()

    def test_what_one_place_does_not_send_another_brings(self):
        self._stock(self.product_fifo, self.warehouse, 2)
        order = self._to_store(("FIFO", 2))
        leaves, _arrives = self._steps(order)
        self.assertEqual(leaves.picking_type_id.warehouse_id, self.warehouse)
        leaves.action_cancel()
        leaves, arrives = self._steps(order)
        self.assertEqual((leaves.picking_type_id.warehouse_id, arrives.move_ids.product_qty), (self.other, 2))
        self.assertEqual(self._holds(order), [])
        leaves.action_cancel()
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn("no other place has it", order.oms_hold_reason)
        self.assertEqual(order.picking_ids.move_ids.state, "confirmed")

    def test_a_place_that_sends_less_has_the_rest_brought_from_elsewhere(self):
        self._stock(self.product_fifo, self.warehouse, 2)
        order = self._to_store(("FIFO", 2))
        leaves, arrives = self._steps(order)
        leaves.move_ids.quantity = 1
        leaves.move_ids.picked = True
        leaves.with_context(skip_backorder=True, picking_ids_not_to_backorder=leaves.ids).button_validate()
        self.assertEqual(arrives.move_ids.product_qty, 1)
        second = self._steps(order)[0]
        self.assertEqual((second.picking_type_id.warehouse_id, second.move_ids.product_qty), (self.other, 1))
        self._do(second)
        for arrives in self._steps(order)[1]:
            self._do(arrives)
        self.assertEqual(set(order.picking_ids.move_ids.mapped("state")), {"assigned"})
        self.assertEqual(sum(order.picking_ids.move_ids.mapped("quantity")), 2)
        self._journal_is_right()

    def test_less_is_brought_when_less_is_wanted(self):
        order = self._to_store(("FIFO", 3), ("STD", 1))
        leaves, arrives = self._steps(order)
        order.order_line.filtered(lambda line: line.product_id == self.product_fifo)._oms_set_quantity(1)
        self.assertEqual((leaves.move_ids.product_qty, leaves.move_ids.quantity, leaves.state), (1, 1, "assigned"))
        self.assertEqual((arrives.move_ids.product_qty, order.picking_ids.move_ids.mapped("product_qty")), (1, [1, 1]))
        self.assertEqual(self._free_at(self.product_fifo, self.other, self.store), [2, 0])
        order.order_line.filtered(lambda line: line.product_id == self.product_fifo)._oms_set_quantity(0)
        self.assertEqual((leaves.state, arrives.state), ("cancel", "cancel"))
        self.assertEqual(self._free_at(self.product_fifo, self.other, self.store), [3, 0])
        self.assertEqual(self._holds(order), [])
        self._journal_is_right()

    def test_what_is_reduced_on_its_way_is_free_in_the_store(self):
        order = self._to_store(("FIFO", 3))
        leaves, arrives = self._steps(order)
        self._do(leaves)
        order.order_line._oms_set_quantity(1)
        self._do(arrives)
        self.assertEqual((order.picking_ids.state, order.picking_ids.move_ids.quantity), ("assigned", 1))
        self.assertEqual(self._free_at(self.product_fifo, self.other, self.store), [0, 2])
        self.assertTrue(order.picking_ids.oms_ready_at)
        self._journal_is_right()

    def test_more_of_it_is_brought_when_more_is_wanted(self):
        order = self._to_store(("FIFO", 1))
        order.order_line._oms_set_quantity(3)
        order.action_oms_bring()
        for leaves in self._steps(order)[0]:
            self._do(leaves)
        for arrives in self._steps(order)[1]:
            self._do(arrives)
        self.assertEqual(sum(order.picking_ids.move_ids.mapped("quantity")), 3)
        self.assertEqual(order.oms_status, "ready")

    def test_what_gets_lost_on_the_way_is_looked_for_and_brought_from_elsewhere(self):
        self._stock(self.product_fifo, self.warehouse, 1)
        order = self._to_store(("FIFO", 3))
        leaves, arrives = self._steps(order)
        self.assertEqual(leaves.picking_type_id.warehouse_id, self.other)
        self._do(leaves)
        arrives.move_ids.quantity = 2
        arrives.move_ids.picked = True
        arrives.with_user(self.associate).with_context(
            skip_backorder=True, picking_ids_not_to_backorder=arrives.ids
        ).button_validate()
        self.assertIn("1 × [FIFO] Product FIFO left for Store Lille and did not come in", arrives.activity_ids.note)
        self.assertFalse(order.picking_ids.oms_ready_at)
        again, arrives = self._steps(order)
        self.assertEqual((again.picking_type_id.warehouse_id, again.move_ids.product_qty), (self.warehouse, 1))
        self._do(again)
        arrives.action_cancel()  # that parcel as a whole
        self.assertEqual(len(arrives.activity_ids), 1)
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn("no other place has it", order.oms_hold_reason)
        self._journal_is_right()

    def test_the_order_is_promised_for_the_day_on_which_its_goods_arrive(self):
        self.store.oms_bring_days = 3
        with freeze_time("2026-12-05 11:00:00"):
            order = self._to_store(("FIFO", 2))
            self.assertEqual(order.oms_promised_at, datetime(2026, 12, 8, 11))
            _leaves, arrives = self._steps(order)
            arrives.scheduled_date = datetime(2026, 12, 10, 9)
            self.env["sale.order.line"]._oms_give_promises(self.product_fifo)
            self.assertEqual(order.oms_promised_at, datetime(2026, 12, 10, 9))

    def test_the_story_tells_what_was_brought(self):
        order = self._to_store(("FIFO", 2))
        for transfer in self._steps(order):
            self._do(transfer)
        story = [event.sentence for event in order._oms_get_timeline(customer=True)[order.id]]
        self.assertIn("2 × Product FIFO left Depot Metz for the store.", story)
        self.assertIn("2 × Product FIFO arrived at Store Lille.", story)

    def test_another_order_does_not_get_what_was_brought_for_this_one(self):
        order = self._to_store(("FIFO", 2))
        other = self._pickup_order(("FIFO", 1))
        for transfer in self._steps(order):
            self._do(transfer)
        other.picking_ids.action_assign()
        self.assertEqual((order.picking_ids.state, other.picking_ids.state), ("assigned", "confirmed"))

    def test_what_no_place_has_waits_and_is_looked_for_again(self):
        order = self._to_store(("FIFO", 9))
        leaves, _arrives = self._steps(order)
        self.assertEqual(leaves.move_ids.product_qty, 3)
        self.assertEqual(self._free_at(self.product_fifo, self.other, self.store), [0, -6])
        with self.assertRaisesRegex(UserError, "no other place"):
            order.with_user(self.channel_user).action_oms_bring()
        self._stock(self.product_fifo, self.warehouse, 6)
        order.with_user(self.channel_user).action_oms_bring()
        self.assertEqual(sum(self._steps(order)[0].move_ids.mapped("product_qty")), 9)

    def test_a_plain_pickup_still_waits_at_its_store(self):
        order = self._pickup_order(("FIFO", 1))
        self.assertFalse(order.oms_transfer_ids)
