"""What stock and prices have in common when a channel is told them: rows that wait, are sent in batches, and are settled."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.oms_core.const import INSIDE

from ..const import OUTCOME_DELAY_S, PUSH_BATCHES_AT_ONCE, PUSH_SPLITS_MAX, PUSH_WAITS_S
from ..domain.adapter import ChannelError, Reject
from ..domain.outgoing import ListingRef, Result
from ..domain.push import batches, taken

#: States in which a row is to be told when its time has come.
OPEN_STATES = ("due", "sending", "waiting")
SETTLED_COLUMNS = ("id", "state", "accepted", "forget", "error", "reference", "attempts", "next_attempt_at")


@dataclass
class Book:
    """What became of what was told, until it is written.

    :ivar found: [(id of a row, quantity that the channel has)]; they were told so, by whomever.
    """

    rows: models.AbstractModel
    commit: Callable[[], None]
    settlements: list[dict] = field(default_factory=list)
    found: list[tuple[int, int]] = field(default_factory=list)

    def keep(self):
        """Write it, all in one statement; in two, if something else was found there."""
        if self.found:
            self.rows._note_found(self.found)
        self.rows._settle(self.settlements)
        self.settlements, self.found = [], []


class OmsChannelTold(models.AbstractModel):
    """One thing about a listing that its channel is told: what it is to be, what the channel was told last, and how it took it.

    Only the job writes these rows, so nobody who sells or receives goods ever waits for it. That a row is being sent is
    committed before it is sent (``sending``): after a lost answer or a killed job it may have been told, and is told again.
    """

    _name = "oms.channel.told"
    _description = "What a Channel Is Told"
    _log_access = False

    listing_id = fields.Many2one("oms.channel.listing", required=True, readonly=True, index=True, ondelete="cascade")
    channel_id = fields.Many2one("oms.channel", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    product_id = fields.Many2one(related="listing_id.product_id")
    sku = fields.Char(related="listing_id.sku")
    state = fields.Selection(
        [
            ("due", "To Be Sent"),
            ("sending", "Being Sent"),
            ("pending", "Taken, Worked off There"),
            ("waiting", "Waiting for Orders"),
            ("told", "Published"),
            ("refused", "Refused"),
            ("gone", "Not There Any More"),
        ],
        required=True,
        readonly=True,
        help="“Waiting for orders”: the channel has less than we thought, so orders seem to be on their way; it is decided "
        "again when they have been read.",
    )
    urgency = fields.Integer(readonly=True)
    error = fields.Text(readonly=True)
    attempts = fields.Integer(readonly=True, help="How often in a row the channel said that it may take it later.")
    sequence = fields.Integer(readonly=True, help="Number of the attempt; the same attempt has the same key.")
    reference = fields.Char(readonly=True, help="What the channel calls what it works off later.")
    next_attempt_at = fields.Datetime(readonly=True)
    sent_at = fields.Datetime(string="Last Sent", readonly=True)
    pushed_at = fields.Datetime(string="Published At", readonly=True, help="When the channel was told what it has.")

    #: The client's method that tells it, and the capability that says how many at once.
    _tells, _batch = "", ""
    #: So many batches cost the database what one costs.
    _batches_at_once = PUSH_BATCHES_AT_ONCE
    #: {column: SQL type} of what is noted about a row when it is sent, and is put back where it was not.
    _noted = {"state": "text", "sent_at": "timestamp"}

    # -------------------------------------------------------------------------------------------------- COLLECTING

    @api.model
    def _drop(self, channel, which):
        """Forget rows about listings of which ``which`` holds: SQL about ``row`` and ``listing``."""
        self.env["oms.channel.listing"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM %s AS row USING oms_channel_listing listing
                 WHERE listing.id = row.listing_id AND row.channel_id = %s AND %s
                """,
                SQL.identifier(self._table),
                channel.id,
                which,
            )
        )
        if self.env.cr.rowcount:
            self.invalidate_model()

    # ----------------------------------------------------------------------------------------------------- SENDING

    @api.model
    def _due(self, channel, limit):
        """The rows to be told now, the most urgent first, as dictionaries, each with its ``ListingRef`` as ``ref``."""
        self.env["oms.channel.listing"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT row.*, listing.external_id, listing.sku, listing.parent_ref, listing.inventory_ref, listing.kind_ref
                  FROM %(table)s AS row JOIN oms_channel_listing listing ON listing.id = row.listing_id
                 WHERE row.channel_id = %(channel)s AND row.state IN ('due', 'sending', 'waiting')
                   AND (row.next_attempt_at IS NULL OR row.next_attempt_at <= %(now)s)
                 ORDER BY row.urgency, row.id LIMIT %(limit)s
                """,
                table=SQL.identifier(self._table),
                channel=channel.id,
                now=fields.Datetime.now(),
                limit=limit,
            )
        )
        rows = self.env.cr.dictfetchall()
        for row in rows:
            row["ref"] = ListingRef(
                external_id=row.pop("external_id"),
                sku=row.pop("sku") or "",
                parent_id=row.pop("parent_ref") or "",
                inventory_ref=row.pop("inventory_ref") or "",
                location_ref=row.get("location_ref") or "",
                kind=row.pop("kind_ref") or "",
            )
        return rows

    @api.model
    def _put_back(self, rows):
        """Nothing was sent of these rows of :meth:`_due`, though it was noted: they are as before."""
        if not rows:
            return
        names = [SQL.identifier(name) for name in self._noted]
        self.env.cr.execute(
            SQL(
                "UPDATE %(table)s AS row SET %(values)s FROM unnest(%(columns)s) AS news (id, %(names)s) WHERE row.id = news.id",
                table=SQL.identifier(self._table),
                values=SQL(", ").join(SQL("%s = news.%s", name, name) for name in names),
                columns=SQL(", ").join(
                    SQL("%s::%s[]", [row[name] for row in rows], SQL(kind))
                    for name, kind in {"id": "int4", **self._noted}.items()
                ),
                names=SQL(", ").join(names),
            )
        )
        self.invalidate_model()

    @api.model
    def _ask(self, client, documents, splits):
        """Tell a batch; one result for each. What is refused as a whole is told in halves, to find out what it is about.

        :param splits: [how many more requests may be spent on that], counted down.
        """
        try:
            results = list(getattr(client, self._tells)(documents))
        except Reject as error:
            results = [Result("refused", str(error))] * len(documents)
        is_whole = (
            len(documents) > 1 and len(set(results)) == 1 and results[0].code == "refused" and not results[0].gone
        )
        if not is_whole or splits[0] < 2:
            return results
        splits[0] -= 2
        middle = len(documents) // 2
        return [*self._ask(client, documents[:middle], splits), *self._ask(client, documents[middle:], splits)]

    @api.model
    def _splits(self):
        return [PUSH_SPLITS_MAX]

    @api.model
    def _tell(self, channel, client, rows, size, until, commit, splits):
        """Tell rows of :meth:`_due`, batch by batch, and settle how they were taken. That they are being sent is committed
        before any is, and what became of them after all were.

        :param size: of a batch.
        :param until: (monotonic) when no more batches are begun; what is left then is as before.
        :param commit: commits what it is called for.
        :raise ChannelError: when the channel does not answer; what it took before is settled, what it was not sent is as before.
        """
        going = self._note_rows(channel, rows)
        commit()
        book, left = Book(self, commit), list(batches(going, size))
        try:
            while left and time.monotonic() < until:
                self._tell_batch(channel, client, left.pop(0), book, splits)
        except ChannelError:
            self._end(book, left)
            raise
        self._end(book, left)

    @api.model
    def _end(self, book, left):
        """Write what became of what was told, and that the rest was not."""
        book.keep()
        self._put_back([row for batch in left for row, _told in batch])
        book.commit()

    @api.model
    def _note_rows(self, channel, rows):
        """From now on the channel may have been told these.

        :return: [(row, what is told of it)] of each of which something is.
        """
        raise NotImplementedError

    @api.model
    def _tell_batch(self, channel, client, going, book, splits):
        """Tell a batch of what :meth:`_note_rows` gave, and enter in the book how it was taken.

        :raise ChannelError: when the channel does not answer.
        """
        results = self._ask(client, [told for _row, told in going], splits)
        book.settlements += [self._settlement(row, result) for (row, _told), result in zip(going, results, strict=True)]

    # ----------------------------------------------------------------------------------------------------- SETTLING

    @api.model
    def _settlement(self, row, result, forget=False):
        """What is written about a row after its channel has answered.

        :param forget: nobody knows any more what the channel has.
        """
        found = taken(result, row["attempts"] or 0, PUSH_WAITS_S, OUTCOME_DELAY_S)
        again = found.wait_s is not None and fields.Datetime.now() + timedelta(seconds=found.wait_s)
        return {
            "id": row["id"],
            "state": found.state,
            "accepted": found.state in ("told", "pending"),
            "forget": forget or found.state == "gone",
            "error": found.message or None,
            "reference": found.reference or None,
            "attempts": (row["attempts"] or 0) + 1 if found.state == "due" else 0,
            "next_attempt_at": again or None,
        }

    @api.model
    def _settle(self, settlements):
        """Write what became of rows, all in one statement."""
        if not settlements:
            return
        columns = [[settlement[name] for settlement in settlements] for name in SETTLED_COLUMNS]
        self.env.cr.execute(
            SQL(
                """
                UPDATE %(table)s AS row
                   SET state = news.state, error = news.error, reference = news.reference, attempts = news.attempts,
                       next_attempt_at = news.next_attempt_at,
                       pushed_at = CASE WHEN news.forget THEN NULL WHEN news.accepted THEN row.sent_at
                                        ELSE row.pushed_at END,
                       %(told)s
                  FROM unnest(%(columns)s) AS news (id, state, accepted, forget, error, reference, attempts, next_attempt_at)
                 WHERE row.id = news.id
                """,
                table=SQL.identifier(self._table),
                told=self._told_sql(),
                columns=SQL(
                    "%s::int[], %s::text[], %s::bool[], %s::bool[], %s::text[], %s::text[], %s::int[], %s::timestamp[]",
                    *columns,
                ),
            )
        )
        self.invalidate_model()
        if gone := [settlement["id"] for settlement in settlements if settlement["state"] == "gone"]:
            self.browse(gone).listing_id.with_context(oms_by_push=INSIDE).active = False

    @api.model
    def _told_sql(self):
        """SQL that makes what was tried what was told (``news.accepted``), or nothing (``news.forget``)."""
        raise NotImplementedError

    @api.model
    def _ask_outcomes(self, channel, client, limit):
        """Ask what came of what the channel works off later."""
        pending = self.search(
            [
                ("channel_id", "=", channel.id),
                ("state", "=", "pending"),
                ("next_attempt_at", "<=", fields.Datetime.now()),
            ],
            limit=limit,
            order="next_attempt_at, id",
        )
        rows = pending.filtered("reference").read(["reference", "attempts"])
        if not rows:
            return 0
        results = client.outcomes([row["reference"] for row in rows])
        self._settle(
            [
                {
                    **self._settlement(row, result, forget=result.code not in ("ok", "pending")),
                    "accepted": False,  # what was tried counts as told since it was taken
                }
                for row, result in zip(rows, results, strict=True)
            ]
        )
        return len(rows)

    # ----------------------------------------------------------------------------------------------------- SHOWING

    @api.depends("listing_id")
    def _compute_display_name(self):
        for row in self:
            row.display_name = row.listing_id.display_name
