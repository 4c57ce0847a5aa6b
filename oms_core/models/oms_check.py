"""The auditor: named invariants of the books, looked for every night, by a button, and at the end of tests."""

from datetime import timedelta
from itertools import islice

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..alone import on_its_own
from ..checks import Check, Scope
from ..const import (
    CHECK_EVERY_H,
    CHECK_EXPLAINED_DAYS,
    CHECK_GRACE_H,
    CHECK_PERIOD_DAYS,
    CHECK_TIMEOUT_S,
    CHECK_VIOLATIONS_MAX,
)


class OmsCheck(models.AbstractModel):
    """The table of the checks, and one method for each: ``_check_<code>(company, scope)`` yields ``Violation`` values.

    Each is one query or a few over all documents of a period, whatever their number. It sees what is in the database and
    believes nothing of what the same code has computed elsewhere. An add-on adds a check by a row of :meth:`_get_checks`
    and a method.
    """

    _name = "oms.check"
    _description = "Check of the Books"

    @api.model
    def _get_checks(self):
        """Hook: the checks, in the order in which they run and are shown."""
        return [
            Check(
                "balanced",
                self.env._("Entries balance"),
                self.env._("In every entry and every journal, debits are credits."),
                leaves_out=self.env._("Nothing: all posted entries, however old."),
            ),
            Check(
                "edited",
                self.env._("Entries are as they were made"),
                self.env._(
                    "Totals of invoices and payments are the sums of their items, a payment is what was taken, each stands on "
                    "the day of its document, and what the system booked has the accounts and amounts that it was booked with."
                ),
                leaves_out=self.env._("Vendor bills, bank statements, and invoices of orders without a channel."),
            ),
            Check(
                "missing",
                self.env._("Everything is booked"),
                self.env._(
                    "Each payment that was taken and each parcel that left is in the books, a day later at the most."
                ),
            ),
            Check(
                "doubled",
                self.env._("Nothing is booked twice"),
                self.env._("A payment that was taken once is booked once."),
            ),
            Check(
                "orphan",
                self.env._("Every entry has a cause"),
                self.env._("What an entry says that it books exists."),
            ),
            Check(
                "quantities",
                self.env._("Quantities agree"),
                self.env._("What an order says was delivered and invoiced is what its transfers and invoices say."),
                leaves_out=self.env._("The delivered quantity of kits: what leaves of them is other products."),
            ),
            Check(
                "refunds",
                self.env._("No more goes back than came"),
                self.env._(
                    "In each way of paying, refunds are at most what was taken, and none is more than what was credited or paid "
                    "too much."
                ),
                leaves_out=self.env._("Whether it was credited: orders that share an invoice with others."),
            ),
            Check(
                "taxes",
                self.env._("Taxes are the channel's"),
                self.env._("Invoices carry to the cent the taxes that the channel charged, and no others."),
            ),
            Check(
                "costs",
                self.env._("Cost is the value of what left"),
                self.env._("What was booked as cost of an order is the value by which the stock became less."),
                leaves_out=self.env._(
                    "Kits, dropshipped goods, and lines of which something left or came back that is not invoiced or credited "
                    "yet: of those, the cut-off tells."
                ),
            ),
            Check(
                "stock",
                self.env._("The account of the stock is about goods"),
                self.env._(
                    "Nothing is on the accounts of the stock but costs of what was sold, bought, scrapped, and the closings."
                ),
                "warning",
                self.env._(
                    "Whether the account is all that the goods are worth: the next check looks at that after a closing of the "
                    "stock valuation."
                ),
            ),
            Check(
                "stock_value",
                self.env._("The account of the stock is what the goods are worth"),
                self.env._(
                    "The value of the whole stock is on its accounts since the last closing of the stock valuation, some weeks "
                    "ago at the most."
                ),
                "warning",
                self.env._(
                    "Companies that never closed their stock valuation. Between two closings, what was received and is not "
                    "billed, what left and is not invoiced, and what was counted stand between the two: of these, the cut-off "
                    "tells."
                ),
            ),
            Check(
                "gift_cards",
                self.env._("Gift cards are what is owed for them"),
                self.env._(
                    "The liability for gift cards is what was sold of them less what was redeemed, and no more was redeemed than "
                    "was sold."
                ),
                leaves_out=self.env._("Which card was redeemed: what is left of each, the channels know."),
            ),
            Check(
                "cost_lines",
                self.env._("Costs of orders are the ledger's"),
                self.env._("What an entry costs is what order lines are said to have of it, to the cent."),
            ),
            Check(
                "clearing",
                self.env._("Nothing is forgotten by a channel"),
                self.env._(
                    "No payment stays on a clearing account when later ones have been settled long ago, and nobody books there "
                    "by hand."
                ),
                "warning",
                self.env._(
                    "Channels that have not paid out anything yet: With the Channels shows how old their money is."
                ),
            ),
        ]

    @api.model
    def _get_check(self, code):
        return next((check for check in self._get_checks() if check.code == code), None)

    # ------------------------------------------------------------------------------------------------------------- RUN

    @api.model
    def _get_scope(self, company, code=None):
        """What a run looks at: what can still be changed or was found and is open, and not less than a period.

        What somebody has explained stays for ever, and is no reason to look at all these years each night; it is now and then.

        :param code: of the check that runs; else what any check has found counts.
        """
        now = fields.Datetime.now()
        explained = Domain("state", "=", "explained") & Domain(
            "seen_at", "<", now - timedelta(days=CHECK_EXPLAINED_DAYS)
        )
        standing = Domain("company_id", "=", company.id) & (Domain("state", "=", "open") | explained)
        if code:
            standing &= Domain("code", "=", code)
        # sudo: what is looked at does not depend on who asks
        oldest_sudo = self.env["oms.check.result"].sudo().search(standing, order="since", limit=1)
        since = min(now, oldest_sudo.since or now) - timedelta(days=CHECK_PERIOD_DAYS)
        return Scope(since.date(), now - timedelta(hours=CHECK_GRACE_H), CHECK_VIOLATIONS_MAX)

    @api.model
    def _find(self, company, codes=None, scope=None):
        """{check: violations} of a company; nothing is written."""
        auditor_sudo = self.sudo().with_company(company)  # sudo: an auditor sees everything
        self.env.flush_all()
        scope = scope or self._get_scope(company)
        return {
            check: list(islice(getattr(auditor_sudo, f"_check_{check.code}")(company.sudo(), scope), scope.limit))
            for check in self._get_checks()
            if codes is None or check.code in codes
        }

    @api.model
    def _run(self, company, code):
        """Judge one invariant of a company, in a savepoint and a limited time, and bring its results up to date.

        A check that fails has proved nothing; that is a result too.

        :return: the results that are new.
        """
        self.env.flush_all()
        # sudo: results are the auditor's alone to write
        run_sudo = self.env["oms.check.run"].sudo()._get(company, code)
        started, made = fields.Datetime.now(), self.env["oms.check.result"]
        done, errors = [], []
        scope = self._get_scope(company, code)
        with on_its_own(run_sudo, errors.append):
            self.env.cr.execute(SQL("SET LOCAL statement_timeout = %s", CHECK_TIMEOUT_S * 1000))
            [(check, violations)] = self._find(company, {code}, scope).items()
            complete = len(violations) < scope.limit
            made = made.sudo()._take(company, check, violations, complete, scope.since)  # sudo: the same
            done.append(code)
        self.env.cr.execute("SET LOCAL statement_timeout = DEFAULT")
        if errors:
            made = self.env["oms.check.result"].sudo()._take_failure(company, self._get_check(code), errors[0])  # sudo
        if done or errors:  # or somebody else was in the way, and the next run looks
            run_sudo._tell(started, errors, scope.since)
        return made.with_env(self.env)

    @api.model
    def _cron_check(self):
        """All checks of all companies, one at a time and each committed; who ran out of time goes on where it stopped."""
        cron = self.env["ir.cron"]
        due = self.env["oms.check.run"]._get_due(timedelta(hours=CHECK_EVERY_H))
        made = self.env["oms.check.result"]
        cron._commit_progress(remaining=len(due))
        for number, (company, code) in enumerate(due, start=1):
            made |= self._run(company, code)
            if number == len(due) or due[number][0] != company:
                made.filtered(lambda result, company=company: result.company_id == company)._tell_accountants()
            if not cron._commit_progress(1):
                break
