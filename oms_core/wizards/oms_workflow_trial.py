from odoo import fields, models


class OmsWorkflowTrial(models.TransientModel):
    """What a rule would be about, among the latest orders."""

    _name = "oms.workflow.trial"
    _description = "Try a Workflow Rule"

    rule_id = fields.Many2one("oms.workflow.rule", readonly=True, ondelete="cascade")
    text = fields.Text(readonly=True)
    order_ids = fields.Many2many("sale.order", readonly=True)

    def action_view_orders(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_core.oms_order_action")
        action["domain"] = [("id", "in", self.order_ids.ids)]
        action["context"] = {}
        return action
