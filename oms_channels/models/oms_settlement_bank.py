"""The money of payouts in the bank: whichever of the two comes first, they are matched by amount and reference."""

from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import SETTLEMENT_BANK_DAYS, SETTLEMENT_BANK_LINES_MAX
from ..domain.bank_match import BankLine, Expected, pairs
from .oms_settlement_booked import exact


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    def action_match_bank(self):
        """Find the bank statement line of these payouts; the amount is enough where it can only be one."""
        self.check_access("write")
        for settlement in self:
            if settlement.state != "posted":
                raise UserError(self.env._("%s is not booked, or is in the bank already.", settlement.display_name))
        self._by_program()._tell_in_bank()
        waiting = self.filtered(lambda settlement: settlement.state == "posted")
        if waiting and not waiting._by_program()._match_bank_lines(by_amount=True):
            raise UserError(
                self.env._(
                    "No open bank statement line has this amount within %s days, or several have. Import the statement, or "
                    "match the line by hand with the account of payouts on their way.",
                    SETTLEMENT_BANK_DAYS,
                )
            )

    def action_unmatch_bank(self):
        """Open the bank statement line again."""
        self.check_access("write")
        self._by_program()._unmatch_bank_line()

    def _match_bank_lines(self, by_amount=False):
        """Match these payouts with statement lines that wait. :return: those that found theirs."""
        payouts = self.filtered(
            lambda settlement: settlement.state == "posted" and settlement.total and not settlement.bank_line_id
        )
        if not payouts:
            return payouts
        dates = payouts.mapped("date")
        span = timedelta(days=SETTLEMENT_BANK_DAYS)
        lines = self.env["account.bank.statement.line"].search(
            [
                ("is_reconciled", "=", False),
                ("company_id", "in", payouts.company_id.ids),
                ("date", ">=", min(dates) - span),
                ("date", "<=", max(dates) + span),
                ("move_id.state", "=", "posted"),
            ],
            limit=SETTLEMENT_BANK_LINES_MAX,
        )
        return payouts._match_with(lines, by_amount)

    def _match_with(self, lines, by_amount=False):
        expected = [settlement._to_expected() for settlement in self]
        found = self.browse()
        for company, of_company in lines.grouped("company_id").items():
            ours = [one for one in expected if self.browse(one.key).company_id == company]
            for key, line_id in pairs(
                ours, [line._oms_to_domain() for line in of_company], SETTLEMENT_BANK_DAYS, by_amount
            ):
                settlement = self.browse(key)
                if settlement._match_bank_line(lines.browse(line_id)):
                    found |= settlement
        return found

    def _to_expected(self):
        return Expected(
            self.id,
            exact(self.total, self.currency_id.name),
            self.currency_id.name,
            self.date,
            tuple(filter(None, (self.bank_reference, self.external_id))),
        )

    def _match_bank_line(self, line):
        """Book a statement line against the payout on its way, and reconcile the two."""
        self.ensure_one()
        # What has a cause (moved within the period) comes to the bank by itself, not with this money.
        waiting = self._get_on_its_way().filtered(lambda item: not item.oms_cause)
        _liquidity, suspense, _others = line._seek_for_lines()
        if not waiting or len(suspense) != 1:
            return False
        suspense.with_context(skip_readonly_check=True).account_id = waiting.account_id
        (suspense | waiting).reconcile()
        self.bank_line_id = line
        self._tell_in_bank()
        return True

    def _get_on_its_way(self):
        """The items of this payout's entries that no bank statement line is matched with."""
        account = self.env["account.account"].browse(self.channel_id._oms_get_payout_accounts()["in_transit"])
        return self.move_ids.line_ids.filtered(
            lambda item: item.account_id == account and not item.reconciled and item.parent_state == "posted"
        )

    def _tell_in_bank(self):
        """What is booked is in the bank when its money is. What was moved there within the period comes by itself and is matched
        by a person; a payout over nothing waits for that, as it has no other money."""
        for settlement in self.filtered(lambda one: one.state == "posted"):
            waits = settlement._get_on_its_way()
            if not (waits.filtered(lambda item: not item.oms_cause) if settlement.total else waits):
                settlement.state = "reconciled"

    def _unmatch_bank_line(self):
        for settlement in self.filtered("bank_line_id"):
            settlement.bank_line_id.action_undo_reconciliation()

    def _on_bank_line_undone(self):
        self.write({"bank_line_id": False, "state": "posted"})


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    @api.model_create_multi
    def create(self, vals_list):
        """Override: a line may bring the money of a payout that is waited for."""
        lines = super().create(vals_list)
        lines._oms_match_payouts()
        return lines

    def action_undo_reconciliation(self):
        """Override: the payout is on its way again."""
        # sudo: that the money is not matched any more is so whoever undoes it
        settlements = self.env["oms.settlement"].sudo().search([("bank_line_id", "in", self.ids)])
        result = super().action_undo_reconciliation()
        settlements._on_bank_line_undone()
        return result

    @api.ondelete(at_uninstall=False)
    def _oms_unlink_from_payouts(self):
        # sudo: as above
        self.env["oms.settlement"].sudo().search([("bank_line_id", "in", self.ids)])._on_bank_line_undone()

    def _oms_match_payouts(self):
        """Match these lines with payouts that wait for their money."""
        amounts = set(self.mapped("amount")) | set(self.mapped("amount_currency"))
        # sudo: whoever enters a statement line may have it matched with the payout that it names
        settlements_sudo = self.env["oms.settlement"].sudo()
        waiting_sudo = settlements_sudo.search(
            Domain("state", "=", "posted")
            & Domain("bank_line_id", "=", False)
            & Domain("company_id", "in", self.company_id.ids)
            & Domain("total", "in", list(amounts)),
            limit=SETTLEMENT_BANK_LINES_MAX,
        )
        if waiting_sudo:
            waiting_sudo._match_with(
                self.sudo().filtered(
                    lambda line: not line.is_reconciled and line.move_id.state == "posted"
                )  # sudo: as above
            )

    def _oms_to_domain(self):
        """As ``domain/bank_match.py`` wants to have it."""
        self.ensure_one()
        if self.foreign_currency_id:
            currency, amount = self.foreign_currency_id.name, self.amount_currency
        else:
            currency, amount = (self.journal_id.currency_id or self.company_id.currency_id).name, self.amount
        text = " ".join(filter(None, (self.payment_ref, self.ref, self.narration and str(self.narration))))
        return BankLine(self.id, exact(amount, currency), currency, self.date, text)
