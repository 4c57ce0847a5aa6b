"""Stock over real HTTP to shops that count otherwise: Shopify's places and its compare-and-set, Amazon's feeds, Magento."""

import random
import time
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.amazon import const as amazon_const
from odoo.addons.oms_channels.tests.servers.amazon import AmazonServer
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer

from .bench_push import measure_push
from .common import ChannelsCommon

MAIN, STORE = "gid://shopify/Location/70000001", "gid://shopify/Location/70000002"


class PlatformCommon(ChannelsCommon):
    """A channel whose shop runs on this machine."""

    def _push(self, later_s=0):
        self.env["oms.stock.event"]._settle()
        self.shop_channel.ask_again_at = False
        self.env["oms.channel.push"].search([]).ran_at = False
        if later_s:
            for row in self.env["oms.channel.stock"].search([("next_attempt_at", "!=", False)]):
                row.next_attempt_at -= timedelta(seconds=later_s)
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_push").method_direct_trigger()
        self.env.invalidate_all()

    def _rows(self, listing):
        return self.env["oms.channel.stock"].search([("listing_id", "in", listing.ids)], order="id")


class ShopifyCommon(PlatformCommon):
    """Two places at Shopify; the main one shows the warehouse."""

    def setUp(self):
        super().setUp()
        self.shop = ShopifyServer(per_s=10_000)
        self.shop.start()
        self.addCleanup(self.shop.stop)
        self.shop_channel.write(
            {"platform": "shopify", "api_url": self.shop.url, "api_token": self.shop.token, "push_interval": 1}
        )
        adapter = PLATFORMS["shopify"]
        client = adapter.client
        patient = replace(
            adapter, client=lambda **values: client(**values, sleep=lambda seconds: time.sleep(min(seconds, 0.05)))
        )
        self.enterContext(patch.dict(PLATFORMS, {"shopify": patient}))
        self.place = self._map_place(MAIN, self.warehouse)
        self.std = self._offer(1, self.product_standard)
        self.shop_channel.push_stock = True

    def _map_place(self, code, warehouse):
        return self.env["oms.channel.mapping"].create(
            {
                "channel_id": self.shop_channel.id,
                "kind": "location",
                "external_code": code,
                "warehouse_id": warehouse.id,
            }
        )

    def _offer(self, number, product, quantity=0):
        variant = self.shop.add_variant(number, product.default_code, quantity)
        return self.env["oms.channel.listing"].create(
            {
                "channel_id": self.shop_channel.id,
                "product_id": product.id,
                "external_id": variant["id"],
                "parent_ref": variant["product"]["id"],
                "inventory_ref": variant["inventoryItem"]["id"],
                "sku": variant["sku"],
                "title": f"Shop's {variant['sku']}",
            }
        )

    def _there(self, number=1, place=MAIN):
        return self.shop.stock.get((f"gid://shopify/InventoryItem/{number}", place))

    def _set(self, quantity, number=1, place=MAIN):
        self.shop.stock[f"gid://shopify/InventoryItem/{number}", place] = quantity

    def _calls(self):
        """How many quantities each call told, since the last time."""
        calls = [
            len(variables["input"]["quantities"])
            for _operation, variables in self.shop.operations
            if "quantities" in (variables.get("input") or {})
        ]
        self.shop.operations.clear()
        return calls


