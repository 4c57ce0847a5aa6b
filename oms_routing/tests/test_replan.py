"""After the decision: too slow, closed, given up too often, and goods that are found again."""

from datetime import timedelta

from odoo import fields
from odoo.tools.safe_eval import safe_eval

from .common import RoutingCommon


class ReplanCommon(RoutingCommon):
    def _later(self, **delta):
        """Everything that was to happen by now and so much later is overdue, and the job may look again."""
        pickings = self.env["stock.picking"].search([("company_id", "=", self.company.id)])
        for picking in pickings.filtered("oms_pick_by"):
            picking.oms_pick_by -= timedelta(**delta)
        pickings.oms_replanned_at = False
        self.env["sale.order"].search([("company_id", "=", self.company.id)]).oms_replanned_at = False

    def _job(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_routing.cron_replan").method_direct_trigger()

    def _reject(self, delivery, quantity, reason="no_time"):
        return delivery._oms_reject(
            {delivery.move_ids.filtered(lambda move: move.state != "cancel"): quantity},
            self.env.ref(f"oms_core.reject_reason_{reason}"),
        )


class TestNotPickedInTime(ReplanCommon):
    def setUp(self):
        super().setUp()
        self.lille.oms_pick_hours = 4
        self._put(self.chair, lille=5, lyon=5)

    def test_what_is_not_picked_in_time_comes_from_the_next_place(self):
        order = self._order(("CHAIR", 2))
        delivery = self._delivery(order, self.lille)
        self.assertEqual(delivery.oms_pick_by - fields.Datetime.now() > timedelta(hours=3.9), True)
        self._job()
        self.assertEqual(self._from(order), {"Lille": 2}, "it still has its time")
        self._later(hours=5)
        self._job()
        self.assertEqual((self._from(order), delivery.state), ({"Lyon": 2}, "cancel"))
        self.assertEqual(self._decisions(order).mapped("trigger"), ["confirm", "late"])
        self.assertEqual(
            self._candidate(self._decisions(order)[-1], self.lille).reason, "Lille did not pick it in time."
        )
        self.assertEqual(order.oms_rejection_ids.reason_id, self.env.ref("oms_routing.reject_reason_late"))
        self.assertFalse(order.oms_on_hold)

    def test_with_nowhere_else_it_stays_and_somebody_is_told_once(self):
        self._put(self.chair, lyon=0)
        order = self._order(("CHAIR", 2))
        for _look in range(2):
            self._later(hours=5)
            self._job()
        delivery = self._delivery(order, self.lille)
        self.assertEqual((self._from(order), delivery.state), ({"Lille": 2}, "assigned"))
        self.assertEqual(delivery.activity_ids.mapped("summary"), ["Not picked in time"])
        self.assertEqual(self._decisions(order).mapped("trigger"), ["confirm"])
        self.assertFalse(order.oms_on_hold)

    def test_what_is_on_hold_is_not_late_and_has_all_its_time_when_it_goes_on(self):
        order = self._order(("CHAIR", 2))
        delivery = self._delivery(order, self.lille)
        order._oms_hold("fraud", "Ask for a passport.")
        self._later(hours=5)
        self._job()
        self.assertEqual((self._from(order), self._holds(order)), ({"Lille": 2}, ["fraud"]))
        order.oms_hold_ids._release()
        self.assertGreater(delivery.oms_pick_by, fields.Datetime.now() + timedelta(hours=3.9))
        self._later(hours=5)
        self._job()
        self.assertEqual(self._from(order), {"Lyon": 2})

    def test_a_place_that_waits_for_goods_is_not_late_and_has_rejected_nothing(self):
        self._put(self.chair, lille=0, lyon=0)
        order = self._order(("CHAIR", 2))
        self.assertEqual((self._from(order), self._moves(order).state), ({"Lille": 2}, "confirmed"))
        self._later(hours=5)
        self._job()
        self.assertFalse(self._delivery(order, self.lille).activity_ids)
        self._put(self.chair, lyon=5)
        self._later(hours=5)
        self._job()
        self.assertEqual(self._from(order), {"Lyon": 2})
        self.assertEqual(self._decisions(order).mapped("trigger"), ["confirm", "found"])
        self.assertFalse(order.oms_rejection_ids)

    def test_the_time_begins_when_the_goods_are_there(self):
        self._put(self.chair, lille=0, lyon=0)
        order = self._order(("CHAIR", 2))
        self._later(hours=5)
        self._put(self.chair, lille=5)
        delivery = self._delivery(order, self.lille)
        delivery.action_assign()
        self.assertGreater(delivery.oms_pick_by, fields.Datetime.now() + timedelta(hours=3.9))
        self._put(self.chair, lyon=5)
        self._later(hours=5)
        self._job()
        self.assertEqual(self._decisions(order).mapped("trigger"), ["confirm", "late"])

    def test_what_somebody_has_begun_to_pick_is_left_alone(self):
        order = self._order(("CHAIR", 2))
        self._delivery(order, self.lille).move_ids.picked = True
        self._later(hours=5)
        self._job()
        self.assertEqual(self._from(order), {"Lille": 2})

    def test_a_locked_order_moves_and_stays_locked(self):
        order = self._order(("CHAIR", 2))
        order.action_lock()
        self._later(hours=5)
        self._job()
        self.assertEqual((self._from(order), order.locked), ({"Lyon": 2}, True))

    def test_of_a_place_that_picks_before_it_ships_the_pick_is_late(self):
        self.lille.delivery_steps = "pick_ship"
        order = self._order(("CHAIR", 2))
        self.assertTrue(self._delivery(order, self.lille).oms_pick_by)
        self._later(hours=5)
        self._job()
        self.assertEqual(self._from(order), {"Lyon": 2})

    def test_what_was_picked_and_stands_at_the_output_is_not_late(self):
        self.lille.delivery_steps = "pick_ship"
        order = self._order(("CHAIR", 2))
        self._validate(self._delivery(order, self.lille))
        self._later(hours=5)
        self._job()
        self.assertEqual(self._delivery(order, self.lille).state, "assigned")

    def test_of_a_partly_shipped_line_only_the_rest_moves(self):
        order = self._order(("CHAIR", 5))
        delivery = self._delivery(order, self.lille)
        delivery.move_ids.write({"quantity": 3, "picked": True})
        delivery.with_context(skip_backorder=True).button_validate()
        rest = self._delivery(order, self.lille)
        self.assertEqual(rest.move_ids.product_uom_qty, 2)
        rest.oms_pick_by = fields.Datetime.now()
        self._later(hours=5)
        self._job()
        self.assertEqual(self._from(order), {"Lille": 3, "Lyon": 2})

    def test_a_decrease_before_it_is_late_is_not_asked_for_elsewhere(self):
        order = self._order(("CHAIR", 5))
        order.order_line.product_uom_qty = 2
        self._later(hours=5)
        self._job()
        self.assertEqual(self._from(order), {"Lyon": 2})

    def test_a_pickup_goes_to_no_other_store(self):
        order = self._order(("CHAIR", 2), delivery_method="pickup", pickup_ref="LIL")
        self._later(hours=5)
        self._job()
        delivery = self._delivery(order, self.lille)
        self.assertEqual((self._from(order), delivery.state), ({"Lille": 2}, "assigned"))
        self.assertEqual(delivery.activity_ids.mapped("summary"), ["Pickup is not ready in time"])

    def test_one_bad_delivery_blocks_no_other(self):
        bad, good = (self._order(("CHAIR", 1)) for _number in range(2))
        original = type(bad)._oms_move_elsewhere

        def fails(order, *arguments):
            if order == bad:
                raise ValueError("out of order")
            return original(order, *arguments)

        self.patch(type(bad), "_oms_move_elsewhere", fails)
        self._later(hours=5)
        with self.assertLogs("odoo.addons.oms_core.alone", "WARNING"):
            self._job()
        self.assertEqual((self._from(bad), self._from(good)), ({"Lille": 1}, {"Lyon": 1}))
        self.assertIn("out of order", self._delivery(bad, self.lille).activity_ids.note)


class TestClosed(ReplanCommon):
    def setUp(self):
        super().setUp()
        self._put(self.chair, lille=5, lyon=5)

    def test_when_a_place_closes_others_bring_what_it_has_not_picked(self):
        order = self._order(("CHAIR", 2))
        self.lille.write({"oms_intake": "closed", "oms_intake_reason": "Water damage"})
        self._job()
        self.assertEqual(self._from(order), {"Lyon": 2})
        closed = self._decisions(order)[-1]
        self.assertEqual(closed.trigger, "closed")
        self.assertEqual(self._candidate(closed, self.lille).reason, "Lille is closed: Water damage.")
        self.assertFalse(order.oms_rejection_ids, "to be closed is not to have refused")

    def test_a_place_that_only_pauses_finishes_what_it_has(self):
        order = self._order(("CHAIR", 2))
        self.lille.oms_intake = "pause"
        self._job()
        self.assertEqual(self._from(order), {"Lille": 2})

    def test_with_nowhere_else_the_order_stops_and_goes_on_when_another_place_has_it(self):
        self._put(self.chair, lyon=0)
        order = self._order(("CHAIR", 2))
        self.lille.oms_intake = "closed"
        self._job()
        self.assertEqual((self._holds(order), self._from(order)), (["stock"], {"Lille": 2}))
        self.assertIn("Lille is closed. No other place can bring all of [CHAIR] Product CHAIR.", order.oms_hold_reason)
        self._put(self.chair, marseille=2)
        self._later(hours=1)
        self._job()
        self.assertEqual((self._holds(order), self._from(order)), ([], {"Marseille": 2}))

    def test_what_nobody_else_could_bring_goes_on_when_the_place_opens_again(self):
        self._put(self.chair, lyon=0)
        order = self._order(("CHAIR", 2))
        self.lille.oms_intake = "closed"
        self._job()
        self.lille.oms_intake = "open"
        self.assertEqual((self._holds(order), self._from(order)), ([], {"Lille": 2}))

    def test_what_waits_for_a_place_that_was_shut_goes_on_when_its_calendar_opens_it(self):
        self._put(self.chair, lyon=0)
        order = self._order(("CHAIR", 2))
        calendar = self.env["resource.calendar"].create({"name": "Lille", "tz": "Europe/Paris"})
        self.lille.write({"oms_calendar_id": calendar.id, "oms_shut_days": 3})
        now = fields.Datetime.now()
        holiday = self.env["resource.calendar.leaves"].create(
            {
                "name": "Summer",
                "calendar_id": calendar.id,
                "date_from": now - timedelta(days=1),
                "date_to": now + timedelta(days=10),
            }
        )
        for _look in range(2):
            self._later(hours=1)
            self._job()
            self.assertEqual((self._holds(order), self._from(order)), (["stock"], {"Lille": 2}))
        holiday.date_to = now - timedelta(hours=1)
        self._job()
        self.assertEqual((self._holds(order), self._from(order)), ([], {"Lille": 2}))

    def test_a_closed_place_that_only_pauses_now_finishes_what_nobody_else_could_bring(self):
        self._put(self.chair, lyon=0)
        order = self._order(("CHAIR", 2))
        self.lille.oms_intake = "closed"
        self._job()
        self.lille.oms_intake = "pause"
        self.assertEqual((self._holds(order), self._from(order)), ([], {"Lille": 2}))

    def test_what_leaves_one_closed_place_still_waits_for_another_whose_number_begins_alike(self):
        self._put(self.chair, lyon=0)
        order = self._order(("CHAIR", 2))
        self.lille.oms_intake = "closed"
        self._job()
        other = order._oms_hold("stock", "Another place is closed.", subject=f"closed {self.lille.id}000000")
        self._put(self.chair, marseille=2)
        self._later(hours=1)
        self._job()
        self.assertEqual(self._from(order), {"Marseille": 2})
        self.assertEqual(order.oms_hold_ids.filtered("is_open"), other)

    def test_a_pickup_at_a_closed_store_waits_for_its_customer(self):
        order = self._order(("CHAIR", 2), delivery_method="pickup", pickup_ref="LIL")
        self.lille.oms_intake = "closed"
        self._job()
        self.assertEqual((self._holds(order), self._from(order)), (["stock"], {"Lille": 2}))
        self.assertIn("Offer another store", order.oms_hold_reason)
        queue = self.env["ir.actions.act_window"]._for_xml_id("oms_routing.pickups_to_decide_action")
        waiting = self.env["oms.hold"].search(safe_eval(queue["domain"]))
        self.assertEqual(waiting.order_id & order, order)


class TestAttempts(ReplanCommon):
    def test_after_so_many_places_a_person_has_to_look(self):
        self.patch(type(self.env["sale.order"]), "_oms_get_attempts_max", lambda order: 1)
        self._put(self.chair, lille=5, lyon=5, marseille=5)
        order = self._order(("CHAIR", 2))
        self._reject(self._delivery(order, self.lille), 2)
        self.assertEqual(self._from(order), {"Lyon": 2})
        self._reject(self._delivery(order, self.lyon), 2)
        self.assertEqual((self._from(order), self._holds(order)), ({}, ["stock"]))
        self.assertIn("2 places have given this order up, the last one was Lyon", order.oms_hold_reason)
        # A person resets it: then all places are asked again.
        order.action_oms_release()
        order.action_oms_source_again()
        self.assertEqual(self._from(order), {"Lille": 2})
        self._reject(self._delivery(order, self.lille), 2)
        self.assertEqual(self._from(order), {"Marseille": 2}, "Lille and Lyon have rejected it")

    def test_the_job_gives_no_order_to_another_place_beyond_that(self):
        self.patch(type(self.env["sale.order"]), "_oms_get_attempts_max", lambda order: 0)
        self.lille.oms_pick_hours = 1
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 2))
        self._later(hours=5)
        self._job()
        self.assertEqual(self._from(order), {"Lille": 2})

    def test_a_place_is_asked_again_when_its_rejection_is_old(self):
        self.patch(type(self.env["sale.order"]), "_oms_get_rejected_days", lambda order: 3)
        self._put(self.chair, lille=5, lyon=5)
        order = self._order(("CHAIR", 2))
        self._reject(self._delivery(order, self.lille), 2)
        self._age(order, days=2)
        self.assertEqual(order._oms_get_rejected(order.order_line).keys(), {self.lille.id})
        self._age(order, days=2)
        self.assertFalse(order._oms_get_rejected(order.order_line))
        self._reject(self._delivery(order, self.lyon), 2)
        self.assertEqual(self._from(order), {"Lille": 2})

    def _age(self, order, days):
        for table in ("oms_rejection", "oms_sourcing_decision"):
            self.env.flush_all()
            self.env.cr.execute(
                f"UPDATE {table} SET create_date = create_date - interval '{days} days' WHERE order_id = %s", [order.id]
            )
        self.env.invalidate_all()

    def test_a_rejection_of_all_of_it_takes_it_from_other_orders_there_too(self):
        self._put(self.chair, lille=5, lyon=5)
        first, second = (self._order(("CHAIR", 2)) for _number in range(2))
        self._reject(self._delivery(first, self.lille), 2, "shelf_empty")
        self.assertEqual((self._from(first), self._from(second)), ({"Lyon": 2}, {"Lyon": 2}))
        self.assertEqual(second.oms_rejection_ids.is_collateral, True)


