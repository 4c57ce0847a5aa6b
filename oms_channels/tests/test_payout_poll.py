"""PAY-02: what a channel pays out is read over HTTP: all of it, each once, and on from where the last run has stopped."""

from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo.addons.oms_channels.models import oms_channel_payout_poll
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer

from .common import ChannelsCommon

PAGE = 5  # payouts that the platform gives at once


class TestPayoutPoll(ChannelsCommon):
    def setUp(self):
        super().setUp()
        self.shop = ShopifyServer(per_s=10_000)
        self.shop.start()
        self.addCleanup(self.shop.stop)
        self.shop_channel.write(
            {
                "platform": "shopify",
                "api_url": self.shop.url,
                "api_token": self.shop.token,
                "clearing_journal_id": self.clearing_journal.id,
            }
        )

    def _pay_out(self, count):
        money = {"amount": "24.00", "currencyCode": "EUR"}
        for number in range(1, count + 1):
            moment = datetime.now(timezone.utc) - timedelta(days=10) + timedelta(hours=number)
            told = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            payout = {
                "id": f"gid://shopify/ShopifyPaymentsPayout/{number}",
                "legacyResourceId": str(number),
                "issuedAt": told,
                "status": "PAID",
                "transactionType": "DEPOSIT",
                "externalTraceId": f"TRACE{number}",
                "net": money,
            }
            charge = {
                "id": f"gid://shopify/ShopifyPaymentsBalanceTransaction/{number}",
                "type": "CHARGE",
                "test": False,
                "transactionDate": told,
                "amount": money,
                "fee": {**money, "amount": "0.00"},
                "net": money,
                "sourceType": "CHARGE",
                "sourceId": str(5000 + number),
                "sourceOrderTransactionId": str(7000 + number),
                "associatedOrder": {"id": f"gid://shopify/Order/{number}", "name": f"#{number}"},
                "adjustmentReason": None,
            }
            self.shop.send_payout(payout, [charge])

    def _poll(self):
        self.shop_channel.ask_again_at = False
        said = self.shop_channel._poll_payouts()
        return said, len(self.env["oms.settlement"].search([("channel_id", "=", self.shop_channel.id)]))

    def _asked(self):
        return len([name for name, _variables in self.shop.operations if name == "Payouts"])

    def test_all_pages_come_in_once_however_often_they_are_read(self):
        self._pay_out(PAGE + 2)
        self.assertEqual(self._poll(), (False, PAGE + 2))
        self.assertTrue(self.shop_channel.payouts_read_at)
        self.assertEqual(self._poll(), (False, PAGE + 2))

    def test_one_that_was_scheduled_and_then_failed_is_not_booked_any_more(self):
        self._pay_out(1)
        self.shop.payouts[0][0]["status"] = "SCHEDULED"
        self._poll()
        settlement = self.env["oms.settlement"].search([("channel_id", "=", self.shop_channel.id)])
        self.assertEqual(settlement.state, "checked")
        self.shop.payouts[0][0]["status"] = "FAILED"
        self.assertEqual(self._poll(), (False, 1))
        self.assertEqual(settlement.state, "refused")
        self.assertIn("did not reach the bank", settlement.problems)

    def test_a_run_that_has_read_its_share_goes_on_there_the_next_time(self):
        self._pay_out(2 * PAGE + 1)
        with patch.object(oms_channel_payout_poll, "POLL_PAGES_MAX", 1):
            self.assertEqual([self._poll()[1] for _run in range(3)], [PAGE, 2 * PAGE, 2 * PAGE + 1])
        self.assertEqual(self._asked(), 3, "No page was read twice")
        self.assertFalse(self.shop_channel.payouts_cursor)
        self.assertFalse(self.shop_channel.payouts_since)

    def test_a_shop_without_payments_of_the_platform_says_so_and_begins_anew_the_next_time(self):
        self._pay_out(PAGE + 1)
        with patch.object(oms_channel_payout_poll, "POLL_PAGES_MAX", 1):
            self._poll()
        self.assertTrue(self.shop_channel.payouts_cursor)
        payouts, self.shop.payouts = self.shop.payouts, None
        self.assertIn("no Shopify Payments", self._poll()[0])
        self.assertFalse(self.shop_channel.payouts_cursor)
        self.shop.payouts = payouts
        self.assertEqual(self._poll(), (False, PAGE + 1))
