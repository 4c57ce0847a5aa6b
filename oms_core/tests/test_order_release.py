from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time
from odoo.tests.common import new_test_user
from odoo.tools import mute_logger

from .common import MOMENT, OmsCommon

NOW = "2026-03-02 10:00:00"


class TestRelease(OmsCommon):
    """ORD-02, ORD-03, FUL-10: an order is checked when it comes, and released when its customer's time for changes is over."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel.edit_window_minutes = 30
        cls.clerk = cls._create_user("clerk", "oms_core.group_oms_user,stock.group_stock_user")

    def _run_job(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_release").method_direct_trigger()
        self.env.invalidate_all()

    @freeze_time(NOW)
    def test_a_clean_order_waits_for_second_thoughts_and_then_goes_on_by_itself(self):
        order = self._order(("STD", 1))
        job = self.env.ref("oms_core.cron_release")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)])
        self.assertIn(datetime(2026, 3, 2, 10, 30), triggers.mapped("call_at"))
        self.assertEqual((order.state, order.oms_release_at), ("draft", datetime(2026, 3, 2, 10, 30)))
        self.assertIn("may change it until", order.oms_explanation)
        self.env["sale.order"].search(self.env["sale.order"]._oms_release_domain())._oms_release_each()
        self.assertEqual(order.state, "draft")
        with freeze_time("2026-03-02 10:31:00"):
            self._run_job()
        self.assertEqual((order.state, order.oms_status), ("sale", "sourced"))
        self.assertTrue(order.oms_confirmed_at)
        self.assertFalse(order.oms_touched, "no hand touched it")

    @freeze_time(NOW)
    def test_an_express_order_does_not_wait(self):
        self.channel.promise_ids = [
            Command.create({"delivery_method": "express", "ship_hours": 2, "release_at_once": True})
        ]
        order = self._order(("STD", 1), delivery_method="express")
        self.assertEqual((order.state, order.oms_release_at), ("sale", False))

    @freeze_time(NOW)
    def test_an_order_that_comes_after_its_window_does_not_wait(self):
        self.assertEqual(self._order(("STD", 1), ordered_at=MOMENT - timedelta(hours=1)).state, "sale")

    @freeze_time(NOW)
    def test_a_clerk_releases_early_and_that_is_a_touch(self):
        order = self._order(("STD", 1))
        order.with_user(self.clerk).action_oms_release_now()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.oms_touched, f"{self.clerk.name}: released it early")
        with self.assertRaises(UserError):
            order.with_user(self.clerk).action_oms_release_now()

    @freeze_time(NOW)
    def test_an_order_on_hold_is_not_released_by_its_time(self):
        order = self._order(("STD", 1))
        order.action_oms_hold()
        with freeze_time("2026-03-02 11:00:00"):
            self._run_job()
            self.assertEqual(order.state, "draft")
            with self.assertRaises(UserError):
                order.action_oms_release_now()
            order.oms_hold_ids.action_release()
        self.assertEqual(order.state, "sale")

    @freeze_time(NOW)
    def test_a_hold_that_is_released_early_leaves_the_window(self):
        order = self._order(("STD", 1))
        order.action_oms_hold()
        order.oms_hold_ids.action_release()
        self.assertEqual(order.state, "draft")

    @freeze_time(NOW)
    def test_one_that_cannot_go_on_is_held_with_the_reason_and_stops_no_other(self):
        bad, good = self._order(("STD", 1)), self._order(("STD", 1))
        original = type(bad)._action_confirm

        def fail(orders):
            if bad in orders:
                raise UserError("The carrier is on strike.")
            return original(orders)

        with (
            freeze_time("2026-03-02 11:00:00"),
            patch.object(type(bad), "_action_confirm", fail),
            mute_logger("odoo.addons.oms_core.alone"),
        ):
            self._run_job()
        self.assertEqual((bad.state, good.state), ("draft", "sale"))
        self.assertIn("The carrier is on strike.", bad.oms_hold_reason)

    def test_a_channel_that_does_not_release_waits_for_a_person(self):
        self.channel.auto_release = False
        order = self._order(("STD", 1))
        with freeze_time("2026-03-05 11:00:00"):
            self._run_job()
        self.assertEqual(order.state, "draft")


class TestTouch(OmsCommon):
    """ORD-03: an order went through without a touch, or says who did what to it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls._create_user("clerk", "oms_core.group_oms_user,stock.group_stock_user")

    def test_a_clean_order_is_shipped_without_a_touch(self):
        order = self._order(("STD", 1))
        self._ship(order)
        order._oms_book_each()
        self.assertFalse(order.oms_touched)

    def test_a_hold_released_by_a_person_is_a_touch(self):
        order = self._order(("STD", 1), status="on_hold", channel_status="waiting")
        order.oms_hold_ids.with_user(self.clerk).action_release()
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.oms_touched.count("\n"), 0, "the confirmation that followed is not another")
        self.assertIn("released “The channel keeps this order", order.oms_touched)

    def test_a_hold_that_the_channel_ends_is_none(self):
        doc = self._doc(status="on_hold", channel_status="waiting")
        order = self._apply(doc)[0][0]
        self.assertTrue(order.oms_on_hold)
        newer = {"status": "open", "channel_status": "open", "updated_at": MOMENT + timedelta(minutes=1)}
        self._apply(self._doc(**{n: getattr(doc, n) for n in ("external_id", "lines", "billing", "payments")}, **newer))
        self.assertEqual((order.state, order.oms_touched), ("sale", False))

    def test_what_a_person_changes_before_shipment_counts_and_after_it_does_not(self):
        order = self._order(("STD", 1))
        order.with_user(self.clerk).write({"oms_delivery_method": "express"})
        self.assertEqual(order.oms_touched, f"{self.clerk.name}: changed the order")
        other = self._order(("STD", 1))
        self._ship(other)
        other.with_user(self.clerk).write({"oms_delivery_method": "express"})
        self.assertFalse(other.oms_touched)

    def test_a_line_that_is_changed_outside_of_the_form_of_its_order_counts(self):
        changed, added, told = (self._order(("STD", 2), ("AVG", 1)) for _each in range(3))
        for order in changed | added:
            order.locked = False
        changed.order_line[0].with_user(self.clerk).discount = 10
        values = {"order_id": added.id, "product_id": self.product_fifo.id, "product_uom_qty": 1}
        self.env["sale.order.line"].with_user(self.clerk).create(values)
        self.channel.auto_release = False
        draft = self._order(("STD", 2), ("AVG", 1))
        draft.order_line[0].with_user(self.clerk).unlink()
        told.order_line[0].discount = 10  # by a job
        self.assertEqual(
            {one.oms_touched for one in changed | added | draft}, {f"{self.clerk.name}: changed the order"}
        )
        self.assertFalse(told.oms_touched)

    def test_what_customers_do_is_no_touch(self):
        customer = new_test_user(self.env, "customer", groups="base.group_portal")
        order = self._order(("STD", 1))
        order.with_user(customer)._oms_touch("asked a question")
        self.assertFalse(order.oms_touched)


