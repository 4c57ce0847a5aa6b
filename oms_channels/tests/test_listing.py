from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.oms_channels.domain.outgoing import Listing, ListingPage, ListingRef
from odoo.addons.oms_channels.models import oms_channel_listing_read as reading
from odoo.addons.oms_core.const import INSIDE

from .test_hints import HintsCommon


class ListingCommon(HintsCommon):
    """A shop that offers things."""

    def _read(self, channel=None):
        (channel or self.shop_channel)._read_listings()

    def _run(self, name):
        with self.enter_registry_test_mode():
            self.env.ref(f"oms_channels.{name}").method_direct_trigger()
        self.env.invalidate_all()

    def _listings(self, channel=None, **values):
        found = self.env["oms.channel.listing"].with_context(active_test=False)
        domain = [("channel_id", "=", (channel or self.shop_channel).id)]
        return found.search([*domain, *((name, "=", value) for name, value in values.items())])

    def _listing(self, channel=None, **values):
        """A listing of the shop that is here already."""
        channel = channel or self.shop_channel
        return (
            self.env["oms.channel.listing"]
            .with_context(oms_matching=INSIDE)
            .create({"channel_id": channel.id, "external_id": f"ref-{next(self._numbers)}", "title": "Thing", **values})
            .with_context(oms_matching=False)
        )

    def _tasks(self, channel=None, subject="listings"):
        tasks = (channel or self.shop_channel).activity_ids
        return tasks.filtered(lambda task: task.oms_subject == subject and task.active)


