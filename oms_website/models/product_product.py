from odoo import api, fields, models


class ProductProduct(models.Model):
    _inherit = "product.product"

    oms_website_qty = fields.Float(
        string="For Sale On the Website",
        compute="_compute_oms_website_qty",
        compute_sudo=True,
        digits="Product Unit",
        help="What the channel in the context may sell of it: computed for a page of products at once.",
    )

    @api.depends("stock_quant_ids.quantity", "stock_quant_ids.reserved_quantity", "stock_move_ids.state")
    @api.depends_context("oms_website_channel")
    def _compute_oms_website_qty(self):
        channel = self.env["oms.channel"].browse(self.env.context.get("oms_website_channel"))
        quantities = self.env["oms.availability"]._get_channel_atp(channel, self) if channel else {}
        for product in self:
            product.oms_website_qty = float(quantities.get(product.id, 0))
