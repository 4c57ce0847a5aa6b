from ast import literal_eval
from datetime import timedelta
from unittest.mock import patch

import psycopg2.errors
from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form
from odoo.tools import mute_logger

from odoo.addons.oms_core.models import sale_order_workflow

from .common import MOMENT, OmsCommon


class TestWorkflowRules(OmsCommon):
    """ORD-07, UX-02: rules of known kinds decide what happens to orders, once, and say why."""

    def _rule(self, *actions, conditions=(), **values):
        return self.env["oms.workflow.rule"].create(
            {
                "name": "Rule",
                "company_id": self.company.id,
                "condition_ids": [(0, 0, condition) for condition in conditions],
                "action_ids": [(0, 0, action) for action in actions],
                **values,
            }
        )

    def _run_jobs(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_workflow").method_direct_trigger()
        self.env.invalidate_all()

    def test_a_large_first_order_waits_and_says_why(self):
        rule = self._rule(
            {"kind": "hold", "hold_kind": "fraud", "user_id": self.channel_user.id, "expires_hours": 4},
            conditions=[{"kind": "amount_min", "amount": 100}, {"kind": "new_customer"}],
            name="Large first order",
        )
        small, large = self._order(), self._order(("STD", 10, "200.00", 20))
        self.assertEqual(small.state, "sale")
        self.assertEqual(self._holds(large), ["fraud"])
        hold = large.oms_open_hold_ids
        self.assertEqual(hold.reason, "Large first order: the amount is 240.00, the customer is new.")
        self.assertEqual(hold.assignee_id, self.channel_user)
        self.assertTrue(hold.expires_at)
        self.assertEqual(rule.log_count, 1)

    def test_an_archived_rule_stays_out_whoever_asks_first(self):
        rule = self._rule({"kind": "hold"})
        rule.active = False
        rules = self.env["oms.workflow.rule"]
        self.assertFalse(rules.with_context(active_test=False)._get_rules(rule.event, self.company) & rule)
        self.assertFalse(rules._get_rules(rule.event, self.company) & rule)
        rule.active = True
        self.assertIn(rule, rules._get_rules(rule.event, self.company))

    def test_a_rule_is_applied_once_to_an_order(self):
        rule = self._rule({"kind": "hold"}, event="release")
        order = self._order()
        order.oms_open_hold_ids.action_release()
        self.assertEqual(order.state, "sale", "the clerk has decided; the rule does not ask again")
        order._oms_run_rules("release")
        self.assertEqual(rule.log_count, 1)

    def test_every_action_does_what_it_says(self):
        tag = self.env["crm.tag"].create({"name": "VIP"})
        team = self.env["crm.team"].create({"name": "Team", "company_id": self.company.id})
        carrier = self.env["delivery.carrier"].create(
            {"name": "Courier", "product_id": self.env["product.product"].create({"name": "S", "type": "service"}).id}
        )
        self._rule(
            {"kind": "tag", "tag_ids": [(6, 0, tag.ids)]},
            {"kind": "priority", "priority": "high"},
            {"kind": "assign", "user_id": self.channel_user.id, "team_id": team.id},
            {"kind": "carrier", "carrier_id": carrier.id, "delivery_method": "express"},
            {"kind": "activity", "user_id": self.channel_user.id, "sentence": "Call them."},
            {"kind": "skip_window"},
        )
        order = self._order()
        self.assertEqual(
            (
                order.tag_ids,
                order.oms_priority,
                order.user_id,
                order.team_id,
                order.carrier_id,
                order.oms_delivery_method,
            ),
            (tag, "high", self.channel_user, team, carrier, "express"),
        )
        self.assertEqual(order.activity_ids.mapped("user_id"), self.channel_user)
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.picking_ids.mapped("priority"), ["1"])
        self.assertIn("Add tags (VIP)", order.oms_workflow_log_ids.done)

    def test_a_rule_says_where_an_order_may_not_come_from(self):
        store = self.env["stock.warehouse"].create({"name": "Store", "code": "STO", "company_id": self.company.id})
        self._rule({"kind": "pin", "warehouse_ids": [(6, 0, store.ids)]})
        order = self._order(status="on_hold")
        order._oms_run_rules("captured")
        self.assertEqual(order.oms_pinned_warehouse_id, store)
        self.assertEqual(set(order._oms_get_excluded_warehouses(self.warehouse | store)), {self.warehouse.id})

    def test_what_waits_for_stock_too_long_is_cancelled_after_a_notice(self):
        rule = self._rule(
            {"kind": "cancel", "cancel_reason": "inventory"},
            event="waiting",
            delay=10,
            delay_unit="days",
            notice_days=3,
        )
        order = self._order(("STD", 500, "10000.00", 20))
        told = []
        self.patch(
            type(order), "_oms_notify", lambda orders, event, pickings=None, **details: told.append((orders.ids, event))
        )
        now = fields.Datetime.now()
        self._age(order, now - timedelta(days=6))
        self._run_jobs()
        self.assertEqual(told, [])
        self._age(order, now - timedelta(days=8))
        self._run_jobs()
        self._run_jobs()
        self.assertEqual(told, [(order.ids, "delayed")], "told once")
        self._age(order, now - timedelta(days=12))
        self._run_jobs()
        self.assertEqual(order.state, "sale", "not before the customer has had three days")
        self.env.cr.execute("UPDATE oms_workflow_log SET create_date = create_date - interval '73 hours'")
        self._run_jobs()
        self.assertEqual(order.state, "cancel", order.oms_hold_reason)
        self.assertEqual(order.oms_cancellation_ids.mapped("reason"), ["inventory"])
        self.assertEqual(rule.log_count, 2)

    def test_the_notice_about_one_hold_is_no_notice_about_another(self):
        self._rule({"kind": "cancel"}, event="held", delay=10, delay_unit="days", notice_days=3)
        order = self._order(status="on_hold")
        first = order.oms_open_hold_ids

        def age(hold, days):
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE oms_hold SET create_date = %s WHERE id = %s",
                [fields.Datetime.now() - timedelta(days=days), hold.id],
            )
            self.env.invalidate_all()

        age(first, 8)
        self._run_jobs()
        self.assertEqual(order.oms_workflow_log_ids.mapped("event_key"), [f"held:{first.id}:notice"])
        self.env.cr.execute("UPDATE oms_workflow_log SET create_date = create_date - interval '30 days'")
        second = order._oms_hold("manual", "Something else")
        first._release()
        age(second, 11)
        self._run_jobs()
        self.assertEqual(order.state, "draft", "the customer has just been told about this one")
        self.env.cr.execute("UPDATE oms_workflow_log SET create_date = create_date - interval '4 days'")
        self.env.invalidate_all()
        self._run_jobs()
        self.assertEqual(order.state, "cancel")

    def test_a_rule_cancels_what_has_not_left_and_asks_nothing_back(self):
        self._rule({"kind": "cancel"}, event="waiting", delay=10, delay_unit="days")
        order = self._order(("STD", 110, "2200.00", 20))
        self._ship(order)
        self._age(order, fields.Datetime.now() - timedelta(days=12))
        self._run_jobs()
        self.assertEqual((order.state, order.order_line.product_uom_qty), ("sale", 100))
        self.assertEqual(order.oms_cancellation_ids.mapped("state"), ["stopped"])
        self.assertFalse(order.oms_on_hold, order.oms_hold_reason)
        self.assertFalse(order.order_line.move_ids.filtered(lambda move: move.state not in ("done", "cancel")))

    def test_a_rule_that_met_another_worker_holds_nothing(self):
        self._rule({"kind": "priority", "priority": "high"}, event="shipped")
        order = self._order()
        actions = type(self.env["oms.workflow.action"])

        def meet(*_arguments):
            raise psycopg2.errors.SerializationFailure("could not serialize access")

        with patch.object(actions, "_apply", meet), self.assertRaises(psycopg2.errors.SerializationFailure):
            order._oms_run_rules("shipped")
        self.assertFalse(order.oms_on_hold)

    def _age(self, order, moment):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE stock_move SET create_date = %s WHERE sale_line_id IN %s", [moment, tuple(order.order_line.ids)]
        )
        self.env.invalidate_all()

    def test_a_hold_that_stands_too_long_and_an_order_that_is_late(self):
        tag = self.env["crm.tag"].create({"name": "Slow"})
        self._rule({"kind": "tag", "tag_ids": [(6, 0, tag.ids)]}, event="held", delay=2, delay_unit="hours")
        self._rule({"kind": "priority", "priority": "high"}, event="late", delay=1, delay_unit="hours", name="Late")
        held, late, fine = self._order(status="on_hold"), self._order(), self._order()
        late.oms_ship_by = fields.Datetime.now() - timedelta(hours=2)
        fine.oms_ship_by = fields.Datetime.now() + timedelta(hours=2)
        self.env.flush_all()
        self.env.cr.execute("UPDATE oms_hold SET create_date = create_date - interval '3 hours'")
        self.env.invalidate_all()
        self._run_jobs()
        self.assertEqual((held.tag_ids, late.tag_ids), (tag, self.env["crm.tag"]))
        self.assertEqual((late.oms_priority, fine.oms_priority), ("high", "normal"))
        self.assertEqual(late.picking_ids.priority, "1")

    def test_after_shipping(self):
        tag = self.env["crm.tag"].create({"name": "Shipped"})
        self._rule({"kind": "tag", "tag_ids": [(6, 0, tag.ids)]}, event="shipped")
        order = self._order()
        self.assertFalse(order.tag_ids)
        self._ship(order)
        self.assertEqual(order.tag_ids, tag)

    def test_a_rule_that_fails_stops_the_order_and_says_which(self):
        rule = self._rule(
            {"kind": "tag", "tag_ids": [(6, 0, self.env["crm.tag"].create({"name": "X"}).ids)]}, name="Broken"
        )
        self.patch(type(rule.action_ids), "_apply_tag", lambda action, order, sentence: 1 / 0)
        with mute_logger("odoo.addons.oms_core.models.sale_order_workflow"):
            order = self._order()
        self.assertIn("Broken", order.oms_hold_reason)
        self.assertEqual(rule.log_count, 0)

    def test_a_clerk_who_confirms_is_told_that_a_rule_stopped_it(self):
        self.channel.auto_release = False
        order = self._order()
        self._rule({"kind": "hold", "sentence": "Call first."}, event="release")
        action = order.action_confirm()
        self.assertIn("Call first.", action["params"]["message"])
        self.assertEqual((order.state, self._holds(order)), ("draft", ["manual"]))

    def test_trying_a_rule_shows_what_it_is_about_and_does_nothing(self):
        orders = [self._order(), self._order(("STD", 10, "200.00", 20))]
        rule = self._rule({"kind": "hold"}, conditions=[{"kind": "amount_min", "amount": 100}], name="Large")
        trial = self.env["oms.workflow.trial"].browse(rule.action_try()["res_id"])
        self.assertEqual(trial.order_ids, orders[1])
        self.assertIn("1 of the latest 2 orders match", trial.text)
        self.assertIn("the amount is 240", trial.text)
        self.assertFalse(any(self._holds(order) for order in orders))
        self.assertEqual(rule.log_count, 0)

    def test_an_edit_is_tried_in_the_form_before_it_is_saved(self):
        """A button saves the form first, and a rule that is saved works."""
        self._order(), self._order(("STD", 10, "200.00", 20))
        rule = self._rule({"kind": "hold"}, conditions=[{"kind": "amount_min", "amount": 100}], name="Large")
        with Form(rule) as form:
            form.ask_trial = True
            self.assertIn("1 of the latest 2 orders match", form.trial)
            with form.condition_ids.edit(0) as condition:
                condition.amount = 1
            self.assertIn("2 of the latest 2 orders match", form.trial)
            self.assertEqual(rule.condition_ids.amount, 100)
            with form.condition_ids.edit(0) as condition:
                condition.amount = 100
        fresh = Form(self.env["oms.workflow.rule"])
        fresh.ask_trial = True
        self.assertIn("2 of the latest 2 orders match", fresh.trial)
        arch = etree.fromstring(rule.get_view(view_type="form")["arch"])
        switches = arch.xpath("//field[@widget='boolean_toggle']")
        self.assertEqual({literal_eval(switch.get("options", "{}")).get("autosave") for switch in switches}, {False})

    def test_a_rule_without_its_values_is_refused(self):
        for values in (
            {"conditions": [{"kind": "zip"}]},
            {"conditions": [{"kind": "velocity", "count": 0}]},
            {"event": "waiting"},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self._rule({"kind": "hold"}, **values)
        with self.assertRaises(ValidationError):
            self._rule({"kind": "tag"})
        with self.assertRaises(ValidationError):
            self._rule({"kind": "pin", "warehouse_ids": [(6, 0, self.warehouse.ids)]}, event="shipped")

    def test_rules_are_made_by_managers_and_their_log_by_nobody(self):
        rule = self._rule({"kind": "hold"})
        order = self._order()
        clerk = self._create_user("rule_clerk", "oms_core.group_oms_user")
        manager = self._create_user("rule_manager", "oms_core.group_oms_manager")
        with self.assertRaises(AccessError):
            rule.with_user(clerk).name = "Mine"
        with self.assertRaises(AccessError):
            rule.with_user(clerk).action_try()
        rule.with_user(manager).name = "Ours"
        rule.with_user(manager).action_try()
        for user in (clerk, manager):
            self.assertFalse(order.oms_workflow_log_ids.with_user(user).has_access("write"))
        with self.assertRaises(UserError):
            order.oms_workflow_log_ids.sentence = "x"

    def test_who_orders_a_lot_makes_nobody_else_a_new_customer(self):
        """The earliest orders count, however many others of the batch have ordered since."""
        self.patch(sale_order_workflow, "WORKFLOW_MOMENTS_MAX", 2)
        rule = self._rule(
            {"kind": "hold"},
            conditions=[{"kind": "new_customer"}, {"kind": "velocity", "count": 2, "hours": 5}],
            active=False,
        )._to_domain()
        old, busy = self._address(), self._address()
        first = self._order(billing=old, ordered_at=MOMENT - timedelta(days=900))
        again = self._order(billing=old, ordered_at=MOMENT - timedelta(days=100))
        many = self.env["sale.order"].union(
            *(self._order(billing=busy, ordered_at=MOMENT - timedelta(hours=hour)) for hour in range(6))
        )
        facts = {one.order_id: one for one in (first | again | many)._oms_get_workflow_facts(rule.conditions)}
        self.assertEqual([facts[order.id].earlier_orders for order in (first, again, *many)], [0, 1, 5, 4, 3, 2, 1, 0])
        self.assertEqual(len(facts[again.id].order_moments), 1)
        self.assertEqual(len(facts[many[0].id].order_moments), 4, "as many as a rule can ask for, and some more")
        self.assertEqual(max(facts[many[3].id].order_moments), many[3].date_order)

    def test_facts_of_many_orders_cost_as_many_queries_as_of_few(self):
        conditions = [{"kind": "new_customer"}, {"kind": "velocity", "count": 9, "hours": 5}, {"kind": "product_tag"}]
        rule = self._rule({"kind": "hold"}, conditions=conditions, active=False)._to_domain()
        orders = self.env["sale.order"].union(*(self._order() for _number in range(12)))

        def cost(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            some._oms_get_workflow_facts(rule.conditions)
            return self.cr.sql_log_count - before

        cost(orders[:1])
        self.assertEqual(cost(orders[:3]), cost(orders))
