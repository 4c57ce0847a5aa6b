from odoo.exceptions import UserError
from odoo.fields import Command

from .test_inspection import InspectionCommon


class TestByApi(InspectionCommon):
    """Whoever calls by the API chooses the context as well: nothing in it pays more, or skips what is asked."""

    def setUp(self):
        super().setUp()
        self.clerk = self._create_user("api_clerk", "oms_core.group_oms_user")

    def test_a_refund_is_not_taken_for_the_price_of_other_goods(self):
        request = self._returned(self._shipped(("STD", 2)), 2)
        other = self._order(("STD", 5))
        request.with_user(self.clerk).with_context(oms_exchange_order_id=other.id).action_refund()
        self.env.invalidate_all()
        self.assertFalse(request.settlement_ids.order_id)
        self.assertEqual(request.amount_to_repay, 48, "all of it is owed, and nothing pledged for an order")

    def test_the_questions_of_the_checklist_are_asked_and_findings_stay(self):
        self.env["oms.return.checklist"].create({"name": "Is the seal intact?", "is_required": True})
        request = self._came(("STD", 1))
        rows = self.env["oms.return.inspection"].with_user(self.clerk).with_context(oms_no_checklist=True)
        row = rows.create({"line_id": request.line_ids.id, "grade_id": self.grade_good.id})
        with self.assertRaisesRegex(UserError, "seal intact"):
            row.action_finish()
        row.answer_ids.answer = "yes"
        row.action_finish()
        with self.assertRaisesRegex(UserError, "is finished"):
            row.with_context(oms_split=True).quantity = 9

    def test_goods_that_are_asked_for_already_are_not_authorized_twice(self):
        order = self._shipped(("STD", 2))
        requests = self.env["oms.return"].with_user(self.clerk).with_context(oms_return_to=self.warehouse.id)
        first, second = requests.create(
            [
                {
                    "order_id": order.id,
                    "line_ids": [Command.create({"sale_line_id": order.order_line.id, "quantity": 2})],
                }
                for _each in range(2)
            ]
        )
        for request in (first, second):
            with self.assertRaisesRegex(UserError, "asked for already"):
                request.action_authorize()
        second.action_cancel()
        first.action_authorize()
