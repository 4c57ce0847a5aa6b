from odoo import api, fields, models
from odoo.fields import Command

#: What a line of a credit note is. Those that count are about a quantity; the others only about money.
REFUND_KINDS = [
    ("goods", "Goods that came back"),
    ("kept", "Goods that the customer keeps"),
    ("claim", "Goods of a claim"),
    ("discount", "Discount of the order"),
    ("shipping", "Shipping"),
    ("fee", "Fee"),
    ("deduction", "Deduction"),
    ("adjustment", "Price adjustment"),
    ("goodwill", "Goodwill"),
]
COUNTED_KINDS = (False, "goods", "kept", "claim")


class AccountMove(models.Model):
    _inherit = "account.move"

    oms_return_id = fields.Many2one(
        "oms.return", string="Return", index="btree_not_null", copy=False, readonly=True, ondelete="set null"
    )
    oms_order_id = fields.Many2one(
        "sale.order",
        string="Refund of",
        index="btree_not_null",
        copy=False,
        readonly=True,
        ondelete="set null",
        help="Shows a credit note on its order though no line of it is about goods.",
    )
    oms_why = fields.Char(string="Why", copy=False, readonly=True)

    @api.depends("oms_order_id")
    def _compute_oms_channel_id(self):
        """Override of ``oms_core``: also of a credit note of which no line is about goods."""
        result = super()._compute_oms_channel_id()
        for move in self.filtered(lambda move: not move.oms_channel_id and move.oms_order_id):
            move.oms_channel_id = move.oms_order_id.oms_channel_id
        return result

    def _oms_reverse(self, journal, prepared):
        """Credit notes over parts of these invoices, as drafts.

        As Odoo's own reversal, with what its wizard prepares, but made at once and with the wanted lines alone: to copy each
        invoice in whole and to trim it then takes three times as long.

        :param dict prepared: {invoice: (values of the lines, other values)}
        """
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=self.ids)
            .create({"journal_id": journal.id, "date": fields.Date.context_today(self)})
        )
        to_create = []
        for invoice in self:
            lines, values = prepared[invoice]
            default = {
                **wizard._prepare_default_reversal(invoice),
                "move_type": "out_refund",
                "reversed_entry_id": invoice.id,
                "partner_id": invoice.partner_id.id,
                "campaign_id": invoice.campaign_id.id,
                "medium_id": invoice.medium_id.id,
                "source_id": invoice.source_id.id,
                "line_ids": [Command.create(line) for line in lines],
                **values,
            }
            to_create += invoice.with_context(include_business_fields=True).copy_data(default)
        refunds = self.env["account.move"].create(to_create)
        pairs = list(zip(self, refunds, strict=True))
        reversed_by = {
            invoice.id: self.env._("This entry has been %s", refund._get_html_link(title=self.env._("reversed")))
            for invoice, refund in pairs
        }
        self._message_log_batch(bodies=reversed_by)
        origins = {
            refund.id: invoice._get_copy_message_content({"reversed_entry_id": invoice.id}) for invoice, refund in pairs
        }
        refunds._message_log_batch(bodies=origins)
        return refunds


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    oms_return_line_id = fields.Many2one(
        "oms.return.line", string="Return Line", index="btree_not_null", copy=False, ondelete="set null"
    )
    oms_refund_kind = fields.Selection(REFUND_KINDS, string="Refund For", copy=False, readonly=True)
    oms_credited_line_id = fields.Many2one(
        "account.move.line",
        string="Credits",
        index="btree_not_null",
        copy=False,
        readonly=True,
        ondelete="set null",
        help="The line of the invoice of which this gives money back.",
    )
    oms_refund_basis = fields.Json(
        copy=False, readonly=True, help="What later refunds of the same line count on: see domain/refund.py, Credited."
    )
    oms_why = fields.Char(string="Why", copy=False, readonly=True)

    def _oms_get_sale_lines(self):
        """Override of ``oms_core``: a refund of goods that stay with the customer, or of shipping, moves no quantity of its
        order line and is about it all the same."""
        lines = super()._oms_get_sale_lines()
        if not lines and self.oms_refund_kind in ("kept", "claim", "shipping"):
            return self.oms_credited_line_id.sale_line_ids
        return lines
