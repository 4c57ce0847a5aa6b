"""For which orders which rules decide, and that one can read them."""

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import Form

from odoo.addons.oms_routing.domain.policy import CONSTRAINT_KINDS, DEFAULT_POLICY, OBJECTIVE_KINDS
from odoo.addons.oms_routing.models.oms_sourcing_rule import COLUMNS, CONSTRAINTS, OBJECTIVES
from odoo.addons.oms_routing.models.oms_sourcing_template import TEMPLATES

from .common import RoutingCommon


class PolicyCommon(RoutingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policies = cls.env["oms.sourcing.policy"].with_company(cls.company)
        cls.first = cls.policies.search([("company_id", "=", cls.company.id)])

    def _policy(self, name="Test", sequence=1, rules=(), **values):
        """A policy of the test's company that is asked before the others."""
        return self.policies.create(
            {
                "name": name,
                "sequence": sequence,
                "company_id": self.company.id,
                "rule_ids": [
                    Command.create({"sequence": place, **({"kind": rule} if isinstance(rule, str) else rule)})
                    for place, rule in enumerate(rules, 1)
                ],
                **values,
            }
        )


class TestPolicies(PolicyCommon):
    def test_a_company_begins_with_the_policy_that_decides_as_ever(self):
        company = self.env["res.company"].create({"name": "A New One"})
        policy = self.policies.search([("company_id", "=", company.id)])
        self.assertEqual(policy.name, "Nearest site that has everything")
        chosen = policy._to_domain()
        self.assertEqual([rule.kind for rule in chosen.objectives], [rule.kind for rule in DEFAULT_POLICY.objectives])
        self.assertEqual([rule.kind for rule in chosen.constraints], [rule.kind for rule in DEFAULT_POLICY.constraints])
        self.assertEqual((chosen.strategy, chosen.leftover, chosen.nodes_max), ("lexicographic", "backorder", None))

    def test_the_first_policy_that_fits_an_order_decides_it_and_the_decision_says_which(self):
        self._put(self.chair, lyon=5, lille=5)
        policy = self._policy("Large ones in the order of the sites", amount_min=25)
        small, large = self._order(("CHAIR", 1)), self._order(("CHAIR", 4))
        self.assertEqual((small.oms_decision_ids.policy_id, large.oms_decision_ids.policy_id), (self.first, policy))
        self.assertEqual((self._from(small), self._from(large)), ({"Lille": 1}, {"Lyon": 4}))
        self.assertEqual(large.oms_decision_ids.policy_name, "Large ones in the order of the sites")
        self.assertEqual(large._oms_get_policy(), policy)

    def test_a_policy_that_is_switched_off_stays_out_whoever_asks_first(self):
        policy = self._policy("Off", active=False, in_runs=True)
        for policies in (self.policies.with_context(active_test=False), self.policies):
            self.assertNotIn(policy.id, dict(policies._get_scopes(self.company.id)))
            self.assertNotIn(policy.id, policies._get_ids_in_runs())
        policy.active = True
        self.assertIn(policy.id, dict(self.policies._get_scopes(self.company.id)))

    def test_without_any_policy_the_built_in_one_decides(self):
        self._put(self.chair, lille=5)
        self.first.active = False
        decision = self._order(("CHAIR", 1)).oms_decision_ids
        self.assertFalse(decision.policy_id)
        self.assertEqual(decision.warehouse_ids, self.lille)

    def test_every_filter_is_asked(self):
        order = self._order(("CHAIR", 1))
        tag = self.env["crm.tag"].create({"name": "VIP"})
        group = self.env["res.country.group"].create({"name": "Elsewhere", "country_ids": self.env.ref("base.jp").ids})
        self.env.flush_all()
        for values in (
            {"channel_ids": self._channel_of_others().ids},
            {"delivery_method": "express"},
            {"country_ids": self.env.ref("base.de").ids},
            {"country_group_ids": group.ids},
            {"tag_ids": tag.ids},
            {"segment": "champion"},
            {"amount_min": 10_000},
            {"amount_max": 0.01},
            {"excluded_product_ids": self.chair.ids},
        ):
            with self.subTest(values=values):
                policy = self._policy(**values)
                self.assertEqual(order._oms_get_policy(), self.first)
                self.assertNotIn("All orders", policy.filter_summary)
                policy.unlink()
        group.country_ids |= order.partner_shipping_id.country_id
        policy = self._policy(country_group_ids=group.ids, channel_ids=self.channel.ids)
        self.assertEqual(order._oms_get_policy(), policy)
        group.country_ids -= order.partner_shipping_id.country_id
        self.assertEqual(order._oms_get_policy(), self.first)

    def _channel_of_others(self):
        return self.channel.copy({"name": "Another", "code": "OTHER"})

    def test_a_policy_of_another_company_decides_nothing_here(self):
        company = self.env["res.company"].create({"name": "Another"})
        self.policies.create({"name": "Theirs", "sequence": -5, "company_id": company.id})
        self.assertEqual(self._order(("CHAIR", 1))._oms_get_policy(), self.first)

    def test_a_change_of_the_rules_is_a_new_version_and_a_new_name_is_none(self):
        policy = self._policy(rules=("distance",))
        self.assertEqual(policy.version, 1)
        policy.name = "Called otherwise"
        self.assertEqual(policy.version, 1)
        policy.nodes_max = 2
        self.assertEqual(policy.version, 2)
        policy.rule_ids.km = 30
        self.assertEqual(policy.version, 3)
        policy.write({"rule_ids": [Command.create({"kind": "carbon"}), Command.create({"kind": "promise"})]})
        self.assertEqual(policy.version, 4)
        self._put(self.chair, lille=5)
        self.assertEqual(self._order(("CHAIR", 1)).oms_decision_ids.policy_version, 4)

    def test_a_change_counts_for_the_next_order(self):
        self._put(self.chair, lyon=5, lille=5)
        policy = self._policy(rules=("distance",))
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lille": 1})
        policy.rule_ids.unlink()  # then the order of the sites decides
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lyon": 1})

    def test_a_policy_that_is_being_edited_can_be_asked_before_it_is_saved(self):
        policy = self._policy(rules=("distance",))
        order = self._order(("CHAIR", 1))
        edited = self.policies.new(origin=policy)
        edited.nodes_max = 1
        edited.objective_ids = [Command.create({"kind": "carbon", "sequence": 0})]
        chosen = self.policies._get_for(order, edited)[order]
        self.assertEqual((chosen.policy_id, chosen.policy.nodes_max), (policy.id, 1))
        self.assertEqual([rule.kind for rule in chosen.policy.objectives], ["covers_most", "carbon", "distance"])
        self.assertIsNone(self.policies._get_for(order)[order].policy.nodes_max)

    def test_who_comes_first_is_said_by_the_policy(self):
        """Both want the same four chairs; the second one is worth more, and urgent, and promised earlier."""
        for order_by in ("value", "priority", "promise"):
            with self.subTest(order_by=order_by):
                policy = self._policy(order_by=order_by, rules=("distance",))
                product = self._create_product(f"ONLY-{order_by}")
                self._stock(product, self.lille, 4)
                self.channel.auto_release = False
                docs = [self._doc(lines=(self._line(product.default_code, count),)) for count in (3, 4)]
                slow, fast = (order for order, _state, _text in self._apply(*docs))
                fast.write({"oms_priority": "high", "oms_deliver_by": "2026-01-01"})
                slow.oms_deliver_by = "2026-02-01"
                (slow | fast)._oms_plan()
                self.assertEqual(fast.oms_decision_ids.outcome, "single")
                self.assertEqual(slow.oms_decision_ids.outcome, "backorder")
                policy.unlink()


class TestRules(PolicyCommon):
    def test_every_kind_of_the_planner_can_be_chosen_or_always_holds(self):
        always = {"not_excluded", "pinned", "not_rejected", "has_stock", "covers_most"}
        self.assertEqual({kind for kind, _label in CONSTRAINTS}, set(CONSTRAINT_KINDS) - always)
        self.assertEqual({kind for kind, _label in OBJECTIVES}, set(OBJECTIVE_KINDS) - always)

    def test_every_parameter_of_the_planner_has_its_columns(self):
        taken = {
            name.rstrip("*")
            for kinds in (CONSTRAINT_KINDS, OBJECTIVE_KINDS)
            for ones in kinds.values()
            for name in ones
        }
        self.assertEqual(taken, set(COLUMNS))

    def test_every_rule_is_a_sentence(self):
        values = {"km": 30, "quantity": 2, "amount": 100, "number": 3, "has_stores": True}
        rules = self.env["oms.sourcing.rule"]
        sentences = [
            rules.new({"kind": kind, "hard": True, **values}).sentence for kind, _label in CONSTRAINTS + OBJECTIVES
        ]
        self.assertTrue(all(sentences))
        self.assertEqual(len(set(sentences)), len(sentences))
        self.assertEqual(
            rules.new({"kind": "max_distance", "km": 30, "hard": False}).sentence, "At most 30 km away, if possible"
        )

    def test_a_rule_that_does_not_say_enough_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "“Distance at most” does not say enough"):
            self._policy(rules=("max_distance",))

    def test_what_another_kind_asked_for_is_forgotten(self):
        policy = self._policy(rules=("distance",))
        with Form(policy) as form, form.constraint_ids.new() as rule:
            rule.kind = "max_distance"
            rule.km = 40
            rule.kind = "max_nodes"
            rule.number = 1
        self.assertEqual((policy.constraint_ids.km, policy.constraint_ids.number), (0, 1))

    def test_each_template_makes_a_policy_that_the_planner_takes(self):
        self._put(self.chair, lille=5)
        for code in TEMPLATES:
            with self.subTest(code=code):
                wizard = self.env["oms.sourcing.template"].with_company(self.company).create({"code": code})
                self.assertTrue(wizard.purpose and wizard.rule_text)
                policy = self.policies.browse(wizard.action_create()["res_id"])
                self.assertFalse(policy.active, "nothing changes before somebody has read it")
                policy.active = True
                order = self._order(("CHAIR", 1))
                self.assertEqual((order.oms_decision_ids.policy_id, self._from(order)), (policy, {"Lille": 1}))
                self._put(self.chair, lille=6)
                policy.unlink()

    def test_only_managers_change_rules(self):
        policy = self._policy(rules=("distance",))
        clerk = self._create_user("policy_clerk", "oms_core.group_oms_user")
        self.assertEqual(policy.with_user(clerk).rule_ids.sentence, "The shortest way")
        with self.assertRaises(AccessError):
            policy.with_user(clerk).nodes_max = 1
        with self.assertRaises(AccessError):
            policy.rule_ids.with_user(clerk).km = 1
