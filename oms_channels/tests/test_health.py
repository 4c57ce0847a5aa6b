"""CAP-05: how each channel is, in numbers, as a colour and as a task that ends by itself."""

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace

from odoo import fields
from odoo.exceptions import AccessError

from odoo.addons.oms_channels.domain.adapter import Auth

from .test_hints import HintsCommon


class TestHealth(HintsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_user("looks_after", "oms_core.group_oms_channel")
        cls.shop_channel.responsible_id = cls.manager

    def setUp(self):
        super().setUp()
        self.shop_channel.polled_at = fields.Datetime.now()

    def _take_in(self, *orders):
        for order in orders:
            self.shop.orders[order["id"]] = order
        self.shop_channel._poll()
        self._messages().filtered(lambda message: message.state == "pending")._process()

    def _health(self):
        self.shop_channel.invalidate_recordset()
        return self.shop_channel.health, self.shop_channel.health_text or ""

    def _tasks(self):
        return self.env["mail.activity"].search(
            [("res_model", "=", "oms.channel"), ("res_id", "=", self.shop_channel.id), ("oms_cause", "!=", False)]
        )

    def _look(self):
        """As the job does."""
        self.shop_channel._sync_tasks()

    # ---- Numbers ----

    def test_a_channel_whose_orders_come_is_well(self):
        self._sell()
        self._take_in()
        self.assertEqual(self._health(), ("ok", ""))
        self.assertEqual((self.shop_channel.waiting_in, self.shop_channel.failed_count), (0, 0))
        self.assertTrue(self.shop_channel.last_in_at)
        self.assertGreater(self.shop_channel.rate_limit + 1, 0)

    def test_the_lag_is_counted_from_the_customers_click_and_not_before_the_channel_was_there(self):
        now = fields.Datetime.now()
        self.env.cr.execute(
            "UPDATE oms_channel SET create_date = %s WHERE id = %s", [now - timedelta(days=2), self.shop_channel.id]
        )
        orders = self.env["sale.order"]
        for minutes in (1, 2, 40, 3 * 24 * 60):
            doc = self._doc(ordered_at=(now - timedelta(minutes=minutes)).replace(tzinfo=timezone.utc))
            orders |= self._apply(doc, channel=self.shop_channel)[0][0]
        self.env.flush_all()
        self.env.cr.execute("UPDATE sale_order SET create_date = %s WHERE id IN %s", [now, tuple(orders.ids)])
        self._health()
        self.assertAlmostEqual(self.shop_channel.lag_median_min, 2, delta=0.1)
        self.assertGreater(self.shop_channel.lag_p95_min, 15)
        self.assertIn("minutes until they are here", self.shop_channel.health_text)

    def test_any_number_of_channels_costs_the_same_queries(self):
        channels = self.shop_channel
        for number in range(10):
            channels |= self._create_channel(f"MANY{number}", platform="woocommerce", api_url=self.shop.url)
        self.env.flush_all()
        counts = []
        for some in (channels[:1], channels):
            self.env.invalidate_all()
            some.mapped("name"), some.sudo().mapped("api_url")
            before = self.env.cr.sql_log_count
            some.mapped("health_text")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
        self.assertLessEqual(counts[1], 8)

    def test_what_the_shop_still_lets_us_ask_is_kept(self):
        rate = SimpleNamespace(available=1.0, limit=100.0, per_s=1.0)
        self.shop_channel._note_answer(SimpleNamespace(rate=lambda: rate))
        self.assertEqual((self.shop_channel.rate_available, self.shop_channel.rate_limit), (1, 100))
        self.assertIn("only 1 more times", self._health()[1])

    # ---- Causes and tasks ----

    def test_a_shop_that_is_down_is_a_task_once_and_the_task_ends_when_it_answers(self):
        self.shop.fail_next("down", times=2)
        self.shop_channel._poll()
        self._look()
        self._look()
        task = self._tasks()
        self.assertEqual((len(task), task.user_id, task.oms_cause), (1, self.manager, "down"))
        self.assertIn("has not answered", task.summary)
        self.shop.misbehave(0, share=0)
        self.shop._faults.clear()
        self.shop_channel.ask_again_at = False
        self.shop_channel._poll()
        self._look()
        self.assertFalse(self._tasks())
        self.assertEqual(self._health(), ("ok", ""))

    def test_each_cause_is_a_task_of_its_own(self):
        self.shop_channel._receive_delivery({"x-wc-webhook-topic": "order.updated"}, b'{"id": 1}')
        self.env["oms.message"]._receive(self.shop_channel, "order", "broken", b"{")
        self._messages().filtered(lambda message: message.state == "pending")._process()
        self._look()
        self.assertEqual(set(self._tasks().mapped("oms_cause")), {"quarantine", "dead"})
        self._messages().filtered(lambda message: message.state == "dead").action_dismiss()
        self._look()
        self.assertEqual(self._tasks().mapped("oms_cause"), ["quarantine"])

    def test_wrong_keys_are_told_at_once(self):
        self.shop_channel.api_secret = "wrong"
        self.shop_channel._poll()
        level, text = self._health()
        self.assertEqual(level, "warning")
        self.assertIn("does not accept our keys", text)

    def test_a_shop_that_is_not_read_any_more_is_told_though_nothing_failed(self):
        self.shop_channel.polled_at = fields.Datetime.now() - timedelta(hours=3)
        level, text = self._health()
        self.assertEqual(level, "error")
        self.assertIn("scheduled action", text)

    def test_webhooks_that_do_not_come_though_orders_do_are_missed(self):
        self.shop_channel.subscribed_at = fields.Datetime.now()
        self._take_in(*(self._shop_order() for _number in range(3)))
        self.assertIn("Webhooks do not arrive", self._health()[1])

    def test_many_failures_use_up_the_budget(self):
        for number in range(10):
            self.env["oms.message"]._receive(self.shop_channel, "order", f"broken{number}", b"{")
        self._messages()._process()
        level, text = self._health()
        self.assertEqual(level, "error")
        self.assertIn("100.0 % of the last day's messages failed", text)

    def test_what_waits_too_long_is_told(self):
        self._sell()
        self.shop_channel._poll()
        self.assertEqual(self._health()[0], "ok")
        self.assertEqual(self.shop_channel.waiting_in, 1)
        self.shop_channel.health_waiting_max = 0
        self.assertIn("Messages that wait: 1", self._health()[1])

    def test_what_a_comparison_found_is_told(self):
        self._sell(changed=datetime.now(timezone.utc) - timedelta(days=2))
        self.shop_channel._audit_orders()
        self._messages()._process()
        self.assertIn("found by the last comparison: 1", self._health()[1])

    def test_what_the_shop_warns_of_is_asked_once_a_day(self):
        self.shop.writes = False
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_health").method_direct_trigger()
        self.assertIn("may only read", self._health()[1])
        asked = len(self.shop.asked)
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_health").method_direct_trigger()
        self.assertEqual(len(self.shop.asked), asked)
        self.assertIn("version", self._tasks().mapped("oms_cause"))

    def test_a_shop_that_only_sends_is_not_asked(self):
        self.shop_channel.write({"api_url": False, "api_key": False, "api_secret": False, "checked_at": False})
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_health").method_direct_trigger()
        self.assertEqual(self._health(), ("ok", ""))
        self.assertFalse(self.shop.asked)

    def test_keys_that_end_are_told_before_they_do(self):
        self.shop_channel.write({"platform": "amazon", "api_secret": "new"})
        self.assertEqual(
            self.shop_channel._get_keys_end(self.shop_channel._adapter()).date(),
            (fields.Datetime.now() + timedelta(days=180)).date(),
        )
        self.shop_channel.keys_set_at = fields.Datetime.now() - timedelta(days=170)
        self.assertIn("The keys end on", self._health()[1])

    def test_one_poisonous_order_among_a_hundred_stops_none_of_the_others(self):
        messages = self.env["oms.message"]
        for number in range(100):
            order = self._shop_order()
            if number == 42:
                order["line_items"] = "nonsense"
                order["currency"] = None
            self.shop.orders[order["id"]] = order
        self.shop_channel._poll()
        while batch := messages._take_batch():
            batch._process()
        states = [message.state for message in self._messages()]
        self.assertEqual((states.count("done"), len(states)), (99, 100))
        self.assertEqual(self.shop_channel.failed_count + states.count("retry"), 1)
        self.assertEqual(self.shop_channel.order_count, 99)

    # ---- Who may see it ----

    def test_customer_service_sees_how_channels_are_and_a_salesman_does_not(self):
        clerk = self._create_user("sees", "oms_core.group_oms_user")
        self.assertEqual(self.shop_channel.with_user(clerk).health, "ok")
        with self.assertRaises(AccessError):
            self.shop_channel.with_user(self._create_user("sells", "sales_team.group_sale_salesman")).read(["health"])

    def test_lags_of_other_companies_are_not_shown(self):
        self.env["oms.channel.lag"].with_user(self.manager).search([])
        other = self._create_company("Elsewhere")
        stranger = self._create_user(
            "stranger", "oms_core.group_oms_user", company_id=other.id, company_ids=[(6, 0, other.ids)]
        )
        self._apply(self._doc(ordered_at=datetime.now(timezone.utc)), channel=self.shop_channel)
        self.env.flush_all()
        self.assertFalse(
            self.env["oms.channel.lag"].with_user(stranger).with_context(allowed_company_ids=other.ids).search([])
        )

    def test_an_error_says_what_to_do(self):
        self.shop_channel._note_failure(Auth("The shop does not accept our keys."))
        self.assertIn("does not accept our keys", self._health()[1])
