"""The outbox: what channels are to be told, told once, in order, at their own pace."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS, MessageRejected, MessageRetry
from odoo.addons.oms_core.quiet import quiet_sql
from odoo.addons.oms_core.text import as_html

from ..const import BACK_OFF_S, OUTBOX_BATCH_MAX, OUTCOME_DELAY_S
from ..domain.adapter import Auth, Reject, Retry
from ..domain.envelope import KINDS, open_sealed, seal
from ..platforms import PLATFORMS

_logger = logging.getLogger(__name__)

#: Kind of message → the method of a client that tells it, and what a platform must be capable of.
TELLS = {
    "parcel": ("ship", "fulfilment"),
    "cancellation": ("cancel", "cancel"),
    "refund": ("refund", "refunds"),
    "capture": ("capture", "captures"),
    "void": ("void", "captures"),
    "return": ("tell_return", "returns"),
    "stock_report": ("report_stock", "files"),
    "acknowledgement": ("acknowledge", "files"),
    "standing": ("stand", "standing"),
}


#: Kinds that tell something about one order.
ABOUT_ORDERS = ("parcel", "cancellation", "refund", "capture", "void", "return", "standing")

#: … about money that a customer has authorised; they are about a ``payment.transaction``.
ASKS_FOR_MONEY = ("capture", "void")


class OmsMessage(models.Model):
    _inherit = "oms.message"

    sent_at = fields.Datetime(
        string="First Sent",
        readonly=True,
        help="From then on the channel may know it, also when its answer was lost: before it is told again, the channel is "
        "asked whether it does.",
    )
    waits_for = fields.Char(
        readonly=True,
        help="The kind of call of which the platform's limit is used up; everything else goes on meanwhile.",
    )
    reference = fields.Char(string="Known There As", readonly=True, help="What the channel calls what came of it.")

    @api.model
    def _queue_out(self, channel, kind, document, record, key=None):
        """Have a channel told something, once.

        :param document: one of :mod:`..domain.outgoing`.
        :param record: what it is about; it shows how far it is.
        :param key: another one than the document's, where the same thing is told again with more.
        :return: the new message; empty when it was there before or the platform cannot be told that.
        """
        adapter = PLATFORMS.get(channel.platform)
        if adapter is None or not getattr(adapter.capabilities, TELLS[kind][1]) or not channel._has_ears():
            return self.browse()
        # sudo: whoever ships or cancels causes a message, and need not be allowed to read what channels write
        message_sudo = self.sudo()._receive(
            channel, kind, f"{kind}:{key or document.key}", seal(document), direction="out"
        )
        if message_sudo:
            message_sudo.write({"res_model": record._name, "res_id": record.id})
            self._wake_sender()
        return message_sudo

    @api.model
    def _wake_sender(self):
        if cron := self.env.ref("oms_channels.cron_outbox", raise_if_not_found=False):
            cron.sudo()._trigger()  # sudo: whoever causes a message may wake the sender, and nothing else

    def _queue_again(self):
        result = super()._queue_again()
        if any(message.direction == "out" and message.kind in KINDS for message in self):
            self._wake_sender()
        return result

    # ------------------------------------------------------------------------------------------------------ SENDING

    @api.model
    def _outbox_domain(self):
        return (
            Domain("direction", "=", "out")
            & Domain("kind", "in", list(KINDS))
            & Domain("state", "in", ("pending", "retry"))
            & Domain("next_attempt_at", "<=", fields.Datetime.now())
        )

    @api.model
    def _cron_send(self):
        """Tell each channel what waits for it, oldest first, a commit before and after each: what was told must not be told
        again because a later one fails, and what may have been told must be known to have been tried."""
        cron = self.env["ir.cron"]
        waiting = self._read_group(self._outbox_domain(), ["channel_id"], ["id:array_agg"])
        cron._commit_progress(remaining=sum(len(ids) for _channel, ids in waiting))
        for channel, ids in waiting:
            batch, late = self.browse(sorted(ids)[:OUTBOX_BATCH_MAX]), self._get_late(channel)
            for message in batch:
                if not message._send_alone(channel, late):
                    break
                if not cron._commit_progress(1):
                    return
            if len(ids) > OUTBOX_BATCH_MAX:
                self._wake_sender()

    @api.model
    def _get_late(self, channel):
        """What of this channel waits because one of its limits is used up: {what: (until when, why)}.

        What is told about an order is told in its order: nothing overtakes a message that was put off.
        """
        waiting = self.search(
            [
                ("channel_id", "=", channel.id),
                ("direction", "=", "out"),
                ("state", "=", "retry"),
                ("waits_for", "!=", False),
                ("next_attempt_at", ">", fields.Datetime.now()),
            ],
            limit=OUTBOX_BATCH_MAX,
        )
        return {
            message._get_order_key(): (message.next_attempt_at, message.waits_for, message.error) for message in waiting
        }

    def _put_off(self, late, until, operation, said):
        """Wait until the channel takes a kind of call again, and have what comes after it about the same order wait, too."""
        late[self._get_order_key()] = (until, operation, said)
        self._set_state("retry", next_attempt_at=until, waits_for=operation, error=said)

    def _get_order_key(self):
        """What this message is about, for the order in which things are told."""
        if self.kind not in ABOUT_ORDERS or self.reference:  # with a reference it only asks what came of it
            return ("message", self.id)
        try:
            return ("order", open_sealed(self.kind, self._get_body()).order_ref)
        except (ValueError, KeyError, TypeError):
            return ("message", self.id)  # it fails where it is told, and for itself

    def _get_kind_key(self):
        """Messages that ask the channel the same kind of call."""
        return ("outcome" if self.reference else "kind", self.kind)

    def _send_alone(self, channel, late):
        """Tell this one.

        :param late: see :meth:`_get_late`; added to.
        :return: whether the channel may be told more now.
        """
        self.ensure_one()
        if not self.try_lock_for_update(allow_referencing=True):
            return True  # another sender has it
        self.invalidate_recordset(["state", "sent_at"])
        if self.state not in ("pending", "retry"):
            return True
        if held := late.get(self._get_order_key()) or late.get(self._get_kind_key()):
            self._put_off(late, *held)
            return True
        is_repeat = bool(self.sent_at)
        if not is_repeat:
            self._prepare_sending()
            self.env["ir.cron"]._commit_progress()
            if not self.try_lock_for_update(allow_referencing=True):
                return True
        related = {"res_model": self.res_model, "res_id": self.res_id}
        self.waits_for = False
        try:
            with channel._talking() as client:
                result = self._tell(client, is_repeat)
                # What fails here is undone alone: that it was told, and what others are told next, is kept.
                with quiet_sql(), self.env.cr.savepoint():
                    self._settle_sent(result)
        except (Retry, Auth) as error:
            if operation := getattr(error, "operation", ""):
                if not is_repeat:
                    self.sent_at = False  # nothing was done, so nobody need look whether it was
                until = fields.Datetime.now() + timedelta(seconds=max(error.delay_s or BACK_OFF_S, 1))
                late[self._get_kind_key()] = (until, operation, str(error))
                self._put_off(late, until, operation, str(error))
                self.env.ref("oms_channels.cron_outbox")._trigger(at=until)
                return True
            # Says nothing about this message: it waits as long as the channel does not answer, and uses up no attempt.
            soonest = fields.Datetime.now() + timedelta(seconds=BACK_OFF_S)
            again = max(soonest, channel.sudo().ask_again_at or soonest)  # sudo: when it may be asked is for managers
            self._set_state("retry", next_attempt_at=again, error=str(error))
            return False
        except Reject as error:
            self._refused(str(error))
        except Exception as error:
            self._fail(error)
            if isinstance(error, CONCURRENCY_ERRORS):
                self._wake_sender()  # the next run sees what the other one did, and asks the channel before it tells it again
        self.write(related)
        return True

    def _prepare_sending(self):
        """Note that this is about to be sent for the first time; committed before it is."""
        self.sent_at = fields.Datetime.now()

    def _tell(self, client, is_repeat):
        if self.reference:  # taken before, and worked off there: ask what came of it
            return client.outcomes([self.reference])[0]
        document = open_sealed(self.kind, self._get_body())
        return getattr(client, TELLS[self.kind][0])(document, repeat=is_repeat)

    def _settle_sent(self, result):
        """What follows from how the channel took it."""
        record = self.env[self.res_model].browse(self.res_id).exists() if self.res_model else None
        if result.code == "ok":
            self.reference = result.reference or self.reference
            told = self.event_key.removeprefix("return:").rpartition("-begun")[0] if self.kind == "return" else ""
            if told and record:
                record._oms_on_return_told(told, self.reference)
            if record and self.kind in ASKS_FOR_MONEY:
                record.sudo()._oms_answered(self.kind, result)  # sudo: the job settles what it was told to ask for
            self._finish(record, "done", result.message)
        elif result.code == "pending":
            self.reference = result.reference
            self._set_state(
                "retry",
                next_attempt_at=fields.Datetime.now() + timedelta(seconds=OUTCOME_DELAY_S),
                error=result.message or self.env._("The channel has taken it and is at work on it."),
            )
        elif result.code == "refused":
            self._refused(result.message)
        else:
            self._fail(MessageRetry(result.message))

    def _refused(self, text):
        """A person has to look: a message that needs one, and a task on what it is about."""
        self._fail(MessageRejected(text))
        record = self.env[self.res_model].browse(self.res_id).exists() if self.res_model else None
        if record and self.kind in ASKS_FOR_MONEY:
            record.sudo()._oms_refused(text)  # sudo: as when it is done
        elif record and hasattr(record, "activity_schedule"):
            record.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("%s could not be told", self.channel_id.name),
                note=as_html(text),
                user_id=self.channel_id.user_id.id,
            )