class TestPushShopify(ShopifyCommon):
    """CAP-02, INV-05: each of Shopify's places shows what its warehouses have, and only if what is there is as expected."""

    def test_each_place_shows_its_own_warehouses(self):
        store = self.warehouse.copy({"name": "Store", "code": "ST1"})
        self._stock(self.product_standard, store, 7)
        self._map_place(STORE, store)
        self._push()
        self.assertEqual((self._there(), self._there(place=STORE)), (100, 7))

    def test_two_warehouses_may_stand_behind_one_place(self):
        store = self.warehouse.copy({"name": "Store", "code": "ST1"})
        self._stock(self.product_standard, store, 7)
        self.place.more_warehouse_ids = store
        self._push()
        self.assertEqual(self._there(), 107)

    def test_without_a_place_the_listing_says_what_to_do(self):
        self.place.unlink()
        self._push()
        row = self._rows(self.std)
        self.assertEqual(row.state, "refused")
        self.assertIn("map the warehouse", row.error)
        self._map_place(MAIN, self.warehouse)
        self._push()
        self.assertEqual(self._there(), 100)
        self.assertEqual(self._rows(self.std).mapped("location_ref"), [MAIN])

    def test_an_order_that_is_not_read_yet_is_not_sold_again(self):
        self._push()
        self._set(97)  # three were bought; the order is on its way
        self._stock(self.product_standard, self.warehouse, 40)
        self._push()
        row = self._rows(self.std)
        self.assertEqual((self._there(), row.state, row.wanted), (37, "waiting", 40))
        self._apply(self._doc(lines=(self._line("STD", 3),)), channel=self.shop_channel)
        self._push()
        self.assertEqual((self._there(), self._rows(self.std).state), (37, "told"))

    def test_where_no_order_came_the_number_was_changed_by_hand_and_is_put_right(self):
        self._push()
        self._set(97)
        self._stock(self.product_standard, self.warehouse, 40)
        self._push()
        self.assertEqual(self._there(), 37)
        self._push(later_s=3600)
        self.assertEqual((self._there(), self._rows(self.std).state), (40, "told"))

    def test_a_number_that_was_raised_there_is_written_over(self):
        self._push()
        self._set(150)
        self._stock(self.product_standard, self.warehouse, 40)
        self._push()
        self.assertEqual((self._there(), self._rows(self.std).state), (40, "told"))

    def test_a_lost_answer_is_recognised_and_nothing_is_taken_off(self):
        self._push()
        self._stock(self.product_standard, self.warehouse, 40)
        self.shop.fail_next("lost")
        self._push()
        self.assertEqual((self._there(), self._rows(self.std).state), (40, "sending"))
        self._stock(self.product_standard, self.warehouse, 60)
        self._push()
        self.assertEqual((self._there(), self._rows(self.std).state), (60, "told"))

    def test_one_stale_quantity_does_not_keep_the_others(self):
        other = self._offer(2, self.product_average)
        self._push()
        self._set(500)
        self._stock(self.product_standard, self.warehouse, 40)
        self._stock(self.product_average, self.warehouse, 50)
        self._push()
        self.assertEqual((self._there(1), self._there(2)), (40, 50))
        self.assertEqual(self._rows(self.std | other).mapped("state"), ["told", "told"])

    def test_a_throttled_shop_is_told_later_and_in_full(self):
        self.shop.fail_next("busy", times=20)
        self._push()
        self.assertEqual(self._there(), 0)
        self.shop._faults.clear()
        self._push(later_s=60)
        self.assertEqual(self._there(), 100)

    def test_a_first_number_that_never_arrived_is_not_taken_for_sold(self):
        self.shop.fail_next("down")
        self._push()
        self._stock(self.product_standard, self.warehouse, 90)
        self._push()
        self.assertEqual((self._there(), self._rows(self.std).state), (90, "told"))

    def test_batches_are_as_large_as_shopify_takes_them(self):
        template = self.product_standard
        for number in range(1000, 1620):
            self._offer(number, template)
        self._calls()
        self._push()
        self.assertEqual(self._calls(), [250, 250, 121])

    def test_a_large_push_costs_a_call_for_each_batch_and_less_than_a_query(self):
        """Whatever is asked of the database between the first and the last call, and what a run costs once."""
        adapter = PLATFORMS["shopify"]
        small = replace(adapter, capabilities=replace(adapter.capabilities, stock_batch=5))
        with patch.dict(PLATFORMS, {"shopify": small}):
            few, many = (measure_push(self.env, self.company, self.warehouse, count) for count in (100, 300))
        self.assertEqual([(found["changed"], found["calls"]) for found in (few, many)], [(100, 20), (300, 60)])
        self.assertLessEqual(many["queries_per_batch"], 1)
        self.assertLessEqual(many["telling_queries"] - few["telling_queries"], (60 - 20) / 4)

    def test_its_own_message_about_a_quantity_starts_nothing(self):
        self._push()
        self._calls()
        self.shop_channel.webhook_secret = "shh"
        event = PLATFORMS["shopify"].read_event({"x-shopify-topic": "inventory_levels/update"}, b'{"available": 100}')
        self.assertEqual(event.kind, "ignored")
        self._push()
        self.assertEqual(self._calls(), [])

    def test_whatever_happens_once_it_is_quiet_the_shop_has_what_is_available(self):
        """Sales at the shop and elsewhere, receipts and faults in any order; the seed tells which."""
        for seed in range(8):
            with self.subTest(seed=seed):
                self._live(random.Random(seed))

    def _live(self, rng):
        unread = []
        for _step in range(12):
            match rng.choice(["buy", "buy", "sell", "receive", "read", "push", "push", "spoil", "edit"]):
                case "buy" if self._there():
                    self._set(self._there() - 1)
                    unread.append(fields.Datetime.now())
                case "sell":
                    self._order(("STD", 1))
                case "receive":
                    self._stock(self.product_standard, self.warehouse, rng.randint(5, 150))
                case "read":
                    self._read(unread)
                case "push":
                    self._push(later_s=rng.choice([0, 3600]))
                case "spoil":
                    self.shop.fail_next(rng.choice(["busy", "down", "lost", "truncated", "page"]))
                case "edit":
                    self._set(rng.randint(0, 150))
        self.shop._faults.clear()
        self._read(unread)
        for _quiet in range(3):
            self._push(later_s=7200)
        self.shop_channel._audit_told("stock")
        self._push(later_s=7200)
        atp = self.env["oms.availability"]._get_channel_atp(self.shop_channel, self.product_standard)
        self.assertEqual(self._there(), int(atp[self.product_standard.id]))

    def _read(self, unread):
        for _at in unread:
            self._apply(self._doc(lines=(self._line("STD", 1),)), channel=self.shop_channel)
        unread.clear()


