from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import ShopCommon


@tagged("post_install", "-at_install")
class TestShopStock(ShopCommon):
    """The shop sells what its channel may sell, and no more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product_standard.allow_out_of_stock_order = False

    def _shown(self):
        self.env.invalidate_all()
        return self.website._get_product_available_qty(self.product_standard.sudo())

    def test_a_page_shows_what_the_channel_may_sell(self):
        self.assertEqual(self._shown(), 100)
        self.env["oms.stock.buffer"].create(
            {"company_id": self.company.id, "channel_id": self.shop.id, "kind": "threshold", "quantity": 30}
        )
        self.assertEqual(self._shown(), 70)
        self.assertEqual(self._shown(), float(self._atp(channel=self.shop)))

    def test_what_others_have_set_aside_is_not_shown(self):
        self._apply(self._doc(lines=(self._line(quantity=40),), status="awaiting_payment"))
        self.assertEqual(self._shown(), 60)

    def test_who_has_gone_to_pay_keeps_the_goods_from_everybody_else(self):
        cart = self._cart(qty=60)
        self._begin_payment(cart)
        self.assertEqual((self._shown(), self._atp()), (40, 40))
        self.assertEqual(cart._get_free_qty(self.product_standard), 100, "its own goods do not stand in its way")
        with self.assertRaisesRegex(ValidationError, "only 40"):
            self._begin_payment(self._cart(qty=60))

    def test_trying_to_pay_again_sets_the_goods_aside_once(self):
        cart = self._cart(qty=60)
        self._begin_payment(cart)
        self._begin_payment(cart)
        self.assertEqual(self._shown(), 40)
        self.assertEqual(len(cart._oms_pending()), 1)

    def test_a_cart_that_changes_gives_the_goods_back_until_it_is_paid_for(self):
        cart = self._cart(qty=60)
        self._begin_payment(cart)
        cart.order_line.filtered(lambda line: line.product_id == self.product_standard).product_uom_qty = 10
        self.assertEqual(self._shown(), 100)
        self._begin_payment(cart)
        self.assertEqual(self._shown(), 90)

    def test_an_abandoned_checkout_gives_them_back_by_itself(self):
        cart = self._cart(qty=60)
        self._begin_payment(cart)
        self.shop.checkout_minutes = 1
        self._begin_payment(cart)
        self.env.cr.execute(
            "UPDATE oms_reservation SET expires_at = now() at time zone 'utc' - interval '1 minute' WHERE order_id = %s",
            [cart.id],
        )
        self.env.invalidate_all()
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_reservation_expire").method_direct_trigger()
        self.assertEqual(self._shown(), 100)

    def test_a_payment_turns_what_was_set_aside_into_a_transfer(self):
        cart = self._cart(qty=60)
        self._pay(cart)
        self.assertEqual(self._shown(), 40)
        self.assertEqual(cart.oms_reservation_ids.mapped("state"), ["posted"])

    def test_a_strict_channel_holds_a_paid_order_whose_goods_went_meanwhile(self):
        self.shop.stock_policy = "hold"
        cart = self._cart(qty=60)
        transaction = self._begin_payment(cart)
        cart._oms_pending()._transition("expired")
        self._apply(self._doc(lines=(self._line(quantity=70),)))
        transaction._set_done()
        transaction._post_process()
        self.assertEqual((cart.state, self._holds(cart)), ("sent", ["stock"]))

    def test_the_warehouse_set_on_the_website_is_the_one_that_serves_it(self):
        other = self.env["stock.warehouse"].create({"name": "Other", "code": "OTH", "company_id": self.company.id})
        self.website.warehouse_id = other
        self.assertEqual(self.shop._get_warehouses(), other)
        self.assertEqual(self._shown(), 0)
        self.shop.warehouse_ids = self.warehouse
        self.assertEqual(self._shown(), 100)

    def test_a_page_of_products_costs_as_many_queries_as_one(self):
        products = self.env["product.product"].union(
            *(self._create_product(f"GRID{number}", allow_out_of_stock_order=False) for number in range(12))
        )

        def queries(count):
            self.env.flush_all()
            self.env.invalidate_all()
            some = products[:count]
            before = self.env.cr.sql_log_count
            for product in some:
                self.website._get_product_available_qty(product.sudo())
            return self.env.cr.sql_log_count - before

        queries(12)
        self.assertLess(queries(12) - queries(1), 12 * 2)
