from odoo import api, fields, models


class ResPartner(models.Model):
    """CUS-02, CUS-03: from the customer to what came back. What happened stands in the feed of the contact by itself."""

    _inherit = "res.partner"

    oms_return_count = fields.Integer(compute="_compute_oms_return_count", compute_sudo=True)

    @api.depends_context("allowed_company_ids")
    def _compute_oms_return_count(self):
        counts = {}
        mine = [
            ("partner_id", "child_of", self.commercial_partner_id.ids),
            ("company_id", "in", self.env.companies.ids),
        ]
        for partner, count in self.env["oms.return"]._read_group(mine, ["partner_id"], ["__count"]):
            key = partner.commercial_partner_id.id
            counts[key] = counts.get(key, 0) + count
        for partner in self:
            partner.oms_return_count = counts.get(partner.commercial_partner_id.id, 0)

    def action_oms_view_returns(self):
        self.ensure_one()
        self.env["oms.return"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_returns.oms_return_action")
        action["domain"] = [("partner_id", "child_of", self.commercial_partner_id.id)]
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action
