"""Checks of accounts that only certain events may change: stock, gift cards, and what channels have to pay out."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..checks import Violation
from ..const import CLEARING_LAG_DAYS, PAYOUT_LATE_DAYS, STOCK_CLOSING_LATE_DAYS
from .oms_check_entries import TOLERANCE


class OmsCheck(models.AbstractModel):
    _inherit = "oms.check"

    @api.model
    def _check_stock(self, company, scope):
        """What stands on the accounts of the stock and is of no goods; the costs of each order are looked at by ``costs``.

        What such an account begins with is its opening balance.
        """
        categories = self.env["product.category"].with_company(company)
        categories = categories.search([("property_stock_valuation_account_id", "!=", False)])
        accounts = categories.property_stock_valuation_account_id | company.account_stock_valuation_id
        explained = SQL(" OR ").join(self._get_stock_causes(company, accounts))
        for move, balance in self._find_unexplained(company, scope, accounts, explained):
            yield self._compare(
                *("stock", move, balance, 0),
                self.env._(
                    "%(entry)s changes the account of the stock by %(amount)s, and no goods came or went.",
                    entry=move.display_name,
                    amount=company.currency_id.format(balance),
                ),
                self.env._("Change the value of the product instead, or say here what the entry stands for."),
            )

    def _get_stock_causes(self, company, accounts):
        """Hook: what may change the accounts of the stock, as conditions on items ``l`` of entries ``m``."""
        # Odoo keeps there which entries are closings of the valuation.
        closings = self.env["ir.config_parameter"].get_param(f"{company.id}.stock_valuation_closing_ids") or ""
        return [
            SQL(
                """l.display_type = 'cogs' OR l.product_id IS NOT NULL
                   OR l.oms_cause IN ('deferred_cost', 'corrected_cost', 'accrued_cost')"""
            ),
            SQL(
                "m.id = ANY(%s)",
                [*self._get_first_entries(company, accounts), *map(int, filter(str.isdigit, closings.split(",")))],
            ),
            SQL("EXISTS (SELECT 1 FROM stock_move s WHERE s.account_move_id = m.id)"),
        ]

    @api.model
    def _check_stock_value(self, company, scope):
        """All goods against all that is on their accounts. Odoo books between closings only what is billed and invoiced."""
        closed_at = company._get_last_closing_date()
        if not closed_at or closed_at > fields.Datetime.now() - timedelta(days=STOCK_CLOSING_LATE_DAYS):
            return
        products = company._get_accounts_by_product()
        worth, booked = company.stock_value(products), company.stock_accounting_value(products)
        money = company.currency_id.format
        for account in sorted(worth.keys() | booked.keys(), key=lambda account: account.id):
            there, here = worth.get(account, 0.0), booked.get(account, 0.0)
            if company.currency_id.compare_amounts(there, here):
                yield Violation(
                    ((account._name, account.id),) if account else ((company._name, company.id),),
                    self.env._(
                        "The goods are worth %(worth)s, and %(account)s has %(booked)s. The stock valuation was last closed on "
                        "%(day)s.",
                        worth=money(there),
                        account=account.display_name or self.env._("no account"),
                        booked=money(here),
                        day=company._oms_get_today(closed_at),
                    ),
                    self.env._(
                        "Close the stock valuation (Inventory > Reporting > Stock Valuation). Compare the entry with the "
                        "cut-off: what it books and the cut-off does not tell was counted, scrapped or revalued."
                    ),
                    abs(there - here),
                )

    def _get_first_entries(self, company, accounts):
        """The ids of the entries with which accounts begin."""
        booked = [("account_id", "in", accounts.ids), ("company_id", "=", company.id), ("parent_state", "=", "posted")]
        rows = self.env["account.move.line"]._read_group(booked, ["account_id"], ["move_id:min"])
        return [move_id for _account, move_id in rows]

    @api.model
    def _check_gift_cards(self, company, scope):
        """What stands on the account and is neither a gift card that was sold nor one that was redeemed; and whether more was
        redeemed than sold."""
        product = self.env.ref("oms_core.product_gift_card").with_company(company)
        account = product.property_account_income_id
        explained = SQL(" OR ").join(self._get_gift_card_causes(company))
        for move, balance in self._find_unexplained(company, scope, account, explained):
            yield self._compare(
                *("gift_cards", move, balance, 0),
                self.env._(
                    "%(entry)s changes what is owed for gift cards by %(amount)s, and no card was sold or redeemed.",
                    entry=move.display_name,
                    amount=company.currency_id.format(balance),
                ),
                self.env._("Book it on another account, or say here which cards it stands for."),
            )
        rows = self._query(
            SQL(
                """SELECT SUM(balance) FROM account_move_line
                    WHERE account_id = %s AND company_id = %s AND parent_state = 'posted' HAVING SUM(balance) > %s""",
                *(account.id or 0, company.id, TOLERANCE),
            )
        )
        for (balance,) in rows:
            yield Violation(
                ((account._name, account.id),),
                self.env._(
                    "Gift cards over %(amount)s more were redeemed than were sold: %(account)s stands in debit.",
                    amount=company.currency_id.format(balance),
                    account=account.display_name,
                ),
                self.env._(
                    "Book what was owed for cards of before, or that are sold elsewhere, when they began to be redeemed here. If "
                    "there are none, ask the channel which cards were redeemed."
                ),
                company.currency_id.round(balance),
            )

    @api.model
    def _get_gift_card_causes(self, company):
        """Hook: what may change the account of gift cards, as conditions on items ``l`` of entries ``m``."""
        return [
            SQL("l.product_id = %s", self.env.ref("oms_core.product_gift_card").id),
            SQL(
                """EXISTS (SELECT 1 FROM account_payment p JOIN payment_transaction t ON t.id = p.payment_transaction_id
                            WHERE p.move_id = m.id AND t.oms_tender = 'gift_card')"""
            ),
        ]

    def _find_unexplained(self, company, scope, accounts, explained):
        """(entry, debits less credits) of the items ``l`` of entries ``m`` on accounts that only certain events may change."""
        if not accounts:
            return
        rows = self._query(
            SQL(
                """SELECT m.id, SUM(l.balance)
                     FROM account_move_line l JOIN account_move m ON m.id = l.move_id AND m.state = 'posted'
                    WHERE l.account_id IN %(accounts)s AND m.company_id = %(company)s AND m.date >= %(since)s
                      AND (%(explained)s) IS NOT TRUE
                 GROUP BY m.id HAVING ABS(SUM(l.balance)) > %(tolerance)s ORDER BY m.id LIMIT %(limit)s""",
                accounts=accounts._ids,
                explained=explained,
                tolerance=TOLERANCE,
                **self._get_parameters(company, scope),
            )
        )
        for move_id, balance in rows:
            yield self.env["account.move"].browse(move_id), balance

    @api.model
    def _check_clearing(self, company, scope):
        accounts = self._get_clearing_accounts(company)
        if not accounts:
            return
        rows = self._query(
            SQL(
                """SELECT l.id, settled.last
                     FROM account_move_line l
                     JOIN (SELECT s.account_id, MAX(s.date) AS last FROM account_move_line s
                            WHERE s.account_id IN %(accounts)s AND s.company_id = %(company)s AND s.full_reconcile_id IS NOT NULL
                         GROUP BY s.account_id) settled ON settled.account_id = l.account_id
                    WHERE l.company_id = %(company)s AND l.parent_state = 'posted' AND l.date >= %(since)s
                      AND NOT COALESCE(l.reconciled, FALSE) AND l.amount_residual != 0 AND l.date <= %(old)s
                      AND l.oms_settled_by_id IS NULL
                      AND NOT EXISTS (SELECT 1 FROM account_move_line o WHERE o.oms_settled_by_id = l.id)
                      AND settled.last > l.date + %(lag)s
                 ORDER BY l.date, l.id LIMIT %(limit)s""",
                accounts=accounts._ids,
                old=fields.Date.today() - timedelta(days=PAYOUT_LATE_DAYS),
                lag=CLEARING_LAG_DAYS,
                **self._get_parameters(company, scope),
            )
        )
        for item_id, last in rows:
            item = self.env["account.move.line"].browse(item_id)
            order = item.move_id.origin_payment_id.payment_transaction_id.sale_order_ids[:1]
            money = company.currency_id.format
            facts = {"entry": item.move_id.display_name, "date": item.date}
            if item.oms_cause == "late_refund":
                sentence = self.env._(
                    "%(entry)s, of %(date)s, took %(amount)s for a refund that is still in no books.",
                    amount=money(abs(item.amount_residual)),
                    **facts,
                )
                todo = self.env._(
                    "Open the payout: it says which order it is of. Book the refund there, or ask the channel."
                )
            else:
                sentence = self.env._(
                    "%(amount)s of %(entry)s, of %(date)s, are in no payout, though the channel has settled what came later "
                    "(up to %(last)s).",
                    amount=money(item.amount_residual),
                    last=last,
                    **facts,
                )
                todo = self.env._("Ask the channel for it, or find the payout that has it and match the two.")
            documents = ((item.move_id._name, item.move_id.id), (item._name, item.id))
            yield Violation(documents, sentence, todo, abs(item.amount_residual), order.id)

        yield from self._find_by_hand(company, scope, accounts)

    def _find_by_hand(self, company, scope, accounts):
        """Entries on clearing accounts that no payment, payout, bank statement or rate has made, nor the reversal of one."""
        explained = SQL(
            """m.oms_key IS NOT NULL OR m.origin_payment_id IS NOT NULL OR m.statement_line_id IS NOT NULL
               OR m.reversed_entry_id IS NOT NULL OR m.journal_id = %s OR m.id = ANY(%s)""",
            company.currency_exchange_journal_id.id or None,
            self._get_first_entries(company, accounts),
        )
        for move, balance in self._find_unexplained(company, scope, accounts, explained):
            yield self._compare(
                *("clearing", move, balance, 0),
                self.env._(
                    "%(entry)s books %(amount)s by hand on a clearing account, which payments and payouts keep.",
                    entry=move.display_name,
                    amount=company.currency_id.format(balance),
                ),
                self.env._("Reverse it and book on another account, or say here what it stands for."),
            )

    @api.model
    def _get_clearing_accounts(self, company):
        """Where money of channels waits for their payouts, and is matched with them."""
        # sudo is the caller's: an auditor sees everything
        channels = self.env["oms.channel"].with_context(active_test=False).search([("company_id", "=", company.id)])
        journals = channels.clearing_journal_id
        lines = journals.inbound_payment_method_line_ids | journals.outbound_payment_method_line_ids
        return lines.payment_account_id.filtered("reconcile")
