"""Entries that settle more than one transaction has time to reconcile: the entry is whole, and reconciled piece by piece.

::

    posted      the entry is in the ledger with all of its items; each payment or refund that it settles names its item
    piece       so many of those are reconciled with their items, and name them no more
    settled     none is left that names an item of the entry

Balances are right from the first moment. Whoever tells what is open (cut-off, order to cash, the auditor, the next payout)
takes what names an item as settled; see :func:`being_settled`.
"""

from collections import Counter
from contextlib import contextmanager
from itertools import repeat

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL


def being_settled(item):
    """A subquery of what of an item is being settled, and from which day on: by one that settles many in whole, or a part of one.

    :param item: the alias of the item in the query.
    """
    return SQL(
        """(SELECT SIGN(%(item)s.balance) * LEAST(ABS(%(item)s.amount_residual), ABS(by.amount_residual)) AS amount,
                   SIGN(%(item)s.balance) * LEAST(ABS(%(item)s.amount_residual_currency), ABS(by.amount_residual_currency))
                     AS amount_currency,
                   GREATEST(by.date, %(item)s.date) AS date
              FROM account_move_line by WHERE by.id = %(item)s.oms_settled_by_id AND by.parent_state = 'posted')""",
        item=SQL.identifier(item),
    )


class AccountMove(models.Model):
    _inherit = "account.move"

    def _oms_mark_settled(self, plan):
        """Mark what is to be reconciled later.

        :param plan: [(items of an entry, what they settle)].
        :return: what cannot be marked, to be reconciled now: several items settle parts of the same, or another entry is about
            to settle a part of it.
        """
        times = Counter(item.id for _items, settled in plan for item in settled)
        later, now = [], []
        for items, settled in plan:
            is_later = len(items) == 1 and all(
                times[item.id] == 1 and item.oms_settled_by_id.parent_state != "posted" for item in settled
            )
            (later if is_later else now).append((items, settled))
        lines = self.env["account.move.line"]
        lines.flush_model(["oms_settled_by_id"])
        pairs = [(item.id, items.id) for items, settled in later for item in settled]
        if pairs:
            self.env.cr.execute(
                SQL(
                    """UPDATE account_move_line item SET oms_settled_by_id = told.by
                         FROM unnest(%s::int[], %s::int[]) AS told (id, by) WHERE item.id = told.id""",
                    *map(list, zip(*pairs, strict=True)),
                )
            )
        lines.invalidate_model(["oms_settled_by_id", "oms_settles_ids"], flush=False)
        return now

    def _oms_reconcile_piece(self, most):
        """Reconcile so many of the items that wait for it at most.

        :return: how many; 0 when nothing is left to do.
        :raise UserError: when somebody has reconciled one of them otherwise.
        """
        items = self.line_ids
        waiting = items.search([("oms_settled_by_id", "in", items.ids)], order="oms_settled_by_id.id, id", limit=most)
        self._oms_assert_open(
            [
                one.move_id.display_name
                for one in waiting | waiting.oms_settled_by_id
                if one.reconciled or one.parent_state != "posted"
            ]
        )
        plan = [by | of_item for by, of_item in waiting.grouped("oms_settled_by_id").items()]
        waiting._oms_unmark_settled()
        if plan:
            with (items - waiting.oms_settled_by_id)._oms_not_looked_at():
                waiting.with_context(skip_invoice_sync=True)._reconcile_plan(plan)
        return len(waiting)

    def _oms_count_pieces(self):
        """How much is reconciled with these entries, or going to be."""
        items = self.line_ids
        waiting = items.search_count([("oms_settled_by_id", "in", items.ids)])
        return waiting + self.env["account.partial.reconcile"].search_count(items._oms_partials_domain())

    def _oms_open_piece(self, most):
        """Open again so much of what these entries settle.

        :return: how many reconciliations were undone; 0 when nothing is left to do.
        """
        items = self.line_ids
        items.oms_settles_ids._oms_unmark_settled()
        partials = self.env["account.partial.reconcile"].search(items._oms_partials_domain(), limit=most)
        count = len(partials)
        # Odoo asks for the payments of one reconciliation after the other, which are read here for all.
        (partials.debit_move_id | partials.credit_move_id).move_id.mapped("matched_payment_ids")
        with (items - partials.debit_move_id - partials.credit_move_id)._oms_not_looked_at():
            partials.unlink()
        return count


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    oms_settled_by_id = fields.Many2one(
        "account.move.line",
        string="Being Settled By",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="It is going to be reconciled with this item, together with so many others that it takes some minutes.",
    )
    oms_settles_ids = fields.One2many("account.move.line", "oms_settled_by_id", string="Is Going to Settle")

    def _oms_unmark_settled(self):
        self.flush_recordset(["oms_settled_by_id"])
        self.env.cr.execute(SQL("UPDATE account_move_line SET oms_settled_by_id = NULL WHERE id = ANY(%s)", self.ids))
        self.invalidate_model(["oms_settled_by_id", "oms_settles_ids"], flush=False)

    @contextmanager
    def _oms_not_looked_at(self):
        """Within this, nothing is found to be reconciled with these items, of which nothing changes.

        Whatever is reconciled with any item of an entry is reckoned anew by Odoo when one of its items is: each piece of a large
        entry would cost more than the one before.
        """
        names = ["matched_debit_ids", "matched_credit_ids"]
        self.invalidate_recordset(names)
        for name in names:
            self._fields[name]._insert_cache(self, repeat(()))
        try:
            yield
            self.env.flush_all()  # what is reckoned later looks for it, too
        finally:
            self.invalidate_recordset(names, flush=False)

    def _oms_partials_domain(self):
        return Domain("debit_move_id", "in", self.ids) | Domain("credit_move_id", "in", self.ids)

    def _oms_get_being_settled(self):
        """So much of this item, in its currency, is going to be reconciled with :attr:`oms_settled_by_id`."""
        self.ensure_one()
        by = self.oms_settled_by_id
        if not by or by.parent_state != "posted":
            return 0.0
        amount = min(abs(self.amount_residual_currency), abs(by.amount_residual_currency))
        return amount if self.balance > 0 else -amount
