"""What was decided can be planned again from what was kept, and tried with other rules and other stock."""

from odoo.exceptions import UserError

from odoo.addons.oms_routing import const
from odoo.addons.oms_routing.models import oms_sourcing_decision

from .test_policy import PolicyCommon


class TestReplay(PolicyCommon):
    allow_inherited_tests_method = True

    def test_every_decision_planned_again_is_the_same_bit_for_bit(self):
        self._put(self.chair, lyon=5, lille=5, marseille=2)
        self._put(self.lamp, lyon=3)
        docs = [self._doc(lines=(self._line("CHAIR", count), self._line("LAMP", 1))) for count in (1, 2, 4, 30)]
        orders = self.env["sale.order"].union(*(order for order, _state, _text in self._apply(*docs)))
        decisions = orders.oms_decision_ids
        self._put(self.chair, lyon=0, lille=0)
        self.first.nodes_max = 1  # what holds now does not matter
        self.env.invalidate_all()
        self.assertEqual(set(decisions._replay().values()), {"same"})
        self.assertIn("4 × the same", decisions.action_replay()["params"]["message"])

    def test_a_planner_that_decides_otherwise_is_found_out(self):
        self._put(self.chair, lille=5)
        decision = self._order(("CHAIR", 1)).oms_decision_ids
        self.env.flush_all()
        self.env.cr.execute("UPDATE oms_sourcing_decision SET result_hash = 'x' WHERE id = %s", [decision.id])
        self.env.invalidate_all()
        self.assertEqual(decision._replay(), {decision: "planner"})
        self.env.cr.execute("UPDATE oms_sourcing_decision SET snapshot_hash = 'x' WHERE id = %s", [decision.id])
        self.env.invalidate_all()
        self.assertEqual(decision._replay(), {decision: "inputs"})

    def test_inputs_are_removed_when_they_are_old_and_the_decision_stays(self):
        self._put(self.chair, lille=5)
        decision = self._order(("CHAIR", 1)).oms_decision_ids
        self.env["oms.sourcing.decision"]._gc_inputs()
        self.assertTrue(decision.inputs)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE oms_sourcing_decision SET create_date = create_date - %s * INTERVAL '1 day' WHERE id = %s",
            [const.INPUTS_KEPT_DAYS + 1, decision.id],
        )
        self.env.invalidate_all()
        self.env["oms.sourcing.decision"]._gc_inputs()
        self.assertFalse(decision.inputs)
        self.assertTrue(decision.sentence and decision.candidate_ids)
        self.assertEqual(decision._replay(), {decision: "gone"})

    def test_of_many_sites_the_best_are_kept_and_the_rest_is_counted(self):
        self._put(self.chair, marseille=5)
        self.patch(oms_sourcing_decision, "CANDIDATES_KEPT", 1)
        decision = self._order(("CHAIR", 1)).oms_decision_ids
        self.assertEqual((len(decision.candidate_ids), decision.candidate_count), (1, 3))
        self.assertEqual(decision.candidate_ids.warehouse_id, self.marseille)
        self.assertEqual(decision._replay(), {decision: "same"})

    def test_a_later_decision_says_which_one_it_comes_after(self):
        self._put(self.chair, lille=2, lyon=5)
        order = self._order(("CHAIR", 2))
        order.order_line.product_uom_qty = 3
        first, second = self._decisions(order)
        self.assertEqual((first.supersedes_id.id, second.supersedes_id), (False, first))
        self.assertEqual((first | second).mapped("is_latest"), [False, True])

    def test_every_rule_that_spoke_is_kept_with_what_it_said(self):
        self._put(self.chair, lille=5)
        decision = self._order(("CHAIR", 1)).oms_decision_ids
        verdicts = self._candidate(decision, self.lyon).verdicts
        self.assertIn([False, "has_stock", "Lyon has no Product CHAIR."], verdicts)


class TestTry(PolicyCommon):
    allow_inherited_tests_method = True

    def _try(self, order, **values):
        wizard = self.env["oms.sourcing.try"].browse(order.action_oms_try_sourcing()["res_id"])
        wizard.write(values)
        wizard.action_try()
        return wizard

    def _chosen(self, wizard):
        return {site.warehouse_id.name: site.gives for site in wizard.site_ids if site.chosen}

    def test_a_site_is_tried_and_nothing_happens_to_the_order(self):
        self._put(self.chair, lyon=5, lille=5)
        order = self._order(("CHAIR", 2))
        before = order.oms_decision_ids, order.picking_ids, order.picking_ids.mapped("state")
        self.assertEqual(self._chosen(self._try(order)), {"Lille": "2 × Product CHAIR"})
        wizard = self._try(order, pinned_warehouse_id=self.lyon.id)
        self.assertEqual(self._chosen(wizard), {"Lyon": "2 × Product CHAIR"})
        self.assertIn("only site", wizard.sentence)
        self.assertIn("from Lyon only", wizard.site_ids.filtered(lambda site: site.warehouse_id == self.lille).reason)
        wizard = self._try(order, excluded_warehouse_ids=self.lille.ids)
        self.assertEqual(self._chosen(wizard), {"Lyon": "2 × Product CHAIR"})
        self.assertEqual(before, (order.oms_decision_ids, order.picking_ids, order.picking_ids.mapped("state")))

    def test_the_goods_of_the_order_itself_count_as_free(self):
        self._put(self.chair, lille=2)
        wizard = self._try(self._order(("CHAIR", 2)))
        row = wizard.stock_ids.filtered(lambda row: row.warehouse_id == self.lille)
        self.assertEqual((row.available, self._chosen(wizard)), (2, {"Lille": "2 × Product CHAIR"}))

    def test_what_waits_for_goods_keeps_nothing_that_could_be_free(self):
        self._put(self.chair, lille=2)
        wizard = self._try(self._order(("CHAIR", 5)))
        self.assertEqual((wizard.outcome, sum(wizard.stock_ids.mapped("available"))), ("partial", 2))

    def test_stock_is_altered_to_see_what_would_be_decided(self):
        self._put(self.chair, lyon=5, lille=1)
        order = self._order(("CHAIR", 3))
        wizard = self._try(order)
        self.assertEqual(self._chosen(wizard), {"Lyon": "3 × Product CHAIR"})
        wizard.stock_ids.filtered(lambda row: row.warehouse_id == self.lille).quantity = 3
        wizard.action_try()
        self.assertEqual(self._chosen(wizard), {"Lille": "3 × Product CHAIR"})

    def test_another_policy_is_tried(self):
        self._put(self.chair, lyon=5, lille=5)
        policy = self._policy("In the order of the sites", active=False)
        wizard = self._try(self._order(("CHAIR", 2)), policy_id=policy.id)
        self.assertEqual(self._chosen(wizard), {"Lyon": "2 × Product CHAIR"})

    def test_a_clerk_tries_it_and_keeps_the_site(self):
        self._put(self.chair, lyon=5, lille=5)
        self.channel.auto_release = False
        order = self._order(("CHAIR", 2))
        clerk = self._create_user("try_clerk", "oms_core.group_oms_user")
        wizard = self._try(order.with_user(clerk), pinned_warehouse_id=self.lyon.id)
        wizard.action_apply()
        self.assertEqual(order.oms_pinned_warehouse_id, self.lyon)
        order.action_confirm()
        self.assertEqual(self._from(order), {"Lyon": 2})

    def test_an_order_that_has_left_has_nothing_to_try(self):
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 2))
        self._validate(order.picking_ids)
        with self.assertRaisesRegex(UserError, "still to be sourced"):
            order.action_oms_try_sourcing()
