"""At night it is known what the day could have cost, and which rule kept it from costing less."""

from datetime import timedelta

from odoo.addons.oms_routing.models import oms_sourcing_regret

from .test_backtest import BacktestCommon


class TestRegret(BacktestCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lille.oms_cost_per_parcel = 9
        cls.lyon.oms_cost_per_parcel = 3
        cls.marseille.oms_cost_per_parcel = 1
        cls.nearest.cost_parcel = 5
        cls.today = cls.company._oms_get_today()
        cls.regrets = cls.env["oms.sourcing.regret"]

    def _look_back(self):
        self._settle()
        return self.regrets._look_back(self.company, self.company._oms_get_today())

    def _parts(self, day):
        return {line.name: line.amount for line in day.line_ids}

    def test_a_dear_site_that_is_near_is_told_to_be_the_fault_of_the_goals(self):
        self._put(self.chair, lille=9, marseille=9)
        self._confirm(1)
        day = self._look_back()
        self.assertEqual((day.order_count, day.actual, day.best, day.regret), (1, 14, 6, 8))
        self.assertEqual(self._parts(day), {"Goals other than the least cost": 8})

    def test_a_rule_that_keeps_the_cheap_site_away_is_named(self):
        rule = self.env["oms.sourcing.rule"].create({"policy_id": self.nearest.id, "kind": "max_distance", "km": 500})
        self._put(self.chair, lille=9, lyon=9, marseille=9)
        self._confirm(1)
        day = self._look_back()
        self.assertEqual(self._parts(day), {"Goals other than the least cost": 6, "At most 500 km away": 2})
        line = day.line_ids.filtered("rule_id")
        self.assertEqual((line.rule_id, line.policy_id, line.reason), (rule, self.nearest, "rule"))
        self.assertEqual(sum(day.line_ids.mapped("amount")), day.regret)

    def test_a_site_that_gave_up_is_not_asked_in_hindsight(self):
        self._put(self.chair, lyon=9, marseille=9)
        order = self._confirm(1)
        self._delivery(order, self.lyon).action_cancel()
        self._settle()
        self.assertEqual(self._from(order), {"Marseille": 1})
        day = self._look_back()
        self.assertEqual((day.order_count, day.regret), (1, 0))

    def test_orders_that_wait_are_left_out_and_counted(self):
        self._put(self.chair, lyon=1)
        self._confirm(1)
        self._confirm(5)
        day = self._look_back()
        self.assertEqual((day.order_count, day.skipped_count), (1, 1))

    def test_a_day_of_more_orders_than_are_looked_at_says_how_many_are_left_out(self):
        self.patch(oms_sourcing_regret, "REGRET_ORDERS_MAX", 1)
        self._put(self.chair, lyon=9)
        for _order in range(3):
            self._confirm(1)
        day = self._look_back()
        self.assertEqual((day.order_count, day.skipped_count), (1, 2))

    def test_every_night_makes_up_for_the_days_that_are_missing_and_looks_at_none_twice(self):
        self._put(self.chair, lille=9)
        self._confirm(1)
        yesterday = self.today - timedelta(days=1)
        self.env.cr.execute(
            "UPDATE oms_sourcing_decision SET create_date = create_date - interval '1 day' WHERE company_id = %s",
            [self.company.id],
        )
        self.env.invalidate_all()
        self.assertIn((self.company, yesterday), self.regrets._get_missing())
        with self.enter_registry_test_mode():
            self.env.ref("oms_routing.cron_regret").method_direct_trigger()
        found = self.regrets.search([("company_id", "=", self.company.id)])
        self.assertEqual((found.day, found.order_count), (yesterday, 1))
        self.assertNotIn((self.company, yesterday), self.regrets._get_missing())

    def test_a_policy_without_prices_has_nothing_to_regret(self):
        (self.lille | self.marseille).oms_cost_per_parcel = 0
        self.nearest.cost_parcel = 0
        self._put(self.chair, lille=9, marseille=9)
        self._confirm(1)
        day = self._look_back()
        self.assertEqual((day.regret, day.line_ids), (0, day.line_ids.browse()))
