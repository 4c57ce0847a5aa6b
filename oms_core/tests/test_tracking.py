from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..carriers.base import TrackingEvent, TrackingUpdate
from .common_carriers import CarrierCommon

MORNING = datetime(2026, 11, 20, 8)


def scan(state, hours=0, **values):
    return TrackingEvent(MORNING + timedelta(hours=hours), state, **values)


class TestTracking(CarrierCommon):
    """SHP-04, SHP-05: what carriers tell about parcels becomes one state, whatever order it comes in."""

    def setUp(self):
        super().setUp()
        self.told = []
        orders = type(self.env["sale.order"])
        original = orders._oms_notify

        def notify(order, event, pickings=None):
            if event in ("out_for_delivery", "delivered", "delivery_problem"):
                self.told.append(event)
            return original(order, event, pickings)

        self.patch(orders, "_oms_notify", notify)
        self.arrived = []
        pickings = type(self.env["stock.picking"])
        on_delivered = pickings._oms_on_delivered

        def delivered(picking):
            self.arrived += picking.ids
            return on_delivered(picking)

        self.patch(pickings, "_oms_on_delivered", delivered)

    def _receive(self, number, *events, carrier=None, **values):
        Event = self.env["oms.tracking.event"]
        return Event._receive(carrier or self.table, [TrackingUpdate(number, events, **values)])

    def _labelled(self, **values):
        picking = self._delivery(self.table, **values)
        self._get_label(picking)
        return picking

    def test_scans_become_a_state_a_date_and_one_call_when_it_arrives(self):
        picking = self._labelled()
        number = picking.carrier_tracking_ref
        self._receive(number, scan("collected"), scan("out_for_delivery", 20))
        self.assertEqual((picking.oms_tracking_state, picking.oms_delivered_at), ("out_for_delivery", False))
        self._receive(number, scan("delivered", 26))
        self.assertEqual(
            (picking.oms_tracking_state, picking.oms_delivered_at), ("delivered", MORNING + timedelta(hours=26))
        )
        self.assertEqual((self.told, self.arrived), (["out_for_delivery", "delivered"], picking.ids))
        self.assertEqual(picking.oms_label_ids.tracking_state, "delivered")
        self.assertFalse(picking.oms_label_ids.next_track_at)

    def test_repeats_and_late_scans_change_nothing(self):
        picking = self._labelled()
        number = picking.carrier_tracking_ref
        events = (scan("collected"), scan("delivered", 26))
        for _again in range(3):
            self._receive(number, *events)
        self._receive(number, scan("in_transit", 10))
        self.assertEqual((len(picking.oms_event_ids), picking.oms_tracking_state), (3, "delivered"))
        self.assertEqual((self.told, self.arrived), (["delivered"], picking.ids))

    def test_a_late_scan_takes_back_no_date_that_a_person_noted(self):
        picking = self._labelled()
        noted = MORNING + timedelta(hours=5)
        picking.oms_delivered_at = noted
        self._receive(picking.carrier_tracking_ref, scan("in_transit", 2))
        self.assertEqual((picking.oms_tracking_state, picking.oms_delivered_at), ("in_transit", noted))
        self._receive(picking.carrier_tracking_ref, scan("delivered", 4))
        self.assertEqual(picking.oms_delivered_at, MORNING + timedelta(hours=4))
        self._receive(picking.carrier_tracking_ref, scan("returning", 9))
        self.assertFalse(picking.oms_delivered_at)

    def test_a_problem_is_told_once(self):
        picking = self._labelled()
        number = picking.carrier_tracking_ref
        self._receive(number, scan("exception"))
        self._receive(number, scan("in_transit", 2))
        self._receive(number, scan("exception", 4))
        self.assertEqual((picking.oms_tracking_state, self.told), ("exception", ["delivery_problem"]))

    def test_scans_of_an_unknown_parcel_wait_for_its_number(self):
        picking = self._delivery(self.table)
        from ..carriers.table import number_of

        database = self.env["ir.config_parameter"].sudo().get_param("database.uuid")[:8]
        number = number_of(f"OMS-{database}-{picking.id}-0-O1")
        self._receive(number, scan("collected"))
        event = self.env["oms.tracking.event"].search([("tracking_number", "=", number)])
        self.assertFalse(event.picking_id)
        self._get_label(picking)
        self.assertEqual((event.picking_id, picking.oms_tracking_state), (picking, "collected"))

    def test_a_number_that_somebody_typed_is_known_too(self):
        picking = self._delivery(self.table)
        picking.carrier_tracking_ref = "TYPED1"
        self._receive("TYPED1", scan("collected"))
        self.assertEqual(picking.oms_tracking_state, "collected")

    def test_a_delivery_of_two_parcels_arrives_with_the_second(self):
        picking = self._delivery(self.table, ("STD", 1, "20.00", 20), ("AVG", 1, "20.00", 20))
        for line in picking.move_line_ids:
            line.result_package_id = self.env["stock.package"].create({"name": f"BOX-{line.id}"})
        self.env.flush_all()
        self._get_label(picking)
        first, second = picking.carrier_tracking_ref.split(",")
        self._receive(first, scan("delivered"))
        self.assertEqual((picking.oms_tracking_state, self.arrived), ("in_transit", []))
        self._receive(second, scan("delivered", 5))
        self.assertEqual((picking.oms_tracking_state, self.arrived), ("delivered", picking.ids))

    def test_the_way_back_does_not_move_the_way_there(self):
        self.table.return_label_on_delivery = True
        picking = self._labelled()
        back = picking.oms_label_ids.filtered(lambda label: label.purpose == "return")
        self._receive(back.tracking_number, scan("collected"))
        self.assertFalse(picking.oms_tracking_state)
        self.assertEqual(back.tracking_state, "collected")

    def test_a_scan_is_never_changed(self):
        picking = self._labelled()
        self._receive(picking.carrier_tracking_ref, scan("collected"))
        with self.assertRaisesRegex(UserError, "as the carrier told it"):
            picking.oms_event_ids.sudo().state = "delivered"
        with self.assertRaisesRegex(UserError, "it stays"):
            picking.oms_event_ids.sudo().unlink()

    def test_a_date_that_the_carrier_expects_counts(self):
        picking = self._labelled()
        self.assertTrue(picking.oms_expected_at)
        self._receive(picking.carrier_tracking_ref, scan("collected"), expected_at=MORNING + timedelta(days=3))
        self.assertEqual(picking.oms_expected_at, MORNING + timedelta(days=3))

    def test_late_is_said_before_it_is_late(self):
        """SHP-08"""
        picking = self._labelled()
        picking.sale_id.oms_deliver_by = fields.Datetime.now() + timedelta(days=5)
        number = picking.carrier_tracking_ref
        self._receive(number, scan("collected"), expected_at=fields.Datetime.now() + timedelta(days=6))
        self.assertIn("promised for", picking.oms_predicted_late)
        found = self.env["stock.picking"].search(
            [("oms_predicted_late", "!=", False), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(found, picking)
        self._receive(number, scan("in_transit", 2), expected_at=fields.Datetime.now() + timedelta(days=4))
        self.assertFalse(picking.oms_predicted_late)

    def test_the_hourly_job_sees_what_stands_still(self):
        picking = self._delivery(self.table)
        self.table.oms_transit_days = 4
        picking.sale_id.oms_deliver_by = fields.Datetime.now() + timedelta(days=1)
        self.env["stock.picking"]._cron_oms_predict_late()
        self.assertIn("Not handed over yet", picking.oms_predicted_late)

    def test_a_parcel_more_costs_at_most_two_queries_more(self):
        pickings = [self._labelled() for _number in range(6)]
        Event = self.env["oms.tracking.event"]

        def cost(some, hours):
            updates = [TrackingUpdate(p.carrier_tracking_ref, (scan("in_transit", hours),)) for p in some]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            Event._receive(self.table, updates)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost(pickings[:1], 0)
        few, many = cost(pickings[:1], 1), cost(pickings, 2)
        self.assertLessEqual(many - few, 2 * 5, f"{few} queries for one parcel, {many} for six")


class TestPolling(CarrierCommon):
    """SHP-04: parcels are asked for in batches, and a carrier that is down is asked again later."""

    def setUp(self):
        super().setUp()
        self.server = self._server()
        self.carrier = self._easyparcel(self.server)

    def _poll(self):
        self.env["oms.shipment.label"]._cron_track()
        self.env.flush_all()

    def _labelled(self):
        picking = self._delivery(self.carrier)
        label = self._get_label(picking)
        return picking, label

    def test_the_job_asks_for_what_is_open_and_stops_when_it_has_arrived(self):
        picking, label = self._labelled()
        self.server.scan(label.carrier_ref, "8", "4", "2026-11-21 09:00:00", "Out", "Paris")
        self._poll()
        self.assertEqual((picking.oms_tracking_state, picking.oms_event_ids.location), ("out_for_delivery", "Paris"))
        self.assertGreater(label.next_track_at, fields.Datetime.now())
        asked = len(self.server.requests)
        self._poll()
        self.assertEqual(len(self.server.requests), asked)
        self.server.scan(label.carrier_ref, "9", "5", "2026-11-21 12:00:00")
        label.next_track_at = fields.Datetime.now()
        self._poll()
        self.assertEqual((picking.oms_tracking_state, label.next_track_at), ("delivered", False))

    def test_all_parcels_of_a_carrier_are_one_question(self):
        for _number in range(3):
            self._labelled()
        before = len(self.server.requests)
        self._poll()
        self.assertEqual([entry[1] for entry in self.server.requests[before:]], ["shipment/tracking_status"])

    def test_a_carrier_that_is_down_is_asked_again_later_and_later(self):
        _picking, label = self._labelled()
        for delay in (600, 1800):
            label.next_track_at = fields.Datetime.now()
            self.server.fail_next("down", path="tracking")
            now = fields.Datetime.now()
            self._poll()
            self.assertGreaterEqual(label.next_track_at, now + timedelta(seconds=delay))
        self.assertIn("is down", label.error)
        label.next_track_at = fields.Datetime.now()
        self._poll()
        self.assertEqual(label.track_attempts, 0)

    def test_a_mistake_of_ours_with_one_carrier_does_not_stop_the_others(self):
        _picking, label = self._labelled()
        with (
            patch.object(type(self.env["oms.tracking.event"]), "_receive", side_effect=ValueError("oops")),
            mute_logger("odoo.addons.oms_core.models.stock_picking_tracking"),
        ):
            self._poll()
        self.assertEqual((label.track_attempts, label.error), (1, "oops"))

    def test_one_shipment_that_the_carrier_forgot_holds_up_no_other(self):
        self.server.late_awb = True
        _lost, forgotten = self._labelled()
        self.server.late_awb = False
        picking, label = self._labelled()
        self.server.shipments.pop(forgotten.carrier_ref)
        self.server.scan(label.carrier_ref, "8", "4", "2026-11-21 09:00:00", "Out", "Paris")
        self._poll()
        self._reread()
        self.assertEqual((picking.oms_tracking_state, label.track_attempts), ("out_for_delivery", 0))
        self.assertEqual(forgotten.track_attempts, 1)

    def test_the_label_of_a_delivery_that_was_called_off_is_given_back(self):
        """SHP-01: else a parcel would be paid that nobody sends."""
        picking, label = self._labelled()
        picking.action_cancel()
        self._poll()
        self._reread()
        self.assertEqual(label.state, "cancelled")

    def test_a_label_that_the_carrier_keeps_is_somebodys_task_once(self):
        picking, label = self._labelled()
        self.server.scan(label.carrier_ref, "4", "3", "2026-11-20 10:00:00")
        picking.action_cancel()
        for _attempt in range(2):
            self._poll()
        self._reread()
        self.assertEqual((label.state, len(picking.activity_ids)), ("bought", 1))
        self.assertIn("not taken back", picking.activity_ids.summary)

    def test_a_parcel_that_had_no_number_gets_it(self):
        self.server.late_awb = True
        picking, label = self._labelled()
        self.server.assign_awb(label.carrier_ref)
        self._poll()
        self._reread()
        self.assertEqual((picking.carrier_tracking_ref, label.tracking_number), ("AWB00001", "AWB00001"))


@tagged("post_install", "-at_install")
class TestCarrierWebhook(HttpCase):
    """SHP-04: deliveries that nobody signs are hints, and nothing more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env.ref("base.main_company")
        product = cls.env["product.product"].create({"name": "Delivery", "type": "service"})
        cls.carrier = cls.env["delivery.carrier"].create(
            {"name": "EP", "delivery_type": "oms_easyparcel", "product_id": product.id, "company_id": company.id}
        )
        cls.label = cls.env["oms.shipment.label"].create(
            {
                "key": "test-webhook",
                "picking_id": 1,
                "carrier_id": cls.carrier.id,
                "company_id": company.id,
                "state": "bought",
                "carrier_ref": "ES-2611-00001",
                "tracking_number": "AWB1",
            }
        )

    def _send(self, token, body):
        return self.url_open(f"/oms/carrier/{token}", data=body, headers={"Content-Type": "application/json"})

    def test_a_delivery_only_makes_us_look(self):
        body = b'{"shipment_number": "ES-2611-00001", "latest_shipment_status_code": "5"}'
        self.assertEqual(self._send(self.carrier.oms_webhook_token, body).status_code, 200)
        self.label.invalidate_recordset()
        self.assertTrue(self.label.next_track_at)
        self.assertFalse(self.label.tracking_state)

    def test_nonsense_is_taken_and_an_unknown_address_is_not(self):
        self.assertEqual(self._send(self.carrier.oms_webhook_token, b"\xff{{{").status_code, 200)
        self.assertEqual(self._send("x" * 43, b"{}").status_code, 404)
        self.assertEqual(self._send("short", b"{}").status_code, 404)
        self.assertEqual(self._send(self.carrier.oms_webhook_token, b"x" * 300_000).status_code, 413)
        self.label.invalidate_recordset()
        self.assertFalse(self.label.next_track_at)
