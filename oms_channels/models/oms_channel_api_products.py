"""What an app may sell, with stock and price, on demand with what it says and shows: by page, by SKU, or what changed since."""

from datetime import timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.fields import Domain

from ..const import API_CONTENT_PAGE_MAX, API_PAGE, API_PAGE_MAX, API_SINCE_OVERLAP_S, API_SKUS_MAX
from ..domain import query as asked
from ..domain.problem import ApiProblem
from ..domain.push import offer
from ..platforms.rest_api.render import number, picture_row

#: What ``with`` may ask for.
EXTRAS = ("content",)


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _api_products(self, query):
        """:param query: ``skus``, ``since``, ``cursor``, ``limit``, ``with``, as text.

        :return: (HTTP status, answer)
        """
        self.ensure_one()
        extras = [name.strip() for name in query.get("with", "").split(",") if name.strip()]
        if set(extras) - set(EXTRAS):
            raise ApiProblem(422, "bad_with", f"“with” may hold {', '.join(EXTRAS)} and nothing else.")
        most = API_CONTENT_PAGE_MAX if extras else API_PAGE_MAX
        limit = max(1, min(asked.whole(query, "limit", min(API_PAGE, most)), most))
        as_of = self.env.cr.now() - timedelta(seconds=API_SINCE_OVERLAP_S)
        # sudo: who has the channel's secret may know what the channel sells, how many of it, and for how much
        channel_sudo = self.sudo().with_company(self.company_id).with_context(lang=self._get_content_lang())
        since = asked.since(query)
        domain = self._api_sold_domain(asked.whole(query, "cursor", 0), also_before=bool(since))
        if skus := asked.skus(query, API_SKUS_MAX):
            domain &= Domain("default_code", "in", skus)
        if since:
            domain &= channel_sudo._api_changed_domain(since)
        found = (
            channel_sudo.env["product.product"]
            .with_context(active_test=not since)
            .search(domain, order="id", limit=limit + 1)
        )
        products = found[:limit]
        return 200, {
            "products": channel_sudo._api_product_rows(products, "content" in extras) if products else [],
            "cursor": str(products[-1].id) if len(found) > limit else "",
            "as_of": asked.stamp(as_of),
        }

    def _api_sold_domain(self, after, also_before=False):
        """Products that this channel may sell, by id.

        :param after: the last id that was told before.
        :param also_before: also what it may not sell any more.
        """
        domain = Domain(
            [
                ("default_code", "not in", (False, "")),
                ("type", "=", "consu"),
                ("company_id", "in", (False, self.company_id.id)),
                ("id", ">", after),
            ]
        )
        return domain if also_before else domain & Domain("sale_ok", "=", True)

    def _api_moved_since(self, since):
        """Ids of products of which what can be promised has moved, with the kits that they are parts of."""
        moved = self.env["oms.stock.event"]._read_group(
            [("company_id", "=", self.company_id.id), ("at", ">=", since)], ["product_id"]
        )
        products = self.env["product.product"].union(*(product for (product,) in moved))
        return (products | self.env["oms.availability"]._get_kits_of(products)).ids if products else []

    def _api_changed_domain(self, since):
        """Products of which something that is told may have changed: the product itself, its stock, its price.

        A price list changes for all at once: then everything is told again.
        """
        rules = self.env["product.pricelist.item"]
        now = fields.Datetime.now()
        changed = Domain("write_date", ">=", since)
        for name in ("date_start", "date_end"):
            changed |= Domain(name, ">=", since) & Domain(name, "<=", now)
        if rules.search_count(changed, limit=1):
            return Domain.TRUE
        return (
            Domain("write_date", ">=", since)
            | Domain("product_tmpl_id.write_date", ">=", since)
            | Domain("id", "in", self._api_moved_since(since))
        )

    def _api_product_rows(self, products, with_content):
        """What is told of these products, in a constant number of queries."""
        totals = self.env["oms.availability"]._get_channel_atp(self, products)
        prices = self._api_prices(products)
        moved = {
            product.id: at
            for product, at in self.env["oms.stock.event"]._read_group(
                [("company_id", "=", self.company_id.id), ("product_id", "in", products.ids)],
                ["product_id"],
                ["at:max"],
            )
        }
        contents = self._api_contents(products) if with_content else {}
        rows = []
        for product in products.with_context(display_default_code=False):
            quantity = totals.get(product.id)
            moments = (product.write_date, product.product_tmpl_id.write_date, moved.get(product.id))
            row = {
                "sku": product.default_code,
                "name": product.display_name,
                "sold": bool(product.active and product.sale_ok),
                "updated_at": asked.stamp(max(moment for moment in moments if moment)),
            }
            rows.append(row)
            if not row["sold"]:
                continue
            more = {
                "barcode": product.barcode or "",
                **(
                    {"unlimited": True}
                    if quantity is None
                    else {"available": format(max(quantity, 0).normalize(), "f")}
                ),
                **prices[product.id],
                **contents.get(product.id, {}),
            }
            row |= {name: value for name, value in more.items() if value != ""}
        return rows

    def _api_prices(self, products):
        """{product id: its price as this channel's prices are told}; nothing for what has none."""
        currency = self._get_price_currency()
        step = Decimal(repr(currency.rounding))
        rows = self.env["oms.channel.price"]

        def ask(pricelist):
            found = pricelist._get_products_price(products, 1.0, currency=currency)
            return {product.id: rows._tax(self, product, found[product.id], currency) for product in products}

        now = ask(self.pricelist_id)
        before = ask(self.compare_pricelist_id) if self.compare_pricelist_id else {}
        told = {}
        for product in products:
            made = offer(now[product.id], currency.name, step, before.get(product.id))
            told[product.id] = {"price": number(made.amount), "currency": made.currency} if made else {}
            if made and made.before is not None:
                told[product.id]["compare_at"] = number(made.before)
        return told

    def _api_contents(self, products):
        """{product id: description and pictures}"""
        listings = self.env["oms.channel.listing"]
        made = listings.union(
            *(
                listings.new(
                    {"channel_id": self.id, "product_id": product.id, "sku": product.default_code, "external_id": "-"}
                )
                for product in products
            )
        )
        contents, told = made._get_contents(), {}
        for listing in made:
            content = contents[listing.id]
            if not isinstance(content, str):
                told[listing.product_id.id] = {
                    "description": content.description,
                    "pictures": [picture_row(picture) for picture in content.pictures or ()],
                }
        return told
