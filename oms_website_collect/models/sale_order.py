from odoo import models


class SaleOrder(models.Model):
    """Who picks up in a store is served from that store, and from nowhere else."""

    _inherit = "sale.order"

    def _oms_get_cart_places(self):
        """Override of ``oms_website``: the store that the customer has chosen."""
        if self.carrier_id.delivery_type == "in_store":
            return self.sudo().warehouse_id  # sudo: visitors may not read stores
        return super()._oms_get_cart_places()

    def _get_free_qty(self, product):
        """Override of ``oms_website``: what the chosen store has for this cart."""
        if self.carrier_id.delivery_type == "in_store" and product.is_storable:
            return self._oms_get_store_qty(product, self.warehouse_id.id)
        return super()._get_free_qty(product)

    def _oms_get_store_qty(self, product, warehouse_id):
        """What a store has of a product for this cart, in the product's unit.

        A store that is none of the channel's may be picked up at all the same: Odoo's own setting names it.
        """
        # sudo: what there is must not depend on who buys
        place = self.env["stock.warehouse"].sudo().browse(warehouse_id)
        free, _lineages = (
            self.env["oms.availability"]
            .sudo()
            .with_company(self.company_id)
            ._published_snapshot(product.sudo(), place, self.sudo().company_id, but_orders=self)
        )
        return float(free.available(warehouse_id, product.id))

    def _get_insufficient_stock_data(self, wh_id):
        """Override of ``website_sale_collect``: of what is free in a store, what is set aside or kept back there cannot be
        picked up."""
        short = dict(super()._get_insufficient_stock_data(wh_id))
        for product, lines in self.order_line.grouped("product_id").items():
            if not product.is_storable or product.allow_out_of_stock_order:
                continue
            free = self._oms_get_store_qty(product, wh_id)
            for line in lines:
                there = max(int(product.uom_id._compute_quantity(free, line.product_uom_id, rounding_method="DOWN")), 0)
                if line.product_uom_qty > there:
                    short[line] = there
                    line.shop_warning = self.env._(
                        "%(there)s/%(wanted)s available at this location", there=there, wanted=int(line.product_uom_qty)
                    )
                else:
                    short.pop(line, None)
                free -= line.product_uom_id._compute_quantity(line.product_uom_qty, product.uom_id)
        return short
