"""What a delivery emits: the way, the weight and the transport are written down when it leaves, the factors are looked up."""

from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.oms_core.const import COLLECTED_METHODS

from ..domain.carbon import MODES, grams, grams_per_kg

BASES = [("address", "Address"), ("postal", "Postal area"), ("country", "Country")]


class StockPicking(models.Model):
    _inherit = "stock.picking"

    oms_way_km = fields.Float(string="Way (km)", digits=(10, 1), readonly=True, copy=False)
    oms_way_basis = fields.Selection(
        BASES,
        string="Way Measured By",
        readonly=True,
        copy=False,
        help="The coarser of what is known of the two places.",
    )
    oms_carried_kg = fields.Float(string="Carried (kg)", digits=(12, 3), readonly=True, copy=False)
    oms_mode = fields.Selection(MODES, string="Transport", readonly=True, copy=False)
    oms_last_mile_km = fields.Float(string="Last Kilometres by Van", readonly=True, copy=False)
    oms_carbon = fields.Float(
        string="CO₂e (g)",
        digits=(12, 1),
        compute="_compute_oms_carbon",
        compute_sudo=True,
        help="By the emission factors that are in force for the day on which it left.",
    )

    @api.depends("oms_way_km", "oms_carried_kg", "oms_mode", "oms_last_mile_km", "date_done")
    def _compute_oms_carbon(self):
        Version = self.env["oms.carbon.version"]
        for picking in self:
            left = picking.date_done and picking.company_id._oms_get_today(picking.date_done)
            factors = Version._get_in_force(left) if left else None
            way = picking.oms_way_km if picking.oms_way_basis else None
            per_kg = grams_per_kg(way, picking.oms_mode or "", Decimal(str(picking.oms_last_mile_km)), factors)
            picking.oms_carbon = float(grams(Decimal(str(picking.oms_carried_kg)), per_kg) or 0)

    def _oms_on_shipped(self):
        """Override of ``oms_core``: what left by a carrier is written down for the report on emissions."""
        for picking in self.sudo():  # sudo: whoever ships need not know where the customer lives
            if picking.carrier_id and picking._oms_is_carried():
                picking.write(picking._oms_get_carried())
        return super()._oms_on_shipped()

    def _oms_is_carried(self):
        """Whether a carrier brings this to a customer, who does not come for it."""
        self.ensure_one()
        return (
            self.picking_type_code == "outgoing"
            and bool(self.sale_id)
            and self.sale_id.oms_delivery_method not in COLLECTED_METHODS
        )

    def _oms_get_carried(self):
        way, basis = self.partner_id._oms_way_from(self._oms_sent_from().partner_id)
        return {
            "oms_way_km": way or 0.0,
            "oms_way_basis": basis or False,
            "oms_carried_kg": float(sum((parcel.weight_kg for _package, parcel in self._oms_parcels()), Decimal(0))),
            "oms_mode": self.carrier_id.oms_mode,
            "oms_last_mile_km": self.carrier_id.oms_last_mile_km,
        }


class SaleOrder(models.Model):
    _inherit = "sale.order"

    oms_carbon = fields.Float(
        string="CO₂e (g)",
        digits=(12, 1),
        compute="_compute_oms_carbon",
        compute_sudo=True,
        help="What the deliveries of this order have emitted so far, on their way to the customer.",
    )

    @api.depends("picking_ids.oms_carbon")
    def _compute_oms_carbon(self):
        for order in self:
            order.oms_carbon = sum(order.picking_ids.mapped("oms_carbon"))
