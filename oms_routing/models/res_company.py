from odoo import api, models


class ResCompany(models.Model):
    _inherit = "res.company"

    @api.model_create_multi
    def create(self, vals_list):
        """Override: a company begins with the policy that most shops want."""
        companies = super().create(vals_list)
        companies._oms_create_policy()
        return companies

    def _oms_create_policy(self):
        """Give these companies their first sourcing policy."""
        policies_sudo = self.env["oms.sourcing.policy"].sudo()  # sudo: who makes a company need not decide about orders
        for company in self:
            policies_sudo._create_from_template("nearest_complete", company, sequence=100)
