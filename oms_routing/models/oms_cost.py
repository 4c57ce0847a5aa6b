"""The company's own price of what deliveries emit, among the estimates of what orders cost."""

from decimal import Decimal

from odoo import fields, models

from odoo.addons.oms_core.domain.cost_to_serve import Fact, Part

GRAMS_PER_TONNE = 1_000_000


class ResCompany(models.Model):
    _inherit = "res.company"

    oms_carbon_price = fields.Monetary(
        string="Carbon Price per Tonne",
        help="What a tonne of CO2 equivalent costs in reports on margin; nothing is booked for it. Zero: not counted.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    oms_carbon_currency_id = fields.Many2one(related="company_id.currency_id", string="Currency of the Carbon Price")
    oms_carbon_price = fields.Monetary(
        related="company_id.oms_carbon_price", readonly=False, currency_field="oms_carbon_currency_id"
    )


class OmsCost(models.AbstractModel):
    _inherit = "oms.cost"

    def _get_transfer_facts(self, transfer):
        """Override: what a delivery emits, at the company's price."""
        facts = super()._get_transfer_facts(transfer)
        price = Decimal(str(transfer.company_id.oms_carbon_price))
        shares = self._get_shares(transfer.move_ids)
        if price and transfer.oms_carbon and shares:
            amount = Decimal(str(transfer.oms_carbon)) * price / GRAMS_PER_TONNE
            text = self.env._(
                "%(grams)s g CO₂e of %(transfer)s, at %(price)s a tonne",
                grams=transfer.oms_carbon,
                transfer=transfer.name,
                price=transfer.company_id.currency_id.format(float(price)),
            )
            facts.append(Fact(f"work:{transfer.id}:carbon", "carbon", amount, (Part(amount, shares),), text))
        return facts
