from odoo import models


class PosSession(models.Model):
    _inherit = "pos.session"

    def _create_picking_at_end_of_session(self):
        """Override of ``point_of_sale``: the stock moves take over from what stood for them while the session was open."""
        result = super()._create_picking_at_end_of_session()
        self.order_ids._oms_sold_pending()._transition("posted")
        return result
