"""Reading channels: polls are the truth, webhooks are hints of where to look."""

from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import POLL_OVERLAP_S, POLL_PAGES_MAX, POLL_START_DAYS
from ..domain.adapter import Auth, ChannelError
from ..platforms import PLATFORMS
from .oms_message_hint import adapter_read


class OmsChannel(models.Model):
    """How far a channel has been read."""

    _inherit = "oms.channel"

    poll_from = fields.Datetime(
        string="Read Orders Since",
        copy=False,
        help="The channel has been read up to here. Set it back to have older orders looked at again; none comes twice.",
    )
    poll_error = fields.Text(string="Reading Failed", readonly=True, copy=False)
    polled_at = fields.Datetime(string="Last Read", readonly=True, copy=False)
    can_poll = fields.Boolean(compute="_compute_can_poll", compute_sudo=True)

    @api.depends("platform", "account_ref")
    def _compute_can_poll(self):
        for channel in self:
            adapter = PLATFORMS.get(channel.platform)
            channel.can_poll = bool(adapter and adapter.capabilities.poll)
            if channel.can_poll and adapter.capabilities.poll_field != "api_url":
                channel.can_poll = bool(channel[adapter.capabilities.poll_field])

    def action_poll(self):
        """Read what is new from these channels now: orders, and the returns and refunds that are told apart from them."""
        self.check_access("write")
        for channel in self:
            channel.sudo().ask_again_at = False  # sudo: who may write the channel may ask now
            if said := channel._poll():
                raise UserError(said)
            if channel._adapter().capabilities.after_sale:
                channel._read_after_sale()

    # ------------------------------------------------------------------------------------------------------ POLLING

    @api.model
    def _cron_poll(self):
        """Read what is new from every channel that can be read. Webhooks are hints and get lost; this is the truth."""
        cron = self.env["ir.cron"]
        platforms = [code for code, adapter in PLATFORMS.items() if adapter.capabilities.poll]
        # A job whose time is over begins anew: whoever was read longest ago is first, and a slow shop keeps no other waiting.
        channels = self.search(
            [("platform", "in", platforms), ("api_url", "!=", False), *self._may_ask_domain()],
            order="polled_at NULLS FIRST, id",
        ).filtered("can_poll")
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            if channel := channel.try_lock_for_update(allow_referencing=True):  # messages may come meanwhile
                channel._poll(commit=True)
            if not cron._commit_progress(1):
                break

    def _poll(self, commit=False, pages_max=POLL_PAGES_MAX):
        """Store the orders that changed since the cursor; what is stored already is recognised by its key.

        The cursor moves page by page and only as far as what has been stored. It stays a few minutes behind the newest
        order, because platforms index late.

        :param commit: commit each page, so that an interruption costs one page.
        :param pages_max: read no more than so many pages now.
        :return: why not all was read; empty if it was. That a limit is used up is no error: the next poll goes on.
        """
        self.ensure_one()
        channel_sudo = self.sudo()  # cursors are for managers; the job only moves them
        try:
            with channel_sudo._talking() as client:
                self._read_pages(client, channel_sudo.poll_from, channel_sudo._store_page, commit, pages_max)
            channel_sudo.write({"polled_at": fields.Datetime.now(), "poll_error": False})
        except Auth as error:
            channel_sudo.poll_error = self.env._("%s Correct the key and the secret on this channel.", error)
        except ChannelError as error:
            if getattr(error, "operation", ""):
                return str(error)
            channel_sudo.poll_error = str(error)
        return channel_sudo.poll_error

    def _read_pages(self, client, start, store, commit=False, pages_max=POLL_PAGES_MAX):
        """Read what changed since the cursor, page by page; the cursor follows what has been stored."""
        channel_sudo = self.sudo()  # as above
        start = start or fields.Datetime.now() - timedelta(days=POLL_START_DAYS)
        since, cursor = start - timedelta(seconds=POLL_OVERLAP_S), ""
        for _page in range(pages_max):
            page = client.orders_since(since.replace(tzinfo=timezone.utc), cursor)
            newest = store(page)
            channel_sudo.poll_from = max(start, min(newest, fields.Datetime.now()))  # a shop's clock may be fast
            if commit:
                self.env["ir.cron"]._commit_progress()
            if not page.cursor:
                break
            since, cursor = self._go_on(page, since, newest)

    @api.model
    def _go_on(self, page, since, newest):
        """Where to read on after a page.

        Where pages are counted, an order that changes between two of them pulls the others forward, and counting on would
        miss one: where the time moved on, go on from there; only within one second count pages.
        """
        resume = newest - timedelta(seconds=1)
        return (resume, "") if resume > since and not page.stable else (since, page.cursor)

    def _store_page(self, page, seen=None):
        """Store the orders of a page that are not there yet.

        :param seen: {the platform's id: whether this state of it was new}, added to.
        :return: when the newest of them changed, naive UTC.
        """
        adapter = self._adapter()
        newest = fields.Datetime.to_datetime("1970-01-01")
        read = [adapter_read(adapter, body) for body in page.orders]
        new = self._keep_read(read)
        for event, _body, order in read:
            if order is None:
                continue
            newest = max(newest, order.updated_at.replace(tzinfo=None))
            if seen is not None:
                seen[order.external_id] = event.key in new or seen.get(order.external_id, False)
        return newest
