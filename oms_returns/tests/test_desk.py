from odoo.exceptions import AccessError, UserError
from odoo.tests import Form

from .test_inspection import InspectionCommon


class DeskCommon(InspectionCommon):
    def _desk(self, *codes, user=None, place=None):
        """The desk after these scans, one after the other, as a browser fills it in."""
        form = Form(self.env["oms.return.desk"].with_user(user or self.env.user))
        if place:
            form.warehouse_id = place
        for code in codes:
            form.code = code
            self.assertFalse(form.code, "the field is free for the next scan")
        return form

    def _expected(self, *lines, **values):
        order = self._shipped(*lines)
        request = self._return(order, *[line[1] for line in lines], authorize=False)
        request.line_ids.needs_inspection = True
        request.write(values)
        request.action_authorize()
        return request


class TestDesk(DeskCommon):
    """RET-07, RET-11: scan on arrival; whatever comes in has a next step."""

    def test_a_parcel_is_found_by_the_number_of_its_return_its_order_or_what_is_in_it(self):
        request = self._expected(("STD", 2))
        order = request.order_id
        self.assertEqual(self._desk(request.name).return_id, request)
        self.assertEqual(self._desk(order.oms_number).return_id, request)
        self.assertEqual(self._desk(order.name).return_id, request)
        by_goods = self._desk("STD")
        self.assertEqual((by_goods.return_id, by_goods.message[-19:]), (request, "D counted, 1 to go."))
        delivery = order.picking_ids.filtered(lambda picking: picking.picking_type_code == "outgoing")
        delivery.carrier_tracking_ref = "TRACK-1"
        self.assertEqual(self._desk("TRACK-1").return_id, request)

    def test_goods_are_scanned_received_and_inspected_in_one_go(self):
        request = self._expected(("STD", 2), ("AVG", 1))
        form = self._desk(request.name, "STD", "STD", "AVG")
        self.assertIn("Everything is there", form.message)
        with form.line_ids.edit(1) as line:
            line.grade_id = self.grade_used
            line.note = "Scratched"
            self.assertEqual(line.deduction_percent, 40)
        desk = form.save()
        desk.action_receive()
        self.assertIn("2 × Product STD → Restock", desk.message)
        self.assertEqual((request.stage, request.line_ids.mapped("quantity_accepted")), ("inspected", [2, 1]))
        self.assertEqual(request.inspection_ids.mapped("note"), [False, "Scratched"])
        self.assertFalse(desk.line_ids, "ready for the next parcel")

    def test_all_there_counts_without_scanning(self):
        request = self._expected(("STD", 5))
        desk = self._desk(request.name).save()
        desk.action_count_all()
        desk.action_receive()
        self.assertEqual(request.line_ids.quantity_received, 5)

    def test_too_few_are_received_and_the_rest_stays_expected(self):
        request = self._expected(("STD", 3))
        desk = self._desk(request.name, "STD").save()
        desk.action_receive()
        self.assertEqual((request.stage, request.line_ids.quantity_missing), ("partial", 2))
        self.assertIn("2 of [STD] Product STD are still missing", desk.next_step)
        self.assertIn("still missing", request.findings)

    def test_too_many_are_taken_in_as_far_as_the_customer_still_had_them_and_the_rest_stands_out(self):
        order = self._shipped(("STD", 3))
        request = self._return(order, 2, authorize=False)
        request.line_ids.needs_inspection = True
        request.action_authorize()
        form = self._desk(request.name, *["STD"] * 4)
        self.assertIn("2 of [STD] Product STD more than was announced", form.message)
        form.save().action_receive()
        line, extra = request.line_ids
        self.assertEqual((line.quantity, line.quantity_received, order.order_line.qty_delivered), (3, 3, 0))
        self.assertEqual((extra.sale_line_id.ids, extra.quantity_received, extra.outcome), ([], 1, "nothing"))
        self.assertIn("is not on this return", request.findings)

    def test_goods_that_are_not_on_the_return_get_a_line_without_an_order(self):
        request = self._expected(("STD", 1))
        form = self._desk(request.name, "STD", "AVG")
        self.assertIn("is not on this return", form.message)
        self.assertIn("Put it aside", form.next_step)
        form.save().action_receive()
        extra = request.line_ids.filtered(lambda line: not line.sale_line_id)
        self.assertEqual((extra.product_id, extra.quantity_received), (self.product_average, 1))
        self.assertEqual(extra.inspection_ids.finding, "unexpected")
        self.assertEqual(request.order_id.order_line.product_id, self.product_standard, "the order is as it was")

    def test_what_nobody_knows_is_told_and_opened_as_an_unknown_parcel_with_one_task(self):
        form = self._desk("NO SUCH THING")
        self.assertIn("known neither as a parcel", form.message)
        desk = form.save()
        desk.action_unknown()
        request = desk.return_id
        self.assertEqual((request.is_blind, request.state, len(request.activity_ids)), (True, "draft", 1))
        with Form(desk) as form:
            form.code = "STD"
            form.code = "STD"
        self.assertEqual(desk.line_ids.counted, 2)
        desk.action_receive()
        self.assertEqual((request.state, request.line_ids.quantity_received), ("open", 2))
        self.assertEqual(request.line_ids.move_ids.location_dest_id, self.warehouse._oms_get_return_place())
        row = request.inspection_ids
        row.disposition_id = self.to["quarantine"]
        order = self._shipped(("STD", 2))
        request.partner_id = order.partner_id
        request.line_ids.sale_line_id = order.order_line
        self.assertEqual(row.disposition_id, self.to["quarantine"], "what is finished stays when its order is found")

    def test_nothing_is_received_without_a_count(self):
        request = self._expected(("STD", 1))
        with self.assertRaisesRegex(UserError, "Nothing was counted"):
            self._desk(request.name).save().action_receive()
        with self.assertRaisesRegex(UserError, "Scan the parcel first"):
            self._desk().save().action_receive()

    def test_serial_numbers_are_checked_while_they_are_scanned(self):
        product = self._create_product("SER", tracking="serial")
        for name in ("S1", "S2"):
            lot = self.env["stock.lot"].create({"name": name, "product_id": product.id, "company_id": self.company.id})
            self.env["stock.quant"]._update_available_quantity(product, self.warehouse.lot_stock_id, 1, lot_id=lot)
        self.env["stock.lot"].create({"name": "X9", "product_id": product.id, "company_id": self.company.id})
        request = self._expected(("SER", 2))
        self.assertIn("has lot or serial numbers", self._desk(request.name, "SER").message)
        self.assertEqual(self._desk("S1").return_id, request, "a number leads to the order it left with")
        form = self._desk(request.name, "S1", "X9")
        self.assertIn("Number X9 is not one", form.message)
        form.save().action_receive()
        came = request.line_ids.move_ids.move_line_ids.lot_id
        self.assertEqual(set(came.mapped("name")), {"S1", "X9"})


