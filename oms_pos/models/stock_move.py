from odoo import models

from odoo.addons.oms_core.const import INSIDE


class StockMove(models.Model):
    _inherit = "stock.move"

    def write(self, vals):
        """Override of ``stock``: ``pos_sale`` calls off what is handed over at the till of an order's delivery, whenever the
        sale comes from the till once more. The delivery of what the till itself ships later is not called off for that: it
        brings all that was sold but what was given back."""
        if "product_uom_qty" not in vals or self.env.context.get("oms_at_till") is not INSIDE:
            return super().write(vals)
        own = self.filtered(lambda move: move._oms_is_of_its_till())
        for move in own:
            super(StockMove, move).write({**vals, "product_uom_qty": move._oms_get_not_given_back()})
        return super(StockMove, self - own).write(vals)

    def _oms_is_of_its_till(self):
        """Whether this delivers what a till has sold, and ships later."""
        sale = self.sale_line_id.order_id.oms_pos_order_id
        return bool(sale) and self.picking_id.pos_order_id == sale

    def _oms_get_not_given_back(self):
        """How much of this move, in its unit, is still to be brought."""
        line = self.sale_line_id
        wanted = self._oms_get_not_refunded()
        others = line.move_ids.filtered(
            lambda move: (
                move != self
                and move.product_id == self.product_id
                and move.state != "cancel"
                and move.picking_id.pos_order_id == self.picking_id.pos_order_id
                and move.location_dest_id == self.location_dest_id
            )
        )
        unit = self.product_id.uom_id
        open_quantity = max(0.0, wanted - sum(others.mapped("product_qty")))
        return min(
            self.product_uom_qty, unit._compute_quantity(open_quantity, self.product_uom, rounding_method="HALF-UP")
        )

    def _oms_get_not_refunded(self):
        """How much of this product, in its unit, the customer of this move gets in all: what was sold but what was given back."""
        line = self.sale_line_id
        sold = line.sudo().pos_order_line_ids  # sudo: what was given back counts at whichever till it was
        sold |= sold.refund_orderline_ids
        wanted = sum(sold.filtered(lambda one: one.order_id.state not in ("draft", "cancel")).mapped("qty"))
        return wanted * line._oms_get_parts().get(self.product_id, 1.0)

    def _oms_get_sold(self, lines):
        """{move: lines of the till whose goods it brings}: Odoo's own answer, asked once for each product.

        It names what is in a kit for lines of the part alone as well: a move of a kit is the kit's.
        """
        sold = {}
        for of_product in lines.grouped("product_id").values():
            for move in of_product[:1]._get_stock_moves_to_consider(self, of_product.product_id):
                sold[move] = sold.get(move, lines.browse()) | of_product
        return {
            move: lines.filtered(lambda line, move=move: line.product_id != move.product_id) or lines
            for move, lines in sold.items()
        }


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _create_picking_from_pos_order_lines(self, location_dest_id, lines, picking_type, partner=False):
        """Override of ``point_of_sale``: what is given back before it left does not come in, as less of it leaves."""
        lines -= lines.filtered(lambda line: line._oms_never_left())
        return super()._create_picking_from_pos_order_lines(location_dest_id, lines, picking_type, partner)
