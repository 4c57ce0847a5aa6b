"""What may have changed of what a channel is told, noted by whoever changes it, and read by the job that tells it."""

from odoo import api, fields, models
from odoo.tools import SQL

from ..const import PUSH_JOURNAL_START, PUSH_MARKS_MAX

KINDS = [("stock", "Stock"), ("prices", "Prices"), ("content", "Content")]


class OmsChannelMark(models.Model):
    """Look at this again. Only added to, and taken away by the job that has looked: nobody waits for anybody."""

    _name = "oms.channel.mark"
    _description = "Change to Be Sent"
    _log_access = False

    channel_id = fields.Many2one("oms.channel", required=True, index=True, ondelete="cascade")
    kind = fields.Selection(KINDS, required=True)
    product_id = fields.Many2one("product.product", ondelete="cascade", help="Empty: everything.")
    again = fields.Boolean(help="Also what was refused.")

    @api.model
    def _mark(self, kind, products=None, channels=None, again=False):
        """Have the job look at these products again.

        :param products: ``None``: at everything.
        :param channels: ``None``: all that are told about this.
        """
        pushing = self.env["oms.channel"]._pushing(kind)
        channel_ids = [one for one in pushing if channels is None or one in channels._ids]
        if not channel_ids or (products is not None and not products):
            return
        ids = [None] if products is None or len(products) > PUSH_MARKS_MAX else products.ids
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO oms_channel_mark (channel_id, kind, product_id, again)
                SELECT channel_id, %s, product_id, %s FROM unnest(%s::int[]) channel_id, unnest(%s::int[]) product_id
                """,
                kind,
                again,
                channel_ids,
                ids,
            )
        )
        self.env["oms.channel"]._wake_push(kind)

    @api.model
    def _mark_listings(self, listings, again=False):
        """Have the jobs look at these listings again, whatever is told of them."""
        for channel, some in listings.grouped("channel_id").items():
            for kind, _label in KINDS:
                self._mark(kind, some.product_id, channel, again)


class OmsChannelPush(models.Model):
    """How far the changes of a channel have been looked at."""

    _name = "oms.channel.push"
    _description = "Progress of Sending"
    _log_access = False

    channel_id = fields.Many2one("oms.channel", required=True, index=True, ondelete="cascade")
    kind = fields.Selection(KINDS, required=True)
    ran_at = fields.Datetime()
    swept_at = fields.Datetime(help="When everything was looked at last.")
    journal_id = fields.Integer(help="Everything in the stock journal up to here has been looked at.")
    next_journal_id = fields.Integer(help="… up to here, once all transactions that were open then are over.")
    next_xid = fields.Char(help="Those before this one.")

    _channel_uniq = models.Constraint("UNIQUE(channel_id, kind)", "The progress of this is here already.")

    @api.model
    def _of(self, channel, kind):
        """The progress of a channel; empty while somebody else sends for it."""
        self.env.cr.execute(
            SQL(
                "INSERT INTO oms_channel_push (channel_id, kind) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                channel.id,
                kind,
            )
        )
        state = self.search([("channel_id", "=", channel.id), ("kind", "=", kind)])
        return state.try_lock_for_update()

    def _take_changes(self):
        """What may have changed since the last time; and forget it.

        Transactions commit in another order than their events are numbered, so what was read last is not a mark by itself: an
        event with a smaller number may appear later. Everything up to a number has been seen for good when all
        transactions that were open when it was read are over. Until then it is read again, which changes nothing.

        :return: (ids of products, or ``None`` for all; whether also what was refused)
        """
        self.ensure_one()
        cr = self.env.cr
        cr.execute(
            SQL(
                "DELETE FROM oms_channel_mark WHERE channel_id = %s AND kind = %s RETURNING product_id, again",
                self.channel_id.id,
                self.kind,
            )
        )
        marks = cr.fetchall()
        products, again = {product_id for product_id, _again in marks}, any(again for _id, again in marks)
        if self.kind == "stock":
            products |= self._read_journal()
        return (None if None in products else products), again

    def _read_journal(self):
        """The products whose stock has changed at the places of the channel."""
        cr = self.env.cr
        # Our own number is given out after the snapshot was taken, so all whose events may still appear have smaller ones. The
        # snapshot's upper end would not do: it is behind the last that has ended, and those that run may be beyond it.
        cr.execute(
            """
            SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_current_xact_id()::text,
                   (SELECT COALESCE(MAX(id), 0) FROM oms_stock_event)
            """
        )
        oldest, following, newest = cr.fetchone()
        # What is looked at for the first time is looked at as a whole, and needs no history.
        seen = self.journal_id if self.next_xid else max(newest - PUSH_JOURNAL_START, 0)
        cr.execute(
            SQL(
                "SELECT DISTINCT product_id FROM oms_stock_event WHERE id > %s AND warehouse_id = ANY(%s)",
                seen,
                self.channel_id._get_warehouses().ids,
            )
        )
        products = self.env["product.product"].browse([product_id for (product_id,) in cr.fetchall()])
        if not self.next_xid:
            self.write({"journal_id": seen, "next_journal_id": newest, "next_xid": following})
        elif oldest >= int(self.next_xid):
            # All that was open then is over, and was read just now.
            self.write({"journal_id": self.next_journal_id, "next_journal_id": newest, "next_xid": following})
        availability = self.env["oms.availability"].with_company(self.channel_id.company_id)
        return set((products | availability._get_kits_of(products)).ids) if products else set()
