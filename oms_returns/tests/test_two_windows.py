"""The same return, open in two windows: whoever is second sees what the first one did."""

from decimal import Decimal
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, get_db_name, tagged

from odoo.addons.oms_core.domain.documents import ReturnRequestDoc, ReturnRequestLineDoc
from odoo.addons.oms_core.tests.committed import AtOnce


class TwoWindows(AtOnce, BaseCase):
    """On committed rows, each window a connection of its own."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.startPatcher(patch.object(Registry, "_lock", DummyRLock()))
        with self.registry.cursor() as cr:
            env = self._env(cr)
            product = env["product.product"].create({"name": "Return race", "type": "consu", "invoice_policy": "order"})
            partner = env["res.partner"].create({"name": "Return race"})
            self.product_id, self.partner_id = product.id, partner.id
        self.addCleanup(self._clean_up)

    def _env(self, cr):
        return api.Environment(
            cr, SUPERUSER_ID, {"tracking_disable": True, "mail_create_nolog": True, "mail_notrack": True}
        )

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            pickings = env["stock.move"].search([("product_id", "=", self.product_id)]).picking_id.ids or [0]
            returns = env["oms.return"].search([("partner_id", "=", self.partner_id)]).ids or [0]
            orders = env["sale.order"].search([("partner_id", "=", self.partner_id)]).ids or [0]
            for statement, values in (
                ("DELETE FROM oms_return_settlement WHERE return_id = ANY(%s)", [returns]),
                ("DELETE FROM stock_move_line WHERE product_id = %s", [self.product_id]),
                ("DELETE FROM stock_move WHERE product_id = %s", [self.product_id]),
                ("DELETE FROM stock_picking WHERE id = ANY(%s)", [pickings]),
                ("DELETE FROM stock_quant WHERE product_id = %s", [self.product_id]),
                ("DELETE FROM oms_return WHERE id = ANY(%s)", [returns]),
                ("DELETE FROM oms_notification WHERE order_id = ANY(%s)", [orders]),
                ("DELETE FROM sale_order WHERE id = ANY(%s)", [orders]),
                ("DELETE FROM mail_message WHERE model = 'oms.return' AND res_id = ANY(%s)", [returns]),
                ("DELETE FROM mail_message WHERE model = 'sale.order' AND res_id = ANY(%s)", [orders]),
                ("DELETE FROM mail_message WHERE model = 'stock.picking' AND res_id = ANY(%s)", [pickings]),
            ):
                cr.execute(statement, values)
            env["product.product"].browse(self.product_id).product_tmpl_id.unlink()
            env["res.partner"].browse(self.partner_id).unlink()

    def _read(self, env):
        env["oms.return"].search([("partner_id", "=", self.partner_id)]).read(["state", "stage"])


@tagged("post_install", "-at_install")
class TestTwoForms(TwoWindows):
    """RET-01, RET-18: the page of a customer, sent from two windows at the same moment."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = self._env(cr)
            order = env["sale.order"].create(
                {
                    "partner_id": self.partner_id,
                    "order_line": [Command.create({"product_id": self.product_id, "product_uom_qty": 2})],
                }
            )
            order.action_confirm()
            order.picking_ids.button_validate()
            self.order_id, self.line_id = order.id, str(order.order_line.id)

    def _form(self, key, quantity):
        doc = ReturnRequestDoc(key, (ReturnRequestLineDoc(self.line_id, Decimal(quantity)),), way="mail")

        def send(env):
            _answer, problems = env["sale.order"].browse(self.order_id)._oms_apply_return_request(doc)
            return " ".join(problem.message for problem in problems) or "done"

        return send

    def _quantities(self):
        with self.registry.cursor() as cr:
            return self._env(cr)["sale.order"].browse(self.order_id).oms_return_ids.line_ids.mapped("quantity")

    def test_the_same_form_twice_is_one_return(self):
        self.assertEqual(self._at_once(self._form("k", 1), self._form("k", 1), look=self._read), ["done", "done"])
        self.assertEqual(self._quantities(), [1])

    def test_two_forms_do_not_get_more_back_than_the_customer_has(self):
        first, second = self._at_once(self._form("one", 2), self._form("two", 2), look=self._read)
        self.assertEqual(first, "done")
        self.assertRegex(second, "asked for|asks for|back already")
        self.assertEqual(self._quantities(), [2])


@tagged("post_install", "-at_install")
class TestTwoWindows(TwoWindows):
    """RET-01: two clerks on one return."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = self._env(cr)
            request = env["oms.return"].create(
                {
                    "partner_id": self.partner_id,
                    "is_blind": True,
                    "line_ids": [
                        Command.create(
                            {"product_id": self.product_id, "quantity": 2, "outcome": "nothing", "comment": "A race"}
                        )
                    ],
                }
            )
            self.request_id = request.id

    def _press_twice(self, button):
        def press(env):
            getattr(env["oms.return"].browse(self.request_id), button)()
            return "done"

        return self._at_once(press, press, look=self._read)

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
