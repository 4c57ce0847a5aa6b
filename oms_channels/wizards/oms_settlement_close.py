from odoo import api, fields, models


class OmsSettlementClose(models.TransientModel):
    """Say why nothing is left to do about rests of payouts, and book what is open of them."""

    _name = "oms.settlement.close"
    _description = "Settle Rests of Payouts"

    rest_ids = fields.Many2many("oms.settlement.rest", required=True, string="Rests")
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    can_book_off = fields.Boolean(compute="_compute_company_id")
    reason = fields.Char(required=True, help="Kept with the rest, and told on the payout.")
    account_id = fields.Many2one(
        "account.account",
        string="Book What Is Open To",
        check_company=True,
        help="What still stands on the account where the payout booked it is booked here. Empty: it stays there, to be "
        "reconciled with what is to come.",
    )

    @api.depends("rest_ids")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.rest_ids.company_id[:1]
            wizard.can_book_off = any(wizard.rest_ids.mapped("can_book_off"))

    def action_close(self):
        self.ensure_one()
        self.check_access("write")
        self.rest_ids._close_by_hand(self.reason, self.account_id)
        return {"type": "ir.actions.act_window_close"}
