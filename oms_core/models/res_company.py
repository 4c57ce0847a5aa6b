"""What day it is for a company: entries are dated, and rules begin and end, by its own clock and not by Greenwich's."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.tools import SQL


class ResCompany(models.Model):
    _inherit = "res.company"

    def _oms_get_zone(self):
        """The name of the company's time zone; the same for whoever asks, people and jobs."""
        self.ensure_one()
        company_sudo = self.sudo()  # sudo: what day it is depends on nobody's rights
        return company_sudo.partner_id.tz or company_sudo.resource_calendar_id.tz or "UTC"

    @api.model
    def _oms_zone_sql(self, alias):
        """The same for the companies of a query, to be joined ``LATERAL``: a row with a column ``tz``."""
        return SQL(
            """(SELECT COALESCE(zone_of.tz, hours.tz, 'UTC') AS tz
                  FROM res_partner zone_of LEFT JOIN resource_calendar hours ON hours.id = %s
                 WHERE zone_of.id = %s)""",
            SQL.identifier(alias, "resource_calendar_id"),
            SQL.identifier(alias, "partner_id"),
        )

    def _oms_get_today(self, moment=None):
        """The date of the company at a moment (UTC, without time zone), now by default."""
        moment = moment or fields.Datetime.now()
        return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(self._oms_get_zone())).date()

    def _oms_get_end_of(self, day):
        """The last second of a day of the company; UTC, without time zone."""
        last = datetime.combine(day, time(23, 59, 59), ZoneInfo(self._oms_get_zone()))
        return last.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
