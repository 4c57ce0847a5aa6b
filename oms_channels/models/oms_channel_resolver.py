"""What the codes in a channel's documents mean here, as people said on listings and mappings; else as the hub finds it."""

from odoo import fields, models

from odoo.addons.oms_core.const import DELIVERY_METHODS
from odoo.addons.oms_core.models.sale_order_resolver import Resolver

from ..domain.codes import codes, tax_code
from ..platforms import PLATFORMS
from .oms_channel_mapping import HOLDS


class ChannelResolver(Resolver):
    """Listings and mappings are looked up once for all documents of a batch, in one query each."""

    def __init__(self, channel, docs, noting=True):
        """:param noting: what is unknown is noted, for a person to say what it is."""
        super().__init__(channel, docs)
        self.docs = docs
        self.noting = noting and channel.platform in PLATFORMS
        # sudo: what listings and codes mean is for channel managers to say and for everybody to follow
        self.channel_sudo = channel.sudo()
        self._read_listings()
        self._read_mappings()

    # ------------------------------------------------------------------------------------------------------ PRODUCTS

    def _read_listings(self):
        lines = [line for doc in self.docs for line in doc.lines if line.kind == "product"]
        refs = {line.product_ref for line in lines if line.product_ref}
        skus = {line.sku for line in lines if line.sku}
        self.by_ref, self.by_sku = {}, {}
        listings_sudo = self.channel_sudo.env["oms.channel.listing"]
        if not refs and not skus:
            return
        found_sudo = listings_sudo.with_context(active_test=False).search(
            [
                ("channel_id", "=", self.channel.id),
                "|",
                ("external_id", "in", list(refs | skus)),
                ("sku", "in", list(skus)),
            ]
        )
        # What is archived here is not sold: its listings say nothing.
        found_sudo.product_id.fetch(["active"])
        self._index(found_sudo)
        if self.noting:
            unknown = {self._key(line): line for line in lines if self._key(line) and not self.known_product(line)}
            missing = [line for line in unknown.values() if not self.listing(line)]
            if missing:
                self._index(listings_sudo._note_sold(self.channel_sudo, [(self._key(ln), ln) for ln in missing]))

    def _index(self, listings_sudo):
        for listing_sudo in listings_sudo.sorted(lambda one: (not one.active, one.id)):
            self.by_ref.setdefault(listing_sudo.external_id, listing_sudo)
            if listing_sudo.sku:
                self.by_sku.setdefault(listing_sudo.sku, []).append(listing_sudo)

    @staticmethod
    def _key(line):
        """By what a line's listing is known."""
        return line.product_ref or line.sku

    def listing(self, line):
        """The listing of a line: by the channel's id, then by its SKU, where those with this SKU are one product."""
        if listing_sudo := self.by_ref.get(self._key(line)):
            return listing_sudo
        same_sku = self.by_sku.get(line.sku, []) if line.sku else []
        if len({(one.product_id.id, one.pack_size) for one in same_sku}) == 1:
            return same_sku[0]
        return self.channel_sudo.env["oms.channel.listing"]

    def _matched(self, line):
        listing_sudo = self.listing(line)
        return listing_sudo if listing_sudo.product_id.active else listing_sudo.browse()

    def known_product(self, line):
        if listing_sudo := self._matched(line):
            return listing_sudo.product_id.with_env(self.env)
        return super().known_product(line)

    def pack_size(self, line):
        if line.kind != "product":
            return 1
        return self._matched(line).pack_size or 1

    def line_values(self, line):
        listing = self.listing(line) if line.kind == "product" else None
        return {**super().line_values(line), "oms_listing_id": listing.id if listing else False}

    def unknown_reason(self, line):
        listing_sudo = self.listing(line)
        if not listing_sudo:
            return super().unknown_reason(line)
        if listing_sudo.product_id:
            return self.env._(
                "“%(name)s” is sold as “%(product)s”, which is archived. Choose another product for it under Channels > "
                "Listings; the order goes on by itself.",
                name=line.name,
                product=listing_sudo.product_id.display_name,
            )
        return self.env._(
            "Nobody has said yet which product “%(name)s” (%(sku)s) is. Choose it under Channels > Listings; the order goes "
            "on by itself.",
            name=line.name,
            sku=line.sku or self.env._("without a SKU"),
        )

    # --------------------------------------------------------------------------------------------------------- CODES

    def _read_mappings(self):
        self.codes_of = [(doc, frozenset(codes(doc))) for doc in self.docs]
        self.codes = dict.fromkeys(code for _doc, used in self.codes_of for code in used)
        self.answered = {}
        self.mappings = {}
        if self.codes:
            for mapping_sudo in self.channel_sudo.env["oms.channel.mapping"].search(
                [
                    ("channel_id", "=", self.channel.id),
                    ("external_code", "in", list({code.code for code in self.codes})),
                ]
            ):
                self.mappings[mapping_sudo.kind, mapping_sudo.external_code] = mapping_sudo

    def mapping(self, kind, code):
        return self.mappings.get((kind, code)) or self.channel_sudo.env["oms.channel.mapping"]

    def delivery_method(self, doc):
        if doc.delivery_method in dict(DELIVERY_METHODS):
            return doc.delivery_method
        return self.mapping("shipping", doc.shipping_method).delivery_method or super().delivery_method(doc)

    def carrier(self, doc):
        return self.mapping("shipping", doc.shipping_method).carrier_id.with_env(self.env) or super().carrier(doc)

    def pickup_place(self, doc):
        place = self.mapping("location", doc.pickup_ref).warehouse_id.with_env(self.env)
        return place or super().pickup_place(doc)

    def no_pickup_reason(self, doc):
        if not doc.pickup_ref or self.channel.platform not in PLATFORMS:
            return super().no_pickup_reason(doc)
        return self.env._(
            "The customer wants to fetch the goods at “%s”, and nobody has said which place here that is. Choose it under "
            "Channels > Mappings; the order goes on by itself.",
            self.mapping("location", doc.pickup_ref).external_name or doc.pickup_ref,
        )

    def unknown_tax_reason(self, tax, country):
        if self.channel.platform not in PLATFORMS:
            return super().unknown_tax_reason(tax, country)
        return self.env._(
            "The channel charged “%(name)s” of %(rate)s %%, and there is no sales tax of that rate for %(country)s. Choose the "
            "tax that it is under Channels > Mappings, and the order goes on by itself; or create it under Accounting > "
            "Configuration > Taxes, then choose Check Again.",
            name=tax.name,
            rate=tax.rate.normalize(),
            country=country.name,
        )

    def payment_values(self, payment):
        values = super().payment_values(payment)
        if not payment.tender and (mapping_sudo := self.mapping("payment", payment.method)):
            values.update(mapping_sudo._payment_values())
        return values

    def tax(self, tax, country):
        """A tax that somebody chose for this code, where it is one of the order's country; else the one of its rate."""
        if tax.remitted:
            return super().tax(tax, country)
        code = tax_code(tax)
        chosen = self.mapping("tax", code).tax_id
        if chosen.country_id != country or not chosen.active:
            chosen = chosen.browse()
        record = chosen.with_env(self.env) or super().tax(tax, country)
        # Of several orders with this code, one without an answer is one too many.
        self.answered["tax", code] = self.answered.get(("tax", code), True) and bool(record)
        return record

    def _is_answered(self, code):
        """Whether it is known what this code means, by whatever way."""
        mapping_sudo = self.mapping(code.kind, code.code)
        if mapping_sudo.is_decided or (mapping_sudo.is_covered and code.kind not in HOLDS):
            return True
        match code.kind:
            case "shipping":
                names = [doc for doc in self.docs if doc.shipping_method == code.code]
                match_name = self.env["oms.shipping.rule"]._match
                return all(doc.delivery_method or match_name(self.shipping_rules, code.code) for doc in names)
            case "payment":
                return bool(self.channel.clearing_journal_id)
            case "location":
                return code.code in self.places
            case _:
                return self.answered.get((code.kind, code.code), True)

    def finish(self, orders):
        """Note codes that are new here, and those that nobody can tell the meaning of."""
        super().finish(orders)
        if not self.codes or not self.noting:
            return
        rows = []
        for code in self.codes:
            is_answered = self._is_answered(code)
            if not is_answered or not self.mapping(code.kind, code.code):
                came_with = [orders.get(doc.external_id) for doc, used in self.codes_of if code in used]
                rows.append((code, is_answered, [order.id for order in came_with if order]))
        if rows:
            self.channel_sudo.env["oms.channel.mapping"]._note(self.channel_sudo, rows)


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _get_resolver(self, docs, noting=True):
        """Override of ``oms_core``: people say on listings and mappings what codes mean."""
        self.ensure_one()
        return ChannelResolver(self, docs, noting)


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    oms_listing_id = fields.Many2one(
        "oms.channel.listing",
        string="Listing",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="What was bought on the channel.",
    )
