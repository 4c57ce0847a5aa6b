"""What was picked and is not sent does not stay where nobody looks for it: a transfer brings it back to the shelf."""

from odoo import models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_on_unfulfillable(self, moves):
        """Override: of a place that picks before it ships, what its delivery leaves behind is to be put back."""
        result = super()._oms_on_unfulfillable(moves)
        self._oms_bring_back(moves)
        return result

    def _oms_bring_back(self, moves):
        """Have put back on the shelves what of these moves, given up, was taken from there and stands beside them."""
        moves_sudo = moves.sudo()  # sudo: who gives up a delivery has the goods put back, whatever they may else
        for picking, of_picking in moves_sudo.grouped("picking_id").items():
            node = picking.picking_type_id.warehouse_id
            back = picking._oms_make_way_back(of_picking._oms_get_left_behind(node))
            if back:
                picking.sale_id.message_post(
                    body=self.env._(
                        "What was picked for %(delivery)s stands in %(place)s; %(transfer)s brings it back to the shelf.",
                        delivery=picking.name,
                        place=back.location_id.display_name,
                        transfer=back.name,
                    )
                )


class StockMove(models.Model):
    _inherit = "stock.move"

    def _oms_get_left_behind(self, node):
        """[(product, quantity in its unit)] that these moves should have taken from beside the shelves of a place, have not,
        and that nothing else there wants."""
        left = []
        for move in self:
            if move.location_id.usage != "internal" or move.location_id._child_of(node.lot_stock_id):
                continue
            uom = move.product_id.uom_id
            taken = move.product_uom._compute_quantity(move.quantity, uom) if move.state == "done" else 0.0
            free = self.env["stock.quant"]._get_available_quantity(move.product_id, move.location_id, strict=True)
            short = min(move.product_qty - taken, free)
            if uom.compare(short, 0) > 0:
                left.append((move.product_id, short))
        return left
