"""Setting up what channels tell us: their webhooks, the secrets that these are signed with, and the keys of platforms."""

import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.const import QUARANTINE_MAX
from odoo.addons.oms_core.notice import CLOSE, RELOAD, notice

from ..const import KEY_NAME_MAX_CHARS, KEYS_ASKED_MAX
from ..domain.adapter import Auth, ChannelError, Reject, Retry
from ..platforms import PLATFORMS


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    can_subscribe = fields.Boolean(compute="_compute_can_subscribe")
    has_chosen_secrets = fields.Boolean(compute="_compute_can_subscribe")
    subscribed_at = fields.Datetime(string="Webhooks Set Up", readonly=True, copy=False)
    subscribed_topics = fields.Char(string="The Shop Tells About", readonly=True, copy=False)

    @api.depends("platform")
    def _compute_can_subscribe(self):
        for channel in self:
            adapter = PLATFORMS.get(channel.platform)
            channel.can_subscribe = bool(adapter and adapter.capabilities.subscribe)
            # Where the shop is told by itself, nobody has to see them; an address that is asked back is entered by hand, too.
            by_hand = not channel.can_subscribe or adapter.challenge
            channel.has_chosen_secrets = bool(_get_chosen(adapter)) and bool(by_hand)

    @api.model_create_multi
    def create(self, vals_list):
        """Override: secrets that are ours to choose are there from the start."""
        for vals in vals_list:
            for name in _get_chosen(PLATFORMS.get(vals.get("platform"))):
                vals[name] = vals.get(name) or secrets.token_urlsafe(32)
        return super().create(vals_list)

    def action_new_secrets(self):
        """Make those secrets anew that are ours to choose, and show them this once: nobody can read them afterwards."""
        self.ensure_one()
        self.check_access("write")
        chosen = [one for one in self._adapter().credentials if one.chosen]
        if not chosen:
            raise UserError(self.env._("The secrets of this platform are made there. Copy them from there."))
        made = {one.field: secrets.token_urlsafe(32) for one in chosen}
        self.write(made)
        told = " · ".join(f"{one.label}: {made[one.field]}" for one in chosen)
        title = self.env._("Copy this now, it is shown once")
        return notice(told, "warning", title=title, sticky=True, then=RELOAD)

    def action_subscribe(self):
        """Have these shops send their messages here. Safe to repeat: what is set up stays, what is missing is made again.

        A shop may say hello to the address before it answers, so the channel and its secret have to be committed before.

        :return: a notification for the client that names what the shop will tell about.
        :raise UserError: with a sentence that says what to do, where it cannot be done.
        """
        self.check_access("write")
        topics = []
        for channel in self:
            channel.sudo().ask_again_at = False  # sudo: who may write the channel may ask now
            try:
                topics += channel._subscribe()
            except Auth as error:
                raise UserError(self.env._("%s Correct the key and the secret on this channel.", error)) from error
            except ChannelError as error:
                raise UserError(str(error)) from error
        told = self.env._("The shop tells about: %s", ", ".join(dict.fromkeys(topics)))
        return notice(told, "success", title=self.env._("Webhooks are set up"), then=CLOSE)

    def _subscribe(self):
        """See to it that the platform sends its messages here.

        :return: the topics that it sends.
        :raise ChannelError: as any question to a channel.
        """
        self.ensure_one()
        channel_sudo = self.sudo()  # sudo: the secret is for managers; the job only passes it on
        adapter = channel_sudo._adapter()
        if not adapter.capabilities.subscribe:
            raise UserError(
                self.env._(
                    "%s has no webhooks that could be set up from here; it is read every few minutes.", adapter.label
                )
            )
        if not channel_sudo.webhook_secret:
            if "webhook_secret" not in _get_chosen(adapter):
                raise UserError(
                    self.env._(
                        "Enter the webhook secret first: %s signs its messages with it, and without it none could be told "
                        "from a forged one.",
                        adapter.label,
                    )
                )
            channel_sudo.webhook_secret = secrets.token_urlsafe(32)
        with channel_sudo._talking() as client:
            topics = list(client.subscribe(channel_sudo.webhook_url, channel_sudo.webhook_secret))
        channel_sudo.write({"subscribed_at": fields.Datetime.now(), "subscribed_topics": ", ".join(topics)})
        return topics

    @api.model
    def _cron_subscribe(self):
        """Set up again, every day, what was set up once: platforms drop the webhooks of whoever did not answer for hours."""
        cron = self.env["ir.cron"]
        platforms = [code for code, adapter in PLATFORMS.items() if adapter.capabilities.subscribe]
        domain = [("platform", "in", platforms), ("subscribed_at", "!=", False), *self._may_ask_domain()]
        channels = self.search(domain)
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            if channel := channel.try_lock_for_update(allow_referencing=True):
                try:
                    channel._subscribe()
                except (ChannelError, UserError) as error:
                    channel.subscribed_topics = str(error)  # shown on the channel; tried again tomorrow
            if not cron._commit_progress(1):
                break

    # ------------------------------------------------------------------------------------------------ PLATFORMS' KEYS

    def _answer_challenge(self, query):
        """What a platform wants to hear that asks whether this address is ours; ``None`` if it asks nothing."""
        self.ensure_one()
        adapter = PLATFORMS.get(self.platform)
        if adapter is None or adapter.challenge is None:
            return None
        return adapter.challenge(query, self.webhook_secret or "", self.webhook_url)

    def _lacks_key(self, headers):
        """The name of the platform's key that a delivery says to be signed with, if that key is not known here."""
        adapter = self._adapter()
        name = adapter.key_id(headers) if adapter.key_id else ""
        return name if name and not adapter.has_key(self.webhook_secret or "", name) else ""

    def _await_key(self, event, headers, body, name):
        """Store a delivery whose signature cannot be judged before its key is read, which takes longer than a request may.

        :return: as :meth:`_receive_delivery`.
        """
        messages = self.env["oms.message"]
        put_aside = [("channel_id", "=", self.id), ("state", "=", "quarantine")]
        if len(name) > KEY_NAME_MAX_CHARS or messages.search_count(put_aside, limit=QUARANTINE_MAX) >= QUARANTINE_MAX:
            return self._adapter().refusal, "The signature names a key that is not known here. Send it again later."
        reason = self.env._(
            "Its signature is verified as soon as the key that it names has been read from the platform."
        )
        message = messages._receive(
            self, event.kind, f"unverified:{event.key}", body, headers, state="quarantine", error=reason
        )
        if message:
            message.key_name = name
            if cron := self.env.ref("oms_channels.cron_keys", raise_if_not_found=False):
                cron.sudo()._trigger()  # sudo: a delivery may wake the reader of keys, and nothing else
        return 200, "Stored; the signature is verified before anything is done."


