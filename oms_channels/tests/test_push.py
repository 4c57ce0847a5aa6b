"""Stock and prices reach the shop, whatever happens on the way."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta, timezone
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command

from odoo.addons.oms_channels.models import oms_channel_push, oms_channel_stock
from odoo.addons.oms_channels.platforms import PLATFORMS
from odoo.addons.oms_channels.tests.servers.base import Reply

from .test_hints import HintsCommon


class PushCommon(HintsCommon):
    """A WooCommerce shop that offers what the merchant has: ``STD`` as product 11, and is told its stock."""

    def setUp(self):
        super().setUp()
        self.std = self._list(11, self.product_standard)
        self.shop_channel.write({"push_stock": True, "push_interval": 1})

    def _list(self, number, product, parent=0, **values):
        """Offer a product under a number of the shop's."""
        row = self.shop.add_product(number, parent, sku=product.default_code)
        self.assertTrue(row)
        return self.env["oms.channel.listing"].create(
            {
                "channel_id": self.shop_channel.id,
                "product_id": product.id,
                "external_id": str(number),
                "parent_ref": str(parent) if parent else False,
                "sku": product.default_code,
                "title": f"Shop's {product.default_code}",
                **values,
            }
        )

    def _push(self, later_s=0):
        """The job runs, so much later."""
        self.env["oms.stock.event"]._settle()
        self.shop_channel.ask_again_at = False
        self.env["oms.channel.push"].search([]).ran_at = False
        if later_s:
            for model in ("oms.channel.stock", "oms.channel.price"):
                for row in self.env[model].search([("next_attempt_at", "!=", False)]):
                    row.next_attempt_at -= timedelta(seconds=later_s)
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_push").method_direct_trigger()
        self.env.invalidate_all()

    def _there(self, number=11):
        """What the shop has of it."""
        return next(
            row
            for rows in (self.shop.products, *self.shop.variations.values())
            for key, row in rows.items()
            if key == number
        )["stock_quantity"]

    def _rows(self, listing=None):
        return self.env["oms.channel.stock"].search([("listing_id", "in", (listing or self.std).ids)])

    def _told(self):
        """How many products each call told, since the last time."""
        calls = [
            len(asked.json["update"])
            for asked in self.shop.asked
            if asked.method == "POST" and asked.path.endswith("/batch") and (asked.json or {}).get("update")
        ]
        self.shop.asked.clear()
        return calls

    def _batches_of(self, size):
        adapter = PLATFORMS["woocommerce"]
        capabilities = replace(adapter.capabilities, stock_batch=size, price_batch=size)
        return patch.dict(PLATFORMS, {"woocommerce": replace(adapter, capabilities=capabilities)})

    def _tasks(self):
        return self.shop_channel.activity_ids