class TestReadListings(ListingCommon):
    """CAP-12: what a channel offers is read once a day, page by page, and goes on where it was interrupted."""

    def test_what_the_shop_offers_is_here_with_its_ids_price_and_product(self):
        self.shop.add_product(11, sku="STD", name="Mug", price="12.50", global_unique_id="4006381333931")
        self._read()
        listing = self._listings()
        self.assertEqual(
            (listing.external_id, listing.sku, listing.title, listing.price, listing.currency_id.name),
            ("11", "STD", "Mug", 12.5, "EUR"),
        )
        self.assertEqual((listing.product_id, listing.match_code), (self.product_standard, "sku"))
        self.assertFalse(listing.fixed)
        self.assertEqual(listing._to_ref().external_id, "11")
        self.assertTrue(self.shop_channel.listings_read_at)
        self.assertFalse(self.shop_channel.listings_started_at)

    def test_reading_again_brings_changes_and_nothing_twice(self):
        self.shop.add_product(11, sku="STD", name="Mug")
        self._read()
        self.shop.products[11].update(name="Big mug", price="15.00")
        self._read()
        self.assertEqual(self._listings().mapped("title"), ["Big mug"])
        self.assertEqual(self._listings().price, 15)

    def test_what_is_no_longer_offered_is_kept_and_marked(self):
        for number in (11, 12):
            self.shop.add_product(number)
        self._read()
        self._listings().seen_at = fields.Datetime.now() - timedelta(hours=1)
        del self.shop.products[12]
        self._read()
        self.assertEqual(self._listings(active=True).mapped("external_id"), ["11"])
        self.assertEqual(self._listings(active=False).mapped("external_id"), ["12"])

    def test_a_shop_that_says_that_it_has_nothing_is_not_believed(self):
        self.shop.add_product(11)
        self._read()
        self._listings().seen_at = fields.Datetime.now() - timedelta(hours=1)
        self.shop.products.clear()
        self._read()
        self.assertTrue(self._listings().active)
        self.assertIn("offers nothing", self.shop_channel.listings_error)

    def test_an_interrupted_reading_goes_on_at_its_page_and_ends_nothing_early(self):
        for number in range(11, 11 + 230):
            self.shop.add_product(number)
        gone = self._listing(external_id="9", seen_at=fields.Datetime.now() - timedelta(days=2))
        with patch.object(reading, "LISTING_PAGES_MAX", 1):
            self._read()
        self.assertEqual((self.shop_channel.listings_found, self.shop_channel.listings_cursor), (100, "2"))
        self.assertTrue(gone.active)
        self.shop.fail_next("down")
        self._read()
        self.assertTrue(self.shop_channel.listings_error)
        self.assertEqual(self.shop_channel.listings_cursor, "2")
        self.shop_channel.ask_again_at = False
        self._read()
        self.assertEqual(len(self._listings(active=True)), 230)
        self.assertFalse(gone.active)
        self.assertFalse(self.shop_channel.listings_error)

    def test_the_job_reads_each_channel_once_a_day_and_not_more(self):
        self.shop.add_product(11)
        self._run("cron_listings")
        self.assertEqual(len(self._listings()), 1)
        self.shop.add_product(12)
        self._run("cron_listings")
        self.assertEqual(len(self._listings()), 1)
        self.shop_channel.listings_read_at = fields.Datetime.now() - timedelta(hours=25)
        self._run("cron_listings")
        self.assertEqual(len(self._listings()), 2)

    def test_the_button_has_them_read_now(self):
        self.shop.add_product(11)
        self._run("cron_listings")
        self.shop.add_product(12)
        self.assertEqual(self.shop_channel.action_read_listings()["tag"], "display_notification")
        self._run("cron_listings")
        self.assertEqual(len(self._listings()), 2)

    def test_a_page_costs_the_same_queries_however_much_is_on_it(self):
        self._count_page(2)
        few, many = self._count_page(25), self._count_page(250)
        self.assertLessEqual(many, few + 2)

    def _count_page(self, size):
        """Queries for a page on which half is new, and of that half is known here."""
        self._listings().unlink()
        page = ListingPage(
            tuple(
                Listing(ListingRef(f"{size}-{number}", sku=f"{size}-{number}"), f"Thing {number}", currency="EUR")
                for number in range(size)
            )
        )
        self.env["product.product"].create(
            [{"name": sku, "default_code": sku} for sku in (f"{size}-{number}" for number in range(0, size, 2))]
        )
        self.shop_channel._store_listings(ListingPage(page.listings[: size // 2]))
        changed = tuple(replace(listing, title=f"{listing.title}!") for listing in page.listings)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        self.shop_channel._store_listings(ListingPage(changed))
        self.env.flush_all()
        queries = self.cr.sql_log_count - before
        self.assertEqual(len(self._listings()), size)
        self.assertEqual(len(self._listings().product_id), len(range(0, size, 2)))
        return queries


class TestMatchListings(ListingCommon):
    """CAP-12, CAP-14: a listing finds its product, or a person finds it with one click."""

    def test_two_products_with_one_sku_are_left_to_a_person_with_the_reason(self):
        self._create_product("TWICE", name="One")
        self._create_product("TWICE", name="Other")
        listing = self._listing(sku="TWICE")
        listing._match()
        self.assertFalse(listing.product_id)
        self.assertEqual(listing.match_code, "ambiguous")
        self.assertIn("2 products fit", listing.match_reason)

    def test_the_barcode_on_a_pack_tells_product_and_pieces(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.product_standard.uom_ids = [Command.link(dozen.id)]
        self.env["product.uom"].create(
            {"product_id": self.product_standard.id, "uom_id": dozen.id, "barcode": "4012345678901"}
        )
        listing = self._listing(barcode="4012345678901")
        listing._match()
        self.assertEqual((listing.product_id, listing.pack_size), (self.product_standard, 12))

    def test_what_a_person_chose_stays_and_holds_for_a_new_listing_of_the_sku(self):
        listing = self._listing(external_id="11", sku="STD")
        listing.write({"product_id": self.product_average.id, "pack_size": 4})
        self.assertTrue(listing.fixed)
        self.shop.add_product(11, sku="STD")
        self.shop.add_product(12, sku="STD")
        self._read()
        for listing in self._listings():
            self.assertEqual((listing.product_id, listing.pack_size, listing.fixed), (self.product_average, 4, True))

    def test_what_a_client_says_in_its_context_makes_no_choice_of_a_person_the_systems(self):
        listing = self._listing(external_id="11", sku="STD").with_context(oms_matching=True)
        listing.write({"product_id": self.product_average.id})
        self.assertTrue(listing.fixed)
        other = listing.create(
            {"channel_id": self.shop_channel.id, "external_id": "12", "product_id": self.product_average.id}
        )
        self.assertEqual((other.fixed, other.match_code), (True, "chosen"))

    def test_a_match_by_sku_stays_when_the_shop_changes_the_sku(self):
        self.shop.add_product(11, sku="STD")
        self._read()
        self.shop.products[11]["sku"] = "AVG"
        self._read()
        self.assertEqual((self._listings().product_id, self._listings().sku), (self.product_standard, "AVG"))

    def test_proposals_are_accepted_with_a_click(self):
        self.product_standard.name = "Ceramic mug red"
        listings = self._listing(title="Red ceramic mug, pack of 6") | self._listing(sku="avg_2x")
        listings._match()
        self.assertEqual(listings.mapped("proposed_product_id"), self.product_standard | self.product_average)
        self.assertEqual(listings.mapped("match_code"), ["name", "pack_sku"])
        listings.action_accept()
        self.assertEqual(listings.mapped("product_id"), self.product_standard | self.product_average)
        self.assertEqual(listings.mapped("pack_size"), [6, 2])
        self.assertEqual(set(listings.mapped("match_code")), {"chosen"})
        self.assertTrue(all(listings.mapped("fixed")))

    def test_without_a_proposal_there_is_nothing_to_accept(self):
        with self.assertRaises(UserError):
            self._listing(title="?").action_accept()

    def test_a_product_is_made_of_a_listing(self):
        listing = self._listing(
            sku="NEW-1",
            title="New thing",
            barcode="4006381333931",
            price=9.5,
            currency_id=self.company.currency_id.id,
        )
        listing.action_create_product()
        product = listing.product_id
        self.assertEqual(
            (product.name, product.default_code, product.barcode, product.list_price, product.is_storable),
            ("New thing", "NEW-1", "4006381333931", 9.5, True),
        )
        self.assertEqual(product.company_id, self.company)

    def test_a_corrected_sku_is_found_when_one_looks_again(self):
        listing = self._listing(sku="LATER")
        listing._match()
        product = self._create_product("LATER")
        listing.action_match()
        self.assertEqual(listing.product_id, product)

    def test_a_deleted_product_leaves_a_listing_to_be_matched_anew(self):
        product = self._create_product("GONE")
        listing = self._listing(sku="GONE")
        listing.product_id = product
        product.unlink()
        self.env.invalidate_all()
        self.assertFalse(listing.product_id)

    # --------------------------------------------------------------------------------------------------------- TASKS

    def test_all_that_is_not_matched_is_one_task_that_goes_with_the_last_of_it(self):
        for number in range(11, 18):
            self.shop.add_product(number, sku=f"unknown{number}", name="?")
        self._read()
        self.assertEqual(self._tasks().summary, "7 listings are not matched")
        self.assertEqual(self._tasks().user_id, self.shop_channel._get_responsible())
        self._read()
        self.assertEqual(len(self._tasks()), 1)
        listings = self._listings()
        listings[:6].product_id = self.product_standard
        self.assertEqual(self._tasks().summary, "A listing is not matched")
        listings[0].pack_size = 3
        listings[6].product_id = self.product_standard
        self.assertFalse(self._tasks())

    # ------------------------------------------------------------------------------------------------------- WAITING

    def test_an_order_for_something_unknown_waits_and_goes_on_by_itself(self):
        order = self._apply(
            self._doc(lines=(self._line("NOBODY", 2, product_ref="77", name="Odd thing"),)), channel=self.shop_channel
        )[0][0]
        self.assertEqual(self._holds(order), ["product"])
        self.assertIn("Channels > Listings", order.oms_hold_reason)
        listing = self._listings()
        self.assertEqual((listing.external_id, listing.sku, listing.title), ("77", "NOBODY", "Odd thing"))
        self.assertEqual((listing.waiting_count, order.order_line.oms_listing_id), (1, listing))
        self.assertEqual(len(self._tasks()), 1)
        message = self._receive(
            self._doc(external_id=order.oms_external_id, lines=(self._line("NOBODY", 2, product_ref="77"),)),
            channel=self.shop_channel,
        )
        message.write({"state": "done", "res_model": "sale.order", "res_id": order.id})
        listing.product_id = self.product_standard
        self.assertTrue(order.oms_check_again)
        self._run("cron_check_again")
        self.assertFalse(order.oms_check_again)
        self.assertEqual(order.order_line.product_id, self.product_standard)
        self.assertEqual((self._holds(order), order.state), ([], "sale"))

    def test_one_order_that_cannot_be_checked_again_blocks_no_other(self):
        orders = self.env["sale.order"]
        for number in range(2):
            lines = (self._line("NOBODY", external_id=f"line-of-{number}"),)
            message = self._receive(self._doc(lines=lines), channel=self.shop_channel)
            message._process()
            orders |= self._order_of(message)
        self._messages().filtered(lambda message: message.res_id == orders[0].id).unlink()
        self._listings().product_id = self.product_standard
        self._run("cron_check_again")
        self.assertEqual(orders.mapped("state"), ["draft", "sale"])
        self.assertFalse(any(orders.mapped("oms_check_again")))

    # -------------------------------------------------------------------------------------------------------- STORES

    def test_two_accounts_of_one_platform_keep_their_listings_apart(self):
        second = self._create_channel("SECOND", platform="woocommerce")
        self._listing(external_id="11", product_id=self.product_standard.id, pack_size=6)
        self._listing(second, external_id="11", product_id=self.product_average.id)
        bought = {}
        for channel in (self.shop_channel, second):
            doc = self._doc(lines=(self._line("X", 1, product_ref="11"),))
            bought[channel] = self._apply(doc, channel=channel)[0][0].order_line
        self.assertEqual(bought[self.shop_channel].product_id, self.product_standard)
        self.assertEqual(bought[self.shop_channel].product_uom_qty, 6)
        self.assertEqual(bought[second].product_id, self.product_average)
        self.assertEqual(bought[second].product_uom_qty, 1)

    def test_a_choice_for_one_account_is_none_for_the_other(self):
        second = self._create_channel("SECOND", platform="woocommerce")
        self._listing(sku="ODD").product_id = self.product_standard
        other = self._listing(second, sku="ODD")
        other._match()
        self.assertFalse(other.product_id)

    def test_products_of_another_company_are_no_match(self):
        other = self._create_company("Other merchant")
        for barcode, sku in (("4006381333931", "THEIRS"),):
            self._create_product(sku, company_id=other.id, barcode=barcode, taxes_id=False, name="Their mug")
        listing = self._listing(sku="THEIRS", barcode="4006381333931", title="Their mug")
        listing._match()
        self.assertFalse(listing.product_id or listing.proposed_product_id)
        with self.assertRaises(UserError):
            listing.product_id = self.env["product.product"].search([("default_code", "=", "THEIRS")])

    def test_a_price_in_another_currency_stays_in_it(self):
        self.shop.currency = "USD"
        self.shop.add_product(11, sku="NEW-2", price="9.99")
        self._read()
        listing = self._listings()
        self.assertEqual((listing.price, listing.currency_id.name), (9.99, "USD"))
        listing.action_create_product()
        self.assertNotEqual(listing.product_id.list_price, 9.99)

    def test_everybody_who_has_the_menu_can_open_the_screens(self):
        self._listing(product_id=self.product_standard.id)
        self.env["oms.channel.mapping"].create(
            {
                "channel_id": self.shop_channel.id,
                "kind": "payment",
                "external_code": "x",
                "journal_id": self.clearing_journal.id,
            }
        )
        for role in ("accountant", "user", "channel", "manager"):
            user = self._create_user(f"screen_{role}", f"oms_core.group_oms_{role}")
            for model in ("oms.channel.listing", "oms.channel.mapping"):
                records = self.env[model].with_user(user)
                for kind in ("list", "form"):
                    with self.subTest(role=role, model=model, kind=kind):
                        view = records.get_views([(False, kind)])["models"][model]["fields"]
                        arch = etree.fromstring(records.get_views([(False, kind)])["views"][kind]["arch"])
                        names = set(arch.xpath("//field[not(ancestor::field)]/@name"))
                        self.assertLessEqual(names, set(view))
                        spec = {
                            name: {"fields": {"display_name": {}}} if view[name]["type"].startswith("many2") else {}
                            for name in names
                        }
                        self.assertTrue(records.web_search_read([], spec)["records"])

    def test_who_only_serves_customers_chooses_nothing(self):
        clerk = new_test_user(
            self.env,
            "listing_clerk",
            "oms_core.group_oms_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        listing = self._listing(sku="STD").with_user(clerk)
        self.assertEqual(listing.sku, "STD")
        for call in (listing.action_accept, listing.action_match, listing.action_create_product):
            with self.assertRaises(AccessError):
                call()
