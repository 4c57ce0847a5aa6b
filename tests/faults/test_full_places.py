"""R11: four workers, real connections, real commits, and a place that takes five orders a day."""

import time
from secrets import token_hex
from threading import Thread
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS

WORKERS = 4
ORDERS = 16
LIMIT = 5
PATIENCE_S = 180


@tagged("post_install", "-at_install")
class TestFullPlaces(BaseCase):
    """Transactions do not see what others commit meanwhile: two that found the last room of a place may not both take it."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # Odoo's own runner holds it, and a second thread would wait for it forever.
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))
        with self.registry.cursor() as cr:
            env = self._env(cr)
            company = env.ref("base.main_company")
            mark = token_hex(2)  # places cannot be deleted, and no two may have one name
            full, other = env["stock.warehouse"].create(
                [
                    {
                        "name": f"Full {mark}",
                        "code": f"F{mark}",
                        "company_id": company.id,
                        "sequence": 1,
                        "oms_orders_max": LIMIT,
                    },
                    {"name": f"Other {mark}", "code": f"O{mark}", "company_id": company.id},
                ]
            )
            full.sequence, other.sequence = 1, 2
            product = env["product.product"].create(
                {"name": "Full places", "is_storable": True, "company_id": company.id}
            )
            for place in full | other:
                env["stock.quant"]._update_available_quantity(product, place.lot_stock_id, 100)
            channel = env["oms.channel"].create(
                {
                    "name": "Full places",
                    "code": "FULL-PLACES",
                    "company_id": company.id,
                    "warehouse_ids": [Command.set((full | other).ids)],
                }
            )
            partner = env["res.partner"].create({"name": "Full places"})
            orders = env["sale.order"].create(
                [
                    {
                        "partner_id": partner.id,
                        "company_id": company.id,
                        "oms_channel_id": channel.id,
                        "order_line": [Command.create({"product_id": product.id, "product_uom_qty": 1})],
                    }
                    for _number in range(ORDERS)
                ]
            )
            self.place_ids, self.product_id = (full | other).ids, product.id
            self.channel_id, self.partner_id, self.order_ids = channel.id, partner.id, orders.ids
        self.addCleanup(self._clean_up)

    @staticmethod
    def _env(cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "mail_create_nolog": True})

    def test_no_place_is_given_more_orders_than_it_takes(self):
        failures, waiting = [], list(self.order_ids)
        with mute_logger("odoo.sql_db"):
            workers = [Thread(target=self._work, args=(waiting, failures), daemon=True) for _number in range(WORKERS)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join(PATIENCE_S)
        self.assertFalse([worker for worker in workers if worker.is_alive()], "a worker stands still")
        self.assertFalse(failures)
        with self.registry.cursor() as cr:
            env = self._env(cr)
            orders = env["sale.order"].browse(self.order_ids)
            self.assertEqual(set(orders.mapped("state")), {"sale"})
            places = orders.picking_ids.picking_type_id.warehouse_id
            at_full = orders.filtered(
                lambda order: order.picking_ids.picking_type_id.warehouse_id.ids == self.place_ids[:1]
            )
            self.assertEqual((len(at_full), set(places.ids)), (LIMIT, set(self.place_ids)))
            uses = env["oms.capacity.use"].search([("warehouse_id", "=", self.place_ids[0]), ("state", "=", "taken")])
            self.assertEqual(set(uses.order_id.ids), set(at_full.ids))

    def _work(self, waiting, failures):
        deadline = time.monotonic() + PATIENCE_S
        while waiting and time.monotonic() < deadline:
            try:
                order_id = waiting.pop()
            except IndexError:
                return
            while True:
                try:
                    with self.registry.cursor() as cr:
                        self._env(cr)["sale.order"].browse(order_id).action_confirm()
                    break
                except CONCURRENCY_ERRORS:
                    continue
                except Exception as error:
                    failures.append(repr(error))
                    return

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            orders = env["sale.order"].browse(self.order_ids)
            orders._action_cancel()
            moves = env["stock.move"].search([("product_id", "=", self.product_id)])
            pickings = moves.picking_id
            env.flush_all()
            for table in ("oms_hold", "oms_capacity_use", "oms_sourcing_decision"):
                cr.execute(f"DELETE FROM {table} WHERE order_id = ANY(%s)", [self.order_ids])
            cr.execute("DELETE FROM oms_stock_event WHERE product_id = %s", [self.product_id])
            env.invalidate_all()
            moves.unlink()
            pickings.unlink()
            orders.unlink()
            cr.execute("DELETE FROM stock_quant WHERE product_id = %s", [self.product_id])
            env.invalidate_all()
            env["product.product"].browse(self.product_id).unlink()
            env["oms.channel"].browse(self.channel_id).unlink()
            env["res.partner"].browse(self.partner_id).unlink()
            places = env["stock.warehouse"].browse(self.place_ids)
            cr.execute("DELETE FROM oms_capacity_turn WHERE warehouse_id = ANY(%s)", [self.place_ids])
            places.active = False
