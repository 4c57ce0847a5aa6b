"""Whether a channel answers: one place that asks it, and keeps the books about how that went."""

import logging
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.secret_field import DOT

from ..const import BACK_OFF_MAX_S, BACK_OFF_S, THROTTLE_STEP_S
from ..domain.adapter import Auth, ChannelError, Retry

_logger = logging.getLogger(__name__)

#: Keys that are sent to the address of the shop.
SENT_KEYS = ("api_key", "api_secret", "api_token")


class OmsChannel(models.Model):
    """A channel that is down is left alone for a while, each time longer, and comes back by itself."""

    _inherit = "oms.channel"

    failures = fields.Integer(readonly=True, copy=False, help="How often in a row the channel did not answer.")
    down_since = fields.Datetime(readonly=True, copy=False)
    ask_again_at = fields.Datetime(string="Asked Again At", readonly=True, copy=False)
    answered_at = fields.Datetime(string="Last Answer", readonly=True, copy=False)
    connection_error = fields.Text(string="Why It Does Not Answer", readonly=True, copy=False)
    throttled = fields.Json(
        readonly=True,
        copy=False,
        help="Kinds of calls of which the platform's limit is used up, and until when; all others may be asked.",
    )
    throttled_text = fields.Char(compute="_compute_throttled_text", string="Limits Used Up")

    def write(self, vals):
        """Override: a key goes to the host for which it was entered; for another host it is entered anew.

        Who may set up a channel sees no key, and must not have one sent to a machine of his own either.
        """
        if "api_url" in vals:
            for channel in self:
                channel._check_keys_for(vals)
        return super().write(vals)

    def _check_keys_for(self, vals):
        """:raise UserError: when the address leads to another host and a stored key would go there."""
        channel_sudo = self.sudo()  # sudo: whether there is a key, whoever asks
        before, after = (urlsplit(address or "").hostname for address in (channel_sudo.api_url, vals["api_url"]))
        if not after or before == after:
            return
        kept = [name for name in SENT_KEYS if channel_sudo[name] and (name not in vals or DOT in (vals[name] or ""))]
        if not kept:
            return
        if any(channel_sudo._get_secret_override(name) for name in kept):
            if self.env.user.has_group("base.group_system"):
                return
            raise UserError(
                self.env._(
                    "The keys of “%s” come from the server's environment. Have an administrator change the address.",
                    self.name,
                )
            )
        raise UserError(
            self.env._(
                "The keys of “%(name)s” were entered for %(host)s. Enter them anew together with the new address.",
                name=self.name,
                host=before or self.env._("no address"),
            )
        )

    @contextmanager
    def _talking(self):
        """A client of this channel, for a block that asks it something.

        What it raises is noted and raised on: :class:`~..domain.adapter.Retry` and ``Auth`` say something about the channel;
        ``Reject`` about the one request, so the channel answers. Nothing is committed here.

        :raise ChannelError: also when the channel is to be left alone for now.
        """
        self.ensure_one()
        # sudo: keys are for managers; jobs only use them, and whoever causes a question may have it noted how it went
        channel_sudo = self.sudo()
        client = None
        try:
            wait_s = channel_sudo._get_back_off_s()
            if wait_s:
                raise LeftAlone(
                    self.env._(
                        "%(why)s It is asked again in %(seconds)s s.", why=self.connection_error, seconds=wait_s
                    ),
                    wait_s,
                )
            client = channel_sudo._connect()
            if waits := channel_sudo._get_throttled():
                client.hold(waits)
            yield client
        except (Retry, Auth) as error:
            if getattr(error, "operation", ""):
                # One of the platform's limits is used up; it answers, and may be asked anything else.
                channel_sudo._note_throttled(error)
                channel_sudo._note_answer(client)
            elif not isinstance(error, LeftAlone):
                channel_sudo._note_failure(error)
            raise
        except ChannelError:
            channel_sudo._note_answer(client)
            raise
        channel_sudo._note_answer(client)

    @api.model
    def _may_ask_domain(self):
        """Channels that are not to be left alone now."""
        return ["|", ("ask_again_at", "=", False), ("ask_again_at", "<=", fields.Datetime.now())]

    def _get_back_off_s(self):
        """Seconds for which the channel is still to be left alone."""
        if not self.ask_again_at:
            return 0
        return max(0, round((self.ask_again_at - fields.Datetime.now()).total_seconds()))

    def _note_failure(self, error):
        now = fields.Datetime.now()
        failures = self.failures + 1
        wait_s = min(BACK_OFF_S * 2 ** min(failures - 1, 10), BACK_OFF_MAX_S)
        if isinstance(error, Retry) and error.delay_s is not None:
            wait_s = max(error.delay_s, 1)
        self.write(
            {
                "failures": failures,
                "down_since": self.down_since or now,
                "ask_again_at": now + timedelta(seconds=wait_s),
                "connection_error": str(error),
            }
        )
        _logger.info("Channel %s does not answer (%s in a row): %s", self.id, failures, error)

    def _note_answer(self, client=None):
        """The channel answers. Written once a minute at most: many questions need not write one row again and again."""
        now = fields.Datetime.now()
        if self.failures or not self.answered_at or (now - self.answered_at) > timedelta(minutes=1):
            self.write(
                {
                    "failures": 0,
                    "down_since": False,
                    "ask_again_at": False,
                    "connection_error": False,
                    "answered_at": now,
                    **self._get_rate(client),
                }
            )

    # --------------------------------------------------------------------------------------------------- ONE LIMIT

    @api.depends("throttled")
    def _compute_throttled_text(self):
        for channel in self:
            waits = channel._get_throttled()
            channel.throttled_text = ", ".join(
                self.env._("%(operation)s for %(seconds)s s", operation=operation, seconds=round(wait_s))
                for operation, wait_s in sorted(waits.items())
            )

    def _get_throttled(self):
        """{kind of call: seconds for which it is not to be asked}"""
        now = fields.Datetime.now()
        waits = {
            operation: (fields.Datetime.to_datetime(until) - now).total_seconds()
            for operation, until in (self.throttled or {}).items()
        }
        return {operation: wait_s for operation, wait_s in waits.items() if wait_s > 0}

    def _note_throttled(self, error):
        """Have every process leave one kind of call alone for as long as the platform wants."""
        now, known = fields.Datetime.now(), self._get_throttled()
        wait_s = min(max(error.delay_s or BACK_OFF_S, 1), BACK_OFF_MAX_S)
        if error.operation in known and abs(known[error.operation] - wait_s) < THROTTLE_STEP_S:
            return  # the same refusal, met again
        known[error.operation] = wait_s
        self.throttled = {
            operation: fields.Datetime.to_string(now + timedelta(seconds=seconds))
            for operation, seconds in known.items()
        }
        _logger.info("Channel %s: %s is left alone for %.0f s", self.id, error.operation, wait_s)

    def _get_rate(self, client):
        """How much the platform still lets us ask, where it has said so."""
        rate = client.rate() if hasattr(client, "rate") else None
        return {"rate_available": max(rate.available, 0.0), "rate_limit": rate.limit} if rate else {}

    def action_ask_again(self):
        """Ask now, whatever was found before: somebody has put it right."""
        self.check_access("write")
        self.write({"ask_again_at": False})


class LeftAlone(Retry):
    """The channel did not answer a moment ago and is not asked again yet."""
