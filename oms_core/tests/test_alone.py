from unittest.mock import patch

import psycopg2.errors

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ..alone import leave_task, on_its_own
from .common import OmsCommon


class TestAlone(OmsCommon):
    """A record on which a job fails spoils no other, and somebody sees it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.quiet = mute_logger("odoo.addons.oms_core.alone")

    def _work(self, order, error):
        with self.quiet, on_its_own(order, self.told.append):
            order.client_order_ref = "Half done"
            raise error

    def setUp(self):
        super().setUp()
        self.told = []

    def test_what_fails_is_undone_and_told(self):
        order = self._order(("STD", 1))
        before = order.client_order_ref
        self._work(order, UserError("The books are closed."))
        self.assertEqual(
            (order.client_order_ref, [str(error) for error in self.told]), (before, ["The books are closed."])
        )

    def test_what_the_database_refuses_at_the_end_is_told_too(self):
        order = self._order(("STD", 1))
        with self.quiet, on_its_own(order, self.told.append):
            order.partner_id = False
        self.assertEqual(len(self.told), 1)
        self.assertTrue(order.partner_id)

    def test_who_meets_somebody_else_leaves_it_to_the_next_run(self):
        order = self._order(("STD", 1))
        for error in (psycopg2.errors.SerializationFailure(), psycopg2.errors.LockNotAvailable()):
            self._work(order, error)
        self.assertEqual(self.told, [])
        self.assertNotEqual(order.client_order_ref, "Half done")

    def test_a_task_is_left_once(self):
        order = self._order(("STD", 1))
        for _run in range(2):
            leave_task(order, "Look", "It failed <again>", self.channel_user)
        self.assertEqual((len(order.activity_ids), order.activity_ids.user_id), (1, self.channel_user))
        self.assertIn("&lt;again&gt;", order.activity_ids.note)

    def test_a_task_says_what_is_wrong_now_and_is_written_only_when_that_is_new(self):
        order, written = self._order(("STD", 1)), []
        write = type(order.activity_ids).write
        self.patch(type(order.activity_ids), "write", lambda tasks, vals: written.append(vals) or write(tasks, vals))
        for text in ('It "rains" <here>\nand there', "It snows & hails"):
            for _run in range(2):
                leave_task(order, "Look", text, self.channel_user)
        leave_task(order, "Look", "Something else is wrong", self.channel_user, retell=False)
        self.assertEqual((len(order.activity_ids), len(written)), (1, 1))
        self.assertIn("snows &amp; hails", order.activity_ids.note)


class TestJobs(OmsCommon):
    """Three jobs that once told nobody but the log."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.quiet = mute_logger("odoo.addons.oms_core.alone")

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)

    def _failing_for(self, record, method):
        original = getattr(type(record), method)

        def fail(records, *arguments, **options):
            if records & record:
                raise UserError("It rains.")
            return original(records, *arguments, **options)

        return patch.object(type(record), method, fail)

    def test_a_late_order_whose_customer_cannot_be_told_leaves_a_task_and_the_next_is_told(self):
        bad, good = self._order(("STD", 1)), self._order(("STD", 1))
        (bad | good).oms_ship_by = "2026-01-01 10:00:00"
        for _run in range(2):
            with self.quiet, self._failing_for(bad, "_oms_notify"):
                self.env["sale.order"]._cron_oms_watch_promises()
        self.assertFalse(bad.oms_late_for)
        self.assertTrue(good.oms_late_for)
        self.assertIn("It rains.", bad.activity_ids.note)
        self.assertEqual(len(bad.activity_ids), 1)

    def test_an_order_that_cannot_be_looked_at_again_is_held_with_the_reason(self):
        self.channel.stock_policy = "hold"
        scarce = self._create_product("SCARCE")
        bad, good = self._order(("SCARCE", 1)), self._order(("SCARCE", 1))
        self.assertEqual((bad | good).mapped("state"), ["draft", "draft"])
        self._stock(scarce, self.warehouse, 10)
        with self.quiet, self._failing_for(bad, "_oms_release_clean"):
            self.env["sale.order"]._cron_oms_shortage()
        self.assertEqual((bad.state, good.state), ("draft", "sale"))
        self.assertIn("It rains.", bad.oms_hold_reason)

    def test_a_product_whose_dates_cannot_be_promised_leaves_a_task_and_the_next_is_promised(self):
        bad, good = self.product_fifo, self._create_product("GOOD")
        Line = self.env["sale.order.line"]
        promised = []

        def give(lines, products, tell=True):
            if bad in products:
                raise UserError("It rains.")
            promised.append(products)

        with self.quiet, patch.object(type(Line), "_oms_give_promises", give):
            self.env["sale.order"]._oms_promise_batch(bad | good)
        self.assertEqual(promised, [good])
        self.assertIn("It rains.", bad.activity_ids.note)
