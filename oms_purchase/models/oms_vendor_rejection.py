from odoo import fields, models


class OmsVendorRejection(models.Model):
    """So much of an order line one vendor will not send: remembered, so that it is not asked for it again."""

    _name = "oms.vendor.rejection"
    _description = "Rejected by Vendor"
    _order = "id desc"
    _rec_name = "product_id"

    sale_line_id = fields.Many2one("sale.order.line", required=True, index=True, ondelete="cascade", readonly=True)
    order_id = fields.Many2one(related="sale_line_id.order_id", store=True, index=True)
    company_id = fields.Many2one(related="sale_line_id.company_id", store=True, index=True)
    purchase_id = fields.Many2one("purchase.order", index="btree_not_null", ondelete="set null", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Vendor", required=True, ondelete="restrict", readonly=True)
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict", readonly=True)
    quantity = fields.Float(digits="Product Unit", required=True, readonly=True, help="In the product's unit.")
    reason = fields.Char(readonly=True, help="In the words of the vendor.")
    user_id = fields.Many2one("res.users", string="Entered By", readonly=True, default=lambda self: self.env.user)

    _quantity_positive = models.Constraint("CHECK(quantity > 0)", "A rejected quantity is greater than zero.")
