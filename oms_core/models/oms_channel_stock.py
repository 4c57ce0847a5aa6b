from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..const import RESERVATION_MINUTES


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    stock_policy = fields.Selection(
        [("backorder", "Take the order, goods follow"), ("hold", "Never promise more than there is")],
        string="When Stock Is Short",
        required=True,
        default="backorder",
        tracking=True,
        help="“Goods follow”: the order is confirmed and waits for stock. “Never promise more”: an order that cannot have all "
        "its goods stays on hold and says what is missing; it goes on by itself when the goods are there.",
    )
    reservation_minutes = fields.Integer(
        string="Set Goods Aside For",
        default=RESERVATION_MINUTES,
        help="Minutes for which goods are set aside for an order that is captured and not confirmed yet. 0: until somebody "
        "decides about it.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Override: as :meth:`write`."""
        channels = super().create(vals_list)
        if any(channel.stock_policy == "hold" for channel in channels):
            self.env.registry.clear_cache()
        return channels

    def write(self, vals):
        """Override: forget which channels promise no more than there is."""
        result = super().write(vals)
        if not {"stock_policy", "company_id"}.isdisjoint(vals):
            self.env.registry.clear_cache()
        return result

    @api.model
    @tools.ormcache()
    def _get_strict(self):
        """{id: id of its company} of the channels that promise no more than there is: asked at every confirmation. An archived
        one is still that of its orders."""
        # sudo: of all companies
        strict_sudo = self.sudo().with_context(active_test=False).search([("stock_policy", "=", "hold")])
        return {channel.id: channel.company_id.id for channel in strict_sudo}

    @api.constrains("reservation_minutes")
    def _check_reservation_minutes(self):
        for channel in self:
            if channel.reservation_minutes < 0:
                raise ValidationError(self.env._("Goods cannot be set aside for less than no time."))