class TestStoreDesk(DeskCommon):
    """RET-07: any store takes back what was bought online; its associate sees what is needed for that, and no more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = cls.warehouse.copy({"name": "Store", "code": "STORE", "oms_node_type": "store"})
        cls.associate = cls._create_user("associate", "oms_core.group_oms_store")
        cls.store.oms_user_ids = cls.associate

    def test_an_associate_takes_back_what_another_place_sent_and_the_goods_are_in_the_store(self):
        order = self._shipped(("STD", 2), ("AVG", 1))
        order.partner_id.email = "ada@example.com"
        self.assertFalse(self.env["sale.order"].with_user(self.associate).search([("id", "=", order.id)]))
        form = self._desk("ada@example.com", user=self.associate)
        self.assertEqual(form.warehouse_id, self.store)
        self.assertIn("Start Return", form.next_step)
        desk = form.save()
        desk.action_start()
        with Form(desk) as form:
            form.code = "STD"
        desk.action_receive()
        request = order.oms_return_ids
        self.assertEqual((request.origin, request.way, request.warehouse_id), ("store", "store", self.store))
        self.assertEqual(request.line_ids[0].quantity_received, 1)
        self.assertEqual(
            request.line_ids[0].move_ids.filtered(lambda m: m.state == "done").location_dest_id.warehouse_id, self.store
        )
        self.assertEqual(request.with_user(self.associate).name, request.name, "what comes back to the store is seen")
        self.assertEqual(request.inspection_ids.user_id, self.associate)

    def test_by_a_common_name_the_order_is_chosen(self):
        orders = self._shipped(("STD", 1)) | self._shipped(("AVG", 1))
        orders.partner_id.name = "Ada Lovelace"
        form = self._desk("lovelace", user=self.associate)
        self.assertEqual(len(form.choice_ids), 2)
        with form.choice_ids.edit(1) as choice:
            choice.chosen = True
        self.assertEqual(form.order_id.id, min(orders.ids))

    def test_an_associate_works_at_the_own_store_only(self):
        desk = self._desk(user=self.associate).save()
        desk.warehouse_id = self.warehouse
        with self.assertRaises(AccessError):
            desk.action_unknown()
