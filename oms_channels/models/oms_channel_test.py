"""Testing a channel's connection: asking who is there, and saying what that means."""

from urllib.parse import urlsplit

from markupsafe import Markup

from odoo import fields, models

from ..domain import connecting
from ..domain.adapter import ChannelError

SIGNS = {
    "ok": Markup('<span class="text-success me-2">✓</span>'),
    "warning": Markup('<span class="text-warning me-2">⚠</span>'),
    "error": Markup('<span class="text-danger me-2">✗</span>'),
}


class OmsChannel(models.Model):
    _inherit = "oms.channel"

    checked_at = fields.Datetime(string="Last Tested", readonly=True, copy=False)
    check_report = fields.Html(string="Last Test", readonly=True, copy=False, groups="oms_core.group_oms_channel")

    def action_test_connection(self):
        """Ask the shop now, and tell what was found; from there its address and keys can be corrected."""
        self.ensure_one()
        self.check_access("write")
        self._adapter()
        return self.env["oms.channel.connect"]._start_for(self)

    def _find_out(self, adapter, values):
        """Ask a shop who it is.

        :param values: {name of a credential: value}; of a channel that need not exist yet.
        :return: (findings, the ``Shop``; ``None`` where it did not answer)
        """
        client, shop, findings = None, None, ()
        try:
            client = self._make_client(adapter, values)
            if hasattr(client, "check"):
                shop = client.check()
                currencies = self.env["res.currency"].search([("active", "=", True)]).mapped("name")
                host = urlsplit(getattr(client, "root", "") or values["api_url"]).hostname or adapter.label
                findings = connecting.of_shop(shop, host, currencies, adapter)
        except ChannelError as error:
            findings = connecting.of_error(error, adapter)
        findings += connecting.of_clock(getattr(client, "clock_ahead_s", None))
        if shop or not findings:
            findings += connecting.of_address(self.get_base_url(), adapter.capabilities)
        return findings, shop

    def _make_client(self, adapter, values):
        """A client for a test. Platforms that need to know more of the channel than its credentials override it."""
        return adapter.connect(values)

    def _render_findings(self, findings):
        """What a test found, as a list with a sign before each line."""
        rows = Markup("").join(
            Markup('<li class="mb-1">%s%s%s</li>')
            % (
                SIGNS[finding.level],
                finding.text,
                Markup('<br/><span class="ms-4 text-muted">%s</span>') % finding.todo if finding.todo else "",
            )
            for finding in findings
        )
        return Markup('<ul class="list-unstyled">%s</ul>') % rows

    def _keep_findings(self, report):
        self.write({"checked_at": fields.Datetime.now(), "check_report": report})

    def _count_received(self):
        return self.env["oms.message"].search_count([("channel_id", "=", self.id), ("direction", "=", "in")])
