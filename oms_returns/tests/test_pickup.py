"""RET-10: a driver fetches what comes back."""

from datetime import date, datetime
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from odoo.addons.oms_core.tests.common_carriers import CarrierCommon

from .test_inspection import InspectionCommon
from .test_portal_return import ReturnPages

FRIDAY = datetime(2026, 11, 20, 10)
MONDAY = date(2026, 11, 23)
DAYS = [MONDAY, date(2026, 11, 24), date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)]


class PickupCommon(InspectionCommon, CarrierCommon):
    def setUp(self):
        super().setUp()
        self.patch(fields.Datetime, "now", lambda: FRIDAY)
        self.company.oms_return_carrier_id = self.table

    def _to_fetch(self, **values):
        """A return that a driver is to fetch, authorized."""
        order = self._shipped(("STD", 2))
        order.partner_shipping_id.phone = "+33 6 12 34 56 78"
        request = self._return(order, 1, authorize=False)
        request.write({"way": "pickup", **values})
        request.action_authorize()
        self.env.flush_all()
        return request

    def _work(self):
        """The job has its turn; what another connection wrote is read anew."""
        self.env["oms.return"]._cron_pickups()
        self._reread()

    def _tasks(self, request):
        return request.picking_ids.activity_ids.mapped("summary")


@tagged("post_install", "-at_install")
class TestPickup(PickupCommon):
    """RET-10: a day on which somebody drives, booked once, and called off with the return."""

    # ---------------------------------------------------------------------------------------------------------- DAYS

    def test_nobody_is_offered_a_driver_where_none_fetches(self):
        order = self._shipped(("STD", 1))
        self.assertNotIn("pickup", dict(order._oms_get_return_ways()))
        self.table.oms_fetches_returns = True
        self.assertIn("pickup", dict(order._oms_get_return_ways()))
        self.table.country_ids = [Command.set(self.env.ref("base.us").ids)]
        self.assertNotIn("pickup", dict(order._oms_get_return_ways()), "it does not drive there")

    def test_the_next_days_are_those_on_which_the_carrier_drives_and_the_place_is_open(self):
        self.table.oms_fetches_returns = True
        order = self._shipped(("STD", 1))
        self.assertEqual(order._oms_get_return_pickup_days(), DAYS, "not today, and not at the weekend")
        calendar = self.company.resource_calendar_id.copy({"tz": "Europe/Paris"})
        calendar.attendance_ids.filtered(lambda row: row.dayofweek == "2").unlink()
        self.env["resource.calendar.leaves"].create(
            {
                "calendar_id": calendar.id,
                "date_from": datetime(2026, 11, 22, 23),
                "date_to": datetime(2026, 11, 23, 22, 59),
            }
        )
        self.warehouse.oms_calendar_id = calendar
        days = order._oms_get_return_pickup_days()
        self.assertEqual([day.day for day in days], [24, 26, 27, 30, 1], "neither the holiday nor any Wednesday")

    def test_a_clerk_is_proposed_the_first_day_and_told_the_others(self):
        self.table.oms_fetches_returns = True
        request = self._return(self._shipped(("STD", 2)), 1, authorize=False)
        with Form(request) as form:
            form.way = "pickup"
            self.assertEqual(form.pickup_on, MONDAY)
            form.pickup_on = date(2026, 11, 22)
        with self.assertRaisesRegex(UserError, "cannot be fetched on 11/22/2026. Choose one of these days: 11/23/2026"):
            request.action_authorize()
        request.pickup_on = DAYS[1]
        request.action_authorize()
        self.assertEqual((request.state, request.expected_at.date()), ("open", date(2026, 11, 27)))

    def test_without_anybody_who_fetches_it_is_said_what_to_do(self):
        request = self._return(self._shipped(("STD", 1)), 1, authorize=False)
        request.way = "pickup"
        with self.assertRaisesRegex(UserError, "Choose another way back"):
            request.action_authorize()

    # ------------------------------------------------------------------------------------------------------- BY HAND

    def test_where_the_carrier_cannot_be_asked_the_warehouse_books_and_says_so(self):
        self.table.oms_fetches_returns = True
        request = self._to_fetch()
        self.assertEqual(request.pickup_state, "to_book")
        self._work()
        self.assertEqual((request.pickup_state, self._tasks(request)), ("by_hand", ["Book a driver"]))
        task = request.picking_ids.activity_ids
        for words in ("Book a driver of Own van for 11/23/2026", request.name, "Driver Booked", "cannot be asked"):
            self.assertIn(words, task.note)
        self.assertEqual(request.label_ids.carrier_id, self.table, "the driver has a label to scan")
        self._work()
        self.assertEqual(len(request.picking_ids.activity_ids), 1)
        request.action_driver_booked()
        self.assertEqual((request.pickup_state, self._tasks(request)), ("booked", []))
        with self.assertRaises(ValidationError) as refused:
            request.way = "mail"
        self.assertIn("Call the driver off", str(refused.exception))
        request.action_cancel()
        self._work()
        self.assertEqual((request.pickup_state, self._tasks(request)), (False, ["Call off the driver"]))
        self.assertIn("comes on 11/23/2026", request.picking_ids.activity_ids.note)

    def test_a_clerk_chooses_books_and_calls_off_with_no_right_but_that(self):
        self.table.oms_fetches_returns = True
        self.warehouse.oms_calendar_id = self.company.resource_calendar_id.copy({"tz": "Europe/Paris"})
        order = self._shipped(("STD", 1))
        order.partner_shipping_id.phone = "+33 6 12 34 56 78"
        clerk = self._create_user("pickup_clerk", "oms_core.group_oms_user")
        request = self._return(order, 1, authorize=False).with_user(clerk)
        self._reread()
        with Form(request) as form:
            form.way = "pickup"
        self.assertEqual(request.pickup_on, MONDAY)
        request.action_authorize()
        self.env.flush_all()
        self._work()
        request.action_book_driver()
        self._reread()
        request.action_driver_booked()
        self.assertEqual(request.pickup_state, "booked")
        request.action_call_off_driver()
        self.assertEqual(request.pickup_state, "to_call_off")

    def test_what_was_never_booked_is_just_forgotten_when_it_is_cancelled(self):
        self.table.oms_fetches_returns = True
        request = self._to_fetch()
        self._work()
        request.action_cancel()
        self._work()
        self.assertEqual((request.pickup_state, self._tasks(request)), (False, []))

    def test_what_has_come_in_keeps_its_driver_and_what_the_customer_keeps_has_none(self):
        self.table.oms_fetches_returns = True
        request = self._to_fetch()
        self._work()
        request.action_driver_booked()
        request.action_receive()
        request.action_refund()
        request.action_close()
        self.assertEqual((request.state, request.pickup_state), ("closed", "booked"))
        kept = self._return(self._shipped(("STD", 1)), 1, authorize=False)
        kept.write({"way": "pickup", "kind": "claim"})
        kept.line_ids.expects_goods = False
        kept.line_ids.comment = "Broken"
        kept.action_authorize()
        self.assertFalse(kept.pickup_state)


