"""Looking for what was missed: every night each channel is compared with what is here, and what differs is put right."""

from datetime import timedelta, timezone

from odoo import api, fields, models

from ..const import AUDIT_DAYS, AUDIT_ORDERS_MAX, AUDIT_PAGES_MAX, AUDIT_WORDS_MAX
from ..domain.adapter import ChannelError
from ..platforms import PLATFORMS

#: Orders in these states of ours may still be wanted: one that the channel no longer has must not be shipped.
OPEN_STATES = ("draft", "sent", "sale")


class OmsChannelAudit(models.Model):
    """One comparison of a channel with what is here: what was looked at, what was found, what was done about it."""

    _name = "oms.channel.audit"
    _description = "Channel Comparison"
    _order = "id desc"
    _rec_name = "started_at"

    channel_id = fields.Many2one("oms.channel", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="channel_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [("orders", "Orders"), ("stock", "Stock"), ("prices", "Prices")], required=True, readonly=True
    )
    started_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    finished_at = fields.Datetime(readonly=True)
    since = fields.Datetime(readonly=True)
    compared = fields.Integer(readonly=True, help="How many were looked at.")
    missing = fields.Integer(readonly=True, help="The channel had them and we did not: they were fetched.")
    different = fields.Integer(
        readonly=True, help="They had changed at the channel and not here: they were brought up to date."
    )
    gone = fields.Integer(
        readonly=True, help="We had them and the channel no longer does: they were cancelled or reported."
    )
    result = fields.Text(readonly=True, help="What was found, one by one.")
    error = fields.Text(readonly=True)
    is_clean = fields.Boolean(compute="_compute_is_clean", search="_search_is_clean", string="Nothing Found")

    @api.depends("missing", "different", "gone", "error", "finished_at")
    def _compute_is_clean(self):
        for audit in self:
            found = audit.missing or audit.different or audit.gone or audit.error
            audit.is_clean = bool(audit.finished_at and not found)

    def _search_is_clean(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [
            ("finished_at", "!=", False),
            ("missing", "=", 0),
            ("different", "=", 0),
            ("gone", "=", 0),
            ("error", "=", False),
        ]

    @api.autovacuum
    def _gc_audits(self):
        """What was found stays for a year."""
        self.search([("started_at", "<", fields.Datetime.now() - timedelta(days=365))], limit=10_000).unlink()


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    audit_ids = fields.One2many(
        "oms.channel.audit", "channel_id", groups="oms_core.group_oms_channel,oms_core.group_oms_accountant"
    )

    def action_audit(self):
        """Compare the orders of the last days with the channel now."""
        self.check_access("write")
        audits = self.env["oms.channel.audit"]
        for channel in self:
            audits |= channel._audit_orders()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Comparison"),
            "res_model": "oms.channel.audit",
            "views": [(False, "form")] if len(audits) == 1 else [(False, "list"), (False, "form")],
            "res_id": audits.id if len(audits) == 1 else False,
            "domain": [("id", "in", audits.ids)],
        }

    @api.model
    def _cron_audit(self):
        """Compare every channel that can be read, once a night."""
        cron = self.env["ir.cron"]
        platforms = [code for code, adapter in PLATFORMS.items() if adapter.capabilities.poll]
        channels = self.search([("platform", "in", platforms), ("api_url", "!=", False), *self._may_ask_domain()])
        channels = channels.filtered("can_poll")
        cron._commit_progress(remaining=len(channels))
        for channel in channels:
            if channel := channel.try_lock_for_update(allow_referencing=True):
                channel._audit_orders()
            if not cron._commit_progress(1):
                break

    def _audit_orders(self, days=AUDIT_DAYS):
        """Read again what changed in the last days. What is not here is fetched; what the channel no longer has is asked for
        one by one, and called off when it is really gone.

        :return: the ``oms.channel.audit`` that tells what was found.
        """
        self.ensure_one()
        since = fields.Datetime.now() - timedelta(days=days)
        # sudo: what a job found is written by nobody else
        audit = self.env["oms.channel.audit"].sudo().create({"channel_id": self.id, "kind": "orders", "since": since})
        try:
            with self._talking() as client:
                audit._compare_orders(client, since)
        except ChannelError as error:
            audit.error = str(error)
        audit.finished_at = fields.Datetime.now()
        return audit.sudo(False)


class OmsChannelAuditOrders(models.Model):
    _inherit = "oms.channel.audit"

    def _compare_orders(self, client, since):
        """Fill this comparison."""
        self.ensure_one()
        channel, seen = self.channel_id, {}
        known = self._get_known(since)
        is_whole = self._read_window(client, since, seen)
        words = [(ref, "different" if ref in known else "missing") for ref, is_new in seen.items() if is_new]
        # What the list does not name is asked for by its number: lists leave out what was deleted, and only that.
        lost = [ref for ref, name in known.items() if name and ref not in seen] if is_whole else []
        gone, changed = channel._read_orders(client, {ref: f"audit-{self.id}" for ref in lost})
        words += [(ref, "gone") for ref in gone] + [(ref, "different") for ref in changed]
        said = {
            "missing": self.env._("was missing here, and was fetched"),
            "different": self.env._("had changed, and was brought up to date"),
            "gone": self.env._("does not exist at the channel any more"),
        }
        counts = {kind: sum(1 for _ref, found in words if found == kind) for kind in said}
        lines = [f"{known.get(ref) or ref}: {said[kind]}" for ref, kind in words[:AUDIT_WORDS_MAX]]
        self.write({**counts, "compared": len(seen) + len(lost), "result": "\n".join(lines) or False})

    def _read_window(self, client, since, seen):
        """Read what changed since then into ``seen``; whether that was all of it."""
        start, cursor = since, ""
        for _page in range(AUDIT_PAGES_MAX):
            page = client.orders_since(start.replace(tzinfo=timezone.utc), cursor)
            newest = self.channel_id._store_page(page, seen)
            if not page.cursor:
                return True
            if len(seen) >= AUDIT_ORDERS_MAX:
                return False
            start, cursor = self.channel_id._go_on(page, start, newest)
        return False

    def _get_known(self, since):
        """{the platform's id: our number} of what is here of this channel and changed since; the number is empty for what
        the channel may well have forgotten, because it is over."""
        # sudo: a job compares all orders of the channel, whoever works them
        orders = (
            self.env["sale.order"]
            .sudo()
            .search(
                [("oms_channel_id", "=", self.channel_id.id), ("oms_updated_at", ">=", since)],
                order="id desc",
                limit=AUDIT_ORDERS_MAX,
            )
        )
        return {
            order.oms_external_id: order.oms_number or order.name if order.state in OPEN_STATES else ""
            for order in orders
        }
