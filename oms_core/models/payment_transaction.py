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
