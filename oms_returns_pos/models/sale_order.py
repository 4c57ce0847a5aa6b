from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_can_pay_back(self, source):
        """Override of ``oms_returns``: a till has a journal of its own."""
        return bool(self.env.context.get("oms_till")) or super()._oms_can_pay_back(source)
