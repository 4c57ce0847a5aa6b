import json

from odoo.tests import BaseCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.shopify import rest_body, webhook_headers


class TestShopify(PlatformContract, BaseCase):
    platform = "shopify"
    hints = True
    allow_inherited_tests_method = True

    def signed(self, body, secret):
        return webhook_headers(body, "orders/updated", secret)

    def delivered(self, order):
        return rest_body(json.loads(order))
