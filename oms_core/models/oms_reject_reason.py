from odoo import fields, models


class OmsRejectReason(models.Model):
    """Why a place does not deliver what it was asked for, and what that says about its stock."""

    _name = "oms.reject.reason"
    _description = "Reason for a Rejection"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for all companies.")
    effect = fields.Selection(
        [
            ("none", "Stock is right"),
            ("variance", "The rejected pieces are not there"),
            ("zero", "Nothing of it is there"),
        ],
        string="Effect on Stock",
        required=True,
        default="none",
        help="Corrected by a native inventory adjustment at the place that rejects.",
    )
    collateral = fields.Boolean(
        string="Reject Everywhere Here",
        help="Also reject the same product in the other open deliveries of this place: what is broken for one is for all.",
    )


class OmsRejection(models.Model):
    """One thing that one place did not deliver: remembered, so that it is not asked for it again."""

    _name = "oms.rejection"
    _description = "Rejection"
    _order = "id desc"
    _check_company_auto = True
    _rec_name = "product_id"

    line_id = fields.Many2one("sale.order.line", index=True, ondelete="cascade", readonly=True)
    order_id = fields.Many2one("sale.order", index=True, ondelete="cascade", readonly=True)
    picking_id = fields.Many2one("stock.picking", index=True, ondelete="set null", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict", readonly=True)
    quantity = fields.Float(digits="Product Unit", required=True, readonly=True, help="In the product's unit.")
    reason_id = fields.Many2one("oms.reject.reason", required=True, ondelete="restrict", readonly=True)
    note = fields.Char(readonly=True)
    is_collateral = fields.Boolean(readonly=True, help="Rejected together with another delivery of the same product.")
    user_id = fields.Many2one("res.users", string="Rejected By", readonly=True)
    create_date = fields.Datetime(string="Rejected On", readonly=True)
