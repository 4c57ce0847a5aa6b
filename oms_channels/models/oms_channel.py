from dataclasses import replace

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import QUARANTINE_MAX
from odoo.addons.oms_core.exceptions import MessageIgnored, MessageRejected
from odoo.addons.oms_core.secret_field import Secret
from odoo.addons.oms_core.settings import setting

from ..domain.adapter import Auth, Gone, Reject
from ..platforms import PLATFORMS

#: Kinds of messages that the platform's own parser reads.
PARSED = ("order", "order_deleted", "cancel_request", "refund_told", "return_told")


class OmsChannel(models.Model):
    """How a channel is talked to: what its platform needs to know, and what it sends."""

    _inherit = "oms.channel"

    api_url = fields.Char(string="Shop Address", groups="oms_core.group_oms_channel", help="Address of the shop's API.")
    api_key = Secret(string="API Key", groups="oms_core.group_oms_channel")
    api_secret = Secret(string="API Secret", groups="oms_core.group_oms_channel")
    api_token = Secret(string="API Token", groups="oms_core.group_oms_channel")
    account_ref = fields.Char(string="Account", groups="oms_core.group_oms_channel", copy=False)
    site_ref = fields.Char(
        string="Site", groups="oms_core.group_oms_channel", help="Which part of the account: marketplace, store view."
    )
    api_version = fields.Char(
        string="API Version", groups="oms_core.group_oms_channel", help="Empty: the one that this program was made for."
    )
    webhook_secret = Secret(groups="oms_core.group_oms_channel")
    webhook_url = fields.Char(
        string="Webhook Address",
        compute="_compute_webhook_url",
        groups="oms_core.group_oms_channel",
        help="Where the shop has to send its messages to.",
    )

    credential_names = fields.Char(compute="_compute_credentials")
    no_captures = fields.Char(
        string="Authorized Money",
        compute="_compute_credentials",
        help="Why the channel is not asked to take it at shipment.",
    )
    is_remote = fields.Boolean(compute="_compute_credentials", help="There is a platform at the other end to talk to.")
    credential_help = fields.Html(
        string="What the Shop Calls These", compute="_compute_credentials", groups="oms_core.group_oms_channel"
    )

    @api.depends("platform")
    def _compute_credentials(self):
        for channel in self:
            adapter = PLATFORMS.get(channel.platform)
            channel.is_remote = bool(adapter)
            channel.no_captures = adapter.capabilities.no_captures if adapter else False
            credentials = adapter.credentials if adapter else ()
            channel.credential_names = ",".join(credential.field for credential in credentials) or False
            rows = Markup("").join(
                Markup("<li><b>%s</b>: %s%s</li>")
                % (
                    self._fields[credential.field]._description_string(self.env),
                    credential.label if credential.required else self.env._("%s (if there is one)", credential.label),
                    f". {credential.help}" if credential.help else "",
                )
                for credential in credentials
            )
            channel.credential_help = Markup("<ul>%s</ul>") % rows if rows else False

    @api.model
    def _selection_platform(self):
        return super()._selection_platform() + [(adapter.code, adapter.label) for adapter in PLATFORMS.values()]

    def _get_usual_source_type(self):
        """Override: what the platform usually is."""
        adapter = PLATFORMS.get(self.platform)
        return adapter.source_type if adapter else super()._get_usual_source_type()

    @api.depends("token")
    def _compute_webhook_url(self):
        for channel in self:
            channel.webhook_url = f"{channel.get_base_url()}/oms/hook/{channel.token}"

    # --------------------------------------------------------------------------------------------------- CONNECTING

    def _get_secret_override(self, name):
        """What the server's environment says instead of the database: ``OMS_CHANNEL_<CODE>_API_SECRET`` and the like, or the
        file that ``OMS_CHANNEL_<CODE>_API_SECRET_FILE`` names. Empty if it says nothing."""
        return setting(f"channel_{self.code}_{name}".replace("-", "_")) if self.code else ""

    def _adapter(self):
        """The adapter of this channel's platform.

        :raise UserError: for a channel without one.
        """
        self.ensure_one()
        if self.platform not in PLATFORMS:
            raise UserError(self.env._("Channel “%s” is worked by hand; nothing can be sent to it or read.", self.name))
        return PLATFORMS[self.platform]

    def _has_ears(self):
        """Whether there is an address at which this channel can be told something; an app may do without."""
        self.ensure_one()
        field = self._adapter().capabilities.tell_field
        return not field or bool(self.sudo()[field])  # sudo: only whether there is one

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

    # ---------------------------------------------------------------------------------------------------- RECEIVING

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
            name = self._lacks_key(headers)
            if name and event.kind not in ("ping", "ignored"):
                return self._await_key(event, headers, body, name)
            return self._quarantine(event, headers, body)
        if event.kind == "ping":
            return 200, "The connection works."
        if event.kind == "ignored":
            return 200, "Nothing is done about messages on this topic."
        message = self.env["oms.message"]._receive(self, event.kind, event.key, body, headers)
        if message and event.kind == "hint":
            self._wake_reader()
        return 200, "Stored." if message else "Stored before."

    def _quarantine(self, event, headers, body):
        """Put an unverified delivery aside: with a wrong secret real orders end here, and many shops never send twice."""
        messages, status = self.env["oms.message"], self._adapter().refusal
        put_aside = [("channel_id", "=", self.id), ("state", "=", "quarantine")]
        refused = "The signature is wrong. Compare the webhook secret here and in the shop."
        if event.kind in ("ping", "ignored"):
            return status, refused
        if messages.search_count(put_aside, limit=QUARANTINE_MAX) >= QUARANTINE_MAX:
            return status, refused
        reason = self.env._(
            "The signature is wrong: the webhook secret on the channel is not the one in the shop, or somebody else sent "
            "this. Correct the secret, then choose Verify Again."
        )
        # Another key than a verified delivery of the same event would have: an impostor must not keep that one out.
        messages._receive(self, event.kind, f"unverified:{event.key}", body, headers, state="quarantine", error=reason)
        return status, refused

    def _parse(self, message):
        """Override of ``oms_core``: the platform's parser reads the message."""
        adapter = PLATFORMS.get(self.platform)
        if message.kind == "order_gone":
            return self._parse_gone(message)
        kind = "order" if message.kind in ("past_order", "past_order_booked") else message.kind
        if adapter is None or kind not in PARSED:
            return super()._parse(message)
        try:
            document = adapter.parse(kind, message._get_body())
        except Gone as error:
            raise MessageIgnored(str(error)) from error
        except Reject as error:
            raise MessageRejected(str(error)) from error
        # What was delivered has headers; what has none was read by ourselves.
        is_current = kind == "order" and adapter.capabilities.poll and not message.headers
        return replace(document, is_current=True) if is_current else document
