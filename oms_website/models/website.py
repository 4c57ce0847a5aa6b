from odoo import api, models


class Website(models.Model):
    _inherit = "website"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of ``website``: a website comes with its channel."""
        websites = super().create(vals_list)
        for website in websites:
            website._oms_get_channel()
        return websites

    def _oms_get_channel(self):
        """The channel of this website in its company, made when there is none; a website that moves to another company has
        another one there."""
        self.ensure_one()
        # sudo: who visits or sets up a website need not be allowed to set up channels
        channels_sudo = self.env["oms.channel"].sudo()
        company = self.sudo().company_id  # sudo: visitors may not read companies
        channel_sudo = channels_sudo.with_context(active_test=False).search(
            [("website_id", "=", self.id), ("company_id", "=", company.id)], limit=1
        )
        if not channel_sudo:
            at_payment = self.env["ir.config_parameter"].sudo().get_param("sale.automatic_invoice")  # sudo: a setting
            channel_sudo = channels_sudo.create(
                {
                    "name": self.name,
                    "code": f"web{self.id}",
                    "company_id": company.id,
                    "platform": "website",
                    "website_id": self.id,
                    "user_id": self.env.ref("base.user_root").id,
                    "team_id": self.salesteam_id.filtered(lambda team: team.company_id in (company, team.browse())).id,
                    "invoice_policy": "payment" if at_payment == "True" else "shipment",
                }
            )
        return channel_sudo.with_env(self.env)

    def _get_product_available_qty(self, product, **kwargs):
        """Override of ``website_sale_stock``: what this channel may sell, with safety stock, thresholds and all that is set
        aside elsewhere taken off."""
        if not self or not product.is_storable:
            return super()._get_product_available_qty(product, **kwargs)
        return product.with_context(oms_website_channel=self._oms_get_channel().id).oms_website_qty
