from decimal import Decimal

from odoo import api, models


class SaleOrderLine(models.Model):
    """What the till delivered and charged counts once, whatever else looks at the line.

    ``pos_sale`` links a line of an order with the lines of the till that settle it. The same link stands on the orders that
    are made of sales (``pos_order_capture.py``).
    """

    _inherit = "sale.order.line"

    @api.depends("product_id", "pos_order_line_ids")
    def _compute_name(self):
        """Override of ``pos_sale``, which renames what a refund refunds: here a refund is an order of its own."""
        return super(SaleOrderLine, self.filtered(lambda line: not line.order_id.oms_pos_order_id))._compute_name()

    @api.depends(
        "pos_order_line_ids.qty_delivered",
        "pos_order_line_ids.order_id.state",
        "pos_order_line_ids.refund_orderline_ids.order_id.state",
    )
    def _compute_qty_delivered(self):
        return super()._compute_qty_delivered()

    def _prepare_qty_delivered(self):
        """Override of ``pos_sale``.

        * What is given back at the till is told by the refund, which is an order (or a line) of its own: what has left has
          left, and nobody has to send it again.
        * What the till ships later is delivered when its transfer is, and not once more because it was sold.
        """
        delivered = super()._prepare_qty_delivered()
        for line in self:
            sold = line.sudo().pos_order_line_ids  # sudo: what was delivered must not depend on who may see the tills
            if not sold or line not in delivered or line.product_id.type == "service":
                continue
            if line.order_id.oms_pos_order_id.sudo().shipping_date:  # sudo: as above
                if line.move_ids and line.product_id not in line.move_ids.product_id:
                    # Of a kit the till does not know what has left; its parts tell it.
                    delivered[line] = line._oms_get_shipped()
                    continue
                parts = sold.filtered(lambda part: part.order_id.state != "cancel")
                delivered[line] = sum(self._convert_qty(line, part.qty_delivered, "p2s") for part in parts)
                continue
            refunds = sold.refund_orderline_ids.filtered(lambda part: part.order_id.state not in ("cancel", "draft"))
            if all(picking.state == "done" for picking in refunds.order_id.picking_ids):
                delivered[line] -= sum(self._convert_qty(line, part.qty, "p2s") for part in refunds)
        return delivered

    def _prepare_qty_invoiced(self):
        """Override of ``pos_sale``: of an order of the till nothing is left to invoice, its rounding included."""
        invoiced = super()._prepare_qty_invoiced()
        for line in self.filtered(lambda line: line.order_id.oms_pos_order_id):
            invoiced[line] = line.product_uom_qty
        return invoiced

    # ------------------------------------------------------------------------------------------------ FOR THE OTHER CHANNELS

    @api.depends("pos_order_line_ids.qty", "pos_order_line_ids.order_id.state")
    def _compute_qty_to_invoice(self):
        """Override of ``oms_core``: see ``_oms_get_charged``; and of what the till sold nothing is left to invoice."""
        sold = self.filtered(lambda line: line.order_id.oms_pos_order_id)
        sold.qty_to_invoice = 0.0
        return super(SaleOrderLine, self - sold)._compute_qty_to_invoice()

    def _oms_get_charged(self):
        """Override of ``oms_core``: what was paid at the till is charged, and is not invoiced again."""
        charged, credited = super()._oms_get_charged()
        sold = self.sudo().pos_order_line_ids._oms_is_paid()  # sudo: how much is charged must not depend on who looks
        charged += self._oms_in_own_unit(sold)
        credited -= self._oms_in_own_unit(sold.refund_orderline_ids._oms_is_paid())
        return charged, credited

    def _oms_get_shipped(self):
        """Override of ``oms_core``: what was handed over at the till has left, too."""
        shipped = super()._oms_get_shipped()
        if self.order_id.oms_pos_order_id.sudo().shipping_date:  # sudo: as above
            return shipped
        sold = self.sudo().pos_order_line_ids._oms_is_paid()  # sudo: as above
        if all(picking.state == "done" for picking in sold.order_id.picking_ids):
            shipped += float(self._oms_in_own_unit(sold))
        return shipped

    def _oms_in_own_unit(self, parts):
        """How much lines of the till are together, in the unit of this line."""
        return sum((Decimal(repr(self._convert_qty(self, part.qty, "p2s"))) for part in parts), Decimal(0))
