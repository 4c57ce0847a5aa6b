from odoo import fields, models
from odoo.exceptions import UserError

from ..models.sale_order_refund import dec


class OmsReturnGive(models.TransientModel):
    """Money for what the customer keeps: less for goods with a fault, or goodwill."""

    _name = "oms.return.give"
    _description = "Give Money on Kept Goods"

    return_id = fields.Many2one("oms.return", required=True, readonly=True)
    kind = fields.Selection(
        [("adjustment", "Price adjustment"), ("goodwill", "Goodwill")],
        required=True,
        default="adjustment",
        help="A price adjustment is for the goods: whoever returns them later gets so much less. Goodwill is for the trouble.",
    )
    line_id = fields.Many2one(
        "oms.return.line",
        string="For",
        required=True,
        domain="[('return_id', '=', return_id), ('sale_line_id', '!=', False)]",
    )
    amount = fields.Monetary(string="Amount with Tax", required=True)
    currency_id = fields.Many2one(related="return_id.currency_id")
    why = fields.Char(required=True)
    is_given = fields.Boolean(readonly=True, help="Pressed again, because the answer was lost, nothing is given again.")

    def action_give(self):
        self.ensure_one()
        self.return_id.check_access("write")
        if self.currency_id.compare_amounts(self.amount, 0) <= 0:
            raise UserError(self.env._("Say how much the customer gets."))
        self.return_id.order_ids._oms_take_turn_to_return()
        self.lock_for_update()
        if not self.is_given:
            self.return_id._give(self.kind, self.line_id, dec(self.amount), self.why)
            self.is_given = True
        return {"type": "ir.actions.act_window_close"}
