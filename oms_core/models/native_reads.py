"""Native forms that clerks, warehouses and accountants open from the lists here, each without the other's rights.

Odoo computes these counts and choices with the rights of the reader, so the whole form fails for who may read the order or
the transfer but not its invoices, packages or delivery methods. Only numbers and names are shown; opening one of the
documents behind them is checked as ever.
"""

from odoo import fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    invoice_count = fields.Integer(compute_sudo=True)
    invoice_ids = fields.Many2many(compute_sudo=True)


class StockPicking(models.Model):
    _inherit = "stock.picking"

    allowed_carrier_ids = fields.Many2many(compute_sudo=True)
    packages_count = fields.Integer(compute_sudo=True)
