"""CAP-02: a person who has the keys connects a shop, and every mistake is explained."""

from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError

from odoo.addons.oms_channels.domain.adapter import CREDENTIAL_FIELDS
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.servers.amazon import AmazonServer
from odoo.addons.oms_channels.tests.servers.ebay import EbayServer
from odoo.addons.oms_channels.tests.servers.magento import MagentoServer
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer
from odoo.addons.oms_channels.tests.servers.woocommerce import WooCommerceServer

from .common import ChannelsCommon


class TestConnect(ChannelsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_user("connector", "oms_core.group_oms_channel")
        cls.accountant = cls._create_user("keeper", "oms_core.group_oms_channel,account.group_account_manager")

    def setUp(self):
        super().setUp()
        self.shop = WooCommerceServer().start()
        self.addCleanup(self.shop.stop)
        self.keys = {"api_url": self.shop.url, "api_key": self.shop.key, "api_secret": self.shop.secret}

    def _wizard(self, platform="woocommerce", user=None, **values):
        wizards = self.env["oms.channel.connect"].with_user(user or self.manager).with_company(self.company)
        wizard = wizards.browse(wizards.action_start()["res_id"])
        wizard.platform_ids.filtered(lambda card: card.code == platform).action_choose()
        wizard.write(values)
        return wizard

    def _sell(self):
        order = self._shop_order()
        self.shop.orders[order["id"]] = order

    def _tested(self, **values):
        wizard = self._wizard(**{**self.keys, **values})
        wizard.action_test()
        return wizard

    # ---- The steps ----

    def test_each_platform_has_a_card_that_says_what_it_can_do(self):
        cards = self._wizard().platform_ids
        self.assertEqual(set(cards.mapped("code")), set(PLATFORMS))
        self.assertTrue(all(cards.mapped("abilities")))

    def test_a_platform_asks_in_its_own_words_and_says_where_to_find_it(self):
        for code, adapter in PLATFORMS.items():
            wizard = self._wizard(code)
            asked = {one.field: one for one in adapter.credentials}
            for name in CREDENTIAL_FIELDS:
                label = wizard[f"label_{name}"] or ""
                self.assertEqual(bool(label), name in asked, (code, name))
                if name in asked:
                    self.assertIn(asked[name].label.split("&")[0].split('"')[0].split("<")[0], label)

    def test_what_is_missing_is_named_before_the_shop_is_asked(self):
        wizard = self._wizard(api_url=self.shop.url)
        wizard.action_test()
        self.assertEqual((wizard.state, wizard.message), ("keys", "Enter: Consumer key, Consumer secret."))
        self.assertFalse(self.shop.asked)

    def test_a_shop_is_connected_and_its_first_orders_are_here(self):
        self._sell()
        self._sell()
        wizard = self._tested()
        self.assertTrue(wizard.works, wizard.report)
        wizard.action_setup()
        wizard.write({"clearing_journal_id": self.clearing_journal.id, "user_id": self.channel_user.id})
        wizard.action_finish()
        channel = wizard.channel_id
        self.assertEqual(wizard.state, "done")
        self.assertIn("2 orders have been read", wizard.result)
        self.assertEqual((channel.platform, channel.user_id), ("woocommerce", self.channel_user))
        self.assertEqual(channel.sudo().api_secret, self.shop.secret)
        self._messages(channel)._process()
        self.assertEqual(channel.sudo().order_count, 2)

    def test_no_channel_is_made_of_a_shop_that_did_not_answer(self):
        wizard = self._tested(api_key="wrong")
        self.assertFalse(wizard.works)
        for action in (wizard.action_setup, wizard.action_finish):
            with self.assertRaisesRegex(UserError, "Test the connection first"):
                action()

    def test_two_shops_of_one_name_get_two_codes(self):
        codes = set()
        for _number in range(2):
            wizard = self._tested(name="My Shop!")
            wizard.action_finish()
            codes.add(wizard.channel_id.code)
        self.assertEqual(codes, {"MY-SHOP", "MY-SHOP-2"})

    def test_an_accountant_gets_a_clearing_account_made_and_others_are_told_who_can(self):
        wizard = self._wizard(user=self.accountant, **self.keys)
        wizard.action_test()
        wizard.make_journal = True
        wizard.action_finish()
        journal = wizard.channel_id.clearing_journal_id
        self.assertTrue(journal.default_account_id)
        self.assertEqual(journal.company_id, self.company)
        wizard = self._tested()
        wizard.make_journal = True
        with self.assertRaisesRegex(UserError, "Only an accountant"):
            wizard.action_finish()

    def test_keys_of_the_wizard_are_not_in_the_database_either(self):
        wizard = self._wizard(**self.keys)
        wizard.flush_recordset()
        self.env.cr.execute("SELECT api_secret FROM oms_channel_connect WHERE id = %s", [wizard.id])
        self.assertNotIn(self.shop.secret, self.env.cr.fetchone()[0])

    def test_keys_that_the_environment_gives_are_used_and_not_stored(self):
        with patch.dict("os.environ", {"OMS_CHANNEL_OUTSIDE_API_SECRET": self.shop.secret}):
            wizard = self._wizard(api_url=self.shop.url, api_key=self.shop.key, code="OUTSIDE")
            wizard.action_test()
            self.assertTrue(wizard.works, wizard.report)
            wizard.action_finish()
            self.assertEqual(wizard.channel_id.sudo().api_secret, self.shop.secret)
        self.assertFalse(wizard.channel_id.sudo().api_secret)

    # ---- An existing channel ----

    def test_an_existing_channel_is_tested_with_its_own_keys_and_reconnected_with_new_ones(self):
        self.shop_channel.write({**self.keys, "api_secret": "outdated"})
        channel = self.shop_channel.with_user(self.manager)
        wizard = (
            self.env["oms.channel.connect"].with_user(self.manager).browse(channel.action_test_connection()["res_id"])
        )
        self.assertFalse(wizard.works)
        wizard.action_keys()
        self.assertFalse(wizard.api_secret)
        wizard.api_secret = self.shop.secret
        wizard.action_test()
        self.assertTrue(wizard.works, wizard.report)
        wizard.action_finish()
        self.assertEqual(wizard.channel_id, channel)
        self.assertEqual((channel.sudo().api_key, channel.sudo().api_secret), (self.shop.key, self.shop.secret))
        self.assertTrue(channel.checked_at)

    def test_only_who_manages_channels_connects_one(self):
        with self.assertRaises(AccessError):
            self.env["oms.channel.connect"].with_user(
                self._create_user("clerk", "oms_core.group_oms_user")
            ).action_start()
        with self.assertRaises(AccessError):
            self.shop_channel.with_user(self.env.ref("base.public_user")).action_test_connection()

    # ---- What a test tells ----

    def _assert_told(self, wizard, *parts, sign="✗"):
        self.assertIn(sign, wizard.report)
        for part in parts:
            self.assertIn(part, wizard.report)
        self.assertNotIn(self.shop.secret, wizard.report)

    def test_a_good_test_shows_whose_shop_it_is(self):
        report = self._tested().report
        for part in ("✓", "127.0.0.1 answers", "EUR", "everything that is needed", "clocks agree"):
            self.assertIn(part, report)
        self.assertNotIn("✗", report)

    def test_wrong_keys(self):
        self._assert_told(self._tested(api_secret="wrong"), "does not accept our keys", "REST API", "Copy them anew")

    def test_keys_that_may_only_read(self):
        self.shop.writes = False
        wizard = self._tested()
        self._assert_told(wizard, "lack the permission", "Read/Write")
        self.assertTrue(wizard.works)

    def test_an_address_without_a_scheme(self):
        self._assert_told(self._tested(api_url="shop.example.com"), "https://")

    def test_nobody_listens(self):
        self.shop.stop()
        self._assert_told(self._tested(), "nothing answers")

    def test_an_address_inside_of_the_own_network(self):
        with patch.dict("os.environ", {"OMS_PRIVATE_NETWORKS": ""}):
            self._assert_told(self._tested(), "private network", "OMS_PRIVATE_NETWORKS")

    def test_no_tls_behind_https(self):
        self._assert_told(self._tested(api_url=self.shop.url.replace("http:", "https:")), "does not speak TLS")

    def test_a_page_instead_of_data(self):
        self.shop.fail_next("page")
        self._assert_told(self._tested(), "page instead of data", "firewall")

    def test_a_shop_that_moved(self):
        self.shop.fail_next("redirect", location="https://www.new.example/wp-json/")
        self._assert_told(self._tested(), "moved to https://www.new.example", "new address")

    def test_a_shop_that_is_down(self):
        self.shop.fail_next("down")
        self._assert_told(self._tested(), "busy or down", "test again")

    def test_a_clock_that_is_wrong(self):
        self.shop.now = lambda: datetime.now(timezone.utc) + timedelta(minutes=20)
        self._assert_told(self._tested(), "20 minutes behind the shop", "NTP")

    def test_a_currency_that_is_switched_off(self):
        self.env.ref("base.EUR").active = True
        with patch.object(type(self.env["res.currency"]), "search", return_value=self.env["res.currency"]):
            report = self._tested().report
        self.assertIn("EUR is switched off", report)


class TestConnectPlatforms(ChannelsCommon):
    """The same steps for each platform, against a server that speaks as it does."""

    def _connect(self, platform, server, **keys):
        with server:
            wizards = self.env["oms.channel.connect"].with_company(self.company)
            wizard = wizards.browse(wizards.action_start()["res_id"])
            wizard._choose(platform)
            wizard.write({"api_url": server.url, **keys})
            wizard.action_test()
            self.assertTrue(wizard.works, wizard.report)
            wizard.action_setup()
            wizard.action_finish()
            self.assertFalse(wizard.channel_id.poll_error)
            self.assertEqual(wizard.state, "done")
        return wizard

    def test_shopify(self):
        server = ShopifyServer(client=("the-client", "the-client-secret"))
        wizard = self._connect("shopify", server, api_key="the-client", api_secret="the-client-secret")
        self.assertIn("locations", wizard.report)
        self.assertEqual(wizard.channel_id.webhook_secret, "the-client-secret")

    def test_amazon(self):
        server = AmazonServer()
        self._connect(
            "amazon",
            server,
            api_key=server.client_id,
            api_secret=server.client_secret,
            api_token=server.refresh_token,
            account_ref=server.seller_id,
            site_ref=",".join(server.marketplaces),
        )

    def test_ebay(self):
        server = EbayServer()
        self._connect(
            "ebay",
            server,
            api_key=server.client_id,
            api_secret=server.client_secret,
            api_token=server.refresh_token,
            site_ref="EBAY_DE",
        )

    def test_magento(self):
        server = MagentoServer()
        self._connect(
            "magento",
            server,
            api_key=server.key,
            api_secret=server.secret,
            api_token=f"{server.token}:{server.token_secret}",
        )
