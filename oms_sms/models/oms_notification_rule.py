from odoo import fields, models


class OmsNotificationRule(models.Model):
    _inherit = "oms.notification.rule"

    method = fields.Selection(
        selection_add=[("sms", "Text message"), ("both", "Mail and text message")],
        ondelete={"sms": "set default", "both": "set default"},
    )
    sms_template_id = fields.Many2one(
        "sms.template",
        string="Text Message",
        domain="[('model', '=', 'oms.notification')]",
        help="Empty: the text that came with this event.",
    )

    def _get_sms_template(self):
        """The text of this rule: its own, that of the rule for all channels, or the one that came with it."""
        self.ensure_one()
        general = self.search([("event", "=", self.event), ("channel_id", "=", False)], limit=1)
        return (
            self.sms_template_id
            or general.sms_template_id
            or self.env.ref(f"oms_sms.sms_template_{self.event}", raise_if_not_found=False)
            or self.env["sms.template"]
        )
