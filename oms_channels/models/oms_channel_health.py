"""How channels are: measured with as many queries for one as for a hundred, shown, and made a task where it is not well."""

import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.oms_core import sealing
from odoo.addons.oms_core.alone import on_its_own

from ..const import CHECK_AFTER_H
from ..domain.adapter import ChannelError
from ..domain.health import Facts, Limits, causes, level
from ..platforms import PLATFORMS

_logger = logging.getLogger(__name__)

SECRETS = ("api_key", "api_secret", "api_token", "webhook_secret")
GROUPS = "oms_core.group_oms_user,oms_core.group_oms_accountant"


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    health_lag_max_min = fields.Integer(
        string="Minutes Until an Order Is Here", default=15, help="Nineteen of twenty orders are here sooner."
    )
    health_waiting_max = fields.Integer(string="Messages That May Wait", default=200)
    health_failed_max_pct = fields.Float(string="Percent That May Fail", default=2.0, digits=(5, 1))
    health_silent_max_h = fields.Float(
        string="Hours Without an Answer", default=2.0, help="Also how long the oldest message may wait."
    )
    rate_available = fields.Float(readonly=True, copy=False, string="Questions Left")
    rate_limit = fields.Float(readonly=True, copy=False, string="Of Questions")
    check_warning = fields.Char(readonly=True, copy=False, string="The Shop Warns")
    keys_set_at = fields.Datetime(readonly=True, copy=False, string="Keys Entered")

    health = fields.Selection(
        [("ok", "Well"), ("warning", "To look at"), ("error", "Not working")], compute="_compute_health", groups=GROUPS
    )
    health_text = fields.Text(string="What Is Not Well", compute="_compute_health", groups=GROUPS)
    lag_median_min = fields.Float(string="Lag, Median (min)", compute="_compute_health", digits=(16, 1), groups=GROUPS)
    lag_p95_min = fields.Float(string="Lag, 95 % (min)", compute="_compute_health", digits=(16, 1), groups=GROUPS)
    waiting_in = fields.Integer(string="Waiting, In", compute="_compute_health", groups=GROUPS)
    waiting_out = fields.Integer(string="Waiting, Out", compute="_compute_health", groups=GROUPS)
    failed_count = fields.Integer(string="Need a Person", compute="_compute_health", groups=GROUPS)
    failed_pct = fields.Float(string="Failed of Last Day (%)", compute="_compute_health", digits=(5, 1), groups=GROUPS)
    last_in_at = fields.Datetime(string="Last Taken In", compute="_compute_health", groups=GROUPS)
    last_out_at = fields.Datetime(string="Last Told", compute="_compute_health", groups=GROUPS)
    last_audit_at = fields.Datetime(string="Last Comparison", compute="_compute_health", groups=GROUPS)
    rate_left_pct = fields.Float(string="Questions Left (%)", compute="_compute_health", digits=(5, 0), groups=GROUPS)
    keys_note = fields.Char(compute="_compute_keys_note", groups="oms_core.group_oms_channel")

    def _compute_keys_note(self):
        said = {
            "setting": self.env._("Keys are encrypted in the database; the server's OMS_SECRET_KEY opens them."),
            "file": self.env._(
                "Keys are encrypted in the database with a key that this server keeps in its data folder (%s). Keep a copy of "
                "that file, or set OMS_SECRET_KEY.",
                sealing.FILE_NAME,
            ),
            "none": self.env._(
                "Keys are NOT encrypted: this server has no OMS_SECRET_KEY, and cannot write to its data folder."
            ),
        }
        self.keys_note = said[sealing.source()]

    def write(self, vals):
        """Override: remember since when the keys are in use."""
        if any(vals.get(name) for name in SECRETS):
            vals = {**vals, "keys_set_at": fields.Datetime.now()}
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        now = fields.Datetime.now()
        return super().create(
            [{**vals, "keys_set_at": now} if any(vals.get(name) for name in SECRETS) else vals for vals in vals_list]
        )

    # ----------------------------------------------------------------------------------------------------- MEASURING

    @api.depends_context("uid")
    def _compute_health(self):
        channels_sudo = (
            self.sudo()
        )  # sudo: who may see a channel may know how it is, without seeing what is in its messages
        measured = channels_sudo._measure()
        for channel in self:
            facts, last_in, last_out = measured[channel.id]
            found = causes(facts, channel.sudo()._get_limits())
            channel.health = level(found)
            channel.health_text = "\n".join(self._say_cause(cause) for cause in found) or False
            channel.lag_median_min = facts.lag_median_min or 0.0
            channel.lag_p95_min = facts.lag_p95_min or 0.0
            channel.waiting_in = facts.waiting_in + facts.hints
            channel.waiting_out = facts.waiting_out
            channel.failed_count = facts.dead + facts.quarantine
            channel.failed_pct = facts.failed_pct
            channel.last_in_at, channel.last_out_at = last_in, last_out
            channel.last_audit_at = facts.audit_at
            channel.rate_left_pct = 100 * (facts.rate_available or 0) / facts.rate_limit if facts.rate_limit else 0.0

    def _get_limits(self):
        return Limits(
            self.health_lag_max_min, self.health_waiting_max, self.health_failed_max_pct, self.health_silent_max_h
        )

    def _measure(self):
        """{id: (Facts, when a message was taken in last, when one was told last)} of these channels, in five queries."""
        now = fields.Datetime.now()
        ids = tuple(self.ids) or (0,)
        self.env.flush_all()
        open_rows = self._query_open(ids)
        day_rows = self._query_day(ids, now - timedelta(days=1))
        lags = self._query_lags(ids, now - timedelta(days=1))
        audits = self._query_audits(ids)
        keys = self._query_keys(ids)
        measured = {}
        for channel in self:
            adapter = PLATFORMS.get(channel.platform)
            inbox, outbox = open_rows.get((channel.id, "in"), {}), open_rows.get((channel.id, "out"), {})
            day, audit = day_rows.get(channel.id, {}), audits.get(channel.id, {})
            median, p95 = lags.get(channel.id) or (None, None)
            can_ask = bool(adapter and adapter.capabilities.poll and channel.active and channel.api_url)
            oldest = [row["oldest"] for row in (inbox, outbox) if row.get("oldest")]
            facts = Facts(
                now=now,
                is_asked=can_ask,
                has_webhooks=bool(channel.subscribed_at),
                since=channel.create_date,
                polled_at=channel.polled_at or None,
                down_since=channel.down_since or None,
                connection_error=channel.connection_error or "",
                poll_error=channel.poll_error or "",
                lag_median_min=median,
                lag_p95_min=p95,
                waiting_in=inbox.get("waiting", 0),
                waiting_out=outbox.get("waiting", 0),
                hints=inbox.get("hints", 0),
                oldest_at=min(oldest, default=None),
                dead=inbox.get("dead", 0) + outbox.get("dead", 0),
                quarantine=inbox.get("quarantine", 0),
                finished_day=day.get("finished", 0),
                failed_day=day.get("failed", 0),
                webhooks_day=day.get("webhooks", 0),
                polled_day=day.get("polled", 0),
                audit_at=audit.get("at"),
                audit_found=audit.get("found", 0),
                audit_error=audit.get("error") or "",
                rate_available=channel.rate_available,
                rate_limit=channel.rate_limit or None,
                warning=channel.check_warning or "",
                keys_end_at=channel._get_keys_end(adapter),
                keys=keys.get(channel.id, "ok"),
            )
            measured[channel.id] = facts, day.get("last_in") or False, day.get("last_out") or False
        return measured

    def _get_keys_end(self, adapter):
        if not adapter or not adapter.keys_last_days or not self.keys_set_at:
            return None
        return self.keys_set_at + timedelta(days=adapter.keys_last_days)

    @api.model
    def _query_open(self, ids):
        """{(channel, direction): counts} of what is not worked off."""
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT channel_id, direction,
                          COUNT(*) FILTER (WHERE state IN ('pending', 'retry') AND kind <> 'hint') AS waiting,
                          COUNT(*) FILTER (WHERE state IN ('pending', 'retry') AND kind = 'hint') AS hints,
                          MIN(create_date) FILTER (WHERE state IN ('pending', 'retry')) AS oldest,
                          COUNT(*) FILTER (WHERE state = 'dead') AS dead,
                          COUNT(*) FILTER (WHERE state = 'quarantine') AS quarantine
                     FROM oms_message
                    WHERE state IN ('pending', 'retry', 'dead', 'quarantine') AND channel_id IN %s
                 GROUP BY channel_id, direction""",
                ids,
            )
        )
        return {(row["channel_id"], row["direction"]): row for row in rows}

    @api.model
    def _query_day(self, ids, since):
        """{channel: counts} of the last day. What came by webhook has headers; what was read has none."""
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT channel_id,
                          COUNT(*) FILTER (WHERE state IN ('done', 'ignored', 'dead')) AS finished,
                          COUNT(*) FILTER (WHERE state = 'dead') AS failed,
                          COUNT(*) FILTER (WHERE direction = 'in' AND COALESCE(headers::text, '{}') <> '{}') AS webhooks,
                          COUNT(*) FILTER (
                              WHERE direction = 'in' AND kind = 'order' AND COALESCE(headers::text, '{}') = '{}'
                          ) AS polled,
                          MAX(processed_at) FILTER (WHERE direction = 'in' AND state = 'done') AS last_in,
                          MAX(processed_at) FILTER (WHERE direction = 'out' AND state = 'done') AS last_out
                     FROM oms_message
                    WHERE channel_id IN %s AND create_date >= %s
                 GROUP BY channel_id""",
                ids,
                since,
            )
        )
        return {row["channel_id"]: row for row in rows}

    @api.model
    def _query_lags(self, ids, since):
        """{channel: (median, 95 %)} minutes from the customer's click to the order here, of the last day's orders. What was
        ordered before the channel was connected says nothing."""
        rows = self.env.execute_query(
            SQL(
                """SELECT channel_id,
                          percentile_cont(0.5) WITHIN GROUP (ORDER BY lag_min),
                          percentile_cont(0.95) WITHIN GROUP (ORDER BY lag_min)
                     FROM (%s) AS lags
                    WHERE channel_id IN %s AND arrived_at >= %s
                 GROUP BY channel_id""",
                self.env["oms.channel.lag"]._table_query,
                ids,
                since,
            )
        )
        return {channel_id: (median, p95) for channel_id, median, p95 in rows}

    @api.model
    def _query_audits(self, ids):
        rows = self.env.execute_query_dict(
            SQL(
                """SELECT DISTINCT ON (channel_id) channel_id, finished_at AS at, error,
                          COALESCE(missing, 0) + COALESCE(different, 0) + COALESCE(gone, 0) AS found
                     FROM oms_channel_audit
                    WHERE channel_id IN %s AND kind = 'orders'
                 ORDER BY channel_id, id DESC""",
                ids,
            )
        )
        return {row["channel_id"]: row for row in rows}

    @api.model
    def _query_keys(self, ids):
        """{channel: ``plain`` or ``unreadable``} where the stored keys are not as they should be."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id, %s FROM oms_channel WHERE id IN %s",
                SQL(", ").join(SQL.identifier(name) for name in SECRETS),
                ids,
            )
        )
        found = {}
        for channel_id, *values in rows:
            for value in filter(None, values):
                try:
                    sealing.open_sealed(value)
                except sealing.Unreadable:
                    found[channel_id] = "unreadable"
                    break
                if not value.startswith(sealing.PREFIX):
                    found[channel_id] = "plain"
        return found

    def _say_cause(self, cause):
        """A cause as a sentence, with what to do next."""
        values = {
            name: fields.Datetime.context_timestamp(self, value).strftime("%Y-%m-%d %H:%M")
            if hasattr(value, "hour")
            else value
            for name, value in cause.values.items()
        }
        said = {
            "poll": lambda: self.env._("Orders cannot be read. %(error)s", **values),
            "down": lambda: self.env._("The shop has not answered since %(since)s. %(error)s", **values),
            "silent": lambda: self.env._(
                "Nothing has been read since %(since)s. Look whether the scheduled action “OMS: read channels” runs.",
                **values,
            ),
            "unreadable": lambda: self.env._(
                "Stored keys cannot be decrypted. Set the OMS_SECRET_KEY again that they were saved with, or enter them anew."
            ),
            "plain": lambda: self.env._(
                "Keys stand in the database as they are. Have whoever runs the server set OMS_SECRET_KEY; the next night "
                "encrypts them."
            ),
            "keys_end": lambda: self.env._(
                "The keys end on %(on)s. Have the shop make new ones and enter them.", **values
            ),
            "dead": lambda: self.env._(
                "Messages that need a person: %(count)s. Open them, correct them, try again.", **values
            ),
            "quarantine": lambda: self.env._(
                "Deliveries with a wrong signature: %(count)s. Compare the webhook secret here and in the shop, then verify "
                "them again.",
                **values,
            ),
            "failed": lambda: self.env._(
                "%(percent)s %% of the last day's messages failed (%(limit)s %% may).", **values
            ),
            "backlog": lambda: self.env._("Messages that wait: %(count)s, the oldest since %(since)s.", **values),
            "lag": lambda: self.env._(
                "Orders take %(minutes)s minutes until they are here (%(limit)s may be). Set webhooks up, or look whether "
                "scheduled actions run.",
                **values,
            ),
            "webhooks": lambda: self.env._(
                "Webhooks do not arrive: the last %(count)s orders were found by reading. Set them up again; look whether the "
                "shop can reach this server.",
                **values,
            ),
            "comparison": lambda: self.env._("The last comparison failed. %(error)s", **values),
            "found": lambda: self.env._(
                "Orders that were missed and found by the last comparison: %(count)s. They are here now; look why.",
                **values,
            ),
            "rate": lambda: self.env._(
                "The shop lets us ask only %(left)s more times (of %(limit)s); everything takes longer.", **values
            ),
            "version": lambda: self.env._("The shop warns: %(error)s", **values),
        }
        return said[cause.code]()

    # -------------------------------------------------------------------------------------------------------- TASKS

    @api.model
    def _cron_health(self):
        """Ask each shop once a day whether our keys still do; make a task of each cause that is new, end what is over."""
        cron = self.env["ir.cron"]
        channels = self.search([("platform", "!=", "manual")])
        cron._commit_progress(remaining=len(channels))
        before = fields.Datetime.now() - timedelta(hours=CHECK_AFTER_H)
        for channel in channels:
            if channel.api_url and (not channel.checked_at or channel.checked_at < before):
                with on_its_own(channel, lambda error: None):
                    channel._check_quietly()
            if not cron._commit_progress(1):
                break
        channels._sync_tasks()
        cron._commit_progress()

    def _check_quietly(self):
        """What the shop warns of; whether it answers at all is known from what it is asked anyhow."""
        adapter = self._adapter()
        if not hasattr(adapter.client, "check") or not adapter.capabilities.poll:
            return
        try:
            with self._talking() as client:
                shop = client.check()
        except ChannelError:
            return
        missing = self.env._("The keys lack the permission “%s”.", ", ".join(shop.missing)) if shop.missing else ""
        self.write(
            {
                "checked_at": fields.Datetime.now(),
                "check_warning": " ".join(filter(None, (missing, shop.warning)))[:500] or False,
            }
        )

    def _sync_tasks(self):
        """One task for each cause on each channel, for whoever looks after it; what is over closes its task by itself."""
        activities = self.env["mail.activity"].search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids), ("oms_cause", "!=", False)]
        )
        open_tasks = {(activity.res_id, activity.oms_cause): activity for activity in activities}
        kind = self.env.ref("mail.mail_activity_data_todo")
        measured = self._measure()
        for channel in self:
            found = {cause.code: cause for cause in causes(measured[channel.id][0], channel._get_limits())}
            for code, cause in found.items():
                text = channel._say_cause(cause)
                if task := open_tasks.get((channel.id, code)):
                    if (task.summary or "") != text[:200]:
                        task.summary = text[:200]
                    continue
                channel.activity_schedule(
                    activity_type_id=kind.id,
                    summary=text[:200],
                    user_id=channel._get_responsible().id,
                    oms_cause=code,
                )
        for (channel_id, code), task in open_tasks.items():
            known = {cause.code for cause in causes(measured[channel_id][0], self.browse(channel_id)._get_limits())}
            if code not in known:
                task.action_feedback(feedback=self.env._("It is over."))

    def action_view_lag(self):
        """How long orders took, hour by hour."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_channel_lag_action")
        if len(self) == 1:
            action["domain"] = [("channel_id", "=", self.id)]
        return action


