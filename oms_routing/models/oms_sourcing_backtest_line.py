from decimal import Decimal

from odoo import fields, models

from ..domain.backtest import JOINT, PLANNER, SAME, STOCK
from .oms_sourcing_backtest import SIDES


class OmsSourcingBacktestLine(models.Model):
    """What would have come of one order, on one side of a trial."""

    _name = "oms.sourcing.backtest.line"
    _description = "Order in a Trial"
    _order = "backtest_id, decided_at, decision_id, side desc"

    backtest_id = fields.Many2one("oms.sourcing.backtest", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="backtest_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    decision_id = fields.Many2one("oms.sourcing.decision", required=True, index=True, ondelete="cascade")
    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade")
    decided_at = fields.Datetime(string="Decided")
    side = fields.Selection(SIDES, required=True)
    is_changed = fields.Boolean(string="Leaves from Elsewhere")
    sites = fields.Char()
    cost = fields.Monetary(aggregator="avg")
    parcels = fields.Integer(aggregator="avg")
    km = fields.Float(string="Kilometres", digits=(16, 1), aggregator="avg")
    days = fields.Float(digits=(16, 2), aggregator="avg")
    has_days = fields.Boolean()
    late = fields.Float(aggregator="avg", digits=(16, 3))
    rejections = fields.Integer(aggregator="avg")
    carbon = fields.Float(string="CO2e (g)", digits=(16, 1), aggregator="avg")
    waiting = fields.Float(string="Must Wait", aggregator="avg", digits=(16, 3))
    parts = fields.Json(help="What leaves and what waits where, so that an interrupted trial can go on.")
    decisive = fields.Json(help="The rules without which it would be shipped differently, where this was asked.")
    parity = fields.Selection(
        [
            (SAME, "As it was decided"),
            (STOCK, "The stock differs"),
            (PLANNER, "The planner has changed"),
            (JOINT, "Decided together with others"),
        ],
        string="Reproduced",
    )
    parity_note = fields.Char(string="Why")

    def _get_parts(self):
        """(ships, waits) as the simulation takes them."""
        self.ensure_one()
        return tuple(
            tuple((node, product, Decimal(units)) for node, product, units in self.parts[name])
            for name in ("ships", "waits")
        )
