from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    oms_credit_days = fields.Integer(related="company_id.oms_credit_days", readonly=False)
    oms_exchange_days = fields.Integer(related="company_id.oms_exchange_days", readonly=False)
    oms_exchange_reserve_days = fields.Integer(related="company_id.oms_exchange_reserve_days", readonly=False)
    oms_exchange_price = fields.Selection(related="company_id.oms_exchange_price", readonly=False)
    oms_return_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of Returns")
    oms_return_four_eyes_amount = fields.Monetary(
        related="company_id.oms_return_four_eyes_amount", readonly=False, currency_field="oms_return_currency_id"
    )
    oms_return_label_cost = fields.Monetary(
        related="company_id.oms_return_label_cost", readonly=False, currency_field="oms_return_currency_id"
    )
    oms_return_receiving_cost = fields.Monetary(
        related="company_id.oms_return_receiving_cost", readonly=False, currency_field="oms_return_currency_id"
    )
    oms_return_inspecting_cost = fields.Monetary(
        related="company_id.oms_return_inspecting_cost", readonly=False, currency_field="oms_return_currency_id"
    )
    oms_return_moving_cost = fields.Monetary(
        related="company_id.oms_return_moving_cost", readonly=False, currency_field="oms_return_currency_id"
    )
    oms_return_remind_days = fields.Integer(related="company_id.oms_return_remind_days", readonly=False)
    oms_return_close_days = fields.Integer(related="company_id.oms_return_close_days", readonly=False)
    oms_return_carrier_id = fields.Many2one(related="company_id.oms_return_carrier_id", readonly=False)
