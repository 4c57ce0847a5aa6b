from datetime import date, datetime, timedelta

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time

from odoo.addons.oms_core.domain.pickup import CODE_LOCK_MINUTES, CODE_TRIES_MAX
from odoo.addons.oms_core.tests.common import OmsCommon


class PickupCommon(OmsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.store = cls.env["stock.warehouse"].create(
            {
                "name": "Store Lille",
                "code": "SLI",
                "company_id": cls.company.id,
                "oms_node_type": "store",
                "sequence": 5,
            }
        )
        for product in cls.product_standard | cls.product_average:
            cls._stock(product, cls.store, 10)
        cls.associate = cls._create_user("associate", "oms_core.group_oms_store")
        cls.store.oms_user_ids = cls.associate
        cls.channel.auto_release = False

    def setUp(self):
        super().setUp()
        self.told = []
        told = self.told

        def notify(orders, event, pickings=None, key=None, **_details):
            if event not in ("received", "confirmed", "cancelled"):
                told.append((event, pickings))
            return orders.env["oms.notification"]

        self.patch(type(self.env["sale.order"]), "_oms_notify", notify)

    def _pickup_order(self, *lines, method="pickup", **values):
        order = self._order(*(lines or [("STD", 1)]), **values)
        order.write({"oms_delivery_method": method, "oms_pickup_warehouse_id": self.store.id})
        order.action_confirm()
        return order

    def _ready(self, *lines, **values):
        order = self._pickup_order(*lines, **values)
        order.picking_ids.with_user(self.associate).action_oms_ready()
        return order.picking_ids

    def _wizard(self, picking, **values):
        action = picking.with_user(self.associate).action_oms_hand_over()
        wizard = self.env["oms.hand.over"].with_user(self.associate).browse(action["res_id"])
        wizard.write(values)
        return wizard

    def _free(self, product):
        return product.with_context(warehouse_id=self.store.id).free_qty


class TestPickup(PickupCommon):
    """FUL-03, PAY-03: the customer comes for the goods; he gets them, and nobody else does."""

    def test_a_pickup_comes_from_the_store_that_the_customer_chose(self):
        picking = self._pickup_order(("STD", 2)).picking_ids
        self.assertEqual(picking.picking_type_id.warehouse_id, self.store)
        self.assertEqual((picking.state, picking.oms_is_collected), ("assigned", True))

    def test_ready_is_told_once_and_kept_for_the_days_that_the_store_is_open(self):
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Closed on Sundays",
                "tz": "Europe/Paris",
                "company_id": self.company.id,
                "attendance_ids": [
                    Command.clear(),
                    *(
                        Command.create({"name": str(day), "dayofweek": str(day), "hour_from": 9, "hour_to": 19})
                        for day in range(6)
                    ),
                ],
            }
        )
        self.store.write({"oms_calendar_id": calendar.id, "oms_pickup_days": 2})
        with freeze_time("2026-12-05 11:00:00"):  # a Saturday
            picking = self._ready()
            self.assertEqual(picking.oms_pickup_by, date(2026, 12, 8))
            picking.with_user(self.associate).action_oms_ready()
            self.assertEqual([event for event, _pickings in self.told], ["ready_for_pickup"])
            self.store.oms_calendar_id = False
            self.assertEqual(self.store._oms_get_pickup_by(datetime(2026, 12, 5, 11)), date(2026, 12, 7))
            self.store.oms_calendar_id = calendar
            self.env["resource.calendar.leaves"].create(
                {
                    "name": "Stocktaking",
                    "calendar_id": calendar.id,
                    "date_from": datetime(2026, 12, 6, 23),
                    "date_to": datetime(2026, 12, 7, 22, 59),
                    "company_id": self.company.id,
                }
            )
            self.assertEqual(self.store._oms_get_pickup_by(datetime(2026, 12, 5, 11)), date(2026, 12, 9))

    def test_what_is_not_complete_is_not_ready(self):
        order = self._pickup_order(("STD", 99))
        with self.assertRaisesRegex(UserError, "not complete"):
            order.picking_ids.action_oms_ready()
        self.assertFalse(order.picking_ids.oms_ready_at or self.told)

    def test_goods_are_handed_over_to_whoever_knows_the_code(self):
        picking = self._ready(("STD", 2))
        code = picking._oms_get_pickup_code()
        result = self._wizard(picking, code=f" {code[:3].lower()}-{code[3:]} ").action_hand_over()
        self.assertEqual(result["type"], "ir.actions.act_window_close")
        self.assertEqual((picking.state, picking.oms_handed_by_id), ("done", self.associate))
        self.assertTrue(picking.oms_collected_at and picking.oms_delivered_at)
        self.assertEqual(self.told[-1], ("collected", picking))
        self.assertEqual(picking.sale_id.oms_status, "collected")
        self.assertEqual(self._holds(picking.sale_id), [])

    def test_what_odoo_asks_about_first_is_not_handed_over(self):
        """A lot that is over its date: Odoo answers with a dialog, and the goods stay where they are."""
        picking = self._ready()
        wizard = self._wizard(picking, code=picking._oms_get_pickup_code())
        asks = {
            "type": "ir.actions.act_window",
            "name": "Confirm expired lot",
            "res_model": "expiry.picking.confirmation",
        }
        self.patch(type(picking), "_pre_action_done_hook", lambda pickings: asks)
        with self.assertRaisesRegex(UserError, "Confirm expired lot"), self.env.cr.savepoint():
            wizard.action_hand_over()
        self.assertEqual(picking.state, "assigned")
        self.assertFalse(picking.oms_collected_at or picking.oms_delivered_at)
        self.assertNotIn("collected", [event for event, _pickings in self.told])

    def test_no_associate_can_read_the_code(self):
        picking = self._ready()
        self.assertNotIn("oms_pickup_code", picking.with_user(self.associate).fields_get())
        self.assertEqual(len(picking._oms_get_pickup_code()), 6)
        self.assertEqual(picking._oms_get_pickup_code(), picking._oms_get_pickup_code())

    def test_a_wrong_code_is_counted_and_locks_after_some(self):
        picking = self._ready()
        for attempt in range(CODE_TRIES_MAX):
            wizard = self._wizard(picking, code=f"AAAA{attempt}")
            self.assertEqual(wizard.action_hand_over()["res_id"], wizard.id)
        self.assertIn("Too many", wizard.message)
        wizard.code = picking._oms_get_pickup_code()
        wizard.action_hand_over()
        self.assertEqual(picking.state, "assigned")
        with freeze_time(datetime.now() + timedelta(minutes=CODE_LOCK_MINUTES + 1)):
            wizard.code = picking._oms_get_pickup_code()
            wizard.action_hand_over()
        self.assertEqual(picking.state, "done")

    def test_without_a_code_an_identity_check_will_do_and_is_noted(self):
        picking = self._ready()
        self._wizard(picking, id_checked=True).action_hand_over()
        self.assertEqual(picking.state, "done")
        self.assertIn("checked the identity", str(picking.message_ids.mapped("body")))

    def test_validating_a_pickup_asks_for_the_code(self):
        picking = self._ready()
        self.assertEqual(picking.button_validate()["res_model"], "oms.hand.over")
        self.assertEqual(picking.state, "assigned")

    def test_what_the_customer_refuses_goes_back_to_the_shelf(self):
        picking = self._ready(("STD", 2), ("AVG", 1))
        free = self._free(self.product_average)
        wizard = self._wizard(picking, id_checked=True)
        wizard.line_ids.filtered(lambda line: line.product_id == self.product_average).quantity = 0
        wizard.action_hand_over()
        self.assertEqual(picking.state, "done")
        self.assertEqual(self._free(self.product_average), free + 1)
        self.assertEqual(self._holds(picking.sale_id), ["refund"])
        self.assertFalse(picking.sale_id.picking_ids - picking)

    def test_two_deliveries_have_two_codes_and_nothing_is_handed_over_twice(self):
        picking, other = self._ready(), self._ready()
        self.assertNotEqual(picking._oms_get_pickup_code(), other._oms_get_pickup_code())
        wizard = self._wizard(picking, code=other._oms_get_pickup_code())
        wizard.action_hand_over()
        self.assertEqual(picking.state, "assigned")
        wizard.code = picking._oms_get_pickup_code()
        wizard.action_hand_over()
        with self.assertRaisesRegex(UserError, "finished already"):
            wizard.action_hand_over()

    def test_a_pickup_that_its_store_rejects_waits_in_a_queue_of_its_own(self):
        """Complaint 27: it must not be sent from elsewhere."""
        order = self._pickup_order(("STD", 2))
        order.picking_ids.action_cancel()
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn("Offer another store", order.oms_hold_reason)
        self.assertEqual(order.picking_ids.mapped("state"), ["cancel"])