@tagged("post_install", "-at_install")
class TestPickupBooked(PickupCommon):
    """RET-10: a carrier that can be asked for a driver, by its real interface."""

    def setUp(self):
        super().setUp()
        self.server = self._server()
        self.company.oms_return_carrier_id = self._easyparcel(self.server, oms_fetches_returns=True)

    def _booked(self):
        return [row for row in self.server.shipments.values() if not row.get("cancelled")]

    def test_the_driver_is_booked_once_for_that_day_and_called_off_with_the_return(self):
        request = self._to_fetch(pickup_on=DAYS[2])
        self.assertFalse(self.server.shipments, "nothing is bought before it is committed")
        self._work()
        self._work()
        self.assertEqual(request.pickup_state, "booked")
        [(_method, _path, body)] = [row for row in self.server.requests if "submit_orders" in row[1]]
        self.assertEqual(body["shipment"][0]["collection_date"], "2026-11-25")
        self.assertEqual(body["shipment"][0]["receiver"]["city"], self.warehouse.partner_id.city or "")
        self.assertIn("A driver of EasyParcel comes on 11/25/2026.", "".join(request.message_ids.mapped("body")))
        self.assertEqual(request._get_customer_label(), request.label_ids.attachment_id)
        request.action_cancel()
        self.assertEqual(request.pickup_state, "to_call_off")
        self._work()
        self.assertFalse(request.pickup_state)
        self.assertEqual((request.label_count, self.server.wallet), (0, 100))

    def test_a_driver_is_called_off_and_another_one_booked_for_another_day(self):
        request = self._to_fetch()
        self._work()
        request.action_call_off_driver()
        self._work()
        self.assertEqual((request.state, request.pickup_state), ("open", False))
        request.pickup_on = DAYS[3]
        request.action_book_driver()
        self._reread()
        self.assertEqual(request.pickup_state, "booked")
        days = [body["shipment"][0]["collection_date"] for _m, path, body in self.server.requests if "submit" in path]
        self.assertEqual(days, ["2026-11-23", "2026-11-26"])

    def test_what_the_carrier_says_stands_in_the_task_and_the_button_tries_again(self):
        self.server.fail_next("reject", path="submit_orders", message="No driver in this street")
        request = self._to_fetch()
        self._work()
        self.assertEqual(request.pickup_state, "by_hand")
        self.assertIn("No driver in this street", request.picking_ids.activity_ids.note)
        request.action_book_driver()
        self._reread()
        self.assertEqual((request.pickup_state, self._tasks(request)), ("booked", []))

    def test_a_day_that_has_passed_before_the_job_came_is_for_a_person(self):
        request = self._to_fetch()
        with patch.object(fields.Datetime, "now", lambda: datetime(2026, 11, 23, 8)):
            self._work()
        self.assertEqual(request.pickup_state, "by_hand")
        self.assertFalse(self.server.shipments)

    def test_a_driver_whom_the_carrier_does_not_call_off_is_for_a_person(self):
        request = self._to_fetch()
        self._work()
        self.server.fail_next("reject", path="shipment/cancel", message="The driver is on the way")
        request.action_cancel()
        self._work()
        self.assertEqual((request.pickup_state, self._tasks(request)), (False, ["Call off the driver"]))
        self.assertIn("The driver is on the way", request.picking_ids.activity_ids.note)


