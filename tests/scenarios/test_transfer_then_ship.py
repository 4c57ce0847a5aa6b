"""RTE-04: one site has the chair, another the lamp; the lamp is sent to the first, and one parcel goes to the customer."""

from odoo.tests import tagged

from odoo.addons.oms_routing.tests.common import RoutingCommon


@tagged("post_install", "-at_install")
class TestTransferThenShip(RoutingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls.env["oms.sourcing.policy"].create(
            {
                "name": "One parcel",
                "company_id": cls.company.id,
                "sequence": -9,
                "consolidate": True,
                "cost_parcel": 6,
                "cost_split": 2,
            }
        )
        cls.sites.write({"oms_transfer_cost": 1, "oms_transfer_cost_unit": 0.5, "oms_bring_days": 1})

    def setUp(self):
        super().setUp()
        self._put(self.chair, lyon=5)
        self._put(self.lamp, lille=5)

    def _gathered(self, chairs=1, lamps=1):
        """(order, its delivery, transfer out of Lille, transfer into Lyon)"""
        order = self._order(("CHAIR", chairs), ("LAMP", lamps))
        leaves = order.oms_transfer_ids.filtered(lambda picking: picking.picking_type_code == "internal")
        return order, order.picking_ids, leaves, order.oms_transfer_ids - leaves

    def _free(self, product, *sites):
        places = self.env["stock.warehouse"].concat(*sites)
        snapshot = self.env["oms.availability"]._snapshot(product, places)
        return [int(snapshot.net(place.id, product.id)) for place in places]

    def _journal_is_right(self):
        self.assertEqual(self.env["oms.stock.event"]._check(self.company), [])

    def test_the_lamp_goes_to_lyon_first_and_one_parcel_to_the_customer(self):
        order, delivery, leaves, arrives = self._gathered()
        decision = self._decisions(order)
        self.assertEqual(
            decision.sentence,
            "One parcel from Lyon, to where Lille sends Product LAMP first: 6.50 less than 2 parcels.",
        )
        self.assertEqual(order.oms_sourcing_sentence, decision.sentence)
        told = {line.product_id: (line.warehouse_id, line.mode, line.via_warehouse_id) for line in decision.line_ids}
        nowhere = self.env["stock.warehouse"]
        self.assertEqual(
            told, {self.chair: (self.lyon, "ship", nowhere), self.lamp: (self.lille, "transfer", self.lyon)}
        )
        self.assertEqual((decision.outcome, decision.cost), ("single", 7.5))
        self.assertEqual((len(delivery), delivery.picking_type_id.warehouse_id), (1, self.lyon))
        self.assertEqual((leaves.picking_type_id.warehouse_id, leaves.state), (self.lille, "assigned"))
        self.assertEqual((arrives.picking_type_id.warehouse_id, arrives.state), (self.lyon, "waiting"))
        # The chair is there, and waits for the lamp.
        self.assertEqual(delivery.state, "waiting")
        self.assertIn("to be sent by Lille", order.oms_waits_for)
        self.assertEqual(self._free(self.lamp, self.lille, self.lyon), [4, 0])

        self._validate(leaves)
        self.assertEqual(self._free(self.lamp, self.lille, self.lyon), [4, 0])
        self._validate(arrives)
        self.assertEqual((delivery.state, self._free(self.lamp, self.lille, self.lyon)), ("assigned", [4, 0]))
        self._validate(delivery)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [1, 1])
        self.assertEqual(order.picking_ids, delivery, "one parcel")
        self._journal_is_right()
        self.assertTrue(decision._replay())

    def test_without_leave_of_the_policy_two_parcels_go(self):
        self.policy.consolidate = False
        order = self._order(("CHAIR", 1), ("LAMP", 1))
        self.assertEqual(self._from(order), {"Lyon": 1, "Lille": 1})
        self.assertFalse(order.oms_transfer_ids)

    def test_a_transfer_that_is_called_off_is_sourced_anew_without_the_site(self):
        self._put(self.lamp, marseille=5)
        order, delivery, leaves, _arrives = self._gathered()
        leaves.action_cancel()
        decision = order._oms_decisions()[:1]
        self.assertEqual((decision.trigger, decision.line_ids.warehouse_id), ("reroute", self.marseille))
        self.assertEqual(self._candidate(decision, self.lille).reason, "Lille gave up a delivery of this order.")
        self.assertEqual(self._from(order), {"Lyon": 1, "Marseille": 1})
        self.assertEqual(delivery.state, "assigned", "the chair waits for nothing any more")
        self.assertEqual(self._free(self.lamp, self.lille), [5])
        self._journal_is_right()

    def test_where_nobody_else_has_it_the_order_stops_and_says_so(self):
        order, _delivery, leaves, _arrives = self._gathered()
        leaves.action_cancel()
        self.assertTrue(order.oms_on_hold)
        self.assertIn("Lille will not deliver all of", order.oms_hold_ids.filtered("is_open").reason)

    def test_of_a_short_transfer_only_the_rest_is_sourced_anew(self):
        self._put(self.lamp, marseille=5)
        order, delivery, leaves, arrives = self._gathered(chairs=4, lamps=3)
        leaves.move_ids.quantity = 2
        self._validate(leaves.with_context(picking_ids_not_to_backorder=leaves.ids))
        decision = order._oms_decisions()[:1]
        self.assertEqual(
            [(line.product_id, line.quantity, line.warehouse_id) for line in decision.line_ids],
            [(self.lamp, 1, self.marseille)],
        )
        self._validate(arrives)
        self.assertEqual(delivery.state, "assigned")
        self.assertEqual({m.product_id: m.quantity for m in delivery.move_ids if m.state != "cancel"}[self.lamp], 2)
        for picking in order.picking_ids:
            self._validate(picking)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [4, 3])
        self._journal_is_right()

    def test_what_the_customer_cancels_stays_where_it_is(self):
        order, _delivery, leaves, arrives = self._gathered()
        order._action_cancel()
        self.assertEqual({leaves.state, arrives.state, *order.picking_ids.mapped("state")}, {"cancel"})
        self.assertEqual(self._free(self.lamp, self.lille), [5])
        self._journal_is_right()

    def test_when_less_is_wanted_less_is_sent(self):
        order, _delivery, leaves, _arrives = self._gathered(chairs=4, lamps=3)
        lamps = order.order_line.filtered(lambda line: line.product_id == self.lamp)
        lamps.product_uom_qty = 2
        self.assertEqual(sum(leaves.move_ids.filtered(lambda m: m.state != "cancel").mapped("product_qty")), 2)
        lamps.product_uom_qty = 0
        self.assertEqual(leaves.state, "cancel")
        self._journal_is_right()

    def test_the_site_that_sends_gives_room_for_it_until_it_has_sent(self):
        self.lille.oms_orders_max = 5
        order, delivery, leaves, arrives = self._gathered()
        use = self.env["oms.capacity.use"].search([("order_id", "=", order.id)])
        self.assertEqual((use.warehouse_id, use.state), (self.lille, "taken"))
        order.order_line[0].product_uom_qty = 2  # something else of the order changes
        self.assertEqual(use.state, "taken")
        self._validate(leaves)
        self.assertEqual(use.state, "shipped")
        self._validate(arrives)
        self._validate(delivery)

    def test_a_site_that_picks_before_it_ships_waits_with_its_pick(self):
        self.lyon.delivery_steps = "pick_ship"
        order, pick, leaves, arrives = self._gathered()
        self.assertEqual((len(pick), pick.state), (1, "waiting"))
        self._validate(leaves)
        self._validate(arrives)
        self._validate(pick)
        self._validate(order.picking_ids - pick)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [1, 1])
        self._journal_is_right()
