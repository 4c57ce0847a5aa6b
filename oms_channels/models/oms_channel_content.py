"""What the page of each listing says and shows, as its channel was told: by digests, and only where it differs."""

import json

from odoo import api, fields, models
from odoo.tools import SQL

from ..domain.adapter import Auth
from ..domain.content import PARTS, differing, digests, pictures_told
from ..domain.outgoing import Result
from ..domain.push import LOWERED


class OmsChannelContent(models.Model):
    """Title, description and pictures of a listing on a channel: what they are to be, and what the channel was told last.

    Only digests are kept: what is sent is what stands here at that moment. Where variants share a page, the first of them stands
    for it.
    """

    _name = "oms.channel.content"
    _inherit = "oms.channel.told"
    _description = "Published Content"
    _order = "channel_id, listing_id"
    _rec_name = "listing_id"

    wanted = fields.Json(readonly=True)
    told = fields.Json(readonly=True, help="What the channel was told last, each part for itself.")
    tried = fields.Json(readonly=True, help="What it was sent last.")
    told_parts = fields.Char(compute="_compute_told_parts", string="Published")
    due_parts = fields.Char(compute="_compute_told_parts", string="To Publish")

    _listing_uniq = models.Constraint("UNIQUE(listing_id)", "The content of this listing is here already.")
    _due_idx = models.Index("(channel_id, urgency, id) WHERE state IN ('due', 'sending', 'waiting')")
    _pending_idx = models.Index("(channel_id, next_attempt_at) WHERE state = 'pending'")

    _tells, _batch = "push_content", "content_batch"
    #: Each has its pictures, of which no more than a batch are in memory at once.
    _batches_at_once = 1

    @api.depends("wanted", "told", "state")
    def _compute_told_parts(self):
        for row in self:
            told, wanted = row.told or {}, row.wanted or {}
            row.told_parts = ", ".join(row._name_part(part, told) for part in PARTS if told.get(part))
            row.due_parts = ", ".join(row._name_part(part, wanted) for part in differing(wanted, told))

    def _name_part(self, part, known):
        if part == "pictures":
            return self.env._("pictures (%s)", pictures_told(known))
        return self.env._("title") if part == "title" else self.env._("description")

    # --------------------------------------------------------------------------------------------------- COLLECTING

    @api.model
    def _collect(self, channel, product_ids, again=False):
        """Decide what the pages of the listings of these products say; what differs from what the channel was told becomes
        due.

        :param product_ids: ``None``: of everything that it offers.
        :param again: also what was refused.
        :return: how many rows have changed.
        """
        self._drop(
            channel,
            SQL("NOT (listing.publish_content AND listing.product_id IS NOT NULL) AND row.state != 'gone'"),
        )
        listings, followers = self._get_pages(channel, product_ids)
        if followers:
            self.search([("listing_id", "in", followers.ids), ("state", "!=", "gone")]).unlink()
        if not listings:
            return 0
        known = {row.listing_id.id: row for row in self.search([("listing_id", "in", listings.ids)])}
        news = []
        for listing_id, found in listings._get_contents().items():
            if decided := self._decide(known.get(listing_id), found, again):
                wanted = None if isinstance(found, str) else _digests_of(found)
                news.append((listing_id, wanted and json.dumps(wanted), *decided))
        self._write_collected(channel, news)
        return len(news)

    @api.model
    def _get_pages(self, channel, product_ids):
        """(listings that stand for a page, those that share it) of what is published."""
        listings = self.env["oms.channel.listing"].with_context(active_test=False)
        published = [("channel_id", "=", channel.id), ("publish_content", "=", True), ("product_id", "!=", False)]
        domain = [*published, ("product_id", "in", list(product_ids))] if product_ids is not None else published
        found = listings.search(domain, order="id")
        if not channel._adapter().capabilities.content.by_page:
            return found, listings.browse()
        refs = [ref for ref in found.mapped("parent_ref") if ref]
        if product_ids is not None and refs:
            # Another product of a page may be the one that stands for it.
            found |= listings.search([*published, ("parent_ref", "in", refs)], order="id")
        first = {listing.parent_ref or f"-{listing.id}": listing for listing in found.sorted("id", reverse=True)}
        leaders = listings.union(*first.values()).sorted("id")
        return leaders, found - leaders

    @api.model
    def _decide(self, row, found, again):
        """(state, why it cannot be told) of a row; ``None`` where nothing changes.

        :param found: a ``Content``, or why there is none.
        """
        if isinstance(found, str):
            return None if row and (row.state, row.error) == ("refused", found) else ("refused", found)
        if not row:
            return "due", None
        wanted = _digests_of(found)
        is_changed = wanted != (row.wanted or {})
        is_told = bool(row.pushed_at) and not differing(wanted, row.told or {})
        state = row.state
        if state == "sending" or (state == "pending" and not is_changed):
            pass
        elif is_told:
            state = "told"
        elif again or (is_changed and state != "gone") or state not in ("refused", "gone"):
            state = "due"
        return (state, None) if is_changed or state != row.state else None

    @api.model
    def _write_collected(self, channel, news):
        """Write what was decided, all in one statement."""
        if not news:
            return
        self.flush_model()
        columns = [list(column) for column in zip(*news, strict=True)]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO oms_channel_content AS row (listing_id, wanted, state, error, urgency, channel_id, company_id,
                                                        attempts, sequence)
                SELECT news.listing_id, news.wanted::jsonb, news.state, news.error, %(urgency)s, %(channel)s, %(company)s, 0, 0
                  FROM unnest(%(columns)s) AS news (listing_id, wanted, state, error)
                ON CONFLICT (listing_id) DO UPDATE
                   SET wanted = excluded.wanted, state = excluded.state, error = excluded.error,
                       attempts = CASE WHEN excluded.state = 'due' AND row.state != 'due' THEN 0 ELSE row.attempts END,
                       next_attempt_at = CASE WHEN excluded.state = row.state THEN row.next_attempt_at END
                """,
                urgency=LOWERED,
                channel=channel.id,
                company=channel.company_id.id,
                columns=SQL("%s::int[], %s::text[], %s::text[], %s::text[]", *columns),
            )
        )
        self.invalidate_model()

    # ------------------------------------------------------------------------------------------------------ SENDING

    @api.model
    def _note_rows(self, channel, rows):
        """Override: what stands here now is told; where that is what the channel has, nothing is."""
        listings = self.env["oms.channel.listing"].browse([row["listing_id"] for row in rows])
        found = listings._get_contents()
        going, settlements = [], []
        for row in rows:
            content = found[row["listing_id"]]
            if isinstance(content, str):
                settlements.append(self._settlement(row, Result("refused", content)))
                continue
            told, wanted = _believed(row), _digests_of(content)
            parts = differing(wanted, told)
            if not parts:
                # The channel has it; what was tried last may be something else.
                settlements.append({**self._settlement(row, Result("ok")), "accepted": False})
                continue
            before = max(pictures_told(row[name] or {}) for name in ("told", "tried"))
            going.append((row, _only(content, parts, before), {part: wanted[part] for part in parts}))
        self._note_sending([(row["id"], json.dumps(tried)) for row, _content, tried in going])
        self._settle(settlements)
        return [(row, content) for row, content, _tried in going]

    @api.model
    def _note_sending(self, tried):
        """From now on the channel may have been told this."""
        if not tried:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE oms_channel_content AS row
                   SET state = 'sending', tried = news.tried::jsonb, sent_at = %s, next_attempt_at = NULL
                  FROM unnest(%s::int[], %s::text[]) AS news (id, tried) WHERE row.id = news.id
                """,
                fields.Datetime.now(),
                *([list(column) for column in zip(*tried, strict=True)]),
            )
        )
        self.invalidate_model()

    @api.model
    def _ask(self, client, documents, splits):
        """Override: that our keys may not change content says nothing about orders and stock; it is tried again later, and the
        rest of the run asks no more."""
        if len(splits) > 1:
            return [Result("retry", splits[1])] * len(documents)
        try:
            return super()._ask(client, documents, splits)
        except Auth as error:
            splits.append(str(error))
            return [Result("retry", str(error))] * len(documents)

    @api.model
    def _told_sql(self):
        return SQL(
            """told = CASE WHEN news.forget THEN NULL
                           WHEN news.accepted THEN COALESCE(row.told, '{}') || COALESCE(row.tried, '{}')
                           ELSE row.told END"""
        )


def _digests_of(content):
    return digests(content.title, content.description, content.pictures, content.language)


def _believed(row):
    """What the channel has of a row, as far as it is certain: after a lost answer it may be what was tried."""
    told = row["told"] or {}
    if row["state"] != "sending" or not row["sent_at"]:
        return told
    tried = row["tried"] or {}
    return {part: digest for part, digest in told.items() if tried.get(part, digest) == digest}


def _only(content, parts, before):
    """Only those parts of a content."""
    return type(content)(
        content.ref,
        content.title if "title" in parts else None,
        content.description if "description" in parts else None,
        content.pictures if "pictures" in parts else None,
        before,
        content.language,
    )
