"""FUL-08: two people plan the waves of one place at the same moment, from two connections."""

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import LockError
from odoo.modules.registry import Registry
from odoo.tests import get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_batch.tests.common import WaveCommon
from odoo.addons.oms_core.tests.committed import Committed


@tagged("post_install", "-at_install")
class TestTwoPlanners(Committed, WaveCommon):
    """Neither sees the waves of the other until they are committed, so one of them is told, or begins anew."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        picking = cls("test_of_two_that_plan_at_once_one_is_told_and_nothing_is_in_two_waves")._delivery()
        cls.place_id, cls.picking_id = picking.picking_type_id.id, picking.id
        cls._commit()

    def _plan_in(self, cr):
        place = api.Environment(cr, SUPERUSER_ID, {})["stock.picking.type"].browse(self.place_id)
        return place._oms_plan_waves()[0]

    def test_of_two_that_plan_at_once_one_is_told_and_nothing_is_in_two_waves(self):
        registry = Registry(get_db_name())
        with registry.cursor() as first, registry.cursor() as second:
            for cr in (first, second):
                cr.execute("SELECT count(*) FROM stock_picking_batch")  # both have looked before either has planned
            wave = self._plan_in(first)
            self.assertEqual(wave.picking_ids.ids, [self.picking_id])
            with self.assertRaisesRegex(LockError, "Somebody is planning waves"):
                self._plan_in(second)
            first.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.SerializationFailure):
                self._plan_in(second)
            second.rollback()
            self.assertFalse(self._plan_in(second))  # anew, as Odoo does with such a request: nothing is left
            second.rollback()
