"""A kit that is sold at a till: its parts leave, and what they cost is the cost of the kit."""

from odoo.tests import tagged

from .test_till_books import TillBooksCase


@tagged("post_install", "-at_install")
class TestTillKits(TillBooksCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mug = cls._create_product("MUG", standard_price=3.3333)
        cls.tea = cls._create_product("TEA", standard_price=1.27)
        cls.box = cls._create_product("BOX", lst_price=30)
        cls._create_kit(cls.box, (cls.mug, 2), (cls.tea, 1))
        for part in cls.mug | cls.tea:
            cls._stock(part, cls.warehouse, 100)

    def _left(self):
        """{part: how many are on the shelf}"""
        self.env.invalidate_all()
        return {part: part.with_context(warehouse_id=self.warehouse.id).qty_available for part in self.mug | self.tea}

    def _assert_told_to_the_cent(self, entry):
        rows = self._margin()
        goods = rows.filtered(lambda row: row.kind == "goods")
        told = tuple(round(sum(of_kind.mapped("amount")), 2) for of_kind in (rows - goods, goods))
        self.assertEqual(told, self._result(entry))
        self.assertFalse(rows.filtered(lambda row: not row.order_id or not row.sale_line_id), "nothing is left of it")

    def test_its_parts_leave_and_what_they_cost_is_its_cost_to_the_cent(self):
        order = self._sold(self._part(self.box, 3), self._part(self.mug, 2))
        self.assertEqual(self._left(), {self.mug: 92, self.tea: 97})
        self.assertEqual((order.oms_status, order.order_line.mapped("qty_delivered")), ("collected", [3, 2]))
        entry = self._close()
        self._assert_told_to_the_cent(entry)
        costs = {row.product_id: row.amount for row in self._margin(("kind", "=", "goods"))}
        self.assertEqual(costs, {self.box: -23.81, self.mug: -6.67}, "6 x 3.3333 + 3 x 1.27, and 2 x 3.3333")

    def test_so_it_is_where_stock_moves_at_the_end_of_the_session(self):
        self.company.point_of_sale_update_stock_quantities = "closing"
        self._sold(self._part(self.box, 2), self._part(self.mug))
        self.assertEqual((self._atp(self.mug), self._atp(self.tea)), (95, 98), "promised to nobody until then")
        self._sold(self._part(self.box))
        entry = self._close()
        self.assertEqual(self._left(), {self.mug: 93, self.tea: 97})
        self._assert_told_to_the_cent(entry)
        costs = [row.amount for row in self._margin(("kind", "=", "goods"), ("product_id", "=", self.box.id))]
        self.assertAlmostEqual(sum(costs), -23.81, 2)
        self.assertAlmostEqual(min(costs) / 2, max(costs), delta=0.01)

    def test_a_kit_that_comes_back_brings_its_parts_and_their_cost_back(self):
        order = self._sold(self._part(self.box, 3))
        refund = self._refund(order.oms_pos_order_id, qty=1)
        self._capture()
        self.assertEqual(self._left(), {self.mug: 96, self.tea: 98})
        self.assertEqual((order.oms_status, refund.oms_order_ids.oms_status), ("returned_part", "returned"))
        entry = self._close()
        self._assert_told_to_the_cent(entry)
        back = self._margin(("kind", "=", "goods"), ("order_id", "=", refund.oms_order_ids.id))
        self.assertAlmostEqual(sum(back.mapped("amount")), 7.94, 2)

    def test_an_invoice_that_is_asked_for_at_the_till_has_the_cost_of_its_parts(self):
        order = self._sold(self._part(self.box, 3), partner_id=self._customer().id, to_invoice=True)
        entry = self._close()
        self.assertEqual(self._told(("order_id", "=", order.id)), {"sales": 90.0, "goods": -23.81})
        self.assertEqual(self._result(entry), (0, 0))

    def test_one_that_is_shipped_later_is_a_delivery_of_its_order(self):
        self.till.write({"ship_later": True, "warehouse_id": self.warehouse.id})
        order = self._sold(
            self._part(self.box, 2), self._part(self.mug), partner_id=self._customer().id, shipping_date="2099-01-01"
        )
        moves = order.oms_pos_order_id.picking_ids.move_ids
        self.assertEqual(order.picking_ids, moves.picking_id)
        self.assertEqual(
            [{move.product_id: move.product_uom_qty for move in line.move_ids} for line in order.order_line],
            [{self.mug: 4, self.tea: 2}, {self.mug: 1}],
        )
        self._ship(order)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [2, 1])
        self.assertIn(order.oms_status, ("shipped", "delivered"))
        self._close()
        self.assertEqual(self._told(("standing", "=", "booked")), {"sales": 80.0})

    def test_of_one_that_is_shipped_later_the_parts_leave_but_of_those_that_were_given_back_before(self):
        self.till.write({"ship_later": True, "warehouse_id": self.warehouse.id})
        order = self._sold(
            *(self._part(self.box, 1), self._part(self.box, 3, price_unit=25)),
            partner_id=self._customer().id,
            shipping_date="2099-01-01",
        )
        self.assertEqual(
            [{move.product_id: move.product_uom_qty for move in line.move_ids} for line in order.order_line],
            [{self.mug: 2, self.tea: 1}, {self.mug: 6, self.tea: 3}],
        )
        sale = order.oms_pos_order_id
        refunded = sale.lines[1]
        self._sell(self._part(self.box, -1, price_unit=25, refunded_orderline_id=refunded.id), is_refund=True)
        self._capture()
        self.assertEqual(
            [{move.product_id: move.product_uom_qty for move in line.move_ids} for line in order.order_line],
            [{self.mug: 2, self.tea: 1}, {self.mug: 4, self.tea: 2}],
        )
        self._ship(order)
        self.assertEqual(order.order_line.mapped("qty_delivered"), [1, 2])
