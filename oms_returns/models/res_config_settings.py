from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    oms_credit_days = fields.Integer(related="company_id.oms_credit_days", readonly=False)
    oms_exchange_days = fields.Integer(related="company_id.oms_exchange_days", readonly=False)
    oms_exchange_reserve_days = fields.Integer(related="company_id.oms_exchange_reserve_days", readonly=False)
    oms_exchange_price = fields.Selection(related="company_id.oms_exchange_price", readonly=False)
