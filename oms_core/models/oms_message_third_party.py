"""Messages with third-party warehouses: deliveries go out, what was sent, what is there and what came back comes in."""

import json
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

_logger = logging.getLogger(__name__)

IN_KINDS = {"3pl_shipment", "3pl_stock", "3pl_return"}
OUT_KINDS = ("3pl_order", "3pl_cancel")


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
        picking = self._oms_find_delivery(channel, warehouse, told.reference)
        picking._oms_ship_told(told)
        return picking, "done", False

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
        """The delivery of a reference: of several after a partial shipment, the one that is still to be sent."""
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
        if not open_sudo:
            raise MessageRejected(
                self.env._("Everything of “%s” is sent or called off already. Ask what this is about.", reference)
            )
        return open_sudo[:1]

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
        self.env["stock.picking"]._oms_write_third_party()
        cron._commit_progress()
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
            if self.kind == "3pl_order" and picking.state == "cancel":
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
            response = requests.post(
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


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _oms_get_3pl_sku(self):
        """What third parties call this product, in what is written to them and in what they write."""
        self.ensure_one()
        return self.default_code or str(self.id)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    # Copied: what is left after a part was sent is still the same delivery for the third party.
    oms_3pl_reference = fields.Char(string="Told to Third Party As", readonly=True, index="btree_not_null")
    oms_3pl_called_off = fields.Boolean(readonly=True, copy=False)

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``stock``: a delivery of a third party is written to it soon."""
        pickings = super().create(vals_list)
        if any(picking.picking_type_id.warehouse_id.oms_node_type == "3pl" for picking in pickings):
            self.env["oms.message"]._oms_wake_third_party()
        return pickings

    def action_cancel(self):
        """Override of ``stock``: what a third party was told is taken back."""
        result = super().action_cancel()
        if any(self.mapped("oms_3pl_reference")):
            self.env["oms.message"]._oms_wake_third_party()
        return result

    @api.model
    def _oms_write_third_party(self):
        """Write an order message for each delivery that its place was not told of, and call off what was cancelled."""
        places = self.env["stock.warehouse"].search(
            Domain("oms_node_type", "=", "3pl")
            & Domain("oms_3pl_channel_id", "!=", False)
            & (Domain("oms_3pl_url", "!=", False) | Domain("oms_3pl_exchange", "=", "files"))
        )
        out = Domain("picking_type_id", "in", places.out_type_id.ids)
        due = self.search(
            out
            & Domain("oms_3pl_reference", "=", False)
            & Domain("state", "in", ("waiting", "confirmed", "assigned"))
            & Domain("sale_id", "!=", False),
            order="id",
            limit=THIRD_PARTY_BATCH_MAX,
        )
        for picking in due.filtered(lambda picking: not picking.sale_id.oms_on_hold):
            picking.oms_3pl_reference = picking.name
            picking._oms_queue_third_party("order", picking._oms_render_order())
        gone = self.search(
            out
            & Domain("oms_3pl_reference", "!=", False)
            & Domain("oms_3pl_called_off", "=", False)
            & Domain("state", "=", "cancel"),
            order="id",
            limit=THIRD_PARTY_BATCH_MAX,
        )
        for picking in gone:
            picking.oms_3pl_called_off = True
            picking._oms_queue_third_party("cancel", {"reference": picking.oms_3pl_reference})

    def _oms_queue_third_party(self, kind, content):
        self.ensure_one()
        message_id = f"{kind}-{self.id}"
        body = json.dumps({"message_id": message_id, "type": kind, **content}, ensure_ascii=False).encode()
        message = self.env["oms.message"]._receive(
            self.picking_type_id.warehouse_id.oms_3pl_channel_id,
            f"3pl_{kind}",
            f"3pl:{message_id}",
            body,
            direction="out",
        )
        message.write({"res_model": self._name, "res_id": self.id})

    def _oms_render_order(self):
        """What a third party has to know to send this delivery, and nothing more of the customer."""
        self.ensure_one()
        order, partner = self.sale_id, self.partner_id
        return {
            "reference": self.name,
            "order": order.oms_number or order.name,
            "ship_by": order.oms_ship_by and order.oms_ship_by.isoformat() + "Z",
            "delivery_method": order.oms_delivery_method,
            "carrier": self.carrier_id.name or None,
            "address": {
                "name": partner.name,
                "company": partner.commercial_company_name or None,
                "street": partner.street or None,
                "street2": partner.street2 or None,
                "zip": partner.zip or None,
                "city": partner.city or None,
                "state": partner.state_id.code or None,
                "country": partner.country_id.code or None,
                "phone": partner.phone or None,
                "email": partner.email or None,
            },
            "lines": [
                {
                    "line": move.id,
                    "sku": move.product_id._oms_get_3pl_sku(),
                    "name": move.product_id.name,
                    "quantity": move.product_qty,
                }
                for move in self.move_ids
                if move.state != "cancel"
            ],
        }

    def _oms_ship_told(self, told):
        """Validate what a third party says it has sent: these quantities in these parcels, the rest later or, when it says
        that nothing more will come, from elsewhere.

        :raise MessageRejected: for what this delivery does not hold; then nothing is changed.
        """
        self.ensure_one()
        moves = self.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        wanted = {move: move.product_qty for move in moves}
        values = []
        for parcel in told.parcels:
            package = self.env["stock.package"].create({}) if len(told.parcels) > 1 or parcel.tracking else None
            for line in parcel.lines:
                values += self._oms_get_told_lines(line, package, wanted)
        moves.move_line_ids.unlink()
        self.env["stock.move.line"].create(values)
        for move in moves:
            move.picked = bool(move.quantity)
        if not any(moves.mapped("picked")):
            raise MessageRejected(self.env._("The shipment of “%s” is empty.", told.reference))
        numbers = [parcel.tracking for parcel in told.parcels if parcel.tracking]
        if numbers:
            self.carrier_tracking_ref = ",".join(dict.fromkeys(numbers))
        self.sale_id._check_oms_not_on_hold()
        self.with_context(
            skip_backorder=True,
            skip_sms=True,
            oms_hand_over=True,
            picking_ids_not_to_backorder=self.ids if told.final else [],
        ).button_validate()

    def _oms_get_told_lines(self, line, package, wanted):
        """Values of the move lines for what was told of one product; ``wanted`` is what is left of each move."""
        of_product = [move for move in wanted if move.product_id._oms_get_3pl_sku() == line.sku]
        left = float(line.quantity)
        lot = self.env["stock.lot"]
        if of_product and of_product[0].product_id.tracking != "none":
            product = of_product[0].product_id
            if not line.lot:
                raise MessageRejected(self.env._("%s has lot or serial numbers, and the message tells none.", line.sku))
            lot = lot.search([("name", "=", line.lot), ("product_id", "=", product.id)], limit=1)
            lot = lot or lot.create({"name": line.lot, "product_id": product.id, "company_id": self.company_id.id})
        values = []
        for move in of_product:
            part = min(left, wanted[move])
            if move.product_id.uom_id.compare(part, 0) > 0:
                wanted[move] -= part
                left -= part
                values.append(
                    {
                        "move_id": move.id,
                        "picking_id": self.id,
                        "product_id": move.product_id.id,
                        "product_uom_id": move.product_id.uom_id.id,
                        "quantity": part,
                        "location_id": move.location_id.id,
                        "location_dest_id": move.location_dest_id.id,
                        "lot_id": lot.id,
                        "result_package_id": package.id if package else False,
                    }
                )
        if left > 0:
            raise MessageRejected(
                self.env._(
                    "%(reference)s does not hold %(quantity)g of “%(sku)s” (any more).",
                    reference=self.name,
                    quantity=float(line.quantity),
                    sku=line.sku,
                )
            )
        return values
