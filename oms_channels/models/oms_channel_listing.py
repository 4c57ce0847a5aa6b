from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import INSIDE

from ..domain.outgoing import ListingRef

#: Why a listing is that product, or might be.
MATCH_CODES = [
    ("chosen", "Chosen by a person"),
    ("earlier", "Chosen earlier for this SKU"),
    ("sku", "Same SKU"),
    ("barcode", "Same barcode"),
    ("pack_barcode", "Barcode of a pack"),
    ("ambiguous", "Several products fit"),
    ("similar_sku", "Similar SKU"),
    ("pack_sku", "SKU of a pack"),
    ("name", "Similar name"),
    ("none", "Nothing fits"),
]


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
    match_code = fields.Selection(MATCH_CODES, string="Why", readonly=True, copy=False)
    match_reason = fields.Char(string="Reason", readonly=True, copy=False)
    proposed_product_id = fields.Many2one(
        "product.product",
        string="Proposal",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        copy=False,
        readonly=True,
    )
    proposed_pack_size = fields.Integer(string="Proposed Pieces", readonly=True, copy=False, default=1)
    match_percent = fields.Integer(string="How Sure", readonly=True, copy=False, help="Percent.")
    waiting_count = fields.Integer(
        string="Orders Waiting",
        compute="_compute_waiting_count",
        help="Orders that wait until somebody says what it is.",
    )

    _external_uniq = models.Constraint(
        "UNIQUE(channel_id, external_id)", "This listing of the channel is here already."
    )
    _pack_size_check = models.Constraint(
        "CHECK(pack_size BETWEEN 1 AND 1000000)", "One sold unit has at least one piece of the product in it."
    )
    _unmatched_idx = models.Index("(channel_id) WHERE product_id IS NULL AND active")

    @api.depends("title", "sku", "external_id")
    def _compute_display_name(self):
        for listing in self:
            name = listing.title or listing.sku or listing.external_id or ""
            listing.display_name = f"[{listing.sku}] {name}" if listing.sku and listing.sku != name else name

    def _compute_waiting_count(self):
        waiting = dict(
            self.env["sale.order.line"]._read_group(
                [("oms_listing_id", "in", self.ids), *self._waiting_domain()],
                ["oms_listing_id"],
                ["order_id:count_distinct"],
            )
        )
        for listing in self:
            listing.waiting_count = waiting.get(listing, 0)

    @api.model
    def _waiting_domain(self):
        """Lines of orders that wait for their product."""
        return [
            ("order_id.state", "in", ("draft", "sent")),
            ("product_id", "=", self.env.ref("oms_core.product_unmapped").id),
        ]

    # ------------------------------------------------------------------------------------------------------ WRITING

    @api.model_create_multi
    def create(self, vals_list):
        """Override: who enters a product has chosen it."""
        if self.env.context.get("oms_matching") is not INSIDE:
            vals_list = [
                {"fixed": True, "match_code": "chosen", **vals} if vals.get("product_id") else vals
                for vals in vals_list
            ]
        return super().create(vals_list)

    def write(self, vals):
        """Override: a product that a person chooses stays, and orders that waited for it go on."""
        by_person = self.env.context.get("oms_matching") is not INSIDE
        if by_person and "product_id" in vals:
            chosen = bool(vals["product_id"])
            vals = {
                "fixed": chosen,
                "match_code": "chosen" if chosen else "none",
                "match_reason": False,
                "proposed_product_id": False,
                "match_percent": 100 if chosen else 0,
                **vals,
            }
        result = super().write(vals)
        if by_person and "pack_size" in vals and "fixed" not in vals:
            if not_fixed := self.filtered(lambda listing: listing.product_id and not listing.fixed):
                super(OmsChannelListing, not_fixed).write({"fixed": True})
        if by_person and not {"product_id", "pack_size", "active"}.isdisjoint(vals):
            self.filtered("product_id")._wake_waiting_orders()
            self.channel_id._refresh_listing_task()
        return result

    def unlink(self):
        channels = self.channel_id
        result = super().unlink()
        channels.exists()._refresh_listing_task()
        return result

    def _wake_waiting_orders(self):
        """Have the orders checked again that wait for these listings."""
        if not self:
            return
        # sudo: whoever says what a listing is has the orders go on that waited for that, and changes nothing else of them
        lines_sudo = self.env["sale.order.line"].sudo()
        waiting_sudo = lines_sudo.search(
            [("order_id.oms_channel_id", "in", self.channel_id.ids), *self._waiting_domain()]
        )
        keys = {(listing.channel_id.id, listing.sku) for listing in self if listing.sku}
        waiting_sudo.filtered(
            lambda line: (
                line.oms_listing_id in self
                if line.oms_listing_id
                else (line.order_id.oms_channel_id.id, line.oms_sku) in keys
            )
        ).order_id._oms_check_again_soon()

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_accept(self):
        """Take the proposals of these listings as what they are."""
        self.check_access("write")
        proposed = self.filtered(lambda listing: listing.proposed_product_id and not listing.product_id)
        if not proposed:
            raise UserError(self.env._("There is no proposal for what you chose. Choose the product by hand."))
        for listing in proposed:
            listing.write({"product_id": listing.proposed_product_id.id, "pack_size": listing.proposed_pack_size or 1})

    def action_match(self):
        """Look again for the products of these listings, now that something was corrected."""
        self.check_access("write")
        for listings in self.filtered(lambda listing: not listing.product_id).grouped("channel_id").values():
            listings._match()
        self.channel_id._refresh_listing_task()

    def action_create_product(self):
        """A new product of what the channel says about a listing."""
        self.check_access("write")
        products = self.env["product.product"]
        products.check_access("create")
        for listing in self.filtered(lambda listing: not listing.product_id):
            product = products.create(listing._prepare_product())
            listing.write({"product_id": product.id})
        created = self.product_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Products"),
            "res_model": "product.product",
            "views": [(False, "form")] if len(created) == 1 else [(False, "list"), (False, "form")],
            "res_id": created.id if len(created) == 1 else False,
            "domain": [("id", "in", created.ids)],
        }

    def _prepare_product(self):
        self.ensure_one()
        company = self.company_id
        here = [("company_id", "in", (False, company.id))]
        products = self.env["product.product"].with_context(active_test=False)
        values = {
            "name": self.title or self.sku or self.external_id,
            "is_storable": True,
            "company_id": company.id,
        }
        if self.sku and not products.search_count([("default_code", "=", self.sku), *here], limit=1):
            values["default_code"] = self.sku
        if self.barcode and not products.search_count([("barcode", "=", self.barcode), *here], limit=1):
            values["barcode"] = self.barcode
        if self.price and self.pack_size == 1 and self.currency_id == company.currency_id:
            values["list_price"] = self.price
        return values

    def action_view_waiting(self):
        """The orders that wait for this listing."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_order_action")
        lines = self.env["sale.order.line"].search([("oms_listing_id", "=", self.id), *self._waiting_domain()])
        action["domain"] = [("id", "in", lines.order_id.ids)]
        return action

    # ----------------------------------------------------------------------------------------------------- BUSINESS

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

    listing_ids = fields.One2many(
        "oms.channel.listing",
        "channel_id",
        string="Listings",
        groups="oms_core.group_oms_user,oms_core.group_oms_accountant",
    )
