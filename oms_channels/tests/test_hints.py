import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo import fields

from odoo.addons.oms_channels.const import BACK_OFF_S
from odoo.addons.oms_channels.domain.adapter import Event
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.servers.woocommerce import WooCommerceServer, webhook_headers

from .common import SECRET, ChannelsCommon


def hint(headers, body):
    """A platform whose deliveries say that something changed, and not what: only the order's id is believed."""
    if not headers:
        return PLATFORMS["woocommerce"].read_event(headers, body)
    told = json.loads(body)
    return Event("hint", f"hint:{told['event']}", str(told.get("id", "")))


class HintsCommon(ChannelsCommon):
    """A shop that can be asked."""

    def setUp(self):
        super().setUp()
        self.shop = WooCommerceServer()
        self.shop.start()
        self.addCleanup(self.shop.stop)
        self.shop_channel.write(
            {"api_url": self.shop.url, "api_key": self.shop.key, "api_secret": self.shop.secret, "poll_from": False}
        )

    def _sell(self, **values):
        order = self._shop_order(**values)
        self.shop.orders[order["id"]] = order
        return order


class TestHints(HintsCommon):
    """CAP-05: a webhook is a hint; what the channel says when it is asked is the truth."""

    def setUp(self):
        super().setUp()
        adapter = replace(PLATFORMS["woocommerce"], verify=lambda *_: True)
        original = adapter.read_event
        adapter = replace(
            adapter, read_event=lambda headers, body: hint(headers, body) if headers else original(headers, body)
        )
        self.enterContext(patch.dict(PLATFORMS, {"woocommerce": adapter}))
        self.enterContext(patch(f"{__name__}.PLATFORMS", {"woocommerce": replace(adapter, read_event=original)}))

    def _tell(self, event, order_id):
        body = json.dumps({"event": event, "id": order_id}).encode()
        return self.shop_channel._receive_delivery({"x-wc-webhook-topic": "order.updated"}, body)

    def _hints(self):
        return self._messages().filtered(lambda message: message.kind == "hint")

    def _orders(self):
        return self._messages().filtered(lambda message: message.kind != "hint")

    def _read(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_hints").method_direct_trigger()
        self.env.invalidate_all()

    def test_a_hint_is_stored_and_the_order_is_read_at_the_shop(self):
        order = self._sell()
        self.assertEqual(self._tell(1, order["id"]), (200, "Stored."))
        self._read()
        self.assertEqual(self._hints().state, "done")
        self._orders()._process()
        self.assertEqual(self._order_of(self._orders()).oms_external_id, str(order["id"]))

    def test_the_inbox_leaves_hints_to_who_may_ask_the_shop(self):
        self._tell(1, self._sell()["id"])
        self.assertFalse(self.env["oms.message"]._take_batch())

    def test_many_hints_at_one_order_are_one_question(self):
        order = self._sell()
        for event in range(5):
            self._tell(event, order["id"])
        self._read()
        self.assertEqual(len(self.shop.asked), 1)
        self.assertEqual(set(self._hints().mapped("state")), {"done"})
        self.assertEqual(len(self._orders()), 1)

    def test_an_order_that_is_gone_is_called_off(self):
        order = self._sell()
        self._tell(1, order["id"])
        self._read()
        self._orders()._process()
        placed = self._order_of(self._orders())
        del self.shop.orders[order["id"]]
        self._tell(2, order["id"])
        self._read()
        self._orders().filtered(lambda message: message.kind == "order_gone")._process()
        self.assertEqual(placed.state, "cancel")

    def test_a_hint_that_names_no_order_needs_a_person(self):
        self._tell(1, "")
        self._read()
        self.assertEqual(self._hints().state, "dead")
        self.assertIn("which order", self._hints().error)

    def test_a_shop_that_is_down_is_left_alone_and_loses_nothing(self):
        for number in range(3):
            self._tell(number, self._sell()["id"])
        self.shop.fail_next("down")
        self._read()
        self.assertEqual(len(self.shop.asked), 1)
        self.assertEqual(set(self._hints().mapped("state")), {"retry"})
        channel = self.shop_channel
        self.assertEqual(channel.failures, 1)
        self.assertTrue(channel.down_since)
        self._hints().next_attempt_at = fields.Datetime.now() - timedelta(seconds=1)
        self._read()
        self.assertEqual(len(self.shop.asked), 1, "it was asked a moment ago")
        channel.ask_again_at = fields.Datetime.now() - timedelta(seconds=1)
        self._hints().next_attempt_at = fields.Datetime.now() - timedelta(seconds=1)
        self._read()
        self.assertEqual(set(self._hints().mapped("state")), {"done"})
        self.assertEqual((channel.failures, channel.down_since), (0, False))

    def test_the_pause_doubles_and_has_an_end(self):
        channel, waits = self.shop_channel, []
        for _attempt in range(12):
            channel.ask_again_at = False
            self.shop.fail_next("down")
            channel._poll()
            waits.append(channel._get_back_off_s())
        self.assertAlmostEqual(waits[0], BACK_OFF_S, delta=2)
        self.assertAlmostEqual(waits[1], 2 * BACK_OFF_S, delta=2)
        self.assertAlmostEqual(waits[-1], 3600, delta=2)

    def test_the_shop_may_say_how_long_to_wait(self):
        self.shop.fail_next("busy", retry_after="77")
        self.shop_channel._poll()
        self.assertAlmostEqual(self.shop_channel._get_back_off_s(), 77, delta=2)


class TestSameSecond(HintsCommon):
    """CAP-05: platforms count seconds. What was read from them holds; what they tell late does not win over it."""

    def setUp(self):
        super().setUp()
        self.moment = datetime(2026, 3, 2, 10, tzinfo=timezone.utc)
        self.order = self._sell(changed=self.moment, status="processing")

    def _deliver(self, **values):
        """A webhook with a state of the order; what comes of it."""
        body = json.dumps({**self.order, **values}).encode()
        headers = webhook_headers(body, "order.updated", SECRET)
        self.assertEqual(self.shop_channel._receive_delivery(headers, body)[0], 200)
        self._messages().filtered(lambda message: message.kind == "order" and message.state == "pending")._process()
        return self._messages()[-1]

    def _read_hints(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_hints").method_direct_trigger()
        self.env.invalidate_all()
        self._messages().filtered(lambda message: message.kind == "order")._process()

    def _here(self):
        return self.env["sale.order"].search([("oms_channel_id", "=", self.shop_channel.id)])

    def test_a_state_told_late_waits_until_the_shop_was_asked(self):
        self._deliver(status="on-hold")
        self.shop.orders[self.order["id"]]["status"] = "on-hold"
        told = self._deliver(status="processing")
        self.assertEqual(self._here().oms_channel_status, "on-hold")
        hint = self._messages().filtered(lambda message: message.kind == "hint")
        self.assertEqual((len(hint), hint.state), (1, "pending"))
        self.assertEqual(told, hint)
        [late] = self._messages().filtered(lambda message: message.state == "ignored")
        self.assertIn("same second", late.error)
        self._read_hints()
        self.assertEqual(hint.state, "done")
        self.assertEqual(self._here().oms_channel_status, "on-hold")

    def test_where_the_shop_says_so_the_state_that_came_second_holds(self):
        self._deliver()
        self._deliver(status="on-hold")
        self.assertEqual(self._here().oms_channel_status, "processing")
        self.shop.orders[self.order["id"]]["status"] = "on-hold"
        self._read_hints()
        self.assertEqual(self._here().oms_channel_status, "on-hold")

    def test_a_state_that_holds_again_is_applied_again_and_then_left(self):
        self.shop_channel.poll_from = self.moment.replace(tzinfo=None)
        for status in ("processing", "on-hold", "processing"):
            self.shop.orders[self.order["id"]]["status"] = status
            self.shop_channel._poll()
            self._messages()._process()
            self.assertEqual(self._here().oms_channel_status, status)
        count = len(self._messages())
        self.shop_channel._poll()
        self.assertEqual(len(self._messages()), count)

    def test_a_state_that_could_not_be_read_does_not_come_again_and_again(self):
        self.shop_channel.poll_from = self.moment.replace(tzinfo=None)
        self.shop_channel._poll()
        self._messages()._process()
        self.shop.orders[self.order["id"]]["status"] = "on-hold"
        self.shop_channel._poll()
        self._messages()[-1]._set_state("dead")
        count = len(self._messages())
        for _time in range(3):
            self.shop_channel._poll()
        self.assertEqual(len(self._messages()), count)

    def test_who_cannot_be_asked_is_believed_as_it_comes(self):
        self.shop_channel.api_url = False
        self._deliver()
        self._deliver(status="on-hold")
        self.assertEqual(self._here().oms_channel_status, "on-hold")
        self.assertFalse(self._messages().filtered(lambda message: message.kind == "hint"))

    def test_several_that_come_together_are_told_apart_by_who_read_them(self):
        body = json.dumps({**self.order, "status": "on-hold"}).encode()
        self.shop_channel.poll_from = self.moment.replace(tzinfo=None)
        self.shop_channel._poll()
        headers = webhook_headers(body, "order.updated", SECRET)
        self.shop_channel._receive_delivery(headers, body)
        self._messages()._process()
        self.assertEqual(
            self._here().oms_channel_status, "processing", "what was read holds, though it was stored before"
        )
        self.assertTrue(self._messages().filtered(lambda message: message.kind == "hint"))
