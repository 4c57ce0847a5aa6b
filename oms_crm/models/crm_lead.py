from odoo import api, fields, models


class CrmLead(models.Model):
    _inherit = "crm.lead"

    # Not Odoo's own link to orders: that one says which orders came out of an opportunity, and counts them as its revenue.
    oms_order_id = fields.Many2one(
        "sale.order",
        string="After Order",
        check_company=True,
        copy=False,
        index="btree_not_null",
        help="The order that somebody saw this opportunity in.",
    )

    _oms_order_open_uniq = models.UniqueIndex(
        "(oms_order_id) WHERE oms_order_id IS NOT NULL AND active AND won_status = 'pending'",
        "This order has an open opportunity already. Go on with that one.",
    )

    @api.model
    def _oms_open(self, lead, context):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Opportunity"),
            "res_model": "crm.lead",
            "view_mode": "form",
            "views": [(self.env.ref("crm.crm_lead_view_form").id, "form")],
            "res_id": lead.id,
            "context": context,
        }
