"""How long parcels really take on each way, learned every night from those that arrived."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, ormcache

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.domain.rates import find_zone

from ..const import CARRIERS_LEARNED_MAX, LANES_MAX, LEARN_DAYS, LEARN_MAX
from ..domain.transit import Delay, Learned, delay_hours, expected, learn


class OmsTransitLane(models.Model):
    """What is known of a delivery method's parcels from a place to a zone: how late they are, and how surely."""

    _name = "oms.transit.lane"
    _description = "Transit Time"
    _order = "carrier_id, warehouse_id, zone"
    _rec_name = "zone"

    carrier_id = fields.Many2one(
        "delivery.carrier", string="Delivery Method", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="carrier_id.company_id", store=True, index=True)
    warehouse_id = fields.Many2one(
        "stock.warehouse", string="From", readonly=True, ondelete="cascade", help="Empty: from anywhere."
    )
    zone = fields.Char(
        string="To", readonly=True, help="The zone of the rate card, or the country. Empty: to anywhere."
    )
    parcels = fields.Integer(readonly=True, help="Deliveries from which this was learned.")
    usual_hours = fields.Float(
        string="Usual Delay (h)",
        readonly=True,
        help="Hours after the carrier's own day (noon) by which half has arrived.",
    )
    late_hours = fields.Float(
        string="Promised Delay (h)",
        readonly=True,
        help="Hours by which as many have arrived as the delivery method promises.",
    )
    percent = fields.Float(string="Promised (%)", readonly=True)
    measured = fields.Integer(
        string="Measured On",
        readonly=True,
        help="The latest deliveries of the method, by what the earlier ones had taught.",
    )
    covered = fields.Float(
        string="Kept (%)", readonly=True, help="How many of those would have arrived by what was promised for them."
    )
    learned_at = fields.Datetime(string="Learned On", readonly=True)

    _lane_uniq = models.UniqueIndex(
        "(carrier_id, COALESCE(warehouse_id, 0), COALESCE(zone, ''))", "There is a row for this way already."
    )

    @api.model
    @ormcache()
    def _get_learned(self):
        """{lane: ``domain.transit.Learned``} of all delivery methods."""
        lanes = {}
        for row in self.sudo().search([], limit=LANES_MAX):  # sudo: how late carriers are depends on nobody's rights
            lane = (row.carrier_id.id, row.warehouse_id.id or None, row.zone or None)
            covered = round(row.measured * row.covered / 100)
            lanes[lane] = Learned(lane, row.parcels, row.usual_hours, row.late_hours, row.measured, covered)
        return lanes

    @api.model
    def _cron_oms_learn_transit(self):
        """Learn anew how late each delivery method is, one after the other."""
        cron = self.env["ir.cron"]
        carriers = (
            self.env["delivery.carrier"]
            .with_context(active_test=False)
            .search([], order="id", limit=CARRIERS_LEARNED_MAX)
        )
        cron._commit_progress(remaining=len(carriers))
        for carrier in carriers:
            with on_its_own(carrier, lambda _error: None):  # what is known of it stays; the log says why
                self._learn(carrier)
            if not cron._commit_progress(1):
                break

    @api.model
    def _learn(self, carrier):
        """Replace what is known of one delivery method by what its last deliveries teach."""
        level = carrier.oms_promise_percent / 100
        rows = learn(self._get_delays(carrier), level).values()
        now = fields.Datetime.now()
        lanes_sudo = self.sudo()  # sudo: nobody writes here but the job
        lanes_sudo.search([("carrier_id", "=", carrier.id)]).unlink()
        lanes_sudo.create(
            [
                {
                    "carrier_id": carrier.id,
                    "warehouse_id": row.lane[1],
                    "zone": row.lane[2],
                    "parcels": row.count,
                    "usual_hours": row.usual,
                    "late_hours": row.late,
                    "percent": carrier.oms_promise_percent,
                    "measured": row.measured,
                    "covered": 100 * row.covered / row.measured if row.measured else 0.0,
                    "learned_at": now,
                }
                for row in rows
            ]
        )
        self.env.registry.clear_cache()

    @api.model
    def _get_delays(self, carrier):
        """The delays of the deliveries of a method that have arrived, against its own day as it reckons it now."""
        service = carrier._oms_to_service(fields.Date.context_today(self))
        self.env["stock.picking"].flush_model()
        found = self.env.execute_query(
            SQL(
                """SELECT t.warehouse_id, c.code, a.zip, p.date_done, p.oms_delivered_at
                     FROM stock_picking p
                     JOIN stock_picking_type t ON t.id = p.picking_type_id
                     JOIN res_partner a ON a.id = p.partner_id
                     LEFT JOIN res_country c ON c.id = a.country_id
                    WHERE p.carrier_id = %s AND p.state = 'done' AND p.oms_delivered_at >= p.date_done
                      AND p.date_done > %s AND t.code = 'outgoing'
                    ORDER BY p.date_done DESC, p.id DESC LIMIT %s""",
                carrier.id,
                fields.Datetime.now() - timedelta(days=LEARN_DAYS),
                LEARN_MAX,
            )
        )
        days_of = self._get_days(service, {(country or "", zip_code or "") for _w, country, zip_code, *_rest in found})
        places = self.env["stock.warehouse"].browse({warehouse_id for warehouse_id, *_rest in found if warehouse_id})
        clocks = {place.id: place._oms_get_clock() for place in (*places, places.browse())}
        delays = []
        for warehouse_id, country, zip_code, left_at, delivered_at in found:
            zone, days = days_of[country or "", zip_code or ""]
            if days is None:
                continue
            day = self._get_own_day(service, left_at, days, clocks[warehouse_id or False])
            if (hours := delay_hours(delivered_at, day)) is not None:
                delays.append(Delay((carrier.id, warehouse_id, zone), left_at, hours))
        return delays

    @api.model
    def _get_days(self, service, addresses):
        """{(country code, postal code): (zone, working days)}"""
        found = {}
        for country, zip_code in addresses:
            zone = next((zone for card in service.cards if (zone := find_zone(card, country, zip_code))), None)
            found[country, zip_code] = (zone.name, zone.transit_days) if zone else (country, service.days)
        return found

    @api.model
    def _get_own_day(self, service, left_at, days, clock):
        """When a carrier itself says that a parcel arrives that left at a moment: noon of that working day.

        :param clock: name of the time zone of the place that it left.
        """
        return expected(left_at, days, service.working, service.closed, clock)
