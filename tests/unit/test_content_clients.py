"""Titles, descriptions and pictures over real HTTP, to each platform's local server: the same stories for all of them."""

import re
from dataclasses import replace

import pytest

from odoo.addons.oms_channels.domain.adapter import Retry
from odoo.addons.oms_channels.domain.outgoing import Content, ListingRef, Picture
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.amazon import const as amazon_const
from odoo.addons.oms_channels.tests.servers.amazon import AmazonServer
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.ebay import EbayServer
from odoo.addons.oms_channels.tests.servers.magento import MagentoServer
from odoo.addons.oms_channels.tests.servers.rest_api import AppServer
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer
from odoo.addons.oms_channels.tests.servers.shopify_contents import picture as bytes_of
from odoo.addons.oms_channels.tests.servers.woocommerce import WooCommerceServer

KEYS = {"front": "0a1b2c3d4e5f6071", "back": "1b2c3d4e5f60718a", "box": "2c3d4e5f60718a9b"}


def picture(seed):
    name = f"mug-{KEYS[seed]}.jpg"
    address = f"https://erp.example/oms/picture/7/{'0' * 32}/{name}"
    return Picture(KEYS[seed], name, "image/jpeg", lambda: bytes_of(seed), address, f"Mug, {seed}")


class WooCommerce:
    platform = "woocommerce"

    def open(self):
        shop = WooCommerceServer()
        for number in (1, 2):
            shop.add_product(number)
        return shop

    def connect(self, shop):
        return self.client(shop.url, shop.key, shop.secret, timeout_s=5)

    @property
    def client(self):
        return PLATFORMS[self.platform].client

    def ref(self, number):
        return ListingRef(str(number), f"SKU-{number}")

    def shown(self, shop, number=1):
        """(title, description, names of the pictures)"""
        row = shop.products[number]
        return row["name"], row["description"], [image["src"].rpartition("/")[2] for image in row["images"]]

    def brought(self, shop):
        """How many pictures were brought or fetched in all."""
        return len(shop.library)

    def forget(self, shop, number):
        del shop.products[number]


class Shopify(WooCommerce):
    platform = "shopify"

    def open(self):
        shop = ShopifyServer(per_s=10_000)
        for number in (1, 2):
            shop.add_variant(number)
        return shop

    def connect(self, shop):
        return self.client(shop.url, shop.token, timeout_s=5, sleep=lambda seconds: None)

    def ref(self, number):
        return ListingRef(f"gid://shopify/ProductVariant/{number}", parent_id=f"gid://shopify/Product/{number}")

    def shown(self, shop, number=1):
        product = shop.product(number)
        names = [row["image"]["url"].partition("?")[0].rpartition("/")[2] for row in product["media"]]
        return product["title"], product["descriptionHtml"], names

    def brought(self, shop):
        return len(shop._places)

    def forget(self, shop, number):
        shop.variants = [row for row in shop.variants if not row["id"].endswith(f"/{number}")]


class Magento(WooCommerce):
    platform = "magento"

    def open(self):
        return MagentoServer(
            products=[{"id": number, "sku": f"S/{number} ä", "name": f"Thing {number}"} for number in (1, 2)]
        )

    def connect(self, shop):
        token = f"{shop.token}:{shop.token_secret}"
        return self.client(shop.url, token, shop.key, shop.secret, timeout_s=5)

    def ref(self, number):
        return ListingRef(str(number), f"S/{number} ä")

    def shown(self, shop, number=1):
        product = shop.products[f"S/{number} ä"]
        texts = {row["attribute_code"]: row["value"] for row in product.get("custom_attributes", [])}
        entries = sorted(product.get("media_gallery_entries", []), key=lambda row: row["position"])
        return (
            product["name"],
            texts.get("description", ""),
            [row["file"].rpartition("/")[2] for row in entries if row["media_type"] == "image"],
        )

    def brought(self, shop):
        return sum(asked.method == "POST" and asked.path.endswith("/media") for asked in shop.asked)

    def forget(self, shop, number):
        del shop.products[f"S/{number} ä"]


class Ebay(WooCommerce):
    platform = "ebay"

    def open(self):
        shop = EbayServer()
        for number in (1, 2):
            shop.put_on_offer(f"S{number}", 5, f"900{number}")
        return shop

    def connect(self, shop):
        return self.client(shop.url, *shop.credentials, timeout_s=5)

    def ref(self, number):
        return ListingRef(f"S{number}", f"S{number}", inventory_ref=f"900{number}")

    def shown(self, shop, number=1):
        product = shop._item(f"S{number}")["product"]
        names = [address.rpartition("/")[2] for address in product.get("imageUrls", [])]
        return product["title"], product.get("description", ""), names

    def brought(self, shop):
        return None

    def forget(self, shop, number):
        del shop.stock[f"S{number}"]


