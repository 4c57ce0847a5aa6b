"""ACC-01: what an accountant reads when a month is closed: what was open on a day, how old it is, and who pays which tax."""

from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools.safe_eval import safe_eval

from odoo.addons.oms_core.domain.documents import TaxDoc

from .common import OmsCommon


class CloseCase(OmsCommon):
    def _open(self, day=None, **domain):
        rows = self.env["oms.cut.off"].with_context(oms_cut_off=day and fields.Date.to_string(day))
        found = rows.search([("company_id", "=", self.company.id)])
        return sorted((row.kind, row.quantity, row.amount, row.cost) for row in found)

    def _credit(self, invoice):
        reversal = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        reversal.refund_moves()
        reversal.new_move_ids.action_post()
        return reversal.new_move_ids

    def _back(self, order):
        """All of it comes back."""
        delivery = order.picking_ids.filtered(lambda picking: picking.state == "done")[:1]
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=delivery.id, active_ids=delivery.ids, active_model="stock.picking")
            .create({})
        )
        for line in wizard.product_return_moves:
            line.quantity = delivery.move_ids.filtered(lambda move, line=line: move == line.move_id).quantity
        picking = self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        picking.move_ids.picked = True
        picking.button_validate()
        return picking


class TestCutOff(CloseCase):
    def test_what_left_and_is_not_invoiced_is_open_until_it_is(self):
        order = self._order(("STD", 3, 60, 20), payments=())
        self.assertEqual(self._open(), [])
        self._ship(order, {self.product_standard: 2})
        self.assertEqual(self._open(), [("shipped_not_invoiced", 2.0, 40.0, 20.0)])
        self._book(order)
        self.assertEqual(self._open(), [])

    def test_a_closed_day_reads_the_same_whatever_happened_since(self):
        order = self._order(payments=())
        self._ship(order)
        yesterday = fields.Date.today() - timedelta(days=1)
        order.order_line.move_ids.date -= timedelta(days=3)
        open_then = self._open(yesterday)
        self.assertEqual(open_then, [("shipped_not_invoiced", 1.0, 20.0, 10.0)])
        self._book(order)
        self.assertEqual(self._open(yesterday), open_then)
        self.assertEqual(self._open(), [])

    def test_what_is_invoiced_at_confirmation_is_open_until_it_leaves(self):
        self.channel.invoice_policy = "payment"
        order = self._order(("STD", 3, 60, 20), payments=())
        self._book(order)
        self.assertEqual(self._open(), [("invoiced_not_shipped", 3.0, 60.0, 0.0)])
        self._ship(order)
        self.assertEqual(self._open(), [])

    def test_what_came_back_is_open_until_it_is_credited_and_paid_back(self):
        order = self._order()
        self._ship(order)
        invoice = self._book(order)
        taken = ("captured_not_settled", 0.0, 24.0, 0.0)
        self._back(order)
        self.assertEqual(self._open(), [taken, ("returned_not_credited", 1.0, -20.0, -10.0)])
        self._credit(invoice)
        self.assertEqual(self._open(), [taken, ("credited_not_paid", 0.0, -24.0, 0.0)])
        repaid = order.transaction_ids._create_child_transaction(
            24, is_refund=True, state="done", is_post_processed=True, sale_order_ids=[Command.link(order.id)]
        )
        order._oms_book_transaction(repaid, self.clearing_journal)
        order._oms_reconcile()
        self.assertEqual(self._open(), [taken, ("refund_not_settled", 0.0, -24.0, 0.0)])

    def _repay(self, order, amount, days_ago=0):
        """The channel tells that so much went back."""
        repaid = order.transaction_ids[:1]._create_child_transaction(
            amount,
            is_refund=True,
            state="done",
            is_post_processed=True,
            last_state_change=fields.Datetime.now() - timedelta(days=days_ago),
            sale_order_ids=[Command.link(order.id)],
        )
        order._oms_book_transaction(repaid, self.clearing_journal)
        order._oms_reconcile()

    def _is_open(self, kind, day=None):
        return [amount for found, _quantity, amount, _cost in self._open(day) if found == kind]

    def test_what_was_paid_back_and_not_credited_is_open_to_the_cent_on_the_account_of_the_customer(self):
        order = self._order(("STD", 2, 40, 20))
        self._ship(order)
        invoice = self._book(order)
        receivable = invoice.line_ids.account_id.filtered(lambda one: one.account_type == "asset_receivable")
        yesterday = self.company._oms_get_today() - timedelta(days=1)
        self.assertEqual((self._net(receivable), self._is_open("refunded_not_credited")), (0, []))
        self._repay(order, 30, days_ago=1)
        row = self.env["oms.cut.off"].search(
            [("company_id", "=", self.company.id), ("kind", "=", "refunded_not_credited")]
        )
        self.assertEqual((row.amount, row.order_id, row.account_id), (30, order, receivable))
        self.assertIn("Credit it on its invoice", row.advice)
        self.assertEqual(row.move_line_id.move_id.date, yesterday)
        items = {item.account_id: item.balance for item in row.move_line_id.move_id.line_ids}
        self.assertEqual(items, {receivable: 30, self.clearing_account: -30})
        self.assertEqual((self._net(receivable), self._net(self.clearing_account)), (30, 18))
        self._credit(invoice)
        order._oms_reconcile()
        self.assertEqual(self._is_open("refunded_not_credited"), [])
        self.assertEqual(self._is_open("credited_not_paid"), [-18])
        self.assertEqual((self._net(receivable), self._net(self._account("income"))), (-18, 0))
        self.assertEqual(self._is_open("refunded_not_credited", yesterday), [30], "a closed day reads as it was")

    def test_what_had_been_paid_too_much_needs_no_credit_note(self):
        order = self._order(payments=(self._payment("30.00"),))
        self._ship(order)
        self._book(order)
        self._repay(order, 6)
        self.assertEqual(self._is_open("refunded_not_credited"), [])
        self._repay(order, 5)
        self.assertEqual(self._is_open("refunded_not_credited"), [5])

    def test_what_came_back_on_the_last_day_of_the_month_is_open_on_that_day(self):
        """The nightly check waits a day for the credit note; who closes a month does not."""
        order = self._order()
        self._ship(order)
        invoice = self._book(order)
        self._back(order)
        for dated in (*order.order_line.move_ids, invoice.with_context(skip_readonly_check=True)):
            dated.date -= timedelta(days=1)
        last = self.company._oms_get_today() - timedelta(days=1)
        self.assertEqual(self._is_open("returned_not_credited", last), [-20])
        self._credit(invoice)
        self.assertEqual(self._is_open("returned_not_credited", last), [-20])
        self.assertEqual(self._is_open("returned_not_credited"), [])

    def test_money_of_a_channel_is_open_until_a_payout_has_it_and_was_open_before(self):
        order = self._order()
        self._ship(order)
        self._book(order)
        self.assertEqual(self._open(), [("captured_not_settled", 0.0, 24.0, 0.0)])
        row = self.env["oms.cut.off"].search([("company_id", "=", self.company.id)])
        self.assertEqual((row.order_id, row.channel_id), (order, self.channel))
        self.assertEqual(row.account_id, self.clearing_account)
        self.assertEqual(row.days, (fields.Date.today() - row.since).days)
        waiting = order.transaction_ids.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id == self.clearing_account
        )
        payout = self.env["account.move"].create(
            {
                "journal_id": self.clearing_journal.id,
                "line_ids": [
                    Command.create({"account_id": self.clearing_journal.default_account_id.id, "balance": 24}),
                    Command.create({"account_id": self.clearing_account.id, "balance": -24}),
                ],
            }
        )
        payout.action_post()
        (waiting | payout.line_ids.filtered(lambda line: line.account_id == self.clearing_account)).reconcile()
        self.assertEqual(self._open(), [])
        yesterday = fields.Date.today() - timedelta(days=1)
        self.assertEqual(self._open(yesterday), [("captured_not_settled", 0.0, 24.0, 0.0)])

    def test_a_row_is_called_as_its_order_and_not_as_its_model(self):
        order = self._order(("STD", 3, 60, 20), payments=())
        self._ship(order)
        row = self.env["oms.cut.off"].search([("company_id", "=", self.company.id)])
        self.assertEqual(row.display_name, order.display_name)

    def test_the_day_is_asked_for_and_is_the_end_of_last_month(self):
        ask = self.env["oms.cut.off.ask"].create({})
        self.assertEqual((ask.date + timedelta(days=1)).day, 1)
        self.assertLess(ask.date, fields.Date.today())
        self.assertEqual(ask.action_show()["context"]["oms_cut_off"], fields.Date.to_string(ask.date))


