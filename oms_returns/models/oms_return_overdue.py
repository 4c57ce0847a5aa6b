"""What was sent before the other goods came back, and they never did: the customer is asked to send them, or to pay."""

from markupsafe import Markup

from odoo import api, fields, models

from odoo.addons.oms_core.alone import leave_task, on_its_own
from odoo.addons.oms_core.const import ERROR_MAX_CHARS

from ..const import EXCHANGE_BATCH_MAX


class OmsReturn(models.Model):
    _inherit = "oms.return"

    exchange_error = fields.Text(
        string="Could Not Be Asked", readonly=True, copy=False, help="Why the customer could not be asked to pay."
    )

    @api.model
    def _overdue_domain(self):
        return [
            ("ships_first", "=", True),
            ("state", "=", "open"),
            ("stage", "in", ("expected", "partial")),
            ("exchange_until", "<", fields.Date.today()),
        ]

    @api.model
    def _cron_exchange_overdue(self):
        """Ask customers who have new goods and kept the others, once each, a return and a savepoint at a time."""
        cron = self.env["ir.cron"]
        todo = [*self._overdue_domain(), ("exchange_asked_at", "=", False), ("exchange_error", "=", False)]
        last_id = 0
        while records := self.search([*todo, ("id", ">", last_id)], order="id", limit=EXCHANGE_BATCH_MAX):
            last_id = records[-1].id
            for record in records.try_lock_for_update(allow_referencing=True):
                with on_its_own(record, record._tell_unasked):
                    record._ask_for_overdue()
            remaining = self.search_count([*todo, ("id", ">", last_id)], limit=10_000)
            if not cron._commit_progress(len(records), remaining=remaining):
                break

    def _tell_unasked(self, error):
        self.exchange_error = str(error)[:ERROR_MAX_CHARS] or type(error).__name__

    def action_ask_to_pay(self):
        """Ask now (again)."""
        self.check_access("write")
        self.exchange_error = False
        for record in self:
            record._ask_for_overdue()

    def _ask_for_overdue(self):
        """Have the new goods invoiced, and ask the customer to pay or to send the others. Nothing is taken."""
        self.ensure_one()
        # sudo: invoices follow from what has left, whoever asks
        orders_sudo = self.exchange_order_ids.sudo().filtered(
            lambda order: order.state == "sale" and any(line._oms_get_shipped() > 0 for line in order.order_line)
        )
        for order_sudo in orders_sudo.filtered("oms_channel_id"):
            order_sudo._oms_book()
        self.exchange_asked_at = fields.Datetime.now()
        due = self.exchange_due
        if not orders_sudo or self.currency_id.compare_amounts(due, 0) <= 0:
            return
        order_sudo = orders_sudo[-1]
        link = order_sudo._oms_get_pay_link()
        missing = ", ".join(
            f"{line.quantity_missing:g} × {line.product_id.display_name}"
            for line in self.line_ids
            if line.quantity_missing > 0
        )
        translated = self.with_context(lang=self.partner_id.lang)
        body = Markup("<p>%s</p><p><a href='%s'>%s</a></p>") % (
            translated.env._(
                "We sent you %(order)s in exchange and have not received yet what you wanted to send back: %(missing)s. "
                "Please send it, or pay %(amount)s. Nothing is taken from you without your doing.",
                order=order_sudo.name,
                missing=missing,
                amount=self.currency_id.format(due),
            ),
            link,
            translated.env._("See and pay"),
        )
        self.message_post(
            body=body,
            subject=translated.env._("Your exchange %s", self.name),
            partner_ids=self.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
        )
        leave_task(
            self,
            self.env._("%s: exchange not sent back", self.name),
            self.env._(
                "The customer was asked on %(day)s to send %(missing)s or to pay %(amount)s. When the goods come after all, "
                "receive and settle the return as usual; what was paid is then paid back.",
                day=fields.Date.context_today(self),
                missing=missing,
                amount=self.currency_id.format(due),
            ),
            self.channel_id.sudo()._get_responsible() or order_sudo.user_id,  # sudo: who looks after the channel
        )


class ResCompany(models.Model):
    _inherit = "res.company"

    oms_exchange_days = fields.Integer(
        string="Send Back Within",
        default=14,
        help="Days after which a customer who got the new goods first is asked to pay for them.",
    )
    oms_exchange_reserve_days = fields.Integer(
        string="Keep Goods for an Exchange", default=14, help="Days after which they are free for others again."
    )
    oms_exchange_price = fields.Selection(
        [("paid", "What the customer paid"), ("today", "Today's price")],
        string="Same Goods Cost",
        required=True,
        default="paid",
    )

    _oms_exchange_days_check = models.Constraint(
        "CHECK(oms_exchange_days BETWEEN 1 AND 365 AND oms_exchange_reserve_days BETWEEN 1 AND 365)",
        "An exchange waits for a day at least, and for a year at most.",
    )
