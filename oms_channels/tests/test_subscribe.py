from odoo.exceptions import AccessError, UserError

from odoo.addons.oms_channels.tests.servers.woocommerce import WooCommerceServer

from .common import SECRET, ChannelsCommon


class TestSubscribe(ChannelsCommon):
    """CAP-03: the webhooks of a shop are set up from here, and stay set up."""

    def setUp(self):
        super().setUp()
        self.shop = WooCommerceServer().start()
        self.addCleanup(self.shop.stop)
        self.shop_channel.write({"api_url": self.shop.url, "api_key": self.shop.key, "api_secret": self.shop.secret})

    def test_one_click_sets_up_all_topics_and_a_second_one_changes_nothing(self):
        action = self.shop_channel.action_subscribe()
        self.assertIn("order.updated", action["params"]["message"])
        hooks = {row["topic"]: row["delivery_url"] for row in self.shop.webhooks.values()}
        self.assertEqual(set(hooks.values()), {self.shop_channel.webhook_url})
        self.assertIn("order.deleted", hooks)
        self.shop_channel.action_subscribe()
        self.assertEqual(len(self.shop.webhooks), len(hooks))
        self.assertTrue(self.shop_channel.subscribed_at)

    def test_what_the_shop_dropped_is_made_again_every_day(self):
        self.shop_channel.action_subscribe()
        self.shop.webhooks.clear()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_subscribe").method_direct_trigger()
        self.assertTrue(self.shop.webhooks)

    def test_nothing_is_set_up_by_itself_where_nobody_asked_for_it(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_subscribe").method_direct_trigger()
        self.assertFalse(self.shop.webhooks)

    def test_a_new_channel_has_a_secret_where_it_is_ours_to_choose(self):
        chosen, given, theirs = (
            self._create_channel("ONE", platform="woocommerce"),
            self._create_channel("TWO", platform="woocommerce", webhook_secret=SECRET),
            self._create_channel("THREE", platform="shopify"),
        )
        self.assertGreater(len(chosen.webhook_secret), 30)
        self.assertEqual((given.webhook_secret, theirs.webhook_secret), (SECRET, False))

    def test_secrets_of_ours_are_shown_once_when_they_are_made(self):
        channel = self._create_channel("APP", platform="rest_api")
        before = channel.webhook_secret
        told = channel.action_new_secrets()["params"]["message"]
        self.assertNotEqual(channel.webhook_secret, before)
        for secret in (channel.webhook_secret, channel.api_secret):
            self.assertIn(secret, told)
        self.assertNotIn(channel.webhook_secret, str(channel.read(["webhook_secret"])))
        with self.assertRaises(UserError):
            self._create_channel("THREE", platform="shopify").action_new_secrets()

    def test_a_platform_that_chooses_its_secret_has_to_be_asked_for_it_first(self):
        channel = self._create_channel("SHOPIFY", platform="shopify", api_url="https://x.myshopify.com", api_token="t")
        with self.assertRaisesRegex(UserError, "Enter the webhook secret first"):
            channel.action_subscribe()

    def test_wrong_keys_a_shop_that_is_down_and_a_channel_without_webhooks_say_what_to_do(self):
        self.shop.fail_next("down")
        with self.assertRaisesRegex(UserError, "busy or down"):
            self.shop_channel.action_subscribe()
        self.shop_channel.api_secret = "wrong"
        with self.assertRaisesRegex(UserError, "Correct the key"):
            self.shop_channel.action_subscribe()
        with self.assertRaisesRegex(UserError, "worked by hand"):
            self.channel.action_subscribe()
        with self.assertRaisesRegex(UserError, "no webhooks"):
            self._create_channel("M", platform="magento").action_subscribe()

    def test_only_who_runs_channels_may(self):
        with self.assertRaises(AccessError):
            self.shop_channel.with_user(self.channel_user).action_subscribe()
