from odoo import api, fields, models
from odoo.fields import Command


class OmsVendorReject(models.TransientModel):
    """What a vendor will not send of what it should send to a customer."""

    _name = "oms.vendor.reject"
    _description = "Vendor Rejects"

    purchase_id = fields.Many2one("purchase.order", required=True, readonly=True, ondelete="cascade")
    partner_id = fields.Many2one(related="purchase_id.partner_id", string="Vendor")
    reason = fields.Char(help="In the words of the vendor. Customer service reads it on the order.")
    line_ids = fields.One2many(
        "oms.vendor.reject.line", "wizard_id", compute="_compute_line_ids", store=True, readonly=False
    )

    @api.depends("purchase_id")
    def _compute_line_ids(self):
        for wizard in self:
            wizard.line_ids = [Command.clear()] + [
                Command.create({"purchase_line_id": line.id, "quantity": line._oms_get_open()})
                for line in wizard.purchase_id.order_line
                if line._oms_get_open() > 0
            ]

    def action_reject(self):
        self.ensure_one()
        self.purchase_id.check_access("write")
        self.purchase_id._oms_vendor_reject(
            {line.purchase_line_id: line.quantity for line in self.line_ids}, self.reason
        )
        return {"type": "ir.actions.act_window_close"}


class OmsVendorRejectLine(models.TransientModel):
    _name = "oms.vendor.reject.line"
    _description = "Rejected Line"

    wizard_id = fields.Many2one("oms.vendor.reject", required=True, ondelete="cascade")
    purchase_line_id = fields.Many2one("purchase.order.line", string="Line", required=True, ondelete="cascade")
    product_id = fields.Many2one(related="purchase_line_id.product_id")
    open_quantity = fields.Float(string="Still to Be Sent", digits="Product Unit", compute="_compute_open_quantity")
    quantity = fields.Float(string="Rejected", digits="Product Unit", help="Zero: the vendor sends all of it.")

    @api.depends("purchase_line_id")
    def _compute_open_quantity(self):
        for line in self:
            line.open_quantity = line.purchase_line_id._oms_get_open() if line.purchase_line_id else 0.0
