from odoo.addons.oms_core.tests.test_third_party import ThirdPartyCommon


class ThirdPartyReturnCommon(ThirdPartyCommon):
    def _sent(self, *lines):
        order = self._order(*lines)
        self.warehouse.oms_3pl_url = "http://localhost:9/"
        self.env["stock.picking"]._oms_write_third_party()
        self._ship(order)
        return order, order.picking_ids.oms_3pl_reference

    def _came_back(self, reference, *lines, **values):
        told = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        return self._tell(type="return", reference=reference, lines=told, **values)

    def _back(self, order):
        """What came back of an order: {SKU: quantity}."""
        moves = order.picking_ids.move_ids.filtered(
            lambda move: move.state == "done" and move.location_id.usage == "customer"
        )
        return {move.product_id.default_code: move.quantity for move in moves}


class TestThirdPartyReturn(ThirdPartyReturnCommon):
    """FUL-06: what a third party received back is received here, for exactly what it told."""

    def test_what_came_back_is_received_and_somebody_decides_about_it(self):
        order, reference = self._sent(("STD", 3), ("AVG", 1))
        delivery = order.picking_ids
        message = self._came_back(reference, ("STD", 2), note="Box torn")
        self.assertEqual((message.state, message.error), ("done", False))
        self.assertEqual(self._back(order), {"STD": 2})
        self.assertEqual(order.order_line.mapped("qty_delivered"), [1, 1])
        receipt = order.picking_ids - delivery
        self.assertEqual(receipt.picking_type_id, self.warehouse.in_type_id)
        self.assertEqual(receipt.move_ids.origin_returned_move_id, delivery.move_ids[:1])
        self.assertIn("Box torn", str(delivery.message_ids.mapped("body")))
        self.assertEqual(bool(delivery.activity_ids), receipt._oms_needs_decision())

    def test_more_than_left_is_not_received_and_is_somebodys_task(self):
        order, reference = self._sent(("STD", 1))
        message = self._came_back(reference, ("STD", 3), ("NEVER", 1))
        self.assertEqual(self._back(order), {"STD": 1})
        self.assertEqual(message.state, "done")
        self.assertIn("2 STD, 1 NEVER", message.error)
        (activity,) = order.picking_ids.activity_ids
        self.assertEqual(activity.user_id, self.channel_user)
        self.assertIn("2 STD, 1 NEVER", activity.note)

    def test_the_same_return_told_again_is_not_received_twice(self):
        order, reference = self._sent(("STD", 1))
        self._came_back(reference, ("STD", 1))
        message = self._came_back(reference, ("STD", 1))
        self.assertEqual(message.state, "dead")
        self.assertIn("nothing of that left to come back", message.error)
        self.assertEqual(self._back(order), {"STD": 1})

    def test_a_parcel_without_a_paper_waits_for_a_person_who_finds_out_whose_it_is(self):
        order, _reference = self._sent(("STD", 1))
        message = self._came_back("", ("STD", 1), note="Mme Durand, Paris")
        self.assertEqual(message.state, "dead")
        self.assertIn("Mme Durand", message.error)
        message.corrected_body = message.body_text.replace('"reference": ""', f'"reference": "{order.oms_number}"')
        message.action_retry()
        message._process()
        self.assertEqual((message.state, message.error), ("done", False))
        self.assertEqual(self._back(order), {"STD": 1})

    def test_goods_that_left_elsewhere_are_received_where_they_are(self):
        order, reference = self._sent(("STD", 1))
        place = self.warehouse.copy({"name": "South", "code": "SOUTH"})
        place.write({"oms_node_type": "3pl", "oms_3pl_channel_id": self.messages.id})
        place.action_oms_3pl_keys()
        self.warehouse = place
        self.assertEqual(self._came_back("unknown", ("STD", 1)).state, "dead")
        self.assertEqual(self._came_back(reference, ("STD", 1)).state, "dead", "the reference of another place")
        message = self._came_back(order.oms_number, ("STD", 1))
        self.assertEqual(message.state, "done", message.error)
        receipt = order.picking_ids.filtered(lambda picking: picking.location_id.usage == "customer")
        self.assertEqual(receipt.location_dest_id, place.lot_stock_id)

    def test_lots_come_back_as_they_left(self):
        self._create_product("LOT", tracking="lot")
        order = self._order(("LOT", 2))
        self.warehouse.oms_3pl_url = "http://localhost:9/"
        self.env["stock.picking"]._oms_write_third_party()
        reference = order.picking_ids.oms_3pl_reference
        parcels = [{"lines": [{"sku": "LOT", "quantity": 1, "lot": lot} for lot in ("A", "B")]}]
        self.assertEqual(self._tell(type="shipment", reference=reference, parcels=parcels).state, "done")
        message = self._came_back(reference, ("LOT", 1))
        self.assertEqual(message.state, "dead")
        self.assertIn("A, B", message.error)
        back = self._tell(type="return", reference=reference, lines=[{"sku": "LOT", "quantity": 1, "lot": "B"}])
        self.assertEqual(back.state, "done", back.error)
        receipt = order.picking_ids.filtered(lambda picking: picking.location_id.usage == "customer")
        self.assertEqual(receipt.move_line_ids.lot_id.name, "B")
