"""Sending stock, prices and content: what changed is collected and sent within seconds, batch by batch, a commit after each."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from odoo.addons.oms_core.alone import leave_task
from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS
from odoo.addons.oms_core.notice import RELOAD, notice

from ..const import (
    PUSH_CLICK_S,
    PUSH_CONTENT_SWEEP_S,
    PUSH_INTERVAL_S,
    PUSH_NAMED_MAX,
    PUSH_ROWS_MAX,
    PUSH_RUN_S,
    PUSH_SWEEP_S,
)
from ..domain.adapter import ChannelError, Retry
from ..platforms import PLATFORMS

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sent:
    """One kind of thing that is sent.

    :param model: of its rows; :param setting: of the channel, that switches it on.
    :param job: that sends it. Content takes its time and has a job of its own: stock waits for no picture.
    """

    model: str
    setting: str
    job: str = "oms_channels.cron_push"
    sweep_s: int = PUSH_SWEEP_S


#: What is sent, by the name of the capability that it needs.
SENDS = {
    "stock": Sent("oms.channel.stock", "push_stock"),
    "prices": Sent("oms.channel.price", "push_prices"),
    "content": Sent("oms.channel.content", "push_content", "oms_channels.cron_push_content", PUSH_CONTENT_SWEEP_S),
}
SWIFT, SLOW = ("stock", "prices"), ("content",)
#: Settings after whose change everything is looked at again.
SETTINGS = {
    "stock": {"push_stock", "warehouse_ids", "platform", "active"},
    "prices": {"push_prices", "pricelist_id", "compare_pricelist_id", "price_taxes", "platform", "active"},
    "content": {"push_content", "content_lang", "content_pictures", "platform", "active"},
}


class OmsChannel(models.Model):
    """What a channel is told about stock, prices and content."""

    _inherit = "oms.channel"

    push_stock = fields.Boolean(
        string="Send Stock",
        tracking=True,
        copy=False,
        help="The channel is told how many there are of each matched listing, within seconds of every change. Match the "
        "listings and compare the stock before you switch this on: from then on, the numbers here are the truth.",
    )
    push_prices = fields.Boolean(
        string="Send Prices",
        tracking=True,
        copy=False,
        help="The channel is told what the listings cost whose price is to be sent.",
    )
    push_interval = fields.Integer(
        string="Send at Most Every",
        default=PUSH_INTERVAL_S,
        required=True,
        help="Seconds. Changes in between are sent together: what changes fifty times is sent once.",
    )
    pricelist_id = fields.Many2one(
        "product.pricelist",
        string="Price List",
        check_company=True,
        tracking=True,
        help="What the channel's listings cost, and what is added to its orders later. Empty: the sales prices of the products.",
    )
    compare_pricelist_id = fields.Many2one(
        "product.pricelist",
        string="Price Before",
        check_company=True,
        help="The price that is shown crossed out, where it is higher. Empty: none is sent.",
    )
    price_taxes = fields.Selection(
        [
            ("as_is", "As in the price list"),
            ("included", "With the product's taxes"),
            ("excluded", "Without the product's taxes"),
        ],
        string="Prices Are Sent",
        default="as_is",
        required=True,
        help="As the channel has its own prices.",
    )
    push_content = fields.Boolean(
        string="Send Content",
        tracking=True,
        copy=False,
        help="The channel is told the titles, descriptions and pictures of the listings that are marked for it. What stands "
        "there is written over.",
    )
    content_lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        tracking=True,
        help="Of the titles and descriptions that are sent. Empty: the company's.",
    )
    content_pictures = fields.Boolean(
        string="With Pictures",
        default=True,
        help="Pictures replace those of the channel. A product without any leaves them as they are.",
    )
    can_push_stock = fields.Boolean(compute="_compute_can_push")
    can_push_prices = fields.Boolean(compute="_compute_can_push")
    can_push_content = fields.Boolean(compute="_compute_can_push")
    published_count = fields.Integer(compute="_compute_published", compute_sudo=True, string="Listings Published")
    unpublished_count = fields.Integer(compute="_compute_published", compute_sudo=True, string="Waiting to Be Sent")
    refused_count = fields.Integer(compute="_compute_published", compute_sudo=True, string="Refused by the Channel")

    @api.depends("platform")
    def _compute_can_push(self):
        for channel in self:
            adapter = PLATFORMS.get(channel.platform)
            channel.can_push_stock = bool(adapter and adapter.capabilities.stock)
            channel.can_push_prices = bool(adapter and adapter.capabilities.prices)
            channel.can_push_content = bool(adapter and adapter.capabilities.content)

    def _compute_published(self):
        # As superuser (compute_sudo): who may see a channel may know how much there is.
        counts = {}
        for kind in SWIFT:
            rows = self.env[SENDS[kind].model]._read_group(
                [("channel_id", "in", self.ids)], ["channel_id", "state"], ["__count"]
            )
            for channel, state, count in rows:
                key = (channel, "told" if state == "told" else "refused" if state in ("refused", "gone") else "due")
                counts[key] = counts.get(key, 0) + count
        for channel in self:
            channel.published_count = counts.get((channel, "told"), 0)
            channel.unpublished_count = counts.get((channel, "due"), 0)
            channel.refused_count = counts.get((channel, "refused"), 0)

    @api.constrains("push_interval")
    def _check_push_interval(self):
        for channel in self:
            if not 1 <= channel.push_interval <= 3600:
                raise ValidationError(self.env._("Stock is sent every second at most, and once an hour at least."))

    @api.constrains("pricelist_id", "compare_pricelist_id")
    def _check_pricelists(self):
        for channel in self:
            before = channel.compare_pricelist_id
            if before and before.currency_id != channel._get_price_currency():
                raise ValidationError(
                    self.env._(
                        "The price before is in %(before)s and the price in %(price)s: choose two price lists in the same "
                        "currency.",
                        before=before.currency_id.name,
                        price=channel._get_price_currency().name,
                    )
                )

    def _get_pricelist(self, currency):
        """Override of ``oms_core``."""
        return self.pricelist_id if self.pricelist_id.currency_id == currency else super()._get_pricelist(currency)

    def _get_price_currency(self):
        """The currency of the prices that this channel is told."""
        return self.pricelist_id.currency_id or self.company_id.currency_id

    # ------------------------------------------------------------------------------------------------- WHO IS TOLD

    @api.model
    @tools.ormcache("kind")
    def _pushing(self, kind):
        """Ids of the channels that are told about this."""
        platforms = [code for code, adapter in PLATFORMS.items() if getattr(adapter.capabilities, kind)]
        # sudo: whoever changes stock, prices or products causes a channel to be told
        return tuple(
            self.sudo()
            .with_context(active_test=True)
            .search([(SENDS[kind].setting, "=", True), ("platform", "in", platforms)])
            .ids
        )

    @api.model_create_multi
    def create(self, vals_list):
        channels = super().create(vals_list)
        channels._note_push_settings({name for vals in vals_list for name in vals})
        return channels

    def write(self, vals):
        result = super().write(vals)
        self._note_push_settings(vals)
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def _note_push_settings(self, names):
        """After a change of settings everything is looked at again."""
        for kind, settings in SETTINGS.items():
            if not settings.isdisjoint(names):
                self.flush_recordset()
                self.env.registry.clear_cache()
                self.env["oms.channel.mark"].sudo()._mark(kind, channels=self, again=True)  # sudo: for the job only

    @api.model
    def _wake_push(self, kind="stock"):
        """Have the job run as soon as this transaction is committed; once is enough for a transaction."""
        job, woken = SENDS[kind].job, self.env.cr.precommit.data.setdefault("oms.channel.push", set())
        if job in woken:
            return
        if cron := self.env.ref(job, raise_if_not_found=False):
            woken.add(job)
            cron.sudo()._trigger()  # sudo: whoever changes something may wake the job, and nothing else

    @api.model
    def _wake_poll(self):
        if cron := self.env.ref("oms_channels.cron_poll", raise_if_not_found=False):
            cron.sudo()._trigger()  # sudo: as above

    # ------------------------------------------------------------------------------------------------------ SENDING

    def action_push(self):
        """Send all stock and prices that differ now, also what was refused or put off."""
        self.check_access("write")
        self._push_again(SWIFT)
        for channel in self.sudo():  # sudo: who may write the channel may have it told; keys are used, not shown
            channel._push(SWIFT, force=True)
        errors = [error for error in self.sudo().mapped("connection_error") if error]  # sudo: as above
        counts = self.env._(
            "Published: %(told)s. Waiting: %(due)s. Refused: %(refused)s.",
            told=sum(self.mapped("published_count")),
            due=sum(self.mapped("unpublished_count")),
            refused=sum(self.mapped("refused_count")),
        )
        kind = "warning" if errors or any(self.mapped("refused_count")) else "success"
        return notice("\n".join(errors) or counts, kind, then=RELOAD)

    def action_push_content(self):
        """Have all content sent that differs, also what was refused or put off; pictures take their time, so a job does it."""
        self.check_access("write")
        self._push_again(SLOW)
        self._wake_push("content")
        return notice(self.env._("It is being sent. See Channels, Published Content."), then=RELOAD)

    def _push_again(self, kinds):
        """Have everything looked at again, also what was refused or put off."""
        for channel in self.sudo():  # sudo: as above
            channel.ask_again_at = False
            for kind in channel._get_pushed(kinds):
                self.env["oms.channel.mark"].sudo()._mark(kind, channels=channel, again=True)
                self.env[SENDS[kind].model].sudo().search(
                    [("channel_id", "=", channel.id), ("state", "=", "due")]
                ).next_attempt_at = False
                if kind in SLOW:
                    # Else a run that was a moment ago is waited for.
                    self.env["oms.channel.push"].sudo().search(
                        [("channel_id", "=", channel.id), ("kind", "=", kind)]
                    ).ran_at = False

    def _get_pushed(self, kinds=tuple(SENDS)):
        """What this channel is told, of these kinds."""
        return [kind for kind in kinds if self.id in self._pushing(kind)]

    @api.model
    def _cron_push_content(self):
        self._cron_push(SLOW)

    @api.model
    def _cron_push(self, kinds=SWIFT):
        """Tell every channel what has changed, and ask for what came of what it works off later."""
        cron = self.env["ir.cron"]
        ids = list(dict.fromkeys(one for kind in kinds for one in self._pushing(kind)))
        channels = self.search([("id", "in", ids), *self._may_ask_domain()])
        cron._commit_progress(remaining=len(channels))
        for channel in channels._in_turn(kinds):
            try:
                channel._push(kinds, commit=True)
            except CONCURRENCY_ERRORS as error:
                # What was sent is noted as being sent, and is told again.
                self.env.cr.rollback()
                _logger.info("Channel %s is being worked on elsewhere, the next run goes on: %s", channel.id, error)
            except Exception as error:
                self.env.cr.rollback()
                _logger.warning("%s of channel %s cannot be sent.", " and ".join(kinds), channel.id, exc_info=True)
                summary = (
                    self.env._("Content cannot be sent")
                    if kinds == SLOW
                    else self.env._("Stock and prices cannot be sent")
                )
                leave_task(channel, summary, str(error), channel._get_responsible())
            if not cron._commit_progress(1):
                break

    def _in_turn(self, kinds):
        """These channels, those that were told longest ago first: a job whose time is over begins anew, and a shop that takes
        all of it would be the first again."""
        progress = self.env["oms.channel.push"].sudo()  # sudo: for jobs only
        last = dict(
            progress._read_group(
                [("channel_id", "in", self.ids), ("kind", "in", kinds)], ["channel_id"], ["ran_at:max"]
            )
        )
        return self.sorted(lambda channel: (last.get(channel) or datetime.min, channel.id))

    def _push(self, kinds=SWIFT, commit=False, force=False):
        """Tell this channel what has changed. Safe to repeat, and to kill anywhere.

        :param kinds: of :data:`SENDS`.
        :param commit: commit each batch.
        :param force: now, however short ago it was told something.
        :return: {kind: how many rows were sent}
        """
        self.ensure_one()
        channel = self.sudo().with_company(self.company_id)  # sudo: a job tells what there is, whoever caused it
        return {kind: channel._push_kind(kind, commit, force) for kind in channel._get_pushed(kinds)}

    def _push_kind(self, kind, commit, force):
        sent = SENDS[kind]
        states, rows = self.env["oms.channel.push"], self.env[sent.model].with_company(self.company_id)
        state = states._of(self, kind)
        now = fields.Datetime.now()
        if not state:
            return 0
        if not force and state.ran_at and (wait := state.ran_at + timedelta(seconds=self.push_interval)) > now:
            self.env.ref(sent.job)._trigger(at=wait)
            return 0
        products, again = state._take_changes()
        if not state.swept_at or state.swept_at + timedelta(seconds=sent.sweep_s) <= now:
            products, state.swept_at = None, now
        if products is None or products:
            rows._collect(self, products, again)
        state.ran_at = now

        def done():
            """Keep what is done so far; nobody else may send for this channel meanwhile."""
            self.env.flush_all()
            if commit:
                self.env["ir.cron"]._commit_progress()
            if not state.try_lock_for_update():
                raise Taken

        done_count = 0
        try:
            done()
            done_count = self._send(kind, rows, done, PUSH_RUN_S if commit else PUSH_CLICK_S)
        except Taken:
            _logger.info("Somebody else sends to channel %s.", self.id)
            return done_count
        except ChannelError as error:
            # Noted where the channel is asked; what was being sent is told again.
            _logger.info("Channel %s is told the rest of its %s later: %s", self.id, kind, error)
        rows._tell_people(self)
        return done_count

    def _send(self, kind, rows, done, patience_s):
        """Send what is due, batch by batch, the most urgent first.

        :param patience_s: what is left then is sent by the job.
        :return: how many rows.
        """
        size = getattr(self._adapter().capabilities, rows._batch)
        now = fields.Datetime.now()
        is_open = [("channel_id", "=", self.id), ("state", "in", ("due", "sending", "waiting", "pending"))]
        if not rows.search_count(
            [*is_open, "|", ("next_attempt_at", "=", False), ("next_attempt_at", "<=", now)], limit=1
        ):
            return 0
        until, count, splits = time.monotonic() + patience_s, 0, rows._splits()
        with self._talking() as client:
            try:
                rows._ask_outcomes(self, client, size)
            except Retry as error:
                if not error.operation:
                    raise
                self.sudo()._note_throttled(
                    error
                )  # sudo: noted by whoever meets it; what waits may be told all the same
            done()
            while count < PUSH_ROWS_MAX and time.monotonic() < until:
                due = rows._due(self, min(size * rows._batches_at_once, PUSH_ROWS_MAX - count))
                if not due:
                    return count
                rows._tell(self, client, due, size, until, done, splits)
                count += len(due)
        self._wake_push(kind)
        return count


class Taken(Exception):
    """Another job sends for this channel now."""


class OmsChannelTold(models.AbstractModel):
    _inherit = "oms.channel.told"

    @api.model
    def _tell_people(self, channel):
        """One task for each channel about what it refuses, as long as there is any."""
        domain = [("channel_id", "=", channel.id), ("state", "=", "refused")]
        count = self.search_count(domain)
        if not count:
            channel._keep_task(self._name, "", [])
            return
        summary, begin, where = self._get_task_words(count)
        lines = [begin]
        lines += [row._name_it(row.error) for row in self.search(domain, order="id", limit=PUSH_NAMED_MAX)]
        if count > PUSH_NAMED_MAX:
            lines.append(self.env._("… and %(count)s more, see %(where)s.", count=count - PUSH_NAMED_MAX, where=where))
        channel._keep_task(self._name, summary, lines)

    @api.model
    def _get_task_words(self, count):
        """(summary, what to do, where all of them are) of a task about so many that were refused."""
        if self._tells == "push_content":
            return (
                self.env._("%s listings could not be told their content", count),
                self.env._("Put it right, then choose Send Content Now on the channel:"),
                self.env._("Channels, Published Content"),
            )
        what = self.env._("Put it right, then choose Push Stock Now on the channel:")
        if self._tells == "push_stock":
            where = self.env._("Channels, Published Stock")
            return self.env._("%s listings could not be told their stock", count), what, where
        where = self.env._("Channels, Published Prices")
        return self.env._("%s listings could not be told their price", count), what, where
