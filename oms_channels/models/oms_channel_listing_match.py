"""Listings find their products: in batches, by :mod:`..domain.listing_match`; the rest becomes one task."""

from collections import defaultdict

from odoo import api, fields, models

from odoo.addons.oms_core.const import INSIDE

from ..const import GUESS_PRODUCTS_MAX, TASK_NAMES_MAX
from ..domain.listing_match import Guesses, Known, Offer, Product, match


class OmsChannelListing(models.Model):
    _inherit = "oms.channel.listing"

    def _match(self, guesses=None):
        """Find the products of these listings of one channel that have none, in a fixed number of queries.

        :param guesses: what proposes products, where several batches share one.
        :return: what proposes products, for the next batch; ``None`` when it was not needed.
        """
        todo = self.filtered(lambda listing: not listing.product_id)
        if not todo:
            return guesses
        channel = todo.channel_id
        channel.ensure_one()
        known = todo._read_known(channel)
        matched = todo.browse()
        for listing in todo:
            offer = Offer(listing.sku or "", listing.barcode or "", listing.title or "")
            found = match(offer, known)
            if found.code == "none":
                guesses = guesses or self._read_guesses(channel)
                found = guesses.guess(offer)
            listing.with_context(oms_matching=INSIDE)._take(found)
            matched |= listing if found.product else listing.browse()
        matched._wake_waiting_orders()
        return guesses

    def _take(self, found):
        """Write down what was found; of what was found before and is the same, nothing."""
        values = {
            "match_code": found.code,
            "match_reason": self._explain(found),
            "match_percent": found.sure,
            "proposed_product_id": found.proposed or False,
            "proposed_pack_size": found.pack,
        }
        if found.product:
            values |= {"product_id": found.product, "fixed": found.code == "earlier"}
            if found.pack > 1 or found.code == "earlier":
                values["pack_size"] = found.pack
        self.write(
            {
                name: value
                for name, value in values.items()
                if (self[name].id if self._fields[name].type == "many2one" else self[name]) != value
            }
        )

    def _explain(self, found):
        """Why, in a sentence, where a person has to decide."""
        match found.code:
            case "ambiguous":
                names = ", ".join(self.env["product.product"].browse(found.candidates[:5]).mapped("display_name"))
                return self.env._("%(count)s products fit: %(names)s.", count=len(found.candidates), names=names)
            case "none":
                return self.env._("No product has this SKU or barcode, or a similar name.")
            case "pack_sku":
                return self.env._("The SKU without its ending is a product's; the ending says %s pieces.", found.pack)
            case "similar_sku":
                return self.env._("A product has this SKU but for hyphens, zeros and capitals.")
            case "name":
                return self.env._("The names have words in common.")
            case _:
                return False

    def _read_known(self, channel):
        """What is known of the products that these listings may be."""
        skus = {listing.sku for listing in self if listing.sku}
        barcodes = {listing.barcode for listing in self if listing.barcode}
        here = [("company_id", "in", (False, channel.company_id.id))]
        # sudo: which product has which SKU does not depend on who looks; companies are kept apart by the domain
        products_sudo = self.env["product.product"].sudo()
        by_sku, by_barcode, earlier = defaultdict(list), defaultdict(list), defaultdict(list)
        for product_sudo in products_sudo.search(
            [*here, "|", ("default_code", "in", list(skus)), ("barcode", "in", list(barcodes))], order="id"
        ):
            if product_sudo.default_code in skus:
                by_sku[product_sudo.default_code].append(product_sudo.id)
            if product_sudo.barcode in barcodes:
                by_barcode[product_sudo.barcode].append((product_sudo.id, 1))
        if barcodes:
            self._read_pack_barcodes(barcodes, channel.company_id, by_barcode)
        if skus:
            for listing in self.with_context(active_test=False).search(
                [
                    ("channel_id", "=", channel.id),
                    ("fixed", "=", True),
                    ("product_id", "!=", False),
                    ("sku", "in", list(skus)),
                ]
            ):
                earlier[listing.sku].append((listing.product_id.id, listing.pack_size))
        return Known(earlier, by_sku, by_barcode)

    @api.model
    def _read_pack_barcodes(self, barcodes, company, by_barcode):
        """Barcodes that stand on packs of a product: Odoo keeps them with the product's packagings."""
        packs_sudo = self.env["product.uom"].sudo()  # sudo: as for products
        for pack_sudo in packs_sudo.search(
            [
                ("barcode", "in", list(barcodes)),
                ("product_id.company_id", "in", (False, company.id)),
                ("product_id.active", "=", True),
            ]
        ):
            product_sudo = pack_sudo.product_id
            size = pack_sudo.uom_id._compute_quantity(1, product_sudo.uom_id, raise_if_failure=False)
            if size >= 1 and size == int(size):
                by_barcode[pack_sudo.barcode].append((product_sudo.id, int(size)))

    @api.model
    def _read_guesses(self, channel):
        """What proposes products by similar names, from what this company sells."""
        products_sudo = self.env["product.product"].sudo()  # sudo: as above
        found_sudo = products_sudo.search_fetch(
            [("sale_ok", "=", True), ("company_id", "in", (False, channel.company_id.id))],
            ["default_code", "name"],
            order="id",
            limit=GUESS_PRODUCTS_MAX,
        )
        ours = self._products_of_ours()
        return Guesses(
            Product(one_sudo.id, one_sudo.default_code or "", one_sudo.name or "")
            for one_sudo in found_sudo
            if one_sudo.id not in ours
        )

    @api.model
    def _products_of_ours(self):
        """Products that stand for what is no goods: nothing is offered under them."""
        rows = self.env["ir.model.data"].sudo()  # sudo: external ids are for administrators
        return set(rows.search([("module", "=", "oms_core"), ("model", "=", "product.product")]).mapped("res_id"))

    @api.model
    def _note_sold(self, channel, keys_and_lines):
        """Listings for what was sold and is not known here; matched at once where that can be done.

        :param keys_and_lines: (the channel's id, ``OrderLineDoc``) of each.
        """
        now = fields.Datetime.now()
        # The job that reads an order knows what it is called there, and no more.
        listings = self.with_context(oms_matching=INSIDE).create(
            [
                {
                    "channel_id": channel.id,
                    "external_id": key,
                    "sku": line.sku or False,
                    "title": line.name or line.sku or key,
                    "seen_at": now,
                }
                for key, line in keys_and_lines
            ]
        )
        listings._match()
        channel._refresh_listing_task()
        return listings


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    unmatched_count = fields.Integer(compute="_compute_unmatched_count", compute_sudo=True, string="Not Matched")

    def _compute_unmatched_count(self):
        counts = dict(
            self.env["oms.channel.listing"]._read_group(
                [("channel_id", "in", self.ids), ("product_id", "=", False)], ["channel_id"], ["__count"]
            )
        )
        for channel in self:
            channel.unmatched_count = counts.get(channel, 0)

    def _refresh_listing_task(self):
        """One task for each channel as long as a listing is not matched; it goes by itself with the last of them."""
        # sudo: who has to look does not depend on who found it
        listings_sudo = self.env["oms.channel.listing"].sudo()
        for channel in self:
            domain = [("channel_id", "=", channel.id), ("product_id", "=", False)]
            count = listings_sudo.search_count(domain)
            names = listings_sudo.search(domain, limit=TASK_NAMES_MAX).mapped("display_name") if count else []
            if count > len(names):
                names.append(self.env._("%s more", count - len(names)))
            summary = (
                self.env._("%s listings are not matched", count)
                if count > 1
                else self.env._("A listing is not matched")
            )
            intro = self.env._(
                "Say which products they are under Channels > Listings. Orders for them wait until then:"
            )
            channel._keep_task("listings", count and summary, [intro, *names])

    def action_view_unmatched(self):
        """The listings of this channel that nobody has matched yet."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_channel_matching_action")
        action["domain"] = [("channel_id", "=", self.id), ("product_id", "=", False)]
        return action

    def action_view_listings(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_channel_listing_action")
        action["domain"] = [("channel_id", "=", self.id)]
        return action
