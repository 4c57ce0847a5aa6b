"""How many orders a place takes: consumed when they are allocated, given back when it does not ship them."""

from datetime import datetime, timedelta

from freezegun import freeze_time

from .common import RoutingCommon


class TestCapacity(RoutingCommon):
    def setUp(self):
        super().setUp()
        self._put(self.chair, lille=50, lyon=50, marseille=50)

    def _uses(self, warehouse):
        return self.env["oms.capacity.use"].search([("warehouse_id", "=", warehouse.id)], order="id")

    def test_the_third_order_of_a_day_goes_to_the_next_place(self):
        self.lille.oms_orders_max = 2
        orders = [self._order(("CHAIR", 1)) for _number in range(3)]
        self.assertEqual([self._from(order) for order in orders], [{"Lille": 1}, {"Lille": 1}, {"Lyon": 1}])
        candidate = self._candidate(self._decisions(orders[2]), self.lille)
        self.assertFalse(candidate.accepted)
        self.assertIn("Lille", candidate.reason)
        self.assertEqual(self.lille.oms_load, "2 of 2 orders today")

    def test_a_day_ends_at_midnight_where_the_place_is(self):
        self.lille.oms_orders_max = 1
        self.lille.partner_id.tz = "Pacific/Auckland"  # UTC+12 in July
        with freeze_time("2026-07-01 11:00:00"):
            self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lille": 1})
            self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lyon": 1})
        with freeze_time("2026-07-01 12:30:00"):
            self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lille": 1})
        self.assertEqual([str(day) for day in self._uses(self.lille).mapped("day")], ["2026-07-01", "2026-07-02"])

    def test_what_is_cancelled_makes_room_again(self):
        self.lille.oms_orders_max = 1
        first = self._order(("CHAIR", 1))
        first.action_cancel()
        self.assertEqual(self._uses(self.lille).mapped("state"), ["given_back"])
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lille": 1})

    def test_what_a_place_rejects_is_given_back_there_and_taken_elsewhere(self):
        self.lille.oms_orders_max = self.lyon.oms_orders_max = 5
        order = self._order(("CHAIR", 2))
        delivery = self._delivery(order, self.lille)
        reason = self.env.ref("oms_core.reject_reason_no_time")
        delivery._oms_reject({delivery.move_ids: 2}, reason)
        self.assertEqual(self._uses(self.lille).mapped("state"), ["given_back"])
        self.assertEqual(self._uses(self.lyon).mapped("state"), ["taken"])

    def test_half_of_an_order_rejected_keeps_the_order_and_gives_back_its_minutes(self):
        self.lille.write({"oms_minutes_max": 100, "oms_minutes_per_order": 5, "oms_minutes_per_unit": 2})
        order = self._order(("CHAIR", 4))
        delivery = self._delivery(order, self.lille)
        self.assertEqual(self._uses(self.lille).minutes, 13)
        delivery._oms_reject({delivery.move_ids: 3}, self.env.ref("oms_core.reject_reason_no_time"))
        self.assertEqual((self._uses(self.lille).state, self._uses(self.lille).minutes), ("taken", 7))

    def test_open_orders_are_those_that_have_not_left(self):
        self.lille.oms_open_orders_max = 1
        first = self._order(("CHAIR", 1))
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lyon": 1})
        self._validate(self._delivery(first, self.lille))
        self.assertEqual(self._uses(self.lille).mapped("state"), ["shipped"])
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lille": 1})

    def test_a_parcel_that_left_still_counts_for_its_day(self):
        self.lille.oms_orders_max = 1
        self._validate(self._delivery(self._order(("CHAIR", 1)), self.lille))
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lyon": 1})

    def test_a_place_that_picks_first_has_the_order_open_until_it_has_left(self):
        self.lille.write({"delivery_steps": "pick_ship", "oms_open_orders_max": 1})
        order = self._order(("CHAIR", 1))
        self._validate(self._delivery(order, self.lille))
        self.assertEqual(self._uses(self.lille).state, "taken")
        self._validate(self._delivery(order, self.lille))
        self.assertEqual(self._uses(self.lille).state, "shipped")

    def test_more_of_the_same_order_is_no_second_order(self):
        self.lille.oms_orders_max = 1
        order = self._order(("CHAIR", 1))
        order.order_line.product_uom_qty = 3
        self.assertEqual(self._from(order), {"Lille": 3})
        self.assertEqual(len(self._uses(self.lille)), 1)

    def test_a_part_that_waits_for_goods_takes_nothing(self):
        self._put(self.chair, lille=0, lyon=0, marseille=0)
        self.sites.oms_orders_max = 9
        self._order(("CHAIR", 1))
        self.assertFalse(self.env["oms.capacity.use"].search([("warehouse_id", "in", self.sites.ids)]))

    def test_what_is_open_when_the_first_limit_is_set_counts(self):
        order = self._order(("CHAIR", 2))
        self.assertFalse(self._uses(self.lille))
        self.lille.oms_open_orders_max = 1
        self.assertEqual(self._uses(self.lille).order_id, order)
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lyon": 1})

    def test_a_limit_that_was_lifted_for_a_day_comes_back_and_each_open_order_counts_once(self):
        self.lille.oms_open_orders_max = 2
        before = self._order(("CHAIR", 1))
        self.lille.oms_open_orders_max = 0
        meanwhile = self._order(("CHAIR", 1))
        self.lille.oms_open_orders_max = 2
        self.assertEqual(self._uses(self.lille).order_id, before | meanwhile)
        self.assertEqual(self.lille.oms_load, "2 of 2 open")
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lyon": 1})

    def test_what_a_place_is_sending_to_another_for_an_order_counts_when_its_limit_is_set(self):
        self._put(self.lamp, marseille=5)
        self.env["oms.sourcing.policy"].create(
            {
                "name": "One parcel",
                "company_id": self.company.id,
                "sequence": -9,
                "consolidate": True,
                "cost_parcel": 6,
                "cost_split": 2,
            }
        )
        self._put(self.chair, lille=5, lyon=0, marseille=0)
        order = self._order(("CHAIR", 1), ("LAMP", 1))
        self.assertEqual((self._from(order), len(order.oms_transfer_ids)), ({"Lille": 2}, 2))
        self.sites.oms_open_orders_max = 5
        self.assertEqual(self._uses(self.marseille).order_id, order)
        self.assertEqual((self.sites - self.lyon).mapped("oms_load"), ["1 of 5 open", "1 of 5 open"])

    def test_places_without_a_limit_cost_nothing(self):
        self._order(("CHAIR", 1))
        self.assertFalse(self.env["oms.capacity.use"].search([("warehouse_id", "in", self.sites.ids)]))

    def test_what_all_places_can_still_take_is_one_query(self):
        self.sites.write({"oms_orders_max": 3, "oms_open_orders_max": 2, "oms_minutes_max": 60})
        self._order(("CHAIR", 1))
        self.env.flush_all()
        self.sites.mapped("oms_minutes_per_unit")
        with self.assertQueryCount(1):
            capacity = self.sites._oms_get_capacity()
        self.assertEqual((capacity[self.lille.id].orders_left, capacity[self.lyon.id].orders_left), (2, 3))
        self.assertEqual((capacity[self.lille.id].open_left, capacity[self.lille.id].minutes_left), (1, 57))


