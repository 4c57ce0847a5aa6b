"""ACC-01, PAY-02: a payout empties the clearing account, every cent that differs has a cause, and the bank closes it."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import count

from odoo.exceptions import UserError

from odoo.addons.oms_core.checks import Scope
from odoo.addons.oms_core.tests.common import OmsCommon

from ..domain.settlement import PayoutDoc, PayoutLine
from .bench_settlement import measure_settlement

D = Decimal
START = datetime(2026, 3, 1, tzinfo=timezone.utc)


class SettlementCase(OmsCommon):
    """A channel with booked orders, payouts that are written by hand, and a bank."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = cls._create_user(
            "payout_accountant", "account.group_account_user,oms_core.group_oms_accountant"
        )
        cls.bank_journal = cls.env["account.journal"].create(
            {"name": "Bank of payouts", "code": "BNKP", "type": "bank", "company_id": cls.company.id}
        )
        cls.line_numbers = count(1)

    def _paid(self, total=24, channel=None, **values):
        """An order of the channel, shipped, invoiced and paid; its payment waits on the clearing account."""
        lines = (self._line(total=D(total) / D("1.2")),)
        order = self._apply(self._doc(lines=lines, **values), channel=channel)[0][0]
        self._ship(order)
        self._book(order)
        return order

    def _refund(self, order, amount, reference):
        """What the channel paid back, as it is booked: a payment the other way."""
        source = order.transaction_ids[:1]
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": source.provider_id.id,
                "payment_method_id": source.payment_method_id.id,
                "reference": f"refund-{next(self._numbers)}",
                "provider_reference": reference,
                "amount": -amount,
                "operation": "refund",
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "state": "done",
                "sale_order_ids": [(6, 0, order.ids)],
            }
        )
        order._oms_book_transaction(transaction, self.clearing_journal)

    def _use_dollars(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        for day, rate in ((date(2026, 3, 1), 1.25), (date(2026, 3, 10), 1.20), (date(2026, 3, 18), 1.10)):
            self.env["res.currency.rate"].create(
                {"currency_id": usd.id, "company_id": self.company.id, "name": day, "rate": rate}
            )
        return usd

    def _order_of_currency(self, code, net=20, **values):
        order = self._apply(self._doc(lines=(self._line(total=net),), currency=code, **values))[0][0]
        self._ship(order)
        self._book(order)
        return order

    def _row(self, kind, amount, order=None, **values):
        number = next(self.line_numbers)
        if order is not None:
            reference = order.transaction_ids.filtered(lambda tx: tx.amount > 0)[:1].provider_reference
            values = {
                "order_ref": order.oms_external_id,
                "transaction_ref": reference if kind == "sale" else "",
                **values,
            }
        return PayoutLine(f"row-{number}", number, kind, D(str(amount)), **values)

    def _payout(self, *rows, **values):
        number = next(self._numbers)
        return PayoutDoc(
            **{
                "id": f"payout-{number}",
                "platform": "manual",
                "account_ref": "",
                "currency": "EUR",
                "starts_at": START,
                "ends_at": START + timedelta(days=14),
                "deposited_on": date(2026, 3, 16),
                "total": sum((row.amount for row in rows), D(0)),
                "lines": rows,
                "bank_reference": f"PO-REF-{number}",
                "source": "test",
                **values,
            }
        )

    def _take(self, doc, channel=None):
        settlements = self.env["oms.settlement"].with_user(self.accountant)
        self.assertEqual(settlements._take_problems(channel or self.channel, [doc])[0], [])
        return settlements._take(channel or self.channel, [doc])

    def _booked(self, *rows, **values):
        settlement = self._take(self._payout(*rows, **values))
        settlement.action_post()
        return settlement

    def _statement_line(self, amount, text, day=date(2026, 3, 18), **values):
        return self.env["account.bank.statement.line"].create(
            {"journal_id": self.bank_journal.id, "amount": amount, "payment_ref": text, "date": day, **values}
        )

    def _causes(self, settlement):
        return sorted((rest.cause, rest.amount) for rest in settlement.rest_ids)

    def _role(self, name):
        return self.env["account.account"].browse(self.channel._oms_get_payout_accounts()[name])

    def assertClosed(self, settlement, in_transit=0, clearing=0):
        """The books balance, each item that the payout took from clearing has settled something, and the money is where it
        should be."""
        lines = self.env["account.move.line"].search(
            [("company_id", "=", self.company.id), ("parent_state", "=", "posted")]
        )
        self.assertEqual(self.company.currency_id.round(sum(lines.mapped("balance"))), 0)
        items = settlement.move_ids.line_ids.filtered(lambda item: item.account_id == self.clearing_account)
        waiting = items.filtered(lambda item: not item.reconciled)
        self.assertEqual(set(waiting.mapped("oms_cause")) - {"late_refund"}, set())
        self.assertEqual(self._net(self.clearing_account), clearing)
        self.assertEqual(self._net(self._role("in_transit")), in_transit)
        self.assertEqual(
            sum(D(str(rest.amount)) for rest in settlement.rest_ids if not rest.settled_on)
            + D(str(settlement.matched)),
            D(str(settlement.total)),
        )


class TestSettlement(SettlementCase):
    def test_sales_less_fees_leave_nothing_on_clearing_and_the_rest_on_its_way(self):
        first, second = self._paid(24), self._paid(48)
        settlement = self._booked(
            self._row("sale", 24, first),
            self._row("fee", "-1.20", first, code="commission", text="Commission"),
            self._row("sale", 48, second),
            self._row("fee", "-2.40", second, code="commission", text="Commission"),
            self._row("fee_tax", "-0.72"),
        )
        self.assertClosed(settlement, in_transit=67.68)
        self.assertEqual(self._net(self._role("fee")), 3.60)
        self.assertEqual(self._net(self._role("fee_tax")), 0.72)
        self.assertEqual(self._causes(settlement), [("fee", -3.60), ("fee_tax", -0.72)])
        self.assertEqual(settlement.line_ids.mapped("order_id"), first | second)
        self.assertEqual(settlement.state, "posted")
        self.assertFalse(settlement.activity_ids)

    def test_fees_are_costs_of_the_orders_that_they_are_for_and_sum_to_the_ledger(self):
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)
        first, second = self._paid(24), self._paid(48)
        settlement = self._booked(
            self._row("sale", 24, first),
            self._row("fee", "-1.20", first, code="commission", text="Commission"),
            self._row("sale", 48, second),
            self._row("fee", "-2.41", second, code="commission", text="Commission"),
            self._row("fee", "-5.00", code="subscription", text="Subscription"),
        )
        for _again in range(2):
            self.env["oms.cost"]._cron_keep()
        costs = self.env["account.analytic.line"].search(
            [("company_id", "=", self.company.id), ("oms_standing", "=", "booked")]
        )
        by_order = {
            order: sum(costs.filtered(lambda cost, order=order: cost.oms_order_id == order).mapped("amount"))
            for order in (first, second)
        }
        self.assertEqual(by_order, {first: -1.20, second: -2.41})
        self.assertEqual(costs.filtered(lambda cost: not cost.oms_order_id).mapped("amount"), [-5.0])
        self.assertEqual(-round(sum(costs.mapped("amount")), 2), self._net(self._role("fee")))
        self.assertIn(settlement.external_id, costs[0].name)
        settlement.action_undo()
        self.env["oms.cost"]._cron_keep()
        costs = self.env["account.analytic.line"].search(
            [("company_id", "=", self.company.id), ("oms_standing", "=", "booked")]
        )
        self.assertEqual((round(sum(costs.mapped("amount")), 2), self._net(self._role("fee"))), (0, 0))

    def test_each_line_shows_the_payment_that_it_settles(self):
        order = self._paid()
        settlement = self._booked(self._row("sale", 24, order))
        (line,) = settlement.line_ids
        self.assertEqual(line.matched_line_id.move_id, order.transaction_ids.payment_id.move_id)
        self.assertTrue(line.matched_line_id.reconciled)

    def test_a_line_names_its_order_by_the_channels_id_its_number_or_ours(self):
        orders = [self._paid() for _number in range(3)]
        names = [orders[0].oms_external_id, orders[1].oms_number, orders[2].name]
        settlement = self._booked(*(self._row("sale", 24, order_ref=name) for name in names))
        self.assertClosed(settlement, in_transit=72)
        self.assertFalse(settlement.rest_ids)

    def test_a_reserve_that_is_held_comes_back_with_the_next_payout(self):
        first, second = self._paid(24), self._paid(24)
        held = self._booked(self._row("sale", 24, first), self._row("reserve_hold", -10))
        self.assertClosed(held, in_transit=14, clearing=24)
        self.assertEqual(self._net(self._role("reserve")), 10)
        released = self._booked(self._row("sale", 24, second), self._row("reserve_release", 10))
        self.assertClosed(released, in_transit=48)
        self.assertEqual(self._net(self._role("reserve")), 0)

    def test_tax_that_the_marketplace_pays_itself_clears_what_the_invoice_owes_for_it(self):
        tax = self._tax(20, 4, remitted=True)
        lines = (self._line(total=20, rate=None, taxes=(tax,)),)
        order = self._order_of(lines)
        account = self.company._oms_get_channel_tax_account()
        self.assertEqual(self._net(account), -4)
        settlement = self._booked(self._row("sale", 24, order), self._row("tax_collected", -4, order))
        self.assertClosed(settlement, in_transit=20)
        self.assertEqual(self._net(account), 0)

    def _order_of(self, lines):
        order = self._apply(self._doc(lines=lines))[0][0]
        self._ship(order)
        self._book(order)
        return order

    def test_tax_that_the_marketplace_simply_does_not_pay_out_is_found_in_the_invoice(self):
        tax = self._tax(20, 4, remitted=True)
        order = self._order_of((self._line(total=20, rate=None, taxes=(tax,)),))
        settlement = self._booked(self._row("sale", 20, order))
        self.assertClosed(settlement, in_transit=20)
        self.assertEqual(self._causes(settlement), [("tax_by_channel", -4)])

    def test_a_chargeback_and_its_reversal_leave_nothing_in_dispute(self):
        order = self._paid()
        sold = self._booked(self._row("sale", 24, order))
        lost = self._booked(self._row("chargeback", -24, order))
        self.assertClosed(lost)
        self.assertEqual(self._net(self._role("chargeback")), 24)
        self.assertEqual((lost.task_count, len(lost.activity_ids)), (1, 1))
        won = self._booked(self._row("chargeback_reversal", 24, order))
        self.assertClosed(won, in_transit=24)
        self.assertEqual(self._net(self._role("chargeback")), 0)
        self.assertTrue(sold)

    def test_an_order_that_nobody_knows_waits_and_is_explained_when_it_comes(self):
        doc = self._doc(lines=(self._line(total=20),))
        settlement = self._booked(self._row("sale", 24, order_ref=doc.external_id))
        self.assertClosed(settlement, in_transit=24)
        self.assertEqual(self._net(self._role("unknown")), -24)
        self.assertEqual(self._causes(settlement), [("unknown_order", 24)])
        self.assertEqual(len(settlement.activity_ids), 1)
        order = self._apply(doc)[0][0]
        self._ship(order)
        self._book(order)
        settlement.action_check()
        self.assertClosed(settlement, in_transit=24, clearing=0)
        self.assertEqual(self._net(self._role("unknown")), 0)
        self.assertEqual((settlement.task_count, settlement.activity_ids), (0, self.env["mail.activity"]))
        self.assertEqual(settlement.line_ids.order_id, order)
        settlement.action_check()
        self.assertEqual(len(settlement.move_ids), 2, "Looking again books nothing again.")

    def test_a_partial_refund_is_settled_with_the_sale_of_the_same_payout(self):
        order = self._paid()
        self._refund(order, 6, "re-1")
        settlement = self._booked(self._row("sale", 24, order), self._row("refund", -6, order, transaction_ref="re-1"))
        self.assertClosed(settlement, in_transit=18)
        self.assertFalse(settlement.rest_ids)

    def test_a_refund_that_is_booked_late_meets_what_the_payout_took(self):
        order = self._paid()
        settlement = self._booked(self._row("sale", 24, order), self._row("refund", -6, order))
        self.assertClosed(settlement, in_transit=18, clearing=6)
        self.assertEqual(self._causes(settlement), [("late_refund", -6)])
        self._refund(order, 6, "re-2")
        settlement.action_check()
        self.assertClosed(settlement, in_transit=18)
        self.assertTrue(all(settlement.rest_ids.item_id.mapped("reconciled")))
        self.assertFalse(settlement.task_count)

    def test_the_part_of_a_refund_that_is_booked_late_meets_what_the_payout_took(self):
        order = self._paid()
        self._refund(order, 4, "re-1")
        settlement = self._booked(self._row("sale", 24, order), self._row("refund", -10, order))
        self.assertEqual(self._causes(settlement), [("late_refund", -6)])
        settlement.action_check()
        self.assertTrue(settlement.task_count, "The rest of the refund is not booked yet")
        self._refund(order, 6, "re-2")
        settlement.action_check()
        self.assertFalse(settlement.task_count)
        self.assertTrue(all(settlement.rest_ids.item_id.mapped("reconciled")))
        self.assertClosed(settlement, in_transit=14)

    def test_a_payout_in_dollars_leaves_the_difference_of_rates_and_nothing_else(self):
        usd = self._use_dollars()
        order = self._order_of_currency("USD")
        self.assertEqual(self._net(self.clearing_account), 19.20)  # 24 dollars on 2 March
        settlement = self._booked(
            self._row("sale", 24, order), self._row("fee", "-2.40"), currency="USD", deposited_on=date(2026, 3, 16)
        )
        self.assertClosed(settlement, in_transit=18.00)
        self.bank_journal.currency_id = usd
        self._statement_line(21.60, settlement.bank_reference)
        self.assertEqual(settlement.state, "reconciled")
        self.assertClosed(settlement)
        self.assertEqual(self._net(self.bank_journal.default_account_id), 19.64)

    def test_a_payout_in_dollars_that_is_undone_leaves_no_gain_and_no_loss_behind(self):
        self._use_dollars()
        sooner = self._order_of_currency("USD")
        later = self._order_of_currency(
            "USD", 25, payments=(self._payment(30, paid_at=datetime(2026, 3, 12, tzinfo=timezone.utc)),)
        )
        held = (sooner | later).transaction_ids.payment_id.move_id.line_ids.filtered(
            lambda item: item.account_id == self.clearing_account
        )
        self.assertEqual(sorted(held.mapped("balance")), [19.20, 25.00])
        before = self._exchanged()
        entries = self.env["account.move"].search([])
        settlement = self._booked(
            self._row("sale", 24, sooner),
            self._row("sale", 30, later),
            self._row("fee", "-2.40"),
            currency="USD",
            deposited_on=date(2026, 3, 16),
        )
        self.assertEqual(held.mapped("reconciled"), [True, True])
        booked = settlement.move_id
        settlement.action_undo()
        self.assertEqual(self.env["account.move"].search([]) - entries, booked | booked.reversal_move_ids)
        self.assertEqual(
            sorted((item.amount_residual, item.amount_residual_currency) for item in held),
            [(19.20, 24.0), (25.0, 30.0)],
        )
        self.assertEqual(self._exchanged(), before)

    def _exchanged(self):
        """What stands as gain and as loss on exchange; that of the payments and their invoices, too."""
        return [self._net(self._role(name)) for name in ("exchange_gain", "exchange_loss")]

    def test_reverse_charge_on_fees_is_owed_and_deducted_in_one(self):
        account = self.tax_20.invoice_repartition_line_ids.account_id
        repartition = [
            (0, 0, {"repartition_type": "base"}),
            (0, 0, {"repartition_type": "tax", "account_id": account.id}),
            (0, 0, {"repartition_type": "tax", "factor_percent": -100, "account_id": account.id}),
        ]
        self.channel.payout_fee_tax_id = self._create_tax(
            20,
            type_tax_use="purchase",
            invoice_repartition_line_ids=repartition,
            refund_repartition_line_ids=repartition,
        )
        order = self._paid()
        settlement = self._booked(self._row("sale", 24, order), self._row("fee", -3, code="commission"))
        self.assertClosed(settlement, in_transit=21)
        self.assertEqual(sorted(settlement.move_id.line_ids.filtered("tax_line_id").mapped("balance")), [-0.6, 0.6])


