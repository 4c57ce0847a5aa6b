from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time

from .common import OmsCommon


class TestStockBuffer(OmsCommon):
    """INV-02, INV-08: what channels are told is less than what is there, by rules that can be named."""

    def setUp(self):
        super().setUp()
        self.product = self._create_product("ATP")
        self.other = self.env["stock.warehouse"].create({"name": "Other", "code": "OTH", "company_id": self.company.id})
        self._stock(self.product, self.warehouse, 10)
        self._stock(self.product, self.other, 5)

    def _keep(self, **values):
        return self.env["oms.stock.buffer"].create({"company_id": self.company.id, **values})

    def _atp(self, channel=None):
        channel = channel or self.channel
        return self.env["oms.availability"]._get_channel_atp(channel, self.product)[self.product.id]

    def test_without_rules_a_channel_has_all_that_its_places_have(self):
        self.assertEqual(self._atp(), Decimal(15))
        self.channel.warehouse_ids = self.other
        self.assertEqual(self._atp(), Decimal(5))

    def test_safety_stock_is_kept_at_each_place_and_a_threshold_once(self):
        self._keep(kind="safety", product_id=self.product.id, quantity=6)
        self.assertEqual(self._atp(), Decimal(4))
        self._keep(kind="threshold", product_id=self.product.id, channel_id=self.channel.id, quantity=1)
        self.assertEqual(self._atp(), Decimal(3))
        self.assertEqual(self._atp(self._create_channel("SECOND")), Decimal(4))

    def test_a_rule_for_a_place_goes_before_one_for_all_places(self):
        self._keep(kind="safety", product_id=self.product.id, quantity=6)
        self._keep(kind="safety", product_id=self.product.id, quantity=1, warehouse_id=self.other.id)
        self.assertEqual(self._atp(), Decimal(8))

    def test_the_nearer_category_decides(self):
        parent = self.env["product.category"].create({"name": "Parent"})
        self.product.categ_id.parent_id = parent
        self._keep(kind="safety", categ_id=parent.id, quantity=5)
        self.assertEqual(self._atp(), Decimal(5))
        self._keep(kind="safety", categ_id=self.product.categ_id.id, percent=10)
        self.assertEqual(self._atp(), Decimal(13))

    def test_what_is_excluded_is_not_offered(self):
        rule = self._keep(kind="safety", product_id=self.product.id, warehouse_id=self.warehouse.id, exclude=True)
        self.assertEqual(self._atp(), Decimal(5))
        rule.unlink()
        self._keep(kind="threshold", categ_id=self.product.categ_id.id, channel_id=self.channel.id, exclude=True)
        self.assertEqual(self._atp(), Decimal(0))

    def test_a_rule_that_is_over_archived_or_of_another_company_keeps_nothing(self):
        yesterday = fields.Date.today() - timedelta(days=2)
        self._keep(kind="safety", product_id=self.product.id, quantity=6, date_to=yesterday)
        self._keep(kind="safety", product_id=self.product.id, quantity=6).active = False
        self._keep(kind="safety", quantity=6, company_id=self.env["res.company"].create({"name": "Else"}).id)
        self.assertEqual(self._atp(), Decimal(15))

    def test_a_rule_begins_and_ends_at_midnight_where_the_company_is(self):
        self.company.partner_id.tz = "Australia/Sydney"
        self._keep(kind="safety", product_id=self.product.id, quantity=6, date_from="2026-03-03", date_to="2026-03-03")
        for moment, left in (("2026-03-02 12:00", 15), ("2026-03-02 14:00", 4), ("2026-03-03 14:00", 15)):
            with self.subTest(moment=moment), freeze_time(moment):
                self.assertEqual(self._atp(), Decimal(left))
                self.env.invalidate_all()  # the same row, on another day
                row = self.env["oms.availability.channel"].search(
                    [("product_id", "=", self.product.id), ("channel_id", "=", self.channel.id)]
                )
                self.assertEqual(row.available, left)

    def test_buffers_do_not_keep_routing_from_the_goods(self):
        self._keep(kind="safety", exclude=True)
        self.assertEqual(self._atp(), Decimal(0))
        free = self.env["oms.availability"]._snapshot(self.product, self.warehouse)
        self.assertEqual(free.available(self.warehouse.id, self.product.id), Decimal(10))

    def test_a_service_is_not_counted(self):
        service = self._create_product("SVC", is_storable=False, type="service")
        self.assertEqual(self.env["oms.availability"]._get_channel_atp(self.channel, service), {})

    def test_a_rule_that_makes_no_sense_is_refused(self):
        for values in (
            {"product_id": self.product.id, "categ_id": self.product.categ_id.id},
            {"kind": "safety", "channel_id": self.channel.id},
            {"kind": "threshold", "warehouse_id": self.warehouse.id},
            {"date_from": "2026-03-02", "date_to": "2026-03-01"},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self._keep(**values)

    def test_only_an_order_manager_makes_rules(self):
        clerk = self._create_user("buffer_clerk", "oms_core.group_oms_channel")
        with self.assertRaises(AccessError):
            self.env["oms.stock.buffer"].with_user(clerk).create({"quantity": 3})
        manager = self._create_user("buffer_manager", "oms_core.group_oms_manager")
        self.env["oms.stock.buffer"].with_user(manager).create({"quantity": 3, "company_id": self.company.id})
        self.assertEqual(self._atp(), Decimal(9))

    def test_a_clerk_is_told_the_reasons_in_sentences(self):
        self._order(("ATP", 3, "60.00", 20))
        self._keep(kind="safety", product_id=self.product.id, quantity=2, warehouse_id=self.warehouse.id)
        self._keep(kind="threshold", channel_id=self.channel.id, quantity=1)
        clerk = self._create_user("explain_clerk", "oms_core.group_oms_user")
        availability = self.env["oms.availability"].with_user(clerk)
        sentences = availability._explain(self.product, self.warehouse, self.channel)
        order = self.env["sale.order"].search([("oms_channel_id", "=", self.channel.id)], limit=1)
        self.assertEqual(
            sentences,
            [
                "10 on the shelf.",
                f"3 reserved for {order.name}.",
                f"2 kept as safety stock by the rule “{self.product.display_name} · {self.warehouse.name}”.",
                f"5 available from {self.warehouse.name}.",
                f"9 available on {self.channel.name} in all: 10 from its places, less the threshold of the rule "
                f"“Everything · {self.channel.name}”.",
            ],
        )

    def test_many_products_cost_no_more_queries_than_one(self):
        many = self.product
        for number in range(30):
            product = self._create_product(f"ATP-{number}")
            self._stock(product, self.warehouse, 5)
            many |= product
        self._keep(kind="safety", quantity=1)
        self._keep(kind="threshold", product_id=self.product.id, quantity=1)
        counts = []
        for products in (self.product, self.product, many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["oms.availability"]._get_channel_atp(self.channel, products)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(counts[2], counts[1])


class TestStockFeed(OmsCommon):
    """INV-02: third parties and vendors tell their stock; what they told long ago counts less."""

    def setUp(self):
        super().setUp()
        self.product = self._create_product("FED")
        self.node = self.env["stock.warehouse"].create(
            {"name": "Third party", "code": "TPL", "company_id": self.company.id, "oms_node_type": "3pl"}
        )
        self.channel.warehouse_ids = [Command.set(self.node.ids)]
        self.now = fields.Datetime.now()

    def _tell(self, quantity, hours_ago=0, **values):
        """Half of what was told 48 hours ago counts: tests say 47.9, as a second may pass before it is asked for."""
        told_at = self.now - timedelta(hours=hours_ago)
        return self.node._oms_tell_stock({self.product: quantity}, told_at, "message 17", **values)

    def _atp(self):
        return self.env["oms.availability"]._get_channel_atp(self.channel, self.product)[self.product.id]

    def test_what_a_third_party_tells_can_be_promised(self):
        self.assertEqual(self._atp(), Decimal(0))
        self.assertEqual(self._tell(12), 1)
        self.assertEqual(self._atp(), Decimal(12))

    def test_an_older_message_changes_nothing_and_the_same_one_neither(self):
        self._tell(12, hours_ago=1)
        self.assertEqual(self._tell(99, hours_ago=2), 0)
        self.assertEqual(self._tell(99, hours_ago=1), 0)
        self.assertEqual(self._atp(), Decimal(12))
        self.assertEqual(self._tell(7), 1)
        self.assertEqual(self._atp(), Decimal(7))
        self.assertEqual(self.env["oms.stock.feed"].search_count([("warehouse_id", "=", self.node.id)]), 1)

    def test_a_message_fades_and_says_how_old_it_is(self):
        self._tell(10, hours_ago=47.9)
        self.assertEqual(self._atp(), Decimal(5))
        feed = self.env["oms.stock.feed"].search([("warehouse_id", "=", self.node.id)])
        self.assertEqual((feed.counted, feed.freshness, round(feed.age_hours)), (5, "stale", 48))
        self.node.write({"oms_stale_hours": 12, "oms_worthless_hours": 47})
        self.assertEqual((self._atp(), feed.freshness), (Decimal(0), "worthless"))

    def test_orders_since_the_message_are_taken_off(self):
        """What was ordered before is known to whoever told; open demand since then is not."""
        self._order(("FED", 2, "40.00", 20))
        moves = self.env["stock.move"].search([("product_id", "=", self.product.id)])
        self._tell(10)
        self.env.cr.execute("UPDATE stock_move SET create_date = %s WHERE id = ANY(%s)",
                            [self.now - timedelta(hours=3), moves.ids])  # fmt: skip
        self.assertEqual(self._atp(), Decimal(10))
        self._tell(10, hours_ago=0)
        self.env.cr.execute("UPDATE stock_move SET create_date = %s WHERE id = ANY(%s)",
                            [self.now + timedelta(seconds=3), moves.ids])  # fmt: skip
        self.assertEqual(self._atp(), Decimal(8))
        moves._action_cancel()
        self.assertEqual(self._atp(), Decimal(10))

    def test_it_stands_in_the_place_of_what_odoo_counts_there(self):
        self._stock(self.product, self.node, 40)
        self.assertEqual(self._atp(), Decimal(40))
        self._tell(3)
        self.assertEqual(self._atp(), Decimal(3))

    def test_nobody_tells_the_stock_of_a_warehouse_of_our_own(self):
        with self.assertRaisesRegex(UserError, "kept in Odoo"):
            self.warehouse._oms_tell_stock({self.product: 3}, self.now)

    def test_less_than_nothing_is_nothing_and_the_future_is_now(self):
        self._tell(-4, hours_ago=-50)
        feed = self.env["oms.stock.feed"].search([("warehouse_id", "=", self.node.id)])
        self.assertEqual(feed.quantity, 0)
        self.assertLess(feed.told_at, self.now + timedelta(hours=1))

    def test_the_explanation_names_who_told_it_and_when(self):
        self._tell(10, hours_ago=47.9)
        sentences = self.env["oms.availability"]._explain(self.product, self.node, self.channel)
        self.assertEqual(
            sentences[0],
            "10 told by message 17 47.9 hours ago; the message is stale, so 5 of it count. Ask for a new one.",
        )
