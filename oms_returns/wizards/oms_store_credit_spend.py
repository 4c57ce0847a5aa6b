from odoo import fields, models

from ..models.oms_store_credit import _exact


class OmsStoreCreditSpend(models.TransientModel):
    """How much of an order is paid with the customer's store credit."""

    _name = "oms.store.credit.spend"
    _description = "Pay With Store Credit"

    order_id = fields.Many2one("sale.order", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="order_id.currency_id")
    there = fields.Monetary(related="order_id.oms_credit_there", string="Can Be Spent")
    amount = fields.Monetary(required=True)

    def action_spend(self):
        """Pay."""
        self.ensure_one()
        self.order_id.check_access("write")
        self.order_id._oms_spend_credit(_exact(self.currency_id, self.amount))
        return {"type": "ir.actions.act_window_close"}