class TestPromise(OmsCommon):
    """CAP-10, SHP-09, ORD-10: how the customer wants the goods, by when, and whether that will be kept."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar = cls.env["resource.calendar"].create(
            {
                "name": "Nine to five",
                "tz": "Europe/Paris",
                "company_id": cls.company.id,
                "attendance_ids": [Command.clear()]
                + [
                    Command.create({"name": str(day), "dayofweek": str(day), "hour_from": 9, "hour_to": 17})
                    for day in range(5)
                ],
            }
        )
        cls.warehouse.oms_calendar_id = cls.calendar
        cls.channel.promise_ids = [
            Command.create({"delivery_method": "ship", "ship_hours": 8, "deliver_hours": 48, "cut_off": 12}),
            Command.create({"delivery_method": "express", "ship_hours": 1}),
        ]

    def test_an_order_is_due_by_the_promise_of_its_method(self):
        order = self._order(("STD", 1))  # Monday, eleven o'clock in Paris
        self.assertEqual(order.oms_ship_by, datetime(2026, 3, 3, 10, 0))
        self.assertEqual(order.oms_deliver_by, datetime(2026, 3, 5, 10, 0))
        self.assertEqual(self._order(("STD", 1), delivery_method="express").oms_ship_by, datetime(2026, 3, 2, 11, 0))
        late = self._order(("STD", 1), ordered_at=datetime(2026, 3, 2, 11, 30, tzinfo=timezone.utc))
        self.assertEqual(late.oms_ship_by, datetime(2026, 3, 3, 16, 0), "after noon: the whole of the next day")

    def test_what_the_channel_promises_counts_more(self):
        told = datetime(2026, 3, 4, 8, 0, tzinfo=timezone.utc)
        order = self._order(("STD", 1), ship_by=told)
        self.assertEqual((order.oms_ship_by, order.oms_deliver_by), (datetime(2026, 3, 4, 8, 0), False))
        order.oms_delivery_method = "express"
        self.assertEqual(order.oms_ship_by, datetime(2026, 3, 4, 8, 0))

    def test_another_method_has_another_promise(self):
        order = self._order(("STD", 1))
        order.oms_delivery_method = "express"
        self.assertEqual((order.oms_ship_by, order.oms_deliver_by), (datetime(2026, 3, 2, 11, 0), False))

    def test_the_name_of_a_shipping_method_tells_the_way(self):
        self.channel.shipping_rule_ids = [
            Command.create({"text": "click & collect", "delivery_method": "pickup"}),
            Command.create({"text": "Express", "delivery_method": "express"}),
        ]
        names = {"DHL EXPRESS 12:00": "express", "Colissimo": "ship", "": "ship"}
        for name, method in names.items():
            self.assertEqual(self._order(("STD", 1), shipping_method=name).oms_delivery_method, method)
        told = self._order(("STD", 1), shipping_method="DHL Express", delivery_method="ship")
        self.assertEqual(told.oms_delivery_method, "ship")

    def test_an_order_that_is_fetched_needs_a_place_and_no_address(self):
        code = self.warehouse.code
        billing = self._address(street="", city="", zip="")
        order = self._order(("STD", 1), delivery_method="pickup", pickup_ref=code, billing=billing)
        self.assertEqual((order.oms_pickup_warehouse_id, self._holds(order)), (self.warehouse, []))
        lost = self._order(("STD", 1), delivery_method="pickup", pickup_ref="NOWHERE")
        self.assertEqual(self._holds(lost), ["address"])
        self.assertIn("“NOWHERE”", lost.oms_hold_reason)

    def test_lists_show_what_is_late_and_at_risk_the_most_urgent_first(self):
        orders = self.env["sale.order"]
        for hours in (30, 1, -5, 3, 0):
            due_at = datetime(2026, 3, 9, 12, tzinfo=timezone.utc) + timedelta(hours=hours)
            orders |= self._order(("STD", 1), ship_by=due_at)
        untold = self._order(("STD", 1), delivery_method="pickup", pickup_ref=self.warehouse.code)
        shipped = self._order(("STD", 1), ship_by=datetime(2026, 3, 9, 1, tzinfo=timezone.utc))
        self._ship(shipped)
        unpaid = self._order(("STD", 1), status="awaiting_payment", payments=(), ship_by=MOMENT)
        every = orders | untold | shipped | unpaid
        with freeze_time("2026-03-09 12:00:00"):
            every.invalidate_recordset()
            self.assertEqual(
                every.mapped("oms_service"),
                ["on_time", "at_risk", "late", "at_risk", "at_risk", "none", "none", "none"],
            )
            found = self.env["sale.order"].search(
                [("id", "in", every.ids), ("oms_service", "in", ("late", "at_risk"))], order="oms_due_at"
            )
            self.assertEqual(found, orders[2] | orders[4] | orders[1] | orders[3])
            self.assertEqual(found.mapped("oms_slack_hours"), [-5, 0, 1, 3])
            self.assertEqual(orders[2].oms_service_reason, orders[2].oms_service_reason.strip())
            self.assertIn("Should have left by", orders[2].oms_service_reason)
            groups = dict(self.env["sale.order"]._read_group([("id", "in", every.ids)], ["oms_service"], ["__count"]))
            self.assertEqual(groups, {"none": 3, "on_time": 1, "at_risk": 3, "late": 1})

    def test_a_parcel_that_is_expected_too_late_is_at_risk(self):
        order = self._order(("STD", 1), deliver_by=datetime(2026, 3, 12, 12, tzinfo=timezone.utc))
        self._ship(order)
        with freeze_time("2026-03-09 12:00:00"):
            self.assertEqual(order.oms_service, "none", "nobody tells where the parcel is")
            order.picking_ids.oms_tracking_state = "in_transit"
            self.assertEqual(order.oms_service, "on_time")
            order.picking_ids.oms_expected_at = datetime(2026, 3, 13, 12)
            self.assertEqual(order.oms_service, "at_risk")
            self.assertIn("the carrier expects", order.oms_service_reason)
            self.assertIn(order, self.env["sale.order"].search([("oms_service", "=", "at_risk")]))

    def test_a_broken_promise_is_told_once(self):
        """FUL-09: nothing is missed silently."""
        order = self._order(("STD", 1), ship_by=MOMENT, deliver_by=MOMENT + timedelta(days=2))
        told = []
        self.patch(type(order), "_oms_notify", lambda orders, event, pickings=None: told.append((event, orders)))
        with freeze_time("2026-03-03 12:00:00"), self.enter_registry_test_mode():
            job = self.env.ref("oms_core.cron_promises")
            job.method_direct_trigger()
            job.method_direct_trigger()
            self.env.invalidate_all()
        self.assertEqual([(event, orders) for event, orders in told if orders == order], [("delayed", order)])
        self.assertIn("Should have left", order.message_ids[0].body)
        self._ship(order).oms_tracking_state = "in_transit"
        with freeze_time("2026-03-05 12:00:00"):
            newly = self.env["sale.order"].search(self.env["sale.order"]._oms_newly_late())
            self.assertIn(order, newly, "the promise to the customer is another one")
