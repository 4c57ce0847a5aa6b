from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class OmsHandOver(models.TransientModel):
    """At the counter: who stands there, and what of it does he take?"""

    _name = "oms.hand.over"
    _description = "Hand Over"

    picking_id = fields.Many2one("stock.picking", string="Transfer", required=True, readonly=True, ondelete="cascade")
    partner_id = fields.Many2one(related="picking_id.partner_id", string="Customer")
    code = fields.Char(string="Pickup Code", help="What the customer was told when the goods were ready.")
    id_checked = fields.Boolean(
        string="Identity Checked", help="The customer has no code, and showed a document with the name on the order."
    )
    message = fields.Char(readonly=True)
    line_ids = fields.One2many("oms.hand.over.line", "wizard_id")

    @api.model_create_multi
    def create(self, vals_list):
        """Fill in what lies ready."""
        for vals in vals_list:
            picking = self.env["stock.picking"].browse(vals["picking_id"])
            vals["line_ids"] = [
                Command.create({"move_id": move.id, "quantity": move.quantity})
                for move in picking.move_ids
                if move.state not in ("done", "cancel")
            ]
        return super().create(vals_list)

    def action_hand_over(self):
        """Give the goods to whoever knows the code or has shown who he is."""
        self.ensure_one()
        self.picking_id.check_access("write")
        picking = self.picking_id
        picking._check_oms_can_be_handed_over()
        if self.id_checked:
            picking.message_post(body=self.env._("%s checked the identity of who took the goods.", self.env.user.name))
        else:
            # A wrong code is an answer and not an error: an error would also undo that it is counted.
            right, sentence = picking._oms_try_code(self.code or "")
            if not right:
                self.write({"message": sentence, "code": False})
                return self._oms_open()
        quantities = {line.move_id: line.quantity for line in self.line_ids}
        if not set(quantities) <= set(picking.move_ids):
            raise UserError(self.env._("Open the hand-over again: the delivery has changed since."))
        picking._oms_hand_over(quantities)
        return {"type": "ir.actions.act_window_close"}

    def _oms_open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Hand Over"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


class OmsHandOverLine(models.TransientModel):
    _name = "oms.hand.over.line"
    _description = "Hand Over Line"

    wizard_id = fields.Many2one("oms.hand.over", required=True, ondelete="cascade")
    move_id = fields.Many2one("stock.move", required=True, ondelete="cascade")
    product_id = fields.Many2one(related="move_id.product_id")
    ready = fields.Float(related="move_id.quantity", string="Ready")
    quantity = fields.Float(
        string="Taken", digits="Product Unit", help="Less than what is ready: the customer refused it."
    )
