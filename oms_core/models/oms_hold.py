from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import HOLD_KINDS


class OmsHold(models.Model):
    """A reason why an order may not proceed. Several may stand at once; each is released by name, and stays as history."""

    _name = "oms.hold"
    _description = "Order Hold"
    _order = "released_at desc nulls first, id desc"
    _rec_name = "reason"

    order_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    channel_id = fields.Many2one(related="order_id.oms_channel_id", store=True, index=True)
    partner_id = fields.Many2one(related="order_id.partner_id")
    amount_total = fields.Monetary(related="order_id.amount_total")
    currency_id = fields.Many2one(related="order_id.currency_id")
    kind = fields.Selection(HOLD_KINDS, required=True)
    reason = fields.Text(required=True, help="What is wrong and what to do about it.")
    subject = fields.Char(
        readonly=True, help="What a reason that tells numbers is about, so that other numbers are the same hold."
    )
    released_at = fields.Datetime(readonly=True)
    released_by_id = fields.Many2one("res.users", readonly=True)
    accepted_totals = fields.Char(
        readonly=True, help="The order's and the channel's total that were accepted by releasing this hold."
    )
    is_shortage = fields.Boolean(readonly=True, help="Goes by itself when the goods are there.")
    is_open = fields.Boolean(compute="_compute_is_open", search="_search_is_open")

    _open_uniq = models.UniqueIndex(
        "(order_id, kind, md5(reason)) WHERE released_at IS NULL", "The order is on hold for this reason already."
    )

    _subject_uniq = models.UniqueIndex(
        "(order_id, kind, subject) WHERE released_at IS NULL AND subject IS NOT NULL",
        "The order is on hold for this reason already.",
    )

    @api.depends("released_at")
    def _compute_is_open(self):
        for hold in self:
            hold.is_open = not hold.released_at

    def _search_is_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("released_at", "=" if True in value else "!=", False)]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_cascade(self):
        raise UserError(self.env._("A hold is history. Release it instead of deleting it."))

    def action_release(self):
        """Release these holds; an order with no other hold and a channel that releases clean orders goes on by itself."""
        self.check_access("write")
        for hold in self.filtered(lambda hold: hold.is_open and hold.kind == "total"):
            hold.accepted_totals = hold.order_id._oms_get_totals()
        self._release()
        self.order_id._oms_release_clean()

    def _release(self):
        """Mark as released, without going on."""
        standing = self.filtered("is_open")
        standing.write({"released_at": fields.Datetime.now(), "released_by_id": self.env.uid})
        standing.flush_recordset(["released_at"])  # or the same reason could not come back in this transaction
        for order, holds in standing.grouped("order_id").items():
            order.message_post(body=self.env._("Hold released: %s", " / ".join(holds.mapped("reason"))))
