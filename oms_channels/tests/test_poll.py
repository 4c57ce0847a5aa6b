import json
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from odoo.addons.oms_channels.const import POLL_OVERLAP_S
from odoo.addons.oms_channels.tests.servers.woocommerce import WooCommerceServer, webhook_headers

from .common import SECRET, ChannelsCommon


class TestPoll(ChannelsCommon):
    """Reading a shop over real HTTP. Webhooks are hints and get lost; what a poll finds is the truth."""

    def setUp(self):
        super().setUp()
        self.shop = WooCommerceServer()
        self.shop.start()
        self.addCleanup(self.shop.stop)
        self.shop_channel.write(
            {"api_url": self.shop.url, "api_key": self.shop.key, "api_secret": self.shop.secret, "poll_from": False}
        )
        self.now = datetime.now(timezone.utc).replace(microsecond=0)

    def _sell(self, count=1, step_s=1, minutes_ago=60):
        """Orders in the shop, ``step_s`` seconds apart."""
        start = self.now - timedelta(minutes=minutes_ago)
        orders = [self._shop_order(changed=start + timedelta(seconds=step_s * index)) for index in range(count)]
        self.shop.orders |= {order["id"]: order for order in orders}
        return orders

    def _poll(self):
        self.shop_channel.ask_again_at = False  # however it went the last time
        self.shop_channel._poll()
        self.assertFalse(self.shop_channel.poll_error)

    def _order_ids(self):
        """The orders about which there is a message, once for each of their states."""
        return sorted(int(key.split(":")[1]) for key in self._messages().mapped("event_key"))

    # ------------------------------------------------------------------------------------------------------- NEW ONES

    def test_new_orders_come_in_and_become_orders(self):
        sold = self._sell(3)
        self._poll()
        messages = self._messages()
        self.assertEqual(self._order_ids(), [order["id"] for order in sold])
        messages._process()
        self.assertEqual(messages.mapped("state"), ["done"] * 3)
        self.assertEqual({self._order_of(message).state for message in messages}, {"sale"})

    def test_a_second_poll_adds_nothing(self):
        self._sell(3)
        self._poll()
        self._poll()
        self.assertEqual(len(self._messages()), 3)

    def test_a_webhook_and_a_poll_of_the_same_state_are_one_message(self):
        order = self._sell()[0]
        body = json.dumps(order, indent=1).encode()
        status, _text = self.shop_channel._receive_delivery(webhook_headers(body, "order.created", SECRET), body)
        self.assertEqual(status, 200)
        self._poll()
        self.assertEqual(len(self._messages()), 1)

    def test_a_changed_order_comes_again(self):
        order = self._sell()[0]
        self._poll()
        self.shop.change(order["id"], status="cancelled")
        self._poll()
        messages = self._messages()
        self.assertEqual(len(messages), 2)
        messages._process()
        self.assertFalse(
            self.env["sale.order"].search([("oms_channel_id", "=", self.shop_channel.id), ("state", "!=", "cancel")])
        )

    def test_the_job_polls_every_channel_that_can_be_read(self):
        self._sell(2)
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_poll").method_direct_trigger()
        self.assertEqual(len(self._messages()), 2)

    def test_a_slow_shop_keeps_no_other_waiting(self):
        """The time of a job is over after one shop, each time; the next run begins with whoever was read longest ago."""
        other = self._create_channel("OTHER", platform="woocommerce")
        other.write({"api_url": self.shop.url, "api_key": self.shop.key, "api_secret": self.shop.secret})
        self._sell(1)
        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", lambda cron, processed=0, **_: float(not processed)
        ):
            self.env["oms.channel"]._cron_poll()
            self.env.flush_all()
            self.env["oms.channel"]._cron_poll()
        self.assertEqual([len(self._messages(one)) for one in (self.shop_channel, other)], [1, 1])

    # --------------------------------------------------------------------------------------------------------- CURSOR

    def test_the_cursor_moves_to_the_newest_order_and_looks_back_a_little(self):
        newest = self._sell(3)[-1]
        self._poll()
        moment = fields.Datetime.to_datetime(newest["date_modified_gmt"].replace("T", " "))
        self.assertEqual(self.shop_channel.poll_from, moment)
        self.assertTrue(self.shop_channel.polled_at)
        self._poll()
        asked = self.shop.requests[-1][2]["modified_after"]
        self.assertEqual(asked, (moment - timedelta(seconds=POLL_OVERLAP_S)).strftime("%Y-%m-%dT%H:%M:%S"))

    def test_an_order_that_the_shop_indexed_late_is_found(self):
        self._sell(1, minutes_ago=60)
        self._poll()
        late = self._sell(1, minutes_ago=62)[0]
        self._poll()
        self.assertIn(late["id"], self._order_ids())

    def test_a_cursor_set_back_reads_again_what_is_missing_only(self):
        old = self._sell(1, minutes_ago=3 * 24 * 60)[0]
        self._sell(1)
        self._poll()
        self.assertNotIn(old["id"], self._order_ids())
        self.shop_channel.poll_from = fields.Datetime.now() - timedelta(days=4)
        self._poll()
        self.assertEqual(len(self._messages()), 2)

    def test_a_shop_without_orders_moves_nothing(self):
        self.shop_channel.poll_from = start = fields.Datetime.now() - timedelta(hours=1)
        self._poll()
        self.assertEqual(self.shop_channel.poll_from, start)

    # ---------------------------------------------------------------------------------------------------------- PAGES

    def test_more_than_a_page_is_read(self):
        sold = self._sell(230)
        self._poll()
        self.assertEqual(self._order_ids(), [order["id"] for order in sold])

    def test_more_than_a_page_within_one_second_is_read(self):
        """An import in the shop touched all of them at once: no later moment to go on from."""
        sold = self._sell(230, step_s=0)
        self._poll()
        self.assertEqual(self._order_ids(), [order["id"] for order in sold])

    def test_an_order_that_changes_between_two_pages_pulls_none_out_of_sight(self):
        """It moves to the end of the list and the others forward: by counting pages, number 101 would be missed."""
        sold = self._sell(150)
        list_orders = self.shop._list_orders

        def and_then_change(query):
            answer = deepcopy(list_orders(query))
            if self.shop.orders[sold[0]["id"]]["status"] == "processing":
                self.shop.change(sold[0]["id"], status="completed")
            return answer

        self.shop._list_orders = and_then_change
        self._poll()
        self.assertEqual(set(self._order_ids()), {order["id"] for order in sold})
        self.assertEqual(self._order_ids().count(sold[0]["id"]), 2)

    def test_what_was_read_before_an_interruption_is_kept_and_the_rest_follows(self):
        sold = self._sell(150)
        list_orders = self.shop._list_orders

        def and_then_fail(query):
            self.shop.fail_next("down")
            return list_orders(query)

        self.shop._list_orders = and_then_fail
        self.shop_channel._poll()
        self.assertTrue(self.shop_channel.poll_error)
        self.assertEqual(len(self._messages()), 100)
        self.shop._list_orders = list_orders
        self._poll()
        self.assertEqual(self._order_ids(), [order["id"] for order in sold])

    # --------------------------------------------------------------------------------------------------------- ERRORS

    def test_refused_credentials_are_told_with_what_to_do(self):
        self.shop_channel.api_secret = "wrong"
        self.shop_channel._poll()
        self.assertIn("Correct the key and the secret", self.shop_channel.poll_error)
        self.assertNotIn("wrong", self.shop_channel.poll_error)
        with self.assertRaisesRegex(UserError, "Correct the key"):
            self.shop_channel.action_poll()

    def test_missing_credentials_are_told_by_name(self):
        self.shop_channel.api_key = False
        self.shop_channel._poll()
        self.assertIn("Consumer key", self.shop_channel.poll_error)

    def test_a_busy_shop_and_one_that_is_down_are_told_and_forgotten_when_they_are_back(self):
        self._sell()
        for fault in ("busy", "down", "truncated"):
            with self.subTest(fault=fault):
                self.shop.fail_next(fault)
                self.shop_channel._poll()
                self.assertTrue(self.shop_channel.poll_error)
                self._poll()
        self.assertEqual(len(self._messages()), 1)

    def test_a_shop_that_is_not_there_is_told(self):
        with WooCommerceServer() as gone:
            self.shop_channel.api_url = gone.url
        self.shop_channel._poll()
        self.assertIn("could not be reached", self.shop_channel.poll_error)

    def test_an_address_that_is_none_is_told(self):
        for address in ("not an address", "ftp://shop.example", "file:///etc/passwd"):
            with self.subTest(address=address):
                self.shop_channel.write({"api_url": address, "api_key": self.shop.key, "api_secret": self.shop.secret})
                self.shop_channel._poll()
                self.assertIn("https://", self.shop_channel.poll_error)

    def test_one_bad_order_does_not_stop_the_others(self):
        sold = self._sell(3)
        self.shop.orders[sold[1]["id"]]["line_items"] = "broken by a plug-in"
        self._poll()
        messages = self._messages()
        self.assertEqual(len(messages), 3)
        with mute_logger("odoo.addons.oms_core.models.oms_message"):
            messages._process()
        self.assertEqual(messages[0].state, "done")
        self.assertEqual(messages[2].state, "done")

    def test_a_channel_worked_by_hand_cannot_be_polled(self):
        with self.assertRaises(UserError):
            self.channel.action_poll()
        self.assertFalse(self.channel.can_poll)
        self.assertTrue(self.shop_channel.can_poll)

    def test_only_a_manager_polls_by_hand(self):
        clerk = self._create_user("clerk", "oms_core.group_oms_user")
        with self.assertRaises(AccessError):
            self.shop_channel.with_user(clerk).action_poll()
        manager = self._create_user("manager", "oms_core.group_oms_manager")
        self._sell()
        self.shop_channel.with_user(manager).action_poll()
        self.assertEqual(len(self._messages()), 1)
