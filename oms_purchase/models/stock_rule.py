from odoo import models


class StockRule(models.Model):
    _inherit = "stock.rule"

    def _get_matching_supplier(self, product_id, product_qty, product_uom, company_id, values):
        """Override of ``purchase_stock``: a vendor that rejected goods of an order line is not asked for them again."""
        if seller := values.get("oms_seller"):
            return seller
        return super()._get_matching_supplier(product_id, product_qty, product_uom, company_id, values)
