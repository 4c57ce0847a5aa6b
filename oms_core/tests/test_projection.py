from datetime import timedelta

from odoo import fields
from odoo.fields import Domain

from .common import OmsCommon


class TestProjection(OmsCommon):
    """INV-12: what there is when, on a screen that a planner opens from Availability."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chair = cls._create_product("CHAIR")
        cls._stock(cls.chair, cls.warehouse, 3)
        cls.planner = cls._create_user("planner", "oms_core.group_oms_user")

    def _expect(self, quantity, days, product=None):
        date = fields.Datetime.now() + timedelta(days=days)
        self._incoming(product or self.chair, quantity, date=date)._action_confirm(merge=False)

    def _open(self, model="oms.availability.place", product=None):
        self.env.flush_all()
        rows = self.env[model].with_user(self.planner).search([("product_id", "=", (product or self.chair).id)])
        action = rows.action_oms_view_projection()
        self.assertEqual(action["res_model"], "oms.projection")
        return self.env["oms.projection"].with_user(self.planner).search(Domain(action["domain"]))

    def _told(self, days):
        today = fields.Date.today()
        return [((day.day - today).days, day.expected, day.promised, day.available) for day in days]

    def test_each_day_on_which_something_comes_is_a_row(self):
        self._order(("CHAIR", 5, "100.00", 20))
        self._expect(4, 3)
        self._expect(1, 3)
        self._expect(10, 9)
        self._expect(7, -4)  # overdue: nobody counts on it
        self.assertEqual(self._told(self._open()), [(0, 0, 5, 0), (3, 5, 0, 3), (9, 10, 0, 13)])

    def test_it_says_what_the_channel_is_told(self):
        self._order(("CHAIR", 4, "80.00", 20))
        self._expect(6, 2)
        self.env["oms.stock.buffer"].create(
            {"kind": "safety", "quantity": 1, "product_id": self.chair.id, "company_id": self.company.id}
        )
        self.env.flush_all()
        steps = self.env["oms.availability"]._get_projection(self.channel, self.chair)
        rows = self._open("oms.availability.channel")
        self.assertEqual([float(free) for _at, free in steps], rows.mapped("available"))
        self.assertEqual(rows.mapped("available"), [0, 4])

    def test_many_rows_are_read_in_the_queries_of_one(self):
        products = self.env["product.product"]
        for number in range(20):
            products |= (product := self._create_product(f"PLAN-{number}"))
            self._stock(product, self.warehouse, 1)
            self._expect(2, 4, product)
        self.env.flush_all()

        def queries(some):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            lines = self.env["oms.projection"]._prepare_lines(some, self.warehouse)
            self.assertEqual(len(lines), 2 * len(some))
            return self.cr.sql_log_count - before

        queries(products)
        self.assertEqual(queries(products), queries(products[:1]))
