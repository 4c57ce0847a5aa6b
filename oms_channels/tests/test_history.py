"""CAP-06: the past of a shop is imported beside what comes in, once, and nothing of it is shipped, reserved or mailed."""

import json
from datetime import datetime, timedelta, timezone

from odoo.exceptions import AccessError, UserError, ValidationError

from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer

from .test_hints import HintsCommon

NOW = datetime.now(timezone.utc)


class HistoryCommon(HintsCommon):
    def _history(self, channel=None, **values):
        return self.env["oms.channel.history"].create(
            {
                "channel_id": (channel or self.shop_channel).id,
                "since": (NOW - timedelta(days=400)).replace(tzinfo=None),
                "until": (NOW + timedelta(days=1)).replace(tzinfo=None),
                **values,
            }
        )

    def _sold_past(self, days=100, status="completed", **values):
        return self._sell(changed=NOW - timedelta(days=days), status=status, **values)

    def _run(self, history):
        history.action_start()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_history").method_direct_trigger()
        history.invalidate_recordset()
        self._work(history.channel_id)
        return history

    def _work(self, channel):
        while batch := self.env["oms.message"]._take_batch():
            batch._process()

    def _orders(self, channel=None):
        return self.env["sale.order"].search([("oms_channel_id", "=", (channel or self.shop_channel).id)], order="id")

    def _assert_untouched(self, orders):
        """Nothing of these is shipped, reserved, held, mailed or waits for anybody."""
        self.assertFalse(orders.order_line.move_ids)
        self.assertFalse(orders.picking_ids)
        self.assertFalse(self.env["oms.reservation"].search([("order_id", "in", orders.ids)]))
        self.assertFalse(orders.oms_hold_ids)
        self.assertFalse(self.env["oms.notification"].search([("order_id", "in", orders.ids)]))
        self.assertFalse(self.env["mail.mail"].search([("model", "=", "sale.order"), ("res_id", "in", orders.ids)]))


