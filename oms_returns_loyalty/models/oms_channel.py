from odoo import fields, models

CREDIT_AS = [("balance", "A balance"), ("gift_card", "A gift card")]


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    return_credit_as = fields.Selection(
        CREDIT_AS,
        string="Store Credit for Returns Is",
        default="balance",
        required=True,
        help="What customers of this channel get who take store credit for a return: a balance that we keep for them, or a "
        "gift card by mail, which whoever has its code can spend. A return may say otherwise.",
    )
