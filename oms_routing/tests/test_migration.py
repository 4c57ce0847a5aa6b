"""N18: a merchant brings the sourcing rules of another system along, and sees that known orders come from where they came."""

import json
from base64 import b64encode

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import RoutingCommon

LINKS = {
    "links": [
        {"source_code": "LYO", "stock_id": 2, "priority": 1},
        {"source_code": "lille", "stock_id": 2, "priority": 2},
        {"source_code": "south", "stock_id": 2, "priority": 3},
    ],
    "algorithmCode": "priority",
}
KNOWN = b"order,sku,ordered,place,available,expected\nS1,CHAIR,40,LYO,35,35\nS1,CHAIR,40,lille,15,5\nS1,CHAIR,40,south,10,0\n"
ALL_IN_THE_SECOND = b"order,sku,ordered,place,available,expected\nS2,CHAIR,4,LYO,1,1\nS2,CHAIR,4,lille,9,3\n"


def a_rule(name, assignment, *conditions, actions=("ORA_NEXT_RULE",), **more):
    return {
        "ruleName": name,
        "statusId": "RULE_ACTIVE",
        "assignmentEnumId": assignment,
        "inventoryFilters": [
            {"conditionTypeEnumId": kind, "fieldName": field, "operator": "equals", "fieldValue": value}
            for kind, field, value in conditions
        ],
        "actions": [{"actionTypeEnumId": action} for action in actions],
        **more,
    }


