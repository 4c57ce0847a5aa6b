import random
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time

from .test_reservation import ReservationCommon

NOON = datetime(2026, 3, 2, 12)


class TestStockJournal(ReservationCommon):
    """INV-04, INV-13: what there was at any moment, what led to it, and that it is what the stock says."""

    def _events(self, product=None):
        self.env["oms.stock.event"]._settle()
        return self.env["oms.stock.event"].search([("product_id", "=", (product or self.scarce).id)], order="id")

    def _assert_true(self):
        self.assertFalse([row["sentence"] for row in self.env["oms.stock.event"]._check(self.company)])

    def _told(self, since):
        """(kind, on hand, promised) of what was journaled after ``since`` events."""
        return [(event.kind, event.on_hand, event.promised) for event in self._events()[since:]]

    def _ask(self, moment, product=None):
        return self.env["oms.stock.history"].create(
            {"product_id": (product or self.scarce).id, "warehouse_id": self.warehouse.id, "moment": moment}
        )

    def test_ordering_shipping_and_taking_back_are_events(self):
        known = len(self._events())
        order = self._capture(3, self.channel)
        self.assertEqual(self._told(known), [("demand", 0, 3)])
        self._ship(order)
        self.assertEqual(self._told(known)[1:], [("ship", -3, -3)])
        event = self._events()[-1]
        self.assertEqual((event.order_id, event.channel_id), (order, self.channel))
        self.assertEqual(event.document, order.picking_ids.name)
        wizard = Form(
            self.env["stock.return.picking"].with_context(
                active_id=order.picking_ids.id, active_ids=order.picking_ids.ids, active_model="stock.picking"
            )
        ).save()
        wizard.product_return_moves.quantity = 2
        back = wizard._create_return()
        back.move_ids.picked = True
        back.button_validate()
        self.assertEqual(self._told(known)[2:], [("return", 2, 0)])
        self._assert_true()

    def test_many_moves_of_a_transaction_are_told_as_a_few_are(self):
        for planned_for in (20, 0):
            with patch("odoo.addons.oms_core.models.oms_stock_event.MOVES_PLANNED_FOR", planned_for):
                known = len(self._events())
                self._ship(self._capture(2, self.channel))
                self.assertEqual(
                    sum(promised for _kind, _on_hand, promised in self._told(known)), 0, f"planned for {planned_for}"
                )
                self.assertEqual(self._told(known)[-1][:2], ("ship", -2), f"planned for {planned_for}")
        self._assert_true()

    def test_what_is_cancelled_is_the_part_that_has_not_left(self):
        known = len(self._events())
        order = self._capture(5, self.channel)
        self._ship(order, {self.scarce: 2})
        order.picking_ids.filtered(lambda picking: picking.state != "done").action_cancel()
        told = self._told(known)
        self.assertEqual(sum(promised for _kind, _on_hand, promised in told), 0)
        self.assertEqual(sum(on_hand for _kind, on_hand, _promised in told), -2)
        self._assert_true()

    def test_setting_aside_and_handing_over_are_told_and_sum_up(self):
        known = len(self._events())
        order = self._capture(3, self.channel, status="awaiting_payment")
        order.action_oms_release()
        self.assertEqual(self._told(known), [("set_aside", 0, 3), ("let_go", 0, -3), ("demand", 0, 3)])
        self._assert_true()

    def test_a_move_within_a_warehouse_is_no_event_and_one_between_two(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.warehouse.lot_stock_id.id})
        second = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC", "company_id": self.company.id})
        known = len(self._events())
        for target in (shelf, second.lot_stock_id):
            self._transfer(self.warehouse.lot_stock_id, target, 1)
        self.assertEqual(
            [(event.kind, event.warehouse_id, event.on_hand) for event in self._events()[known:] if event.on_hand],
            [("transfer_out", self.warehouse, -1), ("transfer_in", second, 1)],
        )
        self._assert_true()

    def _transfer(self, source, target, quantity, **values):
        move = self.env["stock.move"].create(
            {
                "product_id": self.scarce.id,
                "product_uom_qty": quantity,
                "product_uom": self.scarce.uom_id.id,
                "location_id": source.id,
                "location_dest_id": target.id,
                "company_id": self.company.id,
                **values,
            }
        )
        move._action_confirm()
        move._action_assign()
        move.picked = True
        move._action_done()
        return move

    def test_a_site_that_picks_before_it_ships_tells_it_once(self):
        self.warehouse.delivery_steps = "pick_ship"
        known = len(self._events())
        order = self._capture(2, self.channel)
        self.env["oms.stock.event"]._settle()  # what one transaction does is told as what it comes to
        order.picking_ids.move_ids.picked = True
        order.picking_ids.button_validate()
        self._ship(order)
        self.assertEqual(order.order_line.qty_delivered, 2)
        self.assertEqual(self._told(known), [("demand", 0, 2), ("transfer_out", -2, -2)])
        self._assert_true()

    def test_packs_are_told_in_pieces(self):
        known = len(self._events())
        self._stock(self.scarce, self.warehouse, 24)
        pack = self.env.ref("uom.product_uom_pack_6")
        customers = self.env.ref("stock.stock_location_customers")
        self._transfer(self.warehouse.lot_stock_id, customers, 2, product_uom=pack.id)
        self.assertEqual(self._told(known), [("adjust", 19, 0), ("ship", -12, 0)])
        self._assert_true()

    # ---------------------------------------------------------------------------------------------------- QUESTIONS

    def test_why_was_this_nothing_at_three_past_two(self):
        """Row N10 of the semantics: an answer at any moment, with the order that took the last."""
        self._events()
        with freeze_time(NOON + timedelta(hours=1, minutes=58)):
            order = self._capture(5, self.channel)
            self.env.flush_all()
            self.env["oms.stock.event"]._settle()
        with freeze_time(NOON + timedelta(hours=2)):
            self._capture(2, self.channel)
            self.env["oms.stock.event"]._settle()
        with freeze_time(NOON + timedelta(hours=3)):
            order.action_cancel()
            self._stock(self.scarce, self.warehouse, 10)
            self.env["oms.stock.event"]._settle()
        # The shelf was filled by today's clock; the story is told as if before.
        self.cr.execute(
            "UPDATE oms_stock_event SET at = %s WHERE product_id = %s AND kind = 'adjust' AND at > %s",
            [NOON - timedelta(days=1), self.scarce.id, NOON + timedelta(days=1)],
        )
        self.env.invalidate_all()
        self.assertEqual(self._ask(NOON).available, 5)
        question = self._ask(NOON + timedelta(hours=2, minutes=3))
        self.assertEqual((question.available, question.on_hand, question.promised), (0, 5, 7))
        self.assertIn(f"order {order.name} of {self.channel.name} took the last 5", question.sentence)
        self.assertTrue(question.sentence.startswith("0 since"))
        self.assertEqual(question.event_ids.mapped("promised")[:2], [2, 5])
        self.assertEqual(self._ask(NOON + timedelta(hours=4)).available, 8)

    def test_running_sums_and_rights(self):
        order = self._capture(2, self.channel)
        events = self._events()
        self.assertEqual(events[-1].available_after, 3)
        clerk = self._create_user("journal_clerk", "oms_core.group_oms_user")
        self.assertTrue(self._ask(order.create_date).with_user(clerk).product_id)
        with self.assertRaises(AccessError):
            events.with_user(clerk).action_check()
        for forbidden in (lambda: events.write({"on_hand": 1}), events.unlink):
            with self.assertRaises(UserError):
                forbidden()

    # -------------------------------------------------------------------------------------------------------- AUDIT

    def test_what_bypasses_the_moves_is_found_and_kept_as_a_correction(self):
        self.env["stock.quant"]._update_available_quantity(self.scarce, self.warehouse.lot_stock_id, 4)
        [difference] = self.env["oms.stock.event"]._check(self.company)
        self.assertEqual((difference["on_hand"], difference["promised"]), (4, 0))
        self.assertIn("the journal says 5", difference["sentence"])
        self.env["oms.stock.event"]._correct(companies=self.company)
        self.assertEqual((self._events()[-1].kind, self._events()[-1].note), ("correction", difference["sentence"]))
        self._assert_true()

    def test_a_journal_that_begins_late_begins_with_what_is_there(self):
        order = self._capture(3, self.channel)
        shipped = self._capture(1, self.channel)
        self._ship(shipped)
        self._events()
        self.cr.execute("DELETE FROM oms_stock_event WHERE company_id = %s", [self.company.id])
        self.env["oms.stock.event"]._correct(kind="opening", companies=self.company)
        self._assert_true()
        self._ship(order, {self.scarce: 1})
        self._assert_true()
        order.picking_ids.filtered(lambda picking: picking.state != "done").action_cancel()
        self._assert_true()

    def test_whatever_happens_the_journal_says_what_the_stock_says(self):
        """INV-13: random lives, compared after every step; the seed is in the message."""
        second = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC", "company_id": self.company.id})
        self._stock(self.scarce, second, 10)
        supplier = self.env.ref("stock.stock_location_suppliers")
        for seed in range(3):
            chance = random.Random(seed)
            orders = []
            for _step in range(14):
                action = chance.choice(("receive", "order", "hold", "ship", "cancel", "scrap", "count", "move", "more"))
                quantity = chance.randint(1, 4)
                order = chance.choice(orders) if orders else None
                if action == "receive":
                    self._transfer(supplier, self.warehouse.lot_stock_id, quantity)
                elif action in ("order", "hold"):
                    status = "awaiting_payment" if action == "hold" else "open"
                    orders.append(self._capture(quantity, self.channel, status=status))
                elif action == "ship" and order and order.state == "sale":
                    moves = order.picking_ids.move_ids.filtered(lambda move: move.state == "assigned")
                    if moves:
                        self._ship(order, {self.scarce: min(quantity, moves[0].quantity)})
                elif action == "cancel" and order and order.state != "cancel":
                    order._oms_cancel("No longer wanted.")
                elif action == "scrap":
                    scrap = self.env["stock.scrap"].create(
                        {"product_id": self.scarce.id, "scrap_qty": 1, "location_id": self.warehouse.lot_stock_id.id}
                    )
                    scrap.do_scrap()
                elif action == "count":
                    self._stock(self.scarce, self.warehouse, quantity * 3)
                elif action == "move":
                    self._transfer(second.lot_stock_id, self.warehouse.lot_stock_id, 1)
                elif action == "more" and order and order.state in ("draft", "sale"):
                    order.order_line[:1].product_uom_qty += 1
                with self.subTest(seed=seed, action=action):
                    self._assert_true()

    def test_one_statement_tells_any_number_of_moves(self):
        def count(size):
            orders = self.env["sale.order"]
            for _number in range(size):
                orders |= self._capture(1, self.channel)
            self.env.flush_all()
            self.env["oms.stock.event"]._settle()
            self.env["oms.stock.event"]._mark(orders.order_line.move_ids)
            before = self.cr.sql_log_count
            self.env["oms.stock.event"]._settle()
            return self.cr.sql_log_count - before

        self.assertEqual(count(6), count(2))

    def test_a_line_that_is_deleted_with_its_move_is_told(self):
        known = len(self._events())
        order = self._capture(2, self.channel)
        self._events()
        move = order.picking_ids.move_ids
        self.cr.execute("UPDATE stock_move SET state = 'draft' WHERE id = %s", [move.id])
        move.invalidate_recordset()
        self.env["oms.stock.event"]._mark(move)
        move.move_line_ids.unlink()
        move.unlink()
        self.assertEqual(self._told(known), [("demand", 0, 2), ("release", 0, -2)])
        self.assertEqual(order.order_line, order.order_line.exists())