class TestStockFound(ReplanCommon):
    def test_what_nobody_had_goes_on_when_a_place_has_it(self):
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 2))
        self._reject(self._delivery(order, self.lille), 2, "shelf_empty")
        self.assertEqual((self._holds(order), self._from(order)), (["stock"], {}))
        self._job()
        self.assertEqual(self._from(order), {})
        self._put(self.chair, marseille=1)
        self._later(hours=1)
        self._job()
        self.assertEqual(self._from(order), {}, "one is not enough")
        self._put(self.chair, marseille=2)
        self._later(hours=1)
        self._job()
        self.assertEqual((self._from(order), self._holds(order)), ({"Marseille": 2}, []))
        self.assertEqual(self._decisions(order)[-1].trigger, "found")

    def test_an_order_that_no_site_might_ship_goes_on_when_one_opens(self):
        self._put(self.chair, lyon=2)
        self.sites.oms_intake = "pause"
        order = self._order(("CHAIR", 2))
        self._job()
        self.assertEqual((self._holds(order), self._from(order)), (["stock"], {}))
        self.assertEqual(len(order.oms_decision_ids), 1, "nothing has changed, nothing is written")
        self.lyon.oms_intake = "open"
        self._later(hours=1)
        self._job()
        self.assertEqual((self._from(order), self._holds(order)), ({"Lyon": 2}, []))

    def test_what_waits_at_one_place_comes_from_another_that_has_it_first(self):
        order = self._order(("CHAIR", 2))
        self.assertEqual(sum(self._from(order).values()), 2)
        self.assertEqual(self._moves(order).state, "confirmed")
        self._put(self.chair, marseille=2)
        self._job()
        self.assertEqual(self._from(order), {"Marseille": 2})
        self.assertEqual(self._moves(order).state, "assigned")

    def test_one_line_is_found_while_another_is_still_waited_for(self):
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 2), ("LAMP", 1))
        chairs = self._delivery(order, self.lille).move_ids.filtered(lambda move: move.product_id == self.chair)
        chairs.picking_id._oms_reject({chairs: 2}, self.env.ref("oms_core.reject_reason_shelf_empty"))
        self._put(self.chair, lyon=2)
        self._job()
        self.assertEqual(self._from(order, self.chair), {"Lyon": 2})
        self.assertEqual((self._holds(order), sum(self._from(order, self.lamp).values())), ([], 1))

    def test_other_holds_of_the_order_stand(self):
        self._put(self.chair, lille=5)
        order = self._order(("CHAIR", 2))
        self._reject(self._delivery(order, self.lille), 2, "shelf_empty")
        order._oms_hold("fraud", "Ask for a passport.")
        self._put(self.chair, lyon=2)
        self._job()
        self.assertEqual(self._holds(order), ["fraud"])

    def test_the_oldest_look_comes_first_and_one_run_has_an_end(self):
        orders = [self._order(("CHAIR", 1)) for _number in range(3)]
        first = self.env["sale.order"]._oms_search_waiting(2)
        self.assertEqual(first.ids, [orders[0].id, orders[1].id])
        self.patch(self.env.registry["ir.cron"], "_commit_progress", lambda *_arguments, **_words: 1.0)
        self.env["sale.order"]._oms_give_found_stock(2)
        self.assertEqual(self.env["sale.order"]._oms_search_waiting(2).ids, [orders[2].id])


class TestKits(ReplanCommon):
    """A kit goes as a whole; needs the glue to manufacturing."""

    def test_a_late_kit_moves_with_all_its_parts(self):
        if "mrp.bom" not in self.env:
            self.skipTest("kits need Odoo's manufacturing")
        kit = self._create_product("SET", is_storable=False)
        self._create_kit(kit, (self.chair, 4), (self.lamp, 1))
        self.lille.oms_pick_hours = 1
        self._put(self.chair, lille=8, lyon=8)
        self._put(self.lamp, lille=2, lyon=2)
        order = self._order(("SET", 2))
        self.assertEqual(self._from(order), {"Lille": 10})
        self._later(hours=5)
        self._job()
        self.assertEqual(self._from(order), {"Lyon": 10})
        self.assertEqual(self._from(order, self.chair), {"Lyon": 8})
