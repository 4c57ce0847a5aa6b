from odoo import models
from odoo.http import request

from odoo.addons.website_sale_collect.utils import format_product_stock_values


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def _get_additionnal_combination_info(self, product_or_template, quantity, uom, date, website):
        """Override of ``website_sale_collect``: a page shows what can be bought, for each way of getting it."""
        result = super()._get_additionnal_combination_info(product_or_template, quantity, uom, date, website)
        if not result.get("show_click_and_collect_availability"):
            return result
        product_sudo = product_or_template.sudo()  # sudo: what there is must not depend on who looks
        website_sudo = website.sudo()  # sudo: the same
        if result.get("delivery_stock_data"):
            result["delivery_stock_data"] = format_product_stock_values(
                product_sudo, free_qty=website_sudo._oms_get_sent_qty(product_sudo)
            )
        cart_sudo = request.cart
        if cart_sudo and cart_sudo.carrier_id.delivery_type == "in_store" and cart_sudo.pickup_location_data:
            free = cart_sudo._oms_get_store_qty(product_sudo, cart_sudo.pickup_location_data["id"])
        else:
            free = website_sudo._get_max_in_store_product_available_qty(product_sudo)
        result["in_store_stock_data"] = format_product_stock_values(product_sudo, free_qty=free)
        return result