class TestSettlementCheck(SettlementCase):
    """The auditor looks at payouts too."""

    def _found(self):
        check = self.env["oms.check"]._get_check("payouts")
        scope = Scope(date(2026, 1, 1), datetime(2026, 12, 31), 100)
        return self.env["oms.check"]._find(self.company, {"payouts"}, scope)[check]

    def test_a_booked_payout_is_in_order_also_with_a_refund_that_comes_late(self):
        order = self._paid()
        self._booked(self._row("sale", 24, order), self._row("refund", -6, order), self._row("fee", -1))
        self.assertEqual(self._found(), [])

    def test_a_reconciliation_that_somebody_undid_is_found(self):
        settlement = self._booked(self._row("sale", 24, self._paid()))
        settlement.line_ids.matched_line_id.remove_move_reconcile()
        (violation,) = self._found()
        self.assertEqual(violation.documents, (("oms.settlement", settlement.id),))
        self.assertEqual(violation.amount, 24)
        self.assertIn("settle nothing", violation.sentence)

    def _faulty(self, sentence, *codes):
        """What the auditor tells is this, with the payout and in a history of at most ten events."""
        check = self.env["oms.check"]
        self.env.flush_all()
        for code in codes or ("payouts",):
            check._run(self.company, code)
        result = self.env["oms.check.result"].search([("company_id", "=", self.company.id), ("state", "=", "open")])
        self.assertEqual(len(result), 1, result.mapped("sentence"))
        self.assertRegex(result.sentence, sentence)
        self.assertTrue(1 <= len(result._get_events()) <= 10)
        self.assertTrue(result.has_test)
        return result

    def _sql(self, query, *values):
        self.env.flush_all()
        self.env.cr.execute(query, values)
        self.env.invalidate_all()

    def test_a_line_that_somebody_moved_to_another_order_is_found(self):
        order, other = self._paid(), self._paid(36)
        settlement = self._booked(self._row("sale", 24, order), self._row("sale", 36, other))
        self._sql("UPDATE oms_settlement_line SET order_id = %s WHERE amount = 24", other.id)
        result = self._faulty(f"24.00.* are told for {other.display_name}, and settle .* of {order.display_name}")
        self.assertEqual(result.documents[0][:2], [settlement._name, settlement.id])

    def test_lines_that_somebody_changed_so_that_they_still_sum_to_the_payout_are_found(self):
        self._booked(self._row("sale", 24, self._paid()), self._row("fee", -1, code="commission"))
        self._sql("UPDATE oms_settlement_line SET amount = amount + CASE kind WHEN 'fee' THEN -2 ELSE 2 END")
        self._faulty("its lines have .*3.00.* of fees, reserves and the like, and .*1.00.* were booked")

    def test_a_rest_that_somebody_changed_is_found(self):
        self._booked(self._row("sale", 24, self._paid()), self._row("fee", -1, code="commission"))
        self._sql("UPDATE oms_settlement_rest SET amount = -3")
        self._faulty("is over .*23.00.*, and what it settles and explains comes to .*21.00")

    def test_an_entry_that_somebody_reversed_by_hand_is_found(self):
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("fee", -1, code="commission"))
        back = settlement.move_id._reverse_moves()
        back.action_post()
        result = self._faulty(f"counts as booked, and somebody has reversed its entry {settlement.move_id.name}")
        self.assertIn([back._name, back.id], [one[:2] for one in result.documents])

    def test_an_entry_that_somebody_took_out_of_the_books_or_deleted_is_found_and_undoing_heals_it(self):
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("fee", -1, code="commission"))
        settlement.move_id.button_draft()
        self._faulty("counts as booked, and somebody has taken its entry .* out of the books")
        settlement.move_id.with_context(force_delete=True).unlink()
        self._faulty("counts as booked, and somebody has deleted its entry")
        settlement.action_undo()
        settlement.action_post()
        self.assertClosed(settlement, in_transit=23)
        self.assertEqual(self._found(), [])

    def test_a_fee_that_somebody_booked_to_another_account_is_found(self):
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("fee", -1, code="commission"))
        self._sql(
            "UPDATE account_move_line SET account_id = %s WHERE move_id = %s AND oms_cause = 'fee'",
            self._account("income").id,
            settlement.move_id.id,
        )
        now = f"was booked with .*1.00.* on .*{self._role('fee').name}, and has .*0.00.* there now"
        sentence = rf"{now}\. Also changed: .*{self._account('income').name}\.$"
        self._faulty(sentence, "edited", "payouts")

    def test_a_payout_that_somebody_moved_into_another_month_is_found(self):
        settlement = self._booked(self._row("sale", 24, self._paid()))
        self._sql("UPDATE account_move SET date = date - 60 WHERE id = %s", settlement.move_id.id)
        self._sql("UPDATE account_move_line SET date = date - 60 WHERE move_id = %s", settlement.move_id.id)
        self._faulty("was booked on .*2026.*, and stands on .*2026.* now", "edited", "balanced", "payouts")


