from dataclasses import replace
from datetime import datetime, timedelta, timezone
from threading import Barrier, Thread
from unittest.mock import patch
from uuid import uuid4

import psycopg2

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError, UserError
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_core.domain.documents import CancelDoc
from odoo.addons.oms_core.models import oms_cancellation

from .common import OmsCommon

ROUNDS = 12


class TestCancellation(OmsCommon):
    """ORD-12: an order or a part of it is stopped, or it is too late; and what was decided stays."""

    def _cancel(self, order, quantities=None, reason="customer", asked_by="clerk"):
        return order._oms_request_cancellation(reason, asked_by, "Not wanted any more.", quantities)

    def test_an_order_of_which_nothing_has_left_is_stopped_whole(self):
        order = self._order(("STD", 2, "40.00", 20))
        cancellation = self._cancel(order)
        self.assertEqual((cancellation.state, order.state), ("stopped", "cancel"))
        self.assertEqual(set(order.picking_ids.mapped("state")), {"cancel"})
        self.assertTrue(cancellation.decided_at)
        self.assertEqual((cancellation.line_ids.stopped, cancellation.line_ids.late), (2, 0))

    def test_what_has_not_left_is_stopped_and_the_rest_is_too_late(self):
        order = self._order(("STD", 5, "100.00", 20))
        self._ship(order, {self.product_standard: 2})
        cancellation = self._cancel(order)
        self.assertEqual(cancellation.state, "partly")
        self.assertEqual((cancellation.line_ids.stopped, cancellation.line_ids.late), (3, 2))
        self.assertEqual(order.order_line.product_uom_qty, 2)
        self.assertFalse(order._oms_get_open_deliveries())
        self.assertIn("cancel", self._holds(order))
        self.assertEqual(order.amount_total, 48.00)

    def test_after_everything_has_left_it_is_too_late_and_says_so(self):
        order = self._order(("STD", 1, "20.00", 20))
        self._ship(order)
        cancellation = self._cancel(order)
        self.assertEqual((cancellation.state, order.state), ("too_late", "sale"))
        self.assertIn("has left", cancellation.outcome)

    def test_one_of_three_less_keeps_the_share_of_what_was_charged(self):
        order = self._order(("STD", 3, "10.00", 20))
        self._cancel(order, {order.order_line: 1})
        line = order.order_line
        self.assertEqual((line.product_uom_qty, line.price_subtotal, line.price_tax), (2, 6.67, 1.33))
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 2)

    def test_an_order_that_is_cancelled_twice_has_both_on_record(self):
        order = self._order()
        self._cancel(order)
        order.action_draft()
        order.action_confirm()
        self._cancel(order, reason="staff")
        self.assertEqual(order.oms_cancellation_ids.mapped("reason"), ["staff", "customer"])

    def test_cancelling_on_the_order_itself_is_on_record_too(self):
        order = self._order()
        order.action_cancel()
        self.assertEqual(order.oms_cancellation_ids.mapped("state"), ["stopped"])

    def test_the_channel_takes_the_same_way(self):
        doc = self._doc()
        order = self._apply(doc)[0][0]
        self._apply(replace(doc, status="cancelled", updated_at=doc.updated_at + timedelta(minutes=1)))
        self.assertEqual(order.oms_cancellation_ids.mapped("asked_by"), ["channel"])
        self.assertTrue(order.oms_called_off)
        other = self._doc()
        order = self._apply(other)[0][0]
        self._receive(CancelDoc(other.external_id), kind="order_deleted")._process()
        self.assertEqual(order.oms_cancellation_ids.mapped("state"), ["stopped"])

    def test_a_channel_that_says_again_that_it_cancelled_asks_nothing_back_twice(self):
        doc = self._doc(lines=(self._line("STD", 110),))
        order = self._apply(doc)[0][0]
        self._ship(order)
        asked_back = []
        self.patch(type(order), "_oms_on_cancelled_too_late", lambda orders, record: asked_back.append(record.id))
        for minutes in (1, 2, 3):
            self._apply(replace(doc, status="cancelled", updated_at=doc.updated_at + timedelta(minutes=minutes)))
        self.assertEqual(len(asked_back), 1)
        self.assertEqual(order.oms_cancellation_ids.mapped("state"), ["partly"])

    def test_what_is_booked_stays_here_until_an_accountant_credits_it(self):
        self.channel.invoice_policy = "payment"
        order = self._order()
        self._book(order)
        cancellation = self._cancel(order)
        self.assertEqual((cancellation.state, order.state), ("stopped", "sale"))
        self.assertEqual(self._holds(order), ["cancel"])
        with self.assertRaisesRegex(UserError, "on hold"):
            self._ship(order)

    def test_what_was_decided_cannot_be_changed_or_deleted(self):
        cancellation = self._cancel(self._order()).sudo()
        with self.assertRaises(UserError):
            cancellation.note = "Otherwise"
        with self.assertRaises(UserError):
            cancellation.unlink()
        with self.assertRaises(UserError):
            cancellation.line_ids.stopped = 9

    # ---------------------------------------------------------------------------------------- BEFORE IT IS RELEASED

    def _waiting(self, *lines, **values):
        """A quotation whose customer still has time for changes, and its document."""
        self.channel.edit_window_minutes = 60
        values["lines"] = tuple(self._line(*line) for line in lines or [("STD", 3, "30.00", None)])
        doc = self._doc(ordered_at=datetime.now(timezone.utc), **values)
        order = self._apply(doc)[0][0]
        self.assertEqual(order.state, "draft")
        return order, doc

    def _release(self, order):
        order.oms_release_at = fields.Datetime.now() - timedelta(minutes=1)
        with self.enter_registry_test_mode():
            self.env.ref("oms_core.cron_release").method_direct_trigger()
        self.env.invalidate_all()

    def test_a_part_that_was_called_off_here_is_not_brought_back_by_the_channel(self):
        order, doc = self._waiting()
        cancellation = self._cancel(order, {order.order_line: 1}, asked_by="customer")
        self._receive(replace(doc, note="New note", updated_at=doc.updated_at + timedelta(minutes=1)))._process()
        self.assertEqual((order.order_line.product_uom_qty, order.amount_total), (2, 20.00))
        self.assertEqual((cancellation.line_ids.stopped, cancellation.line_ids.sale_line_id), (1, order.order_line))
        self.assertEqual(self._holds(order), [])
        with self.assertRaisesRegex(UserError, "was changed here"):
            order.action_oms_check_again()
        more = replace(doc, updated_at=doc.updated_at + timedelta(minutes=2), lines=(self._line("STD", 4, rate=None),))
        self._apply(replace(more, total=more.computed_total()))
        self.assertEqual((self._holds(order), order.order_line.product_uom_qty), (["change"], 2))

    def test_a_part_that_was_called_off_here_waits_for_a_person_when_the_channel_takes_the_order_up_again(self):
        order, doc = self._waiting()
        self._cancel(order, {order.order_line: 1}, asked_by="customer")
        for minutes, status in ((1, "cancelled"), (2, "open")):
            self._apply(replace(doc, status=status, updated_at=doc.updated_at + timedelta(minutes=minutes)))
        self.assertEqual((order.state, order.order_line.product_uom_qty, self._holds(order)), ("draft", 2, ["change"]))

    def test_what_the_channel_itself_called_off_in_part_follows_the_channel(self):
        order, doc = self._waiting()
        cancellation = self._cancel(order, {order.order_line: 1}, "channel", "channel")
        less = replace(doc, updated_at=doc.updated_at + timedelta(minutes=1), lines=(self._line("STD", 1, rate=None),))
        self._apply(replace(less, total=less.computed_total()))
        self.assertEqual((order.order_line.product_uom_qty, self._holds(order)), (1, []))
        line = cancellation.line_ids
        self.assertEqual((line.stopped, line.product_id), (1, self.product_standard), "history stays without its line")

    def test_a_part_that_was_called_off_before_the_release_keeps_nothing_from_going_on(self):
        order, _doc = self._waiting()
        for rest in (2, 1):
            cancellation = self._cancel(order, {order.order_line: 1}, asked_by="customer")
            self.assertEqual(cancellation.accepted_totals, f"{rest}0.00 30.00")
            self.assertFalse(order._oms_total_differs())
        self._release(order)
        self.assertEqual((order.state, self._holds(order)), ("sale", []))
        self.assertEqual(order.picking_ids.move_ids.product_uom_qty, 1)
        order.order_line.price_unit = 7
        self.assertTrue(order._oms_total_differs(), "only what it came to was accepted")

    def test_calling_off_a_part_accepts_no_total_that_differed_before(self):
        order, _doc = self._waiting(total="31.00")
        self.assertEqual(self._holds(order), ["total"])
        cancellation = self._cancel(order, {order.order_line: 1}, asked_by="customer")
        self.assertEqual((cancellation.state, cancellation.accepted_totals), ("stopped", False))
        self.assertTrue(order._oms_total_differs())

    def test_a_locked_order_is_cancelled_as_well(self):
        order = self._order()
        order.action_lock()
        self.assertEqual(self._cancel(order).state, "stopped")

    def test_what_was_set_aside_is_given_back(self):
        order = self._order(status="on_hold")
        reservation = self.env["oms.reservation"].create(
            {
                "order_id": order.id,
                "company_id": self.company.id,
                "product_id": self.product_standard.id,
                "warehouse_id": self.warehouse.id,
                "quantity": 1,
            }
        )
        self._cancel(order)
        self.assertEqual(reservation.state, "voided")

    def _fails(self, *orders):
        """Cancelling these orders ends with an error until the returned set is emptied."""
        broken = {order.id for order in orders}
        original = type(self.env["sale.order"])._oms_get_standing

        def standing(order):
            if order.id in broken:
                raise UserError("The printer burns.")
            return original(order)

        self.patch(type(self.env["sale.order"]), "_oms_get_standing", standing)
        return broken

    def _asked(self, order):
        return (
            self.env["oms.cancellation"]
            .sudo()
            .create({"order_id": order.id, "asked_by": "customer", "reason": "customer", "whole": True})
        )

    def _run_job(self, times=1):
        for _time in range(times):
            self.env["oms.cancellation"].search([("state", "=", "requested")]).next_attempt_at = False
            with self.enter_registry_test_mode(), mute_logger("odoo.addons.oms_core.models.oms_cancellation"):
                self.env.ref("oms_core.cron_cancellation").method_direct_trigger()
            self.env.invalidate_all()

    def test_a_cancellation_that_fails_waits_longer_each_time_and_then_keeps_the_goods_here(self):
        order = self._order()
        broken, asked = self._fails(order), self._asked(order)
        self._run_job(2)
        self.assertEqual((asked.failures, self._holds(order)), (2, []))
        self.assertGreater(asked.next_attempt_at, fields.Datetime.now() + timedelta(seconds=60))
        self.assertNotIn("printer", asked.outcome, "the customer reads this")
        self._run_job(2)
        self.assertEqual((asked.failures, self._holds(order)), (4, ["cancel"]))
        self.assertIn("The printer burns.", order.oms_hold_reason)
        with self.assertRaisesRegex(UserError, "on hold"):
            self._ship(order)
        broken.clear()
        self._run_job()
        self.assertEqual((asked.state, order.state, self._holds(order)), ("stopped", "cancel", []))

    def test_those_that_fail_block_no_newer_one(self):
        self.patch(oms_cancellation, "LIFE_BATCH_MAX", 2)
        orders = [self._order() for _number in range(3)]
        self._fails(*orders[:2])
        asked = [self._asked(order) for order in orders]
        self._run_job()
        self.assertEqual([record.state for record in asked], ["requested", "requested", "stopped"])

    def test_the_dialog_shows_what_will_happen_and_does_just_that(self):
        clerk = self._create_user("cancel_clerk", "oms_core.group_oms_user")
        order = self._order(("STD", 5, "100.00", 20), ("AVG", 1, "20.00", 20))
        self._ship(order, {self.product_standard: 2})
        action = order.with_user(clerk).action_oms_cancel()
        ask = self.env["oms.cancellation.ask"].with_user(clerk).with_context(**action["context"]).create({})
        self.assertIn("Too late: 2.0", ask.preview)
        ask.line_ids.filtered(lambda line: line.ordered == 5).quantity = 0
        self.assertNotIn("Too late", ask.preview)
        ask.action_cancel_order()
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [5, 0])
        self.assertEqual(order.oms_cancellation_ids.user_id, clerk)

    def test_who_may_not_change_an_order_cannot_cancel_it(self):
        order = self._order()
        plain = self._create_user("cancel_plain")
        with self.assertRaises(AccessError):
            order.with_user(plain).action_oms_cancel()
        with self.assertRaises(AccessError):
            self.env["oms.cancellation.ask"].with_user(plain).create({"order_id": order.id})


