from datetime import datetime

from odoo.tools import SQL

from .common import OmsCommon

EVENING = datetime(2026, 3, 2, 20)  # in UTC; in Auckland it is the next day


class TestClock(OmsCommon):
    """What day and what hour it is for a company and its places: the same for whoever asks, people, jobs and queries."""

    def test_a_place_has_the_same_day_for_whoever_asks(self):
        (self.warehouse.partner_id | self.company.partner_id).tz = False
        self.company.resource_calendar_id.tz = "Pacific/Auckland"
        for zone in ("America/New_York", False):
            self.env.user.tz = zone
            self.assertEqual(self.warehouse._oms_get_today(EVENING).day, 3)
        self.warehouse.partner_id.tz = "Europe/Paris"
        self.assertEqual(self.warehouse._oms_get_today(EVENING).day, 2)

    def test_goods_of_a_place_without_hours_leave_in_the_hours_of_the_company_wherever_it_stands(self):
        self.warehouse.partner_id.tz = "Europe/Paris"
        self.company.resource_calendar_id.tz = "Pacific/Auckland"
        self.assertEqual(self.warehouse._oms_get_clock(), "Pacific/Auckland")
        self.assertEqual(self.warehouse._oms_get_tz().zone, "Europe/Paris")
        self.warehouse.oms_calendar_id = self.company.resource_calendar_id.copy({"tz": "Asia/Tokyo"})
        self.assertEqual(self.warehouse._oms_get_clock(), self.warehouse._oms_get_tz().zone)

    def test_a_query_reads_the_clock_of_a_company_that_people_read(self):
        for address, hours in (("Asia/Tokyo", "Europe/Paris"), (False, "Europe/Paris"), (False, None)):
            with self.subTest(address=address, hours=hours):
                self.company.partner_id.tz = address
                if hours:
                    self.company.resource_calendar_id.tz = hours
                else:
                    self.company.resource_calendar_id = False
                self.env.flush_all()
                query = SQL(
                    "SELECT zone.tz FROM res_company own CROSS JOIN LATERAL %s zone WHERE own.id = %s",
                    self.env["res.company"]._oms_zone_sql("own"),
                    self.company.id,
                )
                self.assertEqual(self.env.execute_query(query), [(self.company._oms_get_zone(),)])
                self.assertEqual(self.company._oms_get_zone(), address or hours or "UTC")
