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
        self.transaction_ids.write(dict.fromkeys(PAYER_FIELDS, False))
        holds = self.env["oms.hold"].search([("order_id", "in", self.ids)])
        holds.write(dict.fromkeys(("address_original", *HOLD_FIELDS), False))
        self._oms_forget_changes()
        for picking in self.picking_ids.filtered("oms_3pl_told"):
            picking.oms_3pl_told = {**picking.oms_3pl_told, "address": None}
        self.env["oms.shipment.label"].search([("picking_id", "in", self.picking_ids.ids)]).attachment_id.unlink()

    def _oms_forget_messages(self, papers):
        """Empty what was received, and what third parties were told. What channels were told names nobody, and is read again."""
        about = Domain.OR(
            Domain("res_model", "=", records._name) & Domain("res_id", "in", records.ids) for records in papers
        )
        self.env["oms.message"].search(
            about & (Domain("direction", "=", "in") | Domain("kind", "in", OUT_KINDS))
        )._empty()

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

    def _oms_forget_changes(self):
        """Take addresses out of what was asked to be changed."""
        changes = self.env["oms.order.change"].search([("order_id", "in", self.ids)])
        if changes:
            # Not by write(), which refuses to change what was decided.
            changes.flush_recordset()
            blank = SQL(", ").join(SQL("%s = NULL", SQL.identifier(name)) for name in ("note", *CHANGE_FIELDS))
            self.env.cr.execute(SQL("UPDATE oms_order_change SET %s WHERE id IN %s", blank, changes._ids))
            changes.invalidate_recordset()
