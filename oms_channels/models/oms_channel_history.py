"""Reading a channel's past: page by page, at its own pace, beside what comes in meanwhile."""

from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..const import HISTORY_PAGES_PER_RUN
from ..domain.adapter import Auth, ChannelError, Reject
from ..platforms import PLATFORMS

#: Kinds of message that bring an order of the past: those whose money is not booked, and those whose is.
PAST_KINDS = {False: "past_order", True: "past_order_booked"}


class OmsChannelHistory(models.Model):
    """One import of past orders: how far it is, and what it brought.

    It reads by the date of change, as polls do, and keeps what was ordered in its window. Its messages have the keys that a poll
    or a webhook of the same state has, so whichever comes first is the only one. Where it is cut off it goes on at the
    page that it was at.
    """

    _name = "oms.channel.history"
    _description = "Import of Past Orders"
    _order = "id desc"
    _rec_name = "channel_id"

    channel_id = fields.Many2one("oms.channel", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    since = fields.Datetime(string="Ordered From", required=True)
    until = fields.Datetime(string="Ordered Until", required=True, default=fields.Datetime.now)
    book = fields.Boolean(
        string="Book Their Money",
        help="Invoices and payments of fulfilled orders are posted, on the day of the order. Leave it off where they are in the "
        "books already, or were in those of another program.",
    )
    state = fields.Selection(
        [("draft", "Not started"), ("running", "Running"), ("paused", "Paused"), ("done", "Done")],
        required=True,
        readonly=True,
        default="draft",
    )
    position = fields.Datetime(string="Read Up To", readonly=True)
    cursor = fields.Char(readonly=True)
    read_until = fields.Datetime(readonly=True, help="Changes after this are seen by those who read what is new.")
    pages = fields.Integer(readonly=True)
    seen = fields.Integer(string="Orders Looked At", readonly=True)
    taken = fields.Integer(string="Orders Taken In", readonly=True)
    known = fields.Integer(string="Known Before", readonly=True)
    error = fields.Text(readonly=True)
    progress = fields.Float(compute="_compute_progress", string="Progress (%)")
    finished_at = fields.Datetime(readonly=True)

    @api.depends("state", "position", "since", "read_until")
    def _compute_progress(self):
        for history in self:
            if history.state == "done":
                history.progress = 100.0
            elif history.position and history.read_until and history.read_until > history.since:
                whole = (history.read_until - history.since).total_seconds()
                history.progress = min(100 * (history.position - history.since).total_seconds() / whole, 99)
            else:
                history.progress = 0.0

    @api.constrains("since", "until")
    def _check_window(self):
        for history in self:
            if history.since >= history.until:
                raise ValidationError(self.env._("The import must begin before it ends."))

    # ------------------------------------------------------------------------------------------------------ ACTIONS

    def action_start(self):
        """Begin, or go on where it stopped."""
        self.check_access("write")
        for history in self.filtered(lambda history: history.state in ("draft", "paused")):
            if not history.channel_id.can_poll:
                raise UserError(self.env._("“%s” cannot be asked for its past orders.", history.channel_id.name))
            history.write(
                {
                    "state": "running",
                    "error": False,
                    "position": history.position or history.since,
                    "read_until": history.read_until or fields.Datetime.now(),
                }
            )
        self._wake()

    def action_pause(self):
        self.check_access("write")
        self.filtered(lambda history: history.state == "running").state = "paused"

    @api.model
    def _wake(self):
        if cron := self.env.ref("oms_channels.cron_history", raise_if_not_found=False):
            cron.sudo()._trigger()  # sudo: who manages channels may wake the reader, and nothing else

    @api.ondelete(at_uninstall=False)
    def _unlink_except_running(self):
        if any(history.state == "running" for history in self):
            raise UserError(self.env._("Pause the import before you delete it."))

    # ------------------------------------------------------------------------------------------------------ READING

    @api.model
    def _cron_history(self):
        """Read on, some pages of each import and a commit for each page: whoever waits for live orders waits no longer."""
        cron = self.env["ir.cron"]
        running = self.search([("state", "=", "running")], order="id")
        cron._commit_progress(remaining=len(running))
        for history in running:
            for _page in range(HISTORY_PAGES_PER_RUN):
                history = history.try_lock_for_update(allow_referencing=True)
                history.invalidate_recordset(["state"])
                if history.state != "running" or not history._read_page():
                    break
                if not cron._commit_progress():
                    break
            if not cron._commit_progress(1):
                break
        if self.search_count([("state", "=", "running"), ("error", "=", False)], limit=1):
            self._wake()

    def _read_page(self):
        """Read one page; whether there is more to read now."""
        self.ensure_one()
        channel = self.channel_id
        try:
            with channel._talking() as client:
                page = client.orders_since(self.position.replace(tzinfo=timezone.utc), self.cursor or "")
        except (Auth, Reject) as error:
            self.write({"state": "paused", "error": str(error)})
            return False
        except ChannelError as error:
            self.error = str(error)  # the channel is asked again when it answers
            return False
        newest = self._store(page)
        values = {"pages": self.pages + 1, "error": False}
        if not page.cursor or newest > self.read_until:
            self.write({**values, "state": "done", "finished_at": fields.Datetime.now(), "cursor": False})
            return False
        position, cursor = channel._go_on(page, self.position, newest)
        self.write({**values, "position": position, "cursor": cursor})
        return True

    def _store(self, page):
        """Store the orders of a page that were placed in the window; when the newest of them changed."""
        adapter, messages = PLATFORMS[self.channel_id.platform], self.env["oms.message"]
        newest, seen, taken = self.position, 0, 0
        for body in page.orders:
            event = adapter.read_event({}, body)
            try:
                order = adapter.parse(event.kind, body)
            except Reject:
                continue  # what nobody can read was nothing to keep; a live order would be stored and shown
            newest = max(newest, order.updated_at.replace(tzinfo=None))
            ordered_at = order.ordered_at.replace(tzinfo=None)
            if self.since <= ordered_at <= self.until:
                seen += 1
                taken += bool(messages._receive(self.channel_id, PAST_KINDS[self.book], event.key, body))
        self.write({"seen": self.seen + seen, "taken": self.taken + taken, "known": self.known + seen - taken})
        return newest


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    history_ids = fields.One2many("oms.channel.history", "channel_id", groups="oms_core.group_oms_channel")

    def action_import_past(self):
        """Open the past imports of this channel, or the form of the first one."""
        self.ensure_one()
        self.check_access("write")
        action = self.env["ir.actions.act_window"]._for_xml_id("oms_channels.oms_channel_history_action")
        action["domain"] = [("channel_id", "=", self.id)]
        action["context"] = {
            "default_channel_id": self.id,
            "default_since": fields.Datetime.now() - timedelta(days=365),
        }
        if not self.history_ids:
            action["views"] = [(False, "form")]
        return action


class OmsMessage(models.Model):
    _inherit = "oms.message"

    def _get_appliers(self):
        orders = "sale.order"
        return {
            **super()._get_appliers(),
            "past_order": lambda channel, docs: channel.env[orders]._oms_apply_past_orders(channel, docs, False),
            "past_order_booked": lambda channel, docs: channel.env[orders]._oms_apply_past_orders(channel, docs, True),
        }
