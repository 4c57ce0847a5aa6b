from odoo.tests import BaseCase

from odoo.addons.oms_channels.tests.contract import PlatformContract
from odoo.addons.oms_channels.tests.servers.rest_api import webhook_headers


class TestRestApi(PlatformContract, BaseCase):
    platform = "rest_api"
    allow_inherited_tests_method = True

    def signed(self, body, secret):
        return webhook_headers(body, secret)
