from odoo.tests import BaseCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.amazon import forwarded_headers


class TestAmazon(PlatformContract, BaseCase):
    platform = "amazon"
    allow_inherited_tests_method = True

    def signed(self, body, secret):
        return forwarded_headers(body, secret)
