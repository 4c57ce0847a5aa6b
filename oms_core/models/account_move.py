from odoo import api, fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    oms_key = fields.Char(
        string="Posting Key",
        readonly=True,
        copy=False,
        help="Names the business event that this entry books; no event is booked twice.",
    )
    oms_channel_id = fields.Many2one("oms.channel", string="Channel", compute="_compute_oms_channel_id", store=True)

    _oms_key_uniq = models.UniqueIndex("(oms_key) WHERE oms_key IS NOT NULL", "This event has been booked already.")

    @api.depends("line_ids.sale_line_ids", "origin_payment_id.payment_transaction_id")
    def _compute_oms_channel_id(self):
        """The channel whose order this entry books: by its lines, or by the payment that it belongs to."""
        for move in self:
            orders = (
                move.line_ids.sale_line_ids.order_id or move.origin_payment_id.payment_transaction_id.sale_order_ids
            )
            move.oms_channel_id = orders.oms_channel_id[:1]

    def _oms_get_channel_return_ref(self):
        """Hook: the channel's id of the return that this credit note pays for; empty for none, or several."""
        self.ensure_one()
        return ""


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _oms_get_sale_lines(self):
        """Hook: the order lines that this line charges, or gives back to whoever paid for them."""
        return self.sale_line_ids
