import json
import logging
from base64 import b64decode, b64encode
from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..alone import wake
from ..const import (
    CONCURRENCY_ATTEMPTS_MAX,
    ERROR_MAX_CHARS,
    MESSAGE_BATCH_MAX,
    MESSAGE_TRANSITIONS,
    RETRY_DELAYS_S,
    WORKERS_QUEUE,
)
from ..exceptions import CONCURRENCY_ERRORS, MessageIgnored, MessageRejected, MessageRetry
from ..quiet import quiet_sql

_logger = logging.getLogger(__name__)

#: What a delivery is: never changed once it is stored. Corrections go into ``corrected_body``.
IMMUTABLE_FIELDS = frozenset({"channel_id", "direction", "kind", "event_key", "body", "headers"})


class OmsMessage(models.Model):
    """A message from or to a channel, kept as it came: the journal that makes sure nothing is lost, nothing done twice.

    Stored in the request that receives it and worked off later, in batches, by any number of workers. The raw body and
    the headers never change; a clerk who has to correct something writes a corrected body beside them.
    """

    _name = "oms.message"
    _description = "Channel Message"
    _order = "id desc"
    _rec_name = "event_key"

    channel_id = fields.Many2one("oms.channel", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, precompute=True, index=True)
    direction = fields.Selection([("in", "Received"), ("out", "To send")], required=True, readonly=True, default="in")
    kind = fields.Char(required=True, readonly=True, help="What the message is about, e.g. “order”.")
    event_key = fields.Char(
        required=True,
        readonly=True,
        help="The same event has the same key, however often and on whatever way it comes.",
    )
    body = fields.Binary(attachment=False, readonly=True)
    body_text = fields.Text(string="Content", compute="_compute_body_text")
    headers = fields.Json(readonly=True)
    corrected_body = fields.Text(help="Used instead of the received content when the message is tried again.")
    state = fields.Selection(
        [
            ("quarantine", "Not verified"),
            ("pending", "Waiting"),
            ("retry", "Will be tried again"),
            ("done", "Done"),
            ("ignored", "Nothing to do"),
            ("dead", "Needs a person"),
            ("dismissed", "Dismissed"),
        ],
        required=True,
        readonly=True,
        default="pending",
        index=True,
    )
    attempts = fields.Integer(readonly=True)
    next_attempt_at = fields.Datetime(readonly=True, default=fields.Datetime.now)
    processed_at = fields.Datetime(readonly=True)
    error = fields.Text(string="What happened", readonly=True)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", string="Related record", readonly=True)

    _key_uniq = models.Constraint(
        "UNIQUE(channel_id, direction, event_key)", "This event of the channel is stored already."
    )
    _todo_idx = models.Index("(next_attempt_at, id) WHERE state IN ('pending', 'retry')")
    _res_idx = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")

    @api.depends("body", "corrected_body")
    def _compute_body_text(self):
        for message in self:
            text = message._get_body().decode("utf-8", errors="replace")
            try:
                message.body_text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
            except (ValueError, RecursionError):
                message.body_text = text

    def write(self, vals):
        """Refuse to touch what was received."""
        if not IMMUTABLE_FIELDS.isdisjoint(vals):
            raise UserError(self.env._("What a channel sent is kept as it came. Write a corrected content instead."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_finished(self):
        if any(message.state not in ("done", "ignored", "dismissed") for message in self):
            raise UserError(self.env._("This message has not been worked off. Dismiss it before you delete it."))

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_retry(self):
        """Try again now, after whatever was in the way has been put right. What is not verified has to be verified first."""
        self.check_access("write")
        waiting = self.filtered(lambda message: message.state in ("dead", "retry"))
        if not waiting:
            raise UserError(self.env._("None of these messages waits for another attempt."))
        waiting._queue_again()

    def _queue_again(self):
        self._set_state("pending", attempts=0, next_attempt_at=fields.Datetime.now(), error=False)
        self._wake_workers()

    def action_dismiss(self):
        """Decide that nothing has to be done about these messages."""
        self.check_access("write")
        self._set_state("dismissed", processed_at=fields.Datetime.now())

    def action_open_related(self):
        self.ensure_one()
        if not self.res_id:
            raise UserError(self.env._("Nothing has been made of this message yet."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    # ---------------------------------------------------------------------------------------------------- RECEIVING

    @api.model
    def _receive(self, channel, kind, event_key, body, headers=None, *, direction="in", state="pending", error=False):
        """Store a message unless it is there already.

        Safe to call any number of times, also at the same moment from several connections: the unique key decides.

        :param bytes body: exactly as received.
        :return: the new message, or an empty recordset when the same event had been stored before.
        """
        self.check_access("create")
        now = self.env.cr.now()
        values = {
            "channel_id": channel.id,
            "company_id": channel.company_id.id,
            "direction": direction,
            "kind": kind,
            "event_key": event_key,
            "body": psycopg2.Binary(b64encode(body)) if body else None,
            "headers": json.dumps(headers) if headers else None,
            "state": state,
            "attempts": 0,
            "next_attempt_at": fields.Datetime.now(),
            "error": error or None,
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }
        # Not through create(): that costs more than all else that is done with a delivery while the shop waits.
        insert = SQL(
            "INSERT INTO oms_message (%s) VALUES (%s) RETURNING id",
            SQL(", ").join(map(SQL.identifier, values)),
            SQL(", ").join(SQL("%s", value) for value in values.values()),
        )
        try:
            with quiet_sql(), self.env.cr.savepoint(flush=False):
                [(message_id,)] = self.env.execute_query(insert)
        except psycopg2.errors.UniqueViolation:
            return self.browse()
        message = self.browse(message_id)
        if state == "pending":
            self._wake_workers()
        return message

    def _get_body(self):
        """The bytes to read: the corrected content where there is one, else what was received."""
        self.ensure_one()
        if self.corrected_body:
            return self.corrected_body.encode()
        return b64decode(self.with_context(bin_size=False).body or b"")

    @api.model
    def _wake_workers(self, worker="oms_core.cron_inbox_1"):
        """Have the inbox worked off as soon as this transaction is committed."""
        if "queue.job" in self.env:
            # OCA's job queue, where it is installed: one pending job is enough, it wakes the next.
            self.with_delay(identity_key="oms.message:work", description="OMS: work the inbox")._work()
        elif cron_id := self.env["ir.model.data"]._xmlid_to_res_id(worker):
            # sudo: whoever causes a message may wake the worker, and nothing else
            wake(self.env["ir.cron"].sudo().browse(cron_id))

    # ------------------------------------------------------------------------------------------------------ WORKING

    @api.model
    def _cron_process(self):
        """Work off what is due, a batch and a commit at a time, until nothing is left or the time is up."""
        cron = self.env["ir.cron"]
        alone = False
        while True:
            with self._among_workers(alone):
                batch = self._take_batch_anew()
                if not batch:
                    break
                remaining = self.search_count(self._todo_domain(), limit=10_000) - len(batch)
                if remaining > MESSAGE_BATCH_MAX:
                    self._wake_workers("oms_core.cron_inbox_2")  # more than one can do soon: share it
                    cron._commit_progress()
                    batch = self._take_batch_anew()
                batch._process()
                alone = batch._met_another()
                time_left = cron._commit_progress(len(batch), remaining=max(remaining, 0))
            if not time_left:
                break

    @contextmanager
    def _among_workers(self, alone):
        """Work a batch together with other workers; or alone, after one of them was in the way.

        Who lost waits until the others have finished theirs, and begins a transaction that sees what they did: many
        workers that want the last pieces of one product stand in a queue instead of failing over and over. It is a lock of the
        connection, because one of a transaction could only be had in a transaction that has begun already.
        """
        cr = self.env.cr
        shared = SQL("" if alone else "_shared")
        cr.execute(SQL("SELECT pg_advisory_lock%s(%s)", shared, WORKERS_QUEUE))
        try:
            self.env["ir.cron"]._commit_progress()
            yield
        except BaseException:
            cr.rollback()
            raise
        finally:
            cr.execute(SQL("SELECT pg_advisory_unlock%s(%s)", shared, WORKERS_QUEUE))

    def _met_another(self):
        """Whether some of these messages, just worked, have to be repeated because of what another worker did."""
        now = fields.Datetime.now()
        return any(
            message.state == "retry" and not message.error and message.next_attempt_at <= now for message in self
        )

    @api.model
    def _take_batch_anew(self):
        """A batch; where another worker was quicker since this transaction began, in a new one, which sees what it did."""
        for _attempt in range(CONCURRENCY_ATTEMPTS_MAX):
            try:
                with quiet_sql(), self.env.cr.savepoint():
                    return self._take_batch()
            except CONCURRENCY_ERRORS:
                self.env["ir.cron"]._commit_progress()
        return self.browse()

    @api.model
    def _work(self):
        """Work off one batch of what is due. The body of a job: whoever runs it, and however often, the result is one."""
        batch = self._take_batch()
        batch._process()
        if batch:
            self._wake_workers()
        return len(batch)

    @api.model
    def _todo_domain(self):
        return (
            Domain("direction", "=", "in")
            & Domain("state", "in", ("pending", "retry"))
            & Domain("next_attempt_at", "<=", fields.Datetime.now())
        )

    @api.model
    def _take_batch(self, limit=MESSAGE_BATCH_MAX):
        """The oldest messages that are due and that no other worker has taken, locked until the end of the transaction."""
        due = self.search(self._todo_domain(), order="id", limit=limit * 4)
        taken = due.try_lock_for_update(limit=limit)
        # Another worker may have finished some of them between the search and the lock.
        taken.invalidate_recordset(["state"])
        return taken.filtered(lambda message: message.state in ("pending", "retry"))

    def _process(self):
        """Work these messages off. Each ends in a state; no error of one touches another.

        What is of one kind is applied together as long as nothing else came between: an order that was deleted and then
        restored is wanted, and one that was restored and then deleted is not.
        """
        for channel, of_channel in self.sorted("id").grouped("channel_id").items():
            # Python's groupby and not Odoo's: what is next to each other, and not all of a kind
            for kind, messages in groupby(of_channel, lambda message: message.kind):  # pylint: disable=bad-builtin-groupby
                self.browse().concat(*messages)._process_kind(channel, kind)

    def _get_appliers(self):
        """{kind of message: function(channel, documents) -> outcomes}. Spokes add their kinds.

        An applier gets documents in the order of their arrival and returns for each ``(record, state, text)``, with a
        state of ``done`` or ``ignored``; an exception means that none of them was applied.
        """
        return {
            "order": lambda channel, docs: channel.env["sale.order"]._oms_apply_orders(channel, docs),
            "order_deleted": lambda channel, docs: channel.env["sale.order"]._oms_apply_cancellations(channel, docs),
        }

    def _process_kind(self, channel, kind):
        """Apply messages of one kind together; where that fails, each on its own, so that one cannot spoil the rest."""
        worker = channel._as_worker()
        applier = self._get_appliers().get(kind)
        if applier is None:
            self._set_state("ignored", error=self.env._("Messages of the kind “%s” are not used here.", kind))
            return
        readable = []
        for message in self:
            try:
                readable.append((message, worker._parse(message)))
            except Exception as error:
                message._fail(error)
        if not readable:
            return
        try:
            with quiet_sql(), self.env.cr.savepoint():
                outcomes = applier(worker, [doc for _message, doc in readable])
        except Exception as error:
            if len(readable) == 1:
                readable[0][0]._fail(error)
                return
            if isinstance(error, CONCURRENCY_ERRORS) and max(self.mapped("attempts")) < CONCURRENCY_ATTEMPTS_MAX:
                # What another worker did is not seen before the next transaction; then the batch can go as a whole.
                for message, _doc in readable:
                    message._fail(error)
                return
            _logger.info("A batch of %s messages of %s failed (%s); taking them one by one", len(self), kind, error)
            for message, doc in readable:
                message._apply_alone(applier, worker, doc)
            return
        for (message, _doc), outcome in zip(readable, outcomes, strict=True):
            message._finish(*outcome)

    def _apply_alone(self, applier, worker, doc):
        try:
            with quiet_sql(), self.env.cr.savepoint():
                outcome = applier(worker, [doc])[0]
        except Exception as error:
            self._fail(error)
        else:
            self._finish(*outcome)

    def _finish(self, record, state, text):
        self._set_state(
            state,
            attempts=self.attempts + 1,
            processed_at=fields.Datetime.now(),
            error=text or False,
            res_model=record._name if record else False,
            res_id=record.id if record else False,
        )

    def _fail(self, error):
        """Turn an exception into the state and the sentence that follow from its class."""
        self.ensure_one()
        attempts = self.attempts + 1
        text = str(error)[:ERROR_MAX_CHARS]
        if isinstance(error, MessageIgnored):
            self._finish(None, "ignored", text)
        elif isinstance(error, (MessageRejected, UserError)) and not isinstance(error, LockError):
            self._set_state("dead", attempts=attempts, error=text)
        elif isinstance(error, CONCURRENCY_ERRORS) and attempts <= CONCURRENCY_ATTEMPTS_MAX:
            # Another worker was at the same order, customer or stock. The next transaction sees what it did.
            self._set_state("retry", attempts=attempts, next_attempt_at=fields.Datetime.now(), error=False)
        else:
            # Somebody who works on a record at this moment is done in a minute.
            if not isinstance(error, (MessageRetry, LockError)):
                _logger.exception("Message %s of channel %s failed", self.id, self.channel_id.id, exc_info=error)
                text = self.env._("Unexpected error, tell your administrator: %s", text)
            # Meeting others says nothing about the message: the first delay comes after the attempts made at once.
            later = attempts - (CONCURRENCY_ATTEMPTS_MAX if isinstance(error, CONCURRENCY_ERRORS) else 0)
            if later > len(RETRY_DELAYS_S):
                self._set_state(getattr(error, "finally_", "dead"), attempts=attempts, error=text)
            else:
                delay = timedelta(seconds=RETRY_DELAYS_S[later - 1])
                self._set_state("retry", attempts=attempts, next_attempt_at=fields.Datetime.now() + delay, error=text)

    def _set_state(self, state, **values):
        """The one way to move messages. What may not go there stays where it is, and the log says so."""
        allowed = self.filtered(lambda message: state in MESSAGE_TRANSITIONS[message.state])
        if refused := self - allowed:
            _logger.warning("Messages %s cannot become %s from %s", refused.ids, state, refused.mapped("state"))
        allowed.write({"state": state, **values})
        return allowed
