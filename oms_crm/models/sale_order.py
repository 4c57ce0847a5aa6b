from markupsafe import Markup

from odoo import api, fields, models


class SaleOrder(models.Model):
    """CUS-04, CUS-06: whoever serves a customer sees what else might be wanted, and hands it to those who sell."""

    _inherit = "sale.order"

    oms_lead_ids = fields.One2many("crm.lead", "oms_order_id", string="Opportunities After This Order")
    oms_lead_count = fields.Integer(compute="_compute_oms_lead_count", compute_sudo=True)

    @api.depends("oms_lead_ids")
    def _compute_oms_lead_count(self):
        for order in self:
            order.oms_lead_count = len(order.oms_lead_ids)

    def action_oms_opportunity(self):
        """Open the opportunity of this order, or a prefilled one that is not saved yet."""
        self.ensure_one()
        self.check_access("read")
        self.env["crm.lead"].check_access("create")
        # sudo: the one open opportunity may be another salesperson's; opening it is subject to the rules again
        standing = self.sudo().oms_lead_ids.filtered(lambda lead: lead.won_status == "pending")[:1].with_env(self.env)
        context = {} if standing else self._oms_get_opportunity_context()
        return self.env["crm.lead"]._oms_open(standing, context)

    def _oms_get_opportunity_context(self):
        """The defaults of an opportunity: who, after what, and what may be wanted as well."""
        products = self.oms_together_ids
        partner = self.partner_id.commercial_partner_id
        description = Markup("<p>%s</p>") % self.env._("After order %s.", self.oms_number or self.name)
        if self.oms_together_note:
            description += Markup("<p>%s %s</p>") % (self.env._("Often bought together:"), self.oms_together_note)
        return {
            "default_type": "opportunity",
            "default_name": self.env._(
                "%(customer)s after %(order)s", customer=partner.name, order=self.oms_number or self.name
            ),
            "default_partner_id": self.partner_id.id,
            "default_oms_order_id": self.id,
            "default_company_id": self.company_id.id,
            "default_user_id": self.user_id.id or self.env.uid,
            "default_description": description,
            "default_expected_revenue": sum(
                product.currency_id._convert(product.lst_price, self.company_id.currency_id, self.company_id)
                for product in products
            ),
        }
