"""What the channels were told about a listing and a product, where people look for it."""

from odoo import api, fields, models


class OmsChannelListing(models.Model):
    _inherit = "oms.channel.listing"

    stock_ids = fields.One2many("oms.channel.stock", "listing_id", string="Published Stock", readonly=True)
    content_ids = fields.One2many("oms.channel.content", "listing_id", string="Published Content", readonly=True)
    price_ids = fields.One2many("oms.channel.price", "listing_id", string="Published Prices", readonly=True)
    published_quantity = fields.Integer(
        compute="_compute_published", string="Published", help="What the channel was told last, at all of its places."
    )
    published_price = fields.Monetary(compute="_compute_published", help="What the channel was told last.")
    published_at = fields.Datetime(compute="_compute_published", string="Last Told")
    publish_error = fields.Text(compute="_compute_published", string="Not Taken")

    @api.depends("stock_ids.quantity", "stock_ids.error", "price_ids.price", "price_ids.error", "content_ids.error")
    def _compute_published(self):
        for listing in self:
            rows, prices = listing.stock_ids, listing.price_ids
            listing.published_quantity = sum(rows.filtered("pushed_at").mapped("quantity"))
            listing.published_price = prices[:1].price
            contents = listing.content_ids
            told = [*rows, *prices, *contents]
            moments = [row.pushed_at for row in told if row.pushed_at]
            listing.published_at = max(moments, default=False)
            errors = [row.error for row in told if row.error and row.state in ("refused", "gone", "due")]
            listing.publish_error = "\n".join(dict.fromkeys(errors)) or False

    def action_send_again(self):
        """Tell the channel about these listings again, although it refused: somebody has put it right."""
        self.channel_id.check_access("write")
        self.env["oms.channel.mark"].sudo()._mark_listings(self, again=True)  # sudo: for the job only


class ProductProduct(models.Model):
    _inherit = "product.product"

    oms_listing_count = fields.Integer(
        string="Channels",
        compute="_compute_oms_listing_count",
        groups="oms_core.group_oms_user,oms_core.group_oms_accountant",
    )

    def _compute_oms_listing_count(self):
        counts = dict(
            self.env["oms.channel.listing"]._read_group([("product_id", "in", self.ids)], ["product_id"], ["__count"])
        )
        for product in self:
            product.oms_listing_count = counts.get(product, 0)

    def action_oms_view_listings(self):
        """Where this product is listed, with what the channels were told."""
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_channel_listing_action")
        action["domain"] = [("product_id", "in", self.ids)]
        action["context"] = {"default_product_id": self.id if len(self) == 1 else False}
        return action


class ProductTemplate(models.Model):
    _inherit = "product.template"

    oms_listing_count = fields.Integer(
        string="Channels",
        compute="_compute_oms_listing_count",
        groups="oms_core.group_oms_user,oms_core.group_oms_accountant",
    )

    def _compute_oms_listing_count(self):
        for template in self:
            template.oms_listing_count = sum(template.product_variant_ids.mapped("oms_listing_count"))

    def action_oms_view_listings(self):
        """Where the variants of this product are listed."""
        return self.product_variant_ids.action_oms_view_listings()
