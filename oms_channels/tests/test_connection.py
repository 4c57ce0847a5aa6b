from odoo.addons.oms_channels.platforms import PLATFORMS

from .common import ChannelsCommon


class TestConnection(ChannelsCommon):
    """CAP-02: what a platform needs to know is asked for in its own words."""

    def test_each_platform_asks_for_what_it_needs_and_says_what_that_is(self):
        for code, adapter in PLATFORMS.items():
            self.shop_channel.platform = code
            names = self.shop_channel.credential_names.split(",")
            self.assertEqual(names, [credential.field for credential in adapter.credentials])
            for credential in adapter.credentials:
                self.assertIn(credential.label.split("&")[0].split("<")[0], self.shop_channel.credential_help)

    def test_a_channel_worked_by_hand_asks_for_nothing(self):
        self.assertFalse(self.channel.credential_names)
        self.assertFalse(self.channel.credential_help)