@tagged("post_install", "-at_install")
class TestRace(BaseCase):
    """One ships while the other cancels, with real connections and commits: exactly one of them wins, every time."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))
        with self.registry.cursor() as cr:
            env = self._env(cr)
            company = env.ref("base.main_company")
            self.company_id = company.id
            warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
            product = env["product.product"].create({"name": "Raced", "is_storable": True, "list_price": 5})
            env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 10 * ROUNDS)
            channel = env["oms.channel"].create(
                {
                    "name": "Race",
                    "code": f"RACE{uuid4().hex[:8]}",
                    "company_id": company.id,
                    "invoice_policy": "manual",
                    "warehouse_ids": [(6, 0, warehouse.ids)],
                }
            )
            partner = env["res.partner"].create({"name": "Racer", "country_id": env.ref("base.fr").id})
            self.product_id, self.channel_id, self.partner_id = product.id, channel.id, partner.id
        self.addCleanup(self._clean_up)

    def _env(self, cr):
        context = {"tracking_disable": True, "mail_create_nolog": True, "mail_notrack": True}
        if hasattr(self, "company_id"):
            context["allowed_company_ids"] = [self.company_id]
        return api.Environment(cr, SUPERUSER_ID, context)

    def _clean_up(self):
        with self.registry.cursor() as cr:
            product, channel, partner = self.product_id, self.channel_id, self.partner_id
            cr.execute("SELECT id FROM sale_order WHERE oms_channel_id = %s", [channel])
            orders = tuple(id_ for (id_,) in cr.fetchall()) or (0,)
            cr.execute("SELECT DISTINCT picking_id FROM stock_move WHERE product_id = %s", [product])
            pickings = tuple(id_ for (id_,) in cr.fetchall() if id_) or (0,)
            cr.execute("DELETE FROM stock_move_line WHERE product_id = %s", [product])
            cr.execute("DELETE FROM stock_move WHERE product_id = %s", [product])
            cr.execute("DELETE FROM stock_picking WHERE id IN %s", [pickings])
            cr.execute("DELETE FROM stock_quant WHERE product_id = %s", [product])
            if "oms.return" in self.registry:
                cr.execute("DELETE FROM oms_return WHERE order_id IN %s", [orders])
            cr.execute("DELETE FROM sale_order WHERE id IN %s", [orders])
            for model, ids in (("sale.order", orders), ("stock.picking", pickings)):
                cr.execute("DELETE FROM mail_message WHERE model = %s AND res_id IN %s", [model, ids])
                cr.execute("DELETE FROM mail_activity WHERE res_model = %s AND res_id IN %s", [model, ids])
            env = self._env(cr)
            env["oms.channel"].browse(channel).unlink()
            env["product.product"].browse(product).product_tmpl_id.unlink()
            env["res.partner"].browse(partner).unlink()

    def _new_order(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            order = env["sale.order"].create(
                {
                    "partner_id": self.partner_id,
                    "oms_channel_id": self.channel_id,
                    "company_id": self.company_id,
                    "order_line": [(0, 0, {"product_id": self.product_id, "product_uom_qty": 1})],
                }
            )
            order.action_confirm()
            return order.id, order.picking_ids.ids

    def _repeat(self, work, outcome, name):
        """As Odoo does with a request: begin anew when the database says that something changed meanwhile."""
        for _attempt in range(5):
            try:
                with self.registry.cursor() as cr:
                    outcome[name] = work(self._env(cr))
                    return
            except psycopg2.errors.SerializationFailure:
                continue
            except UserError as error:
                outcome[name] = f"refused: {error}"
                return
            except Exception as error:
                outcome[name] = error
                return
        outcome[name] = "gave up"

    def test_shipping_and_cancelling_at_the_same_moment_never_both_win(self):
        wins = {"shipped": 0, "cancelled": 0}
        for number in range(ROUNDS):
            order_id, picking_ids = self._new_order()
            barrier, outcome = Barrier(2), {}

            def ship(env, picking_ids=picking_ids, barrier=barrier):
                picking = env["stock.picking"].browse(picking_ids)
                picking.mapped("state")
                _wait(barrier)
                picking.button_validate()
                return "done"

            def cancel(env, order_id=order_id, barrier=barrier):
                order = env["sale.order"].browse(order_id)
                order.mapped("state")
                _wait(barrier)
                return order._oms_request_cancellation("customer", "customer").state

            threads = [
                Thread(target=self._repeat, args=(ship, outcome, "ship")),
                Thread(target=self._repeat, args=(cancel, outcome, "cancel")),
            ]
            with mute_logger("odoo.sql_db"):
                for thread in threads[:: 1 if number % 2 else -1]:
                    thread.start()
                for thread in threads:
                    thread.join(60)
            for one in outcome.values():
                self.assertNotIsInstance(one, Exception, outcome)
            with self.registry.cursor() as cr:
                env = self._env(cr)
                env["oms.cancellation"].search([("order_id", "=", order_id), ("state", "=", "requested")])._decide()
                order = env["sale.order"].browse(order_id)
                shipped = order.picking_ids.mapped("state") == ["done"]
                cancelled = order.state == "cancel"
                self.assertNotEqual(shipped, cancelled, (outcome, order.state, order.picking_ids.mapped("state")))
                decided = order.oms_cancellation_ids.mapped("state")
                self.assertEqual(decided, ["too_late"] if shipped else ["stopped"], outcome)
                wins["shipped" if shipped else "cancelled"] += 1
        self.assertEqual(sum(wins.values()), ROUNDS)

    def test_while_somebody_ships_a_cancellation_waits_and_is_decided_afterwards(self):
        order_id, picking_ids = self._new_order()
        with self.registry.cursor() as one, self.registry.cursor() as two:
            self._env(one)["stock.picking"].browse(picking_ids)._oms_lock()
            asked = self._env(two)["sale.order"].browse(order_id)._oms_request_cancellation("customer", "customer")
            self.assertEqual((asked.state, asked.attempts), ("requested", 1))
            two.commit()
            self._env(one)["stock.picking"].browse(picking_ids).button_validate()
            one.commit()
        with self.registry.cursor() as cr:
            asked = self._env(cr)["oms.cancellation"].browse(asked.id)
            asked._decide()
            self.assertEqual(asked.state, "too_late")

    def test_while_somebody_cancels_the_parcel_is_kept_back_with_a_sentence(self):
        order_id, picking_ids = self._new_order()
        with self.registry.cursor() as one, self.registry.cursor() as two:
            self._env(one)["sale.order"].browse(order_id)._oms_lock_deliveries()
            with self.assertRaisesRegex(UserError, "changing"):
                self._env(two)["stock.picking"].browse(picking_ids).button_validate()


def _wait(barrier):
    """Both begin at once; a repeated attempt does not wait again."""
    if barrier.n_waiting < barrier.parties and not getattr(barrier, "passed", False):
        barrier.wait(30)
        barrier.passed = True
