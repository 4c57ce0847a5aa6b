"""RET-01: two requests for the same goods, at once, from two connections."""

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger


@tagged("post_install", "-at_install")
class TestTwoRequests(BaseCase):
    """Neither sees what the other has asked for until it is committed, so one of them has to begin anew."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            partner = env["res.partner"].create({"name": "Two requests"})
            self.partner_id = partner.id
            self.order_id = env["sale.order"].create({"partner_id": partner.id}).id
        self.addCleanup(self._clean_up)

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["sale.order"].browse(self.order_id).unlink()
            env["res.partner"].browse(self.partner_id).unlink()

    def test_of_two_that_ask_goods_back_at_once_one_begins_anew(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            orders = [
                api.Environment(cr, SUPERUSER_ID, {})["sale.order"].browse(self.order_id) for cr in (first, second)
            ]
            for order in orders:
                order.read(["state"])  # both have looked before either has asked
            orders[0]._oms_take_turn_to_return()
            first.commit()
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.SerializationFailure),
            ):
                orders[1]._oms_take_turn_to_return()
            second.rollback()
            orders[1]._oms_take_turn_to_return()  # anew, and it sees what the first one asked for
            second.commit()
