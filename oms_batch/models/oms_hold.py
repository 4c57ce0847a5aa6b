from odoo import api, models


class OmsHold(models.Model):
    _inherit = "oms.hold"

    @api.model_create_multi
    def create(self, vals_list):
        """Override: the deliveries of an order that is stopped leave their waves, or nothing of those could leave."""
        holds = super().create(vals_list)
        for hold in holds.filtered("is_open"):
            why = self.env._("%(order)s is on hold: %(reason)s", order=hold.order_id.name, reason=hold.reason)
            # sudo: who stops an order need not have a right to transfers
            for wave, pickings in hold.order_id.sudo().picking_ids._oms_get_open_waves().items():
                wave._oms_let_go(pickings, why)
        return holds
