"""Titles, descriptions and pictures reach the shops: in their language, only what differs, and nothing else with them."""

import base64
import io
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from PIL import Image

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user

from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.platforms.amazon import const as amazon_const
from odoo.addons.oms_channels.tests.servers.amazon import AmazonServer
from odoo.addons.oms_channels.tests.servers.base import Reply
from odoo.addons.oms_channels.tests.servers.shopify import ShopifyServer

from .test_hints import HintsCommon


def picture(color, kind="PNG"):
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(stream, kind)
    return base64.b64encode(stream.getvalue())


class ContentCommon(HintsCommon):
    """A WooCommerce shop that is told what ``STD`` is called: product 11."""

    def setUp(self):
        super().setUp()
        self.mug = self.product_standard.product_tmpl_id
        self.mug.write({"name": "Blue mug", "description_sale": "Holds 0.4 l.\n\nDishwasher & hands."})
        self.listing = self._list(11, self.product_standard)
        self.shop_channel.write({"push_content": True, "push_interval": 1})

    def _list(self, number, product, parent=0, **values):
        self.shop.add_product(number, parent, sku=product.default_code)
        return self.env["oms.channel.listing"].create(
            {
                "channel_id": self.shop_channel.id,
                "product_id": product.id,
                "external_id": str(number),
                "parent_ref": str(parent) if parent else False,
                "sku": product.default_code,
                "publish_content": True,
                **values,
            }
        )

    def _push(self, later_s=0):
        """The job runs, so much later."""
        self.shop_channel.ask_again_at = False
        self.env["oms.channel.push"].search([]).ran_at = False
        if later_s:
            for row in self.env["oms.channel.content"].search([("next_attempt_at", "!=", False)]):
                row.next_attempt_at -= timedelta(seconds=later_s)
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_push_content").method_direct_trigger()
        self.env.invalidate_all()

    def _there(self, number=11):
        """(title, description, how many pictures) of the shop's product."""
        row = self.shop.products[number]
        return row["name"], row["description"], len(row["images"])

    def _told(self):
        """What the calls told, since the last time: {id: names of what was told}."""
        calls = [
            {item["id"]: sorted(set(item) - {"id"}) for item in asked.json["update"]}
            for asked in self.shop.asked
            if asked.method == "POST" and asked.path.endswith("products/batch") and (asked.json or {}).get("update")
        ]
        self.shop.asked.clear()
        return calls

    def _row(self, listing=None):
        return self.env["oms.channel.content"].search([("listing_id", "=", (listing or self.listing).id)])


