"""PAY-01: money that a Shopify customer authorised is taken there parcel by parcel, over real HTTP, once."""

import json
from unittest.mock import patch

from odoo.addons.oms_channels.domain.outgoing import Result
from odoo.addons.oms_channels.platforms.shopify.client import Client
from odoo.addons.oms_channels.tests.contract import payloads
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer

from .capture_common import CaptureCommon

CARD = "gid://shopify/OrderTransaction/5550001"


class TestCapture(CaptureCommon):
    def setUp(self):
        super().setUp()
        path = next(path for path in payloads("shopify") if path.stem == "two_rates_not_all_taxable")
        self.told = json.loads(path.read_bytes())
        paid = self.told["transactions"][0]
        card = {"id": CARD, "kind": "AUTHORIZATION", "multiCapturable": True}
        self.told["transactions"] = [{**paid, **card, "authorizationExpiresAt": "2040-01-01T00:00:00Z"}]
        self.told |= {"displayFinancialStatus": "AUTHORIZED", "displayFulfillmentStatus": "UNFULFILLED"}
        self.shop = ShopifyServer([self.told], per_s=10_000)
        self.shop.start()
        self.addCleanup(self.shop.stop)
        self.company.currency_id = self.env.ref("base.USD")
        self.shop_channel.write({"platform": "shopify", "api_url": self.shop.url, "api_token": self.shop.token})
        self.order_ref = self.told["id"]
        self.order = self._read()

    def _charged(self):
        return [
            row["amountSet"]["shopMoney"]["amount"]
            for row in self.shop.orders[self.told["id"]]["transactions"]
            if row["kind"] == "CAPTURE"
        ]

    def test_parcel_by_parcel_the_shop_takes_what_they_are_worth(self):
        goods = self.order.order_line.filtered(lambda line: line.product_id.type == "consu")
        self._ship(self.order, {goods[0].product_id: 1})
        self._collect()
        [first] = self._charged()
        self._read()  # the shop tells of it, too
        captures = self.order.transaction_ids.filtered(lambda tx: tx.oms_asks == "capture")
        self.assertEqual((captures.state, f"{captures.amount:.2f}"), ("done", first))
        self._ship(self.order)
        self._collect()
        self._collect()
        self._read()
        total = sum(map(float, self._charged()))
        self.assertEqual(len(self._charged()), 2)
        self.assertAlmostEqual(total, self.order.amount_total, 2)
        done = self.order.transaction_ids.filtered(lambda tx: tx.state == "done")
        self.assertAlmostEqual(sum(done.mapped("amount")), self.order.amount_total, 2)
        self._book(self.order)
        self.assertEqual(set(self.order.invoice_ids.mapped("payment_state")), {"paid"})

    def test_a_process_that_dies_after_the_shop_has_taken_it_takes_it_once(self):
        """The shop's answer came and nobody kept it: it is asked what it took before it is asked to take anything."""
        goods = self.order.order_line.filtered(lambda line: line.product_id.type == "consu")
        self._ship(self.order, {goods[0].product_id: 1})
        with self._dying():
            self._collect()
        [taken] = self._charged()
        capture = self.order.transaction_ids.filtered(lambda tx: tx.oms_asks == "capture")
        message = self.env["oms.message"].search([("res_model", "=", capture._name), ("res_id", "=", capture.id)])
        self.assertEqual((capture.state, message.state, bool(message.sent_at)), ("pending", "pending", True))
        for _again in range(2):
            self._collect()
        self.assertEqual(self._charged(), [taken])
        capture = self.order.transaction_ids.filtered(lambda tx: tx.oms_asks == "capture")
        self.assertEqual((capture.mapped("state"), message.state), (["done"], "done"))

    def test_an_order_that_is_cancelled_gives_the_money_free(self):
        self.order._action_cancel()
        self._collect()
        kinds = [row["kind"] for row in self.shop.orders[self.told["id"]]["transactions"]]
        self.assertEqual(kinds, ["AUTHORIZATION", "VOID"])
        self.assertFalse(self.order.transaction_ids.filtered(lambda tx: tx.state in ("authorized", "pending")))

    def test_money_that_is_given_free_at_the_second_try_is_given_free_here_too(self):
        """And nobody asks for it anew while the first message waits for a person."""
        self.order._action_cancel()
        [card] = self.order.transaction_ids.filtered(lambda tx: tx.state == "authorized")
        with patch.object(Client, "void", lambda *_asked, **_how: Result("refused", "Not now.")):
            self._collect()
            self._collect()
        void = card.child_transaction_ids
        self.assertEqual(void.mapped("state"), ["error"])
        self.assertIn("still kept from the customer", ",".join(self.order.activity_ids.mapped("summary")))
        message = self.env["oms.message"].search([("res_model", "=", void._name), ("res_id", "=", void.id)])
        message.action_retry()
        self._collect()
        self.assertEqual((message.state, void.state, card.state), ("done", "cancel", "cancel"))
        self.assertEqual((self.order.oms_authorized_note, self.order.amount_paid), (False, 0))

    def test_what_the_shop_refuses_is_said_and_stops_the_order(self):
        goods = self.order.order_line.filtered(lambda line: line.product_id.type == "consu")
        self._ship(self.order, {goods[0].product_id: 1})
        self.shop.orders[self.told["id"]]["transactions"] = []
        self._collect()
        self.assertIn("money", self._holds(self.order))
        self.assertIn("does not know what was authorised", self.order.oms_hold_reason)
