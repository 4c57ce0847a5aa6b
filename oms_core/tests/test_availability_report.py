import random
from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command

from odoo.addons.oms_core.domain.cover import days_of_cover

from .common import OmsCommon


class TestAvailabilityReport(OmsCommon):
    """INV-01, INV-02, INV-07: what a clerk sees is what channels are told."""

    def setUp(self):
        super().setUp()
        warehouses = self.env["stock.warehouse"]
        self.store = warehouses.create({"name": "Store", "code": "STO", "company_id": self.company.id})
        self.third_party = warehouses.create(
            {"name": "Third party", "code": "TPL", "company_id": self.company.id, "oms_node_type": "3pl"}
        )
        self.places = self.warehouse | self.store | self.third_party
        self.second = self._create_channel("SECOND", warehouse_ids=[Command.set(self.store.ids)])

    def _rows(self, model, products):
        self.env.flush_all()
        return self.env[model].search([("product_id", "in", products.ids)])

    def _mixed(self):
        """Twelve products with a bit of everything."""
        chance = random.Random(20260302)
        parent = self.env["product.category"].create({"name": "Parent"})
        products = self.env["product.product"]
        for number in range(12):
            product = self._create_product(f"MIX-{number}")
            if number % 3 == 0:
                product.categ_id.parent_id = parent
            self._stock(product, self.warehouse, chance.randint(0, 30))
            self._stock(product, self.store, chance.randint(1, 9) + chance.choice((0, 0.5)))
            products |= product
            self._order((product.default_code, chance.randint(1, 20), "100.00", 20))
        for product in products[2:7]:
            self.env["oms.reservation"].create(
                {"company_id": self.company.id, "product_id": product.id, "quantity": chance.randint(1, 4),
                 "warehouse_id": chance.choice(self.places).id}
            )  # fmt: skip
        for hours, part in ((1, products[:3]), (47, products[3:6]), (500, products[6:9])):
            self.third_party._oms_tell_stock(
                {product: chance.randint(1, 40) for product in part}, fields.Datetime.now() - timedelta(hours=hours)
            )
        today = fields.Date.today()
        for values in (
            {"quantity": 1},
            {"percent": 15, "categ_id": parent.id},
            {"quantity": 2, "categ_id": products[3].categ_id.id},
            {"quantity": 3, "product_id": products[1].id, "warehouse_id": self.store.id},
            {"percent": 50, "quantity": 1, "warehouse_id": self.store.id},
            {"exclude": True, "product_id": products[4].id, "warehouse_id": self.warehouse.id},
            {"quantity": 99, "product_id": products[5].id, "date_to": today - timedelta(days=1)},
            {"quantity": 99, "product_id": products[5].id, "active": False},
            {"kind": "threshold", "quantity": 2},
            {"kind": "threshold", "percent": 25, "categ_id": parent.id, "channel_id": self.channel.id},
            {"kind": "threshold", "exclude": True, "product_id": products[8].id, "channel_id": self.second.id},
        ):
            self.env["oms.stock.buffer"].create({"company_id": self.company.id, **values})
        return products

    def test_the_table_and_a_snapshot_say_the_same(self):
        products = self._mixed()
        snapshot = self.env["oms.availability"]._channel_snapshot(self.channel, products)
        rows = self._rows("oms.availability.place", products)
        keys = {(row.warehouse_id.id, row.product_id.id) for row in rows}
        self.assertGreater(len(rows), 24)
        for row in rows:
            key = row.warehouse_id.id, row.product_id.id
            with self.subTest(row.product_id.default_code, place=row.warehouse_id.name):
                for fact in ("on_hand", "reserved", "promised", "soft"):
                    self.assertAlmostEqual(row[fact], float(getattr(snapshot, fact)[key]), 4, fact)
                self.assertAlmostEqual(row.available, float(snapshot.available(*key)), 4)
                self.assertAlmostEqual(row.owed, float(max(Decimal(0), -snapshot.net(*key))), 4)
        for node in self.places.ids:
            for product in products.ids:
                if (node, product) not in keys:
                    self.assertEqual(snapshot.net(node, product), 0)

    def test_the_table_of_channels_and_what_channels_are_told_say_the_same(self):
        products = self._mixed()
        for channel in self.channel | self.second:
            told = self.env["oms.availability"]._get_channel_atp(channel, products)
            rows = self._rows("oms.availability.channel", products).filtered(
                lambda row, of=channel: row.channel_id == of
            )
            self.assertTrue(rows)
            for row in rows:
                self.assertAlmostEqual(row.available, float(told[row.product_id.id]), 4, row.product_id.default_code)
                self.assertAlmostEqual(row.threshold, row.places - row.available, 4, row.product_id.default_code)

    def test_without_a_rule_no_threshold_is_kept_back(self):
        product = self._create_product("FREE")
        self._stock(product, self.warehouse, 7)
        row = self._rows("oms.availability.channel", product).filtered(lambda row: row.channel_id == self.channel)
        self.assertEqual((row.places, row.threshold, row.available), (7, 0, 7))

    def test_what_is_expected_is_told_with_its_next_date(self):
        product = self._create_product("NEXT")
        for days, quantity in ((9, 5), (3, 2), (-4, 8)):
            date = fields.Datetime.now() + timedelta(days=days)
            self._incoming(product, quantity, date=date)._action_confirm(merge=False)
        row = self._rows("oms.availability.place", product)
        self.assertEqual((row.incoming, row.incoming_date.date()), (7, fields.Date.today() + timedelta(days=3)))

    def test_days_of_cover_are_counted_from_what_was_shipped(self):
        product = self._create_product("SLOW")
        self._stock(product, self.warehouse, 30)
        row = self._rows("oms.availability.place", product)
        self.assertEqual((row.shipped, row.cover_days), (0, 9999))
        self._ship(self._order(("SLOW", 5, "100.00", 20)))
        self.env.invalidate_all()
        row = self._rows("oms.availability.place", product)
        self.assertEqual((row.shipped, row.cover_days), (5, float(days_of_cover(Decimal(25), Decimal(5), 90))))
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_overstock_action")
        self.assertIn(row, row.search(fields.Domain(eval(action["domain"]))))  # noqa: S307 - our own action

    def test_a_clerk_may_look_and_a_store_associate_may_not(self):
        product = self._create_product("LOOK")
        self._stock(product, self.warehouse, 3)
        self.env.flush_all()
        clerk = self._create_user("look_clerk", "oms_core.group_oms_user")
        row = self.env["oms.availability.place"].with_user(clerk).search([("product_id", "=", product.id)])
        self.assertEqual(row.available, 3)
        self.assertIn("3 on the shelf.", row.explanation)
        associate = self._create_user("look_associate", "oms_core.group_oms_store")
        with self.assertRaises(AccessError):
            self.env["oms.availability.place"].with_user(associate).search([])
        action = product.with_user(clerk).action_oms_view_availability()
        self.assertEqual(action["domain"], [("product_id", "in", product.ids)])
