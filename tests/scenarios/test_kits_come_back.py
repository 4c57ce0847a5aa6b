"""I13, RET-01: a kit that was sent comes back as what it is made of, and is refunded as what was sold."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.oms_core.tests.common import OmsCommon


@tagged("post_install", "-at_install")
class TestKitsComeBack(OmsCommon):
    def _sent(self, quantity=3):
        """Boxes of two mugs and a tea each: 40.00 a piece, shipped and invoiced."""
        if "mrp.bom" not in self.env:
            return None  # there are no kits without Odoo's manufacturing
        self.mug, self.tea = self._create_product("MUG"), self._create_product("TEA")
        self.box = self._create_product("BOX", is_storable=False)
        self.bom = self._create_kit(self.box, (self.mug, 2), (self.tea, 1))
        self._stock(self.mug, self.warehouse, 10)
        self._stock(self.tea, self.warehouse, 10)
        order = self._order(("BOX", quantity, 40 * quantity, 20))
        self._ship(order)
        self._book(order)
        return order

    def _request(self, order, quantity):
        return self.env["oms.return"].create(
            {
                "order_id": order.id,
                "line_ids": [Command.create({"sale_line_id": order.order_line.id, "quantity": quantity})],
            }
        )

    def _on_shelf(self):
        self.env.invalidate_all()
        return [int(goods.with_context(warehouse_id=self.warehouse.id).qty_available) for goods in self.mug | self.tea]

    def test_a_kit_comes_back_with_all_that_is_in_it(self):
        order = self._sent()
        if order is None:
            return
        self.assertEqual(order.order_line._oms_get_returnable(), 3)
        request = self.env["oms.return"].create({"order_id": order.id})
        request.action_fill_lines()
        self.assertEqual(request.line_ids.quantity, 3)
        request.line_ids.quantity = 2
        request.action_authorize()
        receipt = request.picking_ids
        self.assertEqual({move.product_id: move.product_qty for move in receipt.move_ids}, {self.mug: 4, self.tea: 2})
        self.assertEqual(order.order_line._oms_get_returnable(), 1)
        request.action_receive()
        self.assertEqual((request.stage, request.line_ids.quantity_received), ("inspected", 2))
        self.assertEqual((self._on_shelf(), order.order_line.qty_delivered), ([8, 9], 1))
        request.action_refund()
        self.assertEqual((request.stage, request.amount_refunded), ("settled", 96))
        self.assertNothingWrong()

    def test_a_part_of_a_kit_comes_back_for_its_share_of_the_price_as_the_sentence_says(self):
        order = self._sent()
        if order is None:
            return
        request = self._request(order, 0.5)
        self.assertRegex(request.problem, "whole ones.*“Return”.*“Give Money”.*“Nothing”")
        request.unlink()
        [delivery] = order.picking_ids
        context = {"active_id": delivery.id, "active_ids": delivery.ids, "active_model": "stock.picking"}
        wizard = self.env["stock.return.picking"].with_context(**context).create({})
        wizard.product_return_moves.filtered(lambda row: row.product_id == self.mug).quantity = 1
        receipt = wizard._create_return()
        receipt.move_ids.picked = True
        receipt.button_validate()
        claim = self._request(order, 1)
        claim.kind = "claim"
        claim.line_ids.write({"outcome": "nothing", "comment": "One mug is back"})
        claim.action_authorize()
        give = claim.action_open_give()
        wizard = self.env[give["res_model"]].with_context(**give["context"])
        wizard.create({"amount": 15, "why": "A mug of three"}).action_give()
        claim.action_close()
        self.assertEqual((claim.amount_refunded, claim.state), (15, "closed"))
        self.assertEqual((self._on_shelf(), order.order_line._oms_get_returnable()), ([5, 7], 2))
        self.assertNothingWrong()

    def test_a_kit_is_inspected_as_one_and_its_parts_go_where_it_goes(self):
        order = self._sent()
        if order is None:
            return
        request = self._request(order, 2)
        request.line_ids.needs_inspection = True
        request.action_authorize()
        request.action_receive()
        self.assertEqual((request.stage, request.line_ids.quantity_to_inspect), ("received", 2))
        outlet = self.env.ref("oms_returns.disposition_outlet")
        row = request.line_ids._inspect({request.line_ids: {"quantity": 1, "disposition_id": outlet.id}})
        moved = {move.product_id: move.quantity for move in row.move_ids}
        self.assertEqual((moved, row.picking_id.state), ({self.mug: 2, self.tea: 1}, "done"))
        row = request.line_ids._inspect()
        self.assertEqual(row.move_ids.location_dest_id, self.warehouse.lot_stock_id)
        self.assertEqual((request.stage, request.line_ids.quantity_accepted), ("inspected", 2))

    def test_a_kit_of_which_a_part_is_missing_is_not_back(self):
        order = self._sent()
        if order is None:
            return
        request = self._request(order, 2)
        request.action_authorize()
        receipt = request.picking_ids
        for move in receipt.move_ids:
            move.write({"quantity": 2 if move.product_id == self.mug else 1, "picked": True})
        receipt.with_context(skip_backorder=True).button_validate()
        self.assertEqual((request.stage, request.line_ids.quantity_received), ("partial", 1))
        rest = request.picking_ids - receipt
        rest.move_ids.filtered(lambda move: move.product_id == self.mug).write({"quantity": 2, "picked": True})
        rest.move_ids.filtered(lambda move: move.product_id == self.tea).write({"quantity": 0})
        rest.with_context(skip_backorder=True).button_validate()
        self.assertEqual(request.line_ids.quantity_received, 1)

    def test_a_kit_that_came_in_two_parcels_is_paid_when_it_is_whole_less_what_was_found(self):
        """Of two kits a tea is missing at first: one is paid, with a quarter deducted; the other when its tea is there."""
        order = self._sent()
        if order is None:
            return
        request = self._request(order, 2)
        request.line_ids.needs_inspection = True
        request.action_authorize()
        receipt = request.picking_ids
        for move in receipt.move_ids:
            move.write({"quantity": 4 if move.product_id == self.mug else 1, "picked": True})
        receipt.with_context(skip_backorder=True).button_validate()
        request.line_ids._inspect({request.line_ids: {"deduction_percent": 25}})
        request.action_refund()
        first = request.refund_ids
        self.assertEqual((first.amount_untaxed, first.amount_tax), (30, 6))
        rest = request.picking_ids - receipt
        rest.move_ids.write({"quantity": 1, "picked": True})
        rest.with_context(skip_backorder=True).button_validate()
        request.line_ids._inspect()
        request.action_refund()
        second = request.refund_ids - first
        self.assertEqual((second.amount_untaxed, second.amount_tax), (40, 8))
        line = order.order_line
        self.assertEqual((line.qty_delivered, line.qty_invoiced, self._on_shelf()), (1, 1, [8, 9]))
        self.assertEqual(request.stage, "settled")

    def test_a_kit_that_is_mended_goes_back_with_all_that_is_in_it(self):
        order = self._sent()
        if order is None:
            return
        request = self._request(order, 2)
        request.line_ids.outcome = "repair"
        request.action_authorize()
        request.action_receive()
        self.assertEqual((request.todo[:6], order.order_line.qty_delivered), ("Settle", 1))
        request.action_refund()
        back = request.sent_back_ids
        self.assertEqual({move.product_id: move.product_qty for move in back.move_ids}, {self.mug: 4, self.tea: 2})
        back.move_ids.picked = True
        back.with_context(skip_backorder=True).button_validate()
        self.assertEqual((self._on_shelf(), order.order_line.qty_delivered), ([4, 7], 3))
        self.assertEqual((request.stage, request.amount_refunded), ("closed", 0))
        self.assertEqual(order.order_line._oms_get_returnable(), 3, "it may come back again")
        self.assertFalse(self._book(order)[1:], "and is invoiced once")

    def test_a_part_of_a_kit_is_refused_with_what_to_do_instead(self):
        order = self._sent()
        if order is None:
            return
        request = self._request(order, 0.5)
        with self.assertRaisesRegex(UserError, "kit and comes back in whole ones"):
            request.action_authorize()
        request.line_ids.quantity = 4
        with self.assertRaisesRegex(UserError, "customer has 3"):
            request.action_authorize()

    def test_what_a_kit_was_made_of_when_it_left_comes_back(self):
        """The recipe has another thing in it by now."""
        order = self._sent()
        if order is None:
            return
        self.bom.bom_line_ids = [Command.create({"product_id": self.product_standard.id, "product_qty": 1})]
        self.assertEqual(order.order_line._oms_get_returnable(), 3)
        request = self._request(order, 1)
        request.action_authorize()
        moves = request.picking_ids.move_ids
        self.assertEqual({move.product_id: move.product_qty for move in moves}, {self.mug: 2, self.tea: 1})
