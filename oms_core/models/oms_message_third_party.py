"""Messages with third-party warehouses: deliveries go out, what was sent, what is there and what came back comes in."""

import logging
from collections import defaultdict

import requests

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import (
    ERROR_MAX_CHARS,
    THIRD_PARTY_BATCH_MAX,
    THIRD_PARTY_RETRY_STATUSES,
    THIRD_PARTY_TIMEOUT_S,
)
from ..domain.third_party import SIGNATURE_HEADER, Unreadable, in_words, read, sign, verify
from ..exceptions import MessageRejected, MessageRetry
from ..network import Refused, guarded_session

_logger = logging.getLogger(__name__)

IN_KINDS = {"3pl_shipment", "3pl_stock", "3pl_return"}
OUT_KINDS = ("3pl_order", "3pl_update", "3pl_cancel")


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _parse(self, message):
        """Override: what third-party warehouses write is read here, whatever the channel."""
        if message.kind not in IN_KINDS:
            return super()._parse(message)
        warehouse = self.env["stock.warehouse"].browse((message.headers or {}).get("warehouse_id")).exists()
        if not warehouse or warehouse.company_id != self.company_id:
            raise MessageRejected(self.env._("The place that wrote this is gone."))
        try:
            return warehouse, read(message._get_body())
        except Unreadable as error:
            raise MessageRejected(str(error)) from error