class TestContent(ContentCommon):
    """CAP-12: what a product is called here is what it is called there."""

    def test_text_and_picture_arrive_and_then_nothing_more_is_told(self):
        self.mug.image_1920 = picture("blue")
        self._push()
        self.assertEqual(self._there(), ("Blue mug", "<p>Holds 0.4 l.</p><p>Dishwasher &amp; hands.</p>", 1))
        self.assertEqual(self._told(), [{11: ["description", "images", "name"]}])
        row = self._row()
        self.assertEqual((row.state, row.told_parts, row.due_parts), ("told", "title, description, pictures (1)", ""))
        self._push()
        self.assertEqual(self._told(), [])

    def test_only_the_part_that_changed_is_told(self):
        self.mug.image_1920 = picture("blue")
        self._push()
        self._told()
        self.mug.name = "Bluer mug"
        self._push()
        self.assertEqual(self._told(), [{11: ["name"]}])
        self.mug.image_1920 = picture("navy")
        self._push()
        self.assertEqual(self._told(), [{11: ["images"]}])
        self.assertEqual(self._there()[0::2], ("Bluer mug", 1))

    def test_by_default_nothing_is_told_and_nobody_is_woken(self):
        self.assertFalse(self._create_channel("OTHER").push_content)
        self.listing.publish_content = False
        self._push()
        self.assertEqual((self._told(), self._row().ids), ([], []))
        self.shop_channel.push_content = False
        self.env.cr.precommit.data.clear()
        cron = self.env.ref("oms_channels.cron_push_content")
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self.mug.name = "Red mug"
        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), before)

    def test_a_new_name_wakes_the_job_of_content_and_no_other(self):
        self._push()
        swift, slow = (self.env.ref(f"oms_channels.{name}") for name in ("cron_push", "cron_push_content"))
        self.env.cr.precommit.data.clear()
        count = lambda cron: self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])  # noqa: E731
        before = count(swift), count(slow)
        self.product_standard.name = "Red mug"
        self.assertEqual((count(swift), count(slow)), (before[0], before[1] + 1))

    def test_the_channel_is_told_in_its_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.mug.with_context(lang="fr_FR").name = "Tasse bleue"
        self.shop_channel.content_lang = "fr_FR"
        self._push()
        self.assertEqual(self._there()[0], "Tasse bleue")
        self.shop_channel.content_lang = "en_US"
        self._push()
        self.assertEqual(self._there()[0], "Blue mug")

    def test_a_language_that_was_removed_falls_back(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.shop_channel.content_lang = "fr_FR"
        self.env["res.lang"].search([("code", "=", "fr_FR")]).active = False
        self.assertEqual(self.shop_channel._get_content_lang(), "en_US")

    def test_a_listing_may_have_a_title_and_a_description_of_its_own(self):
        self.listing.write(
            {"own_title": "MUG! Blue", "own_description": '<p onclick="x()">Cheap <script>x</script></p>'}
        )
        self._push()
        self.assertEqual(self._there()[:2], ("MUG! Blue", "<p>Cheap </p>"))

    def test_the_title_of_a_pack_says_how_many_there_are_in_it(self):
        self._list(12, self.product_standard, pack_size=6)
        self._push()
        self.assertEqual(self._there(12)[0], "Blue mug, pack of 6")

    def test_what_nobody_told_is_not_emptied(self):
        self.shop.products[11] |= {
            "description": "Theirs.",
            "images": [self.shop._image({"src": "https://x/a.jpg"}, {})],
        }
        self.mug.description_sale = False
        self._push()
        self.assertEqual(self._there(), ("Blue mug", "Theirs.", 1))

    def test_what_was_told_and_is_gone_here_goes_there(self):
        self.mug.image_1920 = picture("blue")
        self._push()
        self.mug.write({"description_sale": False, "image_1920": False})
        self._push()
        self.assertEqual(self._there(), ("Blue mug", "", 0))
        self._told()
        self._push()
        self.assertEqual((self._told(), self._row().told_parts), ([], "title"))

    def test_pictures_that_are_no_longer_sent_stay_as_they_were(self):
        self.mug.image_1920 = picture("blue")
        self._push()
        self.shop_channel.content_pictures = False
        self.mug.image_1920 = False
        self._push()
        self.assertEqual(self._there()[2], 1)

    def test_without_pictures_only_texts_are_told(self):
        self.mug.image_1920 = picture("blue")
        self.shop_channel.content_pictures = False
        self._push()
        self.assertEqual(self._told(), [{11: ["description", "name"]}])

    def test_what_is_too_long_is_refused_here_with_what_to_do_and_stops_no_other(self):
        other = self._list(12, self.product_average)
        self.mug.name = "x" * 201
        self._push()
        self.assertEqual((self._row().state, self._row(other).state), ("refused", "told"))
        self.assertIn("201 characters and the channel takes 200", self.listing.publish_error)
        task = self.shop_channel.activity_ids
        self.assertIn("1 listings could not be told their content", task.summary)
        self.listing.own_title = "Blue mug"
        self._push()
        self.assertEqual((self._row().state, self._there()[0]), ("told", "Blue mug"))
        self.assertFalse(self.shop_channel.activity_ids)

    def test_a_listing_that_is_taken_out_is_told_no_more(self):
        self._push()
        self.listing.publish_content = False
        self.mug.name = "Red mug"
        self._push()
        self.assertEqual((self._there()[0], self._row().ids), ("Blue mug", []))

    def test_another_product_on_the_listing_is_another_page(self):
        self._push()
        self.product_average.name = "Plate"
        self.listing.product_id = self.product_average
        self._push()
        self.assertEqual(self._there()[:2], ("Plate", ""))

    # ------------------------------------------------------------------------------------------------ PAGES OF VARIANTS

    def _variants(self):
        color = self.env["product.attribute"].create(
            {"name": "Color", "value_ids": [(0, 0, {"name": "Red"}), (0, 0, {"name": "Green"})]}
        )
        template = self.env["product.template"].create(
            {
                "name": "Shirt",
                "is_storable": True,
                "attribute_line_ids": [(0, 0, {"attribute_id": color.id, "value_ids": color.value_ids.ids})],
            }
        )
        red, green = template.product_variant_ids
        red.default_code, green.default_code = "SHIRT-R", "SHIRT-G"
        return red, green

    def test_variants_share_a_page_that_is_told_once_with_the_pictures_of_all(self):
        red, green = self._variants()
        red.product_tmpl_id.image_1920 = picture("white")
        red.image_variant_1920, green.image_variant_1920 = picture("red"), picture("green")
        self.shop.add_product(20, type="variable")
        first, second = self._list(21, red, 20), self._list(22, green, 20)
        self._push()
        self.assertEqual(self._there(20)[0::2], ("Shirt", 3))
        self.assertEqual((self._row(first).state, self._row(second).ids), ("told", []))
        first.publish_content = False
        green.product_tmpl_id.name = "Blouse"
        self._push()
        self.assertEqual((self._there(20)[0], self._row(second).state), ("Blouse", "told"))

    def test_a_variant_with_a_page_of_its_own_is_called_by_its_whole_name(self):
        red, _green = self._variants()
        self._list(12, red)
        self._push()
        self.assertEqual(self._there(12)[0], "Shirt (Red)")

    def test_a_page_of_different_products_needs_words_of_its_own(self):
        self.shop.add_product(20, type="variable")
        first = self._list(21, self.product_average, 20)
        self._list(22, self.product_fifo, 20)
        self._push()
        self.assertIn("different products", self._row(first).error)
        first.write({"own_title": "Set", "own_description": "<p>Both.</p>"})
        self._push()
        self.assertEqual(self._there(20)[:2], ("Set", "<p>Both.</p>"))

    # ------------------------------------------------------------------------------------------------ WHAT GOES WRONG

    def test_a_lost_answer_is_told_again_and_nothing_is_doubled(self):
        self.mug.image_1920 = picture("blue")
        self.shop.fail_next("slow", delay_s=0)
        self.shop.fail_next("lost")
        self._push()
        self.assertEqual((self._row().state, self._there()[2]), ("sending", 1))
        self._push()
        self.assertEqual((self._row().state, self._there()[2], len(self.shop.library)), ("told", 1, 1))

    def test_a_change_that_was_taken_back_after_a_lost_answer_is_told_back(self):
        self._push()
        self.mug.name = "Red mug"
        self.shop.fail_next("lost")
        self._push()
        self.assertEqual(self._there()[0], "Red mug")
        self.mug.name = "Blue mug"
        self._push()
        self.assertEqual((self._there()[0], self._row().state), ("Blue mug", "told"))

    def test_keys_that_may_not_change_products_do_not_put_the_channel_to_sleep(self):
        self.shop.writes = False
        self._push()
        row = self._row()
        self.assertEqual((row.state, self.shop_channel.ask_again_at, self.shop_channel.failures), ("due", False, 0))
        self.assertIn("permissions", row.error)
        self.shop.writes = True
        self._push(later_s=3600)
        self.assertEqual(self._row().state, "told")

    def test_a_shop_that_is_down_is_told_later(self):
        self.shop.fail_next("down")
        self._push()
        self.assertEqual(self._row().state, "sending")
        self._push()
        self.assertEqual((self._row().state, self._there()[0]), ("told", "Blue mug"))

    def test_what_the_shop_refuses_says_why(self):
        self.mug.image_1920 = picture("blue")
        self.shop.fetch = lambda address: b""
        self._push()
        self.assertEqual(self._row().state, "refused")
        self.assertIn("remote image", self.listing.publish_error)

    def test_one_that_is_gone_is_no_longer_offered(self):
        del self.shop.products[11]
        self._push()
        self.assertEqual((self._row().state, self.listing.active), ("gone", False))

    def test_what_was_refused_is_sent_again_by_hand(self):
        answer = {"update": [{"id": 11, "error": {"code": "woocommerce_rest_cannot_edit", "message": "It is locked."}}]}
        self.shop.fail_next("reply", reply=Reply(200, answer))
        self._push()
        self.assertEqual(self._row().state, "refused")
        self.assertEqual(self.shop_channel.action_push_content()["tag"], "display_notification")
        self._push()
        self.assertEqual(self._row().state, "told")

    def test_who_may_not_set_up_channels_sends_nothing(self):
        clerk = new_test_user(self.env, "clerk-content", groups="oms_core.group_oms_user")
        with self.assertRaises(AccessError):
            self.shop_channel.with_user(clerk).action_push_content()
        self.assertTrue(self._row().with_user(clerk).check_access("read") is None)

    def test_many_cost_no_more_queries_than_few(self):
        products = self.env["product.product"].create([{"name": f"P{n}", "default_code": f"P{n}"} for n in range(60)])
        self._push()
        rows = self.env["oms.channel.content"]

        def cost(some):
            for product in some:
                self._list(1000 + product.id, product)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            rows._collect(self.shop_channel, some.ids)
            return self.env.cr.sql_log_count - before

        few = cost(products[:5])
        self.assertLessEqual(cost(products[5:]), few + 3)


class TestContentPlatforms(HintsCommon):
    """CAP-12, over real HTTP to shops that take content in other ways."""

    def _channel(self, platform, shop, **values):
        shop.start()
        self.addCleanup(shop.stop)
        self.shop_channel.write({"platform": platform, "api_url": shop.url, "push_interval": 1, **values})
        self.product_standard.product_tmpl_id.write({"name": "Blue mug", "image_1920": picture("blue")})
        return shop

    def _offer(self, **values):
        listing = {"channel_id": self.shop_channel.id, "product_id": self.product_standard.id, "publish_content": True}
        made = self.env["oms.channel.listing"].create({**listing, **values})
        self.shop_channel.push_content = True
        return made

    _push = ContentCommon._push
    _row = ContentCommon._row

    def _picture_at_shopify(self):
        shop = self._channel("shopify", ShopifyServer(per_s=10_000), api_token="shpat_test")
        variant = shop.add_variant(1)
        listing = self._offer(external_id=variant["id"], parent_ref=variant["product"]["id"], sku="STD")
        self._push()
        self.assertEqual((self._row(listing).state, shop.product(1)["title"]), ("told", "Blue mug"))
        [contents] = shop.pictures(1)
        return contents

    def test_shopify_gets_the_picture_itself(self):
        contents = self._picture_at_shopify()
        self.assertEqual(contents, base64.b64decode(self.product_standard.product_tmpl_id.image_1920))

    def test_a_kind_that_is_not_taken_is_sent_as_jpeg(self):
        adapter = PLATFORMS["shopify"]
        rules = replace(adapter.capabilities.content, kinds=frozenset({"image/jpeg"}))
        changed = replace(adapter, capabilities=replace(adapter.capabilities, content=rules))
        self.enterContext(patch.dict(PLATFORMS, {"shopify": changed}))
        self.assertEqual(self._picture_at_shopify()[:3], b"\xff\xd8\xff")

    def test_amazon_works_it_off_later_and_fetches_pictures_over_https_only(self):
        plans = {name: (1000.0, 1000) for name in ("createFeed", "getFeed", "patchListingsItem")}
        shop = AmazonServer(plans=plans)
        names = ("api_key", "api_secret", "api_token", "account_ref", "site_ref")
        self._channel("amazon", shop, **dict(zip(names, shop.credentials, strict=True)))
        shop.offer("STD", 5)
        listing = self._offer(external_id="STD", sku="STD", kind_ref="MUG")
        self._push()
        self.assertIn("web.base.url", self._row(listing).error)
        self.env["ir.config_parameter"].set_param("web.base.url", "https://erp.example.com")
        self.enterContext(patch.object(amazon_const, "PATCHES_MAX", 0))
        shop.result_lag = 0
        self.shop_channel.action_push_content()
        self._push()
        self.assertEqual(self._row(listing).state, "pending")
        self._push(later_s=600)
        self.assertEqual(self._row(listing).state, "told")
        told = shop.contents["STD"]
        self.assertEqual(
            told["item_name"], {"value": "Blue mug", "language_tag": "en_US", "marketplace_id": "A1PA6795UKMFR9"}
        )
        self.assertTrue(
            told["main_product_image_locator"]["media_location"].startswith("https://erp.example.com/oms/picture/")
        )


class TestPictureAddress(HttpCase, ContentCommon):
    """SEC-03: a picture that a listing shows can be fetched by its address, and nothing else can."""

    def setUp(self):
        super().setUp()
        self.env["ir.config_parameter"].set_param("web.base.url", self.base_url())
        self.mug.image_1920 = picture("blue")

    def _address(self):
        [found] = self.listing._get_contents()[self.listing.id].pictures
        return found.address

    def test_the_shop_fetches_the_picture_from_us(self):
        self._push()
        [there] = self.shop.library.values()
        answer = self.url_open(there["from"])
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (200, "image/png"))
        self.assertEqual(answer.content, base64.b64decode(self.mug.image_1920))
        self.assertIn("immutable", answer.headers["Cache-Control"])

    def test_another_picture_or_another_address_is_not_found(self):
        address = self._address()
        self.assertEqual(self.url_open(address.replace(".png", ".jpg")).status_code, 404)
        start, number, signature, name = address.rsplit("/", 3)
        self.assertEqual(self.url_open(f"{start}/{int(number) + 1}/{signature}/{name}").status_code, 404)
        secret = self.env["ir.attachment"].create({"name": "secret.png", "raw": base64.b64decode(picture("red"))})
        signed = f"{start}/{secret.id}/{secret._oms_sign_picture('png')}/{name}"
        self.assertEqual(self.url_open(signed).status_code, 404, "only pictures of products")
        self.mug.image_1920 = picture("red")
        self.env.flush_all()
        self.assertEqual(self.url_open(address).status_code, 404, "it shows something else now")
        self.assertNotEqual(self._address(), address)

    def test_a_picture_is_served_as_jpeg_where_that_was_signed(self):
        adapter = PLATFORMS["woocommerce"]
        rules = replace(adapter.capabilities.content, kinds=frozenset({"image/jpeg"}))
        changed = replace(adapter, capabilities=replace(adapter.capabilities, content=rules))
        with patch.dict(PLATFORMS, {"woocommerce": changed}):
            address = self._address()
        answer = self.url_open(address)
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]), (200, "image/jpeg"))
        self.assertEqual(answer.content[:3], b"\xff\xd8\xff")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
