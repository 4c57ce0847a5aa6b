"""From a payout's report to the books: what it settles, and its entry."""

from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.oms_core.domain.money import ZERO
from odoo.addons.oms_core.domain.posting import PostingDraft, PostingLine
from odoo.addons.oms_core.text import as_html

from ..const import SETTLEMENT_ORDERS_PIECE, SETTLEMENT_PIECE, SETTLEMENT_TASKS_TOLD_MAX
from ..domain.explain_cent import explain
from ..domain.settlement_posting import SINGLE_ITEM_CAUSES, Rates, draft, join_settled
from .oms_settlement_booked import exact

#: Lines that are written by one query.
LINES_AT_ONCE = 5000


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_check(self):
        """Look again at what each line settles, in the books as they are now."""
        self.check_access("write")
        is_large = self._is_large()
        for settlement in self._by_program():
            if settlement.state not in ("draft", "checked"):
                settlement._check_not_in_work()
            elif is_large:
                settlement._begin("draft")
            else:
                settlement._check()
            if settlement.state in ("posted", "reconciled"):
                settlement._explain_later()

    def action_post(self):
        """Book these payouts, each in one entry, and settle what they pay out; large ones, or many, by the job."""
        self.check_access("write")
        self.lock_for_update()
        is_large = self._is_large()
        for settlement in self._by_program():
            settlement._check_not_in_work()
            if settlement.state not in ("draft", "checked"):
                raise UserError(self.env._("%s is booked already, or was refused.", settlement.display_name))
            if is_large:
                settlement._check_bookable()
                settlement._begin("booking")
            else:
                settlement._book()
                while settlement._settle_more():
                    pass
                settlement._finish_booking()

    def action_undo(self):
        """Take these payouts out of the books again: by reversal, so that both entries stay to be seen. One that is being booked,
        and has no entry yet, is just not booked."""
        self.check_access("write")
        self.lock_for_update()
        is_large = self._is_large()
        for settlement in self._by_program():
            if settlement.state not in ("booking", "posted", "reconciled"):
                raise UserError(self.env._("%s is not booked; there is nothing to undo.", settlement.display_name))
            if settlement.state == "booking" and not settlement.move_id:
                settlement.state = "checked"
                continue
            settlement._check_reversible()
            settlement._unmatch_bank_line()
            settlement._unmatch_moved()
            if is_large:
                settlement._begin("undoing", piece_count=settlement._get_undone()._oms_count_pieces())
            else:
                while settlement._open_more():
                    pass
                settlement._reverse()
                settlement._check()

    # ------------------------------------------------------------------------------------------------------ CHECKING

    def _check(self):
        """Find out what each line settles and why the rest is there; nothing is booked.

        :return: the payout and its explanation.
        """
        self.ensure_one()
        self._find_orders(self.line_ids)
        doc = self._to_doc()
        booked = self._get_booked(doc, self._get_order_names(self.line_ids.order_id))
        day = self.ends_at.date() if self.ends_at else self.date
        terms = self.env["oms.payout.code"]._get_of(self.channel_id, day)._to_terms()
        explanation = explain(doc, booked, terms)
        self.rest_ids.unlink()
        self._write_explanation(explanation, self.line_ids)
        self.write(
            {
                "state": "checked",
                "matched": float(sum((match.amount for match in explanation.matches), ZERO)),
                "task_count": sum(1 for rest in explanation.rests if rest.is_task),
            }
        )
        self._forget_stopped()
        if self.failed_on:
            self._give_up()
        return doc, explanation

    def _find_orders(self, lines):
        """Tell which orders of ours lines name that have none yet."""
        missing = lines.filtered(lambda line: line.order_ref and not line.order_id)
        found = self._find_order_ids(self.channel_id, set(missing.mapped("order_ref")))
        left = missing.filtered(lambda line: line.order_ref not in found and line.transaction_ref)
        paid = self._find_paid_order_ids(left.mapped("transaction_ref"))
        for order_id, of_order in missing.grouped(
            lambda line: found.get(line.order_ref) or paid.get(line.transaction_ref)
        ).items():
            if order_id:
                of_order.order_id = order_id

    @api.model
    def _find_order_ids(self, channel, refs):
        """{name: id of the order} of orders that the channel pays out: by its id there, its number there, or our name of it. What
        two channels call an order names none."""
        if not refs:
            return {}
        self.env["sale.order"].flush_model(["oms_channel_id", "oms_external_id", "oms_number", "name"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, oms_external_id, oms_number, name, oms_channel_id FROM sale_order
                 WHERE oms_channel_id = ANY(%(channels)s)
                   AND (oms_external_id = ANY(%(refs)s) OR oms_number = ANY(%(refs)s) OR name = ANY(%(refs)s))
                 ORDER BY id
                """,
                channels=channel._oms_get_paid_out().ids,
                refs=list(refs),
            )
        )
        found = defaultdict(dict)
        for place in (3, 2, 1):  # the channel's own id counts most
            for row in rows:
                if row[place]:
                    found[row[4]][row[place]] = row[0]
        count = Counter(name for of_channel in found.values() for name in of_channel)
        return {name: id_ for of_channel in found.values() for name, id_ in of_channel.items() if count[name] == 1}

    def _find_paid_order_ids(self, refs):
        """{transaction: id of the order that it paid}, where the channel pays out for several, which may call orders alike."""
        if not (refs and self.channel_id.payout_for_ids):
            return {}
        self.env.flush_all()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT tx.provider_reference, MIN(sold.id)
                      FROM payment_transaction tx
                      JOIN sale_order_transaction_rel rel ON rel.transaction_id = tx.id
                      JOIN sale_order sold ON sold.id = rel.sale_order_id AND sold.oms_channel_id = ANY(%(channels)s)
                     WHERE tx.provider_reference = ANY(%(refs)s)
                  GROUP BY tx.provider_reference HAVING COUNT(DISTINCT sold.id) = 1
                    """,
                    channels=self.channel_id._oms_get_paid_out().ids,
                    refs=list(refs),
                )
            )
        )

    def _write_explanation(self, explanation, lines):
        """Keep on each line what it settles, and each rest as a row of its own."""
        code = self.currency_id.name
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
        lines_of = {line.external_id: line for line in lines}
        left = {line_id: exact(line.amount, code) for line_id, line in lines_of.items()}
        settles, matched, because = {}, defaultdict(Decimal), {}
        for match in explanation.matches:
            open_amount = match.amount
            for line_id in match.line_ids:
                # A line that is matched with several rows shows the first of them.
                part = min(left[line_id], open_amount, key=abs) if open_amount * left[line_id] > 0 else ZERO
                open_amount -= part
                left[line_id] -= part
                matched[line_id] += part
                settles.setdefault(line_id, match.booked_keys[0] if match.booked_keys else None)
        for record, rest in zip(rests, explanation.rests, strict=True):
            for line_id in rest.line_ids:
                because.setdefault(line_id, (record.id, rest.cause))
        lines._keep(
            {
                line.id: (settles.get(line_id), float(matched[line_id]), *because.get(line_id, (None, None)))
                for line_id, line in lines_of.items()
            }
        )

    # ------------------------------------------------------------------------------------------------------- BOOKING

    def _book(self, in_pieces=False):
        """Post the entry of a payout that is checked once more: the whole of it or nothing.

        :param in_pieces: what it settles is reconciled by calls of :meth:`_settle_more` alone, each in a transaction of its own.
        """
        self.ensure_one()
        doc, explanation = self._check()
        number = self.posting_number + 1
        accounts = self.channel_id._oms_get_payout_accounts(self.date)
        entry = self._prepare_draft(doc, explanation, accounts, f"settlement:{self.id}:{number}")
        move = self.env["account.move"]._oms_post([entry], in_pieces)
        move.oms_settlement_id = self
        count = move._oms_count_pieces()
        self.write({"state": "booking", "move_id": move.id, "posting_number": number, "piece_count": count})
        self._link_rests(move)
        self._make_fee_bill(explanation, accounts)

    def _settle_more(self):
        """Reconcile so much of what the entry settles, or tell so many orders. :return: whether there was something to do."""
        self.ensure_one()
        if self.move_id._oms_reconcile_piece(SETTLEMENT_PIECE):
            return True
        # sudo: accountants book payouts, and need not be allowed to change orders
        orders_sudo = (
            self.env["oms.settlement.line"]
            .sudo()
            .search(
                [
                    ("settlement_id", "=", self.id),
                    ("kind", "=", "sale"),
                    ("order_id", "!=", False),
                    ("order_id.oms_settled_on", "=", False),
                ],
                limit=SETTLEMENT_ORDERS_PIECE,
            )
            .order_id
        )
        orders_sudo._oms_on_settled(self.date)
        return bool(orders_sudo)

    def _finish_booking(self):
        """All that the entry settles is settled."""
        self.ensure_one()
        self._assert_settled(self.move_id)
        self.write({"state": "posted", "piece_count": 0})
        self._forget_stopped()
        self._tell_in_bank()
        self._settle_between()
        self._tell_tasks()
        self._match_bank_lines()

    def _prepare_draft(self, doc, explanation, accounts, key, day=None):
        """:param day: of the entry, where that is not the payout's; amounts are converted at the rate of the payout's."""
        company, channel = self.company_id, self.channel_id
        made = draft(
            doc,
            explanation,
            accounts,
            self._get_rates(),
            key,
            (channel.payout_journal_id or company._oms_get_payout_journal()).id,
            day or self.date,
            fee_taxes=tuple(channel.payout_fee_tax_id.ids),
            vendor=channel.payout_fees_as == "bill" and channel.payout_vendor_id.id or None,
        )
        items = self.env["account.move.line"].browse([line.match for line in made.lines if line.match])
        # What another payout is about to settle in part is settled alone, at once: together with others, Odoo would take of it
        # what the other payout has a right to.
        marked = set(items.filtered(lambda item: item.oms_settled_by_id.parent_state == "posted").ids)
        explanation = replace(
            explanation,
            matches=tuple(
                replace(match, whole=False) if marked.intersection(match.booked_keys) else match
                for match in explanation.matches
            ),
        )
        if len(channel._oms_get_clearing_accounts()) < 2:
            return join_settled(made, explanation, SETTLEMENT_PIECE)
        # Payments and refunds may wait on accounts of their own; each is settled where it is. A refund that is not booked yet
        # will come where the money of its order is; where that is not known, where most of the payments of this payout are.
        account_of = {item.id: item.account_id.id for item in items}
        payments = Counter(item.account_id.id for item in items if item.balance > 0).most_common(1)
        usual = payments[0][0] if payments else accounts["clearing"]
        refunds = [rest for rest in explanation.rests if rest.cause == "late_refund" and rest.amount]
        late = iter(self._get_refund_accounts(refunds))
        lines = []
        for line in made.lines:
            if line.match:
                line = replace(line, account=account_of.get(line.match, line.account))
            elif line.cause == "late_refund":
                line = replace(line, account=next(late) or usual)
            lines.append(line)
        return join_settled(replace(made, lines=tuple(lines)), explanation, SETTLEMENT_PIECE)

    def _get_refund_accounts(self, rests):
        """Where refunds that are not booked yet will be: where the money of their order is, or of its channel; else ``None``."""
        clearing = self.channel_id._oms_get_clearing_accounts()
        # sudo: accountants may not read orders, of which only the accounts are told here
        lines_sudo = self.env["oms.settlement.line"].sudo()
        lines_sudo = lines_sudo.search(
            [
                ("settlement_id", "=", self.id),
                ("external_id", "in", [line_id for rest in rests for line_id in rest.line_ids]),
                ("order_id", "!=", False),
            ]
        )
        orders_sudo = {line_sudo.external_id: line_sudo.order_id for line_sudo in lines_sudo}
        found = []
        for rest in rests:
            order_sudo = lines_sudo.order_id.browse().union(*filter(None, map(orders_sudo.get, rest.line_ids)))[:1]
            paid = order_sudo.transaction_ids.payment_id.move_id.line_ids.account_id & clearing.sudo()
            # sudo: as above
            usual = order_sudo.oms_channel_id._oms_get_clearing_accounts() & clearing.sudo()
            found.append((paid or usual)[:1].id or None)
        return found

    def _get_rates(self):
        company = self.company_id
        rate = self.env["res.currency"]._get_conversion_rate(self.currency_id, company.currency_id, company, self.date)
        return Rates(company.currency_id.name, Decimal(str(rate)))

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
                    "%(payout)s would leave %(amount)s on the clearing account: something that it settles was matched otherwise "
                    "meanwhile, or is gone. Look at the payout again; if it says the same then, report it with the file.",
                    payout=self.display_name,
                    amount=sum(left.mapped("amount_residual")),
                )
            )

    def _get_undone(self):
        """What is booked for this payout and has to be taken out of the books."""
        moves = self.move_ids.filtered(lambda move: move.state == "posted" and not move.reversal_move_ids)
        return moves.filtered(lambda move: not move.reversed_entry_id)

    def _check_reversible(self):
        """What a reversal would be refused for is told before anything is opened.

        :raise UserError: with every reason.
        """
        reversals = [
            PostingDraft(
                f"{move.oms_key}:undone",
                self._get_reversal_date(move),
                move.journal_id.id,
                move.ref or move.name,
                tuple(PostingLine(account.id, ZERO, account.name) for account in move.line_ids.account_id),
            )
            for move in self._get_undone()
        ]
        if problems := self.env["account.move"]._oms_posting_problems(reversals):
            raise UserError("\n".join(dict.fromkeys(problem.message for problem in problems)))

    def _get_reversal_date(self, move):
        """The day of the entry, or today where its books are closed."""
        locked = self.env["account.move"]._oms_lock_problems(move.date, move.journal_id, ref=move.ref)
        return fields.Date.context_today(self) if locked else move.date

    def _open_more(self):
        """Open so much of what was settled. :return: whether there was something to do."""
        return bool(self._get_undone()._oms_open_piece(SETTLEMENT_PIECE))

    def _reverse(self):
        """Reverse what was booked, of which nothing is reconciled any more."""
        self.move_ids.filtered(lambda move: move.state == "draft").unlink()
        # What an entry that somebody has reversed by hand was about to settle is open.
        self.move_ids.line_ids.oms_settles_ids._oms_unmark_settled()
        moves = self._get_undone()
        reversals = moves._reverse_moves(
            [
                {
                    "date": self._get_reversal_date(move),
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
        self.write({"state": "checked", "move_id": False, "piece_count": 0})

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
        self._leave_activity(self._get_tasks_summary(len(tasks)), "\n".join(sentences))

    def _leave_activity(self, summary, text, user=None):
        """:param user: who is to look, where the channel names nobody."""
        user = self.channel_id.payout_user_id or user or self.env.user
        # sudo: the system leaves tasks to those who have the rights
        settlement_sudo = self.sudo()
        if known_sudo := settlement_sudo.activity_ids.filtered(lambda activity: activity.summary == summary):
            known_sudo.note = as_html(text)  # the last reason is the one to be put right
        else:
            settlement_sudo.activity_schedule(
                "mail.mail_activity_data_todo", summary=summary, note=as_html(text), user_id=user.id
            )


class OmsSettlementLine(models.Model):
    _inherit = "oms.settlement.line"

    #: What is found about a line.
    _FOUND = ("matched_line_id", "matched_amount", "rest_id", "cause")

    def _keep(self, found):
        """Keep what was found of these lines: {id: values of :attr:`_FOUND`, ``None`` for nothing}.

        Straight in the database: a payout has tens of thousands of lines, and nothing is computed from these fields.
        """
        self.flush_recordset(self._FOUND)
        rows = self.env.execute_query(
            SQL(
                """SELECT id, matched_line_id, COALESCE(matched_amount, 0)::float8, rest_id, cause
                     FROM oms_settlement_line WHERE id = ANY(%s)""",
                self.ids,
            )
        )
        changed = [(key, *found[key]) for key, *known in rows if tuple(known) != found[key]]
        for start in range(0, len(changed), LINES_AT_ONCE):
            ids, settles, matched, rests, causes = zip(*changed[start : start + LINES_AT_ONCE], strict=True)
            self.env.cr.execute(
                SQL(
                    """UPDATE oms_settlement_line line
                          SET matched_line_id = told.settles, matched_amount = told.matched, rest_id = told.rest,
                              cause = told.cause, write_uid = %s, write_date = now() AT TIME ZONE 'UTC'
                         FROM unnest(%s::int[], %s::int[], %s::numeric[], %s::int[], %s::varchar[])
                              AS told (id, settles, matched, rest, cause)
                        WHERE line.id = told.id""",
                    self.env.uid,
                    *map(list, (ids, settles, matched, rests, causes)),
                )
            )
        self.invalidate_recordset(self._FOUND, flush=False)
        self.env["oms.settlement.rest"].invalidate_model(["line_ids"], flush=False)
