"""Payouts that are too large for one transaction: a job works on them, piece by piece, and goes on where it was stopped.

::

    draft      explained       nothing of it is booked
    booking    its entry is posted, whole, with every payment and refund marked that it settles
               so many of these are reconciled, again and again; a piece that was undone by a crash is done once more
               so many orders are told, again and again; then it is posted
    undoing    so many reconciliations are undone, again and again; then the entry is reversed, and it is a draft

What is there says what is left, so nothing else has to be kept. Small payouts take the same steps in one transaction.
"""

from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.alone import on_its_own, wake
from odoo.addons.oms_core.domain.money import ZERO, round_to

from ..const import SETTLEMENT_LOOK_MAX
from ..domain.currencies import step
from ..domain.explained import Explanation, Match, Rest
from ..in_time import most_at_once
from .oms_settlement_booked import exact

#: States in which a job works on a payout.
IN_WORK = ("draft", "booking", "undoing")


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    @api.depends("state", "piece_count", "move_id", "line_count")
    def _compute_progress(self):
        for settlement in self:
            settlement.progress, settlement.progress_text = settlement._get_progress()

    def _get_progress(self):
        """(percent, sentence) of what the job has done, and what comes next."""
        self.ensure_one()
        words = {"lines": f"{self.line_count:,}", "count": f"{self.piece_count:,}"}
        if self.state == "draft":
            return 0.0, self.env._(
                "The report is kept whole, and nothing of it is booked. What each of its %(lines)s lines settles is being found "
                "out; then it waits for you to look at it and to book it.",
                **words,
            )
        if self.state == "booking" and not self.move_id:
            return 0.0, self.env._(
                "Nothing of it is booked yet. Its %(lines)s lines are looked at once more; then it is booked in one entry, and "
                "what it settles is reconciled piece by piece. To stop it before that, press Undo.",
                **words,
            )
        if self.state not in ("booking", "undoing"):
            return 0.0, False
        items = self.move_id.line_ids
        if self.state == "undoing":
            left = self._get_undone()._oms_count_pieces()
        else:
            left = items.search_count([("oms_settled_by_id", "in", items.ids)])
        done = max(self.piece_count - left, 0)
        words["done"] = f"{done:,}"
        percent = 100.0 * done / self.piece_count if self.piece_count else 0.0
        if self.state == "undoing":
            return percent, self.env._(
                "%(done)s of %(count)s reconciliations are undone. When all are, its entry is reversed, and the payout can be "
                "booked anew or deleted.",
                **words,
            )
        return percent, self.env._(
            "It is in the books, whole, by entry %(entry)s: payments and refunds that it settles count as paid out. %(done)s of "
            "%(count)s are reconciled with the entry; the others follow by themselves. Then its money is looked for in the bank.",
            entry=self.move_id.name,
            **words,
        )

    # ------------------------------------------------------------------------------------------------------- BEGIN

    def _is_large(self):
        """Whether these have more lines, all together, than somebody waits for."""
        return sum(self.mapped("line_count")) > most_at_once()

    def _begin(self, state, **values):
        """Have the job work on these payouts."""
        now = fields.Datetime.now()
        self.write({"state": state, "asked_by_id": self.env.uid, "looked_at": now, "progressed_at": now, **values})
        wake(self.env.ref("oms_channels.cron_work_on_payouts").sudo())  # sudo: the job is woken, and nothing else

    def _check_not_in_work(self):
        """:raise UserError: while a job books one of these payouts, or takes it out of the books."""
        for settlement in self.filtered(lambda one: one.state in ("booking", "undoing")):
            raise UserError(
                self.env._(
                    "%s is being worked on; its form says how far it is. Wait until it is done, or undo it while it is being "
                    "booked.",
                    settlement.display_name,
                )
            )

    def _check_bookable(self):
        """What would be refused when it is booked is refused now, as far as that is known: locks, archived accounts.

        :raise UserError: with every reason.
        """
        self.ensure_one()
        code, rates = self.currency_id.name, self._get_rates()
        accounts = self.channel_id._oms_get_payout_accounts(self.date)
        rests = tuple(
            Rest((), (), rest.cause, exact(rest.amount, code), rest.sentence, rest.code or "") for rest in self.rest_ids
        )
        total = exact(self.total, code)
        matched = total - sum((rest.amount for rest in rests), ZERO)
        match = Match((), (0,), matched, round_to(matched * rates.rate, step(rates.company_currency)))
        doc = self._to_doc(self.line_ids.browse())
        entry = self._prepare_draft(
            replace(doc, total=total), Explanation((match,), rests), accounts, f"settlement:{self.id}:?"
        )
        if problems := self.env["account.move"]._oms_posting_problems([entry]):
            raise UserError("\n".join(dict.fromkeys(problem.message for problem in problems)))

    def action_refresh(self):
        """Show how far it is now."""
        self.check_access("read")

    # -------------------------------------------------------------------------------------------------------- WORK

    @api.model
    def _cron_work(self):
        """Work on large payouts, with a commit after each piece; what has waited longest comes first.

        When the time is up the job calls itself again, so that no run takes longer than a server allows.
        """
        cron = self.env["ir.cron"]
        waiting = self.search(
            [("state", "in", IN_WORK)], order="looked_at ASC NULLS FIRST, id", limit=SETTLEMENT_LOOK_MAX
        )
        cron._commit_progress(remaining=len(waiting))
        is_moving = False
        for settlement in waiting:
            while time_left := cron._commit_progress():
                goes_on = settlement._work_alone()
                is_moving |= goes_on or settlement.state not in IN_WORK
                if not goes_on:
                    break
                self.env.invalidate_all()  # what was read for a piece is not kept for the next one
            if not time_left:
                if is_moving:  # or those that fail would keep the job busy without end
                    wake(self.env.ref("oms_channels.cron_work_on_payouts"))
                cron._commit_progress(remaining=0)
                return
            cron._commit_progress(1)

    def _work_alone(self):
        """Do one piece, unless somebody else does. :return: whether there is more to do for it now."""
        payout = self.try_lock_for_update(allow_referencing=True)
        payout.invalidate_recordset()
        if payout.state not in IN_WORK:
            return False
        # In the name of whoever asked: what may be booked on a closed day depends on that.
        payout = payout.with_user(payout.asked_by_id or self.env.user).with_company(payout.company_id)._by_program()
        done = []
        with on_its_own(payout, payout._tell_stopped):
            payout._work()
            payout.progressed_at = fields.Datetime.now()  # of what fails the auditor counts the hours
            done.append(payout)
        payout.looked_at = fields.Datetime.now()  # it was its turn
        return bool(done) and payout.state in IN_WORK

    def _work(self):
        """One piece."""
        if self.state == "draft":
            is_new = not self.progressed_at
            self._check()
            if is_new and self._is_booked_by_itself():
                self._begin("booking")
        elif self.state == "undoing":
            if not self._open_more():
                self._reverse()
                self.state = "draft"
        elif not self.move_id:
            self._book(in_pieces=True)
        elif not self._settle_more():
            self._finish_booking()

    def _tell_stopped(self, error):
        """What was done of it stays; an entry that could not be posted is asked for anew."""
        text = str(error)
        if self.state == "booking" and not self.move_id:
            self.state = "checked"
        elif self.state == "booking":
            text += "\n" + self.env._("Its entry %s is in the books: undo the payout first.", self.move_id.name)
        self._leave_activity(self._get_stopped_summary(), text)

    def _get_stopped_summary(self):
        return self.env._("Large payout: could not go on")

    def _forget_stopped(self):
        """It went on after all."""
        summary = self._get_stopped_summary()
        # sudo: the system takes back what it has asked of people
        self.sudo().activity_ids.filtered(lambda activity: activity.summary == summary).unlink()
