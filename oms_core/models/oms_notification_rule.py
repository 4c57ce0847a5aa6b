from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..const import CUSTOMER_EVENTS, NOTIFICATION_DELAY_MAX_MIN


class OmsNotificationRule(models.Model):
    """How customers are told about one kind of event: for all channels, or for one channel that wants it otherwise."""

    _name = "oms.notification.rule"
    _inherit = ["oms.cache.source"]
    _description = "Customer Notification Rule"
    _order = "channel_id nulls first, sequence, id"
    _rec_name = "event"

    event = fields.Selection(CUSTOMER_EVENTS, required=True)
    channel_id = fields.Many2one(
        "oms.channel", index=True, ondelete="cascade", help="Empty: for all channels that have no rule of their own."
    )
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    method = fields.Selection([("off", "Say nothing"), ("mail", "Mail")], required=True, default="mail")
    template_id = fields.Many2one(
        "mail.template",
        string="Mail Template",
        domain="[('model', '=', 'oms.notification')]",
        help="Empty: the template that came with this event.",
    )
    delay_minutes = fields.Integer(
        string="Wait (minutes)",
        help="How long to wait before it is sent, so that what follows at once can be seen first.",
    )

    _event_uniq = models.UniqueIndex("(event, COALESCE(channel_id, 0))", "There is a rule for this event already.")

    @api.constrains("delay_minutes")
    def _check_delay(self):
        for rule in self:
            if not 0 <= rule.delay_minutes <= NOTIFICATION_DELAY_MAX_MIN:
                raise ValidationError(self.env._("Wait between 0 and %s minutes (a week).", NOTIFICATION_DELAY_MAX_MIN))

    @api.model
    def _get_for(self, event, channels):
        """{id of a channel: its rule for an event, ``False`` where nothing is said}; that of no channel is under ``False``.

        A channel without a rule of its own has the one of all channels. Rules are kept in memory until one changes.
        """
        # sudo: whatever happens to an order, who caused it needs no rights on how customers are told
        rules_sudo, found = self.sudo(), self._get_ids()
        general = found.get((event, False), False)
        of_channel = ((channel_id, found.get((event, channel_id), general)) for channel_id in (False, *channels.ids))
        return {channel_id: rule_id and rules_sudo.browse(rule_id) for channel_id, rule_id in of_channel}

    @api.model
    @tools.ormcache()
    def _get_ids(self):
        """{(event, id of a channel or ``False``): id of its rule, ``False`` where that says nothing}"""
        # sudo: as for _get_for
        return {(rule.event, rule.channel_id.id): rule.method != "off" and rule.id for rule in self.sudo().search([])}

    def _get_template(self):
        """The mail template of this rule: its own, that of the rule for all channels, or the one that came with it."""
        self.ensure_one()
        general = self.search([("event", "=", self.event), ("channel_id", "=", False)], limit=1)
        return (
            self.template_id
            or general.template_id
            or self.env.ref(f"oms_core.mail_template_{self.event}", raise_if_not_found=False)
            or self.env["mail.template"]
        )

    def action_preview(self):
        """Show the mail as the customer of the latest order would get it; nothing is sent or kept."""
        self.check_access("read")
        self.ensure_one()
        domain = [("oms_channel_id", "=", self.channel_id.id)] if self.channel_id else [("oms_channel_id", "!=", False)]
        order = self.env["sale.order"].search(domain, order="id desc", limit=1)
        if not order:
            raise UserError(self.env._("There is no order yet to show the mail with."))
        # sudo: the preview makes a notification and drops it again, which nobody may do by hand
        subject, body = self.sudo()._render_preview(order.sudo())
        wizard = self.env["oms.notification.preview"].create({"subject": subject, "body": body, "order_id": order.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def _render_preview(self, order):
        """(subject, body) of this rule's mail about an order, made in a savepoint that is rolled back."""
        template = self._get_template()
        if not template:
            raise UserError(self.env._("This event has no mail template. Choose one."))
        result = {}
        try:
            with self.env.cr.savepoint():
                deliveries = order.picking_ids.filtered(lambda picking: picking.picking_type_code == "outgoing")
                notification = self.env["oms.notification"].create(
                    {
                        "order_id": order.id,
                        "event": self.event,
                        "key": "preview",
                        "picking_id": deliveries[:1].id,
                        "rule_id": self.id,
                    }
                )
                result = notification._render(template)
                raise _Done
        except _Done:
            self.env.invalidate_all()
        return result["subject"], result["body_html"]


class _Done(Exception):
    """Leave the savepoint without keeping anything."""