class Amazon(WooCommerce):
    platform = "amazon"

    def open(self):
        shop = AmazonServer(plans={"patchListingsItem": (1000, 1000)})
        for number in (1, 2):
            shop.offer(f"S{number}", 5)
        return shop

    def connect(self, shop):
        return self.client(shop.url, *shop.credentials, timeout_s=5)

    def ref(self, number):
        return ListingRef(f"S{number}", f"S{number}", kind="MUG")

    def shown(self, shop, number=1):
        told = shop.contents.get(f"S{number}", {})
        places = [amazon_const.PICTURE_MAIN, *(amazon_const.PICTURE_OTHER.format(n) for n in range(1, 9))]
        return (
            told.get("item_name", {}).get("value", f"Thing {number}"),
            told.get("product_description", {}).get("value", ""),
            [told[place]["media_location"].rpartition("/")[2] for place in places if place in told],
        )

    def brought(self, shop):
        return None

    def forget(self, shop, number):
        del shop.offers[f"S{number}"]


class App(WooCommerce):
    platform = "rest_api"

    def open(self):
        return AppServer()

    def connect(self, shop):
        return self.client(shop.events_url, shop.secret, shop.url, timeout_s=5)

    def ref(self, number):
        return ListingRef(f"P-{number}", f"S{number}")

    def shown(self, shop, number=1):
        told = shop.contents.get(f"P-{number}", {})
        return (
            told.get("title", ""),
            told.get("description", ""),
            [row["url"].rpartition("/")[2] for row in told.get("pictures", [])],
        )

    def brought(self, shop):
        return None

    def forget(self, shop, number):
        shop.gone = True


WORLDS = (WooCommerce, Shopify, Magento, Ebay, Amazon, App)


@pytest.fixture(params=WORLDS, ids=lambda world: world.platform)
def world(request):
    return request.param()


@pytest.fixture
def shop(world):
    with world.open() as server:
        yield server


@pytest.fixture
def client(world, shop):
    return world.connect(shop)


def content(world, number=1, pictures=("front", "back"), **values):
    told = {"title": f"Mug {number}", "description": "Blue & large.", "language": "de_DE", **values}
    shown = None if pictures is None else tuple(picture(seed) for seed in pictures)
    return Content(world.ref(number), pictures=shown, **told)


def codes(results):
    return [result.code for result in results]


def names(*seeds):
    return [f"mug-{KEYS[seed]}.jpg" for seed in seeds]


def test_texts_and_pictures_arrive_in_their_order(world, shop, client):
    assert codes(client.push_content([content(world), content(world, 2, ("box",))])) == ["ok", "ok"]
    assert world.shown(shop) == ("Mug 1", "Blue & large.", names("front", "back"))
    assert world.shown(shop, 2)[2] == names("box")


def test_what_is_not_told_stays(world, shop, client):
    client.push_content([content(world)])
    assert codes(client.push_content([content(world, title="Cup", description=None, pictures=None)])) == ["ok"]
    assert world.shown(shop) == ("Cup", "Blue & large.", names("front", "back"))


def test_another_order_of_pictures_and_one_less(world, shop, client):
    client.push_content([content(world, pictures=("front", "back", "box"))])
    before = world.brought(shop)
    told = replace(content(world, pictures=("box", "front")), pictures_before=3)
    assert codes(client.push_content([told])) == ["ok"]
    assert world.shown(shop)[2] == names("box", "front")
    assert world.brought(shop) == before, "what is there was brought again"


def test_what_is_empty_now_is_emptied_there(world, shop, client):
    client.push_content([content(world)])
    told = replace(content(world, title=None, description="", pictures=()), pictures_before=2)
    assert codes(client.push_content([told])) == ["ok"]
    assert world.shown(shop) == ("Mug 1", "", [])


def test_told_twice_it_is_there_once(world, shop, client):
    told = content(world)
    for _time in range(3):
        assert codes(client.push_content([told])) == ["ok"]
    assert world.shown(shop)[2] == names("front", "back")
    assert world.brought(shop) in (2, None)


def test_a_lost_answer_at_any_step_doubles_nothing(world):
    for step in range(6):
        with world.open() as shop:
            client = world.connect(shop)
            for _right in range(step):
                shop.fail_next("slow", delay_s=0)
            shop.fail_next("lost")
            for _try in range(8):
                try:
                    results = client.push_content([content(world), content(world, 2, ("box",))])
                except Retry:
                    continue
                if codes(results) == ["ok", "ok"]:
                    break
            assert codes(results) == ["ok", "ok"], (step, results)
            assert world.shown(shop) == ("Mug 1", "Blue & large.", names("front", "back")), step
            assert world.shown(shop, 2)[2] == names("box"), step


def test_what_is_gone_spoils_no_other(world, shop, client):
    if world.platform == "rest_api":
        return  # an app says itself what it does not have
    world.forget(shop, 1)
    results = client.push_content([content(world), content(world, 2)])
    assert codes(results) == ["refused", "ok"]
    assert results[0].message.endswith(".") and world.shown(shop, 2)[0] == "Mug 2"
    assert results[0].gone == (world.platform != "ebay")  # which may know it under Seller Hub