class TestPushAmazon(PlatformCommon):
    """CAP-02, INV-05: Amazon takes much at once and says later what came of it."""

    def setUp(self):
        super().setUp()
        self.shop = AmazonServer(
            plans={name: (1000.0, 1000) for name in ("createFeed", "getFeed", "patchListingsItem")}
        )
        self.shop.start()
        self.addCleanup(self.shop.stop)
        key, secret, token, account, site = self.shop.credentials
        self.shop_channel.write(
            {
                "platform": "amazon",
                "api_url": self.shop.url,
                "api_key": key,
                "api_secret": secret,
                "api_token": token,
                "account_ref": account,
                "site_ref": site,
                "push_interval": 1,
            }
        )
        self.std = self._offer(self.product_standard)
        self.avg = self._offer(self.product_average)
        self.shop_channel.push_stock = True

    def _offer(self, product, quantity=0):
        self.shop.offer(product.default_code, quantity)
        return self.env["oms.channel.listing"].create(
            {
                "channel_id": self.shop_channel.id,
                "product_id": product.id,
                "external_id": product.default_code,
                "sku": product.default_code,
                "inventory_ref": "DEFAULT",
                "kind_ref": "HOME_BED_AND_BATH",
                "title": f"Shop's {product.default_code}",
            }
        )

    def test_a_few_are_told_one_by_one(self):
        self._push()
        self.assertEqual((self.shop.quantity("STD"), self.shop.quantity("AVG")), (100, 100))
        self.assertEqual(self._rows(self.std).state, "told")

    def test_what_amazon_works_off_later_is_asked_for(self):
        self.enterContext(patch.object(amazon_const, "PATCHES_MAX", 1))
        self._push()
        self.assertEqual(self._rows(self.std | self.avg).mapped("state"), ["pending", "pending"])
        self.assertEqual(self.shop.quantity("STD"), 0)
        self._push(later_s=600)
        self.assertEqual(self._rows(self.std).state, "pending", "Amazon is still at it")
        self._push(later_s=600)
        self.assertEqual(self._rows(self.std | self.avg).mapped("state"), ["told", "told"])
        self.assertEqual((self.shop.quantity("STD"), self._rows(self.std).quantity), (100, 100))

    def test_one_that_amazon_does_not_have_any_more_is_not_offered_and_the_rest_is_told(self):
        self.enterContext(patch.object(amazon_const, "PATCHES_MAX", 1))
        del self.shop.offers["AVG"]
        self.shop.result_lag = 0
        self._push()
        self._push(later_s=600)
        self.assertEqual((self._rows(self.std).state, self._rows(self.avg).state), ("told", "gone"))
        self.assertFalse(self.avg.active)

    def test_what_changes_while_amazon_works_is_told_after_it(self):
        self.enterContext(patch.object(amazon_const, "PATCHES_MAX", 1))
        self._push()
        self._stock(self.product_standard, self.warehouse, 7)
        self._stock(self.product_average, self.warehouse, 8)
        self._push()
        self.assertEqual(len(self.shop.feeds), 2)
        for _round in range(3):
            self._push(later_s=600)
        self.assertEqual((self.shop.quantity("STD"), self.shop.quantity("AVG")), (7, 8))

    def test_stock_that_lies_at_amazon_is_refused_with_a_sentence(self):
        self.avg.inventory_ref = "AMAZON_EU"
        self._push()
        self.assertEqual((self._rows(self.std).state, self._rows(self.avg).state), ("told", "refused"))
        self.assertIn("keeps the stock of this listing itself", self._rows(self.avg).error)


class TestMagentoReserves(PlatformCommon):
    """Magento takes off by itself what its open orders wait for: it is told what there is with these."""

    def setUp(self):
        super().setUp()
        self.shop_channel.platform = "magento"
        self.std = self.env["oms.channel.listing"].create(
            {
                "channel_id": self.shop_channel.id,
                "product_id": self.product_standard.id,
                "external_id": "STD",
                "sku": "STD",
            }
        )

    def _wanted(self):
        self.env["oms.stock.event"]._settle()
        self.env["oms.channel.stock"]._collect(self.shop_channel, None)
        return self._rows(self.std).wanted

    def test_its_own_open_orders_are_not_taken_off_twice(self):
        self.assertEqual(self._wanted(), 100)
        order = self._apply(self._doc(lines=(self._line("STD", 3),)), channel=self.shop_channel)[0][0]
        self.assertEqual(self._wanted(), 100)
        self._order(("STD", 10))
        self.assertEqual(self._wanted(), 90)
        self._ship(order)
        self.assertEqual(self._wanted(), 90, "Magento does not know yet that it has left")
        told = self._messages().filtered(lambda message: message.kind == "parcel")
        self.assertTrue(told)
        told.state = "done"
        self.assertEqual(self._wanted(), 87)
