"""The same return, open in two windows: whoever is second sees what the first one did."""

from threading import Barrier, Thread
from unittest.mock import patch

import psycopg2.errors

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

ATTEMPTS = 5


@tagged("post_install", "-at_install")
class TestTwoWindows(BaseCase):
    """On committed rows, each window a connection of its own."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))
        with self.registry.cursor() as cr:
            env = self._env(cr)
            product = env["product.product"].create({"name": "Return race", "type": "consu"})
            partner = env["res.partner"].create({"name": "Return race"})
            request = env["oms.return"].create(
                {
                    "partner_id": partner.id,
                    "is_blind": True,
                    "line_ids": [
                        Command.create(
                            {"product_id": product.id, "quantity": 2, "outcome": "nothing", "comment": "A race"}
                        )
                    ],
                }
            )
            self.product_id, self.partner_id, self.request_id = product.id, partner.id, request.id
        self.addCleanup(self._clean_up)

    def _env(self, cr):
        return api.Environment(
            cr, SUPERUSER_ID, {"tracking_disable": True, "mail_create_nolog": True, "mail_notrack": True}
        )

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            pickings = env["stock.move"].search([("product_id", "=", self.product_id)]).picking_id.ids or [0]
            for statement, values in (
                ("DELETE FROM oms_return_settlement WHERE return_id = %s", [self.request_id]),
                ("DELETE FROM stock_move_line WHERE product_id = %s", [self.product_id]),
                ("DELETE FROM stock_move WHERE product_id = %s", [self.product_id]),
                ("DELETE FROM stock_picking WHERE id = ANY(%s)", [pickings]),
                ("DELETE FROM stock_quant WHERE product_id = %s", [self.product_id]),
                ("DELETE FROM oms_return WHERE id = %s", [self.request_id]),
                ("DELETE FROM mail_message WHERE model = 'oms.return' AND res_id = %s", [self.request_id]),
                ("DELETE FROM mail_message WHERE model = 'stock.picking' AND res_id = ANY(%s)", [pickings]),
            ):
                cr.execute(statement, values)
            env["product.product"].browse(self.product_id).product_tmpl_id.unlink()
            env["res.partner"].browse(self.partner_id).unlink()

    def _press_twice(self, button):
        """Both windows press at the same moment; a request that loses is repeated as Odoo does it.

        :return: what each ended with, sorted
        """
        barrier, outcome = Barrier(2), []

        def window():
            waiting = True
            for _attempt in range(ATTEMPTS):
                try:
                    with self.registry.cursor() as cr:
                        request = self._env(cr)["oms.return"].browse(self.request_id)
                        request.read(["state", "stage"])
                        if waiting:
                            waiting = False
                            barrier.wait(timeout=30)
                        getattr(request, button)()
                    outcome.append("done")
                    return
                except psycopg2.errors.SerializationFailure:
                    continue
                except UserError as error:
                    outcome.append(str(error))
                    return
            outcome.append("gave up")

        windows = [Thread(target=window) for _window in range(2)]
        with mute_logger("odoo.sql_db"):
            for thread in windows:
                thread.start()
            for thread in windows:
                thread.join(timeout=120)
        return sorted(outcome, key=lambda words: words != "done")

    def test_what_two_windows_authorize_and_settle_happens_once(self):
        first, second = self._press_twice("action_authorize")
        self.assertEqual(first, "done")
        self.assertIn("is Authorized, this step is not possible any more", second)
        with self.registry.cursor() as cr:
            request = self._env(cr)["oms.return"].browse(self.request_id)
            self.assertEqual(request.picking_ids.move_ids.mapped("product_uom_qty"), [2])
            request.action_receive()
        first, second = self._press_twice("action_refund")
        self.assertEqual(first, "done")
        self.assertIn("Authorize or reopen it first", second)
        with self.registry.cursor() as cr:
            request = self._env(cr)["oms.return"].browse(self.request_id)
            self.assertEqual(request.settlement_ids.mapped("quantity"), [2])
