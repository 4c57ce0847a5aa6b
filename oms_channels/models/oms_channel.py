import logging
from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import QUARANTINE_MAX
from odoo.addons.oms_core.exceptions import MessageIgnored, MessageRejected

from ..const import POLL_OVERLAP_S, POLL_PAGES_MAX, POLL_START_DAYS
from ..domain.adapter import Auth, ChannelError, Gone, Reject
from ..platforms import PLATFORMS

_logger = logging.getLogger(__name__)


class OmsChannel(models.Model):
    """How a channel is talked to: what its platform needs to know, and how far it has been read."""

    _inherit = "oms.channel"

    api_url = fields.Char(string="Shop Address", groups="oms_core.group_oms_channel", help="Address of the shop's API.")
    api_key = fields.Char(string="API Key", groups="oms_core.group_oms_channel", copy=False)
    api_secret = fields.Char(string="API Secret", groups="oms_core.group_oms_channel", copy=False)
    api_token = fields.Char(string="API Token", groups="oms_core.group_oms_channel", copy=False)
    account_ref = fields.Char(groups="oms_core.group_oms_channel", copy=False)
    webhook_secret = fields.Char(groups="oms_core.group_oms_channel", copy=False)
    webhook_url = fields.Char(
        string="Webhook Address",
        compute="_compute_webhook_url",
        groups="oms_core.group_oms_channel",
        help="Where the shop has to send its messages to.",
    )
    poll_from = fields.Datetime(
        string="Read Orders Since",
        copy=False,
        help="The channel has been read up to here. Set it back to have older orders looked at again; none comes twice.",
    )
    poll_error = fields.Text(string="Reading Failed", readonly=True, copy=False)
    polled_at = fields.Datetime(string="Last Read", readonly=True, copy=False)
    can_poll = fields.Boolean(compute="_compute_can_poll")

    @api.model
    def _selection_platform(self):
        return super()._selection_platform() + [(adapter.code, adapter.label) for adapter in PLATFORMS.values()]

    @api.depends("token")
    def _compute_webhook_url(self):
        for channel in self:
            channel.webhook_url = f"{channel.get_base_url()}/oms/hook/{channel.token}"

    @api.depends("platform")
    def _compute_can_poll(self):
        for channel in self:
            adapter = PLATFORMS.get(channel.platform)
            channel.can_poll = bool(adapter and adapter.capabilities.poll)

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_poll(self):
        """Read what is new from these channels now."""
        self.check_access("write")
        for channel in self:
            channel._poll()
            if channel.poll_error:
                raise UserError(channel.poll_error)

    # ---------------------------------------------------------------------------------------------------- RECEIVING

    def _adapter(self):
        """The adapter of this channel's platform.

        :raise UserError: for a channel without one.
        """
        self.ensure_one()
        if self.platform not in PLATFORMS:
            raise UserError(self.env._("Channel “%s” is worked by hand; nothing can be sent to it or read.", self.name))
        return PLATFORMS[self.platform]

    def _receive_delivery(self, headers, body):
        """Store what was delivered to this channel's address, once, in the state that its signature deserves.

        :return: (HTTP status, sentence for whoever reads the shop's delivery log)
        """
        self.ensure_one()
        adapter = PLATFORMS.get(self.platform)
        if adapter is None:
            return 404, "This channel takes no deliveries."
        event = adapter.read_event(headers, body)
        if not adapter.verify(headers, body, self.webhook_secret or ""):
            return self._quarantine(event, headers, body)
        if event.kind == "ping":
            return 200, "The connection works."
        if event.kind == "ignored":
            return 200, "Nothing is done about messages on this topic."
        message = self.env["oms.message"]._receive(self, event.kind, event.key, body, headers)
        return 200, "Stored." if message else "Stored before."

    def _quarantine(self, event, headers, body):
        """Put an unverified delivery aside: with a wrong secret real orders end here, and many shops never send twice."""
        messages = self.env["oms.message"]
        put_aside = [("channel_id", "=", self.id), ("state", "=", "quarantine")]
        refused = "The signature is wrong. Compare the webhook secret here and in the shop."
        if event.kind not in ("order", "order_deleted"):
            return 401, refused
        if messages.search_count(put_aside, limit=QUARANTINE_MAX) >= QUARANTINE_MAX:
            return 401, refused
        reason = self.env._(
            "The signature is wrong: the webhook secret on the channel is not the one in the shop, or somebody else sent "
            "this. Correct the secret, then choose Verify Again."
        )
        # Another key than a verified delivery of the same event would have: an impostor must not keep that one out.
        messages._receive(self, event.kind, f"unverified:{event.key}", body, headers, state="quarantine", error=reason)
        return 401, refused

    def _parse(self, message):
        """Override of ``oms_core``: the platform's parser reads the message."""
        adapter = PLATFORMS.get(self.platform)
        if adapter is None:
            return super()._parse(message)
        try:
            return adapter.parse(message.kind, message._get_body())
        except Gone as error:
            raise MessageIgnored(str(error)) from error
        except Reject as error:
            raise MessageRejected(str(error)) from error

    # ------------------------------------------------------------------------------------------------------ POLLING

    @api.model
    def _cron_poll(self):
        """Read what is new from every channel that can be read. Webhooks are hints and get lost; this is the truth."""
        cron = self.env["ir.cron"]
        platforms = [code for code, adapter in PLATFORMS.items() if adapter.capabilities.poll]
        channels = self.search([("platform", "in", platforms), ("api_url", "!=", False), ("api_key", "!=", False)])
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            if channel := channel.try_lock_for_update(allow_referencing=True):  # messages may come meanwhile
                channel._poll(commit=True)
            if not cron._commit_progress(1):
                break

    def _poll(self, commit=False):
        """Store the orders that changed since the cursor; what is stored already is recognised by its key.

        The cursor moves page by page and only as far as what has been stored. It stays a few minutes behind the newest
        order, because platforms index late.

        :param commit: commit each page, so that an interruption costs one page.
        """
        self.ensure_one()
        channel_sudo = self.sudo()  # credentials are for managers; the job only uses them
        try:
            client = channel_sudo._connect()
            start = channel_sudo.poll_from or fields.Datetime.now() - timedelta(days=POLL_START_DAYS)
            since, cursor = start - timedelta(seconds=POLL_OVERLAP_S), ""
            for _page in range(POLL_PAGES_MAX):
                page = client.orders_since(since.replace(tzinfo=timezone.utc), cursor)
                newest = channel_sudo._store_page(page)
                channel_sudo.poll_from = max(start, min(newest, fields.Datetime.now()))  # a shop's clock may be fast
                if commit:
                    self.env["ir.cron"]._commit_progress()
                if not page.cursor:
                    break
                # Where pages are counted, an order that changes between two of them pulls the others forward, and counting
                # on would miss one: where the time moved on, go on from there; only within one second count pages.
                resume = newest - timedelta(seconds=1)
                since, cursor = (resume, "") if resume > since and not page.stable else (since, page.cursor)
            channel_sudo.write({"polled_at": fields.Datetime.now(), "poll_error": False})
        except Auth as error:
            channel_sudo.poll_error = self.env._("%s Correct the key and the secret on this channel.", error)
        except ChannelError as error:
            channel_sudo.poll_error = str(error)
            _logger.info("Channel %s could not be read: %s", self.id, error)

    def _connect(self):
        """A client of the platform with this channel's credentials."""
        self.ensure_one()
        adapter = self._adapter()
        missing = [
            credential.label
            for credential in adapter.credentials
            if credential.required and credential.field != "webhook_secret" and not self[credential.field]
        ]
        if missing:
            raise Auth(self.env._("Channel “%(name)s” lacks: %(what)s.", name=self.name, what=", ".join(missing)))
        return adapter.connect(self)

    def _store_page(self, page):
        """Store the orders of a page that are not there yet.

        :return: when the newest of them changed, naive UTC.
        """
        adapter = self._adapter()
        newest = fields.Datetime.to_datetime("1970-01-01")
        events = [(adapter.read_event({}, body), body) for body in page.orders]
        messages = self.env["oms.message"]
        known = set(
            messages.search(
                [
                    ("channel_id", "=", self.id),
                    ("direction", "=", "in"),
                    ("event_key", "in", [event.key for event, _body in events]),
                ]
            ).mapped("event_key")
        )
        for event, body in events:
            if event.key not in known:
                messages._receive(self, event.kind, event.key, body)
            try:
                newest = max(newest, adapter.parse(event.kind, body).updated_at.replace(tzinfo=None))
            except Reject:
                continue  # stored all the same, and seen as a dead letter
        return newest