class TestHistory(HistoryCommon):
    # ---- What becomes of them ----

    def test_what_was_fulfilled_is_sold_delivered_and_locked_without_a_stock_move(self):
        for days in (300, 200, 100):
            self._sold_past(days)
        history = self._run(self._history())
        self.assertEqual((history.state, history.seen, history.taken), ("done", 3, 3))
        orders = self._orders()
        self.assertEqual(orders.mapped("state"), ["sale"] * 3)
        self.assertEqual(set(orders.mapped("oms_past")), {"kept"})
        self.assertTrue(all(orders.mapped("locked")))
        self.assertEqual(orders.order_line.mapped("qty_delivered"), [1.0] * 3)
        self._assert_untouched(orders)

    def test_money_of_the_past_is_left_alone_unless_it_is_wanted(self):
        self._sold_past()
        self._run(self._history())
        order = self._orders()
        self.env["sale.order"].search(self.env["sale.order"]._oms_booking_domain())._oms_book_each()
        self.assertEqual(order.invoice_status, "no")
        self.assertFalse(order.invoice_ids or order.transaction_ids)

    def test_money_of_the_past_is_booked_on_its_day_and_costs_no_stock(self):
        self._sold_past(days=60)
        self._run(self._history(book=True))
        order = self._orders()
        self.assertEqual(self._messages().mapped("state"), ["done"], self._messages().mapped("error"))
        order._oms_book_each()
        self.assertFalse(order.oms_booking_error)
        invoice = order.invoice_ids
        self.assertEqual((invoice.state, invoice.amount_total), ("posted", 24.0))
        self.assertEqual(invoice.invoice_date, order.oms_ordered_at.date())
        self.assertFalse(invoice.line_ids.filtered(lambda line: line.display_type == "cogs"))
        self.assertIn(invoice.payment_state, ("paid", "in_payment"))
        self._assert_untouched(order)

    def test_what_is_still_open_is_worked_like_any_other(self):
        self._sold_past(days=2, status="processing")
        self._run(self._history())
        order = self._orders()
        self.assertFalse(order.oms_past)
        self.assertEqual(order.state, "sale")
        self.assertTrue(order.picking_ids)

    def test_what_was_cancelled_stays_so(self):
        self._sold_past(status="cancelled")
        self._run(self._history())
        order = self._orders()
        self.assertEqual((order.state, order.oms_called_off), ("cancel", True))
        self._assert_untouched(order)

    def test_a_past_order_that_the_shop_tells_again_is_not_shipped_either(self):
        told = self._sold_past()
        self._run(self._history())
        self.shop.change(told["id"], status="completed", customer_note="said again")
        self.shop_channel._poll()
        self._work(self.shop_channel)
        order = self._orders()
        self.assertEqual(len(order), 1)
        self._assert_untouched(order)

    def test_asking_for_goods_by_hand_moves_nothing(self):
        self._sold_past()
        self._run(self._history())
        order = self._orders()
        order.action_unlock()
        order.order_line._action_launch_stock_rule()
        self.assertFalse(order.picking_ids)

    # ---- Beside live traffic ----

    def test_what_came_live_is_not_taken_twice(self):
        self._sold_past(days=0, status="processing")
        self.shop_channel._poll()
        self._sold_past(days=50)
        history = self._run(self._history())
        self.assertEqual((history.taken, history.known), (1, 1))
        self.assertEqual(len(self._orders()), 2)

    def test_what_was_imported_is_known_to_those_who_read_what_is_new(self):
        self._sold_past(days=0)
        self._run(self._history())
        before = len(self._messages())
        self.shop_channel._poll()
        self.assertEqual(len(self._messages()), before)

    def test_an_import_that_is_made_twice_takes_nothing_twice(self):
        self._sold_past()
        self._run(self._history())
        history = self._run(self._history())
        self.assertEqual((history.taken, history.known), (0, 1))
        self.assertEqual(len(self._orders()), 1)

    def test_only_what_was_ordered_in_the_window_is_taken(self):
        self._sold_past(days=300)
        self._sold_past(days=100)
        window = {"since": NOW - timedelta(days=150), "until": NOW - timedelta(days=50)}
        history = self._run(self._history(**{name: value.replace(tzinfo=None) for name, value in window.items()}))
        self.assertEqual((history.seen, history.taken), (1, 1))

    # ---- Page by page ----

    def test_an_import_that_is_cut_off_goes_on_at_its_page(self):
        for number in range(250):
            self._sold_past(days=300 - number)
        history = self._history()
        history.action_start()
        self.assertTrue(history._read_page())
        read = history.taken
        self.assertTrue(0 < read < 250)
        self.assertTrue(0 < history.progress < 100)
        self.shop.fail_next("down", times=5)
        self.assertFalse(history._read_page())
        self.assertEqual((history.state, history.taken), ("running", read))
        self.assertIn("busy or down", history.error)
        self.shop._faults.clear()
        self.shop_channel.action_ask_again()
        while history._read_page():
            pass
        self.assertEqual((history.state, history.taken, history.progress), ("done", 250, 100.0))

    def test_a_paused_import_reads_nothing_and_goes_on_later(self):
        self._sold_past()
        history = self._history()
        history.action_start()
        history.action_pause()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_history").method_direct_trigger()
        self.assertFalse(history.taken)
        self._run(history)
        self.assertEqual(history.taken, 1)

    def test_wrong_keys_pause_it_and_say_so(self):
        self.shop_channel.api_secret = "wrong"
        history = self._history()
        history.action_start()
        history._read_page()
        self.assertEqual(history.state, "paused")
        self.assertIn("does not accept our keys", history.error)

    def test_a_window_that_ends_before_it_begins_is_refused(self):
        with self.assertRaises(ValidationError):
            self._history(until=(NOW - timedelta(days=500)).replace(tzinfo=None))

    def test_a_channel_worked_by_hand_has_no_past(self):
        with self.assertRaises(UserError):
            self._history(self.channel).action_start()

    def test_only_who_manages_channels_imports(self):
        history = self._history()
        clerk = self._create_user("no_history", "oms_core.group_oms_user")
        with self.assertRaises(AccessError):
            history.with_user(clerk).action_start()
        with self.assertRaises(AccessError):
            self.shop_channel.with_user(clerk).action_import_past()


class TestHistoryShopify(HistoryCommon):
    """The same of a shop that tells its orders otherwise."""

    def test_what_was_fulfilled_there_is_not_shipped_again(self):
        path = next(path for path in payloads("shopify") if path.stem == "two_rates_not_all_taxable")
        changed = (NOW - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        sample = {**json.loads(path.read_bytes()), "updatedAt": changed, "createdAt": changed, "processedAt": changed}
        fulfilled = {"id": "gid://shopify/Order/1", "name": "#1", "displayFulfillmentStatus": "FULFILLED"}
        still_open = {"id": "gid://shopify/Order/2", "name": "#2"}
        with ShopifyServer(orders=[{**sample, **fulfilled}, {**sample, **still_open}]) as server:
            channel = self._create_channel("SHOPIFY", platform="shopify", api_url=server.url, api_token=server.token)
            self._run(self._history(channel))
        orders = self._orders(channel)
        self.assertEqual(orders.mapped("oms_past"), ["kept", False])
        self._assert_untouched(orders[:1])
