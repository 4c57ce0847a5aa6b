"""ACC-01: after a year of sales, refunds, disputes and payouts the books agree to the cent, and nobody booked by hand."""

import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from odoo.fields import Command

from odoo.addons.oms_channels.tests.test_settlement import SettlementCase

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from demo.proof import prove  # noqa: E402 (the scripts are no package of this folder)


class TestBooksAgree(SettlementCase):
    def _taxed(self, day, **values):
        """An order whose tax the channel pays to the state itself."""
        line = self._line(total=20, rate=None, taxes=(self._tax(20, 4, remitted=True),))
        order = self._apply(self._doc(lines=(line,), ordered_at=day, **values))[0][0]
        self._ship(order)
        self._book(order)
        return order

    def _trade(self, months):
        """So many months of a year: in each some orders, one refund and fees; a reserve, a dispute, tax that the channel pays."""
        held = 0
        for month in range(1, months + 1):
            # All happens in one transaction, of which the database's own cleaner sees nothing: it may take these tables for
            # empty, and Odoo's question which payments belong to which invoices then takes seconds each time.
            self.env.flush_all()
            self.env.cr.execute("ANALYZE account_move, account_move_line, account_payment, account_partial_reconcile")
            day = datetime(2025, month, 3, 9, tzinfo=timezone.utc)
            orders = [self._paid(24 + 12 * number, ordered_at=day) for number in range(2)]
            taxed = self._taxed(day)
            self._refund(orders[0], 6, f"re-{month}")
            rows = [self._row("sale", 24 + 12 * number, order) for number, order in enumerate(orders)]
            rows += [self._row("fee", "-1.27", order, code="commission") for order in orders]
            rows += [self._row("sale", 24, taxed), self._row("tax_collected", -4, taxed)]
            rows += [self._row("refund", -6, orders[0], transaction_ref=f"re-{month}")]
            rows += [self._row("reserve_release", held)] if held else []
            rows += [self._row("reserve_hold", -10)]
            held = 10
            if month == 3:
                disputed = orders[1]
                rows.append(self._row("chargeback", -36, disputed))
            if month == 4:
                rows.append(self._row("chargeback_reversal", 36, disputed))
            end = date(2025, month, 20)
            settlement = self._booked(*rows, starts_at=day, ends_at=day + timedelta(days=14), deposited_on=end)
            self.assertFalse(
                settlement.rest_ids.filtered("is_task")
                - settlement.rest_ids.filtered(lambda r: r.cause == "chargeback")
            )
            if month < months:  # the last one is on its way
                self._statement_line(settlement.total, f"CREDIT {settlement.bank_reference}", end)
                self.assertEqual(settlement.state, "reconciled")
        # Sold since, and in no payout yet:
        now = datetime.now(timezone.utc)
        self._paid(48, payments=(self._payment(48, paid_at=now),))
        self._taxed(day, payments=(self._payment(24, paid_at=now),))

    def _differ(self):
        return [what for what, one, other in prove(self.env, self.company) if one != other]

    def test_the_trial_balance_the_tax_report_clearing_and_the_bank_agree_without_an_entry_by_hand(self):
        self._trade(12)
        proof = prove(self.env, self.company)
        self.assertEqual([row for row in proof if row[1] != row[2]], [])
        self.assertTrue(all(one for what, one, _other in proof if "nothing" not in what and "none" not in what), proof)

    def test_an_entry_by_hand_on_the_clearing_account_is_seen(self):
        self._trade(1)
        self.env["account.move"].create(
            {
                "journal_id": self.clearing_journal.id,
                "line_ids": [
                    Command.create({"account_id": self.clearing_account.id, "balance": 5}),
                    Command.create({"account_id": self._role("fee").id, "balance": -5}),
                ],
            }
        ).action_post()
        self.assertEqual(
            self._differ(),
            [
                "With the channels: not paid out yet, clearing accounts",
                "Entries made by hand since the opening, none",
                "What the auditor finds, nothing",
            ],
        )
