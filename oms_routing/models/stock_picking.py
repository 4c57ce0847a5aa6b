from odoo import models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_on_unfulfillable(self, moves):
        """Override of ``oms_core``: another site takes over; where there is none, the order stops and says so."""
        stuck = moves.browse()
        for order, of_order in moves.grouped(lambda move: move.sale_line_id.order_id).items():
            if not order.oms_channel_id or not order._oms_reroute(of_order):
                stuck |= of_order
        if stuck:
            super()._oms_on_unfulfillable(stuck)
