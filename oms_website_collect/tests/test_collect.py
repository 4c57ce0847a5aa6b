from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.oms_website.tests.common import ShopCommon
from odoo.addons.website_sale.tests.common import MockRequest


@tagged("post_install", "-at_install")
class TestCollect(ShopCommon):
    """A customer of the website picks up in a store, and pays there or before."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product_standard.allow_out_of_stock_order = False
        cls.store = cls.env["stock.warehouse"].create(
            {
                "name": "Store",
                "code": "STO",
                "company_id": cls.company.id,
                "partner_id": cls.env["res.partner"]
                .create(
                    {
                        "name": "Store",
                        "street": "2 rue X",
                        "city": "Lyon",
                        "zip": "69001",
                        "country_id": cls.country.id,
                        "partner_latitude": 45.0,
                        "partner_longitude": 5.0,
                    }
                )
                .id,
            }
        )
        cls._stock(cls.product_standard, cls.store, 5)
        cls.collect = cls.env["delivery.carrier"].create(
            {
                "name": "Pick up",
                "delivery_type": "in_store",
                "product_id": cls.delivery.product_id.id,
                "company_id": cls.company.id,
            }
        )
        cls.collect.write({"warehouse_ids": [(6, 0, cls.store.ids)], "is_published": True})
        cls.on_site = cls.env["payment.provider"].search([("custom_mode", "=", "on_site")], limit=1)
        cls.on_site = cls.on_site.copy({"company_id": cls.company.id, "state": "enabled", "is_published": True})

    def _to_collect(self, qty=2):
        cart = self._cart(qty=qty)
        cart._remove_delivery_line()
        cart.set_delivery_line(self.collect, 0)
        cart.pickup_location_data = self.store._prepare_pickup_location_data()
        cart.warehouse_id = self.store
        return cart

    def test_what_is_paid_in_the_store_is_ready_there_and_nowhere_else(self):
        cart = self._to_collect()
        transaction = self._begin_payment(cart, self.on_site)
        self.assertEqual(cart._oms_pending().warehouse_id, self.store, "set aside in the store")
        transaction._set_pending()
        transaction._post_process()
        self.assertEqual((cart.state, cart.oms_channel_id), ("sale", self.shop))
        self.assertEqual((cart.oms_delivery_method, cart.oms_pickup_warehouse_id), ("pickup", self.store))
        self.assertEqual(cart.picking_ids.picking_type_id.warehouse_id, self.store)
        self.assertEqual(cart.oms_status, "sourced")

    def test_what_somebody_else_has_set_aside_in_the_store_cannot_be_picked_up(self):
        self._begin_payment(self._to_collect(4))
        second = self._to_collect(4)
        self.assertEqual([*second._get_insufficient_stock_data(self.store.id).values()], [1])
        with self.assertRaises(ValidationError):
            self._begin_payment(second)

    def test_safety_stock_of_the_store_is_not_for_the_website(self):
        self.env["oms.stock.buffer"].create(
            {"company_id": self.company.id, "warehouse_id": self.store.id, "kind": "safety", "quantity": 2}
        )
        self.assertEqual(self.website._get_max_in_store_product_available_qty(self.product_standard), 3)
        self.assertFalse(self._to_collect(3)._get_insufficient_stock_data(self.store.id))
        self.assertTrue(self._to_collect(4)._get_insufficient_stock_data(self.store.id))

    def test_the_page_of_a_product_tells_for_each_way_what_there_is(self):
        self.env["oms.stock.buffer"].create(
            {"company_id": self.company.id, "warehouse_id": self.store.id, "kind": "safety", "quantity": 2}
        )
        self.product_standard.write({"show_availability": True, "available_threshold": 1000})
        with MockRequest(self.env, website=self.website):
            info = self.product_standard.product_tmpl_id._get_additionnal_combination_info(
                self.product_standard, 1, self.product_standard.uom_id, self.env.cr.now().date(), self.website
            )
            stores = self.collect._in_store_get_close_locations(self.customer, self.product_standard.id)
        self.assertEqual(info["in_store_stock_data"]["quantity"], 3)
        self.assertEqual(info["delivery_stock_data"]["quantity"], float(self._atp(channel=self.shop)))
        self.assertEqual(stores[0]["additional_data"]["in_store_stock_data"]["quantity"], 3)
