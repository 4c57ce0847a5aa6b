"""RET-05, ACC-06: what is owed to customers as store credit is the sum of what they have, whatever happens."""

from datetime import timedelta
from decimal import Decimal
from random import Random

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import mute_logger

from .common import ReturnsCommon


class CreditCase(ReturnsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.credits = cls.env["oms.store.credit.entry"]
        cls.liability = cls.company._oms_get_tender_journal("store_credit").default_account_id
        cls.given = cls.company._oms_get_credit_account("given")
        cls.accounts |= {cls.liability: "credit", cls.given: "given"}
        cls.accounts[cls.company._oms_get_credit_account("expired")] = "expired"
        cls.eur = cls.env.ref("base.EUR")

    def _owes(self, *amounts):
        """The check is passed, and so much is owed in all (and spendable of it)."""
        self.assertEqual(self.company._oms_check_store_credit(), [])
        self.assertEqual(-self._net(self.liability), amounts[0])

    def _gives(self, partner, amount, until=False, key=None):
        return self.credits._give(
            *(partner, self.company, self.eur, Decimal(str(amount)), key or f"test:{next(self._numbers)}", self.given),
            "correct",
            expires_at=until,
            reason="Sorry",
        )

    def _has(self, partner):
        return partner._oms_get_store_credit(self.company).get(self.eur, 0)

    def _expire(self):
        with self.enter_registry_test_mode():
            self.env.ref("oms_returns.cron_credit_expiry").method_direct_trigger()
        self.env.invalidate_all()

    def _unpaid_order(self, **values):
        return self._order(payments=(), **values)


class TestLedger(CreditCase):
    """Given, spent, expired: a row each, booked at once."""

    def setUp(self):
        super().setUp()
        self.customer = self.env["res.partner"].create({"name": "Ada"})

    def test_what_is_given_is_owed(self):
        entry = self._gives(self.customer, "12.50")
        self.assertEqual(self._entry(entry.move_id), {"given": (12.5, 0), "credit": (0, 12.5)})
        self.assertEqual(self._has(self.customer), Decimal("12.50"))
        self._owes(12.5)

    def test_the_same_event_gives_once(self):
        first = self._gives(self.customer, 5, key="again")
        self.assertEqual(self._gives(self.customer, 5, key="again"), first)
        self._owes(5)

    def test_a_contact_of_a_company_has_the_credit_of_the_company(self):
        company = self.env["res.partner"].create({"name": "Ada & Co", "is_company": True})
        self.customer.parent_id = company
        self._gives(self.customer, 5)
        self.assertEqual((self._has(company), self._has(self.customer)), (5, 5))

    def test_what_has_expired_is_booked_out_the_day_after(self):
        today = self.company._oms_get_today()
        self._gives(self.customer, 7, until=today - timedelta(days=1))
        self._gives(self.customer, 4, until=today)
        self.assertEqual(self._has(self.customer), 4, "what is over cannot be spent, booked out or not")
        self._owes(11)
        self._expire()
        self._owes(4)
        gone = self.credits.search([("partner_id", "=", self.customer.id), ("kind", "=", "expire")])
        self.assertEqual(self._entry(gone.move_id), {"credit": (7, 0), "expired": (0, 7)})
        self._expire()
        self._owes(4)

    def test_new_credit_is_good_for_as_long_as_the_company_says(self):
        self.company.oms_credit_days = 365
        wizard = self.env["oms.store.credit.give"].create(
            {"partner_id": self.customer.id, "amount": 3, "reason": "Late"}
        )
        wizard.action_give()
        entry = self.credits.search([("partner_id", "=", self.customer.id)])
        self.assertEqual(entry.expires_at, self.company._oms_get_today() + timedelta(days=365))

    def test_a_correction_needs_a_reason_and_takes_no_more_than_there_is(self):
        self._gives(self.customer, 5)
        wizard = self.env["oms.store.credit.give"].create({"partner_id": self.customer.id, "amount": -6})
        with self.assertRaisesRegex(UserError, "Say why"):
            wizard.action_give()
        wizard.reason = "Given twice"
        with self.assertRaisesRegex(UserError, "5.00"):
            wizard.action_give()
        wizard.amount = -5
        wizard.action_give()
        self.assertEqual(self._has(self.customer), 0)
        self._owes(0)

    def test_what_is_left_of_a_mistake_is_revoked_by_a_manager(self):
        lot = self._gives(self.customer, 5)
        clerk = self._create_user("credit_clerk", "oms_core.group_oms_user")
        with self.assertRaises(AccessError):
            lot.with_user(clerk).action_revoke()
        lot.action_revoke()
        self.assertEqual((self._has(self.customer), lot.amount_left), (0, 0))
        self._owes(0)
        with self.assertRaisesRegex(UserError, "Nothing is left"):
            lot.action_revoke()

    def test_an_entry_is_neither_changed_nor_deleted(self):
        entry = self._gives(self.customer, 5)
        with self.assertRaises(UserError):
            entry.reason = "Another"
        with self.assertRaises(UserError):
            entry.unlink()

    def test_the_database_lets_no_lot_go_below_zero(self):
        lot = self._gives(self.customer, 5)
        row = self.credits._prepare(self.customer, self.company, self.eur, "spend", Decimal(-6), "x", lot_id=lot.id)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.credits._add([row])

    def test_the_check_tells_what_somebody_booked_by_hand(self):
        self._gives(self.customer, 5)
        self.env["account.move"].create(
            {
                "journal_id": self.company._oms_get_tender_journal("store_credit").id,
                "line_ids": [
                    Command.create({"account_id": self.liability.id, "debit": 2}),
                    Command.create({"account_id": self.given.id, "credit": 2}),
                ],
            }
        ).action_post()
        self.assertEqual(self.company._oms_check_store_credit(), [(self.eur, Decimal("5.0"), Decimal("3.0"))])

    def test_credit_in_another_currency_is_apart(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 2.0}
        )
        self.credits._give(self.customer, self.company, usd, Decimal(10), "usd", self.given, "correct")
        self._gives(self.customer, 3)
        self.assertEqual(self.customer._oms_get_store_credit(self.company), {self.eur: 3, usd: 10})
        self._owes(8)

    def test_on_a_closed_day_it_is_booked_on_the_next_open_one(self):
        today = self.company._oms_get_today()
        self.company.sudo().fiscalyear_lock_date = today + timedelta(days=1)
        entry = self._gives(self.customer, 5)
        self.assertEqual((entry.move_id.state, entry.move_id.date), ("posted", today + timedelta(days=2)))
        self._owes(5)

    def test_the_contact_shows_what_there_is(self):
        self._gives(self.customer, 5)
        self.assertIn("5.00", self.customer.oms_credit_text)
        self.assertEqual(self.customer.action_oms_view_credit()["domain"], [("partner_id", "=", self.customer.id)])


