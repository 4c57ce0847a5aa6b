"""Policies are tried on what was ordered, before they decide anything."""

from ast import literal_eval
from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form

from odoo.addons.oms_routing.domain.backtest import SAME
from odoo.addons.oms_routing.models import oms_sourcing_backtest

from .common import RoutingCommon


class BacktestCommon(RoutingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policies = cls.env["oms.sourcing.policy"]
        cls.policies.search([("company_id", "=", cls.company.id)]).unlink()
        cls.nearest = cls.policies.create(
            {
                "name": "Nearest",
                "company_id": cls.company.id,
                "rule_ids": [
                    Command.create({"kind": "fewest_parcels", "sequence": 1}),
                    Command.create({"kind": "distance", "sequence": 2}),
                ],
            }
        )

    def _settle(self):
        self.env["oms.stock.event"]._settle()

    def _confirm(self, units, product="CHAIR"):
        """An order that is confirmed in a transaction of its own, as far as the journal can tell."""
        self._settle()
        order = self._order((product, units))
        self._settle()
        return order

    def _past(self):
        self._put(self.chair, lyon=9, lille=4)
        return self.env["sale.order"].union(*(self._confirm(units) for units in (3, 2, 1, 4)))

    def _in_sequence(self, **values):
        """A policy that takes the sites in the order of their list; switched off."""
        return self.policies.create(
            {
                "name": "By the list",
                "company_id": self.company.id,
                "active": False,
                "sequence": 1,
                "rule_ids": [
                    Command.create({"kind": "fewest_parcels", "sequence": 1}),
                    Command.create({"kind": "priority", "sequence": 2}),
                ],
                **values,
            }
        )

    def _try(self, **values):
        trial = self.env["oms.sourcing.backtest"].create({"company_id": self.company.id, **values})
        trial.action_start()
        return trial

    def _sites(self, trial, side):
        return trial.line_ids.filtered(lambda line: line.side == side).mapped("sites")


class TestBacktest(BacktestCommon):
    def test_the_policies_that_decided_decide_again_as_they_did(self):
        orders = self._past()
        trial = self._try()
        self.assertEqual(trial.state, "done")
        self.assertEqual(set(trial.line_ids.mapped("parity")), {SAME}, trial.line_ids.mapped("parity_note"))
        self.assertEqual(self._sites(trial, "before"), [", ".join(self._from(order)) for order in orders])
        self.assertEqual(self._sites(trial, "after"), self._sites(trial, "before"))
        self.assertIn("4 of 4 decisions are taken again as they were.", trial.parity)
        self.assertIn("0 of 4 orders (0.0 %) leave from elsewhere.", trial.summary)

    def test_an_order_that_no_site_might_ship_is_decided_again_as_it_was(self):
        self._put(self.chair, lyon=9)
        self.sites.oms_intake = "pause"
        self._confirm(2)
        trial = self._try()
        self.assertEqual(trial.line_ids.mapped("parity"), [SAME] * 2, trial.line_ids.mapped("parity_note"))

    def test_goods_that_were_counted_in_the_same_transaction_were_seen(self):
        self._put(self.chair, lyon=9, lille=4)
        orders = [self._order(("CHAIR", units)) for units in (3, 2)]
        trial = self._try()
        self.assertEqual(set(trial.line_ids.mapped("parity")), {SAME}, trial.line_ids.mapped("parity_note"))
        self.assertEqual(self._sites(trial, "after"), [", ".join(self._from(order)) for order in orders])

    def test_another_policy_finds_the_shelves_as_it_left_them(self):
        self._past()
        trial = self._try(policy_id=self._in_sequence().id)
        self.assertEqual(self._sites(trial, "before"), ["Lille", "Lyon", "Lille", "Lyon"])
        self.assertEqual(self._sites(trial, "after"), ["Lyon", "Lyon", "Lyon", "Lille"])
        self.assertIn("3 of 4 orders (75.0 %) leave from elsewhere.", trial.summary)
        km = trial.measure_ids.filtered(lambda measure: measure.code == "km")
        self.assertGreater(km.after, km.before)
        self.assertLessEqual(km.low, km.difference)
        self.assertLessEqual(km.difference, km.high)

    def test_a_group_of_places_that_was_made_today_is_seen_by_orders_of_the_past(self):
        """When they were decided, no rule asked for groups, so that none was recorded."""
        self._past()
        group = self.env["oms.node.group"].create({"name": "Big", "warehouse_ids": [Command.set(self.lyon.ids)]})
        policy = self._in_sequence(
            rule_ids=[Command.create({"kind": "node_group", "group_ids": [Command.set(group.ids)]})]
        )
        trial = self._try(policy_id=policy.id)
        self.assertEqual(self._sites(trial, "before"), ["Lille", "Lyon", "Lille", "Lyon"])
        self.assertEqual(self._sites(trial, "after"), ["Lyon"] * 4)
        self.assertEqual(set(trial.line_ids.mapped("parity")), {SAME}, "what decided then is asked as it was")

    def test_it_is_told_which_rules_mattered(self):
        self._past()
        trial = self._try(policy_id=self._in_sequence().id)
        shares = {rule.name: (rule.before, rule.after) for rule in trial.rule_ids}
        self.assertIn("The shortest way", shares)
        self.assertGreater(shares["The shortest way"][0], 0)
        self.assertEqual(shares["The shortest way"][1], 0)

    def test_nothing_of_a_trial_is_done(self):
        orders = self._past()
        before = orders.picking_ids.ids, self.env["oms.sourcing.decision"].search([]).ids
        self._try(policy_id=self._in_sequence().id)
        self.assertEqual((orders.picking_ids.ids, self.env["oms.sourcing.decision"].search([]).ids), before)

    def test_stock_that_was_changed_behind_the_journals_back_is_named(self):
        self._past()
        self.env.cr.execute(
            "UPDATE oms_stock_event SET on_hand = on_hand - 2 WHERE warehouse_id = %s AND on_hand > 0", [self.lille.id]
        )
        trial = self._try()
        notes = trial.line_ids.filtered(lambda line: line.parity == "stock").mapped("parity_note")
        self.assertTrue(notes)
        self.assertIn("4 Product CHAIR at Lille, not 2", notes[0])

    def test_a_trial_that_was_interrupted_goes_on_where_it_stopped(self):
        self.patch(self.env.registry["oms.sourcing.backtest"], "_sum_up", lambda this: None)
        self._past()
        policy = self._in_sequence()
        whole = self._try(policy_id=policy.id)
        expected = [(line.order_id.id, line.side, line.sites, line.cost) for line in whole.line_ids]
        half = whole.copy()
        half.write({"state": "running", "started_at": whole.started_at, "basis": whole.basis, "order_count": 4})
        for line in whole.line_ids[:4]:
            line.sudo().copy({"backtest_id": half.id})
        half._work()
        self.assertEqual([(line.order_id.id, line.side, line.sites, line.cost) for line in half.line_ids], expected)

    def test_a_policy_that_was_changed_meanwhile_begins_the_trial_anew(self):
        self._past()
        trial = self._try(policy_id=self._in_sequence().id)
        trial.write({"state": "running", "basis": "of another policy"})
        trial.measure_ids.sudo().unlink()
        trial._work()
        self.assertEqual(len(trial.line_ids), 8)

    def test_a_large_trial_is_left_to_the_job(self):
        self._past()
        self.patch(oms_sourcing_backtest, "BACKTEST_NOW_MAX", 2)
        trial = self._try(policy_id=self._in_sequence().id)
        self.assertEqual(trial.state, "waiting")
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("oms_routing.cron_backtest").method_direct_trigger()
        trial.invalidate_recordset()
        self.assertEqual((trial.state, trial.done_count, trial.progress), ("done", 4, 100.0))

    def test_without_orders_there_is_nothing_to_try(self):
        with self.assertRaisesRegex(UserError, "No order of the last 14 days"):
            self._try()

    def test_twice_as_many_orders_cost_no_more_queries_for_each(self):
        def queries(count):
            for _order in range(count):
                self._confirm(1)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._try(policy_id=policy.id)
            return self.env.cr.sql_log_count - before

        self._put(self.chair, lyon=50, lille=50)
        policy = self._in_sequence()
        queries(2)
        few, many = queries(2), queries(12)
        self.assertLessEqual(many, few + 8, f"{few} queries for 4 orders, {many} for 16")


class TestEffectOfAnEdit(BacktestCommon):
    """Told in the form, while the edit is not saved."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_user("routing_manager", "oms_core.group_oms_manager")

    def _form(self, policy):
        return Form(policy.with_user(self.manager))

    def test_the_form_tells_what_an_edit_would_change_before_it_is_saved(self):
        self._past()
        with self._form(self.nearest) as form:
            self.assertFalse(form.effect)
            form.ask_effect = True
            self.assertEqual(form.effect, "None of the last 4 orders would leave from elsewhere.")
        self.assertEqual(self.nearest.version, 1, "to ask is no change")
        with self._form(self.nearest) as form:
            form.ask_effect = True
            form.objective_ids.remove(index=1)
            self.assertRegex(form.effect, r"^2 of the last 4 orders \(50\.0 %\) would leave from elsewhere")
        self.assertEqual(self.nearest.objective_ids.mapped("kind"), ["fewest_parcels"])

    def test_no_switch_of_the_form_saves_what_is_being_edited(self):
        """A switch saves the whole form in Odoo, unless it is told not to: to ask what an edit would do was to do it."""
        arch = etree.fromstring(self.env["oms.sourcing.policy"].get_view(view_type="form")["arch"])
        switches = arch.xpath("//field[@widget='boolean_toggle']")
        self.assertIn("ask_effect", [switch.get("name") for switch in switches])
        self.assertEqual({literal_eval(switch.get("options", "{}")).get("autosave") for switch in switches}, {False})

    def test_a_policy_that_is_switched_off_is_tried_as_if_it_were_on(self):
        self._past()
        with self._form(self._in_sequence()) as form:
            form.ask_effect = True
            self.assertIn("2 of the last 4 orders", form.effect)

    def test_what_contradicts_itself_is_told_while_it_is_edited(self):
        group = self.env["oms.node.group"].create({"name": "South", "warehouse_ids": [Command.set(self.marseille.ids)]})
        with self._form(self.nearest) as form:
            self.assertFalse(form.check_errors)
            with form.constraint_ids.new() as rule:
                rule.kind = "node_group"
                rule.group_ids.add(group)
            self.assertFalse(form.check_errors)
            with form.constraint_ids.new() as rule:
                rule.kind = "node_group"
                rule.excluded_group_ids.add(group)
            self.assertRegex(form.check_errors, "no site is left by “.*South”")

    def test_a_policy_behind_one_for_all_orders_is_told_so(self):
        late = self.nearest.copy({"name": "Never asked", "sequence": 99})
        self.assertIn("never asked, since Nearest comes first", late.check_errors)
        self.assertFalse(self.nearest.check_errors)

    def test_orders_are_counted_on_their_own_day_and_only_those_that_were_sourced(self):
        """What was sold before the shop was connected comes in on one day, and is shipped already."""
        self.company.partner_id.tz = "Asia/Tokyo"
        orders = self._past()
        orders.date_order = fields.Datetime.now()
        moment = fields.Datetime.now().replace(hour=20) - timedelta(days=5)  # in Tokyo it is the next day
        orders[0].date_order = moment
        orders[1].date_order = moment - timedelta(days=60)
        self.env["sale.order"].create(
            [
                {
                    "partner_id": self.customer.id,
                    "oms_channel_id": self.channel.id,
                    "company_id": self.company.id,
                    "state": "sale",
                }
                for _imported in range(3)
            ]
        )
        days = sorted(order.day for order in self.policies._get_past_orders(self.company, frozenset()))
        today = self.company._oms_get_today()
        self.assertEqual(days, [moment.date() + timedelta(days=1), today, today])

    def test_a_delivery_method_without_a_price_list_offers_nothing(self):
        self.nearest.strategy = "least_cost"
        self.env["delivery.carrier"].search([]).active = False
        values = {"product_id": self.env["product.product"].create({"name": "Delivery", "type": "service"}).id}
        carriers = self.env["delivery.carrier"].create(
            [
                {"name": name, "delivery_type": kind, "company_id": self.company.id, **values}
                for name, kind in (("Odoo's own", "fixed"), ("Van", "oms_table"))
            ]
        )
        self.assertIn("nothing has a price", self.nearest.check_errors)
        zone = {"name": "France", "step_ids": [Command.create({"up_to_kg": 30, "price": 6})]}
        self.env["oms.rate.card"].create(
            {
                "name": "Parcel",
                "carrier_id": carriers[1].id,
                "currency_id": self.company.currency_id.id,
                "zone_ids": [Command.create({**zone, "country_ids": [Command.set(self.country.ids)]})],
            }
        )
        self.nearest.invalidate_recordset()
        self.assertFalse(self.nearest.check_errors)

    def test_orders_that_fit_no_policy_are_counted(self):
        self._past().date_order = fields.Datetime.now()
        self.nearest.amount_min = 10**6
        found = self.policies._check_together(self.company)
        self.assertEqual([finding.code for finding in self.nearest._check_together(self.company)], ["unmatched"])
        self.assertEqual(found, [])
        message = self.policies.with_company(self.company).action_check_all()["params"]["message"]
        self.assertIn("4 of 4 orders (100.0 %) fit no policy", message)
