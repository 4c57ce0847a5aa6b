"""How a place works: how long it keeps goods, whether it may refuse orders, when it is open."""

from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..domain.pickup import CLOSED_DAYS_MAX, pickup_by, read_days


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    oms_pickup_days = fields.Integer(
        string="Keep for Pickup",
        default=7,
        help="On how many days that this place is open goods are kept for the customer, after the day they are ready.",
    )
    oms_reminder_days = fields.Char(
        string="Remind After", default="3, 5", help="Days after the goods are ready, separated by commas."
    )
    oms_no_show = fields.Selection(
        [("cancel", "Put back and cancel"), ("hold", "Put back and ask a clerk")],
        string="When Nobody Comes",
        required=True,
        default="cancel",
        help="What happens on the day after the last one to goods that were not picked up.",
    )
    oms_accept_minutes = fields.Integer(
        string="Accept Within",
        default=0,
        help="Minutes of opening time in which this place accepts or rejects a delivery. 0: it need not accept.",
    )

    _oms_minutes_positive = models.Constraint(
        "CHECK (COALESCE(oms_accept_minutes, 0) >= 0 AND COALESCE(oms_pickup_days, 0) >= 0)",
        "Days and minutes of a place cannot be negative.",
    )

    @api.constrains("oms_reminder_days")
    def _check_oms_reminder_days(self):
        for warehouse in self:
            try:
                read_days(warehouse.oms_reminder_days)
            except ValueError:
                raise ValidationError(
                    self.env._("Write the days of the reminders as numbers between 1 and 365, like “3, 5”.")
                ) from None

    # ----------------------------------------------------------------------------------------------------- BUSINESS

    def _oms_get_tz(self):
        """The time zone of the days of this place, the same for whoever asks: by it goods are kept and waves begin."""
        self.ensure_one()
        return pytz.timezone(self.oms_calendar_id.tz or self.partner_id.tz or self.company_id._oms_get_zone())

    def _oms_get_clock(self):
        """The name of the time zone of the hours in which goods leave here; of no place: that of the company.

        It is another one than ``_oms_get_tz`` where a place has no hours of its own: goods then leave in the hours of the
        company, wherever the place stands, and what is promised of a parcel is reckoned from when it leaves.
        """
        place_sudo = self.sudo()  # sudo: what hour it is there depends on nobody's rights
        company_sudo = place_sudo.company_id or place_sudo.env.company
        return (place_sudo.oms_calendar_id or company_sudo.resource_calendar_id)._oms_get_clock()

    def _oms_get_today(self, moment=None):
        """The date in this place's time zone at a moment (UTC, without time zone), now by default."""
        moment = moment or fields.Datetime.now()
        return pytz.utc.localize(moment).astimezone(self._oms_get_tz()).date()

    def _oms_get_pickup_by(self, ready_at):
        """The last day on which goods that are ready at ``ready_at`` are kept here."""
        self.ensure_one()
        ready_on = self._oms_get_today(ready_at)
        if not self.oms_calendar_id:
            return pickup_by(ready_on, self.oms_pickup_days, lambda day: True)
        days = self._oms_get_open_days(ready_on, ready_on + timedelta(days=3 * self.oms_pickup_days + CLOSED_DAYS_MAX))
        return pickup_by(ready_on, self.oms_pickup_days, days.__contains__)

    def _oms_get_open_days(self, start, stop):
        """The dates between two on which the calendar of this place has an hour that no holiday takes away."""
        timezone = self._oms_get_tz()
        intervals = self.oms_calendar_id._work_intervals_batch(
            timezone.localize(datetime.combine(start, time.min)), timezone.localize(datetime.combine(stop, time.max))
        )[False]
        return {begin.astimezone(timezone).date() for begin, _end, _rows in intervals}

    def _oms_get_accept_by(self, moment):
        """Until when a delivery that comes at ``moment`` (UTC, without time zone) is to be accepted here."""
        return self._oms_get_after(moment, self.oms_accept_minutes / 60)

    def _oms_get_after(self, moment, hours):
        """The moment (UTC, without time zone) that comes so many opening hours of this place after another."""
        self.ensure_one()
        if not self.oms_calendar_id:
            return moment + timedelta(hours=hours)
        planned = self.oms_calendar_id.plan_hours(hours, pytz.utc.localize(moment), compute_leaves=True)
        return planned.astimezone(pytz.utc).replace(tzinfo=None) if planned else moment + timedelta(hours=hours)
