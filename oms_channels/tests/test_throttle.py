"""One of Amazon's limits is used up: what else there is to ask and to tell goes on, here and in every other process."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError

from odoo.addons.oms_channels.platforms.amazon import client as amazon_client
from odoo.addons.oms_channels.tests.conformance.stories import AmazonStory, Clock
from odoo.addons.oms_channels.tests.servers.amazon import USAGE_PLANS, AmazonServer

from .common import ChannelsCommon


class TestThrottle(ChannelsCommon):
    """CAP-02, CAP-13, CAP-14: a throttled list of orders keeps no parcel, and a parcel that is throttled keeps no order."""

    def setUp(self):
        super().setUp()
        self.shop = AmazonServer(plans=dict.fromkeys(USAGE_PLANS, (1000.0, 1000)))
        self.shop.start()
        self.addCleanup(self.shop.stop)
        names = ("api_key", "api_secret", "api_token", "account_ref", "site_ref")
        self.shop_channel.write(
            {
                "platform": "amazon",
                "api_url": self.shop.url,
                "poll_from": fields.Datetime.now() - timedelta(hours=1),
                **dict(zip(names, self.shop.credentials, strict=True)),
            }
        )
        self.story = AmazonStory(Clock())
        self._create_tax(7)
        self._create_tax(19)
        self._forget()

    def _forget(self):
        """As another process, which knows only what is in the database."""
        self.enterContext(patch.object(amazon_client, "ACCOUNTS", amazon_client._Accounts()))

    def _sell(self, number):
        """An order at Amazon that is here, too."""
        order = {**self.story.case, "orderId": f"301-5500001-{number:07d}"}
        moment = (fields.Datetime.now() - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.shop.orders[order["orderId"]] = {**order, "lastUpdatedTime": moment}
        return order["orderId"]

    def _read(self):
        self.shop_channel._poll()
        self._messages().filtered(lambda message: message.direction == "in")._process()
        orders = self.env["sale.order"].search([("oms_channel_id", "=", self.shop_channel.id)])
        orders.oms_hold_ids.action_release()
        return {order.oms_external_id: order for order in orders}

    def _send(self, later_s=0):
        for message in self._out():
            if message.next_attempt_at:
                message.next_attempt_at -= timedelta(seconds=later_s)
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_outbox").method_direct_trigger()
        self.env.invalidate_all()

    def _out(self, kind=None):
        found = self._messages().filtered(lambda message: message.direction == "out")
        return found.filtered(lambda message: message.kind == kind) if kind else found

    def _later(self, seconds):
        """So much time has gone by for the channel."""
        for operation, until in (self.shop_channel.throttled or {}).items():
            earlier = fields.Datetime.to_datetime(until) - timedelta(seconds=seconds)
            self.shop_channel.throttled = {operation: fields.Datetime.to_string(earlier)}

    def test_a_list_that_may_not_be_asked_keeps_no_parcel(self):
        ref = self._sell(1)
        order = self._read()[ref]
        self.shop.use_up("searchOrders")
        said = self.shop_channel._poll()
        self.assertIn("lets us ask again in", said)
        channel = self.shop_channel
        self.assertEqual((channel.poll_error, channel.ask_again_at, channel.failures), (False, False, 0))
        self.assertEqual(list(channel.throttled), ["searchOrders"])
        self.assertIn("searchOrders for", channel.throttled_text)
        with self.assertRaises(UserError):
            channel.action_poll()
        self._ship(order)
        self._send()
        self.assertEqual((self._out().state, len(self.shop.orders[ref]["packages"])), ("done", 1))

    def test_another_process_does_not_ask_what_this_one_was_refused(self):
        self.shop.use_up("searchOrders")
        self.shop_channel._poll()
        self._forget()
        asked = self.shop.operations.count("searchOrders")
        self.shop_channel._poll()
        self.assertEqual(self.shop.operations.count("searchOrders"), asked)
        self._forget()
        self._later(3600)
        self.shop_channel._poll()
        self.assertEqual(self.shop.operations.count("searchOrders"), asked + 1)

    def test_a_parcel_that_may_not_be_told_keeps_no_order_and_no_stock(self):
        first, second = self._sell(1), self._sell(2)
        orders = self._read()
        self.shop.use_up("confirmShipment", rate=0.001)
        self._ship(orders[first])
        self._ship(orders[second])
        self._forget()
        self._wait_long()
        self._send()
        parcels = self._out("parcel")
        self.assertEqual(set(parcels.mapped("state")), {"retry"})
        self.assertEqual(set(parcels.mapped("waits_for")), {"confirmShipment"})
        self.assertEqual(self.shop.operations.count("confirmShipment"), 1, "the second was not tried")
        self.assertFalse(any(parcels.mapped("sent_at")), "nobody need look whether it was taken")
        third = self._sell(3)
        self.assertIn(third, self._read())
        self.assertFalse(self.shop_channel.ask_again_at)
        self.shop._plans["confirmShipment"] = (1000, 1000)
        self._forget()
        self._later(7200)
        self._send(later_s=7200)
        self.assertEqual(set(parcels.mapped("state")), {"done"})
        self.assertEqual([len(self.shop.orders[ref]["packages"]) for ref in (first, second)], [1, 1])
        self.assertFalse(any(parcels.mapped("waits_for")))

    def _wait_long(self):
        """Waits are noted and not waited for."""
        self.startPatcher(patch.object(amazon_client.const, "BACK_OFF_S", 60.0))

    def test_what_is_told_about_an_order_is_told_in_its_order(self):
        first, second = self._sell(1), self._sell(2)
        orders = self._read()
        self._wait_long()
        self.shop.use_up("confirmShipment", rate=0.001)
        self._ship(orders[first])
        self._queue("refund", first)
        self._queue("refund", second)
        self._send()
        states = {
            (message.kind, message._get_order_key()[1]): message.state
            for message in self._out()
            if not message.reference
        }
        self.assertEqual(states[("refund", first)], "retry", "the refund overtook the parcel")
        self.assertEqual(len(self.shop.feeds), 1, "the refund of the other order waited, too")
        self._queue("refund", first, "r-2")
        self._send()
        self.assertEqual(len(self.shop.feeds), 1, "one that came later overtook the parcel")

    def _queue(self, kind, ref, key="r-1"):
        order = self.env["sale.order"].search([("oms_external_id", "=", ref)])
        document = self.story.refund(ref, f"{key}-{ref}")
        self.assertTrue(self.env["oms.message"]._queue_out(self.shop_channel, kind, document, order))
