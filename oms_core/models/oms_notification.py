import logging
from datetime import timedelta

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, formataddr

from ..const import (
    CUSTOMER_EVENTS,
    ERROR_MAX_CHARS,
    NOTIFICATION_BATCH_MAX,
    NOTIFICATION_KEEP_DAYS,
    NOTIFICATION_TRANSITIONS,
    NOTIFICATION_YOUNG_DAYS,
    RELAY_DOMAINS,
)
from ..domain.notifications import Occasion, split_domains, why_not
from ..quiet import quiet_sql

_logger = logging.getLogger(__name__)

#: What may change about a notification once it is there: how it went.
OUTCOME_FIELDS = frozenset({"state", "reason", "sent_at", "message_id", "due_at", "rule_id"})


class OmsNotification(models.Model):
    """One occasion to tell a customer something, and what came of it.

    The row is written together with what happened, the mail is made by a job: so neither can a mail stop a parcel, nor is
    one sent about something that was rolled back. The unique key makes that a repeat sends nothing twice.
    """

    _name = "oms.notification"
    _description = "Customer Notification"
    _order = "id desc"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    channel_id = fields.Many2one(related="order_id.oms_channel_id", store=True, index="btree_not_null")
    partner_id = fields.Many2one(related="order_id.partner_id", string="Customer")
    picking_id = fields.Many2one(
        "stock.picking", string="Delivery", readonly=True, ondelete="set null", index="btree_not_null"
    )
    event = fields.Selection(CUSTOMER_EVENTS, required=True, readonly=True)
    key = fields.Char(
        required=True, readonly=True, default="-", help="What it is about: the same occasion has the same key."
    )
    details = fields.Json(readonly=True, help="What was known at the time: old and new date, amount, items.")
    rule_id = fields.Many2one("oms.notification.rule", readonly=True, ondelete="set null")
    due_at = fields.Datetime(readonly=True, default=fields.Datetime.now)
    state = fields.Selection(
        [("waiting", "Waiting"), ("sent", "Sent"), ("suppressed", "Not sent"), ("failed", "Failed")],
        required=True,
        default="waiting",
        readonly=True,
        index=True,
    )
    reason = fields.Text(string="Why Not", readonly=True)
    sent_at = fields.Datetime(readonly=True)
    message_id = fields.Many2one("mail.message", readonly=True, ondelete="set null", index="btree_not_null")

    _occasion_uniq = models.Constraint("UNIQUE(order_id, event, key)", "The customer has been told about this already.")
    _todo_idx = models.Index("(due_at, id) WHERE state = 'waiting'")

    @api.depends("event", "order_id")
    def _compute_display_name(self):
        events = dict(self._fields["event"]._description_selection(self.env))
        for notification in self:
            notification.display_name = f"{events.get(notification.event, '')}, {notification.order_id.display_name}"

    def write(self, vals):
        """Refuse to change what happened; only how it went may be added."""
        if not OUTCOME_FIELDS.issuperset(vals):
            raise UserError(self.env._("A notification is history and is not changed."))
        return super().write(vals)

    @api.model
    def _create_once(self, values):
        """New notifications for those of ``values`` whose occasion is not known yet; two connections cannot make one twice."""
        if not values:
            return self.browse()
        known = {
            (row.order_id.id, row.event, row.key)
            for row in self.search([("order_id", "in", [value["order_id"] for value in values])])
        }
        new = {}
        for value in values:
            occasion = (value["order_id"], value["event"], value["key"])
            if occasion not in known:
                new.setdefault(occasion, value)
        try:
            with quiet_sql(), self.env.cr.savepoint():
                return self.create(list(new.values()))
        except psycopg2.errors.UniqueViolation:
            # Another connection was quicker with one of them. It is enough that it was told once.
            return self.browse().concat(*(self._create_once_each(value) for value in new.values()))

    @api.model
    def _create_once_each(self, value):
        try:
            with quiet_sql(), self.env.cr.savepoint():
                return self.create(value)
        except psycopg2.errors.UniqueViolation:
            return self.browse()

    # ------------------------------------------------------------------------------------------------------- ACTIONS

    def action_retry(self):
        """Try again what failed, after whatever was in the way has been put right."""
        self.check_access("read")
        self.env["oms.notification"].check_access("write")
        failed = self.filtered(lambda notification: notification.state == "failed")
        if not failed:
            raise UserError(self.env._("None of these failed. What was sent is not sent again."))
        failed._set_state("waiting", due_at=fields.Datetime.now(), reason=False)
        self._wake()

    def action_open_order(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.order_id.id,
            "view_mode": "form",
        }

    # --------------------------------------------------------------------------------------------------- FOR TEMPLATES

    def _get_number(self):
        """How the customer knows the order."""
        self.ensure_one()
        return self.order_id.oms_number or self.order_id.client_order_ref or self.order_id.name

    def _get_sender(self):
        """In whose name it is sent: the shop that the customer knows, from the company's address."""
        self.ensure_one()
        company = self.order_id.company_id
        channel = self.order_id.oms_channel_id
        address = channel.sender_email or company.email
        return formataddr((channel.name or company.name, address)) if address else False

    def _get_shop(self):
        self.ensure_one()
        return self.order_id.oms_channel_id.name or self.order_id.company_id.name

    def _get_parcels(self):
        """[(tracking number, link or False)] of the delivery that it is about, else of all that left."""
        self.ensure_one()
        pickings = self.picking_id or self.order_id.picking_ids.filtered(
            lambda picking: picking.picking_type_code == "outgoing" and picking.state == "done"
        )
        parcels = []
        for picking in pickings.filtered("carrier_tracking_ref"):
            links = picking.get_multiple_carrier_tracking()
            if links:
                parcels += [(name, url) for name, url in links]
            else:
                parcels.append((picking.carrier_tracking_ref, picking.carrier_tracking_url or False))
        return parcels

    def _get_items(self):
        """[(quantity, product)] of the delivery that it is about."""
        self.ensure_one()
        moves = self.picking_id.move_ids.filtered(lambda move: move.state != "cancel")
        return [
            (
                f"{move.quantity if move.state == 'done' else move.product_uom_qty:g}",
                move.product_id.with_context(display_default_code=False).display_name,
            )
            for move in moves
        ]

    def _get_pickup(self):
        """{name, address, code, until} of where the customer collects."""
        self.ensure_one()
        picking = self.picking_id
        warehouse = self.order_id.oms_pickup_warehouse_id or picking.picking_type_id.warehouse_id
        return {
            "name": warehouse.name,
            "address": warehouse.partner_id._display_address(without_company=True).strip() if warehouse else "",
            "code": picking._oms_get_pickup_code() if picking else False,
            "until": picking.oms_pickup_by,
        }

    def _get_date(self, name):
        """A date of the details, or ``False``."""
        self.ensure_one()
        text = (self.details or {}).get(name)
        return fields.Date.to_date(text[:10]) if text else False

    def _get_text(self, name):
        self.ensure_one()
        return (self.details or {}).get(name) or ""

    def _get_url(self):
        self.ensure_one()
        return self.order_id._oms_get_tracking_url()

    def _get_feedback_url(self):
        """Where the customer can say how it was; empty where nobody asks."""
        return False

    # ------------------------------------------------------------------------------------------------------- SENDING

    @api.model
    def _wake(self):
        if cron := self.env.ref("oms_core.cron_notifications", raise_if_not_found=False):
            cron.sudo()._trigger()  # sudo: whoever causes something to be told may wake the job, and nothing else

    @api.model
    def _cron_send(self):
        """Send what is due, a batch and a commit at a time."""
        cron = self.env["ir.cron"]
        domain = [("state", "=", "waiting"), ("due_at", "<=", fields.Datetime.now())]
        while batch := self._take(domain):
            batch._send()
            if not cron._commit_progress(len(batch), remaining=self.search_count(domain, limit=10_000)):
                break

    @api.model
    def _take(self, domain):
        """The oldest that are due and that no other worker has taken, locked until the end of the transaction."""
        taken = self.search(domain, order="id", limit=NOTIFICATION_BATCH_MAX).try_lock_for_update()
        taken.invalidate_recordset(["state"])
        return taken.filtered(lambda notification: notification.state == "waiting")

    def _send(self):
        """Tell, or say why not. What goes wrong with one stays with that one."""
        for notification in self:
            try:
                with quiet_sql(), self.env.cr.savepoint():
                    notification._send_one()
            except Exception as error:  # a template is text that anybody may have written
                _logger.info("Notification %s could not be sent", notification.id, exc_info=True)
                notification._set_state(
                    "failed",
                    reason=self.env._("It could not be sent: %s", str(error).strip()[:ERROR_MAX_CHARS]),
                )

    def _send_one(self):
        self.ensure_one()
        rule = self.rule_id or self.rule_id._get_for(self.event, self.channel_id).get(self.channel_id.id)
        if not rule or rule.method == "off":
            self._set_state("suppressed", reason=self.env._("This event has been turned off meanwhile."))
            return
        if code := self._why_not(rule.method):
            self._set_state("suppressed", reason=self._get_reasons()[code])
            return
        message = self._tell(rule)
        self._set_state("sent", sent_at=fields.Datetime.now(), message_id=message.id, reason=False)

    def _tell(self, rule):
        """Send by the rule's method.

        :return: the ``mail.message`` that the order's log keeps.
        """
        template = rule._get_template()
        if not template:
            raise UserError(self.env._("This event has no mail template. Choose one in its rule."))
        rendered = self._render(template)
        order = self.order_id.with_context(
            mail_notify_force_send=False, mail_post_autofollow=False, lang=self.partner_id.lang
        )
        return order.message_post(
            subject=rendered["subject"],
            body=rendered["body_html"],
            email_from=rendered.get("email_from") or self._get_sender() or None,
            reply_to=rendered.get("reply_to") or None,
            author_id=self.order_id.company_id.partner_id.id,
            partner_ids=self.partner_id.ids,
            message_type="auto_comment",
            subtype_xmlid="mail.mt_comment",
            email_layout_xmlid="mail.mail_notification_light",
        )

    def _render(self, template):
        """{field: text} of a mail template for this notification, in the customer's language."""
        self.ensure_one()
        return template._generate_template(self.ids, ("subject", "body_html", "email_from", "reply_to"))[self.id]

    def _why_not(self, method):
        self.ensure_one()
        channel, order = self.channel_id, self.order_id
        age = fields.Datetime.now() - order.oms_ordered_at if order.oms_ordered_at else None
        occasion = Occasion(
            event=self.event,
            email=email_normalize(self.partner_id.email) or "",
            phone=self.partner_id.phone or "",
            owns_contact=channel.owns_contact,
            age=age,
            by_customer=order.oms_called_off if self.event == "cancelled" else bool(self._get_text("by_channel")),
        )
        relays = (*RELAY_DOMAINS, *split_domains(channel.relay_domains))
        return why_not(occasion, method, relays, timedelta(days=NOTIFICATION_YOUNG_DAYS))

    def _get_reasons(self):
        """{code: sentence}"""
        return {
            "marketplace": self.env._("The marketplace “%s” tells its customers itself.", self.channel_id.name),
            "relay": self.env._(
                "The address %s belongs to a marketplace that forwards mail; it tells the customer itself.",
                self.partner_id.email,
            ),
            "told": self.env._("It came from the shop, which has told the customer already."),
            "old": self.env._(
                "The order is older than %s days: this came with the shop's history and is no news.",
                NOTIFICATION_YOUNG_DAYS,
            ),
            "no_email": self.env._("The customer has no valid e-mail address. Add one to the contact."),
            "no_phone": self.env._("The customer has no phone number. Add one to the contact."),
            "no_address": self.env._("The customer has neither e-mail address nor phone number."),
        }

    def _set_state(self, state, **values):
        """The one way to move notifications; what may not go there stays where it is."""
        allowed = self.filtered(lambda notification: state in NOTIFICATION_TRANSITIONS[notification.state])
        allowed.write({"state": state, **values})
        return allowed

    @api.autovacuum
    def _gc_old(self):
        """Forget what is so old that nothing about it can come again."""
        before = fields.Datetime.now() - timedelta(days=NOTIFICATION_KEEP_DAYS)
        self.search([("state", "in", ("sent", "suppressed")), ("create_date", "<", before)], limit=10_000).unlink()
