"""How many of each product an app may sell: read by page, by SKU, or what moved since."""

from datetime import timedelta

from odoo import models
from odoo.fields import Domain

from ..const import API_PAGE, API_PAGE_MAX, API_SINCE_OVERLAP_S, API_SKUS_MAX
from ..domain import query as asked


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _api_stock(self, query):
        """:param query: ``skus``, ``since``, ``cursor``, ``limit``, as text.

        :return: (HTTP status, answer)
        """
        self.ensure_one()
        limit, cursor = asked.whole(query, "limit", API_PAGE), asked.whole(query, "cursor", 0)
        limit = max(1, min(limit, API_PAGE_MAX))
        # Of the transaction: what is committed meanwhile is not seen, and told next time.
        as_of = self.env.cr.now() - timedelta(seconds=API_SINCE_OVERLAP_S)
        # sudo: who has the channel's secret may know how much the channel can sell
        channel_sudo = self.sudo().with_company(self.company_id)
        env_sudo = channel_sudo.env
        domain = self._api_sold_domain(cursor)
        if skus := asked.skus(query, API_SKUS_MAX):
            domain &= Domain("default_code", "in", skus)
        if since := asked.since(query):
            domain &= Domain("id", "in", channel_sudo._api_moved_since(since))
        found = env_sudo["product.product"].search_fetch(domain, ["default_code", "name"], order="id", limit=limit + 1)
        products = found[:limit]
        totals = env_sudo["oms.availability"]._get_channel_atp(self.sudo(), products) if products else {}
        levels = []
        for product in products:
            quantity = totals.get(product.id)
            counted = (
                {"unlimited": True} if quantity is None else {"available": format(max(quantity, 0).normalize(), "f")}
            )
            levels.append({"sku": product.default_code, "name": product.name, **counted})
        if skus and not cursor and not query.get("since"):
            levels += self._api_listed_stock(env_sudo, set(skus) - {level["sku"] for level in levels})
        return 200, {
            "levels": levels,
            "cursor": str(products[-1].id) if len(found) > limit else "",
            "as_of": asked.stamp(as_of),
        }

    def _api_listed_stock(self, env_sudo, skus):
        """Of SKUs that are only the app's own: as many packs as may be sold of what they stand for."""
        listings = env_sudo["oms.channel.listing"].search(
            [("channel_id", "=", self.id), ("sku", "in", list(skus)), ("product_id", "!=", False)]
        )
        totals = env_sudo["oms.availability"]._get_channel_atp(self.sudo(), listings.product_id) if listings else {}
        levels = []
        for listing in listings:
            quantity = totals.get(listing.product_id.id)
            counted = (
                {"unlimited": True}
                if quantity is None
                else {"available": str(int(max(quantity, 0) // max(listing.pack_size, 1)))}
            )
            levels.append({"sku": listing.sku, "name": listing.title or listing.product_id.name, **counted})
        return levels
