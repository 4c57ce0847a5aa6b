from odoo import fields, models

from ..const import SUBSCRIPTION_CANCEL_REASONS


class OmsSubscriptionCancel(models.TransientModel):
    """Why a subscription ends before its time."""

    _name = "oms.subscription.cancel"
    _description = "Cancel Subscription"

    subscription_id = fields.Many2one("oms.subscription", required=True)
    reason = fields.Selection(SUBSCRIPTION_CANCEL_REASONS, required=True)
    note = fields.Char(string="In Their Words")

    def action_apply(self):
        self.ensure_one()
        self.subscription_id.check_access("write")
        self.subscription_id._cancel(self.reason, self.note)
        return {"type": "ir.actions.act_window_close"}
