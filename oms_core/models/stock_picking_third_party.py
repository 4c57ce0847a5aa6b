"""What third parties are told of a delivery: once, again when it changed, and that it is called off."""

import json

from odoo import api, fields, models
from odoo.fields import Domain

from ..alone import leave_task, on_its_own
from ..const import THIRD_PARTY_BATCH_MAX
from ..domain.third_party import has_changed, kind_of_change, told_of

#: What of an address a third party is told.
ADDRESS_FIELDS = frozenset(
    {
        "name",
        "street",
        "street2",
        "zip",
        "city",
        "state_id",
        "country_id",
        "phone",
        "email",
        "company_name",
        "parent_id",
    }
)


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _oms_get_3pl_sku(self):
        """What third parties call this product, in what is written to them and in what they write."""
        self.ensure_one()
        return self.default_code or str(self.id)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        """Override: an address that is corrected in place is told to those who send there."""
        result = super().write(vals)
        if self and not ADDRESS_FIELDS.isdisjoint(vals):
            # sudo: whoever may correct an address need not see deliveries
            pickings_sudo = self.env["stock.picking"].sudo()
            pickings_sudo.search(
                [
                    ("partner_id", "in", self.ids),
                    ("oms_3pl_reference", "!=", False),
                    ("state", "not in", ("done", "cancel")),
                ]
            )._oms_mark_told()
        return result


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``stock``: what is added to a delivery is told to who sends it."""
        moves = super().create(vals_list)
        moves.picking_id._oms_mark_told()
        return moves

    def write(self, vals):
        """Override of ``stock``: as above, for what is changed or taken off."""
        result = super().write(vals)
        if "product_uom_qty" in vals or "picking_id" in vals or vals.get("state") == "cancel":
            self.picking_id._oms_mark_told()
        return result


class StockPicking(models.Model):
    _inherit = "stock.picking"

    # Copied: what is left after a part was sent is still the same delivery for the third party.
    oms_3pl_reference = fields.Char(string="Told to Third Party As", readonly=True, index="btree_not_null")
    oms_3pl_told = fields.Json(
        readonly=True, help="What it knows of this delivery: see ``domain.third_party.told_of``."
    )
    oms_3pl_called_off = fields.Boolean(readonly=True, copy=False)
    oms_3pl_changed = fields.Boolean(
        readonly=True, copy=False, help="Something of it was written since it was told; the job looks what."
    )

    _oms_3pl_changed_idx = models.Index("(id) WHERE oms_3pl_changed")

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``stock``: a delivery of a third party is written to it soon."""
        pickings = super().create(vals_list)
        if any(picking.picking_type_id.warehouse_id.oms_node_type == "3pl" for picking in pickings):
            self.env["oms.message"]._oms_wake_third_party()
        return pickings

    def write(self, vals):
        """Override of ``stock``: a delivery that was told goes elsewhere, or in another way."""
        result = super().write(vals)
        if "partner_id" in vals or "carrier_id" in vals:
            self._oms_mark_told()
        return result

    def action_cancel(self):
        """Override of ``stock``: what a third party was told is taken back."""
        result = super().action_cancel()
        if any(self.mapped("oms_3pl_reference")):
            self.env["oms.message"]._oms_wake_third_party()
        return result

    def _oms_mark_told(self):
        """Have the job look what changed on those of these deliveries that a third party was told of."""
        # sudo: whoever changes a delivery causes that it is told, and nothing else
        told_sudo = self.sudo().filtered(lambda picking: picking.oms_3pl_reference and not picking.oms_3pl_changed)
        if told_sudo:
            told_sudo.oms_3pl_changed = True
            self.env["oms.message"]._oms_wake_third_party()

    def _oms_is_told(self):
        """Whether a third party has this delivery in its hands."""
        self.ensure_one()
        return bool(self.oms_3pl_reference and not self.oms_3pl_called_off)

    def _oms_is_started(self):
        """Override: what another firm was told to send may be packed there already."""
        return super()._oms_is_started() or self._oms_is_told()

    # ------------------------------------------------------------------------------------------------------- WRITING

    @api.model
    def _oms_write_third_party(self, commit=None):
        """Write an order message for each delivery that its place was not told of, say what changed, and call off what was
        cancelled. One that fails stops no other and has a task for a person.

        :param commit: called after each batch; false when the time of the job is up.
        """
        places = self.env["stock.warehouse"].search(
            Domain("oms_node_type", "=", "3pl")
            & Domain("oms_3pl_channel_id", "!=", False)
            & (Domain("oms_3pl_url", "!=", False) | Domain("oms_3pl_exchange", "=", "files"))
        )
        out = Domain("picking_type_id", "in", places.out_type_id.ids)
        told = out & Domain("oms_3pl_reference", "!=", False)
        for due, write in (
            (
                out
                & Domain("oms_3pl_reference", "=", False)
                & Domain("state", "in", ("waiting", "confirmed", "assigned"))
                & Domain("sale_id", "!=", False)
                # In the domain: deliveries that wait must not keep newer ones out of the batch.
                & Domain("sale_id.oms_on_hold", "=", False),
                type(self)._oms_tell_order,
            ),
            (told & Domain("oms_3pl_changed", "=", True), type(self)._oms_tell_change),
            (
                told & Domain("oms_3pl_called_off", "=", False) & Domain("state", "=", "cancel"),
                type(self)._oms_tell_called_off,
            ),
        ):
            last_id = 0
            while pickings := self.search(due & Domain("id", ">", last_id), order="id", limit=THIRD_PARTY_BATCH_MAX):
                last_id = pickings[-1].id
                for picking in pickings:
                    with on_its_own(picking, picking._oms_tell_not_told):
                        write(picking)
                if commit and not commit():
                    return

    def _oms_tell_not_told(self, error):
        place = self.picking_type_id.warehouse_id
        leave_task(
            self,
            self.env._("%s cannot be told of this delivery", place.name),
            str(error),
            place.oms_3pl_channel_id.user_id,
        )

    def _oms_tell_order(self):
        content = self._oms_render_order()
        self.write({"oms_3pl_reference": self.name, "oms_3pl_told": told_of(content)})
        self._oms_queue_third_party("order", f"order-{self.id}", content)

    def _oms_tell_change(self):
        """Say how this delivery is now, if that is not what its place knows. What of it was not handed over yet is replaced."""
        self.oms_3pl_changed = False
        if self.state in ("done", "cancel") or not self._oms_is_told():
            return
        content = self._oms_render_order()
        if not has_changed(content, self.oms_3pl_told or {}):
            return
        earlier = self._oms_get_order_messages()
        kind = kind_of_change((message.state, message.attempts) for message in earlier)
        waiting = earlier.filtered(lambda message: message.state in ("pending", "retry", "dead"))
        for message in waiting.try_lock_for_update():
            state = "dismissed" if message.state == "dead" else "ignored"
            message._set_state(
                state, processed_at=fields.Datetime.now(), error=self.env._("The delivery was changed: told anew.")
            )
        self.oms_3pl_told = told = told_of(content, self.oms_3pl_told)
        self._oms_queue_third_party(kind, f"{kind}-{self.id}-{told['version']}", content)
        self.message_post(
            body=self.env._(
                "%(place)s is told how this delivery is now. What it has sent already counts as sent.",
                place=self.picking_type_id.warehouse_id.name,
            )
        )

    def _oms_tell_called_off(self):
        self.oms_3pl_called_off = True
        self._oms_queue_third_party("cancel", f"cancel-{self.id}", {"reference": self.oms_3pl_reference})

    def _oms_get_told_pickings(self):
        """All deliveries that a third party knows under the reference of this one."""
        self.ensure_one()
        return self.search(
            [
                ("oms_3pl_reference", "=", self.oms_3pl_reference),
                ("picking_type_id", "=", self.picking_type_id.id),
                ("oms_3pl_reference", "!=", False),
            ]
        )

    def _oms_get_order_messages(self):
        return self.env["oms.message"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self._oms_get_told_pickings().ids),
                ("direction", "=", "out"),
                ("kind", "in", ("3pl_order", "3pl_update")),
            ]
        )

    def _oms_queue_third_party(self, kind, message_id, content):
        self.ensure_one()
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
            "reference": self.oms_3pl_reference or self.name,
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
            "lines": self._oms_render_lines(),
        }

    def _oms_render_lines(self):
        """The goods of the whole reference: what is still to be sent, and what was sent under it before."""
        lines = [
            self._oms_render_line(move, move.product_qty)
            for move in self.move_ids
            if move.state not in ("done", "cancel")
        ]
        of_sku = {line["sku"]: line for line in reversed(lines)}
        for move in self._oms_get_told_pickings().move_ids:
            if move.state != "done":
                continue
            sent = self._oms_render_line(
                move, move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id)
            )
            if line := of_sku.get(sent["sku"]):
                line["quantity"] += sent["quantity"]
            else:
                of_sku[sent["sku"]] = sent
                lines.append(sent)
        return lines

    @api.model
    def _oms_render_line(self, move, quantity):
        return {
            "line": move.id,
            "sku": move.product_id._oms_get_3pl_sku(),
            "name": move.product_id.name,
            "quantity": quantity,
        }
