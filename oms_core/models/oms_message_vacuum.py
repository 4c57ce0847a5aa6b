"""What was worked off long ago fills no disk: the content goes, the keys stay, so that nothing can be done twice."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..const import (
    MESSAGE_KEEP_BUSINESS_DAYS,
    MESSAGE_KEEP_DAYS,
    MESSAGE_PASSING_KINDS,
    RESERVATION_KEEP_DAYS,
    VACUUM_BATCH_MAX,
)


class OmsMessage(models.Model):
    _inherit = "oms.message"

    emptied_at = fields.Datetime(
        string="Content Removed On",
        readonly=True,
        help="Old messages keep their key and what came of them, not the content.",
    )

    _full_idx = models.Index("(create_date) WHERE emptied_at IS NULL AND state IN ('done', 'ignored', 'dismissed')")

    @api.autovacuum
    def _gc_contents(self):
        """Remove the content of messages that were worked off long ago, some thousand at a time.

        What an order was made of is kept as long as books are, and that of a quotation until it is none any more, because
        it can be read again; counts of stock and the like are soon worth nothing.
        """
        self.flush_model(["state", "kind", "res_model", "res_id", "emptied_at", "create_date"])
        self.env["sale.order"].flush_model(["state"])
        now = fields.Datetime.now()
        rows = self.env.execute_query(
            SQL(
                """UPDATE oms_message SET body = NULL, corrected_body = NULL, headers = NULL, emptied_at = %(now)s
                    WHERE id IN (
                        SELECT m.id FROM oms_message m
                         WHERE m.emptied_at IS NULL AND m.state IN ('done', 'ignored', 'dismissed')
                           AND m.create_date < %(soon)s
                           AND (m.create_date < %(late)s OR m.state != 'done' OR m.kind = ANY(%(passing)s))
                           AND NOT EXISTS (SELECT 1 FROM sale_order o
                                            WHERE m.res_model = 'sale.order' AND o.id = m.res_id
                                              AND o.state IN ('draft', 'sent'))
                         ORDER BY m.create_date LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
                RETURNING id""",
                now=now,
                soon=now - timedelta(days=MESSAGE_KEEP_DAYS),
                late=now - timedelta(days=MESSAGE_KEEP_BUSINESS_DAYS),
                passing=list(MESSAGE_PASSING_KINDS),
                limit=VACUUM_BATCH_MAX,
            )
        )
        self.browse([row[0] for row in rows]).invalidate_recordset()
        return len(rows), len(rows) == VACUUM_BATCH_MAX

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


class OmsReservation(models.Model):
    _inherit = "oms.reservation"

    @api.autovacuum
    def _gc_closed(self):
        """Forget what was set aside and let go long ago; what expired tells its order so until that is decided."""
        # sudo: nobody deletes reservations by hand
        old_sudo = self.sudo().search(
            [
                ("state", "!=", "pending"),
                ("closed_at", "<", fields.Datetime.now() - timedelta(days=RESERVATION_KEEP_DAYS)),
                "|",
                ("order_id", "=", False),
                ("order_id.state", "not in", ("draft", "sent")),
            ],
            order="id",
            limit=VACUUM_BATCH_MAX,
        )
        count = len(old_sudo)
        old_sudo.unlink()
        return count, count == VACUUM_BATCH_MAX
