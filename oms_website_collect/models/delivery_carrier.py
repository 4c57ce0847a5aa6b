from odoo import models
from odoo.http import request

from odoo.addons.website_sale_collect.utils import format_product_stock_values


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    def _in_store_get_close_locations(self, partner_address, product_id=None):
        """Override of ``website_sale_collect``: the stores near a customer say what each has for the website."""
        stores = super()._in_store_get_close_locations(partner_address, product_id=product_id)
        if not str(product_id or "").isdigit():
            return stores  # asked at the checkout, for the whole cart (``sale.order._get_insufficient_stock_data``)
        product_sudo = self.env["product.product"].sudo().browse(int(product_id))  # sudo: whoever looks
        if product_sudo.is_storable:
            places = {store["id"] for store in stores}
            free = request.website.sudo()._oms_get_store_quantities(product_sudo, places)  # sudo: the same
            for store in stores:
                store["additional_data"]["in_store_stock_data"] = format_product_stock_values(
                    product_sudo, free_qty=free[store["id"]]
                )
        return stores
