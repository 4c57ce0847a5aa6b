from odoo import fields, models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    oms_tender = fields.Selection(
        [("gift_card", "Gift card"), ("store_credit", "Store credit"), ("cash", "Cash")],
        string="Paid With",
        readonly=True,
        copy=False,
        help="Gift cards and store credit redeem what the company owes; cash lies in a till. Empty: money that the channel "
        "took and pays out.",
    )
    oms_method = fields.Char(
        string="Channel's Payment Method", readonly=True, copy=False, help="What the channel calls how it was paid."
    )
    oms_journal_id = fields.Many2one(
        "account.journal",
        string="Booked In",
        readonly=True,
        copy=False,
        help="Where money that is paid in this way goes. Empty: where all of the channel's money goes.",
    )

    def _oms_is_own_credit(self):
        """Hook: whether this redeems store credit of which we keep the balances, and not the channel that told of it."""
        return False
