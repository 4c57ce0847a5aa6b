from odoo import models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        """Override: what a vendor sends to the customer has left like any delivery, though it never was in a warehouse."""
        result = super()._action_done()
        sent = self.filtered(
            lambda picking: picking.state == "done" and picking.is_dropship and picking.sale_id.oms_channel_id
        )
        if sent:
            sent._oms_on_shipped()
            sent.sale_id._oms_wake_booking()
        return result
