"""What is decided, and that it is told."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form

from .common import RoutingCommon


class TestDecision(RoutingCommon):
    def test_the_nearest_site_that_has_everything_ships(self):
        """Lille is nearer than Lyon but has no lamp; one parcel from Lyon is better than two."""
        self._put(self.chair, lyon=5, lille=5, marseille=5)
        self._put(self.lamp, lyon=5, marseille=5)
        order = self._order(("CHAIR", 2), ("LAMP", 1))
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.picking_ids.picking_type_id.warehouse_id, self.lyon)
        self.assertEqual(order.picking_ids.state, "assigned")
        decision = order.oms_decision_ids
        self.assertEqual((decision.trigger, decision.outcome, decision.method), ("confirm", "single", "exact"))
        self.assertEqual(decision.warehouse_ids, self.lyon)

    def test_a_decision_tells_every_site_why_and_why_not(self):
        self._put(self.chair, lyon=5, lille=5)
        decision = self._order(("CHAIR", 2)).oms_decision_ids
        self.assertEqual(decision.candidate_ids.warehouse_id, self.sites)
        lille, lyon, marseille = (self._candidate(decision, site) for site in (self.lille, self.lyon, self.marseille))
        self.assertEqual(decision.candidate_ids.mapped("warehouse_id.name"), ["Lille", "Lyon", "Marseille"])
        self.assertEqual((lille.accepted, lille.chosen, lille.reason_code), (True, True, "covers_all"))
        self.assertEqual((lyon.accepted, lyon.chosen, lyon.reason_code), (True, False, "covers_all"))
        self.assertIn("Lille is nearer", lyon.reason)
        self.assertTrue(lyon.has_distance)
        self.assertGreater(lyon.distance_km, lille.distance_km)
        self.assertEqual((marseille.accepted, marseille.chosen, marseille.reason_code), (False, False, "has_stock"))
        self.assertEqual(marseille.reason, "Marseille has no Product CHAIR.")
        self.assertTrue(decision.snapshot_hash)

    def test_a_decision_is_one_sentence_and_the_order_shows_it(self):
        self._put(self.chair, lyon=5, lille=5)
        order = self._order(("CHAIR", 2))
        sentence = order.oms_decision_ids.sentence
        self.assertRegex(sentence, r"^Shipped from Lille \(\d+ km\): nearest of 2 sites that have everything\.$")
        self.assertEqual(order.oms_sourcing_sentence, sentence)
        clerk = self._create_user("routing_clerk", "oms_core.group_oms_user")
        with Form(order.with_user(clerk)) as form:
            self.assertEqual(form.oms_sourcing_sentence, sentence)
            self.assertEqual(len(form.oms_decision_ids), 1)

    def test_a_decision_is_never_changed(self):
        self._put(self.chair, lille=5)
        decision = self._order(("CHAIR", 2)).oms_decision_ids
        with self.assertRaises(UserError):
            decision.sentence = "Because."
        with self.assertRaises(UserError):
            decision.line_ids.quantity = 1
        with self.assertRaises(UserError):
            decision.line_ids.applied = False
        with self.assertRaises(UserError):
            decision.candidate_ids[0].reason = "Because."

    def test_nobody_but_the_system_writes_decisions(self):
        self._put(self.chair, lille=5)
        decision = self._order(("CHAIR", 2)).oms_decision_ids
        manager = self._create_user("routing_manager", "oms_core.group_oms_manager,stock.group_stock_manager")
        with self.assertRaises(AccessError):
            decision.with_user(manager).copy()
        with self.assertRaises(AccessError):
            decision.with_user(manager).unlink()
        with self.assertRaises(AccessError):
            decision.with_user(manager).line_ids.applied = True

    def test_orders_of_one_batch_do_not_get_the_same_chair(self):
        """Each wants 4; Lille has 5, Lyon 5: the second one comes from Lyon."""
        self._put(self.chair, lyon=5, lille=5)
        docs = [self._doc(lines=(self._line("CHAIR", 4),)) for _order in range(2)]
        first, second = (order for order, _state, _text in self._apply(*docs))
        self.assertEqual((self._from(first), self._from(second)), ({"Lille": 4}, {"Lyon": 4}))
        self.assertEqual((first | second).picking_ids.mapped("state"), ["assigned", "assigned"])

    def test_goods_that_nobody_counts_run_out_for_no_order_of_a_batch(self):
        self._create_product("SAND", is_storable=False)
        docs = [self._doc(lines=(self._line("SAND", 3),)) for _order in range(3)]
        for order, _state, _text in self._apply(*docs):
            self.assertEqual((self._from(order), order.oms_decision_ids.outcome), ({"Lille": 3}, "single"))

    def test_goods_that_nobody_counts_travel_with_those_that_are_counted(self):
        self._create_product("SAND", is_storable=False)
        self._put(self.chair, marseille=1)
        order = self._order(("SAND", 3), ("CHAIR", 1))
        self.assertEqual(self._from(order), {"Marseille": 4})

    def test_services_are_not_sourced(self):
        self._create_product("GIFT", type="service", is_storable=False)
        order = self._order(("GIFT", 1))
        self.assertEqual(order.state, "sale")
        self.assertFalse(order.oms_decision_ids)
        self.assertFalse(order.picking_ids)

    def test_an_order_of_services_and_one_of_goods_are_confirmed_together(self):
        self._create_product("GIFT", type="service", is_storable=False)
        self._put(self.chair, lyon=1)
        docs = [self._doc(lines=(self._line(sku, 1),)) for sku in ("GIFT", "CHAIR")]
        services, goods = (order for order, _state, _text in self._apply(*docs))
        self.assertEqual((services.state, goods.state), ("sale", "sale"))
        self.assertFalse(services.oms_decision_ids)
        self.assertEqual(self._from(goods), {"Lyon": 1})

    def test_what_nobody_has_waits_at_the_nearest_site(self):
        order = self._order(("CHAIR", 2))
        decision = order.oms_decision_ids
        self.assertEqual((decision.outcome, decision.line_ids.mode), ("backorder", "backorder"))
        self.assertEqual(decision.sentence, "Waits for stock at Lille: no site has Product CHAIR.")
        self.assertEqual((self._from(order), order.picking_ids.state), ({"Lille": 2}, "confirmed"))
        self.assertEqual(order.oms_status, "waiting")

    def test_what_is_there_ships_and_the_rest_waits_with_it(self):
        self._put(self.chair, lyon=3)
        order = self._order(("CHAIR", 5))
        decision = order.oms_decision_ids
        self.assertEqual(decision.outcome, "partial")
        self.assertEqual(
            [(line.mode, line.warehouse_id.name, line.quantity) for line in decision.line_ids],
            [("ship", "Lyon", 3), ("backorder", "Lyon", 2)],
        )
        self.assertEqual(
            decision.sentence, "Shipped in part from Lyon, the rest waits there: no site has 2 more Product CHAIR."
        )
        self.assertEqual((self._from(order), self._moves(order).quantity), ({"Lyon": 5}, 3))

    def test_what_is_promised_and_not_reserved_is_not_promised_again(self):
        """Six chairs come for an order that waits for them; nobody has reserved them yet, and still they are its own."""
        waiting = self._order(("CHAIR", 6))
        self._put(self.chair, lyon=6, lille=6)
        waiting.picking_ids.do_unreserve()
        self.assertEqual((self._from(waiting), self._moves(waiting).quantity), ({"Lille": 6}, 0))
        self.assertEqual(self._from(self._order(("CHAIR", 6))), {"Lyon": 6})

    def test_what_is_reserved_for_a_part_of_an_order_counts_once(self):
        """Ten wanted, six reserved, four promised: of six more that come, two can be promised."""
        self._put(self.chair, lille=6)
        self._order(("CHAIR", 10))
        self._put(self.chair, lille=12, lyon=3)
        (
            self.env["stock.move"].search([("product_id", "=", self.chair.id)]) - self._order().order_line.move_ids
        ).filtered(lambda move: move.state == "assigned").quantity = 6
        snapshot = self.env["oms.availability"]._snapshot(self.chair, self.sites)
        self.assertEqual(snapshot.available(self.lille.id, self.chair.id), 2)
        self.assertEqual(self._from(self._order(("CHAIR", 3))), {"Lyon": 3})

    def test_a_channel_that_names_its_warehouses_ships_from_no_other(self):
        self._put(self.chair, lyon=5, lille=5)
        self.channel.warehouse_ids = self.lyon | self.marseille
        order = self._order(("CHAIR", 2))
        self.assertEqual(self._from(order), {"Lyon": 2})
        self.assertEqual(order.oms_decision_ids.candidate_ids.warehouse_id, self.lyon | self.marseille)

    def test_another_company_sees_no_decision(self):
        self._put(self.chair, lille=5)
        decision = self._order(("CHAIR", 2)).oms_decision_ids
        other = self._create_company("Another merchant")
        stranger = self._create_user(
            "routing_stranger",
            "oms_core.group_oms_manager,stock.group_stock_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        theirs = self.env(user=stranger.id, context={"allowed_company_ids": other.ids})
        for model in ("oms.sourcing.decision", "oms.sourcing.decision.line", "oms.sourcing.candidate"):
            self.assertFalse(theirs[model].search([]), model)
        with self.assertRaises(AccessError):
            decision.with_env(theirs).read(["sentence"])


class TestDecisionAccess(RoutingCommon):
    """SEC-01: who may not see an order may not see how it was sourced."""

    def test_a_store_associate_sees_how_orders_of_the_own_store_were_sourced(self):
        self._put(self.chair, lille=5)
        decision = self._order(("CHAIR", 2)).oms_decision_ids
        associate = self._create_user("sourcing_associate", "oms_core.group_oms_store")
        story = (decision, decision.line_ids, decision.candidate_ids)
        self.lyon.oms_user_ids = associate
        for records in story:
            self.assertTrue(records)
            self.assertFalse(records.with_user(associate).search([("id", "in", records.ids)]))
        self.lille.oms_user_ids = associate
        for records in story:
            self.assertEqual(records.with_user(associate).search([("id", "in", records.ids)]), records)
