"""PAY-05, ACC-01: an accountant sees every event of an order, its entry, its counterpart, and what is open and why."""

from datetime import datetime, timezone

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import format_date

from .common import MOMENT, OmsCommon


class TestOrderToCash(OmsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.transit = cls.env["account.account"].create(
            {
                "name": "Payouts on their way",
                "code": "109990",
                "account_type": "asset_current",
                "reconcile": True,
                "company_ids": [Command.set(cls.company.ids)],
            }
        )
        cls.reserve = cls.transit.copy(
            {"name": "Held back", "code": "109991", "company_ids": cls.transit.company_ids.ids}
        )
        cls.bank = cls.env["account.journal"].create(
            {"name": "Bank", "code": "HOUSE", "type": "bank", "company_id": cls.company.id}
        )

    def _order(self, *lines, **values):
        """An order that was paid today."""
        values.setdefault("total", sum(line[2] for line in lines) * 1.2 if lines else 24)
        values.setdefault("payments", (self._payment(values["total"], paid_at=datetime.now(timezone.utc)),))
        return super()._order(*lines, **values)

    def _tell(self, order):
        order.invalidate_recordset()
        return order._oms_get_order_to_cash()

    def _kinds(self, order):
        return [step.kind for step in self._tell(order).steps]

    def _causes(self, order):
        return [(rest.cause, float(rest.amount)) for rest in self._tell(order).rests]

    def _shipped_and_booked(self, **values):
        order = self._order(**values)
        self._ship(order)
        self._book(order)
        return order

    def _pay_out(self, order):
        """The entry of a payout that has all of an order's money, 5.00 of it held back, as the channel's report would make
        it."""
        waiting = order.transaction_ids.payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id == self.clearing_account
        )
        amount = sum(waiting.mapped("balance"))
        entry = self.env["account.move"].create(
            {
                "journal_id": self.clearing_journal.id,
                "ref": "Payout 7",
                "line_ids": [
                    Command.create({"account_id": self.transit.id, "balance": amount - 5}),
                    Command.create({"account_id": self.reserve.id, "balance": 5}),
                    Command.create({"account_id": self.clearing_account.id, "balance": -amount}),
                ],
            }
        )
        entry.action_post()
        (waiting | entry.line_ids.filtered(lambda line: line.account_id == self.clearing_account)).reconcile()
        return entry

    def _arrive(self, entry):
        """The payout on the bank statement, matched."""
        line = entry.line_ids.filtered(lambda line: line.account_id == self.transit)
        statement_line = self.env["account.bank.statement.line"].create(
            {"journal_id": self.bank.id, "amount": line.balance, "payment_ref": "Payout 7", "date": fields.Date.today()}
        )
        _liquidity, suspense, _other = statement_line._seek_for_lines()
        suspense.account_id = self.transit
        (suspense | line).reconcile()
        return statement_line

    def test_from_the_order_to_the_bank_every_step_has_its_entry_and_in_the_end_nothing_is_open(self):
        order = self._order()
        self.assertEqual(self._causes(order), [("not_shipped", 24.0), ("money_not_booked", 24.0)])
        self._ship(order)
        self.assertIn(("not_invoiced", 24.0), self._causes(order))
        invoice = self._book(order)
        self.assertEqual(self._causes(order), [("with_channel", 24.0)])
        payout = self._pay_out(order)
        self.assertEqual(self._causes(order), [("on_its_way", 24.0)])
        arrived = self._arrive(payout)
        account = self._tell(order)
        self.assertTrue(account.is_closed, account.rests)
        self.assertEqual(
            sorted(step.kind for step in account.steps), ["banked", "invoiced", "ordered", "paid", "settled", "shipped"]
        )
        entries = {step.kind: step.entry.name for step in account.steps if step.entry}
        self.assertEqual(
            entries,
            {
                "invoiced": invoice.name,
                "paid": order.transaction_ids.payment_id.move_id.name,
                "settled": payout.name,
                "banked": arrived.move_id.name,
            },
        )
        totals = account.totals
        self.assertEqual(
            (totals.charged, totals.received, totals.owed, totals.settled, totals.banked), (24, 24, 0, 24, 24)
        )
        self.assertIn("Nothing is open", order.oms_order_to_cash)

    def test_a_part_that_left_is_invoiced_and_the_rest_says_that_it_has_not_left(self):
        order = self._order(("STD", 3, 60, 20))
        self._ship(order, {self.product_standard: 1})
        self._book(order)
        self.assertEqual(self._causes(order), [("not_shipped", 48.0), ("paid_ahead", -48.0), ("with_channel", 72.0)])

    def test_what_a_customer_pays_to_the_bank_is_shown_as_what_it_is(self):
        self.bank.inbound_payment_method_line_ids.payment_account_id = self.transit
        order = self._shipped_and_booked(payments=())
        self.assertEqual(self._causes(order), [("not_paid", 24.0)])
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=order.invoice_ids.ids
        ).create({"journal_id": self.bank.id, "amount": 20}).action_create_payments()
        account = self._tell(order)
        self.assertEqual([(rest.cause, float(rest.amount)) for rest in account.rests], [("not_paid", 4.0)])
        self.assertEqual([float(step.amount) for step in account.steps if step.kind == "matched"], [20.0])

    def test_an_invoice_over_two_orders_is_told_by_each_with_its_share_and_its_own_money(self):
        self.channel.invoice_policy = "manual"
        orders = self._order(("STD", 1, 20, 20)) | self._order(("STD", 2, 40, 20), payments=())
        partner = orders[0].partner_invoice_id
        same = ("partner_id", "partner_invoice_id", "partner_shipping_id")
        orders.write(dict.fromkeys(same, partner.id))
        for order in orders:
            self._ship(order)
        invoice = orders._create_invoices()
        invoice.action_post()
        self.assertEqual((len(invoice), invoice.amount_total), (1, 72))
        for order in orders:
            order._oms_book()
        first, second = orders
        self.assertEqual(self._causes(first), [("with_channel", 24.0)])
        self.assertEqual(self._causes(second), [("not_paid", 48.0)])
        self.assertEqual([float(self._tell(order).totals.charged) for order in orders], [24, 48])
        self.assertEqual(float(self._tell(first).totals.owed), 0)

    def test_money_that_a_channel_keeps_too_long_is_asked_for(self):
        order = self._shipped_and_booked(payments=(self._payment(24, paid_at=MOMENT),))
        self.assertEqual(self._causes(order), [("late_at_channel", 24.0)])
        self.assertIn("import the payout that is missing", order.oms_order_to_cash)

    def test_what_could_not_be_booked_says_why_and_what_to_do(self):
        order = self._order()
        self._ship(order)
        order.oms_booking_error = "The period is closed."
        (rest, *_others) = self._tell(order).rests
        self.assertEqual((rest.cause, rest.asks), ("not_booked", True))
        self.assertIn("The period is closed. Mend that, then Book Again", rest.sentence)

    def test_money_given_back_is_taken_off_the_next_payout(self):
        order = self._shipped_and_booked()
        invoice = order.invoice_ids
        reversal = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        reversal.refund_moves()
        reversal.new_move_ids.action_post()
        self.assertIn(("to_pay_back", -24.0), self._causes(order))
        source = order.transaction_ids
        repaid = source._create_child_transaction(
            24, is_refund=True, state="done", is_post_processed=True, sale_order_ids=[Command.link(order.id)]
        )
        order._oms_book_transaction(repaid, self.clearing_journal)
        order._oms_reconcile()
        self.assertEqual(sorted(self._causes(order)), [("with_channel", -24.0), ("with_channel", 24.0)])
        totals = self._tell(order).totals
        self.assertEqual((totals.charged, totals.owed, totals.given_back), (0, 0, -24))

    def test_an_order_in_dollars_is_told_in_dollars(self):
        self.env.ref("base.USD").active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": self.env.ref("base.USD").id,
                "company_id": self.company.id,
                "name": "2020-01-01",
                "rate": 1.25,
            }
        )
        order = self._shipped_and_booked(currency="USD")
        self.assertEqual(order.currency_id.name, "USD")
        self._pay_out(order)
        account = self._tell(order)
        self.assertEqual((float(account.totals.charged), float(account.totals.owed)), (24.0, 0.0))
        self.assertEqual([(rest.cause, float(rest.amount)) for rest in account.rests], [("on_its_way", 24.0)])

    def test_what_is_open_is_written_in_the_currency_of_the_order(self):
        order = self._shipped_and_booked()
        (rest,) = self._tell(order).rests
        day = format_date(self.env, order.transaction_ids.payment_id.date)
        self.assertTrue(
            rest.sentence.startswith(f"{order.currency_id.format(24)} are with the channel since {day};"), rest.sentence
        )

    def test_a_journal_item_leads_to_the_page_in_one_click(self):
        order = self._shipped_and_booked()
        entries = order.invoice_ids | order.transaction_ids.payment_id.move_id
        for line in entries.line_ids:
            action = line.action_oms_order_to_cash()
            self.assertEqual((action["res_model"], action["res_id"]), ("sale.order", order.id))
        stranger = self.env["account.move"].create({"journal_id": self.bank.id})
        with self.assertRaisesRegex(UserError, "is about no order"):
            stranger.action_oms_order_to_cash()

    def test_what_a_customer_pays_to_the_bank_leads_to_the_page_from_each_of_its_items(self):
        order = self._shipped_and_booked(payments=())
        receivable = order.invoice_ids.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        statement_line = self.env["account.bank.statement.line"].create(
            {"journal_id": self.bank.id, "amount": 24, "payment_ref": "Thanks", "date": fields.Date.today()}
        )
        _liquidity, suspense, _other = statement_line._seek_for_lines()
        suspense.account_id = receivable.account_id
        (suspense | receivable).reconcile()
        for line in statement_line.move_id.line_ids:
            self.assertEqual(line.action_oms_order_to_cash()["res_id"], order.id)

    def test_an_accountant_who_only_reads_opens_it_and_a_store_does_not(self):
        order = self._shipped_and_booked()
        accountant = self._create_user("reading_accountant", "oms_core.group_oms_accountant")
        self.env.invalidate_all()
        page = order.with_user(accountant).read(["oms_order_to_cash"])[0]["oms_order_to_cash"]
        self.assertIn(order.invoice_ids.name, page)
        keeper = self._create_user("store_keeper", "oms_core.group_oms_store")
        with self.assertRaises(AccessError):
            order.with_user(keeper).read(["oms_order_to_cash"])