class TestPushStock(PushCommon):
    """INV-05, CAP-12: what can be sold is what the shop shows, within seconds, and no more."""

    def test_what_there_is_is_told_and_then_nothing_more(self):
        self._push()
        self.assertEqual((self._there(), self._told()), (100, [1]))
        [row] = self._rows()
        self.assertEqual((row.state, row.quantity, row.wanted, row.expected), ("told", 100, 100, 100))
        self.assertEqual(self.std.published_quantity, 100)
        self._push()
        self.assertEqual(self._told(), [])

    def test_a_sale_elsewhere_lowers_what_the_shop_shows(self):
        self._push()
        self._order(("STD", 3))
        self._push()
        self.assertEqual(self._there(), 97)

    def test_what_changed_fifty_times_is_told_once(self):
        self._push()
        self._told()
        for quantity in range(50):
            self._stock(self.product_standard, self.warehouse, 50 + quantity)
        self._push()
        self.assertEqual((self._there(), self._told()), (99, [1]))

    def test_a_sale_wakes_the_job_at_once_and_once(self):
        self._push()
        cron = self.env.ref("oms_channels.cron_push")
        before = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.env.cr.precommit.data.pop("oms.channel.push", None)  # as after a commit
        self._order(("STD", 3))
        self._order(("STD", 3))
        self.env["oms.stock.event"]._settle()
        new = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - before
        self.assertEqual(len(new), 1)
        self.assertLessEqual(new.call_at, fields.Datetime.now())

    def test_a_channel_that_is_told_nothing_wakes_nobody(self):
        self.shop_channel.push_stock = False
        self.env.cr.precommit.data.clear()
        cron = self.env.ref("oms_channels.cron_push")
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self._order(("STD", 3))
        self.env["oms.stock.event"]._settle()
        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), before)

    def test_between_two_runs_lies_the_interval_of_the_channel(self):
        self._push()
        self.shop_channel.push_interval = 3600
        self._order(("STD", 1))
        self.env["oms.stock.event"]._settle()
        self.env["oms.channel.push"].search([]).ran_at = fields.Datetime.now()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_push").method_direct_trigger()
        self.assertEqual(self._there(), 100)
        self._push()
        self.assertEqual(self._there(), 99)

    def test_a_pack_is_sold_whole(self):
        self.std.pack_size = 7
        self._push()
        self.assertEqual(self._there(), 14)

    def test_a_threshold_of_the_channel_is_kept_back_and_its_change_is_told(self):
        self._push()
        self.env["oms.stock.buffer"].create(
            {
                "kind": "threshold",
                "company_id": self.company.id,
                "channel_id": self.shop_channel.id,
                "product_id": self.product_standard.id,
                "quantity": 90,
            }
        )
        self._push()
        self.assertEqual(self._there(), 10)

    def test_two_listings_of_a_product_show_both_what_there_is(self):
        self._list(12, self.product_standard, pack_size=10)
        self._push()
        self.assertEqual((self._there(11), self._there(12)), (100, 10))

    def test_a_variation_is_told_under_its_product(self):
        self.shop.add_product(20, type="variable")
        self._list(21, self.product_average, 20)
        self._push()
        self.assertEqual(self._there(21), 100)

    def test_a_service_is_told_nothing(self):
        service = self._create_product("SERVICE", is_storable=False, type="service")
        self._list(13, service)
        self._push()
        self.assertEqual(self._told(), [1])

    def test_what_is_taken_out_is_told_no_more(self):
        self._push()
        self.std.publish_stock = False
        self._order(("STD", 3))
        self._push()
        self.assertEqual((self._there(), self._rows().ids), (100, []))
        self.std.publish_stock = True
        self._push()
        self.assertEqual(self._there(), 97)

    def test_a_listing_that_gets_another_product_shows_that_ones_stock(self):
        self._push()
        self._stock(self.product_average, self.warehouse, 5)
        self.std.product_id = self.product_average
        self._push()
        self.assertEqual(self._there(), 5)

    def test_a_channel_whose_switch_is_off_is_told_nothing(self):
        self.shop_channel.push_stock = False
        self._push()
        self.assertEqual(self._told(), [])
        self.shop_channel.push_stock = True
        self._push()
        self.assertEqual(self._there(), 100)

    # ------------------------------------------------------------------------------------------------ WHAT GOES WRONG

    def test_what_sells_out_is_told_before_what_comes_in(self):
        self._list(12, self.product_average)
        self._list(13, self.product_fifo)
        self._push()
        self._told()
        self._stock(self.product_standard, self.warehouse, 200)
        self._stock(self.product_average, self.warehouse, 50)
        self._stock(self.product_fifo, self.warehouse, 0)
        with self._batches_of(1):
            told = self._listened()
            self._push()
        self.assertEqual(told, ["13", "12", "11"])

    def _listened(self):
        """The ids that are told, in the order in which they are."""
        told, batch = [], self.shop._batch

        def listen(table, body):
            told.extend(str(item["id"]) for item in body.get("update", []))
            return batch(table, body)

        self.startPatcher(patch.object(self.shop, "_batch", listen))
        return told

    def test_one_that_is_refused_says_why_and_stops_no_other(self):
        self._list(12, self.product_average)
        refusal = {"code": "woocommerce_rest_cannot_edit", "message": "It is locked.", "data": {"status": 403}}
        batch = self.shop._batch

        def refuse(table, body):
            answer = batch(table, body)
            rows = [row if row["id"] != 11 else {"id": 11, "error": refusal} for row in answer[1]["update"]]
            return answer[0], {"update": rows}

        with patch.object(self.shop, "_batch", refuse):
            self._push()
        self.assertEqual(self._rows().state, "refused")
        self.assertIn("It is locked", self.std.publish_error)
        self.assertEqual(self._there(12), 100)
        task = self._tasks()
        self.assertEqual(len(task), 1)
        self.assertIn("1 listings could not be told their stock", task.summary)
        self.assertIn("Shop's STD", task.note)
        self.std.action_send_again()
        self._push()
        self.assertEqual(self._rows().state, "told")
        self.assertFalse(self._tasks())

    def test_one_that_is_gone_is_no_longer_offered(self):
        self._push()
        del self.shop.products[11]
        self._order(("STD", 3))
        self._push()
        self.assertFalse(self.std.active)
        self.assertIn("no such product", self.std.publish_error)
        self._order(("STD", 3))
        self._told()
        self._push()
        self.assertEqual(self._told(), [])

    def test_what_the_shop_calls_inactive_is_told_all_the_same(self):
        """Platforms call inactive what is sold out; who is not told that there is some again never sells it again."""
        self.std.active = False
        self._push()
        self.assertEqual(self._there(), 100)

    def test_a_shop_that_is_down_is_told_later(self):
        self.shop.fail_next("down")
        self._push()
        self.assertEqual(self._rows().state, "sending")
        self._push()
        self.assertEqual((self._rows().state, self._there()), ("told", 100))

    def test_what_a_shop_that_went_down_was_not_sent_is_as_before(self):
        listings = self.std | self._list(12, self.product_average) | self._list(13, self._create_product("P13"))
        self.shop.fail_next("slow", delay_s=0)
        self.shop.fail_next("down")
        with self._batches_of(1):
            self._push()
        # What is sold out is told first.
        told, lost, unsent = self._rows(listings).sorted(lambda row: (row.urgency, row.id))
        self.assertEqual((told.state, told.quantity), ("told", 0))
        self.assertEqual((lost.state, bool(lost.sent_at)), ("sending", True))
        self.assertEqual((unsent.state, unsent.sent_at, unsent.tried, unsent.expected), ("due", False, 0, 0))
        self._push()
        self.assertEqual(set(self._rows(listings).mapped("state")), {"told"})

    def test_a_lost_answer_is_told_again_and_changes_nothing(self):
        self._push()
        self._order(("STD", 3))
        self.shop.fail_next("lost")
        self._push()
        self.assertEqual((self._there(), self._rows().state), (97, "sending"))
        self._push()
        self.assertEqual((self._there(), self._rows().state, self._rows().quantity), (97, "told", 97))

    def test_half_of_a_batch_that_meets_a_busy_shop_is_told_later(self):
        self.shop.add_product(20, type="variable")
        variation = self._list(21, self.product_average, 20)
        self.shop.fail_next("reply", 1, reply=Reply(200, {"update": [{"id": 11, "stock_quantity": 100}]}))
        self.shop.fail_next("busy")
        self._push()
        self.assertEqual((self._rows().state, self._rows(variation).state), ("told", "due"))
        self._push(later_s=60)
        self.assertEqual((self._rows(variation).state, self._there(21)), ("told", 100))

    def test_a_batch_that_is_refused_as_a_whole_is_taken_apart(self):
        for number in range(12, 16):
            self._list(number, self._create_product(f"P{number}"))
        handle = self.shop._answer_catalog

        def refuse(method, path, query, body):
            if method == "POST" and path[-1] == "batch" and any(item["id"] == 13 for item in body.get("update", [])):
                return 400, {"code": "woocommerce_rest_invalid_stock", "message": "No.", "data": {"status": 400}}
            return handle(method, path, query, body)

        with patch.object(self.shop, "_answer_catalog", refuse):
            self._push()
        states = {row.listing_id.external_id: row.state for row in self.env["oms.channel.stock"].search([])}
        self.assertEqual(states, {"11": "told", "12": "told", "13": "refused", "14": "told", "15": "told"})

    def test_a_job_killed_before_its_answer_was_noted_tells_again(self):
        self._push()
        self._order(("STD", 3))
        self.env["oms.stock.event"]._settle()
        with (
            patch.object(oms_channel_stock.OmsChannelStock, "_judge_round", side_effect=KeyboardInterrupt),
            suppress(KeyboardInterrupt),  # assertRaises would undo what was committed
        ):
            self.shop_channel._push(force=True)
        self.assertEqual((self._there(), self._rows().state, self._rows().quantity), (97, "sending", 100))
        self._stock(self.product_standard, self.warehouse, 60)
        self._push()
        self.assertEqual((self._there(), self._rows().state), (57, "told"))

    def test_a_run_ends_after_so_many_and_the_next_goes_on(self):
        self._list(12, self.product_average)
        with patch.object(oms_channel_push, "PUSH_ROWS_MAX", 1), self._batches_of(1):
            self._push()
            self.assertEqual(self._told(), [1])
            self._push()
        self.assertEqual((self._there(11), self._there(12)), (100, 100))

    def test_a_slow_shop_keeps_no_other_waiting(self):
        """The time of a job is over after one shop, each time, though there is always more to tell it."""
        other = self._create_channel("OTHER", platform="woocommerce")
        other.write({"api_url": self.shop.url, "api_key": self.shop.key, "api_secret": self.shop.secret})
        other.write({"push_stock": True, "push_interval": 1})
        listing = self._list(12, self.product_average, channel_id=other.id)
        self.env["oms.stock.event"]._settle()
        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", lambda cron, processed=0, **_: float(not processed)
        ):
            for _run in range(2):
                self.env["oms.channel.mark"]._mark("stock", channels=self.shop_channel, again=True)
                self.env["oms.channel"]._cron_push()
                self.env.flush_all()
        self.assertEqual((self._rows().state, self._rows(listing).state), ("told", "told"))

    # ------------------------------------------------------------------------------------------------------- ECHOES

    def _bought(self, quantity=1, minutes=10):
        """Somebody buys at the shop, which counts down by itself; the order is read."""
        at = fields.Datetime.now() + timedelta(minutes=minutes)
        self.shop.products[11]["stock_quantity"] -= quantity
        doc = self._doc(lines=(self._line("STD", quantity),), ordered_at=at.replace(tzinfo=timezone.utc))
        return self._apply(doc, channel=self.shop_channel)[0][0]

    def test_what_the_shop_sold_itself_is_not_told_back(self):
        self._push()
        self._told()
        self._bought(2)
        self._push()
        self.assertEqual((self._told(), self._there(), self._rows().expected), ([], 98, 98))
        self._stock(self.product_standard, self.warehouse, 150)
        self._push()
        self.assertEqual(self._there(), 148)

    def test_an_order_from_before_the_last_time_it_was_told_is_told(self):
        """What was told has written over what the shop had counted down."""
        self._push()
        self._bought(2, minutes=-10)
        self.shop.products[11]["stock_quantity"] = 100
        self._push()
        self.assertEqual(self._there(), 98)

    def test_another_listing_of_the_same_product_was_not_sold_from_and_is_told(self):
        self._list(12, self.product_standard).sku = "STD-2"
        self._push()
        self._told()
        self._bought(2)
        self._push()
        self.assertEqual(self._told(), [1])
        self.assertEqual((self._there(11), self._there(12)), (98, 98))

    def test_an_order_that_is_called_off_gives_its_goods_back_to_the_shop(self):
        self._push()
        order = self._bought(2)
        self._push()
        order._oms_cancel("The customer changed their mind.")
        self._push()
        self.assertEqual(self._there(), 100)

    # ------------------------------------------------------------------------------------------------------ JOURNAL

    def test_everything_is_looked_at_now_and_then(self):
        """Reported stock ages, rules end, and nothing is written about it."""
        self._push()
        # In a test all is one transaction, which is never over: the journal would be read again and again.
        self.env["oms.channel.push"].search([]).journal_id = (
            self.env["oms.stock.event"].search([], order="id desc", limit=1).id
        )
        self.cr.execute(
            "UPDATE stock_quant SET quantity = 42 WHERE product_id = %s AND quantity = 100", [self.product_standard.id]
        )
        self._push()
        self.assertEqual(self._there(), 100)
        for state in self.env["oms.channel.push"].search([]):
            state.swept_at -= timedelta(hours=2)
        self._push()
        self.assertEqual(self._there(), 42)

    def test_the_queries_of_a_batch_do_not_grow_with_it(self):
        for number in range(200, 320):
            self._list(number, self._create_product(f"Q{number}"))
        self._push()
        self.assertEqual(self._told(), [100, 21])

        def queries(products):
            self.env["stock.quant"].create(
                [
                    {"product_id": product.id, "location_id": self.warehouse.lot_stock_id.id, "inventory_quantity": 7}
                    for product in products
                ]
            ).with_context(inventory_mode=True).action_apply_inventory()
            self.env["oms.stock.event"]._settle()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(self.shop_channel._push(force=True)["stock"], len(products))
            self.env.flush_all()
            return self.cr.sql_log_count - before

        products = self.env["oms.channel.listing"].search([("sku", "like", "Q%")]).product_id
        few = queries(products[:5])
        many = queries(products[5:95])
        self.assertLessEqual(many, few + 3)
        self.assertEqual(self._told(), [5, 90])


