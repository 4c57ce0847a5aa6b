"""Thin stand-ins for what the other parts of returns bring: each goes when its owner has landed."""

from odoo import fields, models


class OmsReturn(models.Model):
    _inherit = "oms.return"

    exchange_until = fields.Date()
    exchange_order_ids = fields.Many2many("sale.order", compute="_compute_standin")

    def _compute_standin(self):
        self.exchange_order_ids = False

    def _reserve_exchange(self):
        return self.env["sale.order"]


class OmsReturnLine(models.Model):
    _inherit = "oms.return.line"

    exchange_product_id = fields.Many2one("product.product")


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_exchange_return_id = fields.Many2one("oms.return")

