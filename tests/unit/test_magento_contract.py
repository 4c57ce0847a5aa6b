"""The contract of ``oms_channels/tests/test_magento.py``, without Odoo's runner and without a database."""

from unittest import TestCase

from odoo.addons.oms_channels.tests.contract import PlatformContract


class TestMagentoContract(PlatformContract, TestCase):
    platform = "magento"
