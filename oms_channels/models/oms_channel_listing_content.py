"""What a listing says and shows: title, description and pictures of its product, in the channel's language."""

import re
from functools import partial
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import hmac
from odoo.tools.image import image_process

from ..const import PICTURE_MAX_BYTES
from ..domain.content import as_markup, as_text, clean, fit_pictures, one_line
from ..domain.outgoing import Content, Picture

#: Where the description for customers may stand, the best first; the first two come with a shop and a till.
DESCRIPTIONS = ("description_ecommerce", "public_description", "description_sale")
#: Characters of the digest of a picture's file that are its key.
KEY_CHARS = 16
#: Fields that hold pictures of products, of which somebody outside may see what a listing shows.
PICTURES = {
    "product.template": "image_1920",
    "product.product": "image_variant_1920",
    "product.image": "image_1920",
}
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}
JPEG = "image/jpeg"
#: What cannot be made a JPEG of.
DRAWN = ("image/svg+xml", "image/svg")
NAME_CHARS = 40
SIGNATURE_CHARS = 32


class OmsChannelListing(models.Model):
    _inherit = "oms.channel.listing"

    publish_content = fields.Boolean(help="Whether the channel is told its title, description and pictures.")
    own_title = fields.Char(
        string="Title to Send",
        copy=False,
        help="Instead of the product's name, as it is to stand in the channel's language.",
    )
    own_description = fields.Html(
        string="Description to Send", copy=False, help="Instead of the product's description."
    )

    def _get_contents(self):
        """{id: ``Content``, or a sentence why there is none} of listings of one channel, in a constant number of queries."""
        channel = self.channel_id
        rules = channel._adapter().capabilities.content
        lang = channel._get_content_lang()
        listings = self.with_context(lang=lang, display_default_code=False)
        pages = listings._get_pages(rules)
        shown = listings._get_pictures(pages, rules) if channel.content_pictures and rules.pictures else None
        host = urlsplit(channel.get_base_url()).hostname or ""
        found = {}
        for listing in listings:
            title, description = listing._get_title(pages[listing]), listing._get_description(rules, host)
            found[listing.id] = listing._get_content_refusal(pages[listing], title, description, rules) or Content(
                listing._to_ref(),
                title,
                description,
                None if shown is None else fit_pictures(shown[listing.id], rules),
                language=lang.partition("@")[0],
            )
        return found

    def _get_pages(self, rules):
        """{listing: it and those that share its page}; alone where each has a page of its own."""
        if not rules.by_page:
            return {listing: listing for listing in self}
        mates = self.with_context(active_test=False).search(
            [
                ("channel_id", "=", self.channel_id.id),
                ("parent_ref", "in", [ref for ref in self.mapped("parent_ref") if ref]),
                ("product_id", "!=", False),
            ],
            order="id",
        )
        by_page = mates.grouped("parent_ref")
        return {listing: by_page.get(listing.parent_ref) or listing for listing in self}

    def _get_title(self, mates):
        """The product's name; of a pack, with how many there are in it.

        :param mates: what shares its page. A page of several is called after the product and not after one of its variants.
        """
        self.ensure_one()
        if self.own_title:
            return one_line(self.own_title)
        product, sizes = self.product_id, set(mates.mapped("pack_size"))
        name = product.product_tmpl_id.name if len(mates) > 1 else product.display_name
        if sizes == {self.pack_size} and self.pack_size > 1:
            name = self.env._("%(name)s, pack of %(count)s", name=name, count=self.pack_size)
        return one_line(name or "")

    def _get_description(self, rules, host):
        self.ensure_one()
        template = self.product_id.product_tmpl_id
        sources = [(self, "own_description"), *((template, name) for name in DESCRIPTIONS if name in template._fields)]
        for record, name in sources:
            text = str(record[name] or "")
            markup = text if record._fields[name].type == "html" else as_markup(text)
            if said := clean(markup, rules.links, host):
                return said if rules.markup else as_text(said)
        return ""

    def _get_content_refusal(self, mates, title, description, rules):
        """Why this is not told; nothing if it can be."""
        if len(mates.product_id.product_tmpl_id) > 1 and not (self.own_title and self.own_description):
            return self.env._(
                "On the channel this is one page with several variants, and here they are different products. Give the listing a "
                "title and a description of its own."
            )
        if len(title) > rules.title_max:
            return self.env._(
                "The title has %(count)s characters and the channel takes %(most)s. Give the listing a shorter title of its own.",
                count=len(title),
                most=rules.title_max,
            )
        if len(description) > rules.description_max:
            return self.env._(
                "The description has %(count)s characters and the channel takes %(most)s. Give the listing a shorter description "
                "of its own.",
                count=len(description),
                most=rules.description_max,
            )
        return ""

    # ---------------------------------------------------------------------------------------------------- PICTURES

    def _get_pictures(self, pages, rules):
        """{listing id: its pictures}: a page shows those of all of its variants, a listing of its own those of its variant."""
        mates = self.browse().union(*pages.values())
        products = mates.product_id
        files = self._get_picture_files(products)
        found = {}
        for listing in self:
            variants, template = pages[listing].product_id, listing.product_id.product_tmpl_id
            own = [file for variant in variants for file in files.get(("product.product", variant.id), ())]
            common = files.get(("product.template", template.id), [])
            main = common + own if len(pages[listing]) > 1 else own[:1] or common
            more = [file for variant in variants for file in files.get(("more.product", variant.id), ())]
            more = files.get(("more.template", template.id), []) + more
            alt = template.name or ""
            found[listing.id] = [
                picture for file in main + more if (picture := self._make_picture(listing, file, alt, rules.kinds))
            ]
        return found

    @api.model
    def _get_picture_files(self, products):
        """{(model, id of a product or template): its files}, and under ``more.…`` those of further pictures."""
        wanted = {"product.template": products.product_tmpl_id.ids, "product.product": products.ids}
        owners = {}
        if "product.image" in self.env:
            # sudo: what a listing shows is for everybody
            images_sudo = self.env["product.image"].sudo()
            domain = Domain("product_tmpl_id", "in", wanted["product.template"]) | Domain(
                "product_variant_id", "in", products.ids
            )
            for image in images_sudo.search(domain, order="sequence, id"):
                key = ("more.product", image.product_variant_id.id) if image.product_variant_id else None
                owners[image.id] = key or ("more.template", image.product_tmpl_id.id)
            wanted["product.image"] = list(owners)
        domain = Domain.OR(
            Domain([("res_model", "=", model), ("res_field", "=", PICTURES[model]), ("res_id", "in", ids)])
            for model, ids in wanted.items()
        )
        files_sudo = (
            self.env["ir.attachment"]
            .sudo()
            .search_fetch(  # sudo: as above
                domain, ["res_model", "res_id", "checksum", "mimetype", "file_size"], order="id"
            )
        )
        rank = {image_id: index for index, image_id in enumerate(owners)}
        found = {}
        for file_sudo in files_sudo.sorted(
            lambda file: rank.get(file.res_id, 0) if file.res_model == "product.image" else -1
        ):
            owner = owners[file_sudo.res_id] if file_sudo.res_model == "product.image" else None
            found.setdefault(owner or (file_sudo.res_model, file_sudo.res_id), []).append(file_sudo)
        return found

    @api.model
    def _make_picture(self, listing, file_sudo, alt, kinds):
        """One picture as it is told; ``None`` for what no platform could show."""
        kind = file_sudo.mimetype or ""
        if not kind.startswith("image/") or kind in DRAWN or file_sudo.file_size > PICTURE_MAX_BYTES:
            return None
        kind = kind if kind in kinds else JPEG
        key = file_sudo.checksum[:KEY_CHARS]
        called = re.sub(r"[^0-9a-z]+", "-", (listing.sku or alt).lower()).strip("-")[:NAME_CHARS] or "picture"
        name = f"{called}-{key}.{ENDINGS[kind]}"
        signature = file_sudo._oms_sign_picture(ENDINGS[kind])
        return Picture(
            key,
            name,
            kind,
            partial(file_sudo._oms_read_picture, kind),
            f"{listing.channel_id.get_base_url()}/oms/picture/{file_sudo.id}/{signature}/{name}",
            alt,
        )


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def _oms_sign_picture(self, ending):
        """By what an address is known to have been given out by us, for exactly this content."""
        self.ensure_one()
        # sudo: the secret of the database signs, and is not shown
        return hmac(self.env(su=True), "oms-picture", f"{self.id}:{self.checksum}:{ending}")[:SIGNATURE_CHARS]

    def _oms_read_picture(self, kind):
        """The bytes of a picture, made a JPEG of where another kind is asked for."""
        self.ensure_one()
        raw = self.raw
        self.invalidate_recordset(["raw", "datas"])  # a batch of them would fill the memory
        return raw if kind == self.mimetype else image_process(raw, output_format=ENDINGS[kind].replace("jpg", "jpeg"))


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _get_content_lang(self):
        """The language in which this channel is told titles and descriptions."""
        self.ensure_one()
        wanted = (self.content_lang, self.company_id.partner_id.lang, "en_US")
        return next(code for code in wanted if code == "en_US" or (code and self.env["res.lang"]._get_data(code=code)))
