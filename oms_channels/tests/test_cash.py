"""PAY-07: how long the money takes from a channel's customer to the bank, and what the channel keeps of it."""

from datetime import date, timedelta

from odoo.tests import tagged

from .test_settlement import START, SettlementCase


@tagged("post_install", "-at_install")
class TestCash(SettlementCase):
    def _report(self, *groupby):
        rows = self.env["oms.cash.report"].with_user(self.accountant)
        mine = [("channel_id", "=", self.channel.id)]
        return rows._read_group(mine, groupby, ["amount:sum", "days:avg"])

    def test_days_are_those_until_the_statement_and_fees_have_none(self):
        early, late = self._paid(24), self._paid(36)
        settlement = self._booked(
            self._row("sale", 24, early, at=START),
            self._row("sale", 36, late, at=START + timedelta(days=10)),
            self._row("fee", -3, early, at=START),
        )
        self.assertEqual(self._report("kind"), [("fee", -3, False), ("sale", 60, 10.0)])
        self._statement_line(57, settlement.bank_reference, date(2026, 3, 18))
        settlement._match_bank_lines()
        self.assertEqual(settlement.state, "reconciled")
        self.assertEqual(self._report("kind")[1], ("sale", 60, 12.0))

    def test_what_is_not_booked_is_no_cash(self):
        self._take(self._payout(self._row("sale", 24, self._paid(24), at=START)))
        self.assertEqual(self._report()[0][0] or 0, 0)
