from odoo import fields, models


class OmsChannel(models.Model):
    """Who tells the customers of a channel what, and in whose name."""

    _inherit = "oms.channel"

    owns_contact = fields.Boolean(
        string="Channel Writes to Customers",
        tracking=True,
        help="A marketplace that tells its customers itself, and does not want anybody else to write to them.",
    )
    relay_domains = fields.Char(
        help="Domains of addresses that only forward to customers, separated by commas. Nothing is sent there. Those of the "
        "large marketplaces are known."
    )
    sender_email = fields.Char(
        string="Sender",
        help="From which address customers of this channel are written to. Empty: the company's. The name is that of the "
        "channel.",
    )
    notification_rule_ids = fields.One2many("oms.notification.rule", "channel_id", string="Told Otherwise")
