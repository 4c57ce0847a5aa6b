"""Who notes that a channel may have to be told something else: what moves goods, keeps them back, offers them, prices them."""

from odoo import api, models

from odoo.addons.oms_core.const import INSIDE

from .oms_channel_listing_content import DESCRIPTIONS

#: What of a listing decides what its channel is told, or whether it takes it.
LISTING_FIELDS = (
    "product_id",
    "pack_size",
    "active",
    "publish_stock",
    "publish_price",
    "publish_content",
    "own_title",
    "own_description",
    "external_id",
    "sku",
    "parent_ref",
    "inventory_ref",
    "kind_ref",
    "currency_id",
)
#: … of a product decides what its page says and shows, whichever of them the database has.
CONTENT_FIELDS = {
    "name",
    "image_1920",
    "image_variant_1920",
    "attribute_line_ids",
    "product_template_attribute_value_ids",
    *DESCRIPTIONS,
}
PRICED_FIELDS = {"list_price", "lst_price", "taxes_id", "standard_price", "attribute_line_ids", "uom_id"}


class OmsChannelMarking(models.AbstractModel):
    """Rows of which each one that comes, changes or goes may change what channels are told."""

    _name = "oms.channel.marking"
    _description = "Changes What Channels Are Told"

    def _mark_channels(self):
        """To be overridden: note what has to be looked at because of these rows, as they are now."""
        raise NotImplementedError

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._mark_channels()
        return records

    def write(self, vals):
        self._mark_channels()  # where they were; what is looked at later is what is then
        result = super().write(vals)
        self._mark_channels()
        return result

    def unlink(self):
        self._mark_channels()
        return super().unlink()


class OmsStockEvent(models.Model):
    """The journal is read as it is; whoever writes it only wakes the reader."""

    _inherit = "oms.stock.event"

    def _wake_channels(self):
        channels = self.env["oms.channel"]
        if channels._pushing("stock"):
            channels._wake_push()

    @api.model
    def _log_moves(self, moves=None, kind=None):
        result = super()._log_moves(moves, kind)
        self._wake_channels()
        return result

    @api.model
    def _log_gone(self, moves):
        result = super()._log_gone(moves)
        self._wake_channels()
        return result

    @api.model
    def _log_reservations(self, reservations):
        result = super()._log_reservations(reservations)
        self._wake_channels()
        return result


class OmsStockBuffer(models.Model):
    _name = "oms.stock.buffer"
    _inherit = ["oms.stock.buffer", "oms.channel.marking"]

    def _mark_channels(self):
        for company in self.company_id:
            self.env["oms.channel.mark"].sudo()._mark(
                "stock", channels=company._oms_get_channels()
            )  # sudo: for the job only


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_get_channels(self):
        """The channels of these companies, for the job that tells them something."""
        return self.env["oms.channel"].sudo().search([("company_id", "in", self.ids)])  # sudo: for the job only


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    def _oms_tell_stock(self, quantities, told_at, source=""):
        """Override of ``oms_core``: what a third party or vendor tells to have is offered."""
        changed = super()._oms_tell_stock(quantities, told_at, source)
        if changed:
            products = self.env["product.product"].browse([product.id for product in quantities])
            kits = self.env["oms.availability"].with_company(self.company_id)._get_kits_of(products)
            channels = self.company_id._oms_get_channels()
            self.env["oms.channel.mark"].sudo()._mark("stock", products | kits, channels)  # sudo: for the job only
        return changed


class OmsChannelListing(models.Model):
    _inherit = "oms.channel.listing"

    @api.model_create_multi
    def create(self, vals_list):
        listings = super().create(vals_list)
        self.env["oms.channel.mark"].sudo()._mark_listings(listings, again=True)  # sudo: for the job only
        return listings

    def write(self, vals):
        names = [name for name in LISTING_FIELDS if name in vals]
        before = {listing: [listing[name] for name in names] for listing in self} if names else {}
        products = self.product_id if names else None
        result = super().write(vals)
        changed = self.browse([one.id for one, known in before.items() if known != [one[name] for name in names]])
        if changed and self.env.context.get("oms_by_push") is not INSIDE:
            marks = self.env["oms.channel.mark"].sudo()  # sudo: for the job only
            marks._mark_listings(changed, again=True)
            if "product_id" in names:  # others may sell what this one did
                marks._mark("stock", products, changed.channel_id)
        return result


class OmsChannelMapping(models.Model):
    _inherit = "oms.channel.mapping"

    def _mark_places(self):
        if channels := self.filtered(lambda mapping: mapping.kind == "location").channel_id:
            self.env["oms.channel.mark"].sudo()._mark("stock", channels=channels)  # sudo: for the job only

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        mappings._mark_places()
        return mappings

    def write(self, vals):
        result = super().write(vals)
        if not {"warehouse_id", "more_warehouse_ids", "external_code", "kind"}.isdisjoint(vals):
            self._mark_places()
        return result

    def unlink(self):
        self._mark_places()
        return super().unlink()


class ProductPricelistItem(models.Model):
    _name = "product.pricelist.item"
    _inherit = ["product.pricelist.item", "oms.channel.marking"]

    def _mark_channels(self):
        # Price lists may hang on others, so everything that is sold is looked at.
        self.env["oms.channel.mark"].sudo()._mark("prices")  # sudo: for the job only


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        result = super().write(vals)
        if not PRICED_FIELDS.isdisjoint(vals):
            self.env["oms.channel.mark"].sudo()._mark("prices", self.product_variant_ids)  # sudo: for the job only
        if not CONTENT_FIELDS.isdisjoint(vals):
            self._oms_content_changed()
        return result

    def _oms_content_changed(self):
        """Override of ``oms_core``: channels are told."""
        variants = self.with_context(active_test=False).product_variant_ids
        self.env["oms.channel.mark"].sudo()._mark("content", variants)  # sudo: for the job only
        return super()._oms_content_changed()


class ProductProduct(models.Model):
    _inherit = "product.product"

    def write(self, vals):
        result = super().write(vals)
        if not PRICED_FIELDS.isdisjoint(vals):
            self.env["oms.channel.mark"].sudo()._mark("prices", self)  # sudo: for the job only
        if not CONTENT_FIELDS.isdisjoint(vals):
            self.product_tmpl_id._oms_content_changed()
        return result
