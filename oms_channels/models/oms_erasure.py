"""A marketplace says that one of its users is to be forgotten: what is personal goes, what the books need stays."""

from odoo import fields, models
from odoo.tools import SQL

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
)
#: What goes even where a posted invoice needs name and address.
CONTACT_FIELDS = ("email", "phone", "comment", "website", "function")

#: Statuses of orders for which nobody needs an address any more.
OVER = ("cancelled", "shipped", "delivered", "collected", "done", "returned", "returned_part")


class OmsChannel(models.Model):
    _inherit = "oms.channel"

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
        channel_sudo.env["oms.customer.ref"].search(
            [("channel_id", "=", self.id), ("partner_id", "in", partners_sudo.ids)]
        ).unlink()
        channel_sudo.env["oms.message"].search(
            [
                ("channel_id", "=", self.id),
                ("res_model", "=", "sale.order"),
                ("res_id", "in", orders_sudo.ids),
                ("direction", "=", "in"),
            ]
        )._empty()
        words = [channel_sudo._erase_partner(partner_sudo, orders_sudo) for partner_sudo in partners_sudo]
        return partners_sudo[:1].with_env(self.env), "done", " ".join(words)

    def _erase_partner(self, partner, orders):
        """Erase one contact with its addresses, as far as it may be; the sentence tells how far that was."""
        people = partner | partner.with_context(active_test=False).child_ids
        mine = orders.filtered(lambda order: order.partner_id == partner)
        elsewhere = self.env["sale.order"].search_count(
            [("partner_id", "in", people.ids), ("id", "not in", mine.ids)], limit=1
        )
        if elsewhere or people.user_ids:
            return self.env._(
                "The contact is known from elsewhere, too, and stays; the account on the channel is forgotten."
            )
        mine.write({"note": False})
        if open_orders := mine.filtered(lambda order: order.oms_status not in OVER):
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
            ],
            limit=1,
        )
        people.message_ids.filtered(lambda message: message.message_type in ("email", "comment")).unlink()
        if booked:
            people.write(dict.fromkeys(CONTACT_FIELDS, False))
            return self.env._(
                "E-mail and telephone are erased. Name and address stand on posted entries and are kept as long as the books."
            )
        people.write({**dict.fromkeys(PERSONAL_FIELDS, False), "name": self.env._("Erased customer"), "active": False})
        return self.env._("The contact, its addresses and what the channel sent about its orders are erased.")


class OmsMessage(models.Model):
    _inherit = "oms.message"

    def _get_appliers(self):
        return {
            **super()._get_appliers(),
            "erasure": lambda channel, docs: [channel._erase_customer(names) for names in docs],
        }

    def _empty(self):
        """Take the content out of messages that were worked off; their keys stay, so that nothing can be done twice."""
        self.flush_recordset()
        final = self.filtered(lambda message: message.state in ("done", "ignored", "dismissed") and message.body)
        if final:
            # Not by write(), which refuses to change what was received.
            self.env.cr.execute(
                SQL(
                    "UPDATE oms_message SET body = NULL, corrected_body = NULL, headers = NULL, emptied_at = %s"
                    " WHERE id IN %s",
                    fields.Datetime.now(),
                    final._ids,
                )
            )
            final.invalidate_recordset()