class TestPushPrices(PushCommon):
    """CAP-12: what a listing costs is what the channel's price list says."""

    def setUp(self):
        super().setUp()
        self.shop_channel.write({"push_stock": False, "push_prices": True})
        self.std.publish_price = True

    def _price(self, number=11):
        row = self.shop.products[number]
        return row["regular_price"], row["sale_price"]

    def _price_row(self):
        return self.env["oms.channel.price"].search([("listing_id", "=", self.std.id)])

    def _pricelist(self, percent=0, fixed=None, **values):
        rule = (
            {"compute_price": "fixed", "fixed_price": fixed}
            if fixed
            else {"compute_price": "percentage", "percent_price": percent}
        )
        return self.env["product.pricelist"].create(
            {
                "name": "Shop",
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "item_ids": [Command.create({"applied_on": "3_global", **rule})],
                **values,
            }
        )

    def test_the_sales_price_is_told_and_then_nothing_more(self):
        self._push()
        self.assertEqual(self._price(), ("20.00", ""))
        self.assertEqual((self._price_row().state, self._price_row().price), ("told", 20))
        self._told()
        self._push()
        self.assertEqual(self._told(), [])

    def test_a_price_that_a_shop_that_went_down_was_not_sent_is_as_before(self):
        other = self._list(12, self.product_average)
        other.publish_price = True
        self.shop.fail_next("down")
        with self._batches_of(1):
            self._push()
        lost, unsent = self.env["oms.channel.price"].search([("listing_id", "in", (self.std | other).ids)], order="id")
        self.assertEqual((lost.state, lost.tried), ("sending", 20))
        self.assertEqual((unsent.state, unsent.sent_at, unsent.tried), ("due", False, 0))
        self._push()
        self.assertEqual({lost.state, unsent.state}, {"told"})

    def test_a_new_price_is_told(self):
        self._push()
        self.product_standard.list_price = 25
        self._push()
        self.assertEqual(self._price(), ("25.00", ""))

    def test_a_price_list_and_what_it_cost_before(self):
        self.shop_channel.write({"pricelist_id": self._pricelist(10).id, "compare_pricelist_id": self._pricelist().id})
        self._push()
        self.assertEqual(self._price(), ("20.00", "18.00"))
        self.shop_channel.pricelist_id.item_ids.percent_price = 50
        self._push()
        self.assertEqual(self._price(), ("20.00", "10.00"))

    def test_orders_of_a_channel_carry_its_price_list_where_it_is_of_their_currency(self):
        lists = self.env["product.pricelist"].create(
            [
                {"name": f"Shop {one.name}", "currency_id": one.id}
                for one in (self.company.currency_id, self.env.ref("base.USD"))
            ]
        )
        orders = []
        for pricelist in lists:
            self.shop_channel.pricelist_id = pricelist
            orders.append(self._apply(self._doc(), channel=self.shop_channel)[0][0])
        self.assertEqual([order.pricelist_id for order in orders], [lists[0], lists.browse()])
        self.assertEqual({order.currency_id for order in orders}, {self.company.currency_id})

    def test_with_taxes_or_without(self):
        self.shop_channel.price_taxes = "included"
        self._push()
        self.assertEqual(self._price(), ("24.00", ""))
        self.shop_channel.price_taxes = "excluded"
        self._push()
        self.assertEqual(self._price(), ("20.00", ""))

    def test_a_case_costs_as_much_as_what_is_in_it(self):
        self.std.pack_size = 6
        self._push()
        self.assertEqual(self._price(), ("120.00", ""))

    def test_the_tax_of_a_case_is_rounded_once_and_not_by_the_piece(self):
        """0.33 and 20 % are 0.396: six of them 2.38, and not six times 0.40."""
        self.shop_channel.write(
            {
                "price_taxes": "included",
                "pricelist_id": self._pricelist(fixed=0.33).id,
                "compare_pricelist_id": self._pricelist(fixed=0.47).id,
            }
        )
        self.std.pack_size = 6
        self._push()
        self.assertEqual(self._price(), ("3.38", "2.38"))
        self.product_standard.taxes_id = self._create_tax(20, price_include_override="tax_included")
        self.shop_channel.price_taxes = "excluded"
        self._push()
        self.assertEqual(self._price(), ("2.35", "1.65"))
        self.assertTrue(self.shop_channel._audit_told("prices").is_clean)

    def test_another_currency_is_not_sent(self):
        self.std.currency_id = self.env.ref("base.USD")
        self._push()
        self.assertEqual((self._price(), self._price_row().state), (("10.00", ""), "refused"))
        self.assertIn("USD", self.std.publish_error)
        self.assertIn("could not be told their price", self._tasks().summary)
        self.std.currency_id = self.company.currency_id
        self._push()
        self.assertEqual(self._price(), ("20.00", ""))
        self.assertFalse(self._tasks())

    def test_nothing_is_given_away(self):
        self.product_standard.list_price = 0
        self._push()
        self.assertEqual((self._price(), self._price_row().state), (("10.00", ""), "refused"))

    def test_only_listings_whose_price_is_to_be_sent(self):
        self.std.publish_price = False
        self._push()
        self.assertEqual(self._told(), [])

    def test_a_price_that_somebody_changed_at_the_shop_is_found_at_night(self):
        self._push()
        self.shop.products[11] |= {"price": "15.00", "regular_price": "15.00"}
        audit = self.shop_channel._audit_told("prices")
        self.assertEqual((audit.compared, audit.different), (1, 1))
        self.assertIn("STD", audit.result)
        self.assertEqual(self._price(), ("20.00", ""))
        self.assertTrue(self.shop_channel._audit_told("prices").is_clean)


