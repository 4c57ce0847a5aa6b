from odoo import api, models


class PosConfig(models.Model):
    _inherit = "pos.config"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``point_of_sale``: a till comes with its channel."""
        configs = super().create(vals_list)
        for config in configs:
            config._oms_get_channel()
        return configs

    def _oms_get_channel(self):
        """The channel of this till, made when it has none."""
        self.ensure_one()
        # sudo: who sells, or sets up a till, need not be allowed to set up channels
        channels_sudo = self.env["oms.channel"].sudo()
        channel_sudo = channels_sudo.with_context(active_test=False).search([("pos_config_id", "=", self.id)], limit=1)
        if not channel_sudo:
            warehouse = self.picking_type_id.warehouse_id
            channel_sudo = channels_sudo.create(
                {
                    "name": self.name,
                    "code": f"pos{self.id}",
                    "company_id": self.company_id.id,
                    "platform": "pos",
                    "pos_config_id": self.id,
                    "user_id": self.env.ref("base.user_root").id,
                    "team_id": self.crm_team_id.id,
                    "warehouse_ids": [
                        (6, 0, warehouse.filtered(lambda place: place.company_id == self.company_id).ids)
                    ],
                    "invoice_policy": "manual",  # the till books by itself, at the end of the session
                    "owns_contact": True,  # the customer stands at the counter
                }
            )
        return channel_sudo.with_env(self.env)
