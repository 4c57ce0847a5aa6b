from odoo import fields, models

from ..domain.restock import SERVICE_MAX, SERVICE_MIN


class ResCompany(models.Model):
    """How a company wants its stock planned."""

    _inherit = "res.company"

    oms_forecast_bucket = fields.Selection(
        [("week", "Weeks"), ("day", "Days")],
        string="Forecast By",
        required=True,
        default="week",
        help="Days, where deliveries come every few days. Weeks say more of what is wanted seldom.",
    )
    oms_service_method = fields.Selection(
        [("target", "How sure one wants to be"), ("cost", "What it costs to have too little or too much")],
        string="Safety Stock From",
        required=True,
        default="target",
    )
    oms_service_target = fields.Float(
        string="Enough Until The Delivery (%)", default=95.0, help="So many times of a hundred there is enough."
    )
    oms_holding_rate = fields.Float(
        string="Cost of Keeping (% A Year)",
        default=25.0,
        help="Capital, space, insurance and what goes out of date, as a share of what the goods cost.",
    )
    oms_order_cycle_days = fields.Integer(
        string="An Order Lasts (Days)", default=14, help="For how many days of demand is ordered at once."
    )
    oms_overstock_weeks = fields.Integer(
        string="Too Much From (Weeks)", default=26, help="What is there beyond so many weeks of demand is overstock."
    )
    oms_restock_auto = fields.Boolean(
        string="Apply Restock Proposals",
        help="Reordering rules that nobody made or changed by hand follow the proposals by themselves.",
    )
    oms_buffer_auto = fields.Boolean(
        string="Apply Buffer Proposals", help="Buffers that nobody made or changed by hand follow the proposals."
    )
    oms_oversell_penalty = fields.Monetary(
        string="Cost of an Oversold Piece",
        default=10.0,
        help="What it costs to call off an order: work, fees of the marketplace, a customer who does not come back.",
    )
    oms_publish_minutes = fields.Float(
        string="Channels Are Told After (min)",
        default=5.0,
        help="Until a channel shows that something was sold elsewhere.",
    )

    _oms_planning_check = models.Constraint(
        f"CHECK(oms_service_target BETWEEN {SERVICE_MIN * 100:g} AND {SERVICE_MAX * 100:g} AND oms_holding_rate >= 0 "
        "AND oms_order_cycle_days BETWEEN 1 AND 365 AND oms_overstock_weeks BETWEEN 1 AND 520 "
        "AND oms_oversell_penalty >= 0 AND oms_publish_minutes BETWEEN 0 AND 1440)",
        "Service is between 50 and 99.9 %, an order lasts 1 to 365 days, too much begins at 1 to 520 weeks, a channel is told "
        "within a day, and costs are not below zero.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    oms_forecast_bucket = fields.Selection(related="company_id.oms_forecast_bucket", readonly=False)
    oms_service_method = fields.Selection(related="company_id.oms_service_method", readonly=False)
    oms_service_target = fields.Float(related="company_id.oms_service_target", readonly=False)
    oms_holding_rate = fields.Float(related="company_id.oms_holding_rate", readonly=False)
    oms_order_cycle_days = fields.Integer(related="company_id.oms_order_cycle_days", readonly=False)
    oms_overstock_weeks = fields.Integer(related="company_id.oms_overstock_weeks", readonly=False)
    oms_restock_auto = fields.Boolean(related="company_id.oms_restock_auto", readonly=False)
    oms_buffer_auto = fields.Boolean(related="company_id.oms_buffer_auto", readonly=False)
    oms_planning_currency_id = fields.Many2one(related="company_id.currency_id", string="Planning Currency")
    oms_oversell_penalty = fields.Monetary(
        related="company_id.oms_oversell_penalty", readonly=False, currency_field="oms_planning_currency_id"
    )
    oms_publish_minutes = fields.Float(related="company_id.oms_publish_minutes", readonly=False)
