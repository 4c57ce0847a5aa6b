"""FUL-02: two stores, real connections, real commits, and each rejects its part of the same order at the same instant."""

import time
from secrets import token_hex
from threading import Barrier, Thread
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS

PATIENCE_S = 120


@tagged("post_install", "-at_install")
class TestTwoRejections(BaseCase):
    """Neither sees what the other gave up: what both want to have brought from a third place is there once only."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # Odoo's own runner holds it, and a second thread would wait for it forever.
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))
        with self.registry.cursor() as cr:
            env = self._env(cr)
            company = env.ref("base.main_company")
            mark = token_hex(2)  # places cannot be deleted, and no two may have one name
            places = env["stock.warehouse"].create(
                [{"name": f"{letter} {mark}", "code": f"{letter}{mark}", "company_id": company.id} for letter in "ABC"]
            )
            product = env["product.product"].create({"name": "Wanted twice", "is_storable": True})
            for place in places[:2]:
                env["stock.quant"]._update_available_quantity(product, place.lot_stock_id, 1)
            channel = env["oms.channel"].create(
                {
                    "name": "Two rejections",
                    "code": "TWO-REJECTIONS",
                    "company_id": company.id,
                    "warehouse_ids": [Command.set(places.ids)],
                }
            )
            partner = env["res.partner"].create({"name": "Two rejections"})
            order = env["sale.order"].create(
                {
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "oms_channel_id": channel.id,
                    "order_line": [Command.create({"product_id": product.id, "product_uom_qty": 2})],
                }
            )
            order.action_confirm()
            self.place_ids, self.product_id = places.ids, product.id
            self.channel_id, self.partner_id, self.order_id = channel.id, partner.id, order.id
        self.addCleanup(self._clean_up)

    @staticmethod
    def _env(cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "mail_create_nolog": True})

    def _bring(self, quantity):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            place = env["stock.warehouse"].browse(self.place_ids[2])
            env["stock.quant"]._update_available_quantity(
                env["product.product"].browse(self.product_id), place.lot_stock_id, quantity
            )

    def _reject_at_once(self, picking_ids):
        """Each in a transaction of its own, begun when the others have begun. What they were told, in no order."""
        told, ready = [], Barrier(len(picking_ids), timeout=PATIENCE_S)
        with mute_logger("odoo.sql_db"):
            workers = [
                Thread(target=self._reject, args=(picking_id, ready, told), daemon=True) for picking_id in picking_ids
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join(PATIENCE_S)
        self.assertFalse([worker for worker in workers if worker.is_alive()], "a worker stands still")
        return told

    def _reject(self, picking_id, ready, told):
        deadline, first = time.monotonic() + PATIENCE_S, True
        while time.monotonic() < deadline:
            try:
                with self.registry.cursor() as cr:
                    picking = self._env(cr)["stock.picking"].browse(picking_id)
                    moves = picking.move_ids.filtered(lambda move: move.state != "cancel")
                    reason = picking.env.ref("oms_core.reject_reason_no_time")
                    if first:
                        first = False
                        ready.wait()
                    picking._oms_reject({move: move.product_qty for move in moves}, reason)
                told.append("rejected")
                return
            except CONCURRENCY_ERRORS:
                continue  # as Odoo does with a request
            except UserError:
                told.append("refused")
                return
            except Exception as error:
                told.append(repr(error))
                return

    def test_what_two_stores_give_up_at_once_is_promised_from_a_third_only_as_far_as_it_goes(self):
        self._bring(1)
        with self.registry.cursor() as cr:
            pickings = self._env(cr)["sale.order"].browse(self.order_id).picking_ids
            self.assertEqual(set(pickings.picking_type_id.warehouse_id.ids), set(self.place_ids[:2]))
            picking_ids = pickings.ids
        self.assertEqual(self._reject_at_once(picking_ids), ["rejected"] * 2)
        with self.registry.cursor() as cr:
            order = self._env(cr)["sale.order"].browse(self.order_id)
            rejections = order.env["oms.rejection"].search([("order_id", "=", order.id)])
            self.assertEqual(sorted(rejections.warehouse_id.ids), sorted(self.place_ids[:2]))
            self.assertEqual(rejections.mapped("quantity"), [1.0, 1.0])
            moves = order.order_line.move_ids.filtered(lambda move: move.state != "cancel")
            third = moves.filtered(lambda move: move.picking_type_id.warehouse_id.id == self.place_ids[2])
            self.assertEqual(sum(third.mapped("quantity")), 1.0, "what the third place has")
            missing = 2.0 - sum(moves.mapped("product_uom_qty"))
            self.assertGreaterEqual(missing, 0.0)
            self.assertTrue(missing == 0.0 or order.oms_hold_ids.filtered("is_open"), "nobody is told what is missing")

    def test_one_delivery_that_two_people_reject_at_once_is_rejected_once(self):
        self._bring(2)
        with self.registry.cursor() as cr:
            picking = self._env(cr)["sale.order"].browse(self.order_id).picking_ids[:1]
            picking_id, place_id = picking.id, picking.picking_type_id.warehouse_id.id
        self.assertEqual(sorted(self._reject_at_once([picking_id] * 2)), ["refused", "rejected"])
        with self.registry.cursor() as cr:
            order = self._env(cr)["sale.order"].browse(self.order_id)
            rejections = order.env["oms.rejection"].search([("order_id", "=", order.id)])
            self.assertEqual((rejections.warehouse_id.ids, rejections.mapped("quantity")), ([place_id], [1.0]))
            moves = order.order_line.move_ids.filtered(lambda move: move.state != "cancel")
            self.assertEqual(sum(moves.mapped("product_uom_qty")), 2.0)

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            order = env["sale.order"].browse(self.order_id)
            order._action_cancel()
            moves = env["stock.move"].search([("product_id", "=", self.product_id)])
            pickings = moves.picking_id
            env.flush_all()
            for table in ("oms_rejection", "oms_hold", "oms_capacity_use", "oms_sourcing_decision"):
                cr.execute(f"DELETE FROM {table} WHERE order_id = %s", [order.id])
            cr.execute("DELETE FROM oms_stock_event WHERE product_id = %s", [self.product_id])
            env.invalidate_all()
            moves.unlink()
            pickings.unlink()
            order.unlink()
            cr.execute("DELETE FROM stock_quant WHERE product_id = %s", [self.product_id])
            env.invalidate_all()
            env["product.product"].browse(self.product_id).unlink()
            env["oms.channel"].browse(self.channel_id).unlink()
            env["res.partner"].browse(self.partner_id).unlink()
            cr.execute("DELETE FROM oms_capacity_turn WHERE warehouse_id = ANY(%s)", [self.place_ids])
            env["stock.warehouse"].browse(self.place_ids).active = False
