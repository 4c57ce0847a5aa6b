"""The contract of ``oms_channels/tests/test_amazon.py``, without Odoo's runner and without a database."""

from unittest import TestCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.amazon import forwarded_headers


class TestAmazonContract(PlatformContract, TestCase):
    platform = "amazon"

    def signed(self, body, secret):
        return forwarded_headers(body, secret)
