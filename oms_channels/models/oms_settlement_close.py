"""Rests that are over: what another payout gave back, what is lost for good, and what somebody has settled.

::

    held back, released       the oldest hold is reconciled with what is released; so is what was carried over
    dispute won               what was taken is reconciled with what comes back, whichever is told first; all of it or a part
    dispute lost              Dr lost disputes   Cr disputed payments, for what has not come back
    settled                   somebody says why nothing is left to do; what is open of it may be booked to an account
    reconciled by hand        the rest is over, too

Whatever opens the item again (a payout that is undone, a match that is) opens the rest again.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine
from odoo.addons.oms_core.text import as_html

from ..const import SETTLEMENT_OTHERS_MAX
from ..domain.explained import TASKS
from .oms_settlement_booked import exact

#: Causes of which a later payout gives back what one before took, on one account.
GIVEN_BACK = ("reserve", "carry_over")
#: What takes, and what gives the same back.
DISPUTES = {"chargeback": "chargeback_reversal", "chargeback_reversal": "chargeback"}
#: States of payouts whose entry is in the books, to stay there.
BOOKED = ("booking", "posted", "reconciled")


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    def _settle_between(self):
        """Reconcile what this payout gives back with what others took, and the other way round."""
        self.ensure_one()
        self._settle_given_back()
        for rest in self.rest_ids.filtered(lambda rest: rest.cause in DISPUTES and rest._is_open()).sorted("id"):
            rest._settle_dispute()
        self.rest_ids._close_reconciled()

    def _settle_given_back(self):
        for item in self.move_ids.line_ids.filtered(lambda item: item.oms_cause in GIVEN_BACK and item._oms_is_open()):
            others = item.search(
                Domain("account_id", "=", item.account_id.id)
                & Domain("oms_cause", "=", item.oms_cause)
                & Domain("currency_id", "=", item.currency_id.id)
                & Domain("reconciled", "=", False)
                & Domain("parent_state", "=", "posted")
                & Domain("balance", "<" if item.balance > 0 else ">", 0)
                & Domain("move_id.oms_settlement_id.channel_id", "=", self.channel_id.id)
                & Domain("move_id.oms_settlement_id.state", "in", BOOKED),
                order="date, id",
                limit=SETTLEMENT_OTHERS_MAX,
            )
            if others:
                (item | others).reconcile()

    def _count_tasks(self):
        """Tell again how many rests somebody has to look at, and what about them."""
        for settlement in self:
            before, settlement.task_count = settlement.task_count, len(settlement.rest_ids.filtered("is_task"))
            if settlement.task_count == before:
                continue
            asked, failed = settlement._get_tasks_summary(before), settlement._get_failed_summary()
            activities_sudo = settlement.sudo().activity_ids  # sudo: the system takes back what it has asked of people
            if settlement.task_count:
                known_sudo = activities_sudo.filtered(lambda activity, asked=asked: activity.summary == asked)
                known_sudo.summary = settlement._get_tasks_summary(settlement.task_count)
                if settlement.state in BOOKED:  # or it is being undone
                    settlement._tell_tasks()
            else:
                explained_sudo = activities_sudo.filtered(lambda activity, failed=failed: activity.summary != failed)
                explained_sudo.action_feedback(feedback=self.env._("All of it is explained."))

    def _get_tasks_summary(self, count):
        return self.env._("%s to be explained", count)


class OmsSettlementRest(models.Model):
    _inherit = "oms.settlement.rest"

    state = fields.Selection(related="settlement_id.state", string="State of the Payout")
    closed_on = fields.Date(
        string="Settled On", readonly=True, help="When somebody settled it, or it was reconciled with something else."
    )
    closed_by_id = fields.Many2one("res.users", string="Settled By", readonly=True)
    closed_because = fields.Char(string="Because", readonly=True)
    closing_move_id = fields.Many2one(
        "account.move",
        string="Booked By",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The entry with which what was left of it was booked to an account.",
    )
    can_close = fields.Boolean(compute="_compute_can", compute_sudo=True)
    can_book_off = fields.Boolean(compute="_compute_can", compute_sudo=True)
    can_lose = fields.Boolean(compute="_compute_can", compute_sudo=True)

    @api.depends("is_task", "cause", "state", "item_id.reconciled", "item_id.parent_state")
    def _compute_can(self):
        for rest in self:
            rest.can_close = rest.is_task and rest.state in ("posted", "reconciled")
            # A refund that is not booked yet is booked as one: then clearing is even.
            rest.can_book_off = rest.can_close and rest.cause != "late_refund" and rest._is_open()
            rest.can_lose = rest.can_book_off and rest.cause == "chargeback"

    def _is_open(self):
        self.ensure_one()
        return self.item_id._oms_is_open()

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_close(self):
        """Ask why nothing is left to do about these rests."""
        self.check_access("read")
        self._check_closable("can_close")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Settled"),
            "res_model": "oms.settlement.close",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_rest_ids": self.ids},
        }

    def action_lose(self):
        """These disputes are lost: what has not come back is a loss."""
        self.check_access("read")
        self._check_closable("can_lose")
        for rest in self.sudo():  # sudo: as ``_by_program``
            account = rest.channel_id._oms_get_payout_accounts()["dispute_loss"]
            entry = rest._book_off(account, "dispute", "dispute_lost", self.env._("Dispute lost"))
            rest._close(self.env._("The dispute is lost."), entry)

    def action_reopen(self):
        """What was settled is not: it is a task again, and what was booked for it is taken back."""
        self.check_access("read")
        self.settlement_id.check_access("write")
        self.settlement_id.lock_for_update()
        for rest in self.sudo():  # sudo: as ``_by_program``
            if not rest.closed_by_id:
                raise UserError(self.env._("Nobody has settled this. Undo what it is reconciled with."))
            if rest.closing_move_id:
                rest._take_back(rest.closing_move_id.date)
            rest._reopen()
            rest._tell(self.env._("Not settled after all: %s", rest.sentence))

    def _check_closable(self, name):
        self.settlement_id.check_access("write")
        self.settlement_id.lock_for_update()
        if not all(self.mapped(name)):
            raise UserError(
                self.env._(
                    "There is nothing left to settle of some of these, or their payout is not booked. Choose tasks."
                )
            )

    def _close_by_hand(self, reason, account):
        """:param account: to which what is open of them is booked; none where it stays open."""
        self._check_closable("can_close")
        for rest in self.sudo():  # sudo: as ``_by_program``
            entry = rest._book_off(account.id, "rest", "settled", reason) if account and rest.can_book_off else None
            rest._close(reason, entry)

    # ---------------------------------------------------------------------------------------------------- CLOSED, OPEN

    def _close(self, reason, entry=None):
        """Somebody has settled this rest."""
        self.ensure_one()
        self.write(
            {
                "closed_on": fields.Date.context_today(self),
                "closed_by_id": self.env.uid,
                "closed_because": reason,
                "closing_move_id": entry and entry.id,
            }
        )
        self._tell(
            self.env._(
                "Settled: %(amount)s, %(cause)s. %(reason)s",
                amount=self.currency_id.format(self.amount),
                cause=dict(self._fields["cause"].selection)[self.cause],
                reason=reason,
            )
        )
        self.settlement_id._count_tasks()

    def _close_reconciled(self):
        """Of these rests nothing is left that stands open: they are over by themselves."""
        over = self.filtered(
            lambda rest: (
                (rest.cause in TASKS or rest.cause in DISPUTES)
                and not (rest.closed_on or rest.settled_on)
                and rest.item_id.reconciled
            )
        )
        over.closed_on = fields.Date.context_today(self)
        over.settlement_id._count_tasks()

    def _reopen(self):
        self.write({"closed_on": False, "closed_by_id": False, "closed_because": False, "closing_move_id": False})
        self.settlement_id._count_tasks()

    def _on_items_opened(self, items):
        """What these items were reconciled with is gone: rests that were over for that are not any more."""
        for_that = Domain("closed_by_id", "=", False) | Domain("closing_move_id", "!=", False)
        rests = self.search(Domain("item_id", "in", items.ids) & Domain("closed_on", "!=", False) & for_that)
        rests.filtered(lambda rest: not rest.item_id.reconciled)._reopen()

    def _tell(self, text):
        self.settlement_id.message_post(body=as_html(text))

    # -------------------------------------------------------------------------------------------------------- DISPUTES

    def _settle_dispute(self):
        """What was taken and what came back of it, as far as both go; a loss that was booked too early is taken back."""
        self.ensure_one()
        for other in self._find_other_sides():
            if not self._is_open():
                break
            if other.closing_move_id:
                other._take_back(self.date)
            (self.item_id | other.item_id).reconcile()
            other._close_reconciled()

    def _find_other_sides(self):
        """What gave back what this took, or the other way round, by the transaction and else by the order; the oldest first."""
        line = self.line_ids[:1]
        same = (
            Domain("channel_id", "=", self.channel_id.id)
            & Domain("cause", "=", DISPUTES[self.cause])
            & Domain("state", "in", BOOKED)
            & Domain("item_id.account_id", "=", self.item_id.account_id.id)
            & Domain("item_id.currency_id", "=", self.item_id.currency_id.id)
            & (Domain("item_id.reconciled", "=", False) | Domain("closing_move_id.oms_key", "=like", "dispute:%"))
        )
        found = self.browse()
        for name, value in (
            ("transaction_ref", line.transaction_ref),
            ("order_id", line.order_id.id),
            ("order_ref", line.order_ref),
        ):
            if value:
                found |= self.search(
                    same & Domain(f"line_ids.{name}", "=", value), order="date, id", limit=SETTLEMENT_OTHERS_MAX
                )
        return found

    # --------------------------------------------------------------------------------------------------------- BOOKING

    def _book_off(self, account_id, word, cause, reason):
        """Book what is open of this rest to an account, and settle it with that.

        :param word: with which the entry's key begins.
        :param cause: of both items.
        """
        self.ensure_one()
        item, payout = self.item_id, self.settlement_id
        journal = self.channel_id.payout_journal_id or self.company_id._oms_get_payout_journal()
        moves = self.env["account.move"]
        amount = exact(item.amount_residual, self.company_id.currency_id.name)
        own = exact(item.amount_residual_currency, item.currency_id.name)

        def line(to, sign, **values):
            if item.currency_id != self.company_id.currency_id:
                values |= {"currency": item.currency_id.name, "currency_amount": sign * own}
            return PostingLine(to, sign * amount, f"{reason}: {item.name}", cause=cause, **values)

        key = f"{word}:{self.id}"
        times = moves.search_count([("oms_key", "=like", f"{key}:%"), ("oms_key", "not like", ":undone")])
        day = max(fields.Date.context_today(self), item.date)
        draft = PostingDraft(
            f"{key}:{times + 1}",
            moves._oms_get_open_day(day, journal),
            journal.id,
            payout.external_id,
            (line(account_id, 1), line(item.account_id.id, -1, match=item.id)),
        )
        entry = moves._oms_post([draft])
        entry.oms_settlement_id = payout
        return entry

    def _take_back(self, day):
        """Reverse what was booked for this rest; so it is open again."""
        entry = self.closing_move_id
        entry._reverse_moves(
            [
                {
                    "date": entry._oms_get_open_day(max(day, entry.date), entry.journal_id),
                    "ref": self.env._("Undone: %s", entry.ref or entry.name),
                    "oms_key": f"{entry.oms_key}:undone",
                    "oms_settlement_id": self.settlement_id.id,
                }
            ],
            cancel=True,
        )


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _oms_is_open(self):
        """Whether this item is in the books and waits to be reconciled; no item does not."""
        return bool(self) and self.parent_state == "posted" and self.account_id.reconcile and not self.reconciled


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """Override: rests of payouts that were over are open again."""
        items = self.debit_move_id | self.credit_move_id
        result = super().unlink()
        if items:
            # sudo: that something is open again is so whoever opens it
            self.env["oms.settlement.rest"].sudo()._on_items_opened(items)
        return result
