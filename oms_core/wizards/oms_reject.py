from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class OmsReject(models.TransientModel):
    """What of a delivery this place does not bring, and why."""

    _name = "oms.reject"
    _description = "Reject a Delivery"

    picking_id = fields.Many2one("stock.picking", string="Transfer", required=True, readonly=True, ondelete="cascade")
    reason_id = fields.Many2one("oms.reject.reason")
    effect = fields.Selection(related="reason_id.effect", string="Effect on Stock")
    collateral = fields.Boolean(related="reason_id.collateral")
    note = fields.Char(help="For those who look at it later.")
    line_ids = fields.One2many("oms.reject.line", "wizard_id")

    @api.model_create_multi
    def create(self, vals_list):
        """All of it is proposed."""
        for vals in vals_list:
            picking = self.env["stock.picking"].browse(vals["picking_id"])
            vals["line_ids"] = [
                Command.create({"move_id": move.id, "quantity": move.product_qty})
                for move in picking.move_ids
                if move.state not in ("done", "cancel")
            ]
        return super().create(vals_list)

    def action_reject(self):
        """Reject, and have it brought from elsewhere."""
        self.ensure_one()
        picking = self.picking_id
        picking.check_access("write")
        if not self.reason_id:
            raise UserError(self.env._("Choose a reason: it decides whether the stock is corrected."))
        if not set(self.line_ids.move_id) <= set(picking.move_ids):
            raise UserError(self.env._("Open the rejection again: the delivery has changed since."))
        picking._oms_reject({line.move_id: line.quantity for line in self.line_ids}, self.reason_id, self.note or "")
        return {"type": "ir.actions.act_window_close"}


class OmsRejectLine(models.TransientModel):
    _name = "oms.reject.line"
    _description = "Reject Line"

    wizard_id = fields.Many2one("oms.reject", required=True, ondelete="cascade")
    move_id = fields.Many2one("stock.move", required=True, ondelete="cascade")
    product_id = fields.Many2one(related="move_id.product_id")
    wanted = fields.Float(related="move_id.product_qty", string="Wanted")
    quantity = fields.Float(string="Rejected", digits="Product Unit")
