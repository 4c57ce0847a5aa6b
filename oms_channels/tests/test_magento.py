from odoo.tests import BaseCase

from odoo.addons.oms_channels.tests.contract import PlatformContract


class TestMagento(PlatformContract, BaseCase):
    """Polled only: nothing is signed."""

    platform = "magento"
    allow_inherited_tests_method = True