class TestNoShow(PickupCommon):
    """FUL-03: goods that nobody comes for do not stand there for ever."""

    def test_reminders_come_once_and_then_the_goods_go_back(self):
        self.store.write({"oms_pickup_days": 7, "oms_reminder_days": "3, 5"})
        with freeze_time("2026-12-05 11:00:00"):
            picking = self._ready(("STD", 2))
        free = self._free(self.product_standard)
        seen = []
        for day in range(5, 16):
            with freeze_time(f"2026-12-{day:02} 08:00:00"), self.enter_registry_test_mode():
                for _again in range(2):
                    self.env.ref("oms_core.cron_pickups").method_direct_trigger()
            seen.append((day, [event for event, _pickings in self.told][1:]))
        self.assertEqual(
            {day: events for day, events in seen if day in (7, 8, 9, 10, 12, 13, 15)},
            {
                7: [],
                8: ["pickup_reminder"],
                9: ["pickup_reminder"],
                10: ["pickup_reminder"] * 2,
                12: ["pickup_reminder"] * 2,
                13: ["pickup_reminder"] * 2 + ["pickup_expired"],
                15: ["pickup_reminder"] * 2 + ["pickup_expired"],
            },
        )
        self.assertEqual(picking.state, "cancel")
        self.assertEqual(self._free(self.product_standard), free + 2)
        self.assertEqual(picking.sale_id.state, "cancel")
        self.assertEqual(self._holds(picking.sale_id), ["refund"])

    def test_what_was_picked_already_is_brought_back_to_the_shelf(self):
        """A store that picks first: the goods stand at its counter, and nobody can be promised them yet."""
        self.store.delivery_steps = "pick_ship"
        order = self._pickup_order(("STD", 2))
        pick = order.picking_ids.filtered(lambda picking: picking.picking_type_id == self.store.pick_type_id)
        pick.move_ids.picked = True
        pick.with_context(skip_backorder=True).button_validate()
        delivery = order.picking_ids.filtered("oms_is_collected")
        delivery.with_user(self.associate).action_oms_ready()
        free = self._shelf()
        delivery.with_user(self.associate).action_oms_no_show()
        back = self.env["stock.picking"].search([("origin", "=", delivery.name)])
        self.assertEqual((delivery.state, back.state, back.move_ids.quantity), ("cancel", "assigned", 2))
        self.assertIn(f"until {back.name} brings them back", order.oms_hold_reason)
        self.assertEqual(self._shelf(), free)
        back.move_ids.picked = True
        back.with_user(self.associate).button_validate()
        self.assertEqual(self._shelf(), free + 2)

    def _shelf(self):
        snapshot = self.env["oms.availability"]._snapshot(self.product_standard, self.store)
        return snapshot.net(self.store.id, self.product_standard.id)

    def test_a_store_may_have_a_clerk_decide(self):
        self.store.oms_no_show = "hold"
        picking = self._ready()
        picking.action_oms_no_show()
        self.assertEqual((picking.state, picking.sale_id.state), ("cancel", "sale"))
        self.assertEqual(self._holds(picking.sale_id), ["stock"])
        self.assertFalse(picking.sale_id.picking_ids - picking)

    def test_the_day_can_be_put_off_for_one_customer(self):
        with freeze_time("2026-12-05 11:00:00"):
            picking = self._ready()
        picking.oms_pickup_by = date(2026, 12, 31)
        with freeze_time("2026-12-20 08:00:00"):
            picking._oms_work_pickup()
        self.assertEqual(picking.state, "assigned")

    def test_what_was_paid_and_booked_is_not_cancelled_silently(self):
        self.channel.invoice_policy = "payment"
        picking = self._ready()
        self._book(picking.sale_id)
        picking.action_oms_no_show()
        self.assertEqual((picking.state, picking.sale_id.state), ("cancel", "sale"))
        self.assertEqual(self._holds(picking.sale_id), ["cancel"])

    def test_one_that_cannot_be_worked_stops_no_other(self):
        with freeze_time("2026-12-05 11:00:00"):
            bad, good = self._ready(), self._ready()
        original = type(bad)._oms_expire

        def expire(picking):
            if picking == bad:
                raise UserError("No way")
            return original(picking)

        self.patch(type(bad), "_oms_expire", expire)
        with freeze_time("2026-12-20 08:00:00"):
            bad._oms_work_pickup()
            good._oms_work_pickup()
        self.assertEqual((bad.state, good.state), ("assigned", "cancel"))
        self.assertIn("No way", bad.sale_id.oms_hold_reason)


