"""A delivery method as a service that can be chosen: for which orders, when it collects and drives, how it transports."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.tools import ormcache

from odoo.addons.oms_core.const import DELIVERY_METHODS
from odoo.addons.oms_core.domain import rates

from ..const import CARRIERS_MAX, HOLIDAYS_DAYS_MAX
from ..domain.carbon import MODES
from ..domain.offers import Service

LEVELS = [("all", "All orders"), ("ship", "Standard orders"), ("express", "Express orders")]


class DeliveryCarrier(models.Model):
    _name = "delivery.carrier"
    _inherit = ["delivery.carrier", "oms.cache.source"]

    oms_level = fields.Selection(
        LEVELS, string="Used For", required=True, default="all", help="Which orders this method may be chosen for."
    )
    oms_collected_at = fields.Float(
        string="Collected At",
        help="The hour, by the clock of the place, at which the carrier collects parcels. Zero: whenever they are ready.",
    )
    oms_calendar_id = fields.Many2one(
        "resource.calendar",
        string="Drives",
        help="The days on which the carrier drives, and its holidays. Empty: Monday to Friday.",
    )
    oms_mode = fields.Selection(
        MODES, string="Transport", required=True, default="lorry", help="How parcels travel the long way."
    )
    oms_last_mile_km = fields.Float(
        string="Last Kilometres by Van", default=10.0, help="How much of the way is done by van, from the last hub on."
    )
    oms_quote_days = fields.Integer(
        string="Quotes Hold For (Days)", default=7, help="For so long a price that the carrier told is counted on."
    )
    oms_promise_percent = fields.Float(
        string="Promises Kept (%)",
        default=95.0,
        help="How many of a hundred parcels arrive by the day that is promised, as far as past deliveries tell.",
    )

    _oms_service_check = models.Constraint(
        "CHECK(oms_collected_at >= 0 AND oms_collected_at < 24 AND oms_last_mile_km >= 0 AND oms_quote_days BETWEEN 0 AND 365"
        " AND oms_promise_percent BETWEEN 50 AND 99.5)",
        "A carrier collects at an hour from 0:00 to 23:59, quotes hold for 0 to 365 days, kilometres are not below zero, and "
        "promises are kept in 50 to 99.5 % of cases.",
    )

    @api.model
    def _oms_split_service(self, service_id):
        """(delivery method, the carrier's code of the service) of the id of an offer."""
        number, _colon, code = (service_id or "").partition(":")
        return self.browse(int(number) if number else ()), code

    @api.model
    @ormcache("company.id", "today")
    def _oms_get_services(self, company, today):
        """What our delivery methods offer to a company, without quotes, as pure values; the same until something changes.

        Methods that are only Odoo's have a price for customers, and nobody knows what they cost.

        :param today: a date: cards begin and end.
        """
        # sudo: what a carrier takes and asks depends on nobody's rights
        carriers = (
            self.sudo()
            .with_context(active_test=True)
            .search(self._check_company_domain(company), order="sequence, id", limit=CARRIERS_MAX)
        )
        return tuple(carrier._oms_to_service(today) for carrier in carriers.filtered("oms_is_ours"))

    def _oms_to_service(self, today):
        self.ensure_one()
        self = self.sudo()  # sudo: as in _oms_get_services
        opening = self.oms_calendar_id._oms_to_domain() if self.oms_calendar_id else None
        cards = self.oms_rate_card_ids.sorted() if self.delivery_type == "oms_table" else self.env["oms.rate.card"]
        dated = [card._to_domain() for card in cards]
        return Service(
            id=str(self.id),
            carrier_id=self.id,
            name=self.name,
            methods=frozenset(self._oms_get_methods()),
            limits=self._oms_limits(),
            cards=tuple(card for card in dated if card.date_to is None or card.date_to >= today),
            days=self.oms_transit_days or None,
            working=_working_days(opening) if opening else frozenset(range(5)),
            closed=_closed_days(opening) if opening else frozenset(),
            collected=self.oms_collected_at or None,
            mode=self.oms_mode,
            last_mile_km=Decimal(str(self.oms_last_mile_km)),
        )

    def _oms_drives_on(self, day):
        """Override of ``oms_core``: by the carrier's own calendar, where it has one."""
        if not self.oms_calendar_id:
            return super()._oms_drives_on(day)
        opening = self.sudo().oms_calendar_id._oms_to_domain()  # sudo: when a carrier drives depends on nobody's rights
        return day.weekday() in _working_days(opening) and day not in _closed_days(opening)

    def _oms_get_methods(self):
        """The ways of delivery that this delivery method is for."""
        if self.oms_level != "all":
            return {self.oms_level}
        return {method for method, _label in DELIVERY_METHODS}

    def _oms_get_zone(self, country_code, zip_code):
        """The name of the zone that an address lies in, by the first rate card that has one; else its country."""
        for card in self._oms_to_service(fields.Date.context_today(self)).cards:
            if zone := rates.find_zone(card, country_code, zip_code):
                return zone.name
        return country_code


def _working_days(opening):
    return frozenset(day for day in range(7) if opening.hours.get(day)) or frozenset(range(7))


def _closed_days(opening):
    """The local dates that holidays touch: a carrier does not drive for an hour."""
    zone, days = ZoneInfo(opening.zone), set()
    for begin, end in opening.closed:
        day, last = begin.astimezone(zone).date(), (end - timedelta(seconds=1)).astimezone(zone).date()
        days |= {day + timedelta(days=number) for number in range(min((last - day).days + 1, HOLIDAYS_DAYS_MAX))}
    return frozenset(days)


class ResourceCalendar(models.Model):
    _name = "resource.calendar"
    _inherit = ["resource.calendar", "oms.cache.source"]


class ResourceCalendarLeaves(models.Model):
    _name = "resource.calendar.leaves"
    _inherit = ["resource.calendar.leaves", "oms.cache.source"]


class ResourceCalendarAttendance(models.Model):
    _name = "resource.calendar.attendance"
    _inherit = ["resource.calendar.attendance", "oms.cache.source"]


class RateCard(models.Model):
    _name = "oms.rate.card"
    _inherit = ["oms.rate.card", "oms.cache.source"]


class RateZone(models.Model):
    _name = "oms.rate.zone"
    _inherit = ["oms.rate.zone", "oms.cache.source"]


class RateStep(models.Model):
    _name = "oms.rate.step"
    _inherit = ["oms.rate.step", "oms.cache.source"]
