from odoo import fields, models
from odoo.exceptions import UserError

from ..models.oms_store_credit import _exact


class OmsStoreCreditGive(models.TransientModel):
    """Store credit that a person gives or takes, with a reason: goodwill, or a mistake put right."""

    _name = "oms.store.credit.give"
    _description = "Correct Store Credit"

    partner_id = fields.Many2one("res.partner", string="Customer", required=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one("res.currency", required=True, default=lambda self: self.env.company.currency_id)
    amount = fields.Monetary(help="Below zero: credit is taken away.")
    expires_at = fields.Date(string="Good Until", default=lambda self: self.env.company._oms_get_credit_end())
    reason = fields.Char()

    def action_give(self):
        """Add it to the ledger, and book it."""
        self.ensure_one()
        self.check_access("write")
        credits = self.env["oms.store.credit.entry"]
        amount = _exact(self.currency_id, self.amount)
        if not amount:
            raise UserError(self.env._("Say how much store credit is given or taken."))
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why, for whoever reads the ledger later."))
        about = (self.partner_id, self.company_id, self.currency_id)
        key, account = f"correct:{self.id}:{self.partner_id.id}", self.company_id._oms_get_credit_account("given")
        if amount > 0:
            credits._give(*about, amount, key, account, "correct", expires_at=self.expires_at, reason=self.reason)
        else:
            credits._take(*about, -amount, key, account, "correct", reason=self.reason)
        return {"type": "ir.actions.act_window_close"}
