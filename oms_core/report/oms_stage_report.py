from odoo import fields, models
from odoo.tools import SQL

from ..const import DELIVERY_METHODS, SOURCE_TYPES
from .oms_order_report import OmsOrderReport

#: (stage, label, measure of the order report). In the order in which an order goes through them.
STAGES = [
    ("1_capture", "Capture", "capture_hours"),
    ("2_hold", "On hold", "hold_hours"),
    ("3_release", "Release", "release_hours"),
    ("4_pick", "Pick", "pick_hours"),
    ("5_ship", "Pack and ship", "ship_hours"),
    ("6_deliver", "Deliver", "deliver_hours"),
]


class OmsStageReport(models.Model):
    """How long orders stay in each stage: a row for each order and stage that it has left. The longest bar is the bottleneck."""

    _name = "oms.stage.report"
    _description = "Order Stage Report"
    _auto = False
    _rec_name = "order_id"
    _order = "hours desc"
    _depends = OmsOrderReport._depends

    order_id = fields.Many2one("sale.order", readonly=True, aggregator="count_distinct")
    company_id = fields.Many2one("res.company", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    source_type = fields.Selection(SOURCE_TYPES, string="Kind of Channel", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="Place", readonly=True)
    delivery_method = fields.Selection(DELIVERY_METHODS, readonly=True)
    stage = fields.Selection([(code, label) for code, label, _measure in STAGES], readonly=True)
    ordered_at = fields.Datetime(string="Ordered", readonly=True)
    hours = fields.Float(string="Average Hours", aggregator="avg", readonly=True)
    hours_total = fields.Float(string="Total Hours", readonly=True)

    @property
    def _table_query(self):
        stages = SQL(", ").join(
            SQL("(%s, r.%s::float, %s)", code, SQL.identifier(measure), number)
            for number, (code, _label, measure) in enumerate(STAGES)
        )
        return SQL(
            """
            SELECT r.order_id * %(count)s + v.number AS id,
                   r.order_id,
                   r.company_id,
                   r.channel_id,
                   r.source_type,
                   r.warehouse_id,
                   r.delivery_method,
                   r.ordered_at,
                   v.stage,
                   v.hours,
                   v.hours AS hours_total
              FROM (SELECT DISTINCT ON (order_id) * FROM (%(report)s) report ORDER BY order_id, id) r
             CROSS JOIN LATERAL (VALUES %(stages)s) v(stage, hours, number)
             WHERE v.hours IS NOT NULL
            """,
            count=len(STAGES),
            report=self.env["oms.order.report"]._table_query,
            stages=stages,
        )
