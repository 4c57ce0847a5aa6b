"""ACC-01: what a payout waited for is found later, by turns; and its money is in the bank when all of it is."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import Form

from odoo.addons.oms_channels.models import oms_settlement_later

from .test_settlement import D, SettlementCase


class TestFoundLater(SettlementCase):
    def test_one_refund_settles_what_was_not_known_and_what_was_not_booked(self):
        """The channel tells it under the order's id, and under a number that came to the order only later."""
        order = self._paid(24)
        settlement = self._booked(
            self._row("sale", 24, order),
            self._row("refund", -6, order),
            self._row("refund", -4, order_ref="#NEW-9"),
        )
        self.assertEqual(self._causes(settlement), [("late_refund", -6), ("unknown_order", -4)])
        order.oms_number = "#NEW-9"
        self._refund(order, 10, "re-both")
        settlement.action_check()
        self.assertFalse(settlement.task_count)
        self.assertTrue(all(settlement.rest_ids.item_id.mapped("reconciled")))
        self.assertEqual(self._net(self._role("unknown")), 0)
        self.assertClosed(settlement, in_transit=14)

    def test_the_job_looks_at_those_first_that_waited_longest(self):
        settlements = self.env["oms.settlement"].browse()
        for number in range(3):
            settlements |= self._booked(self._row("sale", 24, order_ref=f"nobody {number}"))
        looked = []
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)

        def look(settlement):
            looked.append(settlement.id)

        with (
            patch.object(type(settlements), "_explain_later", look),
            patch.object(oms_settlement_later, "SETTLEMENT_LOOK_MAX", 2),
        ):
            self.env["oms.settlement"].search(
                [("id", "not in", settlements.ids)]
            ).sudo().looked_at = fields.Datetime.now()
            self.env["oms.settlement"]._cron_explain()
            self.env["oms.settlement"]._cron_explain()
            self.env["oms.settlement"]._cron_explain()
            self.assertEqual(looked, settlements.ids, "Each had its turn, and none a second one so soon")
            settlements[1].sudo().looked_at -= timedelta(days=2)
            settlements[0].sudo().looked_at -= timedelta(days=1)
            self.env["oms.settlement"]._cron_explain()
        self.assertEqual(looked[3:], [settlements[1].id, settlements[0].id])

    def test_a_payout_over_nothing_is_not_in_the_bank_while_money_that_was_moved_is_on_its_way(self):
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("transfer", -24))
        self.assertEqual((settlement.total, settlement.state), (0, "posted"))
        line = self._statement_line(24, "by hand")
        _liquidity, suspense, _others = line._seek_for_lines()
        suspense.account_id = self._role("in_transit")
        (suspense | settlement.move_id.line_ids.filtered(lambda item: item.oms_cause == "transfer")).reconcile()
        settlement.action_check()
        self.assertEqual(settlement.state, "reconciled")

    def test_a_payout_over_nothing_of_which_nothing_is_on_its_way_is_done(self):
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("reserve_hold", -24))
        self.assertEqual(settlement.state, "reconciled")


