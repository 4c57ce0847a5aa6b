"""Hints: something about an order has changed at the channel. The order is read there, and the newest state applied."""

import json

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.oms_core.alone import wake
from odoo.addons.oms_core.domain.documents import CancelDoc
from odoo.addons.oms_core.exceptions import MessageRejected, MessageRetry

from ..const import HINTS_MAX
from ..domain.adapter import Auth, Gone, Reject, Retry


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    @api.model
    def _wake_reader(self):
        """Have the orders read that were hinted at, as soon as this transaction is committed."""
        if cron_id := self.env["ir.model.data"]._xmlid_to_res_id("oms_channels.cron_hints"):
            wake(self.env["ir.cron"].sudo().browse(cron_id))  # sudo: a delivery may wake the reader, and nothing else

    def _read_orders(self, client, order_refs):
        """Read these orders as they are now, and store what is new about them.

        :param order_refs: {the platform's id: key of why it is read}
        :return: ({the platform's id: sentence} of those that are no more, the ids of those of which something was new)
        """
        self.ensure_one()
        adapter, messages, gone, changed = self._adapter(), self.env["oms.message"], {}, []
        for order_ref, why in order_refs.items():
            try:
                body = client.order(order_ref)
            except Gone as error:
                gone[order_ref] = str(error)
                body = json.dumps({"external_id": order_ref, "reason": str(error)}).encode()
                messages._receive(self, "order_gone", f"order_gone:{order_ref}:{why}"[:400], body)
                continue
            event = adapter.read_event({}, body)
            if messages._receive(self, event.kind, event.key, body):
                changed.append(order_ref)
        return gone, changed

    def _parse_gone(self, message):
        told = json.loads(message._get_body())
        return CancelDoc(external_id=told["external_id"], reason=told["reason"])


class OmsMessage(models.Model):
    _inherit = "oms.message"

    @api.model
    def _todo_domain(self):
        """Override: hints are worked by who may ask channels, because that can take its time."""
        return super()._todo_domain() & Domain("kind", "!=", "hint")

    def _get_appliers(self):
        return {
            **super()._get_appliers(),
            "order_gone": lambda channel, docs: channel.env["sale.order"]._oms_apply_cancellations(channel, docs),
        }

    def _queue_again(self):
        result = super()._queue_again()
        if any(message.kind == "hint" for message in self):
            self.env["oms.channel"]._wake_reader()
        return result

    @api.model
    def _cron_read_hints(self):
        """Read the orders that were hinted at, channel by channel; several hints at one order are one question."""
        cron = self.env["ir.cron"]
        due = Domain(
            [
                ("kind", "=", "hint"),
                ("direction", "=", "in"),
                ("state", "in", ("pending", "retry")),
                ("next_attempt_at", "<=", fields.Datetime.now()),
            ]
        )
        waiting = self._read_group(due, ["channel_id"], ["id:array_agg"])
        cron._commit_progress(remaining=len(waiting))
        for channel, ids in waiting:
            hints = self.browse(sorted(ids)[:HINTS_MAX]).try_lock_for_update()
            hints.invalidate_recordset(["state"])
            hints.filtered(lambda hint: hint.state in ("pending", "retry"))._read_hinted(channel)
            if not cron._commit_progress(1):
                break
            if len(ids) > HINTS_MAX:
                self.env["oms.channel"]._wake_reader()

    def _read_hinted(self, channel):
        """Ask the channel about the orders of these hints. The rest waits as soon as it does not answer."""
        adapter = channel._adapter()
        by_order = self.grouped(lambda hint: adapter.read_event(hint.headers or {}, hint._get_body()).order_ref)
        if unknown := by_order.pop("", None):
            for hint in unknown:
                hint._fail(MessageRejected(self.env._("The channel does not say which order this is about.")))
        try:
            with channel._talking() as client:
                for order_ref, hints in by_order.items():
                    hints._read_one(channel, client, order_ref)
        except (Retry, Auth) as error:
            # About the channel and not about one order: all that is left waits. The next poll would find it, too.
            for hint in self.filtered(lambda hint: hint.state in ("pending", "retry")):
                hint._fail(MessageRetry(str(error), "ignored"))

    def _read_one(self, channel, client, order_ref):
        """Read the order that all of these hints are about."""
        try:
            gone, _changed = channel._read_orders(client, {order_ref: self[-1:].event_key})
        except Reject as error:
            for hint in self:
                hint._fail(MessageRejected(str(error)))
        else:
            for hint in self:
                hint._finish(None, "done", gone.get(order_ref) or self.env._("The order was read anew."))
