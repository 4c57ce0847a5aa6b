"""What day it is for a company: entries are dated, and rules begin and end, by its own clock and not by Greenwich's."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_get_zone(self):
        """The name of the company's time zone; the same for whoever asks, people and jobs."""
        self.ensure_one()
        company_sudo = self.sudo()  # sudo: what day it is depends on nobody's rights
        return company_sudo.partner_id.tz or company_sudo.resource_calendar_id.tz or "UTC"

    def _oms_get_today(self, moment=None):
        """The date of the company at a moment (UTC, without time zone), now by default."""
        moment = moment or fields.Datetime.now()
        return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(self._oms_get_zone())).date()

    def _oms_get_end_of(self, day):
        """The last second of a day of the company; UTC, without time zone."""
        last = datetime.combine(day, time(23, 59, 59), ZoneInfo(self._oms_get_zone()))
        return last.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
