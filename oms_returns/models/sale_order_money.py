from dataclasses import replace
from decimal import Decimal

from odoo import models

#: Outcomes that credit what the goods were charged with.
CREDITED = ("refund", "credit", "exchange")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_open_goods(self):
        """Override of ``oms_core``: what came back and was accepted, and is not settled yet."""
        goods = super()._oms_get_open_goods()
        lines = self.env["oms.return.line"].search(
            [("order_id", "=", self.id), ("return_id.state", "=", "open"), ("outcome", "in", CREDITED)]
        )
        amount = Decimal(0)
        for line in lines.filtered(lambda line: line.quantity_to_settle > 0 and line.sale_line_id.product_uom_qty):
            sold = line.sale_line_id
            pieces = line.product_uom_id._compute_quantity(line.quantity_to_settle, sold.product_uom_id)
            amount += Decimal(repr(sold.price_total)) * Decimal(repr(pieces)) / Decimal(repr(sold.product_uom_qty))
        return replace(goods, to_credit=amount.quantize(Decimal(repr(self.currency_id.rounding))))


class AccountMove(models.Model):
    _inherit = "account.move"

    def _oms_get_orders(self):
        """Override of ``oms_core``: entries of a return are about its orders."""
        return super()._oms_get_orders() | self.oms_order_id | self.oms_return_id.order_ids