class TestCurbside(PickupCommon):
    """FUL-04: brought out to the car."""

    def test_the_store_hears_of_the_customer_and_the_wait_is_known(self):
        with freeze_time("2026-12-05 11:00:00"):
            picking = self._ready(method="curbside")
            picking._oms_on_the_way()
            self.assertEqual(picking.oms_curb_state, "coming")
        with freeze_time("2026-12-05 12:00:00"):
            picking._oms_check_in("Bay 3", "Blue van")
        with freeze_time("2026-12-05 12:02:00"):
            picking._oms_check_in("Bay 4")
            self.assertEqual(
                (picking.oms_curb_state, picking.oms_bay, picking.oms_vehicle), ("arrived", "Bay 4", "Blue van")
            )
            self.assertEqual(picking.oms_arrived_at, datetime(2026, 12, 5, 12))
            self.assertEqual(picking.oms_board_state, "arrived")
            self.assertEqual(picking.activity_ids.user_id, self.associate)
        other = picking.activity_schedule(
            "mail.mail_activity_data_todo", summary="Count the shelf", user_id=self.env.uid
        )
        with freeze_time("2026-12-05 12:05:00"):
            self._wizard(picking, code=picking._oms_get_pickup_code()).action_hand_over()
        self.assertEqual((picking.oms_curb_state, picking.oms_wait_minutes), ("handed", 5))
        self.assertEqual(picking.activity_ids, other, "a colleague's own task stays")

    def test_nobody_checks_in_for_what_is_not_ready_or_gone(self):
        order = self._pickup_order(method="curbside")
        with self.assertRaisesRegex(UserError, "not ready"):
            order.picking_ids._oms_check_in("1", "car")
        order.picking_ids.action_oms_ready()
        self._wizard(order.picking_ids, id_checked=True).action_hand_over()
        with self.assertRaisesRegex(UserError, "Nothing waits"):
            order.picking_ids._oms_check_in("1", "car")
