from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import INSIDE


class PurchaseOrder(models.Model):
    """What a vendor sends to our customer: it accepts, rejects, and tells what it has sent."""

    _inherit = "purchase.order"

    oms_is_dropship = fields.Boolean(compute="_compute_oms_is_dropship")
    oms_vendor_tracking = fields.Char(string="Vendor's Tracking Number", copy=False)

    def _compute_oms_is_dropship(self):
        for purchase in self:
            purchase.oms_is_dropship = bool(purchase._is_dropshipped())

    def action_oms_vendor_accept(self, expected_at=None):
        """The vendor will send it, when it says so by ``expected_at``."""
        self.check_access("write")
        for purchase in self:
            purchase._check_oms_dropship()
            if expected_at:
                purchase.order_line.date_planned = expected_at
            if purchase.state in ("draft", "sent", "to approve"):
                purchase.button_confirm()
            # sudo: a buyer need not be allowed to see the orders that wait for what is bought
            purchase.sudo().order_line.sale_line_id._oms_follow_vendors()

    def action_oms_vendor_reject(self):
        """The vendor will not send what it has not sent yet: the next one is asked."""
        self.check_access("write")
        for purchase in self:
            purchase._oms_vendor_reject({line: line._oms_get_open() for line in purchase.order_line})

    def action_oms_vendor_reject_ask(self):
        """Ask how much the vendor rejects, and why."""
        self.ensure_one()
        self.check_access("write")
        self._check_oms_dropship()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Vendor Rejects"),
            "res_model": "oms.vendor.reject",
            "view_mode": "form",
            "target": "new",
            "context": {"default_purchase_id": self.id},
        }

    def _oms_vendor_reject(self, quantities, reason=""):
        """Take off this order what its vendor will not send, and ask the next vendor for it.

        :param quantities: {line: how much of it, in its unit}
        """
        self.ensure_one()
        self._check_oms_dropship()
        quantities = {line: quantity for line, quantity in quantities.items() if quantity > 0}
        if not quantities:
            raise UserError(self.env._("Everything of %s is sent or called off already.", self.name))
        for line, quantity in quantities.items():
            if line.product_uom_id.compare(quantity, line._oms_get_open()) > 0:
                raise UserError(
                    self.env._(
                        "Of “%(product)s” only %(open)g are still to be sent; not more can be rejected.",
                        product=line.product_id.display_name,
                        open=line._oms_get_open(),
                    )
                )
        # sudo: a buyer need not be allowed to see the orders that wait for what is bought
        rejected_sudo = (
            self.env["oms.vendor.rejection"]
            .sudo()
            .create(
                [
                    {
                        "sale_line_id": line.sudo().sale_line_id.id,  # sudo: as above
                        "purchase_id": self.id,
                        "partner_id": self.partner_id.id,
                        "product_id": line.product_id.id,
                        "quantity": line.product_uom_id._compute_quantity(quantity, line.product_id.uom_id),
                        "reason": reason or False,
                        "user_id": self.env.uid,
                    }
                    for line, quantity in quantities.items()
                    if line.sudo().sale_line_id  # sudo: as above
                ]
            )
        )
        called_off = self.with_context(oms_called_off=INSIDE)
        goods = self.order_line.filtered(lambda line: not line.display_type)
        if all(line.product_uom_id.compare(line.product_qty, quantities.get(line, 0.0)) <= 0 for line in goods):
            called_off.button_cancel()
        else:
            for line, quantity in quantities.items():
                line.with_context(oms_called_off=INSIDE).product_qty = line.product_qty - quantity
        rejected_sudo.sale_line_id._oms_ask_next_vendor(rejected_sudo)

    def action_oms_vendor_shipped(self, tracking=None):
        """The vendor has sent all of it."""
        self.check_access("write")
        for purchase in self:
            purchase._check_oms_dropship()
            if purchase.state != "purchase":
                purchase.action_oms_vendor_accept()
            pickings = purchase.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
            if not pickings:
                raise UserError(self.env._("Everything of %s is sent or called off already.", purchase.name))
            number = tracking or purchase.oms_vendor_tracking
            if number:
                purchase.oms_vendor_tracking = number
                pickings.carrier_tracking_ref = number
            for move in pickings.move_ids.filtered(lambda move: move.state not in ("done", "cancel")):
                move.quantity = move.product_uom_qty
                move.picked = True
            pickings.with_context(skip_backorder=True, skip_expired=True)._oms_validate()

    def _check_oms_dropship(self):
        self.ensure_one()
        if not self.oms_is_dropship:
            raise UserError(self.env._("%s is not sent to a customer by its vendor.", self.display_name))
        if self.state == "cancel":
            raise UserError(self.env._("%s is cancelled.", self.display_name))


class PurchaseOrderLine(models.Model):
    _inherit = "purchase.order.line"

    def write(self, vals):
        """Override of ``purchase``: another day that the vendor says is another day for the customer."""
        result = super().write(vals)
        if "date_planned" in vals:
            # sudo: a buyer need not be allowed to see the orders that wait for what is bought
            confirmed_sudo = self.sudo().filtered(lambda line: line.state == "purchase" and line._is_dropshipped())
            confirmed_sudo.sale_line_id._oms_follow_vendors()
        return result

    def _oms_get_open(self):
        """How much of this line the vendor has still to send, in its unit."""
        self.ensure_one()
        return max(self.product_qty - self.qty_received, 0.0) if not self.display_type else 0.0
