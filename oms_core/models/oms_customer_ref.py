from odoo import fields, models


class OmsCustomerRef(models.Model):
    """Who a customer of a channel is here: the channel's id of a customer account beside the contact."""

    _name = "oms.customer.ref"
    _description = "Channel Customer"
    _rec_name = "external_id"

    channel_id = fields.Many2one("oms.channel", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    external_id = fields.Char(required=True)
    partner_id = fields.Many2one("res.partner", required=True, index=True, ondelete="cascade")

    _ref_uniq = models.Constraint("UNIQUE(channel_id, external_id)", "This customer of the channel is known already.")