class TestDrift(PushCommon):
    """INV-05: what the shop has and what it was told are compared every night, and what differs is put right."""

    def test_what_is_the_same_is_not_a_finding(self):
        self._push()
        audit = self.shop_channel._audit_told("stock")
        self.assertTrue(audit.is_clean)
        self.assertEqual(audit.compared, 1)

    def test_a_number_that_somebody_raised_at_the_shop_is_put_right(self):
        self._push()
        self.shop.products[11]["stock_quantity"] = 130
        audit = self.shop_channel._audit_told("stock")
        self.assertEqual(audit.different, 1)
        self.assertIn("the channel has 130 and was to have 100; here are 100", audit.result)
        self.assertEqual(self._there(), 100)

    def test_one_that_is_lower_may_be_an_order_on_its_way_and_is_waited_for(self):
        self._push()
        self.shop.products[11]["stock_quantity"] = 97
        self.shop_channel._audit_told("stock")
        self.assertEqual((self._there(), self._rows().state), (97, "waiting"))
        self._push(later_s=3600)
        self.assertEqual((self._there(), self._rows().state), (100, "told"))

    def test_what_the_shop_does_not_count_is_told_by_name(self):
        self._push()
        self.shop.products[11]["manage_stock"] = False
        audit = self.shop_channel._audit_told("stock")
        self.assertEqual(audit.gone, 1)
        self.assertIn("Shop's STD (STD): the channel does not have it", audit.result)

    def test_before_stock_is_sent_a_comparison_only_tells(self):
        self.shop_channel.push_stock = False
        self.shop.products[11]["stock_quantity"] = 3
        action = self.shop_channel.action_compare_stock()
        audit = self.env["oms.channel.audit"].browse(action["res_id"])
        self.assertIn("the channel has 3, here are 100. Stock is not sent", audit.result)
        self.assertEqual(self._there(), 3)

    def test_the_nightly_job_compares_orders_stock_and_prices(self):
        self.shop_channel.push_prices = True
        self._push()
        with self.enter_registry_test_mode():
            self.env.ref("oms_channels.cron_audit").method_direct_trigger()
        self.env.invalidate_all()
        audits = self.env["oms.channel.audit"].search([("channel_id", "=", self.shop_channel.id)])
        self.assertEqual(sorted(audits.mapped("kind")), ["orders", "prices", "stock"])
        self.assertFalse(audits.filtered("error"))


class TestPublished(PushCommon):
    """Who looks at a product, a listing or a channel sees what was told."""

    def test_a_product_says_where_it_is_listed(self):
        self._list(12, self.product_standard)
        self.assertEqual(self.product_standard.oms_listing_count, 2)
        self.assertEqual(self.product_standard.product_tmpl_id.oms_listing_count, 2)
        action = self.product_standard.action_oms_view_listings()
        self.assertEqual(len(self.env["oms.channel.listing"].search(action["domain"])), 2)

    def test_a_channel_says_how_much_is_published_and_sends_at_a_click(self):
        self.shop_channel.action_push()
        self.assertEqual(self._there(), 100)
        self.assertEqual((self.shop_channel.published_count, self.shop_channel.unpublished_count), (1, 0))

    def test_the_wish_to_send_again_is_for_who_may_change_channels(self):
        clerk = self._create_user("push_clerk", "oms_core.group_oms_user")
        with self.assertRaises(AccessError):
            self.std.with_user(clerk).action_send_again()
        with self.assertRaises(AccessError):
            self.shop_channel.with_user(clerk).action_push()
