"""What carriers asked for, kept: for planning without asking again, and as the reason of a choice."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import INSIDE
from odoo.addons.oms_core.domain.rate_shopping import Option
from odoo.addons.oms_core.domain.rates import normal_zip

from ..const import QUOTE_KEEP_DAYS, QUOTES_FORGOTTEN_MAX
from ..domain.carbon import grams, grams_per_kg
from ..domain.transit import find


class OmsRateQuote(models.Model):
    """One delivery method's answer when rates were compared: price, day, and why it was taken or not. Never changed."""

    _name = "oms.rate.quote"
    _description = "Carrier Quote"
    _order = "quoted_at desc, id"
    _rec_name = "service"

    order_id = fields.Many2one("sale.order", readonly=True, index="btree_not_null", ondelete="cascade")
    picking_id = fields.Many2one(
        "stock.picking", string="Delivery", readonly=True, index="btree_not_null", ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    warehouse_id = fields.Many2one("stock.warehouse", string="From", readonly=True)
    country_id = fields.Many2one("res.country", string="To Country", readonly=True)
    zip = fields.Char(string="To Postal Code", readonly=True)
    weight_kg = fields.Float(string="Weight (kg)", digits=(12, 3), readonly=True)
    parcels = fields.Integer(readonly=True)
    carrier_id = fields.Many2one("delivery.carrier", string="Delivery Method", readonly=True, ondelete="cascade")
    service_code = fields.Char(readonly=True)
    service = fields.Char(readonly=True)
    is_live = fields.Boolean(readonly=True, help="The carrier was asked; else the price is of a rate card.")
    has_price = fields.Boolean(readonly=True)
    price = fields.Monetary(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    has_days = fields.Boolean(readonly=True)
    days = fields.Integer(string="Working Days", readonly=True)
    expected_at = fields.Datetime(string="Expected", readonly=True)
    sure_at = fields.Datetime(string="Surely By", readonly=True)
    carbon = fields.Float(string="CO₂e (g)", digits=(12, 1), readonly=True)
    chosen = fields.Boolean(string="Best", readonly=True)
    code = fields.Char(readonly=True)
    reason = fields.Char(string="Why, or Why Not", readonly=True)
    quoted_at = fields.Datetime(string="Quoted On", required=True, readonly=True, index=True)
    valid_until = fields.Datetime(readonly=True)

    _way_idx = models.Index("(company_id, carrier_id, country_id, zip) WHERE is_live AND has_price")

    def write(self, vals):
        """Refuse: what was quoted was quoted."""
        if vals:
            raise UserError(self.env._("A quote is kept as the carrier gave it. Compare rates again for a new one."))
        return super().write(vals)

    @api.autovacuum
    def _gc_old(self):
        before = fields.Datetime.now() - timedelta(days=QUOTE_KEEP_DAYS)
        # sudo: nobody deletes quotes by hand
        self.sudo().search([("quoted_at", "<", before)], limit=QUOTES_FORGOTTEN_MAX).unlink()

    @api.model
    def _keep(self, source, verdicts):
        """Store all answers about an order or a delivery."""
        is_order = source._name == "sale.order"
        partner = source.partner_shipping_id if is_order else source.partner_id
        now = fields.Datetime.now()
        carriers = self.env["delivery.carrier"].browse({verdict.option.carrier_id for verdict in verdicts})
        days_valid = {carrier.id: carrier.oms_quote_days for carrier in carriers}
        live = {carrier.id: carrier.delivery_type != "oms_table" for carrier in carriers}
        common = {
            "order_id": source.id if is_order else source.sale_id.id,
            "picking_id": False if is_order else source.id,
            "company_id": source.company_id.id,
            "warehouse_id": source._oms_sent_from().id,
            "country_id": partner.country_id.id,
            "zip": normal_zip(partner.zip or ""),
            "currency_id": source.company_id.currency_id.id,
            "quoted_at": now,
        }
        # sudo: whoever compares rates leaves the answers behind, and may not write any
        return self.sudo().create(
            [
                {
                    **common,
                    "carrier_id": option.carrier_id,
                    "weight_kg": float(sum((kg for kg, _sides in option.parcels), Decimal(0))),
                    "parcels": len(option.parcels),
                    "service_code": option.service_code,
                    "service": option.service,
                    "is_live": live[option.carrier_id],
                    "has_price": bool(option.service) and not option.problem,
                    "price": float(option.price),
                    "has_days": option.days is not None,
                    "days": option.days or 0,
                    "expected_at": option.expected_at,
                    "sure_at": option.sure_at,
                    "carbon": float(option.carbon or 0),
                    "chosen": verdict.code == "chosen",
                    "code": verdict.code,
                    "reason": verdict.reason,
                    "valid_until": now + timedelta(days=days_valid[option.carrier_id]),
                }
                for verdict in verdicts
                for option in [verdict.option]
            ]
        )


class RateShopper(models.AbstractModel):
    _inherit = "oms.rate.shopper"

    @api.model
    def _shop(self, source):
        """Override of ``oms_core``: what was answered is kept."""
        verdicts = super()._shop(source)
        self.env["oms.rate.quote"]._keep(source, verdicts)
        return verdicts

    @api.model
    def _options(self, carrier, source, order, partner, need, place):
        """Override of ``oms_core``: only methods that are for this way of delivery, each with what was learned of its days
        and with its grams of CO2e."""
        reason = ""
        if (order.oms_delivery_method or "ship") not in carrier._oms_get_methods():
            reason = self.env._("Not used for this way of delivery.")
        elif self.env.context.get("oms_own_costs") is INSIDE and not carrier.oms_is_ours:
            reason = self.env._("Its price is what customers pay; nobody knows what it costs. Choose it by hand.")
        if reason:
            currency = source.company_id.currency_id.name
            values = {"sequence": place, "currency": currency, "problem": reason, "problem_code": "not_allowed"}
            return [Option(carrier.id, carrier.name, **values, parcels=need.parcels)]
        options = super()._options(carrier, source, order, partner, need, place)
        warehouse = source._oms_sent_from()
        lane = (carrier.id, warehouse.id, carrier._oms_get_zone(need.country, partner.zip or ""))
        known = find(self.env["oms.transit.lane"]._get_learned(), lane)
        weight = sum((kg for kg, _sides in need.parcels), Decimal(0))
        way_km, _basis = partner._oms_way_from(warehouse.partner_id)
        carbon = grams(weight, carrier._oms_grams_per_kg(way_km, source.company_id._oms_get_today()))
        return [_with_knowledge(option, known, carbon) for option in options]


def _with_knowledge(option, known, carbon):
    if option.problem or not option.service:
        return option
    if known is None or option.expected_at is None:
        return replace(option, carbon=carbon)
    return replace(
        option,
        carbon=carbon,
        expected_at=(option.expected_at + timedelta(hours=known.usual)).replace(microsecond=0),
        sure_at=(option.expected_at + timedelta(hours=known.late)).replace(microsecond=0),
    )


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    def _oms_grams_per_kg(self, way_km, on=None):
        """What a kilogram emits over so many kilometres with this delivery method; ``None`` if nobody knows."""
        self.ensure_one()
        factors = self.env["oms.carbon.version"]._get_in_force(on or self.env.company._oms_get_today())
        return grams_per_kg(way_km, self.oms_mode, Decimal(str(self.oms_last_mile_km)), factors)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_sent_from(self):
        """The place from which a price for this order as a whole is asked."""
        return self.warehouse_id


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _oms_sent_from(self):
        return self.picking_type_id.warehouse_id
