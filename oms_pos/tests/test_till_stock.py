from odoo.tests import tagged

from .common import TillCommon


@tagged("post_install", "-at_install")
class TestTillStock(TillCommon):
    """What is sold at the till is gone for the other channels at once, whenever its stock moves are made."""

    def test_a_sale_with_its_own_transfer_lowers_what_channels_are_told(self):
        self.assertEqual(self._atp(), 100)
        self._sell(self._part(qty=3))
        self.assertEqual(self._atp(), 97)

    def test_while_the_session_is_open_a_sale_counts_though_nothing_has_moved(self):
        self.company.point_of_sale_update_stock_quantities = "closing"
        sale = self._sell(self._part(qty=3))
        self.assertFalse(sale.picking_ids)
        self.assertEqual(self.product_standard.with_context(warehouse_id=self.warehouse.id).qty_available, 100)
        self.assertEqual(self._atp(), 97)
        order = self._capture() or sale.oms_order_ids
        self.assertEqual(order.oms_status, "collected")
        self._close()
        self.assertEqual(self.product_standard.with_context(warehouse_id=self.warehouse.id).qty_available, 97)
        self.assertEqual(self._atp(), 97, "and once only when it has moved")
        self.assertFalse(sale._oms_sold_pending())

    def test_the_last_piece_sold_at_the_till_is_sold_nowhere_else(self):
        self.company.point_of_sale_update_stock_quantities = "closing"
        self._sell(self._part(qty=99))
        strict = self._create_channel("STRICT", stock_policy="hold")
        ((order, _state, _text),) = self._apply(self._doc(lines=(self._line(quantity=2),)), channel=strict)
        self.assertEqual((order.state, order.oms_status), ("draft", "held"))
        self.assertEqual(self._holds(order), ["stock"])

    def test_what_comes_back_is_not_offered_before_it_lies_on_the_shelf(self):
        self.company.point_of_sale_update_stock_quantities = "closing"
        sale = self._sell(self._part(qty=3))
        self._refund(sale)
        self.assertEqual(self._atp(), 97)
        self._close()
        self.assertEqual(self._atp(), 100)

    def test_an_invoice_that_moves_the_goods_ahead_of_the_closing_counts_them_once(self):
        self.company.point_of_sale_update_stock_quantities = "closing"
        customer = self.env["res.partner"].create({"name": "Wants an invoice", "country_id": self.country.id})
        sale = self._sell(self._part(qty=3), partner_id=customer.id)
        sale.with_user(self.cashier).with_context(generate_pdf=False).action_pos_order_invoice()
        self.assertEqual(self._atp(), 97)
        self._close()
        self.assertEqual(self._atp(), 97)

    def test_services_set_nothing_aside(self):
        self.company.point_of_sale_update_stock_quantities = "closing"
        service = self._create_product("SERVICE", type="service", is_storable=False)
        sale = self._sell(self._part(service))
        self.assertFalse(sale._oms_sold_pending())
