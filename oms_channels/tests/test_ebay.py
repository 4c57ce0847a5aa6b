import json

from odoo.tests import BaseCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.ebay import notification, webhook_headers, webhook_secret


class TestEbay(PlatformContract, BaseCase):
    platform = "ebay"
    secret = webhook_secret()
    hints = True
    allow_inherited_tests_method = True

    def signed(self, body, secret):
        return webhook_headers(body, "eBay" if secret == self.secret else "another")

    def delivered(self, order):
        payload = json.loads(order)
        return notification("ORDER_CONFIRMATION", {"order": {"orderId": payload["orderId"]}})
