"""ACC-01, PAY-02: rests of payouts are over: given back by another payout, lost, settled by a person, or reconciled by hand."""

from datetime import date, datetime

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form

from odoo.addons.oms_core.checks import Scope

from .test_fee_costs import FeeCase
from .test_settlement import SettlementCase


class CloseCase(SettlementCase):
    def _audit(self):
        """The auditor has nothing to say."""
        scope = Scope(date(2026, 1, 1), datetime(2027, 12, 31), 100)
        codes = {"payouts", "clearing", "balanced", "orphan", "edited", "twice", "cost_lines"}
        known = {check.code for check in self.env["oms.check"]._get_checks()}
        found = self.env["oms.check"]._find(self.company, codes & known, scope)
        self.assertEqual([violation.sentence for each in found.values() for violation in each], [])

    def _disputed(self, amount=-24, order=None, **values):
        """A payout of which a customer's bank took back the money of an order, and that order."""
        order = order or self._paid()
        return self._booked(self._row("sale", 24, order), self._row("chargeback", amount, order), **values), order

    def _rest(self, settlement, cause="chargeback"):
        return settlement.rest_ids.filtered(lambda rest: rest.cause == cause).with_user(self.accountant)

    def _is_over(self, settlement):
        return (settlement.task_count, len(settlement.activity_ids)) == (0, 0)

    def _settle(self, rests, reason="Agreed with the channel", **values):
        action = rests.action_close()
        wizard = self.env["oms.settlement.close"].with_user(self.accountant).with_context(**action["context"])
        with Form(wizard) as form:
            form.reason = reason
            for name, value in values.items():
                setattr(form, name, value)
        form.record.action_close()


