from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.oms_core.carriers.base import TrackingEvent, TrackingUpdate
from odoo.addons.oms_core.tests.common_carriers import CarrierCommon

from ..const import HAND_IN_DAYS
from .test_inspection import InspectionCommon


class TestWayBackPlaces(InspectionCommon):
    """RET-07, RET-09, RET-10: where it comes back, and when it is expected."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.south = cls.warehouse.copy({"name": "South", "code": "SOUTH"})

    def test_goods_come_back_to_where_they_left_unless_a_place_takes_the_returns_of_all(self):
        order = self._shipped(("STD", 2))
        self.assertEqual(self._return(order, 1).warehouse_id, self.warehouse)
        self.south.oms_takes_returns = True
        request = self._return(order, 1)
        self.assertEqual(request.warehouse_id, self.south)
        self.assertEqual(request.warehouse_reason, "South: 4.50 for the way back.")
        self.assertEqual(request.picking_ids.picking_type_id, self.south.in_type_id)
        self.assertTrue(request.picking_ids.move_ids.origin_returned_move_id)

    def test_of_several_places_the_one_that_wants_the_goods_gets_them(self):
        (self.warehouse | self.south).oms_takes_returns = True
        order = self._shipped(("STD", 2))
        self.assertEqual(self._return(order, 1).warehouse_id, self.warehouse, "as cheap, and they left from there")
        move = self.env["stock.move"].create(
            {
                "product_id": self.product_standard.id,
                "product_uom_qty": 3,
                "location_id": self.south.lot_stock_id.id,
                "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                "picking_type_id": self.south.out_type_id.id,
                "company_id": self.company.id,
                "quantity": 3,
                "picked": True,
            }
        )
        move._action_done()
        request = self._return(order, 1)
        self.assertEqual(request.warehouse_id, self.south)
        self.assertIn("1 pieces are wanted there", request.warehouse_reason)

    def test_what_comes_in_elsewhere_is_received_there_at_the_cost_at_which_it_left(self):
        order = self._shipped(("FIFO", 2))
        request = self._return(order, 2, authorize=False)
        request.line_ids.needs_inspection = True
        request.action_authorize()
        request._take_in({request.line_ids: (1.0, [])}, self.south)
        done = request.picking_ids.filtered(lambda picking: picking.state == "done")
        self.assertEqual(done.picking_type_id, self.south.in_type_id)
        self.assertEqual(done.location_dest_id.warehouse_id, self.south)
        self.assertEqual(done.move_ids.location_dest_id, self.south._oms_get_return_place())
        self.assertEqual((done.move_ids.origin_returned_move_id.state, done.move_ids.value), ("done", 10))
        self.assertEqual((request.warehouse_id, request.stage), (self.south, "partial"))
        self.assertEqual(request.line_ids.quantity_missing, 1)

    def test_the_board_tells_what_is_late_and_what_came_today_with_its_value(self):
        order = self._shipped(("STD", 3))
        request = self._return(order, 3)
        self.assertGreater(request.expected_at, fields.Datetime.now() + timedelta(days=HAND_IN_DAYS))
        self.assertEqual((request.pieces_expected, request.value_expected), (3, 60))
        self.assertIn(request.arrival, ("soon", "later"))
        request.expected_at = fields.Datetime.now() - timedelta(days=2)
        self.assertEqual(request.arrival, "late")
        self._receive_part(request, 1)
        self.assertEqual((request.pieces_expected, request.value_expected, request.arrival), (2, 40, "arrived_today"))
        request.action_receive()
        self.assertEqual((request.pieces_expected, request.arrival), (0, "arrived_today"))

    def test_what_does_not_come_is_asked_for_once_and_closed_in_the_end(self):
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)
        requests = self.env["oms.return"]
        for _number in range(3):
            requests |= self._return(self._shipped(("STD", 1)), 1)
        soon, late, never = requests
        late.expected_at = fields.Datetime.now() - timedelta(days=8)
        never.expected_at = fields.Datetime.now() - timedelta(days=31)
        before = len(late.message_ids)
        self.env["oms.return"]._cron_overdue()
        self.env["oms.return"]._cron_overdue()
        self.assertEqual(requests.mapped("state"), ["open", "open", "closed"])
        self.assertEqual([bool(request.reminded_at) for request in requests], [False, True, False])
        self.assertEqual(len(late.message_ids) - before, 1)
        told = self.env["oms.notification"].search([("event", "=", "return_reminder")])
        self.assertEqual(told.order_id & (soon | late | never).order_id, late.order_id)
        self.assertIn("1 × ", late.message_ids[0].body)
        self.assertEqual(never.picking_ids.state, "cancel")
        never.action_reopen()
        self.assertEqual(soon.stage, never.stage)

    def test_what_is_under_way_is_neither_asked_for_nor_closed(self):
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)
        request = self._return(self._shipped(("STD", 1)), 1)
        request._set_parcel("in_transit")
        request.expected_at = fields.Datetime.now() - timedelta(days=60)
        before = len(request.message_ids)
        self.env["oms.return"]._cron_overdue()
        self.assertEqual((request.state, len(request.message_ids)), ("open", before))

    def test_one_that_cannot_be_closed_blocks_no_other(self):
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)
        bad, good = (self._return(self._shipped(("STD", 1)), 1) for _number in range(2))
        (bad | good).expected_at = fields.Datetime.now() - timedelta(days=60)
        close = type(bad).action_close

        def fail(request):
            if request.id == bad.id:
                raise UserError("Not this one")
            return close(request)

        self.patch(type(bad), "action_close", fail)
        self.env["oms.return"]._cron_overdue()
        self.assertEqual((bad.state, good.state), ("open", "closed"))
        self.assertIn("Not this one", "".join(bad.message_ids.mapped("body")))


class TestReturnLabel(InspectionCommon, CarrierCommon):
    """RET-10, SHP-06: a label for the way back, on request or from the parcel, and where it is."""

    def _sent(self, **values):
        self.table.write(values)
        picking = self._delivery(self.table)
        picking.button_validate()
        self._reread()
        self._book(picking.sale_id)
        return picking.sale_id

    def test_a_label_is_got_once_on_request_and_given_back(self):
        request = self._return(self._sent(), 1)
        self.env.flush_all()
        request.action_get_label()
        self._reread()
        label = request.label_ids
        self.assertEqual((label.purpose, label.state, label.picking_id), ("return", "bought", request.picking_ids))
        request.action_get_label()
        self._reread()
        self.assertEqual(request.label_ids, label)
        self.assertEqual(request._get_customer_label(), label.attachment_id)
        request.action_void_label()
        self._reread()
        self.assertEqual((label.state, request.label_count), ("cancelled", 0))

    def test_the_label_that_lay_in_the_parcel_serves_for_the_return(self):
        order = self._sent(return_label_on_delivery=True, oms_return_pay_on_use=True)
        request = self._return(order, 1)
        inside = order.picking_ids.oms_label_ids.filtered(lambda label: label.purpose == "return")
        request.action_get_label()
        self._reread()
        self.assertEqual((request.label_ids, inside.pay_on_use), (inside, True))
        found, _orders, word = self.env["oms.return"]._find_by_code(inside.tracking_number, self.warehouse)
        self.assertEqual((found, word), (request, "parcel"))

    def test_scans_of_the_label_tell_where_the_return_is(self):
        request = self._return(self._sent(), 1)
        self.env.flush_all()
        request.action_get_label()
        self._reread()
        number = request.label_ids.tracking_number
        at = fields.Datetime.now()

        def scan(state):
            event = TrackingEvent(at=at, state=state, code=state, text=state, location="")
            self.env["oms.tracking.event"]._receive(self.table, [TrackingUpdate(number, events=(event,))])

        before = request.expected_at
        scan("in_transit")
        self.assertEqual(request.tracking_state, "in_transit")
        self.assertLess(request.expected_at, before)
        with self.assertRaisesRegex(UserError, "no label that could be given back"):
            request.action_void_label()

    def test_a_carrier_that_does_not_come_to_that_country_is_told(self):
        self.table.country_ids = [Command.set(self.env.ref("base.fr").ids)]
        request = self._return(self._sent(), 1)
        request.partner_id.country_id = self.env.ref("base.us")
        self._fails(UserError, "do not fetch parcels in United States", request.action_get_label)
        self.assertFalse(request._get_customer_label())

    def test_without_a_carrier_that_takes_parcels_back_it_is_said_what_to_do(self):
        request = self._return(self._shipped(("STD", 1)), 1)
        self._fails(UserError, "Choose a carrier of returns in the settings", request.action_get_label)
        self.company.oms_return_carrier_id = self.table
        request.partner_id.phone = "+33 6 12 34 56 78"
        self.env.flush_all()
        request.action_get_label()
        self._reread()
        self.assertEqual(request.label_ids.carrier_id, self.table)
