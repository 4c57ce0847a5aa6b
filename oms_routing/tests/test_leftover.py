"""What becomes of goods that no place has: they wait, are tried again, held, or called off, as the policy says."""

from datetime import timedelta

from odoo import fields

from .test_policy import PolicyCommon


class TestLeftovers(PolicyCommon):
    def _short_order(self, leftover, **values):
        """An order of five chairs of which Lille has two."""
        self._put(self.chair, lille=2)
        self._policy(leftover=leftover, rules=("fewest_parcels", "distance"), **values)
        return self._order(("CHAIR", 5))

    def _run_job(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_routing.cron_waiting").method_direct_trigger()

    def test_what_is_left_waits_at_a_site(self):
        order = self._short_order("backorder")
        self.assertEqual(self._from(order), {"Lille": 5})
        self.assertFalse(order.oms_waits_since)

    def test_what_is_left_is_asked_for_nowhere_and_tried_again_until_somebody_has_it(self):
        order = self._short_order("wait")
        self.assertEqual(self._from(order), {"Lille": 2})
        self.assertEqual(set(order.oms_decision_ids.line_ids.mapped("mode")), {"ship", "wait"})
        self.assertTrue(order.oms_waits_since)
        self._run_job()
        self.assertEqual(len(order.oms_decision_ids), 1, "nothing has changed, nothing is written")
        self._put(self.chair, lyon=9)
        self._run_job()
        self.assertEqual(self._from(order), {"Lille": 2, "Lyon": 3})
        self.assertFalse(order.oms_waits_since)
        self.assertEqual(self._decisions(order)[-1].trigger, "retry")
        self._run_job()
        self.assertEqual(self._from(order), {"Lille": 2, "Lyon": 3}, "nothing comes twice")

    def test_of_a_part_of_a_dozen_no_rounding_waits_for_ever(self):
        """Seven pieces of what is counted in dozens are 0.58, of which Lille has 0.3."""
        eggs = self._create_product("EGGS", uom_id=self.env.ref("uom.product_uom_dozen").id)
        self._put(eggs, lille=0.3)
        self._policy(leftover="wait", rules=("fewest_parcels", "distance"))
        order = self._order_in(self.env.ref("uom.product_uom_unit"), 7, eggs)
        self.assertEqual([float(missing) for missing in order._oms_missing().values()], [0.28])
        self._put(eggs, lyon=1)
        self._run_job()
        self.assertEqual(self._from(order), {"Lille": 0.3, "Lyon": 0.28})
        self.assertEqual((order._oms_missing(), order.oms_waits_since), ({}, False))
        self.assertEqual([decision.trigger for decision in self._decisions(order)], ["confirm", "retry"])

    def test_who_has_waited_too_long_is_held_and_a_released_hold_sources_again(self):
        order = self._short_order("wait", leftover_days=2)
        order.oms_waits_since = fields.Datetime.now() - timedelta(days=3)
        self._run_job()
        hold = order.oms_hold_ids.filtered("is_open")
        self.assertEqual((hold.kind, hold.subject), ("stock", "sourcing"))
        self.assertIn("then release", hold.reason)
        self.assertFalse(order.oms_waits_since)
        self._put(self.chair, lyon=9)
        hold.action_release()
        self.assertEqual(self._from(order), {"Lille": 2, "Lyon": 3})

    def test_what_is_left_holds_the_order_and_says_why(self):
        order = self._short_order("hold")
        self.assertEqual(self._from(order), {"Lille": 2})
        hold = order.oms_hold_ids.filtered("is_open")
        self.assertEqual(hold.kind, "stock")
        self.assertIn(order.oms_decision_ids.sentence, hold.reason)
        self._run_job()
        self.assertEqual(self._from(order), {"Lille": 2}, "a held order is left alone")

    def test_what_is_left_is_called_off_after_its_days_and_the_rest_is_delivered(self):
        order = self._short_order("cancel", leftover_days=400)
        self.assertEqual((self._from(order), order.order_line.product_uom_qty), ({"Lille": 2}, 5))
        self._run_job()
        self.assertEqual(order.order_line.product_uom_qty, 5, "it has its days")
        order.oms_ordered_at = fields.Datetime.now() - timedelta(days=401)
        self._run_job()
        self.assertEqual((self._from(order), order.order_line.product_uom_qty), ({"Lille": 2}, 2))
        cancellation = order.oms_cancellation_ids
        self.assertEqual((cancellation.state, cancellation.reason), ("stopped", "inventory"))
        self.assertFalse(order.oms_waits_since)

    def test_an_order_of_which_nobody_has_anything_is_called_off_as_a_whole(self):
        self._policy(leftover="cancel", leftover_days=1, rules=("distance",))
        order = self._order(("CHAIR", 5))
        self.assertEqual((order.state, self._from(order)), ("sale", {}))
        order.oms_ordered_at = fields.Datetime.now() - timedelta(days=4)
        self._run_job()
        self.assertEqual(order.state, "cancel")
        self.assertTrue(order.oms_cancellation_ids.whole)

    def test_what_waits_is_not_forgotten_when_another_line_is_sourced_again(self):
        """Nobody has the lamp; Lille gives up the chairs, which Lyon ships: the lamp is tried again all the same."""
        self._put(self.chair, lille=2, lyon=2)
        self._policy(leftover="wait", rules=("fewest_parcels", "distance"))
        order = self._order(("CHAIR", 2), ("LAMP", 1))
        self._delivery(order, self.lille).action_cancel()
        self.assertEqual(self._from(order), {"Lyon": 2})
        self.assertTrue(order.oms_waits_since)
        self._put(self.lamp, lyon=1)
        self._run_job()
        self.assertEqual(self._from(order, self.lamp), {"Lyon": 1})
        self.assertFalse(order.oms_waits_since)

    def test_the_last_policy_of_a_chain_says_for_how_long_it_is_tried(self):
        self._policy("First", leftover="next", leftover_days=1, rules=("distance",))
        self._policy("Last", sequence=2, leftover="wait", leftover_days=3, rules=("distance",))
        order = self._order(("CHAIR", 5))
        for days, holds in ((2, []), (4, ["stock"])):
            order.oms_waits_since = fields.Datetime.now() - timedelta(days=days)
            self._run_job()
            self.assertEqual(self._holds(order), holds, f"after {days} days")
        self.assertFalse(order.oms_waits_since)

    def test_a_released_hold_about_what_is_not_wanted_any_more_does_not_come_back(self):
        self._put(self.lamp, lille=2)
        self._put(self.chair, lille=2)
        self._policy(leftover="hold", rules=("fewest_parcels", "distance"))
        order = self._order(("CHAIR", 5), ("LAMP", 2))
        self.assertEqual((self._from(order), self._holds(order)), ({"Lille": 4}, ["stock"]))
        chairs, lamps = order.order_line
        chairs.product_uom_qty = 2
        order.action_oms_release()
        self.assertEqual(self._holds(order), [])
        lamps.product_uom_qty = 1
        self.assertEqual((self._from(order), self._holds(order)), ({"Lille": 3}, []))

    def test_what_waits_is_held_once_no_site_may_ship_it_any_more(self):
        order = self._short_order("wait")
        order._oms_get_policy().leftover = "backorder"
        self.sites.oms_intake = "pause"
        for _look in range(2):
            self._run_job()
            self.assertEqual((self._from(order), self._holds(order)), ({"Lille": 2}, ["stock"]))
            self.assertEqual(len(order.oms_decision_ids), 2)
        self.assertFalse(order.oms_waits_since)

    def test_what_one_policy_cannot_ship_the_next_one_does(self):
        self._put(self.chair, lille=5)
        south = self.env["oms.node.group"].create({"name": "South", "warehouse_ids": self.lyon.ids})
        self._policy("South only", leftover="next", rules=({"kind": "node_group", "group_ids": south.ids},))
        order = self._order(("CHAIR", 5))
        self.assertEqual(self._from(order), {"Lille": 5})
        self.assertEqual(order.oms_decision_ids.policy_name, "South only")

    def test_one_order_that_cannot_be_tried_keeps_no_other_waiting(self):
        first = self._short_order("wait")
        second = self._order(("CHAIR", 3))
        self.assertTrue(first.oms_waits_since and second.oms_waits_since)
        self._put(self.chair, lyon=20)
        original = type(first)._oms_propose

        def fail(model, wanted, *args, **kwargs):
            if first in wanted:
                raise ValueError("the planner is ill")
            return original(model, wanted, *args, **kwargs)

        self.patch(type(first), "_oms_propose", fail)
        self._run_job()
        self.assertEqual(self._from(second), {"Lyon": 3})
        self.assertIn("the planner is ill", first.oms_hold_ids.filtered("is_open").reason)

    def test_a_soft_rule_that_is_given_up_is_told(self):
        self._put(self.chair, lille=5)
        south = self.env["oms.node.group"].create({"name": "South", "warehouse_ids": self.lyon.ids})
        self._policy(rules=({"kind": "node_group", "group_ids": south.ids, "hard": False}, "distance"))
        decision = self._order(("CHAIR", 5)).oms_decision_ids
        self.assertEqual(decision.warehouse_ids, self.lille)
        self.assertTrue(decision.relaxed)

    def test_the_least_cost_is_kept_with_its_parts(self):
        self._put(self.chair, lyon=5, lille=5)
        self.lille.write({"oms_cost_per_line": 9, "oms_cost_per_unit": 0.5})
        self.lyon.write({"oms_cost_per_line": 1, "oms_cost_per_unit": 0.5, "oms_cost_per_parcel": 2})
        self._policy(strategy="least_cost", cost_parcel=4)
        decision = self._order(("CHAIR", 4)).oms_decision_ids
        self.assertEqual((decision.warehouse_ids, decision.cost), (self.lyon, 9.0))
        self.assertEqual(decision.line_ids.costs, {"pick": "3", "pack": "2", "carrier": "4"})
        self.assertEqual(decision.lower_bound, 9.0)
        self.assertIn("Picking", decision.line_ids.cost_text)
        self.assertEqual(decision._replay(), {decision: "same"})