class TestAccrual(CloseCase):
    """What a channel invoices at its payout is revenue of the month in which it left."""

    def setUp(self):
        super().setUp()
        self.channel.invoice_policy = "settlement"
        self.day = self.company._oms_get_today() - timedelta(days=1)
        self.roles = {
            self._account("income"): "income",
            self._account("cogs"): "cogs",
            self._account("stock"): "stock",
        }

    def _ship(self, order, quantities=None):
        """It left the day before, which is over."""
        before = order.order_line.move_ids.filtered(lambda move: move.state == "done")
        pickings = super()._ship(order, quantities)
        moves = order.order_line.move_ids.filtered(lambda move: move.state == "done") - before
        moves.date -= timedelta(days=1)
        return pickings

    def _accrue(self, day=None, user=None):
        ask = self.env["oms.cut.off.ask"].with_user(user or self.env.user).with_company(self.company)
        action = ask.create({"date": day or self.day}).action_accrue()
        return self.env["account.move"].search(action["domain"], order="date, id")

    def _items(self, move):
        accrued = self.company._oms_get_account("accrual", "")
        roles = {**self.roles, accrued: "accrued"}
        return {roles[item.account_id]: round(item.balance, 2) for item in move.line_ids}

    def test_what_left_before_the_payout_is_revenue_of_its_day_and_taken_back_the_day_after(self):
        order = self._order(("STD", 3, "60.01", 20))
        self._ship(order, {self.product_standard: 2})
        entry, back = self._accrue()
        self.assertEqual(self._items(entry), {"accrued": 40.01, "income": -40.01, "cogs": 20.0, "stock": -20.0})
        self.assertEqual(self._items(back), {"accrued": -40.01, "income": 40.01, "cogs": -20.0, "stock": 20.0})
        self.assertEqual((entry.date, back.date), (self.day, self.day + timedelta(days=1)))
        self.assertEqual(back.reversed_entry_id, entry)
        rows = self._open(self.day)
        self.assertEqual(
            [(row[0], round(row[2], 2), row[3]) for row in rows if "shipped" in row[0]],
            [("shipped_not_invoiced", 40.01, 20.0)],
        )
        self._ship(order)
        order._oms_on_settled(self.day + timedelta(days=1))
        self._book(order)
        self.assertEqual((self._net(self._account("income")), self._net(self._account("cogs"))), (-60.01, 30.0))
        self.assertNothingWrong()

    def test_pressed_again_it_is_not_booked_again(self):
        self._ship(self._order())
        entries = self._accrue()
        self._ship(self._order())
        self.assertEqual(self._accrue(), entries)
        self.assertEqual(
            len(self.env["account.move"].search([("oms_key", "=like", f"accrual:{self.company.id}:%")])), 2
        )

    def test_an_order_in_dollars_is_accrued_at_the_rate_of_the_order(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 1.25}
        )
        self._ship(self._order(("STD", 1, "20.00", 20), currency="USD"))
        self._ship(self._order(("AVG", 1, "20.00", 20)))
        entry = self._accrue()[0]
        self.assertEqual(self._items(entry)["accrued"], 36.0)
        self.assertEqual(entry.currency_id, self.company.currency_id)

    def test_where_nothing_waits_or_the_books_are_closed_nothing_is_booked(self):
        with self.assertRaisesRegex(UserError, "waiting for its invoice"):
            self._accrue()
        self._ship(self._order())
        self.company.sudo().fiscalyear_lock_date = self.day
        with self.assertRaisesRegex(UserError, "closed"):
            self._accrue()
        self.assertFalse(self.env["account.move"].search([("oms_key", "=like", f"accrual:{self.company.id}:%")]))

    def test_a_day_that_is_not_over_is_refused_as_more_may_leave(self):
        self._ship(self._order())
        for days in (1, 30):
            with self.assertRaisesRegex(UserError, "is not over"):
                self._accrue(self.day + timedelta(days=days))
        self.assertEqual(len(self._accrue()), 2)

    def test_who_only_reads_the_books_accrues_nothing(self):
        self._ship(self._order())
        for role in ("accountant", "manager"):
            with self.assertRaises(AccessError):
                self._accrue(user=self._create_user(f"accrual_{role}", f"oms_core.group_oms_{role}"))
        accountant = self._create_user("accrual_books", "account.group_account_user")
        self.assertEqual(len(self._accrue(user=accountant)), 2)


