"""The contract of ``oms_channels/tests/test_ebay.py``, without Odoo's runner and without a database."""

import json
from unittest import TestCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.ebay import notification, webhook_headers, webhook_secret


class TestEbayContract(PlatformContract, TestCase):
    platform = "ebay"
    secret = webhook_secret()
    hints = True

    def signed(self, body, secret):
        return webhook_headers(body, "eBay" if secret == self.secret else "another")

    def delivered(self, order):
        payload = json.loads(order)
        return notification("ORDER_CONFIRMATION", {"order": {"orderId": payload["orderId"]}})
