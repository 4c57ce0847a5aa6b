"""The money of payouts in the bank: whichever of the two comes first, they are matched by amount and reference.

A payout brings its total, and before that what was moved within its period, a bank statement line each.
"""

from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..const import SETTLEMENT_BANK_DAYS, SETTLEMENT_BANK_LINES_MAX
from ..domain.bank_match import BankLine, Expected, pairs
from .oms_settlement_booked import exact

#: The cause of what was moved to or from the bank within the period of a payout.
MOVED = "transfer"


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
        """Match these payouts with statement lines that wait. :return: those that found one of theirs."""
        dates = [one.date for settlement in self for one in settlement._get_expected()]
        if not dates:
            return self.browse()
        span = timedelta(days=SETTLEMENT_BANK_DAYS)
        lines = self.env["account.bank.statement.line"].search(
            [
                ("is_reconciled", "=", False),
                ("company_id", "in", self.company_id.ids),
                ("date", ">=", min(dates) - span),
                ("date", "<=", max(dates) + span),
                ("move_id.state", "=", "posted"),
            ],
            limit=SETTLEMENT_BANK_LINES_MAX,
        )
        return self._match_with(lines, by_amount)

    def _match_with(self, lines, by_amount=False):
        found = self.browse()
        for company, of_company in lines.grouped("company_id").items():
            ours = self.filtered(lambda settlement, company=company: settlement.company_id == company)
            expected = {one.key: (settlement, one) for settlement in ours for one in settlement._get_expected()}
            for item_ids, line_id in pairs(
                [one for _settlement, one in expected.values()],
                [line._oms_to_domain() for line in of_company],
                SETTLEMENT_BANK_DAYS,
                by_amount,
            ):
                settlement = expected[item_ids][0]
                if settlement._match_bank_line(lines.browse(line_id), item_ids):
                    found |= settlement
        return found

    def _get_expected(self):
        """What of this payout the bank has not shown yet, keyed by the items that wait for it: its money, and what was moved
        within its period."""
        self.ensure_one()
        code, waiting = self.currency_id.name, self._get_on_its_way()
        # What has a cause (moved within the period) comes to the bank by itself, not with this money.
        money = waiting.filtered(lambda item: not item.oms_cause)
        if money and self.state == "posted" and self.total and not self.bank_line_id:
            names = tuple(filter(None, (self.bank_reference, self.external_id)))
            yield Expected(tuple(money.ids), exact(self.total, code), code, self.date, names)
        for rest in self.rest_ids.filtered(lambda rest: rest.cause == MOVED and rest.item_id in waiting):
            line = rest.line_ids[:1]
            day = line.occurred_at and self.company_id._oms_get_today(line.occurred_at)
            names = tuple(filter(None, (line.transaction_ref, line.external_id)))
            yield Expected(tuple(rest.item_id.ids), -exact(rest.amount, code), code, day or self.date, names)

    def _match_bank_line(self, line, item_ids):
        """Book a statement line against what is on its way, and reconcile the two."""
        self.ensure_one()
        waiting = self._get_on_its_way().filtered(lambda item: item.id in item_ids)
        _liquidity, suspense, _others = line._seek_for_lines()
        if not waiting or len(suspense) != 1:
            return False
        suspense.with_context(skip_readonly_check=True).account_id = waiting.account_id
        (suspense | waiting).reconcile()
        if not any(item.oms_cause for item in waiting):
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
        """What is booked is in the bank when its money is. What was moved there within the period comes by itself; a payout over
        nothing waits for that, as it has no other money."""
        for settlement in self.filtered(lambda one: one.state == "posted"):
            waits = settlement._get_on_its_way()
            if not (waits.filtered(lambda item: not item.oms_cause) if settlement.total else waits):
                settlement.state = "reconciled"

    def _unmatch_bank_line(self):
        for settlement in self.filtered("bank_line_id"):
            settlement.bank_line_id.action_undo_reconciliation()

    def _unmatch_moved(self):
        """Open the statement lines that brought what was moved within the period."""
        items = self.rest_ids.filtered(lambda rest: rest.cause == MOVED).item_id
        for line in items._all_reconciled_lines().statement_line_id:
            line.action_undo_reconciliation()

    def _on_bank_lines_undone(self, lines):
        """Not all of it is in the bank any more."""
        for settlement in self:
            if settlement.bank_line_id in lines:
                settlement.write({"bank_line_id": False, "state": "posted"})
            elif not settlement.total and settlement.state == "reconciled":
                settlement.state = "posted"


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
        settlements_sudo = self._oms_get_payouts_sudo()
        result = super().action_undo_reconciliation()
        settlements_sudo._on_bank_lines_undone(self)
        return result

    @api.ondelete(at_uninstall=False)
    def _oms_unlink_from_payouts(self):
        self._oms_get_payouts_sudo()._on_bank_lines_undone(self)

    def _oms_get_payouts_sudo(self):
        """The payouts of which these lines brought money."""
        # sudo: that the money is not matched any more is so whoever undoes it
        lines_sudo = self.sudo()
        money_sudo = lines_sudo.env["oms.settlement"].search([("bank_line_id", "in", self.ids)])
        return money_sudo | lines_sudo.move_id.line_ids._all_reconciled_lines().move_id.oms_settlement_id

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
        waiting_sudo |= (
            settlements_sudo.env["oms.settlement.rest"]
            .search(
                Domain("cause", "=", MOVED)
                & Domain("settlement_id.state", "in", ("posted", "reconciled"))
                & Domain("item_id.reconciled", "=", False)
                & Domain("company_id", "in", self.company_id.ids)
                & Domain("amount", "in", [-amount for amount in amounts]),
                limit=SETTLEMENT_BANK_LINES_MAX,
            )
            .settlement_id
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
