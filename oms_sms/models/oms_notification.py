from odoo import models
from odoo.exceptions import UserError


class OmsNotification(models.Model):
    _inherit = "oms.notification"

    def _tell(self, rule):
        """Override: by mail, by text message, or by both as far as the customer can be reached."""
        message = self.env["mail.message"]
        by_mail = rule.method == "mail" or (rule.method == "both" and self.partner_id.email)
        if by_mail:
            message = super()._tell(rule)
        if rule.method == "sms" or (rule.method == "both" and self.partner_id.phone):
            text_message = self._tell_by_sms(rule)
            message = message or text_message
        return message

    def _tell_by_sms(self, rule):
        """Queue a text message natively; the order's log keeps it."""
        template = rule._get_sms_template()
        if not template:
            raise UserError(self.env._("This event has no text message. Choose one in its rule."))
        body = template._render_field("body", self.ids, compute_lang=True)[self.id]
        return self.order_id._message_sms(body, partner_ids=self.partner_id.ids, put_in_queue=True)
