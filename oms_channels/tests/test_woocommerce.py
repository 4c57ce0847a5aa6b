from odoo.tests import BaseCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.woocommerce import webhook_headers


class TestWooCommerce(PlatformContract, BaseCase):
    platform = "woocommerce"
    allow_inherited_tests_method = True

    def signed(self, body, secret):
        return webhook_headers(body, "order.updated", secret)
