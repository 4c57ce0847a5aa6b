from odoo import fields, models


class OmsReturnOverride(models.TransientModel):
    """An exception from the return policies: what they say against it, and why it is made all the same."""

    _name = "oms.return.override"
    _description = "Exception From the Return Policies"

    return_id = fields.Many2one("oms.return", required=True, ondelete="cascade")
    refusals = fields.Text(related="return_id.policy_refusal", string="The Policies Say")
    reason = fields.Char(string="Why All the Same", required=True)

    def action_apply(self):
        self.ensure_one()
        self.check_access("write")
        self.return_id._override(self.reason)
