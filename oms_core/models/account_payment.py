from odoo import fields, models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    oms_key = fields.Char(
        string="Posting Key",
        readonly=True,
        copy=False,
        help="Names the business event that this payment books; no event is booked twice.",
    )

    _oms_key_uniq = models.UniqueIndex("(oms_key) WHERE oms_key IS NOT NULL", "This event has been booked already.")