class MailActivity(models.Model):
    _inherit = "mail.activity"

    oms_cause = fields.Char(readonly=True, help="What on the channel is not well; the task ends with it.")


class OmsMessage(models.Model):
    _inherit = "oms.message"

    #: The last day of a channel is counted every time somebody looks how it is.
    _channel_day_idx = models.Index("(channel_id, create_date)")


class OmsChannelLag(models.Model):
    """Each order of a channel with the minutes that it took to get here."""

    _name = "oms.channel.lag"
    _description = "Lag of Channels"
    _auto = False
    _order = "arrived_at desc"
    _rec_name = "order_id"

    order_id = fields.Many2one("sale.order", readonly=True)
    channel_id = fields.Many2one("oms.channel", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    ordered_at = fields.Datetime(readonly=True)
    arrived_at = fields.Datetime(readonly=True)
    lag_min = fields.Float(string="Lag (min)", readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        return SQL(
            """SELECT o.id, o.id AS order_id, o.oms_channel_id AS channel_id, o.company_id,
                      o.oms_ordered_at AS ordered_at, o.create_date AS arrived_at,
                      GREATEST(EXTRACT(EPOCH FROM o.create_date - o.oms_ordered_at) / 60, 0) AS lag_min
                 FROM sale_order o JOIN oms_channel c ON c.id = o.oms_channel_id
                WHERE o.oms_ordered_at >= c.create_date"""
        )
