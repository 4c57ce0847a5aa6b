"""RET-05: two tills spend the last euro of a customer at once, from two connections."""

from decimal import Decimal

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import TransactionCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_core.tests.committed import Committed


@tagged("post_install", "-at_install")
class TestLastEuro(Committed, TransactionCase):
    """Neither sees what the other has spent until it is committed: one of them begins anew, and is told that it is gone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env.company
        company._oms_get_tender_journal("store_credit")
        account = company._oms_get_credit_account("given")
        partner = cls.env["res.partner"].create({"name": "Last euro"})
        product = cls.env["product.product"].create({"name": "Ten", "list_price": 10, "taxes_id": False})
        order = {"partner_id": partner.id, "order_line": [Command.create({"product_id": product.id})]}
        cls.partner_id, cls.order_ids = partner.id, cls.env["sale.order"].create([order, order]).ids
        cls.env["oms.store.credit.entry"]._give(
            partner, company, company.currency_id, Decimal(1), "last-euro", account, "correct"
        )
        cls._commit()

    @staticmethod
    def _env(cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def test_of_two_that_spend_it_one_wins(self):
        registry = Registry(get_db_name())
        with registry.cursor() as first, registry.cursor() as second:
            orders = [
                self._env(cr)["sale.order"].browse(order_id)
                for cr, order_id in zip((first, second), self.order_ids, strict=True)
            ]
            for order in orders:
                self.assertEqual(order.oms_credit_there, 1, "both see it")
            orders[0]._oms_spend_credit(Decimal(1))
            first.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.SerializationFailure):
                orders[1]._oms_spend_credit(Decimal(1))
            second.rollback()
            second.transaction.clear()
            with self.assertRaisesRegex(UserError, "0.00"):  # anew, and it is gone
                orders[1]._oms_spend_credit(Decimal(1))
            second.rollback()
        with registry.cursor() as cr:
            env = self._env(cr)
            entries = env["oms.store.credit.entry"].search([("partner_id", "=", self.partner_id)])
            self.assertEqual(sorted(entries.mapped("amount")), [-1, 1])
            self.assertEqual(entries.filtered("lot_id").order_id.ids, self.order_ids[:1])
