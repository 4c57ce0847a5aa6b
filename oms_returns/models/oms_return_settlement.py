from odoo import fields, models
from odoo.exceptions import UserError

from .oms_return import OUTCOMES


class OmsReturnSettlement(models.Model):
    """What the customer got for so much of a return line. Written once, when it happens, and never changed.

    A row whose credit note is no longer posted does not count any more, and goes with the credit note.
    """

    _name = "oms.return.settlement"
    _description = "Return Settlement"
    _order = "id desc"
    _rec_name = "line_id"
    _check_company_auto = True

    line_id = fields.Many2one("oms.return.line", required=True, index=True, readonly=True, ondelete="restrict")
    return_id = fields.Many2one(related="line_id.return_id", store=True, index=True)
    company_id = fields.Many2one(related="line_id.company_id", store=True, index=True)
    product_id = fields.Many2one(related="line_id.product_id", store=True)
    quantity = fields.Float(digits="Product Unit", required=True, readonly=True, help="In the unit of the return line.")
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True)
    move_id = fields.Many2one(
        "account.move", string="Credit Note", index="btree_not_null", readonly=True, ondelete="cascade"
    )
    order_id = fields.Many2one(
        "sale.order",
        string="New Order",
        index="btree_not_null",
        readonly=True,
        ondelete="restrict",
        help="The order of an exchange or a replacement.",
    )
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one(related="line_id.currency_id")
    note = fields.Char(readonly=True)
    user_id = fields.Many2one(
        "res.users", string="By", required=True, readonly=True, default=lambda self: self.env.user
    )

    _quantity_check = models.Constraint("CHECK(quantity > 0)", "A settlement is about some of the goods.")

    def write(self, vals):
        """Override: what happened stays as it was written."""
        if set(vals) - {"return_id", "company_id", "product_id"}:
            raise UserError(self.env._("A settlement is not changed afterwards. Undo it with another document."))
        return super().write(vals)
