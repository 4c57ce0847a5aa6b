"""RET-05: two tills spend the last euro of a customer at once, from two connections."""

from decimal import Decimal

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import SQL, mute_logger


@tagged("post_install", "-at_install")
class TestLastEuro(BaseCase):
    """Neither sees what the other has spent until it is committed: one of them begins anew, and is told that it is gone."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = self._env(cr)
            self.company_id = env.company.id
            env.company._oms_get_tender_journal("store_credit")
            account = env.company._oms_get_credit_account("given")
            partner = env["res.partner"].create({"name": "Last euro"})
            self.partner_id = partner.id
            product = env["product.product"].create({"name": "Ten", "list_price": 10, "taxes_id": False})
            self.product_id = product.id
            self.order_ids = [
                env["sale.order"]
                .create({"partner_id": partner.id, "order_line": [(0, 0, {"product_id": product.id})]})
                .id
                for _number in range(2)
            ]
            env["oms.store.credit.entry"]._give(
                *(partner, env.company, env.company.currency_id, Decimal(1), "last-euro", account, "correct")
            )
        self.addCleanup(self._clean_up)

    @staticmethod
    def _env(cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def _clean_up(self):
        """Ledger and books are never deleted in daily work, so this goes past Odoo."""
        with self.registry.cursor() as cr:
            env = self._env(cr)
            entries = env["oms.store.credit.entry"].search([("partner_id", "=", self.partner_id)])
            moves, payments = entries.move_id, entries.transaction_id.payment_id
            transactions = entries.transaction_id
            for table, ids in (
                ("oms_store_credit_entry", entries.filtered("lot_id").ids),
                ("oms_store_credit_entry", entries.ids),
                ("payment_transaction", transactions.ids),
                ("account_payment", payments.ids),
                ("account_move", moves.ids),
                ("sale_order", self.order_ids),
            ):
                if table == "account_payment" and ids:
                    cr.execute("UPDATE account_move SET origin_payment_id = NULL WHERE id = ANY(%s)", [moves.ids])
                    cr.execute("UPDATE account_payment SET move_id = NULL WHERE id = ANY(%s)", [ids])
                cr.execute(SQL("DELETE FROM %s WHERE id = ANY(%s)", SQL.identifier(table), ids))
            env.invalidate_all()
            env["product.product"].browse(self.product_id).unlink()
            env["res.partner"].browse(self.partner_id).unlink()

    def test_of_two_that_spend_it_one_wins(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
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
        with self.registry.cursor() as cr:
            env = self._env(cr)
            entries = env["oms.store.credit.entry"].search([("partner_id", "=", self.partner_id)])
            self.assertEqual(sorted(entries.mapped("amount")), [-1, 1])
            self.assertEqual(entries.filtered("lot_id").order_id.ids, self.order_ids[:1])
