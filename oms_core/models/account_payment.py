from odoo import api, fields, models

from .account_move import refuse_by_hand, refuse_name_by_hand


class AccountPayment(models.Model):
    _inherit = "account.payment"

    oms_key = fields.Char(
        string="Posting Key",
        readonly=True,
        copy=False,
        help="Names the business event that this payment books; no event is booked twice.",
    )

    _oms_key_uniq = models.UniqueIndex("(oms_key) WHERE oms_key IS NOT NULL", "This event has been booked already.")

    @api.model_create_multi
    def create(self, vals_list):
        """Override: as for entries."""
        refuse_name_by_hand(self, {name for vals in vals_list for name in vals if vals[name]})
        return super().create(vals_list)

    def write(self, vals):
        """Override: as for the entry of the payment."""
        refuse_by_hand(self, vals, "move_id.state")
        return super().write(vals)

    @api.depends("journal_id")
    def _compute_outstanding_account_id(self):
        """Override of ``account``: cash that a channel took is in the till at once; there is no statement to wait for."""
        result = super()._compute_outstanding_account_id()
        for payment in self:
            if payment.oms_key and payment.journal_id.type == "cash" and not payment.outstanding_account_id:
                payment.outstanding_account_id = payment.journal_id.default_account_id
        return result