def test_a_title_that_is_too_long_over_there_is_refused_with_their_words(world, shop, client):
    results = client.push_content([content(world, title="x" * 300), content(world, 2)])
    if world.platform in ("woocommerce", "rest_api"):  # any length is taken
        assert codes(results) == ["ok", "ok"]
        return
    assert codes(results) == ["refused", "ok"]
    assert re.search("title|name|long", results[0].message, re.I)


def test_a_busy_platform_is_told_later(world, shop, client):
    shop.fail_next("down")
    with pytest.raises(Retry):
        client.push_content([content(world)])
    assert codes(client.push_content([content(world)])) == ["ok"]


# ---- What is peculiar to one of them ----


def test_shopify_keeps_videos_and_pictures_go_to_its_own_storage_only():
    world = Shopify()
    with world.open() as shop:
        client = world.connect(shop)
        shop.add_picture(1, "film.mp4", "VIDEO")
        assert codes(client.push_content([content(world, pictures=("front",))])) == ["ok"]
        assert world.shown(shop)[2] == [*names("front"), "film.mp4"]
        target = {"url": "https://evil.example/x", "resourceUrl": "x", "parameters": []}
        answer = {"data": {"stagedUploadsCreate": {"stagedTargets": [target], "userErrors": []}}}
        shop.fail_next("slow", delay_s=0)
        shop.fail_next("reply", reply=Reply(200, answer))
        [result] = client.push_content([content(world, pictures=("box",))])
        assert result.code == "refused" and "not its own" in result.message


def test_shopify_without_the_product_is_a_sentence():
    world = Shopify()
    with world.open() as shop:
        [result] = world.connect(shop).push_content([replace(content(world), ref=ListingRef("gid://x/1"))])
        assert result.code == "refused" and "Fetch the listings" in result.message


def test_a_variation_s_texts_are_its_product_s():
    world = WooCommerce()
    with world.open() as shop:
        shop.add_product(10, type="variable")
        shop.add_product(11, 10)
        told = replace(content(world), ref=ListingRef("11", parent_id="10"))
        assert codes(world.connect(shop).push_content([told])) == ["ok"]
        assert world.shown(shop, 10)[0] == "Mug 1"
        assert shop.variations[10][11]["name"] == "Product 11"


def test_a_picture_that_the_shop_cannot_fetch_says_so():
    world = WooCommerce()
    with world.open() as shop:
        shop.fetch = lambda address: b""
        [result] = world.connect(shop).push_content([content(world)])
        assert result.code == "refused" and "remote image" in result.message


def test_magento_keeps_videos_and_uses_the_first_picture_as_the_main_one():
    world = Magento()
    with world.open() as shop:
        client = world.connect(shop)
        video = {"id": 7, "media_type": "external-video", "position": 9, "file": "/v/i/video.jpg", "types": []}
        shop.products["S/1 ä"]["media_gallery_entries"] = [video]
        assert codes(client.push_content([content(world)])) == ["ok"]
        entries = shop.products["S/1 ä"]["media_gallery_entries"]
        assert [row["types"] for row in entries] == [["image", "small_image", "thumbnail"], [], []]
        assert entries[-1]["id"] == 7
        assert entries[0]["_contents"] == bytes_of("front")


def test_ebay_keeps_the_rest_of_an_item_and_its_quantity():
    world = Ebay()
    with world.open() as shop:
        client = world.connect(shop)
        client.push_content([content(world)])
        item = shop._item("S1")
        assert (item["condition"], item["product"]["ean"], item["product"]["aspects"]) == (
            "NEW",
            ["4006381333931"],
            {"Brand": ["K"]},
        )
        assert (shop.stock["S1"], item["locale"]) == (5, "de_DE")
        [asked] = [asked for asked in shop.asked if asked.path.endswith("replace_inventory_item")]
        assert asked.headers["content-language"] == "de-DE"


@pytest.mark.parametrize("world", (Ebay(), Amazon()), ids=lambda world: world.platform)
def test_pictures_that_nobody_could_fetch_are_not_told(world):
    with world.open() as shop:
        shown = tuple(replace(picture(seed), address="http://localhost:8069/x.jpg") for seed in ("front",))
        results = world.connect(shop).push_content([replace(content(world), pictures=shown), content(world, 2)])
        assert codes(results) == ["refused", "ok"]
        assert "web.base.url" in results[0].message


def test_many_of_amazon_go_into_a_feed_whose_refusals_come_later():
    world = Amazon()
    with AmazonServer(plans={"createFeed": (1000, 1000), "getFeed": (1000, 1000)}) as shop:
        for number in range(30):
            shop.offer(f"S{number}", 5)
        client = world.connect(shop)
        shop.result_lag = 0
        told = [content(world, number, ("front",)) for number in range(30)]
        told[3] = replace(told[3], description="<p>no markup here</p>")
        pending = client.push_content(told)
        assert set(codes(pending)) == {"pending"}
        results = client.outcomes([result.reference for result in pending])
        assert codes(results).count("ok") == 29 and "markup" in results[3].message
        assert world.shown(shop, 7) == ("Mug 7", "Blue & large.", names("front"))
