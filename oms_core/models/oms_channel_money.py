from odoo import fields, models


class OmsChannel(models.Model):
    """What a channel's word counts for where money is concerned."""

    _inherit = "oms.channel"

    tax_mode = fields.Selection(
        [("trust", "As the channel says"), ("compare", "Compare with the taxes here")],
        string="Taxes",
        required=True,
        default="trust",
        tracking=True,
        help="Orders always carry the taxes that the channel charged. With “compare”, an order waits when the taxes set "
        "here come to another amount than the lines can explain by rounding.",
    )
    cash_journal_id = fields.Many2one(
        "account.journal",
        string="Till",
        check_company=True,
        domain="[('type', '=', 'cash')]",
        help="Cash that customers pay is booked here. Empty: with the channel's other money.",
    )
    test_orders = fields.Selection(
        [("hold", "Keep on hold"), ("ignore", "Ignore")],
        required=True,
        default="hold",
        help="Orders that the shop marks as placed to try it out.",
    )
