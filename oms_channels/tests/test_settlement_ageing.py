"""ACC-01, PAY-02: what payouts left open, by cause and age, as it was on each day."""

from ast import literal_eval
from datetime import date

from .test_settlement_close import CloseCase


class TestAgeing(CloseCase):
    """What payouts left open is in the ageing of what is with the channels, as it was on each day."""

    def _open(self, day):
        self.env.invalidate_all()  # rows of another day have the same ids
        rows = self.env["oms.cut.off"].with_context(oms_cut_off=day).with_user(self.accountant)
        rows = rows.search([("company_id", "=", self.company.id), ("settlement_id", "!=", False)])
        return sorted((row.kind, row.cause or "", row.amount, row.days) for row in rows)

    def test_each_kind_that_a_payout_leaves_open_is_told_with_its_cause_age_and_payout(self):
        order = self._paid()
        settlement = self._booked(
            self._row("sale", 24, order),
            self._row("refund", -3, order),
            self._row("fee", -1, order, code="commission"),
            self._row("reserve_hold", -10),
            self._row("carry_over", 2),
            self._row("chargeback", -4, order),
            self._row("sale", 7, order_ref="nobody"),
            self._row("transfer", -1),
        )
        self.assertEqual(
            self._open("2026-03-26"),
            [
                ("payout_disputed", "chargeback", 4, 10),
                ("payout_held", "carry_over", -2, 10),
                ("payout_held", "reserve", 10, 10),
                ("payout_on_its_way", "", 14, 10),
                ("payout_on_its_way", "transfer", 1, 10),
                ("payout_refund", "late_refund", 3, 10),
                ("payout_unknown", "unknown_order", -7, 10),
            ],
        )
        rows = self.env["oms.cut.off"].search([("settlement_id", "=", settlement.id)])
        self.assertEqual(rows.filtered(lambda row: row.cause == "chargeback").order_id, order)
        self.assertTrue(all(row.advice for row in rows))
        self.assertEqual(rows.channel_id, self.channel)
        self.assertEqual(self._open("2026-03-15"), [], "It was not booked yet")

    def test_money_on_its_way_is_told_where_the_bank_waits_for_payments_on_the_same_account(self):
        account = self._role("in_transit")
        self.bank_journal.inbound_payment_method_line_ids[:1].payment_account_id = account
        self.channel.payout_transit_account_id = account
        self._booked(self._row("sale", 24, self._paid()))
        self.assertEqual(self._open("2026-03-17"), [("payout_on_its_way", "", 24, 1)])

    def test_a_day_that_is_over_reads_the_same_whatever_is_settled_later(self):
        order = self._paid()
        settlement = self._booked(
            self._row("sale", 24, order), self._row("reserve_hold", -6), self._row("chargeback", -4, order)
        )
        before = self._open("2026-03-17")
        self.assertEqual([row[2] for row in before], [4, 6, 14])
        self._statement_line(14, settlement.bank_reference, date(2026, 3, 18))
        self._booked(self._row("reserve_release", 5), deposited_on=date(2026, 4, 16))
        self._rest(settlement).action_lose()
        self.assertEqual(self._open("2026-03-17"), before)
        self.assertEqual(
            [row[:3] for row in self._open("2027-12-31")],
            [("payout_held", "reserve", 1), ("payout_on_its_way", "", 5)],
        )

    def test_it_comes_with_what_is_on_clearing_to_the_balance_of_the_accounts(self):
        order = self._paid()
        self._paid(48)
        self._booked(self._row("sale", 24, order), self._row("refund", -3, order), self._row("reserve_hold", -10))
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_clearing_age_action")
        rows = self.env["oms.cut.off"].search(literal_eval(action["domain"]) + [("company_id", "=", self.company.id)])
        by_account = {account: sum(of.mapped("amount")) for account, of in rows.grouped("account_id").items()}
        accounts = [self.clearing_account, self._role("reserve"), self._role("in_transit")]
        self.assertEqual(by_account, {account: self._net(account) for account in accounts})
