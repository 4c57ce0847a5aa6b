"""The contract of ``oms_channels/tests/test_rest_api.py``, without Odoo's runner and without a database."""

from unittest import TestCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.rest_api import webhook_headers


class TestRestApiContract(PlatformContract, TestCase):
    platform = "rest_api"

    def signed(self, body, secret):
        return webhook_headers(body, secret)
