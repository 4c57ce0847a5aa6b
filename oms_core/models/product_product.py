from odoo import api, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def _oms_content_changed(self):
        """What these products say or show has changed. To be extended by whoever tells others; whoever keeps pictures or texts of
        a product elsewhere calls it."""


class ProductProduct(models.Model):
    _inherit = "product.product"

    @api.model
    def _oms_match_skus(self, channel, skus):
        """Products by stock keeping unit (the internal reference), for all lines of a batch in one query.

        :return: {sku: product} with the skus that name exactly one product; an ambiguous one is left out, because
            shipping the wrong one of two is worse than asking.
        """
        products = self.search(
            [("default_code", "in", list(skus)), ("company_id", "in", [False, channel.company_id.id])]
        )
        by_sku = products.grouped("default_code")
        return {sku: candidates for sku, candidates in by_sku.items() if len(candidates) == 1}
