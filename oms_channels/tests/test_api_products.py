"""GET products: what an app may sell, with stock and price."""

import base64
import io
from datetime import timedelta
from unittest.mock import patch

from PIL import Image

from odoo import fields
from odoo.tests import HttpCase, TransactionCase, tagged

from odoo.addons.oms_channels.controllers import api as controller

from .test_api import ApiCommon, TestApi


@tagged("post_install", "-at_install")
class TestApiProducts(ApiCommon, HttpCase):
    """CAP-03, CAP-12: an app knows what it may sell, how many there are, and what it costs."""

    _ask = TestApi._ask

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(controller, "SPEED", controller.Speed()))
        self.product_standard.write({"name": "Mug", "list_price": 12.5, "barcode": "4006381333931"})
        # Long ago: what changes now can be told from what did not.
        self.env["oms.stock.event"]._settle()
        self.env.flush_all()
        for table in ("product_product", "product_template", "product_pricelist_item", "oms_stock_event"):
            column = "at" if table == "oms_stock_event" else "write_date"
            self.env.cr.execute(f"UPDATE {table} SET {column} = {column} - interval '10 days'")
        self.env.invalidate_all()

    def _products(self, query="skus=STD,AVG,FIFO"):
        answer = self._ask("GET", f"products?{query}")
        self.assertEqual(answer.status_code, 200, answer.text[:200])
        return {row["sku"]: row for row in answer.json()["products"]}

    def _since(self):
        """SKUs of ours that changed in the last hour."""
        self.env.flush_all()
        hour_ago = (fields.Datetime.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return sorted(self._products(f"since={hour_ago}&skus=STD,AVG,FIFO"))

    def test_a_product_is_told_with_its_stock_and_price(self):
        told = self._products()["STD"]
        self.assertEqual(
            {name: told[name] for name in ("name", "barcode", "available", "price", "currency", "sold")},
            {
                "name": "Mug",
                "barcode": "4006381333931",
                "available": "100",
                "price": "12.50",
                "currency": "EUR",
                "sold": True,
            },
        )
        self.assertNotIn("description", told)
        self.assertLess(told["updated_at"], fields.Datetime.now().strftime("%Y-%m-%d"))

    def test_the_price_is_the_one_of_the_channel_s_list_with_the_price_before(self):
        rules = {"compute_price": "fixed", "fixed_price": 9.9, "product_id": self.product_standard.id}
        rules |= {"applied_on": "0_product_variant"}
        sale = self.env["product.pricelist"].create(
            {"name": "App", "currency_id": self.company.currency_id.id, "item_ids": [(0, 0, rules)]}
        )
        usual = self.env["product.pricelist"].create({"name": "Usual", "currency_id": self.company.currency_id.id})
        self.app.write({"pricelist_id": sale.id, "compare_pricelist_id": usual.id})
        told = self._products()["STD"]
        self.assertEqual((told["price"], told["compare_at"]), ("9.90", "12.50"))
        self.assertNotIn("compare_at", self._products()["AVG"])

    def test_they_come_by_page_and_each_once(self):
        seen, cursor = [], ""
        while True:
            page = self._ask("GET", f"products?limit=1&cursor={cursor}&skus=STD,AVG,FIFO").json()
            seen += [row["sku"] for row in page["products"]]
            cursor = page["cursor"]
            if not cursor:
                break
        self.assertEqual(sorted(seen), ["AVG", "FIFO", "STD"])

    def test_what_changed_since_is_told_and_nothing_else(self):
        self.assertEqual(self._since(), [])
        self.product_standard.product_tmpl_id.name = "Cup"
        self.assertEqual(self._since(), ["STD"])

    def test_stock_that_moved_is_a_change(self):
        self._order(("AVG", 3))
        self.env["oms.stock.event"]._settle()
        self.assertEqual(self._since(), ["AVG"])

    def test_a_price_list_that_changed_is_a_change_of_everything(self):
        self.env["product.pricelist"].create({"name": "New", "item_ids": [(0, 0, {"percent_price": 5})]})
        self.assertEqual(self._since(), ["AVG", "FIFO", "STD"])

    def test_a_rule_that_begins_is_a_change_too(self):
        begins = fields.Datetime.now() - timedelta(minutes=5)
        rule = (
            self.env["product.pricelist"].create({"name": "N", "item_ids": [(0, 0, {"date_start": begins})]}).item_ids
        )
        self.env.flush_all()
        self.env.cr.execute("UPDATE product_pricelist_item SET write_date = '2020-01-01' WHERE id = %s", [rule.id])
        self.env.invalidate_all()
        self.assertEqual(self._since(), ["AVG", "FIFO", "STD"])

    def test_what_may_not_be_sold_any_more_is_told_once_it_changed(self):
        self.product_standard.active = False
        self.product_average.sale_ok = False
        self.assertEqual(list(self._products()), ["FIFO"])
        self.assertEqual(self._since(), ["AVG", "STD"])
        hour_ago = (fields.Datetime.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = self._products(f"since={hour_ago}&skus=STD")["STD"]
        self.assertEqual(sorted(told), ["name", "sku", "sold", "updated_at"])
        self.assertFalse(told["sold"])

    def test_what_it_says_and_shows_is_told_on_demand(self):
        stream = io.BytesIO()
        Image.new("RGB", (8, 8), "blue").save(stream, "PNG")
        self.product_standard.product_tmpl_id.write(
            {"description_sale": "Blue & large", "image_1920": base64.b64encode(stream.getvalue())}
        )
        self.env["ir.config_parameter"].set_param("web.base.url", self.base_url())
        told = self._products("skus=STD,AVG&with=content")
        self.assertEqual(told["STD"]["description"], "<p>Blue &amp; large</p>")
        [picture] = told["STD"]["pictures"]
        self.assertEqual(self.url_open(picture["url"]).content, stream.getvalue())
        self.assertEqual(told["AVG"]["pictures"], [])

    def test_names_are_in_the_channel_s_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.product_standard.product_tmpl_id.with_context(lang="fr_FR").name = "Tasse"
        self.app.content_lang = "fr_FR"
        self.assertEqual(self._products()["STD"]["name"], "Tasse")

    def test_what_is_asked_wrongly_is_answered_with_what_is_wrong(self):
        for query, code in (
            ("limit=x", "bad_limit"),
            ("cursor=-1", "bad_cursor"),
            ("since=yesterday", "bad_since"),
            ("with=secrets", "bad_with"),
            (f"skus={','.join('x' * 3 for _n in range(201))}", "too_many"),
        ):
            with self.subTest(query=query[:20]):
                answer = self._ask("GET", f"products?{query}")
                self.assertEqual((answer.status_code, answer.json()["code"]), (422, code))

    def test_nothing_changed_is_answered_with_nothing(self):
        first = self._ask("GET", "products?skus=STD")
        self.assertEqual(self._ask("GET", "products?skus=STD", If_None_Match=first.headers["ETag"]).status_code, 304)
        self.product_standard.list_price = 13
        self.assertEqual(self._ask("GET", "products?skus=STD", If_None_Match=first.headers["ETag"]).status_code, 200)

    def test_another_company_s_products_are_nobody_else_s(self):
        other = self._create_company("Other merchant")
        theirs = {"name": "Theirs", "default_code": "THEIRS", "is_storable": True, "company_id": other.id}
        self.env["product.product"].create(theirs)
        self.assertEqual(list(self._products("skus=STD,THEIRS")), ["STD"])


class TestApiProductsCost(ApiCommon, TransactionCase):
    def test_a_page_costs_the_same_however_many_are_on_it(self):
        products = self.env["product.product"].create(
            [{"name": f"P{n}", "default_code": f"P{n}", "is_storable": True} for n in range(60)]
        )

        def cost(count):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            skus = ",".join(products[:count].mapped("default_code"))
            status, answer = self.app._api_products({"skus": skus, "with": "content"})
            self.assertEqual((status, len(answer["products"])), (200, count))
            return self.env.cr.sql_log_count - before

        few = cost(5)
        self.assertLessEqual(cost(60), few + 3)
