"""ACC-03: two people import the same bill of a carrier at once, from two connections."""

from datetime import date
from decimal import Decimal

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.oms_channels.domain.bill import BillDoc, BillLine


@tagged("post_install", "-at_install")
class TestTwoBills(BaseCase):
    """Neither sees what the other has made until it is committed: one of them begins anew, and is told that it is there."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.made = []
        with self.registry.cursor() as cr:
            env = self._env(cr)
            company = env.company
            account = env["account.account"].create(
                {
                    "name": "Two bills",
                    "code": "624777",
                    "account_type": "expense",
                    "company_ids": [Command.link(company.id)],
                }
            )
            journal = env["account.journal"].create(
                {"name": "Two bills", "code": "TWOB", "type": "purchase", "company_id": company.id, "sequence": 0}
            )
            product = env["product.product"].create(
                {
                    "name": "Carriage of two bills",
                    "type": "service",
                    "property_account_expense_id": account.id,
                    "supplier_taxes_id": False,
                }
            )
            payable = env["account.account"].create(
                {
                    "name": "Owed for two bills",
                    "code": "401777",
                    "account_type": "liability_payable",
                    "reconcile": True,
                    "company_ids": [Command.link(company.id)],
                }
            )
            partner = env["res.partner"].create(
                {"name": "Carrier of two bills", "property_account_payable_id": payable.id}
            )
            biller = env["oms.biller"].create(
                {"name": "Two bills", "company_id": company.id, "partner_id": partner.id, "product_id": product.id}
            )
            self.biller_id = biller.id
            self.made = [biller, partner, product, journal, payable, account]
            self.made = [(record._name, record.id) for record in self.made]
            self.doc = BillDoc(
                number="TWICE-1",
                billed_on=date.today(),
                currency=company.currency_id.name,
                total=None,
                lines=(BillLine(row=2, kind="transport", amount=Decimal("6.00"), tracking="NOBODY-KNOWS-IT"),),
            )
        self.addCleanup(self._clean_up)

    @staticmethod
    def _env(cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = self._env(cr)
            env["account.move"].search([("oms_biller_id", "=", self.biller_id)]).unlink()
            for name, record_id in self.made:
                env[name].browse(record_id).unlink()

    def test_of_two_that_import_it_one_makes_the_bill_and_the_other_is_told(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            envs = [self._env(cr) for cr in (first, second)]
            billers = [env["oms.biller"].browse(self.biller_id) for env in envs]
            for env, biller in zip(envs, billers, strict=True):
                self.assertEqual(env["account.move"]._oms_bill_problems(biller, [self.doc]), [[]])
            bill = envs[0]["account.move"]._oms_take_bills(billers[0], [self.doc])
            self.assertEqual((bill.state, bill.oms_disputed_count), ("draft", 1))
            first.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.SerializationFailure):
                envs[1]["account.move"]._oms_take_bills(billers[1], [self.doc])
            second.rollback()
            second.transaction.clear()
            with self.assertRaisesRegex(UserError, "TWICE-1 of this vendor is there already"):  # as Odoo repeats it
                envs[1]["account.move"]._oms_take_bills(billers[1], [self.doc])
            second.rollback()
        with self.registry.cursor() as cr:
            self.assertEqual(self._env(cr)["account.move"].search_count([("oms_biller_id", "=", self.biller_id)]), 1)
