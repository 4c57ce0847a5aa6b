from odoo import models


class Website(models.Model):
    _inherit = "website"

    def _get_max_in_store_product_available_qty(self, product):
        """Override of ``website_sale_collect``: the most that one of the stores has for customers of this website."""
        stores = self.sudo().in_store_dm_id.warehouse_ids  # sudo: visitors may not read stores
        if not stores or not product.is_storable:
            return super()._get_max_in_store_product_available_qty(product)
        return max(self._oms_get_store_quantities(product, stores.ids).values())

    def _oms_get_store_quantities(self, product, warehouse_ids):
        """{warehouse id: what is there of a product for customers of this website, in its own unit}"""
        company = self.sudo().company_id  # sudo: what there is must not depend on who looks
        stores = self.env["stock.warehouse"].sudo().browse(warehouse_ids)  # sudo: the same
        free, _lineages = (
            self.env["oms.availability"]
            .sudo()  # sudo: the same
            .with_company(company)
            ._published_snapshot(product.sudo(), stores, company)
        )
        return {store: float(free.available(store, product.id)) for store in stores.ids}

    def _oms_get_sent_qty(self, product):
        """What the channel may send of a product; what lies in stores to be picked up only is not added to it."""
        channel = self._oms_get_channel()
        return product.with_context(oms_website_channel=channel.id).oms_website_qty