class TestSettlementBank(SettlementCase):
    def _on_its_way(self):
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("fee", -4))
        self.assertClosed(settlement, in_transit=20)
        return settlement

    def test_the_bank_line_that_comes_later_is_matched_by_itself(self):
        settlement = self._on_its_way()
        line = self._statement_line(20, f"SEPA {settlement.bank_reference.lower()} SHOP")
        self.assertEqual((settlement.state, settlement.bank_line_id), ("reconciled", line))
        self.assertTrue(line.is_reconciled)
        self.assertClosed(settlement)

    def test_the_bank_line_that_came_first_is_found_when_the_payout_is_booked(self):
        order = self._paid()
        doc = self._payout(self._row("sale", 24, order))
        line = self._statement_line(24, doc.bank_reference)
        settlement = self._take(doc)
        self.assertFalse(line.is_reconciled)
        settlement.action_post()
        self.assertEqual((settlement.state, settlement.bank_line_id), ("reconciled", line))
        self.assertClosed(settlement)

    def test_what_was_moved_within_the_period_is_not_taken_for_the_money_of_the_payout(self):
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("transfer", -5))
        self._statement_line(19, settlement.bank_reference)
        self.assertEqual(settlement.state, "reconciled")
        waiting = settlement.move_id.line_ids.filtered(lambda item: item.oms_cause == "transfer")
        self.assertEqual(waiting.amount_residual, 5)
        self.assertClosed(settlement, in_transit=5)

    def _with_moved(self, **values):
        """A payout over 14.00 before whose end 6.00 and 4.00 were paid out by themselves."""
        moved = [self._row("transfer", -sum_, transaction_ref=f"TR-{sum_}-2026") for sum_ in (6, 4)]
        return self._payout(self._row("sale", 24, self._paid()), *moved, **values)

    def test_what_was_moved_within_the_period_is_matched_by_itself_with_the_line_that_names_it(self):
        doc = self._with_moved()
        first = self._statement_line(6, "SHOP TR 6 2026")  # came before the payout was booked
        settlement = self._take(doc)
        settlement.action_post()
        self.assertTrue(first.is_reconciled)
        self.assertClosed(settlement, in_transit=18)
        second = self._statement_line(4, "SHOP TR 4 2026", day=date(2026, 3, 20))
        self.assertTrue(second.is_reconciled)
        self.assertEqual(
            (settlement.state, settlement.bank_line_id), ("posted", self.env["account.bank.statement.line"])
        )
        money = self._statement_line(14, settlement.bank_reference)
        self.assertEqual((settlement.state, settlement.bank_line_id), ("reconciled", money))
        self.assertClosed(settlement)

    def test_what_was_moved_and_is_named_otherwise_waits_for_a_person(self):
        settlement = self._take(self._with_moved())
        settlement.action_post()
        for amount, text in ((6.01, "TR-6-2026"), (6, "Something else"), (-4, "TR-4-2026")):
            self.assertFalse(self._statement_line(amount, text).is_reconciled, text)
        self.assertClosed(settlement, in_transit=24)

    def test_undoing_a_payout_opens_every_bank_line_that_it_had(self):
        settlement = self._take(self._with_moved())
        settlement.action_post()
        lines = self._statement_line(6, "TR-6-2026") | self._statement_line(14, settlement.bank_reference)
        self.assertEqual(lines.mapped("is_reconciled"), [True, True])
        settlement.action_undo()
        self.assertEqual(lines.mapped("is_reconciled"), [False, False])
        self.assertEqual(self._net(self._role("in_transit")), 0)
        settlement.action_post()
        self.assertEqual(lines.mapped("is_reconciled"), [True, True])
        self.assertClosed(settlement, in_transit=4)

    def test_a_payout_over_nothing_is_in_the_bank_when_what_was_moved_is_and_not_when_that_is_undone(self):
        moved = self._row("transfer", -24, transaction_ref="TR-24-2026")
        settlement = self._booked(self._row("sale", 24, self._paid()), moved)
        line = self._statement_line(24, "TR-24-2026")
        self.assertEqual(settlement.state, "reconciled")
        line.action_undo_reconciliation()
        self.assertEqual(settlement.state, "posted")
        self.assertClosed(settlement, in_transit=24)

    def _late(self):
        check = self.env["oms.check"]._get_check("in_bank")
        scope = Scope(date(2026, 1, 1), datetime(2026, 12, 31), 100)
        self.env.flush_all()
        return [found.sentence for found in self.env["oms.check"]._find(self.company, {"in_bank"}, scope)[check]]

    def test_money_that_the_bank_should_have_shown_is_found_and_not_where_the_bank_is_not_read(self):
        settlement = self._on_its_way()
        self.assertEqual(self._late(), [], "Nobody reads the bank here")
        self._statement_line(20, "CREDIT UNKNOWN SENDER")
        self._statement_line(-3, "BANK CHARGES", day=date(2026, 3, 28))
        self.assertEqual(self._late(), [], "It may be on the next statement")
        self._statement_line(-3, "BANK CHARGES", day=date(2026, 3, 31))
        (sentence,) = self._late()
        self.assertRegex(
            sentence, r"paid out .*20.00.* on 2026-03-16, and none of the bank statements up to 2026-03-31"
        )
        settlement.action_match_bank()
        self.assertEqual(self._late(), [])

    def test_money_is_looked_for_where_the_channel_has_paid_to_before(self):
        first = self._on_its_way()
        self._statement_line(20, f"CREDIT {first.bank_reference}")
        self.assertEqual(first.state, "reconciled")
        self._booked(self._row("sale", 24, self._paid()))
        other = self.env["account.journal"].create(
            {"name": "Wages", "code": "WAGE", "type": "bank", "company_id": self.company.id}
        )
        self._statement_line(-3, "BANK CHARGES", day=date(2026, 4, 20), journal_id=other.id)
        self.assertEqual(self._late(), [])
        self._statement_line(-3, "BANK CHARGES", day=date(2026, 4, 20))
        self.assertEqual(len(self._late()), 1)

    def test_another_amount_or_another_reference_is_left_alone(self):
        settlement = self._on_its_way()
        self._statement_line(20.01, settlement.bank_reference)
        self._statement_line(20, "Something else")
        self.assertEqual(settlement.state, "posted")

    def test_from_the_form_the_amount_is_enough_where_it_can_only_be_one(self):
        settlement = self._on_its_way()
        with self.assertRaisesRegex(UserError, "or several have"):
            settlement.action_match_bank()
        self._statement_line(20, "Shop Inc")
        settlement.action_match_bank()
        self.assertClosed(settlement)

    def test_undoing_the_match_on_the_bank_line_opens_the_payout_again(self):
        settlement = self._on_its_way()
        line = self._statement_line(20, settlement.bank_reference)
        line.action_undo_reconciliation()
        self.assertEqual(settlement.state, "posted")
        self.assertClosed(settlement, in_transit=20)

    def test_an_undone_payout_is_as_if_it_had_never_been_and_can_be_booked_again(self):
        settlement = self._on_its_way()
        self._statement_line(20, settlement.bank_reference)
        settlement.action_undo()
        self.assertEqual(settlement.state, "checked")
        self.assertEqual(self._net(self.clearing_account), 24)
        self.assertEqual(self._net(self._role("in_transit")), 0)
        self.assertEqual(self._net(self._role("fee")), 0)
        settlement.action_post()
        self.assertEqual(settlement.state, "reconciled")
        self.assertClosed(settlement)


