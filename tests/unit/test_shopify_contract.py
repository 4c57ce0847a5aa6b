"""The contract of ``oms_channels/tests/test_shopify.py``, without Odoo's runner and without a database."""

import json
from unittest import TestCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.shopify import rest_body, webhook_headers


class TestShopifyContract(PlatformContract, TestCase):
    platform = "shopify"
    hints = True

    def signed(self, body, secret):
        return webhook_headers(body, "orders/updated", secret)

    def delivered(self, order):
        return rest_body(json.loads(order))
