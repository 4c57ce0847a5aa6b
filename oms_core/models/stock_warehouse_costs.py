from odoo import fields, models


class StockWarehouse(models.Model):
    """What work costs at a place, so that reports can tell what it cost to fulfil an order."""

    _inherit = "stock.warehouse"

    oms_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of Costs")
    oms_cost_per_line = fields.Monetary(
        string="Cost to Pick a Line",
        currency_field="oms_currency_id",
        help="Walking to the shelf and back, for one line.",
    )
    oms_cost_per_order = fields.Monetary(
        string="Cost of a Delivery", currency_field="oms_currency_id", help="Papers and checks, for one delivery."
    )
    oms_cost_per_parcel = fields.Monetary(
        string="Cost to Pack a Parcel",
        currency_field="oms_currency_id",
        help="Carton, filling and work, for one parcel.",
    )

    _oms_costs_check = models.Constraint(
        "CHECK(oms_cost_per_line >= 0 AND oms_cost_per_order >= 0 AND oms_cost_per_parcel >= 0)",
        "What work costs cannot be negative.",
    )