class OmsMessage(models.Model):
    _inherit = "oms.message"

    # ------------------------------------------------------------------------------------------------------ INCOMING

    @api.model
    def _oms_receive_third_party(self, warehouse, body, signature):
        """Store what a third party posted.

        :return: ``(HTTP status, sentence)``
        """
        warehouse_sudo = (
            warehouse.sudo()
        )  # sudo: the sender is no user; until its signature is right, nothing is stored
        if not verify(warehouse_sudo.oms_3pl_secret or "", body, signature):
            return 401, "The signature is not that of this body. Sign the bytes with the shared secret."
        if not warehouse_sudo.oms_3pl_channel_id:
            return 409, "This place takes no messages yet."
        try:
            told = read(body)
        except Unreadable as error:
            return 422, str(error)
        self.sudo()._receive(  # sudo: see above
            warehouse_sudo.oms_3pl_channel_id,
            f"3pl_{told.type}",
            f"3pl:{warehouse.id}:{told.type}:{told.message_id}",
            body,
            {"warehouse_id": warehouse.id},
        )
        return 200, "Stored."

    def _get_appliers(self):
        return {
            **super()._get_appliers(),
            "3pl_shipment": lambda channel, docs: [self._oms_apply_shipment(channel, *doc) for doc in docs],
            "3pl_stock": lambda channel, docs: [self._oms_apply_stock(channel, *doc) for doc in docs],
            "3pl_return": lambda channel, docs: [self._oms_apply_return(channel, *doc) for doc in docs],
        }

    def _oms_apply_shipment(self, channel, warehouse, told):
        picking, late = self._oms_find_delivery(channel, warehouse, told.reference)._oms_ship_told(told)
        if not late:
            return picking, "done", False
        return picking, "done", picking._oms_tell_late(warehouse, late, channel.user_id)

    def _oms_apply_stock(self, channel, warehouse, told):
        # sudo: whoever the integration user is, this place may tell what it has, and nothing else
        warehouse_sudo = warehouse.with_env(channel.env).sudo()
        products_sudo = self._oms_get_products(warehouse_sudo, {line.sku for line in told.lines})
        quantities, unknown = defaultdict(float), []
        for line in told.lines:
            if line.sku in products_sudo:
                quantities[products_sudo[line.sku]] += float(line.quantity)
            else:
                unknown.append(line.sku)
        warehouse_sudo._oms_tell_stock(quantities, told.at or fields.Datetime.now(), warehouse.name)
        text = self.env._("Unknown here: %s", ", ".join(unknown[:20])) if unknown else False
        return warehouse_sudo, "done", text

    def _oms_apply_return(self, channel, warehouse, told):
        """Goods came back there: they are received for exactly what was told. What they are worth is decided here."""
        # sudo: a signed message of the place that received them; the integration user of the channel need not work there
        pickings_sudo = channel.env["stock.picking"].sudo()
        words = in_words(told.lines)
        deliveries = pickings_sudo._oms_find_returned(warehouse, told.reference)
        if not deliveries:
            raise MessageRejected(
                self.env._(
                    "%(place)s received back %(words)s, and nothing that has left is known as “%(reference)s”. Find out whose "
                    "it is (the note says: %(note)s), write the number of the order as reference into the message and try "
                    "again.",
                    place=warehouse.name,
                    words=words,
                    reference=told.reference,
                    note=told.note or "–",
                )
            )
        if len(deliveries.sale_id) > 1:
            raise MessageRejected(
                self.env._(
                    "“%(reference)s” may be any of %(orders)s. Write the reference of one delivery into the message and try "
                    "again.",
                    reference=told.reference,
                    orders=", ".join(deliveries.sale_id.mapped("display_name")),
                )
            )
        receipts, surplus = deliveries._oms_receive_told(warehouse, told)
        if not receipts:
            raise MessageRejected(
                self.env._(
                    "%(place)s received back %(words)s, but “%(reference)s” has nothing of that left to come back. Correct "
                    "products and quantities in the message and try again, or dismiss it.",
                    place=warehouse.name,
                    words=words,
                    reference=told.reference,
                )
            )
        deliveries[:1]._oms_tell_came_back(warehouse, told, receipts, surplus, channel.user_id)
        text = self.env._("Too much, left for a person: %s", in_words(surplus)) if surplus else False
        return receipts[:1], "done", text

    def _oms_find_delivery(self, channel, warehouse, reference):
        """The delivery of a reference: of several after a partial shipment, the one that is still to be sent; else the one that
        was called off."""
        # sudo: a signed message of the place that ships; the integration user of the channel need not work there
        pickings_sudo = channel.env["stock.picking"].sudo()
        found_sudo = pickings_sudo.search(
            [
                ("oms_3pl_reference", "=", reference),
                ("picking_type_id.warehouse_id", "=", warehouse.id),
                ("picking_type_id.code", "=", "outgoing"),
            ],
            order="id desc",
        )
        open_sudo = found_sudo.filtered(lambda picking: picking.state not in ("done", "cancel"))
        if not found_sudo:
            raise MessageRejected(
                self.env._(
                    "No delivery of %(place)s has the reference “%(reference)s”. Correct the reference in the message and "
                    "try again, or dismiss it.",
                    place=warehouse.name,
                    reference=reference,
                )
            )
        # What was called off may have been on its way already; that it left is a fact.
        called_off_sudo = found_sudo.filtered(lambda picking: picking.state == "cancel")
        if not (open_sudo or called_off_sudo):
            raise MessageRejected(self.env._("Everything of “%s” is sent already. Ask what this is about.", reference))
        return (open_sudo or called_off_sudo)[:1]

    @api.model
    def _oms_get_products(self, warehouse, skus):
        """{SKU: product} of those that are known."""
        products = self.env["product.product"].sudo()  # sudo: as in _oms_find_delivery
        found = products.search(
            [("default_code", "in", list(skus)), ("company_id", "in", (False, warehouse.company_id.id))],
            order="id desc",
        )
        return {product.default_code: product for product in found}

    # ------------------------------------------------------------------------------------------------------ OUTGOING

    @api.model
    def _oms_wake_third_party(self):
        if cron := self.env.ref("oms_core.cron_third_party", raise_if_not_found=False):
            cron.sudo()._trigger()  # sudo: whoever makes a delivery may wake the sender, and nothing else

    @api.model
    def _cron_oms_third_party(self):
        """Write the messages that are due, and send what waits: each with a key by which the receiver knows a repeat."""
        cron = self.env["ir.cron"]
        self.env["stock.picking"]._oms_write_third_party(cron._commit_progress)
        domain = (
            Domain("direction", "=", "out")
            & Domain("kind", "in", OUT_KINDS)
            & Domain("state", "in", ("pending", "retry"))
            & self._oms_get_sendable_domain()
        )
        seen = self.browse()
        while batch := self.search(
            domain & Domain("next_attempt_at", "<=", fields.Datetime.now()) & Domain("id", "not in", seen.ids),
            order="id",
            limit=THIRD_PARTY_BATCH_MAX,
        ):
            seen |= batch
            for message in batch.try_lock_for_update():
                message._oms_send_third_party()
                # After each: what was sent once must not be sent again because a later one fails.
                if not cron._commit_progress(1):
                    return

    @api.model
    def _oms_get_sendable_domain(self):
        """Which messages the job may send by itself. Hook: those that somebody fetches."""
        return Domain.TRUE

    def _oms_send_third_party(self):
        self.ensure_one()
        picking = self.env["stock.picking"].browse(self.res_id).exists()
        try:
            if self.kind in ("3pl_order", "3pl_update") and picking.state == "cancel":
                self._finish(picking, "ignored", self.env._("Called off before it was sent."))
                return
            text = self._oms_deliver_third_party(picking.picking_type_id.warehouse_id)
            self._finish(picking, "done", text)
        except Exception as error:
            related = {"res_model": self.res_model, "res_id": self.res_id}
            self._fail(error)
            self.write(related)

    def _oms_deliver_third_party(self, warehouse):
        """Hand this message over in the way that the place wants; what is returned is noted on it."""
        self._oms_post_third_party(warehouse)
        return False

    def _oms_post_third_party(self, warehouse):
        """:raise MessageRetry: when it may work later. :raise MessageRejected: when a person is needed."""
        body = self._get_body()
        try:
            response = guarded_session().post(
                warehouse.oms_3pl_url,
                data=body,
                timeout=THIRD_PARTY_TIMEOUT_S,
                allow_redirects=False,
                stream=True,
                headers={
                    "Content-Type": "application/json",
                    "Idempotency-Key": self.event_key,
                    SIGNATURE_HEADER: sign(warehouse.oms_3pl_secret or "", body),
                },
            )
            text = response.raw.read(ERROR_MAX_CHARS, decode_content=True).decode(errors="replace")
            response.close()
        except Refused as error:
            raise MessageRejected(str(error)) from None
        except requests.RequestException as error:
            raise MessageRetry(
                self.env._("%(place)s does not answer: %(error)s", place=warehouse.name, error=error)
            ) from error
        if response.ok and response.status_code < 300:
            return
        sentence = self.env._(
            "%(place)s answered %(status)s: %(text)s", place=warehouse.name, status=response.status_code, text=text
        )
        if response.status_code in THIRD_PARTY_RETRY_STATUSES or response.status_code >= 500:
            raise MessageRetry(sentence)
        raise MessageRejected(sentence)

    def _queue_again(self):
        """Override: also wake who sends."""
        result = super()._queue_again()
        if any(message.kind in OUT_KINDS for message in self):
            self._oms_wake_third_party()
        return result
