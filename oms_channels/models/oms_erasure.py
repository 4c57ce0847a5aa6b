"""A customer is to be forgotten, as a marketplace says or when the time is over: what is personal goes, what the books need
stays, and no amount, tax or rate changes."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from odoo.addons.oms_core.alone import on_its_own
from odoo.addons.oms_core.const import MESSAGE_KEEP_BUSINESS_DAYS
from odoo.addons.oms_core.exceptions import MessageRejected
from odoo.addons.oms_core.text import as_html

from ..platforms import PLATFORMS

#: What a contact says about a person besides the name.
PERSONAL_FIELDS = (
    "street",
    "street2",
    "zip",
    "city",
    "state_id",
    "email",
    "phone",
    "comment",
    "vat",
    "website",
    "function",
    "image_1920",
)
#: What goes even where a posted invoice needs name and address.
CONTACT_FIELDS = ("email", "phone", "comment", "website", "function", "image_1920")

#: Customers of one channel who are forgotten in one night.
FORGET_BATCH_MAX = 2_000
#: Statuses of orders for which nobody needs an address any more.
OVER = ("cancelled", "shipped", "delivered", "collected", "done", "returned", "returned_part")


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    erase_after_days = fields.Integer(
        string="Forget Customers After",
        tracking=True,
        help="So many days after the last order of a customer, e-mail, telephone, notes and what the channel sent are erased; "
        "name and address as well where no entry needs them, and the login to the portal. Who bought on several channels is "
        "forgotten when the days of each are over. Zero: never by itself. (Amazon asks for 30 days after the delivery.)",
    )

    @api.constrains("erase_after_days")
    def _check_erase_after_days(self):
        for channel in self:
            if channel.erase_after_days < 0:
                raise ValidationError(self.env._("Days cannot be negative: enter 0 for never."))

    @api.model
    def _cron_forget_customers(self):
        """Erase the customers whose time is over, each on its own; a part of them a night when there are many."""
        cron = self.env["ir.cron"]
        for channel in self.search([("erase_after_days", ">", 0)], order="id"):
            people = channel._get_forgettable()
            for done, partner in enumerate(people, 1):
                with on_its_own(partner, lambda error, partner=partner: partner._oms_tell_not_erased(error)):
                    channel._forget_customer(partner)
                if not cron._commit_progress(1, remaining=len(people) - done):
                    return

    def _get_forgettable(self):
        """Customers of this channel whose last order is long enough ago, here and wherever else they bought, who wait for
        nothing, and of whom something is left to erase.

        A cart or a quotation that nobody paid is no order once it is as old. A login of the portal goes with its customer; who
        has another one (of a colleague, or of all visitors) is no customer to forget.
        """
        self.ensure_one()
        self.env.flush_all()
        today = fields.Date.today()
        rows = self.env.execute_query(
            SQL(
                """WITH due AS (
                     SELECT o.partner_id, MAX(o.date_order) AS since
                       FROM sale_order o
                       JOIN res_partner p ON p.id = o.partner_id
                  LEFT JOIN oms_channel c ON c.id = o.oms_channel_id
                      WHERE o.partner_id IN (SELECT partner_id FROM sale_order WHERE oms_channel_id = %(channel)s)
                        AND p.id NOT IN (SELECT UNNEST(ARRAY[q.id, COALESCE(q.parent_id, q.id)])
                                           FROM res_users u
                                           JOIN res_partner q ON q.id = u.partner_id
                                          WHERE NOT u.share
                                             OR NOT EXISTS (SELECT FROM res_groups_users_rel g
                                                             WHERE g.uid = u.id AND g.gid = %(portal)s))
                   GROUP BY o.partner_id, p.id
                     HAVING BOOL_AND(CASE WHEN c.id IS NULL AND o.state IN ('draft', 'sent', 'cancel')
                                          THEN o.date_order < %(before)s
                                          ELSE COALESCE(c.erase_after_days, 0) > 0
                                               AND o.date_order < %(today)s::date - c.erase_after_days END)
                        AND (p.oms_erased_on IS NULL OR p.oms_erased_on < MAX(o.date_order)
                             -- name and address go when the books need them no more
                             OR (p.active AND p.oms_erased_on < %(books)s
                                 AND NOT EXISTS (SELECT FROM account_move v
                                                  WHERE v.partner_id = p.id AND v.state = 'posted' AND v.date >= %(books)s))))
                   SELECT due.partner_id
                     FROM due
                    WHERE NOT EXISTS (SELECT FROM sale_order o WHERE o.partner_id = due.partner_id AND %(under_way)s)
                 ORDER BY due.since, due.partner_id
                    LIMIT %(limit)s""",
                channel=self.id,
                portal=self.env.ref("base.group_portal").id,
                today=today,
                before=today - timedelta(days=self.erase_after_days),
                books=today - timedelta(days=MESSAGE_KEEP_BUSINESS_DAYS),
                under_way=self._get_under_way_sql(),
                limit=FORGET_BATCH_MAX,
            )
        )
        return self.env["res.partner"].browse([row[0] for row in rows])

    def _get_under_way_sql(self):
        """Whether somebody still needs the address of an old order (``o``): goods are to leave, or there is money on it."""
        return SQL(
            """CASE WHEN o.state IN ('draft', 'sent')
                    THEN EXISTS (SELECT FROM sale_order_transaction_rel r
                                   JOIN payment_transaction t ON t.id = r.transaction_id
                                  WHERE r.sale_order_id = o.id AND t.state IN ('pending', 'authorized', 'done'))
                    ELSE o.state != 'cancel' AND %s NOT IN %s END""",
            self.env["sale.order"]._oms_status_sql("o"),
            OVER,
        )

    def _forget_customer(self, partner):
        """Erase a customer whose time is over, with the login to the portal."""
        # sudo: the company has decided it, on the channel, whatever the job's user may write
        channel_sudo, partner_sudo = self.sudo(), partner.sudo()
        orders_sudo = channel_sudo.env["sale.order"].search([("partner_id", "=", partner.id)])
        before = fields.Datetime.now() - timedelta(days=self.erase_after_days)
        if any(
            order.date_order > before or (order.state == "sale" and order.oms_status not in OVER)
            for order in orders_sudo
        ):
            return self.env._("An order is still under way.")  # placed since the job began
        channel_sudo._forget_contents(partner_sudo, orders_sudo)
        logins_sudo = partner_sudo.with_context(active_test=False).user_ids
        return channel_sudo._erase_partner(partner_sudo, orders_sudo, logins=logins_sudo)

    def _forget_contents(self, partners, orders):
        """Forget under which names the channel knows these customers, and what it sent about their orders."""
        self.env["oms.customer.ref"].search([("channel_id", "=", self.id), ("partner_id", "in", partners.ids)]).unlink()
        orders.filtered("oms_customer_ref").oms_customer_ref = False
        self.env["oms.message"].search(
            [
                ("channel_id", "=", self.id),
                ("res_model", "=", "sale.order"),
                ("res_id", "in", orders.ids),
                ("direction", "=", "in"),
            ]
        )._oms_forget()

    def _parse(self, message):
        """Override: whose data are to go."""
        adapter = PLATFORMS.get(self.platform)
        if message.kind != "erasure" or adapter is None or adapter.erased is None:
            return super()._parse(message)
        names = {value for value in adapter.erased(message._get_body()).values() if value}
        if not names:
            raise MessageRejected(self.env._("The platform does not say whose data are to be erased."))
        return names

    def _erase_customer(self, names):
        """Erase what is known of a user of this channel.

        What is on a posted entry keeps name and address, which the law on books asks for; so does what still has to be
        delivered. Who is known from elsewhere, too, stays a contact and is only no longer known as that user.

        :param names: the ids that the platform has for the person.
        :return: ``(record, state, text)`` as an applier of ``oms.message``.
        """
        self.ensure_one()
        # sudo: the law asks for it, whatever the integration user may write
        channel_sudo = self.sudo()
        refs_sudo = channel_sudo.env["oms.customer.ref"].search(
            [("channel_id", "=", self.id), ("external_id", "in", list(names))]
        )
        partners_sudo = refs_sudo.partner_id
        if not partners_sudo:
            return (
                self.env["res.partner"],
                "done",
                self.env._("Nobody of that name is known here; there is nothing to erase."),
            )
        orders_sudo = channel_sudo.env["sale.order"].search(
            [("oms_channel_id", "=", self.id), ("partner_id", "in", partners_sudo.ids)]
        )
        channel_sudo._forget_contents(partners_sudo, orders_sudo)
        open_sudo = orders_sudo.filtered(lambda order: order.oms_status not in OVER)
        words = [channel_sudo._erase_partner(partner_sudo, orders_sudo, open_sudo) for partner_sudo in partners_sudo]
        return partners_sudo[:1].with_env(self.env), "done", " ".join(words)

    def _erase_partner(self, partner, orders, under_way=(), logins=()):
        """Erase one contact with its addresses, as far as it may be; the sentence tells how far that was.

        :param orders: all of the contact that are known to be of no other channel, or old enough, too.
        :param under_way: those of them for which somebody still needs the address.
        :param logins: users that go with the contact. Who has another one is known from elsewhere.
        """
        people = partner | partner.with_context(active_test=False).child_ids
        mine = orders.filtered(lambda order: order.partner_id == partner)
        elsewhere = self.env["sale.order"].search_count(
            [("partner_id", "in", people.ids), ("id", "not in", mine.ids)], limit=1
        )
        if elsewhere or any(user not in logins for user in people.user_ids):
            return self.env._(
                "The contact is known from elsewhere, too, and stays; the account on the channel is forgotten."
            )
        mine.write({"note": False})
        if open_orders := mine.filtered(lambda order: order in under_way):
            partner.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Erase this customer"),
                note=as_html(
                    self.env._(
                        "%(channel)s asks to forget this customer. %(orders)s are still under way: erase name and address "
                        "when they have arrived.",
                        channel=self.name,
                        orders=", ".join(open_orders.mapped("name")),
                    )
                ),
                user_id=self.user_id.id,
            )
            return self.env._(
                "An order is still under way: name and address are kept until it has arrived, and a task says so."
            )
        booked = self.env["account.move"].search_count(
            [
                ("state", "=", "posted"),
                "|",
                ("partner_id", "in", people.ids),
                ("partner_shipping_id", "in", people.ids),
                ("date", ">=", fields.Date.today() - timedelta(days=MESSAGE_KEEP_BUSINESS_DAYS)),
            ],
            limit=1,
        )
        mine._oms_forget_customer()
        if logins:
            # Not by write(), which would tell the customer by mail, and keep the mail.
            logins.flush_recordset()
            self.env.cr.execute(
                SQL("UPDATE res_users SET login = 'erased-' || id, password = NULL WHERE id IN %s", logins._ids)
            )
            logins.invalidate_recordset()
            logins.write({"active": False, "signature": False})
            logins.api_key_ids.unlink()
        # With what the program noted: into whom was merged who, and what was there before it was changed.
        people.message_ids.unlink()
        self.env["oms.customer.match"].search([("candidate_id", "in", people.ids)])._forget_snapshot()
        self.env["ir.attachment"].search([("res_model", "=", "res.partner"), ("res_id", "in", people.ids)]).unlink()
        # Odoo would keep what was there as what was changed.
        people = people.with_context(tracking_disable=True)
        people.oms_erased_on = fields.Date.today()
        if booked:
            people.write(dict.fromkeys(CONTACT_FIELDS, False))
            return self.env._(
                "E-mail and telephone are erased. Name and address stand on posted entries and are kept as long as the books."
            )
        people.write({**dict.fromkeys(PERSONAL_FIELDS, False), "name": self.env._("Erased customer"), "active": False})
        return self.env._("The contact, its addresses and what the channel sent about its orders are erased.")


class ResPartner(models.Model):
    _inherit = "res.partner"

    oms_erased_on = fields.Date(
        string="Personal Data Erased On", readonly=True, copy=False, groups="oms_core.group_oms_user"
    )

    def _oms_tell_not_erased(self, error):
        """A person sees to what the job could not erase."""
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Erase this customer"),
            note=as_html(self.env._("The personal data could not be erased by itself: %s", error)),
        )


class OmsMessage(models.Model):
    _inherit = "oms.message"

    def _get_appliers(self):
        return {
            **super()._get_appliers(),
            "erasure": lambda channel, docs: [channel._erase_customer(names) for names in docs],
        }

    def _oms_forget(self):
        """Override of ``oms_core``: the file that it came in has the same, and that of other customers."""
        self.file_id._empty()
        return super()._oms_forget()

    def _finish(self, record, state, text):
        """Override: a request to forget somebody names who it was; what is done is forgotten, too."""
        result = super()._finish(record, state, text)
        if self.kind == "erasure":
            self._empty()
        return result
