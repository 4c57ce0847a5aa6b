from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PosPaymentMethod(models.Model):
    _inherit = "pos.payment.method"

    oms_is_store_credit = fields.Boolean(
        string="Store Credit",
        help="Redeems the customer's store credit, which is looked up when the sale is sent. It needs no journal: it is booked "
        "at once, in the journal of store credit.",
    )

    @api.onchange("oms_is_store_credit")
    def _onchange_oms_is_store_credit(self):
        if self.oms_is_store_credit:
            self.journal_id = False
            self.split_transactions = True

    @api.constrains("oms_is_store_credit", "journal_id", "split_transactions")
    def _check_oms_store_credit(self):
        for method in self.filtered("oms_is_store_credit"):
            if method.journal_id or not method.split_transactions:
                raise ValidationError(
                    self.env._(
                        "“%s” redeems store credit: take its journal out, and choose Identify Customer.",
                        method.display_name,
                    )
                )
