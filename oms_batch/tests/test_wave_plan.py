from datetime import datetime, timedelta
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, LockError, UserError
from odoo.tests import freeze_time
from odoo.tools import mute_logger

from odoo.addons.oms_batch.models import stock_picking_type
from odoo.addons.oms_batch.tests.common import WaveCommon

#: Where the warehouse is, a Wednesday, 13:00.
NOON = datetime(2026, 3, 4, 12)


class TestWavePlan(WaveCommon):
    """FUL-08, FUL-10: what is ready is picked in waves, by carrier, cut-off and capacity, and the rest says why not."""

    def test_waves_are_made_by_carrier_and_the_most_pressing_deliveries_come_first(self):
        late, soon = self._delivery(hours=9), self._delivery(hours=1)
        by_express, urgent = self._delivery(hours=2, carrier=self.express), self._delivery(hours=8)
        urgent.priority = "1"
        waves, wizard = self._plan()
        self.assertEqual([self._in_order(wave) for wave in waves], [(urgent | soon | late).ids, by_express.ids])
        self.assertEqual(waves.mapped("state"), ["in_progress", "in_progress"])
        self.assertEqual(waves.mapped("description"), ["Post, single lines", "Express, single lines"])
        self.assertEqual(waves.company_id, self.company)
        self.assertEqual(waves.picking_type_id, self.place)
        self.assertIn("New waves: 2, deliveries in them: 4, in none: 0", wizard.summary)
        self.assertEqual(wizard.action_open_waves()["domain"], [("picking_type_id", "=", self.place.id)])

    def test_orders_of_one_line_are_picked_apart_where_that_is_wished(self):
        single, several, other = self._delivery(), self._delivery(("STD", 1), ("AVG", 2)), self._delivery(("AVG", 4))
        waves, _wizard = self._plan()
        self.assertEqual([self._in_order(wave) for wave in waves], [(single | other).ids, several.ids])
        for wave in waves:
            wave.action_cancel()
        self.place.oms_wave_singles = False
        waves, _wizard = self._plan()
        self.assertEqual(waves.picking_ids, single | several | other)
        self.assertEqual((len(waves), waves.description), (1, "Post"))

    def test_limits_of_odoo_and_of_the_place_hold_and_what_found_no_room_says_so(self):
        self.product_standard.weight = 4
        deliveries = [self._delivery(hours=number) for number in range(1, 6)]
        heavy = self._delivery(("STD", 30), hours=0)
        self.place.write({"batch_max_pickings": 2, "batch_max_weight": 100, "oms_waves_max": 2})
        waves, wizard = self._plan()
        self.assertEqual(
            [self._in_order(wave) for wave in waves],
            [[deliveries[0].id, deliveries[1].id], [deliveries[2].id, deliveries[3].id]],
        )
        self.assertEqual(self._reasons(wizard), {heavy: "too_large", deliveries[4]: "full"})
        for wizard_line in wizard.left_ids:
            self.assertRegex(wizard_line.sentence, "raise the limits of|Validate one first")
        self.assertFalse(self._plan()[0])  # two are open still
        waves[0].action_done()
        waves, wizard = self._plan()
        self.assertEqual((waves.picking_ids, self._reasons(wizard)), (deliveries[4], {heavy: "too_large"}))

    def test_each_delivery_that_is_in_no_wave_says_why_and_what_to_do(self):
        held, waiting, asked, collected, begun = (
            self._delivery(("AVG", 1)),
            self._delivery(("FIFO", 500)),
            self._delivery(("AVG", 1)),
            self._delivery(("AVG", 1)),
            self._delivery(("AVG", 1)),
        )
        held.sale_id._oms_hold("manual", "The customer calls back.")
        asked.oms_accept_by = fields.Datetime.now()
        collected.sale_id.write({"oms_delivery_method": "pickup", "oms_pickup_warehouse_id": self.warehouse.id})
        begun.with_user(self.planner).action_oms_scan("AVG")
        begun.move_line_ids.oms_scanned = 0  # somebody is at it all the same
        waves, wizard = self._plan()
        self.assertFalse(waves)
        self.assertEqual(
            self._reasons(wizard),
            {held: "on_hold", waiting: "not_reserved", asked: "not_accepted", collected: "collected", begun: "in_work"},
        )
        sentences = {line.reason: line.sentence for line in wizard.left_ids}
        self.assertRegex(sentences["on_hold"], f"{held.sale_id.name} is on hold: The customer calls back. Release")
        self.assertIn("Check availability", sentences["not_reserved"])
        self.assertIn("Accept or reject it", sentences["not_accepted"])
        self.assertIn("set it ready", sentences["collected"])
        self.assertIn("planner", sentences["in_work"])
        held.sale_id.action_oms_release()
        self.assertEqual(self._plan()[0].picking_ids, held)

    @freeze_time(NOON)
    def test_what_is_in_time_with_the_collection_after_the_next_one_waits_unless_it_is_urgent(self):
        self.company.partner_id.tz = "Europe/Paris"
        self.place.oms_wave_cut_off = 16.5  # 15:30 UTC
        self.assertEqual(
            self.place._oms_get_collections(), [datetime(2026, 3, 4, 15, 30), datetime(2026, 3, 5, 15, 30)]
        )
        today, tomorrow = self._delivery(hours=20), self._delivery(hours=28)
        waves, wizard = self._plan()
        self.assertEqual((waves.picking_ids, self._reasons(wizard)), (today, {tomorrow: "after_cut_off"}))
        self.assertIn("urgent", wizard.left_ids.sentence)
        self.assertIn("4:30", waves.description)
        tomorrow.priority = "1"
        self.assertEqual(self._plan()[0].picking_ids, tomorrow)

    @freeze_time(NOON)
    def test_after_the_hour_or_on_a_closed_day_the_carrier_comes_on_the_next_open_one(self):
        self.company.partner_id.tz = "Europe/Paris"
        self.place.oms_wave_cut_off = 11
        self.warehouse.oms_calendar_id = self.env["resource.calendar"].create(
            {"name": "Weekdays", "company_id": self.company.id, "tz": "Europe/Paris"}
        )
        with freeze_time(NOON + timedelta(days=2)):  # Friday after eleven
            self.assertEqual(self.place._oms_get_collections(), [datetime(2026, 3, 9, 10), datetime(2026, 3, 10, 10)])

    def test_planning_twice_does_nothing_twice_and_nothing_is_in_two_waves(self):
        first = self._delivery()
        waves, _wizard = self._plan()
        again, wizard = self._plan()
        self.assertEqual((first.batch_id, bool(again), bool(wizard.left_ids)), (waves, False, False))
        second = self._delivery()
        self.assertEqual(self._plan()[0].picking_ids, second)

    def test_only_the_most_pressing_are_planned_at_once(self):
        deliveries = [self._delivery(hours=number) for number in (3, 1, 2)]
        with patch.object(stock_picking_type, "READY_MAX", 2):
            waves, wizard = self._plan()
            self.assertEqual(self._in_order(waves), [deliveries[1].id, deliveries[2].id])
            self.assertEqual(self._reasons(wizard), {deliveries[0]: "not_looked_at"})
            self.assertEqual(self._plan()[0].picking_ids, deliveries[0])

    def test_each_place_has_its_own_waves_and_a_third_party_none(self):
        store = self.env["stock.warehouse"].create({"name": "Lille", "code": "LIL", "company_id": self.company.id})
        product = self._create_product("LIL")
        self._stock(product, store, 10)
        ours, order = self._delivery(), self._order(("LIL", 1), status="awaiting_payment", payments=())
        order.warehouse_id = store
        order.order_line.warehouse_id = store
        order.action_oms_release()
        theirs = order.picking_ids
        self.assertEqual(theirs.picking_type_id, store.out_type_id)
        self.assertEqual(self._plan()[0].picking_ids, ours)
        self.assertEqual(self._plan(warehouse=store)[0].picking_ids, theirs)
        store.oms_node_type = "3pl"
        with self.assertRaisesRegex(UserError, "third party"):
            store.out_type_id._oms_plan_waves()

    def test_a_place_that_picks_before_it_ships_has_waves_of_picks(self):
        self.warehouse.delivery_steps = "pick_ship"
        picking = self._delivery()
        waves, _wizard = self._plan()
        self.assertEqual((waves.picking_type_id, waves.picking_ids), (self.warehouse.pick_type_id, picking))
        waves.action_done()
        self.assertEqual(waves.state, "done")
        parcel = picking.sale_id.picking_ids - picking
        self.assertEqual((parcel.state, parcel.picking_type_code, parcel.batch_id.id), ("assigned", "outgoing", False))

    def test_who_works_in_a_store_plans_there_and_sees_no_other_waves(self):
        self._delivery()
        associate = self._create_user("associate", "oms_core.group_oms_store")
        elsewhere = self._create_user("elsewhere", "oms_core.group_oms_store")
        self.warehouse.oms_user_ids = associate
        self.assertFalse(self._plan(elsewhere)[0])
        waves, wizard = self._plan(associate)
        self.assertEqual((len(waves), wizard.warehouse_id), (1, self.warehouse))
        self.assertTrue(waves.with_user(associate).has_access("write"))
        self.assertFalse(waves.with_user(elsewhere).has_access("read"))
        with self.assertRaises(AccessError):
            self._plan(self._create_user("nobody", "base.group_user"))

    def test_a_job_plans_before_the_carrier_comes_where_that_is_wished(self):
        self.company.partner_id.tz = "Europe/Paris"
        picking, job = self._delivery(), self.env.ref("oms_batch.cron_plan_waves")
        for values, hour, planned in (
            ({"oms_wave_cut_off": 16}, 15, False),  # off, as long as nobody says how long before
            ({"oms_wave_ahead": 60}, 13, False),
            ({}, 14, True),
        ):
            self.place.write(values)
            with freeze_time(datetime(2026, 3, 4, hour, 30)), self.enter_registry_test_mode():
                job.method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual(bool(picking.batch_id), planned, f"{values} at {hour}:30 UTC")
        self.assertEqual(picking.batch_id.company_id, self.company)

    def test_a_job_that_cannot_plan_says_so_where_it_is_picked(self):
        picking = self._delivery()
        self.place._oms_tell_unplanned(UserError("No sequence."))
        self.place._oms_tell_unplanned(UserError("No sequence."))
        self.assertEqual(len(picking.activity_ids), 1)
        self.assertIn("No sequence.", picking.activity_ids.note)

    def test_a_place_that_somebody_plans_at_this_moment_is_left_to_him(self):
        self._delivery()
        self.patch(type(self.place), "lock_for_update", _taken)
        with self.assertRaisesRegex(LockError, "Somebody is planning waves of"):
            self._plan()

    def test_orders_wait_for_their_waves_unless_the_place_prefers_automatic_batches(self):
        self.assertTrue(self.place.auto_batch)  # as Odoo sets up every new warehouse
        self.assertFalse(self._delivery().batch_id)
        self.place.oms_wave_only = False
        self.assertTrue(self._delivery().batch_id)

    def test_limits_that_make_no_sense_are_refused(self):
        for values in ({"oms_waves_max": -1}, {"oms_wave_cut_off": 24}, {"oms_wave_ahead": 2000}):
            with (
                self.subTest(values=values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.place.write(values)
                self.place.flush_recordset()


def _taken(_records, **_values):
    raise LockError("taken")
