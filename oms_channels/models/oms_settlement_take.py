"""From reports to payouts: each is taken whole or refused with the reason, and nothing is taken twice."""

import hashlib
import json
from base64 import b64encode
from datetime import timezone

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.oms_core.domain.documents import Problem
from odoo.addons.oms_core.text import as_html

from ..domain.settlement import seen_before
from ..in_time import most_at_once
from .oms_settlement_book import LINES_AT_ONCE
from .oms_settlement_booked import exact


def checksum_of(raw):
    """By which a report is known again, whatever its name."""
    return hashlib.sha256(raw).hexdigest() if raw else False


class OmsSettlement(models.Model):
    _inherit = "oms.settlement"

    @api.model
    def _take_problems(self, channel, docs, raw=b""):
        """{index of a document: why it cannot be taken}; nothing is changed by asking.

        :param raw: the file, where they came in one.
        """
        names = [doc.id for doc in docs]
        taken = self.search(
            Domain("company_id", "=", channel.company_id.id)
            & Domain("state", "!=", "refused")
            & (Domain("external_id", "in", names) | Domain("checksum", "in", [checksum_of(raw)] if raw else []))
        )
        same_file = taken.filtered(lambda one: one.checksum == checksum_of(raw)) if raw else taken.browse()
        known = taken.filtered(lambda one: one.channel_id == channel)
        # A platform's ids are its own, in its files as in its API; two partners that write tables may count alike, but hardly
        # pay out the same.
        elsewhere = {
            (one.external_id, _teller(one.source), one.currency_id.name, exact(one.total, one.currency_id.name)): one
            for one in taken - known
        }
        currencies = set(self.env["res.currency"].search([("active", "=", True)]).mapped("name"))
        ids = [line.id for doc in docs for line in doc.lines]
        lines = self.env["oms.settlement.line"].search_fetch(
            [
                ("channel_id", "=", channel.id),
                ("external_id", "in", ids),
                # What did not arrive is paid out again, by another payout.
                ("settlement_id.state", "!=", "refused"),
            ],
            ["external_id", "settlement_id"],
        )
        known_lines = {line.external_id: line.settlement_id.external_id for line in lines}
        found = {}
        for index, doc in enumerate(docs):
            problems = doc.problems()
            if same_file:
                problems.append(
                    Problem(
                        "same_file",
                        self.env._(
                            "This file was imported on %(day)s already, as %(payout)s. Open that, or delete it to import "
                            "the file anew.",
                            day=fields.Date.to_string(same_file[0].create_date),
                            payout=same_file[0].display_name,
                        ),
                    )
                )
            else:
                problems += seen_before(doc, set(known.mapped("external_id")), known_lines)
            if other := not same_file and elsewhere.get((doc.id, _teller(doc.source), doc.currency, doc.total)):
                problems.append(
                    Problem(
                        "known_elsewhere",
                        self.env._(
                            "The payout %(payout)s has been imported under the channel “%(channel)s” already. Open it there; "
                            "to have it here, delete it there, and undo it before if it is booked.",
                            payout=doc.id,
                            channel=other.channel_id.name,
                        ),
                    )
                )
            if doc.status == "failed":
                problems.append(Problem("failed", self._get_failed_sentence(doc.id)))
            elif doc.status == "open":
                problems.append(
                    Problem(
                        "open", self.env._("Payout %s is still being added to. Import it when it is paid out.", doc.id)
                    )
                )
            if doc.currency and doc.currency not in currencies:
                problems.append(
                    Problem(
                        "inactive_currency",
                        self.env._("Currency %s is not active here. Activate it in Accounting first.", doc.currency),
                    )
                )
            found[index] = problems
        return found

    @api.model
    def _take(self, channel, docs, raw=b"", file_name=""):
        """Keep these payouts, which have no problems, and check them; nothing is booked. Those that are too large for somebody to
        wait are checked by the job."""
        self.search(
            [
                ("channel_id", "=", channel.id),
                ("external_id", "in", [doc.id for doc in docs]),
                ("state", "=", "refused"),
            ]
        ).unlink()
        currencies = {currency.name: currency.id for currency in self.env["res.currency"].search([])}
        settlements = self._by_program().create(
            [
                {
                    **self._prepare_values(channel, doc),
                    "currency_id": currencies[doc.currency],
                    "file": b64encode(raw) if raw else False,
                    "file_name": file_name,
                    "checksum": checksum_of(raw),
                }
                for doc in docs
            ]
        )
        orders = self._find_order_ids(channel, {line.order_ref for doc in docs for line in doc.lines if line.order_ref})
        for settlement, doc in zip(settlements, docs, strict=True):
            settlement._keep_lines(
                [
                    {**settlement._prepare_line_values(line), "order_id": orders.get(line.order_ref)}
                    for line in doc.lines
                ]
            )
        if sum(len(doc.lines) for doc in docs) > most_at_once():
            settlements._begin("draft", progressed_at=False)
        else:
            for settlement in settlements:
                settlement._check()
        return settlements.with_env(self.env)

    def _keep_lines(self, rows):
        """Straight into the database, as tens of thousands of lines are kept while somebody waits."""
        self.ensure_one()
        self.flush_recordset()
        same = {
            "settlement_id": self.id,
            "channel_id": self.channel_id.id,
            "company_id": self.company_id.id,
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
        }
        lines = self.env["oms.settlement.line"]
        for start in range(0, len(rows), LINES_AT_ONCE):
            batch = [{**same, **row} for row in rows[start : start + LINES_AT_ONCE]]
            names = list(batch[0])
            self.env.cr.execute(
                SQL(
                    """INSERT INTO oms_settlement_line (%(columns)s, create_date, write_date)
                       SELECT %(columns)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                         FROM jsonb_populate_recordset(NULL::oms_settlement_line, %(rows)s::jsonb)""",
                    columns=SQL(", ").join(map(SQL.identifier, names)),
                    rows=json.dumps(batch),
                )
            )
        lines.invalidate_model(flush=False)
        self.invalidate_recordset(["line_ids", "line_count"], flush=False)

    @api.model
    def _prepare_values(self, channel, doc):
        day = doc.deposited_on or (doc.ends_at and channel.company_id._oms_get_today(_naive(doc.ends_at)))
        return {
            "channel_id": channel.id,
            "external_id": doc.id,
            "starts_at": doc.starts_at and _naive(doc.starts_at),
            "ends_at": doc.ends_at and _naive(doc.ends_at),
            "deposited_on": doc.deposited_on,
            "date": day or fields.Date.context_today(self),
            "total": float(doc.total),
            "bank_reference": doc.bank_reference,
            "source": doc.source,
        }

    def _prepare_line_values(self, line):
        return {
            "settlement_id": self.id,
            "external_id": line.id,
            "row": line.row,
            "kind": line.kind,
            "amount": str(line.amount),
            "order_ref": line.order_ref,
            "transaction_ref": line.transaction_ref,
            "text": line.text,
            "code": line.code,
            "sku": line.sku,
            "quantity": str(line.quantity or 0),
            "occurred_at": line.at and _naive(line.at).isoformat(),
            "original_amount": str(line.original_amount) if line.original_amount is not None else None,
            "original_currency": line.original_currency,
        }

    # --------------------------------------------------------------------------------------------------- BY A CHANNEL

    @api.model
    def _oms_apply_payouts(self, channel, docs):
        """Take in payouts that the channel itself told (kind ``payout`` of the inbox).

        What cannot be taken is kept as refused, with the reasons. Those without anything to explain are booked at once
        where the channel is set so.

        :return: as all appliers: ``(record, state, text)`` for each.
        """
        # sudo: payouts are taken in by the job, whatever the integration user may see of the books
        settlements_sudo = self.sudo()
        outcomes = []
        for doc in docs:
            existing_sudo = settlements_sudo.search([("channel_id", "=", channel.id), ("external_id", "=", doc.id)])
            is_told = existing_sudo.failed_on and doc.status == "failed"
            if existing_sudo and (existing_sudo.state != "refused" or is_told):
                outcomes.append((existing_sudo, "done", existing_sudo._follow_status(doc.status)))
                continue
            if doc.status == "open":
                outcomes.append((settlements_sudo, "ignored", self.env._("The payout is still being added to.")))
                continue
            if problems := settlements_sudo._take_problems(channel, [doc])[0]:
                refused_sudo = settlements_sudo._refuse(channel, doc, problems)
                outcomes.append((refused_sudo, "done", self.env._("Refused: %s", problems[0].message)))
                continue
            settlement_sudo = settlements_sudo._take(channel, [doc])
            if settlement_sudo._is_booked_by_itself():
                settlement_sudo.action_post()
            outcomes.append((settlement_sudo, "done", self.env._("Taken in.")))
        return outcomes

    def _is_booked_by_itself(self):
        """Whether what a channel told is booked without being asked for: a file never is, as somebody has imported it."""
        return self.state == "checked" and self.channel_id.payout_auto_post and not (self.checksum or self.task_count)

    # ------------------------------------------------------------------------------------------------- DID NOT ARRIVE

    def _follow_status(self, status):
        """Money that was on its way when the payout was taken in may not arrive, or arrive after all at another try.

        What is not booked is not booked any more. What is booked is for a person: whether the channel pays the orders out
        again, or gives the money back in one line, is not known before it does.

        :return: what became of it, for the message.
        """
        self.ensure_one()
        failed = status == "failed"
        if failed == bool(self.failed_on) or status == "open":
            return self.env._("This payout is known.")
        summary = self._get_failed_summary()
        if not failed:
            self.failed_on = False
            self.activity_ids.filtered(lambda activity: activity.summary == summary).action_feedback(
                feedback=self.env._("It arrived after all.")
            )
            return self.env._("It arrived after all.")
        self.failed_on = fields.Date.context_today(self)
        text = self._get_failed_sentence(self.external_id)
        if self.state in ("draft", "checked") or (self.state == "booking" and not self.move_id):
            self._give_up()
            self._leave_activity(self.env._("The payout was refused"), text)
            return text
        todo = self.env._(
            "%(sentence)s It is in the books. If the channel pays these orders out again by another payout, undo this one. If "
            "its next payout gives the money back in one line, leave this one, and match the two on the account of payouts on "
            "their way.",
            sentence=text,
        )
        self._leave_activity(summary, todo, self.move_id.create_uid)
        return text

    def _give_up(self):
        """What did not arrive, and is not in the books, is not booked any more."""
        self.ensure_one()
        self.rest_ids.unlink()
        self.write(
            {
                "state": "refused",
                "problems": self._get_failed_sentence(self.external_id),
                "matched": 0,
                "task_count": 0,
            }
        )

    @api.model
    def _get_failed_sentence(self, name):
        return self.env._("Payout %s did not reach the bank, as the channel says.", name)

    def _get_failed_summary(self):
        return self.env._("Did not reach the bank")

    @api.model
    def _refuse(self, channel, doc, problems):
        """Keep a payout that cannot be taken, for an accountant to see why."""
        text = "\n".join(problem.message for problem in problems)
        currency = self.env["res.currency"].search([("name", "=", doc.currency)], limit=1)
        values = {
            **self._prepare_values(channel, doc),
            "currency_id": (currency or channel.company_id.currency_id).id,
            "state": "refused",
            "problems": text,
        }
        refused = self.search(
            [("channel_id", "=", channel.id), ("external_id", "=", doc.id), ("state", "=", "refused")]
        )
        if refused:
            if refused.problems == text:
                return refused  # told already, and polled again for as long as the channel shows it
            refused.write(values)
        else:
            refused = self.create(values)
        refused.message_post(body=as_html(text))
        refused._leave_activity(self.env._("The payout was refused"), text)
        return refused


class OmsMessage(models.Model):
    _inherit = "oms.message"

    def _get_appliers(self):
        """Override: channels tell what they pay out."""
        return {
            **super()._get_appliers(),
            "payout": lambda channel, docs: channel.env["oms.settlement"]._oms_apply_payouts(channel, docs),
        }


def _teller(source):
    """Who tells a payout, whichever of its reports it is in: ``stripe`` of ``stripe.itemized`` and ``stripe.balance``."""
    return (source or "").partition(".")[0]


def _naive(moment):
    """A moment as Odoo keeps it."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None)
