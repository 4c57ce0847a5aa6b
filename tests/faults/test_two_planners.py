"""FUL-08: two people plan the waves of one place at the same moment, from two connections."""

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import LockError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestTwoPlanners(BaseCase):
    """Neither sees the waves of the other until they are committed, so one of them is told, or begins anew."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            warehouse = env["stock.warehouse"].create({"name": "Two planners", "code": "TWOPL"})
            order = env["sale.order"].create(
                {
                    "partner_id": env["res.partner"].create({"name": "Two planners"}).id,
                    "warehouse_id": warehouse.id,
                    "order_line": [
                        (
                            0,
                            0,
                            {"product_id": env["product.product"].create({"name": "Two planners"}).id, "price_unit": 1},
                        )
                    ],
                }
            )
            order.action_confirm()
            self.place_id = warehouse.out_type_id.id
            self.picking_id = order.picking_ids.id
            self.assertEqual(
                (order.picking_ids.picking_type_id, order.picking_ids.state), (warehouse.out_type_id, "assigned")
            )
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            picking = env["stock.picking"].browse(self.picking_id)
            order, warehouse = picking.sale_id, picking.picking_type_id.warehouse_id
            products, partner = order.order_line.product_id, order.partner_id
            picking.batch_id.unlink()
            order._action_cancel()
            picking.unlink()
            order.unlink()
            products.active = partner.active = False
            warehouse.active = False

    def _plan(self, cr):
        place = api.Environment(cr, SUPERUSER_ID, {})["stock.picking.type"].browse(self.place_id)
        return place._oms_plan_waves()[0]

    def test_of_two_that_plan_at_once_one_is_told_and_nothing_is_in_two_waves(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            for cr in (first, second):
                cr.execute("SELECT count(*) FROM stock_picking_batch")  # both have looked before either has planned
            wave = self._plan(first)
            self.assertEqual(wave.picking_ids.ids, [self.picking_id])
            with self.assertRaisesRegex(LockError, "Somebody is planning waves"):
                self._plan(second)
            first.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.SerializationFailure):
                self._plan(second)
            second.rollback()
            self.assertFalse(self._plan(second))  # anew, as Odoo does with such a request: nothing is left
            second.rollback()
