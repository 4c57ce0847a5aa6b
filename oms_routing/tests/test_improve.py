"""Cheaper ways: until an order is picked, and for what is brought to a store."""

from .common import RoutingCommon


class TestImprove(RoutingCommon):
    """A parcel costs 10 and a euro per kilometre; nobody has offers of carriers."""

    def setUp(self):
        super().setUp()
        self.policy = self._create_improving_policy()
        self._put(self.chair, marseille=5)

    def _job(self):
        orders = self.env["sale.order"].search([("company_id", "=", self.company.id)])
        orders.oms_improved_at = False
        with self.enter_registry_test_mode():
            self.env.ref("oms_routing.cron_improve").method_direct_trigger()

    def test_goods_that_came_nearer_are_sent_from_there_and_the_saving_is_named(self):
        order = self._order(("CHAIR", 2))
        self.assertEqual(self._from(order), {"Marseille": 2})
        self._job()
        self.assertEqual(self._from(order), {"Marseille": 2}, "nobody else has any")
        self._put(self.chair, lille=5)
        self._job()
        self.assertEqual(self._from(order), {"Lille": 2})
        decision = self._decisions(order)[-1]
        self.assertEqual((decision.trigger, decision.supersedes_id), ("saving", self._decisions(order)[0]))
        self.assertRegex(decision.sentence, r"It saves .*\d+\.\d\d.*: .* instead of .* from Marseille\.$")
        self.assertFalse(order.oms_rejection_ids)
        free = self.env["oms.availability"]._snapshot(self.chair, self.sites)
        self.assertEqual(free.available(self.marseille.id, self.chair.id), 5)

    def test_a_saving_that_is_too_small_changes_nothing(self):
        self.policy.saving_min = 5000
        order = self._order(("CHAIR", 2))
        self._put(self.chair, lille=5)
        self._job()
        self.assertEqual(self._from(order), {"Marseille": 2})
        self.assertTrue(order.oms_improved_at)

    def test_an_order_changes_no_more_often_than_it_may(self):
        order = self._order(("CHAIR", 2))
        self._put(self.chair, lyon=5)
        self._job()
        self._put(self.chair, lille=5)
        self._job()
        self.assertEqual(self._from(order), {"Lyon": 2})
        self.policy.changes_max = 2
        self._job()
        self.assertEqual(self._from(order), {"Lille": 2})

    def test_what_is_being_picked_was_accepted_or_is_on_hold_stays(self):
        picked, accepted, held = (self._order(("CHAIR", 1)) for _number in range(3))
        self._put(self.chair, lille=5)
        self._delivery(picked, self.marseille).move_ids.picked = True
        self._delivery(accepted, self.marseille).action_oms_accept()
        held._oms_hold("manual", "Wait for the customer.")
        self._job()
        for order in (picked, accepted, held):
            self.assertEqual(self._from(order), {"Marseille": 1})

    def test_policies_that_do_not_ask_for_it_cost_nothing(self):
        self.policy.reoptimise = False
        self._order(("CHAIR", 2))
        self.assertFalse(self.env["sale.order"]._oms_search_improvable(10))

    def test_two_parcels_become_one_when_a_place_has_everything(self):
        self._put(self.chair, marseille=0, lyon=1, lille=1)
        order = self._order(("CHAIR", 2))
        self.assertEqual(self._from(order), {"Lyon": 1, "Lille": 1})
        self._put(self.chair, lille=2)
        self._job()
        self.assertEqual(self._from(order), {"Lille": 2})

    def test_one_run_has_an_end_and_the_longest_not_looked_at_comes_first(self):
        orders = [self._order(("CHAIR", 1)) for _number in range(3)]
        orders[0].oms_improved_at = "2026-01-01 00:00:00"
        self.assertEqual(self.env["sale.order"]._oms_search_improvable(2).ids, [orders[1].id, orders[2].id])

    def test_a_policy_says_how_many_places_may_give_up(self):
        self.policy.write({"attempts_max": 0, "rejected_days": 7})
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 1))
        self.assertEqual(order._oms_get_rejected_days(), 7)
        self._delivery(order, self.lille).action_cancel()
        self.assertIn("1 places have given this order up", order.oms_hold_reason)


class TestBringCheapest(RoutingCommon):
    """A customer comes to Lille; Lyon and Marseille have what is missing there."""

    def setUp(self):
        super().setUp()
        self.lille.oms_node_type = "store"
        self._put(self.chair, lyon=5, marseille=5)

    def _brought_from(self, order):
        leaves = order.oms_transfer_ids.filtered(lambda picking: picking.picking_type_code == "internal")
        return leaves.picking_type_id.warehouse_id.mapped("name")

    def _for_store(self, *lines):
        return self._order(*lines, delivery_method="ship_to_store", pickup_ref="LIL")

    def test_without_costs_the_preferred_place_brings_it(self):
        self.assertEqual(self._brought_from(self._for_store(("CHAIR", 2))), ["Lyon"])

    def test_the_cheapest_place_brings_it_and_the_order_says_what_it_costs(self):
        self.lyon.oms_transfer_cost = 20
        self.marseille.oms_transfer_cost = 12
        order = self._for_store(("CHAIR", 2))
        self.assertEqual(self._brought_from(order), ["Marseille"])
        self.assertTrue(any("costs" in (body or "") and "12.00" in body for body in order.message_ids.mapped("body")))

    def test_far_costs_more(self):
        (self.lyon | self.marseille).oms_transfer_cost_km = 0.1
        self.marseille.oms_transfer_cost = 1
        self.assertEqual(self._brought_from(self._for_store(("CHAIR", 2))), ["Lyon"])

    def test_a_place_that_is_closed_brings_nothing(self):
        self.lyon.oms_intake = "closed"
        self.assertEqual(self._brought_from(self._for_store(("CHAIR", 2))), ["Marseille"])
