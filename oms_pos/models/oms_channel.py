from odoo import api, fields, models


class OmsChannel(models.Model):
    """A till is a channel: its sales are orders like those of any other, only that they are over when they come."""

    _inherit = "oms.channel"

    pos_config_id = fields.Many2one(
        "pos.config", string="Point of Sale", readonly=True, copy=False, ondelete="set null"
    )

    _pos_config_uniq = models.UniqueIndex(
        "(pos_config_id) WHERE pos_config_id IS NOT NULL", "This till has a channel already."
    )

    @api.model
    def _selection_platform(self):
        return [*super()._selection_platform(), ("pos", "Point of sale")]

    def _get_usual_source_type(self):
        """Override of ``oms_core``."""
        return "store" if self.platform == "pos" else super()._get_usual_source_type()
