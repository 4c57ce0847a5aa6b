from odoo import models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_on_unfulfillable(self, moves):
        """Override of ``oms_core``: another site takes over; where there is none, the order stops and says so."""
        moves_sudo = moves.sudo()  # sudo: who gives up a delivery in a warehouse needs no right to what follows from it
        stuck_sudo = moves_sudo.browse()
        for order_sudo, of_order in moves_sudo.grouped(lambda move: move.sale_line_id.order_id).items():
            movable = of_order.filtered(lambda move: move._oms_is_reroutable())
            stuck_sudo |= of_order - movable
            if movable:
                order_sudo._oms_reroute(movable)
        return super()._oms_on_unfulfillable(stuck_sudo)
