"""ACC-01: what the system books by itself is booked once, whole, in an open period, and settles what it names."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine

from .common import OmsCommon

D = Decimal


class TestPosting(OmsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fees = cls.company._oms_get_account("test_fees", "Fees", account_type="expense")
        cls.transit = cls.company._oms_get_account("test_transit", "Transit", reconcile=True)
        cls.journal = cls.env["account.journal"].create(
            {"name": "Payouts", "code": "PAYT", "type": "general", "company_id": cls.company.id}
        )

    def _draft(self, key="payout:1", sale="-100.00", match=None, **values):
        sale = D(sale)
        lines = (
            PostingLine(self.transit.id, -sale - 3, "Payout 1"),
            PostingLine(self.fees.id, D(3), "Fees", cause="fee"),
            PostingLine(self.clearing_account.id, sale, "Order 1", match=match),
        )
        return replace(PostingDraft(key, date(2026, 3, 5), self.journal.id, "Payout 1", lines), **values)

    def _post(self, *drafts):
        return self.env["account.move"]._oms_post(drafts)

    def _paid(self, amount, key="payment:tx-1"):
        payment = self.env["account.payment"].create(
            {
                "amount": amount,
                "partner_id": self.env["res.partner"].create({"name": "Ada"}).id,
                "journal_id": self.clearing_journal.id,
                "date": date(2026, 3, 1),
                "oms_key": key,
            }
        )
        payment.action_post()
        return payment

    def _held(self, payment):
        return payment.move_id.line_ids.filtered(lambda line: line.account_id == self.clearing_account)

    def test_an_entry_is_posted_with_its_items_and_their_causes(self):
        move = self._post(self._draft())
        self.assertEqual((move.state, move.date, move.ref), ("posted", date(2026, 3, 5), "Payout 1"))
        self.assertEqual(
            [(line.account_id, line.balance, line.oms_cause) for line in move.line_ids.sorted("id")],
            [(self.transit, 97, False), (self.fees, 3, "fee"), (self.clearing_account, -100, False)],
        )

    def test_the_same_event_is_booked_once_and_gives_the_same_entry(self):
        move = self._post(self._draft())
        self.assertEqual(self._post(self._draft(), self._draft()), move | move)

    def test_another_entry_for_the_same_event_is_refused_and_nothing_is_booked(self):
        move = self._post(self._draft())
        with self.assertRaisesRegex(UserError, f"booked already by entry {move.name}"):
            self._post(self._draft("payout:2"), self._draft(sale="-101.00"))
        self.assertFalse(self.env["account.move"].search([("oms_key", "=", "payout:2")]))

    def test_an_entry_that_was_taken_out_of_the_books_is_not_silently_made_again(self):
        self._post(self._draft()).button_draft()
        with self.assertRaisesRegex(UserError, "taken out of the books"):
            self._post(self._draft())

    def test_an_item_settles_the_payment_that_it_names(self):
        payment, by_id = self._paid(100), self._paid(50, "payment:tx-2")
        self._post(
            self._draft(match="payment:tx-1"),
            self._draft("payout:2", "-50.00", match=self._held(by_id).id),
        )
        self.assertTrue(self._held(payment).reconciled)
        self.assertTrue(self._held(by_id).reconciled)
        self.assertEqual(self._net(self.clearing_account), 0)

    def test_what_is_settled_already_is_not_settled_again_and_nothing_is_booked(self):
        self._paid(100)
        self._post(self._draft(match="payment:tx-1"))
        with self.assertRaisesRegex(UserError, "settled already, or is not in the books: payment:tx-1"):
            self._post(self._draft("payout:2", match="payment:tx-1"))

    def test_what_is_not_balanced_is_refused_with_both_sums(self):
        draft = self._draft()
        with self.assertRaisesRegex(UserError, "debits are 97.00 and credits 100.00"):
            self._post(replace(draft, lines=draft.lines[::2]))

    def test_a_closed_period_is_told_with_the_next_open_day(self):
        self.company.fiscalyear_lock_date = date(2026, 3, 31)
        with self.assertRaisesRegex(UserError, "closed on 03/05/2026 .*04/01/2026, the next open day"):
            self._post(self._draft())
        self.assertTrue(self._post(self._draft(date=date(2026, 4, 1))))

    def test_an_archived_account_and_a_currency_that_is_not_used_are_told_together(self):
        self.fees.active = False
        draft = self._draft()
        lines = (replace(draft.lines[0], currency="XAF", currency_amount=D(9)), *draft.lines[1:])
        with self.assertRaisesRegex(UserError, "archived[\\s\\S]*XAF is not active"):
            self._post(replace(draft, lines=lines))

    def test_an_amount_in_another_currency_stands_beside_the_companys(self):
        self.env.ref("base.USD").active = True
        draft = self._draft()
        line = replace(draft.lines[0], currency="USD", currency_amount=D("110.00"))
        move = self._post(replace(draft, lines=(line, *draft.lines[1:])))
        item = move.line_ids.filtered(lambda line: line.account_id == self.transit)
        self.assertEqual((item.currency_id.name, item.amount_currency, item.balance), ("USD", 110, 97))

    def _of_two_rates(self, **values):
        """Two items of a payout in dollars, each at the rate of the day of its payment, as a draft."""
        self.env.ref("base.USD").active = True
        lines = (
            PostingLine(self.transit.id, D("44.20"), "Payout 1"),
            PostingLine(self.clearing_account.id, D("-19.20"), "Order 1", currency="USD", currency_amount=D("-24.00")),
            PostingLine(self.clearing_account.id, D("-25.00"), "Order 2", currency="USD", currency_amount=D("-30.00")),
        )
        return self._draft(lines=lines, **values)

    def _meets(self, items):
        """The items that these are reconciled with, in their order, each alone."""
        return [(item.matched_debit_ids.debit_move_id | item.matched_credit_ids.credit_move_id).ids for item in items]

    def test_a_reversal_undoes_each_item_by_its_own_and_makes_no_difference_of_rates(self):
        move = self._post(self._of_two_rates())
        entries = self.env["account.move"].search([])
        back = move._reverse_moves([{"date": date(2026, 4, 1)}], cancel=True)
        self.assertEqual(self.env["account.move"].search([]) - entries, back)
        items = move.line_ids.sorted("id")
        self.assertEqual(self._meets(items), [[one] for one in back.line_ids.sorted("id").ids])
        self.assertEqual(set(items.mapped("reconciled")), {True})

    def test_a_reversal_by_hand_leaves_what_has_settled_something_as_it_is(self):
        payment = self._paid(100)
        move = self._post(self._draft(match=self._held(payment).id))
        back = move._reverse_moves([{"date": date(2026, 4, 1)}])
        back.action_post()
        transit, _fees, sale = move.line_ids.sorted("id")
        self.assertEqual(
            self._meets([transit, sale]),
            [back.line_ids.filtered(lambda line: line.account_id == self.transit).ids, self._held(payment).ids],
        )
        open_items = back.line_ids.filtered(lambda line: line.account_id == self.clearing_account)
        self.assertEqual((open_items.reconciled, open_items.amount_residual), (False, 100))

    def test_a_reverse_charge_tax_is_added_and_comes_to_nothing(self):
        account = self.tax_20.invoice_repartition_line_ids.account_id
        repartition = [
            Command.create({"repartition_type": "base"}),
            Command.create({"repartition_type": "tax", "account_id": account.id}),
            Command.create({"repartition_type": "tax", "factor_percent": -100, "account_id": account.id}),
        ]
        reverse = self._create_tax(
            20,
            type_tax_use="purchase",
            invoice_repartition_line_ids=repartition,
            refund_repartition_line_ids=repartition,
        )
        move = self._post(self._with_fee_tax(reverse))
        self.assertEqual(sorted(move.line_ids.filtered("tax_line_id").mapped("balance")), [-0.6, 0.6])

    def _with_fee_tax(self, tax):
        draft = self._draft()
        return replace(draft, lines=(draft.lines[0], replace(draft.lines[1], taxes=(tax.id,)), draft.lines[2]))

    def test_a_tax_that_would_change_the_sum_is_refused(self):
        with self.assertRaisesRegex(UserError, "taxes change the sum"):
            self._post(self._with_fee_tax(self.tax_20))

    def test_many_entries_take_no_more_queries_each_than_few(self):
        def cost(first, count):
            payments = [self._paid(100, f"payment:{first}-{n}") for n in range(count)]
            drafts = [self._draft(f"payout:{p.oms_key}", match=self._held(p).id) for p in payments]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._post(*drafts)
            self.env.flush_all()
            return self.cr.sql_log_count - before

        cost("warm", 2)
        few, many = cost("few", 5), cost("many", 25)
        self.assertLess((many - few) / 20, 12)