class TestSpending(CreditCase):
    """Store credit pays an order like any other money, only that it redeems what we owe."""

    def _with_credit(self, amount, until=False, **values):
        order = self._unpaid_order(**values)
        self._gives(order.partner_id, amount, until)
        order.invalidate_recordset()
        return order

    def test_an_order_is_paid_with_credit_and_its_invoice_is_paid(self):
        order = self._with_credit(30)
        self.assertEqual(order.oms_credit_there, 24, "no more than the order comes to")
        transaction = order._oms_spend_credit(Decimal(24))
        self.assertEqual(self._entry(transaction.sudo().payment_id.move_id), {"credit": (24, 0), "receivable": (0, 24)})
        self.assertEqual((order.oms_credit_spent, self._has(order.partner_id)), (24, 6))
        self._owes(6)
        if order.state != "sale":
            order.action_confirm()
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual((invoice.payment_state, self._open_receivable(order)), ("paid", 0))
        self._owes(6)

    def test_an_invoice_that_is_there_is_paid_at_once(self):
        order = self._with_credit(30)
        if order.state != "sale":
            order.action_confirm()
        self._ship(order)
        invoice = self._book(order)
        action = order.action_oms_spend_credit()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.amount, 24)
        wizard.amount = 20
        wizard.action_spend()
        self.assertEqual((invoice.amount_residual, self._has(order.partner_id)), (4, 10))
        self._owes(10)

    def test_neither_more_than_there_is_nor_more_than_is_to_be_paid(self):
        order = self._with_credit(30)
        with self.assertRaisesRegex(UserError, "30.00"):
            order._oms_spend_credit(Decimal(31))
        with self.assertRaisesRegex(UserError, "24.00"):
            order._oms_spend_credit(Decimal(25))
        with self.assertRaisesRegex(UserError, "Say how much"):
            order._oms_spend_credit(Decimal(0))
        self._owes(30)

    def test_an_order_without_a_channel_is_paid_too(self):
        customer = self.env["res.partner"].create({"name": "Bea"})
        order = self.env["sale.order"].create(
            {
                "partner_id": customer.id,
                "order_line": [Command.create({"product_id": self.product_standard.id, "product_uom_qty": 1})],
            }
        )
        self._gives(customer, 10)
        order.action_confirm()
        order._oms_spend_credit(Decimal(10))
        self._ship(order)
        invoice = order._create_invoices()
        invoice.action_post()
        order._oms_reconcile()
        self.assertEqual(invoice.amount_residual, 14)
        self._owes(0)

    def test_what_expires_first_is_spent_first(self):
        order = self._with_credit(10)
        soon = self.company._oms_get_today() + timedelta(days=3)
        lot = self._gives(order.partner_id, 10, until=soon)
        order._oms_spend_credit(Decimal(15))
        self.assertEqual(lot.amount_left, 0)
        self.assertEqual(sorted(lot.search([("kind", "=", "spend")]).mapped("amount")), [-10, -5])
        self._owes(5)

    def test_a_cancelled_order_gives_its_credit_back_with_its_last_day(self):
        until = self.company._oms_get_today() + timedelta(days=90)
        order = self._with_credit(24, until)
        order._oms_spend_credit(Decimal(24))
        order._action_cancel()
        self.assertEqual((order.oms_credit_spent, self._has(order.partner_id)), (0, 24))
        back = self.credits.search([("order_id", "=", order.id), ("kind", "=", "back")])
        self.assertEqual(back.expires_at, until)
        self.assertEqual(self._open_receivable(order), 0)
        self._owes(24)

    def test_what_comes_back_can_be_spent_for_a_month_at_least(self):
        order = self._with_credit(24, self.company._oms_get_today() + timedelta(days=1))
        order._oms_spend_credit(Decimal(24))
        entries = order._oms_give_back_credit(Decimal(10))
        self.assertEqual(entries.expires_at, self.company._oms_get_today() + timedelta(days=30))
        with self.assertRaisesRegex(UserError, "14.00"):
            order._oms_give_back_credit(Decimal(15))
        self._owes(10)

    def test_credit_that_a_channel_keeps_is_booked_apart(self):
        """The channel has its own ledger: its debt is not ours to count."""
        order = self._order(payments=(self._payment("24.00", tender="store_credit"),))
        self._ship(order)
        invoice = self._book(order)
        self.assertEqual((invoice.payment_state, order.oms_credit_spent), ("paid", 0))
        apart = self.company._oms_get_tender_journal("channel_credit").default_account_id
        self.assertEqual(self._net(apart), 24)
        self._owes(0)

    def test_a_clerk_pays_with_credit_and_a_salesman_does_not(self):
        order = self._with_credit(24)
        salesman = self._create_user("credit_salesman", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.env["oms.store.credit.spend"].with_user(salesman).create({"order_id": order.id, "amount": 1})
        clerk = self._create_user("credit_clerk", "oms_core.group_oms_user")
        self.env.invalidate_all()
        action = order.with_user(clerk).action_oms_spend_credit()
        self.env["oms.store.credit.spend"].with_user(clerk).browse(action["res_id"]).action_spend()
        self.assertEqual(order.oms_credit_spent, 24)
        self._owes(0)


class TestWhateverHappens(CreditCase):
    def test_the_account_is_the_sum_of_the_balances_after_each_of_many_steps(self):
        """Equal seeds, equal stories; what cannot be done is refused and changes nothing."""
        customer = self.env["res.partner"].create({"name": "Ada"})
        today = self.company._oms_get_today()
        for seed in range(3):
            dice = Random(seed)
            orders = [self._unpaid_order() for _number in range(2)]
            for order in orders:
                order.partner_id = customer
            for step in range(12):
                amount = Decimal(dice.randint(1, 3000)) / 100
                order = dice.choice(orders)
                what = dice.choice(("give", "spend", "spend", "back", "expire", "take"))
                with self.subTest(seed=seed, step=step, what=what):
                    before = sum(self.credits.search([("partner_id", "=", customer.id)]).mapped("amount"))
                    try:
                        with self.cr.savepoint():
                            if what == "give":
                                days = dice.choice((None, -1, 0, 40))
                                self._gives(customer, amount, until=days is not None and today + timedelta(days=days))
                            elif what == "spend":
                                order._oms_spend_credit(amount)
                            elif what == "back":
                                order._oms_give_back_credit(amount)
                            elif what == "expire":
                                self.credits._expire(customer, self.company, self.eur)
                            else:
                                self.credits._take(
                                    *(customer, self.company, self.eur, amount, f"take:{seed}:{step}", self.given),
                                    "correct",
                                )
                    except UserError:
                        after = sum(self.credits.search([("partner_id", "=", customer.id)]).mapped("amount"))
                        self.assertEqual(self.eur.compare_amounts(before, after), 0)
                    entries = self.credits.search([("partner_id", "=", customer.id)])
                    total = self.eur.round(sum(entries.mapped("amount")))
                    self._owes(total)
                    self.assertEqual(total, self.eur.round(sum(entries.mapped("amount_left"))))
                    self.assertGreaterEqual(min(entries.mapped("amount_left"), default=0), 0)
                    self.assertLessEqual(order.oms_credit_spent, order.amount_total)


class TestReturnsForCredit(CreditCase):
    """A return whose money becomes store credit."""

    def _credited(self, order, *quantities):
        request = self._returned(order, *quantities)
        request._settle_credit({line: Decimal(repr(line.quantity)) for line in request.line_ids})
        self.env.invalidate_all()
        return request

    def test_the_money_becomes_credit_and_none_is_paid_out(self):
        order = self._shipped(("STD", 2))
        request = self._credited(order, 1)
        entry = request.credit_entry_ids
        self.assertEqual((entry.amount, entry.partner_id), (24, order.partner_id))
        self.assertEqual(self._entry(entry.move_id), {"receivable": (24, 0), "credit": (0, 24)})
        self.assertEqual((request.amount_to_repay, self._open_receivable(order)), (0, 0))
        self.assertEqual(self._net(self.clearing_account), 48, "the channel keeps what it took")
        self._owes(24)

    def test_a_bonus_of_the_channel_is_on_an_account_of_its_own(self):
        self.channel.return_credit_bonus = 10
        request = self._credited(self._shipped(("STD", 1)), 1)
        self.assertEqual(sorted(request.credit_entry_ids.mapped("amount")), [2.4, 24])
        self.assertEqual(self._net(self.given), 2.4)
        self._owes(26.4)

    def test_what_was_never_paid_is_set_off_and_becomes_no_credit(self):
        order = self._order(("STD", 1), payments=())
        if order.state != "sale":
            order.action_confirm()
        self._ship(order)
        self._book(order)
        request = self._credited(order, 1)
        self.assertFalse(request.credit_entry_ids)
        self.assertEqual(self._open_receivable(order), 0)
        self._owes(0)

    def test_what_was_paid_with_credit_is_refunded_as_credit(self):
        until = self.company._oms_get_today() + timedelta(days=90)
        order = self._unpaid_order()
        self._gives(order.partner_id, 24, until)
        order._oms_spend_credit(Decimal(24))
        if order.state != "sale":
            order.action_confirm()
        self._ship(order)
        self._book(order)
        request = self._returned(order, 1)
        request.action_refund()
        request.action_repay()
        self.env.invalidate_all()
        self.assertEqual((request.amount_to_repay, self._open_receivable(order)), (0, 0))
        back = self.credits.search([("order_id", "=", order.id), ("kind", "=", "back")])
        self.assertEqual((back.amount, back.expires_at), (24, until))
        self.assertEqual(self._net(self.clearing_account), 0, "nobody gets credit out in money")
        self._owes(24)
