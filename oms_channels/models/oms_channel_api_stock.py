"""How many of each product an app may sell: read by page, by SKU, or what moved since."""

from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

from ..const import API_PAGE, API_PAGE_MAX, API_SINCE_OVERLAP_S, API_SKUS_MAX
from ..domain.problem import ApiProblem
from ..domain.reader import moment_of


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    def _api_stock(self, query):
        """:param query: ``skus``, ``since``, ``cursor``, ``limit``, as text.

        :return: (HTTP status, answer)
        """
        self.ensure_one()
        limit, cursor, skus = _whole(query, "limit", API_PAGE), _whole(query, "cursor", 0), []
        limit = max(1, min(limit, API_PAGE_MAX))
        # Of the transaction: what is committed meanwhile is not seen, and told next time.
        as_of = self.env.cr.now() - timedelta(seconds=API_SINCE_OVERLAP_S)
        # sudo: who has the channel's secret may know how much the channel can sell
        env_sudo = self.sudo().with_company(self.company_id).env
        domain = Domain(
            [
                ("default_code", "not in", (False, "")),
                ("type", "=", "consu"),
                ("sale_ok", "=", True),
                ("company_id", "in", (False, self.company_id.id)),
                ("id", ">", cursor),
            ]
        )
        if query.get("skus"):
            skus = [sku.strip() for sku in query["skus"].replace("\0", "").split(",") if sku.strip()]
            if len(skus) > API_SKUS_MAX:
                raise ApiProblem(
                    422, "too_many", f"{len(skus)} SKUs are more than {API_SKUS_MAX}. Ask in several requests."
                )
            domain &= Domain("default_code", "in", skus)
        if query.get("since"):
            since = moment_of(query["since"].replace(" ", "+"))  # a “+” that nobody escaped
            if since is None:
                raise ApiProblem(422, "bad_since", "“since” is no date and time. Write it as 2026-03-02T10:00:00Z.")
            moved = env_sudo["oms.stock.event"]._read_group(
                [("company_id", "=", self.company_id.id), ("at", ">=", since.replace(tzinfo=None))], ["product_id"]
            )
            domain &= Domain("id", "in", [product.id for (product,) in moved])
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
            "as_of": fields.Datetime.to_string(as_of).replace(" ", "T") + "Z",
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


def _whole(query, name, default):
    text = query.get(name) or ""
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ApiProblem(422, f"bad_{name}", f"“{name}” is no whole number.")
    return int(text)