class TestSettlementRefusals(SettlementCase):
    """Refused before anything is booked, with the line and the reason."""

    def _problems(self, doc, raw=b""):
        problems = self.env["oms.settlement"]._take_problems(self.channel, [doc], raw)[0]
        return "\n".join(problem.message for problem in problems)

    def test_the_same_payout_twice(self):
        doc = self._payout(self._row("sale", 24, self._paid()))
        self._take(doc)
        self.assertIn("imported already", self._problems(doc))

    def test_the_same_file_twice(self):
        doc = self._payout(self._row("sale", 24, self._paid()))
        self.env["oms.settlement"]._take(self.channel, [doc], b"the file", "payout.csv")
        self.assertIn("This file was imported", self._problems(replace(doc, id="another"), b"the file"))

    def test_what_was_taken_under_another_channel_is_not_taken_again(self):
        other = self._create_channel("SHOP2", clearing_journal_id=self.clearing_journal.id)
        doc = self._payout(self._row("sale", 24, self._paid()))
        self.env["oms.settlement"]._take(other, [doc], b"the file", "payout.csv")
        self.assertIn("already, as Channel SHOP2 payout", self._problems(replace(doc, id="another"), b"the file"))
        self.assertIn("under the channel “Channel SHOP2”", self._problems(doc))
        self.assertEqual(self._problems(replace(doc, source="csv")), "", "Another partner may number its payouts alike")

    def test_what_a_file_brought_is_not_taken_from_the_platform_under_another_channel(self):
        other = self._create_channel("SHOP2", clearing_journal_id=self.clearing_journal.id)
        doc = self._payout(self._row("sale", 24, self._paid()), source="stripe.itemized")
        self._take(doc, other)
        self.assertIn("under the channel “Channel SHOP2”", self._problems(replace(doc, source="stripe.balance")))
        self.assertEqual(self._problems(replace(doc, source="paypal.settlement")), "")

    def test_a_period_that_overlaps_another(self):
        row = self._row("sale", 24, self._paid())
        self._take(self._payout(row))
        self.assertIn("the periods overlap", self._problems(self._payout(row, self._row("fee", -1))))

    def test_a_total_that_is_not_the_sum_of_its_lines(self):
        doc = self._payout(self._row("sale", 24, self._paid()))
        self.assertIn("24 EUR", self._problems(replace(doc, total=D(25))))

    def test_a_currency_that_is_not_used(self):
        doc = self._payout(self._row("sale", 24, self._paid()), currency="XAF", total=D(24))
        self.assertIn("XAF is not active", self._problems(doc))

    def test_a_payout_that_is_still_open(self):
        doc = self._payout(self._row("sale", 24, self._paid()), status="open")
        self.assertIn("still being added to", self._problems(doc))

    def _assert_nothing_booked(self, settlement, sentence):
        with self.assertRaisesRegex(UserError, sentence), self.cr.savepoint():
            settlement.action_post()
        self.assertEqual(settlement.state, "checked")
        self.assertFalse(settlement.move_ids)
        self.assertEqual(self._net(self.clearing_account), 24)

    def test_a_locked_period(self):
        settlement = self._take(self._payout(self._row("sale", 24, self._paid())))
        self.company.fiscalyear_lock_date = date(2026, 3, 31)
        self._assert_nothing_booked(settlement, "the next open day")
        settlement.date = date(2026, 4, 1)
        settlement.action_post()
        self.assertEqual(settlement.move_id.date, date(2026, 4, 1))

    def test_an_archived_account(self):
        settlement = self._take(self._payout(self._row("sale", 24, self._paid()), self._row("fee", -1)))
        self._role("fee").active = False
        self._assert_nothing_booked(settlement, "is archived")

    def test_a_channel_without_a_clearing_account(self):
        settlement = self._take(self._payout(self._row("sale", 24, self._paid())))
        self.channel.clearing_journal_id = False
        with self.assertRaisesRegex(UserError, "no clearing journal"):
            settlement.action_post()

    def test_a_booked_payout_is_not_deleted(self):
        settlement = self._booked(self._row("sale", 24, self._paid()))
        with self.assertRaisesRegex(UserError, "in the books"):
            settlement.unlink()


