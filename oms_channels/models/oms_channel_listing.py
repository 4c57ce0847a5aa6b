from odoo import fields, models

from ..domain.outgoing import ListingRef


class OmsChannelListing(models.Model):
    """Something that a channel offers, and which product of ours it is.

    One unit sold there may be several pieces here: ``pack_size``. What has no product yet waits for a person; orders for it
    wait with it.
    """

    _name = "oms.channel.listing"
    _description = "Channel Listing"
    _order = "channel_id, sku, id"
    _rec_name = "title"
    _check_company_auto = True

    channel_id = fields.Many2one("oms.channel", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    product_id = fields.Many2one(
        "product.product",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        help="What is sold under this listing. Empty: nobody has said yet, and orders for it wait.",
    )
    external_id = fields.Char(
        string="Channel ID", required=True, help="What the channel calls it in orders: its variant, variation or offer."
    )
    sku = fields.Char(string="SKU", index="btree_not_null", help="The stock keeping unit, as the channel has it.")
    parent_ref = fields.Char(string="Channel's Product ID", help="The product above a variant.")
    inventory_ref = fields.Char(
        string="Channel's Stock ID", help="What its quantity hangs on, where that is another id."
    )
    kind_ref = fields.Char(string="Channel's Kind of Product")
    title = fields.Char()
    barcode = fields.Char()
    pack_size = fields.Integer(
        required=True, default=1, help="Pieces of the product in one sold unit: 6 for a case of six bottles."
    )
    active = fields.Boolean(default=True, help="Whether the channel still has it.")
    publish_stock = fields.Boolean(default=True, help="Whether the channel is told how many there are.")
    publish_price = fields.Boolean(help="Whether the channel is told what it costs.")
    price = fields.Monetary(help="What it costs on the channel.")
    currency_id = fields.Many2one("res.currency")
    seen_at = fields.Datetime(string="Last Seen", readonly=True, copy=False)
    fixed = fields.Boolean(
        string="Chosen by a Person", copy=False, help="Somebody chose the product; no automatism changes it."
    )

    _external_uniq = models.Constraint(
        "UNIQUE(channel_id, external_id)", "This listing of the channel is here already."
    )
    _pack_size_check = models.Constraint(
        "CHECK(pack_size BETWEEN 1 AND 1000000)", "One sold unit has at least one piece of the product in it."
    )

    def _to_ref(self, location_ref=""):
        """This listing by all the ids that a platform's calls ask for.

        :param location_ref: the platform's place, where a quantity is meant at one.
        """
        self.ensure_one()
        return ListingRef(
            external_id=self.external_id,
            sku=self.sku or "",
            parent_id=self.parent_ref or "",
            inventory_ref=self.inventory_ref or "",
            location_ref=location_ref,
            kind=self.kind_ref or "",
        )


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    listing_ids = fields.One2many("oms.channel.listing", "channel_id", string="Listings")
