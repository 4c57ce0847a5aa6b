from odoo import fields, models

from ..domain.cost_to_serve import KINDS, STANDINGS


class AccountAnalyticLine(models.Model):
    """What serving an order line cost, on the accounts of the plan “Order Cost”: see ``domain/cost_to_serve.py``.

    Lines with a journal item are what is booked there, shared out; they go when Odoo takes its entry out of the books, and are
    made anew when it comes back. Those without are apart: a label that is not billed yet, or an estimate.
    """

    _inherit = "account.analytic.line"

    oms_cost_key = fields.Char(string="Cost", readonly=True, copy=False, index="btree_not_null")
    oms_cost_kind = fields.Selection(list(KINDS.items()), string="Cost For", readonly=True, copy=False)
    oms_standing = fields.Selection(list(STANDINGS.items()), string="Standing", readonly=True, copy=False)
    oms_sale_line_id = fields.Many2one(
        "sale.order.line", string="Order Line", readonly=True, copy=False, index="btree_not_null", ondelete="cascade"
    )
    oms_order_id = fields.Many2one(
        "sale.order", string="Order", readonly=True, copy=False, index="btree_not_null", ondelete="cascade"
    )
    oms_channel_id = fields.Many2one("oms.channel", string="Channel", readonly=True, copy=False)
    oms_customer_id = fields.Many2one("res.partner", string="Customer", readonly=True, copy=False)

    _oms_cost_uniq = models.UniqueIndex(
        "(oms_cost_key, COALESCE(oms_sale_line_id, 0)) WHERE oms_cost_key IS NOT NULL", "This cost is kept already."
    )
