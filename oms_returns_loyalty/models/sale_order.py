from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_offered_line(self, line, judged):
        """Override of ``oms_returns``: who would get a gift card reads so before asking."""
        offered = super()._oms_get_offered_line(line, judged)
        if self.oms_channel_id.return_credit_as == "gift_card":
            for entry in (*offered["outcomes"], *offered["refused"]):
                if entry["outcome"] == "credit":
                    entry["label"] = self.env._("Gift card")
        return offered