class TestTrialBalance(CloseCase):
    def test_it_has_every_posted_item_of_the_ledger_by_account(self):
        order = self._order(payments=(self._payment(24),))
        self._ship(order)
        self._book(order)
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_trial_balance_action")
        kinds = [kind for _view, kind in action["views"]]
        self.assertEqual(kinds, ["pivot", "list", "form"])
        domain = [*safe_eval(action["domain"]), ("company_id", "=", self.company.id)]
        rows = self.env["account.move.line"]._read_group(
            domain, ["account_id"], ["debit:sum", "credit:sum", "balance:sum"]
        )
        booked = order.invoice_ids | order.transaction_ids.payment_id.move_id
        self.assertLessEqual(booked.line_ids.account_id, self.env["account.account"].union(*(row[0] for row in rows)))
        self.assertEqual(round(sum(row[3] for row in rows), 2), 0)
        receivable = booked.line_ids.account_id.filtered(lambda account: account.account_type == "asset_receivable")
        self.assertIn((24.0, 24.0), [row[1:3] for row in rows if row[0] in receivable])


class TestTaxes(CloseCase):
    def _report(self):
        rows = self.env["oms.tax.report"].search([("company_id", "=", self.company.id)])
        return sorted((row.payer, row.rate, row.base, row.amount) for row in rows)

    def _booked(self, order):
        self._ship(order)
        return self._book(order)

    def test_what_a_marketplace_collected_stands_apart_and_both_agree_with_the_ledger(self):
        remitted = TaxDoc(code="vat", name="VAT", rate=Decimal(20), amount=Decimal("4.00"), remitted=True)
        line = self._line(taxes=(remitted,))
        self._booked(self._apply(self._doc(lines=(line,)))[0][0])
        own = self._booked(self._order(("STD", 2, 40, 5.5)))
        self._booked(self._order(("STD", 1, 30, 0)))
        self.assertEqual(
            self._report(),
            [("channel", 20.0, 20.0, 4.0), ("company", 5.5, 40.0, 2.2), ("nobody", 0.0, 30.0, 0.0)],
        )
        self.assertEqual(self._net(self.company._oms_get_channel_tax_account()), -4.0)
        self._credit(own)
        rows = self.env["oms.tax.report"].search([("company_id", "=", self.company.id), ("payer", "=", "company")])
        self.assertEqual((sum(rows.mapped("amount")), sum(rows.mapped("base"))), (0, 0))
        self.assertEqual(self._net(rows.account_id), 0)

    def test_what_is_sold_at_no_percent_has_its_row_though_the_ledger_has_no_item_of_its_tax(self):
        export = self._create_tax(0, name="0 % Export")
        pair = self._create_tax(0, name="20 % and nothing", amount_type="group")
        pair.children_tax_ids = self.tax_20 | self._create_tax(0, name="0 % Levy")
        order = self._order(("STD", 1, 500, 0), ("AVG", 1, 100, 20), ("STD", 1, 30, 20))
        order.order_line[0].tax_ids = export
        order.order_line[1].tax_ids = self.tax_20 | export
        order.order_line[2].tax_ids = pair
        invoice = self._booked(order)
        rows = self.env["oms.tax.report"].search([("move_id", "=", invoice.id)])
        self.assertEqual(
            sorted((row.payer, row.tax_id.name, row.rate, row.base, row.amount) for row in rows),
            [
                ("company", self.tax_20.name, 20.0, 30.0, 6.0),
                ("company", self.tax_20.name, 20.0, 100.0, 20.0),
                ("nobody", "0 % Export", 0.0, 100.0, 0.0),
                ("nobody", "0 % Export", 0.0, 500.0, 0.0),
                ("nobody", "0 % Levy", 0.0, 30.0, 0.0),
            ],
        )
        self.assertEqual(len(set(rows.ids)), 5)
        self._credit(invoice)
        rows = self.env["oms.tax.report"].search([("company_id", "=", self.company.id)])
        self.assertEqual(
            {name: sum(of_tax.mapped("base")) for name, of_tax in rows.grouped(lambda row: row.tax_id.name).items()},
            {self.tax_20.name: 0, "0 % Export": 0, "0 % Levy": 0},
        )

    def test_a_line_for_nothing_makes_no_row_of_its_own(self):
        self._booked(self._order(("STD", 1, 0, 20), ("AVG", 1, 40, "5.5"), payments=()))
        self.assertEqual(self._report(), [("company", 5.5, 40.0, 2.2)])

    def test_a_discount_that_is_invoiced_before_what_it_is_for_takes_off_the_taxed_amount(self):
        order = self._order(("STD", 1, 100, 20), ("AVG", 1, 100, "5.5"), ("STD", 1, -10, 20))
        invoice = self.env["account.move"]
        for lines in (order.order_line[1:], order.order_line[:1]):
            invoice |= self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": order.partner_id.id,
                    "oms_channel_id": self.channel.id,
                    "invoice_line_ids": [
                        Command.create({**line._prepare_invoice_line(), "quantity": 1}) for line in lines
                    ],
                }
            )
        invoice.action_post()
        rows = self.env["oms.tax.report"].search([("company_id", "=", self.company.id), ("rate", "=", 20)])
        self.assertEqual(sorted((row.base, row.amount) for row in rows), [(-10.0, -2.0), (100.0, 20.0)])
        self._credit(invoice[:1])
        rows = self.env["oms.tax.report"].search([("company_id", "=", self.company.id), ("rate", "=", 20)])
        self.assertEqual((sum(rows.mapped("base")), sum(rows.mapped("amount"))), (100.0, 20.0))
