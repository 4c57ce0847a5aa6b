"""One document over lines of several orders, of none, claims, and goods that came first."""

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

from .common import ReturnsCommon


class TestSeveralOrders(ReturnsCommon):
    def _same_customer(self, *orders):
        """Orders that were shipped to one customer, one after the other."""
        first = self._shipped(*orders[0])
        email = first.partner_id.email
        rest = [self._shipped(*lines, billing=self._address(email=email)) for lines in orders[1:]]
        result = first.union(*rest)
        self.assertEqual(len(result.partner_id), 1)
        return result

    def _request(self, *parts, **values):
        """A return of ``(order line, quantity)``, without an order of its own."""
        lines = [Command.create({"sale_line_id": line.id, "quantity": quantity}) for line, quantity in parts]
        return self.env["oms.return"].create({"line_ids": lines, **values})

    def test_lines_of_two_orders_stand_on_one_return(self):
        first, second = orders = self._same_customer((("STD", 2),), (("AVG", 1),))
        request = self._request((first.order_line, 1), (second.order_line, 1))
        self.assertEqual((request.order_ids, request.partner_id), (orders, first.partner_id))
        self.assertEqual((request.currency_id, request.channel_id), (first.currency_id, self.channel))
        self.assertEqual([order.oms_return_ids for order in orders], [request, request])
        self.assertEqual([order.oms_return_count for order in orders], [1, 1])
        self.assertEqual(first.partner_id.oms_return_count, 1)
        request.action_authorize()
        self.assertEqual({receipt.sale_id for receipt in request.picking_ids}, set(orders))
        request.action_receive()
        request.action_refund()
        self.assertEqual({refund.reversed_entry_id.amount_total for refund in request.refund_ids}, {48, 24})
        self.assertEqual((request.stage, request.amount_to_repay), ("settled", 48))
        request.action_repay()
        self.assertEqual((request.state, [self._open_receivable(order) for order in orders]), ("closed", [0, 0]))

    def test_each_order_tells_the_customer_only_of_its_own_lines(self):
        first, second = self._same_customer((("STD", 2),), (("AVG", 1),))
        request = self._request((first.order_line, 1), (second.order_line, 1))
        for order in (first, second):
            [entry] = order._oms_get_customer_view()["returns"]
            self.assertEqual((entry["name"], len(entry["items"])), (request.name, 1))
            self.assertIn(
                request.name, [event.document for of, event in order._oms_timeline_events() if of == order.id]
            )

    def test_lines_of_two_customers_are_two_returns(self):
        first, second = self._shipped(("STD", 2)), self._shipped(("STD", 2))
        with self.assertRaisesRegex(ValidationError, "one customer"):
            self._request((first.order_line, 1), (second.order_line, 1))

    def test_one_order_line_stands_on_two_lines_with_two_outcomes(self):
        """One is refunded, one is not: three were sent."""
        order = self._shipped(("STD", 3))
        request = self._request((order.order_line, 1), (order.order_line, 2))
        kept, lost = request.line_ids
        lost.write({"outcome": "nothing", "comment": "Worn"})
        request.action_authorize()
        self.assertEqual([move.oms_return_line_id for move in request.picking_ids.move_ids], [kept, lost])
        request.action_receive()
        request.action_refund()
        self.assertEqual(request.amount_refunded, 24)
        rows = request.settlement_ids.sorted("id")
        self.assertEqual(
            [(row.outcome, row.quantity, row.note) for row in rows], [("refund", 1, False), ("nothing", 2, "Worn")]
        )
        self.assertEqual(rows.move_id, request.refund_ids)
        with self.assertRaisesRegex(UserError, "not changed afterwards"):
            rows[0].sudo().quantity = 3

    def test_two_lines_that_are_refunded_for_two_reasons_are_refunded_both(self):
        order = self._shipped(("STD", 3))
        request = self._request((order.order_line, 1), (order.order_line, 2))
        request.action_authorize()
        request.action_receive()
        request.action_refund()
        self.assertEqual((request.amount_refunded, request.line_ids.mapped("quantity_refunded")), (72, [1, 2]))
        self.assertEqual(sum(request.settlement_ids.mapped("amount")), 72)

    def test_several_lines_do_not_ask_for_more_than_there_is(self):
        order = self._shipped(("STD", 2))
        request = self._request((order.order_line, 1), (order.order_line, 2))
        with self.assertRaisesRegex(UserError, "3 of .* customer has 2"):
            request.action_authorize()


