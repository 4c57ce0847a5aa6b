"""RET-01, T17: goods that came first are matched with the orders they are of, several for one line, and taken off again."""

from odoo.exceptions import UserError
from odoo.fields import Command

from .common import ReturnsCommon


class TestBlindMatch(ReturnsCommon):
    def _came(self, product, quantity, order, **values):
        """Goods of a customer that nobody announced have been taken in."""
        line = {"product_id": product.id, "quantity": quantity, **values}
        request = self.env["oms.return"].create(
            {"is_blind": True, "partner_id": order.partner_id.id, "line_ids": [Command.create(line)]}
        )
        request.action_authorize()
        request.action_receive()
        return request

    def _two_orders(self, sku="STD", first=1, second=2):
        """Two orders of one customer."""
        order = self._shipped((sku, first))
        return order, self._shipped((sku, second), billing=self._address(email=order.partner_id.email))

    def _stock_of(self, product):
        self.env.invalidate_all()
        return product.with_context(warehouse_id=self.warehouse.id).qty_available

    def test_three_pieces_are_of_two_orders(self):
        first, second = self._two_orders()
        request = self._came(self.product_standard, 3, first)
        self.assertEqual(self._stock_of(self.product_standard), 100)
        request.action_match()
        self.assertEqual(
            {line.sale_line_id: (line.quantity, line.quantity_received) for line in request.line_ids},
            {second.order_line: (2, 2), first.order_line: (1, 1)},
        )
        self.assertEqual((first.order_line.qty_delivered, second.order_line.qty_delivered), (0, 0))
        self.assertEqual(self._stock_of(self.product_standard), 100, "nothing has moved by that")
        self.assertIn("the latest come first", request.message_ids[0].body)
        request.action_refund()
        self.assertEqual((request.amount_refunded, len(request.refund_ids)), (72, 2))

    def test_each_part_is_worth_what_it_cost_when_it_left(self):
        first = self._shipped(("FIFO", 100))
        self._buy(self.product_fifo, 2, 30)
        second = self._shipped(("FIFO", 2), billing=self._address(email=first.partner_id.email))
        request = self._came(self.product_fifo, 102, first)
        request.action_match()
        values = {move.sale_line_id: move.value for move in request.picking_ids.move_ids}
        self.assertEqual(values, {first.order_line: 1000, second.order_line: 60})

    def test_what_was_inspected_goes_with_the_pieces(self):
        first, second = self._two_orders()
        request = self._came(self.product_standard, 3, first, needs_inspection=True)
        request.line_ids.needs_inspection = True
        grade = self.env.ref("oms_returns.grade_good")
        request.line_ids._inspect({request.line_ids: {"grade_id": grade.id}})
        request.action_match()
        self.assertEqual(
            {line.sale_line_id: (line.quantity_accepted, line.quantity_to_inspect) for line in request.line_ids},
            {second.order_line: (2, 0), first.order_line: (1, 0)},
        )
        self.assertEqual(request.inspection_ids.mapped("grade_id"), grade)
        self.assertEqual(sorted(request.inspection_ids.mapped("quantity")), [1, 2])
        with self.assertRaisesRegex(UserError, "is finished"):
            request.inspection_ids[0].with_context(oms_split=True).with_user(self.channel_user).quantity = 9

    def test_goods_that_left_in_two_parcels_come_back_as_two_moves(self):
        order = self._order(("STD", 3))
        self._ship(order, {self.product_standard: 1})
        self._ship(order)
        self._book(order)
        request = self._came(self.product_standard, 3, order)
        request.action_match()
        self.assertEqual(request.line_ids.quantity_received, 3)
        left = {move.origin_returned_move_id: move.quantity for move in request.picking_ids.move_ids}
        self.assertEqual(sorted(left.values()), [1, 2])
        self.assertEqual(order.order_line._oms_get_returnable(), 0)
        self.assertEqual(self._stock_of(self.product_standard), 100)

    def test_what_was_matched_wrongly_is_taken_off_and_matched_anew(self):
        first, second = self._two_orders()
        request = self._came(self.product_standard, 3, first)
        request.action_match()
        self.assertTrue(request.has_matched)
        request.action_unmatch()
        self.assertFalse(request.line_ids.sale_line_id | request.picking_ids.move_ids.sale_line_id)
        self.assertEqual((first.order_line.qty_delivered, second.order_line.qty_delivered), (1, 2))
        self.assertIn(first.name, request.message_ids[0].body)
        request.action_match()
        self.assertEqual(request.line_ids.sale_line_id, first.order_line | second.order_line)
        request.action_refund()
        with self.assertRaisesRegex(UserError, "settled already"):
            request.action_unmatch()

    def test_more_than_all_orders_had_is_matched_with_none(self):
        first, _second = self._two_orders()
        request = self._came(self.product_standard, 4, first)
        with self.assertRaisesRegex(UserError, "so many"):
            request.action_match()
        self.assertEqual(len(request.line_ids), 1)

    def test_serial_numbers_say_which_order_each_piece_is_of(self):
        camera = self._create_product("CAM", tracking="serial")
        lots = self.env["stock.lot"].create(
            [{"name": name, "product_id": camera.id, "company_id": self.company.id} for name in ("S1", "S2")]
        )
        for lot in lots:
            self.env["stock.quant"]._update_available_quantity(camera, self.warehouse.lot_stock_id, 1, lot_id=lot)
        first, second = self._two_orders("CAM", 1, 1)
        sold = {order: order.picking_ids.move_ids.lot_ids for order in (first, second)}
        self.assertEqual(sold[first] | sold[second], lots)
        request = self.env["oms.return"].create(
            {
                "is_blind": True,
                "partner_id": first.partner_id.id,
                "line_ids": [Command.create({"product_id": camera.id, "quantity": 2})],
            }
        )
        request.action_authorize()
        request._take_in({request.line_ids: (2, ["S1", "S2"])}, self.warehouse)
        request.action_match()
        back = {line.order_id: line.move_ids.lot_ids for line in request.line_ids}
        self.assertEqual(back, sold)
        self.assertIn("sold with the number", request.message_ids[0].body)
        self.assertEqual(self._stock_of(camera), 2)
