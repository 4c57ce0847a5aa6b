"""From the request to the shelf: nothing comes back that the customer does not have, and everything to where it left."""

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form

from odoo.addons.oms_returns.models.oms_return import RETURN_TRANSITIONS

from .common import ReturnsCommon


class TestReturnFlow(ReturnsCommon):
    def test_everything_that_can_come_back_is_proposed(self):
        """Not the shipping charge, and not what has not left."""
        order = self._order(("STD", 2), ("AVG", 3))
        standard, average = order.order_line
        self._ship(order, {self.product_standard: 2})
        request = self.env["oms.return"].create({"order_id": order.id})
        request.action_fill_lines()
        self.assertEqual((request.line_ids.sale_line_id, request.line_ids.quantity), (standard, 2))

    def test_a_return_of_several_lines_is_one_document(self):
        order = self._shipped(("STD", 2), ("AVG", 3), ("FIFO", 1))
        request = self._return(order, 1, 2, 1)
        self.assertEqual((request.stage, len(request.picking_ids)), ("expected", 1))
        self.assertEqual([move.product_qty for move in request.picking_ids.move_ids], [1, 2, 1])
        request.action_receive()
        self.assertEqual((request.stage, request.picking_ids.state), ("inspected", "done"))
        self.assertEqual(request.line_ids.mapped("quantity_received"), [1, 2, 1])

    def test_a_receipt_is_linked_move_by_move_to_what_left(self):
        order = self._shipped(("STD", 2), ("AVG", 3))
        request = self._return(order, 1, 2)
        sent = order.order_line.move_ids.filtered(lambda move: move.location_dest_id.usage == "customer")
        receipt = request.picking_ids
        self.assertEqual(receipt.move_ids.origin_returned_move_id, sent)
        self.assertEqual(receipt.return_id, sent.picking_id)
        self.assertTrue(all(receipt.move_ids.mapped("to_refund")))
        self.assertEqual(receipt.move_ids.mapped("oms_return_line_id"), request.line_ids)
        self.assertEqual((receipt.picking_type_code, receipt.origin), ("incoming", f"{request.name} ({order.name})"))

    def test_no_more_comes_back_than_the_customer_has(self):
        order = self._shipped(("STD", 2))
        request = self._return(order, 3, authorize=False)
        with self.assertRaisesRegex(UserError, "customer has 2"):
            request.action_authorize()

    def test_two_open_returns_do_not_share_what_the_customer_has(self):
        order = self._shipped(("STD", 3))
        self._return(order, 2)
        second = self._return(order, 2, authorize=False)
        with self.assertRaisesRegex(UserError, "customer has 1"):
            second.action_authorize()
        second.line_ids.quantity = 1
        second.action_authorize()
        self.assertEqual(order.order_line._oms_get_returnable(), 0)

    def test_what_is_requested_already_is_not_requested_again(self):
        """RET-01: nobody has authorized the first request yet."""
        order = self._shipped(("STD", 3))
        first = self._return(order, 2, authorize=False)
        with self.assertRaises(ValidationError) as refusal:
            self._return(order, 2, authorize=False)
        self.assertIn(f"{first.name} asks for it already, and leaves 1", str(refusal.exception))
        second = self.env["oms.return"].create({"order_id": order.id})
        second.action_fill_lines()
        self.assertEqual(second.line_ids.quantity, 1)
        with self.assertRaises(ValidationError):
            second.line_ids.quantity = 2
        first.action_cancel()
        second.line_ids.quantity = 3
        with self.assertRaises(ValidationError):
            first.action_draft()
        second.action_authorize()
        self.assertEqual(order.order_line._oms_get_returnable(), 0)

    def test_a_late_cancellation_asks_back_what_is_not_requested_yet(self):
        order = self._shipped(("STD", 3))
        first = self._return(order, 2, authorize=False)
        order._oms_request_cancellation("customer", "customer")
        self.assertEqual((order.oms_return_ids - first).line_ids.quantity, 1)

    def test_what_has_come_back_cannot_come_back_again(self):
        order = self._shipped(("STD", 3))
        self._returned(order, 2)
        with self.assertRaises(UserError):
            self._return(order, 2)
        self._returned(order, 1)
        self.assertEqual(order.order_line.qty_delivered, 0)

    def test_what_is_on_its_way_on_a_return_of_odoo_is_not_asked_back_twice(self):
        """A colleague used Odoo's own button; the goods have not arrived."""
        order = self._shipped(("STD", 3))
        delivery = order.picking_ids
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=delivery.id, active_model="stock.picking")
            .create({})
        )
        wizard.product_return_moves.quantity = 2
        wizard._create_return()
        with self.assertRaises(UserError):
            self._return(order, 2)
        self.assertEqual(self._return(order, 1).picking_ids.move_ids.product_qty, 1)

    def test_nothing_that_has_not_left_comes_back(self):
        order = self._order(("STD", 2))
        with self.assertRaises(UserError):
            self._return(order, 1)
        self.assertFalse(order.order_line._oms_get_returnable())

    def test_a_return_without_quantities_is_not_authorized(self):
        order = self._shipped(("STD", 2))
        with self.assertRaisesRegex(UserError, "what comes back"):
            self._return(order, 0)

    def test_a_line_of_another_order_does_not_belong_on_a_return(self):
        order, other = self._shipped(("STD", 2)), self._shipped(("STD", 2))
        with self.assertRaises(ValidationError):
            self.env["oms.return"].create(
                {"order_id": order.id, "line_ids": [Command.create({"sale_line_id": other.order_line.id})]}
            )

    def test_goods_come_in_over_several_days(self):
        """Three are expected, one comes, then the rest: the second receipt still belongs to the return."""
        order = self._shipped(("STD", 3))
        request = self._return(order, 3)
        self._receive_part(request, 1)
        self.assertEqual(
            (request.stage, request.line_ids.quantity_received, order.order_line.qty_delivered), ("partial", 1, 2)
        )
        self.assertEqual(len(request.picking_ids), 2)
        rest = request.picking_ids.filtered(lambda picking: picking.state != "done")
        self.assertEqual(rest.move_ids.oms_return_line_id, request.line_ids)
        self.assertEqual(rest.move_ids.origin_returned_move_id, order.picking_ids.move_ids.filtered("sale_line_id")[:1])
        request.action_receive()
        self.assertEqual(
            (request.stage, request.line_ids.quantity_received, order.order_line.qty_delivered), ("inspected", 3, 0)
        )
        with self.assertRaisesRegex(UserError, "Nothing is expected"):
            request.action_receive()

    def test_a_line_that_left_in_two_parcels_comes_back_in_two_receipts(self):
        """Two and then three were sent; four come back: the three of the last parcel and one of the first."""
        order = self._order(("STD", 5))
        first = self._ship(order, {self.product_standard: 2})
        second = self._ship(order, {self.product_standard: 3})
        self._book(order)
        request = self._return(order, 4)
        self.assertEqual(
            {receipt.return_id: receipt.move_ids.product_qty for receipt in request.picking_ids}, {second: 3, first: 1}
        )
        request.action_receive()
        self.assertEqual((request.line_ids.quantity_received, order.order_line.qty_delivered), (4, 1))

    def test_goods_come_back_to_the_site_that_they_left(self):
        """One product left one warehouse, the other another one; whoever decided that."""
        other = self.env["stock.warehouse"].create({"name": "Lille", "code": "LIL", "company_id": self.company.id})
        self._stock(self.product_standard, other, 10)
        order = self._order(("STD", 2), ("AVG", 1))
        order.picking_ids.move_ids.filtered(lambda move: move.product_id == self.product_standard)._action_cancel()
        self.channel.warehouse_ids = other
        order.warehouse_id = other
        order.order_line._action_launch_stock_rule()
        self._ship(order)
        request = self._returned(order, 2, 1)
        back = {move.product_id: move.location_dest_id for move in request.picking_ids.move_ids}
        self.assertEqual(back[self.product_standard], other.lot_stock_id)
        self.assertEqual(back[self.product_average], self.warehouse.lot_stock_id)
        quants = self.env["stock.quant"]
        self.assertEqual(quants._get_available_quantity(self.product_standard, other.lot_stock_id), 10)
        self.assertEqual(quants._get_available_quantity(self.product_average, self.warehouse.lot_stock_id), 100)

    def test_quantities_in_another_unit_come_back_exact(self):
        """Two dozen sent, half a dozen comes back: six pieces."""
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self._order(("STD", 2), status="on_hold")
        order.order_line.product_uom_id = dozen
        order.action_oms_release()
        self._ship(order)
        request = self._return(order, 0.5)
        self.assertEqual(request.picking_ids.move_ids.product_qty, 6)
        request.action_receive()
        self.assertEqual((request.line_ids.quantity_received, order.order_line.qty_delivered), (0.5, 1.5))

    def test_an_expected_return_can_be_cancelled_and_reopened(self):
        order = self._shipped(("STD", 2))
        request = self._return(order, 2)
        request.action_cancel()
        self.assertEqual(
            (request.state, request.stage, request.picking_ids.state), ("cancelled", "cancelled", "cancel")
        )
        self.assertEqual(order.order_line._oms_get_returnable(), 2)
        request.action_draft()
        request.action_authorize()
        self.assertEqual(request.picking_ids.filtered(lambda p: p.state != "cancel").move_ids.product_qty, 2)
        request.action_receive()
        self.assertEqual(request.line_ids.quantity_received, 2)

    def test_what_has_come_in_cannot_be_cancelled(self):
        order = self._shipped(("STD", 2))
        request = self._return(order, 2)
        self._receive_part(request, 1)
        with self.assertRaisesRegex(UserError, "come in already"):
            request.action_cancel()

    def test_an_authorized_return_is_not_deleted(self):
        order = self._shipped(("STD", 2))
        request = self._return(order, 1)
        with self.assertRaises(UserError):
            request.unlink()
        request.action_cancel()
        request.unlink()

    def test_an_authorized_return_is_not_authorized_again(self):
        request = self._return(self._shipped(("STD", 2)), 1)
        with self.assertRaises(UserError):
            request.action_authorize()
        self.assertEqual(len(request.picking_ids), 1)

    def test_the_table_of_states_is_complete(self):
        """Every state of the field is in the table, can be reached from the first one, and leads only to states."""
        states = {state for state, _label in self.env["oms.return"]._fields["state"].selection}
        self.assertEqual(set(RETURN_TRANSITIONS), states)
        reached, todo = set(), {"draft"}
        while todo:
            reached |= todo
            todo = set().union(*(RETURN_TRANSITIONS[state] for state in todo)) - reached
        self.assertEqual(reached, states)

    def test_a_step_that_is_not_in_the_table_is_refused(self):
        request = self._return(self._shipped(("STD", 2)), 1, authorize=False)
        with self.assertRaises(UserError):
            request.action_draft()
        request.action_cancel()
        with self.assertRaises(UserError):
            request.action_cancel()

    def test_the_order_shows_its_returns_and_opens_a_new_one(self):
        order = self._shipped(("STD", 2))
        action = order.action_oms_return()
        request = self.env["oms.return"].browse(action["res_id"])
        self.assertEqual((request.order_id, request.line_ids.quantity), (order, 2))
        self.assertEqual(order.oms_return_count, 1)
        with Form(request) as form, form.line_ids.edit(0) as line:
            line.quantity = 1
        self.assertEqual(request.line_ids.quantity, 1)
        request.action_authorize()
        request.action_receive()
        self.assertEqual(order.oms_status, "returned_part")

    def test_what_was_told_and_written_about_a_return_is_forgotten_with_its_customer(self):
        order = self._shipped(("STD", 2))
        request = self._return(order, 1)
        email = order.partner_id.email
        for record in (request, request.picking_ids):
            record.message_post(body=f"From {email}", message_type="email", email_from=email)
        message = self._receive(None, kind="return_told")
        message._finish(request, "done", "")
        request.picking_ids.sale_id = False  # as it is where all that came in was announced by nobody
        request.note, request.line_ids.comment = f"Write to {email}", f"Or call the man at {email}"
        request.line_ids.photo_ids = photo = self.env["ir.attachment"].create({"name": "photo", "raw": b"me"})
        self.env.flush_all()
        order._oms_forget_customer()
        self.assertFalse(message.body)
        self.assertFalse(request.note or request.line_ids.comment or photo.exists())
        for record in (request, request.picking_ids):
            self.assertNotIn(email, str(record.message_ids.mapped("body")))
        self.assertTrue(request.exists() and order.amount_total)
