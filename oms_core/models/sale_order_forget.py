"""What stands about a customer around the orders and not on the contact: copies that nobody needs of who is forgotten."""

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from .oms_hold_work import ADDRESS_FIELDS as HOLD_FIELDS
from .oms_message_third_party import OUT_KINDS
from .oms_order_change import ADDRESS_FIELDS as CHANGE_FIELDS

#: What Odoo copies of a customer to each payment.
PAYER_FIELDS = (
    "partner_name",
    "partner_email",
    "partner_phone",
    "partner_address",
    "partner_zip",
    "partner_city",
    "partner_state_id",
)


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _oms_get_papers(self):
        """Records that tell about these orders, a recordset for each model. Hook: add-ons that have more of them."""
        return [self, self.picking_ids]

    def _oms_forget_customer(self):
        """Erase all copies of who bought; amounts, countries and what came of each thing stay. As superuser.

        Hook: add-ons that keep more of it.
        """
        papers = self._oms_get_papers()
        self._oms_forget_messages(papers)
        self._oms_forget_mails(papers)
        self._oms_forget_files(papers)
        self._oms_forget_words()
        self.transaction_ids.write(dict.fromkeys(PAYER_FIELDS, False))
        holds = self.env["oms.hold"].search([("order_id", "in", self.ids)])
        holds.write(dict.fromkeys(("address_original", *HOLD_FIELDS), False))
        self._oms_forget_changes()
        for picking in self.picking_ids.filtered("oms_3pl_told"):
            picking.oms_3pl_told = {**picking.oms_3pl_told, "address": None}
        self.env["oms.shipment.label"].search([("picking_id", "in", self.picking_ids.ids)]).attachment_id.unlink()

    def _oms_forget_messages(self, papers):
        """Empty what was received, and what third parties were told. What channels were told names nobody, and is read again."""
        self.env["oms.message"].search(
            _about(papers) & (Domain("direction", "=", "in") | Domain("kind", "in", OUT_KINDS))
        )._oms_forget()

    def _oms_forget_mails(self, papers):
        """Remove what was written to customers, by them and about them; what the program noted of who did what stays."""
        customers = self.partner_id | self.partner_invoice_id | self.partner_shipping_id
        for records in papers:
            records.message_ids.filtered(
                lambda message: (
                    message.message_type != "notification"
                    or (message.author_id | message.partner_ids | message.notified_partner_ids) & customers
                )
            ).unlink()

    def _oms_forget_files(self, papers):
        """Remove what is attached: papers with the address, what customers sent by mail, and how they signed."""
        self.env["ir.attachment"].search(_about(papers)).unlink()
        self.filtered(lambda order: order.signed_by or order.signature).write({"signed_by": False, "signature": False})
        self.picking_ids.filtered("signature").signature = False

    def _oms_forget_words(self):
        """Erase what customers wrote in their own words, in which may stand who they are. Stars and reasons stay.

        Hook: add-ons that keep more of it.
        """
        mine = [("order_id", "in", self.ids)]
        self._oms_blank(self.env["oms.cancellation"].search(mine), "note")
        feedback = self.env["oms.feedback"].search(mine)
        self._oms_blank(feedback, "words")
        self._oms_blank(feedback.line_ids, "remark")
        self._oms_blank(self.env["oms.tracking.event"].search([("picking_id", "in", self.picking_ids.ids)]), "text")

    def _oms_forget_changes(self):
        """Take addresses out of what was asked to be changed."""
        self._oms_blank(self.env["oms.order.change"].search([("order_id", "in", self.ids)]), "note", *CHANGE_FIELDS)

    def _oms_blank(self, records, *names):
        """Empty these columns. Not by write(), which refuses to change what was decided."""
        if records:
            records.flush_recordset(names)
            blank = SQL(", ").join(SQL("%s = NULL", SQL.identifier(name)) for name in names)
            self.env.cr.execute(
                SQL("UPDATE %s SET %s WHERE id IN %s", SQL.identifier(records._table), blank, records._ids)
            )
            records.invalidate_recordset(names)


class OmsMessage(models.Model):
    _inherit = "oms.message"

    def _oms_forget(self):
        """Take the content out of what told about a customer. Hook: where the same stands in other messages, too."""
        self._empty()


def _about(papers):
    return Domain.OR(
        Domain("res_model", "=", records._name) & Domain("res_id", "in", records.ids) for records in papers
    )