class OmsMessage(models.Model):
    _inherit = "oms.message"

    key_name = fields.Char(
        string="Waits for Key", readonly=True, help="The platform's public key that this is signed with, not read yet."
    )

    _key_name_idx = models.Index("(channel_id, key_name) WHERE key_name IS NOT NULL")

    @api.model
    def _cron_read_keys(self):
        """Read the keys that deliveries wait for, each once, and verify what waits for it."""
        cron = self.env["ir.cron"]
        domain = [("state", "=", "quarantine"), ("key_name", "!=", False)]
        waiting = self._read_group(domain, ["channel_id", "key_name"], ["id:array_agg"])[:KEYS_ASKED_MAX]
        cron._commit_progress(remaining=len(waiting))
        for channel, name, ids in waiting:
            self.browse(sorted(ids)).try_lock_for_update()._verify_with_key(channel, name)
            if not cron._commit_progress(1):
                break

    def _verify_with_key(self, channel, name):
        """Verify these deliveries with a key that is read now; what is forged stays put aside and says so."""
        channel_sudo = channel.sudo()  # sudo: keys are kept in the secret, which is for managers
        adapter = channel_sudo._adapter()
        try:
            if not adapter.has_key(channel_sudo.webhook_secret or "", name):
                with channel_sudo._talking() as client:
                    key = client.public_key(name)
                channel_sudo.webhook_secret = adapter.add_key(channel_sudo.webhook_secret or "", name, key)
        except (Retry, Auth):
            return  # it is asked for again, when the channel may be asked
        except (Reject, ValueError):
            self.write(
                {"key_name": False, "error": self.env._("The platform has no key “%s”: somebody else sent this.", name)}
            )
            return
        verified = self._get_verified()
        self.write({"key_name": False})
        verified._queue_again()
        (self - verified).write(
            {"error": self.env._("The signature is wrong: somebody else sent this, or it was changed on its way.")}
        )


def _get_chosen(adapter):
    """Names of the credentials of a platform that are ours to choose."""
    return [credential.field for credential in adapter.credentials if credential.chosen] if adapter else []
