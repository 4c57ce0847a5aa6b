from base64 import b64decode

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form
from odoo.tools import mute_logger

from .common import ReturnsCommon

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class InspectionCommon(ReturnsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for kind in ("new", "good", "used", "waste"):
            setattr(cls, f"grade_{kind}", cls.env.ref(f"oms_returns.grade_{kind}"))
        kinds = ("restock", "refurbish", "outlet", "vendor", "donate", "scrap", "quarantine", "keep", "back")
        cls.to = {kind: cls.env.ref(f"oms_returns.disposition_{kind}") for kind in kinds}

    def _came(self, *lines, quantities=None, inspect=True):
        """An authorized return that came in and lies on the bench."""
        order = self._shipped(*lines)
        request = self._return(order, *(quantities or [line[1] for line in lines]), authorize=False)
        request.line_ids.needs_inspection = inspect
        request.action_authorize()
        request.action_receive()
        return request

    def _inspected(self, request, **values):
        """Inspect all of a return alike."""
        return request.line_ids._inspect({line: values for line in request.line_ids})

    def _lies(self, product):
        """{name of a place: pieces} of a product, in the books of the company."""
        quants = self.env["stock.quant"].search([("product_id", "=", product.id), ("quantity", ">", 0)])
        return {quant.location_id.name: quant.quantity for quant in quants if quant.location_id.usage == "internal"}


class TestInspection(InspectionCommon):
    """RET-03, RET-12, RET-13: what came back is looked at before anything is paid."""

    def test_what_nobody_has_inspected_is_not_accepted_and_not_promised(self):
        request = self._came(("STD", 3))
        line = request.line_ids
        self.assertEqual((request.stage, line.quantity_received, line.quantity_accepted), ("received", 3, 0))
        self.assertEqual(line.quantity_to_inspect, 3)
        self.assertEqual(self._lies(self.product_standard), {"Stock": 97, "Returns to Inspect": 3})
        snapshot = self.env["oms.availability"]._snapshot(self.product_standard, self.warehouse)
        self.assertEqual(snapshot.available(self.warehouse.id, self.product_standard.id), 97)
        with self.assertRaisesRegex(UserError, "Nothing has come back"):
            request.action_refund()

    def test_one_screen_of_mixed_goods_is_inspected_row_by_row_and_finished_at_once(self):
        request = self._came(("STD", 2), ("AVG", 1), ("FIFO", 1))
        action = request.action_inspect()
        self.assertEqual(action["res_model"], "oms.return.inspection")
        rows = request.inspection_ids
        self.assertEqual(rows.mapped("quantity"), [2, 1, 1])
        self.assertEqual(rows.disposition_id, self.to["restock"], "as new goes back to the shelf")
        rows[1].grade_id = self.grade_used
        rows[2].write({"is_accepted": False, "note": "Not ours"})
        self.assertEqual(rows[1].deduction_percent, 40)
        self.assertEqual(rows[2].disposition_id, self.to["back"])
        self.assertIn("Next:", rows[1].proposal)
        request.action_finish_inspection()
        self.assertEqual(rows.mapped("state"), ["done"] * 3)
        self.assertEqual(request.line_ids.mapped("quantity_accepted"), [2, 1, 0])
        self.assertEqual(request.stage, "inspected")
        self.assertEqual(self._lies(self.product_standard), {"Stock": 100})

    def test_a_part_is_accepted_and_the_rest_waits(self):
        request = self._came(("STD", 3))
        request.line_ids._inspect({request.line_ids: {"quantity": 1}})
        self.assertEqual((request.line_ids.quantity_accepted, request.line_ids.quantity_to_inspect), (1, 2))
        request.action_refund()
        self.assertEqual(request.line_ids.quantity_settled, 1)
        self.assertEqual(request.stage, "received")

    def test_no_more_is_inspected_than_came_in(self):
        request = self._came(("STD", 2))
        with self.assertRaisesRegex(UserError, "3 of .* are inspected, but only 2 came in"):
            self._inspected(request, quantity=3)

    def test_a_deduction_is_a_percentage_or_an_amount_and_not_both(self):
        request = self._came(("STD", 2))
        by_amount = self._inspected(request, quantity=1, grade_id=self.grade_used.id, deduction_amount=5)
        self.assertEqual((by_amount.deduction_percent, by_amount.deduction_amount), (0, 5))
        with mute_logger("odoo.sql_db"), self.assertRaises(Exception) as caught, self.env.cr.savepoint():
            self._inspected(request, quantity=1, deduction_amount=5, deduction_percent=10)
        self.assertIn("check", str(caught.exception).lower())

    def test_what_is_finished_is_not_edited_but_corrected_by_another_row(self):
        request = self._came(("STD", 1))
        row = self._inspected(request, grade_id=self.grade_new.id)
        with self.assertRaisesRegex(UserError, "Correct"):
            row.grade_id = self.grade_waste
        with self.assertRaisesRegex(UserError, "part of the books"):
            row.unlink()
        row.action_correct()
        again = request.inspection_ids - row
        again.write({"grade_id": self.grade_used.id, "disposition_id": self.to["quarantine"].id})
        again.action_finish()
        self.assertEqual((row.state, again.state, again.corrects_id), ("corrected", "done", row))
        self.assertEqual(request.line_ids.quantity_accepted, 1)
        self.assertEqual(self._lies(self.product_standard), {"Stock": 99, "Quarantine": 1})

    def test_what_the_customer_was_paid_for_is_not_corrected_away(self):
        request = self._came(("STD", 1))
        row = self._inspected(request)
        request.action_refund()
        if request.state == "closed":
            request.action_reopen()
        row.action_correct()
        again = request.inspection_ids - row
        again.is_accepted = False
        with self.assertRaisesRegex(UserError, "settled already"):
            again.action_finish()

    def test_goods_without_need_of_inspection_are_accepted_as_they_come_and_may_be_rejected_all_the_same(self):
        request = self._came(("STD", 3), inspect=False)
        self.assertEqual((request.line_ids.quantity_accepted, request.stage), (3, "inspected"))
        self.assertEqual(self._lies(self.product_standard), {"Stock": 100})
        self._inspected(request, quantity=1, is_accepted=False, disposition_id=self.to["quarantine"].id)
        self.assertEqual(request.line_ids.quantity_accepted, 2)
        self.assertEqual(self._lies(self.product_standard), {"Stock": 99, "Quarantine": 1})

    def test_rejected_goods_go_back_to_the_customer_and_count_as_delivered_again(self):
        request = self._came(("STD", 2))
        order = request.order_id
        self.assertEqual(order.order_line.qty_delivered, 0)
        row = self._inspected(request, is_accepted=False)
        self.assertEqual(row.disposition_id, self.to["back"])
        delivery = row.picking_id
        self.assertEqual((delivery.picking_type_code, delivery.partner_id), ("outgoing", request.partner_id))
        self.assertEqual((delivery.state, request.line_ids.quantity_to_settle), ("assigned", 0))
        delivery.move_ids.picked = True
        delivery.button_validate()
        self.assertEqual(order.order_line.qty_delivered, 2)
        self.assertEqual(order.order_line._oms_get_returnable(), 2, "it may come back once more")

    def test_above_an_amount_whoever_inspected_does_not_settle(self):
        self.company.oms_return_four_eyes_amount = 30
        clerk = self._create_user("clerk", "oms_core.group_oms_user,stock.group_stock_user")
        other = self._create_user("other", "oms_core.group_oms_user")
        small, large = self._came(("STD", 1)), self._came(("STD", 2))
        for request in (small, large):
            request.line_ids.with_user(clerk)._inspect()
        self.assertEqual(large.inspection_ids.user_id, clerk)
        small.with_user(clerk).action_refund()
        with self.assertRaisesRegex(UserError, "somebody else has"):
            large.with_user(clerk).action_refund()
        large.with_user(other).action_refund()
        self.assertEqual(large.line_ids.quantity_settled, 2)

    def test_a_question_that_must_be_answered_and_a_no_that_limits_the_grade(self):
        other = self.env["product.category"].create({"name": "Other"})
        asked = self.env["oms.return.checklist"].create(
            [
                {"name": "Is the seal whole?", "is_required": True, "worst_grade_id": self.grade_used.id,
                 "categ_ids": [Command.set(self.product_standard.categ_id.ids)]},
                {"name": "Of others", "is_required": True, "categ_ids": [Command.set(other.ids)]},
            ]
        )  # fmt: skip
        request = self._came(("STD", 1))
        request.action_inspect()
        row = request.inspection_ids
        self.assertIn(asked[0], row.answer_ids.checklist_id)
        self.assertNotIn(asked[1], row.answer_ids.checklist_id)
        with self.assertRaisesRegex(UserError, "Is the seal whole"):
            row.action_finish()
        row.answer_ids.filtered(lambda answer: answer.checklist_id == asked[0]).answer = "no"
        with self.assertRaisesRegex(UserError, "better than Used"):
            row.action_finish()
        row.grade_id = self.grade_used
        row.action_finish()
        with self.assertRaisesRegex(UserError, "its answers stay"):
            row.answer_ids[:1].answer = "yes"

    def test_a_photo_that_is_a_script_is_refused(self):
        request = self._came(("STD", 1))
        row = self._inspected(request)
        Attachment = self.env["ir.attachment"]
        photo = Attachment.create({"name": "mug.png", "raw": b64decode(PIXEL)})
        row.photo_ids = photo
        script = Attachment.create(
            {"name": "mug.svg", "raw": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"}
        )
        with self.assertRaisesRegex(ValidationError, "is no photo"):
            row.photo_ids += script

    def test_a_warehouse_user_inspects_in_the_list_and_a_salesman_only_reads(self):
        request = self._came(("STD", 2))
        worker = self._create_user("worker", "oms_core.group_oms_warehouse")
        seller = self._create_user("seller", "sales_team.group_sale_salesman_all_leads")
        request.with_user(worker).action_inspect()
        row = request.inspection_ids.with_user(worker)
        with Form(row, view="oms_returns.oms_return_inspection_view_form") as form:
            form.grade_id = self.grade_good
            self.assertEqual(form.deduction_percent, 10)
            form.disposition_id = self.to["outlet"]
        row.action_finish()
        self.assertEqual((row.user_id, row.picking_id.state), (worker, "done"))
        with self.assertRaises(AccessError):
            request.with_user(seller).action_inspect()
        self.assertEqual(row.with_user(seller).grade_id, self.grade_good)

    def test_the_serial_number_that_was_sold_is_inspected_and_another_one_stands_out(self):
        product = self._create_product("SER", tracking="serial")
        lots = self.env["stock.lot"].create(
            [{"name": name, "product_id": product.id, "company_id": self.company.id} for name in ("S1", "S2")]
        )
        for lot in lots:
            self.env["stock.quant"]._update_available_quantity(product, self.warehouse.lot_stock_id, 1, lot_id=lot)
        order = self._shipped(("SER", 2))
        request = self._return(order, 2, authorize=False)
        request.line_ids.needs_inspection = True
        request.action_authorize()
        request._take_in({request.line_ids: (2.0, ["S1", "X9"])}, self.warehouse)
        self.assertIn("Number X9 is not one", request.findings)
        request.action_inspect()
        rows = {row.lot_id.name: row for row in request.inspection_ids}
        self.assertEqual((rows["S1"].finding, rows["S1"].is_accepted), (False, True))
        self.assertEqual((rows["X9"].finding, rows["X9"].is_accepted), ("wrong_serial", False))
        self.assertIn("Reject it", rows["X9"].finding_words)
        rows["X9"].disposition_id = self.to["quarantine"]
        request.action_finish_inspection()
        self.assertEqual(request.line_ids.quantity_accepted, 1)
        moved = rows["X9"].move_ids.move_line_ids
        self.assertEqual((moved.lot_id.name, moved.location_dest_id.name), ("X9", "Quarantine"))

    def test_thousands_are_inspected_with_few_transfers(self):
        """One transfer for each way, whatever the number of returns."""
        requests = self.env["oms.return"].union(*(self._came(("STD", 1), ("AVG", 2)) for _each in range(3)))
        rows = requests.line_ids._inspect()
        self.assertEqual((len(rows), len(rows.picking_id)), (6, 1))
        self.assertEqual(self._lies(self.product_average), {"Stock": 100})
        self.assertEqual(requests.mapped("stage"), ["inspected"] * 3)
