from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import formatLang

from ..domain import rates


class OmsRateCard(models.Model):
    """What a delivery method costs us, without asking anybody: zones, weights, surcharges, from a day to a day."""

    _name = "oms.rate.card"
    _description = "Rate Card"
    _order = "carrier_id, sequence, date_from, id"

    name = fields.Char(string="Service", required=True, help="What the service is called, e.g. “Parcel to the door”.")
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    carrier_id = fields.Many2one(
        "delivery.carrier", string="Delivery Method", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="carrier_id.company_id", store=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, default=lambda self: self.env.company.currency_id)
    date_from = fields.Date(string="Valid From")
    date_to = fields.Date(string="Valid Until", help="The last day.")
    divisor = fields.Float(
        string="Cubic Centimetres per Kilogram",
        default=5000,
        help="What light and large parcels count: length × width × height divided by this. Zero: only the scales count.",
    )
    rounding_kg = fields.Float(
        string="Rounded Up To (kg)", default=0.5, help="The weight that counts is rounded up to a multiple of this."
    )
    fuel_percent = fields.Float(string="Fuel Surcharge (%)")
    remote_surcharge = fields.Monetary(
        string="Remote Area Surcharge", help="Added in the zones that are marked remote."
    )
    zone_ids = fields.One2many("oms.rate.zone", "card_id", string="Zones", copy=True)
    gaps = fields.Text(compute="_compute_gaps", help="What this card leaves open.")

    @api.depends(
        "name", "date_from", "date_to", "carrier_id.oms_rate_card_ids.date_from", "carrier_id.oms_rate_card_ids.date_to",
        "zone_ids.name", "zone_ids.step_ids.up_to_kg",
    )  # fmt: skip
    def _compute_gaps(self):
        for card in self:
            siblings = (
                card.carrier_id.oms_rate_card_ids.filtered(lambda other, card=card: other.name == card.name) | card
            )
            own = card._to_domain()
            told = rates.gaps([own]) + [
                line
                for line in rates.gaps([other._to_domain() for other in siblings])
                if line.startswith("No rate card")
            ]
            card.gaps = "\n".join(told) or False

    @api.constrains("name", "date_from", "date_to", "zone_ids")
    def _check_card(self):
        for card in self:
            if errors := rates.errors(card._to_domain()):
                raise ValidationError("\n".join(errors))

    def _to_domain(self):
        self.ensure_one()
        return rates.Card(
            name=self.name or "",
            currency=self.currency_id.name or "",
            zones=tuple(zone._to_domain() for zone in self.zone_ids),
            divisor=Decimal(str(self.divisor)),
            rounding_kg=Decimal(str(self.rounding_kg)),
            fuel_percent=Decimal(str(self.fuel_percent)),
            remote_surcharge=Decimal(str(self.remote_surcharge)),
            date_from=self.date_from or None,
            date_to=self.date_to or None,
            decimals=self.currency_id.decimal_places,
        )


class OmsRateZone(models.Model):
    """Where to, and for how much."""

    _name = "oms.rate.zone"
    _description = "Rate Zone"
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    card_id = fields.Many2one("oms.rate.card", required=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="card_id.currency_id")
    country_ids = fields.Many2many("res.country", string="Countries", help="None: everywhere else.")
    zip_from = fields.Char(string="Postal Codes From", help="The beginning of the first one, e.g. 20.")
    zip_to = fields.Char(string="To", help="The beginning of the last one, included.")
    remote = fields.Boolean(help="The remote area surcharge of the card is added.")
    transit_days = fields.Integer(string="Working Days", default=2)
    step_ids = fields.One2many("oms.rate.step", "zone_id", string="Prices", copy=True)
    summary = fields.Char(string="Prices up to", compute="_compute_summary")

    @api.depends("step_ids.up_to_kg", "step_ids.price", "card_id.currency_id")
    def _compute_summary(self):
        for zone in self:
            zone.summary = ", ".join(
                f"{step.up_to_kg:g} kg: {formatLang(self.env, step.price, currency_obj=zone.currency_id)}"
                for step in zone.step_ids.sorted("up_to_kg")
            )

    @api.constrains("zip_from", "zip_to", "country_ids", "step_ids")
    def _check_card(self):
        self.card_id._check_card()

    def _to_domain(self):
        return rates.Zone(
            name=self.name or "",
            countries=frozenset(self.country_ids.mapped("code")),
            steps=tuple((Decimal(str(step.up_to_kg)), Decimal(str(step.price))) for step in self.step_ids),
            zip_from=self.zip_from or "",
            zip_to=self.zip_to or "",
            remote=self.remote,
            transit_days=self.transit_days,
        )


class OmsRateStep(models.Model):
    """Up to this weight, for this much."""

    _name = "oms.rate.step"
    _description = "Rate Step"
    _order = "up_to_kg, id"

    zone_id = fields.Many2one("oms.rate.zone", required=True, index=True, ondelete="cascade")
    currency_id = fields.Many2one(related="zone_id.card_id.currency_id")
    up_to_kg = fields.Float(string="Up To (kg)", required=True, digits=(12, 3))
    price = fields.Monetary(required=True)

    @api.constrains("up_to_kg", "price")
    def _check_card(self):
        self.zone_id.card_id._check_card()
