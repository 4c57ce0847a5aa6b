from odoo.addons.oms_core.tests.common import OmsCommon


class TestTogether(OmsCommon):
    """CUS-04: what else a customer may want, as others bought it."""

    def test_what_others_took_as_well_is_shown_on_the_order_with_its_reason(self):
        for _number in range(3):
            self._order(("STD", 1), ("AVG", 1))
            self._order(("FIFO", 1))
        order = self._order(("STD", 2))
        self.assertEqual(order.oms_together_ids, self.product_average)
        self.assertIn("Product AVG: in 3 of 4 orders with Product STD", order.oms_together_note)

    def test_what_is_not_sold_any_more_is_not_proposed(self):
        for _number in range(3):
            self._order(("STD", 1), ("AVG", 1))
            self._order(("FIFO", 1))
        self.product_average.sale_ok = False
        order = self._order(("STD", 1))
        self.assertFalse(order.oms_together_ids or order.oms_together_note)

    def test_the_hint_costs_the_same_for_one_order_and_for_many(self):
        orders = self.env["sale.order"].concat(*(self._order(("STD", 1), ("AVG", 1)) for _number in range(6)))
        counts = []
        for some in (orders[:1], orders):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.mapped("oms_together_note")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1)
