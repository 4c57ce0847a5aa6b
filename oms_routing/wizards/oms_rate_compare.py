from odoo import fields, models


class RateCompareLine(models.TransientModel):
    _inherit = "oms.rate.compare.line"

    def action_choose(self):
        """Override of ``oms_core``: what a person chose stands as the reason, and is not chosen again."""
        result = super().action_choose()
        if picking := self.compare_id.picking_id:
            reason = self.env._("Chosen by %(user)s. %(why)s", user=self.env.user.name, why=self.reason or "")
            picking.write({"oms_carrier_reason": reason, "oms_carrier_chosen_at": fields.Datetime.now()})
        return result
