from odoo import models


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    def _get_outcome_labels(self):
        """Override of ``oms_returns``: customers who get a gift card read so."""
        labels = super()._get_outcome_labels()
        if self and set(self.return_id.mapped("credit_as")) == {"gift_card"}:
            labels["credit"] = self.env._("Gift card")
        return labels