class TestClaims(ReturnsCommon):
    def _claim(self, order, quantity):
        request = self.env["oms.return"].create({"order_id": order.id, "kind": "claim"})
        request.line_ids = [Command.create({"sale_line_id": order.order_line.id, "quantity": quantity})]
        return request

    def test_nothing_is_expected_back_and_it_is_settled_at_once(self):
        order = self._shipped(("STD", 3))
        request = self._claim(order, 2)
        self.assertFalse(request.line_ids.expects_goods)
        request.action_authorize()
        self.assertEqual((request.stage, len(request.picking_ids)), ("inspected", 0))
        request.action_refund()
        self.assertEqual((request.stage, request.amount_refunded), ("settled", 48))

    def test_what_was_made_good_is_not_claimed_or_sent_back_again(self):
        order = self._shipped(("STD", 3))
        request = self._claim(order, 2)
        request.action_authorize()
        for ask in (self._claim, lambda order, quantity: self._return(order, quantity, authorize=False)):
            again = ask(order, 2)
            with self.assertRaisesRegex(UserError, "customer has 1"):
                again.action_authorize()
            again.action_cancel()
        request.action_close()
        self.assertEqual(order.order_line._oms_get_returnable(), 3, "closed, and nobody got anything")


class TestGoodsCameFirst(ReturnsCommon):
    def _came(self, product, quantity, **values):
        request = self.env["oms.return"].create(
            {
                "is_blind": True,
                "company_id": self.company.id,
                "line_ids": [Command.create({"product_id": product.id, "quantity": quantity})],
                **values,
            }
        )
        request.action_authorize()
        request.action_receive()
        return request

    def test_goods_are_taken_in_and_then_matched_to_the_latest_order(self):
        """They go back into stock at the cost at which they left, though they cost more by now."""
        order = self._shipped(("FIFO", 3))
        later = self._shipped(("FIFO", 2), billing=self._address(email=order.partner_id.email))
        request = self._came(self.product_fifo, 2)
        self.assertEqual((request.stage, request.line_ids.quantity_received), ("inspected", 2))
        with self.assertRaisesRegex(UserError, "match it to its order"):
            request.action_refund()
        with self.assertRaisesRegex(UserError, "Enter the customer"):
            request.action_match()
        request.partner_id = order.partner_id
        request.action_match()
        self.assertEqual(request.line_ids.sale_line_id, later.order_line)
        self.assertEqual((later.order_line.qty_delivered, order.order_line.qty_delivered), (0, 3))
        move = request.picking_ids.move_ids
        self.assertEqual((move.origin_returned_move_id.sale_line_id, move.value), (later.order_line, 20))
        request.action_refund()
        self.assertEqual(request.amount_refunded, 48)

    def test_more_than_any_order_had_is_not_matched(self):
        order = self._shipped(("STD", 1))
        request = self._came(self.product_standard, 2, partner_id=order.partner_id.id)
        with self.assertRaisesRegex(UserError, "so many"):
            request.action_match()

    def test_who_works_in_a_store_sees_what_comes_back_to_it(self):
        associate = self._create_user("returns_associate", "oms_core.group_oms_store")
        other = self.env["stock.warehouse"].create({"name": "Store", "code": "STO", "company_id": self.company.id})
        other.oms_user_ids = associate
        request = self._came(self.product_standard, 1)
        with self.assertRaises(AccessError):
            request.with_user(associate).read(["name"])
        request.warehouse_id = other
        for records in (request, request.line_ids):
            self.assertTrue(records.with_user(associate).read(["display_name"]))