class TestIntake(RoutingCommon):
    def setUp(self):
        super().setUp()
        self._put(self.chair, lille=50, lyon=50)

    def test_a_place_that_is_switched_off_is_passed_over_and_the_order_says_why(self):
        self.lille.write({"oms_intake": "pause", "oms_intake_reason": "Stocktaking"})
        order = self._order(("CHAIR", 1))
        self.assertEqual(self._from(order), {"Lyon": 1})
        self.assertEqual(
            self._candidate(self._decisions(order), self.lille).reason, "Lille takes no new orders: Stocktaking."
        )

    def test_when_every_place_is_paused_the_order_is_held_and_nothing_is_asked_for(self):
        self.sites.oms_intake = "pause"
        order = self._order(("CHAIR", 1), ("CHAIR", 2))
        self.assertFalse(order.order_line.move_ids)
        decision = order.oms_decision_ids
        self.assertEqual((len(decision), decision.outcome), (1, "unsourced"))
        self.assertEqual(decision._replay(), {decision: "same"})
        self.assertEqual(self._holds(order), ["stock"])
        self.assertIn(decision.sentence, order.oms_hold_reason)
        self.assertIn("then release", order.oms_hold_reason)

    def test_who_sources_again_while_every_place_is_paused_is_told_again(self):
        self.sites.oms_intake = "pause"
        order = self._order(("CHAIR", 1))
        order.action_oms_release()
        order.action_oms_source_again()
        self.assertEqual(self._decisions(order).mapped("trigger"), ["confirm", "retry", "manual"])
        self.assertEqual((self._from(order), self._holds(order)), ({}, ["stock"]))
        self._put(self.chair, lille=0, lyon=0)
        self.lille.oms_intake = "open"
        order.action_oms_release()
        self.assertEqual((self._from(order), self._holds(order)), ({"Lille": 1}, []), "it waits there for goods")

    def test_holidays_of_a_calendar_close_a_place(self):
        calendar = self.env["resource.calendar"].create({"name": "Lille", "tz": "Europe/Paris"})
        self.lille.write({"oms_calendar_id": calendar.id, "oms_shut_days": 3})
        now = datetime.now().replace(microsecond=0)
        self.assertTrue(self.lille._oms_get_openings(now)[self.lille].is_open)
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Summer",
                "calendar_id": calendar.id,
                "date_from": now - timedelta(days=1),
                "date_to": now + timedelta(days=14),
            }
        )
        self.assertEqual(self._from(self._order(("CHAIR", 1))), {"Lyon": 1})

    def test_of_a_closed_place_nothing_is_promised_of_a_full_one_everything(self):
        availability = self.env["oms.availability"]
        self.assertEqual(availability._get_channel_atp(self.channel, self.chair)[self.chair.id], 100)
        self.lyon.oms_orders_max = 1
        self._order(("CHAIR", 1)), self._order(("CHAIR", 1))
        self.assertEqual(availability._get_channel_atp(self.channel, self.chair)[self.chair.id], 98)
        self.lille.oms_intake = "closed"
        self.assertEqual(availability._get_channel_atp(self.channel, self.chair)[self.chair.id], 50)
