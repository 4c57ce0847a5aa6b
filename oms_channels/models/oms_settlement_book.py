"""From a payout's report to the books: what it settles, its entry, and what is found later."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.domain.money import ZERO
from odoo.addons.oms_core.text import as_html

from ..const import SETTLEMENT_BATCH_MAX, SETTLEMENT_TASKS_TOLD_MAX
from ..domain.explain_cent import explain
from ..domain.settlement_posting import SINGLE_ITEM_CAUSES, Rates, draft
from .oms_settlement_booked import exact

#: Rests that explain themselves when what they wait for is booked.
LATER = ("unknown_order", "late_refund")


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_check(self):
        """Look again at what each line settles, in the books as they are now."""
        self.check_access("write")
        for settlement in self:
            if settlement.state in ("draft", "checked"):
                settlement._check()
            elif settlement.state in ("posted", "reconciled"):
                settlement._explain_later()

    def action_post(self):
        """Book these payouts, each in one entry, and settle what they pay out."""
        self.check_access("write")
        self.lock_for_update()
        for settlement in self:
            if settlement.state not in ("draft", "checked"):
                raise UserError(self.env._("%s is booked already, or was refused.", settlement.display_name))
            settlement._book(*settlement._check())
            settlement._match_bank_lines()

    def action_undo(self):
        """Take these payouts out of the books again: by reversal, so that both entries stay to be seen."""
        self.check_access("write")
        self.lock_for_update()
        for settlement in self:
            if settlement.state not in ("posted", "reconciled"):
                raise UserError(self.env._("%s is not booked; there is nothing to undo.", settlement.display_name))
            settlement._undo()

    # ------------------------------------------------------------------------------------------------------ CHECKING

    def _check(self):
        """Find out what each line settles and why the rest is there; nothing is booked.

        :return: the payout and its explanation.
        """
        self.ensure_one()
        self._find_orders(self.line_ids)
        doc = self._to_doc()
        explanation = explain(doc, self._get_booked(doc, self._get_order_names(self.line_ids.order_id)))
        self.rest_ids.unlink()
        self._write_explanation(explanation, self.line_ids)
        self.write(
            {
                "state": "checked",
                "matched": float(sum((match.amount for match in explanation.matches), ZERO)),
                "task_count": sum(1 for rest in explanation.rests if rest.is_task),
            }
        )
        return doc, explanation

    def _find_orders(self, lines):
        """Tell which orders of ours lines name that have none yet."""
        missing = lines.filtered(lambda line: line.order_ref and not line.order_id)
        found = self._find_order_ids(self.channel_id, set(missing.mapped("order_ref")))
        for line in missing:
            if order_id := found.get(line.order_ref):
                line.order_id = order_id

    @api.model
    def _find_order_ids(self, channel, refs):
        """{name: id of the order} of the channel's orders: by its id there, its number there, or our name of it."""
        if not refs:
            return {}
        self.env["sale.order"].flush_model(["oms_channel_id", "oms_external_id", "oms_number", "name"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, oms_external_id, oms_number, name FROM sale_order
                 WHERE oms_channel_id = %(channel)s
                   AND (oms_external_id = ANY(%(refs)s) OR oms_number = ANY(%(refs)s) OR name = ANY(%(refs)s))
                 ORDER BY id
                """,
                channel=channel.id,
                refs=list(refs),
            )
        )
        found = {}
        for place in (3, 2, 1):  # the channel's own id counts most
            found.update((row[place], row[0]) for row in rows if row[place])
        return found

    def _write_explanation(self, explanation, lines):
        """Keep on each line what it settles, and each rest as a row of its own."""
        code = self.currency_id.name
        by_id = {line.external_id: line for line in lines}
        values = defaultdict(
            lambda: {"matched_line_id": False, "matched_amount": 0.0, "rest_id": False, "cause": False}
        )
        for match in explanation.matches:
            left = match.amount
            for line_id in match.line_ids:
                line = by_id[line_id]
                # A line that is matched with several rows shows the first of them.
                free = exact(line.amount - values[line_id]["matched_amount"], code)
                part = min(free, left, key=abs) if left * free > 0 else ZERO
                left -= part
                values[line_id]["matched_line_id"] = (
                    values[line_id]["matched_line_id"] or (match.booked_keys or (False,))[0]
                )
                values[line_id]["matched_amount"] += float(part)
        rests = self.env["oms.settlement.rest"].create(
            [
                {
                    "settlement_id": self.id,
                    "cause": rest.cause,
                    "code": rest.code,
                    "amount": float(rest.amount),
                    "sentence": rest.sentence,
                }
                for rest in explanation.rests
            ]
        )
        for record, rest in zip(rests, explanation.rests, strict=True):
            for line_id in rest.line_ids:
                if not values[line_id]["rest_id"]:
                    values[line_id].update(rest_id=record.id, cause=rest.cause)
        for line_id, line in by_id.items():
            wanted = values[line_id]
            now = {name: line[name].id if name.endswith("_id") else line[name] for name in wanted}
            if now != wanted:
                line.write(wanted)
        return rests

    # ------------------------------------------------------------------------------------------------------- BOOKING

    def _book(self, doc, explanation):
        """Post the entry of a payout that was just checked, with all that it settles: the whole of it or nothing."""
        self.ensure_one()
        number = self.posting_number + 1
        accounts = self.channel_id._oms_get_payout_accounts()
        entry = self._prepare_draft(doc, explanation, accounts, f"settlement:{self.id}:{number}")
        move = self.env["account.move"]._oms_post([entry])
        move.oms_settlement_id = self
        self.write({"state": "posted" if self.total else "reconciled", "move_id": move.id, "posting_number": number})
        self._link_rests(move)
        self._assert_settled(move)
        self._tell_tasks()

    def _prepare_draft(self, doc, explanation, accounts, key, day=None):
        """:param day: of the entry, where that is not the payout's; amounts are converted at the rate of the payout's."""
        company, channel = self.company_id, self.channel_id
        rate = self.env["res.currency"]._get_conversion_rate(self.currency_id, company.currency_id, company, self.date)
        made = draft(
            doc,
            explanation,
            accounts,
            Rates(company.currency_id.name, Decimal(str(rate))),
            key,
            (channel.payout_journal_id or company._oms_get_payout_journal()).id,
            day or self.date,
            fee_taxes=tuple(channel.payout_fee_tax_id.ids),
        )
        if len(channel._oms_get_clearing_accounts()) < 2:
            return made
        # Payments and refunds may wait on accounts of their own; each is settled where it is.
        items = self.env["account.move.line"].browse([line.match for line in made.lines if line.match])
        account_of = {item.id: item.account_id.id for item in items}
        return replace(
            made,
            lines=tuple(replace(line, account=account_of.get(line.match, line.account)) for line in made.lines),
        )

    def _link_rests(self, move):
        """Tell each rest that somebody settles alone which item of the entry it is."""
        items = defaultdict(list)
        for item in move.line_ids.sorted("id"):
            if item.oms_cause in SINGLE_ITEM_CAUSES:
                items[item.oms_cause].append(item)
        for rest in self.rest_ids.sorted("id"):
            if items[rest.cause] and not rest.item_id:
                rest.item_id = items[rest.cause].pop(0)

    def _assert_settled(self, moves):
        """What was taken from the clearing account has settled something, and nothing of it is left there."""
        clearing = self.channel_id._oms_get_clearing_accounts()
        left = moves.line_ids.filtered(
            lambda item: item.account_id in clearing and not item.reconciled and not item.oms_cause
        )
        if left:
            raise UserError(
                self.env._(
                    "%(payout)s would leave %(amount)s on the clearing account, which is a fault of the program; nothing was "
                    "booked. Please report it with the file.",
                    payout=self.display_name,
                    amount=sum(left.mapped("amount_residual")),
                )
            )

    def _undo(self):
        """Reverse what was booked, open what it settled, and have it checked anew."""
        self._unmatch_bank_line()
        moves = self.move_ids.filtered(lambda move: move.state == "posted" and not move.reversal_move_ids)
        moves = moves.filtered(lambda move: not move.reversed_entry_id)
        moves.line_ids.remove_move_reconcile()
        locked = [
            problem
            for move in moves
            for problem in self.env["account.move"]._oms_lock_problems(move.date, move.journal_id, ref=move.ref)
        ]
        today = fields.Date.context_today(self)
        reversals = moves._reverse_moves(
            [
                {
                    "date": today if locked else move.date,
                    "ref": self.env._("Undone: %s", move.ref or move.name),
                    "oms_key": f"{move.oms_key}:undone",
                    "oms_settlement_id": self.id,
                }
                for move in moves
            ],
            cancel=True,
        )
        (reversals.filtered(lambda move: move.state == "draft"))._post(soft=False)
        self.activity_unlink(["mail.mail_activity_data_todo"])
        self.write({"state": "checked", "move_id": False})
        self._check()

    # --------------------------------------------------------------------------------------------------- FOUND LATER

    @api.model
    def _cron_explain(self):
        """What payouts waited for may be in the books by now: orders, refunds, and the money in the bank."""
        domain = [("state", "in", ("posted", "reconciled")), ("task_count", ">", 0)]
        waiting = self.search(domain) | self.search([("state", "=", "posted")])
        cron = self.env["ir.cron"]
        for start in range(0, len(waiting), SETTLEMENT_BATCH_MAX):
            batch = waiting[start : start + SETTLEMENT_BATCH_MAX]
            for settlement in batch.try_lock_for_update(allow_referencing=True):
                with on_its_own(settlement, settlement._tell_failed):
                    settlement._explain_later()
                    settlement._match_bank_lines()
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
        rests = self.rest_ids.filtered(lambda rest: rest.is_task and rest.cause in LATER and rest.item_id)
        lines = rests.line_ids
        if not lines:
            return
        self._find_orders(lines)
        doc = self._to_left(lines)
        explanation = explain(doc, self._get_booked(doc, self._get_order_names(lines.order_id)))
        waiting = {line.id for line in doc.lines}
        settled = {line_id: match for match in explanation.matches for line_id in match.line_ids if match.booked_keys}
        # What is still not whole waits on: a rest is settled at once or not at all.
        open_still = {line_id for rest in explanation.rests for line_id in rest.line_ids}
        found = rests.filtered(
            lambda rest: all(
                line.external_id in settled and line.external_id not in open_still
                for line in rest.line_ids
                if line.external_id in waiting
            )
        )
        for cause, of_cause in found.grouped("cause").items():
            wanted = set(of_cause.line_ids.mapped("external_id"))
            matches = [match for match in explanation.matches if wanted.issuperset(match.line_ids)]
            if cause == "late_refund":
                self._settle_refunds(of_cause, matches)
            else:
                self._settle_unknown(of_cause, matches)
        found.settled_on = fields.Date.context_today(self)
        self.task_count = len(self.rest_ids.filtered("is_task"))
        if not self.task_count:
            self.activity_feedback(["mail.mail_activity_data_todo"], feedback=self.env._("All of it is explained."))

    def _to_left(self, lines):
        """What of these lines has settled nothing yet: a refund may have been booked in part before the payout."""
        code = self.currency_id.name
        done = {line.external_id: exact(line.matched_amount, code) for line in lines}
        doc = self._to_doc(lines)
        left = [replace(line, amount=line.amount - done[line.id]) for line in doc.lines]
        left = tuple(line for line in left if line.amount)
        return replace(doc, lines=left, total=sum((line.amount for line in left), ZERO))

    def _settle_unknown(self, rests, matches):
        accounts = self.channel_id._oms_get_payout_accounts()
        doc = self._to_doc(rests.line_ids)
        explanation = replace(explain(doc, ()), matches=tuple(matches), rests=())
        done = self.env["account.move"].search_count(
            [("oms_key", "=like", f"settlement:{self.id}:{self.posting_number}:%")]
        )
        key = f"settlement:{self.id}:{self.posting_number}:{done + 1}"
        roles = {**accounts, "in_transit": accounts["unknown"]}
        entry = self._prepare_draft(doc, explanation, roles, key, fields.Date.context_today(self))
        move = self.env["account.move"]._oms_post([entry])
        move.oms_settlement_id = self
        self._assert_settled(move)
        items = move.line_ids.filtered(lambda item: item.account_id.id == accounts["unknown"]) | rests.item_id
        items.filtered(lambda item: not item.reconciled).reconcile()
        self._keep_matches(matches)

    def _settle_refunds(self, rests, matches):
        item_of = {line.external_id: rest.item_id for rest in rests for line in rest.line_ids}
        booked = self.env["account.move.line"]
        self.env["account.move.line"]._reconcile_plan(
            [item_of[match.line_ids[0]] | booked.browse(match.booked_keys) for match in matches]
        )
        self._keep_matches(matches)

    def _keep_matches(self, matches):
        by_id = {line.external_id: line for line in self.line_ids}
        for match in matches:
            for line_id in match.line_ids:
                line = by_id[line_id]
                line.write({"matched_line_id": match.booked_keys[0], "matched_amount": line.amount})
        self.matched += float(sum((match.amount for match in matches), ZERO))

    # ------------------------------------------------------------------------------------------------------- PEOPLE

    def _tell_tasks(self):
        """One activity for everything of a payout that a person has to look at."""
        tasks = self.rest_ids.filtered("is_task")
        if not tasks:
            return
        sentences = [f"{rest.amount} {rest.currency_id.name}: {rest.sentence}" for rest in tasks]
        more = len(sentences) - SETTLEMENT_TASKS_TOLD_MAX
        if more > 0:
            sentences = [*sentences[:SETTLEMENT_TASKS_TOLD_MAX], self.env._("… and %s more, under Rests.", more)]
        self._leave_activity(self.env._("%s to be explained", len(tasks)), "\n".join(sentences))

    def _leave_activity(self, summary, text):
        user = self.channel_id.payout_user_id or self.env.user
        # sudo: the system leaves tasks to those who have the rights
        settlement_sudo = self.sudo()
        if not settlement_sudo.activity_ids.filtered(lambda activity: activity.summary == summary):
            settlement_sudo.activity_schedule(
                "mail.mail_activity_data_todo", summary=summary, note=as_html(text), user_id=user.id
            )
