from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: Minutes for which goods are set aside for somebody who has gone to pay.
CHECKOUT_MINUTES = 30


class OmsChannel(models.Model):
    """A website of Odoo's own is a channel of its company."""

    _inherit = "oms.channel"

    website_id = fields.Many2one("website", readonly=True, copy=False, ondelete="set null")
    checkout_minutes = fields.Integer(
        string="Set Goods Aside At the Checkout For",
        default=CHECKOUT_MINUTES,
        help="Minutes for which the goods of a cart are kept from everybody else once its customer has gone to pay.",
    )

    _website_uniq = models.UniqueIndex(
        "(website_id, company_id) WHERE website_id IS NOT NULL", "This website has a channel in this company already."
    )

    @api.model
    def _selection_platform(self):
        return [*super()._selection_platform(), ("website", "Website")]

    def _get_usual_source_type(self):
        """Override of ``oms_core``."""
        return "web" if self.platform == "website" else super()._get_usual_source_type()

    @api.constrains("checkout_minutes")
    def _check_checkout_minutes(self):
        for channel in self:
            if channel.platform == "website" and channel.checkout_minutes < 1:
                raise ValidationError(self.env._("Customers need at least a minute to pay."))

    def _get_warehouses(self):
        """Override of ``oms_core``: without places of its own, a website serves its orders from the warehouse set on it."""
        self.ensure_one()
        place = self.website_id.sudo().warehouse_id  # sudo: settings of the website, whoever asks
        if self.platform == "website" and not self.warehouse_ids and place.company_id == self.company_id:
            return place.with_env(self.env)
        return super()._get_warehouses()
