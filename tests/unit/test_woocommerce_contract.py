"""The contract of ``oms_channels/tests/test_woocommerce.py``, without Odoo's runner and without a database."""

from unittest import TestCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.woocommerce import webhook_headers


class TestWooCommerceContract(PlatformContract, TestCase):
    platform = "woocommerce"

    def signed(self, body, secret):
        return webhook_headers(body, "order.updated", secret)