class TestSettlementByChannel(SettlementCase):
    """A payout that the channel tells itself."""

    def _tell(self, doc):
        message = self._receive(doc, kind="payout")
        message._process()
        return message, self.env["oms.settlement"].search([("external_id", "=", doc.id)])

    def test_it_waits_for_an_accountant(self):
        message, settlement = self._tell(self._payout(self._row("sale", 24, self._paid())))
        self.assertEqual((message.state, message.error, settlement.state), ("done", message.error, "checked"))

    def test_a_clean_one_is_booked_where_the_channel_says_so_and_another_is_not(self):
        self.channel.payout_auto_post = True
        _message, settlement = self._tell(self._payout(self._row("sale", 24, self._paid()), self._row("fee", -1)))
        self.assertEqual(settlement.state, "posted")
        _message, unclear = self._tell(self._payout(self._row("sale", 24, order_ref="nobody knows")))
        self.assertEqual(unclear.state, "checked")

    def test_one_that_cannot_be_taken_says_why_and_a_corrected_one_takes_its_place(self):
        doc = self._payout(self._row("sale", 24, self._paid()))
        _message, refused = self._tell(replace(doc, total=D(20)))
        self.assertEqual(refused.state, "refused")
        self.assertIn("its lines sum to 24", refused.problems)
        self.assertTrue(refused.activity_ids)
        refused.activity_ids.action_feedback()
        told = refused.message_ids
        self._tell(replace(doc, total=D(20)))
        self.assertFalse(refused.activity_ids, "What was told once is not told with each reading")
        self.assertEqual(refused.message_ids, told)
        _message, settlement = self._tell(doc)
        self.assertEqual(settlement.mapped("state"), ["checked"])

    def test_the_same_payout_told_again_is_known(self):
        doc = self._payout(self._row("sale", 24, self._paid()))
        self._tell(doc)
        message, settlement = self._tell(doc)
        self.assertEqual((message.state, len(settlement)), ("done", 1))

    def _fail(self, doc):
        """A payout that was on its way is told again, as one that did not arrive; its activities."""
        _message, settlement = self._tell(replace(doc, status="failed"))
        return settlement.activity_ids.mapped("summary")

    def test_one_that_fails_after_it_was_booked_is_told_once_and_not_booked_any_more_when_it_is_undone(self):
        self.channel.write({"payout_auto_post": True, "payout_user_id": self.accountant.id})
        doc = self._payout(self._row("sale", 24, self._paid()))
        _message, settlement = self._tell(doc)
        self.assertEqual(settlement.state, "posted")
        self.assertEqual(self._fail(doc), ["Did not reach the bank"])
        self.assertEqual((settlement.state, settlement.activity_ids.user_id), ("posted", self.accountant))
        self.assertIn("undo this one", str(settlement.activity_ids.note))
        self.assertEqual(self._fail(doc), ["Did not reach the bank"])
        settlement.activity_ids.action_feedback()
        self.assertEqual(self._fail(doc), [], "What was told once is not told with each reading")
        settlement.with_user(self.accountant).action_undo()
        self.assertEqual(settlement.state, "refused")
        self.assertIn("did not reach the bank", settlement.problems)
        self.assertEqual(self._net(self.clearing_account), 24)
        self.assertEqual(self._fail(doc), [])

    def test_one_that_fails_before_it_is_booked_is_not_booked_any_more_and_says_why(self):
        doc = self._payout(self._row("sale", 24, self._paid()), self._row("fee", -1))
        _message, settlement = self._tell(doc)
        self.assertEqual(self._fail(doc), ["The payout was refused"])
        self.assertEqual(settlement.state, "refused")
        self.assertIn("did not reach the bank", settlement.problems)
        with self.assertRaisesRegex(UserError, "or was refused"):
            settlement.action_post()
        settlement.activity_ids.action_feedback()
        self.assertEqual(self._fail(replace(doc, lines=())), [])

    def test_the_orders_of_one_that_did_not_arrive_are_paid_out_by_another(self):
        self.channel.payout_auto_post = True
        doc = self._payout(self._row("sale", 24, self._paid()))
        _message, settlement = self._tell(doc)
        self._fail(doc)
        settlement.action_undo()
        _message, again = self._tell(replace(doc, id="another"))
        self.assertEqual(again.state, "posted")
        self.assertClosed(again, in_transit=24)

    def test_one_that_arrives_after_all_is_in_order_again(self):
        self.channel.payout_auto_post = True
        doc = self._payout(self._row("sale", 24, self._paid()))
        _message, settlement = self._tell(doc)
        self._fail(doc)
        self._tell(doc)
        self.assertEqual((settlement.state, settlement.failed_on, len(settlement.activity_ids)), ("posted", False, 0))
        waiting = self._payout(self._row("sale", 24, self._paid()))
        self._tell(waiting)
        self._fail(waiting)
        _message, settlement = self._tell(waiting)
        self.assertEqual(settlement.mapped("state"), ["posted"])


