from odoo.addons.oms_core.tests.test_third_party_return import ThirdPartyReturnCommon


class TestThirdPartyReturns(ThirdPartyReturnCommon):
    """FUL-06: what a third party received back is what a return expects, or a return that nobody announced."""

    def test_an_announced_return_is_received_by_its_number_and_the_rest_stays_expected(self):
        order, _reference = self._sent(("STD", 3))
        request = order.env["oms.return"].create({"order_id": order.id})
        request.action_fill_lines()
        request.action_authorize()
        message = self._came_back(request.name, ("STD", 2))
        self.assertEqual((message.state, message.error), ("done", False))
        self.assertEqual((request.stage, request.line_ids.quantity_received), ("partial", 2))
        self.assertEqual(order.oms_return_count, 1)
        self._came_back(request.name, ("STD", 1))
        self.assertEqual(request.stage, "inspected")
        self.assertFalse(order.picking_ids.activity_ids, "it stands in the list of returns")

    def test_what_nobody_announced_is_a_return_that_is_received(self):
        order, reference = self._sent(("STD", 2), ("AVG", 1))
        self._came_back(reference, ("STD", 1), note="Too small")
        request = order.oms_return_ids
        self.assertEqual((request.stage, request.line_ids.quantity), ("inspected", 1))
        self.assertIn("Too small", request.note)
        self._book(order)
        self.assertEqual(self._back(order), {"STD": 1})

    def test_more_than_was_announced_is_a_second_return(self):
        order, reference = self._sent(("STD", 3))
        request = order.env["oms.return"].create(
            {"order_id": order.id, "line_ids": [(0, 0, {"sale_line_id": order.order_line.id, "quantity": 1})]}
        )
        request.action_authorize()
        message = self._came_back(reference, ("STD", 2))
        self.assertEqual((message.state, message.error), ("done", False))
        self.assertEqual(order.oms_return_ids.mapped("stage"), ["inspected", "inspected"])
        self.assertEqual(order.order_line.qty_delivered, 1)
