import sys
import time
from types import SimpleNamespace
from unittest import skipUnless
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.models import ir_cron
from odoo.addons.oms_routing.models import oms_sourcing_run
from odoo.addons.oms_routing.tests.common import RoutingCommon

try:
    import highspy
except ImportError:
    highspy = None


@tagged("post_install", "-at_install")
class TestSourcingRun(RoutingCommon):
    """Orders that wait for a site and are decided together."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["oms.sourcing.policy"].search([("company_id", "=", cls.company.id)]).active = False
        cls.policy = cls.env["oms.sourcing.policy"].create(
            {
                "name": "In runs",
                "company_id": cls.company.id,
                "sequence": 1,
                "strategy": "least_cost",
                "cost_parcel": 5,
                "cost_per_km": 0.01,
                "in_runs": True,
                "leftover": "wait",
            }
        )
        cls.north = cls.env["res.partner"].create(
            {"name": "Near Lille", "zip": "59000", "city": "Lille", "country_id": cls.country.id}
        )
        cls.ada = cls.customer

    def _wanting(self, customer, quantity=1):
        self.customer = customer
        return self._order_in(self.chair.uom_id, quantity)

    def _run(self, **values):
        return self.env["oms.sourcing.run"].create({"company_id": self.company.id, **values})

    def _work(self):
        """Let the job run, with its commits."""
        with self.enter_registry_test_mode():
            self.env.ref("oms_routing.cron_sourcing_runs").method_direct_trigger()
        self.env.invalidate_all()

    def _sites(self, order):
        return self._moves(order).warehouse_id.mapped("name")

    def _scarce(self):
        """Paris comes first and is nearer to Lille; Lille has no other place that is near."""
        self._put(self.chair, lille=1, marseille=1)
        return self._wanting(self.ada), self._wanting(self.north)

    def test_a_confirmed_order_waits_for_the_run_and_says_so(self):
        self._put(self.chair, lille=1)
        order = self._wanting(self.ada)
        self.assertFalse(self._moves(order))
        self.assertIn("Waits for the next sourcing run, as the policy In runs says.", order.oms_sourcing_sentence)
        self.assertTrue(order.oms_waits_since)
        order._oms_try_again()
        self.assertFalse(self._moves(order), "the hourly job leaves it to the run")

    def test_a_proposal_changes_nothing_but_tells_what_it_would_cost(self):
        orders = self._scarce()
        run = self._run()
        run.action_propose()
        self.assertEqual(run.state, "proposed")
        self.assertEqual(run.order_count, 2)
        self.assertEqual(len(run.line_ids), 2)
        self.assertGreater(run.cost, 0)
        self.assertLessEqual(run.cost, run.cost_in_turn)
        for order in orders:
            self.assertFalse(self._moves(order))
            self.assertEqual(len(order.oms_decision_ids), 1)
        run.action_propose()
        self.assertEqual(len(run.line_ids), 2, "proposed again, not twice")

    @skipUnless(highspy, "the solver is not installed")
    def test_together_the_first_leaves_the_near_site_to_who_needs_it_more(self):
        paris, north = self._scarce()
        run = self._run()
        run.action_apply()
        self._work()
        self.assertEqual(run.state, "done")
        self.assertEqual(self._sites(north), ["Lille"])
        self.assertEqual(self._sites(paris), ["Marseille"])
        self.assertGreater(run.saved, 0)
        self.assertTrue(run.has_bound)
        self.assertAlmostEqual(run.gap, 0.0)
        decision = paris.oms_decision_ids.sorted("id")[-1]
        self.assertEqual(decision.trigger, "run")
        self.assertIn("dearer for this one", decision.sentence)
        self.assertEqual(set((paris | north).oms_decision_ids._replay().values()), {"same"})
        self.assertFalse(any((paris | north).mapped("oms_waits_since")))

    def test_a_trial_compares_no_order_that_waited_for_a_run_and_knows_what_the_run_gave_it(self):
        paris, north = self._scarce()
        self._run().action_apply()
        self._work()
        self.env["oms.stock.event"]._settle()
        decisions = self.env["oms.sourcing.decision"]._find_cases(self.company, "2000-01-01")
        self.assertEqual(decisions.order_id, paris | north)
        given = {
            decision.order_id: {self.env["stock.warehouse"].browse(part.node_id).name for part in case.decided}
            for decision, case in decisions._get_cases().items()
        }
        self.assertEqual(given, {order: set(self._sites(order)) for order in paris | north})
        trial = self.env["oms.sourcing.backtest"].create({"company_id": self.company.id})
        trial.action_start()
        self.assertEqual(set(trial.line_ids.mapped("parity")), {"joint"}, trial.line_ids.mapped("parity_note"))
        self.assertIn("2 were taken together with others and are not compared.", trial.parity)
        self.assertNotIn("planner of today", trial.parity)

    def test_one_after_the_other_the_first_takes_what_is_nearest(self):
        paris, north = self._scarce()
        run = self._run(is_joint=False)
        run.action_apply()
        self._work()
        self.assertEqual(self._sites(paris), ["Lille"])
        self.assertEqual(self._sites(north), ["Marseille"])
        self.assertIn("One after the other, as was asked for.", run.reason)
        self.assertFalse(run.has_bound)

    def test_without_the_solver_the_run_goes_one_after_the_other_and_says_what_to_install(self):
        paris, north = self._scarce()
        run = self._run()
        run.action_apply()
        with patch.dict(sys.modules, {"highspy": None}):
            self._work()
        self.assertTrue(self._moves(paris) and self._moves(north))
        self.assertIn("Install the Python package highspy", run.reason)

    def test_a_line_added_to_an_order_that_waits_for_its_run_leaves_the_others_waiting(self):
        self._put(self.chair, lille=1)
        self._put(self.lamp, lyon=1)
        order = self._wanting(self.ada)
        order.order_line = [Command.create({"product_id": self.lamp.id, "product_uom_qty": 1})]
        self.assertEqual(self._sites(order), ["Lyon"])
        self.assertTrue(order.oms_waits_since)
        self._work()
        self.assertEqual(self._from(order), {"Lyon": 1, "Lille": 1})
        self.assertFalse(order.oms_waits_since)

    def test_a_policy_that_decides_in_runs_gets_its_run_by_itself(self):
        order = self._wanting(self.ada)
        self._put(self.chair, lyon=1)
        self._work()
        self.assertEqual(self._sites(order), ["Lyon"])
        runs = self.env["oms.sourcing.run"].search([("policy_id", "=", self.policy.id)])
        self.assertEqual(runs.mapped("state"), ["done"])
        self._work()
        self.assertEqual(self.env["oms.sourcing.run"].search_count([("policy_id", "=", self.policy.id)]), 1)

    def test_a_job_that_was_killed_begins_again_with_those_that_still_wait(self):
        paris, north = self._scarce()
        run = self._run()
        run.action_apply()
        planned = run._plan()
        order, wanted, one, seen = planned[0]
        run._get_line(order, one, seen)._apply_to_order(order, wanted, one, seen)  # and then the power went
        self._work()
        self.assertEqual(run.state, "done")
        for order in (paris, north):
            self.assertEqual(sum(self._moves(order).mapped("product_qty")), 1)
            self.assertEqual(len(order.oms_decision_ids), 2)
        self.assertEqual(sorted(run.line_ids.mapped("order_id").ids), sorted((paris | north).ids))

    def test_what_no_site_has_still_waits_and_is_not_written_down_again(self):
        order = self._wanting(self.ada)
        run = self._run()
        run.action_apply()
        self._work()
        self._work()
        self.assertEqual(
            self.env["oms.sourcing.run"].search_count([]), 1, "the hourly job tries again, no run a quarter"
        )
        self.assertEqual(run.line_ids.mapped("state"), ["waits"])
        self.assertEqual(len(order.oms_decision_ids), 1)
        self.assertTrue(order.oms_waits_since)

    def test_an_order_that_changed_meanwhile_is_left_to_the_next_run(self):
        paris, _north = self._scarce()
        run = self._run()
        run.action_apply()
        planned = {order: rest for order, *rest in run._plan()}
        wanted, one, seen = planned[paris]
        paris.order_line.product_uom_qty = 2
        line = run._get_line(paris, one, seen)
        line._apply_to_order(paris, wanted, one, seen)
        self.assertEqual(line.state, "changed")

    def test_one_order_that_fails_spoils_no_other(self):
        paris, north = self._scarce()
        launch = type(paris)._oms_launch

        def fail(order, lines):
            if order == paris:
                raise ValueError("The printer is on fire.")
            return launch(order, lines)

        self.patch(type(paris), "_oms_launch", fail)
        run = self._run()
        run.action_apply()
        with self.assertLogs("odoo.addons.oms_core.alone", "WARNING"):
            self._work()
        states = {line.order_id: line for line in run.line_ids}
        self.assertEqual(states[paris].state, "failed")
        self.assertIn("The printer is on fire.", states[paris].message)
        self.assertEqual(states[north].state, "applied")
        self.assertEqual(len(paris.oms_decision_ids), 1)

    def _think_for_all_the_time(self):
        """On the clock of the job, whose time is over when a run has planned."""
        passed, plan = [], oms_sourcing_run.OmsSourcingRun._plan

        def plan_slowly(run):
            passed.append(ir_cron.MIN_TIME_PER_JOB)
            return plan(run)

        self.patch(oms_sourcing_run.OmsSourcingRun, "_plan", plan_slowly)
        self.patch(ir_cron, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + sum(passed)))
        return passed

    def test_a_run_that_thought_for_all_the_time_of_the_job_is_applied(self):
        orders = self._scarce()
        run = self._run()
        run.action_apply()
        thought = self._think_for_all_the_time()
        self._work()
        self.assertEqual((run.state, len(thought)), ("done", 1))
        self.assertTrue(all(map(self._moves, orders)))

    def test_a_run_that_is_stopped_while_it_is_applied_goes_on_with_orders_that_it_has_not_looked_at(self):
        """The first order waits for goods that nobody has; each call of the job has time for one order."""
        lamp = self._order_in(self.lamp.uom_id, 1, self.lamp)
        orders = self._scarce()
        run = self._run()
        run.action_apply()
        thought = self._think_for_all_the_time()
        self.patch(oms_sourcing_run, "RUN_APPLIES_SECONDS", 0)
        looked_at = []
        for _call in range(3):
            self._work()
            looked_at.append(len(run.line_ids))
        self.assertEqual((looked_at, len(thought)), ([1, 2, 3], 3), "it thinks once in each call")
        self.assertEqual(run.state, "done")
        self.assertTrue(all(map(self._moves, orders)))
        self.assertEqual((run.order_count, self._moves(lamp).ids), (3, []))

    def test_a_run_that_fails_is_told_and_stops_no_other(self):
        """Its order is not lost: the hourly job looks for a place for it alone."""
        other = self.channel.copy({"name": "Other", "code": "OTHER"})
        order = self._wanting(self.ada)
        self._put(self.chair, lille=1)
        bad, good = self._run(), self._run(channel_ids=[Command.set(other.ids)])
        (bad | good).action_apply()
        plan = oms_sourcing_run.OmsSourcingRun._plan

        def fail(run):
            if run.channel_ids != other:
                raise ValueError("The solver is on fire.")
            return plan(run)

        self.patch(oms_sourcing_run.OmsSourcingRun, "_plan", fail)
        with self.assertLogs("odoo.addons.oms_core.alone", "WARNING"):
            self._work()
        self.assertEqual((bad.state, good.state), ("failed", "done"))
        self.assertIn("wait: The solver is on fire. Put that right before you begin another run", bad.reason)
        self.assertEqual((bad.line_ids.order_id, bad.line_ids.mapped("state")), (order, ["failed"]))
        self._work()
        self.assertEqual(self.env["oms.sourcing.run"].search_count([]), 2, "no other run fails for the same orders")
        order._oms_try_again()
        self.assertEqual(self._sites(order), ["Lille"])

    def test_no_run_thinks_for_longer_than_half_of_what_the_server_allows(self):
        run = self._run(seconds=100)
        config = {"limit_time_real_cron": -1, "limit_time_real": 120, "limit_time_cpu": 60, "workers": 0}
        self.patch(oms_sourcing_run, "config", config)
        self.assertEqual((run._get_seconds(1), run._get_seconds(3)), (60, 20))
        config["workers"] = 2
        self.assertEqual(run._get_seconds(1), 30)
        config.update(limit_time_real=0, limit_time_cpu=0)
        self.assertEqual(run._get_seconds(3), 100)

    def test_an_order_that_wants_nothing_any_more_waits_for_no_run(self):
        order = self._wanting(self.ada)
        order.order_line.product_uom_qty = 0
        order._oms_try_again()
        self.assertFalse(order.oms_waits_since)

    def test_only_so_many_orders_and_it_says_how_many_wait_more(self):
        self._scarce()
        run = self._run(orders_max=1)
        run.action_propose()
        self.assertEqual((run.order_count, run.waiting_count), (1, 1))
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            run.orders_max = 0
            run.flush_recordset()

    def test_a_run_is_about_its_channel_and_policy_only(self):
        order = self._wanting(self.ada)
        other = self.channel.copy({"name": "Other", "code": "OTHER"})
        run = self._run(channel_ids=[Command.set(other.ids)])
        run.action_propose()
        self.assertEqual((run.order_count, run.reason), (0, "No order waits for a site."))
        run = self._run(policy_id=self.policy.id)
        run.action_propose()
        self.assertEqual(run.line_ids.order_id, order)

    def test_only_a_manager_begins_a_run(self):
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        run = self._run()
        run.with_user(clerk).read(["state"])
        for action in ("action_propose", "action_apply"):
            with self.assertRaises(AccessError):
                getattr(run.with_user(clerk), action)()
