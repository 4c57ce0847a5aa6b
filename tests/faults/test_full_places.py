"""R11: four workers, real connections, real commits, and a place that takes five orders a day."""

import time
from threading import Thread
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS
from odoo.addons.oms_core.tests.committed import Committed
from odoo.addons.oms_routing.tests.common import RoutingCommon

WORKERS = 4
ORDERS = 16
LIMIT = 5
PATIENCE_S = 180


@tagged("post_install", "-at_install")
class TestFullPlaces(Committed, RoutingCommon):
    """Transactions do not see what others commit meanwhile: two that found the last room of a place may not both take it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lille.oms_orders_max = LIMIT  # the nearest
        cls._stock(cls.chair, cls.lyon, 100)
        cls._stock(cls.chair, cls.lille, 100)
        order = {
            "partner_id": cls.customer.id,
            "company_id": cls.company.id,
            "oms_channel_id": cls.channel.id,
            "order_line": [Command.create({"product_id": cls.chair.id, "product_uom_qty": 1})],
        }
        cls.place_ids = (cls.lille | cls.lyon).ids
        cls.order_ids = cls.env["sale.order"].create([order] * ORDERS).ids
        cls._commit()

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # Odoo's own runner holds it, and a second thread would wait for it forever.
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))

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
