"""Reading what channels pay out, from those that tell it."""

from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.oms_core.alone import leave_task, on_its_own

from ..const import PAYOUT_LOOK_BACK_DAYS, POLL_PAGES_MAX
from ..domain.adapter import Auth, ChannelError, Retry
from ..platforms import PLATFORMS


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    payouts_read_at = fields.Datetime(string="Payouts Read", readonly=True, copy=False)
    payouts_since = fields.Datetime(
        readonly=True, copy=False, help="From when on payouts are being read, until their last page is."
    )
    payouts_cursor = fields.Char(
        readonly=True, copy=False, groups="oms_core.group_oms_channel", help="The page that is read next."
    )
    payout_error = fields.Text(string="Reading Payouts Failed", readonly=True, copy=False)
    can_poll_payouts = fields.Boolean(compute="_compute_can_poll_payouts")

    @api.depends("platform", "clearing_journal_id")
    def _compute_can_poll_payouts(self):
        for channel in self:
            adapter = PLATFORMS.get(channel.platform)
            channel.can_poll_payouts = bool(
                adapter and adapter.capabilities.payouts and channel.clearing_journal_id and channel.can_poll
            )

    def action_poll_payouts(self):
        """Read now what these channels paid out."""
        self.env["oms.settlement"].check_access("write")
        self.check_access("read")
        for channel in self:
            if not channel.can_poll_payouts:
                raise UserError(
                    self.env._(
                        "The payouts of “%s” cannot be read here: its platform does not tell them, or it is not connected, "
                        "or has no clearing journal. Import the report under Books.",
                        channel.name,
                    )
                )
            if said := channel._poll_payouts():
                raise UserError(said)

    @api.model
    def _cron_poll_payouts(self):
        """Read what each channel paid out of late. None comes twice; those that were not paid yet are looked at again."""
        cron = self.env["ir.cron"]
        platforms = [code for code, adapter in PLATFORMS.items() if adapter.capabilities.payouts]
        channels = self.search(
            [("platform", "in", platforms), ("clearing_journal_id", "!=", False), *self._may_ask_domain()]
        ).filtered("can_poll_payouts")
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            if channel := channel.try_lock_for_update(allow_referencing=True):
                channel._poll_payouts(commit=True)
            if not cron._commit_progress(1):
                break

    def _poll_payouts(self, commit=False):
        """Read on where the last run has stopped, or anew; the cursor moves with what has been taken in.

        :return: why not all was read; empty if it was, or the rest is for the next run.
        """
        self.ensure_one()
        channel_sudo = self.sudo()  # keys are for managers; whoever may import payouts may have them read
        parse = PLATFORMS[self.platform].parse_payouts
        now = fields.Datetime.now()
        if not channel_sudo.payouts_since or channel_sudo.payouts_since < now - timedelta(
            days=PAYOUT_LOOK_BACK_DAYS + 2
        ):
            channel_sudo.write({"payouts_since": now - timedelta(days=PAYOUT_LOOK_BACK_DAYS), "payouts_cursor": False})
        moment = channel_sudo.payouts_since.replace(tzinfo=timezone.utc)
        try:
            with channel_sudo._talking() as client:
                for _page in range(POLL_PAGES_MAX):
                    page = client.payouts_since(moment, channel_sudo.payouts_cursor or "")
                    for raw in page.payouts:
                        channel_sudo._take_in_payouts(parse(raw))
                    channel_sudo.payouts_cursor = page.cursor or False
                    if not page.cursor:
                        channel_sudo.write({"payouts_read_at": now, "payouts_since": False})
                        break
                    if commit:
                        self.env["ir.cron"]._commit_progress()
                else:
                    self.env.ref("oms_channels.cron_poll_payouts").sudo()._trigger()  # sudo: the job calls itself again
            channel_sudo.payout_error = False
        except (Retry, Auth) as error:
            channel_sudo.payout_error = str(error)  # it goes on from here when the channel answers
        except ChannelError as error:
            # What the cursor points to may be gone: from the beginning the next time.
            channel_sudo.write({"payout_error": str(error), "payouts_since": False, "payouts_cursor": False})
        return channel_sudo.payout_error

    def _take_in_payouts(self, docs):
        """Each payout on its own: one that cannot be taken in keeps no other back."""
        worker = self._as_worker()
        for doc in docs:
            with on_its_own(self, self._tell_payout_failed):
                worker.env["oms.settlement"]._oms_apply_payouts(worker, [doc])

    def _tell_payout_failed(self, error):
        user = self.payout_user_id or self.user_id
        leave_task(self, self.env._("A payout could not be taken in"), str(error), user, retell=False)
