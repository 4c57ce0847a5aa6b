"""The contract that all platforms keep, for orders out of files."""

from unittest import TestCase

from odoo.addons.oms_channels.tests.contract import PlatformContract


class TestFilesContract(PlatformContract, TestCase):
    platform = "files"
