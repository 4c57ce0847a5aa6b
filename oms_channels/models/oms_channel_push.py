"""Sending stock and prices: what changed is collected and sent within seconds, batch by batch, a commit after each."""

import logging
import time
from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from odoo.addons.oms_core.alone import leave_task
from odoo.addons.oms_core.exceptions import CONCURRENCY_ERRORS

from ..const import PUSH_CLICK_S, PUSH_INTERVAL_S, PUSH_NAMED_MAX, PUSH_ROWS_MAX, PUSH_RUN_S, PUSH_SWEEP_S
from ..domain.adapter import ChannelError
from ..platforms import PLATFORMS

_logger = logging.getLogger(__name__)

#: What is sent → the model of its rows, the setting of the channel, and what a platform must be capable of.
SENDS = {"stock": ("oms.channel.stock", "push_stock"), "prices": ("oms.channel.price", "push_prices")}
#: Settings after whose change everything is looked at again.
SETTINGS = {
    "stock": {"push_stock", "warehouse_ids", "platform", "active"},
    "prices": {"push_prices", "pricelist_id", "compare_pricelist_id", "price_taxes", "platform", "active"},
}


class OmsChannel(models.Model):
    """What a channel is told about stock and prices."""

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
        help="What the channel's listings cost. Empty: the sales prices of the products.",
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
    can_push_stock = fields.Boolean(compute="_compute_can_push")
    can_push_prices = fields.Boolean(compute="_compute_can_push")
    published_count = fields.Integer(compute="_compute_published", compute_sudo=True, string="Listings Published")
    unpublished_count = fields.Integer(compute="_compute_published", compute_sudo=True, string="Waiting to Be Sent")
    refused_count = fields.Integer(compute="_compute_published", compute_sudo=True, string="Refused by the Channel")

    @api.depends("platform")
    def _compute_can_push(self):
        for channel in self:
            adapter = PLATFORMS.get(channel.platform)
            channel.can_push_stock = bool(adapter and adapter.capabilities.stock)
            channel.can_push_prices = bool(adapter and adapter.capabilities.prices)

    def _compute_published(self):
        # As superuser (compute_sudo): who may see a channel may know how much there is.
        counts = {}
        for model, _setting in SENDS.values():
            rows = self.env[model]._read_group([("channel_id", "in", self.ids)], ["channel_id", "state"], ["__count"])
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

    def _get_price_currency(self):
        """The currency of the prices that this channel is told."""
        return self.pricelist_id.currency_id or self.company_id.currency_id

    # ------------------------------------------------------------------------------------------------- WHO IS TOLD

    @api.model
    @tools.ormcache("kind")
    def _pushing(self, kind):
        """Ids of the channels that are told about stock or prices."""
        capability = "stock" if kind == "stock" else "prices"
        platforms = [code for code, adapter in PLATFORMS.items() if getattr(adapter.capabilities, capability)]
        # sudo: whoever changes stock or prices causes a channel to be told
        return tuple(
            self.sudo()
            .with_context(active_test=True)
            .search([(SENDS[kind][1], "=", True), ("platform", "in", platforms)])
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
    def _wake_push(self):
        """Have the job run as soon as this transaction is committed; once is enough for a transaction."""
        data = self.env.cr.precommit.data
        if data.get("oms.channel.push"):
            return
        if cron := self.env.ref("oms_channels.cron_push", raise_if_not_found=False):
            data["oms.channel.push"] = True
            cron.sudo()._trigger()  # sudo: whoever changes stock may wake the job, and nothing else

    @api.model
    def _wake_poll(self):
        if cron := self.env.ref("oms_channels.cron_poll", raise_if_not_found=False):
            cron.sudo()._trigger()  # sudo: as above

    # ------------------------------------------------------------------------------------------------------ SENDING

    def action_push(self):
        """Send everything that differs now, also what was refused or put off."""
        self.check_access("write")
        for channel in self.sudo():  # sudo: who may write the channel may have it told; keys are used, not shown
            channel.ask_again_at = False
            for kind in channel._get_pushed():
                self.env["oms.channel.mark"].sudo()._mark(kind, channels=channel, again=True)
                self.env[SENDS[kind][0]].sudo().search(
                    [("channel_id", "=", channel.id), ("state", "=", "due")]
                ).next_attempt_at = False
            channel._push(force=True)
        errors = [error for error in self.sudo().mapped("connection_error") if error]  # sudo: as above
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if errors or any(self.mapped("refused_count")) else "success",
                "message": "\n".join(errors)
                or self.env._(
                    "Published: %(told)s. Waiting: %(due)s. Refused: %(refused)s.",
                    told=sum(self.mapped("published_count")),
                    due=sum(self.mapped("unpublished_count")),
                    refused=sum(self.mapped("refused_count")),
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _get_pushed(self):
        """What this channel is told."""
        return [kind for kind in SENDS if self.id in self._pushing(kind)]

    @api.model
    def _cron_push(self):
        """Tell every channel what has changed, and ask for what came of what it works off later."""
        cron = self.env["ir.cron"]
        ids = list(dict.fromkeys(one for kind in SENDS for one in self._pushing(kind)))
        channels = self.search([("id", "in", ids), *self._may_ask_domain()])
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            try:
                channel._push(commit=True)
            except CONCURRENCY_ERRORS as error:
                # What was sent is noted as being sent, and is told again.
                self.env.cr.rollback()
                _logger.info("Channel %s is being worked on elsewhere, the next run goes on: %s", channel.id, error)
            except Exception as error:
                self.env.cr.rollback()
                _logger.warning("Stock and prices of channel %s cannot be sent.", channel.id, exc_info=True)
                summary = self.env._("Stock and prices cannot be sent")
                leave_task(channel, summary, str(error), channel._get_responsible())
            if not cron._commit_progress(1):
                break

    def _push(self, commit=False, force=False):
        """Tell this channel what has changed of stock and prices. Safe to repeat, and to kill anywhere.

        :param commit: commit each batch.
        :param force: now, however short ago it was told something.
        :return: {kind: how many rows were sent}
        """
        self.ensure_one()
        channel = self.sudo().with_company(self.company_id)  # sudo: a job tells what there is, whoever caused it
        return {kind: channel._push_kind(kind, commit, force) for kind in channel._get_pushed()}

    def _push_kind(self, kind, commit, force):
        states, rows = self.env["oms.channel.push"], self.env[SENDS[kind][0]].with_company(self.company_id)
        state = states._of(self, kind)
        now = fields.Datetime.now()
        if not state:
            return 0
        if not force and state.ran_at and (wait := state.ran_at + timedelta(seconds=self.push_interval)) > now:
            self.env.ref("oms_channels.cron_push")._trigger(at=wait)
            return 0
        products, again = state._take_changes()
        if not state.swept_at or state.swept_at + timedelta(seconds=PUSH_SWEEP_S) <= now:
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
            done_count = self._send(rows, done, PUSH_RUN_S if commit else PUSH_CLICK_S)
        except Taken:
            _logger.info("Somebody else sends to channel %s.", self.id)
            return done_count
        except ChannelError:
            pass  # noted where the channel is asked; what was being sent is told again
        rows._tell_people(self)
        return done_count

    def _send(self, rows, done, patience_s):
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
            rows._ask_outcomes(self, client, size)
            done()
            while count < PUSH_ROWS_MAX and time.monotonic() < until:
                batch = rows._due(self, size)
                if not batch:
                    return count
                rows._tell(self, client, batch, done, splits)
                count += len(batch)
        self._wake_push()
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
        if self._tells == "push_stock":
            summary = self.env._("%s listings could not be told their stock", count)
        else:
            summary = self.env._("%s listings could not be told their price", count)
        lines = [self.env._("Put it right, then choose Push Stock Now on the channel:")]
        lines += [row._name_it(row.error) for row in self.search(domain, order="id", limit=PUSH_NAMED_MAX)]
        if count > PUSH_NAMED_MAX:
            lines.append(self.env._("… and %s more, see Channels, Published Stock.", count - PUSH_NAMED_MAX))
        channel._keep_task(self._name, summary, lines)
