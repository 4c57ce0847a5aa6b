import os
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tools import SQL

from odoo.addons.oms_core import sealing

from .common import ChannelsCommon

KEY = "0123456789-a-key-taken-by-chance"
NAMES = ("api_key", "api_secret", "api_token", "webhook_secret")


class TestSecrets(ChannelsCommon):
    """SEC: keys of shops are used by programs, and read by nobody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(os.environ, {"OMS_SECRET_KEY": KEY}))
        cls.shop_channel.write({name: f"plain-{name}-1234" for name in NAMES})
        cls.manager = cls._create_user("keeper", "oms_core.group_oms_channel,base.group_allow_export")

    def _raw(self, channel=None):
        channel = channel or self.shop_channel
        channel.flush_recordset()
        return self.env.execute_query(
            SQL(
                "SELECT %s FROM oms_channel WHERE id = %s",
                SQL(", ").join(SQL.identifier(name) for name in NAMES),
                channel.id,
            )
        )[0]

    def test_no_key_stands_in_the_database(self):
        made = self._create_channel("NEW", platform="woocommerce", **{name: f"plain-{name}" for name in NAMES})
        for value in (*self._raw(), *self._raw(made)):
            self.assertTrue(value.startswith(sealing.PREFIX))
            self.assertNotIn("plain", value)

    def test_programs_read_what_was_entered(self):
        self.shop_channel.flush_recordset()
        self.shop_channel.invalidate_recordset()
        self.assertEqual([self.shop_channel[name] for name in NAMES], [f"plain-{name}-1234" for name in NAMES])

    def test_a_manager_sees_the_last_four_characters_and_no_more(self):
        channel = self.shop_channel.with_user(self.manager)
        read = channel.read(list(NAMES))[0]
        web = channel.web_read({name: {} for name in NAMES})[0]
        exported = channel.export_data(list(NAMES))["datas"][0]
        for values in ([read[name] for name in NAMES], [web[name] for name in NAMES], exported):
            self.assertEqual(values, ["••••••••1234"] * 4)
        self.assertFalse(
            any(self.env["oms.channel"].fields_get([name])[name].get("exportable", True) for name in NAMES)
        )

    def test_a_short_secret_shows_nothing_of_itself(self):
        self.shop_channel.webhook_secret = "abc12345"
        self.assertEqual(self.shop_channel.read(["webhook_secret"])[0]["webhook_secret"], "••••••••")

    def test_what_a_form_gives_back_untouched_changes_nothing(self):
        before = self._raw()
        self.shop_channel.with_user(self.manager).web_save({"api_key": "••••••••1234", "name": "Shop"}, {})
        self.assertEqual(self._raw(), before)
        with self.assertRaisesRegex(UserError, "whole key"):
            self.shop_channel.api_key = "••••••••12345"

    def test_nobody_finds_a_key_out_by_searching_for_it(self):
        channels = self.env["oms.channel"].with_user(self.manager)
        for operator, value in (("=like", "plain%"), ("=", "plain-api_key-1234"), ("in", ["x"]), (">", "p")):
            with self.assertRaises(UserError):
                channels.search([("api_key", operator, value)])
        self.assertIn(self.shop_channel, channels.search([("api_key", "!=", False)]))
        self.assertNotIn(self.channel, channels.search([("api_key", "!=", False)]))

    def test_no_key_comes_into_the_chatter(self):
        self.shop_channel.write({"api_key": "another-key", "name": "Other name"})
        self.env.flush_all()
        self.env.cr.precommit.run()
        said = " ".join(str(body) for body in self.shop_channel.message_ids.mapped("body"))
        tracked = self.shop_channel.message_ids.sudo().tracking_value_ids.mapped("field_id.name")
        self.assertNotIn("another-key", said)
        self.assertFalse(set(NAMES) & set(tracked))

    def test_the_environment_gives_a_key_that_is_not_stored(self):
        given = {"OMS_CHANNEL_SHOP_API_SECRET": "from-outside-9876"}
        with patch.dict(os.environ, given):
            self.assertEqual(self.shop_channel.api_secret, "from-outside-9876")
            shown = self.shop_channel.read(["api_secret"])[0]["api_secret"]
        self.assertEqual(shown, "••••••••9876 (from the server's environment)")
        self.assertEqual(self.shop_channel.api_secret, "plain-api_secret-1234")
        self.assertNotIn("9876", "".join(self._raw()))

    def test_a_key_goes_to_no_other_host_than_the_one_it_was_entered_for(self):
        """Who sets up channels could have it sent to a machine of his own, and read it there."""
        channel = self.shop_channel.with_user(self.manager)
        keys = {name: f"anew-{name}-1234" for name in NAMES}
        channel.write({"api_url": "https://shop.example/wp", **keys})
        channel.api_url = "https://shop.example/other"
        for address in ("https://elsewhere.example", "https://shop.example.elsewhere.example/"):
            for also in ({}, {"api_key": "mine"}, {name: "••••••••1234" for name in NAMES}):
                with self.assertRaisesRegex(UserError, "were entered for shop.example. Enter them anew"):
                    channel.write({"api_url": address, **also})
        channel.api_url = False
        with self.assertRaisesRegex(UserError, "Enter them anew"):
            channel.api_url = "https://elsewhere.example"
        channel.write({"api_url": "https://elsewhere.example", **keys})
        with patch.dict(os.environ, {"OMS_CHANNEL_SHOP_API_SECRET": "from-outside-9876"}):
            with self.assertRaisesRegex(UserError, "Have an administrator change the address"):
                channel.write({"api_url": "https://shop.example", "api_key": "k", "api_token": "t"})
            self.shop_channel.write({"api_url": "https://shop.example", "api_key": "k", "api_token": "t"})

    def test_a_key_is_changed_and_everything_encrypted_anew(self):
        before = self._raw()
        with patch.dict(os.environ, {"OMS_SECRET_KEY": f"the-next-key-taken-by-chance {KEY}"}):
            self.assertGreaterEqual(self.env["oms.secrets"]._seal_anew(), 4)
            self.assertFalse(set(self._raw()) & set(before))
        with patch.dict(os.environ, {"OMS_SECRET_KEY": "the-next-key-taken-by-chance"}):
            self.env.invalidate_all()
            self.assertEqual(self.shop_channel.api_key, "plain-api_key-1234")
            self.assertFalse(self.env["oms.secrets"]._get_outdated())

    def test_what_was_stored_in_plain_text_is_encrypted_by_the_nights_job(self):
        self.shop_channel.flush_recordset()
        self.env.cr.execute("UPDATE oms_channel SET api_key = 'ck_of_before' WHERE id = %s", [self.shop_channel.id])
        self.env.invalidate_all()
        self.assertEqual(self.shop_channel.api_key, "ck_of_before")
        self.env["oms.secrets"]._seal_anew()
        self.assertNotIn("ck_of_before", self._raw())
        self.assertEqual(self.shop_channel.api_key, "ck_of_before")

    def test_what_no_key_opens_is_empty_and_counted_and_kept(self):
        before = self._raw()
        with patch.dict(os.environ, {"OMS_SECRET_KEY": "a-key-that-opens-nothing"}):
            self.env.invalidate_all()
            self.assertFalse(self.shop_channel.api_key)
            self.assertGreaterEqual(self.env["oms.secrets"]._count_unreadable(), 4)
            self.env["oms.secrets"]._seal_anew()
        self.assertEqual(self._raw(), before)

    def test_a_copy_of_the_database_can_talk_to_no_shop(self):
        self.env.flush_all()
        for query in get_neutralization_queries(["oms_core", "oms_channels"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertEqual(self._raw(), (None,) * 4)
        self.assertFalse(self.shop_channel.active)
        self.assertFalse(self.shop_channel.api_url)
        self.assertTrue(self.channel.active)
        with patch.dict(os.environ, {"OMS_CHANNEL_SHOP_API_KEY": "from-outside"}):
            self.assertFalse(self.shop_channel.api_key)
