from odoo import models


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_is_reroutable(self):
        """Whether another site may bring what this cancelled move would have: not what has a route of its own, nor what
        the customer comes for, nor what was picked already and stands, neither on a shelf nor on its way, where only
        people can see it, nor a part of a kit of which the rest is on its way: a kit would be asked for as a whole."""
        self.ensure_one()
        line = self.sale_line_id
        is_on_shelf = self.location_id._child_of(self.warehouse_id.lot_stock_id)
        order = line.order_id
        is_part = self.product_id != line.product_id and any(
            move.state != "cancel" for move in line._oms_get_outgoing()
        )
        return bool(
            not is_part
            and order.oms_channel_id
            and not order._oms_is_pinned()
            and line._oms_is_sourced()
            and is_on_shelf
        )
