from odoo import fields, models
from odoo.tools import SQL


class OmsPromiseReport(models.Model):
    """Promised and kept: a row for each delivery that has arrived. Where *Kept* falls below *Promised*, promises are too bold."""

    _name = "oms.promise.report"
    _description = "Promised and Kept"
    _auto = False
    _rec_name = "picking_id"
    _order = "delivered_at desc"
    _depends = {
        "stock.picking": [
            "state", "date_done", "carrier_id", "sale_id", "partner_id", "company_id", "picking_type_id", "oms_channel_id",
            "oms_delivered_at", "oms_promised_by", "oms_promised_percent",
        ],
        "stock.picking.type": ["warehouse_id"],
        "res.partner": ["country_id"],
        "sale.order": ["oms_deliver_by"],
    }  # fmt: skip

    picking_id = fields.Many2one("stock.picking", string="Delivery", readonly=True, aggregator="count_distinct")
    order_id = fields.Many2one("sale.order", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="From", readonly=True)
    country_id = fields.Many2one("res.country", string="To Country", readonly=True)
    carrier_id = fields.Many2one("delivery.carrier", string="Delivery Method", readonly=True)
    shipped_at = fields.Datetime(string="Shipped", readonly=True)
    delivered_at = fields.Datetime(string="Delivered", readonly=True)
    promised_by = fields.Datetime(readonly=True)
    promised = fields.Float(string="Promised (%)", aggregator="avg", readonly=True)
    kept = fields.Float(
        string="Kept (%)", aggregator="avg", readonly=True, help="Arrived by what was promised all but surely."
    )
    order_kept = fields.Float(
        string="In Time for the Customer (%)",
        aggregator="avg",
        readonly=True,
        help="Arrived by the day told to the customer.",
    )
    days_on_way = fields.Float(string="Days on the Way", aggregator="avg", readonly=True)
    hours_late = fields.Float(
        string="Hours after the Promise", aggregator="avg", readonly=True, help="Below zero: earlier than promised."
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT p.id,
                   p.id AS picking_id,
                   p.sale_id AS order_id,
                   p.company_id,
                   p.oms_channel_id AS channel_id,
                   t.warehouse_id,
                   a.country_id,
                   p.carrier_id,
                   p.date_done AS shipped_at,
                   p.oms_delivered_at AS delivered_at,
                   p.oms_promised_by AS promised_by,
                   CASE WHEN p.oms_promised_by IS NOT NULL THEN p.oms_promised_percent END AS promised,
                   CASE WHEN p.oms_promised_by IS NULL THEN NULL
                        WHEN p.oms_delivered_at <= p.oms_promised_by THEN 100.0 ELSE 0.0 END AS kept,
                   CASE WHEN o.oms_deliver_by IS NULL THEN NULL
                        WHEN p.oms_delivered_at <= o.oms_deliver_by THEN 100.0 ELSE 0.0 END AS order_kept,
                   EXTRACT(EPOCH FROM p.oms_delivered_at - p.date_done) / 86400 AS days_on_way,
                   EXTRACT(EPOCH FROM p.oms_delivered_at - p.oms_promised_by) / 3600 AS hours_late
              FROM stock_picking p
              JOIN stock_picking_type t ON t.id = p.picking_type_id
              LEFT JOIN sale_order o ON o.id = p.sale_id
              LEFT JOIN res_partner a ON a.id = p.partner_id
             WHERE p.state = 'done' AND t.code = 'outgoing' AND p.carrier_id IS NOT NULL AND p.oms_delivered_at IS NOT NULL
            """
        )