@tagged("post_install", "-at_install")
class TestMigration(RoutingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policies = cls.env["oms.sourcing.policy"]
        cls.env["ir.model.data"].create(
            {"module": "__import__", "name": "south", "model": "stock.warehouse", "res_id": cls.marseille.id}
        )
        cls.manager = cls._create_user("migration_manager", "oms_core.group_oms_manager")

    def _wizard(self, rules=None, known=None, **values):
        data = rules if isinstance(rules, bytes) else json.dumps(rules or LINKS).encode()
        return (
            self.env["oms.sourcing.migration"]
            .with_user(self.manager)
            .with_company(self.company)
            .create(
                {
                    "file": b64encode(data),
                    "file_name": "rules.json",
                    "vector_file": b64encode(known) if known else False,
                    **values,
                }
            )
        )

    def _brought(self, *args, **values):
        wizard = self._wizard(*args, **values)
        wizard.action_preview()
        wizard.action_create()
        return wizard

    def test_a_manager_looks_and_then_makes_the_policies_in_the_browser(self):
        wizard = self._wizard()
        wizard.action_preview()
        self.assertEqual((wizard.state, wizard.recognised), ("preview", "magento"))
        self.assertEqual((wizard.same_count, wizard.close_count, wizard.left_count), (3, 1, 0))
        self.assertEqual(
            [(row.name, row.warehouse_id) for row in wizard.reference_ids],
            [("LYO", self.lyon), ("lille", self.lille), ("south", self.marseille)],
            "by its code, by its name, by the name that it was imported under",
        )
        self.assertFalse(wizard.policy_ids, "nothing is made yet")
        with Form(wizard) as form:
            self.assertEqual(form.state, "preview")
        wizard.action_create()
        policy = wizard.policy_ids
        self.assertEqual((policy.name, policy.active, policy.company_id), ("Stock 2", False, self.company))
        self.assertLess(
            policy.sequence, min(self.policies.search([("company_id", "=", self.company.id)]).mapped("sequence"))
        )
        self.assertIn("rules.json", policy.brought_from)
        groups = policy.rule_ids.filtered("is_objective").group_ids
        self.assertEqual(groups.sorted("sequence").warehouse_ids.ids, (self.lyon | self.lille | self.marseille).ids)
        self.assertEqual(wizard.action_view_policies()["res_id"], policy.id)

    def test_what_was_brought_along_decides_when_it_is_switched_on(self):
        self._put(self.chair, lyon=5, lille=5, marseille=5)
        before = self._order(("CHAIR", 1))
        self.assertEqual(self._from(before), {"Lille": 1}, "the nearest")
        wizard = self._brought()
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lille": 1}, "still switched off")
        wizard.policy_ids.active = True
        order = self._order(("CHAIR", 1))
        self.assertEqual((self._from(order), order.oms_decision_ids.policy_id), ({"Lyon": 1}, wizard.policy_ids))

    def test_known_orders_are_planned_under_the_new_policies_and_compared(self):
        wizard = self._brought(known=KNOWN)
        (answer,) = wizard.answer_ids
        self.assertTrue(answer.agrees, answer.why)
        self.assertEqual(answer.ours, "35 × CHAIR from LYO, 5 × CHAIR from lille")
        self.assertEqual(wizard.agreement, "1 of 1 known orders come from where they came there.")

    def test_a_difference_is_shown_and_gone_when_the_rules_are_brought_along_exactly(self):
        readable = self._brought(known=ALL_IN_THE_SECOND)
        self.assertEqual(readable.answer_ids.ours, "4 × CHAIR from lille")
        self.assertFalse(readable.answer_ids.agrees)
        self.assertIn("Lille", readable.answer_ids.why)
        exact = self._brought(known=ALL_IN_THE_SECOND, exact=True)
        self.assertTrue(exact.answer_ids.agrees, exact.answer_ids.why)
        self.assertEqual(exact.policy_ids.sorted("sequence").mapped("leftover"), ["next", "next", "backorder"])
        self.assertEqual(len(exact.policy_ids.mapped("brought_from")), 3)
        names = (readable | exact).node_group_ids.mapped("name")
        self.assertEqual(len(set(names)), 6, "groups of the same name are told apart")

    def test_rules_in_a_row_become_policies_that_pass_the_rest_on(self):
        self.env["oms.node.group"].create({"name": "Big houses", "warehouse_ids": [Command.set(self.lyon.ids)]})
        rules = [
            a_rule("Whole", "ORA_SINGLE", ("ENTCT_FILTER", "facilityGroupId", "BIG_HOUSES")),
            a_rule("Rest", "ORA_MULTI", ("ENTCT_SORT_BY", "distance", None), actions=("ORA_MV_TO_QUEUE",)),
        ]
        wizard = self._brought({"routings": [{"routingName": "Web", "statusId": "ROUTING_ACTIVE", "rules": rules}]})
        whole, rest = wizard.policy_ids.sorted("sequence")
        self.assertEqual((whole.leftover, rest.leftover), ("next", "hold"))
        self.assertEqual(whole.rule_ids.group_ids.name, "Big houses", "found by its name")
        wizard.policy_ids.active = True
        self._put(self.chair, lyon=5, marseille=5)
        self.assertEqual(self._from(self._order(("CHAIR", 2))), {"Lyon": 2})
        self.assertEqual(self._from(self._order(("CHAIR", 4))), {"Marseille": 4}, "not whole in Lyon, so from anywhere")

    def test_policies_of_one_file_are_tried_together_on_the_orders_of_the_last_days(self):
        self._put(self.chair, lyon=1, lille=5, marseille=5)
        self.env["oms.stock.event"]._settle()
        self._order(("CHAIR", 3))
        self.env["oms.stock.event"]._settle()
        wizard = self._brought(exact=True)
        action = wizard.action_try()
        self.assertEqual(action["context"]["default_policy_id"], wizard.policy_ids[:1].id)
        trial = (
            self.env["oms.sourcing.backtest"]
            .with_user(self.manager)
            .create({"policy_id": action["context"]["default_policy_id"], "company_id": self.company.id})
        )
        trial.action_start()
        after = trial.line_ids.filtered(lambda line: line.side == "after")
        self.assertEqual((after.sites, after.is_changed), ("Lyon, Lille", True))

    def test_a_name_that_nobody_knows_is_asked_for_and_can_be_left_out(self):
        rules = {"links": [*LINKS["links"][:2], {"source_code": "moon", "stock_id": 2, "priority": 3}]}
        wizard = self._wizard(rules)
        wizard.action_preview()
        with self.assertRaisesRegex(UserError, "Say what is meant by moon here"):
            wizard.action_create()
        self.assertEqual(wizard.state, "preview")
        moon = wizard.reference_ids.filtered(lambda row: row.name == "moon")
        moon.warehouse_id = self.marseille
        wizard.action_preview()
        self.assertEqual(
            wizard.reference_ids.filtered(lambda row: row.name == "moon").warehouse_id, self.marseille, "kept"
        )
        moon.write({"warehouse_id": False, "leave_out": True})
        wizard.action_create()
        self.assertEqual(wizard.policy_ids.rule_ids.group_ids.warehouse_ids, self.lyon | self.lille)

    def test_a_damaged_file_makes_nothing_and_says_where_it_is_damaged(self):
        before = self.policies.with_context(active_test=False).search_count([])
        for data, words in ((b'{"links": [{]}', "line 1, column 13"), (b"a,b\n1,2\n", "no file of sourcing rules")):
            wizard = self._wizard(data)
            with self.assertRaisesRegex(UserError, words):
                wizard.action_preview()
        wizard = self._wizard(known=b"order,sku,ordered\nS1,CHAIR,many\n")
        with self.assertRaisesRegex(UserError, "line 2"):
            wizard.action_preview()
        with self.assertRaisesRegex(UserError, "Look at what the rules become first"):
            wizard.action_create()
        self.assertEqual(self.policies.with_context(active_test=False).search_count([]), before)

    def test_a_routing_that_would_be_for_more_orders_is_told_before_anything_is_made(self):
        filters = [{"fieldName": "shipmentMethodTypeId", "operator": "equals", "fieldValue": "NEXT_DAY"}]
        routing = {"routingName": "Express", "orderFilters": filters, "rules": [a_rule("R", "ORA_SINGLE")]}
        wizard = self._wizard({"routings": [routing]})
        wizard.action_preview()
        self.assertIn("Express", wizard.warning)
        told = wizard.statement_ids.filtered(lambda one: one.verdict == "not")
        self.assertEqual(told.code, "order_filter")
        self.assertIn("tag those orders", told.todo)

    def test_where_nothing_becomes_a_policy_that_is_said(self):
        wizard = self._wizard({"rules": ["Location metafields"]})
        wizard.action_preview()
        self.assertEqual(wizard.left_count, 1)
        with self.assertRaisesRegex(UserError, "Nothing in the file becomes a policy"):
            wizard.action_create()

    def test_channels_are_named_and_the_policy_is_for_them(self):
        routing = {"routingName": "Shop", "rules": [a_rule("R", "ORA_SINGLE")]}
        wizard = self._brought({"productStoreId": self.channel.code, "routings": [routing]})
        self.assertEqual(wizard.policy_ids.channel_ids, self.channel)

    def test_what_decides_for_more_orders_since_names_were_left_out_is_told(self):
        rules = [a_rule("R", "ORA_SINGLE", ("ENTCT_FILTER", "facilityGroupId", "MOON_BASES"))]
        routing = {"routingName": "Shop", "statusId": "ROUTING_ACTIVE", "rules": rules}
        wizard = self._wizard({"productStoreId": "Luna", "routings": [routing]})
        wizard.action_preview()
        self.assertFalse(wizard.warning)
        wizard.reference_ids.leave_out = True
        wizard.action_create()
        policy = wizard.policy_ids
        self.assertFalse(policy.channel_ids)
        self.assertFalse(policy.rule_ids.group_ids)
        self.assertRegex(wizard.warning, f"All channels of {policy.name} were left out, .*\nAll places of a rule")
        wizard.action_discard()
        self.assertFalse(wizard.warning)

    def test_it_is_taken_back_as_long_as_it_is_switched_off(self):
        wizard = self._brought()
        policy, groups = wizard.policy_ids, wizard.node_group_ids
        policy.active = True
        with self.assertRaisesRegex(UserError, "decide already"):
            wizard.action_discard()
        policy.active = False
        wizard.action_discard()
        self.assertFalse(policy.exists())
        self.assertFalse(groups.exists())
        self.assertEqual(wizard.state, "preview")

    def test_only_managers_bring_rules_along(self):
        clerk = self._create_user("migration_clerk", "oms_core.group_oms_user")
        with self.assertRaises(AccessError):
            self.env["oms.sourcing.migration"].with_user(clerk).create({"file": b64encode(b"{}")})
        with self.assertRaises(AccessError):
            self._brought().with_user(clerk).action_view_policies()
