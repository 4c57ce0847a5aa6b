from odoo.fields import Command, Datetime

from .common import OmsCommon


class TestSoldOut(OmsCommon):
    """INV-06: whoever sells is told once that nothing is left, and no more when it is back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_user("keeper", "oms_core.group_oms_channel")
        cls.channel.responsible_id = cls.manager
        cls.lamp = cls._create_product("LAMP")
        cls._stock(cls.lamp, cls.warehouse, 2)

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda cron, *_arguments, **_options: 60)

    def _watch(self):
        self.env.flush_all()
        self.env["oms.sold.out"]._cron_watch()

    def _tasks(self):
        return self.channel.activity_ids.filtered(lambda task: "Sold out" in task.summary)

    def _rows(self):
        return self.env["oms.sold.out"].search([("channel_id", "=", self.channel.id)])

    def test_a_sell_out_is_told_once_and_the_notice_goes_when_there_is_something_again(self):
        self._order(("LAMP", 1, "20.00", 20))
        self._watch()
        self.assertFalse(self._tasks())
        self._order(("LAMP", 1, "20.00", 20))
        for _order in range(2):
            self._order(("LAMP", 3, "60.00", 20))
            self._watch()
        task = self._tasks()
        self.assertEqual((len(task), task.user_id, len(self._rows())), (1, self.manager, 1))
        self.assertIn(self.lamp.name, task.note)
        self._stock(self.lamp, self.warehouse, 50)
        self._watch()
        self.assertFalse(self._tasks())
        self.assertTrue(self._rows().until)

    def test_who_has_seen_it_is_not_told_again_and_the_next_time_is_another(self):
        self._order(("LAMP", 2, "40.00", 20))
        self._watch()
        self._tasks().action_done()
        self._watch()
        self.assertFalse(self._tasks())
        self._stock(self.lamp, self.warehouse, 3)
        self._watch()
        self._order(("LAMP", 1, "20.00", 20))
        self._watch()
        self.assertEqual((len(self._tasks()), len(self._rows())), (1, 2))

    def test_several_products_are_one_notice_that_shrinks(self):
        vase = self._create_product("VASE")
        self._stock(vase, self.warehouse, 1)
        self._order(("LAMP", 2, "40.00", 20))
        self._watch()
        self._order(("VASE", 1, "20.00", 20))
        self._watch()
        task = self._tasks()
        self.assertEqual(len(task), 1)
        self.assertTrue(self.lamp.name in task.note and vase.name in task.note)
        self._stock(self.lamp, self.warehouse, 9)
        self._watch()
        self.assertTrue(self.lamp.name not in task.note and vase.name in task.note)

    def test_what_another_place_has_is_not_sold_out(self):
        second = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC", "company_id": self.company.id})
        self._stock(self.lamp, second, 5)
        self._order(("LAMP", 2, "40.00", 20))
        self._watch()
        self.assertFalse(self._rows())
        self.channel.warehouse_ids = [Command.set(self.warehouse.ids)]
        self._watch()
        self.assertEqual(self._rows().product_id, self.lamp)

    def test_what_never_sold_is_not_missed(self):
        self._create_product("NEVER")
        self._watch()
        self.assertFalse(self._rows())

    def test_a_channel_that_is_given_up_misses_nothing(self):
        self._order(("LAMP", 2, "40.00", 20))
        self._watch()
        self.channel.active = False
        self._watch()
        self.assertTrue(self._rows().until <= Datetime.now())
        self.assertFalse(self._tasks())

    def test_more_products_cost_no_more_queries(self):
        def queries(count):
            for number in range(count):
                self._stock(self._create_product(f"MANY-{count}-{number}"), self.warehouse, 1)
            lines = [(f"MANY-{count}-{number}", 1, "20.00", 20) for number in range(count)]
            self._order(*lines)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._watch()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        queries(1)
        few, many = queries(2), queries(12)
        self.assertLessEqual(many, few + 5)
        self.assertEqual(len(self._rows()), 15)
