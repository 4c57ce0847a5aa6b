from odoo import fields, models
from odoo.exceptions import UserError


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

    def action_oms_vendor_reject(self):
        """The vendor will not send it: the orders that wait for it stop, and say so."""
        self.check_access("write")
        for purchase in self:
            purchase._check_oms_dropship()
            if any(line.qty_received > 0 for line in purchase.order_line):
                raise UserError(
                    self.env._("%s was sent in part already: cancel what is left on the delivery.", purchase.name)
                )
            # sudo: a buyer need not be allowed to see the orders that wait for what is bought
            orders_sudo = purchase.sudo().order_line.sale_line_id.order_id
            products = ", ".join(purchase.order_line.product_id.mapped("display_name"))
            purchase.with_context(oms_called_off=True).button_cancel()
            for order_sudo in orders_sudo.filtered(lambda order: order.state == "sale"):
                order_sudo._oms_hold(
                    "stock",
                    self.env._(
                        "%(vendor)s rejected %(products)s (%(purchase)s). Order it from another vendor, deliver it from "
                        "stock, or take it off the order; then release.",
                        vendor=purchase.partner_id.display_name,
                        products=products,
                        purchase=purchase.name,
                    ),
                )

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
