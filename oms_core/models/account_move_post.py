"""The one way in which entries that the system makes by itself reach the ledger: see ``domain/posting.py``."""

from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL, format_date

from ..domain.documents import Problem

#: How many problems are told at once.
TOLD_MAX = 20
#: What an entry ``m`` books: its day, its journal, and for each account and currency the sums in both currencies.
BOOKED = SQL(
    """jsonb_build_object(
           'date', m.date, 'journal', m.journal_id, 'accounts',
           (SELECT jsonb_object_agg(sums.key, sums.amounts)
              FROM (SELECT item.account_id || ':' || item.currency_id AS key,
                           jsonb_build_array(SUM(item.balance), SUM(item.amount_currency)) AS amounts
                      FROM account_move_line item WHERE item.move_id = m.id AND item.account_id IS NOT NULL
                  GROUP BY 1) sums))"""
)


class AccountMove(models.Model):
    _inherit = "account.move"

    oms_fingerprint = fields.Char(
        readonly=True, copy=False, help="Of what was asked to be booked: the same event is never booked in another way."
    )
    oms_booked = fields.Json(
        string="Booked As",
        readonly=True,
        copy=False,
        help="What the auditor compares the entry with: it is never changed.",
    )

    @api.model
    def _oms_post(self, drafts, in_pieces=False):
        """Book these entries, all of them or none, and reconcile what their items settle.

        :param drafts: :class:`~odoo.addons.oms_core.domain.posting.PostingDraft`; accounts, journals, partners and taxes
            are ids.
        :param in_pieces: there is more to reconcile than one transaction has time for. The entries are in the ledger, whole;
            what they settle is marked, counts as settled everywhere from now on, and is reconciled by the caller's calls of
            :meth:`_oms_reconcile_piece`.
        :return: the posted entries in the order of the drafts. One that is booked already is given back as it is.
        :raise UserError: when one of them cannot be booked, with every reason; nothing is booked then.
        """
        drafts = list(drafts)
        booked = self._oms_find_booked(drafts)
        new = [draft for draft in {draft.key: draft for draft in drafts}.values() if draft.key not in booked]
        if problems := self._oms_posting_problems(new):
            raise UserError("\n".join(problem.message for problem in problems[:TOLD_MAX]))
        currencies = {currency.name: currency.id for currency in self.env["res.currency"].search([])}
        # Without taxes Odoo has nothing to add to an entry, and looking for it takes longer than booking it.
        moves = self.with_context(
            skip_invoice_sync=not any(line.taxes for draft in new for line in draft.lines)
        ).create([self._oms_posting_values(draft, currencies) for draft in new])
        moves = moves.with_env(self.env)
        moves._oms_check_taxes(new)
        moves._post(soft=False)
        moves._oms_reconcile_matches(new, in_pieces)
        moves._oms_keep_booked()
        booked.update(zip((draft.key for draft in new), moves, strict=True))
        return self.browse([booked[draft.key].id for draft in drafts])

    @api.model
    def _oms_find_booked(self, drafts):
        """{key: entry} of those that are booked.

        :raise UserError: when something else is booked under a key.
        """
        found = {move.oms_key: move for move in self.search([("oms_key", "in", [draft.key for draft in drafts])])}
        fingerprints = {key: move.oms_fingerprint for key, move in found.items()}
        for draft in drafts:
            move = found.get(draft.key)
            if move and move.state != "posted":
                raise UserError(
                    self.env._(
                        "%(ref)s is booked by entry %(entry)s, which somebody has taken out of the books. Post it again, or "
                        "delete it and book anew.",
                        ref=draft.ref,
                        entry=move.display_name,
                    )
                )
            if fingerprints.setdefault(draft.key, draft.fingerprint()) != draft.fingerprint():
                raise UserError(
                    self.env._(
                        "%(ref)s is booked already by entry %(entry)s, with other items. Reverse that entry first; nothing "
                        "is booked twice.",
                        ref=draft.ref,
                        entry=move.display_name if move else draft.key,
                    )
                )
        return found

    @api.model
    def _oms_posting_problems(self, drafts):
        """Every reason why these drafts cannot be booked, as ``Problem``; nothing is changed by asking."""
        problems = [problem for draft in drafts for problem in draft.problems()]
        journals = (
            self.env["account.journal"].with_context(active_test=False).browse({draft.journal for draft in drafts})
        )
        accounts = self.env["account.account"].browse(
            {line.account for d in drafts for line in d.lines if line.account}
        )
        for account in accounts:
            if not account.active:
                problems.append(
                    Problem(
                        "archived_account",
                        self.env._(
                            "Account %s is archived. Unarchive it, or choose another one on the channel.",
                            account.display_name,
                        ),
                    )
                )
        problems += [
            Problem("archived_journal", self.env._("Journal %s is archived. Unarchive it first.", journal.display_name))
            for journal in journals
            if not journal.active
        ]
        named = {line.currency for draft in drafts for line in draft.lines if line.currency}
        known = set(self.env["res.currency"].search([("name", "in", list(named))]).mapped("name"))
        problems += [
            Problem("currency", self.env._("Currency %s is not active here. Activate it in Accounting first.", name))
            for name in sorted(named - known)
        ]
        asked = {}
        for draft in drafts:
            has_tax = any(line.taxes for line in draft.lines)
            asked.setdefault((draft.date, draft.journal, has_tax), draft)
        for (date, journal_id, has_tax), draft in asked.items():
            problems += self._oms_lock_problems(date, journals.browse(journal_id), has_tax, draft.ref)
        return problems

    @api.model
    def _oms_lock_problems(self, date, journal, has_tax=False, ref=""):
        """That the books are closed on that day, with the next day on which they are open."""
        company = journal.company_id
        locks = company._get_violated_lock_dates(date, has_tax, journal)
        if not locks:
            return []
        open_day = self._oms_get_open_day(date, journal, has_tax)
        return [
            Problem(
                "locked",
                self.env._(
                    "%(ref)s: the books of %(company)s are closed on %(date)s (%(locks)s). Book it on %(open)s, the next "
                    "open day, or have the period opened.",
                    ref=ref or journal.display_name,
                    company=company.name,
                    date=format_date(self.env, date),
                    locks=company._format_lock_dates(locks),
                    open=format_date(self.env, open_day),
                ),
            )
        ]

    @api.model
    def _oms_get_open_day(self, date, journal, has_tax=False):
        """That day, or the next one on which the books are open: of what has happened and cannot wait."""
        # Another lock may lie behind the first.
        while locks := journal.company_id._get_violated_lock_dates(date, has_tax, journal):
            date = max(lock for lock, _field in locks) + timedelta(days=1)
        return date

    @api.model
    def _oms_posting_values(self, draft, currencies):
        return {
            "move_type": "entry",
            "oms_key": draft.key,
            "oms_fingerprint": draft.fingerprint(),
            "date": draft.date,
            "journal_id": draft.journal,
            "ref": draft.ref,
            "line_ids": [
                Command.create(
                    {
                        "account_id": line.account,
                        "name": line.text,
                        "partner_id": line.partner or False,
                        "balance": float(line.amount),
                        "oms_cause": line.cause or False,
                        "tax_ids": [Command.set(line.taxes)],
                        **({"product_id": line.product} if line.product else {}),
                        **({"oms_corrected_line_id": line.corrects} if line.corrects is not None else {}),
                        # What only settles another item is neither cost nor income; Odoo would ask its rules for each.
                        **({"analytic_distribution": False} if line.match is not None else {}),
                        **(
                            {
                                "currency_id": currencies[line.currency],
                                "amount_currency": float(line.currency_amount),
                            }
                            if line.currency
                            else {}
                        ),
                    }
                )
                for line in draft.lines
            ],
        }

    def _oms_keep_booked(self):
        """Remember what these entries book: whoever resets one to draft may post it with something else."""
        self.env["account.move.line"].flush_model(
            ["move_id", "account_id", "currency_id", "balance", "amount_currency"]
        )
        self.flush_recordset(["date", "journal_id"])
        self.env.cr.execute(SQL("UPDATE account_move m SET oms_booked = %s WHERE m.id = ANY(%s)", BOOKED, self.ids))
        self.invalidate_recordset(["oms_booked"], flush=False)

    def _oms_check_taxes(self, drafts):
        """An entry has the items that were asked for, and of taxes only those that come to nothing (reverse charge)."""
        for move, draft in zip(self, drafts, strict=True):
            added = move.line_ids.filtered(lambda line: line.tax_line_id and not line.tax_ids)
            if len(move.line_ids) != len(draft.lines) + len(added) or not move.currency_id.is_zero(
                sum(added.mapped("balance"))
            ):
                raise UserError(
                    self.env._(
                        "%s: its taxes change the sum of the entry. Choose a reverse charge tax, which comes to nothing, or "
                        "book the tax as an item of its own.",
                        draft.ref,
                    )
                )

    def _oms_reconcile_matches(self, drafts, in_pieces=False):
        """Reconcile each item of these entries with what it names, all in one plan; or mark that it will be."""
        wanted = defaultdict(lambda: self.env["account.move.line"])
        for move, draft in zip(self, drafts, strict=True):
            items = move.line_ids.filtered(lambda line: not line.tax_line_id).sorted("id")
            for item, line in zip(items, draft.lines, strict=True):
                if line.match is not None:
                    wanted[line.match, line.account] |= item
        if not wanted:
            return
        names = {
            (match, account): [(name, account) for name in (match if isinstance(match, tuple) else (match,))]
            for match, account in wanted
        }
        named = self._oms_find_matches([name for each in names.values() for name in each])
        self._oms_assert_open([name for each in names.values() for name, account in each if not named[name, account]])
        plan = [(items, items.browse().union(*(named[name] for name in names[key]))) for key, items in wanted.items()]
        if in_pieces:
            plan = self._oms_mark_settled(plan)
        if plan:
            # As above: entries are posted, and looking for what Odoo would add to drafts takes long.
            lines = self.env["account.move.line"].with_context(skip_invoice_sync=True)
            lines._reconcile_plan([items | settled for items, settled in plan])

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """Override of ``account``: each item of an entry of ours meets its own reversal, all in one plan.

        Odoo reconciles all items of an account and sorts them by amount. In another currency each has the rate of its own day:
        one that meets the reversal of another would book a gain or loss that never was.
        """
        plan = [pair for move in reverse_moves for pair in move.reversed_entry_id._oms_pair_reversal(move)]
        if plan:
            # As above: these are entries, and posted.
            lines = self.env["account.move.line"].with_context(
                skip_invoice_sync=True, move_reverse_cancel=move_reverse_cancel
            )
            lines._reconcile_plan(plan)
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)

    def _oms_pair_reversal(self, reversal):
        """Each open item of this entry with its own reversal; none of one that is not ours, or whose reversal has other items."""
        items, backs = self.line_ids.sorted("id"), reversal.line_ids.sorted("id")  # Odoo copies them in this order
        if not self.oms_key or self.move_type != "entry" or len(items) != len(backs):
            return []
        return [
            item | back
            for item, back in zip(items, backs, strict=True)
            if item.account_id == back.account_id
            and item.currency_id == back.currency_id
            and item.amount_residual_currency
            and item.amount_residual_currency == -back.amount_residual_currency
            and item.amount_residual == -back.amount_residual
        ]

    @api.model
    def _oms_assert_open(self, missing):
        if missing:
            raise UserError(
                self.env._(
                    "What is settled by this entry is settled already, or is not in the books: %s. Check it again before "
                    "booking.",
                    ", ".join(map(str, missing[:TOLD_MAX])),
                )
            )

    @api.model
    def _oms_find_matches(self, wanted):
        """{(match, account): open items} for those pairs, of single names; see ``PostingLine``."""
        lines = self.env["account.move.line"]
        found = defaultdict(lambda: lines)
        ids = [match for match, _account in wanted if isinstance(match, int)]
        for line in lines.browse(ids).exists():
            if line.parent_state == "posted" and not line.reconciled:
                found[line.id, line.account_id.id] |= line
        if keys := [match for match, _account in wanted if isinstance(match, str)]:
            domain = [("parent_state", "=", "posted"), ("reconciled", "=", False)]
            by_entry = lines.search([*domain, ("move_id.oms_key", "in", keys)])
            for line in by_entry:
                found[line.move_id.oms_key, line.account_id.id] |= line
            for line in lines.search([*domain, ("move_id.origin_payment_id.oms_key", "in", keys)]) - by_entry:
                found[line.move_id.origin_payment_id.oms_key, line.account_id.id] |= line
        return found


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    oms_cause = fields.Char(
        string="Cause", readonly=True, copy=False, help="Why this item exists, where it is a difference or a rest."
    )
    # Copied: what reverses a correction takes it back.
    oms_corrected_line_id = fields.Many2one(
        "sale.order.line",
        string="Corrects the Cost of",
        readonly=True,
        index="btree_not_null",
        help="The order line whose goods were worth something else when they left than when they were invoiced.",
    )