class TestSettlementElsewhere(SettlementCase):
    """Money that waits on another account than the channel's, or that another channel has taken."""

    def _assert_in_order(self):
        scope = Scope(date(2026, 1, 1), datetime(2026, 12, 31), 100)
        self.env.flush_all()
        found = self.env["oms.check"]._find(self.company, {"payouts", "clearing", "in_bank"}, scope)
        self.assertEqual([violation.sentence for some in found.values() for violation in some], [])

    def _paid_by_service(self):
        """(account, order) of money that came by a payment method with a journal of its own."""
        account, journal = self._create_clearing("PAYP")
        self.env["oms.channel.mapping"].create(
            {
                "channel_id": self.channel.id,
                "kind": "payment",
                "external_code": "paypal",
                "external_name": "paypal",
                "journal_id": journal.id,
            }
        )
        order = self._paid(payments=(self._payment(24, method="paypal", reference="PAYPAL-1"),))
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (24, 0))
        return account, order

    def test_money_of_a_payment_method_with_a_journal_of_its_own_is_settled_there(self):
        account, order = self._paid_by_service()
        own = self._paid(24)
        settlement = self._booked(self._row("sale", 24, order), self._row("fee", -1), self._row("sale", 24, own))
        self.assertFalse(settlement.rest_ids.filtered("is_task"))
        self.assertEqual(self._net(account), 0)
        self.assertClosed(settlement, in_transit=47)
        self._assert_in_order()
        self.assertIn(account, self.env["oms.check"]._get_clearing_accounts(self.company))

    def test_a_refund_of_such_money_that_is_booked_late_meets_what_the_payout_took(self):
        account, order = self._paid_by_service()
        settlement = self._booked(self._row("sale", 24, order), self._row("refund", -6, order))
        self.assertEqual(self._causes(settlement), [("late_refund", -6)])
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (6, 0))
        mapped = self.env["oms.channel.mapping"].search([("external_code", "=", "paypal")]).journal_id
        self.patch(type(self), "clearing_journal", mapped)
        self._refund(order, 6, "PAYPAL-2")
        settlement.action_check()
        self.assertEqual((self._net(account), settlement.task_count), (0, 0))
        self._assert_in_order()

    def test_an_account_at_a_bank_waits_for_no_payout(self):
        account, _order = self._paid_by_service()
        self.assertIn(account, self.channel._oms_get_clearing_accounts())
        mapped = self.env["oms.channel.mapping"].search([("external_code", "=", "paypal")]).journal_id
        self._statement_line(24, "CREDIT", journal_id=mapped.id)
        self.assertEqual(self.channel._oms_get_clearing_accounts(), self.clearing_account)

    def test_a_payout_of_an_account_that_serves_two_shops_settles_the_orders_of_both(self):
        _account, journal = self._create_clearing("CLR2")
        other = self._create_channel("SHOP2", clearing_journal_id=journal.id)
        number = "1001"
        orders = self._paid(24, number=number), self._paid(48, channel=other, number=number)
        rows = [
            self._row("sale", order.amount_total, order, order_ref=number)
            for order in (*orders, self._paid(36, channel=other))
        ]
        settlement = self._take(self._payout(*rows))
        self.assertTrue(settlement.rest_ids, "The orders of the other shop are not this channel's to pay out")
        settlement.unlink()
        self.channel.payout_for_ids = other
        settlement = self._take(self._payout(*rows[:2], replace(rows[2], order_ref="")))
        settlement.action_post()
        self.assertEqual(settlement.line_ids[:2].mapped("order_id"), orders[0] | orders[1])
        self.assertFalse(settlement.rest_ids)
        self.assertClosed(settlement, in_transit=108)
        self.assertEqual(self._net(_account), 0)
        self._assert_in_order()

    def _shop_beside(self):
        """(channel, its clearing account, its journal) that this one pays out for."""
        account, journal = self._create_clearing("CLR2")
        other = self._create_channel("SHOP2", clearing_journal_id=journal.id)
        self.channel.payout_for_ids = other
        return other, account, journal

    def test_a_late_refund_of_the_other_shop_waits_where_the_money_of_its_order_was(self):
        other, account, journal = self._shop_beside()
        orders = self._paid(24), self._paid(24), self._paid(24, channel=other)
        settlement = self._booked(
            *(self._row("sale", 24, order) for order in orders), self._row("refund", -6, orders[2])
        )
        self.assertEqual(self._causes(settlement), [("late_refund", -6)])
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (6, 0))
        self.patch(type(self), "clearing_journal", journal)
        self._refund(orders[2], 6, "re-other")
        settlement.action_check()
        self.assertEqual((self._net(account), settlement.task_count), (0, 0))
        self._assert_in_order()

    def test_a_late_refund_of_the_other_shop_whose_sale_was_paid_out_before_waits_there_too(self):
        other, account, _journal = self._shop_beside()
        order = self._paid(24, channel=other)
        self._booked(self._row("sale", 24, order))
        self._booked(self._row("sale", 24, self._paid(24)), self._row("refund", -6, order))
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (6, 0))

    def test_a_late_refund_that_is_booked_elsewhere_is_moved_there_and_settled(self):
        _other, account, journal = self._shop_beside()
        orders = self._paid(24), self._paid(24)
        settlement = self._booked(
            *(self._row("sale", 24, order) for order in orders),
            *(self._row("refund", -6, order) for order in orders),
            self._row("sale", 36, order_ref="unknown-1"),
        )
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (0, 12))
        self._refund(orders[0], 2, "re-here")
        self.patch(type(self), "clearing_journal", journal)
        self._refund(orders[0], 4, "re-there-1")
        self._refund(orders[1], 10, "re-there-2")
        settlement.action_check()
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (-4, 0))
        self.assertEqual(settlement.rest_ids.filtered("is_task").mapped("cause"), ["unknown_order"])
        self.assertTrue(all(settlement.rest_ids.filtered("settled_on").item_id.mapped("reconciled")))
        self.assertClosed(settlement, in_transit=72)
        self._assert_in_order()
        settlement.action_check()
        self.assertEqual(len(settlement.move_ids), 2, "looking again books nothing again")
        settlement.action_undo()
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (-14, 46))
        settlement.action_post()
        self.assertFalse(settlement.rest_ids.filtered(lambda rest: rest.cause == "late_refund"))
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (-4, 0))

    def test_a_late_refund_in_dollars_that_is_booked_elsewhere_leaves_nothing_but_the_difference_of_rates(self):
        usd = self._use_dollars()
        _other, account, journal = self._shop_beside()
        order = self._order_of_currency("USD")
        settlement = self._booked(self._row("sale", 24, order), self._row("refund", -6, order), currency="USD")
        self.patch(type(self), "clearing_journal", journal)
        self._refund(order, 6, "re-usd")
        settlement.action_check()
        items = self.env["account.move.line"].search(
            [("account_id", "in", (account | self.clearing_account).ids), ("parent_state", "=", "posted")]
        )
        self.assertEqual((items.currency_id, set(items.mapped("reconciled"))), (usd, {True}))
        self.assertEqual((self._net(account), self._net(self.clearing_account)), (0, 0))
        self._assert_in_order()

    def test_a_name_that_orders_of_two_shops_have_names_neither(self):
        other = self._create_channel("SHOP2", clearing_journal_id=self.clearing_journal.id)
        self._paid(24, number="1001")
        self._paid(24, channel=other, number="1001")
        self.channel.payout_for_ids = other
        settlement = self._take(self._payout(self._row("sale", 24, order_ref="1001")))
        self.assertEqual(self._causes(settlement), [("unknown_order", 24)])


class TestSettlementCost(SettlementCase):
    def test_the_queries_of_a_payout_do_not_grow_with_its_lines(self):
        order = self._paid()

        def cost(lines):
            with self.cr.savepoint() as savepoint:
                found = measure_settlement(self.env, self.channel, order, lines)
                savepoint.rollback()
            self.env.invalidate_all()
            self.assertEqual((found["settled"], found["problems"]), (lines // 2, 0))
            return found["take_queries"] + found["post_queries"]

        cost(4)
        few, many = cost(40), cost(400)
        self.assertLess(many - few, 60)