@tagged("post_install", "-at_install")
class TestPickupPages(ReturnPages):
    """RET-10, RET-18: the customer chooses the day on which a carrier comes, though it is only Odoo's own."""

    def setUp(self):
        super().setUp()
        product = self.env["product.product"].create(
            {"name": "Driver", "type": "service", "taxes_id": [Command.clear()], "company_id": self.company.id}
        )
        self.company.oms_return_carrier_id = self.env["delivery.carrier"].create(
            {
                "name": "Courier",
                "product_id": product.id,
                "company_id": self.company.id,
                "oms_fetches_returns": True,
            }
        )

    def test_a_customer_chooses_a_day_and_is_told_it_on_the_page_and_in_the_mail(self):
        days = self.order._oms_get_return_pickup_days()
        path = self._link()
        page = self._get(path).text
        self.assertIn("When may a driver come", page)
        self.assertEqual(page.count('<option value="20'), len(days))
        for wrong in ("", "2026-02-30", "2020-01-01", "<b>"):
            self.assertIn("Choose one of the days", self._check(path, **self._wish(way="pickup", pickup_on=wrong)).text)
        wish = self._wish(way="pickup", pickup_on=days[1].isoformat())
        self.assertRegex(self._check(path, **wish).text, rf"Picked up.*{days[1]:%A}, {days[1].day} {days[1]:%B}")
        self._ask(path, **wish)
        [request] = self._returns()
        self.assertEqual((request.way, request.pickup_on), ("pickup", days[1]))
        if request.state == "draft":
            request.action_authorize()
        here = self._link(path=f"/returns/{request.id}")
        words = f"on {days[1]:%A}, {days[1].day} {days[1]:%B} where it was delivered"
        page = self._get(here).text
        self.assertIn(f"A driver is to fetch it {words}", page)
        request.pickup_state = "booked"
        self.assertIn(f"A driver fetches it {words}", self._get(here).text)
        told = self.order.sudo().oms_notification_ids.filtered(lambda row: row.event == "return_authorized")
        told._send()
        self.assertIn(words, told.message_id.body)
        self._post(f"{here}/cancel", self._get(here).text)
        self.assertEqual((request.state, request.pickup_state), ("cancelled", "to_call_off"))