class TestAgreedFees(SettlementCase):
    """What is agreed with a channel, where its words belong in the books, and invoices for its fees."""

    def _word(self, code, **values):
        return self.env["oms.payout.code"].create({"channel_id": self.channel.id, "code": code, **values})

    def test_a_fee_other_than_agreed_on_that_day_is_told_with_both_numbers(self):
        self._word("commission", is_agreed=True, percent=50)
        self._word("commission", is_agreed=True, percent=10, fixed=0.1, since="2026-03-01")
        self._word("commission", is_agreed=True, percent=99, since="2026-06-01")
        settlement = self._booked(
            self._row("sale", 24, first := self._paid()),
            self._row("fee", "-2.50", first, code="commission"),
            self._row("sale", 24, second := self._paid()),
            self._row("fee", "-3.50", second, code="commission"),
        )
        self.assertEqual(self._causes(settlement), [("fee", -5), ("fee_change", -1)])
        change = settlement.rest_ids.filtered("is_task")
        self.assertIn("3.50 EUR were taken and 2.50 EUR are agreed", change.sentence)
        self.assertClosed(settlement, in_transit=42)

    def test_each_word_of_the_channel_has_its_account(self):
        accounts = {
            code: self.env["account.account"].create(
                {
                    "name": code,
                    "code": f"6299{number}",
                    "account_type": "expense",
                    "company_ids": [Command.set(self.company.ids)],
                }
            )
            for number, code in enumerate(("advertising", "goodwill"))
        }
        for code, account in accounts.items():
            self._word(code, account_id=account.id)
        settlement = self._booked(
            self._row("sale", 24, self._paid()),
            self._row("fee", -1, code="commission"),
            self._row("fee", -2, code="advertising"),
            self._row("adjustment", 3, code="goodwill"),
        )
        self.assertClosed(settlement, in_transit=24)
        self.assertEqual(self._net(self._role("fee")), 1)
        self.assertEqual([self._net(accounts[code]) for code in ("advertising", "goodwill")], [2, -3])

    def test_fees_become_a_draft_bill_that_the_payout_has_paid_when_it_is_posted(self):
        vendor = self.env["res.partner"].create({"name": "Marketplace Ltd"})
        self.channel.write({"payout_vendor_id": vendor.id, "payout_fees_as": "bill"})
        settlement = self._booked(
            self._row("sale", 24, order := self._paid()),
            self._row("fee", "-2.40", order, code="commission"),
            self._row("fee", "-1.00", code="advertising"),
            self._row("fee_tax", "-0.68"),
        )
        self.assertClosed(settlement, in_transit=19.92)
        (bill,) = settlement.move_ids - settlement.move_id
        self.assertEqual(
            (bill.state, bill.move_type, bill.partner_id, bill.amount_total), ("draft", "in_invoice", vendor, 4.08)
        )
        self.assertEqual(self._net(self._role("fee")), 0)
        bill.action_post()
        self.assertEqual(bill.payment_state, "paid")
        self.assertEqual(self._net(self._role("fee")), 3.40)
        self.assertEqual(self._net(self._role("fee_tax")), 0.68)
        self.assertClosed(settlement, in_transit=19.92)

    def test_a_payout_that_is_undone_takes_its_draft_bill_with_it(self):
        vendor = self.env["res.partner"].create({"name": "Marketplace Ltd"})
        self.channel.write({"payout_vendor_id": vendor.id, "payout_fees_as": "bill"})
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("fee", "-2.40", code="commission"))
        settlement.action_undo()
        self.assertFalse(self.env["account.move"].search([("partner_id", "=", vendor.id), ("state", "=", "draft")]))
        settlement.action_post()
        self.assertEqual(len(settlement.move_ids.filtered(lambda move: move.move_type == "in_invoice")), 1)
        self.assertClosed(settlement, in_transit=21.6)

    def test_an_invoice_for_fees_needs_somebody_who_sends_it(self):
        with self.assertRaisesRegex(Exception, "who sends the invoice"):
            self.channel.payout_fees_as = "bill"


class TestByHand(SettlementCase):
    """What a report says and what was booked for it is nobody's to change, over whatever way."""

    def test_a_booked_payout_its_lines_and_its_rests_stay_as_they_are(self):
        settlement = self._booked(self._row("sale", 24, self._paid()), self._row("fee", -1))
        for record, values in (
            (settlement, {"state": "checked"}),
            (settlement, {"total": 99}),
            (settlement, {"move_id": False}),
            (settlement.line_ids[:1], {"amount": 99}),
            (settlement.rest_ids[:1], {"settled_on": "2026-03-20"}),
        ):
            with self.subTest(model=record._name, values=values), self.assertRaises(Exception) as caught:
                record.with_user(self.accountant).write(values)
            self.assertIn(type(caught.exception).__name__, ("AccessError", "UserError"))
        for model in ("oms.settlement", "oms.settlement.line", "oms.settlement.rest"):
            self.assertFalse(self.env[model].with_user(self.accountant).has_access("create"))
        for record in (settlement.line_ids, settlement.rest_ids):
            self.assertFalse(record.with_user(self.accountant).has_access("unlink"))
        with self.assertRaisesRegex(Exception, "in the books"):
            settlement.with_user(self.accountant).date = "2026-03-20"

    def test_an_accountant_chooses_the_date_of_one_that_is_not_booked_and_may_delete_it(self):
        settlement = self._take(self._payout(self._row("sale", 24, self._paid()))).with_user(self.accountant)
        with Form(settlement) as form:
            form.date = "2026-03-20"
        settlement.message_post(body="Asked the channel.")
        settlement.activity_schedule("mail.mail_activity_data_todo", summary="Ask", user_id=self.accountant.id)
        settlement.action_post()
        self.assertEqual(settlement.move_id.date, fields.Date.to_date("2026-03-20"))
        settlement.action_undo()
        lines = settlement.line_ids
        settlement.unlink()
        self.assertFalse(lines.exists())

    def test_what_was_undone_and_deleted_is_no_orphan_of_the_books(self):
        settlement = self._booked(self._row("sale", D(24), self._paid()))
        settlement.action_undo()
        settlement.unlink()
        check = self.env["oms.check"]._get_check("orphan")
        self.assertEqual(self.env["oms.check"]._find(self.company, {"orphan"})[check], [])
