"""Hints: something about an order has changed at the channel. The order is read there, and the newest state applied."""

import json

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.oms_core.alone import wake
from odoo.addons.oms_core.domain.documents import CancelDoc
from odoo.addons.oms_core.exceptions import MessageRejected, MessageRetry

from ..const import HINTS_MAX
from ..domain.adapter import Auth, Gone, Reject, Retry
from ..platforms import PLATFORMS

#: Among the headers of a hint that we gave ourselves, where no delivery has it: the order to read.
OWN_HINT = ":order"
#: Behind the key of a state that holds again, and its number.
ANEW = "#again-"


def adapter_read(adapter, body):
    """(event, body, document) of something that was read; no document where nobody can read it."""
    event = adapter.read_event({}, body)
    try:
        return event, body, adapter.parse(event.kind, body)
    except Reject:
        return event, body, None  # stored all the same, and seen as a dead letter


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    @api.model
    def _wake_reader(self):
        """Have the orders read that were hinted at, as soon as this transaction is committed."""
        if cron_id := self.env["ir.model.data"]._xmlid_to_res_id("oms_channels.cron_hints"):
            wake(self.env["ir.cron"].sudo().browse(cron_id))  # sudo: a delivery may wake the reader, and nothing else

    def _can_read_orders(self):
        """Override: where the platform can be asked, and there is somebody to ask."""
        adapter = PLATFORMS.get(self.platform)
        # sudo: only whether there is an address
        return bool(adapter and adapter.capabilities.poll and self.sudo()[adapter.capabilities.poll_field])

    def _read_again(self, orders):
        """Override: a hint of our own."""
        if not self._can_read_orders():
            return
        messages_sudo = self.env["oms.message"].sudo()  # sudo: whoever applies a message may have an order read
        for order_ref, doubt in orders.items():
            key, body = f"doubt:{order_ref}:{doubt}", json.dumps({"order": order_ref}).encode()
            if messages_sudo._receive(self, "hint", key[:400], body, {OWN_HINT: order_ref}):
                self._wake_reader()

    def _keep_read(self, read):
        """Store what was just read of orders, each state once.

        The channel counts seconds: a state that was stored before may be the one that holds again, though another of the same
        second came after it. Then it is stored anew, and applied.

        :param read: (event, body, document or ``None``) of each.
        :return: keys of those that are new.
        """
        self.ensure_one()
        messages, new = self.env["oms.message"], set()
        domain = [("channel_id", "=", self.id), ("direction", "=", "in")]
        known = messages.search([*domain, ("event_key", "in", [event.key for event, _body, _doc in read])])
        known_keys, again = set(known.mapped("event_key")), {}
        for event, body, document in read:
            if event.key not in known_keys:
                if messages._receive(self, event.kind, event.key, body):
                    new.add(event.key)
            elif event.kind == "order" and document is not None:
                again[event.key] = (body, document)
        # sudo: what is compared is the channel's, whoever has it read
        orders_sudo = self.env["sale.order"].sudo()
        outdated = orders_sudo._oms_find_outdated(self, [document for _body, document in again.values()])
        for key, (body, document) in again.items():
            if document.external_id in outdated and messages._receive_anew(self, "order", key, body):
                new.add(key)
        return new

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
            if self._keep_read([adapter_read(adapter, body)]):
                changed.append(order_ref)
        return gone, changed

    def _parse_gone(self, message):
        told = json.loads(message._get_body())
        return CancelDoc(external_id=told["external_id"], reason=told["reason"])


class OmsMessage(models.Model):
    _inherit = "oms.message"

    @api.model
    def _receive_anew(self, channel, kind, key, body):
        """Store once more what was stored before, unless it still waits to be worked off, or could not be.

        :return: the new message, or an empty recordset.
        """
        begins = key.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        domain = [("channel_id", "=", channel.id), ("direction", "=", "in")]
        before = self.search(
            [*domain, "|", ("event_key", "=", key), ("event_key", "=like", f"{begins}{ANEW}%")], order="id desc"
        )
        if before[:1].state not in ("done", "ignored"):
            return self.browse()
        return self._receive(channel, kind, f"{key}{ANEW}{len(before)}", body)

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
        by_order = self.grouped(
            lambda hint: (
                (hint.headers or {}).get(OWN_HINT) or adapter.read_event(hint.headers or {}, hint._get_body()).order_ref
            )
        )
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
