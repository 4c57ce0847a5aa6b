"""What is found after a payout was booked: orders and refunds that it named before they were in the books."""

from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.domain.money import ZERO, round_to
from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine

from ..const import SETTLEMENT_BATCH_MAX, SETTLEMENT_LOOK_EVERY_H, SETTLEMENT_LOOK_MAX
from ..domain.currencies import step
from ..domain.explain_cent import explain
from ..domain.explained import Explanation, halves
from .oms_settlement_booked import exact

#: Rests that explain themselves when what they wait for is booked.
LATER = ("unknown_order", "late_refund")


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    @api.model
    def _cron_explain(self):
        """What payouts waited for may be in the books by now: orders, refunds, and the money in the bank.

        They take turns: those that were looked at longest ago come first, and no more than a run can bear.
        """
        waiting = self.search(
            (Domain("state", "=", "posted") | Domain("state", "=", "reconciled") & Domain("task_count", ">", 0))
            & (
                Domain("looked_at", "=", False)
                | Domain("looked_at", "<", fields.Datetime.now() - timedelta(hours=SETTLEMENT_LOOK_EVERY_H))
            ),
            order="looked_at ASC NULLS FIRST, id",
            limit=SETTLEMENT_LOOK_MAX,
        )
        cron = self.env["ir.cron"]
        for start in range(0, len(waiting), SETTLEMENT_BATCH_MAX):
            batch = waiting[start : start + SETTLEMENT_BATCH_MAX]
            for settlement in batch.try_lock_for_update(allow_referencing=True):
                with on_its_own(settlement, settlement._tell_failed):
                    settlement._explain_later()
                    settlement._match_bank_lines()
                settlement.looked_at = fields.Datetime.now()
            if not cron._commit_progress(len(batch), remaining=max(0, len(waiting) - start - len(batch))):
                break

    def _tell_failed(self, error):
        self._leave_activity(self.env._("Could not be looked at again"), str(error))

    def _explain_later(self):
        """Settle what was unknown when the payout was booked and is in the books now.

        ::

            unknown order   Dr payouts to be explained   Cr clearing, reconciled with the payment
            late refund     the refund is reconciled with what waits for it on the clearing account
        """
        self.ensure_one()
        self._tell_in_bank()
        self._settle_between()
        rests = self.rest_ids.filtered(lambda rest: rest.is_task and rest.cause in LATER and rest.item_id)
        lines = rests.line_ids
        if not lines:
            return
        self._find_orders(lines)
        doc = self._to_left(lines)
        explanation = explain(doc, self._get_booked(doc, self._get_order_names(lines.order_id)))
        found, matches = self._find_whole(rests, doc, explanation)
        never_known = found.filtered(lambda rest: rest.cause == "unknown_order")
        chosen = set(never_known.line_ids.mapped("external_id"))
        unknown, late = halves(matches, chosen, {line.id: line.amount for line in doc.lines})
        if unknown:
            self._settle_unknown(never_known, unknown)
        if late:
            self._settle_refunds(found - never_known, late)
        self._keep_matches(matches)
        found.settled_on = fields.Date.context_today(self)
        self._count_tasks()

    @staticmethod
    def _find_whole(rests, doc, explanation):
        """(rests all of whose lines are in the books now, what they settle): a rest is settled at once or not at all, and so
        are rests that only one payment settles together."""
        waiting = {line.id for line in doc.lines}
        matches = [match for match in explanation.matches if match.booked_keys]
        settled = {line_id for match in matches for line_id in match.line_ids}
        settled -= {line_id for rest in explanation.rests for line_id in rest.line_ids}

        def is_whole(rest):
            return settled.issuperset(waiting & set(rest.line_ids.mapped("external_id")))

        found = rests
        while True:
            found = found.filtered(is_whole)
            whole = set(found.line_ids.mapped("external_id"))
            torn = {line_id for match in matches if not whole.issuperset(match.line_ids) for line_id in match.line_ids}
            if not torn & whole:
                return found, [match for match in matches if whole.issuperset(match.line_ids)]
            settled -= torn

    def _to_left(self, lines):
        """What of these lines has settled nothing yet: a refund may have been booked in part before the payout."""
        code = self.currency_id.name
        done = {line.external_id: exact(line.matched_amount, code) for line in lines}
        doc = self._to_doc(lines)
        left = [replace(line, amount=line.amount - done[line.id]) for line in doc.lines]
        left = tuple(line for line in left if line.amount)
        return replace(doc, lines=left, total=sum((line.amount for line in left), ZERO))

    def _get_later_key(self):
        """Names the next entry of what was found later."""
        done = self.env["account.move"].search_count(
            [("oms_key", "=like", f"settlement:{self.id}:{self.posting_number}:%")]
        )
        return f"settlement:{self.id}:{self.posting_number}:{done + 1}"

    def _settle_unknown(self, rests, matches):
        accounts = self.channel_id._oms_get_payout_accounts()
        roles = {**accounts, "in_transit": accounts["unknown"]}
        explanation = Explanation(tuple(matches), ())
        entry = self._prepare_draft(
            self._to_doc(rests.line_ids),
            explanation,
            roles,
            self._get_later_key(),
            fields.Date.context_today(self),
        )
        move = self.env["account.move"]._oms_post([entry])
        move.oms_settlement_id = self
        self._assert_settled(move)
        items = move.line_ids.filtered(lambda item: item.account_id.id == accounts["unknown"]) | rests.item_id
        items.filtered(lambda item: not item.reconciled).reconcile()

    def _settle_refunds(self, rests, matches):
        """Reconcile refunds with what waits for them; several rests may wait for one refund, and one rest for several.

        A refund may be booked on another clearing account than was thought: what waits for it is moved there.
        """
        item_of = {line.external_id: rest.item_id for rest in rests for line in rest.line_ids}
        waiting = {match.line_ids: rests.item_id.browse().union(*map(item_of.get, match.line_ids)) for match in matches}
        self._move_waiting(matches, waiting)
        plan = {}
        for match in matches:
            refund = self.env["account.move.line"].browse(match.booked_keys)
            for item in waiting[match.line_ids]:
                if item.account_id == refund.account_id and not (item.reconciled or refund.reconciled):
                    place = match.line_ids, item.account_id
                    plan[place] = plan.get(place, item) | item | refund
        self.env["account.move.line"]._reconcile_plan(list(plan.values()))

    def _move_waiting(self, matches, waiting):
        """Move what waits for refunds that were booked elsewhere to where these are.

        ::

            refund that waits   Dr the refund's clearing account, reconciled with it   Cr the one where it was expected
        """
        code, company_code = self.currency_id.name, self.company_id.currency_id.name
        left = {item: abs(exact(item.amount_residual_currency, code)) for items in waiting.values() for item in items}
        lines = []

        def add(item, account, company_amount, currency, amount):
            foreign = {} if currency == company_code else {"currency": currency, "currency_amount": amount}
            lines.append(PostingLine(account.id, company_amount, self.external_id, match=item.id, **foreign))

        # What is where it was expected is taken first, so that only the rest of it is moved.
        refund_of = {match: self.env["account.move.line"].browse(match.booked_keys) for match in matches}

        def is_there(match, item):
            return refund_of[match].account_id == item.account_id

        for match in sorted(
            matches, key=lambda match: not any(is_there(match, item) for item in waiting[match.line_ids])
        ):
            due = abs(match.amount)
            for item in sorted(waiting[match.line_ids], key=lambda item: not is_there(match, item)):
                part = min(due, left[item])
                left[item], due = left[item] - part, due - part
                if not part or is_there(match, item):
                    continue
                share = part / abs(exact(item.amount_residual_currency, code))
                worth = round_to(exact(item.amount_residual, company_code) * share, step(company_code))
                moved = match if part == abs(match.amount) else match.cut(part.copy_sign(match.amount))[0]
                add(item, item.account_id, -worth, code, -part.copy_sign(worth))
                original = moved.amount if moved.original_amount is None else moved.original_amount
                add(refund_of[match], refund_of[match].account_id, worth, moved.original_currency or code, -original)
        if not lines:
            return
        day = fields.Date.context_today(self)
        journal = self.channel_id.payout_journal_id or self.company_id._oms_get_payout_journal()
        entry = PostingDraft(
            self._get_later_key(), day, journal.id, self.bank_reference or self.external_id, tuple(lines)
        )
        move = self.env["account.move"]._oms_post([entry])
        move.oms_settlement_id = self
        self._assert_settled(move)

    def _keep_matches(self, matches):
        by_id = {line.external_id: line for line in self.line_ids}
        for match in matches:
            for line_id in match.line_ids:
                line = by_id[line_id]
                line.write({"matched_line_id": match.booked_keys[0], "matched_amount": line.amount})
        self.matched += float(sum((match.amount for match in matches), ZERO))
