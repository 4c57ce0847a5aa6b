from odoo import fields, models
from odoo.tools import SQL

from ..domain.carbon import LAST_MILE, MODES


class OmsCarbonReport(models.Model):
    """What deliveries emitted: a row for each delivery that left and each version of the factors.

    A version that is added restates all of history beside the others; *in force* marks what counts for each delivery.
    """

    _name = "oms.carbon.report"
    _description = "Emissions of Deliveries"
    _auto = False
    _rec_name = "picking_id"
    _order = "shipped_at desc"
    _depends = {
        "stock.picking": [
            "state", "date_done", "carrier_id", "sale_id", "partner_id", "company_id", "picking_type_id", "oms_channel_id",
            "oms_way_km", "oms_way_basis", "oms_carried_kg", "oms_mode", "oms_last_mile_km",
        ],
        "stock.picking.type": ["warehouse_id"],
        "res.partner": ["country_id", "tz"],
        "res.company": ["partner_id", "resource_calendar_id"],
        "resource.calendar": ["tz"],
        "oms.carbon.version": ["valid_from", "active"],
        "oms.carbon.factor": ["version_id", "mode", "grams_per_tkm", "detour"],
    }  # fmt: skip

    picking_id = fields.Many2one("stock.picking", string="Delivery", readonly=True, aggregator="count_distinct")
    order_id = fields.Many2one("sale.order", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="From", readonly=True)
    country_id = fields.Many2one("res.country", string="To Country", readonly=True)
    carrier_id = fields.Many2one("delivery.carrier", string="Delivery Method", readonly=True)
    mode = fields.Selection(MODES, string="Transport", readonly=True)
    basis = fields.Selection(
        [("address", "Address"), ("postal", "Postal area"), ("country", "Country")],
        string="Way Measured By",
        readonly=True,
    )
    shipped_at = fields.Datetime(string="Shipped", readonly=True)
    version_id = fields.Many2one("oms.carbon.version", string="Factors", readonly=True)
    in_force = fields.Boolean(string="Factors in Force", readonly=True)
    way_km = fields.Float(string="Way (km)", aggregator="avg", readonly=True)
    carried_kg = fields.Float(string="Carried (kg)", readonly=True)
    tonne_km = fields.Float(string="t·km", digits=(16, 3), readonly=True)
    carbon = fields.Float(string="CO₂e (g)", digits=(16, 1), readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT p.id::bigint * 10000 + v.id AS id,
                   p.id AS picking_id,
                   p.sale_id AS order_id,
                   p.company_id,
                   p.oms_channel_id AS channel_id,
                   t.warehouse_id,
                   a.country_id,
                   p.carrier_id,
                   p.oms_mode AS mode,
                   p.oms_way_basis AS basis,
                   p.date_done AS shipped_at,
                   v.id AS version_id,
                   v.id = (SELECT f.id FROM oms_carbon_version f
                            WHERE f.active
                            ORDER BY f.valid_from <= left_on.day DESC,
                                     CASE WHEN f.valid_from <= left_on.day THEN f.valid_from END DESC,
                                     f.valid_from, f.id DESC LIMIT 1) AS in_force,
                   p.oms_way_km AS way_km,
                   p.oms_carried_kg AS carried_kg,
                   p.oms_carried_kg * p.oms_way_km / 1000 AS tonne_km,
                   CASE WHEN p.oms_mode = 'none' THEN 0
                        ELSE round((p.oms_carried_kg / 1000
                             * (GREATEST(p.oms_way_km - p.oms_last_mile_km, 0) * m.grams_per_tkm * m.detour
                                + LEAST(p.oms_way_km, p.oms_last_mile_km) * l.grams_per_tkm * l.detour))::numeric,
                             1) END AS carbon
              FROM stock_picking p
              JOIN stock_picking_type t ON t.id = p.picking_type_id
              JOIN res_company c ON c.id = p.company_id
              CROSS JOIN LATERAL %(zone)s zone
              CROSS JOIN LATERAL (SELECT (p.date_done AT TIME ZONE 'UTC' AT TIME ZONE zone.tz)::date AS day) left_on
              LEFT JOIN res_partner a ON a.id = p.partner_id
              CROSS JOIN oms_carbon_version v
              LEFT JOIN oms_carbon_factor m ON m.version_id = v.id AND m.mode = p.oms_mode
              LEFT JOIN oms_carbon_factor l ON l.version_id = v.id AND l.mode = %(last_mile)s
             WHERE p.state = 'done' AND p.oms_way_basis IS NOT NULL AND v.active
            """,
            last_mile=LAST_MILE,
            zone=self.env["res.company"]._oms_zone_sql("c"),
        )