class TestDisputes(CloseCase):
    def test_a_dispute_that_is_won_closes_the_task_of_the_one_that_was_lost(self):
        lost, order = self._disputed()
        item = self._rest(lost).item_id
        self.assertEqual((lost.task_count, item.reconciled), (1, False))
        won = self._booked(self._row("chargeback_reversal", 24, order))
        self.assertTrue(item.reconciled)
        self.assertEqual(item.matched_credit_ids.credit_move_id, self._rest(won, "chargeback_reversal").item_id)
        self.assertTrue(self._is_over(lost))
        self.assertTrue(all(rest.closed_on for rest in self._rest(lost) | self._rest(won, "chargeback_reversal")))
        self.assertEqual(self._net(self._role("chargeback")), 0)
        self._audit()

    def test_what_comes_back_may_be_told_before_what_was_taken_or_with_it(self):
        order = self._paid()
        won = self._booked(self._row("chargeback_reversal", 24, order))
        lost, _order = self._disputed(order=order)
        self.assertTrue(self._is_over(lost))
        self.assertTrue(self._rest(won, "chargeback_reversal").item_id.reconciled)
        both = self._booked(
            self._row("chargeback", -5, transaction_ref="du_1"),
            self._row("chargeback_reversal", 5, transaction_ref="du_1"),
        )
        self.assertTrue(self._is_over(both))
        self.assertTrue(all(both.rest_ids.item_id.mapped("reconciled")))
        self._audit()

    def test_the_dispute_of_another_order_stays_open(self):
        lost, _order = self._disputed()
        won = self._booked(self._row("chargeback_reversal", 24, self._paid()))
        self.assertEqual(lost.task_count, 1)
        self.assertFalse(self._rest(won, "chargeback_reversal").item_id.reconciled)

    def test_of_a_dispute_that_is_won_in_part_the_rest_is_lost(self):
        lost, order = self._disputed()
        self._booked(self._row("chargeback_reversal", 20, order))
        rest = self._rest(lost)
        self.assertEqual((lost.task_count, rest.item_id.amount_residual, rest.can_lose), (1, 4, True))
        rest.action_lose()
        self.assertEqual((self._net(self._role("chargeback")), self._net(self._role("dispute_loss"))), (0, 4))
        self.assertTrue(self._is_over(lost))
        self._audit()

    def test_a_dispute_that_is_lost_is_a_loss_in_the_books_with_who_said_so(self):
        lost, _order = self._disputed()
        rest = self._rest(lost)
        rest.action_lose()
        entry = rest.closing_move_id
        self.assertEqual(
            [(item.account_id, item.debit, item.credit) for item in entry.line_ids.sorted("balance")],
            [(self._role("chargeback"), 0, 24), (self._role("dispute_loss"), 24, 0)],
        )
        self.assertEqual((entry.state, entry.oms_key), ("posted", f"dispute:{rest.id}:1"))
        self.assertTrue(rest.item_id.reconciled)
        self.assertEqual((rest.closed_by_id, rest.can_lose, rest.can_close), (self.accountant, False, False))
        (told,) = lost.message_ids.filtered(lambda message: "The dispute is lost" in str(message.body))
        self.assertEqual(told.author_id, self.accountant.partner_id)
        self.assertTrue(self._is_over(lost))
        with self.assertRaisesRegex(UserError, "nothing left to settle"):
            rest.action_lose()
        self._audit()

    def test_a_lost_dispute_in_dollars_is_lost_at_the_rate_at_which_it_was_taken(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        for day, rate in ((date(2026, 3, 1), 1.25), (date(2026, 3, 20), 1.00)):
            self.env["res.currency.rate"].create(
                {"currency_id": usd.id, "company_id": self.company.id, "name": day, "rate": rate}
            )
        lost = self._booked(self._row("chargeback", -25, order_ref="x"), currency="USD")
        rest = self._rest(lost)
        rest.action_lose()
        items = rest.closing_move_id.line_ids
        self.assertEqual(sorted(items.mapped("balance")), [-20, 20])
        self.assertEqual(sorted(items.mapped("amount_currency")), [-25, 25])
        self.assertEqual(items.currency_id, usd)
        self.assertTrue(rest.item_id.reconciled)
        self._audit()

    def test_a_dispute_that_is_won_after_it_was_lost_takes_the_loss_back(self):
        lost, order = self._disputed()
        rest = self._rest(lost)
        rest.action_lose()
        self._booked(self._row("chargeback_reversal", 24, order))
        self.assertEqual((self._net(self._role("chargeback")), self._net(self._role("dispute_loss"))), (0, 0))
        self.assertEqual((rest.item_id.reconciled, bool(rest.closed_on), rest.closing_move_id.id), (True, True, False))
        self.assertTrue(self._is_over(lost))
        self._audit()

    def test_what_was_settled_by_mistake_is_a_task_again_and_can_be_lost_once_more(self):
        lost, _order = self._disputed()
        rest = self._rest(lost)
        rest.action_lose()
        rest.action_reopen()
        self.assertEqual((self._net(self._role("chargeback")), self._net(self._role("dispute_loss"))), (24, 0))
        self.assertEqual((lost.task_count, len(lost.activity_ids), rest.can_lose), (1, 1, True))
        self._audit()
        rest.action_lose()
        self.assertEqual((self._net(self._role("chargeback")), self._net(self._role("dispute_loss"))), (0, 24))
        self._audit()

    def test_undoing_the_payout_that_gave_it_back_makes_the_dispute_a_task_again(self):
        lost, order = self._disputed()
        won = self._booked(self._row("chargeback_reversal", 24, order))
        won.action_undo()
        rest = self._rest(lost)
        self.assertEqual((lost.task_count, len(lost.activity_ids), rest.item_id.amount_residual), (1, 1, 24))
        self.assertFalse(rest.closed_on)
        self._audit()
        won.action_post()
        self.assertTrue(self._is_over(lost))
        self._audit()

    def test_undoing_a_payout_takes_its_loss_with_it(self):
        lost, _order = self._disputed()
        self._rest(lost).action_lose()
        lost.action_undo()
        self.assertEqual((self._net(self._role("chargeback")), self._net(self._role("dispute_loss"))), (0, 0))
        self._audit()
        lost.action_post()
        self.assertEqual((lost.task_count, self._net(self._role("chargeback"))), (1, 24))
        self._rest(lost).action_lose()
        self.assertEqual(self._net(self._role("dispute_loss")), 24)
        self._audit()


class TestLossIsACost(CloseCase, FeeCase):
    def test_a_lost_dispute_is_a_cost_of_its_order_once_and_what_the_ledger_says(self):
        lost, order = self._disputed()
        self.assertEqual(self._keep().filtered("oms_order_id").mapped("amount"), [], "It may be won yet")
        self._rest(lost).action_lose()
        costs = self._keep()
        self.assertEqual(self._by_order(costs), {order: -24})
        self.assertEqual(-sum(costs.mapped("amount")), self._net(self._role("dispute_loss")))
        self._booked(self._row("chargeback_reversal", 24, order))
        self.assertEqual(self._by_order(self._keep()), {order: 0})
        self._audit()


class TestGivenBack(CloseCase):
    def test_what_is_released_meets_the_oldest_that_was_held_back(self):
        first = self._booked(self._row("sale", 24, self._paid()), self._row("reserve_hold", -10))
        second = self._booked(
            self._row("sale", 24, self._paid()), self._row("reserve_hold", -6), deposited_on=date(2026, 3, 30)
        )
        released = self._booked(self._row("reserve_release", 12), deposited_on=date(2026, 4, 16))
        held = [
            one.move_id.line_ids.filtered(lambda item: item.oms_cause == "reserve") for one in (first, second, released)
        ]
        self.assertEqual([item.amount_residual for item in held], [0, 4, 0])
        self.assertEqual(self._net(self._role("reserve")), 4)
        self._audit()
        released.action_undo()
        self.assertEqual([item.amount_residual for item in held[:2]], [10, 6])
        self._audit()
        released.action_post()
        self.assertEqual([item.amount_residual for item in held[:2]], [0, 4])
        self.assertEqual(self._net(self._role("reserve")), 4)

    def test_what_one_payout_carries_over_meets_what_the_next_one_takes_over(self):
        first = self._booked(self._row("sale", 24, self._paid()), self._row("carry_over", -24))
        second = self._booked(self._row("carry_over", 24))
        items = (first | second).move_id.line_ids.filtered(lambda item: item.oms_cause == "carry_over")
        self.assertEqual(items.mapped("reconciled"), [True, True])
        self._audit()


class TestSettled(CloseCase):
    def test_who_settles_a_fee_other_than_agreed_says_why_and_nobody_is_asked_again(self):
        self.env["oms.payout.code"].create(
            {"channel_id": self.channel.id, "code": "commission", "is_agreed": True, "percent": 10}
        )
        order = self._paid()
        settlement = self._booked(self._row("sale", 24, order), self._row("fee", -3, order, code="commission"))
        rest = self._rest(settlement, "fee_change")
        self.assertEqual((settlement.task_count, rest.can_close, rest.can_book_off), (1, True, False))
        self._settle(rest, "New terms since March")
        self.assertEqual((rest.is_task, rest.closed_by_id), (False, self.accountant))
        self.assertEqual(rest.closed_because, "New terms since March")
        self.assertIn("New terms since March", "".join(settlement.message_ids.mapped("body")))
        self.assertTrue(self._is_over(settlement))
        self._audit()
        rest.action_reopen()
        self.assertEqual((settlement.task_count, len(settlement.activity_ids)), (1, 1))

    def test_what_was_paid_out_twice_and_stays_ours_is_booked_to_an_account(self):
        order = self._paid()
        self._booked(self._row("sale", 24, order))
        twice = self._booked(self._row("sale", 24, order))
        rest = self._rest(twice, "duplicate")
        self.assertEqual(self._net(self._role("unknown")), -24)
        income = self._account("income")
        before = self._net(income)
        self._settle(rest, "The channel leaves it to us", account_id=income)
        self.assertEqual((self._net(self._role("unknown")), self._net(income) - before), (0, -24))
        self.assertEqual(rest.closing_move_id.oms_key, f"rest:{rest.id}:1")
        self.assertTrue(rest.item_id.reconciled)
        self.assertTrue(self._is_over(twice))
        self._audit()
        twice.action_undo()
        self.assertEqual((self._net(self._role("unknown")), self._net(income) - before), (0, 0))
        self._audit()

    def test_what_is_settled_and_left_where_it_is_stays_settled_whatever_it_is_reconciled_with(self):
        order = self._paid()
        self._booked(self._row("sale", 24, order))
        twice = self._booked(self._row("sale", 24, order))
        rest = self._rest(twice, "duplicate")
        self._settle(rest)
        self.assertEqual((twice.task_count, rest.item_id.reconciled), (0, False))
        by_hand = self._by_hand(rest.item_id)
        by_hand.remove_move_reconcile()
        self.assertEqual(twice.task_count, 0)

    def _by_hand(self, item):
        """An entry of an accountant that settles an item; its item on the same account."""
        entry = self.env["account.move"].create(
            {
                "journal_id": item.journal_id.id,
                "date": item.date,
                "line_ids": [
                    (0, 0, {"account_id": item.account_id.id, "balance": -item.balance}),
                    (0, 0, {"account_id": self._account("income").id, "balance": item.balance}),
                ],
            }
        )
        entry.action_post()
        back = entry.line_ids.filtered(lambda one: one.account_id == item.account_id)
        (back | item).reconcile()
        return back

    def test_a_task_is_over_when_an_accountant_has_reconciled_it_and_again_one_when_not(self):
        lost, _order = self._disputed()
        rest = self._rest(lost)
        by_hand = self._by_hand(rest.item_id)
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)
        self.env["oms.settlement"]._cron_explain()
        self.assertEqual(
            (lost.task_count, rest.closed_on, rest.closed_by_id.id), (0, fields.Date.context_today(rest), False)
        )
        self.assertFalse(lost.activity_ids)
        with self.assertRaisesRegex(UserError, "Undo what it is reconciled with"):
            rest.action_reopen()
        by_hand.remove_move_reconcile()
        self.assertEqual((lost.task_count, len(lost.activity_ids)), (1, 1))

    def test_of_two_tasks_the_one_that_is_left_is_told(self):
        settlement = self._booked(
            self._row("chargeback", -24, self._paid()), self._row("chargeback", -12, self._paid(12))
        )
        self.assertIn("2 to be", settlement.activity_ids.summary)
        self._rest(settlement)[0].action_lose()
        self.assertEqual((settlement.task_count, len(settlement.activity_ids)), (1, 1))
        self.assertIn("1 to be", settlement.activity_ids.summary)

    def test_who_may_not_book_payouts_settles_nothing(self):
        lost, _order = self._disputed()
        reader = self._create_user("payout_reader", "oms_core.group_oms_manager")
        rest = self._rest(lost).with_user(reader)
        for call in (rest.action_lose, rest.action_close, rest.action_reopen):
            with self.assertRaises(AccessError):
                call()
        waiting = self._take(self._payout(self._row("chargeback", -24, self._paid())))
        with self.assertRaisesRegex(UserError, "not booked"):
            self._rest(waiting).action_close()
